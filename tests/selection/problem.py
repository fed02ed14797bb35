"""Choosing k of n assets in equal weights of least variance, and the same as a QUBO."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Chosen = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Problem:
    """Minimise x'S x over x in {0, 1}^n with exactly k ones; x'S x / k^2 is the variance of the equal weights.

    Attributes:
        covariance: (n, n), scaled so that its mean variance is one.
        size: k.
    """

    covariance: Array
    size: int

    def objective(self, chosen: Chosen) -> float:
        """x'S x of a choice of the right size."""
        assert int(chosen.sum()) == self.size
        x = chosen.astype(np.float64)
        return float(x @ self.covariance @ x)

    @property
    def penalty(self) -> float:
        """The maximum that leaving out one more asset could gain: from there on, a wrong size never pays.

        Source: Lucas (2014), "Ising formulations of many NP problems", Frontiers in Physics 2, on penalties.
        """
        off = np.abs(self.covariance - np.diag(np.diag(self.covariance)))
        nearest = np.sort(off, axis=1)[:, -self.size :].sum(axis=1)
        return float(np.max(np.diag(self.covariance) + 2 * nearest))

    def qubo(self, penalty: float) -> Array:
        """(n, n), symmetric Q with x'Q x + penalty k^2 = x'S x + penalty (1'x - k)^2."""
        found: Array = self.covariance + penalty
        found[np.diag_indices_from(found)] -= 2 * penalty * self.size
        return found


def generated(assets: int, size: int, seed: int) -> Problem:
    """A market, a few industries, and risk of each asset's own: about the spread of large stocks.

    Daily volatility of the market is 1.1%, of an industry 0.6%; betas are 1 +- 0.35; own volatilities are lognormal
    around 1.4%.
    """
    random = np.random.default_rng([assets, seed])
    industries = random.integers(0, max(3, assets // 10), assets)
    loadings = np.column_stack(
        [0.011 * random.normal(1, 0.35, assets), 0.006 * np.eye(industries.max() + 1)[industries]]
    )
    own = np.exp(random.normal(np.log(0.014), 0.35, assets))
    return scaled(loadings @ loadings.T + np.diag(own**2), size)


def scaled(covariance: Array, size: int) -> Problem:
    """The problem in units of the mean variance."""
    return Problem(covariance / np.diag(covariance).mean(), size)
