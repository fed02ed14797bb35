"""Daily prices as variances: squared returns, and what the day's range says."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from keepers.signals.errors import SignalError

Array = NDArray[np.float64]

_LEAST_VARIANCE = 1e-8
"""Floor of a day's range variance, a move of one basis point: a day on which nothing traded has no logarithm."""


@dataclass(frozen=True, eq=False)
class RangeHistory:
    """Log returns and range variances of the same days, oldest first.

    Attributes:
        dates: Days; the first day of the prices has no return and is left out.
        returns: (days,), log returns from close to close.
        variances: (days,), (ln(open / close before))^2 plus the variance of Garman and Klass over the day: (ln(high /
            low))^2 / 2 - (2 ln 2 - 1) (ln(close / open))^2, at least 1e-8. Source: Garman and Klass (1980), "On the
            estimation of security price volatilities from historical data", J. of Business 53(1), equation 20.
    """

    dates: tuple[date, ...]
    returns: Array
    variances: Array

    @classmethod
    def of(cls, dates: tuple[date, ...], opens: Array, highs: Array, lows: Array, closes: Array) -> RangeHistory:
        """The history of daily prices.

        Args:
            dates: Trading days.
            opens, highs, lows, closes: (days,), positive.

        Raises:
            SignalError: If shapes differ, a price is not positive and finite, or a high is below or a low above another
                price of its day.
        """
        table = np.column_stack([opens, highs, lows, closes])
        if table.shape != (len(dates), 4) or len(dates) < 2:
            raise SignalError(f"{len(dates)} days of prices {table.shape}", "do not fit", "give two days or more")
        sound = np.all(np.isfinite(table) & (table > 0), axis=1)
        sound &= (table[:, 1] >= table.max(axis=1)) & (table[:, 2] <= table.min(axis=1))
        if not sound.all():
            day = dates[int(np.argmin(sound))]
            raise SignalError(f"prices of {day}", "not positive, or outside their own range", "correct that day")
        o, h, low, c = np.log(table).T
        inside = (h - low) ** 2 / 2 - (2 * math.log(2) - 1) * (c - o) ** 2
        found = (o[1:] - c[:-1]) ** 2 + inside[1:]
        return cls(dates[1:], np.diff(c), np.maximum(found, _LEAST_VARIANCE))

    def between(self, start: int, stop: int) -> RangeHistory:
        """The days from one row to before another."""
        return RangeHistory(self.dates[start:stop], self.returns[start:stop], self.variances[start:stop])
