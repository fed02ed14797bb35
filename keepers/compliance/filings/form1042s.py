"""Fields of Form 1042-S, Foreign Person's U.S. Source Income Subject to Withholding, by the number of their box.

Amounts are whole dollars, 50 cents and more rounded up, as the form's instructions ask. One form stands for all
payments of a recipient with the same income code, rates, exemption and chapter. This is data for whoever
transmits the form: it is no file of the IRS's own transmission systems.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from keepers.compliance.filings.errors import FilingError
from keepers.compliance.tax.withholding import Withheld

COLUMNS = (
    "identifier", "1", "2", "3", "3a", "3b", "4a", "4b", "7a", "10", "12a", "12d", "13a", "13b", "13c", "13d", "13e",
    "13f", "13g", "13i", "13j", "13k",
)  # fmt: skip
"""Headings: the unique form identifier and the boxes that are filled."""

_INCOME = {"dividends": "06", "interest": "01"}
"""Income codes of box 1: dividends of US corporations, interest of US obligors (IRS, explanation of codes)."""
_EXEMPT_FROM_CHAPTER_4 = "15"
"""Exemption code of box 4a: the payee is not subject to withholding under chapter 4."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient as boxes 13a to 13k name it.

    Attributes:
        name: Name, box 13a.
        country: ISO 3166-1 alpha-2 code of the residence, box 13b.
        address: Street, box 13c.
        city: City, province and postal code, box 13d.
        us_tin: US taxpayer number, box 13e; empty for none.
        chapter_3: Status code of chapter 3, box 13f.
        chapter_4: Status code of chapter 4, box 13g.
        foreign_tin: Foreign taxpayer number, box 13i; empty for none.
        benefits: Code for limitation of benefits, box 13j; empty for none.
        account: Account number, box 13k; empty for none.
    """

    name: str
    country: str
    address: str
    city: str
    us_tin: str = ""
    chapter_3: str = "16"
    chapter_4: str = ""
    foreign_tin: str = ""
    benefits: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class Agent:
    """The withholding agent: its EIN, box 12a, and name, box 12d."""

    ein: str
    name: str


def whole_dollars(cents: int) -> str:
    """Rounds cents to whole dollars, 50 cents and more up."""
    return str((cents + 50) // 100)


def rows(
    withheld: Iterable[Withheld], recipients: Mapping[str, Recipient], agent: Agent, first: int = 1
) -> list[dict[str, str]]:
    """Returns a row for every form.

    Payments to US persons belong on other forms and are left out.

    Args:
        withheld: Amounts that were withheld in one year.
        recipients: Recipients by the identifier of the payee.
        agent: The withholding agent.
        first: Unique form identifier of the first form; the others follow.

    Raises:
        FilingError: If a payee is not among the recipients.
    """
    sums: dict[tuple[str, str, int, str, str], list[int]] = {}
    for one in withheld:
        if one.chapter:
            rate = one.rate.rate if one.rate else "0.00"
            key = (one.payment.payee, _INCOME[one.payment.income], one.chapter, one.exemption, rate)
            into = sums.setdefault(key, [0, 0])
            into[0] += one.payment.amount
            into[1] += one.tax
    found = []
    for number, (key, (gross, tax)) in enumerate(sorted(sums.items()), first):
        payee, income, chapter, exemption, rate = key
        if payee not in recipients:
            raise FilingError(f"form {number}", "has a payee who is no recipient", "add the payee to the recipients")
        boxes = {
            "identifier": f"{number:010d}",
            "1": income,
            "2": whole_dollars(gross),
            "3": str(chapter),
            "3a": exemption if chapter == 3 else "",
            "3b": f"{rate:0>5}" if chapter == 3 else "00.00",
            "4a": _EXEMPT_FROM_CHAPTER_4 if chapter == 3 else "00",
            "4b": f"{rate:0>5}" if chapter == 4 else "00.00",
            "7a": whole_dollars(tax),
            "10": whole_dollars(tax),
            "12a": agent.ein,
            "12d": agent.name,
        }
        found.append(boxes | _recipient(recipients[payee]))
    return found


def _recipient(one: Recipient) -> dict[str, str]:
    return {
        "13a": one.name,
        "13b": one.country,
        "13c": one.address,
        "13d": one.city,
        "13e": one.us_tin,
        "13f": one.chapter_3,
        "13g": one.chapter_4,
        "13i": one.foreign_tin,
        "13j": one.benefits,
        "13k": one.account,
    }
