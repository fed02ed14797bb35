"""Holds a fill against the forecast that was made some time before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from keepers.contracts.pool_states import heights_at
from keepers.operations.route import Token
from keepers.operations.route_forecast import Market, OrderForecast, Span, forecast_at, shown
from keepers.routing.errors import RoutingError
from keepers.routing.fills import BPS, Fill
from keepers.signals.errors import SignalError
from keepers.signals.liquidity.forecast import Expected

COLUMNS = tuple(
    f"expected_{name}{end}" for name in ("depth", "impact_bps", "slippage_bps") for end in ("", "_low", "_high")
)
"""Columns of the table for a forecast; those of `REALISED` follow."""
REALISED = "slippage_bps"


@dataclass(frozen=True)
class FillForecast:
    """A forecast that was made a horizon before a fill from what was known by then, beside the fill.

    Attributes:
        made: The forecast.
        realised_bps: Output that the fill missed to the marginal price of the moment when the forecast was made, basis
            points of what the input was worth at it.
    """

    made: OrderForecast
    realised_bps: float

    @property
    def is_inside(self) -> bool:
        """Returns True if the fill's slippage is within its interval."""
        expected = self.made.found.slippage_bps
        return expected.low <= self.realised_bps <= expected.high


def expected_of(market: Market, fill: Fill, tokens: dict[str, Token], span: Span) -> FillForecast | str:
    """Makes the forecast for a fill as it would have been made a horizon before it.

    The history ends a horizon before the block that the fill found; later blocks are not read.

    Args:
        market: Pools that are read.
        fill: The fill.
        tokens: By address.
        span: Horizon and history.

    Returns:
        The forecast, or why there is none.

    Raises:
        ChainError: If the chain cannot be read.
    """
    sold, bought = tokens[fill.token_in], tokens[fill.token_out]
    before, first = market.node.block(max(0, fill.block - 1)), market.node.block(0)
    if before is None:
        return f"block {fill.block - 1}: no longer on the node; ask one that keeps it"
    moment = before.timestamp - span.horizon
    if first is not None and moment < first.timestamp:
        return f"{shown(span.horizon)} before block {fill.block}: no block; give a shorter horizon"
    try:
        (height,) = heights_at(market.node, [moment], 0, before)
        end = replace(before, number=height, timestamp=moment)
        made = forecast_at(market, (sold, bought), fill.amount_in, span, end)
    except (RoutingError, SignalError) as error:
        return str(error)
    got, gave = fill.amount_out * 10.0**-bought.decimals, fill.amount_in * 10.0**-sold.decimals
    return FillForecast(made, BPS * (1 - got / (gave * made.price)))


def as_object(expected: FillForecast | str) -> dict[str, Any]:
    """The forecast of a fill for programs; depth in whole tokens of the input."""
    if isinstance(expected, str):
        return {"missing": expected}
    found = expected.made.found
    return {
        "horizon_seconds": expected.made.span.horizon,
        "block": expected.made.block,
        "model": found.model,
        "depth": _interval(found.depth),
        "impact_bps": _interval(found.impact_bps),
        "slippage_bps": _interval(found.slippage_bps),
        "realised_bps": expected.realised_bps,
        "is_inside": expected.is_inside,
    }


def as_columns(expected: FillForecast | str) -> dict[str, float]:
    """The same for a table; nothing where there is no forecast."""
    if isinstance(expected, str):
        return {}
    found = expected.made.found
    bounds = (found.depth, found.impact_bps, found.slippage_bps)
    values = [value for one in bounds for value in (one.value, one.low, one.high)]
    return {**dict(zip(COLUMNS, values, strict=True)), REALISED: expected.realised_bps}


def line(expected: FillForecast | str) -> str:
    """The forecast of a fill for people."""
    if isinstance(expected, str):
        return f"no forecast: {expected}"
    found, sold = expected.made.found, expected.made.token_in.symbol
    slippage, impact, depth = found.slippage_bps, found.impact_bps, found.depth
    verdict = "inside" if expected.is_inside else "outside"
    return (
        f"expected {shown(expected.made.span.horizon)} before: slippage {slippage.value:.2f} bps, 90% from "
        f"{slippage.low:.2f} to {slippage.high:.2f}, was {expected.realised_bps:.2f}, {verdict}; impact "
        f"{impact.value:.2f} bps, {impact.low:.2f} to {impact.high:.2f}; depth {depth.value:,.6g} {sold}, "
        f"{depth.low:,.6g} to {depth.high:,.6g}"
    )


def summary(expected: tuple[FillForecast | str, ...]) -> str:
    """How many fills were inside their intervals."""
    found = [one for one in expected if not isinstance(one, str)]
    inside = sum(one.is_inside for one in found)
    return f"{inside} of {len(found)} slippages inside their intervals of 90%; {len(expected) - len(found)} without"


def _interval(expected: Expected) -> dict[str, float]:
    return {"value": expected.value, "low": expected.low, "high": expected.high}
