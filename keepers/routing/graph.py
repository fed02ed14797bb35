"""The token graph over all markets: curves in both directions, by token, pool and source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import numpy as np

from keepers.routing.crypto import CryptoPool
from keepers.routing.crypto_curves import crypto_chain
from keepers.routing.curves import Curves, Floats, Ints, Lines, Segments, Weighted
from keepers.routing.errors import RoutingError
from keepers.routing.hulls import concave_hull, stable_chain, vault_line
from keepers.routing.pools import Pool, QuotedPool, V2Pool, V3Pool, source_of
from keepers.routing.stable import StablePool
from keepers.routing.v3_math import PIPS, Q96, sqrt_ratio_at_tick
from keepers.routing.vaults import VaultPool
from keepers.routing.weighted import MAX_RATIO, ONE, WeightedPool

BPS = 10_000


@dataclass(frozen=True)
class Edge:
    """A pool in one direction, before the edges of a graph are numbered.

    Attributes:
        pool: Position of the pool.
        zero_for_one: Direction.
        family: Position of its family in `Curves.families`.
        shape: Data of the family: stretches, parameters or a chain.
        fee: Part of the input.
    """

    pool: int
    zero_for_one: bool
    family: int
    shape: Floats
    fee: float = 0.0


class Graph:
    """Markets as directed edges between tokens, numbered as their curves are.

    Args:
        pools: State at one block, distinct addresses; markets without any liquidity have no edges.
        leg_impact_bps: How far one swap may move its market's marginal price, basis points above 0 and below 10,000;
            None for any distance.

    Attributes:
        pools: Pools that it was made of, in their order.
        leg_impact_bps: The argument.
        tokens: Distinct tokens, in order of appearance.
        curves: One per edge.
        token_in, token_out: (edges,), positions of tokens.
        pool: (edges,), positions of pools.
        source: (edges,), number of the reserves that the pool trades out of.
        zero_for_one: (edges,), direction.

    Raises:
        RoutingError: If an address appears twice, or the limit is out of range.
    """

    def __init__(self, pools: Sequence[Pool], leg_impact_bps: float | None = None) -> None:
        self.pools, self.leg_impact_bps = tuple(pools), leg_impact_bps
        if leg_impact_bps is not None and not 0 < leg_impact_bps < BPS:
            raise RoutingError(f"limit of {leg_impact_bps:g} bps a leg", "not above 0 and below 10,000", "50 is 0.5%")
        if len({pool.address for pool in self.pools}) != len(self.pools):
            raise RoutingError(f"{len(self.pools)} pools", "an address appears more than once", "give each pool once")
        names = (token for pool in self.pools for token in (pool.token0, pool.token1))
        self.tokens = tuple(dict.fromkeys(names))
        self.position = {token: position for position, token in enumerate(self.tokens)}
        edges = [edge for number, pool in enumerate(self.pools) for edge in _edges(number, pool)]
        edges.sort(key=lambda edge: edge.family)
        self.curves = _curves(edges)
        self.pool = np.array([edge.pool for edge in edges], dtype=np.int64)
        self.zero_for_one = np.array([edge.zero_for_one for edge in edges], dtype=np.bool_)
        ends = np.array([[self.position[pool.token0], self.position[pool.token1]] for pool in self.pools])
        ends = ends.reshape(-1, 2)[self.pool] if self.pools else np.empty((0, 2), dtype=np.int64)
        self.token_in: Ints = np.where(self.zero_for_one, ends[:, 0], ends[:, 1])
        self.token_out: Ints = np.where(self.zero_for_one, ends[:, 1], ends[:, 0])
        numbers: dict[str, int] = {}
        of_pool = [numbers.setdefault(source_of(pool), len(numbers)) for pool in self.pools]
        self.source: Ints = np.array(of_pool, dtype=np.int64)[self.pool] if self.pools else self.pool

    @cached_property
    def limit(self) -> Floats:
        """(edges,), most that each takes, smallest units: all of its depth, or as far as a leg's limit goes."""
        if self.leg_impact_bps is None:
            return self.curves.limit
        every = np.arange(self.pool.size)
        return self.curves.best(every, self.first_slope * (1 - self.leg_impact_bps / BPS), self.curves.limit)[0]

    @cached_property
    def first_slope(self) -> Floats:
        """(edges,), output of the first unit of input."""
        every = np.arange(self.pool.size)
        return self.curves.slope(every, np.zeros(every.size))

    @cached_property
    def ends(self) -> list[tuple[int, int]]:
        """Tokens that each edge sells and buys; a list, whose items Python reads faster than those of an array."""
        return list(zip(self.token_in.tolist(), self.token_out.tolist(), strict=True))

    @cached_property
    def limits(self) -> list[float]:
        """`limit` as a list."""
        found: list[float] = self.limit.tolist()
        return found

    @cached_property
    def edge_of(self) -> dict[tuple[str, bool], int]:
        """Number of the edge of a pool's address in a direction (token0 goes in)."""
        sides = zip(self.pool.tolist(), self.zero_for_one.tolist(), strict=True)
        return {(self.pools[pool].address, up): edge for edge, (pool, up) in enumerate(sides)}

    def find(self, token: str) -> int:
        """Position of a token.

        Raises:
            RoutingError: If no market has it.
        """
        if token not in self.position:
            raise RoutingError(token, "no market trades it", "list one, or give another token")
        return self.position[token]


def _edges(number: int, pool: Pool) -> Iterable[Edge]:
    if isinstance(pool, V2Pool):
        root = sqrt(pool.reserve0) * sqrt(pool.reserve1)
        for up, price in ((True, pool.reserve1 / pool.reserve0), (False, pool.reserve0 / pool.reserve1)):
            yield Edge(number, up, 0, np.array([[sqrt(price), 0.0, root]]), pool.fee_pips / PIPS)
    elif isinstance(pool, V3Pool):
        for up in (True, False):
            stretches = _stretches(pool, up)
            if stretches:
                yield Edge(number, up, 0, np.array(stretches), pool.fee_pips / PIPS)
    elif isinstance(pool, WeightedPool):
        ends = (float(pool.balance0), pool.weight0 / ONE), (float(pool.balance1), pool.weight1 / ONE)
        for up, ((one, weight), (other, other_weight)) in ((True, ends), (False, ends[::-1])):
            yield Edge(number, up, 1, np.array([one, other, weight / other_weight]), pool.fee / ONE)
    else:
        for up in (True, False):
            chain = _chain(pool, up)
            if len(chain):
                yield Edge(number, up, 2, chain)


def _stretches(pool: V3Pool, zero_for_one: bool) -> list[tuple[float, float, float]]:
    """(start, end, liquidity) from the pool's price to its last known tick, prices as output per input."""
    if zero_for_one:
        ahead = [(tick, -net) for tick, net in reversed(pool.ticks) if tick <= pool.tick]
    else:
        ahead = [(tick, net) for tick, net in pool.ticks if tick > pool.tick]
    price, liquidity, found = pool.sqrt_price_x96, pool.liquidity, []
    for tick, change in ahead:
        end = sqrt_ratio_at_tick(tick)
        if liquidity > 0 and (end < price if zero_for_one else end > price):
            ends = (price / Q96, end / Q96) if zero_for_one else (Q96 / price, Q96 / end)
            found.append((*ends, float(liquidity)))
        price, liquidity = end, liquidity + change
    return found


def _chain(pool: QuotedPool | StablePool | CryptoPool | VaultPool, zero_for_one: bool) -> Floats:
    if isinstance(pool, StablePool):
        return stable_chain(pool, zero_for_one)
    if isinstance(pool, CryptoPool):
        return crypto_chain(pool, zero_for_one)
    if isinstance(pool, VaultPool):
        return vault_line(pool, zero_for_one)
    samples = pool.up if zero_for_one else pool.down
    return concave_hull(np.array(samples, dtype=np.float64).reshape(-1, 2))


def _curves(edges: Sequence[Edge]) -> Curves:
    first = [edge for edge in edges if edge.family == 0]
    second = [edge for edge in edges if edge.family == 1]
    table = np.array([edge.shape for edge in second]).reshape(-1, 3)
    segments = Segments([edge.shape for edge in first], np.array([edge.fee for edge in first]))
    fees = np.array([edge.fee for edge in second])
    weighted = Weighted(table[:, 0], table[:, 1], table[:, 2], fees, np.full(len(second), MAX_RATIO / ONE))
    return Curves((segments, weighted, Lines([edge.shape for edge in edges if edge.family == 2])))
