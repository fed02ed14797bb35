"""Networks that were trained, as numbers: a forecast in numpy alone, the same to the bit on every machine."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.signals.errors import SignalError

Array = NDArray[np.float64]

HIDDEN = (128, 64, 32)
"""Widths of the hidden layers (docs/decisions/0165)."""
GRID = 2.0**-12
"""Weights, prepared inputs and hidden values are multiples of it, so that sums of their products are exact."""
PROBABILITY_GRID = 2.0**-20
"""A member's probability is a multiple of it: exponentials of two libraries differ in the last bit."""
LARGEST = 2.0**8
"""Magnitude that weights, biases and prepared inputs stay below."""
LARGEST_HIDDEN = 2.0**20
"""Magnitude that hidden values are cut to: with weights of 2^8, products of 2^-24 and 128 terms stay below 2^53."""


@dataclass(frozen=True, eq=False)
class Committee:
    """Networks of one shape that differ by their seed; their mean probability is the forecast.

    Attributes:
        weights: For each layer (members, inputs, outputs); multiples of `GRID`.
        biases: For each layer (members, 1, outputs); multiples of `GRID`.
        slopes: (members,), what a logit is multiplied by before the logistic function: one over the temperature.
    """

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    slopes: Array

    def __post_init__(self) -> None:
        parts = (*self.weights, *self.biases, self.slopes)
        if any(not np.all(np.isfinite(part)) or np.abs(part).max() > LARGEST for part in parts):
            raise SignalError("weights", f"not all finite and at most {LARGEST:g}", "train with other data or rates")

    @property
    def inputs(self) -> int:
        """Number of columns that it reads."""
        return int(self.weights[0].shape[1])

    @property
    def members(self) -> int:
        """Number of networks."""
        return int(self.slopes.size)

    @property
    def digest(self) -> str:
        """SHA-256 of every shape and number."""
        found = hashlib.sha256()
        for part in (*self.weights, *self.biases, self.slopes):
            found.update(f"{part.shape};".encode() + np.ascontiguousarray(part).tobytes())
        return found.hexdigest()

    def logits(self, rows: Array) -> Array:
        """Logits before calibration: (members, rows); exact.

        Args:
            rows: (rows, columns), as `Preparation.apply` gives them.

        Raises:
            SignalError: If the number of columns is another, or a cell is not finite.
        """
        if rows.ndim != 2 or rows.shape[1] != self.inputs:
            raise SignalError(f"rows of shape {rows.shape}", f"the network reads {self.inputs} columns", "give those")
        if not np.all(np.isfinite(rows)):
            column = int(np.argwhere(~np.isfinite(rows))[0][1])
            raise SignalError(f"column {column}", "is not finite", "clean its inputs")
        values = np.broadcast_to(to_grid(np.clip(rows, -LARGEST, LARGEST)), (self.members, *rows.shape))
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            values = values @ weight + bias
            if layer < len(self.weights) - 1:
                values = to_grid(np.clip(values, 0.0, LARGEST_HIDDEN))
        found: Array = values[:, :, 0]
        return found

    def probabilities(self, rows: Array) -> Array:
        """Probability of turbulence by each member: (members, rows), multiples of `PROBABILITY_GRID`.

        Raises:
            SignalError: If `logits` raises it.
        """
        scaled = self.slopes[:, None] * self.logits(rows)
        # A large negative argument overflows to infinity, whose reciprocal is the right 0.
        with np.errstate(over="ignore"):
            found: Array = np.rint(1.0 / (1.0 + np.exp(-scaled)) / PROBABILITY_GRID) * PROBABILITY_GRID
        return found


def to_grid(values: Array) -> Array:
    """The nearest multiples of `GRID`; of two, the even one."""
    found: Array = np.rint(values / GRID) * GRID
    return found
