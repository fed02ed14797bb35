"""Paths of bounded length between two tokens, as a network of layers; prices and bounds on it.

A token in layer l has been reached by l hops. Edges lead from one layer to the next or to the token that is bought, so
that no flow runs in a circle and no unit of it takes more hops than allowed. Neither the token that is sold nor the one
that is bought is passed on the way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from keepers.routing.curves import Bools, Floats, Ints
from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.graph import Graph
from keepers.routing.plans import Order

_BISECTIONS = 8
_DINKELBACH = 2
_NOTHING = -1e200
"""Price of a token that cannot be sold on."""


@dataclass(frozen=True)
class Network:
    """Arcs of one order: edges of the graph, each in the layers in which it can be part of a path.

    Attributes:
        graph: All markets.
        start, goal: Nodes of the token that is sold and of the one that is bought.
        hops: Maximum number of hops.
        edge: (arcs,), rising.
        layer: (arcs,), hops before it.
        tail, head: (arcs,), nodes; a node is layer times tokens plus token, the goal the last of all.
        amount: Input of the order, smallest units.
    """

    graph: Graph
    start: int
    goal: int
    hops: int
    edge: Ints
    layer: Ints
    tail: Ints
    head: Ints
    amount: float

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return self.goal + 1

    @cached_property
    def by_layer(self) -> list[Ints]:
        """Positions of the arcs of each layer, rising."""
        return [np.flatnonzero(self.layer == layer) for layer in range(self.hops)]

    @cached_property
    def caps(self) -> Floats:
        """(arcs,), upper bounds of what each can be given: of what can be had of its input, or what it takes."""
        return np.minimum(self.most[self.tail], self.graph.limit[self.edge])

    def with_caps(self, caps: Floats) -> Network:
        """The network with smaller caps."""
        other = replace(self)
        other.__dict__["caps"], other.__dict__["most"] = caps, self.most
        other.__dict__["by_layer"] = self.by_layer
        return other

    @cached_property
    def most(self) -> Floats:
        """(nodes,), upper bounds of what can be had of each token by paths from the start.

        There is at most M_j of a token j in all; with a part s of the input at most r_j s, where r_j is the product of
        first slopes on the way, and at most m_j s + G_j. So its successor k gets at most, for every mu (weak duality),
        mu A + sum over edges of the lesser of arb(mu / r_j) and arb(mu / m_j) + mu G_j / m_j, where arb(p) is the
        maximum of y(x) - p x over x up to M_j. The mu is bisected, and becomes m_k.
        """
        reach = _Reach(self)
        last = [arcs[self.head[arcs] == self.goal] for arcs in self.by_layer]
        for arcs in self.by_layer:
            reach.spread(arcs[self.head[arcs] != self.goal])
        reach.spread(np.sort(np.concatenate(last)))
        return reach.most

    def value(self, arcs: Ints, price: Floats, caps: Floats) -> tuple[Floats, Floats, Floats]:
        """Inputs, outputs and largest gains nu_head y(x) - nu_tail x of arcs (positions, rising) at prices of nodes.

        Where the output has a negative price the gain is convex, and its maximum at nothing or at the cap.
        """
        out, paid = price[self.head[arcs]], price[self.tail[arcs]]
        positive = out > 0
        ratio = np.where(positive, paid / np.where(positive, out, 1.0), -1.0)
        x, y = self.graph.curves.best(self.edge[arcs], ratio, caps)
        gain = out * y - paid * x
        # Taking nothing is always possible.
        kept = gain > 0
        return np.where(kept, x, 0.0), np.where(kept, y, 0.0), np.where(kept, gain, 0.0)

    def price_backwards(self, price: Floats, known: Bools, cost: Floats, alive: Bools) -> tuple[Floats, Ints]:
        """Prices of the nodes that have none: the most that an arc out of them pays per unit at trade size.

        That is the largest (nu_head y(x) - c) / x at the arc's cap, from the last layer to the first. A small pool with
        a good price does not raise the price of its token: it earns, and the bound counts what it earns.

        Args:
            price: (nodes,), in units of the goal.
            known: (nodes,), whether `price` has it.
            cost: (arcs,), fixed cost in units of the goal.
            alive: (arcs,), whether an arc may be used.

        Returns:
            (nodes,) prices, far below zero where no arc leads on, and the arc that pays most out of each node, or -1.
        """
        result = np.where(known, price, _NOTHING)
        result[self.goal] = 1.0
        choice = np.full(self.nodes, -1, dtype=np.int64)
        for every in reversed(self.by_layer):
            arcs = every[alive[every]]
            if not arcs.size:
                continue
            found = self._average(arcs, result, cost)
            order = np.lexsort((found, self.tail[arcs]))
            tails = self.tail[arcs][order]
            last = np.append(tails[1:] != tails[:-1], True)
            nodes = tails[last]
            choice[nodes] = arcs[order][last]
            result[nodes] = np.where(known[nodes], result[nodes], found[order][last])
        return result, choice

    def price_forwards(self, price: Floats, known: Bools, cost: Floats, alive: Bools) -> tuple[Floats, Ints]:
        """Prices of the nodes that have none: the least that a unit of them costs by any arc that leads there.

        That is the least (nu_tail x + c) / y(x), from the first layer to the last. It is found from the arc's cap on
        with Dinkelbach's method (1967, "On nonlinear fractional programming", Management Science 13(7)).

        Args:
            price: (nodes,), in units of the goal.
            known: (nodes,), whether `price` has it.
            cost: (arcs,), fixed cost in units of the goal.
            alive: (arcs,), whether an arc may be used.

        Returns:
            (nodes,) prices, infinite where no arc leads, and the arc by which each is cheapest, or -1.
        """
        result = np.where(known, price, np.inf)
        origin = np.full(self.nodes, -1, dtype=np.int64)
        for every in self.by_layer:
            arcs = every[alive[every] & np.isfinite(result[self.tail[every]])]
            if not arcs.size:
                continue
            paid, edge, caps = result[self.tail[arcs]], self.edge[arcs], self.caps[arcs]
            found = (paid * caps + cost[arcs]) / self._at_cap[arcs]
            for _ in range(_DINKELBACH):
                x, y = self.graph.curves.best(edge, paid / np.where(found > 0, found, np.inf), caps)
                some = y > 0
                found = np.where(some, np.minimum(found, (paid * x + cost[arcs]) / np.where(some, y, 1.0)), found)
            order = np.lexsort((-found, self.head[arcs]))
            heads = self.head[arcs][order]
            last = np.append(heads[1:] != heads[:-1], True)
            nodes, cheapest = heads[last], found[order][last]
            # A node beyond the next layer is the goal, which has arcs of every layer.
            nearer = (origin[nodes] < 0) | (cheapest < result[nodes])
            origin[nodes[nearer]] = arcs[order][last][nearer]
            result[nodes] = np.where(known[nodes], result[nodes], np.minimum(result[nodes], cheapest))
        return result, origin

    def _average(self, arcs: Ints, price: Floats, cost: Floats) -> Floats:
        """(nu_head y(x) - c) / x of arcs at their caps."""
        result: Floats = (price[self.head[arcs]] * self._at_cap[arcs] - cost[arcs]) / self.caps[arcs]
        return result

    @cached_property
    def _at_cap(self) -> Floats:
        return self.graph.curves.output(self.edge, self.caps)


class _Reach:
    """Upper bounds of amounts, from layer to layer; see `Network.most`."""

    def __init__(self, network: Network) -> None:
        self._net = network
        nodes = network.nodes
        self.most, self._rate = np.zeros(nodes), np.zeros(nodes)
        self._slope, self._extra = np.zeros(nodes), np.zeros(nodes)
        self.most[network.start] = network.amount
        self._rate[network.start] = self._slope[network.start] = 1.0

    def spread(self, arcs: Ints) -> None:
        """Bounds the heads of arcs (positions, rising), from those of their tails."""
        if not arcs.size:
            return
        net, tail = self._net, self._net.tail[arcs]
        edge, caps = net.edge[arcs], np.minimum(self.most[tail], net.graph.limit[net.edge[arcs]])
        heads, place = np.unique(net.head[arcs], return_inverse=True)
        rate, slope, extra = self._rate[tail], self._slope[tail], self._extra[tail]
        np.maximum.at(self._rate, net.head[arcs], net.graph.first_slope[edge] * rate)
        low, high = np.zeros(heads.size), self._rate[heads]
        np.maximum.at(low, place, net.graph.curves.output(edge, caps) / net.amount)
        low = np.minimum(low * 1e-2, high)
        best, chosen = np.full(heads.size, np.inf), high.copy()
        for _ in range(_BISECTIONS):
            middle = np.sqrt(low * high)
            mu = middle[place]
            first_x, first_y = net.graph.curves.best(edge, mu / rate, caps)
            x, y = net.graph.curves.best(edge, mu / slope, caps)
            first_gain = first_y - mu * first_x / rate
            gain = np.minimum(np.maximum(first_gain, 0.0), np.maximum(y - mu * x / slope, 0.0) + mu * extra / slope)
            total = middle * net.amount + np.bincount(place, gain, heads.size)
            chosen = np.where(total < best, middle, chosen)
            best = np.minimum(best, total)
            used = np.bincount(place, np.where(first_gain > 0, x / slope, 0.0), heads.size)
            low, high = np.where(used > net.amount, middle, low), np.where(used > net.amount, high, middle)
        self.most[heads] = best * (1 + 1e-9)
        self._slope[heads], self._extra[heads] = chosen, np.maximum(self.most[heads] - chosen * net.amount, 0.0)


def build_network(graph: Graph, token_in: int, token_out: int, amount: float, hops: int, banned: Bools) -> Network:
    """The network of an order.

    Args:
        graph: All markets.
        token_in, token_out: Positions of distinct tokens.
        amount: Smallest units.
        hops: Maximum number of hops, at least 1.
        banned: (edges,), edges that may not be used.
    """
    count = len(graph.tokens)
    usable = ~banned & (graph.token_out != token_in) & (graph.token_in != token_out)
    usable &= (graph.first_slope > 0) & (graph.limit > 0)
    usable &= _on_simple_paths(graph, token_in, token_out, usable)
    edges = np.flatnonzero(usable)
    tails, heads = graph.token_in[edges], graph.token_out[edges]
    ahead = np.zeros((hops + 1, count), dtype=np.bool_)
    back = np.zeros((hops + 1, count), dtype=np.bool_)
    ahead[0, token_in] = back[0, token_out] = True
    for step in range(hops):
        ahead[step + 1, heads[ahead[step, tails]]] = True
        back[step + 1] = back[step]
        back[step + 1, tails[back[step, heads]]] = True
    goal = hops * count
    rows = []
    for layer in range(hops):
        fits = ahead[layer, tails] & back[hops - layer - 1, heads]
        chosen = edges[fits]
        tail = layer * count + graph.token_in[chosen]
        onward = graph.token_out[chosen]
        head = np.where(onward == token_out, goal, (layer + 1) * count + onward)
        rows.append(np.stack([chosen, np.full(chosen.size, layer), tail, head]))
    table = np.concatenate(rows, axis=1)
    table = table[:, np.argsort(table[0], kind="stable")]
    return Network(graph, token_in, goal, hops, table[0], table[1], table[2], table[3], amount)


def network_of(graph: Graph, order: Order) -> Network:
    """The network of an exact input, without the pools that it excludes.

    Raises:
        RoutingError: If no market trades a token.
        InsufficientLiquidity: If no path of so many hops connects the tokens.
    """
    excluded = np.array([pool.address in order.excluded for pool in graph.pools], dtype=np.bool_)
    banned = excluded[graph.pool] if graph.pool.size else np.zeros(0, dtype=np.bool_)
    start, goal = graph.find(order.token_in), graph.find(order.token_out)
    network = build_network(graph, start, goal, float(order.amount_in), order.max_hops, banned)
    if not network.edge.size:
        path = f"{order.token_in} for {order.token_out}"
        remedy = "exclude less, or allow more hops" if order.excluded else "allow more hops, or list a market"
        raise InsufficientLiquidity(path, f"no path of {order.max_hops} hops connects them", remedy)
    return network


def _on_simple_paths(graph: Graph, token_in: int, token_out: int, usable: Bools) -> Bools:
    """Edges without tokens that have one neighbour only: no simple path passes them."""
    count = len(graph.tokens)
    near = np.zeros((count, count), dtype=np.bool_)
    near[graph.token_in[usable], graph.token_out[usable]] = True
    near |= near.T
    while True:
        degree = near.sum(axis=1)
        degree[[token_in, token_out]] = count
        lonely = degree == 1
        if not lonely.any():
            break
        near[lonely, :] = near[:, lonely] = False
    result: Bools = near[graph.token_in, graph.token_out]
    return result
