"""Curve's generations: what the quote promises, how the pool is paid, and what a listing refuses."""

from __future__ import annotations

import pytest

from tests.fixtures.markets import order_over
from tests.isolation import isolated

SIX = 10**6


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
