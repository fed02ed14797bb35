"""Reference weights: what a portfolio would hold if neither limits nor costs stood in the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from keepers.portfolio.errors import OptimisationFailed

Array = NDArray[np.float64]

Strategy = Literal["equal-weight", "inverse-volatility", "risk-parity", "hierarchical-risk-parity", "minimum-variance"]

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
    return _BY_VOLATILITY[strategy](covariance)


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


def hierarchical_risk_parity(covariance: Array) -> Array:
    """Weights by a tree of correlations: each fork divides its weight in proportion to one over variance.

    Assets are joined by single linkage at the distances sqrt((1 - correlation) / 2); in the order of the tree's leaves,
    which puts neighbours side by side, the list is halved again and again, and each half counts with the variance of
    its own inverse-variance portfolio.

    Source: Lopez de Prado (2016), "Building diversified portfolios that outperform out of sample", J. of Portfolio
    Management 42(4). The paper joins assets at the Euclidean distances between columns of that matrix; this is the
    variant of skfolio, which joins at its entries.

    Args:
        covariance: (assets, assets), daily, every variance above 0.

    Returns:
        (assets,), above 0, summing to 1.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    assets = covariance.shape[0]
    if assets == 1:
        return np.ones(1)
    volatility = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(volatility, volatility)
    distances = np.sqrt(np.clip((1 - correlation) / 2, 0.0, 1.0))
    np.fill_diagonal(distances, 0.0)
    tree = linkage(squareform(distances, checks=False), method="single", optimal_ordering=True)
    order = [int(leaf) for leaf in leaves_list(tree)]
    weights = np.ones(assets)
    forks = [order]
    while forks:
        members = forks.pop()
        left, right = members[: len(members) // 2], members[len(members) // 2 :]
        first, second = _cluster_variance(covariance, left), _cluster_variance(covariance, right)
        weights[left] *= second / (first + second)
        weights[right] *= first / (first + second)
        forks += [half for half in (left, right) if len(half) > 1]
    return weights


def _cluster_variance(covariance: Array, members: list[int]) -> float:
    """Variance of the inverse-variance portfolio of a few assets."""
    block = covariance[np.ix_(members, members)]
    weights = 1 / np.diag(block)
    weights /= weights.sum()
    return float(weights @ block @ weights)


_BY_VOLATILITY: dict[str, Callable[[Array], Array]] = {
    "inverse-volatility": inverse_volatility,
    "risk-parity": risk_parity,
    "hierarchical-risk-parity": hierarchical_risk_parity,
}
