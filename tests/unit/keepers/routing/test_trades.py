"""Plans that run whole: sells first, buys within what is sure to be there."""

from dataclasses import replace

import pytest

from keepers.routing.errors import InsufficientLiquidity, RoutingError
from keepers.routing.pools import QuotedPool, V2Pool, swap
from keepers.routing.trades import BPS, WAD, Holding, PlannedTrade, TradeRules, plan_trades

USD, ETH, BTC = "USD", "ETH", "BTC"
# NAV 100,000: 10,000 cash (6 decimals), 30 ETH (18) at 2,000, 0.75 BTC (8) at 40,000.
HOLDINGS = (
    Holding(USD, 10_000 * 10**6, WAD, 6),
    Holding(ETH, 30 * 10**18, 2_000 * WAD, 18),
    Holding(BTC, 75_000_000, 40_000 * WAD, 8),
)
POOLS = (
    V2Pool("0xE1", ETH, USD, 5_000 * 10**18, 10_000_000 * 10**6),
    V2Pool("0xE2", USD, ETH, 4_000_000 * 10**6, 2_000 * 10**18, 500),
    V2Pool("0xB", BTC, USD, 500 * 10**8, 20_000_000 * 10**6),
)
RULES = TradeRules(slippage_bps=50, min_value=10 * WAD)


def weights(*percent: int) -> tuple[int, ...]:
    return tuple(part * WAD // 100 for part in percent)


def settle(trades: tuple[PlannedTrade, ...], at_minimum: bool) -> dict[str, int]:
    balances = {holding.token: holding.balance for holding in HOLDINGS}
    for trade in trades:
        balances[trade.token_in] -= trade.amount_in
        assert balances[trade.token_in] >= 0
        balances[trade.token_out] += trade.min_amount_out if at_minimum else trade.quoted_out
    return balances


def test_plan_trades__shift_to_btc__sells_then_buys() -> None:
    trades = plan_trades(HOLDINGS, weights(10, 30, 60), POOLS, RULES)
    assert [(trade.token_in, trade.token_out) for trade in trades] == [(ETH, USD), (USD, BTC)]
    assert trades[0].amount_in == 15 * 10**18
    assert trades[1].amount_in == 30_000 * 10**6
    assert {path.hops[0].pool for path in trades[0].paths} == {"0xE1", "0xE2"}
    assert sum(path.amount_in for path in trades[0].paths) == trades[0].amount_in


def test_plan_trades__direction_of_each_pool__follows_its_tokens() -> None:
    (sell,) = plan_trades(HOLDINGS, weights(40, 30, 30), POOLS, RULES)
    assert {hop for path in sell.paths for hop in path.hops} == {("0xE1", True), ("0xE2", False)}


def test_plan_trades__minimum__is_the_quote_less_slippage() -> None:
    for trade in plan_trades(HOLDINGS, weights(10, 30, 60), POOLS, RULES):
        assert trade.min_amount_out == trade.quoted_out * (BPS - 50) // BPS


def test_plan_trades__everything_into_one_asset__never_spends_what_may_not_be_there() -> None:
    trades = plan_trades(HOLDINGS, weights(0, 0, 100), POOLS, RULES)
    sold, bought = trades
    assert sold.amount_in == HOLDINGS[1].balance
    assert bought.amount_in == HOLDINGS[0].balance + sold.min_amount_out < 70_000 * 10**6
    assert settle(trades, at_minimum=True)[USD] == 0
    assert settle(trades, at_minimum=False)[USD] > 0


def test_plan_trades__several_buys_beyond_the_cash__shrink_alike() -> None:
    holdings = (
        HOLDINGS[0],
        replace(HOLDINGS[1], balance=0),
        replace(HOLDINGS[2], balance=0),
        Holding("X", 1, WAD, 0),
    )
    pools = (*POOLS, V2Pool("0xX", "X", USD, 10**6, 10**12))
    eth, btc = plan_trades(holdings, weights(0, 75, 25, 0), pools, replace(RULES, min_value=2 * WAD))
    assert eth.amount_in + btc.amount_in <= HOLDINGS[0].balance
    assert eth.amount_in == pytest.approx(3 * btc.amount_in, rel=1e-9)


def test_plan_trades__on_target__is_empty() -> None:
    assert plan_trades(HOLDINGS, weights(10, 60, 30), POOLS, RULES) == ()


@pytest.mark.parametrize(("min_value", "count"), [(1_000 * WAD, 2), (1_001 * WAD, 0)])
def test_plan_trades__small_trades__are_left_out(min_value: int, count: int) -> None:
    trades = plan_trades(HOLDINGS, weights(10, 59, 31), POOLS, replace(RULES, min_value=min_value))
    assert len(trades) == count


def test_plan_trades__sale_that_rounding_would_eat__is_left_out() -> None:
    """The chaos run's: a sale worth 1.4 units of the settlement token pays one, and the chain refuses it."""
    exact = weights(10, 60, 30)
    dust = 14 * WAD // 10 // 10**6
    off = (exact[0] + dust // 100_000, exact[1] - dust // 100_000, exact[2])
    rules = replace(RULES, min_value=0)
    assert plan_trades(HOLDINGS, off, POOLS, rules) == ()
    # Half a per cent is 200 units.
    for units, count in ((199, 0), (201, 1)):
        part = units * 10**12 // 100_000
        trades = plan_trades(HOLDINGS, (exact[0] + part, exact[1] - part, exact[2]), POOLS, rules)
        assert len(trades) == count


def test_plan_trades__both_cross_one_pool__second_is_quoted_after_the_first() -> None:
    """ETH has no pool with USD here: it goes through BTC's, which BTC's own sale then finds moved."""
    pools = (V2Pool("0xEB", ETH, BTC, 20_000 * 10**18, 1_000 * 10**8), POOLS[2])
    rules = replace(RULES, via=(BTC,))
    eth, btc = plan_trades(HOLDINGS, weights(100, 0, 0), pools, rules)
    through, moved_eb = swap(pools[0], ETH, eth.amount_in)
    out, moved_b = swap(pools[1], BTC, through)
    assert moved_eb != pools[0] and eth.quoted_out == out
    assert btc.quoted_out == swap(moved_b, BTC, btc.amount_in)[0] < swap(pools[1], BTC, btc.amount_in)[0]


def test_plan_trades__no_pool__is_refused() -> None:
    with pytest.raises(InsufficientLiquidity):
        plan_trades(HOLDINGS, weights(10, 30, 60), POOLS[:2], RULES)


@pytest.mark.parametrize(
    ("targets", "reason"),
    [
        (weights(10, 90), "do not fit"),
        (weights(10, 30, 59), "do not sum"),
        ((WAD + 1, 0, -1), "do not sum"),
    ],
)
def test_plan_trades__unusable_targets__are_refused(targets: tuple[int, ...], reason: str) -> None:
    with pytest.raises(RoutingError, match=reason):
        plan_trades(HOLDINGS, targets, POOLS, RULES)


def test_plan_trades__nothing_held__is_refused() -> None:
    with pytest.raises(RoutingError, match="worth nothing"):
        plan_trades([replace(holding, balance=0) for holding in HOLDINGS], weights(10, 30, 60), POOLS, RULES)


def test_plan_trades__token_twice__is_refused() -> None:
    with pytest.raises(RoutingError, match="more than once"):
        plan_trades([HOLDINGS[0], HOLDINGS[1], HOLDINGS[1]], weights(10, 30, 60), POOLS, RULES)


@pytest.mark.parametrize(("balance", "price", "decimals"), [(-1, 1, 18), (1, 0, 18), (1, 1, -1), (1, 1, 37)])
def test_holding__out_of_range__is_refused(balance: int, price: int, decimals: int) -> None:
    with pytest.raises(RoutingError, match="out of range"):
        Holding(ETH, balance, price, decimals)


@pytest.mark.parametrize(("slippage", "value", "paths"), [(-1, 0, 1), (10_000, 0, 1), (0, -1, 1), (0, 0, 0)])
def test_trade_rules__out_of_range__are_refused(slippage: int, value: int, paths: int) -> None:
    with pytest.raises(RoutingError, match="out of range"):
        TradeRules(slippage, value, (), paths)


def test_plan_trades__two_trades_on_markets_of_one_vault__the_second_goes_elsewhere() -> None:
    deep = tuple((10**k, 10**k * 2000 * 10**6 // 10**18) for k in range(15, 21))
    back = tuple((10**k, 10**k * 10**8 // (40_000 * 10**6)) for k in range(7, 12))
    ether = QuotedPool("0xQE", ETH, USD, "0xVault", deep, ())
    bitcoin = QuotedPool("0xQB", USD, BTC, "0xVault", back, ())
    sell, buy = plan_trades(HOLDINGS, weights(10, 30, 60), (*POOLS, ether, bitcoin), RULES)
    assert "0xQE" in {path.hops[0].pool for path in sell.paths}
    assert [path.hops[0].pool for path in buy.paths] == ["0xB"]
