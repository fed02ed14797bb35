"""Curve's generations: what the quote promises, how the pool is paid, and what a listing refuses."""

from __future__ import annotations

import ape
import pytest
from ape.exceptions import ContractLogicError

from scripts._lib.venues.uniswap import FAR_FUTURE, MAX_UINT256
from tests.fixtures.markets import CURVE_INT128, CURVE_INT128_NG, CURVE_UINT256_NG, TERMS, ListedMarket, order_over
from tests.fixtures.protocol import WAD
from tests.isolation import isolated
from tests.reverts import reverts

SIX = 10**6
OLD_AND_NEW = (("curve-int128", "curve-int128-ng"), ("curve-uint256", "curve-uint256-ng"))
NG = ("curve-int128-ng", "curve-uint256-ng")
KEEP, PAY_LESS, CLAIM_MORE, HAS_NONE = range(4)


def as_id(address):
    return bytes(12) + bytes.fromhex(address[2:])


def refusal(name):
    """An error of what checks listings for the aggregator."""
    (found,) = (
        error for error in ape.project.ListingValidator.contract_type.errors if error.name.endswith(f"__{name}")
    )
    return found


# -- Quotes


@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
def test_quote__pool_that_takes_the_fee_after_rounding__never_promises_more_than_it_pays(
    aggregator, lens, create_market, fund, trader, chain, up
):
    """3pool's get_dy takes the fee from whole units, its exchange from 18 decimals: the quote is the higher."""
    market = create_market("curve-int128", (6, 6), ng=False)
    token_in, token_out = market.tokens if up else market.tokens[::-1]
    fund(token_in, 10**5 * SIX)
    told_too_much = []
    for amount in range(10 * SIX, 10 * SIX + 40 * 7919, 7919):
        order = order_over(market, up, amount, trader)
        quoted = lens.quoteOrder.call(order)[0]
        with isolated(chain):
            aggregator.swap(order, sender=trader)
            paid = token_out.balanceOf(trader)
        assert paid - 1 <= quoted
        if quoted > paid:
            told_too_much.append(amount)
    assert told_too_much == []


# -- Pools that swap what was sent to them


@pytest.mark.parametrize(("old", "new"), OLD_AND_NEW, ids=["int128", "uint256"])
def test_swap_single__pool_that_swaps_what_it_has__costs_less_than_one_that_pulls(
    aggregator, create_market, fund, trader, old, new
):
    gas = []
    for venue in (old, new):
        market = create_market(venue)
        fund(market.tokens[0], 3 * market.units[0])
        for _ in range(2):
            receipt = aggregator.swapSingle(market.key, *market.tokens, market.units[0], 1, FAR_FUTURE, sender=trader)
        gas.append(receipt.gas_used)
    assert gas[1] < gas[0] - 30_000


@pytest.mark.parametrize("venue", NG)
def test_swap_single__pool_that_swaps_what_it_has__is_never_approved(aggregator, create_market, fund, trader, venue):
    market = create_market(venue)
    (token_in, token_out), amount = market.tokens, market.units[0]
    fund(token_in, amount)
    receipt = aggregator.swapSingle(market.key, token_in, token_out, amount, 1, FAR_FUTURE, sender=trader)
    approvals = [log for log in receipt.decode_logs(token_in.Approval) if log.owner == aggregator.address]
    moves = [(log["from"], log.to) for log in receipt.decode_logs(token_in.Transfer)]
    target = aggregator.marketOf(market.key).target
    assert approvals == []
    assert moves == [(trader.address, target), (target, trader.address)]


@pytest.mark.parametrize("venue", NG)
def test_swap__what_lies_at_the_pool_already__is_the_traders_gain_only(
    aggregator, lens, create_market, fund, trader, liquidity_provider, venue
):
    """The pool swaps all that is there: a stranger's gift makes an order better, never worse."""
    market = create_market(venue)
    (token_in, token_out), amount = market.tokens, market.units[0]
    fund(token_in, amount)
    order = order_over(market, True, amount, trader)
    quoted = lens.quoteOrder.call(order)[0]
    token_in.transfer(aggregator.marketOf(market.key).target, 7, sender=liquidity_provider)
    aggregator.swap(order, sender=trader)
    assert quoted <= token_out.balanceOf(trader) <= quoted + 7
    assert token_in.balanceOf(trader) == 0


def test_swap__two_coins_of_one_pool_after_another__pass(
    aggregator, lens, market_listing, create_settlement, fund, trader, liquidity_provider
):
    """The first hop must not pay the pool itself: it would not see that anything came."""
    tokens = sorted((create_settlement(f"C{k}", 18) for k in range(3)), key=lambda token: int(token.address, 16))
    for token in tokens:
        token.mint(liquidity_provider, 2000 * WAD, sender=liquidity_provider)
    pool = market_listing.stable_swap({token.address: 1000 * WAD for token in tokens})
    keys = [
        market_listing.list_market(
            CURVE_INT128_NG,
            pool.address,
            (tokens[k].address, tokens[k + 1].address),
            param=k | (k + 1) << 8,
            id_=as_id(pool.address),
        )
        for k in (0, 1)
    ]
    fund(tokens[0], 3 * WAD)
    path = (WAD, [(key, True) for key in keys])
    ends = (tokens[0].address, tokens[2].address)
    aggregator.swap((*ends, WAD, 0, trader.address, FAR_FUTURE, [path]), sender=trader)
    received = tokens[2].balanceOf(trader)
    assert 999 * WAD // 1000 < received < WAD
    aggregator.swapExactOut((*ends, WAD, 2 * WAD, trader.address, FAR_FUTURE, [path]), TERMS, sender=trader)
    assert received + WAD <= tokens[2].balanceOf(trader) <= received + WAD + WAD // 10_000
    for token in tokens:
        assert token.balanceOf(aggregator) == 0


@pytest.mark.parametrize("venue", NG)
def test_swap_exact_out__pool_that_swaps_what_it_has__is_paid_by_the_trader(
    aggregator, create_market, fund, trader, venue
):
    market = create_market(venue)
    (token_in, token_out), wanted = market.tokens, market.units[1]
    fund(token_in, 3 * market.units[0])
    order = order_over(market, True, wanted, trader, MAX_UINT256)
    receipt = aggregator.swapExactOut(order, TERMS, sender=trader)
    target = aggregator.marketOf(market.key).target
    moves = [log for log in receipt.decode_logs(token_in.Transfer) if log.contract_address == token_in.address]
    assert [(log["from"], log.to) for log in moves] == [(trader.address, target)]
    assert wanted <= token_out.balanceOf(trader) <= wanted + 10


# -- Pools that are not what they were listed as


@pytest.fixture
def liar(admin, aggregator, create_settlement, market_listing, liquidity_provider):
    """`liar(act)`: a listed NG market of a pool that does that in exchange_received."""

    def made(act):
        tokens = sorted((create_settlement(f"L{k}", 18) for k in range(2)), key=lambda token: int(token.address, 16))
        pool = admin.deploy(ape.project.LyingCurvePool, tokens[0], tokens[1], act)
        for token in tokens:
            token.mint(liquidity_provider, 100 * WAD, sender=liquidity_provider)
            token.mint(pool, 100 * WAD, sender=liquidity_provider)
        ends = (tokens[0].address, tokens[1].address)
        key = market_listing.list_market(CURVE_UINT256_NG, pool.address, ends, param=1 << 8)
        return ListedMarket(key, (tokens[0], tokens[1]), (WAD, WAD)), pool

    return made


@pytest.mark.parametrize("single", [True, False], ids=["single", "order"])
def test_swap__pool_keeps_what_it_was_sent__partial_fill_whatever_the_minimum(aggregator, liar, fund, trader, single):
    market, pool = liar(KEEP)
    fund(market.tokens[0], WAD)
    with reverts(aggregator.LiquidityAggregator__PartialFill, pool.address, 0, WAD):
        if single:
            aggregator.swapSingle(market.key, *market.tokens, WAD, 0, FAR_FUTURE, sender=trader)
        else:
            aggregator.swap(order_over(market, True, WAD, trader), sender=trader)
    assert market.tokens[0].balanceOf(trader) == WAD


def test_swap__pool_pays_less_than_it_says__balance_mismatch(aggregator, liar, fund, trader):
    market, _ = liar(CLAIM_MORE)
    fund(market.tokens[0], WAD)
    with reverts(aggregator.LiquidityAggregator__BalanceMismatch, market.tokens[1].address, WAD + 1, WAD):
        aggregator.swap(order_over(market, True, WAD, trader), sender=trader)
    assert market.tokens[0].balanceOf(trader) == WAD


def test_swap__pool_pays_less_than_the_minimum__insufficient_output(aggregator, liar, fund, trader):
    market, _ = liar(PAY_LESS)
    fund(market.tokens[0], WAD)
    with reverts(aggregator.LiquidityAggregator__InsufficientOutput, WAD // 2, WAD):
        aggregator.swap(order_over(market, True, WAD, trader, WAD), sender=trader)
    assert market.tokens[0].balanceOf(trader) == WAD


def test_swap_exact_out__pool_pays_less_than_it_quoted__partial_fill(aggregator, liar, fund, trader):
    market, _ = liar(PAY_LESS)
    fund(market.tokens[0], 10 * WAD)
    with reverts(aggregator.LiquidityAggregator__PartialFill, market.key, WAD // 2, WAD):
        aggregator.swapExactOut(order_over(market, True, WAD, trader, MAX_UINT256), TERMS, sender=trader)
    assert market.tokens[0].balanceOf(trader) == 10 * WAD


def test_swap__pool_without_the_function__reverts_whole(aggregator, liar, fund, trader):
    """A CryptoSwap pool of before Twocrypto-NG, listed as one of after."""
    market, _ = liar(HAS_NONE)
    fund(market.tokens[0], WAD)
    with pytest.raises(ContractLogicError):
        aggregator.swap(order_over(market, True, WAD, trader), sender=trader)
    assert market.tokens[0].balanceOf(trader) == WAD


# -- Listing


def test_list_market__ng_pool_with_a_rebasing_coin__refused_and_listed_to_be_pulled_from(
    aggregator, lens, manager, market_listing, create_settlement, liquidity_provider, fund, trader
):
    tokens = sorted((create_settlement(f"R{k}", 18) for k in range(2)), key=lambda token: int(token.address, 16))
    for token in tokens:
        token.mint(liquidity_provider, 2000 * WAD, sender=liquidity_provider)
    pool = market_listing.stable_swap({token.address: 1000 * WAD for token in tokens}, rebasing=True)
    ends = (tokens[0].address, tokens[1].address)
    with reverts(refusal("RebasingCoin"), pool.address):
        market = (CURVE_INT128_NG, 0, pool.address, 1 << 8, as_id(pool.address), *ends)
        aggregator.listMarket(market, sender=manager)
    key = market_listing.list_market(CURVE_INT128, pool.address, ends, param=1 << 8)
    fund(tokens[0], WAD)
    order = order_over(ListedMarket(key, (tokens[0], tokens[1]), (WAD, WAD)), True, WAD, trader)
    quoted = lens.quoteOrder.call(order)[0]
    aggregator.swap(order, sender=trader)
    assert quoted <= tokens[1].balanceOf(trader) <= quoted + 1


def test_list_market__pool_that_the_factory_did_not_make__refused(aggregator, manager, create_market):
    old = create_market("curve-int128", ng=False)
    kind, fee, target, param, _, token0, token1 = aggregator.marketOf(old.key)
    with reverts(aggregator.LiquidityAggregator__InvalidVenue, target, CURVE_INT128_NG, 0):
        aggregator.listMarket((CURVE_INT128_NG, fee, target, param, as_id(target), token0, token1), sender=manager)
    assert kind == CURVE_INT128


@pytest.mark.parametrize("kind", ["curve-int128", "curve-uint256", "curve-uint256-ng"])
def test_list_market__curve_pool_with_an_id_that_means_nothing__refused(aggregator, manager, create_market, kind):
    """Two listings of one pool would share its depth and look like two."""
    market = create_market(kind)
    kind, fee, target, param, _, token0, token1 = aggregator.marketOf(market.key)
    with reverts(aggregator.LiquidityAggregator__InvalidVenue, target, kind, 0):
        aggregator.listMarket((kind, fee, target, param, as_id(target), token0, token1), sender=manager)
