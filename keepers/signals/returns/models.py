"""Models of the return over the coming days: a random walk, its drift, and a regression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HORIZONS = (1, 5, 21)
"""Days ahead of the forecasts: a day, a week, a month."""
LONGEST = max(HORIZONS)
REFIT = 252
"""Days after which a model is fitted again."""
DECAY = 0.94
"""Decay of squared returns in the volatility that returns are measured in (RiskMetrics Technical Document 1996)."""
FLOOR = 1e-4
"""Least volatility of a day: a series that stands still has a scale too."""
SEQUENCE = 21
"""Days that a model reads."""
_FIRST = 63
_RIDGE = 100.0


class Fitted(Protocol):
    """A model with its parameters."""

    def forecasts(self, returns: Array, start: int) -> Array:
        """Forecasts of log returns over the coming days.

        Args:
            returns: (days,), daily log returns.
            start: Number of days before the first forecast, at least `SEQUENCE`.

        Returns:
            (days - start + 1, horizons); row k is known after `start` + k days and reads no later one.
        """
        ...


@dataclass(frozen=True)
class Model:
    """A way to forecast.

    Attributes:
        name: Its name in tables.
        fit: Fits it to (days,) log returns, every one of which is known.
    """

    name: str
    fit: Callable[[Array], Fitted]


@dataclass(frozen=True)
class Steady:
    """The same mean every day; a random walk where it is zero."""

    daily: float

    def forecasts(self, returns: Array, start: int) -> Array:
        """The mean times the days of each horizon."""
        rows = returns.size - start + 1
        found: Array = np.tile(self.daily * np.asarray(HORIZONS, dtype=np.float64), (rows, 1))
        return found


@dataclass(frozen=True, eq=False)
class Regression:
    """A ridge regression on returns in units of their volatility.

    Attributes:
        coefficients: (columns, horizons); the first row is the constant.
    """

    coefficients: Array

    def forecasts(self, returns: Array, start: int) -> Array:
        """The regression's line, back in log returns."""
        scale = volatility(returns)[start - 1 :]
        found: Array = (columns(returns)[start - 1 :] @ self.coefficients) * units(scale)
        return found


def volatility(returns: Array) -> Array:
    """(days,), root of the decayed mean of squared returns up to each day, the day itself included.

    It starts from the mean of the first days, which makes those days know of each other: no forecast is made of them.
    """
    squares = returns**2
    found = np.empty(returns.size)
    level = float(squares[:_FIRST].mean())
    for day, square in enumerate(squares):
        level = DECAY * level + (1 - DECAY) * float(square)
        found[day] = level
    return np.maximum(np.sqrt(found), FLOOR)


def units(scale: Array) -> Array:
    """(days, horizons), standard deviation of a sum of independent days: scale times the horizon's root."""
    found: Array = scale[:, np.newaxis] * np.sqrt(np.asarray(HORIZONS, dtype=np.float64))
    return found


def targets(returns: Array) -> Array:
    """(days, horizons), sums of the returns of the coming days; NaN where the last of them is not there."""
    sums = np.concatenate([[0.0], np.cumsum(returns)])
    found = np.full((returns.size, len(HORIZONS)), np.nan)
    for column, horizon in enumerate(HORIZONS):
        found[: returns.size - horizon, column] = sums[1 + horizon :] - sums[1:-horizon]
    return found


def columns(returns: Array) -> Array:
    """(days, 4), constant, and sums of 1, 5 and 21 returns over volatility times the root of their number.

    Rows before day `SEQUENCE` - 1 are of shorter sums, and no forecast reads them.
    """
    sums = np.concatenate([np.zeros(LONGEST), np.cumsum(returns)])
    moves = np.column_stack([sums[LONGEST:] - sums[LONGEST - days : sums.size - days] for days in HORIZONS])
    return np.column_stack([np.ones(returns.size), moves / units(volatility(returns))])


def training_rows(returns: Array) -> slice:
    """Days that a model learns from: those whose inputs are whole and whose outcomes are all known."""
    return slice(_FIRST - 1, returns.size - LONGEST)


def fit_walk(_: Array) -> Fitted:
    """A random walk, of which nothing is fitted."""
    return Steady(0.0)


def fit_drift(returns: Array) -> Fitted:
    """The mean of the returns so far."""
    return Steady(float(returns.mean()))


def fit_regression(returns: Array) -> Fitted:
    """Least squares with a penalty of 100 on squared slopes, in units of volatility; the constant has none."""
    rows = training_rows(returns)
    inputs, known = columns(returns)[rows], (targets(returns) / units(volatility(returns)))[rows]
    penalty = np.diag([0.0, *[_RIDGE] * (inputs.shape[1] - 1)])
    return Regression(np.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ known))


SIMPLE = (Model("random walk", fit_walk), Model("drift", fit_drift), Model("regression", fit_regression))
"""Models that need numpy alone."""
