"""Volume by hour and the recovery of prices, from the events of the listed pools of a pair."""

from __future__ import annotations

from dataclasses import dataclass

from keepers.config import Config
from keepers.contracts.deployment import PoolRecord, load
from keepers.contracts.pool_trades import V2_SYNC, V3_SWAPS, events_of, first_block, pools_of, trades_of
from keepers.contracts.reader import Reader
from keepers.execution.errors import ExecutionError
from keepers.execution.observed import Priced, Traded, moves_left, volume_by_hour
from keepers.execution.shortfall import recovered_after
from keepers.routing.markets import VenueKind
from keepers.rpc.events import Event
from keepers.rpc.node import Node, connect

_DAY = 86_400
_BLOCKS = 500
"""Blocks in one question for their times."""
_FOLLOWED_SLOTS = 4
"""Slots for which a move of a price is followed."""


@dataclass(frozen=True)
class MarketProfile:
    """Trading of a pair's pools between two heights.

    Attributes:
        first, last: Heights, both inclusive.
        trades: Number of trades.
        by_hour: Mean volume of each hour of a day in UTC, smallest units of the input.
        moves: Number of observations of how moves of prices came back.
        recovered: Share of a move that has come back after a slot.
    """

    first: int
    last: int
    trades: int
    by_hour: tuple[float, ...]
    moves: int
    recovered: float


def observed(config: Config, ends: tuple[str, str], slot_seconds: int, days: int) -> MarketProfile:
    """Reads the events of the last days of the listed pools of Uniswap V2 and V3 and their forks that trade a pair.

    Args:
        config: Config of the keeper, whose node and deployment are used.
        ends: Input and output, by address.
        slot_seconds: Length of a slot.
        days: Days up to the newest block, one or more.

    Raises:
        ExecutionError: If no pool trades the pair, or too little happened.
        ChainError: If the chain cannot be read.
    """
    deployment = load(config.at(config.deployment))
    node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
    own = pools_of(Reader(node, deployment), deployment.pools, ends)
    newest = node.latest()
    begins = newest.timestamp - days * _DAY
    first = first_block(node, begins, newest.number)
    interval = first, newest.number, config.max_log_range
    trades = trades_of(node, own, *interval)
    prices = _priced(node, tuple(own), interval)
    if not trades:
        raise ExecutionError("pools of the pair", f"no trade in {days} days", "observe more days, or give the numbers")
    times = _times(node, {trade.block for trade in trades} | {block for seen in prices for block, _ in seen})
    by_hour = volume_by_hour(
        [Traded(times[trade.block], trade.amount) for trade in trades], begins, newest.timestamp + 1
    )
    ages: list[float] = []
    left: list[float] = []
    for seen in prices:
        found = moves_left([Priced(times[block], price) for block, price in seen], _FOLLOWED_SLOTS * slot_seconds)
        ages += found[0]
        left += found[1]
    recovered = recovered_after(slot_seconds, ages, left)
    return MarketProfile(first, newest.number, len(trades), by_hour, len(ages), recovered)


def _priced(node: Node, own: tuple[PoolRecord, ...], interval: tuple[int, int, int]) -> list[list[tuple[int, float]]]:
    """Heights and prices after every change of a price, a list per pool."""
    prices: dict[str, list[tuple[int, float]]] = {}
    for kind, state in ((VenueKind.UNISWAP_V2, V2_SYNC), *((VenueKind.UNISWAP_V3, swap) for swap in V3_SWAPS)):
        for event in events_of(node, state, own, kind, interval):
            prices.setdefault(event.address, []).append((event.block_number, _price(event)))
    return list(prices.values())


def _price(event: Event) -> float:
    """The marginal price after an event, smallest units of token1 for one of token0."""
    args = event.args
    if "reserve0" in args:
        return float(args["reserve1"] / args["reserve0"]) if args["reserve0"] else 0.0
    return float(args["sqrtPriceX96"] / 2**96) ** 2


def _times(node: Node, numbers: set[int]) -> dict[int, int]:
    """Unix seconds by height.

    Raises:
        ExecutionError: If the node has one of the blocks no more.
    """
    wanted, found = sorted(numbers), dict[int, int]()
    for start in range(0, len(wanted), _BLOCKS):
        part = wanted[start : start + _BLOCKS]
        for number, block in zip(part, node.blocks(part), strict=True):
            if block is None:
                raise ExecutionError(f"block {number}", "no longer on the node", "observe again")
            found[number] = block.timestamp
    return found
