"""Tests how much of a plan takes more hops than allowed, and what is done about it."""

from __future__ import annotations

import pytest

from keepers.routing.graph import Graph
from keepers.routing.pools import V2Pool
from keepers.routing.swaps import execute
from keepers.routing.ways import Move, carried_parts, late_parts

E24 = 10**24
PAIRS = ("AM", "AN", "NM", "MK", "MB", "KB")
GRAPH = Graph([V2Pool(f"0x{pair}", *pair, E24, E24) for pair in PAIRS])
START, GOAL = GRAPH.find("A"), GRAPH.find("B")


def edge(pair: str) -> int:
    return GRAPH.edge_of[(f"0x{pair}", True)]


def moves(direct: float, through: float) -> list[Move]:
    """A sells for M, a part of it by way of N; M is sold for B, a part of it by way of K; all one to one.

    A to N to M to K to B are four hops, so that by way of K goes at most what came to M directly.
    """
    parts = [
        ("AM", direct),
        ("AN", 1 - direct),
        ("NM", 1 - direct),
        ("MK", through),
        ("MB", 1 - through),
        ("KB", through),
    ]
    return [(edge(pair), part, part) for pair, part in parts]


@pytest.mark.parametrize(("direct", "through"), [(0.5, 0.5), (0.7, 0.2), (0.1, 0.1)])
def test_late_parts__enough_came_by_few_hops__are_none(direct: float, through: float) -> None:
    assert late_parts(GRAPH, moves(direct, through), {START: 1}, GOAL, 3) == {}


def test_late_parts__more_than_came_by_few_hops__are_the_rest() -> None:
    late = late_parts(GRAPH, moves(0.3, 0.4), {START: 1}, GOAL, 3)
    assert late == pytest.approx({edge("MK"): 0.25, edge("KB"): 0.25})


def test_late_parts__more_hops_are_allowed__are_none() -> None:
    assert late_parts(GRAPH, moves(0.3, 0.4), {START: 1}, GOAL, 4) == {}


def test_late_parts__first_come_would_be_late__another_assignment_counts() -> None:
    # By way of L and K lead ways of one length, of which only the one by K is needed from what came directly.
    pairs = ("AM", "AN", "NM", "ML", "MK", "LK", "LB", "KB")
    graph = Graph([V2Pool(f"0x{pair}", *pair, E24, E24) for pair in pairs])
    at = {pair: graph.edge_of[(f"0x{pair}", True)] for pair in pairs}
    parts = {"AM": 0.9, "AN": 0.1, "NM": 0.1, "ML": 0.5, "MK": 0.5, "LK": 0.0001, "LB": 0.4999, "KB": 0.5001}
    found = late_parts(
        graph, [(at[pair], part, part) for pair, part in parts.items()], {graph.find("A"): 1}, graph.find("B"), 4
    )
    assert found == {}


def test_execute__a_little_is_late__less_goes_there_and_every_market_stays() -> None:
    amount = 10**21
    flow = {
        edge(pair): part * amount for pair, part in zip(PAIRS, (0.3, 0.7, 0.7, 0.3003, 0.6997, 0.3003), strict=True)
    }
    plan = execute(GRAPH, START, GOAL, amount, flow, 3)
    assert set(plan.edges) == {edge(pair) for pair in PAIRS}
    by_pair = {swap.pool: swap for swap in plan.swaps}
    assert by_pair["0xMK"].amount_in <= by_pair["0xAM"].amount_out * (1 + 1e-5)


def test_execute__a_quarter_is_late__less_goes_there_and_every_market_stays() -> None:
    amount = 10**21
    flow = {edge(pair): part * amount for pair, part in zip(PAIRS, (0.3, 0.7, 0.7, 0.42, 0.58, 0.42), strict=True)}
    plan = execute(GRAPH, START, GOAL, amount, flow, 3)
    assert set(plan.edges) == {edge(pair) for pair in PAIRS}
    share = next(swap.share for swap in plan.swaps if swap.pool == "0xMK")
    assert 0.28 < share <= 0.3


def test_execute__most_is_late__the_way_is_left_out() -> None:
    amount = 10**21
    flow = {edge(pair): part * amount for pair, part in zip(PAIRS, (0.001, 0.999, 0.999, 0.9, 0.1, 0.9), strict=True)}
    plan = execute(GRAPH, START, GOAL, amount, flow, 3)
    assert edge("MK") not in plan.edges or edge("NM") not in plan.edges


def test_carried_parts__divided_way__are_products_of_its_shares() -> None:
    inputs = {edge: taken for edge, taken, _ in moves(0.25, 0.4)}
    carried = carried_parts(GRAPH, START, inputs)
    assert carried[edge("AM")] == pytest.approx(0.25) and carried[edge("KB")] == pytest.approx(0.4)
