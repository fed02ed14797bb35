"""Models of a logarithm that has hours of the day: the last value, the hours' means, an average, and a regression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from keepers.signals.liquidity.history import HOURS, Ints

Array = NDArray[np.float64]

DAY, WEEK = 24, 168
"""Steps of the regression's means: a day and a week where a step is an hour."""
_DECAYS = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
_RIDGE = 1.0


@dataclass(frozen=True, eq=False)
class Series:
    """Inputs that a model reads.

    Attributes:
        values: (times,), logarithms.
        hours: (times + horizon,), hour of the day of each time and of those that are forecast.
        horizon: Steps ahead, one or more.
    """

    values: Array
    hours: Ints
    horizon: int

    def until(self, times: int) -> Series:
        """The first so many times."""
        return Series(self.values[:times], self.hours[: times + self.horizon], self.horizon)


class Fitted(Protocol):
    """A model with its parameters."""

    def forecasts(self, series: Series) -> Array:
        """(times,), the forecast after each time of the value `horizon` steps later; it reads nothing later."""
        ...


@dataclass(frozen=True)
class Model:
    """A way to forecast.

    Attributes:
        name: Its name in tables.
        fit: Fits it to a series, every value of which is known.
    """

    name: str
    fit: Callable[[Series], Fitted]


@dataclass(frozen=True)
class LastValue:
    """The value stays."""

    def forecasts(self, series: Series) -> Array:
        """The values."""
        return series.values


@dataclass(frozen=True, eq=False)
class HourOfDay:
    """The mean of the hour.

    Attributes:
        means: (24,), by hour in UTC.
    """

    means: Array

    def forecasts(self, series: Series) -> Array:
        """The mean of the hour that is forecast."""
        found: Array = self.means[series.hours[series.horizon :]]
        return found


@dataclass(frozen=True)
class Average:
    """An exponential average.

    Attributes:
        decay: Weight of the past, 0 to 1.
    """

    decay: float

    def forecasts(self, series: Series) -> Array:
        """The average of the values so far, which begins with the first."""
        return decayed(series.values, self.decay)


@dataclass(frozen=True, eq=False)
class Regression:
    """A regression of the change.

    Attributes:
        means: (24,), mean of each hour.
        coefficients: (columns,); the first is the constant.
    """

    means: Array
    coefficients: Array

    def forecasts(self, series: Series) -> Array:
        """The value and its expected change."""
        found: Array = series.values + columns(series, self.means) @ self.coefficients
        return found


def decayed(values: Array, decay: float) -> Array:
    """(times,), decay times the average before plus the rest times the value; it begins with the first value."""
    found: Array = lfilter([1 - decay], [1, -decay], values, zi=np.array([decay * values[0]]))[0]
    return found


def trailing(values: Array, steps: int) -> Array:
    """(times,), mean of the last `steps` values, of fewer at the beginning."""
    sums = np.concatenate([[0.0], np.cumsum(values - values[0])])
    places = np.arange(1, values.size + 1)
    begins = np.maximum(places - steps, 0)
    found: Array = values[0] + (sums[places] - sums[begins]) / (places - begins)
    return found


def hourly_means(series: Series) -> Array:
    """(24,), mean of the values of each hour; the mean of all in an hour without any."""
    hours = series.hours[: series.values.size]
    count = np.bincount(hours, minlength=HOURS)
    base = series.values[0]
    sums = np.bincount(hours, series.values - base, minlength=HOURS)
    found: Array = base + np.where(count > 0, sums / np.maximum(count, 1), float(np.mean(series.values - base)))
    return found


def columns(series: Series, means: Array) -> Array:
    """(times, 4): constant, distances to the last day's and week's mean, and change of the hours' means.

    Source: Corsi (2009), "A simple approximate long-memory model of realized volatility", J. of Financial Econometrics
    7(2), equation 9, written for the change; what the hours add is Taylor's (2003) double seasonality in its simplest
    form, "Short-term electricity demand forecasting using double seasonal exponential smoothing", JORS 54(8). Hours'
    means are taken off before the means of a day and a week, so that the time of the day moves neither.
    """
    times = series.values.size
    season = means[series.hours]
    off = series.values - season[:times]
    change = season[series.horizon :] - season[:times]
    return np.column_stack([np.ones(times), trailing(off, DAY) - off, trailing(off, WEEK) - off, change])


def fit_last(_: Series) -> Fitted:
    """The last value, of which nothing is fitted."""
    return LastValue()


def fit_hours(series: Series) -> Fitted:
    """Means of the hours."""
    return HourOfDay(hourly_means(series))


def fit_average(series: Series) -> Fitted:
    """The decay with the least squared error, out of eight."""
    targets = series.values[series.horizon :]
    errors = [float(np.sum((targets - decayed(series.values, d)[: targets.size]) ** 2)) for d in _DECAYS]
    return Average(_DECAYS[int(np.argmin(errors))])


def fit_regression(series: Series) -> Fitted:
    """Least squares with a penalty of 1 on squared slopes, in units of each column's deviation."""
    means, known = hourly_means(series), series.values.size - series.horizon
    inputs = columns(series, means)[:known]
    changes = series.values[series.horizon :] - series.values[:known]
    scale = np.concatenate([[1.0], np.std(inputs[:, 1:], axis=0)])
    scale[scale <= 1e-12] = 1.0
    scaled = inputs / scale
    penalty = np.diag([1e-12, *[_RIDGE] * (inputs.shape[1] - 1)])
    found = np.linalg.solve(scaled.T @ scaled + penalty, scaled.T @ changes)
    return Regression(means, found / scale)


MODELS = (
    Model("last value", fit_last),
    Model("hour of day", fit_hours),
    Model("average", fit_average),
    Model("regression", fit_regression),
)
LAST = MODELS[0].name
