"""Oscillators of technical analysis, made free of the price's unit."""

from __future__ import annotations

import numpy as np

from keepers.signals.features.arithmetic import exponential_average, ratio, wilder_average
from keepers.signals.features.frame import Window
from keepers.signals.features.registry import feature

_WARM = 140
"""Rows before Wilder's average of 14 has forgotten how it was begun: (13 / 14)^126 is below 0.0001."""


@feature(
    "rsi_14",
    formula="100 U / (U + D), U and D Wilder's averages of 14 of rises and falls, 140 rows; 50 where nothing moved",
    source="Wilder 1978, section VI",
    unit="0 to 100",
    inputs=("close",),
    length=_WARM + 1,
)
def rsi_14(window: Window) -> float:
    """Relative strength."""
    moves = np.diff(window["close"])
    up, down = wilder_average(np.maximum(moves, 0.0), 14), wilder_average(np.maximum(-moves, 0.0), 14)
    return 100.0 * up / (up + down) if up + down > 0 else 50.0


def _line(window: Window) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    close = window["close"]
    return exponential_average(close, 12) - exponential_average(close, 26)


@feature(
    "macd",
    formula="(EMA 12 - EMA 26 of closes) / close_t, 160 rows",
    source="Appel 1979",
    unit="fraction of the price",
    inputs=("close",),
    length=160,
)
def macd(window: Window) -> float:
    """Distance between two moving averages."""
    return float(_line(window)[-1] / window["close"][-1])


@feature(
    "macd_histogram",
    formula="(MACD line - its EMA 9) / close_t, 160 rows",
    source="Appel 1979",
    unit="fraction of the price",
    inputs=("close",),
    length=160,
)
def macd_histogram(window: Window) -> float:
    """How fast that distance changes."""
    line = _line(window)
    return float((line[-1] - exponential_average(line, 9)[-1]) / window["close"][-1])


@feature(
    "atr_14",
    formula="Wilder's average of 14 of max(high, close before) - min(low, close before), over close_t, 140 rows",
    source="Wilder 1978, section III",
    unit="fraction of the price",
    inputs=("high", "low", "close"),
    length=_WARM + 1,
)
def atr_14(window: Window) -> float:
    """A day's range with its gap, over the price."""
    before = window["close"][:-1]
    ranges = np.maximum(window["high"][1:], before) - np.minimum(window["low"][1:], before)
    return wilder_average(ranges, 14) / float(window["close"][-1])


@feature(
    "stochastic_14",
    formula="(close_t - lowest low) / (highest high - lowest low) of 14 days; 1/2 where they are one",
    source="Lane 1984",
    unit="fraction",
    inputs=("high", "low", "close"),
    length=14,
)
def stochastic_14(window: Window) -> float:
    """Place of the close within the range of 14 days."""
    low, high = float(window["low"].min()), float(window["high"].max())
    return (float(window["close"][-1]) - low) / (high - low) if high > low else 0.5


@feature(
    "bollinger_20",
    formula="(close_t - mean of 20 closes) / their standard deviation; 0 where they are equal",
    source="Bollinger 2001",
    unit="standard deviations",
    inputs=("close",),
    length=20,
)
def bollinger_20(window: Window) -> float:
    """Distance from the mean of a month in its own spread."""
    close = window["close"]
    spread = float(close.std())
    if spread <= 1e-12 * float(close.max()):
        return 0.0
    return ratio(float(close[-1] - close.mean()), spread)
