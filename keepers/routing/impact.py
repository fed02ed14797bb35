"""How far an order moves the prices that it trades at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keepers.routing.execution import Swap
from keepers.routing.graph import Graph

BPS = 10_000


def price_impact_bps(graph: Graph, swaps: Sequence[Swap]) -> float:
    """Output that a plan misses because pools move, basis points of its output at their first prices.

    The same division of the order is valued at the marginal output of the first unit of each pool, fees included.

    Args:
        graph: Markets before the plan.
        swaps: Swaps in the order of execution.
    """
    pools = {pool.address: pool for pool in graph.pools}
    numbers: dict[tuple[str, bool], int] = {}
    for edge in range(graph.pool.size):
        numbers[graph.pools[graph.pool[edge]].address, bool(graph.zero_for_one[edge])] = edge
    start = swaps[0].token_in
    held: dict[str, float] = {start: float(sum(swap.amount_in for swap in swaps if swap.token_in == start))}
    sold: dict[str, float] = {}
    for swap in swaps:
        edge = numbers[swap.pool, pools[swap.pool].token0 == swap.token_in]
        sold.setdefault(swap.token_in, held[swap.token_in])
        paid = swap.share * sold[swap.token_in] * float(graph.first_slope[edge])
        held[swap.token_out] = held.get(swap.token_out, 0.0) + paid
    out = sum(swap.amount_out for swap in swaps if swap.token_out == swaps[-1].token_out)
    return float(BPS * (1 - np.clip(out / held[swaps[-1].token_out], 0.0, 1.0)))
