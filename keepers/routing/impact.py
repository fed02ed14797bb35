"""How far an order moves the prices that it trades at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keepers.routing.graph import Graph
from keepers.routing.pools import Pool
from keepers.routing.swaps import Swap, flow_of

BPS = 10_000
DEPTH_FALL_BPS = 200.0
"""Fall of a pool's price up to which `depth` counts what it takes, basis points."""


def price_impact_bps(graph: Graph, swaps: Sequence[Swap]) -> float:
    """Output that a plan misses because pools move, basis points of its output at their first prices.

    The same division of the order is valued at the marginal output of the first unit of each pool, fees included.

    Args:
        graph: Markets before the plan.
        swaps: Swaps in the order of execution.
    """
    pools = {pool.address: pool for pool in graph.pools}
    start = swaps[0].token_in
    held: dict[str, float] = {start: float(sum(swap.amount_in for swap in swaps if swap.token_in == start))}
    sold: dict[str, float] = {}
    for swap in swaps:
        edge = graph.edge_of[swap.pool, pools[swap.pool].token0 == swap.token_in]
        sold.setdefault(swap.token_in, held[swap.token_in])
        paid = swap.share * sold[swap.token_in] * float(graph.first_slope[edge])
        held[swap.token_out] = held.get(swap.token_out, 0.0) + paid
    out = sum(swap.amount_out for swap in swaps if swap.token_out == swaps[-1].token_out)
    return float(BPS * (1 - np.clip(out / held[swaps[-1].token_out], 0.0, 1.0)))


def marginal_output(graph: Graph, swaps: Sequence[Swap]) -> float:
    """Output of one more unit of input, fees included, where a plan divides what it sells best.

    One more unit goes where it brings most, and at the best division every swap of a token that can take it brings the
    same (the envelope theorem; Milgrom and Segal 2002, Econometrica 70(2)). A swap at the end of its market's depth
    brings more and can take no more, so that the least of a token's swaps counts.

    Args:
        graph: Markets before the plan.
        swaps: Swaps in the order of execution.
    """
    flow = flow_of(graph, swaps)
    edges = np.array(sorted(flow), dtype=np.int64)
    slopes = graph.curves.slope(edges, np.array([flow[edge] for edge in edges.tolist()]))
    slope_of = dict(zip(edges.tolist(), slopes.tolist(), strict=True))
    worth: dict[str, float] = {swaps[-1].token_out: 1.0}
    for swap, edge in reversed(list(zip(swaps, flow, strict=True))):
        brings = slope_of[edge] * worth[swap.token_out]
        worth[swap.token_in] = min(worth.get(swap.token_in, brings), brings)
    return worth[swaps[0].token_in]


def depth(pools: Sequence[Pool], token_in: str, token_out: str) -> int:
    """Returns what the pools of a pair take until their prices have fallen by DEPTH_FALL_BPS, smallest units.

    Every pool counts from its own price, so that a pool that pays less has its depth as well. Of pools that trade out
    of the same reserves the deepest counts.

    Args:
        pools: State at one block, distinct addresses.
        token_in, token_out: Addresses.
    """
    own = [pool for pool in pools if {pool.token0, pool.token1} == {token_in, token_out}]
    if not own:
        return 0
    graph = Graph(own, DEPTH_FALL_BPS)
    edges = np.flatnonzero(graph.token_in == graph.find(token_in))
    most: dict[int, float] = {}
    for edge in edges.tolist():
        source = int(graph.source[edge])
        most[source] = max(most.get(source, 0.0), float(graph.limit[edge]))
    return int(sum(most.values()))
