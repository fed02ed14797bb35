"""Scheduled calls of compliance contracts in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_utils.address import to_checksum_address

from keepers import abi
from keepers.abi import Fragment
from keepers.compliance.countries import UNSTATED, letters_of

_OTHER_FACES = {"AutomatedComplianceEngine": ("TransferTerms",), "IdentityRegistry": ("IdentityRegistryStorage",)}
"""Interfaces that a contract's address answers beside its own."""


@dataclass(frozen=True)
class Words:
    """A scheduled call.

    Attributes:
        text: Effect of the operation.
        about: Addresses that it names, tokens and registries among them, checksummed.
    """

    text: str
    about: tuple[str, ...]


def in_words(contract: str, data: bytes) -> Words:
    """Returns what a call does.

    Args:
        contract: Name of the contract that is called.
        data: Calldata.
    """
    found = _function(contract, data)
    if found is None:
        return Words(f"0x{data[:4].hex()} of {contract}", ())
    fragment, args = found
    about = _addresses(fragment, args)
    if fragment.name == "govern":
        return Words(f"govern {about[0]}: {_governed(args[1])}", about)
    return Words(f"{fragment.name} of {contract}{_details(fragment, args)}", about)


def _function(contract: str, data: bytes) -> tuple[Fragment, tuple[Any, ...]] | None:
    faces = (contract, *_OTHER_FACES.get(contract, ()))
    for entry in (entry for face in faces for entry in abi.load(face)):
        if entry["type"] == "function" and (fragment := abi.parse(entry)).selector == data[:4]:
            return fragment, fragment.decode_input(data)
    return None


def _addresses(fragment: Fragment, args: tuple[Any, ...]) -> tuple[str, ...]:
    found: list[str] = []
    for kind, value in zip(fragment.inputs, args, strict=True):
        if kind == "address":
            found.append(value)
        elif kind == "address[]":
            found.extend(value)
    return tuple(str(to_checksum_address(address)) for address in found)


def _details(fragment: Fragment, args: tuple[Any, ...]) -> str:
    countries = args[1] if fragment.name == "setRules" else [args[1]] if fragment.name == "setIssueRule" else []
    places = f" in {', '.join(letters_of(code or UNSTATED) for code in countries)}" if countries else ""
    about = ", ".join(_addresses(fragment, args))
    return f"{places} for {about}" if about else places


def _governed(data: bytes) -> str:
    for contract in ("ComplianceAwareToken", "IdentityRegistry"):
        if found := _function(contract, data):
            return f"{found[0].name}{_details(*found)}"
    return f"0x{data[:4].hex()}"
