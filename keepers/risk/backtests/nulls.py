"""Distributions of the statistics when every day exceeds value at risk with its promised probability, independently.

The textbook chi-squared distributions hold for many exceedances. At 99% a year has two or three: Kupiec's test at 5%
then rejects a right model nearly twice as often as it says. So the exact distributions of a finite series are used
where they can be counted, and Monte Carlo ones elsewhere: Dufour (2006), "Monte Carlo tests with nuisance
parameters", J. of Econometrics 133; Christoffersen and Pelletier (2004), "Backtesting value-at-risk: a
duration-based approach", J. of Financial Econometrics 2(1), section 5.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlog1py
from scipy.stats import binom, chi2, geom

from keepers.risk.backtests.hits import binomial_ratio, gap_ratio, independence_ratio
from keepers.risk.backtests.outcome import Null

Array = NDArray[np.float64]

SIMULATIONS = 50_000
"""Series behind a simulated distribution: a probability of 5% is then known to 0.1 points (one standard error)."""
ARRANGEMENTS = 20_000
"""The same for each number of hits of tbfi: 0.15 points."""
_LARGEST = 700.0
"""Beyond it a probability has no float, and all are alike."""
_SEED = 19
_CELLS = 4_000_000
"""Cells drawn at once, so that memory does not grow with the length of a series."""


def score(count: Array, observations: int, probability: float) -> Array:
    """|hits - N p| / sqrt(N p (1 - p)). Source: Jorion, Value at Risk (3rd ed. 2006), 6.2."""
    deviation = np.sqrt(observations * probability * (1 - probability))
    found: Array = np.abs(count - observations * probability) / deviation
    return found


@lru_cache(maxsize=64)
def count_nulls(observations: int, level: float) -> dict[str, Null]:
    """Exact distributions of bin, tl and pof, which depend on the number of hits only."""
    counts = np.arange(observations + 1, dtype=np.float64)
    masses = binom.pmf(counts, observations, 1 - level)
    return {
        "bin": Null(score(counts, observations, 1 - level), masses),
        "tl": Null(counts, masses),
        "pof": Null(binomial_ratio(counts, np.full_like(counts, observations), 1 - level), masses),
    }


@lru_cache(maxsize=64)
def first_null(observations: int, level: float) -> Null:
    """Exact distribution of tuff; a series without a hit counts as censored."""
    days = np.arange(1, observations + 1, dtype=np.float64)
    never = -2 * float(xlog1py(observations, level - 1))
    values = np.append(gap_ratio(days, 1 - level), never)
    return Null(values, np.append(geom.pmf(days, 1 - level), level**observations))


@lru_cache(maxsize=4096)
def independence_null(observations: int, count: int) -> Null:
    """Exact distribution of cci among all series of so many hits; their probability plays no part in it."""
    adjacent, at_start, at_end, masses = _arrangements(observations, count)
    values = independence_ratio(observations, np.full_like(adjacent, count), adjacent, at_start, at_end)
    return Null(values, masses)


@lru_cache(maxsize=64)
def conditional_coverage_null(observations: int, level: float) -> Null:
    """Exact distribution of cc: the number of hits is binomial, and their arrangements are equally likely."""
    low, high = (int(binom.ppf(edge, observations, 1 - level)) for edge in (1e-12, 1 - 1e-12))
    values, masses = [], []
    for count in range(low, high + 1):
        adjacent, at_start, at_end, mass = _arrangements(observations, count)
        counts = np.full_like(adjacent, count)
        frequency = binomial_ratio(counts, np.full_like(counts, observations), 1 - level)
        values.append(frequency + independence_ratio(observations, counts, adjacent, at_start, at_end))
        masses.append(mass * binom.pmf(count, observations, 1 - level))
    return Null(np.concatenate(values), np.concatenate(masses))


@lru_cache(maxsize=64)
def gaps_null(observations: int, level: float) -> Null:
    """Simulated distribution of tbf, as -log of the chi-squared probability with one degree per hit and one."""
    generator = np.random.default_rng((_SEED, observations, round(level * 1e6)))
    probability = 1 - level
    expected = observations * probability
    # More gaps than any series has; where that is wrong after all, the series is extended.
    most = int(expected + 10 * np.sqrt(expected * level) + 20)
    known = _known_ratios(observations, probability)
    found = []
    for size in _sizes(most, SIMULATIONS):
        gaps = generator.geometric(probability, (size, most))
        while np.any(gaps.sum(axis=1) <= observations):
            gaps = np.concatenate([gaps, generator.geometric(probability, (size, most))], axis=1)
        inside = np.cumsum(gaps, axis=1) <= observations
        counts = inside.sum(axis=1)
        ratios = known[np.where(inside, gaps, 0)].sum(axis=1)
        frequency = binomial_ratio(counts.astype(np.float64), np.full(size, float(observations)), probability)
        found.append(gaps_scale(frequency + ratios, counts))
    values = np.concatenate(found)
    return Null(values, np.full(values.size, 1 / values.size))


def gaps_scale(statistic: Array, count: NDArray[np.int64]) -> Array:
    """One scale for statistics with different numbers of gaps: -log of the chi-squared tail, rising."""
    found: Array = np.minimum(-chi2.logsf(statistic, count + 1), _LARGEST)
    return found


@lru_cache(maxsize=4096)
def gaps_independence_null(observations: int, level: float, count: int) -> Null:
    """Simulated distribution of tbfi among all series of so many hits."""
    generator = np.random.default_rng((_SEED, observations, round(level * 1e6), count))
    known = _known_ratios(observations, 1 - level)
    found = []
    for size in _sizes(max(count, 1), ARRANGEMENTS):
        days = _subsets(generator, observations, count, size)
        found.append(known[np.diff(days, axis=1, prepend=0)].sum(axis=1))
    values = np.concatenate(found)
    return Null(values, np.full(values.size, 1 / values.size))


def _known_ratios(observations: int, probability: float) -> Array:
    """(observations + 1,), ratio of each gap in days; zero for none."""
    found = np.zeros(observations + 1)
    found[1:] = gap_ratio(np.arange(1, observations + 1, dtype=np.float64), probability)
    return found


def _subsets(generator: np.random.Generator, days: int, count: int, size: int) -> NDArray[np.int64]:
    """(size, count) distinct days, sorted, counted from 1; every subset equally likely.

    Days that came twice are drawn again until all differ. No day is treated unlike another, so that the outcome is as
    likely as any other subset.
    """
    if count > days // 4:
        whole = np.argsort(generator.random((size, days)), axis=1)[:, :count]
        return np.sort(whole, axis=1) + 1
    drawn = np.sort(generator.integers(1, days + 1, (size, count)), axis=1)
    again = np.flatnonzero((np.diff(drawn, axis=1) == 0).any(axis=1))
    while again.size:
        rows = drawn[again]
        twice = np.zeros(rows.shape, dtype=bool)
        twice[:, 1:] = np.diff(rows, axis=1) == 0
        rows[twice] = generator.integers(1, days + 1, int(twice.sum()))
        drawn[again] = np.sort(rows, axis=1)
        again = again[(np.diff(drawn[again], axis=1) == 0).any(axis=1)]
    return drawn


def _arrangements(observations: int, count: int) -> tuple[Array, Array, Array, Array]:
    """Adjacent hits, hit at the start, hit at the end, and probability, of all arrangements of so many hits.

    Hits in r runs, with f and l for a run at either end, leave r + 1 - f - l runs of other days. A number of n days
    divides into r runs in C(n - 1, r - 1) ways (Wald and Wolfowitz 1940, "On a test whether two samples are from the
    same population", Annals of Mathematical Statistics 11(2)).
    """
    others = observations - count
    if count == 0 or others == 0:
        edge = 1.0 if count else 0.0
        return np.array([float(max(count - 1, 0))]), np.array([edge]), np.array([edge]), np.array([1.0])
    runs, starts, ends = (
        axis.ravel() for axis in np.meshgrid(np.arange(1, min(count, others + 1) + 1), [0, 1], [0, 1], indexing="ij")
    )
    rest = runs + 1 - starts - ends
    possible = (rest >= 1) & (rest <= others)
    runs, starts, ends, rest = runs[possible], starts[possible], ends[possible], rest[possible]
    ways = _log_choose(count - 1, runs - 1) + _log_choose(others - 1, rest - 1)
    masses = np.exp(ways - ways.max())
    return (count - runs).astype(np.float64), starts.astype(np.float64), ends.astype(np.float64), masses / masses.sum()


def _log_choose(items: int, taken: NDArray[np.int64]) -> Array:
    found: Array = gammaln(items + 1) - gammaln(taken + 1) - gammaln(items - taken + 1)
    return found


def _sizes(width: int, series: int) -> list[int]:
    most = max(1, _CELLS // width)
    return [min(most, series - start) for start in range(0, series, most)]
