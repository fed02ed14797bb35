"""Finds decisions that a relaxation leaves open; every plan keeps to one of their answers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from keepers.routing.curves import Floats, Ints
from keepers.routing.graph import Graph
from keepers.routing.network import Network
from keepers.routing.program import Flow

Edges = frozenset[int]
Decision = tuple[Edges, Edges]
"""Edges that are paid for, and edges that are not used."""
_PARTLY = 1e-6
"""Distance of a part from none and from all below which its edge is decided about."""
_FLOWING = 1e-6
"""Part of an order below which nothing flows along a hop."""


def decisions(network: Network, flow: Flow, costs: Floats, used: Edges, in_order: bool) -> list[Decision]:
    """Decisions of which every plan keeps to one; empty where the relaxation decided about everything.

    A plan that buys all of a token before it sells it lacks one hop of every circle of tokens. Where there is no
    circle, a plan uses the most used pair of a source of which several are used, or does not; without any, that is
    decided about the edge that leaves most of its fixed cost unpaid.

    Args:
        network: Every arc of the order.
        flow: A solution of the relaxation.
        costs: (edges of the program,), fixed costs, units of the goal.
        used: Edges that are paid for already.
        in_order: True if a plan buys all of a token before it sells it.
    """
    hops = _hops(network, flow) if in_order else {}
    around = widest_circle(hops)
    if around:
        return [(frozenset(), _along(network.graph, hop)) for hop in around]
    edge = _undecided(network.graph, flow, costs, used)
    none, one = frozenset[int](), frozenset(() if edge is None else (edge,))
    return [] if edge is None else [(one, none), (none, one)]


def tangled(network: Network, flow: Flow, in_order: bool) -> Edges:
    """Edges without which a flow can be a plan: pairs of a source but the widest, and a hop of every circle.

    Args:
        network: Every arc of the order.
        flow: A solution of the relaxation.
        in_order: True if a plan buys all of a token before it sells it.
    """
    graph, found = network.graph, set[int]()
    arcs = np.flatnonzero(flow.x > 0)
    worth = np.bincount(network.edge[arcs], _worth(network, flow, arcs), graph.source.size)
    edges = np.flatnonzero(worth)
    sources, times = np.unique(graph.source[edges], return_counts=True)
    for source in sources[times > 1].tolist():
        pairs = np.flatnonzero(graph.source == source)
        found |= {*pairs.tolist()} - {int(pairs[np.argmax(worth[pairs])])}
    hops = _hops(network, flow) if in_order else {}
    while around := widest_circle(hops):
        narrowest = min(around, key=lambda hop: hops[hop])
        found |= _along(graph, narrowest)
        del hops[narrowest]
    return frozenset(found)


def _worth(network: Network, flow: Flow, arcs: Ints) -> Floats:
    worth: Floats = np.abs(flow.x[arcs] * flow.price[network.tail[arcs]])
    return worth


def _hops(network: Network, flow: Flow) -> dict[tuple[int, int], float]:
    """Sums what flows along hops, by their ends, units of the goal."""
    graph, arcs = network.graph, np.flatnonzero(flow.x > 0)
    hops: dict[tuple[int, int], float] = {}
    for edge, part in zip(network.edge[arcs].tolist(), _worth(network, flow, arcs).tolist(), strict=True):
        hops[graph.ends[edge]] = hops.get(graph.ends[edge], 0.0) + part
    least = _FLOWING * abs(network.amount * float(flow.price[network.start]))
    return {hop: part for hop, part in hops.items() if part > least}


def widest_circle(hops: Mapping[tuple[int, int], float]) -> list[tuple[int, int]]:
    """The circle of hops whose narrowest hop is widest; empty if there is none.

    Hops are added by falling width until one closes a circle.

    Args:
        hops: Widths by the hop's ends.
    """
    onward: dict[int, list[int]] = {}
    for tail, head in sorted(hops, key=lambda hop: -hops[hop]):
        before, waiting = {head: head}, [head]
        for token in waiting:
            for after in onward.get(token, ()):
                if after not in before:
                    before[after] = token
                    waiting.append(after)
        if tail in before:
            way = [tail]
            while way[-1] != head:
                way.append(before[way[-1]])
            return [(tail, head), *zip(way[1:], way[:-1], strict=True)]
        onward.setdefault(tail, []).append(head)
    return []


def _along(graph: Graph, hop: tuple[int, int]) -> Edges:
    edges: Ints = np.flatnonzero((graph.token_in == hop[0]) & (graph.token_out == hop[1]))
    return frozenset(edges.tolist())


def _undecided(graph: Graph, flow: Flow, costs: Floats, used: Edges) -> int | None:
    source = graph.source[flow.edges]
    partly = (flow.part > _PARTLY) & (flow.part < 1 - _PARTLY)
    partly &= ~np.isin(flow.edges, list(used))
    crossing = np.bincount(source, flow.part > _PARTLY, int(source.max()) + 1)[source] > 1
    if (partly & crossing).any():
        return int(flow.edges[np.argmax(np.where(partly & crossing, flow.part, -1.0))])
    unpaid = np.where(partly, costs * (1 - flow.part), 0.0)
    return int(flow.edges[np.argmax(unpaid)]) if unpaid.max() > 0 else None
