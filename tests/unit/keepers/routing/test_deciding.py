"""Tests what a relaxation leaves open: circles of tokens, several pairs of one source, and fixed costs."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.routing.deciding import decisions, tangled, widest_circle
from keepers.routing.graph import Graph
from keepers.routing.network import network_of
from keepers.routing.plans import Order
from keepers.routing.pools import V2Pool
from keepers.routing.program import Flow
from keepers.routing.weighted import ONE, WeightedPool

E21 = 10**21
PAIRS = ("AM", "AN", "MN", "MB", "NB")
POOLS = [V2Pool(f"0x{pair}", *pair, E21, E21) for pair in PAIRS]
BACK = V2Pool("0xback", "M", "N", E21, E21)
SEVERAL = [
    WeightedPool(f"0xs:{pair}", *pair, "0xs", E21, E21, ONE // 3, ONE // 3, ONE // 1000) for pair in ("AB", "MB", "AM")
]
GRAPH = Graph((*POOLS, BACK, *SEVERAL))
NETWORK = network_of(GRAPH, Order("A", "B", E21))


def edge(address: str, forward: bool = True) -> int:
    return GRAPH.edge_of[(address, forward)]


def flowing(inputs: dict[int, float], part: float = 1.0) -> Flow:
    """A flow that sends an input over the first arc of each edge, at prices of one."""
    x, edges = np.zeros(NETWORK.edge.size), np.unique(NETWORK.edge)
    for one, amount in inputs.items():
        x[np.flatnonzero(NETWORK.edge == one)[0]] = amount
    parts = np.where(np.isin(edges, list(inputs)), part, 0.0)
    nodes = np.ones(NETWORK.nodes)
    return Flow(1.0, x, nodes, nodes > 0, edges, parts, np.zeros(NETWORK.edge.size), 0.0)


BOTH_WAYS = {
    edge("0xAM"): 0.6e21,
    edge("0xAN"): 0.4e21,
    edge("0xMN"): 0.3e21,
    edge("0xback", False): 0.1e21,
    edge("0xMB"): 0.4e21,
    edge("0xNB"): 0.6e21,
}
COSTS = np.ones(np.unique(NETWORK.edge).size)


@pytest.mark.parametrize(
    ("hops", "around"),
    [
        ({(0, 1): 2.0, (1, 2): 1.0}, set()),
        ({(0, 1): 2.0, (1, 0): 1.0}, {(0, 1), (1, 0)}),
        ({(0, 1): 5.0, (1, 2): 4.0, (2, 0): 3.0, (1, 0): 2.0}, {(0, 1), (1, 2), (2, 0)}),
    ],
    ids=["none", "of two", "of three is wider"],
)
def test_widest_circle__hops__is_the_one_with_the_widest_narrowest_hop(
    hops: dict[tuple[int, int], float], around: set[tuple[int, int]]
) -> None:
    assert set(widest_circle(hops)) == around


def test_decisions__flow_in_a_circle__are_to_do_without_one_of_its_hops() -> None:
    found = decisions(NETWORK, flowing(BOTH_WAYS), COSTS, frozenset(), in_order=True)
    ahead = frozenset({edge("0xMN"), edge("0xback")})
    back = frozenset({edge("0xMN", False), edge("0xback", False)})
    assert {unused for _, unused in found} == {ahead, back} and all(not paid for paid, _ in found)


def test_decisions__circle_where_a_token_may_be_sold_in_several_goes__are_about_costs() -> None:
    assert decisions(NETWORK, flowing(BOTH_WAYS), COSTS, frozenset(), in_order=False) == []
    paid, without = decisions(NETWORK, flowing(BOTH_WAYS, 0.5), COSTS, frozenset(), in_order=False)
    assert paid[0] == without[1] and len(paid[0]) == 1 and not paid[1] and not without[0]


def test_decisions__every_cost_is_paid_in_whole__are_none() -> None:
    assert decisions(NETWORK, flowing({edge("0xAM"): E21, edge("0xMB"): E21}), COSTS, frozenset(), True) == []


def test_tangled__circle__is_its_narrowest_hop_in_every_market() -> None:
    assert tangled(NETWORK, flowing(BOTH_WAYS), True) == {edge("0xMN", False), edge("0xback", False)}
    assert tangled(NETWORK, flowing(BOTH_WAYS), False) == frozenset()


def test_tangled__two_pairs_of_one_source__are_all_of_its_pairs_but_the_wider() -> None:
    flow = flowing({edge("0xs:AB"): 0.6e21, edge("0xAM"): 0.4e21, edge("0xs:MB"): 0.4e21})
    out = tangled(NETWORK, flow, True)
    assert edge("0xs:MB") in out and edge("0xs:AB") not in out and edge("0xAM") not in out
