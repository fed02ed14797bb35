"""Drawdown, skew, kurtosis and autocorrelation of the market's returns."""

from __future__ import annotations

import numpy as np

from keepers.signals.features.arithmetic import Array, log_returns, ratio
from keepers.signals.features.frame import Window
from keepers.signals.features.registry import feature


@feature(
    "drawdown_252",
    formula="close_t / highest close of 252 days - 1",
    unit="fraction",
    inputs=("close",),
    length=252,
)
def drawdown_252(window: Window) -> float:
    """Distance below the year's high."""
    close = window["close"]
    return float(close[-1] / close.max() - 1.0)


@feature(
    "max_drawdown_252",
    formula="least of close_i / highest close up to i - 1 over 252 days",
    unit="fraction",
    inputs=("close",),
    length=252,
)
def max_drawdown_252(window: Window) -> float:
    """The year's deepest fall from a high."""
    close = window["close"]
    return float(np.min(close / np.maximum.accumulate(close) - 1.0))


@feature(
    "days_from_high_252",
    formula="rows since the highest close of 252 days, over 251",
    unit="fraction",
    inputs=("close",),
    length=252,
)
def days_from_high_252(window: Window) -> float:
    """How long ago the year's high was; the latest of several."""
    return float(np.argmax(window["close"][::-1])) / 251.0


def _standardised(returns: Array, power: int) -> float:
    centred = returns - returns.mean()
    # A difference of equal numbers after rounding is no spread.
    spread = float(np.sqrt(np.mean(centred**2)))
    if spread <= 1e-12 * max(1e-300, float(np.abs(returns).max())):
        return 0.0
    return float(np.mean((centred / spread) ** power))


def _skew(days: int) -> None:
    @feature(
        f"skew_{days}",
        formula=f"third central moment of {days} r over their standard deviation cubed; 0 where nothing moved",
        unit="ratio",
        inputs=("close",),
        length=days + 1,
    )
    def compute(window: Window) -> float:
        return _standardised(log_returns(window["close"]), 3)


for _days in (63, 252):
    _skew(_days)


@feature(
    "kurtosis_252",
    formula="fourth central moment of 252 r over their variance squared, less 3; 0 where nothing moved",
    unit="ratio",
    inputs=("close",),
    length=253,
)
def kurtosis_252(window: Window) -> float:
    """Excess kurtosis over a year."""
    found = _standardised(log_returns(window["close"]), 4)
    return found - 3.0 if found > 0 else 0.0


@feature(
    "autocorrelation_63",
    formula="sum of r_i r_(i-1) over the sum of r_i^2, 63 days; 0 where nothing moved",
    unit="ratio",
    inputs=("close",),
    length=64,
)
def autocorrelation_63(window: Window) -> float:
    """Tells whether moves go on or turn."""
    returns = log_returns(window["close"])
    return ratio(float(returns[1:] @ returns[:-1]), float(returns @ returns))


@feature(
    "leverage_63",
    formula="correlation of r_(i-1) with r_i^2 over 63 days; 0 where either stands still",
    source="Black 1976; Bouchaud, Matacz and Potters 2001",
    unit="correlation",
    inputs=("close",),
    length=64,
)
def leverage_63(window: Window) -> float:
    """Tells whether falls raised volatility."""
    returns = log_returns(window["close"])
    before, after = returns[:-1] - returns[:-1].mean(), returns[1:] ** 2 - np.mean(returns[1:] ** 2)
    return ratio(float(before @ after), float(np.sqrt((before @ before) * (after @ after))))
