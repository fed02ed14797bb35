"""Distribution of the sum of losses beyond value at risk over many days, by the fast Fourier transform."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_POINTS = 2**17
_DEVIATIONS = 14.0
_LARGEST = 60.0
"""A single loss of so many expected shortfalls fits on the grid beside the mean sum; larger ones count as that."""


class SumOfLosses:
    """Sum over independent days of a loss that is zero with probability 1 - hit.

    The losses are put on a grid so that their mean stays exact (Gerber 1982, "On the numerical evaluation of the
    distribution of aggregate claims and its stop-loss premiums", Insurance: Mathematics and Economics 1), and the
    characteristic function of a day is raised to the number of days. It replaces the simulation of Acerbi and Szekely:
    the same input gives the same critical value, without an error of simulation.

    Args:
        losses: (points,), at least zero.
        weights: (points,), probabilities given a hit, summing to one.
        hit: Probability of a hit on a day, up to 1.
        days: Number of days.
    """

    def __init__(self, losses: Array, weights: Array, hit: float, days: int) -> None:
        mean, second = float(weights @ losses), float(weights @ losses**2)
        self.mean = days * hit * mean
        spread = np.sqrt(days * max(hit * second - (hit * mean) ** 2, 0.0))
        top = self.mean + max(_DEVIATIONS * float(spread), _LARGEST * mean)
        self._step = top / (_POINTS - 1)
        day = np.zeros(_POINTS)
        place = np.minimum(losses / self._step, _POINTS - 2)
        below = place.astype(np.int64)
        part = place - below
        np.add.at(day, below, hit * weights * (1 - part))
        np.add.at(day, below + 1, hit * weights * part)
        day[0] += 1 - hit
        masses = np.fft.irfft(np.fft.rfft(day) ** days, _POINTS)
        self._below = np.clip(np.cumsum(np.maximum(masses, 0.0)), 0.0, 1.0)
        self._none = max(float(masses[0]), 0.0)

    def at_least(self, total: Array) -> Array:
        """Probability of each sum or a larger one; of zero it is one."""
        place = np.asarray(total, dtype=np.float64) / self._step - 0.5
        below = np.interp(place, np.arange(_POINTS), self._below, left=self._none)
        found: Array = np.where(np.asarray(total) <= 0, 1.0, np.clip(1 - below, 0.0, 1.0))
        return found

    def quantile(self, probability: float) -> float:
        """Sum that is exceeded with probability 1 - `probability`."""
        at = int(np.searchsorted(self._below, probability))
        before = float(self._below[at - 1]) if at else 0.0
        width = float(self._below[at]) - before
        inside = (probability - before) / width if width > 0 else 1.0
        return max(0.0, (at - 1 + inside + 0.5) * self._step)
