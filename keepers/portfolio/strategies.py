"""Reference weights: what a portfolio would hold if neither limits nor costs stood in the way."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from keepers.portfolio.errors import OptimisationFailed

Array = NDArray[np.float64]

Strategy = Literal["equal-weight", "inverse-volatility", "risk-parity", "minimum-variance"]

_SWEEPS = 10_000
_TOLERANCE = 1e-12
"""Relative change of a weight in a sweep below which risk parity is found."""


def reference_weights(strategy: Strategy, covariance: Array, max_weight: float) -> Array:
    """Weights of a strategy.

    Args:
        strategy: Which.
        covariance: (assets, assets), daily.
        max_weight: Maximum of any one asset. Only minimum variance looks at it, which without a bound holds very little
            of most assets; where no weights fit under it, equal weights do.

    Returns:
        (assets,), at least 0, summing to 1.

    Raises:
        OptimisationFailed: If an asset never moves and the strategy divides by its volatility, or no weights are found.
    """
    if strategy == "equal-weight":
        return np.full(covariance.shape[0], 1 / covariance.shape[0])
    if strategy == "minimum-variance":
        from keepers.portfolio.optimise import minimum_variance

        return minimum_variance(covariance, max(max_weight, 1 / covariance.shape[0]))
    variances = np.diag(covariance)
    if not np.all(variances > 0):
        asset = int(np.argmin(variances))
        raise OptimisationFailed(f"asset {asset}", f"never moves, which {strategy} cannot weigh", "use equal-weight")
    return inverse_volatility(covariance) if strategy == "inverse-volatility" else risk_parity(covariance)


def inverse_volatility(covariance: Array) -> Array:
    """Weights in proportion to one over volatility: risk parity where all correlations are equal.

    Source: Maillard, Roncalli and Teiletche (2010), "The properties of equally weighted risk contribution portfolios",
    J. of Portfolio Management 36(4), section on the constant-correlation case.
    """
    raw = 1 / np.sqrt(np.diag(covariance))
    weights: Array = raw / raw.sum()
    return weights


def risk_parity(covariance: Array) -> Array:
    """Weights of which each contributes the same to variance: w_i (S w)_i is equal for all i.

    They minimise w'Sw / 2 - sum log w_i, up to scale, which cyclical coordinate descent does: each weight in turn
    becomes the positive root of s_ii w_i^2 + (sum over j other than i of s_ij w_j) w_i - 1 = 0.

    Source: Spinu (2013), "An algorithm for computing risk parity weights"; Griveau-Billion, Richard and Roncalli
    (2013), "A fast algorithm for computing high-dimensional risk parity portfolios", section 2.

    Raises:
        OptimisationFailed: If it does not converge.
    """
    variances = np.diag(covariance)
    # In units of the mean variance, so that the tolerance means the same for all.
    scaled = covariance / variances.mean()
    weights = 1 / np.sqrt(np.diag(scaled))
    for _ in range(_SWEEPS):
        before = weights.copy()
        for asset, variance in enumerate(np.diag(scaled)):
            others = float(scaled[asset] @ weights) - variance * weights[asset]
            weights[asset] = (np.sqrt(others**2 + 4 * variance) - others) / (2 * variance)
        if np.all(np.abs(weights - before) <= _TOLERANCE * before):
            found: Array = weights / weights.sum()
            return found
    raise OptimisationFailed("risk parity", f"not found in {_SWEEPS} sweeps", "check the covariance")
