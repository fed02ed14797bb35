"""A forecast of the coming regime, and what every model that gives one has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from keepers.signals.errors import SignalError
from keepers.signals.features import Frame
from keepers.signals.regimes.label import Label

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RegimeForecast:
    """A forecast at the close of one day.

    Attributes:
        inputs: (columns,), the numbers that it was made of.
        probability: Probability of turbulence.
        turbulent: True if it predicts turbulence.
    """

    inputs: Array
    probability: float
    turbulent: bool

    @property
    def confidence(self) -> float:
        """Probability of the predicted regime."""
        return self.probability if self.turbulent else 1 - self.probability


class RegimeModel(Protocol):
    """A model file that was opened."""

    @property
    def weights_hash(self) -> bytes:
        """keccak256 of the file, 32 bytes."""
        ...

    @property
    def label(self) -> Label:
        """Label that it forecasts."""
        ...

    @property
    def trained_until(self) -> date:
        """Last day whose close it was trained on."""
        ...

    def forecast(self, frame: Frame) -> RegimeForecast:
        """Forecast at the close of a history's last day.

        Raises:
            SignalError: If the history is too short or lacks an input, or a number is not finite.
        """
        ...


def require_inputs(frame: Frame, names: Sequence[str]) -> None:
    """Refuses a history without what a model reads.

    Raises:
        SignalError: If an input is missing.
    """
    for name in names:
        if name not in frame.daily:
            raise SignalError(f"input '{name}'", "not part of this history", "add it under 'daily'")
