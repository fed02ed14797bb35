"""Errors of a node and reverts of a chain, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address

from keepers.abi import Fragment, errors
from keepers.errors import KeeperError


class ChainError(KeeperError):
    """Base of what a node or a chain refuses."""


class NodeUnreachable(ChainError):
    """The node did not answer, or not in JSON-RPC."""


class NodeRefused(ChainError):
    """The node answered a request with an error that is no revert."""


class Unsupported(NodeRefused):
    """The node refused what not every node offers."""


class OutOfGas(NodeRefused):
    """A call used up all the gas that it was given."""


class WrongNetwork(ChainError):
    """The node is on another chain than the configuration says."""


class NoCommonBlock(ChainError):
    """The chain and the store remember no block in common."""


@dataclass(frozen=True)
class Revert:
    """The reason of a revert.

    Attributes:
        name: Name of the custom error; "Error" for a text, "Panic" for a failed assertion, "" without data.
        args: Arguments, decoded by the ABI.
        text: "Name(arg=value, ...)".
    """

    name: str
    args: tuple[Any, ...]
    text: str


class Reverted(ChainError):
    """A call or transaction reverted.

    Attributes:
        revert: Why.
    """

    def __init__(self, value: object, data: bytes, message: str = "") -> None:
        self.revert = decode_revert(data, message)
        super().__init__(value, f"reverted with {self.revert.text}", "see the contract's error")


_PANICS = {
    0x01: "assertion failed",
    0x11: "arithmetic overflow",
    0x12: "division by zero",
    0x21: "no such enum value",
    0x31: "pop of an empty array",
    0x32: "index out of bounds",
    0x41: "out of memory",
}

_ENUMS = {
    "enum IRiskEngine.State": ("Normal", "Warning", "DeRiskOnly", "Halted"),
    "enum IRiskEngine.Metric": (
        "Var99",
        "Weight",
        "Drawdown",
        "Var95",
        "Es975",
        "Volatility",
        "Component",
        "Herfindahl",
        "Leverage",
        "RealisedVolatility",
        "Beta",
        "Liquidity",
        "Grade",
        "Sharpe",
    ),
    "enum ILiquidityAggregator.VenueKind": (
        "None",
        "UniswapV2",
        "UniswapV3",
        "UniswapV4",
        "BalancerV2",
        "CurveInt128",
        "CurveUint256",
        "ERC4626",
        "Adapter",
        "CurveInt128NG",
        "CurveUint256NG",
    ),
    "enum IAutomatedComplianceEngine.Reason": (
        "None",
        "RulesNotSet",
        "AccountFrozen",
        "NotRegistered",
        "KycExpired",
        "CountryNotAllowed",
        "ClassNotAllowed",
        "VenueOnlyOppositeEligible",
        "AmlExpired",
        "Sanctioned",
        "NotVerified",
        "AccreditationExpired",
        "ClaimMissing",
        "DocumentMissing",
        "OutboundBlocked",
        "InboundBlocked",
        "ResidentsOnly",
        "LockedUp",
        "VolumeExceeded",
        "BelowMinimumHolding",
        "AboveMaximumHolding",
        "TooManyHolders",
        "TooManyHoldersInCountry",
        "TokenPaused",
        "WalletFrozen",
        "InsufficientBalance",
        "AmountFrozen",
        "VenueNotAdmitted",
        "SupplyCapExceeded",
        "IssuanceExceeded",
        "CountryPairClosed",
        "BlackoutPeriod",
    ),
}
"""The names of enum members, which an ABI does not carry."""


def decode_revert(data: bytes, message: str = "") -> Revert:
    """Decodes revert data into a name and arguments.

    Args:
        data: Data that the call returned, selector first; may be empty.
        message: Message of the node, for reverts without data.
    """
    if len(data) < 4:
        return Revert("", (), message or "no reason")
    if data[:4] == bytes.fromhex("08c379a0"):
        return _text(data)
    if data[:4] == bytes.fromhex("4e487b71"):
        code = int.from_bytes(data[4:36], "big")
        return Revert("Panic", (code,), f"Panic(0x{code:02x}: {_PANICS.get(code, 'see Solidity docs')})")
    fragment = errors().get(data[:4])
    if fragment is None:
        return Revert("", (), f"unknown error 0x{data.hex()}")
    return _custom(fragment, data)


def _text(data: bytes) -> Revert:
    """Error(string), which Uniswap's and other older contracts revert with."""
    try:
        (text,) = decode(("string",), data[4:])
    except DecodingError:
        return Revert("", (), f"unknown error 0x{data.hex()}")
    return Revert("Error", (text,), f'Error("{text}")')


def _custom(fragment: Fragment, data: bytes) -> Revert:
    try:
        args = fragment.decode_input(data)
    except DecodingError:
        return Revert(fragment.name, (), f"{fragment.name}(0x{data[4:].hex()})")
    parts = [
        f"{name}={_shown(value, kind, internal)}" if name else _shown(value, kind, internal)
        for name, value, kind, internal in zip(fragment.names, args, fragment.inputs, fragment.internal, strict=True)
    ]
    return Revert(fragment.name, args, f"{fragment.name}({', '.join(parts)})")


def _shown(value: Any, kind: str, internal: str) -> str:
    names: Sequence[str] = _ENUMS.get(internal, ())
    if names and 0 <= int(value) < len(names):
        return names[int(value)]
    if kind == "address":
        return str(to_checksum_address(value))
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    return str(value)
