"""The certificate against brute force, against cvxpy with Clarabel, and against whatever can be executed."""

from itertools import combinations
from math import sqrt

import cvxpy as cp
import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.exact_output import find_exact_output
from keepers.routing.graph import Graph
from keepers.routing.plans import Effort, Order, OutputOrder
from keepers.routing.pools import V2Pool, quote
from keepers.routing.router import find_route
from keepers.routing.swaps import execute
from tests.fixtures.routing_markets import patient_route, random_market

E18 = 10**18
RESERVES = st.integers(10**20, 10**23)
SIMILAR = st.integers(10**21, 10**22)
"""Reserves near the size of orders: elsewhere Clarabel is not exact enough."""
COSTS = st.integers(0, 3 * 10**17)
AMOUNTS = st.integers(10**16, 10**22)


def parallel_optimum(pools: list[V2Pool], amount: float) -> float:
    """Best output of a split over constant products between two tokens, A for B.

    At the marginal price p each takes x = (sqrt(R_in R_out g / p) - R_in) / g; p is bisected until they take it all.
    """
    kept = [1 - pool.fee_pips / 10**6 for pool in pools]

    def taken(price: float) -> list[float]:
        return [
            max(0.0, (sqrt(float(p.reserve0) * p.reserve1 * g / price) - p.reserve0) / g)
            for p, g in zip(pools, kept, strict=True)
        ]

    low, high = 1e-18, 1e6
    for _ in range(200):
        middle = sqrt(low * high)
        low, high = (middle, high) if sum(taken(middle)) > amount else (low, middle)
    shares = taken(high)
    scale = amount / sum(shares) if sum(shares) else 0.0
    outs = [
        p.reserve1 * g * x * scale / (p.reserve0 + g * x * scale) for p, g, x in zip(pools, kept, shares, strict=True)
    ]
    return sum(outs)


@given(st.lists(st.tuples(RESERVES, RESERVES, COSTS), min_size=1, max_size=5), AMOUNTS)
def test_bound__parallel_pools_with_fixed_costs__holds_for_every_subset_and_is_met(
    rows: list[tuple[int, int, int]], amount: int
) -> None:
    pools = [V2Pool(f"0x{n}", "A", "B", one, other) for n, (one, other, _) in enumerate(rows)]
    costs = {pool.address: cost for pool, (_, _, cost) in zip(pools, rows, strict=True)}
    subsets = [chosen for size in range(1, len(pools) + 1) for chosen in combinations(pools, size)]
    best = max(parallel_optimum(list(c), amount) - sum(costs[p.address] for p in c) for c in subsets)
    plan = patient_route(Graph(pools), Order("A", "B", amount), costs)
    assert plan.bound >= best - 1e-7 * abs(best) - 10
    assert plan.amount_out_net_gas <= best + 1e-7 * abs(best) + 10
    assert plan.gap_bps <= 1


@settings(max_examples=max(10, settings.default.max_examples // 8))
@given(st.lists(st.tuples(RESERVES, RESERVES, COSTS), min_size=1, max_size=3), AMOUNTS)
def test_exact_output__parallel_pools_with_fixed_costs__bound_is_below_what_any_subset_needs(
    rows: list[tuple[int, int, int]], amount: int
) -> None:
    pools = [V2Pool(f"0x{n}", "A", "B", one, other) for n, (one, other, _) in enumerate(rows)]
    costs = {pool.address: cost for pool, (_, _, cost) in zip(pools, rows, strict=True)}
    wanted = int(parallel_optimum(pools, amount))
    assume(wanted > 10**9)
    plan = find_exact_output(Graph(pools), OutputOrder("A", "B", wanted), costs, Effort(seconds=300.0))
    assert plan.amount_out >= wanted and plan.gap_bps <= 2
    assert plan.amount_in <= amount * (1 + 1e-4) + 10 or plan.gas_cost < sum(costs.values())
    # Every other division that brings as much takes no less than the bound.
    for size in range(1, len(pools) + 1):
        for chosen in combinations(pools, size):
            paid = int(parallel_optimum(list(chosen), amount))
            if paid >= wanted:
                assert plan.bound <= (amount + sum(costs[pool.address] for pool in chosen)) * (1 + 1e-7) + 10


def convex_optimum(pools: list[V2Pool], amount: float) -> float:
    """The flow problem without fixed costs, A for B by way of M, as cvxpy states it (Angeris et al. 2022)."""
    unit = float(E18)
    flows = [(cp.Variable(nonneg=True), cp.Variable(nonneg=True)) for _ in pools]
    constraints = []
    for pool, (x, y) in zip(pools, flows, strict=True):
        one, other = pool.reserve0 / unit, pool.reserve1 / unit
        grown = 1 + (1 - pool.fee_pips / 10**6) * x / one
        constraints.append(cp.geo_mean(cp.hstack([grown, 1 - y / other])) >= 1)

    def total(token: str, end: int) -> cp.Expression:
        of = [flow[end] for pool, flow in zip(pools, flows, strict=True) if (pool.token0, pool.token1)[end] == token]
        return cp.sum(cp.hstack(of)) if of else cp.Constant(0)

    constraints += [total("A", 0) <= amount / unit, total("M", 0) <= total("M", 1)]
    problem = cp.Problem(cp.Maximize(total("B", 1)), constraints)
    problem.solve(solver=cp.CLARABEL)
    assume(problem.status == cp.OPTIMAL)
    return float(problem.value) * unit


ENDS = st.sampled_from([("A", "B"), ("A", "M"), ("M", "B")])


@given(st.lists(st.tuples(ENDS, SIMILAR, SIMILAR), min_size=2, max_size=6), st.integers(10**20, 10**22))
def test_bound__no_fixed_costs__is_the_optimum_that_clarabel_finds(
    rows: list[tuple[tuple[str, str], int, int]], amount: int
) -> None:
    names = {ends for ends, _, _ in rows}
    assume(("A", "B") in names or names >= {("A", "M"), ("M", "B")})
    # Pools that lead only one way, so that the solver has the same ways as the program below.
    pools = [V2Pool(f"0x{n}", *ends, one, other) for n, (ends, one, other) in enumerate(rows)]
    best = convex_optimum(pools, amount)
    plan = patient_route(Graph(pools), Order("A", "B", amount))
    # Clarabel's answer was seen 8e-6 above the exact optimum, which the bound met to 1e-8.
    assert plan.bound >= best * (1 - 5e-5)
    assert plan.amount_out <= best * (1 + 5e-5)
    assert plan.amount_out >= best * (1 - 2e-4)


@given(
    st.integers(0, 10**6),
    st.integers(1, 4),
    st.floats(-2, 3),
    st.sampled_from([0.0, 0.2e9, 10e9, 50e9]),
    st.lists(st.lists(st.floats(0, 1), min_size=1, max_size=4), min_size=6, max_size=6),
)
def test_bound__random_market__is_above_every_plan_that_executes(
    seed: int, hops: int, size: float, gas_price: float, weights: list[list[float]]
) -> None:
    market = random_market(seed, 25, 9)
    graph = Graph(market.pools)
    one, other = market.tokens[seed % 2], market.tokens[2 + seed % 6]
    amount = int(10**size * E18 / market.values[market.tokens.index(one)])
    assume(0 < amount < 1 << 127)
    assume({one, other} <= graph.position.keys())
    costs = market.costs(other, gas_price)
    try:
        plan = find_route(graph, Order(one, other, amount, max_hops=hops), costs, Effort(seconds=0.08))
    except InsufficientLiquidity:
        return
    assert plan.gap_bps >= 0 and plan.bound >= plan.amount_out_net_gas
    patient = find_route(graph, Order(one, other, amount, max_hops=hops), costs, Effort(gap_bps=0.05, seconds=0.12))
    assert patient.amount_out_net_gas <= plan.bound + 1e-9 * abs(plan.bound)
    assert plan.amount_out_net_gas <= patient.bound + 1e-9 * abs(patient.bound)
    start, goal = graph.find(one), graph.find(other)
    for flow in random_flows(graph, start, goal, hops, weights):
        try:
            rival = execute(graph, start, goal, amount, flow, hops)
        except InsufficientLiquidity:
            continue
        net = rival.amount_out - sum(costs[graph.pools[graph.pool[edge]].address] for edge in rival.edges)
        assert net <= plan.bound + 1


@settings(max_examples=max(10, settings.default.max_examples // 8))
@given(
    st.integers(0, 10**6),
    st.floats(-2, 2),
    st.sampled_from([0.0, 10e9]),
    st.lists(st.lists(st.floats(0, 1), min_size=1, max_size=3), min_size=1, max_size=1),
)
def test_exact_output__random_market__bound_is_below_every_plan_that_executes(
    seed: int, size: float, gas_price: float, weights: list[list[float]]
) -> None:
    market = random_market(seed, 15, 7)
    graph = Graph(market.pools)
    one, other = market.tokens[seed % 2], market.tokens[2 + seed % 5]
    amount = int(10**size * E18 / market.values[market.tokens.index(one)])
    assume(0 < amount < 1 << 127 and {one, other} <= graph.position.keys())
    costs = market.costs(one, gas_price)
    start, goal = graph.find(one), graph.find(other)
    for flow in random_flows(graph, start, goal, 3, weights):
        try:
            rival = execute(graph, start, goal, amount, flow, 3)
            plan = find_exact_output(graph, OutputOrder(one, other, rival.amount_out), costs, Effort(seconds=0.1))
        except InsufficientLiquidity:
            continue
        spent = amount + sum(costs[graph.pools[graph.pool[edge]].address] for edge in rival.edges)
        assert plan.bound <= min(spent, plan.amount_in_with_gas) and 0 <= plan.gap_bps <= 10_000
        assert plan.amount_out >= rival.amount_out


def random_flows(graph: Graph, start: int, goal: int, hops: int, weights: list[list[float]]) -> list[dict[int, float]]:
    """Unions of paths, each edge with a weight; `execute` divides what arrives by them."""
    paths: list[list[int]] = []

    def extend(path: list[int], token: int, passed: set[int]) -> None:
        if token == goal:
            paths.append(path)
        elif len(path) < hops and len(paths) < 300:
            for edge in np.flatnonzero(graph.token_in == token).tolist():
                onward = int(graph.token_out[edge])
                if onward not in passed:
                    extend([*path, edge], onward, passed | {onward})

    extend([], start, {start})
    flows = []
    for row in weights:
        flow: dict[int, float] = {}
        for weight in row if paths else []:
            for edge in paths[int(weight * (len(paths) - 1))]:
                flow[edge] = flow.get(edge, 0.0) + 0.1 + weight
        if flow:
            flows.append(flow)
    return flows


@given(st.integers(0, 10**6), st.integers(10**15, 10**21))
def test_find_route__single_pool__pays_what_the_pool_pays(seed: int, amount: int) -> None:
    market = random_market(seed, 1, 5)
    pool = market.pools[0]
    try:
        paid = quote(pool, pool.token0, amount)
    except InsufficientLiquidity:
        return
    assume(paid > 0)
    plan = patient_route(Graph((pool,)), Order(pool.token0, pool.token1, amount))
    assert plan.amount_out == paid and plan.bound >= paid
