"""The gates that fitted models stand behind: a sound window, enough days, and parameters that were found."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from keepers.risk.models.garch import LEAST_DAYS
from keepers.risk.models.protocol import FittedModel, check_window
from keepers.risk.models.weighted import FittedWeighted, WeightedModel

Array = NDArray[np.float64]

FALLBACK = WeightedModel("ewma student", 30.0)
"""Model of a history that another model cannot be fitted to."""


class NotFound(Exception):
    """Parameters were not found, for a reason that the fallback's note repeats."""


@dataclass(frozen=True)
class GatedModel(ABC):
    """A model that needs 500 observations and parameters that can be found; its place is else taken by the fallback.

    Attributes:
        name: Name in tables.
        fallback: Model that takes its place.
    """

    name: str
    fallback: WeightedModel = field(default=FALLBACK, kw_only=True)

    def fit(self, returns: Array) -> FittedModel:
        """See `Model`. The fallback has a note that says its name and why."""
        check_window(returns, self.fallback.least_days)
        if returns.shape[0] < LEAST_DAYS:
            return self._fall_back(returns, f"{returns.shape[0]} observations, fewer than {LEAST_DAYS}")
        try:
            return self.estimate(returns)
        except NotFound as reason:
            return self._fall_back(returns, str(reason))

    @abstractmethod
    def estimate(self, returns: Array) -> FittedModel:
        """Estimates parameters from enough days, (days, assets), all finite.

        Raises:
            NotFound: If there are none.
        """

    def _fall_back(self, returns: Array, reason: str) -> FittedWeighted:
        fitted = self.fallback.fit(returns)
        return FittedWeighted(fitted.model, fitted.tail, f"{self.fallback.name}: {reason}")
