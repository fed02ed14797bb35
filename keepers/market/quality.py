"""Quality of closes, which precedes every model: what is missing, stands still, or moves as only splits do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from keepers.market.prices import PriceError, Prices

Kind = Literal["missing day", "extra day", "stale run", "split", "outlier"]

_MAD_TO_SIGMA = 1.4826
"""Standard deviations of a normal in a median absolute deviation (Rousseeuw and Croux 1993)."""
_SHARES = (2, 3, 4, 5, 6, 7, 8, 10, 15, 20)
"""New shares for an old one in common splits; consolidations are their inverses. Three for two is left out, because
falls by a third and rises by a half happen without it."""


@dataclass(frozen=True)
class Rules:
    """Bounds that closes are inspected with.

    Attributes:
        stale_days: Closes in a row that are alike, from which on they count as not kept up.
        split_sigmas: A day's move of so many robust standard deviations is compared with the usual splits.
        split_tolerance: Relative distance from a split's ratio that still looks like it.
        outlier_sigmas: A day's move of so many robust standard deviations is noted.
    """

    stale_days: int = 10
    split_sigmas: float = 10.0
    split_tolerance: float = 0.02
    outlier_sigmas: float = 20.0


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with closes, or may be.

    Attributes:
        kind: Kind of the finding.
        symbol: Symbol of the asset; empty for a day that is missing for all.
        first, last: First and last day that it is about.
        value: Value that was found, as a person would name it.
        remedy: Change that would remove it.
    """

    kind: Kind
    symbol: str
    first: date
    last: date
    value: str
    remedy: str

    @property
    def refuses(self) -> bool:
        """True if no model should be made of such closes; an outlier alone may well have happened."""
        return self.kind != "outlier"

    def __str__(self) -> str:
        when = str(self.first) if self.first == self.last else f"{self.first} to {self.last}"
        return f"{self.symbol + ' ' if self.symbol else ''}{when}: {self.kind}, {self.value}; {self.remedy}"


@dataclass(frozen=True)
class Quality:
    """Findings about some closes.

    Attributes:
        days, symbols: Number of closes and of assets.
        findings: Findings in order of time.
    """

    days: int
    symbols: int
    findings: tuple[Finding, ...]

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The findings that no model should be made with."""
        return tuple(finding for finding in self.findings if finding.refuses)

    def require(self, where: object) -> None:
        """Refuses closes with a finding that refuses.

        Args:
            where: Origin of the closes, as a person would name it.

        Raises:
            PriceError: If there is one; it names the first and says how many there are.
        """
        if self.refusals:
            first = self.refusals[0]
            more = f" (and {len(self.refusals) - 1} more)" if len(self.refusals) > 1 else ""
            raise PriceError(
                f"{where}: {first.symbol} {first.first}", f"{first.kind}, {first.value}{more}", first.remedy
            )


def inspect(prices: Prices, rules: Rules | None = None, sessions: Sequence[date] | None = None) -> Quality:
    """Everything that is doubtful about closes. Rows that are unsorted, twice there or not positive are no `Prices`.

    Args:
        prices: Closes.
        rules: Bounds; the defaults for None.
        sessions: Days on which the market was open, at least from the first to the last close; None to leave them out.
    """
    bounds = rules or Rules()
    found = _days(prices, sessions) if sessions is not None else []
    for column, symbol in enumerate(prices.symbols):
        closes = prices.closes[:, column]
        found += _stale(prices.dates, closes, symbol, bounds)
        found += _moves(prices.dates, closes, symbol, bounds)
    ordered = sorted(found, key=lambda finding: (finding.first, finding.symbol))
    return Quality(len(prices.dates), len(prices.symbols), tuple(ordered))


def sessions_of(calendar: str, first: date, last: date) -> tuple[date, ...]:
    """Days on which an exchange was open, from `exchange_calendars`.

    Args:
        calendar: Market identifier code, such as XNYS.
        first, last: First and last day asked for.

    Raises:
        PriceError: If the calendar is unknown, or the package is not installed.
    """
    try:
        from exchange_calendars import get_calendar
        from exchange_calendars.errors import CalendarError, InvalidCalendarName
    except ImportError as error:
        reason = "exchange_calendars is not installed"
        raise PriceError(f"calendar {calendar}", reason, "pip install 'quantera[risk]', or leave it out") from error
    try:
        known = get_calendar(calendar, start=str(first), end=str(last))
    except (CalendarError, InvalidCalendarName, ValueError) as error:
        raise PriceError(f"calendar {calendar}", "unknown for these days", "give a code such as XNYS") from error
    return tuple(session.date() for session in known.sessions if first <= session.date() <= last)


def _days(prices: Prices, sessions: Sequence[date]) -> list[Finding]:
    first, last = prices.dates[0], prices.dates[-1]
    due = {day for day in sessions if first <= day <= last}
    there = set(prices.dates)
    missing = [
        Finding("missing day", "", day, day, "the market was open and there is no close", "add the day's closes")
        for day in sorted(due - there)
    ]
    extra = [
        Finding("extra day", "", day, day, "the market was closed and there is a close", "drop the day")
        for day in sorted(there - due)
    ]
    return missing + extra


def _stale(dates: Sequence[date], closes: NDArray[np.float64], symbol: str, rules: Rules) -> list[Finding]:
    """Runs of closes that are all alike."""
    changes = np.flatnonzero(np.diff(closes) != 0) + 1
    starts = np.concatenate([[0], changes])
    ends = np.append(changes, closes.size)
    return [
        Finding(
            "stale run",
            symbol,
            dates[start],
            dates[end - 1],
            f"{end - start} closes of {closes[start]:g}",
            "fetch the closes again, or leave the asset out",
        )
        for start, end in zip(starts, ends, strict=True)
        if end - start >= rules.stale_days
    ]


def _moves(dates: Sequence[date], closes: NDArray[np.float64], symbol: str, rules: Rules) -> list[Finding]:
    """Moves that look like splits, and others that are far beyond the asset's own."""
    moves = np.diff(np.log(closes))
    sigma = _MAD_TO_SIGMA * float(np.median(np.abs(moves))) if moves.size else 0.0
    if sigma <= 0:
        return []
    found = []
    for at in np.flatnonzero(np.abs(moves) > min(rules.split_sigmas, rules.outlier_sigmas) * sigma):
        size, day = abs(float(moves[at])), dates[at + 1]
        ratio = float(closes[at + 1] / closes[at])
        value = f"{closes[at]:g} becomes {closes[at + 1]:g}, {size / sigma:.0f} sigmas"
        split = _split_of(ratio, rules.split_tolerance) if size > rules.split_sigmas * sigma else ""
        if split:
            remedy = f"adjust the closes before it if this is a split of {split}"
            found.append(Finding("split", symbol, day, day, value, remedy))
        elif size > rules.outlier_sigmas * sigma:
            found.append(Finding("outlier", symbol, day, day, value, "compare with a second source"))
    return found


def _split_of(ratio: float, tolerance: float) -> str:
    """The split that a ratio of closes looks like, such as "2 for 1"; empty if it looks like none."""
    for shares in _SHARES:
        if abs(ratio * shares - 1) <= tolerance:
            return f"{shares} for 1"
        if abs(ratio / shares - 1) <= tolerance:
            return f"1 for {shares}"
    return ""
