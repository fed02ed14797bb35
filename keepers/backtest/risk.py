"""Risk numbers of holdings under a posted model, and the limits on them, in integers. No I/O.

MarketRisk, RiskLimits, RiskGrades and RiskEngine.checkRebalance. Asset 0 is cash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isqrt
from operator import mul

from keepers.backtest.arithmetic import BPS, BPS_TO_WAD, WAD, divide_up
from keepers.backtest.refusals import Rejected
from keepers.portfolio.state import OFF, UNKNOWN_DAYS, WARNING_BPS, Limits, ModelInfo

_RAY = 10**27
_WORST, _UNKNOWN_LIQUIDITY = 6, 4
_GRADES = (
    ((100, 200, 300, 500, 800, 1200), BPS_TO_WAD),
    ((500, 1000, 1500, 2000, 3000, 4500), BPS_TO_WAD),
    ((1000, 1500, 2000, 3000, 4500, 6500), BPS_TO_WAD),
    ((5, 10, 20, 50, 100, 200), 10**17),
)
"""RiskGrades: thresholds of VaR 99%, drawdown, Herfindahl index and days to liquidate, and their units."""


@dataclass(frozen=True)
class PostedModel:
    """A covariance model as the chain keeps it.

    Attributes:
        info: What the chain says of it.
        entries: Upper triangle by rows, 1e18 = 1.
    """

    info: ModelInfo
    entries: tuple[int, ...]

    @cached_property
    def rows(self) -> tuple[tuple[int, ...], ...]:
        """The whole matrix, 1e18 = 1."""
        size = self.info.size
        matrix = [[0] * size for _ in range(size)]
        entries = iter(self.entries)
        for row in range(size):
            for column in range(row, size):
                matrix[row][column] = matrix[column][row] = next(entries)
        return tuple(map(tuple, matrix))


@dataclass(frozen=True)
class Exposure:
    """MarketRisk.Exposure, WAD of NAV; weights and components with cash first."""

    nav: int
    volatility: int
    var95: int
    var99: int
    es975: int
    herfindahl: int
    leverage: int
    weights: tuple[int, ...]
    components: tuple[int, ...]

    @property
    def max_weight(self) -> int:
        """Largest weight of a risky asset."""
        return max(self.weights[1:], default=0)

    @property
    def max_component(self) -> int:
        """Largest component VaR; zero if none is positive: MarketRisk.maxComponent."""
        return max(0, *self.components)


def measure(values: Sequence[int], model: PostedModel) -> Exposure:
    """Risk numbers of holdings: MarketRisk.measure with its components.

    Args:
        values: WAD USD of each asset, cash first; risky assets in the order of the model.
        model: The posted model.

    Raises:
        Rejected: If the matrix gives a negative variance.
    """
    nav = sum(values)
    weights = tuple(value * WAD // nav if nav else 0 for value in values)
    risky = weights[1:]
    products = [sum(map(mul, row, risky)) for row in model.rows]
    form = sum(map(mul, products, risky))
    if form < 0:
        raise Rejected("PackedCovariance__NegativeVariance", f"{form}")
    ray = isqrt(form)
    info = model.info
    var99 = divide_up(ray * info.z99, _RAY)
    return Exposure(
        nav=nav,
        volatility=divide_up(ray, _RAY // WAD),
        var95=divide_up(ray * info.z95, _RAY),
        var99=var99,
        es975=divide_up(ray * info.es975, _RAY),
        herfindahl=sum(divide_up(weight * weight, WAD) for weight in risky),
        leverage=sum(risky),
        weights=weights,
        components=_components(products, risky, (info.z99, var99), ray),
    )


def _components(products: Sequence[int], risky: Sequence[int], tail: tuple[int, int], ray: int) -> tuple[int, ...]:
    """Component VaR of each asset, cash first: z w_i (S w)_i / sigma, the largest with the rest of the rounding."""
    if ray == 0:
        return (0,) * (len(risky) + 1)
    z99, var99 = tail
    parts = []
    for product, weight in zip(products, risky, strict=True):
        size = abs(product * weight) * z99 // (ray * _RAY)
        parts.append(-size if product * weight < 0 else size)
    parts[parts.index(max(parts))] += var99 - sum(parts)
    return (0, *parts)


def grade(var99: int, drawdown: int, herfindahl: int, days: int) -> int:
    """The worst of four grades: RiskGrades.grade; 0 is the best."""
    worst = 0
    for value, (thresholds, unit) in zip((var99, drawdown, herfindahl, days), _GRADES, strict=True):
        if value == UNKNOWN_DAYS:
            worst = max(worst, _UNKNOWN_LIQUIDITY)
        else:
            worst = max(worst, sum(value > threshold * unit for threshold in thresholds))
    return min(worst, _WORST)


def days_to_liquidate(values: Sequence[int], depths: Sequence[int], participation_bps: int) -> int:
    """Days in which the slowest holding is sold, WAD: MarketDepthRegistry.daysToLiquidate.

    Args:
        values: WAD USD of each asset, cash first.
        depths: WAD USD a day of each asset, cash first.
        participation_bps: Part of the depth that counts.
    """
    slowest = 0
    for value, deep in zip(values[1:], depths[1:], strict=True):
        depth = deep * participation_bps // BPS
        if value and depth == 0:
            return UNKNOWN_DAYS
        if value:
            slowest = max(slowest, divide_up(value * WAD, depth))
    return slowest


def drawdown_of(share_price: int, high_water_mark: int) -> int:
    """Fall from the high-water mark, WAD, rounded up: RiskEngine._drawdown."""
    if share_price >= high_water_mark:
        return 0
    return divide_up((high_water_mark - share_price) * WAD, high_water_mark)


def require_closer(
    before: Exposure, after: Exposure, days: tuple[int, int], limits: Limits, *, warned: bool, derisking: bool
) -> None:
    """Lets a rebalance through that ends inside each limit, or closer to each that it began outside of (I3).

    RiskEngine.checkRebalance.

    Args:
        before, after: Holdings before and after the rebalance.
        days: Days to liquidate before and after it, WAD.
        limits: Limits of the portfolio.
        warned: True if only 96% of each limit counts: in every state but Normal.
        derisking: True if VaR must not rise.

    Raises:
        Rejected: With the limit that is breached.
    """
    part = WARNING_BPS if warned else BPS
    for name, cap, was, now in _judged(before, after, days, limits):
        limit = cap * (10**17 if name == "liquidity" else BPS_TO_WAD) * part // BPS
        if cap != OFF and now > limit and now >= was:
            shown = f"{name} {now / WAD:.4f} is above {limit / WAD:.4f}, and was {was / WAD:.4f}"
            raise Rejected("RiskEngine__LimitBreached", shown)
    if derisking and after.var99 > before.var99:
        shown = f"VaR {after.var99 / WAD:.4%} is above {before.var99 / WAD:.4%}"
        raise Rejected("RiskEngine__OnlyDeRisking", shown)


def _judged(
    before: Exposure, after: Exposure, days: tuple[int, int], limits: Limits
) -> list[tuple[str, int, int, int]]:
    """(name, limit in basis points, before, after) of everything that trades can mend."""
    scalars = (
        ("VaR 99%", limits.max_var99_bps, "var99"),
        ("VaR 95%", limits.max_var95_bps, "var95"),
        ("expected shortfall", limits.max_es975_bps, "es975"),
        ("volatility", limits.max_volatility_bps, "volatility"),
        ("concentration", limits.max_herfindahl_bps, "herfindahl"),
        ("leverage", limits.max_leverage_bps, "leverage"),
    )
    found = [(name, cap, int(getattr(before, key)), int(getattr(after, key))) for name, cap, key in scalars]
    for name, cap, was, now in (
        ("weight", limits.max_weight_bps, before.weights, after.weights),
        ("component VaR", limits.max_component_bps, before.components, after.components),
    ):
        pairs = zip(was[1:], now[1:], strict=True)
        found += [(f"{name} of asset {number}", cap, *pair) for number, pair in enumerate(pairs, 1)]
    return [*found, ("liquidity", limits.max_liquidation_tenths, *days)]
