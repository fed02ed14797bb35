"""One line of a backtest, and the distribution under the hypothesis that it is judged by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.risk.errors import RiskError

Array = NDArray[np.float64]

_NOISE = 1e-9
"""Statistics nearer to each other than this, relative to their size, are the same one, computed in another order."""


@dataclass(frozen=True)
class Outcome:
    """Result of one test of one series of forecasts.

    Attributes:
        test: Name of the test, such as "pof".
        statistic: Value found.
        critical: First value that is rejected. VaR tests reject at or above it, ES tests at or below it; infinite where
            no outcome is extreme enough to be rejected.
        p_value: Probability of a value at least as extreme if the forecasts are right.
        observations: Days in all.
        level: Confidence of the forecasts, such as 0.99.
        test_level: Confidence of the test, such as 0.95.
        note: Further finding in a word, such as the colour of the traffic light.
    """

    test: str
    statistic: float
    critical: float
    p_value: float
    observations: int
    level: float
    test_level: float
    note: str = ""

    @property
    def accepted(self) -> bool:
        """True unless the forecasts are rejected at `test_level`."""
        return self.p_value > 1 - self.test_level


class Null:
    """Distribution of a statistic under the hypothesis, on finitely many values; large values speak against it.

    Args:
        values: (n,), values that the statistic takes, in any order, repeated ones included.
        probabilities: (n,), their probabilities, summing to one.
    """

    def __init__(self, values: Array, probabilities: Array) -> None:
        order = np.argsort(values)
        ordered, weights = values[order], probabilities[order] / probabilities.sum()
        starts = np.concatenate([[True], np.diff(ordered) > _NOISE * np.maximum(1.0, np.abs(ordered[1:]))])
        first = np.flatnonzero(starts)
        self._values = ordered[first]
        masses = np.add.reduceat(weights, first)
        self._tails = np.concatenate([np.cumsum(masses[::-1])[::-1], [0.0]])

    def p_value(self, statistic: Array) -> Array:
        """Probability of each statistic or a larger one."""
        found: Array = np.minimum(1.0, self._tails[self._at(statistic)])
        return found

    def p_beyond(self, statistic: Array) -> Array:
        """Probability of a larger statistic: less than `p_value` by the probability of a tie."""
        slack = _NOISE * np.maximum(1.0, np.abs(statistic))
        found: Array = np.minimum(1.0, self._tails[np.searchsorted(self._values, statistic + slack, side="right")])
        return found

    def critical(self, test_level: float) -> float:
        """Smallest value whose `p_value` is 1 - test_level or less; infinite if there is none."""
        rejected = np.flatnonzero(self._tails[:-1] <= 1 - test_level)
        return float(self._values[rejected[0]]) if rejected.size else float("inf")

    def _at(self, statistic: Array) -> NDArray[np.int64]:
        slack = _NOISE * np.maximum(1.0, np.abs(statistic))
        return np.asarray(np.searchsorted(self._values, statistic - slack, side="left"))


def check_levels(level: float, test_level: float) -> None:
    """Refuses confidences outside (0, 1).

    Raises:
        RiskError: If either is not between 0 and 1.
    """
    for name, value in (("level", level), ("test level", test_level)):
        if not 0 < value < 1:
            raise RiskError(f"{name} {value}", "not between 0 and 1", "give 0.99 for 99%")
