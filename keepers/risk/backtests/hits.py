"""Series of exceedances as counts and gaps, for one series or thousands at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlog1py, xlogy

from keepers.risk.errors import RiskError

Array = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Hits:
    """All that the tests of value at risk look at. An exceedance is called a hit.

    Attributes:
        observations: Days of each series.
        count: (series,), hits.
        first: (series,), day of the first hit, counted from 1; 0 without one.
        adjacent: (series,), days with a hit on the day before too.
        at_start, at_end: (series,), 1 if the first or the last day has a hit.
        gap_ratio: (series,), sum over hits of the likelihood ratio of the days since the hit before, or since the
            beginning: see `gap_ratio`.
    """

    observations: int
    count: Counts
    first: Counts
    adjacent: Counts
    at_start: Counts
    at_end: Counts
    gap_ratio: Array

    @classmethod
    def of(cls, exceeded: NDArray[np.bool_], level: float) -> Hits:
        """Summarises series of exceedances.

        Args:
            exceeded: (series, days) or (days,), in order of time.
            level: Confidence of value at risk.

        Raises:
            RiskError: If there are fewer than two days, or the shape is another.
        """
        table = np.atleast_2d(exceeded)
        if table.ndim != 2 or table.shape[1] < 2:
            raise RiskError(f"days of shape {exceeded.shape}", "no pair of days", "give at least two")
        series, days = table.shape
        rows, columns = np.nonzero(table)
        new_row = np.concatenate([[True], rows[1:] != rows[:-1]])[: rows.size]
        before = np.concatenate([[0], columns[:-1] + 1])[: rows.size]
        gaps = columns + 1 - np.where(new_row, 0, before)
        ratios = gap_ratio(gaps.astype(np.float64), 1 - level)
        first = np.zeros(series, dtype=np.int64)
        first[rows[new_row]] = columns[new_row] + 1
        return cls(
            days,
            np.bincount(rows, minlength=series),
            first,
            np.sum(table[:, 1:] & table[:, :-1], axis=1),
            table[:, 0].astype(np.int64),
            table[:, -1].astype(np.int64),
            np.bincount(rows, ratios, minlength=series).astype(np.float64),
        )


def gap_ratio(gap: Array, probability: float) -> Array:
    """Likelihood ratio of a hit that comes `gap` days after the last: -2 log(p (1 - p)^(n - 1)) against p = 1 / n.

    Source: Kupiec (1995), time until first failure; Haas (2001), "New methods in backtesting", uses it for every gap.
    """
    promised = np.log(probability) + xlog1py(gap - 1, -probability)
    free = -np.log(gap) + xlog1py(gap - 1, -1 / np.maximum(gap, 2.0)) * (gap > 1)
    found: Array = np.maximum(0.0, 2 * (free - promised))
    return found


def binomial_ratio(hits: Array, days: Array, probability: float | Array) -> Array:
    """-2 log of the likelihood of so many hits at a probability, over the likelihood at the observed rate."""
    rate = hits / np.maximum(days, 1)
    promised = xlogy(hits, probability) + xlog1py(days - hits, -np.asarray(probability))
    free = xlogy(hits, rate) + xlog1py(days - hits, -rate)
    found: Array = np.maximum(0.0, 2 * (free - promised))
    return found


def independence_ratio(observations: int, count: Array, adjacent: Array, at_start: Array, at_end: Array) -> Array:
    """Christoffersen's (1998) likelihood ratio of independence, from counts instead of the series.

    Args:
        observations: Days.
        count, adjacent, at_start, at_end: Counts as in `Hits`.
    """
    after_loss = count - at_end
    after_calm = observations - 1 - after_loss
    hits = count - at_start
    rate = hits / (observations - 1)
    calm = binomial_ratio(hits - adjacent, after_calm, rate)
    loss = binomial_ratio(adjacent, after_loss, rate)
    found: Array = calm + loss
    return found
