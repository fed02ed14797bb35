import pytest

from keepers.routing.graph import Graph
from keepers.routing.impact import price_impact_bps
from keepers.routing.plans import Order
from keepers.routing.pools import V2Pool
from tests.fixtures.routing_markets import patient_route

E21 = 10**21
CHAIN = (V2Pool("0x1", "A", "M", E21, E21, 0), V2Pool("0x2", "M", "B", E21, E21, 0))


@pytest.mark.parametrize("pools", [CHAIN[:1], CHAIN])
def test_price_impact_bps__constant_products__is_what_the_formula_says(pools: tuple[V2Pool, ...]) -> None:
    graph = Graph(pools)
    plan = patient_route(graph, Order("A", pools[-1].token1, E21 // 100))
    # Each pool of two gives R x / (R + x) for x.
    first = 1 / 1.01
    expected = first if len(pools) == 1 else first / (1 + 0.01 * first)
    assert price_impact_bps(graph, plan.swaps) == pytest.approx(1e4 * (1 - expected), rel=1e-9)


def test_price_impact_bps__tiny_order__is_nothing() -> None:
    graph = Graph(CHAIN)
    plan = patient_route(graph, Order("A", "B", 10**9))
    assert price_impact_bps(graph, plan.swaps) == pytest.approx(0, abs=1e-3)
