"""Tokens that take fees, return nothing, or hand over control."""

from __future__ import annotations

import ape
import pytest

from tests.fixtures.venues import DEEP, TOKEN
from tests.reverts import reverts


@pytest.fixture
def create_fee_token(admin):
    """`create_fee_token(on_top)`: burns one percent of what arrives, or on top of what is sent."""

    def created(on_top=False):
        return admin.deploy(ape.project.FeeOnTransferToken, on_top)

    return created


@pytest.fixture
def plain(create_settlement):
    return create_settlement("PLAIN", 18)


def test_swap__fee_token_into_a_pair__the_pair_refuses(
    aggregator, trader, plain, create_fee_token, create_v2_pool, make_order, fund_trader
):
    token = create_fee_token()
    pair = create_v2_pool({token: DEEP, plain: DEEP})
    fund_trader(token, TOKEN)
    with ape.reverts("UniswapV2: K"):
        aggregator.swap(make_order([token, plain], (TOKEN, pair)), sender=trader)


def test_swap__fee_token_into_a_v3_pool__the_pool_refuses(
    aggregator, trader, plain, create_fee_token, create_v3_pool, make_order, fund_trader
):
    token = create_fee_token()
    # A position cannot be minted with such a token (the pool checks): liquidity in the other token only.
    ranges = [(60, 600)] if int(plain.address, 16) < int(token.address, 16) else [(-600, -60)]
    pool = create_v3_pool({token: DEEP, plain: DEEP}, ranges=ranges)
    fund_trader(token, TOKEN)
    with ape.reverts("IIA"):
        aggregator.swap(make_order([token, plain], (TOKEN, pool)), sender=trader)


def test_swap__token_debits_more_than_was_sent__balance_mismatch(
    aggregator, trader, liquidity_provider, plain, create_fee_token, create_v2_pool, make_order, fund_trader
):
    token = create_fee_token(on_top=True)
    token.mint(liquidity_provider, DEEP, sender=trader)  # what adding liquidity burns on top
    pair = create_v2_pool({token: DEEP, plain: DEEP})
    fund_trader(token, 2 * TOKEN)
    with reverts(aggregator.LiquidityAggregator__BalanceMismatch, token.address, TOKEN, TOKEN * 101 // 100):
        aggregator.swap(make_order([token, plain], (TOKEN, pair)), sender=trader)


@pytest.mark.parametrize(("second", "reason"), [("v2", "UniswapV2: K"), ("v3", "IIA")])
def test_swap__fee_token_between_pools__the_second_refuses(
    aggregator, trader, plain, create_settlement, create_fee_token, create_v2_pool, create_v3_pool, make_order,
    fund_trader, second, reason,
):  # fmt: skip
    token, last = create_fee_token(), create_settlement("LAST", 18)
    first = create_v2_pool({plain: DEEP, token: DEEP})
    if second == "v2":
        onward = create_v2_pool({token: DEEP, last: DEEP})
    else:
        # A position cannot be minted with such a token (the pool checks): liquidity in the other token only.
        ranges = [(60, 600)] if int(last.address, 16) < int(token.address, 16) else [(-600, -60)]
        onward = create_v3_pool({token: DEEP, last: DEEP}, ranges=ranges)
    fund_trader(plain, TOKEN)
    with ape.reverts(reason):
        aggregator.swap(make_order([plain, token, last], (TOKEN, first, onward)), sender=trader)


@pytest.mark.parametrize("venue", ["v2", "v3"])
def test_swap__token_without_return_values__passes(create_pool, admin, plain, make_order, swap, trader, venue):
    token = admin.deploy(ape.project.NoReturnToken)
    pool = create_pool(venue, {token: DEEP, plain: DEEP})
    assert swap(make_order([token, plain], (TOKEN, pool))) == plain.balanceOf(trader)


def test_swap__token_without_return_values_between_pools__passes(
    aggregator, admin, plain, create_settlement, create_v3_pool, make_order, swap
):
    token, last = admin.deploy(ape.project.NoReturnToken), create_settlement("LAST", 18)
    first, second = create_v3_pool({plain: DEEP, token: DEEP}), create_v3_pool({token: DEEP, last: DEEP})
    assert swap(make_order([plain, token, last], (TOKEN, first, second))) > TOKEN * 99 // 100
    assert token.balanceOf(aggregator) == 0


@pytest.mark.parametrize("venue", ["v2", "v3"])
def test_swap__token_reenters_swap__guarded(
    create_pool, aggregator, admin, thief, trader, plain, make_order, fund_trader, venue
):
    token = admin.deploy(ape.project.HookedToken)
    pool = create_pool(venue, {token: DEEP, plain: DEEP})
    order = make_order([token, plain], (TOKEN, pool))
    fund_trader(token, TOKEN)
    token.setHook(aggregator, aggregator.swap.encode_input(order), sender=thief)
    with reverts(aggregator.ReentrancyGuardReentrantCall):
        aggregator.swap(order, sender=trader)


def test_swap__token_calls_back_while_it_is_paid__unexpected_callback(
    aggregator, admin, thief, trader, plain, create_v2_pool, make_order, fund_trader
):
    token = admin.deploy(ape.project.HookedToken)
    pool = create_v2_pool({token: DEEP, plain: DEEP})
    fund_trader(token, TOKEN)
    call = aggregator.uniswapV3SwapCallback.encode_input(TOKEN, -TOKEN, b"")
    token.setHook(aggregator, call, sender=thief)
    with reverts(aggregator.LiquidityAggregator__UnexpectedCallback, token.address):
        aggregator.swap(make_order([token, plain], (TOKEN, pool)), sender=trader)
