"""Models whose correlations come from a few factors: statistical ones, or series that are given."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from keepers.risk.distributions import Student
from keepers.risk.errors import RiskError
from keepers.risk.models.garch import Volatilities, standardised
from keepers.risk.models.gated import GatedModel, NotFound
from keepers.risk.models.protocol import EllipticalForecast, check_window
from keepers.risk.models.weighted import LEAST_DAYS as LEAST_EWMA
from keepers.risk.monte_carlo import degrees_of

Array = NDArray[np.float64]

MARKET = "market"
"""Name of the factor that is the market's index."""
_LEAST_EIGENVALUE = 1e-6
"""Smallest eigenvalue of the factors' correlations; below it one factor is a sum of the others."""


@dataclass(frozen=True, eq=False)
class Factors:
    """Given series of factors.

    Attributes:
        names: Name of each factor.
        values: (days, factors), simple daily returns, one row for each row of the assets' returns.

    Raises:
        RiskError: If shapes differ or a value is not finite.
    """

    names: tuple[str, ...]
    values: Array

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.names) or not np.all(np.isfinite(self.values)):
            shapes = f"{len(self.names)} factors, values {self.values.shape}"
            raise RiskError(shapes, "do not fit, or are not finite", "give a finite number for each day and factor")

    @property
    def digest(self) -> str:
        """SHA-256 of names and values."""
        text = ",".join(self.names).encode()
        return hashlib.sha256(text + np.ascontiguousarray(self.values).tobytes()).hexdigest()

    def rows(self, start: int, stop: int) -> Factors:
        """The factors on some days."""
        return Factors(self.names, self.values[start:stop])


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
    units = _units(shocks)
    values, vectors = np.linalg.eigh(units.T @ units / days)
    factors = max(1, int(np.sum(values > (1 + np.sqrt(assets / days)) ** 2)))
    loadings = vectors[:, -factors:] * np.sqrt(np.maximum(values[-factors:], 0.0))
    found = loadings @ loadings.T
    np.fill_diagonal(found, 1.0)
    return found, factors


def given_correlation(shocks: Array, factors: Array) -> Array:
    """Correlation of a regression on given factors: R = B' F B + D, with D diagonal so that R has ones there.

    B holds the coefficients of least squares without a constant, F the factors' correlations, and D the residual
    variances, which are taken as unrelated. With one factor it is the single-index model of Sharpe (1963), "A
    simplified model for portfolio analysis", Management Science 9(2); with more, see Connor, Goldberg and Korajczyk
    (2010), Portfolio Risk Analysis, chapter 5.

    Args:
        shocks: (days, assets), standardised returns; a column of zeros is an asset that does not move.
        factors: (days, factors), standardised returns of the factors.

    Returns:
        (assets, assets), positive semi-definite.

    Raises:
        NotFound: If a factor does not move, or is a sum of the others.
    """
    units, given = _units(shocks), _units(factors)
    common = given.T @ given / given.shape[0]
    values = np.linalg.eigvalsh(common)
    if values[0] < _LEAST_EIGENVALUE:
        raise NotFound("a factor does not move, or is a sum of the others")
    loadings = np.linalg.solve(common, given.T @ units / given.shape[0])
    found: Array = loadings.T @ common @ loadings
    np.fill_diagonal(found, 1.0)
    return found


def _units(shocks: Array) -> Array:
    """Columns with a mean square of one; a column of zeros stays."""
    scales = np.sqrt(np.mean(shocks**2, axis=0))
    found: Array = shocks / np.where(scales > 0, scales, 1.0)
    return found


@dataclass(frozen=True)
class FactorModel(GatedModel):
    """Volatilities with RiskMetrics' decay, correlations of a factor model, Student tails."""

    def estimate(self, returns: Array) -> FittedFactors:
        """See `GatedModel`."""
        shocks = _shocks(returns)
        correlation, factors = self.correlation(shocks, returns)
        tail = Student(degrees_of(shocks[:, np.any(shocks != 0, axis=0)]))
        return FittedFactors(Volatilities.decayed(returns.shape[1]), correlation, factors, tail)

    @abstractmethod
    def correlation(self, shocks: Array, returns: Array) -> tuple[Array, int]:
        """Correlations of the assets, and the number of factors.

        Args:
            shocks: (days - 60, assets), standardised returns; the first 60 days only find the volatilities.
            returns: (days, assets), simple daily returns.

        Raises:
            NotFound: If there are none.
        """


def _shocks(returns: Array) -> Array:
    return standardised(returns, Volatilities.decayed(returns.shape[1]).paths(returns))[LEAST_EWMA:]


@dataclass(frozen=True)
class PcaModel(FactorModel):
    """Statistical factors: see `factor_correlation`."""

    def correlation(self, shocks: Array, returns: Array) -> tuple[Array, int]:
        """See `FactorModel`."""
        return factor_correlation(shocks)


@dataclass(frozen=True)
class GivenFactorModel(FactorModel):
    """Regression on every given factor: see `given_correlation`.

    Attributes:
        given: Factors on the days of the window that the model is fitted to; None until there are some.
    """

    given: Factors | None = None

    def on(self, factors: Factors) -> GivenFactorModel:
        """Returns the model with the factors of a window."""
        return replace(self, given=factors)

    def correlation(self, shocks: Array, returns: Array) -> tuple[Array, int]:
        """See `FactorModel`.

        Raises:
            RiskError: If factors are missing, or have other days than the returns.
        """
        series = self._series(returns)
        if series.shape[0] != returns.shape[0]:
            days = f"{series.shape[0]} days of factors"
            raise RiskError(days, f"not the {returns.shape[0]} of the returns", "give a row for each")
        return given_correlation(shocks, _shocks(series)), series.shape[1]

    def _series(self, returns: Array) -> Array:
        if self.given is None:
            raise RiskError(f"model '{self.name}'", "has no factors", "give --factors FILE")
        return self.given.values


@dataclass(frozen=True)
class SingleIndexModel(GivenFactorModel):
    """Sharpe's single-index model on the factor `market`; without one, on the equal weight of the assets."""

    def _series(self, returns: Array) -> Array:
        if self.given is not None and MARKET in self.given.names:
            return self.given.values[:, [self.given.names.index(MARKET)]]
        market: Array = returns.mean(axis=1, keepdims=True)
        return market


@dataclass(frozen=True, eq=False)
class FittedFactors:
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
