"""Four tests of expected shortfall.

| name | statistic Z, expected to be 0; negative where shortfall is understated | source |
|---|---|---|
| unconditional | 1 - (1 / N p) sum of X / ES over days beyond VaR | Acerbi and Szekely 2014, test 2 |
| conditional | 1 - the mean of X / ES over days beyond VaR | test 1 |
| quantile | 1 - ES of the returns' ranks under the forecasts, over what it should be | test 3 |
| minimally biased | mean of (ES - VaR - (X - VaR)+ / p) / ES | Acerbi and Szekely 2017, relative form |

X is a day's loss, p = 1 - level. The sources: "Backtesting expected shortfall", Risk, December 2014; "General
properties of backtestable statistics", 2017. The conditional test is judged among series with the same number of
exceedances; that number is what tests of value at risk look at. All four reject low values only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from keepers.risk.backtests.compound import SumOfLosses
from keepers.risk.backtests.outcome import Null, Outcome, check_levels
from keepers.risk.backtests.reference import TailReference
from keepers.risk.errors import RiskError

Array = NDArray[np.float64]

ES_TESTS = ("unconditional", "conditional", "quantile", "minimally biased")

_RANKED = 40_000
"""Series behind the simulated distribution of the quantile test: 5% is then known to 0.11 points."""
_SEED = 23
_CELLS = 4_000_000


@dataclass(frozen=True, eq=False)
class Shortfalls:
    """Forecasts beside returns, for one series or many.

    Attributes:
        returns: (series, days), realised.
        var, shortfall: (series, days), forecast, positive, shortfall at least var.
        ranks: (series, days), probability under the forecast of the return or a lower one.

    Raises:
        RiskError: If shapes differ, a number is not finite, or a forecast is not positive.
    """

    returns: Array
    var: Array
    shortfall: Array
    ranks: Array

    def __post_init__(self) -> None:
        parts = (self.returns, self.var, self.shortfall, self.ranks)
        if self.returns.ndim != 2 or any(part.shape != self.returns.shape for part in parts):
            shapes = ", ".join(str(part.shape) for part in parts)
            raise RiskError(f"shapes {shapes}", "do not fit", "give (series, days) four times")
        if not all(np.all(np.isfinite(part)) for part in parts):
            raise RiskError("returns or forecasts", "not finite", "clean the input")
        if not (np.all(self.shortfall > 0) and np.all(self.var >= 0) and np.all(self.shortfall >= self.var * 0.999999)):
            raise RiskError("VaR or shortfall", "not 0 <= VaR <= shortfall", "forecast positive losses")


class ShortfallTests:
    """The four tests for series of one length at one level, with the distributions that they are judged by.

    Args:
        reference: Tail that the forecasts expect.
        days: Length of a series.
    """

    def __init__(self, reference: TailReference, days: int) -> None:
        self._reference, self._days = reference, days
        self._tail = 1 - reference.level
        self._sum = SumOfLosses(reference.losses, reference.weights, self._tail, days)
        self._excess = SumOfLosses(
            np.maximum(reference.losses - reference.starts, 0.0), reference.weights, self._tail, days
        )
        self._given: dict[int, SumOfLosses] = {}
        self._worst = max(1, int(days * self._tail))
        self._ranked = _ranked_null(days, self._worst)
        self._scale = _expected_worst(reference, days, self._worst)
        self._order: Null | None = None

    def statistics(self, found: Shortfalls) -> dict[str, Array]:
        """Statistic of every test.

        Returns:
            (series,) for each of ES_TESTS. Without an exceedance the conditional one is 1.
        """
        beyond = found.returns < -found.var
        relative = np.where(beyond, -found.returns / found.shortfall, 0.0)
        total, counts = relative.sum(axis=1), beyond.sum(axis=1)
        excess = np.where(beyond, (-found.returns - found.var) / found.shortfall, 0.0)
        room = 1 - found.var / found.shortfall
        worst = np.partition(found.ranks, self._worst - 1, axis=1)[:, : self._worst]
        return {
            "unconditional": 1 - total / (self._days * self._tail),
            "conditional": np.where(counts > 0, 1 - total / np.maximum(counts, 1), 1.0),
            "quantile": self._quantile_statistic(worst),
            "minimally biased": (room - excess / self._tail).mean(axis=1),
        }

    def p_values(self, found: Shortfalls) -> dict[str, Array]:
        """Probability of each statistic or a lower one under the hypothesis; (series,) for each of ES_TESTS."""
        values = self.statistics(found)
        beyond = found.returns < -found.var
        counts = beyond.sum(axis=1)
        room = (1 - found.var / found.shortfall).mean(axis=1)
        conditional = np.ones(counts.size)
        for count in np.unique(counts[counts > 0]):
            rows = counts == count
            conditional[rows] = self._of_count(int(count)).at_least((1 - values["conditional"][rows]) * count)
        days, tail = self._days, self._tail
        return {
            "unconditional": self._sum.at_least((1 - values["unconditional"]) * days * tail),
            "conditional": conditional,
            "quantile": self._order_null().p_value(-values["quantile"]),
            "minimally biased": self._excess.at_least((room - values["minimally biased"]) * days * tail),
        }

    def critical(self, found: Shortfalls, test_level: float) -> dict[str, float]:
        """Highest statistic of the first series that is rejected."""
        count = int(np.sum(found.returns[0] < -found.var[0]))
        room = float((1 - found.var[0] / found.shortfall[0]).mean())
        scale = self._days * self._tail
        return {
            "unconditional": 1 - self._sum.quantile(test_level) / scale,
            "conditional": 1 - self._of_count(count).quantile(test_level) / count if count else -np.inf,
            "quantile": -self._order_null().critical(test_level),
            "minimally biased": room - self._excess.quantile(test_level) / scale,
        }

    def _of_count(self, count: int) -> SumOfLosses:
        if count not in self._given:
            self._given[count] = SumOfLosses(self._reference.losses, self._reference.weights, 1.0, count)
        return self._given[count]

    def _quantile_statistic(self, ranks: Array) -> Array:
        returns = np.interp(ranks, self._reference.probabilities, self._reference.quantiles)
        found: Array = 1 + returns.mean(axis=1) / self._scale
        return found

    def _order_null(self) -> Null:
        """Simulated on first use; large values of minus the statistic speak against the forecasts."""
        if self._order is None:
            values = -self._quantile_statistic(self._ranked)
            self._order = Null(values, np.full(values.size, 1 / values.size))
        return self._order


def es_outcomes(
    found: Shortfalls, reference: TailReference, test_level: float = 0.95, tests: ShortfallTests | None = None
) -> list[Outcome]:
    """The four tests of one series.

    Args:
        found: One series of returns and forecasts.
        reference: Tail that the forecasts expect.
        test_level: Confidence of the tests.
        tests: Tests of that reference and length, if they are there already.

    Raises:
        RiskError: If the test level is not between 0 and 1.
    """
    check_levels(reference.level, test_level)
    days = found.returns.shape[1]
    judged = tests or ShortfallTests(reference, days)
    values, probabilities = judged.statistics(found), judged.p_values(found)
    critical = judged.critical(found, test_level)
    return [
        Outcome(
            name,
            float(values[name][0]),
            critical[name],
            float(probabilities[name][0]),
            days,
            reference.level,
            test_level,
        )
        for name in ES_TESTS
    ]


@lru_cache(maxsize=16)
def _ranked_null(days: int, worst: int) -> Array:
    """(series, worst), the lowest of so many uniform numbers: sums of exponential gaps over the sum of all of them.

    Source: Rényi (1953), "On the theory of order statistics", Acta Mathematica Hungarica 4.
    """
    generator = np.random.default_rng((_SEED, days, worst))
    found = np.empty((_RANKED, worst))
    most = max(1, _CELLS // worst)
    for start in range(0, _RANKED, most):
        size = min(most, _RANKED - start)
        sums = np.cumsum(generator.standard_exponential((size, worst)), axis=1)
        rest = generator.standard_gamma(days + 1 - worst, (size, 1))
        found[start : start + size] = sums / (sums[:, -1:] + rest)
    return found


def _expected_worst(reference: TailReference, days: int, worst: int) -> float:
    """Expected mean loss of the worst days, from the chance that a day of each rank is among them.

    Source: Acerbi and Szekely 2014, equation for the expected value of the estimator in test 3.
    """
    grid = reference.probabilities
    chance = 1 - betainc(worst, days - worst, grid) if days > worst else np.ones_like(grid)
    values = reference.quantiles * chance
    integral = float(np.sum(np.diff(grid) * (values[1:] + values[:-1]) / 2))
    return -integral * days / worst
