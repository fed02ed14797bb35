"""Fields of Form 1099-B, Proceeds From Broker and Barter Exchange Transactions, by the number of their box.

This is data for whoever transmits the form: it is no file of the IRS's own transmission systems.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from keepers.compliance.filings.errors import FilingError
from keepers.compliance.filings.form8949 import Property, Reported, property_of
from keepers.compliance.tax.engine import Disposal
from keepers.compliance.tax.money import written, written_units

COLUMNS = (
    "account", "cusip", "8949_code", "1a", "1b", "1c", "1d", "1e", "1f", "1g", "2", "4", "5", "6", "12",
)  # fmt: skip
"""Headings: the account number, the CUSIP, the applicable checkbox on Form 8949, and boxes."""

_CODES = {(True, False): "A", (False, False): "B", (True, True): "D", (False, True): "E"}


def rows(
    disposals: Iterable[Disposal],
    assets: Mapping[str, Property],
    long: Callable[[Disposal], bool],
    accounts: Mapping[str, str],
) -> list[dict[str, str]]:
    """Returns a row for every disposal.

    Boxes 1b, 1e, 1g and 2 are empty for a noncovered security, box 5 of which is checked. Proceeds are net of fees, so
    box 6 says `net`.

    Args:
        disposals: Disposals of one year.
        assets: The assets.
        long: Says whether a disposal is long-term.
        accounts: Account number by wallet, so that no wallet is in the file.

    Raises:
        FilingError: If an asset or the account of a wallet is not there, or a disposal has no day of acquisition.
    """
    found = []
    for one in sorted(disposals, key=lambda one: (one.disposed, one.line, one.lot)):
        sold = property_of(one, assets)
        if one.bought is None or one.wallet not in accounts:
            raise FilingError(f"ledger line {one.line}", "has no account or day", "give every wallet an account")
        basis = {
            "1b": f"{one.bought:%m/%d/%Y}",
            "1e": written(one.cost, 2),
            "1g": written(one.disallowed, 2) if one.disallowed else "",
            "2": "long-term" if long(one) else "short-term",
            "12": "X",
        }
        found.append(
            {
                "account": accounts[one.wallet],
                "cusip": sold.cusip,
                "8949_code": _CODES[sold.covered, long(one)],
                "1a": f"{written_units(one.units, sold.decimals)} {sold.name}",
                "1c": f"{one.disposed:%m/%d/%Y}",
                "1d": written(one.proceeds, 2),
                "5": "" if sold.covered else "X",
                "6": "net",
                **(basis if sold.covered else {}),
            }
        )
    return found


def as_reported(sold: Property) -> Reported:
    """Returns the broker's report of a sale, as the taxpayer's Form 8949 needs it."""
    return Reported.BASIS if sold.covered else Reported.PROCEEDS
