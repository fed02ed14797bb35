"""Returns over several horizons, momentum and reversal."""

from __future__ import annotations

import numpy as np

from keepers.signals.features.arithmetic import log_returns, ratio
from keepers.signals.features.frame import Window
from keepers.signals.features.registry import feature


def _over(days: int) -> None:
    @feature(
        f"return_{days}",
        formula=f"ln(close_t / close_(t-{days}))",
        unit="log return",
        inputs=("close",),
        length=days + 1,
    )
    def compute(window: Window) -> float:
        close = window["close"]
        return float(np.log(close[-1] / close[0]))


for _days in (1, 5, 21, 63, 126, 252):
    _over(_days)


@feature(
    "momentum_12_1",
    formula="ln(close_(t-21) / close_(t-252))",
    source="Jegadeesh and Titman 1993, section I",
    unit="log return",
    inputs=("close",),
    length=253,
)
def momentum_12_1(window: Window) -> float:
    """Twelve months without the latest."""
    close = window["close"]
    return float(np.log(close[-22] / close[0]))


@feature(
    "reversal_5",
    formula="-sum of the last 5 r / (root of 5 times the root mean square of 63 r)",
    source="Lehmann 1990, scaled by volatility",
    unit="standard deviations",
    inputs=("close",),
    length=64,
)
def reversal_5(window: Window) -> float:
    """A week's move against itself, in standard deviations."""
    returns = log_returns(window["close"])
    return -ratio(float(returns[-5:].sum()), float(np.sqrt(5 * np.mean(returns**2))))


@feature(
    "trend_200",
    formula="ln(close_t / mean of the last 200 closes)",
    source="Brock, Lakonishok and LeBaron 1992",
    unit="log ratio",
    inputs=("close",),
    length=200,
)
def trend_200(window: Window) -> float:
    """Distance from the moving average of 200 days."""
    close = window["close"]
    return float(np.log(close[-1] / close.mean()))


@feature(
    "up_days_21",
    formula="share of the last 21 r above zero",
    unit="fraction",
    inputs=("close",),
    length=22,
)
def up_days_21(window: Window) -> float:
    """How many of a month's days rose."""
    return float(np.mean(log_returns(window["close"]) > 0))
