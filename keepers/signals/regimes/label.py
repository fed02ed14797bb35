"""The label: whether the coming days are more volatile than the median of the past."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from keepers.signals.errors import SignalError

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Label:
    """Definition of the label.

    Attributes:
        horizon: Days that it looks ahead, and that volatility is measured over.
        median_days: Days whose volatilities the threshold is the median of.

    Raises:
        SignalError: If either is no number of days.
    """

    horizon: int = 21
    median_days: int = 756

    def __post_init__(self) -> None:
        if self.horizon < 1 or self.median_days < 1:
            raise SignalError(
                f"horizon {self.horizon}, median of {self.median_days} days", "no label", "give 1 or more of each"
            )

    @property
    def first_row(self) -> int:
        """The first close at which the threshold is known."""
        return self.horizon + self.median_days - 1


@dataclass(frozen=True, eq=False)
class Labelled:
    """A market's volatility and regimes; NaN and False before they are known.

    Attributes:
        label: Definition.
        returns: (days,), daily log returns; the first is 0, because there is none.
        volatility: (days,), root mean square of the `horizon` returns that end on a day.
        threshold: (days,), median of the volatilities of the `median_days` days that end on a day.
        turbulent: (days,), True if the volatility of the days after a day exceeds the threshold of that day.
        known: (days,), True where the threshold is known and the label is complete.
    """

    label: Label
    returns: Array
    volatility: Array
    threshold: Array
    turbulent: Flags
    known: Flags

    @classmethod
    def of(cls, closes: Array, label: Label) -> Labelled:
        """Labels of a market's closes.

        Args:
            closes: (days,), positive.
            label: Definition.

        Raises:
            SignalError: If no day has a label.
        """
        days, horizon = closes.size, label.horizon
        if days < label.first_row + horizon + 1:
            raise SignalError(
                f"{days} days", f"{label.first_row + horizon + 1} are needed for one label", "give a longer history"
            )
        returns = np.concatenate([[0.0], np.diff(np.log(closes))])
        squares = np.lib.stride_tricks.sliding_window_view(returns[1:] ** 2, horizon)
        volatility = np.full(days, np.nan)
        volatility[horizon:] = np.sqrt(squares.mean(axis=1))
        threshold = np.full(days, np.nan)
        past = np.lib.stride_tricks.sliding_window_view(volatility[horizon:], label.median_days)
        threshold[label.first_row :] = np.median(past, axis=1)
        coming = np.full(days, np.nan)
        coming[:-horizon] = volatility[horizon:]
        known = np.isfinite(threshold) & np.isfinite(coming)
        turbulent = np.zeros(days, dtype=np.bool_)
        turbulent[known] = coming[known] > threshold[known]
        return cls(label, returns, volatility, threshold, turbulent, known)


def outcomes(dates: Sequence[date], closes: Array, label: Label, days: Iterable[date]) -> dict[date, bool]:
    """The label of those of some days at which it is known by now.

    Args:
        dates: Days of the history.
        closes: (days,), positive closes of the market.
        label: Definition.
        days: Days that are asked for; those that are not in the history are left out.
    """
    if closes.size < label.first_row + label.horizon + 1:
        return {}
    labelled = Labelled.of(closes, label)
    row_of = {day: row for row, day in enumerate(dates)}
    rows = {day: row_of[day] for day in days if day in row_of}
    return {day: bool(labelled.turbulent[row]) for day, row in rows.items() if labelled.known[row]}
