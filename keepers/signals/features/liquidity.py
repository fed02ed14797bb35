"""Volume, turnover, depth and imbalance of pools, and yields."""

from __future__ import annotations

import numpy as np

from keepers.signals.features.arithmetic import log_returns
from keepers.signals.features.frame import Window
from keepers.signals.features.registry import feature


@feature(
    "volume_trend_21_252",
    formula="ln(mean volume of 21 days / mean volume of 252 days)",
    source="Gervais, Kaniel and Mingelgrin 2001",
    unit="log ratio",
    inputs=("volume",),
    length=252,
)
def volume_trend_21_252(window: Window) -> float:
    """A month's volume beside a year's."""
    volume = window["volume"]
    return float(np.log(volume[-21:].mean() / volume.mean()))


@feature(
    "volume_shock_63",
    formula="(ln volume_t - mean of 63 ln volumes) / their standard deviation; 0 where they are equal",
    unit="standard deviations",
    inputs=("volume",),
    length=63,
)
def volume_shock_63(window: Window) -> float:
    """A day's volume beside a quarter's."""
    logs = np.log(window["volume"])
    spread = float(logs.std())
    return float((logs[-1] - logs.mean()) / spread) if spread > 1e-12 else 0.0


@feature(
    "illiquidity_trend_21_252",
    formula="ln(mean of |r| / volume of 21 days / the same of 252 days); 0 where nothing moved",
    source="Amihud 2002, equation 1, as a ratio of two windows",
    unit="log ratio",
    inputs=("close", "volume"),
    length=253,
)
def illiquidity_trend_21_252(window: Window) -> float:
    """Price moved per unit of volume, a month beside a year."""
    impact = np.abs(log_returns(window["close"])) / window["volume"][1:]
    near, far = float(impact[-21:].mean()), float(impact.mean())
    return float(np.log(near / far)) if near > 0 and far > 0 else 0.0


@feature(
    "turnover_21",
    formula="mean turnover of 21 days",
    source="Lo and Wang 2000",
    unit="fraction a day",
    inputs=("turnover",),
    length=21,
)
def turnover_21(window: Window) -> float:
    """Share of what is outstanding that changes hands on a day."""
    return float(window["turnover"].mean())


@feature(
    "pool_imbalance",
    formula="(pool_base - pool_quote) / (pool_base + pool_quote) at t",
    unit="fraction, -1 to 1",
    inputs=("pool_base", "pool_quote"),
    length=1,
)
def pool_imbalance(window: Window) -> float:
    """Which side of a pool is heavier; a depeg shows here first."""
    base, quote = float(window["pool_base"][-1]), float(window["pool_quote"][-1])
    return (base - quote) / (base + quote)


@feature(
    "pool_depth_change_5",
    formula="ln(pool_depth_t / pool_depth_(t-5))",
    unit="log ratio",
    inputs=("pool_depth",),
    length=6,
)
def pool_depth_change_5(window: Window) -> float:
    """How much liquidity came or left within a week."""
    depth = window["pool_depth"]
    return float(np.log(depth[-1] / depth[0]))


@feature(
    "pool_depth_trend_21",
    formula="ln(pool_depth_t / median of 21 days' pool_depth)",
    unit="log ratio",
    inputs=("pool_depth",),
    length=21,
)
def pool_depth_trend_21(window: Window) -> float:
    """Depth beside a usual day's."""
    depth = window["pool_depth"]
    return float(np.log(depth[-1] / np.median(depth)))


@feature(
    "yield_21",
    formula="mean strategy_yield of 21 days",
    unit="fraction a year",
    inputs=("strategy_yield",),
    length=21,
)
def yield_21(window: Window) -> float:
    """The yield of strategies over a month."""
    return float(window["strategy_yield"].mean())


@feature(
    "yield_change_21",
    formula="strategy_yield_t - strategy_yield_(t-21)",
    unit="fraction a year",
    inputs=("strategy_yield",),
    length=22,
)
def yield_change_21(window: Window) -> float:
    """How much that changed."""
    paid = window["strategy_yield"]
    return float(paid[-1] - paid[0])
