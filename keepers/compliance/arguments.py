"""Accounts and amounts as people type them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from eth_utils.address import is_address, to_checksum_address

from keepers.compliance.countries import ALPHA2, NUMERIC
from keepers.compliance.errors import ComplianceError
from keepers.compliance.rules import DOCUMENTS


def account(text: str, what: str) -> str:
    """An address, checksummed.

    Args:
        text: Address as typed.
        what: Name of the argument, for the complaint.

    Raises:
        ComplianceError: If it is none, or fails its checksum.
    """
    if not is_address(text):
        raise ComplianceError(f"{what} {text}", "is no address", "give 0x and 40 hexadecimal digits")
    if text not in (text.lower(), to_checksum_address(text)):
        raise ComplianceError(f"{what} {text}", "fails its checksum", "correct it or write it in lower case")
    return to_checksum_address(text)


def units(text: str, decimals: int) -> int:
    """Whole tokens as smallest units.

    Raises:
        ComplianceError: If it is no amount that a token can have.
    """
    try:
        amount = Decimal(text).scaleb(decimals)
    except InvalidOperation:
        raise ComplianceError(f"amount {text}", "is no number", "give whole tokens, such as 25.5") from None
    if not amount.is_finite() or amount < 0 or amount >= 2**256:
        raise ComplianceError(f"amount {text}", "is not between 0 and what a token can have", "correct it")
    if amount != amount.to_integral_value():
        raise ComplianceError(f"amount {text}", f"has more digits than the token's {decimals} decimals", "round it")
    return int(amount)


def movement_of(sender: str, receiver: str, spender: str | None) -> tuple[str | None, str | None, str | None]:
    """Accounts of a movement: sender, None to mint; receiver, None to burn; spender, None if it is one of the two.

    Raises:
        ComplianceError: If one is no address, or nothing would move.
    """
    source = None if sender == "mint" else account(sender, "from")
    target = None if receiver == "burn" else account(receiver, "to")
    if source is None and target is None:
        raise ComplianceError("mint burn", "nothing moves", "give at least one account")
    by = account(spender, "spender") if spender else None
    return source, target, None if by in (source, target) else by


def holder(text: str, what: str) -> str:
    """An address of somebody, checksummed: not address zero, which stands for issue and redemption.

    Raises:
        ComplianceError: If it is none.
    """
    address = account(text, what)
    if not int(address, 16):
        raise ComplianceError(f"{what} {text}", "is address zero", "give the address of a wallet or contract")
    return address


def holders(texts: Sequence[str]) -> tuple[str, ...]:
    """Addresses, each once.

    Raises:
        ComplianceError: If one is none, or stands there twice.
    """
    found = [holder(text, "account") for text in texts]
    for address in found:
        if found.count(address) > 1:
            raise ComplianceError(f"account {address}", "is given more than once", "give it once")
    return tuple(found)


def country_code(text: str) -> int:
    """A country by its two letters or its number; 0 is a country that is not stated.

    Raises:
        ComplianceError: If ISO 3166-1 assigns neither.
    """
    code = NUMERIC.get(text.upper())
    if code is None and text.isascii() and text.isdigit():
        code = int(text)
    if code is None or (code and code not in ALPHA2):
        raise ComplianceError(f"country {text}", "is not assigned by ISO 3166-1", "give two letters, such as DE")
    return code


def document_mask(kinds: Sequence[str]) -> int:
    """Kinds of documents, by name or number, as the bits that the registry keeps.

    Raises:
        ComplianceError: If there is no such kind.
    """
    mask = 0
    for kind in kinds:
        number = DOCUMENTS.index(kind) if kind in DOCUMENTS else int(kind) if kind.isascii() and kind.isdigit() else 16
        if number > 15:
            raise ComplianceError(f"document {kind}", "is no kind", f"choose from: {', '.join(DOCUMENTS)}, or 0 to 15")
        mask |= 1 << number
    return mask
