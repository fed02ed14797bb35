"""Baskets against cvxpy with Clarabel, and against the same orders one after another."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from keepers.routing.basket_router import find_basket
from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.plans import Effort
from keepers.routing.pools import quote
from tests.fixtures.basket_markets import UNIT, convex_worth, random_rebalance


@settings(max_examples=max(5, settings.default.max_examples // 20))
@given(st.integers(0, 10**6), st.sampled_from([2, 4, 6]), st.integers(0, 4))
def test_bound__no_fixed_costs__is_the_optimum_that_clarabel_finds(seed: int, assets: int, cross: int) -> None:
    pools, basket = random_rebalance(seed, assets, cross)
    best = convex_worth(pools, basket)
    assume(best is not None)
    assert best is not None
    plan = find_basket(pools, basket, 0, Effort(gap_bps=0.5, seconds=60.0))
    # Clarabel also uses what moves in circles, which pays at most a little here.
    assert plan.bound >= best * (1 - 5e-4)
    assert plan.worth_net_gas <= best * (1 + 5e-5)
    assert 0 <= plan.gap_bps <= 1


@settings(max_examples=max(5, settings.default.max_examples // 10))
@given(st.integers(0, 10**6), st.sampled_from([2, 4]), st.integers(0, UNIT // 2), st.floats(0, 0.5))
def test_find_basket__any_time__never_loses_and_every_bound_holds(
    seed: int, assets: int, cost: int, seconds: float
) -> None:
    pools, basket = random_rebalance(seed, assets, 3)
    try:
        quick = find_basket(pools, basket, cost, Effort(seconds=seconds))
    except InsufficientLiquidity:
        return
    slow = find_basket(pools, basket, cost, Effort(seconds=2.0))
    for plan, other in ((quick, slow), (slow, quick)):
        assert plan.worth_net_gas <= other.bound and plan.gap_bps >= 0
        assert plan.separate_net_gas is not None and plan.separate_net_gas <= plan.worth_net_gas
    by_address = {pool.address: pool for pool in pools}
    if not slow.one_by_one:
        for swap in slow.swaps:
            assert quote(by_address[swap.pool], swap.token_in, swap.amount_in) == swap.amount_out
    assert all(amount >= 0 for amount in slow.held.values())
    assert all(not slow.held.get(leg.token, 0) for leg in basket.sells)
