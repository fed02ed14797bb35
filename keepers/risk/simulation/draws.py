"""Standard normal and uniform numbers of a block: pseudo-random, antithetic, or a scrambled Sobol sequence."""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtri
from scipy.stats import qmc

Array = NDArray[np.float64]

Sampling = Literal["plain", "antithetic", "sobol"]

_EDGE = 2.0**-53
"""Uniform numbers stay so far from 0 and 1 that their quantiles are finite."""


class Draws:
    """The numbers that one block of paths is made of, day by day.

    Whatever the sampling, a block depends on the seed and on its index alone. Antithetic paths are the negatives of the
    first half (Hammersley and Morton 1956). A Sobol sequence has a dimension for every number of a path and is
    scrambled anew for every block, so that blocks are independent replications of one another (Owen 1995, "Randomly
    permuted (t,m,s)-nets and (t,s)-sequences").

    Args:
        seed: Seed of the simulation.
        block: Index of the block.
        paths: Number of paths.
        width: Normal numbers of a path on a day.
        extra: Uniform numbers of a path on a day.
        days: Days that will be asked for.
        sampling: How numbers are drawn.
    """

    def __init__(
        self, seed: int, block: int, paths: int, width: int, extra: int, days: int, sampling: Sampling = "plain"
    ) -> None:
        self._generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(block,))))
        self._paths, self._width, self._extra, self._sampling = paths, width, extra, sampling
        self._day = 0
        self._sequence = self._sobol(days) if sampling == "sobol" else np.empty((0, 0))

    def normal(self) -> Array:
        """(paths, width), the day's standard normal numbers; `uniform` gives the same day's others."""
        if self._sampling == "sobol":
            start = self._day * (self._width + self._extra)
            return np.asarray(ndtri(self._sequence[:, start : start + self._width]), dtype=np.float64)
        if self._sampling == "plain":
            return self._generator.standard_normal((self._paths, self._width))
        half = self._generator.standard_normal((-(-self._paths // 2), self._width))
        pairs: Array = np.concatenate([half, -half])[: self._paths]
        return pairs

    def uniform(self) -> Array:
        """(paths, extra), the day's uniform numbers; ends the day. Antithetic pairs share them."""
        if self._sampling == "sobol":
            end = (self._day + 1) * (self._width + self._extra)
            self._day += 1
            shared: Array = self._sequence[:, end - self._extra : end]
            return shared
        if self._sampling == "plain":
            return self._generator.random((self._paths, self._extra))
        half = self._generator.random((-(-self._paths // 2), self._extra))
        pairs: Array = np.concatenate([half, half])[: self._paths]
        return pairs

    def chi_squared(self, degrees: float) -> Array:
        """(paths, 1), chi-squared numbers of the day; ends the day. The source has `extra` 1."""
        if self._sampling == "plain":
            return self._generator.chisquare(degrees, (self._paths, 1))
        return np.asarray(2 * gammaincinv(degrees / 2, self.uniform()), dtype=np.float64)

    def _sobol(self, days: int) -> Array:
        engine = qmc.Sobol(days * (self._width + self._extra), scramble=True, seed=self._generator)
        with warnings.catch_warnings():
            # A last block of another size than a power of two is less even; it is no error.
            warnings.filterwarnings("ignore", "The balance properties", UserWarning)
            found: Array = np.clip(engine.random(self._paths), _EDGE, 1 - _EDGE)
        return found
