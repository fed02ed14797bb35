"""Models of volatilities that move and shocks that stay: GARCH with CCC or DCC, and filtered historical simulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.risk.distributions import Student
from keepers.risk.models.correlations import Correlations
from keepers.risk.models.garch import Volatilities, standardised
from keepers.risk.models.gated import GatedModel
from keepers.risk.models.protocol import EllipticalForecast, SampledForecast, check_window
from keepers.risk.models.weighted import LEAST_DAYS as LEAST_EWMA
from keepers.risk.monte_carlo import degrees_of

Array = NDArray[np.float64]


@dataclass(frozen=True)
class GarchModel(GatedModel):
    """GARCH or GJR volatilities, CCC or DCC correlations, Student tails.

    Attributes:
        asymmetric: True if volatilities are GJR.
        dynamic: True if correlations move.
    """

    asymmetric: bool
    dynamic: bool

    def estimate(self, returns: Array) -> FittedGarch:
        """See `GatedModel`."""
        volatilities = Volatilities.fit(returns, asymmetric=self.asymmetric)
        shocks = standardised(returns, volatilities.paths(returns))
        correlations = Correlations.fit(shocks, dynamic=self.dynamic)
        tail = Student(degrees_of(shocks[:, np.any(shocks != 0, axis=0)]))
        return FittedGarch(volatilities, correlations, tail)


@dataclass(frozen=True, eq=False)
class FittedGarch:
    """A GARCH model with its parameters.

    Attributes:
        volatilities: Parameters of every asset.
        correlations: Parameters of the correlations.
        tail: Distribution of a standardised day.
    """

    volatilities: Volatilities
    correlations: Correlations
    tail: Student

    @property
    def note(self) -> str:
        """See `FittedModel`."""
        failed = len(self.volatilities.fallbacks)
        notes = [f"RiskMetrics' decay in place of failed fits: {failed}"] if failed else []
        if not self.correlations.converged:
            notes.append("constant correlations, because dynamic ones were not found")
        return "; ".join(notes)

    def forecast(self, returns: Array) -> EllipticalForecast:
        """See `FittedModel`."""
        check_window(returns, LEAST_EWMA)
        variances = self.volatilities.paths(returns)
        matrix = self.correlations.next(standardised(returns, variances))
        deviations = np.sqrt(variances[-1])
        return EllipticalForecast(matrix * np.outer(deviations, deviations), self.tail)


@dataclass(frozen=True)
class FilteredModel(GatedModel):
    """Filtered historical simulation: past days' shocks of all assets together, at tomorrow's volatilities.

    Sources: Hull and White (1998), "Incorporating volatility updating into the historical simulation method", J. of
    Risk 1(1), for EWMA; Barone-Adesi, Giannopoulos and Vosper (1999), "VaR without correlations for portfolios of
    derivative securities", J. of Futures Markets 19(5), for GARCH.

    Attributes:
        asymmetric: True if volatilities are GJR; None for RiskMetrics' decay, which nothing is fitted for.
    """

    asymmetric: bool | None

    def estimate(self, returns: Array) -> FittedFilter:
        """See `GatedModel`. A sample of fewer days has no tail."""
        if self.asymmetric is None:
            return FittedFilter(Volatilities.decayed(returns.shape[1]))
        return FittedFilter(Volatilities.fit(returns, asymmetric=self.asymmetric))


@dataclass(frozen=True, eq=False)
class FittedFilter:
    """A filter with its parameters.

    Attributes:
        volatilities: Parameters of every asset.
    """

    volatilities: Volatilities

    @property
    def note(self) -> str:
        """See `FittedModel`."""
        failed = len(self.volatilities.fallbacks)
        return f"RiskMetrics' decay in place of failed fits: {failed}" if failed else ""

    def forecast(self, returns: Array) -> SampledForecast:
        """See `FittedModel`. The first 60 days only find the volatilities."""
        check_window(returns, 2 * LEAST_EWMA)
        variances = self.volatilities.paths(returns)
        shocks = standardised(returns, variances)[LEAST_EWMA:]
        return SampledForecast(shocks * np.sqrt(variances[-1]))
