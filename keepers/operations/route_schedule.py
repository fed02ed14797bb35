"""How an order that is too large for one block would be divided over time, at the impact of the listed markets."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from math import sqrt
from typing import Any, Literal

from keepers.config import Config
from keepers.execution.errors import ExecutionError
from keepers.execution.schedules import hours_to_slots, twap, vwap
from keepers.execution.shortfall import Impact, expected_cost, shortfall, slope_of
from keepers.execution.slices import Division
from keepers.operations.market_profile import MarketProfile, observed
from keepers.operations.route import RouteLimits, Token, routed
from keepers.routing.plans import RoutePlan

Algorithm = Literal["twap", "vwap", "shortfall"]
YEAR = 365 * 24 * 3_600
_SIZES = (1, 2, 4)
"""Slices that are quoted, quarters of the even one: the impact of small ones is a straight line."""


@dataclass(frozen=True)
class Pace:
    """How an order is divided.

    Attributes:
        algorithm: Schedule.
        slots: Number of slots.
        slot_seconds: Length of each.
        least: Smallest slice, whole tokens.
        by_hour: Mean volume of each hour of a day in UTC, 24 numbers; for vwap alone.
        start: Unix seconds of the first slot.
        risk_aversion: Cost that is worth one unit of variance, per whole token of the output; for shortfall alone.
        volatility: Standard deviation of the price over a year, a fraction of it.
        recovered: Share of a slice's fall that has come back at the next slot, 0 to 1.
    """

    algorithm: Algorithm
    slots: int
    slot_seconds: int
    least: str
    by_hour: tuple[float, ...]
    start: int
    risk_aversion: float
    volatility: float
    recovered: float


@dataclass(frozen=True)
class Scheduled:
    """A schedule, and what it is expected to cost.

    Attributes:
        block: Height that the impact was read at.
        token_in, token_out: Tokens.
        algorithm: Schedule.
        slot_seconds: Length of a slot.
        amounts: Smallest units of the input in each slot.
        slope: Fall of the average price per whole token of a slice, whole tokens of the output.
        cost, deviation: Expected shortfall and its standard deviation, whole tokens of the output.
        at_once: Expected shortfall of the whole order in one slice by the same impact.
        profile: What hours and recovery were read from; None where they were given.
    """

    block: int
    token_in: Token
    token_out: Token
    algorithm: Algorithm
    slot_seconds: int
    amounts: tuple[int, ...]
    slope: float
    cost: float
    deviation: float
    at_once: float
    profile: MarketProfile | None = None


def scheduled(
    config: Config, token_in: str, token_out: str, amount: str, pace: Pace, profile_days: int | None = None
) -> Scheduled:
    """Reads the listed markets and divides an order. Nothing is sent.

    Args:
        config: Config of the keeper, whose node and deployment are used.
        token_in, token_out: Symbols or addresses of the deployment's tokens.
        amount: Whole tokens of the input.
        pace: How it is divided.
        profile_days: Days of pools' events from which hours and recovery are read instead of the pace's; None for none.

    Raises:
        ExecutionError: If a number of the pace makes no sense.
        RoutingError: If a token or the amount makes no sense, or no path takes a slice.
        ChainError: If the chain cannot be read.
    """
    if not pace.slots >= 1 or pace.slot_seconds < 1:
        given = f"{pace.slots} slots of {pace.slot_seconds} s"
        raise ExecutionError(given, "not above zero", "give whole slots of a second or more")
    first = routed(config, token_in, token_out, amount, RouteLimits())
    sold, bought = first.token_in, first.token_out
    profile = None
    if profile_days is not None:
        profile = observed(config, (sold.address, bought.address), pace.slot_seconds, profile_days)
        pace = replace(pace, by_hour=profile.by_hour, recovered=profile.recovered)
    order = Division(sold.units(amount), pace.slots, max(1, sold.units(pace.least)))
    quarter = max(1, order.amount // pace.slots // 4)
    sizes, outputs = [], []
    for part in _SIZES:
        whole = f"{Decimal(quarter * part).scaleb(-sold.decimals):f}"
        found = routed(config, token_in, token_out, whole, RouteLimits(block=first.block)).plan
        assert isinstance(found, RoutePlan)
        sizes.append(_whole(quarter * part, sold))
        outputs.append(_whole(found.amount_out, bought))
    slope, price = slope_of(sizes, outputs), outputs[0] / sizes[0]
    impact = Impact(slope, pace.recovered, pace.volatility * price / sqrt(YEAR))
    amounts = _amounts(order, pace, _per_unit(impact, sold))
    units = [_whole(part, sold) for part in amounts]
    cost, deviation = expected_cost(units, impact, pace.slot_seconds)
    at_once, _ = expected_cost([sum(units)], impact, pace.slot_seconds)
    costs = slope, cost, deviation, at_once
    return Scheduled(first.block, sold, bought, pace.algorithm, pace.slot_seconds, amounts, *costs, profile)


def _amounts(order: Division, pace: Pace, impact: Impact) -> tuple[int, ...]:
    if pace.algorithm == "vwap":
        return vwap(order, hours_to_slots(pace.by_hour, pace.start, pace.slots * pace.slot_seconds, pace.slots))
    if pace.algorithm == "shortfall":
        return shortfall(order, impact, pace.risk_aversion, pace.slot_seconds)
    return twap(order)


def _per_unit(impact: Impact, sold: Token) -> Impact:
    """The same market for a division in smallest units of the input; the output stays in whole tokens."""
    unit = 10.0**-sold.decimals
    return Impact(impact.slope * unit * unit, impact.recovered, impact.volatility * unit)


def _whole(units: int, token: Token) -> float:
    return float(Decimal(units).scaleb(-token.decimals))


def lines(found: Scheduled) -> list[str]:
    """The schedule for people: slots with a slice, and the expected cost."""
    sold, bought = found.token_in, found.token_out
    told = [f"{found.algorithm} of {sold.shown(sum(found.amounts))} at block {found.block}, nothing is sent"]
    told += [
        f"  after {slot * found.slot_seconds:>8,} s  {sold.shown(part)}"
        for slot, part in enumerate(found.amounts)
        if part
    ]
    costs = f"{found.cost:,.6g} {bought.symbol} with a standard deviation of {found.deviation:,.6g}"
    if found.profile is not None:
        seen = found.profile
        told.append(f"{seen.trades} trades in blocks {seen.first} to {seen.last}; {seen.moves} observations of moves")
        told.append(f"{seen.recovered:.1%} of a fall comes back by the next slot")
    return [*told, f"expected shortfall {costs}; {found.at_once:,.6g} in one slice"]


def as_object(found: Scheduled) -> dict[str, Any]:
    """The schedule for programs; amounts in smallest units as strings, costs in whole tokens of the output."""
    return {
        **asdict(found),
        "token_in": found.token_in.address,
        "token_out": found.token_out.address,
        "amounts": [str(part) for part in found.amounts],
    }
