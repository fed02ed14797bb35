"""Imputation, clipping and scaling, fitted on training rows and applied to others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.signals.errors import SignalError

Array = NDArray[np.float64]

TAIL = 0.005
"""Share of the training rows on either side that are clipped to its quantile."""


@dataclass(frozen=True, eq=False)
class Preparation:
    """Statistics of training rows; it has no way to learn from others.

    Attributes:
        fill: (columns,), medians that stand for missing cells.
        low, high: (columns,), quantiles that cells are clipped to.
        mean, scale: (columns,), mean and standard deviation of what was filled and clipped; a column that does not vary
            has a scale of one.
    """

    fill: Array
    low: Array
    high: Array
    mean: Array
    scale: Array

    @classmethod
    def fit(cls, train: Array, tail: float = TAIL) -> Preparation:
        """Learns from training rows.

        Args:
            train: (rows, columns), with NaN where a cell is missing.
            tail: Share on either side beyond which cells are clipped.

        Raises:
            SignalError: If a column has no value, or an infinite one, or there are no rows.
        """
        if train.ndim != 2 or not train.size:
            raise SignalError(f"training rows of shape {train.shape}", "not (rows, columns)", "give at least one row")
        if not 0 <= tail < 0.5:
            raise SignalError(f"a tail of {tail}", "not at least 0 and below 0.5", "give 0.005 for half a percent")
        if np.any(np.isinf(train)):
            column = int(np.argwhere(np.isinf(train))[0][1])
            raise SignalError(f"column {column}", "is infinite in training", "clean its inputs")
        empty = np.all(np.isnan(train), axis=0)
        if np.any(empty):
            raise SignalError(f"column {int(np.argmax(empty))}", "has no value in training", "leave it out")
        fill = np.nanmedian(train, axis=0)
        low, high = np.nanquantile(train, [tail, 1 - tail], axis=0)
        clipped = np.clip(np.where(np.isnan(train), fill, train), low, high)
        spread = clipped.std(axis=0)
        still = spread <= 1e-12 * np.maximum(np.abs(clipped).max(axis=0), 1e-300)
        return cls(fill, low, high, clipped.mean(axis=0), np.where(still, 1.0, spread))

    def apply(self, rows: Array) -> Array:
        """Rows as a model gets them: filled, clipped, and in standard deviations of the training rows.

        Args:
            rows: (rows, columns).

        Raises:
            SignalError: If the number of columns is another, or a cell is infinite.
        """
        if rows.ndim != 2 or rows.shape[1] != self.fill.size:
            raise SignalError(f"rows of shape {rows.shape}", f"fitted with {self.fill.size} columns", "use the same")
        if np.any(np.isinf(rows)):
            column = int(np.argwhere(np.isinf(rows))[0][1])
            raise SignalError(f"column {column}", "is infinite", "clean its inputs")
        clipped = np.clip(np.where(np.isnan(rows), self.fill, rows), self.low, self.high)
        found: Array = (clipped - self.mean) / self.scale
        return found
