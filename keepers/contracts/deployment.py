"""Reads records of deployments: deployments/<network>.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak

from keepers.routing.errors import RoutingError
from keepers.routing.markets import VENUES, Market, VenueKind
from keepers.rpc.answers import Question
from keepers.rpc.errors import ChainError
from keepers.rpc.node import Node, must

_WRITE_AGAIN = "write it again with the deploy script"


class DeploymentError(ChainError):
    """A deployment file that cannot be used, or does not fit the chain."""


@dataclass(frozen=True)
class Contract:
    """A deployed contract.

    Attributes:
        address: Checksummed.
        code_hash: keccak256 of its runtime code, 0x-prefixed.
        block: Block of its deployment.
        implementation: Behind a proxy, as deployed; None for what is no proxy.
    """

    address: str
    code_hash: str
    block: int
    implementation: str | None = None


@dataclass(frozen=True)
class PoolRecord:
    """A listed market.

    Attributes:
        address: Address that names it in orders, checksummed: the pool's own for Uniswap V2 and V3 and their forks.
        kind: One of VENUES.
        fee: Hundredths of a basis point (3000 = 0.3%).
        market: Market; None for pools of Uniswap V2 and V3 and their forks, which describe themselves.
    """

    address: str
    kind: str
    fee: int
    market: Market | None = None

    @property
    def venue(self) -> VenueKind:
        """Kind that the aggregator lists it by."""
        return VENUES[self.kind]


@dataclass(frozen=True)
class PortfolioRecord:
    """A portfolio.

    Attributes:
        address: Checksummed.
        universe: Id of its covariance universe, 32 bytes.
    """

    address: str
    universe: bytes


@dataclass(frozen=True)
class Deployment:
    """The protocol on one network.

    Attributes:
        path: File it was read from.
        network: Name.
        chain_id: EIP-155.
        block: Block in which the deployment ended.
        contracts: Contracts by name.
        tokens: Addresses by symbol: the assets that were there and the tokens that were issued.
        feeds: Price feeds by symbol of the token.
        pools: Listed pools.
        portfolios: Portfolios by name.
    """

    path: Path
    network: str
    chain_id: int
    block: int
    contracts: Mapping[str, Contract]
    tokens: Mapping[str, str]
    feeds: Mapping[str, str]
    pools: tuple[PoolRecord, ...]
    portfolios: Mapping[str, PortfolioRecord]

    def address(self, name: str) -> str:
        """Address of a contract.

        Raises:
            DeploymentError: If there is none of that name.
        """
        contract = self.contracts.get(name)
        if contract is None:
            raise DeploymentError(f"contract {name}", f"not in {self.path}", "deploy it")
        return contract.address

    def portfolio(self, name: str) -> PortfolioRecord:
        """A portfolio by name.

        Raises:
            DeploymentError: If there is none of that name.
        """
        record = self.portfolios.get(name)
        if record is None:
            known = ", ".join(self.portfolios) or "none"
            raise DeploymentError(f"portfolio {name}", f"not in {self.path}", f"choose from: {known}")
        return record

    def symbol_of(self, token: str) -> str:
        """Symbol of a token by address.

        Raises:
            DeploymentError: If the token is not listed.
        """
        for symbol, address in self.tokens.items():
            if address == to_checksum_address(token):
                return symbol
        raise DeploymentError(f"token {token}", f"not in {self.path}", "add it to tokens")

    def verify(self, node: Node) -> None:
        """Makes sure that the contracts are there and are the deployed ones.

        Raises:
            DeploymentError: If a contract has no code or other code.
        """
        if node.chain_id != self.chain_id:
            raise DeploymentError(
                self.path,
                f"is for chain {self.chain_id}, not {node.chain_id}",
                "give the file of this network",
            )
        codes = [
            Question("eth_getCode", (item.address, "latest"), partial(self._verified, name))
            for name, item in self.contracts.items()
        ]
        for found in node.batch(codes):
            must(found)

    def _verified(self, name: str, code: str) -> DeploymentError | None:
        """Returns the fault of a contract's code, if it has one; another endpoint may know better."""
        contract = self.contracts[name]
        what, raw = f"{name} at {contract.address}", bytes.fromhex(code.removeprefix("0x"))
        if not raw:
            return DeploymentError(what, "has no code on this chain", f"deploy, or replace {self.path}")
        if "0x" + keccak(raw).hex() != contract.code_hash:
            return DeploymentError(what, "is not the deployed code", f"replace {self.path}")
        return None


def load(path: str | Path) -> Deployment:
    """Reads a deployment file.

    Raises:
        DeploymentError: If the file is missing, no JSON, lacks a key, or an address is none.
    """
    file = Path(path)
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DeploymentError(file, error.strerror or "unreadable", "deploy first, or correct the path") from error
    except ValueError as error:
        raise DeploymentError(file, f"no JSON ({error})", _WRITE_AGAIN) from error
    try:
        return _parse(file, raw)
    except (KeyError, TypeError, AttributeError) as error:
        raise DeploymentError(file, f"lacks or misspells {error}", _WRITE_AGAIN) from error


def _parse(file: Path, raw: dict[str, Any]) -> Deployment:
    return Deployment(
        path=file,
        network=str(raw["network"]),
        chain_id=int(raw["chain_id"]),
        block=int(raw["block"]),
        contracts={name: _contract(file, entry) for name, entry in raw["contracts"].items()},
        tokens={symbol: _address(file, item) for symbol, item in {**raw.get("assets", {}), **raw["tokens"]}.items()},
        feeds={symbol: _address(file, item) for symbol, item in raw["feeds"].items()},
        pools=tuple(_pool(file, entry) for entry in raw["pools"]),
        portfolios={name: _portfolio(file, entry) for name, entry in raw["portfolios"].items()},
    )


def _contract(file: Path, entry: dict[str, Any]) -> Contract:
    behind = entry.get("implementation")
    return Contract(
        address=_address(file, entry["address"]),
        code_hash=str(entry["code_hash"]).lower(),
        block=int(entry["block"]),
        implementation=None if behind is None else _address(file, behind),
    )


def _pool(file: Path, entry: dict[str, Any]) -> PoolRecord:
    kind, address, fee = str(entry["kind"]), _address(file, entry["address"]), int(entry["fee"])
    if kind not in VENUES:
        raise DeploymentError(f"pool kind {kind} in {file}", "unknown", f"use one of {', '.join(VENUES)}")
    if VENUES[kind] <= VenueKind.UNISWAP_V3:
        return PoolRecord(address, kind, fee)
    target, token0, token1 = (_address(file, entry[key]) for key in ("target", "token0", "token1"))
    id_ = _bytes32(file, "id", entry["id"])
    try:
        market = Market(VENUES[kind], target, token0, token1, fee, int(entry["param"]), id_)
    except RoutingError as error:
        raise DeploymentError(f"market {address} in {file}", str(error), _WRITE_AGAIN) from None
    if market.key != address:
        reason = f"is named {market.key} by what stands there"
        raise DeploymentError(f"market {address} in {file}", reason, _WRITE_AGAIN)
    return PoolRecord(address, kind, fee, market)


def _portfolio(file: Path, entry: dict[str, Any]) -> PortfolioRecord:
    universe = _bytes32(file, "universe", entry["universe"])
    return PortfolioRecord(_address(file, entry["address"]), universe)


def _bytes32(file: Path, what: str, value: object) -> bytes:
    try:
        raw = bytes.fromhex(str(value).removeprefix("0x"))
    except ValueError:
        raw = b""
    if len(raw) != 32:
        raise DeploymentError(f"{what} {value} in {file}", "not 32 bytes", "write 0x and 64 hex digits")
    return raw


def _address(file: Path, value: object) -> str:
    if not isinstance(value, str) or not is_address(value):
        raise DeploymentError(f"{value} in {file}", "no address", "write 0x and 40 hex digits")
    return str(to_checksum_address(value))
