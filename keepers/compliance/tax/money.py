"""Money in whole minor units (cents): reading it, writing it, and sharing it out so that nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from keepers.compliance.tax.errors import TaxError

_AMOUNT = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")


def portion(total: int, part: int, whole: int) -> int:
    """Returns `total * part / whole`, rounded half to even.

    Args:
        total: Amount to share, in minor units.
        part: Units that take their share, at most `whole`.
        whole: All units, more than zero.
    """
    quotient, rest = divmod(total * part, whole)
    twice = 2 * rest
    return quotient + (twice > whole or (twice == whole and quotient % 2 == 1))


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """Shares an amount out in proportion to weights; the shares add up to the amount exactly.

    Each share is the difference of two rounded running totals, so that it is less than one minor unit from
    its exact value and no remainder is left to anybody.

    Args:
        total: Amount to share, in minor units.
        weights: One number per share, none below zero and at least one above.
    """
    whole, running, before, shares = sum(weights), 0, 0, []
    for weight in weights:
        running += weight
        now = portion(total, running, whole)
        shares.append(now - before)
        before = now
    return shares


def minor_units(text: str, digits: int, where: str) -> int:
    """Reads an amount that people write, such as `-12.50`, into minor units.

    Args:
        text: Digits with at most one point; no sign of a currency, no thousands separator.
        digits: Number of decimal places of the currency.
        where: Named in the refusal.

    Raises:
        TaxError: If it is no such number, or has more decimal places than the currency.
    """
    return scaled(text, digits, where, "an amount", "decimal places of the currency")


def scaled(text: str, digits: int, where: str, what: str, limit: str) -> int:
    """Reads a decimal number exactly as a multiple of `10**-digits`.

    Raises:
        TaxError: If it is no such number, or not a multiple.
    """
    if not _AMOUNT.fullmatch(text.strip()):
        raise TaxError(where, f"is not {what}", "write digits with at most one point, such as 1250.00")
    whole, _, fraction = text.strip().partition(".")
    fraction = fraction.rstrip("0")
    if len(fraction) > digits:
        raise TaxError(where, f"has more than {digits} {limit}", "round it before it is read")
    return int(f"{whole}{fraction.ljust(digits, '0')}")


def written(amount: int, digits: int) -> str:
    """Writes minor units with the currency's decimal places, such as `-12.50`."""
    if not digits:
        return str(amount)
    return f"{Decimal(amount).scaleb(-digits):.{digits}f}"


def written_units(units: int, decimals: int) -> str:
    """Writes base units of a token as a number of whole tokens, without zeros at the end."""
    sign, digits = "-" if units < 0 else "", str(abs(units)).rjust(decimals + 1, "0")
    whole, fraction = digits[: len(digits) - decimals], digits[len(digits) - decimals :].rstrip("0")
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"
