"""Routes, and what they claim to be."""

import numpy as np
import pytest

from keepers.routing.errors import InsufficientLiquidity, RoutingError
from keepers.routing.graph import Graph
from keepers.routing.plans import Effort, Order, RoutePlan, gap_bps
from keepers.routing.pools import Pool, QuotedPool, V2Pool, V3Pool, quote
from keepers.routing.router import find_route
from keepers.routing.split import best_split
from keepers.routing.stable import StableKind, StablePool
from keepers.routing.weighted import ONE, WeightedPool
from tests.fixtures.routing_markets import patient_route, random_market

E18 = 10**18
FAR = V2Pool("0x1", "A", "B", 1000 * E18, 1000 * E18)
NEAR = V2Pool("0x2", "A", "B", 1000 * E18, 1000 * E18)
FIRST = V2Pool("0x3", "A", "M", 2000 * E18, 2000 * E18)
SECOND = V2Pool("0x4", "M", "B", 2000 * E18, 2000 * E18)


def replayed(pools: tuple[Pool, ...], plan: RoutePlan) -> dict[str, int]:
    """Balances after the swaps, from the input alone; every swap pays what it says."""
    by_address = {pool.address: pool for pool in pools}
    held: dict[str, int] = {plan.swaps[0].token_in: plan.amount_in}
    for swap in plan.swaps:
        assert quote(by_address[swap.pool], swap.token_in, swap.amount_in) == swap.amount_out
        held[swap.token_in] -= swap.amount_in
        assert held[swap.token_in] >= 0
        held[swap.token_out] = held.get(swap.token_out, 0) + swap.amount_out
    return held


def test_find_route__two_equal_pools__halves_the_order() -> None:
    plan = patient_route(Graph((FAR, NEAR)), Order("A", "B", 100 * E18))
    assert sorted(swap.pool for swap in plan.swaps) == ["0x1", "0x2"]
    assert all(swap.share == pytest.approx(0.5, abs=0.02) for swap in plan.swaps)
    assert plan.gap_bps <= 0.5


def test_find_route__any_market__spends_all_and_pays_what_it_says() -> None:
    market = random_market(3, 60)
    plan = patient_route(Graph(market.pools), Order(market.tokens[0], market.tokens[7], 5 * E18))
    held = replayed(market.pools, plan)
    assert held[market.tokens[7]] == plan.amount_out
    assert all(amount == 0 for token, amount in held.items() if token != market.tokens[7])


def test_find_route__paths_through_one_pool__share_its_depth() -> None:
    pools = (V2Pool("0x5", "A", "M", 1000 * E18, 1000 * E18), FIRST, SECOND)
    plan = patient_route(Graph(pools), Order("A", "B", 100 * E18))
    assert [swap.pool for swap in plan.swaps].count("0x4") == 1
    assert replayed(pools, plan)["B"] == plan.amount_out


def test_find_route__gas_above_the_gain__uses_one_pool() -> None:
    graph, order = Graph((FAR, NEAR)), Order("A", "B", 10 * E18)
    free, dear = patient_route(graph, order), patient_route(graph, order, E18)
    assert (len(free.swaps), len(dear.swaps)) == (2, 1)
    assert dear.gas_cost == E18 and dear.amount_out_net_gas == dear.amount_out - E18
    assert dear.gap_bps <= 0.5


def test_find_route__gas_by_pool__prefers_the_cheap_one() -> None:
    plan = patient_route(Graph((FAR, NEAR)), Order("A", "B", E18), {"0x1": E18 // 10, "0x2": E18 // 100})
    assert [swap.pool for swap in plan.swaps] == ["0x2"]


def test_find_route__gas_above_the_output__says_so_and_is_still_bounded() -> None:
    plan = patient_route(Graph((FAR, NEAR)), Order("A", "B", E18 // 100), E18)
    assert plan.amount_out_net_gas < 0 and len(plan.swaps) == 1
    assert 0 <= plan.gap_bps <= 1


def test_find_route__excluded_pool__is_not_used() -> None:
    plan = patient_route(Graph((FAR, NEAR)), Order("A", "B", E18, excluded=frozenset(["0x1"])))
    assert [swap.pool for swap in plan.swaps] == ["0x2"]


def test_find_route__one_hop_allowed__leaves_the_detour_out() -> None:
    small = V2Pool("0x1", "A", "B", E18, E18)
    graph = Graph((small, FIRST, SECOND))
    assert len(patient_route(graph, Order("A", "B", E18, max_hops=1)).swaps) == 1
    assert len(patient_route(graph, Order("A", "B", E18, max_hops=2)).swaps) == 3


def test_find_route__four_hops__are_found() -> None:
    chain = [V2Pool(f"0x{n}", one, other, 10**24, 10**24) for n, (one, other) in enumerate(["AC", "CD", "DE", "EB"])]
    graph = Graph(chain)
    with pytest.raises(InsufficientLiquidity, match="no path of 3 hops"):
        patient_route(graph, Order("A", "B", E18))
    plan = patient_route(graph, Order("A", "B", E18, max_hops=4))
    assert [swap.token_out for swap in plan.swaps] == ["C", "D", "E", "B"]


def test_find_route__pairs_of_one_source__are_not_mixed() -> None:
    third = ONE // 3
    pairs = [
        WeightedPool(f"0xW:{one}{other}", one, other, "0xW", 10**21, 10**21, third, third, 10**15)
        for one, other in ("AB", "AM", "BM")
    ]
    plan = patient_route(Graph((*pairs, FIRST, V2Pool("0x9", "B", "M", 10**21, 10**21))), Order("A", "B", 100 * E18))
    assert sum(swap.pool.startswith("0xW") for swap in plan.swaps) == 1


@pytest.mark.parametrize("apart", [1.1, 1.6])
def test_find_route__pools_pay_whoever_goes_both_ways__bound_is_of_plans_that_go_one(apart: float) -> None:
    near, far, deep = 250 * E18, int(250 * apart) * E18, 1000 * E18
    ends = [V2Pool(f"0x{pair}", *pair, deep, deep) for pair in ("AM", "AN", "MB", "NB")]
    between = [V2Pool("0xcheap", "M", "N", near, far), V2Pool("0xdear", "M", "N", far, near)]
    plan = patient_route(Graph((*ends, *between)), Order("A", "B", 200 * E18))
    used = {(swap.token_in, swap.token_out) for swap in plan.swaps}
    assert not {("M", "N"), ("N", "M")} <= used and plan.gap_bps <= 1


def test_find_route__quoted_market__is_paid_what_its_samples_say() -> None:
    quoted = QuotedPool("0xQ", "A", "B", "0xQ", ((E18, E18), (10 * E18, 9 * E18)), ())
    plan = patient_route(Graph((quoted,)), Order("A", "B", 5 * E18))
    assert plan.amount_out == quote(quoted, "A", 5 * E18)
    assert plan.bound >= plan.amount_out


def test_find_route__beyond_what_is_known__is_refused() -> None:
    quoted = QuotedPool("0xQ", "A", "B", "0xQ", ((E18, E18),), ())
    with pytest.raises(InsufficientLiquidity, match="beyond the depth"):
        patient_route(Graph((quoted,)), Order("A", "B", 5 * E18))


def test_find_route__unknown_token__is_refused() -> None:
    with pytest.raises(RoutingError, match="no market trades it"):
        patient_route(Graph((FAR,)), Order("A", "Z", E18))


def test_find_route__negative_cost__is_refused() -> None:
    with pytest.raises(RoutingError, match="below zero"):
        patient_route(Graph((FAR,)), Order("A", "B", E18), -1)


@pytest.mark.parametrize("amount", [0, -1, 1 << 128])
def test_order__amount_out_of_range__is_refused(amount: int) -> None:
    with pytest.raises(RoutingError, match=r"not within 1 to 2\^128 - 1"):
        Order("A", "B", amount)


def test_order__one_token_twice__is_refused() -> None:
    with pytest.raises(RoutingError, match="is input and output"):
        Order("A", "A", 1)


def test_find_route__cancelled__still_has_a_plan_and_a_bound() -> None:
    market = random_market(5, 60)
    order = Order(market.tokens[0], market.tokens[9], 50 * E18)
    costs = market.costs(market.tokens[9], 10e9)
    at_once = find_route(Graph(market.pools), order, costs, Effort(cancelled=lambda: True))
    patient = patient_route(Graph(market.pools), order, costs)
    assert at_once.amount_out_net_gas <= patient.amount_out_net_gas + 1
    assert np.isfinite(at_once.bound) and at_once.bound >= patient.amount_out_net_gas


@pytest.mark.parametrize("seed", range(6))
def test_find_route__random_market__closes_the_gap_and_beats_todays_split(seed: int) -> None:
    market = random_market(seed, 80)
    one, other = market.tokens[seed % 3], market.tokens[5 + seed]
    amount = int((1 + seed) * E18 / market.values[market.tokens.index(one)])
    plan = patient_route(Graph(market.pools), Order(one, other, amount), market.costs(other, 10e9))
    simple = [pool for pool in market.pools if pool.address.count(":") == 0]
    # Pairs of one pool exclude each other, which takes time to prove where a market has many of them.
    assert plan.gap_bps <= 10
    assert plan.single_out_net_gas is None or plan.amount_out_net_gas >= plan.single_out_net_gas
    try:
        split = best_split(simple, one, other, amount, via=market.tokens[:4])
    except InsufficientLiquidity:
        return
    assert plan.amount_out >= split.amount_out * 0.99
    hops = sum(market.costs(other, 10e9)[hop.pool] for path in split.paths for hop in path.hops)
    assert split.amount_out - hops <= plan.bound


def test_gap_bps__bound_below_the_plan__is_zero() -> None:
    assert gap_bps(99, 100, 110) == 0
    assert gap_bps(101, 100, 110) == pytest.approx(100)
    assert gap_bps(0, -11, 110) == pytest.approx(1000)


def test_find_route__stable_pool_far_beyond_its_balance__is_still_below_the_bound() -> None:
    pool = StablePool(
        "0xS", "A", "B", "0xS", StableKind.CURVE, (10**21, 10**21), (ONE, ONE), 0, 1, 200 * 100, 4 * 10**14
    )
    plan = patient_route(Graph((pool,)), Order("A", "B", 10**24))
    assert plan.amount_out == quote(pool, "A", 10**24)
    assert plan.bound >= plan.amount_out and plan.gap_bps < 1


def test_find_route__pool_used_after_one_and_after_two_hops__does_not_lower_the_bound_too_far() -> None:
    """A plan of 1091112659507163514289 net of gas exists: its last pool takes what comes by ways of both lengths."""
    market = random_market(547560, 25, 9)
    order = Order("T004", "T007", 260895)
    plan = find_route(Graph(market.pools), order, market.costs("T007", 50e9), Effort(seconds=1.0))
    assert plan.bound >= 1091112659507163514289


def test_find_route__two_first_hops_and_one_last__is_the_optimum_of_fifty_digits() -> None:
    """The optimum 1061919583270330439720 is a ternary search with fifty digits; Clarabel ends 8e-6 above it."""
    pools = (
        V2Pool("0x1", "A", "M", 1203360496468145602560, 3640971228856622776320),
        V2Pool("0x2", "A", "M", 2212548488753077682172, 1546252270763731451904),
        V2Pool("0x3", "M", "B", 2212548488753076633600, 1702111062814954225665),
    )
    plan = patient_route(Graph(pools), Order("A", "B", 6926707001653573451777))
    assert plan.amount_out <= 1061919583270330439720 <= plan.bound
    assert plan.gap_bps <= 0.5


@pytest.mark.parametrize(("seed", "size", "hops"), [(15, 2.5, 2), (17, 2.5, 4), (43, 1.5, 4), (45, 2.0, 4)])
def test_find_route__no_time_and_no_single_path_that_takes_all__still_finds_a_split(
    seed: int, size: float, hops: int
) -> None:
    """Found by deep fuzzing: an order was called beyond the depth of every path because the time was up."""
    market = random_market(seed, 25, 9)
    one, other = market.tokens[seed % 2], market.tokens[2 + seed % 6]
    order = Order(one, other, int(10**size * E18 / market.values[market.tokens.index(one)]), max_hops=hops)
    plan = find_route(Graph(market.pools), order, market.costs(other, 0.0), Effort(seconds=0))
    assert plan.amount_out > 0 and len(plan.swaps) > 1


def test_find_route__many_ways_to_a_pool_that_takes_less__the_pair_beside_them_is_a_single_path() -> None:
    rich = tuple(V2Pool(f"0x{n}", "A", "M", (1000 + n) * E18, 1000 * E18) for n in range(30))
    # The last pool pays ten times as much for what little it takes: its ticks end there.
    narrow = V3Pool("0xV3", "M", "B", 1 << 96, 0, 10**18, 500, 10, ((-10, 10**18), (10, -(10**18))))
    pair = V2Pool("0xpair", "A", "B", 1000 * E18, 100 * E18)
    plan = find_route(Graph((*rich, narrow, pair)), Order("A", "B", 10 * E18), 0, Effort(cancelled=lambda: True))
    assert plan.single_out_net_gas == quote(pair, "A", 10 * E18)
    assert plan.amount_out_net_gas >= plan.single_out_net_gas


def test_find_route__cancelled_before_a_plan__says_so() -> None:
    market = random_market(15, 25, 9)
    one, other = market.tokens[1], market.tokens[5]
    order = Order(one, other, int(10**2.5 * E18 / market.values[1]), max_hops=2)
    with pytest.raises(RoutingError, match="was cancelled before there was a plan; let it go on"):
        find_route(Graph(market.pools), order, market.costs(other, 0.0), Effort(cancelled=lambda: True))


def test_find_route__limit_of_a_leg__no_swap_moves_its_price_farther() -> None:
    pools = (FAR, NEAR, FIRST, SECOND)
    graph = Graph(pools, leg_impact_bps=200)
    plan = patient_route(graph, Order("A", "B", 20 * E18))
    for swap in plan.swaps:
        edge = graph.edge_of[swap.pool, True]
        after = graph.curves.slope(np.array([edge]), np.array([float(swap.amount_in)]))[0]
        assert after >= graph.first_slope[edge] * 0.98 * (1 - 1e-9)
    assert len(plan.swaps) > 1 and 0 <= plan.gap_bps <= 1


def test_find_route__limit_of_a_leg__splits_an_order_that_one_pool_would_take() -> None:
    costly = E18
    free = patient_route(Graph((FAR, NEAR)), Order("A", "B", 10 * E18), costly)
    held = patient_route(Graph((FAR, NEAR), leg_impact_bps=120), Order("A", "B", 10 * E18), costly)
    assert (len(free.swaps), len(held.swaps)) == (1, 2)


def test_find_route__limit_of_a_leg_excludes_every_route__says_so() -> None:
    with pytest.raises(InsufficientLiquidity, match="beyond the limit of its legs on every path; trade less, or raise"):
        patient_route(Graph((FAR, NEAR), leg_impact_bps=1), Order("A", "B", 10 * E18))


@pytest.mark.parametrize("limit", [0.0, -1.0, 10_000.0, float("nan")])
def test_graph__limit_of_a_leg_out_of_range__refused(limit: float) -> None:
    with pytest.raises(RoutingError, match="bps a leg: not above 0 and below 10,000"):
        Graph((FAR,), leg_impact_bps=limit)


def test_find_route__every_path_excluded__says_what_to_do() -> None:
    with pytest.raises(InsufficientLiquidity, match="no path of 3 hops connects them; exclude less, or allow more"):
        patient_route(Graph((FAR,)), Order("A", "B", E18, excluded=frozenset(["0x1"])))
