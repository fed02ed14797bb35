"""Volatility from closes and from ranges, its term structure, downside and jumps."""

from __future__ import annotations

import numpy as np

from keepers.signals.features.arithmetic import TRADING_DAYS, ewma, log_returns, ratio, volatility
from keepers.signals.features.frame import Window
from keepers.signals.features.registry import feature

_OHLC = ("open", "high", "low", "close")


def _close_to_close(days: int) -> None:
    @feature(
        f"volatility_{days}",
        formula=f"root of 252 times the mean of the last {days} r^2",
        unit="fraction a year",
        inputs=("close",),
        length=days + 1,
    )
    def compute(window: Window) -> float:
        return volatility(log_returns(window["close"]))


def _term_structure(short: int, long: int) -> None:
    @feature(
        f"volatility_slope_{short}_{long}",
        formula=f"ln(volatility_{short} / volatility_{long}); 0 where either is 0",
        unit="log ratio",
        inputs=("close",),
        length=long + 1,
    )
    def compute(window: Window) -> float:
        returns = log_returns(window["close"])
        near, far = volatility(returns[-short:]), volatility(returns)
        return float(np.log(near / far)) if near > 0 and far > 0 else 0.0


for _days in (5, 10, 21, 63, 126, 252):
    _close_to_close(_days)
for _short, _long in ((5, 21), (21, 63), (63, 252), (21, 252)):
    _term_structure(_short, _long)


@feature(
    "volatility_ewma",
    formula="root of 252 times the mean of 126 r^2 with weights 0.94^age",
    source="RiskMetrics Technical Document 1996, 5.2",
    unit="fraction a year",
    inputs=("close",),
    length=127,
)
def volatility_ewma(window: Window) -> float:
    """Exponentially weighted volatility."""
    return float(np.sqrt(TRADING_DAYS * ewma(log_returns(window["close"]) ** 2, 0.94)))


@feature(
    "volatility_of_volatility_63",
    formula="standard deviation (n - 1) of the daily changes of ln volatility_21 over 63 days; 0 where one is 0",
    unit="log ratio",
    inputs=("close",),
    length=85,
)
def volatility_of_volatility_63(window: Window) -> float:
    """How unsteady a month's volatility was."""
    squares = log_returns(window["close"]) ** 2
    means = np.lib.stride_tricks.sliding_window_view(squares, 21).mean(axis=1)
    if np.any(means <= 0):
        return 0.0
    return float(np.std(np.diff(0.5 * np.log(means)), ddof=1))


@feature(
    "parkinson_21",
    formula="root of 252 / (4 ln 2) times the mean of 21 ln(high / low)^2",
    source="Parkinson 1980",
    unit="fraction a year",
    inputs=("high", "low"),
    length=21,
)
def parkinson_21(window: Window) -> float:
    """Volatility from a day's range."""
    span = np.log(window["high"] / window["low"])
    return float(np.sqrt(TRADING_DAYS * np.mean(span**2) / (4 * np.log(2))))


@feature(
    "garman_klass_21",
    formula="root of 252 times the mean of 21 (ln(high / low)^2 / 2 - (2 ln 2 - 1) ln(close / open)^2)",
    source="Garman and Klass 1980",
    unit="fraction a year",
    inputs=_OHLC,
    length=21,
)
def garman_klass_21(window: Window) -> float:
    """Volatility from range and body of a day."""
    span, body = np.log(window["high"] / window["low"]), np.log(window["close"] / window["open"])
    variance = np.mean(0.5 * span**2 - (2 * np.log(2) - 1) * body**2)
    return float(np.sqrt(TRADING_DAYS * max(variance, 0.0)))


@feature(
    "rogers_satchell_21",
    formula="root of 252 times the mean of 21 (ln(high/close) ln(high/open) + ln(low/close) ln(low/open))",
    source="Rogers and Satchell 1991",
    unit="fraction a year",
    inputs=_OHLC,
    length=21,
)
def rogers_satchell_21(window: Window) -> float:
    """Volatility from ranges, whatever the drift."""
    opened, high, low, close = (np.log(window[name]) for name in _OHLC)
    variance = np.mean((high - close) * (high - opened) + (low - close) * (low - opened))
    return float(np.sqrt(TRADING_DAYS * max(variance, 0.0)))


@feature(
    "range_share_21",
    formula="parkinson variance / close-to-close variance over 21 days; 0 where nothing moved",
    unit="ratio",
    inputs=("high", "low", "close"),
    length=22,
)
def range_share_21(window: Window) -> float:
    """How much of the variance is within the day."""
    span = np.log(window["high"][1:] / window["low"][1:])
    within = float(np.mean(span**2) / (4 * np.log(2)))
    return ratio(within, float(np.mean(log_returns(window["close"]) ** 2)))


@feature(
    "downside_63",
    formula="root of 252 times the mean of 63 min(r, 0)^2",
    source="Sortino and Price 1994",
    unit="fraction a year",
    inputs=("close",),
    length=64,
)
def downside_63(window: Window) -> float:
    """Volatility of falls alone."""
    return volatility(np.minimum(log_returns(window["close"]), 0.0))


@feature(
    "downside_share_63",
    formula="sum of 63 r^2 with r < 0 over the sum of 63 r^2; 0 where nothing moved",
    source="Barndorff-Nielsen, Kinnebrock and Shephard 2010 (realised semivariance)",
    unit="fraction",
    inputs=("close",),
    length=64,
)
def downside_share_63(window: Window) -> float:
    """Share of the variance that came from falls."""
    squares = log_returns(window["close"])
    return ratio(float(np.sum(np.minimum(squares, 0.0) ** 2)), float(np.sum(squares**2)))


@feature(
    "bipower_21",
    formula="root of 252 times pi/2 / 21 times the sum of |r_i| |r_(i-1)| over 21 days",
    source="Barndorff-Nielsen and Shephard 2004",
    unit="fraction a year",
    inputs=("close",),
    length=23,
)
def bipower_21(window: Window) -> float:
    """Volatility that a single jump hardly moves."""
    moves = np.abs(log_returns(window["close"]))
    return float(np.sqrt(TRADING_DAYS * np.pi / 2 * np.mean(moves[1:] * moves[:-1])))


@feature(
    "jump_share_21",
    formula="max(0, 1 - bipower variance / variance) over 21 days; 0 where nothing moved",
    source="Barndorff-Nielsen and Shephard 2004",
    unit="fraction",
    inputs=("close",),
    length=23,
)
def jump_share_21(window: Window) -> float:
    """Share of the variance that came from jumps."""
    returns = log_returns(window["close"])
    moves = np.abs(returns)
    smooth = float(np.pi / 2 * np.mean(moves[1:] * moves[:-1]))
    total = float(np.mean(returns[1:] ** 2))
    return max(0.0, 1.0 - smooth / total) if total > 0 else 0.0


@feature(
    "largest_move_63",
    formula="largest |r| of 63 days over their root mean square; 0 where nothing moved",
    unit="standard deviations",
    inputs=("close",),
    length=64,
)
def largest_move_63(window: Window) -> float:
    """The worst or best day of a quarter, in its own standard deviations."""
    returns = log_returns(window["close"])
    return ratio(float(np.abs(returns).max()), float(np.sqrt(np.mean(returns**2))))
