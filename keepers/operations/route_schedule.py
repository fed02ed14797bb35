"""How an order that is too large for one block would be divided over time, at the impact of the listed markets."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from math import isfinite, sqrt
from typing import Any, Literal

from keepers.config import Config
from keepers.contracts.deployment import load
from keepers.contracts.pool_trades import pools_of
from keepers.contracts.reader import Reader
from keepers.contracts.usable_pools import usable_pools
from keepers.execution.errors import ExecutionError
from keepers.execution.participation import Capped, Caps, capped
from keepers.execution.schedules import hours_to_slots, twap, vwap
from keepers.execution.shortfall import Impact, expected_cost, shortfall, slope_of
from keepers.execution.slices import Division
from keepers.operations.market_profile import MarketProfile, observed
from keepers.operations.route import Routed, RouteLimits, Token, routed
from keepers.routing.impact import depth
from keepers.routing.plans import RoutePlan
from keepers.rpc.node import connect

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
        by_hour: Mean volume of each hour of a day in UTC, 24 numbers: in any unit for vwap, in whole tokens of the
            input for a cap on volume.
        start: Unix seconds of the first slot; None for the newest block's.
        risk_aversion: Cost that is worth one unit of variance, per whole token of the output; for shortfall alone.
        volatility: Standard deviation of the price over a year, a fraction of it.
        recovered: Share of a slice's fall that has come back at the next slot, 0 to 1.
        caps: Largest parts of the market that a slot may sell.
        profile_days: Days of pools' events from which hours and recovery are read instead; None for none.
    """

    algorithm: Algorithm
    slots: int
    slot_seconds: int
    least: str
    by_hour: tuple[float, ...]
    start: int | None
    risk_aversion: float
    volatility: float
    recovered: float
    caps: Caps = field(default_factory=Caps)
    profile_days: int | None = None


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
        undone: Smallest units of the input that the caps leave over.
        most: Smallest units of the input that the caps are expected to allow in each slot; empty without caps.
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
    undone: int = 0
    most: tuple[int, ...] = ()

    @property
    def amount(self) -> int:
        """The whole order, smallest units of the input."""
        return sum(self.amounts) + self.undone


def scheduled(config: Config, token_in: str, token_out: str, amount: str, pace: Pace) -> Scheduled:
    """Reads the listed markets and divides an order. Nothing is sent.

    Args:
        config: Config of the keeper, whose node and deployment are used.
        token_in, token_out: Symbols or addresses of the deployment's tokens.
        amount: Whole tokens of the input.
        pace: How it is divided.

    Raises:
        ExecutionError: If a number of the pace makes no sense, or its caps leave no slice.
        RoutingError: If a token or the amount makes no sense, or no path takes a slice.
        ChainError: If the chain cannot be read.
    """
    if not pace.slots >= 1 or pace.slot_seconds < 1:
        given = f"{pace.slots} slots of {pace.slot_seconds} s"
        raise ExecutionError(given, "not above zero", "give whole slots of a second or more")
    if pace.start is None:
        node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
        pace = replace(pace, start=node.latest().timestamp)
    first = routed(config, token_in, token_out, amount, RouteLimits())
    sold, bought = first.token_in, first.token_out
    profile = None
    if pace.profile_days is not None:
        profile = observed(config, (sold.address, bought.address), pace.slot_seconds, pace.profile_days)
        by_hour = tuple(volume * 10.0**-sold.decimals for volume in profile.by_hour)
        pace = replace(pace, by_hour=by_hour, recovered=profile.recovered)
    order = Division(sold.units(amount), pace.slots, max(1, sold.units(pace.least)))
    impact = _impact(config, first, order, pace)
    wanted = _amounts(order, pace, _per_unit(impact, sold))
    most = _most(config, first, order, pace) if pace.caps else ()
    done = capped(wanted, most, order.least) if pace.caps else Capped(wanted, 0)
    if not any(done.amounts):
        raise ExecutionError(f"caps of {max(most)} at most", "no slot may sell", "raise them, or use longer slots")
    units = [_whole(part, sold) for part in done.amounts]
    cost, deviation = expected_cost(units, impact, pace.slot_seconds)
    at_once, _ = expected_cost([sum(units)], impact, pace.slot_seconds)
    costs = impact.slope, cost, deviation, at_once
    made = pace.algorithm, pace.slot_seconds, done.amounts
    return Scheduled(first.block, sold, bought, *made, *costs, profile, done.undone, most)


def _impact(config: Config, first: Routed, order: Division, pace: Pace) -> Impact:
    """The impact of an even slice, fitted to routes at one block."""
    sold, bought = first.token_in, first.token_out
    quarter = max(1, order.amount // pace.slots // 4)
    sizes, outputs = [], []
    for part in _SIZES:
        whole = f"{Decimal(quarter * part).scaleb(-sold.decimals):f}"
        found = routed(config, sold.address, bought.address, whole, RouteLimits(block=first.block)).plan
        assert isinstance(found, RoutePlan)
        sizes.append(_whole(quarter * part, sold))
        outputs.append(_whole(found.amount_out, bought))
    slope, price = slope_of(sizes, outputs), outputs[0] / sizes[0]
    return Impact(slope, pace.recovered, pace.volatility * price / sqrt(YEAR))


def _most(config: Config, first: Routed, order: Division, pace: Pace) -> tuple[int, ...]:
    """The most that the caps allow in each slot, at the expected volume and at the depth of one block."""
    sold, ends = first.token_in, (first.token_in.address, first.token_out.address)
    deployment = load(config.at(config.deployment))
    reader = Reader(connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls), deployment)
    volumes = [0] * pace.slots
    if pace.caps.volume_bps:
        asked = f"volume cap of {pace.caps.volume_bps} bps"
        if not pools_of(reader, deployment.pools, ends):
            raise ExecutionError(asked, "no Uniswap pool of the deployment trades the pair", "cap the depth instead")
        if not pace.by_hour:
            raise ExecutionError(asked, "no volume is expected", "give --hours or --profile pools")
        hours = _volumes(pace)
        volumes = [int(Decimal(volume).scaleb(sold.decimals)) for volume in hours]
    deep = 0
    if pace.caps.depth_bps:
        deep = depth(usable_pools(reader, deployment, (sold.address, order.amount), first.block), *ends)
    return tuple(pace.caps.most(volume, deep) for volume in volumes)


def _volumes(pace: Pace) -> tuple[float, ...]:
    """Volume that the hours expect in each slot.

    Raises:
        ExecutionError: If an hour is negative or not finite, or there are not 24.
    """
    for volume in pace.by_hour:
        if not (isfinite(volume) and volume >= 0):
            raise ExecutionError(f"hourly volume {volume}", "negative or not finite", "measure the volumes again")
    return hours_to_slots(pace.by_hour, pace.start or 0, pace.slots * pace.slot_seconds, pace.slots)


def _amounts(order: Division, pace: Pace, impact: Impact) -> tuple[int, ...]:
    if pace.algorithm == "vwap":
        return vwap(order, _volumes(pace))
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
    told = [f"{found.algorithm} of {sold.shown(found.amount)} at block {found.block}, nothing is sent"]
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
    if found.undone:
        told.append(f"{sold.shown(found.undone)} cannot be sold in time: the caps leave it over")
    return [*told, f"expected shortfall {costs}; {found.at_once:,.6g} in one slice"]


def as_object(found: Scheduled) -> dict[str, Any]:
    """The schedule for programs; amounts in smallest units as strings, costs in whole tokens of the output."""
    return {
        **asdict(found),
        "token_in": found.token_in.address,
        "token_out": found.token_out.address,
        "amounts": [str(part) for part in found.amounts],
        "undone": str(found.undone),
        "most": [str(part) for part in found.most],
    }
