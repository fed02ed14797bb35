"""Sums and averages that several features share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TRADING_DAYS = 252
"""Trading days per year, by which volatilities are annualised."""


def log_returns(prices: Array) -> Array:
    """Daily log returns down the first axis, a row fewer than prices."""
    found: Array = np.diff(np.log(prices), axis=0)
    return found


def ratio(above: float, below: float) -> float:
    """A quotient that is zero where its denominator is: a series that stands still has no shape."""
    return above / below if below > 0 else 0.0


def volatility(returns: Array) -> float:
    """Root of the mean square a year: the mean of daily returns is taken as zero."""
    return float(np.sqrt(TRADING_DAYS * np.mean(returns**2)))


def ewma(values: Array, decay: float) -> float:
    """Exponentially weighted mean of a window, the newest value last; the weights sum to one."""
    weights = decay ** np.arange(values.size - 1, -1, -1)
    return float(weights @ values / weights.sum())


def exponential_average(values: Array, span: int) -> Array:
    """Running average y_t = y_(t-1) + 2 / (span + 1) (x_t - y_(t-1)), from the first value on."""
    from scipy.signal import lfilter

    alpha = 2.0 / (span + 1)
    found, _ = lfilter([alpha], [1.0, alpha - 1.0], values, zi=np.array([(1.0 - alpha) * values[0]]))
    return np.asarray(found, dtype=np.float64)


def wilder_average(values: Array, length: int) -> float:
    """Newest value of y_t = y_(t-1) + (x_t - y_(t-1)) / length, begun with the mean of the first `length` values."""
    average = float(values[:length].mean())
    for value in values[length:]:
        average += (float(value) - average) / length
    return average
