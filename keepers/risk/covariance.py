"""Covariance of daily returns: exponential weights, shrunk towards a target of few parameters."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from keepers.risk.errors import RiskError

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CovarianceEstimate:
    """An estimate and how it came about.

    Attributes:
        matrix: (assets, assets), daily covariance of simple returns.
        shrinkage: Weight of the target, 0 to 1.
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
    returns: Array,
    halflife_days: float,
    *,
    target: Target = "constant-correlation",
    demean: bool = False,
    min_observations: int = 60,
) -> CovarianceEstimate:
    """Exponentially weighted covariance with Ledoit-Wolf shrinkage.

    Returns are taken to have mean zero unless `demean`: over a day the mean is far smaller than its own
    standard error, so that estimating it adds noise (RiskMetrics 1996, chapter 5). `demean` subtracts the
    weighted mean.

    The estimate is (1 - d) S + d F, with S = sum w_t x_t x_t'. Both intensities d are Ledoit and Wolf's, carried over
    to weights w_t that sum to one: with independent x_t x_t', the variance of an entry of S is sum w_t^2 times that of
    x_t x_t', which the weighted moments estimate. Where every w_t is 1/n they are the published ones.

    The target F is

    - "constant-correlation": the variances of S, and for every pair the mean of its correlations. Source: Ledoit and
      Wolf (2004), "Honey, I shrunk the sample covariance matrix", J. of Portfolio Management 30(4), appendix B. It
      leaves the risk of a portfolio of many assets almost as it is;
    - "identity": m I, with m the mean variance. Source: Ledoit and Wolf (2004), "A well-conditioned estimator for
      large-dimensional covariance matrices", J. Multivariate Analysis 88, section 3. It takes correlations to be
      nearer to zero than they are: value at risk of a portfolio comes out too low.

    Args:
        returns: (days, assets), simple daily returns, oldest first.
        halflife_days: Days in which a weight halves; `math.inf` weighs all alike.
        target: Matrix that the estimate is shrunk towards.
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
    towards, intensity = _TARGETS[target](centred, weights, sample)
    matrix = (1 - intensity) * sample + intensity * towards
    return CovarianceEstimate(matrix, intensity, observations, 1 / float(np.sum(weights**2)))


def _identity(centred: Array, weights: Array, sample: Array) -> tuple[Array, float]:
    """m I and b^2 / d^2, where b^2 = min(d^2, sum w_t^2 (sum w_t |x_t x_t'|^2 - |S|^2)) and d^2 = |S - m I|^2."""
    assets = sample.shape[0]
    norm, trace = float(np.sum(sample**2)), float(np.trace(sample))
    distance = norm - trace**2 / assets
    fourth = float(weights @ np.sum(centred**2, axis=1) ** 2)
    error = min(max(float(np.sum(weights**2)) * (fourth - norm), 0.0), distance)
    return trace / assets * np.eye(assets), error / distance if error > 0 else 0.0


def _constant_correlation(centred: Array, weights: Array, sample: Array) -> tuple[Array, float]:
    """F and sum w_t^2 (pi - rho) / gamma in the paper's letters, within 0 and 1; no shrinkage of fewer than two assets.

    An asset that never moved has no correlations: it takes no part in the mean.
    """
    deviations = np.sqrt(np.diag(sample))
    live = deviations > 0
    pairs = int(live.sum()) * (int(live.sum()) - 1)
    if pairs == 0:
        return sample, 0.0
    inverse = np.where(live, 1 / np.where(live, deviations, 1.0), 0.0)
    correlations = inverse[:, np.newaxis] * sample * inverse
    mean = (float(correlations.sum()) - float(np.trace(correlations))) / pairs
    target = mean * np.outer(deviations, deviations)
    np.fill_diagonal(target, np.diag(sample))
    gamma = float(np.sum((target - sample) ** 2))
    squares = centred**2
    pi = (squares * weights[:, np.newaxis]).T @ squares - sample**2
    theta = (squares * centred * weights[:, np.newaxis]).T @ centred - np.diag(sample)[:, np.newaxis] * sample
    shared = mean * inverse[:, np.newaxis] * deviations * theta
    rho = float(np.trace(pi)) + float(shared.sum()) - float(np.trace(shared))
    error = float(np.sum(weights**2)) * (float(pi.sum()) - rho)
    if not error > 0:
        return target, 0.0
    return target, 1.0 if error >= gamma else error / gamma


Target = Literal["constant-correlation", "identity"]

_TARGETS: dict[Target, Callable[[Array, Array, Array], tuple[Array, float]]] = {
    "constant-correlation": _constant_correlation,
    "identity": _identity,
}


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
