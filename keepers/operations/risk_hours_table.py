"""The record of alerts within hours on bars of indices, beside the square root of time, as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from keepers import __version__
from keepers.market.bars import Bars
from keepers.operations.risk_alerts import REHEARSAL_PATHS, THRESHOLD, Score, judge
from keepers.operations.risk_simulation import WINDOW
from keepers.risk.alerts import Rehearsal, Start, breach_probabilities
from keepers.risk.hours import HOURS_OF_A_DAY, HourHistory, hour_forecasts, rehearse_hours, windows_of
from keepers.risk.reverse_stress import Limits

PART = "hours-table"
HORIZONS = (("close", 18.0), ("open", 7.0))
"""Places of a day from which hours count, and hours within which the next price comes."""
FALLS = (0.01, 0.02)
SEED = 1


@dataclass(frozen=True)
class Row:
    """Forecasts of one fall of an index within hours.

    Attributes:
        index: Name of the index.
        place: Place of the day from which hours count.
        hours: Horizon.
        fall: Limit of the drawdown.
        score: Record on the later half.
        mean: Mean probability on the later half as simulated.
        mean_by_time: The same by a day's shocks times the square root of the part of a day.
        brier_by_time: Brier score of those.
    """

    index: str
    place: str
    hours: float
    fall: float
    score: Score
    mean: float
    mean_by_time: float
    brier_by_time: float


def shares(bars: Bars) -> dict[str, float]:
    """Parts of a day's variance from close to open and from open to close; what is left is twice their covariance."""
    closes = bars.prices[bars.closing][:, 0]
    opens = bars.prices[~bars.closing][:, 0][1:]
    day, night, session = closes[1:] / closes[:-1] - 1, opens / closes[:-1] - 1, closes[1:] / opens - 1
    whole = float(np.mean(day**2))
    return {"night": float(np.mean(night**2)) / whole, "session": float(np.mean(session**2)) / whole}


def rows_of(index: str, bars: Bars, progress: Callable[[int], None] = lambda _: None) -> list[Row]:
    """The record of one index: each fall within the hours after a close, and after an open.

    Args:
        index: Name.
        bars: Daily bars of one symbol that end with a close.
        progress: Called with 1 after each row.
    """
    found = []
    for place, hours in HORIZONS:
        mine = bars if place == "close" else at_open(bars)
        for fall in FALLS:
            found.append(_row(index, place, hours, fall, mine))
            progress(1)
    return found


def at_open(bars: Bars) -> Bars:
    """Bars as they were known at the last open."""
    lengths = {name: getattr(bars, name)[:-1] for name in ("moments", "dates", "prices", "lows")}
    return replace(bars, **lengths, finished=False)


def _row(index: str, place: str, hours: float, fall: float, bars: Bars) -> Row:
    windows, weights, limits = windows_of(bars, hours), np.ones(1), Limits(drawdown=fall)
    past = rehearse_hours(HourHistory(bars, windows), weights, limits, WINDOW, REHEARSAL_PATHS, SEED)
    by_time = past.probabilities["drawdown"].copy()
    history = HourHistory(bars, windows)
    for row, number in enumerate(hour_forecasts(windows, WINDOW)):
        known = int(windows.known[number])
        start = Start(weights, history.daily.covariance(known), history.daily.shocks(known, WINDOW))
        seed = (SEED, int(windows.starts[number]))
        found = breach_probabilities(start, limits, [hours / HOURS_OF_A_DAY], REHEARSAL_PATHS, seed)
        by_time[row] = found["drawdown"]
    timed = Rehearsal(past.days, past.horizons, {"drawdown": by_time}, past.happened)
    _, score = judge(past, "drawdown", 0, THRESHOLD)
    _, other = judge(timed, "drawdown", 0, THRESHOLD)
    assert score is not None and other is not None, "an index has thousands of days"
    half = slice(by_time.shape[0] // 2, None)
    mean, mean_by_time = (float(values[half].mean()) for values in (past.probabilities["drawdown"], by_time))
    return Row(index, place, hours, fall, score, mean, mean_by_time, other.brier_simulated)


def markdown(parts: Mapping[str, Mapping[str, float]], rows: Sequence[Row]) -> str:
    """The record as Markdown.

    Args:
        parts: `shares` by index.
        rows: Rows of all indices.
    """
    text = [
        f"Daily bars of the package `arch`; {REHEARSAL_PATHS} paths behind each forecast, calibrated on the earlier "
        f"half, all other numbers from the later one; an alert is raised from {THRESHOLD:.0%} on. "
        f"`make hours-table`, quantera {__version__}.",
        "",
        "| index | from | within | fall | forecasts | breaches | came | simulated | by root of time | alerts "
        "| came true | Brier | simulated | by root of time | base rate |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for one in rows:
        score = one.score
        text.append(
            f"| {one.index} | {one.place} | {one.hours:.0f} h | {one.fall:.0%} | {score.forecasts:,} | {score.events} "
            f"| {score.events / score.forecasts:.2%} | {one.mean:.2%} | {one.mean_by_time:.2%} | {score.hits.raised} "
            f"| {score.hits.hits} | {score.brier:.5f} | {score.brier_simulated:.5f} | {one.brier_by_time:.5f} "
            f"| {score.brier_base:.5f} |"
        )
    told = "; ".join(
        f"{index}: {part['night']:.1%} by night and {part['session']:.1%} in the session"
        for index, part in parts.items()
    )
    text += [
        "",
        f"Parts of a day's variance, of which the night has {17.5 / HOURS_OF_A_DAY:.0%} of the hours: {told}. "
        "The rest is twice their covariance.",
    ]
    return "\n".join(text)
