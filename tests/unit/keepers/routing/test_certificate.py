"""Tests that lowered caps keep every plan that is worth more than what was ruled out."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.routing.certificate import bound_at, tightened
from keepers.routing.graph import Graph
from keepers.routing.network import network_of
from keepers.routing.plans import Order
from keepers.routing.pools import V2Pool, quote

E21 = 10**21
AMOUNT = 10**20
POOLS = (V2Pool("0x1", "A", "B", E21, E21), V2Pool("0x2", "A", "B", 3 * E21, 3 * E21))
GRAPH = Graph(POOLS)
NETWORK = network_of(GRAPH, Order("A", "B", AMOUNT))
GAS = 10**15


def divisions() -> dict[int, int]:
    """Outputs of both pools net of gas, by the input of the first one."""
    found = {}
    for part in range(0, AMOUNT + 1, AMOUNT // 1000):
        parts = zip(POOLS, (part, AMOUNT - part), strict=True)
        found[part] = sum(quote(pool, "A", given) - GAS for pool, given in parts if given)
    return found


@pytest.mark.parametrize("below", [1e-5, 1e-4, 1e-3], ids=lambda below: f"{below:g} below the best")
def test_tightened__plans_above_what_was_ruled_out__keep_to_the_caps(below: float) -> None:
    worth = divisions()
    ruled = max(worth.values()) * (1 - below)
    price = np.zeros(NETWORK.nodes)
    # The marginal output of both pools at the best division, which gives a quarter to the first.
    price[NETWORK.start] = GRAPH.curves.slope(NETWORK.edge[:1], np.array([AMOUNT / 4]))[0]
    known = np.arange(NETWORK.nodes) == NETWORK.start
    alive, cost = np.ones(NETWORK.edge.size, dtype=np.bool_), np.full(NETWORK.edge.size, float(GAS))
    bound = bound_at(NETWORK, price, known, cost, alive)
    caps = dict(zip(NETWORK.edge.tolist(), tightened(NETWORK, bound, alive, ruled).tolist(), strict=True))
    first, second = (GRAPH.edge_of[(pool.address, True)] for pool in POOLS)
    inside = [part for part, net in worth.items() if net > ruled]
    assert bound.value >= max(worth.values()) and inside
    assert max(inside) <= caps[first] and AMOUNT - min(inside) <= caps[second]
    assert caps[first] < AMOUNT
