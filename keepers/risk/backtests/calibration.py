"""How often each test rejects right forecasts (size), and wrong ones (power)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.risk.backtests.expected_shortfall import ES_TESTS, Shortfalls, ShortfallTests
from keepers.risk.backtests.hits import Hits
from keepers.risk.backtests.reference import TailReference
from keepers.risk.backtests.value_at_risk import VAR_TESTS, verdicts
from keepers.risk.distributions import Distribution, Normal, Student, shortfall_of, value_at_risk_of
from keepers.risk.errors import RiskError

Array = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int, int], Array]

_SERIES = 1000
"""Series at once."""


def _right(generator: np.random.Generator, series: int, days: int) -> Array:
    return generator.standard_normal((series, days))


def _too_low(generator: np.random.Generator, series: int, days: int) -> Array:
    return 1.25 * generator.standard_normal((series, days))


def _too_high(generator: np.random.Generator, series: int, days: int) -> Array:
    return 0.8 * generator.standard_normal((series, days))


def _fat(generator: np.random.Generator, series: int, days: int) -> Array:
    found: Array = generator.standard_t(3, (series, days)) / np.sqrt(3)
    return found


def _clusters(generator: np.random.Generator, series: int, days: int) -> Array:
    """GARCH(1,1) with omega 0.02, alpha 0.1, beta 0.88: variance one in the long run, from a year before."""
    shocks = generator.standard_normal((250 + days, series))
    found = np.empty_like(shocks)
    variance = np.ones(series)
    for day, row in enumerate(shocks):
        found[day] = np.sqrt(variance) * row
        variance = 0.02 + 0.1 * found[day] ** 2 + 0.88 * variance
    return np.ascontiguousarray(found[250:].T)


def _break(generator: np.random.Generator, series: int, days: int) -> Array:
    found = generator.standard_normal((series, days))
    found[:, days // 2 :] *= 1.5
    return found


def _skewed(generator: np.random.Generator, series: int, days: int) -> Array:
    """Minus a chi-squared with 6 degrees, standardised: skewness -1.15."""
    found: Array = -(generator.chisquare(6, (series, days)) - 6) / np.sqrt(12)
    return found


MISSPECIFICATIONS: dict[str, Draw] = {
    "volatility a fifth too low": _too_low,
    "volatility a quarter too high": _too_high,
    "Student, 3 degrees": _fat,
    "GARCH(1,1), forecast constant": _clusters,
    "volatility rises by half midway": _break,
    "skewed to losses": _skewed,
}
"""The truth behind forecasts of a standard normal, in units of the volatility that is forecast."""


@dataclass(frozen=True)
class Rate:
    """Share of series that a test rejects.

    Attributes:
        test: Name of the test.
        truth: "right", or one of MISSPECIFICATIONS.
        days: Length of a series.
        level: Confidence of the forecasts.
        decided: Share with a p-value at or below the nominal size: what a user sees.
        randomised: Share where ties count in part, by a draw for each series: the size of a test of counts is nominal
            with it alone, and it equals `decided` for tests without ties.
        series: Number of series.
    """

    test: str
    truth: str
    days: int
    level: float
    decided: float
    randomised: float
    series: int


def rejection_rates(
    truth: str, days: int, level: float, series: int, seed: int, test_level: float = 0.95, tail: str = "normal"
) -> list[Rate]:
    """Simulates series and tests each.

    Args:
        truth: "right", or one of MISSPECIFICATIONS.
        days: Length of a series.
        level: Confidence of the forecasts.
        series: Number of series.
        seed: Seed of the generator.
        test_level: Confidence of the tests.
        tail: Forecast distribution, "normal" or "student 5"; the latter for "right" only.

    Raises:
        RiskError: If a name is unknown.
    """
    forecast, draw = _case(truth, tail)
    var, shortfall = value_at_risk_of(forecast, level), shortfall_of(forecast, level)
    tests = ShortfallTests(TailReference.of([forecast], level), days)
    generator = np.random.default_rng(seed)
    decided = dict.fromkeys((*VAR_TESTS, *ES_TESTS), 0)
    randomised = dict.fromkeys(decided, 0)
    size = 1 - test_level
    for count in _batches(series):
        returns = draw(generator, count, days)
        for name, verdict in verdicts(Hits.of(returns < -var, level), level).items():
            tie = verdict.p_value - verdict.p_beyond
            decided[name] += int(np.sum(verdict.p_value <= size))
            randomised[name] += int(np.sum(verdict.p_beyond + generator.random(count) * tie <= size))
        shape = returns.shape
        found = Shortfalls(
            returns, np.broadcast_to(var, shape), np.broadcast_to(shortfall, shape), forecast.probability(returns)
        )
        for name, values in tests.p_values(found).items():
            rejected = int(np.sum(values <= size))
            decided[name] += rejected
            randomised[name] += rejected
    return [
        Rate(name, truth, days, level, decided[name] / series, randomised[name] / series, series) for name in decided
    ]


def _case(truth: str, tail: str) -> tuple[Distribution, Draw]:
    if tail == "student 5" and truth == "right":
        return Student(5.0), lambda generator, series, days: generator.standard_t(5, (series, days)) * np.sqrt(0.6)
    if tail != "normal" or truth not in ("right", *MISSPECIFICATIONS):
        known = ", ".join(("right", *MISSPECIFICATIONS))
        raise RiskError(f"truth '{truth}' with tail '{tail}'", "unknown", f"choose from {known}")
    return Normal(), _right if truth == "right" else MISSPECIFICATIONS[truth]


def _batches(series: int) -> Iterator[int]:
    for start in range(0, series, _SERIES):
        yield min(_SERIES, series - start)
