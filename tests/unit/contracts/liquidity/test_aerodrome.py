"""Aerodrome's pools through their adapter: docs/venues/aerodrome.md."""

from __future__ import annotations

import ape
import pytest

from scripts._lib.venues.uniswap import FAR_FUTURE, MAX_UINT256
from tests.fixtures.markets import TERMS, order_over
from tests.reverts import reverts

PLACES = ((18, 18), (6, 18), (8, 6))
KINDS = (False, True)
IDS = {False: "volatile", True: "stable"}
FEES = (0, 5, 30, 123)
DEEP = 10**6


@pytest.fixture
def exchange(create_adapted, market_listing):
    """`exchange(stable, decimals, fee)`: (pool, adapter, market) of a listed pool, a million and two of its tokens."""

    def made(stable=False, decimals=(18, 18), fee=30):
        stand_in, adapter = ape.project.MockAerodromePool, ape.project.AerodromeAdapter
        return create_adapted(
            decimals, DEEP, lambda amounts: stand_in.at(market_listing.aerodrome(amounts, stable, fee).address), adapter
        )

    return made


def ends(market, up):
    return market.tokens if up else market.tokens[::-1]


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("decimals", PLACES)
@pytest.mark.parametrize("stable", KINDS, ids=IDS.get)
def test_swap__exact_input__pays_what_was_quoted(aggregator, lens, exchange, fund, trader, stable, decimals, up):
    pool, adapter, market = exchange(stable, decimals)
    token_in, token_out = ends(market, up)
    amount = 1234 * 10 ** token_in.decimals() + 7
    fund(token_in, amount)
    order = order_over(market, up, amount, trader)
    quoted = lens.quoteOrder.call(order)[0]
    assert quoted == pool.getAmountOut(amount, token_in)
    aggregator.swap(order, sender=trader)
    assert token_out.balanceOf(trader) == quoted
    assert [token.balanceOf(holder) for token in market.tokens for holder in (adapter, aggregator)] == [0, 0, 0, 0]
    assert pool.getReserves()[:2] == tuple(token.balanceOf(pool) for token in market.tokens)


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("fee", FEES)
@pytest.mark.parametrize("decimals", PLACES)
def test_swap_exact_out__volatile__costs_the_least_that_pays_it(aggregator, exchange, fund, trader, decimals, fee, up):
    _pool, adapter, market = exchange(False, decimals, fee)
    token_in, token_out = ends(market, up)
    wanted = 777 * 10 ** token_out.decimals() + 5
    held = 10**4 * 10 ** token_in.decimals()
    fund(token_in, held)
    cost = adapter.quoteIn(bytes(32), token_in, token_out, wanted)
    assert adapter.quote(bytes(32), token_in, token_out, cost) >= wanted
    assert adapter.quote(bytes(32), token_in, token_out, cost - 1) < wanted
    aggregator.swapExactOut(order_over(market, up, wanted, trader, MAX_UINT256), TERMS, sender=trader)
    assert token_out.balanceOf(trader) >= wanted
    assert held - token_in.balanceOf(trader) == cost


@pytest.mark.parametrize("part", [10**-9, 0.001, 0.3, 0.99])
@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("decimals", PLACES)
def test_swap_exact_out__stable__pays_it_and_costs_little_more_than_the_least(
    aggregator, exchange, fund, trader, decimals, up, part
):
    pool, adapter, market = exchange(True, decimals, 5)
    token_in, token_out = ends(market, up)
    wanted = int(token_out.balanceOf(pool) * part) + 3
    cost = adapter.quoteIn(bytes(32), token_in, token_out, wanted)
    assert adapter.quote(bytes(32), token_in, token_out, cost) >= wanted
    assert adapter.quote(bytes(32), token_in, token_out, cost * 999 // 1000 - 1) < wanted
    token_in.mint(trader, cost, sender=trader)
    token_in.approve(aggregator, MAX_UINT256, sender=trader)
    aggregator.swapExactOut(order_over(market, up, wanted, trader, MAX_UINT256), TERMS, sender=trader)
    assert token_out.balanceOf(trader) >= wanted
    assert [token.balanceOf(holder) for token in market.tokens for holder in (adapter, aggregator)] == [0, 0, 0, 0]


@pytest.mark.parametrize("stable", KINDS, ids=IDS.get)
def test_swap__somebody_sent_dust_to_the_pool__pays_what_was_quoted(
    aggregator, lens, exchange, fund, trader, thief, stable
):
    pool, _adapter, market = exchange(stable)
    token_in, token_out = market.tokens
    for token in market.tokens:
        token.mint(pool, 12345, sender=thief)
    fund(token_in, 10**18)
    order = order_over(market, True, 10**18, trader)
    quoted = lens.quoteOrder.call(order)[0]
    aggregator.swap(order, sender=trader)
    assert token_out.balanceOf(trader) == quoted


@pytest.mark.parametrize("stable", KINDS, ids=IDS.get)
def test_swap_single_and_exact_out_single__pass(aggregator, exchange, fund, trader, stable):
    _pool, _adapter, market = exchange(stable)
    token_in, token_out = market.tokens
    amount = 10 * 10 ** token_in.decimals()
    fund(token_in, 10 * amount)
    pair = (market.key, token_in, token_out)
    aggregator.swapSingle(*pair, amount, 1, FAR_FUTURE, sender=trader)
    got = token_out.balanceOf(trader)
    aggregator.swapExactOutSingle(*pair, got, 2 * amount, FAR_FUTURE, sender=trader)
    assert token_out.balanceOf(trader) >= 2 * got


def test_quote__factory_is_paused__says_so_and_the_order_reverts(aggregator, admin, exchange, fund, trader):
    pool, adapter, market = exchange()
    pool.setPauseState(True, sender=admin)
    for ask in (adapter.quote, adapter.quoteIn):
        with reverts(adapter.AerodromeAdapter__Paused, pool.address):
            ask(bytes(32), *market.tokens, 10)
    fund(market.tokens[0], 10**18)
    with ape.reverts():
        aggregator.swap(order_over(market, True, 10**18, trader), sender=trader)
    assert market.tokens[0].balanceOf(trader) == 10**18


@pytest.mark.parametrize("stable", KINDS, ids=IDS.get)
def test_quote_in__all_that_the_pool_holds__drained(exchange, stable):
    pool, adapter, market = exchange(stable)
    held = market.tokens[1].balanceOf(pool)
    with reverts(adapter.AerodromeAdapter__Drained, market.tokens[1].address, held, held):
        adapter.quoteIn(bytes(32), *market.tokens, held)


def test_quote_in__the_fee_takes_all__says_so(exchange, admin):
    pool, adapter, market = exchange()
    pool.setFee(10_000, sender=admin)
    with reverts(adapter.AerodromeAdapter__FeeTakesAll, 10_000):
        adapter.quoteIn(bytes(32), *market.tokens, 1)


def test_trades__other_tokens_or_an_id__refused(exchange, tokens):
    _pool, adapter, market = exchange()
    assert adapter.trades(bytes(32), *market.tokens)
    assert adapter.trades(bytes(32), *market.tokens[::-1])
    assert not adapter.trades(bytes(31) + b"\1", *market.tokens)
    assert not adapter.trades(bytes(32), market.tokens[0], tokens[0])
    with reverts(adapter.PairAdapter__WrongTokens, market.tokens[0].address, tokens[0].address):
        adapter.quote(bytes(32), market.tokens[0], tokens[0], 1)


def test_swap__fee_rises_after_the_quote__the_minimum_bounds_it(aggregator, lens, exchange, fund, trader, admin):
    pool, _adapter, market = exchange()
    fund(market.tokens[0], 10**18)
    quoted = lens.quoteOrder.call(order_over(market, True, 10**18, trader))[0]
    pool.setFee(300, sender=admin)
    with ape.reverts():
        aggregator.swap(order_over(market, True, 10**18, trader, quoted), sender=trader)
    assert market.tokens[0].balanceOf(trader) == 10**18
