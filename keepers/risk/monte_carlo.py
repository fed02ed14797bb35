"""Losses of a portfolio over days, simulated: a multivariate Student t with the posted covariance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.risk.covariance import ewma_weights
from keepers.risk.distributions import Student, value_at_risk_of
from keepers.risk.errors import RiskError
from keepers.risk.metrics import Z99

Array = NDArray[np.float64]

METHOD = "multivariate t, independent days, buy and hold; 1"
"""Stands for what this module computes: another number from the same input is another method."""

HORIZONS = (1, 5, 10)
"""Days."""
LEVELS = (0.95, 0.99, 0.999)
"""Confidence of value at risk and shortfall."""

LEAST_DEGREES, MOST_DEGREES = 2.5, 100.0
USUAL_DEGREES = 4.0
"""Degrees of freedom for a history that is too short to tell."""
_DEGREES = np.concatenate(
    [np.arange(25, 100) / 10, np.arange(10, 30, 1.0), np.arange(30, 101, 5.0)],
)
"""Candidates: at two degrees there is no variance; beyond a hundred nothing tells a t from a normal."""
TAIL_PATHS = 200_000
"""Paths behind tail multipliers: the 99% quantile of a t with 4 degrees is then known to 0.6% (one standard error)."""
_BATCH = 10_000
"""Paths simulated at once, so that memory does not grow with their number."""


@dataclass(frozen=True, eq=False)
class TailLosses:
    """Value at risk and expected shortfall, fractions of NAV, never negative.

    Attributes:
        var: (horizons, levels), rising with the level.
        shortfall: (horizons, levels), at least `var`.
    """

    var: Array
    shortfall: Array


def fit_degrees(returns: Array, halflife_days: float, min_observations: int = 60) -> float:
    """Degrees of freedom of a multivariate t whose margins explain the returns best.

    Each asset's return is divided by the exponentially weighted volatility of the days before it, so that calm and
    wild weeks weigh alike; what is left is taken as t with unit variance. All margins of a multivariate t share their
    degrees, so that the sum of the margins' log-likelihoods is maximised (composite likelihood: Varin, Reid and Firth
    2011, "An overview of composite likelihood methods", Statistica Sinica 21, section 2); over a grid, so that the
    outcome is the same on every machine.

    Source: McNeil, Frey and Embrechts, Quantitative Risk Management (revised ed. 2015), section 6.2.1. A history
    shorter than twice `min_observations` says little about tails: it gets 4 degrees, about what Blattberg and Gonedes
    (1974), "A comparison of the stable and Student distributions as statistical models for stock prices", J. of
    Business 47(2), find in daily returns of stocks.

    Args:
        returns: (days, assets), simple daily returns, oldest first.
        halflife_days: Days in which a weight of the volatility halves.
        min_observations: Days that the first volatility is taken from.

    Returns:
        2.5 (fattest tails) to 100 (as good as normal).

    Raises:
        RiskError: If there are no days or assets, a return is not finite, or none differs from zero.
    """
    if returns.ndim != 2 or returns.size == 0 or not np.all(np.isfinite(returns)):
        raise RiskError(f"returns of shape {returns.shape}", "not (days, assets), finite", "clean the prices")
    if returns.shape[0] < 2 * min_observations:
        return USUAL_DEGREES
    return degrees_of(_standardised(returns, halflife_days, min_observations))


def degrees_of(standardised: Array) -> float:
    """Degrees of freedom of a t with unit variance that explain standardised returns best; see `fit_degrees`.

    Args:
        standardised: Returns of any shape, each over the volatility that was expected of it.

    Raises:
        RiskError: If there are none.
    """
    if standardised.size == 0:
        raise RiskError("returns", "all zero", "give prices that move")
    squares = standardised**2
    likelihoods = [_log_likelihood(squares, float(degrees)) for degrees in _DEGREES]
    return float(_DEGREES[int(np.argmax(likelihoods))])


def tail_factor(degrees: float) -> float:
    """99% value at risk of a day over its volatility under a Student t, no less than under a normal.

    The risk bot posts the same multiplier, and the chain refuses one below the normal's.

    Args:
        degrees: Degrees of freedom, above 2; see `fit_degrees`.

    Raises:
        RiskError: If the degrees are not above 2.
    """
    return max(Z99, value_at_risk_of(Student(degrees), 0.99))


def simulate(weights: Array, covariance: Array, degrees: float, paths: int, seed: int) -> TailLosses:
    """Losses over 1, 5 and 10 days of a portfolio that is held and not traded.

    Days are independent draws r = sqrt((nu - 2) / W) L z with L L' = S, z standard normal and W chi-squared with nu
    degrees, so that a day's covariance is S (McNeil, Frey and Embrechts 2015, section 6.2.1); no asset falls by more
    than all of it, and days compound. Value at risk is the k-th largest loss of N, k = ceil((1 - level) N), shortfall
    the mean of the k largest (Acerbi and Tasche 2002, "On the coherence of expected shortfall", J. of Banking and
    Finance 26, definition 2.6 and section 4). Volatility does not cluster from day to day, and means are zero.

    Args:
        weights: (assets,), fractions of NAV; the remainder to one is cash.
        covariance: (assets, assets), daily.
        degrees: Degrees of freedom, above 2.
        paths: Number of paths, minimum 1,000, because the last level is one in a thousand.
        seed: Seed of the generator (PCG64).

    Raises:
        RiskError: If shapes differ, a number is not finite, or degrees or paths are too few.
    """
    _check(weights, covariance, degrees)
    if paths < 1000:
        raise RiskError(f"{paths} paths", "fewer than 1,000", "simulate more")
    held = np.flatnonzero(weights)
    if held.size == 0:
        nothing = np.zeros((len(HORIZONS), len(LEVELS)))
        return TailLosses(nothing, nothing)
    losses = _losses(weights[held], _root(covariance[np.ix_(held, held)]), degrees, paths, seed)
    var, shortfall = zip(*(_tails(row) for row in losses), strict=True)
    return TailLosses(np.array(var), np.array(shortfall))


def tail_multipliers(covariance: Array, degrees: float, paths: int, seed: int) -> tuple[float, float, float]:
    """Quantiles at 95% and 99% and mean loss beyond 97.5% of one simulated day, in sigmas.

    Every portfolio of a multivariate t has the same; equal weights stand for all of them.

    Args:
        covariance: (assets, assets), daily.
        degrees, paths, seed: Parameters of `simulate`.

    Raises:
        RiskError: If a number is not finite, the volatility is zero, or degrees or paths are too few.
    """
    weights = np.full(covariance.shape[0], 1 / covariance.shape[0])
    _check(weights, covariance, degrees)
    sigma = math.sqrt(float(weights @ covariance @ weights))
    if paths < 1000 or sigma <= 0:
        raise RiskError(f"{paths} paths, volatility {sigma}", "nothing to simulate", "give 1,000 paths, a variance")
    generator = np.random.Generator(np.random.PCG64(seed))
    batches = [_day(_root(covariance), degrees, size, generator) @ weights for size in _sizes(paths)]
    losses = np.sort(-np.concatenate(batches))[::-1] / sigma
    return (
        float(losses[_tail(paths, 0.95) - 1]),
        float(losses[_tail(paths, 0.99) - 1]),
        float(losses[: _tail(paths, 0.975)].mean()),
    )


def _losses(weights: Array, root: Array, degrees: float, paths: int, seed: int) -> Array:
    """(horizons, paths), fractions of NAV."""
    generator = np.random.Generator(np.random.PCG64(seed))
    found = np.empty((len(HORIZONS), paths))
    start = 0
    for size in _sizes(paths):
        growth = np.ones((size, weights.size))
        for day in range(1, HORIZONS[-1] + 1):
            growth *= 1 + np.maximum(_day(root, degrees, size, generator), -1.0)
            if day in HORIZONS:
                found[HORIZONS.index(day), start : start + size] = (1 - growth) @ weights
        start += size
    return found


def _day(root: Array, degrees: float, paths: int, generator: np.random.Generator) -> Array:
    """(paths, assets), returns of one day."""
    normal = generator.standard_normal((paths, root.shape[0]))
    mixing = np.sqrt((degrees - 2) / generator.chisquare(degrees, (paths, 1)))
    found: Array = mixing * (normal @ root.T)
    return found


def _sizes(paths: int) -> list[int]:
    return [min(_BATCH, paths - start) for start in range(0, paths, _BATCH)]


def _tails(losses: Array) -> tuple[list[float], list[float]]:
    falling = np.sort(losses)[::-1]
    counts = [_tail(losses.size, level) for level in LEVELS]
    var = [max(0.0, float(falling[count - 1])) for count in counts]
    shortfall = [max(0.0, float(falling[:count].mean())) for count in counts]
    # A mean of equal numbers may end a rounding below them.
    return var, [max(pair) for pair in zip(var, shortfall, strict=True)]


def _tail(paths: int, level: float) -> int:
    """How many of the losses lie in the tail; rounded first, for (1 - 0.95) is a hair above 0.05."""
    return math.ceil(round((1 - level) * paths, 6))


def _root(covariance: Array) -> Array:
    """L with L L' = S; S may be singular."""
    try:
        found: Array = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(covariance)
        found = vectors * np.sqrt(np.maximum(values, 0.0))
    return found


def _standardised(returns: Array, halflife_days: float, first: int) -> Array:
    """Returns in volatilities of the days before them; those after days without any are left out."""
    decay = 2.0 ** (-1 / halflife_days)
    variance = ewma_weights(first, halflife_days) @ returns[:first] ** 2
    found = []
    for row in returns[first:]:
        moved = variance > 0
        found.append(row[moved] / np.sqrt(variance[moved]))
        variance = decay * variance + (1 - decay) * row**2
    return np.concatenate(found)


def _log_likelihood(squares: Array, degrees: float) -> float:
    """Returns the log-likelihood of squared observations under a t with unit variance."""
    constant = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - math.log(math.pi * (degrees - 2)) / 2
    return squares.size * constant - (degrees + 1) / 2 * float(np.sum(np.log1p(squares / (degrees - 2))))


def _check(weights: Array, covariance: Array, degrees: float) -> None:
    if weights.ndim != 1 or covariance.shape != (weights.size, weights.size):
        raise RiskError(f"weights {weights.shape}, covariance {covariance.shape}", "do not fit", "give (n,) and (n, n)")
    if not (np.all(np.isfinite(weights)) and np.all(np.isfinite(covariance))):
        raise RiskError("weights or covariance", "not finite", "clean the input")
    if not degrees > 2:
        raise RiskError(f"{degrees} degrees of freedom", "not above 2", "a t has no variance there")
