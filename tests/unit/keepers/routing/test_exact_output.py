"""Routes to an exact output, and what they claim to be."""

from __future__ import annotations

import pytest

from keepers.routing.errors import InsufficientLiquidity, RoutingError
from keepers.routing.exact_output import find_exact_output
from keepers.routing.graph import Graph
from keepers.routing.impact import marginal_output
from keepers.routing.plans import Effort, ExactOutputPlan, Order, OutputOrder
from keepers.routing.pools import Pool, V2Pool, quote
from keepers.routing.swaps import execute, flow_of
from tests.fixtures.routing_markets import patient_route, random_market

E18 = 10**18
ONE = V2Pool("0x1", "A", "B", 1000 * E18, 1000 * E18)
OTHER = V2Pool("0x2", "A", "B", 1000 * E18, 1000 * E18)
FIRST = V2Pool("0x3", "A", "M", 2000 * E18, 2000 * E18)
SECOND = V2Pool("0x4", "M", "B", 2000 * E18, 2000 * E18)


def cheapest(pools: tuple[Pool, ...], wanted: int, costs: dict[str, int] | int = 0) -> ExactOutputPlan:
    return find_exact_output(Graph(pools), OutputOrder("A", "B", wanted), costs, Effort(seconds=300.0))


@pytest.mark.parametrize("wanted", [1, 7, E18, 500 * E18, 999 * E18])
def test_find_exact_output__single_pair__is_what_uniswaps_library_asks_for(wanted: int) -> None:
    plan = cheapest((ONE,), wanted)
    # UniswapV2Library.getAmountIn.
    asked = ONE.reserve0 * wanted * 1000 // ((ONE.reserve1 - wanted) * 997) + 1
    assert plan.amount_in in (asked - 1, asked), "the library adds a unit even where the division is exact"
    assert plan.amount_out >= wanted > quote(ONE, "A", max(plan.amount_in - 1, 1)) or plan.amount_in == 1


def test_find_exact_output__two_equal_pools__halves_the_order() -> None:
    plan = cheapest((ONE, OTHER), 100 * E18)
    assert sorted(swap.pool for swap in plan.swaps) == ["0x1", "0x2"]
    assert all(swap.share == pytest.approx(0.5, abs=0.02) for swap in plan.swaps)
    assert plan.gap_bps <= 1


def test_find_exact_output__any_plan__one_unit_less_does_not_do() -> None:
    pools = (ONE, OTHER, FIRST, SECOND)
    graph, plan = Graph(pools), cheapest(pools, 150 * E18)
    assert sum(swap.amount_out for swap in plan.swaps if swap.token_out == "B") == plan.amount_out >= 150 * E18
    again = execute(graph, graph.find("A"), graph.find("B"), plan.amount_in - 1, flow_of(graph, plan.swaps))
    assert again.amount_out < 150 * E18


def test_find_exact_output__what_an_input_brought__costs_no_more_than_that_input() -> None:
    market = random_market(5, 30)
    order = Order(market.tokens[0], market.tokens[6], 2 * E18)
    there = patient_route(Graph(market.pools), order)
    wanted = OutputOrder(order.token_in, order.token_out, there.amount_out)
    back = find_exact_output(Graph(market.pools), wanted, 0, Effort(seconds=300.0))
    assert back.bound <= order.amount_in
    assert back.amount_in == pytest.approx(order.amount_in, rel=1e-4)
    assert back.gap_bps <= 2


def test_find_exact_output__gas_above_the_gain__uses_one_pool_and_stays_tight() -> None:
    free, dear = cheapest((ONE, OTHER), 10 * E18), cheapest((ONE, OTHER), 10 * E18, E18)
    assert (len(free.swaps), len(dear.swaps)) == (2, 1)
    assert dear.amount_in_with_gas == dear.amount_in + E18
    assert dear.gap_bps <= 1


def test_find_exact_output__gas_above_the_input__is_still_tight() -> None:
    plan = cheapest((ONE, OTHER), E18 // 100, E18)
    assert len(plan.swaps) == 1 and plan.gap_bps <= 2


def test_find_exact_output__gas_by_pool__prefers_the_cheap_one() -> None:
    plan = cheapest((ONE, OTHER), E18, {"0x1": E18 // 10, "0x2": E18 // 100})
    assert [swap.pool for swap in plan.swaps] == ["0x2"]


def test_find_exact_output__plan__never_above_the_best_single_path() -> None:
    plan = cheapest((ONE, OTHER, FIRST, SECOND), 50 * E18, E18 // 100)
    assert plan.single_in_with_gas is not None and plan.amount_in_with_gas < plan.single_in_with_gas


@pytest.mark.parametrize("wanted", [2001 * E18, 10**30])
def test_find_exact_output__more_than_there_is__refused(wanted: int) -> None:
    with pytest.raises(InsufficientLiquidity, match="beyond the depth of every path; trade less"):
        cheapest((ONE, OTHER), wanted)


def test_find_exact_output__every_pool_excluded__no_path() -> None:
    order = OutputOrder("A", "B", E18, excluded=frozenset(["0x1"]))
    with pytest.raises(InsufficientLiquidity, match="no path of 3 hops"):
        find_exact_output(Graph((ONE,)), order)


def test_find_exact_output__negative_cost__refused() -> None:
    with pytest.raises(RoutingError, match="cost -1: below zero; give smallest units of the input"):
        cheapest((ONE,), E18, -1)


def test_find_exact_output__plan_without_fixed_costs__bound_counts_those_of_others() -> None:
    free, dear = (V2Pool(address, "A", "B", 100 * E18, 100 * E18) for address in ("0x5", "0x6"))
    # The gain of a second pool is smaller than its cost, by a little.
    plan = cheapest((free, dear), E18 // 100, {"0x5": 0, "0x6": 10**12})
    assert [swap.pool for swap in plan.swaps] == ["0x5"] and plan.gas_cost == 0
    assert plan.gap_bps <= 0.3


def test_find_exact_output__cost_as_large_as_the_order_beside_a_free_pool__bound_is_close() -> None:
    free, dear = V2Pool("0x5", "A", "B", 100 * E18, 100 * E18), V2Pool("0x6", "A", "B", 100 * E18, 287 * E18)
    plan = cheapest((free, dear), E18 // 35, {"0x5": 0, "0x6": 19 * E18 // 1000})
    assert plan.gap_bps <= 1


def test_find_exact_output__most_of_a_pool_is_bought__bound_is_as_close_as_asked_for() -> None:
    # The last units of the input bring a thirteenth of the average: a gap of the output is thirteen of the input.
    small = V2Pool("0x5", "A", "B", 100 * E18, 100 * E18)
    large = V2Pool("0x6", "A", "B", 100 * E18, 1_097_866_098_223_715_838_976)
    assert cheapest((small, large), 1_132_296_153_868_070_027_264).gap_bps <= 0.5


@pytest.mark.parametrize("effort", [Effort(seconds=0.0), Effort(cancelled=lambda: True)], ids=["late", "cancelled"])
def test_find_exact_output__cut_short__has_a_plan_and_a_valid_bound(effort: Effort) -> None:
    plan = find_exact_output(Graph((ONE, OTHER)), OutputOrder("A", "B", 100 * E18), 0, effort)
    patient = cheapest((ONE, OTHER), 100 * E18)
    assert plan.bound <= patient.amount_in <= plan.amount_in


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (("A", "A", 1), "is input and output"),
        (("A", "B", 0), "not within 1 to 2\\^128 - 1"),
        (("A", "B", 2**128), "not within 1 to 2\\^128 - 1"),
        (("A", "B", 1, 0), "0 hops: not within 1 to 6; give more"),
        (("A", "B", 1, 7), "7 hops: not within 1 to 6; give fewer"),
    ],
)
def test_output_order__out_of_range__refused(
    fields: tuple[str, str, int] | tuple[str, str, int, int], reason: str
) -> None:
    with pytest.raises(RoutingError, match=reason):
        OutputOrder(*fields)


def test_marginal_output__two_hops__is_the_product_of_both() -> None:
    graph = Graph((FIRST, SECOND))
    plan = patient_route(graph, Order("A", "B", 100 * E18))
    more = patient_route(graph, Order("A", "B", 101 * E18))
    assert marginal_output(graph, plan.swaps) == pytest.approx((more.amount_out - plan.amount_out) / E18, rel=2e-3)


def test_find_exact_output__nearly_all_of_two_pools__bound_is_taken_again_at_what_it_leaves() -> None:
    small, large = 10**20, 1_097_866_098_223_715_842_391
    pools = [V2Pool("0x0", "A", "B", small, large), V2Pool("0x1", "A", "B", 7_321_505_625_647_960_561_514, small)]
    wanted = 1_076_188_204_038_855_327_744
    assert find_exact_output(Graph(pools), OutputOrder("A", "B", wanted), 0, Effort(seconds=300.0)).gap_bps <= 1
