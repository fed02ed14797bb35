"""Orders that the aggregator refuses before or after anything moves."""

from __future__ import annotations

import pytest

from tests.fixtures.venues import DEEP, TOKEN, V2
from tests.reverts import reverts

ZERO = "0x" + "00" * 20


@pytest.fixture
def pair(create_v2_pool, tokens):
    return create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})


@pytest.fixture
def refused(aggregator, trader, fund_trader):
    """`refused(order, error, *args)`: the order of a funded trader reverts so."""

    def checked(token, order, error, *args):
        fund_trader(token, 10 * TOKEN)
        with reverts(error, *args):
            aggregator.swap(order, sender=trader)

    return checked


def test_swap__deadline_passed__expired(aggregator, chain, tokens, pair, make_order, refused):
    order = make_order(tokens[:2], (TOKEN, pair), deadline=chain.pending_timestamp - 1)
    refused(tokens[0], order, aggregator.LiquidityAggregator__Expired)


def test_swap__deadline_far__event_says_who_what_and_how_much(
    aggregator, trader, counterparty, tokens, pair, make_order, fund_trader
):
    fund_trader(tokens[0], TOKEN)
    order = make_order(tokens[:2], (TOKEN, pair), recipient=counterparty.address)
    receipt = aggregator.swap(order, sender=trader)
    (event,) = receipt.decode_logs(aggregator.Swapped)
    said = (event.caller, event.tokenIn, event.tokenOut, event.recipient, event.amountIn, event.amountOut)
    out = tokens[1].balanceOf(counterparty)
    assert said == (
        trader.address,
        tokens[0].address,
        tokens[1].address,
        counterparty.address,
        TOKEN,
        out,
    )


def test_swap__same_token__refused(aggregator, tokens, pair, make_order, refused):
    order = make_order(tokens[:2], (TOKEN, pair), tokenOut=tokens[0].address)
    refused(tokens[0], order, aggregator.LiquidityAggregator__SameToken, tokens[0].address)


@pytest.mark.parametrize("who", ["nobody", "aggregator", "pair"])
def test_swap__recipient_cannot_hold_the_output__refused(aggregator, tokens, pair, make_order, refused, who):
    recipient = {"nobody": ZERO, "aggregator": aggregator.address, "pair": pair.address}[who]
    order = make_order(tokens[:2], (TOKEN, pair), recipient=recipient)
    refused(tokens[0], order, aggregator.LiquidityAggregator__InvalidRecipient, recipient)


def test_swap__recipient_is_a_later_pool__refused(aggregator, tokens, pair, create_v2_pool, make_order, refused):
    second = create_v2_pool({tokens[1]: DEEP, tokens[2]: DEEP})
    order = make_order(tokens, (TOKEN, pair, second), recipient=second.address)
    refused(tokens[0], order, aggregator.LiquidityAggregator__InvalidRecipient, second.address)


def test_swap__no_paths__refused(aggregator, tokens, make_order, refused):
    refused(tokens[0], make_order(tokens[:2]), aggregator.LiquidityAggregator__EmptyRoute)


def test_swap__path_without_pools__refused(aggregator, tokens, make_order, refused):
    refused(tokens[0], make_order(tokens[:2], (TOKEN,)), aggregator.LiquidityAggregator__EmptyRoute)


def test_swap__path_without_amount__refused(aggregator, tokens, pair, make_order, refused):
    order = make_order(tokens[:2], (TOKEN, pair), (0, pair))
    refused(tokens[0], order, aggregator.LiquidityAggregator__EmptyRoute)


def test_swap__paths_sum_to_more__refused(aggregator, tokens, pair, make_order, refused):
    order = make_order(tokens[:2], (TOKEN, pair), (1, pair), amountIn=TOKEN)
    refused(tokens[0], order, aggregator.LiquidityAggregator__AmountMismatch, TOKEN, TOKEN + 1)


def test_swap__paths_sum_to_less__refused(aggregator, tokens, pair, make_order, refused):
    order = make_order(tokens[:2], (TOKEN, pair), amountIn=2 * TOKEN)
    refused(tokens[0], order, aggregator.LiquidityAggregator__AmountMismatch, 2 * TOKEN, TOKEN)


def test_swap__pool_never_listed__refused(aggregator, tokens, create_v2_pool, make_order, refused):
    stranger = create_v2_pool({tokens[0]: DEEP, tokens[2]: DEEP}, listed=False)
    order = make_order(tokens[::2], (TOKEN, stranger))
    refused(tokens[0], order, aggregator.LiquidityAggregator__PoolNotListed, stranger.address)


def test_swap__pool_delisted__refused(aggregator, guardian, tokens, pair, make_order, refused):
    aggregator.delistPool(pair.address, sender=guardian)
    order = make_order(tokens[:2], (TOKEN, pair))
    refused(tokens[0], order, aggregator.LiquidityAggregator__PoolNotListed, pair.address)


def test_swap__second_pool_not_listed__refused(aggregator, tokens, pair, create_v2_pool, make_order, refused):
    stranger = create_v2_pool({tokens[1]: DEEP, tokens[2]: DEEP}, listed=False)
    order = make_order(tokens, (TOKEN, pair, stranger))
    refused(tokens[0], order, aggregator.LiquidityAggregator__PoolNotListed, stranger.address)


def test_swap__pool_of_other_tokens__refused(aggregator, tokens, pair, make_order, refused):
    order = make_order([tokens[0], tokens[2]], (TOKEN, pair))
    refused(
        tokens[0],
        order,
        aggregator.LiquidityAggregator__WrongTokens,
        pair.address,
        tokens[0].address,
        tokens[2].address,
    )


def test_swap__wrong_direction__refused(aggregator, tokens, pair, make_order, refused):
    order = make_order(tokens[:2], (TOKEN, pair), paths=[(TOKEN, [(pair.address, False)])])
    refused(
        tokens[0],
        order,
        aggregator.LiquidityAggregator__WrongTokens,
        pair.address,
        tokens[1].address,
        tokens[0].address,
    )


def test_swap__hops_that_do_not_meet__refused(
    aggregator, create_settlement, tokens, pair, create_v2_pool, make_order, refused
):
    fourth = create_settlement("FOUR", 18)
    apart = create_v2_pool({tokens[2]: DEEP, fourth: DEEP})
    order = make_order([tokens[0], tokens[1], fourth], (TOKEN, pair, apart))
    refused(tokens[0], order, aggregator.LiquidityAggregator__WrongTokens)


def test_swap__output_is_the_minimum__passes(aggregator, uniswap_v2, tokens, pair, make_order, swap):
    path = [tokens[0].address, tokens[1].address]
    promised = uniswap_v2.router.functions.getAmountsOut(TOKEN, path).call()[-1]
    assert swap(make_order(tokens[:2], (TOKEN, pair), minAmountOut=promised)) == promised


def test_swap__output_a_wei_below_the_minimum__refused(aggregator, uniswap_v2, tokens, pair, make_order, refused):
    path = [tokens[0].address, tokens[1].address]
    out = uniswap_v2.router.functions.getAmountsOut(TOKEN, path).call()[-1]
    order = make_order(tokens[:2], (TOKEN, pair), minAmountOut=out + 1)
    refused(tokens[0], order, aggregator.LiquidityAggregator__InsufficientOutput, out, out + 1)


def test_swap__without_allowance__reverts_whole(aggregator, trader, tokens, pair, make_order):
    tokens[0].mint(trader, TOKEN, sender=trader)
    with reverts(tokens[0].ERC20InsufficientAllowance, aggregator.address, 0, TOKEN):
        aggregator.swap(make_order(tokens[:2], (TOKEN, pair)), sender=trader)
    assert tokens[0].balanceOf(trader) == TOKEN


def test_swap__caller_is_not_the_one_who_approved__nothing_is_taken(
    aggregator, trader, thief, tokens, pair, make_order, fund_trader
):
    fund_trader(tokens[0], TOKEN)
    order = make_order(tokens[:2], (TOKEN, pair), recipient=thief.address)
    with reverts(tokens[0].ERC20InsufficientAllowance, aggregator.address, 0, TOKEN):
        aggregator.swap(order, sender=thief)
    assert tokens[0].balanceOf(trader) == TOKEN


def test_swap__relisted_with_a_higher_fee__pays_less(tokens, pair, list_pool, make_order, swap):
    first = swap(make_order(tokens[:2], (TOKEN, pair)))
    list_pool(pair, V2, 10_000)
    assert swap(make_order(tokens[:2], (TOKEN, pair))) < first * 995 // 1000
