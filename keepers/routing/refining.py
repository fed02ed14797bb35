"""Reasons to leave an edge out of a plan: it earns less than its gas, or the order of tokens has no place for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from keepers.routing.graph import Graph
from keepers.routing.swaps import Execution


def losses(graph: Graph, plan: Execution, pool_costs: Sequence[int]) -> dict[int, float]:
    """Gas of a plan's divided parts less what they earn at its marginal prices, where that is above zero.

    A part takes along what nothing else leads to: its gas and what it earns count too. Outputs are concave, so that a
    part which earns its gas at the plan's prices is missed by more than its gas.

    Args:
        graph: All markets.
        plan: Swaps; every token is bought in full before it is sold.
        pool_costs: Fixed cost of every pool, smallest units of the output.
    """
    edges = np.sort(np.array(plan.edges, dtype=np.int64))
    swaps = dict(zip(plan.edges, plan.swaps, strict=True))
    inputs = np.array([float(swaps[edge].amount_in) for edge in edges.tolist()])
    slope = dict(zip(edges.tolist(), graph.curves.slope(edges, inputs).tolist(), strict=True))
    price, lost = {graph.ends[plan.edges[-1]][1]: 1.0}, dict[int, float]()
    for edge in reversed(plan.edges):
        tail, head = graph.ends[edge]
        if head not in price:
            return {}  # Orders one after another sell a token in several goes, at no one price.
        price[tail] = price.get(tail, 0.0) + swaps[edge].share * slope[edge] * price[head]
    for edge, swap in swaps.items():
        tail, head = graph.ends[edge]
        earned = price[head] * swap.amount_out - price[tail] * swap.amount_in
        lost[edge] = pool_costs[int(graph.pool[edge])] - earned
    heads = Counter(graph.ends[edge][1] for edge in plan.edges)
    onward = dict[int, list[int]]()
    for edge in plan.edges:
        onward.setdefault(graph.ends[edge][0], []).append(edge)
    found = dict[int, float]()
    for edge in (edge for edge, swap in swaps.items() if swap.share < 1):
        together = _only_after(graph, edge, heads, onward)
        total = sum(lost[one] for one in together)
        if total > 0 and any(pool_costs[int(graph.pool[one])] for one in together):
            found[edge] = total
    return found


def _only_after(graph: Graph, edge: int, leading: Mapping[int, int], onward: Mapping[int, list[int]]) -> list[int]:
    """An edge, and those of a plan to which nothing else leads.

    Args:
        graph: All markets.
        edge: The edge.
        leading: Number of the plan's edges that lead to each token.
        onward: The plan's edges out of each token.
    """
    found, gone = [edge], Counter[int]()
    for one in found:
        head = graph.ends[one][1]
        gone[head] += 1
        if gone[head] == leading[head]:
            found += onward.get(head, [])
    return found


def against(graph: Graph, plan: Execution, edges: Sequence[int]) -> list[int]:
    """Returns the edges that lead back in a plan's order of tokens, and those of other pairs of its sources."""
    rank: dict[int, int] = {}
    for edge in plan.edges:
        rank.setdefault(graph.ends[edge][0], len(rank))
    sources = {int(graph.source[edge]) for edge in plan.edges}
    used, found = set(plan.edges), []
    for edge in edges:
        tail, head = graph.ends[edge]
        back = tail in rank and head in rank and rank[tail] > rank[head]
        if back or (edge not in used and int(graph.source[edge]) in sources):
            found.append(edge)
    return found
