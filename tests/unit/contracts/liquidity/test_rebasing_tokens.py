"""Tokens whose balances move by themselves: docs/liquidity.md, "Tokens that are not ordinary", line by line."""

from __future__ import annotations

import ape
import pytest

from scripts._lib.venues.uniswap import FAR_FUTURE, MAX_UINT256
from tests.fixtures.markets import ADAPTER, TERMS
from tests.fixtures.venues import DEEP, TOKEN
from tests.isolation import isolated
from tests.reverts import reverts

ON_ARRIVAL = (True, 0, [])
"""Terms that accept what arrives."""


@pytest.fixture
def plain(create_settlement):
    return create_settlement("PLAIN", 18)


@pytest.fixture
def rebasing(admin, liquidity_provider):
    """A share is worth 1.1 units and a bit: amounts round."""
    token = admin.deploy(ape.project.RebasingToken)
    token.mint(liquidity_provider, 10 * DEEP, sender=admin)
    token.rebase(1_100_000_007, 10**9, sender=admin)
    return token


@pytest.fixture
def pair(rebasing, plain, create_v2_pool):
    return create_v2_pool({rebasing: DEEP, plain: DEEP})


@pytest.fixture
def order(rebasing, plain, trader):
    """`order(key, amount, limit)`: sells the rebasing token; with `buys` buys it."""

    def made(key, amount, limit=0, buys=False):
        ends = (plain, rebasing) if buys else (rebasing, plain)
        up = int(ends[0].address, 16) < int(ends[1].address, 16)
        path = (amount, [(key, up)])
        return (ends[0].address, ends[1].address, amount, limit, trader.address, FAR_FUTURE, [path])

    return made


@pytest.fixture
def holds_both(aggregator, liquidity_provider, trader, rebasing, plain):
    """The trader has of both, approved."""
    plain.mint(liquidity_provider, 10 * TOKEN, sender=liquidity_provider)
    for token in (rebasing, plain):
        token.transfer(trader, 10 * TOKEN, sender=liquidity_provider)
        token.approve(aggregator, MAX_UINT256, sender=trader)


def amounts_that_lose_a_unit(token, trader, chain, target):
    """The amounts of which less arrives than was sent, or of which another amount leaves."""
    for amount in range(TOKEN, TOKEN + 200):
        with isolated(chain):
            before = token.balanceOf(trader), token.balanceOf(target)
            token.transfer(target, amount, sender=trader)
            after = token.balanceOf(trader), token.balanceOf(target)
        if after[1] - before[1] < amount and before[0] - after[0] != amount:
            return amount
    raise AssertionError("no amount loses a unit")


def test_swap__a_unit_is_lost_on_the_way__refused_unless_the_terms_accept_what_arrives(
    aggregator, trader, chain, rebasing, plain, pair, order, holds_both
):
    amount = amounts_that_lose_a_unit(rebasing, trader, chain, pair.address)
    before = rebasing.balanceOf(trader), plain.balanceOf(trader)
    with ape.reverts():
        aggregator.swap(order(pair.address, amount), sender=trader)
    assert (rebasing.balanceOf(trader), plain.balanceOf(trader)) == before
    aggregator.swapOnTerms(order(pair.address, amount), ON_ARRIVAL, sender=trader)
    assert amount - 2 <= before[0] - rebasing.balanceOf(trader) <= amount
    assert plain.balanceOf(trader) - before[1] > amount * 99 // 100


def test_swap__rebasing_token_into_a_v3_pool__the_pool_refuses_whatever_the_terms(
    aggregator, trader, chain, rebasing, plain, create_v3_pool, order, holds_both
):
    # A position cannot be minted with such a token (the pool checks): liquidity in the other token only.
    ranges = [(60, 600)] if int(plain.address, 16) < int(rebasing.address, 16) else [(-600, -60)]
    pool = create_v3_pool({rebasing: DEEP, plain: DEEP}, ranges=ranges)
    amount = amounts_that_lose_a_unit(rebasing, trader, chain, pool.address)
    for terms in (TERMS, ON_ARRIVAL):
        with ape.reverts("IIA"):
            aggregator.swapOnTerms(order(pool.address, amount), terms, sender=trader)


def test_swap__the_token_grew_since_the_pair_last_traded__whoever_takes_what_arrives_gets_the_growth(
    aggregator, trader, rebasing, plain, pair, order, holds_both
):
    """A pair keeps its own reserves: what it holds on top belongs to the next caller, through us or with skim."""
    before = plain.balanceOf(trader)
    rebasing.rebase(1001, 1000, sender=trader)
    aggregator.swapOnTerms(order(pair.address, TOKEN), ON_ARRIVAL, sender=trader)
    growth = DEEP // 1000
    assert plain.balanceOf(trader) - before > growth * 99 // 100


def test_swap__the_token_shrank_since_the_pair_last_traded__the_pair_refuses(
    aggregator, trader, rebasing, pair, order, holds_both
):
    rebasing.rebase(999, 1000, sender=trader)
    for terms in (TERMS, ON_ARRIVAL):
        with ape.reverts():
            aggregator.swapOnTerms(order(pair.address, TOKEN), terms, sender=trader)


def test_swap__rebasing_token_comes_out__what_arrives_counts(aggregator, trader, rebasing, pair, order, holds_both):
    before = rebasing.balanceOf(trader)
    aggregator.swapOnTerms(order(pair.address, TOKEN, buys=True), ON_ARRIVAL, sender=trader)
    received = rebasing.balanceOf(trader) - before
    assert TOKEN * 99 // 100 < received < TOKEN


@pytest.mark.parametrize("terms", [TERMS, ON_ARRIVAL], ids=["plain", "on arrival"])
def test_swap_exact_out__of_a_token_that_loses_a_unit__insufficient_output_whatever_the_terms(
    aggregator, trader, chain, rebasing, pair, order, holds_both, terms
):
    """Less arrives than leaves the pair, and the order asked for exactly that."""
    refused = 0
    for amount in range(TOKEN, TOKEN + 20):
        with isolated(chain):
            before = rebasing.balanceOf(trader)
            try:
                aggregator.swapExactOut(order(pair.address, amount, MAX_UINT256, True), terms, sender=trader)
            except ape.exceptions.ContractLogicError as error:
                assert "InsufficientOutput" in type(error).__name__
                refused += 1
            else:
                assert rebasing.balanceOf(trader) - before >= amount
    assert refused > 0


def test_swap_exact_out__paid_in_a_rebasing_token__never_more_than_the_maximum(
    aggregator, trader, chain, rebasing, plain, pair, order, holds_both
):
    for amount in range(TOKEN, TOKEN + 20):
        with isolated(chain):
            before = rebasing.balanceOf(trader), plain.balanceOf(trader)
            try:
                aggregator.swapExactOut(order(pair.address, amount, 2 * TOKEN), TERMS, sender=trader)
            except ape.exceptions.ContractLogicError:
                assert (rebasing.balanceOf(trader), plain.balanceOf(trader)) == before
            else:
                assert before[0] - rebasing.balanceOf(trader) <= 2 * TOKEN
                assert plain.balanceOf(trader) - before[1] >= amount


def test_swap__fee_token_on_terms_that_accept_it__what_arrived_was_swapped(
    aggregator, admin, trader, liquidity_provider, plain, create_v2_pool
):
    token = admin.deploy(ape.project.FeeOnTransferToken, False)
    pair = create_v2_pool({token: DEEP, plain: DEEP})
    token.mint(trader, TOKEN, sender=liquidity_provider)
    token.approve(aggregator, MAX_UINT256, sender=trader)
    up = int(token.address, 16) < int(plain.address, 16)
    path = (TOKEN, [(pair.address, up)])
    order = (token.address, plain.address, TOKEN, 0, trader.address, FAR_FUTURE, [path])
    reserve0, reserve1, _ = pair.functions.getReserves().call()
    reserve_in, reserve_out = (reserve0, reserve1) if up else (reserve1, reserve0)
    less_fee = TOKEN * 99 // 100 * 997
    aggregator.swapOnTerms(order, ON_ARRIVAL, sender=trader)
    assert plain.balanceOf(trader) == less_fee * reserve_out // (reserve_in * 1000 + less_fee)


def test_swap__rebasing_token_into_an_adapter__balance_mismatch_unless_the_terms_accept_what_arrives(
    aggregator, admin, trader, chain, liquidity_provider, market_listing, rebasing, plain, order, holds_both
):
    ends = sorted((rebasing.address, plain.address), key=lambda token: int(token, 16))
    adapter = admin.deploy(ape.project.FixedRateAdapter, *ends)
    plain.mint(adapter, 10 * TOKEN, sender=liquidity_provider)
    key = market_listing.list_market(ADAPTER, adapter.address, tuple(ends))
    amount = amounts_that_lose_a_unit(rebasing, trader, chain, adapter.address)
    with reverts(aggregator.LiquidityAggregator__BalanceMismatch):
        aggregator.swap(order(key, amount), sender=trader)
    before = plain.balanceOf(trader)
    aggregator.swapOnTerms(order(key, amount), ON_ARRIVAL, sender=trader)
    assert plain.balanceOf(trader) - before == rebasing.balanceOf(adapter)


def test_swap__rebasing_token_comes_out_on_plain_terms__balance_mismatch_where_a_unit_is_lost(
    aggregator, trader, chain, rebasing, pair, order, holds_both
):
    refused = 0
    for amount in range(TOKEN, TOKEN + 20):
        with isolated(chain):
            before = rebasing.balanceOf(trader)
            try:
                aggregator.swap(order(pair.address, amount, buys=True), sender=trader)
            except ape.exceptions.ContractLogicError as error:
                assert "BalanceMismatch" in type(error).__name__
                refused += 1
            else:
                assert rebasing.balanceOf(trader) > before
    assert refused > 0
