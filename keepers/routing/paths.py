"""Candidate paths at trade size."""

from __future__ import annotations

import numpy as np

from keepers.routing.curves import Floats, Ints
from keepers.routing.network import Network

_PATHS = 20


def first_paths(network: Network, cost: Floats, count: int = _PATHS) -> list[Ints]:
    """Candidate paths before anything is known about prices, the best at trade size first.

    Args:
        network: Every arc of the order.
        cost: (arcs,), fixed cost, units of the goal.
        count: Maximum number of paths.
    """
    nobody, every = np.zeros(network.nodes, dtype=np.bool_), np.ones(network.edge.size, dtype=np.bool_)
    price, choice = network.price_backwards(np.zeros(network.nodes), nobody, cost, every)
    return candidate_paths(network, price, choice, cost, count)


def candidate_paths(network: Network, price: Floats, choice: Ints, cost: Floats, count: int = _PATHS) -> list[Ints]:
    """Simple paths through the most promising arcs, the best at trade size first.

    The whole input is sent forward, layer by layer, and every node keeps the best amount net of fixed costs so far
    (Bellman 1958, with outputs in place of rates). An arc is ranked by what reaches it, what it pays, and what that is
    worth onward; its path is the best way to it and the best way on.

    Args:
        network: Every arc of the order.
        price: (nodes,), what a unit of each token is worth onward, in units of the goal.
        choice: (nodes,), arc that pays most out of each node, or -1.
        cost: (arcs,), fixed cost, units of the goal.
        count: Maximum number of paths.

    Returns:
        Positions of arcs from the start to the goal, one array per path, by output net of fixed costs.
    """
    held, spent = np.zeros(network.nodes), np.zeros(network.nodes)
    before = np.full(network.nodes, -1, dtype=np.int64)
    best = np.full(network.nodes, -np.inf)
    worth = np.full(network.edge.size, -np.inf)
    held[network.start] = network.amount
    for arcs in network.by_layer:
        there = held[network.tail[arcs]]
        arcs = arcs[(there > 0) & (there <= network.graph.limit[network.edge[arcs]])]
        if not arcs.size:
            continue
        head, tail = network.head[arcs], network.tail[arcs]
        y = network.graph.curves.output(network.edge[arcs], held[tail])
        gas = spent[tail] + cost[arcs]
        worth[arcs] = y * price[head] - gas
        order = np.lexsort((worth[arcs], head))
        last = np.append(head[order][1:] != head[order][:-1], True)
        chosen = order[last]
        nodes = head[chosen]
        better = worth[arcs][chosen] > best[nodes]
        chosen, nodes = chosen[better], nodes[better]
        held[nodes], spent[nodes], before[nodes] = y[chosen], gas[chosen], arcs[chosen]
        best[nodes] = worth[arcs][chosen]
    return _distinct(network, choice, before, worth, cost, count)


def largest_paths(network: Network) -> list[Ints]:
    """Bellman and Ford's path per number of hops: the one that brings most of the whole input before gas."""
    held = np.zeros(network.nodes)
    before = np.full(network.nodes, -1, dtype=np.int64)
    held[network.start] = network.amount
    tokens, found = len(network.graph.tokens), []
    for every in network.by_layer:
        there = held[network.tail[every]]
        arcs = every[(there > 0) & (there <= network.graph.limit[network.edge[every]])]
        if not arcs.size:
            break
        paid = network.graph.curves.output(network.edge[arcs], held[network.tail[arcs]])
        order = np.lexsort((paid, network.head[arcs]))
        heads = network.head[arcs][order]
        last = np.append(heads[1:] != heads[:-1], True)
        before[heads[last]], held[heads[last]] = arcs[order][last], paid[order][last]
        if heads[-1] == network.goal:
            path = [int(before[network.goal])]
            while (node := int(network.tail[path[0]])) != network.start:
                path.insert(0, int(before[node]))
            if len(set((network.tail[path] % tokens).tolist())) == len(path):
                found.append(np.array(path, dtype=np.int64))
    return found


def _distinct(network: Network, choice: Ints, before: Ints, worth: Floats, cost: Floats, count: int) -> list[Ints]:
    paths: dict[tuple[int, ...], Ints] = {}
    # First the best way of each number of hops, whose amounts fit into the pools that it passes: a way onward may not.
    ends = (arcs[network.head[arcs] == network.goal] for arcs in network.by_layer)
    whole = [int(arcs[np.argmax(worth[arcs])]) for arcs in ends if arcs.size]
    ranked = np.append(np.array(whole, dtype=np.int64), np.argsort(-worth))
    tokens = len(network.graph.tokens)
    for arc in ranked[np.isfinite(worth[ranked])].tolist():
        if len(paths) == count:
            break
        path = [arc]
        while (node := int(network.tail[path[0]])) != network.start:
            path.insert(0, int(before[node]))
        while (node := int(network.head[path[-1]])) != network.goal and choice[node] >= 0:
            path.append(int(choice[node]))
        passed = (network.tail[path] % tokens).tolist()
        if int(network.head[path[-1]]) == network.goal and len(set(passed)) == len(passed):
            paths.setdefault(tuple(network.edge[path].tolist()), np.array(path, dtype=np.int64))
    return sorted(paths.values(), key=lambda path: -_net_output(network, path, cost))


def _net_output(network: Network, path: Ints, cost: Floats) -> float:
    """Output of a path at trade size net of fixed costs; minus infinity beyond its depth."""
    x = np.array([network.amount])
    for arc in path:
        edge = network.edge[arc : arc + 1]
        if x[0] > network.graph.limit[edge[0]]:
            return -np.inf
        x = network.graph.curves.output(edge, x)
    return float(x[0] - cost[path].sum())
