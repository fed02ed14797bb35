"""Routes over real pools pay what they should, and nothing stays with the aggregator."""

from __future__ import annotations

from itertools import product

import pytest

from scripts._lib.venues.uniswap import MAX_UINT256
from tests.fixtures.venues import DEEP, TOKEN

AMOUNT = 1_000 * TOKEN


@pytest.fixture
def pool_of(create_pool):
    """`pool_of(venue, token_a, token_b)`: deep, at par."""

    def created(venue, token_a, token_b):
        return create_pool(venue, {token_a: DEEP, token_b: DEEP})

    return created


@pytest.fixture
def by_router(uniswap_v2, uniswap_v3, trader):
    """`by_router(venue, token_in, token_out, amount)`: what the venue's own router would pay now."""

    def quoted(venue, token_in, token_out, amount):
        path = [token_in.address, token_out.address]
        if venue == "v2":
            return uniswap_v2.router.functions.getAmountsOut(amount, path).call()[-1]
        token_in.mint(trader, amount, sender=trader)
        token_in.approve(uniswap_v3.router.address, MAX_UINT256, sender=trader)
        order = (*path, 3000, trader.address, amount, 0, 0)
        return uniswap_v3.router.functions.exactInputSingle(order).call({"from": trader.address})

    return quoted


@pytest.fixture
def left_over(aggregator):
    """`left_over(tokens, pools)`: everything that the aggregator holds, or is or has been approved for."""

    def counted(tokens, pools):
        balances = [token.balanceOf(aggregator) for token in tokens]
        given = [token.allowance(aggregator, pool.address) for token in tokens for pool in pools]
        return sum(balances) + sum(given)

    return counted


@pytest.mark.parametrize("venue", ["v2", "v3"])
@pytest.mark.parametrize("up", [True, False], ids=["zero-for-one", "one-for-zero"])
def test_swap__one_pool__pays_what_the_venues_router_pays(tokens, pool_of, by_router, make_order, swap, venue, up):
    pool = pool_of(venue, *tokens[:2])
    token_in, token_out = tokens[:2] if up else tokens[1::-1]
    expected = by_router(venue, token_in, token_out, AMOUNT)
    assert swap(make_order([token_in, token_out], (AMOUNT, pool))) == expected


@pytest.mark.parametrize(("first", "second"), product(["v2", "v3"], repeat=2))
def test_swap__two_hops__pays_what_the_routers_pay_one_after_the_other(
    tokens, pool_of, by_router, make_order, swap, first, second
):
    pools = pool_of(first, *tokens[:2]), pool_of(second, *tokens[1:])
    between = by_router(first, tokens[0], tokens[1], AMOUNT)
    expected = by_router(second, tokens[1], tokens[2], between)
    assert swap(make_order(tokens, (AMOUNT, *pools))) == expected


@pytest.mark.parametrize(("first", "second"), product(["v2", "v3"], repeat=2))
def test_swap__two_hops__nothing_stays(tokens, pool_of, make_order, swap, left_over, first, second):
    pools = pool_of(first, *tokens[:2]), pool_of(second, *tokens[1:])
    swap(make_order(tokens, (AMOUNT, *pools)))
    assert left_over(tokens, pools) == 0


@pytest.mark.parametrize("first", ["v2", "v3"])
def test_swap__two_hops_and_gifts_lie_about__only_the_routes_own_tokens_are_spent(
    aggregator, trader, tokens, pool_of, by_router, make_order, swap, first
):
    pools = pool_of(first, *tokens[:2]), pool_of("v3", *tokens[1:])
    tokens[1].mint(aggregator, TOKEN, sender=trader)
    between = by_router(first, tokens[0], tokens[1], AMOUNT)
    expected = by_router("v3", tokens[1], tokens[2], between)
    assert swap(make_order(tokens, (AMOUNT, *pools))) == expected


def test_swap__three_hops_back_and_forth__passes(tokens, pool_of, make_order, swap, left_over):
    pools = [pool_of("v3", tokens[0], tokens[1])]
    pools += [pool_of("v2", tokens[0], tokens[1]), pool_of("v3", tokens[0], tokens[2])]
    route = [tokens[0], tokens[1], tokens[0], tokens[2]]
    assert swap(make_order(route, (AMOUNT, *pools))) > AMOUNT * 98 // 100
    assert left_over(tokens, pools) == 0


def test_swap__split_over_v2_and_v3__pays_the_sum(tokens, pool_of, by_router, make_order, swap):
    pair, pool = pool_of("v2", *tokens[:2]), pool_of("v3", *tokens[:2])
    expected = by_router("v2", *tokens[:2], AMOUNT) + by_router("v3", *tokens[:2], 2 * AMOUNT)
    assert swap(make_order(tokens[:2], (AMOUNT, pair), (2 * AMOUNT, pool))) == expected


def test_swap__split_over_v2_and_v3__nothing_stays(tokens, pool_of, make_order, swap, left_over):
    pools = pool_of("v2", *tokens[:2]), pool_of("v3", *tokens[:2])
    swap(make_order(tokens[:2], (AMOUNT, pools[0]), (AMOUNT, pools[1])))
    assert left_over(tokens, pools) == 0


def test_swap__direct_and_over_two_hops__recipient_gets_all(counterparty, tokens, pool_of, make_order, swap):
    direct = pool_of("v3", tokens[0], tokens[2])
    around = pool_of("v2", *tokens[:2]), pool_of("v3", *tokens[1:])
    order = make_order(tokens, (AMOUNT, direct), (AMOUNT, *around), recipient=counterparty.address)
    assert swap(order) == tokens[2].balanceOf(counterparty)


def test_swap__one_pool_twice_in_an_order__second_path_sees_the_moved_price(
    tokens, pool_of, by_router, make_order, swap
):
    pool = pool_of("v2", *tokens[:2])
    once = by_router("v2", *tokens[:2], AMOUNT)
    assert once < swap(make_order(tokens[:2], (AMOUNT, pool), (AMOUNT, pool))) < 2 * once


def test_swap__order_of_a_portfolios_shape__payer_pays_the_input_exactly(
    aggregator, trader, tokens, pool_of, make_order
):
    pool = pool_of("v3", *tokens[:2])
    tokens[0].mint(trader, 3 * AMOUNT, sender=trader)
    tokens[0].approve(aggregator, AMOUNT, sender=trader)
    aggregator.swap(make_order(tokens[:2], (AMOUNT, pool)), sender=trader)
    assert tokens[0].balanceOf(trader) == 2 * AMOUNT
    assert tokens[0].allowance(trader, aggregator) == 0


def test_swap__someone_sent_the_pair_a_gift__it_is_the_pairs(trader, tokens, pool_of, by_router, make_order, swap):
    """The output follows from what the order sent: a gift can neither stop it nor change what the lens has said."""
    pool = pool_of("v2", *tokens[:2])
    tokens[0].mint(pool.address, AMOUNT, sender=trader)
    expected = by_router("v2", *tokens[:2], AMOUNT)
    assert swap(make_order(tokens[:2], (AMOUNT, pool))) == expected
