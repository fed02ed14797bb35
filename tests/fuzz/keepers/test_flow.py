"""The flow problem of decomposition.py against Clarabel, and its bound against whatever can be executed."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from keepers.routing.any_path import bound_of_any_path
from keepers.routing.decomposition import solve_flow
from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.graph import Graph
from keepers.routing.plans import Effort, Order
from keepers.routing.router import find_route
from tests.fixtures.flow_markets import ConicProblem, published_network, solved
from tests.fixtures.routing_markets import random_market

SEEDS = st.integers(0, 10**6)


@settings(max_examples=max(10, settings.default.max_examples // 4))
@given(SEEDS, st.integers(20, 120))
def test_solve_flow__published_network__is_what_clarabel_finds(seed: int, markets: int) -> None:
    network = published_network(seed, markets)
    # cvxpy makes scalars of groups of one.
    assume(len(network.triple) > 1)
    found = solved(network, network.markets())
    other = ConicProblem(network).solve(60.0)
    assume(other is not None)
    assert found.gap <= 1e-6
    assert abs(found.bound - other[0]) <= 2e-6 * found.bound


@given(SEEDS, st.integers(20, 120), st.floats(0.01, 3))
def test_solve_flow__any_prices__bound_is_above_the_optimum(seed: int, markets: int, spread: float) -> None:
    network = published_network(seed, markets)
    known, worth = network.markets(), network.worth
    random = np.random.default_rng(seed).normal(0, spread, worth.size)
    first = solve_flow(known, worth, np.zeros(worth.size), np.log(worth) + random, cancelled=lambda: True)
    assert first.bound >= solved(network, known).worth * (1 - 1e-12)


@settings(max_examples=max(10, settings.default.max_examples // 8))
@given(SEEDS, st.floats(-2, 2))
def test_bound_of_any_path__random_market__is_above_every_plan_that_executes(seed: int, size: float) -> None:
    market = random_market(seed, 12, 8)
    graph = Graph(market.pools)
    start, goal = graph.tokens[0], graph.tokens[-1]
    assume(start != goal)
    order = Order(start, goal, max(1, int(10**size * 10**18)), max_hops=5)
    try:
        plan = find_route(graph, order, 0, Effort(seconds=0.2))
    except InsufficientLiquidity:
        assume(False)
    assert bound_of_any_path(graph, order) >= plan.amount_out
