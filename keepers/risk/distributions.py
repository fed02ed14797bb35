"""Standardised distributions of a day's return: quantile, probability and expected shortfall of the lower tail."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import beta, ndtr, ndtri, stdtr, stdtrit

from keepers.risk.errors import RiskError

Array = NDArray[np.float64]

_FAR = 0.025
"""Probability of the far tail."""


class Distribution(Hashable, Protocol):
    """A distribution of returns in units of a scale that the forecast gives; losses are negative."""

    def quantile(self, probability: Array) -> Array:
        """Returns below which a return falls with each probability, which lies between 0 and 1."""
        ...

    def probability(self, value: Array) -> Array:
        """Returns the probability of a return at or below each value."""
        ...

    def lower_integral(self, probability: Array) -> Array:
        """Integral of `quantile` from 0 to each probability; divided by -probability it is the expected shortfall."""
        ...


@dataclass(frozen=True)
class Normal:
    """Standard normal."""

    def quantile(self, probability: Array) -> Array:
        """See `Distribution`."""
        return np.asarray(ndtri(probability), dtype=np.float64)

    def probability(self, value: Array) -> Array:
        """See `Distribution`."""
        return np.asarray(ndtr(value), dtype=np.float64)

    def lower_integral(self, probability: Array) -> Array:
        """See `Distribution`. Source: McNeil, Frey and Embrechts (2015), example 2.14."""
        return np.asarray(-np.exp(-(ndtri(probability) ** 2) / 2) / np.sqrt(2 * np.pi), dtype=np.float64)


@dataclass(frozen=True)
class Student:
    """Student t, scaled to unit variance.

    Attributes:
        degrees: Degrees of freedom, above 2.

    Raises:
        RiskError: If they are not above 2.
    """

    degrees: float

    def __post_init__(self) -> None:
        if not self.degrees > 2:
            raise RiskError(f"{self.degrees} degrees of freedom", "not above 2", "a t has no variance there")

    @property
    def _scale(self) -> float:
        return float(np.sqrt((self.degrees - 2) / self.degrees))

    def quantile(self, probability: Array) -> Array:
        """See `Distribution`."""
        return np.asarray(self._scale * stdtrit(self.degrees, probability), dtype=np.float64)

    def probability(self, value: Array) -> Array:
        """See `Distribution`."""
        return np.asarray(stdtr(self.degrees, np.asarray(value) / self._scale), dtype=np.float64)

    def lower_integral(self, probability: Array) -> Array:
        """See `Distribution`. Source: McNeil, Frey and Embrechts (2015), example 2.15."""
        raw = stdtrit(self.degrees, probability)
        # At probability 0 the quantile is minus infinity and the integral is zero.
        finite = np.where(np.isfinite(raw), raw, 0.0)
        value = -self._density(finite) * (self.degrees + finite**2) / (self.degrees - 1)
        return np.asarray(np.where(np.isfinite(raw), self._scale * value, 0.0), dtype=np.float64)

    def _density(self, value: Array) -> Array:
        """Density of the t before it is scaled."""
        # scipy.stats has it, and takes longer to import than a command takes that reads a config.
        nu = self.degrees
        kernel = np.exp(-(nu + 1) / 2 * np.log1p(value**2 / nu))
        return np.asarray(kernel / (np.sqrt(nu) * beta(0.5, nu / 2)), dtype=np.float64)


@dataclass(frozen=True)
class Stretched:
    """A distribution whose losses are multiplied by one factor in the far tail and by another outside it.

    A model on chain has a multiplier for value at risk at 95% and one at 99%: factors are what it holds over what was
    estimated, and the far tail begins halfway between, at a probability of 2.5%.

    Attributes:
        base: Distribution that is stretched.
        far: Factor below the 2.5% quantile, above zero.
        near: Factor above it, above zero.
    """

    base: Distribution
    far: float
    near: float

    def quantile(self, probability: Array) -> Array:
        """See `Distribution`."""
        factor = np.where(np.asarray(probability) <= _FAR, self.far, self.near)
        return np.asarray(factor * self.base.quantile(probability), dtype=np.float64)

    def probability(self, value: Array) -> Array:
        """See `Distribution`. A value that the quantile leaves out has the probability where it jumps."""
        far = self.base.probability(np.asarray(value) / self.far)
        near = self.base.probability(np.asarray(value) / self.near)
        return np.asarray(np.where(far <= _FAR, far, np.maximum(near, _FAR)), dtype=np.float64)

    def lower_integral(self, probability: Array) -> Array:
        """See `Distribution`."""
        asked = np.asarray(probability, dtype=np.float64)
        far = self.base.lower_integral(np.minimum(asked, _FAR))
        return np.asarray(self.far * far + self.near * (self.base.lower_integral(asked) - far), dtype=np.float64)


class Empirical:
    """Distribution of a sample, linear between its sorted values at probabilities (i - 1/2) / n.

    Below the smallest value and above the largest there is nothing. Source of the positions: Hyndman and Fan (1996),
    "Sample quantiles in statistical packages", American Statistician 50(4), definition 5.

    Args:
        sample: (days,), standardised returns, finite.

    Raises:
        RiskError: If there are fewer than two values, or one is not finite.
    """

    def __init__(self, sample: Array) -> None:
        if sample.ndim != 1 or sample.size < 2 or not np.all(np.isfinite(sample)):
            raise RiskError(f"sample of shape {sample.shape}", "not two or more finite values", "clean the returns")
        self._values = np.sort(sample)
        inner = (np.arange(sample.size) + 0.5) / sample.size
        self._knots = np.concatenate([[0.0], inner, [1.0]])
        padded = np.concatenate([self._values[:1], self._values, self._values[-1:]])
        self._padded = padded
        areas = np.diff(self._knots) * (padded[1:] + padded[:-1]) / 2
        self._integrals = np.concatenate([[0.0], np.cumsum(areas)])

    def quantile(self, probability: Array) -> Array:
        """See `Distribution`."""
        return np.asarray(np.interp(probability, self._knots, self._padded), dtype=np.float64)

    def probability(self, value: Array) -> Array:
        """See `Distribution`. Values outside the sample get half a place beyond its first or last value."""
        edge = 0.5 / self._values.size
        inner = np.interp(value, self._values, self._knots[1:-1])
        beyond = np.where(np.asarray(value) < self._values[0], edge / 2, inner)
        return np.asarray(np.where(np.asarray(value) > self._values[-1], 1 - edge / 2, beyond), dtype=np.float64)

    def lower_integral(self, probability: Array) -> Array:
        """See `Distribution`."""
        asked = np.asarray(probability, dtype=np.float64)
        at = np.clip(np.searchsorted(self._knots, asked, side="right") - 1, 0, self._knots.size - 2)
        way = asked - self._knots[at]
        middle = (self._padded[at] + self.quantile(asked)) / 2
        return np.asarray(self._integrals[at] + way * middle, dtype=np.float64)


@lru_cache(maxsize=1024)
def value_at_risk_of(distribution: Distribution, level: float) -> float:
    """Loss that is exceeded with probability 1 - level, in units of the scale."""
    return -float(distribution.quantile(np.array(1 - level)))


@lru_cache(maxsize=1024)
def shortfall_of(distribution: Distribution, level: float) -> float:
    """Mean loss in the worst 1 - level of cases, in units of the scale.

    Source: Acerbi and Tasche (2002), "On the coherence of expected shortfall", J. of Banking and Finance 26.
    """
    tail = 1 - level
    return -float(distribution.lower_integral(np.array(tail))) / tail
