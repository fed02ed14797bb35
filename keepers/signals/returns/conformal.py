"""Intervals around forecasts that keep their coverage while the world changes: adaptive conformal inference.

Source: Gibbs and Candes (2021), "Adaptive conformal inference under distribution shift", NeurIPS 34, equation 2. The
groups have a level each, as in Mondrian conformal prediction (Vovk, Gammerman and Shafer 2005, section 4.5), so that
calm days do not pay for wild ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.signals.errors import SignalError

Array = NDArray[np.float64]
Groups = NDArray[np.int64]

MISS = 0.1
"""Fraction of outcomes that may lie outside their interval."""
MEMORY = 500
"""Newest scores that a quantile is taken of."""
STEP = 0.05
"""Pace of adaptation for outcomes of one day; over longer horizons misses come in runs, and the pace is divided."""
GROUPS = 3


@dataclass(frozen=True, eq=False)
class Intervals:
    """Intervals of a series of forecasts.

    Attributes:
        low, high: (forecasts,), bounds; both NaN before there are enough scores.
    """

    low: Array
    high: Array

    @property
    def known(self) -> NDArray[np.bool_]:
        """(forecasts,), true where there is an interval."""
        found: NDArray[np.bool_] = np.isfinite(self.low)
        return found

    def covers(self, outcomes: Array) -> NDArray[np.bool_]:
        """(forecasts,), true where the outcome lies inside, bounds included."""
        found: NDArray[np.bool_] = (self.low <= outcomes) & (outcomes <= self.high)
        return found


def adaptive_intervals(
    forecasts: Array, outcomes: Array, scales: Array, groups: Groups, horizon: int, memory: int = MEMORY
) -> Intervals:
    """Intervals f +- s q, where q is a quantile of past scores |y - f| / s at a level that follows the misses.

    The level of a group is a' = a + step (MISS - missed) after each of its outcomes; the step is `STEP` over the
    horizon's root. An outcome over several days counts when its last day has passed, so that an interval knows nothing
    that was not known with its forecast.

    Args:
        forecasts, outcomes: (forecasts,), one a day, in order of time.
        scales: (forecasts,), positive, known with the forecasts.
        groups: (forecasts,), from 0 to `GROUPS` - 1, known with the forecasts.
        horizon: Days from a forecast to its outcome.
        memory: Newest scores that a quantile is taken of.

    Raises:
        SignalError: If shapes differ, a number is not finite, a scale is not positive, a group or a horizon is unknown.
    """
    _check(forecasts, outcomes, scales, groups, horizon)
    scores = np.abs(outcomes - forecasts) / scales
    half = np.full(forecasts.size, np.nan)
    levels = np.full(GROUPS, MISS)
    pace = STEP / np.sqrt(horizon)
    for day in range(forecasts.size):
        past = day - horizon
        if past >= 0 and np.isfinite(half[past]):
            levels[groups[past]] += pace * (MISS - float(scores[past] * scales[past] > half[past]))
        if past + 1 >= memory:
            half[day] = scales[day] * _quantile(scores[past + 1 - memory : past + 1], 1 - levels[groups[day]])
    return Intervals(forecasts - half, forecasts + half)


def interval_score(intervals: Intervals, outcomes: Array) -> Array:
    """Width, and 2 / MISS times the distance of an outcome that lies outside; NaN without an interval.

    Source: Gneiting and Raftery (2007), "Strictly proper scoring rules, prediction, and estimation", JASA 102(477),
    equation 43. Less is better.
    """
    below = np.maximum(intervals.low - outcomes, 0.0)
    above = np.maximum(outcomes - intervals.high, 0.0)
    found: Array = intervals.high - intervals.low + 2 / MISS * (below + above)
    return found


def volatility_groups(scales: Array, memory: int) -> Groups:
    """Thirds by volatility: the place of each day's among those of the days up to it.

    Args:
        scales: (days,).
        memory: Days looked back on, the day itself included; the first ones look back on fewer.

    Returns:
        (days,): 0 calm, 1, 2 wild.
    """
    found = np.empty(scales.size, dtype=np.int64)
    for day in range(scales.size):
        past = scales[max(0, day + 1 - memory) : day + 1]
        below = np.count_nonzero(past < scales[day]) + (np.count_nonzero(past == scales[day]) - 1) / 2
        found[day] = min(int(GROUPS * below / past.size), GROUPS - 1)
    return found


def _quantile(scores: Array, level: float) -> float:
    """The order statistic of rank ceil((n + 1) level), or the largest score where there is none of that rank."""
    rank = int(np.ceil((scores.size + 1) * min(max(level, 0.0), 1.0)))
    place = min(max(rank, 1), scores.size) - 1
    return float(np.partition(scores, place)[place])


def _check(forecasts: Array, outcomes: Array, scales: Array, groups: Groups, horizon: int) -> None:
    shapes = {forecasts.shape, outcomes.shape, scales.shape, groups.shape}
    if len(shapes) > 1 or forecasts.ndim != 1:
        raise SignalError("forecasts, outcomes, scales and groups", "shapes differ", "give one of each a day")
    finite = np.all(np.isfinite(forecasts) & np.isfinite(outcomes) & np.isfinite(scales))
    if not finite or not np.all(scales > 0):
        raise SignalError("forecasts, outcomes or scales", "not finite, or a scale not positive", "look at the data")
    if horizon < 1 or np.any((groups < 0) | (groups >= GROUPS)):
        raise SignalError(f"horizon {horizon} or a group", "unknown", f"give 1 or more, and groups below {GROUPS}")
