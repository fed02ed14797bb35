"""Fluid's pools through their adapter: docs/venues/fluid-dex.md."""

from __future__ import annotations

import ape
import pytest

from scripts._lib.venues.uniswap import FAR_FUTURE, MAX_UINT256
from tests.fixtures.markets import TERMS, order_over
from tests.reverts import reverts

PLACES = ((18, 18), (6, 18), (8, 6), (18, 0))
FEES = (0, 100, 3000)
DEEP = 10**6
ID = bytes(32)
TOO_LITTLE_LEFT, PRICE_MOVED, PAUSED, IN_LIMIT, AMOUNT_LIMIT = 51006, 51040, 51043, 51045, 51049


@pytest.fixture
def exchange(create_adapted, market_listing):
    """`exchange(decimals, fee, reach)`: (pool, adapter, market) of a listed pool, a million and two of its tokens."""

    def made(decimals=(18, 18), fee=100, reach=20):
        stand_in, adapter = ape.project.MockFluidDex, ape.project.FluidDexAdapter
        return create_adapted(
            decimals, DEEP, lambda amounts: stand_in.at(market_listing.fluid_dex(amounts, fee, reach).address), adapter
        )

    return made


def ends(market, up):
    return market.tokens if up else market.tokens[::-1]


def grain(token):
    """Smallest units that the pool counts as one."""
    return 10 ** max(token.decimals() - 12, 0)


def answer(adapter, token_in, token_out, amount):
    """The adapter's quote, zero where the pool refuses."""
    try:
        return adapter.quote.call(ID, token_in, token_out, amount)
    except ape.exceptions.ContractLogicError:
        return 0


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("decimals", PLACES)
def test_swap__exact_input__pays_what_was_quoted(aggregator, lens, exchange, fund, trader, decimals, up):
    _pool, adapter, market = exchange(decimals)
    token_in, token_out = ends(market, up)
    amount = 1234 * 10 ** token_in.decimals() + (7 if token_in.decimals() else 0)
    fund(token_in, amount)
    order = order_over(market, up, amount, trader)
    quoted = lens.quoteOrder.call(order)[0]
    aggregator.swap(order, sender=trader)
    assert 0 < token_out.balanceOf(trader) == quoted
    assert [token.balanceOf(holder) for token in market.tokens for holder in (adapter, aggregator)] == [0, 0, 0, 0]
    assert token_in.allowance(adapter, adapter.dex()) == 0


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("fee", FEES)
@pytest.mark.parametrize("decimals", PLACES)
def test_swap_exact_out__any__costs_the_least_that_the_pool_tells_apart(
    aggregator, exchange, fund, trader, decimals, fee, up
):
    _pool, adapter, market = exchange(decimals, fee)
    token_in, token_out = ends(market, up)
    wanted = 777 * 10 ** token_out.decimals() + (5 if token_out.decimals() else 0)
    held = 10**4 * 10 ** token_in.decimals()
    fund(token_in, held)
    cost = adapter.quoteIn.call(ID, token_in, token_out, wanted)
    assert answer(adapter, token_in, token_out, cost) >= wanted
    counted = wanted * 10**12 // 10 ** token_out.decimals()
    assert answer(adapter, token_in, token_out, cost - grain(token_in) - cost // counted) < wanted
    aggregator.swapExactOut(order_over(market, up, wanted, trader, MAX_UINT256), TERMS, sender=trader)
    assert token_out.balanceOf(trader) >= wanted
    assert held - token_in.balanceOf(trader) == cost


def test_swap_single_and_exact_out_single__pass(aggregator, exchange, fund, trader):
    _pool, _adapter, market = exchange()
    token_in, token_out = market.tokens
    amount = 10 * 10 ** token_in.decimals()
    fund(token_in, 10 * amount)
    pair = (market.key, token_in, token_out)
    aggregator.swapSingle(*pair, amount, 1, FAR_FUTURE, sender=trader)
    got = token_out.balanceOf(trader)
    aggregator.swapExactOutSingle(*pair, got, 2 * amount, FAR_FUTURE, sender=trader)
    assert token_out.balanceOf(trader) >= 2 * got


def test_quote__in_a_transaction__leaves_nothing_in_the_pool(exchange, trader):
    """The pool writes before it answers, and its answer undoes that."""
    pool, adapter, market = exchange()
    adapter.quote(ID, *market.tokens, 10**18, sender=trader)
    adapter.quoteIn(ID, *market.tokens, 10**18, sender=trader)
    assert pool.written() == 0


@pytest.mark.parametrize(("amount", "reason"), [(10**11, AMOUNT_LIMIT), (21 * DEEP * 10**18, IN_LIMIT)])
def test_quote__the_pool_does_not_take_so_much__its_reason(exchange, amount, reason):
    pool, adapter, market = exchange()
    with reverts(pool.FluidDexError, reason):
        adapter.quote.call(ID, *market.tokens, amount)


def test_quote_in__more_than_the_pool_has__its_reason(exchange):
    pool, adapter, market = exchange()
    held = market.tokens[1].balanceOf(pool)
    with reverts(pool.FluidDexError, TOO_LITTLE_LEFT):
        adapter.quoteIn.call(ID, *market.tokens, held)


def test_quote__paused__its_reason_and_the_order_reverts(aggregator, exchange, admin, fund, trader):
    pool, adapter, market = exchange()
    pool.setPaused(True, sender=admin)
    for ask in (adapter.quote, adapter.quoteIn):
        with reverts(pool.FluidDexError, PAUSED):
            ask.call(ID, *market.tokens, 10**18)
    fund(market.tokens[0], 10**18)
    with ape.reverts():
        aggregator.swap(order_over(market, True, 10**18, trader), sender=trader)
    assert market.tokens[0].balanceOf(trader) == 10**18


def test_swap__beyond_the_price_band__is_quoted_and_reverts(aggregator, exchange, fund, trader):
    """The pool answers before it looks at its band."""
    _pool, adapter, market = exchange(reach=2)
    amount = 3 * DEEP * 10**18 // 10
    fund(market.tokens[0], amount)
    assert answer(adapter, *market.tokens, amount) > 0
    with ape.reverts():
        aggregator.swap(order_over(market, True, amount, trader), sender=trader)
    assert market.tokens[0].balanceOf(trader) == amount


def test_swap__fee_rises_after_the_quote__the_minimum_bounds_it(aggregator, lens, exchange, fund, trader, admin):
    pool, _adapter, market = exchange()
    fund(market.tokens[0], 10**18)
    quoted = lens.quoteOrder.call(order_over(market, True, 10**18, trader))[0]
    pool.setFee(30_000, sender=admin)
    with ape.reverts():
        aggregator.swap(order_over(market, True, 10**18, trader, quoted), sender=trader)
    assert market.tokens[0].balanceOf(trader) == 10**18


def test_quote__what_is_asked_swaps_instead__no_answer(exchange, admin):
    pool, _adapter, market = exchange()
    silent = admin.deploy(ape.project.SilentFluidDex, pool)
    adapter = admin.deploy(ape.project.FluidDexAdapter, silent)
    for ask in (adapter.quote, adapter.quoteIn):
        with reverts(adapter.FluidDexAdapter__NoAnswer, silent.address):
            ask.call(ID, *market.tokens, 10**18)


def test_trades__other_tokens_or_an_id__refused(exchange, tokens):
    _pool, adapter, market = exchange()
    assert adapter.trades(ID, *market.tokens)
    assert adapter.trades(ID, *market.tokens[::-1])
    assert not adapter.trades(bytes(31) + b"\1", *market.tokens)
    assert not adapter.trades(ID, market.tokens[0], tokens[0])
    with reverts(adapter.PairAdapter__WrongTokens, market.tokens[0].address, tokens[0].address):
        adapter.quote.call(ID, market.tokens[0], tokens[0], 10**18)
