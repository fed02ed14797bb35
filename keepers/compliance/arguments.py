"""Accounts and amounts as people type them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from eth_utils.address import is_address, to_checksum_address

from keepers.compliance.errors import ComplianceError


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
