"""A rebalance of twelve assets as one basket, beside one order after another and beside Clarabel."""

from __future__ import annotations

from statistics import median

from keepers.routing.basket_router import find_basket
from keepers.routing.baskets import BasketPlan
from keepers.routing.plans import BPS, Effort
from tests.bench.framework import Bench, Row
from tests.fixtures.basket_markets import UNIT, convex_worth, random_rebalance

GROUP = "Baskets"
SEEDS = range(8)
GAS = UNIT // 20
METHOD = (
    f"{len(SEEDS)} random rebalances of twelve assets, six sold and six bought against cash over 33 constant-product "
    "pools (tests/fixtures/basket_markets.py). Distance is how far the worth at the limits, net of 0.05 of cash a "
    "swap, is below the certificate's bound. The peer is the same solver on one leg after another, each on the pools "
    "that the last left. Clarabel solves the problem without gas, as cvxpy states it (Angeris et al. 2022); its "
    "optimum is held against our bound without gas."
)


def rows(_: Bench) -> list[Row]:
    """The table."""
    plans, apart, times = [], [], []
    for seed in SEEDS:
        pools, basket = random_rebalance(seed)
        plans.append(find_basket(pools, basket, GAS, Effort(gap_bps=0.9, seconds=10.0)))
        free = find_basket(pools, basket, 0, Effort(gap_bps=0.9, seconds=10.0))
        best = convex_worth(pools, basket)
        if best is None:
            raise AssertionError(f"Clarabel finds no optimum for seed {seed}")
        apart.append(BPS * (free.bound - best) / best)
        times.append(plans[-1].solve_time_ms)
    ours, separate = median(plan.gap_bps for plan in plans), median(_separate_bps(plan) for plan in plans)
    name = "12-asset rebalance planned as a basket, distance from the bound"
    return [
        Row(GROUP, name, "bps", ours, separate, "one order after another", method=METHOD),
        Row(GROUP, "of it: the worst", "bps", max(plan.gap_bps for plan in plans), method=METHOD),
        Row(GROUP, "of it: without gas, bound less Clarabel's optimum", "bps", median(apart), method=METHOD),
        Row(GROUP, "Solve, 12-asset basket", "ms", median(times), method=METHOD),
    ]


def _separate_bps(plan: BasketPlan) -> float:
    """Distance of one order after another from the bound, basis points of ours."""
    if plan.separate_net_gas is None:
        raise AssertionError("the orders are not taken one after another")
    return BPS * (plan.bound - plan.separate_net_gas) / plan.worth_net_gas
