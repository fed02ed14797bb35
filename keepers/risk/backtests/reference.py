"""Losses beyond value at risk as the forecasts expect them, averaged over the forecasts of a backtest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.risk.backtests.outcome import check_levels
from keepers.risk.distributions import Distribution
from keepers.risk.errors import RiskError

Array = NDArray[np.float64]

_LEAST = 1e-12
"""Probability of the outermost cell, relative to the tail's."""
_CELLS = np.concatenate([[0.0], np.geomspace(_LEAST, 0.005, 100), np.linspace(0.005, 1.0, 300)[1:]])
"""Edges of the cells of a tail, as parts of its probability."""
_GRID = 1500


@dataclass(frozen=True, eq=False)
class TailReference:
    """The tail of a series of forecasts, in units of each day's expected shortfall.

    Every forecast expects a loss of one shortfall beyond its value at risk, so that days with different distributions
    have the same mean, and a day drawn from all of them alike has the variance of their average.

    Attributes:
        level: Confidence.
        losses: (points,), losses beyond value at risk; their weighted mean is one.
        starts: (points,), value at risk of the distribution that each loss is of.
        weights: (points,), probabilities given that value at risk is exceeded, summing to one.
        probabilities, quantiles: (grid,), rising probabilities and the mean return at each.
    """

    level: float
    losses: Array
    starts: Array
    weights: Array
    probabilities: Array
    quantiles: Array

    @classmethod
    def of(cls, distributions: Sequence[Distribution], level: float) -> TailReference:
        """The reference of forecasts with these distributions, one for each day or for evenly spaced days.

        Cells of a tail hold their exact mean loss, so that no cut-off changes the shortfall.

        Raises:
            RiskError: If there is no distribution, the level is not between 0 and 1, or one expects no loss in its
                tail.
        """
        check_levels(level, level)
        if not distributions:
            raise RiskError("no distributions", "nothing to refer to", "give at least one")
        tail = 1 - level
        edges = tail * _CELLS
        grid = np.concatenate([np.geomspace(_LEAST, tail, _GRID), np.linspace(tail, 1 - 1e-9, _GRID)[1:]])
        losses, starts, weights, quantiles = [], [], [], np.zeros(grid.size)
        for distribution, count in Counter(distributions).items():
            share = count / len(distributions)
            integral = -distribution.lower_integral(edges)
            shortfall = float(integral[-1]) / tail
            if not (np.isfinite(shortfall) and shortfall > 0):
                raise RiskError(f"shortfall {shortfall} at {level:.1%}", "not a loss", "give a distribution of returns")
            losses.append(np.diff(integral) / np.diff(edges) / shortfall)
            starts.append(np.full(edges.size - 1, -float(distribution.quantile(np.array(tail))) / shortfall))
            weights.append(np.diff(edges) / tail * share)
            quantiles += distribution.quantile(grid) / shortfall * share
        return cls(level, np.concatenate(losses), np.concatenate(starts), np.concatenate(weights), grid, quantiles)
