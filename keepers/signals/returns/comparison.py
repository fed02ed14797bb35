"""Walk-forward forecasts of returns by every model, their errors beside a random walk's, and their intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from keepers.risk.backtests.scoring import Comparison, diebold_mariano
from keepers.signals.errors import SignalError
from keepers.signals.returns.conformal import (
    GROUPS,
    MEMORY,
    Intervals,
    adaptive_intervals,
    interval_score,
    volatility_groups,
)
from keepers.signals.returns.models import HORIZONS, LONGEST, REFIT, Model, targets, units, volatility

Array = NDArray[np.float64]

WINDOW = 1_000
"""Training days before the first forecast; later fits learn from all days so far (docs/decisions/0215)."""


@dataclass(frozen=True, eq=False)
class Judged:
    """Every model's forecasts of the same days, those whose last horizon has passed.

    Attributes:
        dates: Last day that each forecast knows.
        outcomes: (days, horizons), log returns.
        scales: (days, horizons), volatility known with the forecasts.
        forecasts: (days, horizons) of each model.
    """

    dates: tuple[date, ...]
    outcomes: Array
    scales: Array
    forecasts: Mapping[str, Array]

    def row(self, model: str, walk: str, horizon: int) -> Row:
        """Judges one model over one horizon, on the days with intervals.

        Args:
            model: Its name.
            walk: Name of the random walk.
            horizon: One of `HORIZONS`.
        """
        column = HORIZONS.index(horizon)
        actual, scales = self.outcomes[:, column], self.scales[:, column]
        groups = volatility_groups(scales, WINDOW)
        forecast = self.forecasts[model][:, column]
        intervals = adaptive_intervals(forecast, actual, scales, groups, horizon)
        days = intervals.known
        errors, walks = np.abs(actual - forecast)[days], np.abs(actual - self.forecasts[walk][:, column])[days]
        test = None if model == walk else diebold_mariano(errors, walks, horizon)
        covered = intervals.covers(actual)[days]
        thirds = _thirds(scales[days])
        return Row(
            model,
            horizon,
            int(days.sum()),
            float(errors.mean() / walks.mean()),
            test,
            float(covered.mean()),
            tuple(float(covered[thirds == third].mean()) for third in range(GROUPS)),
            _width(intervals, days),
            float(np.mean(interval_score(intervals, actual)[days])),
        )


@dataclass(frozen=True)
class Row:
    """A model over one horizon.

    Attributes:
        model: Its name.
        horizon: Days ahead.
        days: Forecasts with an interval.
        mase: Mean absolute error over that of the random walk on the same days (Hyndman and Koehler 2006, with the
            forecasts of the naive method out of sample).
        against: Diebold and Mariano's test of absolute errors against the random walk's; None for that one itself.
        coverage: Fraction of outcomes inside their intervals.
        coverages: The same in each third of the days by volatility, the calmest first.
        width: Mean width of the intervals, log return.
        score: Mean interval score; less is better.
    """

    model: str
    horizon: int
    days: int
    mase: float
    against: Comparison | None
    coverage: float
    coverages: tuple[float, ...]
    width: float
    score: float


def walk_forward(model: Model, returns: Array, window: int = WINDOW) -> Array:
    """Forecasts after each day from the first window's last on, every one from the days up to it.

    Args:
        model: The model; it is fitted anew every `REFIT` days, on all days so far.
        returns: (days,), log returns.
        window: Days before the first forecast.

    Returns:
        (days - window - LONGEST + 1, horizons): the last forecasts are those whose outcomes are known.

    Raises:
        SignalError: If there are too few days to judge an interval.
    """
    least = window + LONGEST + MEMORY
    if returns.size <= least:
        raise SignalError(f"{returns.size} days", f"more than {least} are needed", "give a longer history")
    stop = returns.size - LONGEST + 1
    parts = []
    for begin in range(window, stop, REFIT):
        last = min(begin + REFIT, stop) - 1
        parts.append(model.fit(returns[:begin]).forecasts(returns[:last], begin))
    return np.concatenate(parts)


def judge(
    models: Sequence[Model],
    dates: Sequence[date],
    returns: Array,
    progress: Callable[[str], None] = lambda _: None,
    window: int = WINDOW,
) -> Judged:
    """Forecasts of all models.

    Args:
        models: Models with distinct names.
        dates: Of the returns.
        returns: (days,), log returns.
        progress: Called with each model's name before its forecasts.
        window: Days before the first forecast.

    Raises:
        SignalError: If `walk_forward` raises it.
    """
    forecasts = {}
    for model in models:
        progress(model.name)
        forecasts[model.name] = walk_forward(model, returns, window)
    days = slice(window - 1, returns.size - LONGEST)
    return Judged(tuple(dates)[days], targets(returns)[days], units(volatility(returns))[days], forecasts)


def _thirds(scales: Array) -> NDArray[np.int64]:
    """(days,), 0 to 2 by the rank of the volatility among all these days."""
    ranks = np.argsort(np.argsort(scales, kind="stable"), kind="stable")
    return np.asarray(ranks * GROUPS // scales.size, dtype=np.int64)


def _width(intervals: Intervals, days: NDArray[np.bool_]) -> float:
    return float(np.mean(intervals.high[days] - intervals.low[days]))
