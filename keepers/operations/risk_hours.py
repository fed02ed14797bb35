"""Forecasts of breaches within hours, from the bars behind a history's closes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.market.bars import Bars
from keepers.operations.risk_backtest import History
from keepers.operations.risk_simulation import WINDOW
from keepers.risk.alerts import LEAST_SHOCKS, Rehearsal, Start
from keepers.risk.hours import HourHistory, hour_forecasts, hour_probabilities, rehearse_hours, windows_of
from keepers.risk.reverse_stress import Limits

STALE_OPENS = 0.1
"""Share of days that open as the day before closed, above which opens are no prices of their own."""
SOON = 4.0
"""Hours of the default horizon, where a price comes so soon."""


@dataclass(frozen=True, eq=False)
class Forecast:
    """Probabilities of one horizon, and the forecasts over the history that they are judged by.

    Attributes:
        simulated: Probability as simulated, by limit.
        past: Forecasts over the history; None if it says nothing about the horizon.
        column: Index of the horizon in `past`.
        note: Reason for which there is no past; empty if there is one.
    """

    simulated: Mapping[str, float]
    past: Rehearsal | None
    column: int = 0
    note: str = ""


def hourly_bars(history: History) -> Bars | None:
    """Bars that say something about hours, without opens that only repeat closes; None if there are none."""
    bars = history.bars
    return bars if bars is None or bars.stale_opens <= STALE_OPENS else bars.without_opens()


def why_none(history: History) -> str:
    """Reason for which a history says nothing about a part of a day."""
    if history.bars is None:
        return "daily closes say nothing about a part of a day"
    return f"{history.bars.stale_opens:.0%} of the days open at the close before them, so that opens say nothing"


def default_hours(history: History) -> str:
    """The horizon in hours that is looked at if nobody names one: 4h, or more if no price comes so soon."""
    if (bars := hourly_bars(history)) is None:
        return f"{SOON:.0f}h"
    wait = windows_of(bars, SOON).wait
    return f"{math.ceil(wait)}h" if SOON < wait <= 23 else f"{SOON:.0f}h"


def count_forecasts(history: History, hours: float) -> int:
    """Number of forecasts over a history that `forecast_hours` makes."""
    bars = hourly_bars(history)
    return 0 if bars is None else len(hour_forecasts(windows_of(bars, hours), WINDOW))


@dataclass(frozen=True)
class Terms:
    """Terms of a forecast.

    Attributes:
        limits: Limits that are watched.
        factor: Value at risk over volatility.
        paths: Paths of the forecast.
        past_paths: Paths of each forecast over the history.
        seed: Seed of both.
    """

    limits: Limits
    factor: float
    paths: int
    past_paths: int
    seed: int


def forecast_hours(
    bars: Bars,
    start: Start,
    hours: float,
    terms: Terms,
    held: NDArray[np.int64],
    progress: Callable[[int], None] = lambda _: None,
) -> Forecast | str:
    """Probabilities from the last price of some bars on, and the forecasts that they are judged by.

    Args:
        bars: Bars of all assets.
        start: Portfolio and its market after the last close, of the held assets only.
        hours: Horizon, above 0 and below 24.
        terms: Terms.
        held: Columns of the held assets.
        progress: Called with 1 after every forecast of the history.

    Returns:
        The forecast, or the reason for which the bars are too few for one.
    """
    mine = bars.of([bars.symbols[column] for column in held])
    windows = windows_of(mine, hours)
    if not windows.starts.size:
        return "no earlier day has a price at the time of the last one"
    history = HourHistory(mine, windows)
    now = history.now(start.weights, start.drawdown, start.covariance, WINDOW)
    if windows.closing and now.shocks.shape[0] < LEAST_SHOCKS:
        return f"{now.shocks.shape[0]} earlier stretches of as many hours, fewer than {LEAST_SHOCKS}"
    simulated = hour_probabilities(now, terms.limits, terms.paths, (terms.seed,), terms.factor)
    if not windows.closing:
        note = f"no price comes within {hours:g}h of the last one; the next usually comes after {windows.wait:g}h"
        return Forecast(simulated, None, note=note)
    past = rehearse_hours(
        history, start.weights, terms.limits, WINDOW, terms.past_paths, terms.seed, start.drawdown, progress
    )
    return Forecast(simulated, past)
