"""Baskets: one problem over shared pools, and what its plan claims to be."""

from dataclasses import replace

import pytest

from keepers.routing.basket_router import find_basket
from keepers.routing.baskets import Basket, BasketPlan, Leg
from keepers.routing.errors import InsufficientLiquidity, RoutingError
from keepers.routing.graph import Graph
from keepers.routing.plans import BPS, Effort, Order
from keepers.routing.pools import Pool, V2Pool, quote
from tests.fixtures.basket_markets import random_rebalance
from tests.fixtures.routing_markets import patient_route, random_market

E18 = 10**18
POOLS = (
    V2Pool("0x1", "A", "USD", 1000 * E18, 2000 * E18),
    V2Pool("0x2", "A", "B", 1000 * E18, 1000 * E18),
    V2Pool("0x3", "B", "USD", 1000 * E18, 2000 * E18),
    V2Pool("0x4", "C", "USD", 1000 * E18, 1000 * E18),
    V2Pool("0x5", "A", "C", 1000 * E18, 2000 * E18),
)
SALE = Leg("A", 100 * E18, 0)
BASKET = Basket("USD", (SALE,), (Leg("B", 50 * E18, 150 * E18), Leg("C", 20 * E18, 30 * E18)))
PATIENT = Effort(seconds=300.0)


def replayed(pools: tuple[Pool, ...], plan: BasketPlan) -> dict[str, int]:
    """Amounts that are held after the swaps, each of which sells no more than there is and pays what its pool pays."""
    by_address = {pool.address: pool for pool in pools}
    held = plan.basket.held
    for swap in plan.swaps:
        assert quote(by_address[swap.pool], swap.token_in, swap.amount_in) == swap.amount_out
        held[swap.token_in] -= swap.amount_in
        assert held[swap.token_in] >= 0
        held[swap.token_out] = held.get(swap.token_out, 0) + swap.amount_out
    return held


@pytest.mark.parametrize(("seed", "assets", "cross"), [(82_645, 6, 1), (146, 2, 0), (4, 6, 4), (741, 4, 2)])
def test_find_basket__prices_that_fit_the_flow_are_many__finds_those_of_the_bound(
    seed: int, assets: int, cross: int
) -> None:
    pools, basket = random_rebalance(seed, assets, cross)
    assert find_basket(pools, basket, 0, PATIENT).gap_bps <= 0.5


def test_find_basket__stopped_at_once__may_answer_one_order_after_another() -> None:
    pools, basket = random_rebalance(7_141, 4, 3)
    plan = find_basket(pools, basket, 1, Effort(seconds=0.0))
    assert plan.separate_net_gas is not None and plan.worth_net_gas >= plan.separate_net_gas


def test_find_basket__sale_and_purchases_that_share_pools__beats_one_order_after_another() -> None:
    plan = find_basket(POOLS, BASKET, 0, PATIENT)
    assert plan.separate_net_gas is not None and not plan.one_by_one
    assert plan.worth_net_gas > plan.separate_net_gas
    assert 0 <= plan.gap_bps <= 0.5


def test_find_basket__shared_pools__pays_what_it_says_each_pool_once() -> None:
    plan = find_basket(POOLS, BASKET, 0, PATIENT)
    held = replayed(POOLS, plan)
    assert held == plan.held and held["A"] == 0
    assert len({swap.pool for swap in plan.swaps}) == len(plan.swaps)


def test_find_basket__one_sale__is_the_single_order() -> None:
    plan = find_basket(POOLS, Basket("USD", (SALE,), max_hops=3), 0, PATIENT)
    single = patient_route(Graph(POOLS), Order("A", "USD", SALE.amount))
    assert plan.held["USD"] == pytest.approx(single.amount_out, rel=1e-4)
    assert plan.bound >= single.amount_out_net_gas and single.bound >= plan.worth_net_gas


def test_find_basket__sale_below_its_limit__is_not_made() -> None:
    dear = Basket("USD", (Leg("A", 100 * E18, 300 * E18),))
    plan = find_basket(POOLS, dear, 0, PATIENT)
    assert plan.swaps == () and plan.filled(dear.sells[0]) == 0
    assert plan.worth_net_gas == 300 * E18 and plan.gap_bps == pytest.approx(0, abs=0.5)


def test_find_basket__purchase_above_its_limit_at_the_margin__is_made_in_part() -> None:
    basket = Basket("USD", buys=(Leg("B", 100 * E18, 205 * E18),), cash=500 * E18)
    plan = find_basket(POOLS, basket, 0, PATIENT)
    bought = plan.filled(basket.buys[0])
    assert 0 < bought < 100 * E18
    assert (500 * E18 - plan.held["USD"]) / bought < 2.05


def test_find_basket__gas_above_what_purchases_gain__makes_none() -> None:
    basket = Basket("USD", buys=(Leg("B", 10 * E18, 21 * E18),), cash=500 * E18)
    assert find_basket(POOLS, basket, 0, PATIENT).swaps
    assert find_basket(POOLS, basket, 5 * E18, PATIENT).swaps == ()


def test_find_basket__no_time__is_the_orders_one_after_another_or_better_and_has_a_bound() -> None:
    plan = find_basket(POOLS, BASKET, E18 // 10, Effort(seconds=0.0))
    patient = find_basket(POOLS, BASKET, E18 // 10, PATIENT)
    assert plan.separate_net_gas is not None
    assert plan.separate_net_gas <= plan.worth_net_gas <= patient.bound
    assert patient.worth_net_gas <= plan.bound


def test_find_basket__excluded_pool__is_not_used() -> None:
    plan = find_basket(POOLS, replace(BASKET, excluded=frozenset({"0x2"})), 0, PATIENT)
    assert all(swap.pool != "0x2" for swap in plan.swaps)


def test_find_basket__contract_of_several_pairs__uses_one_of_them() -> None:
    market = random_market(7, 60, 20)
    source = {pool.address: pool.address.rsplit(":", 2)[0] for pool in market.pools}
    hub, tokens = market.tokens[0], market.tokens

    def units(position: int) -> int:
        return int(3 * E18 / market.values[position])

    sells = tuple(Leg(tokens[position], units(position), 0) for position in (1, 2, 3))
    buys = tuple(Leg(tokens[position], units(position), int(3.3 * E18)) for position in (7, 8, 9))
    plan = find_basket(market.pools, Basket(hub, sells, buys), 0, Effort(seconds=4.0))
    pairs: dict[str, set[frozenset[str]]] = {}
    for swap in plan.swaps:
        pairs.setdefault(source[swap.pool], set()).add(frozenset((swap.token_in, swap.token_out)))
    assert all(len(used) == 1 for used in pairs.values())
    assert plan.separate_net_gas is not None and plan.worth_net_gas >= plan.separate_net_gas
    assert plan.bound >= plan.worth_net_gas and plan.gap_bps < 0.05 * BPS


def test_find_basket__sale_beyond_depth_at_any_price__is_refused_by_name() -> None:
    with pytest.raises(InsufficientLiquidity, match="of A: is beyond the depth"):
        find_basket(POOLS, Basket("USD", (Leg("A", 1 << 120, 0),)), 0, PATIENT)


def test_find_basket__token_without_market__is_refused() -> None:
    with pytest.raises(RoutingError, match="Z: no market trades it"):
        find_basket(POOLS, Basket("USD", (Leg("Z", E18, 0),)))


def test_find_basket__cancelled_at_once__returns_what_is_there_with_a_bound() -> None:
    plan = find_basket(POOLS, BASKET, 0, Effort(cancelled=lambda: True))
    assert replayed(POOLS, plan) == plan.held
    assert plan.bound >= find_basket(POOLS, BASKET, 0, PATIENT).worth_net_gas


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sells": (), "buys": ()}, "has no leg"),
        ({"sells": (SALE, SALE)}, "appears twice"),
        ({"sells": (Leg("USD", 1, 0),)}, "is the settlement token"),
        ({"sells": (Leg("A", 0, 0),)}, "not within 1 to 2"),
        ({"sells": (Leg("A", 1 << 128, 0),)}, "not within 1 to 2"),
        ({"sells": (Leg("A", 1, -1),)}, "not within 0 to 2"),
        ({"buys": (Leg("B", 1, 0),)}, "buys nothing"),
        ({"sells": ()}, "has nothing to spend"),
        ({"cash": -1}, "cash -1"),
        ({"max_hops": 0}, "0 hops a leg"),
        ({"max_hops": 4}, "4 hops a leg"),
    ],
)
def test_basket__makes_no_sense__is_refused(change: dict[str, object], reason: str) -> None:
    with pytest.raises(RoutingError, match=reason):
        replace(BASKET, **change)  # type: ignore[arg-type]
