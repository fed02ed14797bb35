"""A bound of every plan for an order: over paths of any length and trades in circles, before gas.

It is the flow problem over the whole graph with one token to begin with and one that counts (`decomposition.py`). The
certificate of a plan (`certificate.py`) is below it where more hops, or what forgotten pools pay to whoever trades in
circles, would bring more.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from keepers.routing.certificate import ROUNDING
from keepers.routing.curves import Floats, Ints
from keepers.routing.decomposition import PairMarkets, solve_flow
from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.graph import Graph
from keepers.routing.plans import Order

_REWEIGHTINGS = 8
_CLOSE = 1e-2
"""Distance of logarithms of prices within which markets count as agreeing."""


def bound_of_any_path(graph: Graph, order: Order, cancelled: Callable[[], bool] = lambda: False) -> float:
    """Most that any trades can bring of the token that is bought, smallest units; no number of hops limits them.

    Pairs of one contract count as markets of their own. Rounding of floats is allowed for.

    Raises:
        RoutingError: If no market trades a token.
        InsufficientLiquidity: If no path connects the tokens.
    """
    start, goal = graph.find(order.token_in), graph.find(order.token_out)
    edges = _edges_between(graph, order, start, goal)
    tokens, ends = np.unique(np.stack([graph.token_in[edges], graph.token_out[edges]]), return_inverse=True)
    tails, heads = ends.reshape(2, -1)
    worth, held = np.zeros(tokens.size), np.zeros(tokens.size)
    worth[tokens == goal], held[tokens == start] = 1.0, float(order.amount_in)
    markets = PairMarkets(graph.curves, edges, tails, heads, graph.limit[edges], tokens.size)
    prices = _agreed(tails, heads, np.log(graph.first_slope[edges]), int(np.flatnonzero(tokens == goal)[0]))
    found = solve_flow(markets, worth, held, prices, cancelled=cancelled)
    return found.bound * (1 + ROUNDING)


def _edges_between(graph: Graph, order: Order, start: int, goal: int) -> Ints:
    """Edges that the order allows, of the part of the graph that has both of its tokens."""
    count = len(graph.tokens)
    banned = np.array([pool.address in order.excluded for pool in graph.pools], dtype=np.bool_)
    allowed = np.flatnonzero(~banned[graph.pool] & (graph.first_slope > 0) & (graph.limit > 0))
    ends = graph.token_in[allowed], graph.token_out[allowed]
    links = coo_matrix((np.ones(allowed.size), ends), shape=(count, count))
    parts = connected_components(links, directed=False)[1]
    if parts[start] != parts[goal]:
        remedy = "exclude less" if order.excluded else "list a market"
        raise InsufficientLiquidity(f"{order.token_in} for {order.token_out}", "no path connects them", remedy)
    result: Ints = allowed[parts[ends[0]] == parts[start]]
    return result


def _agreed(tails: Ints, heads: Ints, slope: Floats, goal: int) -> Floats:
    """Logarithms of prices in the goal's that most markets agree with: the least sum of distances, by reweighting.

    Args:
        tails, heads: (edges,), tokens.
        slope: (edges,), logarithm of the output of the first unit.
        goal: Token whose price is 1.
    """
    count = int(max(tails.max(), heads.max())) + 1
    others = np.flatnonzero(np.arange(count) != goal)
    price, weight = np.zeros(count), np.ones(tails.size)
    for _ in range(_REWEIGHTINGS):
        off = np.bincount(tails * count + heads, weight, count * count).reshape(count, count)
        off = off + off.T
        laplacian = np.diag(off.sum(axis=1)) - off
        moment = np.bincount(tails, weight * slope, count) - np.bincount(heads, weight * slope, count)
        price[others] = np.linalg.solve(laplacian[np.ix_(others, others)], moment[others])
        weight = 1 / np.maximum(np.abs(price[tails] - price[heads] - slope), _CLOSE)
    return price
