"""Models whose correlations come from a few factors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.risk.distributions import Student
from keepers.risk.models.conditional import fallback_of
from keepers.risk.models.garch import LEAST_DAYS, Volatilities, standardised
from keepers.risk.models.protocol import EllipticalForecast, FittedModel, check_window
from keepers.risk.models.weighted import LEAST_DAYS as LEAST_EWMA
from keepers.risk.monte_carlo import degrees_of

Array = NDArray[np.float64]


def factor_correlation(shocks: Array) -> tuple[Array, int]:
    """Correlation of a statistical factor model: R = B B' + D, with D diagonal so that R has ones there.

    B holds the principal components of the sample correlation whose eigenvalues lie above the largest one that pure
    noise has, (1 + sqrt(assets / days))^2; there is at least one factor. Sources: Laloux, Cizeau, Bouchaud and Potters
    (1999), "Noise dressing of financial correlation matrices", Physical Review Letters 83, for the number of factors;
    Connor and Korajczyk (1988), "Risk and return in an equilibrium APT", J. of Financial Economics 21, for the factors.

    Args:
        shocks: (days, assets), standardised returns; a column of zeros is an asset that does not move.

    Returns:
        (assets, assets), and the number of factors.
    """
    days, assets = shocks.shape
    scales = np.sqrt(np.mean(shocks**2, axis=0))
    units = shocks / np.where(scales > 0, scales, 1.0)
    values, vectors = np.linalg.eigh(units.T @ units / days)
    factors = max(1, int(np.sum(values > (1 + np.sqrt(assets / days)) ** 2)))
    loadings = vectors[:, -factors:] * np.sqrt(np.maximum(values[-factors:], 0.0))
    found = loadings @ loadings.T
    np.fill_diagonal(found, 1.0)
    return found, factors


@dataclass(frozen=True)
class PcaModel:
    """Volatilities with RiskMetrics' decay, correlations of a statistical factor model, Student tails.

    Attributes:
        name: Name in tables.
    """

    name: str

    def fit(self, returns: Array) -> FittedModel:
        """See `Model`. Fewer than 500 days get the fallback "ewma student"."""
        check_window(returns, LEAST_EWMA)
        if returns.shape[0] < LEAST_DAYS:
            return fallback_of(returns)
        volatilities = Volatilities.decayed(returns.shape[1])
        shocks = standardised(returns, volatilities.paths(returns))[LEAST_EWMA:]
        correlation, factors = factor_correlation(shocks)
        tail = Student(degrees_of(shocks[:, np.any(shocks != 0, axis=0)]))
        return FittedPca(volatilities, correlation, factors, tail)


@dataclass(frozen=True, eq=False)
class FittedPca:
    """A factor model with its parameters.

    Attributes:
        volatilities: Parameters of every asset.
        correlation: (assets, assets).
        factors: Number of factors.
        tail: Distribution of a standardised day.
        note: Fallback that this is; empty because it is none.
    """

    volatilities: Volatilities
    correlation: Array
    factors: int
    tail: Student
    note: str = ""

    def forecast(self, returns: Array) -> EllipticalForecast:
        """See `FittedModel`."""
        check_window(returns, LEAST_EWMA)
        deviations = np.sqrt(self.volatilities.paths(returns)[-1])
        return EllipticalForecast(self.correlation * np.outer(deviations, deviations), self.tail)
