"""Threshold reports: which holders reached, exceeded or fell below a notifiable part of an issue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from keepers.compliance.filings.errors import FilingError
from keepers.compliance.rows import read_rows, row_of
from keepers.schema import Strict


class Thresholds(Strict):
    """Thresholds of a jurisdiction.

    Attributes:
        name: Name of the jurisdiction.
        thresholds: Percentages, as whole numbers or fractions.
        every: Percent from which each further whole percent is a threshold; None for none.
        source: Provision.
        recorded: Day on which the row was written down; `confidence` says what it was held against.
        confidence: `found` or `article`, as in the table of treaties.
    """

    name: str
    thresholds: Annotated[tuple[Annotated[str, Field(pattern=r"^\d+(/\d+)?$")], ...], Field(min_length=1)]
    every: Annotated[int, Field(ge=1, le=99)] | None = None
    source: str
    recorded: date
    confidence: Literal["found", "article"]

    def all(self) -> list[Fraction]:
        """Every threshold as a part of one, the lowest first."""
        found = {Fraction(one) for one in self.thresholds}
        if self.every is not None:
            found |= {Fraction(percent) for percent in range(self.every, 101)}
        return sorted(one / 100 for one in found)


@dataclass(frozen=True, slots=True)
class Crossing:
    """A threshold that a holder crossed.

    Attributes:
        holder: Identifier of the holder; no name.
        threshold: Threshold in percent, as a fraction such as `100/3`.
        direction: `up` if it was reached or exceeded, `down` if the holding fell below it.
        before: Units before.
        after: Units after.
        percent_after: Part after, in percent with four decimal places, cut off.
    """

    holder: str
    threshold: str
    direction: Literal["up", "down"]
    before: int
    after: int
    percent_after: str


COLUMNS = ("holder", "threshold", "direction", "before", "after", "percent_after")


@cache
def tables() -> dict[str, Thresholds]:
    """Thresholds by jurisdiction.

    Raises:
        FilingError: If the file of the package is not what it has to be.
    """
    return read_rows(Path(__file__).with_name("thresholds.yaml"), Thresholds, FilingError)


def thresholds_of(code: str) -> Thresholds:
    """Returns the thresholds of a jurisdiction.

    Raises:
        FilingError: If there are none.
    """
    return row_of(tables(), code, "has no thresholds here", FilingError)


def crossings(
    table: Thresholds, before: Mapping[str, int], after: Mapping[str, int], supply: tuple[int, int]
) -> list[Crossing]:
    """Finds every threshold that a holder crossed between two moments.

    A threshold is reached at exactly its part. Supply may change too, so that a holding crosses without a trade.

    Args:
        table: Thresholds.
        before: Units by holder before.
        after: Units by holder after.
        supply: All units before and after, more than zero.

    Raises:
        FilingError: If a holder has more than there is, or fewer than none.
    """
    for held, total in ((before, supply[0]), (after, supply[1])):
        if total <= 0 or sum(held.values()) > total or min(held.values(), default=0) < 0:
            raise FilingError("holdings", "are more than the supply, or below zero", "give the whole supply")
    found = []
    for holder in sorted(set(before) | set(after)):
        was, now = before.get(holder, 0), after.get(holder, 0)
        for threshold in table.all():
            reached = (was >= threshold * supply[0], now >= threshold * supply[1])
            if reached[0] != reached[1]:
                found.append(
                    Crossing(
                        holder=holder,
                        threshold=str(threshold * 100),
                        direction="up" if reached[1] else "down",
                        before=was,
                        after=now,
                        percent_after=_percent(now, supply[1]),
                    )
                )
    return found


def _percent(units: int, supply: int) -> str:
    whole, rest = divmod(units * 1_000_000 // supply, 10_000)
    return f"{whole}.{rest:04d}"


def as_row(one: Crossing) -> dict[str, str]:
    """A crossing as a row of `COLUMNS`."""
    return {column: str(getattr(one, column)) for column in COLUMNS}
