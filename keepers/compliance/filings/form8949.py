"""Rows of Form 8949, Sales and Other Dispositions of Capital Assets, for the years since 2025.

Columns (a) to (h) and the boxes are those of the form's instructions: A to C short-term and D to F long-term, G to I
and J to L the same for digital assets. A wash sale is code W with the loss that is not deductible in column (g).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from keepers.compliance.filings.errors import FilingError
from keepers.compliance.tax.engine import Disposal
from keepers.compliance.tax.money import written, written_units

COLUMNS = ("box", "a", "b", "c", "d", "e", "f", "g", "h")
"""Headings of the CSV file: the box that is checked above, and the form's columns."""


class Reported(StrEnum):
    """A broker's report of a sale to the IRS, on Form 1099-B or 1099-DA."""

    BASIS = "basis"
    PROCEEDS = "proceeds"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Property:
    """An asset as forms of the IRS name it.

    Attributes:
        name: Description, such as `XYZ Co.` or a digital asset's code.
        decimals: Decimal places of the token.
        digital: True for boxes G to L.
        reported: The broker's report about its sales.
        cusip: CUSIP; empty for none.
        covered: True if the broker has to report its basis.
    """

    name: str
    decimals: int
    digital: bool = True
    reported: Reported = Reported.NOTHING
    cusip: str = ""
    covered: bool = True


_PLACE = {Reported.BASIS: 0, Reported.PROCEEDS: 1, Reported.NOTHING: 2}


def box(sold: Property, long: bool) -> str:
    """Returns the box of Form 8949 under which a sale stands, A to L."""
    return "ABCDEFGHIJKL"[_PLACE[sold.reported] + 3 * long + 6 * sold.digital]


def rows(
    disposals: Iterable[Disposal], assets: Mapping[str, Property], long: Callable[[Disposal], bool]
) -> list[dict[str, str]]:
    """Returns a row for every disposal, in the order of box, day and line.

    Args:
        disposals: Disposals of one year.
        assets: The assets.
        long: Says whether a disposal is long-term.

    Raises:
        FilingError: If an asset is not among the assets, or a disposal has no day of acquisition.
    """
    found = []
    for one in disposals:
        sold = property_of(one, assets)
        if one.bought is None:
            raise FilingError(f"ledger line {one.line}", "has no day of acquisition", "use a method of lots")
        row = {
            "box": box(sold, long(one)),
            "a": f"{written_units(one.units, sold.decimals)} {sold.name}",
            "b": f"{one.bought:%m/%d/%Y}",
            "c": f"{one.disposed:%m/%d/%Y}",
            "d": written(one.proceeds, 2),
            "e": written(one.cost, 2),
            "f": "W" if one.disallowed else "",
            "g": written(one.disallowed, 2) if one.disallowed else "",
            "h": written(one.recognised, 2),
        }
        found.append(((row["box"], one.disposed, one.line, one.lot), row))
    return [row for _, row in sorted(found, key=lambda pair: pair[0])]


def totals(found: Iterable[Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Totals of columns (d), (e), (g) and (h) by box, which go on Schedule D."""
    sums: dict[str, dict[str, int]] = {}
    for row in found:
        into = sums.setdefault(row["box"], {column: 0 for column in "degh"})
        for column in "degh":
            into[column] += int(row[column].replace(".", "") or "0")
    return {name: {column: written(amount, 2) for column, amount in one.items()} for name, one in sorted(sums.items())}


def property_of(one: Disposal, assets: Mapping[str, Property]) -> Property:
    """Returns the asset of a disposal.

    Raises:
        FilingError: If it is not there.
    """
    if one.asset not in assets:
        raise FilingError(f"asset {one.asset}", "is not described", "add it to the file of assets")
    return assets[one.asset]
