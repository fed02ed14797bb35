"""A rebalance as one basket, beside one order after another."""

from dataclasses import replace

import pytest

from keepers.routing.order_paths import run_paths
from keepers.routing.plans import Effort
from keepers.routing.pools import Pool, QuotedPool, V2Pool
from keepers.routing.together import plan_together
from keepers.routing.trades import WAD, Holding, PlannedTrade, TradeRules, plan_trades

USD, ETH, BTC, GOLD = "USD", "ETH", "BTC", "GOLD"
HOLDINGS = (
    Holding(USD, 10_000 * 10**6, WAD, 6),
    Holding(ETH, 40 * 10**18, 2_000 * WAD, 18),
    Holding(BTC, 10**8, 40_000 * WAD, 8),
    Holding(GOLD, 0, 100 * WAD, 18),
)
DIRECT = V2Pool("0xEG", ETH, GOLD, 1_000 * 10**18, 20_000 * 10**18, 500)
POOLS: tuple[Pool, ...] = (
    V2Pool("0xE", ETH, USD, 500 * 10**18, 1_000_000 * 10**6),
    V2Pool("0xB", BTC, USD, 50 * 10**8, 2_000_000 * 10**6),
    V2Pool("0xG", USD, GOLD, 1_000_000 * 10**6, 10_000 * 10**18),
    DIRECT,
)
RULES = TradeRules(slippage_bps=100, min_value=10 * WAD)
TARGETS = tuple(part * WAD // 100 for part in (10, 30, 25, 35))
PATIENT = Effort(seconds=60.0)


def both(pools: tuple[Pool, ...] = POOLS, rules: TradeRules = RULES) -> tuple[tuple[PlannedTrade, ...], ...]:
    """The plan one after another, and the better of it and the basket."""
    apart = plan_trades(HOLDINGS, TARGETS, pools, rules)
    return apart, plan_together(HOLDINGS, pools, rules, apart, PATIENT)


def settle(trades: tuple[PlannedTrade, ...], at_minimum: bool = False) -> dict[str, int]:
    """Balances after trades, none of which may spend what is not there."""
    balances = {holding.token: holding.balance for holding in HOLDINGS}
    for trade in trades:
        balances[trade.token_in] -= trade.amount_in
        assert balances[trade.token_in] >= 0
        balances[trade.token_out] += trade.min_amount_out if at_minimum else trade.quoted_out
    return balances


def nav(balances: dict[str, int]) -> int:
    return sum(replace(holding, balance=balances[holding.token]).value for holding in HOLDINGS)


def test_plan_together__pool_between_a_sale_and_a_purchase__is_used_and_leaves_more() -> None:
    apart, together = both()
    assert (ETH, GOLD) in {(trade.token_in, trade.token_out) for trade in together}
    assert nav(settle(together)) > nav(settle(apart))
    assert settle(together)[ETH] == settle(apart)[ETH] and settle(together)[BTC] == settle(apart)[BTC]
    assert settle(together)[GOLD] <= settle(apart)[GOLD] <= settle(together)[GOLD] * (1 + 1e-6)


def test_plan_together__quotes__are_what_the_pools_pay_one_trade_after_another() -> None:
    _, together = both()
    market = {pool.address: pool for pool in POOLS}
    for trade in together:
        assert sum(path.amount_in for path in trade.paths) == trade.amount_in
        assert run_paths(market, trade.token_in, trade.paths) == trade.quoted_out
        assert trade.min_amount_out == trade.quoted_out * 99 // 100


def test_plan_together__sales_that_return_their_least__still_pay_for_the_purchases() -> None:
    _, together = both()
    settle(together, at_minimum=True)


def test_plan_together__no_pool_between_them__stays_as_it_is() -> None:
    apart, together = both(POOLS[:-1])
    assert nav(settle(together)) >= nav(settle(apart))
    assert {(trade.token_in, trade.token_out) for trade in together} == {(ETH, USD), (BTC, USD), (USD, GOLD)}


def test_plan_together__only_sales__is_left_alone() -> None:
    apart = plan_trades(HOLDINGS, tuple(part * WAD // 100 for part in (50, 30, 20, 0)), POOLS, RULES)
    assert plan_together(HOLDINGS, POOLS, RULES, apart, PATIENT) is apart


def test_plan_together__order_of_more_paths_than_allowed__is_left_alone() -> None:
    more: tuple[Pool, ...] = (*POOLS, replace(DIRECT, address="0xEG2"))
    apart, together = both(more, replace(RULES, max_paths=1))
    assert all(len(trade.paths) == 1 for trade in together)
    assert nav(settle(together)) >= nav(settle(apart))


def test_plan_together__no_time__is_no_worse_than_one_after_another() -> None:
    apart = plan_trades(HOLDINGS, TARGETS, POOLS, RULES)
    assert nav(settle(plan_together(HOLDINGS, POOLS, RULES, apart, Effort(seconds=0.0)))) >= nav(settle(apart))


@pytest.mark.parametrize("size", [1, 20])
def test_plan_together__sampled_market_between_them__is_paid_what_its_samples_say(size: int) -> None:
    samples = tuple((part * 10**18, 20 * part * 10**18 - part**2 * 10**16) for part in range(1, size + 1))
    market = QuotedPool("0xQ", ETH, GOLD, "0xQ", samples, ())
    apart, together = both((*POOLS[:-1], market))
    assert nav(settle(together)) >= nav(settle(apart))
    settle(together, at_minimum=True)
