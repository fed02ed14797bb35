"""Refusals by an order's terms, and by the guard that portfolios have."""

from __future__ import annotations

import ape
import pytest
from eth_utils import keccak

from scripts._lib.venues.uniswap import FAR_FUTURE, MAX_UINT256
from tests.fixtures.markets import TERMS
from tests.fixtures.portfolio import USD, order
from tests.fixtures.protocol import WAD
from tests.fixtures.venues import DEEP, TOKEN
from tests.reverts import reverts


@pytest.fixture
def pair(create_v2_pool, tokens):
    return create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})


@pytest.fixture
def onward(create_v3_pool, tokens):
    return create_v3_pool({tokens[1]: DEEP, tokens[2]: DEEP})


@pytest.fixture
def priced(tokens, create_feed):
    """`priced(a, b)`: feeds of the first two tokens."""

    def made(*prices):
        for token, price in zip(tokens, prices, strict=False):
            create_feed(token, price)

    return made


# -- Legs


def test_swap_on_terms__every_leg_at_its_minimum__passes(
    aggregator, lens, trader, tokens, pair, onward, make_order, fund_trader
):
    made = make_order(tokens, (TOKEN, pair, onward))
    fund_trader(tokens[0], TOKEN)
    legs = lens.quoteOrder.call(made)[1]
    aggregator.swapOnTerms(made, (False, 0, legs), sender=trader)
    assert tokens[2].balanceOf(trader) == legs[1]


@pytest.mark.parametrize("leg", [0, 1])
def test_swap_on_terms__a_leg_pays_a_wei_less__refused(
    aggregator, lens, trader, tokens, pair, onward, make_order, fund_trader, leg
):
    made = make_order(tokens, (TOKEN, pair, onward))
    fund_trader(tokens[0], TOKEN)
    legs = list(lens.quoteOrder.call(made)[1])
    limits = [0, 0]
    limits[leg] = legs[leg] + 1
    with reverts(aggregator.LiquidityAggregator__LegLimit, leg, legs[leg], legs[leg] + 1):
        aggregator.swapOnTerms(made, (False, 0, limits), sender=trader)


def test_swap_on_terms__another_number_of_legs__refused(aggregator, trader, tokens, pair, make_order, fund_trader):
    fund_trader(tokens[0], TOKEN)
    with reverts(aggregator.LiquidityAggregator__WrongLegCount, 2, 1):
        aggregator.swapOnTerms(make_order(tokens[:2], (TOKEN, pair)), (False, 0, [1, 1]), sender=trader)


def test_swap_exact_out__three_hops_of_three_venues__each_leg_limited(
    aggregator, lens, trader, tokens, pair, onward, create_settlement, create_v3_pool, fund_trader
):
    fourth = create_settlement("FOUR", 18)
    last = create_v3_pool({tokens[2]: DEEP, fourth: DEEP}, 500)
    up = int(tokens[2].address, 16) < int(fourth.address, 16)
    path = (TOKEN, [(pair.address, True), (onward.address, True), (last.address, up)])
    made = (tokens[0].address, fourth.address, TOKEN, MAX_UINT256, trader.address, FAR_FUTURE, [path])
    cost, legs = lens.quoteExactOut.call(made)
    fund_trader(tokens[0], 2 * TOKEN)
    with reverts(aggregator.LiquidityAggregator__LegLimit, 1, legs[1], legs[1] - 1):
        aggregator.swapExactOut(made, (False, 0, [0, legs[1] - 1, 0]), sender=trader)
    aggregator.swapExactOut(made, (False, 0, legs), sender=trader)
    assert fourth.balanceOf(trader) == TOKEN
    assert 2 * TOKEN - tokens[0].balanceOf(trader) == cost == legs[0]
    assert all(token.balanceOf(aggregator) == 0 for token in (*tokens, fourth))


# -- Tokens that keep a part


def test_swap__fee_token_comes_out__refused_unless_the_order_says_so(
    aggregator, admin, trader, create_settlement, create_v2_pool, make_order, fund_trader
):
    plain, token = create_settlement("PLAIN", 18), admin.deploy(ape.project.FeeOnTransferToken, False)
    pair = create_v2_pool({token: DEEP, plain: DEEP})
    fund_trader(plain, 2 * TOKEN)
    made = make_order([plain, token], (TOKEN, pair))
    with reverts(aggregator.LiquidityAggregator__BalanceMismatch):
        aggregator.swap(made, sender=trader)
    aggregator.swapOnTerms(made, (True, 0, []), sender=trader)
    # The pair holds a hundredth less, too: the liquidity arrived short.
    assert TOKEN * 97 // 100 < token.balanceOf(trader) < TOKEN * 98 // 100


def test_swap_on_terms__fee_token_goes_in__what_arrives_counts(
    aggregator, admin, trader, create_settlement, create_v2_pool, make_order, fund_trader
):
    plain, token = create_settlement("PLAIN", 18), admin.deploy(ape.project.FeeOnTransferToken, False)
    pair = create_v2_pool({token: DEEP, plain: DEEP})
    fund_trader(token, TOKEN)
    less_fee = TOKEN * 99 // 100 * 997
    reserves = {"token": token.balanceOf(pair.address), "plain": plain.balanceOf(pair.address)}
    aggregator.swapOnTerms(make_order([token, plain], (TOKEN, pair)), (True, 0, []), sender=trader)
    promised = less_fee * reserves["plain"] // (reserves["token"] * 1000 + less_fee)
    assert plain.balanceOf(trader) == promised


# -- Oracle


def test_swap_on_terms__own_guard__refuses_what_it_says(
    aggregator, trader, tokens, pair, priced, make_order, fund_trader
):
    priced(1, 1)
    fund_trader(tokens[0], 2 * TOKEN)
    made = make_order(tokens[:2], (TOKEN, pair))
    with reverts(aggregator.LiquidityAggregator__OracleDeviation):
        aggregator.swapOnTerms(made, (False, 29, []), sender=trader)
    aggregator.swapOnTerms(made, (False, 31, []), sender=trader)


def test_portfolio__trades_far_from_the_oracle__guarded_whatever_the_keeper_signs(
    portfolio, market, post_model, deposit, signal_sender, universe, usd, investor, aggregator, guardian
):
    """A thief with the keeper's key signs an order without a minimum; the pool pays 0.3% and more below the oracle."""
    deposit(portfolio, investor, 1_000_000)
    post_model()
    aggregator.tightenMaxDeviation(20, sender=guardian)
    orders = order(portfolio, usd, universe.stocks[0], 100_000 * USD, market[0])
    with reverts(portfolio.Portfolio__SlippageExceeded):
        signal_sender.rebalance(portfolio, [9 * WAD // 10, WAD // 10, 0, 0], orders)


def test_tighten_max_deviation__looser__refused(aggregator, guardian, manager):
    aggregator.setMaxDeviation(500, sender=manager)
    with reverts(aggregator.LiquidityAggregator__InvalidDeviation, 501, 500):
        aggregator.tightenMaxDeviation(501, sender=guardian)


def test_set_max_deviation__none_at_all__refused(aggregator, manager):
    with reverts(aggregator.LiquidityAggregator__InvalidDeviation):
        aggregator.setMaxDeviation(0, sender=manager)


def test_set_max_deviation__by_guardian__refused(aggregator, guardian):
    with reverts(aggregator.AccessManagedUnauthorized, guardian.address):
        aggregator.setMaxDeviation(1, sender=guardian)


# -- Coin and callbacks


def test_receive__coin_from_anybody__refused(aggregator, thief):
    with reverts(aggregator.LiquidityAggregator__UnexpectedCoin, thief.address):
        thief.transfer(aggregator, 1)


@pytest.mark.parametrize("name", ["uniswapV3SwapCallback", "pancakeV3SwapCallback"])
def test_callbacks__by_anybody__unexpected(aggregator, thief, name):
    with reverts(aggregator.LiquidityAggregator__UnexpectedCallback, thief.address):
        getattr(aggregator, name)(1, 1, b"", sender=thief)


def test_unlock_callback__by_anybody__unexpected(aggregator, thief):
    with reverts(aggregator.LiquidityAggregator__UnexpectedCallback, thief.address):
        aggregator.unlockCallback(keccak(text="anything"), sender=thief)


def test_swap_exact_out__terms_are_the_default__empty(aggregator, trader, tokens, pair, fund_trader):
    fund_trader(tokens[0], 2 * TOKEN)
    path = (TOKEN, [(pair.address, True)])
    made = (tokens[0].address, tokens[1].address, TOKEN, 2 * TOKEN, trader.address, FAR_FUTURE, [path])
    aggregator.swapExactOut(made, TERMS, sender=trader)
    assert tokens[1].balanceOf(trader) == TOKEN
