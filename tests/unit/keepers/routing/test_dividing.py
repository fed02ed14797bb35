"""Tests how an order is divided over a plan's markets, and which pair of a pool with several tokens a plan uses."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from keepers.routing.dividing import FINEST, WIDTHS, divided
from keepers.routing.graph import Graph
from keepers.routing.network import network_of
from keepers.routing.plans import Effort, Order
from keepers.routing.pools import Pool, V2Pool, quote
from keepers.routing.router import find_route
from keepers.routing.stable import StableKind, StablePool
from keepers.routing.swaps import execute
from keepers.routing.weighted import ONE, WeightedPool

E21 = 10**21
AMOUNT = 10**20
SMALL, LARGE = V2Pool("0x1", "A", "B", E21, E21), V2Pool("0x2", "A", "B", 3 * E21, 3 * E21)
GRAPH = Graph((SMALL, LARGE))
NETWORK = network_of(GRAPH, Order("A", "B", AMOUNT))
FREE = np.zeros(NETWORK.edge.size)
TOKEN = 10**18


def edge(address: str) -> int:
    return GRAPH.edge_of[(address, True)]


def pools_with_several_pairs() -> tuple[Pool, ...]:
    """Six pairs of one pool each, and two weighted pools of three tokens with three pairs each; in whole tokens."""
    pairs = {
        "AB": (17_246, 17_251),
        "AM": (1_377, 1_369),
        "MB": (372, 374),
        "AN": (3_447, 3_464),
        "NB": (6_729, 6_782),
        "MN": (10_160, 10_082),
    }
    single = [V2Pool(f"0x{name}", *name, one * TOKEN, other * TOKEN) for name, (one, other) in pairs.items()]
    balances = {
        "0xs": {"AB": (15_797, 15_803), "AM": (15_817, 15_803), "BM": (15_799, 15_803)},
        "0xt": {"AB": (60_409, 60_466), "AM": (60_431, 60_466), "BM": (60_489, 60_466)},
    }
    several = [
        WeightedPool(f"{pool}:{name}", *name, pool, one * TOKEN, other * TOKEN, ONE // 3, ONE // 3, ONE // 1000)
        for pool, held in balances.items()
        for name, (one, other) in held.items()
    ]
    return (*single, *several)


@pytest.mark.parametrize("first", [0.01, 0.25, 0.9])
def test_divided__two_pools_of_one_price__share_by_depth(first: float) -> None:
    plan = execute(GRAPH, 0, 1, AMOUNT, {edge("0x1"): first, edge("0x2"): 1 - first})
    flow = divided(NETWORK, FREE, plan, FINEST)
    assert flow is not None
    shares = {edge: x / AMOUNT for edge, x in flow.items()}
    assert shares == pytest.approx({edge("0x1"): 0.25, edge("0x2"): 0.75}, abs=1e-4)


def test_divided__no_division_is_worth_so_much__is_none() -> None:
    plan = execute(GRAPH, 0, 1, AMOUNT, {edge("0x1"): 0.25, edge("0x2"): 0.75})
    assert divided(NETWORK, FREE, plan, WIDTHS, 1.001 * plan.amount_out) is None
    assert divided(NETWORK, FREE, plan, WIDTHS, 0.999 * plan.amount_out) is not None


def test_find_route__pair_beside_a_stable_pool__pays_as_much_as_any_shares_in_whole_units() -> None:
    pair = V2Pool("0x1", "A", "B", 4_000 * TOKEN, 4_010 * TOKEN)
    stable = StablePool(
        "0x2", "A", "B", "0x2", StableKind.BALANCER, (900 * TOKEN, 1_100 * TOKEN), (ONE, ONE), 0, 1, 5_000, ONE // 2500
    )
    graph, amount = Graph((pair, stable)), 300 * TOKEN
    plan = find_route(graph, Order("A", "B", amount), 10**13, Effort(gap_bps=0.9))
    shares = range(10**15, amount, amount // 9973)
    paid = [quote(pair, "A", part) + quote(stable, "A", amount - part) for part in shares]
    assert len(plan.swaps) == 2 and plan.amount_out >= max(paid)


def test_find_route__two_pools_of_three_pairs_each__uses_the_pairs_that_pay_most() -> None:
    pools = pools_with_several_pairs()
    graph, cost, amount = Graph(pools), 10**13, 29 * TOKEN
    pairs = [[pool.address for pool in pools if pool.address.startswith(source)] for source in ("0xs", "0xt")]
    best = 0
    for chosen in product(*pairs):
        others = frozenset(pair for row in pairs for pair in row if pair not in chosen)
        plan = find_route(graph, Order("A", "B", amount, excluded=others), cost, Effort(gap_bps=0.001))
        best = max(best, plan.amount_out_net_gas)
    plan = find_route(graph, Order("A", "B", amount), cost, Effort(gap_bps=0.9))
    assert plan.amount_out_net_gas >= best * (1 - 1e-8)
