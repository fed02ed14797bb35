"""The model that the risk bot's terms name, fitted to the last days of a history. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from keepers.risk.distributions import Student
from keepers.risk.errors import RiskError
from keepers.risk.model_terms import MODEL_NAMES, ModelTerms
from keepers.risk.models import FittedModel
from keepers.risk.models.conditional import GarchModel
from keepers.risk.models.protocol import EllipticalForecast
from keepers.risk.models.weighted import FittedWeighted, WeightedModel

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BotModel:
    """A model with its parameters.

    Attributes:
        terms: Terms that it was fitted by.
        fitted: Model or its fallback.
        observations: Number of days that the parameters are of.
    """

    terms: ModelTerms
    fitted: FittedModel
    observations: int

    @staticmethod
    def fit(returns: Array, terms: ModelTerms) -> BotModel:
        """Estimates parameters from the last `history_days` of (days, assets), simple daily returns, oldest first.

        Raises:
            RiskError: If there are fewer than `min_observations`, or a return is not finite.
        """
        recent = np.ascontiguousarray(returns[-terms.history_days :], dtype=np.float64)
        return fitted_model(recent.tobytes(), recent.shape, terms)

    def forecast(self, returns: Array) -> EllipticalForecast:
        """Forecasts the day after the last row of (days, assets) with the parameters as they are.

        Raises:
            RiskError: If there are too few days, or a return is not finite.
        """
        found = self.fitted.forecast(returns[-self.terms.history_days :])
        if not isinstance(found, EllipticalForecast):
            raise RiskError(f"model {self.terms.name}", "no covariance and tail", f"use {', '.join(MODEL_NAMES)}")
        return found

    def degrees(self, returns: Array) -> float:
        """Degrees of freedom of the forecast's Student t.

        Raises:
            RiskError: If `forecast` raises it, or the tails are normal.
        """
        tail = self.forecast(returns).tail
        if not isinstance(tail, Student):
            raise RiskError(f"tail of {self.terms.name}", "no degrees of freedom", "fit it with tails student")
        return tail.degrees

    @property
    def note(self) -> str:
        """The model that was used, or its fallback by name and reason, and the days behind it."""
        found = self.fitted.note
        if isinstance(self.fitted, FittedWeighted):
            return f"{self.observations} days, {found or self.terms.name}"
        return f"{self.observations} days, {self.terms.name}" + (f" ({found})" if found else "")


@lru_cache(maxsize=4)
def fitted_model(data: bytes, shape: tuple[int, ...], terms: ModelTerms) -> BotModel:
    """The model of returns by their bytes: a model's report is of the days that the model has just been fitted to."""
    recent = np.frombuffer(data, dtype=np.float64).reshape(shape)
    return BotModel(terms, estimator(terms).fit(recent), shape[0])


def estimator(terms: ModelTerms) -> GarchModel | WeightedModel:
    """The model of terms, with the exponential average of the same terms as its fallback."""
    average = WeightedModel(
        f"ewma {terms.tails}", terms.halflife_days, terms.shrinkage, terms.tails, terms.min_observations
    )
    if terms.model == "ewma":
        return average
    volatilities, correlations = terms.model.split()
    return GarchModel(terms.name, asymmetric=volatilities == "gjr", dynamic=correlations == "dcc", fallback=average)


def degrees_of_model(returns: Array, terms: ModelTerms) -> float:
    """Degrees of freedom of the Student t that a model's simulated days have, whatever tails are posted.

    Args:
        returns: (days, assets), simple daily returns, oldest first.
        terms: How the model is estimated.

    Raises:
        RiskError: If there are too few days, or a return is not finite.
    """
    return BotModel.fit(returns, replace(terms, tails="student")).degrees(returns)
