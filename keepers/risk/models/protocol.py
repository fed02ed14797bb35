"""The interface of every forecast model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from keepers.risk.distributions import Distribution, Empirical, shortfall_of, value_at_risk_of
from keepers.risk.errors import RiskError
from keepers.risk.metrics import volatility

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PortfolioForecast:
    """Tomorrow's return of one portfolio: a scale times a standardised distribution, with mean zero or the sample's.

    Attributes:
        scale: Daily volatility, fraction of NAV, above zero.
        distribution: Returns in units of the scale.
    """

    scale: float
    distribution: Distribution

    def value_at_risk(self, level: float) -> float:
        """Loss exceeded with probability 1 - level, fraction of NAV."""
        return self.scale * value_at_risk_of(self.distribution, level)

    def shortfall(self, level: float) -> float:
        """Mean loss in the worst 1 - level of cases, fraction of NAV."""
        return self.scale * shortfall_of(self.distribution, level)

    def rank(self, realised: float) -> float:
        """Probability of the realised return or a lower one."""
        return float(self.distribution.probability(np.array(realised / self.scale)))


class Forecast(Protocol):
    """Tomorrow's returns of all assets."""

    @property
    def covariance(self) -> Array:
        """(assets, assets), daily."""
        ...

    def portfolio(self, weights: Array) -> PortfolioForecast:
        """The forecast for a portfolio with weights (assets,).

        Raises:
            RiskError: If the portfolio has no variance.
        """
        ...


class FittedModel(Protocol):
    """A model with its parameters."""

    @property
    def note(self) -> str:
        """Name of the fallback that took the model's place, and why; empty if none did."""
        ...

    def forecast(self, returns: Array) -> Forecast:
        """Forecasts the day after the last row of `returns`, (days, assets), with the parameters as they are."""
        ...


class Model(Protocol):
    """A way to forecast."""

    @property
    def name(self) -> str:
        """The name that tables and configs use."""
        ...

    def fit(self, returns: Array) -> FittedModel:
        """Estimates parameters from (days, assets), simple daily returns, oldest first.

        Raises:
            RiskError: If there are too few days even for the fallback, or a return is not finite.
        """
        ...


@dataclass(frozen=True, eq=False)
class EllipticalForecast:
    """A covariance, and one standardised distribution that every portfolio has.

    Attributes:
        covariance: (assets, assets), daily.
        tail: Distribution with unit variance.
        note: How the covariance came about, in a few words.
    """

    covariance: Array
    tail: Distribution
    note: str = ""

    def portfolio(self, weights: Array) -> PortfolioForecast:
        """See `Forecast`."""
        return PortfolioForecast(_moving(volatility(weights, self.covariance)), self.tail)


@dataclass(frozen=True, eq=False)
class SampledForecast:
    """Equally likely returns of all assets.

    Attributes:
        outcomes: (outcomes, assets), simple daily returns.
    """

    outcomes: Array

    @property
    def covariance(self) -> Array:
        """(assets, assets), about zero as the other models have it."""
        found: Array = self.outcomes.T @ self.outcomes / self.outcomes.shape[0]
        return found

    def portfolio(self, weights: Array) -> PortfolioForecast:
        """See `Forecast`."""
        returns = self.outcomes @ weights
        scale = _moving(float(np.sqrt(np.mean(returns**2))))
        return PortfolioForecast(scale, Empirical(returns / scale))


def _moving(scale: float) -> float:
    if not scale > 0:
        raise RiskError(f"volatility {scale} of the portfolio", "not above zero", "hold assets that move")
    return scale


def check_window(returns: Array, least: int) -> None:
    """Refuses a window that no model can be fitted to.

    Raises:
        RiskError: If it is not (days, assets), has fewer than `least` days, or a return is not finite.
    """
    if returns.ndim != 2 or returns.shape[1] == 0:
        raise RiskError(f"returns of shape {returns.shape}", "not (days, assets)", "give a row a day")
    if returns.shape[0] < least:
        raise RiskError(f"{returns.shape[0]} observations", f"fewer than {least}", "give a longer history")
    if not np.all(np.isfinite(returns)):
        row, column = (int(index) for index in np.argwhere(~np.isfinite(returns))[0])
        raise RiskError(f"return {returns[row, column]} of day {row}, asset {column}", "not finite", "clean the prices")
