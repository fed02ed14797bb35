"""What models of the regime read: the market's volatilities over the threshold, and the registry's features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.signals.features import Feature, Frame, first_row, matrix
from keepers.signals.regimes.label import Label, Labelled

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

RATIO_DAYS = (5, 10, 21, 63, 126, 252)
"""Days of the volatilities whose ratios to the threshold the narrow models read."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """A labelled history with its inputs, at the rows at which label and inputs are all known.

    Attributes:
        labelled: Label, threshold and returns of every day.
        rows: (labelled days,), rows of the history, contiguous.
        ratios: (labelled days, 6), logarithms of volatilities over the threshold.
        features: (labelled days, features).
        names: Names of the features.
    """

    labelled: Labelled
    rows: Rows
    ratios: Array
    features: Array
    names: tuple[str, ...]

    @property
    def turbulent(self) -> NDArray[np.bool_]:
        """(labelled days,), the label."""
        return self.labelled.turbulent[self.rows]

    @property
    def wide(self) -> Array:
        """(labelled days, 6 + features), all inputs."""
        return np.column_stack([self.ratios, self.features])

    @classmethod
    def of(cls, frame: Frame, features: Sequence[Feature], label: Label) -> Inputs:
        """Inputs of a history.

        Args:
            frame: History with closes of the market.
            features: Features of the wide models.
            label: Definition of the label.

        Raises:
            SignalError: If the history is too short, or a feature cannot be computed.
        """
        labelled = Labelled.of(frame.daily["close"], label)
        first = max(label.first_row, first_row(frame, features), max(RATIO_DAYS))
        rows = np.arange(first, len(frame.dates) - label.horizon, dtype=np.int64)
        squares = np.concatenate([[0.0], np.cumsum(labelled.returns**2)])
        variances = np.column_stack([(squares[rows + 1] - squares[rows + 1 - days]) / days for days in RATIO_DAYS])
        with np.errstate(divide="ignore"):
            ratios = 0.5 * np.log(np.maximum(variances, 0.0)) - np.log(labelled.threshold[rows])[:, None]
        # A market that stood still has no logarithm; training fills what is missing.
        ratios[~np.isfinite(ratios)] = np.nan
        values = matrix(frame, features, [int(row) for row in rows])
        return cls(labelled, rows, ratios, values, tuple(found.name for found in features))
