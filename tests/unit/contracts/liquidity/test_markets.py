"""Every venue: quotes equal execution to the wei, both ways round and both kinds of order, and nothing is left."""

from __future__ import annotations

import ape
import pytest

from scripts._lib.venues.balancer import BalancerV2
from scripts._lib.venues.uniswap import FAR_FUTURE, MAX_UINT256
from tests.fixtures.markets import BALANCER, SPARED, TERMS, VENUES, ListedMarket, order_over, over_exact
from tests.fixtures.protocol import WAD
from tests.reverts import reverts

EACH_KIND = (
    "uniswap-v2",
    "uniswap-v3",
    "uniswap-v4",
    "balancer-weighted",
    "curve-int128",
    "curve-int128-ng",
    "erc4626",
)


@pytest.fixture
def is_clean(aggregator, chain):
    """`is_clean(market, *spenders)`: the aggregator holds nothing and has approved nobody."""

    def checked(market):
        target = aggregator.marketOf(market.key).target
        assert chain.provider.get_balance(aggregator.address) == 0
        for token in market.tokens:
            assert token.balanceOf(aggregator) == 0
            assert token.allowance(aggregator, target) == 0

    return checked


@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
@pytest.mark.parametrize("venue", VENUES)
def test_swap__any_venue__pays_what_the_lens_said(aggregator, lens, create_market, fund, trader, is_clean, venue, up):
    market = create_market(venue)
    token_in, token_out = market.tokens if up else market.tokens[::-1]
    amount = market.units[0 if up else 1] * 3 + 1
    fund(token_in, amount)
    order = order_over(market, up, amount, trader)
    quoted, legs = lens.quoteOrder.call(order)
    aggregator.swap(order, sender=trader)
    assert quoted > amount // 100
    assert legs[0] == quoted <= token_out.balanceOf(trader) <= quoted + SPARED.get(venue, 0)
    assert token_in.balanceOf(trader) == 0
    is_clean(market)


@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
@pytest.mark.parametrize("venue", VENUES)
def test_swap_exact_out__any_venue__costs_what_the_lens_said(
    aggregator, lens, create_market, fund, trader, is_clean, venue, up
):
    market = create_market(venue)
    token_in, token_out = market.tokens if up else market.tokens[::-1]
    wanted = market.units[1 if up else 0] * 2 + 1
    order = order_over(market, up, wanted, trader, MAX_UINT256)
    quoted, legs = lens.quoteExactOut.call(order)
    held = 20 * market.units[0 if up else 1]
    fund(token_in, held)
    aggregator.swapExactOut(order_over(market, up, wanted, trader, quoted), TERMS, sender=trader)
    assert held - token_in.balanceOf(trader) == quoted == legs[0]
    got = token_out.balanceOf(trader)
    assert wanted <= got <= wanted + over_exact(venue)
    is_clean(market)


@pytest.mark.parametrize("venue", EACH_KIND)
def test_swap_single__any_venue__pays_what_the_lens_said(
    aggregator, lens, create_market, fund, trader, is_clean, venue
):
    market = create_market(venue)
    (token_in, token_out), amount = market.tokens, market.units[0]
    fund(token_in, amount)
    quoted = lens.quoteOrder.call(order_over(market, True, amount, trader))[0]
    aggregator.swapSingle(market.key, token_in, token_out, amount, quoted, FAR_FUTURE, sender=trader)
    assert quoted <= token_out.balanceOf(trader) <= quoted + SPARED.get(venue, 0)
    is_clean(market)


@pytest.mark.parametrize("venue", EACH_KIND)
def test_swap_exact_out__a_wei_too_little__excessive_input(aggregator, lens, create_market, fund, trader, venue):
    market = create_market(venue)
    wanted = market.units[1]
    quoted = lens.quoteExactOut.call(order_over(market, True, wanted, trader, MAX_UINT256))[0]
    fund(market.tokens[0], 2 * quoted)
    with reverts(aggregator.LiquidityAggregator__ExcessiveInput, quoted, quoted - 1):
        aggregator.swapExactOut(order_over(market, True, wanted, trader, quoted - 1), TERMS, sender=trader)


@pytest.fixture
def pool_token_market(market_listing, create_settlement, liquidity_provider):
    """A composable stable pool's own token beside one of its coins; the liquidity provider holds of both."""
    tokens = [create_settlement(symbol, 18) for symbol in ("LEFT", "RIGHT")]
    for token in tokens:
        token.mint(liquidity_provider, 2000 * WAD, sender=liquidity_provider)
    venue = BalancerV2(market_listing.w3, liquidity_provider.address).deploy(tokens[0].address)
    amounts = {token.address: 1000 * WAD for token in tokens}
    id_ = venue.stable_pool(liquidity_provider.address, amounts, 200, 4 * 10**14)
    share = ape.project.SettlementToken.at("0x" + id_[:20].hex())
    both = sorted((share, tokens[0]), key=lambda token: int(token.address, 16))
    ends = (both[0].address, both[1].address)
    key = market_listing.list_market(BALANCER, venue.vault.address, ends, id_=id_)
    return ListedMarket(key, (both[0], both[1]), (WAD, WAD)), share


@pytest.mark.parametrize("exact_out", [False, True])
def test_swap__a_balancer_pools_own_token__is_sold(aggregator, lens, pool_token_market, fund, trader, exact_out):
    """Its allowance for the Vault is infinite, whatever was approved."""
    market, share = pool_token_market
    up = market.tokens[0].address == share.address
    coin = market.tokens[1 if up else 0]
    fund(share, 3 * WAD)
    if exact_out:
        order = order_over(market, up, WAD, trader, MAX_UINT256)
        cost = lens.quoteExactOut.call(order)[0]
        aggregator.swapExactOut(order, TERMS, sender=trader)
        assert (share.balanceOf(trader), coin.balanceOf(trader)) == (3 * WAD - cost, WAD)
    else:
        order = order_over(market, up, WAD, trader)
        quoted = lens.quoteOrder.call(order)[0]
        aggregator.swap(order, sender=trader)
        assert (share.balanceOf(trader), coin.balanceOf(trader)) == (2 * WAD, quoted)
    assert [token.balanceOf(aggregator) for token in market.tokens] == [0, 0]


def test_swap_exact_out__half_a_curve_pool__takes_few_questions(aggregator, lens, create_market, fund, trader):
    """`get_dx` counts the fee of before the trade: basis points too little where half of a coin is bought."""
    market = create_market("curve-int128")
    held = market.tokens[1].balanceOf(aggregator.marketOf(market.key).target)
    gas = []
    for part in (100, 2):
        order = order_over(market, True, held // part, trader, MAX_UINT256)
        quoted = lens.quoteExactOut.call(order)[0]
        fund(market.tokens[0], quoted)
        gas.append(aggregator.swapExactOut(order, TERMS, sender=trader).gas_used)
    little, half = gas
    assert half < 1.2 * little


def test_swap_exact_out__curve_pool_that_cannot_say__reverts_whole(aggregator, create_market, fund, trader):
    market = create_market("curve-int128", ng=False)
    fund(market.tokens[0], market.units[0])
    before = market.tokens[0].balanceOf(trader)
    with pytest.raises(Exception, match="no get_dx"):
        aggregator.swapExactOut(order_over(market, True, 10**18, trader, MAX_UINT256), TERMS, sender=trader)
    assert market.tokens[0].balanceOf(trader) == before
