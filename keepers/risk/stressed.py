"""Value at risk under the worst year that a history holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.risk.errors import RiskError
from keepers.risk.simulation.tails import tail_count

Array = NDArray[np.float64]

STRESS_DAYS = 252
"""Twelve months of trading days."""
SHORTFALL_LEVEL = 0.975
"""Level of the shortfall that picks the year."""


@dataclass(frozen=True)
class StressedTail:
    """Tail of a portfolio's returns in its worst year, each day as likely as another.

    Attributes:
        first, last: Indices of the first and the last return of the year.
        levels: Confidences.
        var, shortfall: One for each level, fractions of NAV.
    """

    first: int
    last: int
    levels: tuple[float, ...]
    var: tuple[float, ...]
    shortfall: tuple[float, ...]


def stressed_tail(
    returns: Array, weights: Array, levels: tuple[float, ...] = (0.95, 0.99), days: int = STRESS_DAYS
) -> StressedTail:
    """One-day value at risk and shortfall of today's weights in the year in which their shortfall was the largest.

    Source: Basel Committee, "Revisions to the Basel II market risk framework" (2011), paragraph 718(Lxxvi)(i): stressed
    value at risk is calibrated to a continuous period of twelve months of significant stress that is relevant to the
    portfolio. Here the year is the one with the largest 97.5% shortfall, so that nobody picks it. Value at risk is the
    k-th largest of N losses, k = ceil((1 - level) N), and shortfall the mean of the k largest.

    Args:
        returns: (days, assets), simple daily returns, oldest first.
        weights: (assets,), fractions of NAV.
        levels: Confidences.
        days: Length of the year.

    Raises:
        RiskError: If there are fewer days than a year has, shapes differ, or a level is not between 0 and 1.
    """
    if returns.ndim != 2 or weights.shape != returns.shape[1:] or returns.shape[0] < days:
        raise RiskError(
            f"returns {returns.shape}, weights {weights.shape}", f"no {days} days of each", "give a longer history"
        )
    if not all(0 < level < 1 for level in levels):
        raise RiskError(f"levels {levels}", "not between 0 and 1", "give 0.99 for 99%")
    losses = -(returns @ weights)
    years = np.sort(np.lib.stride_tricks.sliding_window_view(losses, days), axis=1)[:, ::-1]
    worst = int(np.argmax(years[:, : tail_count(days, SHORTFALL_LEVEL)].mean(axis=1)))
    counts = [tail_count(days, level) for level in levels]
    return StressedTail(
        worst,
        worst + days - 1,
        levels,
        tuple(float(years[worst, count - 1]) for count in counts),
        tuple(float(years[worst, :count].mean()) for count in counts),
    )
