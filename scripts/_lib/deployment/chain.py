"""One thing at a time on a chain: deploy at a deterministic address, call if still needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import rlp
from eth_abi.abi import encode
from eth_typing import HexStr
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3 import Web3
from web3.contract import Contract

from scripts._lib.artifacts import contract_at

# Deterministic deployment proxy (github.com/Arachnid/deterministic-deployment-proxy): same address on every chain.
CREATE2_FACTORY = to_checksum_address("0x4e59b44847b379578588920ca78fbf26c0b4956c")
CREATE2_FACTORY_SIGNER = to_checksum_address("0x3fab184622dc19b6109349b94811493bf2a45362")
CREATE2_FACTORY_COST = 10**16
CREATE2_FACTORY_TX = (
    "0xf8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b808252505050"
    "6014600cf31ba02222222222222222222222222222222222222222222222222222222222222222a0222222222222222222"
    "2222222222222222222222222222222222222222222222"
)
SALT = keccak(text="quantera.v1")


class DeploymentError(Exception):
    """One line: what could not be done, why, and what to do about it."""


@dataclass(frozen=True)
class Mined:
    """A transaction that did not revert: the block it is in, the gas it used, and its hash."""

    block: int
    gas: int
    tx_hash: str


class Sender(Protocol):
    """An account that signs: an Ape account, or an unlocked account of a local node."""

    address: str

    def send(self, to: str, data: bytes, value: int = 0) -> Mined:
        """Sends and waits; raises if it reverted."""
        ...


@dataclass(frozen=True)
class Artifact:
    """A compiled contract."""

    abi: list[dict[str, Any]]
    bytecode: bytes


@dataclass(frozen=True)
class Deployed:
    """A contract that is there now; `fresh` if this run put it there."""

    contract: Contract
    args: list[Any]
    block: int
    fresh: bool


class Chain:
    """Reads through web3, writes through the sender, counts what it did."""

    def __init__(self, w3: Web3, sender: Sender, log: Callable[[str], None], expected: int | None = None) -> None:
        """`expected` transactions are told as progress: "12/180 deploy PriceOracle"."""
        self.w3 = w3
        self.sender = sender
        self.log = log
        self.sent = 0
        self.gas = 0
        self.value = 0
        self._expected = expected

    def ensure_create2_factory(self) -> None:
        """Deploys the CREATE2 factory with its own pre-signed transaction where a chain lacks it."""
        if self.has_code(CREATE2_FACTORY):
            return
        missing = CREATE2_FACTORY_COST - self.w3.eth.get_balance(CREATE2_FACTORY_SIGNER)
        if missing > 0:
            self._send("fund the CREATE2 factory's signer", CREATE2_FACTORY_SIGNER, b"", missing)
        self.w3.eth.wait_for_transaction_receipt(self.w3.eth.send_raw_transaction(HexStr(CREATE2_FACTORY_TX)))

    def deploy(self, name: str, artifact: Artifact, args: list[Any], salt: bytes = SALT) -> Deployed:
        """Puts a contract at the address that its code, arguments and salt decide; does nothing if it is there."""
        types = [abi_type(item) for item in _constructor_inputs(artifact.abi)]
        init_code = artifact.bytecode + encode(types, args)
        address = create2_address(salt, init_code)
        contract = contract_at(self.w3, address, artifact.abi)
        if self.has_code(address):
            return Deployed(contract, args, self._block_of(address), False)
        mined = self._send(f"deploy {name}", CREATE2_FACTORY, salt + init_code)
        if not self.has_code(address):
            raise DeploymentError(f"{name}: no code at {address} after its deployment; look at the transaction")
        return Deployed(contract, args, mined.block, True)

    def has_code(self, address: str, block: int | None = None) -> bool:
        """Returns True if there is a contract at an address, now or at a height."""
        return bool(self.w3.eth.get_code(to_checksum_address(address), block))

    def call(self, what: str, contract: Contract, function: str, *args: Any) -> None:
        """Sends one call to a contract."""
        self._send(what, contract.address, bytes.fromhex(contract.encode_abi(function, args)[2:]))

    def _send(self, what: str, to: str, data: bytes, value: int = 0) -> Mined:
        self.log(f"{self.sent + 1}/{self._expected} {what}" if self._expected else what)
        mined = self.sender.send(to, data, value)
        self.sent += 1
        self.gas += mined.gas
        self.value += value
        return mined

    def _block_of(self, address: str) -> int:
        """First block with code at an address, by bisection.

        Where the node keeps no history it is the first that may be it: nobody who reads from there misses an event.
        """
        low, high = 0, int(self.w3.eth.block_number)
        try:
            while low < high:
                middle = (low + high) // 2
                if self.has_code(address, middle):
                    high = middle
                else:
                    low = middle + 1
        except Exception:  # a pruned node answers with an error of its own kind
            return low
        return high


def create2_address(salt: bytes, init_code: bytes) -> str:
    """EIP-1014, for contracts made by CREATE2_FACTORY."""
    raw = keccak(b"\xff" + bytes.fromhex(CREATE2_FACTORY[2:]) + salt + keccak(init_code))
    return to_checksum_address(raw[12:])


def create_address(creator: str, nonce: int) -> str:
    """Returns the address of a contract that `creator` makes with CREATE; its first nonce is 1 (EIP-161)."""
    raw = keccak(rlp.encode([bytes.fromhex(creator[2:]), nonce]))
    return to_checksum_address(raw[12:])


def _constructor_inputs(abi: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return next((item.get("inputs", []) for item in abi if item.get("type") == "constructor"), [])


def abi_type(item: dict[str, Any]) -> str:
    """An argument's type as signatures have it, structs as tuples such as "(address,uint256)[]"."""
    if not item["type"].startswith("tuple"):
        return str(item["type"])
    return f"({','.join(abi_type(part) for part in item['components'])}){item['type'][5:]}"


def salt_of(kind: str, key: str) -> bytes:
    """The salt under which something that a config names is deployed, so that a second run finds it."""
    return keccak(text=f"quantera.{kind}.{key}")
