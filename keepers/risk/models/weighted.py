"""Models whose covariance is a weighted mean of past returns: EWMA, Ledoit-Wolf, and the sample itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from keepers.risk.covariance import Target, estimate
from keepers.risk.distributions import Distribution, Normal, Student
from keepers.risk.models.protocol import EllipticalForecast, SampledForecast, check_window
from keepers.risk.monte_carlo import degrees_of, fit_degrees

Array = NDArray[np.float64]

LEAST_DAYS = 60


@dataclass(frozen=True)
class WeightedModel:
    """Exponentially weighted covariance with Ledoit-Wolf shrinkage (`keepers.risk.covariance`).

    Attributes:
        name: Name in tables.
        halflife_days: Half-life of the weights; infinity weighs all days alike.
        target: Matrix that the estimate is shrunk towards.
        tails: "student" fits the degrees of freedom to the standardised returns; "normal" fits nothing.
        least_days: Minimum number of observations.
    """

    name: str
    halflife_days: float
    target: Target = "constant-correlation"
    tails: Literal["normal", "student"] = "student"
    least_days: int = LEAST_DAYS

    def fit(self, returns: Array) -> FittedWeighted:
        """See `Model`."""
        check_window(returns, self.least_days)
        if self.tails == "normal":
            return FittedWeighted(self, Normal())
        if math.isfinite(self.halflife_days):
            return FittedWeighted(self, Student(fit_degrees(returns, self.halflife_days, self.least_days)))
        # Where all days weigh alike, so do they in the volatility that a return is divided by.
        deviations = np.sqrt(np.mean(returns**2, axis=0))
        moving = deviations > 0
        return FittedWeighted(self, Student(degrees_of(returns[:, moving] / deviations[moving])))


@dataclass(frozen=True)
class FittedWeighted:
    """A weighted model with its tail.

    Attributes:
        model: Model that was fitted.
        tail: Distribution of a standardised day.
        note: Fallback that this is; empty if it is none.
    """

    model: WeightedModel
    tail: Distribution
    note: str = ""

    def forecast(self, returns: Array) -> EllipticalForecast:
        """See `FittedModel`."""
        model = self.model
        found = estimate(returns, model.halflife_days, target=model.target, min_observations=model.least_days)
        return EllipticalForecast(found.matrix, self.tail, f"shrinkage {found.shrinkage:.3f}")


@dataclass(frozen=True)
class HistoricalModel:
    """Historical simulation: every day of the window may come again.

    Attributes:
        name: Name in tables.
        note: Empty, because nothing is fitted that could fail.
    """

    name: str = "historical"
    note: str = ""

    def fit(self, returns: Array) -> HistoricalModel:
        """See `Model`."""
        check_window(returns, LEAST_DAYS)
        return self

    def forecast(self, returns: Array) -> SampledForecast:
        """See `FittedModel`."""
        check_window(returns, LEAST_DAYS)
        return SampledForecast(returns)
