"""Skill or luck: what a Sharpe ratio is worth after so many trials, and how often the best of several stays so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kurtosis, norm, rankdata, skew

from keepers.portfolio.errors import PerformanceError
from keepers.portfolio.performance import sharpe

Array = NDArray[np.float64]

_EULER = 0.5772156649015329
"""The Euler-Mascheroni constant."""
BLOCKS = 16
"""Blocks of cross-validation: 12,870 ways to choose half of them."""
_MOST_BLOCKS = 20
_BATCH = 4096


@dataclass(frozen=True)
class Deflated:
    """A Sharpe ratio against what luck would have brought.

    Attributes:
        sharpe: Sharpe ratio a day.
        expected: Sharpe ratio a day that the best of so many trials without skill is expected to have.
        probability: Deflated Sharpe ratio: probability that the true ratio is above `expected`; nan where returns do
            not vary.
        trials: Number of trials.
    """

    sharpe: float
    expected: float
    probability: float
    trials: int


@dataclass(frozen=True)
class Overfitting:
    """Outcome of combinatorially symmetric cross-validation.

    Attributes:
        probability: Share of splits in which the best strategy of one half is below the median of the other half.
        loss: Share of splits in which it has a Sharpe ratio below zero there.
        splits: Number of splits.
        blocks: Number of blocks.
        days: Days that were used; the first ones that fill no block are left out.
    """

    probability: float
    loss: float
    splits: int
    blocks: int
    days: int


def expected_maximum(variance: float, trials: int) -> float:
    """Expected maximum of Sharpe ratios of trials without skill.

    sqrt(V) ((1 - g) z(1 - 1 / N) + g z(1 - 1 / (N e))) with the quantiles z of the normal and Euler's constant g; zero
    for one trial. Source: Bailey and Lopez de Prado (2014), "The deflated Sharpe ratio", J. of Portfolio Management
    40(5), equation 1 and its appendix.

    Args:
        variance: Variance of the trials' Sharpe ratios, at least 0.
        trials: Number of independent trials.

    Raises:
        PerformanceError: If there is no trial, or the variance is negative or not finite.
    """
    if trials < 1 or not 0 <= variance < math.inf:
        raise PerformanceError(
            f"{trials} trials of variance {variance}", "out of range", "give one trial or more, and a variance"
        )
    if trials == 1:
        return 0.0
    first, second = norm.ppf(1 - 1 / trials), norm.ppf(1 - 1 / (trials * math.e))
    return math.sqrt(variance) * float((1 - _EULER) * first + _EULER * second)


def probabilistic_sharpe(returns: Array, threshold: float = 0.0) -> float:
    """Probability that the true Sharpe ratio is above a threshold, given as many returns of such a shape.

    Phi((s - t) sqrt(n - 1) / sqrt(1 - skew s + (kurtosis - 1) / 4 s^2)). Source: Bailey and Lopez de Prado (2012), "The
    Sharpe ratio efficient frontier", J. of Risk 15(2), equation 9.

    Args:
        returns: (days,), simple daily returns.
        threshold: Sharpe ratio a day.

    Returns:
        A fraction; nan where returns do not vary.

    Raises:
        PerformanceError: As `keepers.portfolio.performance.sharpe`.
    """
    found = sharpe(returns, periods=1)
    if not math.isfinite(found):
        return math.nan
    return float(norm.cdf((found - threshold) / math.sqrt(_sharpe_variance(returns, found))))


def deflated_sharpe(returns: Array, trials: int, variance: float | None = None) -> Deflated:
    """The probabilistic Sharpe ratio above what the best of so many trials without skill would have.

    Source: Bailey and Lopez de Prado (2014), "The deflated Sharpe ratio", J. of Portfolio Management 40(5), equation 2.

    Args:
        returns: (days,), simple daily returns of the chosen strategy.
        trials: Number of independent trials that it was chosen from.
        variance: Variance of the trials' Sharpe ratios a day; that of the ratio's own estimate where none is known,
            which is what trials without skill differ by.

    Raises:
        PerformanceError: If a number is out of range, or the returns cannot be used.
    """
    found = sharpe(returns, periods=1)
    if not math.isfinite(found):
        return Deflated(found, math.nan, math.nan, trials)
    spread = _sharpe_variance(returns, found) if variance is None else variance
    expected = expected_maximum(spread, trials)
    return Deflated(found, expected, probabilistic_sharpe(returns, expected), trials)


def overfitting(returns: Array, blocks: int = BLOCKS) -> Overfitting:
    """Probability that choosing the best strategy of a backtest overfits.

    Days are cut into blocks; for every choice of half of them the strategy with the highest Sharpe ratio there is
    ranked among all on the other half. With relative rank w = rank / (N + 1), the probability is the share of choices
    whose logit log(w / (1 - w)) is at most zero. Source: Bailey, Borwein, Lopez de Prado and Zhu (2017), "The
    probability of backtest overfitting", J. of Computational Finance 20(4), section 3.

    Args:
        returns: (days, strategies), two strategies or more.
        blocks: Even, 2 to 20.

    Raises:
        PerformanceError: If there are too few strategies or days, a number is out of range, or a return is not finite.
    """
    if returns.ndim != 2 or returns.shape[1] < 2 or not np.all(np.isfinite(returns)):
        raise PerformanceError(f"returns {returns.shape}", "not of two strategies, finite", "compare two or more")
    if blocks % 2 or not 2 <= blocks <= _MOST_BLOCKS:
        raise PerformanceError(f"{blocks} blocks", f"not even, or not 2 to {_MOST_BLOCKS}", f"choose {BLOCKS}")
    size = returns.shape[0] // blocks
    if size < 2:
        raise PerformanceError(f"{returns.shape[0]} days", f"fewer than {2 * blocks}", "give more, or fewer blocks")
    days, strategies = size * blocks, returns.shape[1]
    cut = returns[-days:].reshape(blocks, size, strategies)
    sums, squares = cut.sum(axis=1), (cut**2).sum(axis=1)
    chosen = np.zeros((math.comb(blocks, blocks // 2), blocks))
    for row, picked in enumerate(combinations(range(blocks), blocks // 2)):
        chosen[row, list(picked)] = 1.0
    below = lost = 0
    for start in range(0, len(chosen), _BATCH):
        part = chosen[start : start + _BATCH]
        inside, outside = (_sharpes(half @ sums, half @ squares, days // 2) for half in (part, 1 - part))
        best = np.argmax(inside, axis=1)
        rows = np.arange(len(part))
        ranks = rankdata(outside, axis=1)[rows, best]
        below += int(np.sum(2 * ranks <= strategies + 1))
        lost += int(np.sum(outside[rows, best] < 0))
    return Overfitting(below / len(chosen), lost / len(chosen), len(chosen), blocks, days)


def _sharpes(sums: Array, squares: Array, days: int) -> Array:
    """Sharpe ratios a day, zero where returns do not vary."""
    variance = np.maximum(squares - sums**2 / days, 0.0) / (days - 1)
    # A strategy in cash all along has no spread but that of rounding.
    moved = variance > 1e-30
    found: Array = np.where(moved, sums / days / np.sqrt(np.where(moved, variance, 1.0)), 0.0)
    return found


def _sharpe_variance(returns: Array, found: float) -> float:
    """Variance of the estimate of a Sharpe ratio a day: Mertens (2002), as Bailey and Lopez de Prado (2012) have it."""
    shape = 1 - float(skew(returns)) * found + (float(kurtosis(returns, fisher=False)) - 1) / 4 * found**2
    return max(shape, float(np.finfo(np.float64).tiny)) / (returns.size - 1)
