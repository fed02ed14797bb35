"""Expecting one custom error, whoever in the call chain raised it.

`ape.reverts(Contract.Error)` lets any error pass that Ape cannot decode: every error that comes from a contract behind
the one that was called. This one compares the selector and, where given, every argument.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ape.exceptions import ContractLogicError, CustomError
from eth_abi import encode
from eth_utils import keccak
from ethpm_types.abi import ErrorABI


@contextmanager
def reverts(error: Any, *args: Any) -> Iterator[None]:
    """Passes if the block reverts with `error` and, if any are given, exactly these arguments."""
    abi: ErrorABI = error if isinstance(error, ErrorABI) else error.abi
    try:
        yield
    except ContractLogicError as raised:
        if not _is(raised, abi, [_plain(arg) for arg in args]):
            raise AssertionError(f"expected {abi.name}{args}, got {_told(raised)}") from raised
        return
    raise AssertionError(f"expected {abi.name}{args}, nothing reverted")


def _is(raised: ContractLogicError, abi: ErrorABI, args: list[Any]) -> bool:
    if isinstance(raised, CustomError):
        values = [_plain(value) for value in raised.inputs.values()]
        return raised.abi.selector == abi.selector and (not args or values == args)

    selector = keccak(text=abi.selector)[:4]
    if not args:
        return str(raised.revert_message).startswith(_spellings(selector, b""))
    return raised.revert_message in _spellings(selector, encode([i.canonical_type for i in abi.inputs], args))


def _spellings(selector: bytes, data: bytes) -> tuple[str, ...]:
    """How anvil may tell an error: a transaction's in hexadecimal; a call's as text, stripped, if it is UTF-8."""
    label = f"custom error 0x{selector.hex()}"
    told = (f"{label}: {data.hex()}", f"{label}: {_text(data)}") if data else (label,)
    return tuple(filter(None, ("0x" + (selector + data).hex(), _text(selector + data), *told)))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").strip()


def _told(raised: ContractLogicError) -> str:
    name = type(raised).__name__ if isinstance(raised, CustomError) else "undecoded"
    return f"{name}: {raised.revert_message!r}"


def _plain(value: Any) -> Any:
    if hasattr(value, "address"):
        return str(value.address)
    if isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, int) else value
