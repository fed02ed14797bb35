"""Covariance of daily returns: exponential weights, shrunk towards a multiple of the identity."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.risk.errors import RiskError

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CovarianceEstimate:
    """An estimate and how it came about.

    Attributes:
        matrix: (assets, assets), daily covariance of simple returns.
        shrinkage: Weight of the identity target, 0 to 1.
        observations: Days used.
        effective_observations: 1 / sum of squared weights: how many equally weighted days would say as much.
    """

    matrix: Array
    shrinkage: float
    observations: int
    effective_observations: float


def halflife_of_decay(decay: float) -> float:
    """Half-life in days of RiskMetrics' decay factor (0.94 for daily data: 11.2 days).

    Raises:
        RiskError: If `decay` is not between 0 and 1.
    """
    if not 0 < decay < 1:
        raise RiskError(f"decay {decay}", "not between 0 and 1", "0.94 is RiskMetrics' choice for daily data")
    return math.log(0.5) / math.log(decay)


def ewma_weights(observations: int, halflife_days: float) -> Array:
    """Weights that halve every `halflife_days`, the last the largest, summing to one; infinity weighs all
    alike.

    Source: J.P. Morgan/Reuters, RiskMetrics Technical Document, 4th ed. 1996, section 5.2.

    Returns:
        (observations,).

    Raises:
        RiskError: If there are no observations, or the half-life is not above zero.
    """
    if observations < 1:
        raise RiskError(f"{observations} observations", "nothing to weigh", "give at least one day")
    if not halflife_days > 0:
        raise RiskError(f"half-life of {halflife_days} days", "not above zero", "use days, or math.inf")
    ages = np.arange(observations - 1, -1, -1, dtype=np.float64)
    raw = np.exp2(-ages / halflife_days)
    weights: Array = raw / raw.sum()
    return weights


def estimate(
    returns: Array, halflife_days: float, *, demean: bool = False, min_observations: int = 60
) -> CovarianceEstimate:
    """Exponentially weighted covariance with Ledoit-Wolf shrinkage.

    Returns are taken to have mean zero unless `demean`: over a day the mean is far smaller than its own
    standard error, so that estimating it adds noise (RiskMetrics 1996, chapter 5). `demean` subtracts the
    weighted mean.

    The target is m I, with m the mean variance. The intensity is that of Ledoit and Wolf (2004), "A
    well-conditioned estimator for large-dimensional covariance matrices", J. Multivariate Analysis 88,
    section 3, carried over to weights w_t that sum to one. With S = sum w_t x_t x_t' and independent x_t x_t'
    of mean Sigma, E|S - Sigma|^2 = (sum w_t^2) E|x x' - Sigma|^2, and the last factor is estimated by the
    weighted mean of |x_t x_t' - S|^2, which is sum w_t |x_t x_t'|^2 - |S|^2. Hence, in norms
    |A|^2 = tr(A A') / p with p assets,

        b^2 = min(d^2, (sum w_t^2) (sum w_t |x_t x_t'|^2 - |S|^2)), d^2 = |S - m I|^2, intensity = b^2 / d^2,

    which is their estimator when every w_t is 1/n.

    Args:
        returns: (days, assets), simple daily returns, oldest first.
        halflife_days: Days in which a weight halves; `math.inf` weighs all alike.
        demean: Subtract the weighted mean first.
        min_observations: Fewest days accepted.

    Raises:
        RiskError: If there are too few days, no assets, or a return is not finite.
    """
    observations = _check_returns(returns, min_observations)
    weights = ewma_weights(observations, halflife_days)
    centred = returns - weights @ returns if demean else returns
    sample = (centred * weights[:, np.newaxis]).T @ centred
    sample = (sample + sample.T) / 2
    squared = float(np.sum(weights**2))
    intensity = _intensity(centred, weights, sample)
    assets = sample.shape[0]
    matrix = (1 - intensity) * sample + intensity * np.trace(sample) / assets * np.eye(assets)
    return CovarianceEstimate(matrix, intensity, observations, 1 / squared)


def _intensity(centred: Array, weights: Array, sample: Array) -> float:
    assets = sample.shape[0]
    norm = float(np.sum(sample**2))
    distance = (norm - float(np.trace(sample)) ** 2 / assets) / assets
    fourth = float(weights @ np.sum(centred**2, axis=1) ** 2)
    error = float(np.sum(weights**2)) * (fourth - norm) / assets
    error = min(max(error, 0.0), distance)
    return error / distance if error > 0 else 0.0


def _check_returns(returns: Array, min_observations: int) -> int:
    if returns.ndim != 2 or returns.shape[1] == 0:
        raise RiskError(
            f"returns of shape {returns.shape}", "not (days, assets)", "give a row a day, a column an asset"
        )
    observations: int = returns.shape[0]
    least = max(min_observations, 2)
    if observations < least:
        raise RiskError(f"{observations} observations", f"fewer than {least}", "give a longer history")
    bad = np.argwhere(~np.isfinite(returns))
    if bad.size:
        row, column = (int(index) for index in bad[0])
        raise RiskError(f"return {returns[row, column]} of day {row}, asset {column}", "not finite", "clean the prices")
    return observations
