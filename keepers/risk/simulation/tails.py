"""Value at risk and expected shortfall of simulated losses, their standard errors, and each asset's part of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.risk.errors import RiskError
from keepers.risk.simulation.engine import Losses

Array = NDArray[np.float64]

_BAND = 0.1
"""Part of the tail's paths on either side of value at risk whose contributions count as those at it."""


_DENSITY = 0.4
"""Part of the tail's paths on either side of value at risk whose spacing gives the density there."""


@dataclass(frozen=True, eq=False)
class Parts:
    """Each asset's part of a number: the parts sum to it, by Euler's theorem.

    Source: Tasche (2000), "Risk contributions and performance measurement": the expected part of the loss given that
    the portfolio loses as much as value at risk, or more for shortfall.

    Attributes:
        component: (assets,), fractions of NAV.
        marginal: (assets,), component over weight: the change per unit of weight; nan for a weight of zero.
        error: (assets,), standard error of the component.
    """

    component: Array
    marginal: Array
    error: Array


@dataclass(frozen=True, eq=False)
class Tail:
    """The tail of simulated losses at one horizon and level.

    Attributes:
        horizon: Days.
        level: Confidence.
        var: k-th largest of N losses, k = ceil((1 - level) N), fraction of NAV.
        shortfall: Mean of the k largest losses (Acerbi and Tasche 2002).
        var_error, shortfall_error: Standard errors.
        var_parts, shortfall_parts: Parts of the assets.
    """

    horizon: int
    level: float
    var: float
    shortfall: float
    var_error: float
    shortfall_error: float
    var_parts: Parts
    shortfall_parts: Parts


def tails(found: Losses, levels: tuple[float, ...] = (0.95, 0.99)) -> list[Tail]:
    """The tails of every horizon at every level.

    Args:
        found: Losses.
        levels: Confidences, from 0.95.

    Raises:
        RiskError: If a level is below 0.95, or leaves fewer than ten paths in the tail.
    """
    check_levels(levels, found.losses.shape[1])
    rows = range(len(found.simulation.horizons))
    ordered = [np.sort(found.losses[row])[::-1] for row in rows]
    return [_tail(found, row, level, ordered[row]) for row in rows for level in levels]


def check_levels(levels: tuple[float, ...], paths: int) -> None:
    """Refuses levels that a simulation says nothing about.

    Raises:
        RiskError: If there is none, one is below 0.95, or one leaves fewer than ten paths in the tail.
    """
    if not levels:
        raise RiskError("levels", "none", "give one, such as 0.99")
    for level in levels:
        if not 0.95 <= level < 1:
            raise RiskError(f"level {level}", "not from 0.95 to 1", "contributions are kept for the worst tenth only")
        if tail_count(paths, level) < 10:
            raise RiskError(f"{paths} paths", f"fewer than ten beyond {level:.2%}", "simulate more")


def tail_count(paths: int, level: float) -> int:
    """Paths in the tail; rounded first, because 1 - 0.95 is a hair above 0.05."""
    return math.ceil(round((1 - level) * paths, 6))


def _tail(found: Losses, row: int, level: float, falling: Array) -> Tail:
    count = tail_count(falling.size, level)
    var, shortfall = float(falling[count - 1]), float(falling[:count].mean())
    if found.simulation.sampling == "plain":
        errors = _independent_errors(falling, count)
    else:
        errors = _spread_between_blocks(found, row, level, var, falling)
    if var < found.edges[row, 0]:
        raise RiskError(f"VaR {var:.4g}", "below the worst tenth of the first paths", "choose another seed")
    return Tail(
        found.simulation.horizons[row],
        level,
        var,
        shortfall,
        *errors,
        _parts(found, row, *_band_range(falling, count), var),
        _parts(found, row, var, math.inf, shortfall),
    )


def tail_places(count: int, paths: int) -> int:
    """Places that an order statistic is from the one of the tail's end, one standard deviation of its rank away."""
    return max(1, round(math.sqrt(count * (1 - count / paths))))


def tail_errors(
    count: int, paths: int, near: tuple[float, float], var: float, shortfall: float, variance: float
) -> tuple[float, float]:
    """Errors from independent paths.

    The quantile's is half the distance of the order statistics sqrt(k (1 - k / N)) places away (David and Nagaraja
    2003, Order Statistics, 7.1); the shortfall's is Manistre and Hancock's (2005), "Variance of the CTE estimator",
    North American Actuarial J. 9(2).

    Args:
        count, paths: Losses in the tail, and all of them.
        near: Losses `tail_places` above and below value at risk.
        var, shortfall: Value at risk and shortfall.
        variance: Variance of the losses in the tail, about their mean.

    Returns:
        Standard errors of value at risk and of shortfall.
    """
    high, low = near
    spread = variance + (1 - count / paths) * (shortfall - var) ** 2
    return (high - low) / 2, math.sqrt(spread / count)


def _independent_errors(falling: Array, count: int) -> tuple[float, float]:
    """Errors of a sample that falls; see `tail_errors`."""
    places = tail_places(count, falling.size)
    near = float(falling[max(count - 1 - places, 0)]), float(falling[min(count - 1 + places, falling.size - 1)])
    tail = falling[:count]
    var, shortfall = float(falling[count - 1]), float(tail.mean())
    return tail_errors(count, falling.size, near, var, shortfall, float(tail.var(ddof=1)))


def _spread_between_blocks(found: Losses, row: int, level: float, var: float, falling: Array) -> tuple[float, float]:
    """Errors from the spread of blocks, which are independent of each other whatever the sampling.

    The share of losses beyond the pooled VaR x and the mean of (loss - x)+ are means over blocks. To first order VaR's
    error is that of the share over the density at x, and shortfall's is that of the mean over 1 - level (Glasserman
    2004, Monte Carlo Methods in Financial Engineering, 9.2). With B blocks an interval takes quantiles of a t with
    B - 1 degrees.
    """
    blocks = found.losses[row].reshape(-1, found.simulation.block)
    root = math.sqrt(blocks.shape[0])
    share = float(np.mean(blocks > var, axis=1).std(ddof=1)) / root
    excess = float(np.mean(np.maximum(blocks - var, 0.0), axis=1).std(ddof=1)) / root
    count = tail_count(falling.size, level)
    places = max(2, round(_DENSITY * count))
    high, low = falling[max(count - 1 - places, 0)], falling[min(count - 1 + places, falling.size - 1)]
    between = min(count - 1 + places, falling.size - 1) - max(count - 1 - places, 0)
    return share * float(high - low) * falling.size / between, excess / (1 - level)


def _band_range(falling: Array, count: int) -> tuple[float, float]:
    width = max(10, math.ceil(_BAND * count))
    return float(falling[min(count - 1 + width, falling.size - 1)]), float(falling[max(count - 1 - width, 0)])


def _parts(found: Losses, row: int, low: float, high: float, total: float) -> Parts:
    """Mean contributions over the buckets of losses from `low` to `high`, scaled so that they sum to `total`.

    A bucket that is cut counts in proportion to the part of it that is inside.
    """
    edges = found.edges[row]
    lower = np.concatenate([[-math.inf], edges])
    upper = np.append(edges, math.inf)
    inside = np.minimum(upper, high) - np.maximum(lower, low)
    with np.errstate(invalid="ignore"):
        share = np.where(np.isfinite(upper - lower), inside / (upper - lower), (upper > low) & (lower < high))
    share = np.clip(np.nan_to_num(share), 0.0, 1.0)
    share[0] = 0.0
    counted = float(share @ found.counts[row])
    if counted <= 0:
        # No path is inside: the whole tail stands for it.
        share = np.where(found.counts[row] > 0, 1.0, 0.0)
        counted = float(share @ found.counts[row])
    mean = share @ found.sums[row] / counted
    variance = np.maximum(share @ found.squares[row] / counted - mean**2, 0.0)
    scale = total / float(mean.sum()) if mean.sum() != 0 else 0.0
    weights = found.simulation.weights
    marginal = np.where(weights != 0, mean * scale / np.where(weights != 0, weights, 1.0), np.nan)
    return Parts(mean * scale, marginal, np.abs(scale) * np.sqrt(variance / counted))
