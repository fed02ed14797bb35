"""Trades and prices of Uniswap V2 and V3 pools and their forks, from their events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.address import to_checksum_address

from keepers.abi import Fragment
from keepers.contracts.deployment import PoolRecord
from keepers.contracts.reader import Reader
from keepers.routing.markets import VenueKind
from keepers.rpc.events import Event, LogFilter, pages
from keepers.rpc.node import Node

V2_SWAP = Fragment(
    "Swap",
    ("address", "uint256", "uint256", "uint256", "uint256", "address"),
    ("sender", "amount0In", "amount1In", "amount0Out", "amount1Out", "to"),
    indexed=(True, False, False, False, False, True),
)
V3_SWAP = Fragment(
    "Swap",
    ("address", "address", "int256", "int256", "uint160", "uint128", "int24"),
    ("sender", "recipient", "amount0", "amount1", "sqrtPriceX96", "liquidity", "tick"),
    indexed=(True, True, False, False, False, False, False),
)
PANCAKE_V3_SWAP = Fragment(
    "Swap",
    ("address", "address", "int256", "int256", "uint160", "uint128", "int24", "uint128", "uint128"),
    (
        *("sender", "recipient", "amount0", "amount1", "sqrtPriceX96", "liquidity", "tick"),
        *("protocolFeesToken0", "protocolFeesToken1"),
    ),
    indexed=(True, True, False, False, False, False, False, False, False),
)
V3_SWAPS = (V3_SWAP, PANCAKE_V3_SWAP)
"""The events of a swap in Uniswap V3 and its forks; PancakeSwap V3 has an event of its own."""
V3_MINT = Fragment(
    "Mint",
    ("address", "address", "int24", "int24", "uint128", "uint256", "uint256"),
    ("sender", "owner", "tickLower", "tickUpper", "amount", "amount0", "amount1"),
    indexed=(False, True, True, True, False, False, False),
)
V3_BURN = Fragment(
    "Burn",
    ("address", "int24", "int24", "uint128", "uint256", "uint256"),
    ("owner", "tickLower", "tickUpper", "amount", "amount0", "amount1"),
    indexed=(True, True, True, False, False, False),
)
V2_SYNC = Fragment("Sync", ("uint112", "uint112"), ("reserve0", "reserve1"), indexed=(False, False))
SWAPS = ((VenueKind.UNISWAP_V2, V2_SWAP), *((VenueKind.UNISWAP_V3, swap) for swap in V3_SWAPS))
"""Kinds of pools whose trades can be read, each with its events."""


@dataclass(frozen=True)
class PoolTrade:
    """A trade of a pool.

    Attributes:
        block: Height.
        tx_hash: Transaction, 0x-prefixed.
        amount: Smallest units of the input that is asked about, whichever way it was traded.
    """

    block: int
    tx_hash: str
    amount: int


def change_of(args: dict[str, Any]) -> tuple[int, int]:
    """Returns a swap's changes of a pool's token0 and token1, smallest units; a payment is negative."""
    if "amount0In" in args:
        return args["amount0In"] - args["amount0Out"], args["amount1In"] - args["amount1Out"]
    return args["amount0"], args["amount1"]


def pools_of(reader: Reader, pools: Sequence[PoolRecord], ends: tuple[str, str]) -> dict[PoolRecord, int]:
    """Returns the pools that trade a pair directly and whose trades can be read, each with the position of the input.

    Args:
        reader: Reader of the chain.
        pools: Pools of the deployment.
        ends: Input and output, by address.
    """
    pairs, readable = reader.pool_ends(), {kind for kind, _ in SWAPS}
    own = (pool for pool in pools if pool.venue in readable and set(pairs[pool.address]) == set(ends))
    return {pool: pairs[pool.address].index(ends[0]) for pool in own}


def trades_of(node: Node, pools: dict[PoolRecord, int], first: int, last: int, page: int) -> list[PoolTrade]:
    """Returns every trade of some pools between two heights, both inclusive.

    Args:
        node: Node to ask.
        pools: Pools, each with the position of the token whose amounts are wanted.
        first, last: Heights.
        page: Blocks in one query.

    Raises:
        ChainError: If the chain cannot be read.
    """
    sides = {pool.address: side for pool, side in pools.items()}
    return [
        PoolTrade(event.block_number, event.tx_hash, abs(change_of(event.args)[sides[_pool(event)]]))
        for kind, swap in SWAPS
        for event in events_of(node, swap, pools, kind, (first, last, page))
    ]


def events_of(
    node: Node, event: Fragment, pools: Iterable[PoolRecord], kind: VenueKind, interval: tuple[int, int, int]
) -> list[Event]:
    """Returns an event of the pools of a kind; the interval is first and last height, and blocks in one query."""
    addresses = tuple(pool.address for pool in pools if pool.venue == kind)
    if not addresses:
        return []
    return [found for page in pages(node, LogFilter(event, addresses), *interval) for found in page.events]


def first_block(node: Node, moment: int, newest: int) -> int:
    """Returns the lowest height whose block is not before a moment, by bisection.

    Args:
        node: Node to ask.
        moment: Unix seconds.
        newest: Height that is returned if no lower one is late enough.
    """
    low, high = 0, newest
    while low < high:
        middle = (low + high) // 2
        block = node.block(middle)
        if block is not None and block.timestamp >= moment:
            high = middle
        else:
            low = middle + 1
    return low


def _pool(event: Event) -> str:
    return to_checksum_address(event.address)
