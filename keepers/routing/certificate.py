"""The upper bound: Lagrangian duality on the network of an order, fixed costs included.

With a price nu for every node and the goal's price 1, no plan on the network is worth more, net of fixed costs, than

    g(nu) = A nu_start + sum over sources of max(0, max over pairs of (arb(nu) - c))

where arb is the most that the market can earn at the prices (Diamandis, Resnick, Chitra and Angeris 2023, "An efficient
algorithm for optimal routing through constant function market makers", section 3; the fixed cost inside the maximum as
in Diamandis, Angeris and Edelman 2024, "Convex network flows", section 6). It holds for every nu, however it was found.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from keepers.routing.curves import Bools, Floats, Ints
from keepers.routing.network import Network

ROUNDING = 1e-9
"""Relative allowance for float64: curves are computed to about 1e-13, and gains are far smaller than outputs."""

_SHIFTS = (0.5, 0.2, 0.05, 0.015)
"""Parts by which prices are lowered to bound what passes a node."""
_HALVINGS = 12


@dataclass(frozen=True)
class Bound:
    """An upper bound with what it is made of.

    Attributes:
        value: Units of the goal, net of fixed costs.
        price: (nodes,), the prices that it comes from.
        choice, origin: (nodes,), arc that pays most out of each node, and that leads there most cheaply, or -1.
        excess: (arcs,), gain of the arc's edge less its fixed cost; above zero where the prices let the edge earn.
        cost: (arcs,), the fixed costs that it comes from.
        forced: (arcs,), upper bounds of plans that use the arc's edge; minus infinity where the arc may not be used.
    """

    value: float
    price: Floats
    choice: Ints
    origin: Ints
    excess: Floats
    forced: Floats
    cost: Floats


def bound_at(
    network: Network, price: Floats, known: Bools, cost: Floats, alive: Bools, enough: float = -np.inf
) -> Bound:
    """g at the known prices of some nodes, completed in several ways for the others.

    A node without a known price may have any price between what it pays onward and what it costs: with the first, arcs
    out of it earn nothing, with the second, arcs into it. For arcs of layer l the bound of plans that use them is least
    where prices up to l are those of cost and prices beyond are those of worth, so every such profile is tried.

    An edge that lies in several layers has its depth once: its gain is at most the sum over layers, and at most what it
    earns when it takes the cheapest input first.

    Args:
        network: Every arc of the order.
        price: (nodes,), units of the goal.
        known: (nodes,), which of them count.
        cost: (arcs,), fixed cost, units of the goal.
        alive: (arcs,), arcs that a plan may use; the bound is of plans without the others.
        enough: A bound as low as this ends the search among profiles.
    """
    low, choice = network.price_backwards(price, known, cost, alive)
    high, origin = network.price_forwards(low, known | (np.arange(network.nodes) == network.goal), cost, alive)
    high = np.where(np.isfinite(high), np.maximum(high, low), low)
    tokens = len(network.graph.tokens)
    layer = np.minimum(np.arange(network.nodes) // tokens, network.hops)
    arcs = np.flatnonzero(alive)
    best: Bound | None = None
    for crossing in range(-1, network.hops - 1):
        full = np.where(layer <= crossing, high, low)
        found = _bound_with(network, full, choice, origin, cost, arcs)
        if best is None:
            best = found
        else:
            least = found if found.value < best.value else best
            best = replace(least, forced=np.minimum(best.forced, found.forced))
        if best.value <= enough:
            break
    assert best is not None
    return best


def _bound_with(network: Network, full: Floats, choice: Ints, origin: Ints, cost: Floats, arcs: Ints) -> Bound:
    """g at prices of every node."""
    _, _, gain = network.value(arcs, full, network.caps[arcs])
    edge = network.edge[arcs]
    slots, place = np.unique(edge, return_inverse=True)
    total: Floats = np.bincount(place, gain, slots.size).astype(np.float64)
    several = np.bincount(place, gain > 0, slots.size) > 1
    if several.any():
        total = np.minimum(total, _shared(network, arcs, place, full, np.flatnonzero(several), total))
    first = np.zeros(slots.size, dtype=np.int64)
    first[place] = arcs
    profit = total - cost[first]
    sources = network.graph.source[slots]
    earned = np.zeros(int(network.graph.source.max()) + 1)
    np.maximum.at(earned, sources, profit)
    base = network.amount * float(full[network.start])
    value = base + float(earned.sum())
    slack = ROUNDING * (abs(base) + float(earned.sum()))
    excess = np.full(network.edge.size, -np.inf)
    excess[arcs] = np.where(gain > 0, profit[place], -cost[arcs])
    forced = np.full(network.edge.size, -np.inf)
    forced[arcs] = (value + slack - earned[sources] + profit)[place]
    return Bound(value + slack, full, choice, origin, excess, forced, cost)


def _shared(network: Network, arcs: Ints, place: Ints, price: Floats, chosen: Ints, total: Floats) -> Floats:
    """Gains of edges that lie in several layers: the cheapest input first, up to what can be had of it there.

    All of the output counts at the highest of its prices, and the depth of the market is there once.
    """
    members = np.flatnonzero(np.isin(place, chosen))
    row, layer = np.searchsorted(chosen, place[members]), network.layer[arcs[members]]
    shape = (chosen.size, network.hops)
    paid, cap, out = np.full(shape, np.inf), np.zeros(shape), np.full(chosen.size, -np.inf)
    paid[row, layer], cap[row, layer] = price[network.tail[arcs[members]]], network.caps[arcs[members]]
    np.maximum.at(out, row, price[network.head[arcs[members]]])
    order = np.argsort(paid, axis=1)
    paid, cap = np.take_along_axis(paid, order, axis=1), np.take_along_axis(cap, order, axis=1)
    edge = np.empty(chosen.size, dtype=np.int64)
    edge[row] = network.edge[arcs[members]]
    usable = out > 0
    divisor, limit = np.where(usable, out, 1.0), network.graph.limit[edge]
    begin, spent, gain = np.zeros(chosen.size), np.zeros(chosen.size), np.zeros(chosen.size)
    for step in range(network.hops):
        there = np.isfinite(paid[:, step])
        each = np.where(there, paid[:, step], 0.0)
        x, _ = network.graph.curves.best(edge, each / divisor, limit)
        x = np.clip(x, begin, np.minimum(begin + cap[:, step], limit))
        y = network.graph.curves.output(edge, x)
        gain = np.where(there, np.maximum(gain, out * y - spent - each * (x - begin)), gain)
        begin, spent = begin + cap[:, step], spent + each * cap[:, step]
    result = total.copy()
    result[chosen] = np.where(usable, gain, total[chosen])
    return result


def tightened(network: Network, bound: Bound, alive: Bools, ruled: float) -> Floats:
    """Caps of arcs in plans that are worth more than `ruled`.

    A plan that sends X of a token j through a node has to sell it there. With the price q < nu_j in place of nu_j for
    what leaves the node, its value is at most g(nu) + sum over arcs out of max(0, arb(q) - c) - (nu_j - q) X. So X is
    at most (g(nu) - ruled + sum) / (nu_j - q), for every q; and an arc cannot be given more, nor give more.

    Args:
        network: Every arc of the order.
        bound: g at some prices.
        alive: (arcs,), arcs that a plan may use.
        ruled: Value that plans of interest exceed, units of the goal.

    Returns:
        (arcs,), caps, none above the network's.
    """
    arcs = np.flatnonzero(alive)
    tail, head = network.tail[arcs], network.head[arcs]
    most = np.full(network.nodes, np.inf)
    room = max(0.0, bound.value - ruled)
    # An edge that lies in several layers may be paid for by another of them.
    times = np.bincount(network.edge[arcs], minlength=network.graph.pool.size)[network.edge[arcs]]
    cost = np.where(times > 1, np.minimum(bound.cost[arcs], 0.0), bound.cost[arcs])
    for part in _SHIFTS:
        price = np.where(np.arange(network.nodes) == network.goal, 1.0, bound.price)
        out = price[head]
        paid = price[tail] * (1 - part)
        usable = (paid > 0) & (out > 0)
        x, y = network.graph.curves.best(
            network.edge[arcs], np.where(usable, paid / np.where(usable, out, 1.0), -1.0), network.caps[arcs]
        )
        earned = np.bincount(tail, np.maximum(out * y - paid * x - cost, 0.0), network.nodes)
        with np.errstate(divide="ignore", invalid="ignore"):
            limit = (room + earned) / (part * price)
        most = np.where(price > 0, np.minimum(most, limit * (1 + 1e-9)), most)
    most[[network.start, network.goal]] = np.inf
    caps = network.caps.copy()
    caps[arcs] = np.minimum(caps[arcs], most[tail])
    caps = _inverted(network, arcs, caps, most[head])
    return _earning(network, arcs, caps, bound, ruled)


def _earning(network: Network, arcs: Ints, caps: Floats, bound: Bound, ruled: float) -> Floats:
    """Caps beyond which an arc earns too little for a plan that is worth more than `ruled`.

    A plan that gives X to an arc is worth at most g(nu) less what the arc's source earns there, plus what its edge
    earns with X: nu_out y(X) - nu_in X, the gains of its other layers, less its cost. That falls beyond the best input.
    """
    price = np.where(np.arange(network.nodes) == network.goal, 1.0, bound.price)
    edge, out, paid = network.edge[arcs], price[network.head[arcs]], price[network.tail[arcs]]
    best, _, gain = network.value(arcs, price, network.caps[arcs])
    slots, place = np.unique(edge, return_inverse=True)
    others = np.bincount(place, gain, slots.size)[place] - gain
    source = network.graph.source[edge]
    earned = np.zeros(int(network.graph.source.max()) + 1)
    np.maximum.at(earned, source, bound.excess[arcs])
    floor = ruled - bound.value + earned[source] - others + bound.cost[arcs]
    low, high = np.minimum(best, caps[arcs]), caps[arcs].copy()

    def enough(x: Floats) -> Bools:
        result: Bools = out * network.graph.curves.output(edge, x) - paid * x >= floor
        return result

    binding = (out > 0) & ~enough(high) & (low < high)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        fits = enough(middle)
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    result = caps.copy()
    result[arcs] = np.where(binding, high, caps[arcs])
    return result


def _inverted(network: Network, arcs: Ints, caps: Floats, most: Floats) -> Floats:
    """Caps at which arcs give no more than `most`, bisected and rounded up."""
    edge, high = network.edge[arcs], caps[arcs].copy()
    binding = network.graph.curves.output(edge, high) > most
    low = np.where(binding, high * 1e-9, high)
    for _ in range(_HALVINGS):
        middle = np.sqrt(low * high)
        above = network.graph.curves.output(edge, middle) >= most
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    result = caps.copy()
    result[arcs] = np.where(binding, high, caps[arcs])
    return result
