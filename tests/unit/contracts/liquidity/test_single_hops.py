"""swapExactOutSingle: over every venue, what it costs and what it refuses."""

from __future__ import annotations

import ape
import pytest

from scripts._lib.venues.uniswap import FAR_FUTURE, MAX_UINT256
from tests.fixtures.markets import VENUES, order_over, over_exact
from tests.fixtures.venues import DEEP, TOKEN, V2
from tests.reverts import reverts

HONEST, PAY_NOTHING, PAY_LESS, CLAIM_MORE, TAKE_NOTHING = range(5)
ASK_MORE, ASK_LESS, ASK_ON_OTHER_SIDE, CALL_BACK_TWICE, SEND_ACCOMPLICE, REENTER = range(5, 11)


@pytest.fixture
def pair(create_v2_pool, tokens):
    return create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})


@pytest.fixture
def hostile(create_hostile_pool, tokens):
    return create_hostile_pool(*tokens[:2])


@pytest.fixture
def buy(aggregator, trader, fund_trader, tokens):
    """`buy(market, amount, most, ...)`: some of the second token for the first, of which the trader has ten."""

    def bought(market, amount, most=2 * TOKEN, ends=None, deadline=FAR_FUTURE):
        token_in, token_out = ends or tokens[:2]
        fund_trader(token_in, 10 * TOKEN)
        return aggregator.swapExactOutSingle(market, token_in, token_out, amount, most, deadline, sender=trader)

    return bought


@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
@pytest.mark.parametrize("venue", VENUES)
def test_swap_exact_out_single__any_venue__costs_what_the_lens_said(
    aggregator, lens, chain, create_market, fund, trader, venue, up
):
    market = create_market(venue)
    token_in, token_out = market.tokens if up else market.tokens[::-1]
    wanted, held = market.units[1 if up else 0] * 2 + 1, 20 * market.units[0 if up else 1]
    quoted = lens.quoteExactOut.call(order_over(market, up, wanted, trader, MAX_UINT256))[0]
    fund(token_in, held)
    receipt = aggregator.swapExactOutSingle(market.key, token_in, token_out, wanted, held, FAR_FUTURE, sender=trader)
    assert held - token_in.balanceOf(trader) == quoted == receipt.return_value
    assert wanted <= token_out.balanceOf(trader) <= wanted + over_exact(venue)
    assert not list(receipt.decode_logs(aggregator.Swapped))
    target = aggregator.marketOf(market.key).target
    assert chain.provider.get_balance(aggregator.address) == 0
    for token in market.tokens:
        assert token.balanceOf(aggregator) == 0
        assert token.allowance(aggregator, target) == 0


@pytest.mark.parametrize("venue", VENUES)
def test_swap_exact_out_single__the_quote_is_the_most__passes(aggregator, lens, create_market, fund, trader, venue):
    market = create_market(venue)
    wanted = market.units[1]
    quoted = lens.quoteExactOut.call(order_over(market, True, wanted, trader, MAX_UINT256))[0]
    fund(market.tokens[0], quoted)
    aggregator.swapExactOutSingle(market.key, *market.tokens, wanted, quoted, FAR_FUTURE, sender=trader)
    assert market.tokens[0].balanceOf(trader) == 0
    assert market.tokens[1].balanceOf(trader) >= wanted


@pytest.mark.parametrize("venue", [venue for venue in VENUES if not venue.startswith("balancer")])
def test_swap_exact_out_single__a_wei_too_little__excessive_input(aggregator, lens, create_market, fund, trader, venue):
    market = create_market(venue)
    wanted = market.units[1]
    quoted = lens.quoteExactOut.call(order_over(market, True, wanted, trader, MAX_UINT256))[0]
    fund(market.tokens[0], 2 * quoted)
    with reverts(aggregator.LiquidityAggregator__ExcessiveInput, quoted, quoted - 1):
        aggregator.swapExactOutSingle(market.key, *market.tokens, wanted, quoted - 1, FAR_FUTURE, sender=trader)


@pytest.mark.parametrize("venue", ["balancer-weighted", "balancer-stable"])
def test_swap_exact_out_single__a_wei_too_little__the_vault_refuses(
    aggregator, lens, create_market, fund, trader, venue
):
    market = create_market(venue)
    wanted = market.units[1]
    quoted = lens.quoteExactOut.call(order_over(market, True, wanted, trader, MAX_UINT256))[0]
    fund(market.tokens[0], 2 * quoted)
    with pytest.raises(Exception, match="BAL#507"):
        aggregator.swapExactOutSingle(market.key, *market.tokens, wanted, quoted - 1, FAR_FUTURE, sender=trader)
    assert market.tokens[0].balanceOf(trader) == 2 * quoted


def test_swap_exact_out_single__gifts_lie_about__neither_spent_nor_handed_out(
    aggregator, lens, create_market, fund, trader, liquidity_provider
):
    market = create_market("balancer-weighted")
    token, wanted = market.tokens[0], market.units[1]
    quoted = lens.quoteExactOut.call(order_over(market, True, wanted, trader, MAX_UINT256))[0]
    fund(token, 3 * quoted)
    token.transfer(aggregator, quoted, sender=liquidity_provider)
    aggregator.swapExactOutSingle(market.key, *market.tokens, wanted, 3 * quoted, FAR_FUTURE, sender=trader)
    assert token.balanceOf(trader) == 2 * quoted
    assert token.balanceOf(aggregator) == quoted


# -- Orders that are refused


def test_swap_exact_out_single__deadline_passed__expired(aggregator, chain, pair, buy):
    with reverts(aggregator.LiquidityAggregator__Expired):
        buy(pair.address, TOKEN, deadline=chain.pending_timestamp - 1)


def test_swap_exact_out_single__nothing__refused(aggregator, pair, buy):
    with reverts(aggregator.LiquidityAggregator__EmptyRoute):
        buy(pair.address, 0)


def test_swap_exact_out_single__delisted__refused(aggregator, guardian, pair, buy):
    aggregator.delistPool(pair.address, sender=guardian)
    with reverts(aggregator.LiquidityAggregator__PoolNotListed, pair.address):
        buy(pair.address, TOKEN)


def test_swap_exact_out_single__other_tokens__refused(aggregator, tokens, pair, buy):
    error = aggregator.LiquidityAggregator__WrongTokens
    with reverts(error, pair.address, tokens[0].address, tokens[2].address):
        buy(pair.address, TOKEN, ends=(tokens[0], tokens[2]))


@pytest.mark.parametrize("venue", ["v2", "v3"])
def test_swap_exact_out_single__somebody_elses_allowance__not_touched(
    aggregator, trader, thief, tokens, create_pool, fund_trader, venue
):
    market = create_pool(venue, {tokens[0]: DEEP, tokens[1]: DEEP})
    fund_trader(tokens[0], 10 * TOKEN)
    with reverts(tokens[0].ERC20InsufficientAllowance):
        aggregator.swapExactOutSingle(market.address, *tokens[:2], TOKEN, 2 * TOKEN, FAR_FUTURE, sender=thief)
    assert tokens[0].balanceOf(trader) == 10 * TOKEN


# -- Hostile pools


def test_swap_exact_out_single__pool_asks_for_more_than_it_may__excessive_input(
    aggregator, thief, trader, tokens, hostile, buy
):
    hostile.plan(ASK_MORE, b"", sender=thief)
    with reverts(aggregator.LiquidityAggregator__ExcessiveInput, TOKEN + 1, TOKEN):
        buy(hostile, TOKEN, TOKEN)
    assert tokens[0].balanceOf(trader) == 10 * TOKEN


def test_swap_exact_out_single__pool_asks_for_more_within_the_limit__is_paid_and_said(
    thief, trader, tokens, hostile, buy
):
    hostile.plan(ASK_MORE, b"", sender=thief)
    assert buy(hostile, TOKEN, TOKEN + 1).return_value == TOKEN + 1
    assert tokens[0].balanceOf(trader) == 9 * TOKEN - 1


def test_swap_exact_out_single__pool_says_it_took_another_amount__what_was_paid_counts(
    thief, trader, tokens, hostile, buy
):
    """The stand-in's own answer is the amount without what it asks for less."""
    hostile.plan(ASK_LESS, b"", sender=thief)
    assert buy(hostile, TOKEN).return_value == TOKEN - 1 == 10 * TOKEN - tokens[0].balanceOf(trader)


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (PAY_NOTHING, "InsufficientOutput"),
        (PAY_LESS, "InsufficientOutput"),
        (TAKE_NOTHING, "PartialFill"),
        (CALL_BACK_TWICE, "UnexpectedCallback"),
        (SEND_ACCOMPLICE, "UnexpectedCallback"),
    ],
)
def test_swap_exact_out_single__pool_is_hostile__costs_nothing(
    aggregator, thief, trader, tokens, hostile, buy, act, error
):
    hostile.plan(act, b"", sender=thief)
    with reverts(getattr(aggregator, f"LiquidityAggregator__{error}")):
        buy(hostile, TOKEN)
    assert tokens[0].balanceOf(trader) == 10 * TOKEN


def test_swap_exact_out_single__pool_asks_for_the_other_token__gets_the_input_only(thief, trader, tokens, hostile, buy):
    hostile.plan(ASK_ON_OTHER_SIDE, b"", sender=thief)
    tokens[1].mint(trader, 5 * TOKEN, sender=trader)
    buy(hostile, TOKEN)
    assert tokens[0].balanceOf(trader) == 9 * TOKEN
    assert tokens[1].balanceOf(trader) == 6 * TOKEN


def test_swap_exact_out_single__pair_pays_nothing__insufficient_output(
    aggregator, thief, trader, tokens, create_hostile_pool, buy
):
    hostile = create_hostile_pool(*tokens[:2], V2)
    hostile.plan(PAY_NOTHING, b"", sender=thief)
    with reverts(aggregator.LiquidityAggregator__InsufficientOutput, 0, TOKEN):
        buy(hostile, TOKEN)
    assert tokens[0].balanceOf(trader) == 10 * TOKEN


@pytest.mark.parametrize("kind", [2, 1], ids=["as-v3", "as-v2"])
def test_swap_exact_out_single__pool_reenters__guarded(aggregator, thief, tokens, create_hostile_pool, buy, kind):
    hostile = create_hostile_pool(*tokens[:2], kind)
    call = aggregator.swapExactOutSingle.encode_input(hostile, *tokens[:2], TOKEN, 2 * TOKEN, FAR_FUTURE)
    hostile.plan(REENTER, call, sender=thief)
    with reverts(aggregator.ReentrancyGuardReentrantCall):
        buy(hostile, TOKEN)


def test_swap_exact_out_single__pool_calls_back_later__unexpected(aggregator, thief, hostile, buy):
    buy(hostile, TOKEN)
    with reverts(aggregator.LiquidityAggregator__UnexpectedCallback, hostile.address):
        hostile.callBackUnasked(aggregator, TOKEN, -TOKEN, sender=thief)


# -- Tokens that take fees


def test_swap_exact_out_single__fee_token_into_a_pair__the_pair_refuses(admin, create_settlement, create_v2_pool, buy):
    token, plain = admin.deploy(ape.project.FeeOnTransferToken, False), create_settlement("PLAIN", 18)
    market = create_v2_pool({token: DEEP, plain: DEEP})
    with ape.reverts("UniswapV2: K"):
        buy(market.address, TOKEN, ends=(token, plain))


def test_swap_exact_out_single__fee_token_comes_out__insufficient_output(
    aggregator, admin, create_settlement, create_v2_pool, buy
):
    token, plain = admin.deploy(ape.project.FeeOnTransferToken, False), create_settlement("PLAIN", 18)
    market = create_v2_pool({token: DEEP, plain: DEEP})
    with reverts(aggregator.LiquidityAggregator__InsufficientOutput, TOKEN * 99 // 100, TOKEN):
        buy(market.address, TOKEN, ends=(plain, token))
