"""A forecast of depth, impact and slippage for an order, from the history of the pair's pools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isnan
from typing import Any

from keepers.config import Config
from keepers.contracts.deployment import PoolRecord, load
from keepers.contracts.pool_states import heights_at, states_of
from keepers.contracts.pool_trades import first_block, pools_of
from keepers.contracts.reader import Reader
from keepers.operations.route import Token, address_of
from keepers.routing.errors import RoutingError
from keepers.rpc.node import Block, Node, connect
from keepers.signals.liquidity.comparison import Row, require_length
from keepers.signals.liquidity.forecast import Expected, Forecast, forecast
from keepers.signals.liquidity.history import HOUR, History, State, sampled
from keepers.signals.returns.conformal import MISS

PIPS = 1_000_000
_MOST_STEPS = 20_000
"""Times of a history at most: more than two years of hours."""


@dataclass(frozen=True)
class Span:
    """Times of a forecast, seconds.

    Attributes:
        horizon: Ahead; whole hours where it is longer than one.
        history: Back.
    """

    horizon: int
    history: int

    @property
    def step(self) -> int:
        """Between two times of the history: an hour, or the horizon if that is shorter."""
        return min(self.horizon, HOUR)

    def check(self) -> None:
        """Refuses a span before anything is read.

        Raises:
            RoutingError: If a number is out of range.
            SignalError: If the history is too short for the horizon.
        """
        if self.horizon < 1 or self.horizon % self.step:
            raise RoutingError(f"horizon of {self.horizon} s", "not above zero, or not in whole hours", "round it")
        if not 0 < self.history <= _MOST_STEPS * self.step:
            least = f"not above zero, or more than {_MOST_STEPS} steps of {self.step} s"
            raise RoutingError(f"history of {self.history} s", least, "look back otherwise")
        require_length(self.history // self.step + 1, self.horizon // self.step)


@dataclass(frozen=True)
class OrderForecast:
    """The forecast of an order.

    Attributes:
        block: Height that the history ends at.
        token_in, token_out: Tokens.
        amount: Smallest units of the input.
        span: Times.
        pools: Pools that were read.
        changes: Changes of their states.
        steps: Times of the history.
        price: Marginal price at its last time, whole tokens of the output for one of the input.
        found: The forecast; depth in whole tokens of the input.
    """

    block: int
    token_in: Token
    token_out: Token
    amount: int
    span: Span
    pools: int
    changes: int
    steps: int
    price: float
    found: Forecast


@dataclass(frozen=True)
class Market:
    """Where a history is read.

    Attributes:
        node, reader: The chain.
        pools: Pools of the deployment.
        page: Blocks in one query of logs.
    """

    node: Node
    reader: Reader
    pools: tuple[PoolRecord, ...]
    page: int


@dataclass(frozen=True)
class _Pair:
    """Pools of a pair, each with the position of the input, and its tokens."""

    sides: Mapping[PoolRecord, int]
    token_in: Token
    token_out: Token

    def state(self, block: int, pool: str, reserves: tuple[float, float]) -> State:
        """A state in whole tokens, the input first."""
        side = next(side for record, side in self.sides.items() if record.address == pool)
        units = 10.0**-self.token_in.decimals, 10.0**-self.token_out.decimals
        return State(block, pool, reserves[side] * units[0], reserves[1 - side] * units[1])

    def fee(self, states: list[State]) -> float:
        """Mean fee of the pools, weighted by their last reserves: an order is divided among them like that."""
        last = {state.pool: state.reserve_in for state in states}
        total = sum(last.values())
        return sum(last.get(pool.address, 0.0) * pool.fee for pool in self.sides) / total / PIPS if total else 0.0


def forecast_order(config: Config, token_in: str, token_out: str, amount: str, span: Span) -> OrderForecast:
    """Reads the events of the listed pools of Uniswap V2 and V3 and their forks that trade a pair, and forecasts.

    Args:
        config: Config of the keeper, whose node and deployment are used.
        token_in, token_out: Symbols or addresses of the deployment's tokens.
        amount: Whole tokens of the input.
        span: Horizon and history.

    Raises:
        RoutingError: If a token, the amount or a time makes no sense, no such pool trades the pair, or none changed.
        SignalError: If the history is too short, or the pair had no liquidity for a time.
        ChainError: If the chain cannot be read.
    """
    span.check()
    deployment = load(config.at(config.deployment))
    node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
    reader = Reader(node, deployment)
    ends = address_of(deployment, token_in), address_of(deployment, token_out)
    sold, bought = (
        Token(deployment.symbol_of(address), address, decimals)
        for address, decimals in zip(ends, reader.decimals(ends), strict=True)
    )
    units = sold.units(amount)
    if units <= 0:
        raise RoutingError(f"amount {amount}", "not above zero", "give the order's size")
    market = Market(node, reader, deployment.pools, config.max_log_range)
    return forecast_at(market, (sold, bought), units, span, node.latest())


def forecast_at(market: Market, tokens: tuple[Token, Token], units: int, span: Span, end: Block) -> OrderForecast:
    """The forecast of an order from what the chain was up to a block, whose time is the last of the history.

    Args:
        market: Pools that are read.
        tokens: Input and output.
        units: Smallest units of the input.
        span: Horizon and history.
        end: Last block that is known.

    Raises:
        RoutingError: If no such pool trades the pair, or none changed.
        SignalError: If the history is too short, or the pair had no liquidity for a time.
        ChainError: If the chain cannot be read.
    """
    sold, bought = tokens
    ends = sold.address, bought.address
    sides = pools_of(market.reader, market.pools, ends) if ends[0] != ends[1] else {}
    if not sides:
        pair = f"{sold.symbol} and {bought.symbol}"
        raise RoutingError(pair, "no Uniswap pool of the deployment trades them", "forecast another pair")
    changes, made, fee = _history(market, _Pair(sides, sold, bought), span, end)
    found = forecast(made, float(units) * 10.0**-sold.decimals, fee, span.horizon // span.step)
    price = float(made.price[-1])
    return OrderForecast(end.number, sold, bought, units, span, len(sides), changes, made.size, price, found)


def _history(market: Market, pair: _Pair, span: Span, end: Block) -> tuple[int, History, float]:
    """Number of changes, the history up to a block, and the pools' fee."""
    node, step = market.node, span.step
    moment = end.timestamp - span.history
    # The state at the first moment is what the block before left.
    first = max(0, first_block(node, moment, end.number) - 1)
    oldest = node.block(first)
    earliest = end.timestamp if oldest is None else max(moment, oldest.timestamp)
    count = (end.timestamp - earliest) // step + 1
    require_length(count, span.horizon // step)
    read = states_of(node, tuple(pair.sides), first, end.number, market.page)
    changes = sum(state.block > first for state in read)
    if not changes:
        raise RoutingError("pools of the pair", f"no trade in {shown(span.history)}", "look further back")
    states = [pair.state(state.block, state.pool, state.reserves) for state in read]
    begin = end.timestamp - step * (count - 1)
    heights = heights_at(node, [begin + step * number for number in range(count)], first, end)
    return changes, sampled(states, heights, begin, step), pair.fee(states)


def lines(order: OrderForecast) -> list[str]:
    """The forecast for people."""
    found, sold = order.found, order.token_in
    order_shown = f"{sold.shown(order.amount)} for {order.token_out.symbol}"
    told = [
        f"{order_shown} {shown(order.span.horizon)} after block {order.block}, nothing is sent",
        f"  {order.changes:,} changes of {order.pools} pools, {order.steps:,} steps of {shown(order.span.step)}",
        f"  {'':<14}{'expected':>16}{f'{1 - MISS:.0%} from':>16}{'to':>16}",
        f"  {f'depth, {sold.symbol}':<14}{_row(found.depth)}  for a fall of 1%; now {found.depth_now:,.6g}",
        f"  {'impact, bps':<14}{_row(found.impact_bps)}",
        f"  {'slippage, bps':<14}{_row(found.slippage_bps)}  impact, fee, and drift of the price since now",
        f"  model: {found.model}, the choice of this history",
    ]
    for name, row in (("depth", found.past_depth), ("slippage", found.past_slippage)):
        error = f", error {row.error / row.walk:.3f} of the last value's" if row.walk else ""
        told.append(f"  past {name}: {row.coverage:.1%} of {row.forecasts:,} outcomes inside their intervals{error}")
    return told


def as_object(order: OrderForecast) -> dict[str, Any]:
    """The forecast for programs; the amount in smallest units as a string, depth in whole tokens of the input."""
    found = order.found
    return {
        "block": order.block,
        "token_in": order.token_in.address,
        "token_out": order.token_out.address,
        "amount_in": str(order.amount),
        "horizon_seconds": order.span.horizon,
        "step_seconds": order.span.step,
        "steps": order.steps,
        "pools": order.pools,
        "changes": order.changes,
        "model": found.model,
        "nominal_coverage": 1 - MISS,
        "depth_now": found.depth_now,
        "depth": asdict(found.depth),
        "impact_bps": asdict(found.impact_bps),
        "slippage_bps": asdict(found.slippage_bps),
        "past": {"depth": _past(found.past_depth), "slippage": _past(found.past_slippage)},
    }


def shown(seconds: int) -> str:
    """A time for people, in the largest unit that divides it."""
    for unit, length in (("d", 86_400), ("h", HOUR), ("m", 60)):
        if seconds and not seconds % length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _past(row: Row) -> dict[str, Any]:
    return {
        "forecasts": row.forecasts,
        "error_over_last_value": row.error / row.walk if row.walk else None,
        "coverage": row.coverage,
        "coverage_by_size": [None if isnan(third) else third for third in row.coverages],
    }


def _row(expected: Expected) -> str:
    return "".join(f"{value:>16,.6g}" for value in (expected.value, expected.low, expected.high))
