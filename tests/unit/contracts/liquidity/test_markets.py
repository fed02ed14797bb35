"""Every venue: quotes equal execution to the wei, both ways round and both kinds of order, and nothing is left."""

from __future__ import annotations

import pytest

from scripts.venues.uniswap import FAR_FUTURE, MAX_UINT256
from tests.fixtures.markets import TERMS, VENUES, order_over
from tests.reverts import reverts

EACH_KIND = ("uniswap-v2", "uniswap-v3", "uniswap-v4", "balancer-weighted", "curve-int128", "erc4626")


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
    assert token_out.balanceOf(trader) == quoted == legs[0]
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
    # Curve's pools are asked for an input: what rounding leaves on top is the recipient's.
    most = wanted + 10 if venue.startswith("curve") else wanted
    assert wanted <= got <= most
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
    assert token_out.balanceOf(trader) == quoted
    is_clean(market)


@pytest.mark.parametrize("venue", EACH_KIND)
def test_swap_exact_out__a_wei_too_little__excessive_input(aggregator, lens, create_market, fund, trader, venue):
    market = create_market(venue)
    wanted = market.units[1]
    quoted = lens.quoteExactOut.call(order_over(market, True, wanted, trader, MAX_UINT256))[0]
    fund(market.tokens[0], 2 * quoted)
    with reverts(aggregator.LiquidityAggregator__ExcessiveInput, quoted, quoted - 1):
        aggregator.swapExactOut(order_over(market, True, wanted, trader, quoted - 1), TERMS, sender=trader)


def test_swap_exact_out__curve_pool_that_cannot_say__reverts_whole(aggregator, create_market, fund, trader):
    market = create_market("curve-int128", ng=False)
    fund(market.tokens[0], market.units[0])
    before = market.tokens[0].balanceOf(trader)
    with pytest.raises(Exception, match="no get_dx"):
        aggregator.swapExactOut(order_over(market, True, 10**18, trader, MAX_UINT256), TERMS, sender=trader)
    assert market.tokens[0].balanceOf(trader) == before
