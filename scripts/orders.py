"""What `ape run quote` and `ape run swap` share: the deployment's aggregator and lens, tokens, and the best market."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click
from web3 import Web3
from web3.contract import Contract

from scripts.artifacts import artifact
from scripts.venues.uniswap import token_at

KINDS = (
    "none",
    "Uniswap V2",
    "Uniswap V3",
    "Uniswap V4",
    "Balancer V2",
    "Curve (int128)",
    "Curve (uint256)",
    "ERC-4626",
    "adapter",
)
_BPS = 10_000


@dataclass(frozen=True)
class Quoted:
    """What one market pays.

    Attributes:
        market: Its key.
        kind: Of KINDS.
        zero_for_one: Direction.
        amount_out: Smallest units; zero where it refused.
        failure: Why it did.
    """

    market: str
    kind: str
    zero_for_one: bool
    amount_out: int
    failure: bytes


@dataclass(frozen=True)
class Desk:
    """A pair of tokens at a deployment.

    Attributes:
        w3: The chain.
        aggregator, lens, token_in, token_out: Contracts.
        decimals: Of both tokens.
    """

    w3: Web3
    aggregator: Contract
    lens: Contract
    token_in: Contract
    token_out: Contract
    decimals: tuple[int, int]

    @classmethod
    def open(cls, w3: Web3, record: Path, token_in: str, token_out: str) -> Desk:
        """From a deployment's record.

        Raises:
            click.ClickException: In one line, if something is not there.
        """
        try:
            data = json.loads(record.read_text(encoding="utf-8"))
            address, lens = (data["contracts"][name]["address"] for name in ("LiquidityAggregator", "LiquidityLens"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise click.ClickException(
                f"{record}: no record of a deployment with an aggregator and its lens ({type(error).__name__}); "
                "name the file that `ape run deploy` wrote"
            ) from None
        for what, where in (("aggregator", address), ("lens", lens), ("token", token_in), ("token", token_out)):
            if not Web3.is_address(where) or not w3.eth.get_code(Web3.to_checksum_address(where)):
                raise click.ClickException(f"{what} {where}: no contract there on this network; check the address")
        tokens = [token_at(w3, token) for token in (token_in, token_out)]
        places = [_decimals(w3, token.address) for token in tokens]
        seen = [
            w3.eth.contract(address=Web3.to_checksum_address(where), abi=artifact(name).abi)
            for name, where in (("LiquidityAggregator", address), ("LiquidityLens", lens))
        ]
        return cls(w3, *seen, *tokens, (places[0], places[1]))

    def units(self, amount: str) -> int:
        """Whole tokens of the input as typed, in smallest units.

        Raises:
            click.ClickException: If it is no amount above zero with so many decimals.
        """
        try:
            scaled = Decimal(amount).scaleb(self.decimals[0])
        except InvalidOperation:
            raise click.ClickException(f"amount {amount!r}: no number; type whole tokens, as in 12.5") from None
        if not scaled.is_finite() or scaled <= 0 or scaled != int(scaled):
            raise click.ClickException(f"amount {amount}: not above zero, or finer than {self.decimals[0]} decimals")
        return int(scaled)

    def quotes(self, amount_in: int) -> list[Quoted]:
        """Of every listed market of the pair, the best first.

        Raises:
            click.ClickException: If there is none.
        """
        ends = self.token_in.address, self.token_out.address
        answers = self.lens.functions.quotePair(*ends, [amount_in], 0).call()
        found = [Quoted(a[0], KINDS[a[1]], a[3], a[4][0], a[7]) for a in answers]
        if not found:
            raise click.ClickException(f"no listed market trades {ends[0]} for {ends[1]}; list one first")
        return sorted(found, key=lambda quoted: -quoted.amount_out)

    def order(self, quoted: Quoted, amount_in: int, slippage_bps: int, trader: str) -> tuple[Any, ...]:
        """Everything through one market, good for ten minutes of chain time."""
        minimum = quoted.amount_out * (_BPS - slippage_bps) // _BPS
        deadline = self.w3.eth.get_block("latest")["timestamp"] + 600
        path = (amount_in, [(quoted.market, quoted.zero_for_one)])
        ends = self.token_in.address, self.token_out.address
        return (*ends, amount_in, minimum, trader, deadline, [path])

    def shown(self, amount_out: int) -> str:
        """Whole tokens of the output."""
        return f"{Decimal(amount_out).scaleb(-self.decimals[1]).normalize():f}"


def _decimals(w3: Web3, token: str) -> int:
    abi = artifact("SettlementToken").abi
    return int(w3.eth.contract(address=Web3.to_checksum_address(token), abi=abi).functions.decimals().call())
