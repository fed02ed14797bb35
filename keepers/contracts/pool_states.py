"""Reserves of Uniswap V2 and V3 pools and their forks over blocks, from their events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.address import to_checksum_address

from keepers.contracts.deployment import PoolRecord
from keepers.contracts.pool_functions import LIQUIDITY, RESERVES, SLOT0
from keepers.contracts.pool_trades import V2_SYNC, V3_BURN, V3_MINT, V3_SWAPS, events_of
from keepers.routing.markets import VenueKind
from keepers.rpc.errors import NodeRefused, Reverted
from keepers.rpc.events import Event
from keepers.rpc.node import Block, Call, Node

_EVENTS = ((VenueKind.UNISWAP_V2, (V2_SYNC,)), (VenueKind.UNISWAP_V3, (*V3_SWAPS, V3_MINT, V3_BURN)))
_BLOCKS = 500
"""Blocks in one question for their times."""


@dataclass(frozen=True)
class PoolState:
    """Reserves of a pool after a block.

    Attributes:
        block: Height.
        pool: Address.
        reserves: Of token0 and token1, smallest units: V2's own, and of V3 the virtual ones of the range in use,
            L / sqrt(P) and L sqrt(P) (Adams et al. 2021, "Uniswap v3 Core", 2.1 and 2.2).
    """

    block: int
    pool: str
    reserves: tuple[float, float]


@dataclass(frozen=True)
class _Range:
    """A V3 pool.

    Attributes:
        liquidity: L in range.
        root: Square root of the price in smallest units.
        tick: Tick of the price.
    """

    liquidity: int
    root: float
    tick: int

    @property
    def reserves(self) -> tuple[float, float]:
        return (self.liquidity / self.root, self.liquidity * self.root) if self.root else (0.0, 0.0)


_Known = tuple[float, float] | _Range


def states_of(node: Node, pools: Sequence[PoolRecord], first: int, last: int, page: int) -> list[PoolState]:
    """Returns the states of some pools from a height on, of each pool in the order of the chain.

    The state at the first height is asked for. Where the node keeps none, a pool begins with the first event that tells
    its state; one without any such event is as it is at the last height, from its last event on.

    Args:
        node: Node to ask.
        pools: Pools of Uniswap V2 and V3 and their forks.
        first, last: Heights.
        page: Blocks in one query of logs.

    Raises:
        ChainError: If logs cannot be read.
    """
    begins = _asked(node, pools, first)
    events: dict[str, list[Event]] = {pool.address: [] for pool in pools}
    for kind, fragments in _EVENTS:
        for fragment in fragments:
            for event in events_of(node, fragment, pools, kind, (first + 1, last, page)):
                events[to_checksum_address(event.address)].append(event)
    found: list[PoolState] = []
    silent: list[PoolRecord] = []
    for pool in pools:
        ordered = sorted(events[pool.address], key=lambda event: event.place)
        followed = list(_followed(pool.address, begins.get(pool.address), first, ordered))
        found += followed
        if not followed:
            silent.append(pool)
    for address, known in (_asked(node, silent, last) if silent else {}).items():
        since = max((event.block_number for event in events[address]), default=first)
        found.append(PoolState(since, address, _reserves(known)))
    return found


def heights_at(node: Node, times: Sequence[int], first: int, newest: Block) -> list[int]:
    """Returns the last block of each time, by bisection of all times side by side.

    Args:
        node: Node to ask.
        times: Unix seconds, none before the first block's.
        first: Lowest height.
        newest: Highest block.

    Raises:
        NodeRefused: If the node has one of the blocks no more.
    """
    low, high = dict.fromkeys(times, first), dict.fromkeys(times, newest.number)
    known = {newest.number: newest.timestamp}
    while open_ := [time for time in low if low[time] < high[time]]:
        middles = {time: (low[time] + high[time] + 1) // 2 for time in open_}
        _learn(node, known, sorted(set(middles.values()) - known.keys()))
        for time, middle in middles.items():
            if known[middle] <= time:
                low[time] = middle
            else:
                high[time] = middle - 1
    return [low[time] for time in times]


def _learn(node: Node, known: dict[int, int], wanted: Sequence[int]) -> None:
    for start in range(0, len(wanted), _BLOCKS):
        part = wanted[start : start + _BLOCKS]
        for number, block in zip(part, node.blocks(part), strict=True):
            if block is None:
                raise NodeRefused(f"block {number}", "no longer on the node", "ask again, or look back less far")
            known[number] = block.timestamp


def _asked(node: Node, pools: Sequence[PoolRecord], block: int) -> dict[str, _Known]:
    """States at a height, without the pools that were not there yet and those whose state the node keeps no more."""
    calls = []
    for pool in pools:
        functions = (RESERVES, RESERVES) if pool.venue == VenueKind.UNISWAP_V2 else (SLOT0, LIQUIDITY)
        calls += [Call(pool.address, function) for function in functions]
    answers = node.calls(calls, block)
    found: dict[str, _Known] = {}
    for pool, one, other in zip(pools, answers[::2], answers[1::2], strict=True):
        if isinstance(one, Reverted | NodeRefused) or isinstance(other, Reverted | NodeRefused):
            continue
        if pool.venue == VenueKind.UNISWAP_V2:
            found[pool.address] = float(one[0]), float(one[1])
        else:
            found[pool.address] = _Range(int(other), one[0] / 2**96, one[1])
    return found


def _followed(pool: str, known: _Known | None, first: int, events: Sequence[Event]) -> Iterator[PoolState]:
    """States after the first height, if it is known, and after each event that tells the next."""
    if known is not None:
        yield PoolState(first, pool, _reserves(known))
    for event in events:
        known = _next(known, event.args)
        if known is not None:
            yield PoolState(event.block_number, pool, _reserves(known))


def _next(known: _Known | None, args: dict[str, Any]) -> _Known | None:
    """The state after an event; None as long as it cannot be told."""
    if "reserve0" in args:
        return float(args["reserve0"]), float(args["reserve1"])
    if "sqrtPriceX96" in args:
        return _Range(args["liquidity"], args["sqrtPriceX96"] / 2**96, args["tick"])
    if isinstance(known, _Range) and args["tickLower"] <= known.tick < args["tickUpper"]:
        added = args["amount"] if "sender" in args else -args["amount"]
        return _Range(max(0, known.liquidity + added), known.root, known.tick)
    return known


def _reserves(known: _Known) -> tuple[float, float]:
    return known.reserves if isinstance(known, _Range) else known
