"""swapRoute: what an order's paths come to, in words; and what it refuses."""

from __future__ import annotations

import ape
import pytest

from scripts._lib.transactions import send
from scripts._lib.venues.uniswap import FAR_FUTURE
from tests.fixtures.venues import DEEP, TOKEN, V2, in_words
from tests.isolation import isolated
from tests.reverts import reverts

ASK_MORE, TAKE_NOTHING, CLAIM_MORE, SEND_ACCOMPLICE, REENTER = 5, 4, 3, 9, 10


@pytest.fixture
def pair(create_v2_pool, tokens):
    return create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})


@pytest.fixture
def direct(create_v3_pool, tokens):
    return create_v3_pool({tokens[0]: DEEP, tokens[2]: DEEP})


@pytest.fixture
def onward(create_v3_pool, tokens):
    return create_v3_pool({tokens[1]: DEEP, tokens[2]: DEEP})


@pytest.fixture
def route(aggregator, trader, fund_trader):
    """`route(token_in, token_out, words, minimum=0, deadline=...)`: by a trader who has enough and approved it."""

    def routed(token_in, token_out, words, minimum=0, deadline=FAR_FUTURE):
        fund_trader(token_in, 10 * TOKEN)
        return aggregator.swapRoute(token_in, token_out, minimum, deadline, words, sender=trader)

    return routed


def test_swap_route__split_and_two_hops__pays_what_the_order_pays(
    aggregator, chain, trader, tokens, pair, direct, onward, make_order, swap, route
):
    order = make_order(tokens, (TOKEN, direct), (2 * TOKEN, pair, onward))
    with isolated(chain):
        expected = swap(order)
    receipt = route(tokens[0], tokens[2], in_words(order["paths"]), minimum=expected)
    assert tokens[2].balanceOf(trader) == expected == receipt.return_value
    assert tokens[0].balanceOf(trader) == 7 * TOKEN
    assert all(token.balanceOf(aggregator) == 0 for token in tokens)
    assert not list(receipt.decode_logs(aggregator.Swapped))


@pytest.fixture
def ask_to_pay(aggregator, admin, project, trader, fund_trader):
    """`ask_to_pay(token_in, token_out, words)`: through a contract that pays when the aggregator asks it to."""
    payer = admin.deploy(project.CallbackPayer, aggregator)

    def swapped(token_in, token_out, words):
        fund_trader(token_in, 10 * TOKEN)
        token_in.approve(payer, 10 * TOKEN, sender=trader)
        return payer.swap(token_in, token_out, words, sender=trader)

    return swapped


def test_swap_with_callback__split_and_two_hops__pays_what_the_order_pays(
    aggregator, chain, trader, tokens, pair, direct, onward, make_order, swap, ask_to_pay
):
    order = make_order(tokens, (TOKEN, direct), (2 * TOKEN, pair, onward))
    with isolated(chain):
        expected = swap(order)
    ask_to_pay(tokens[0], tokens[2], in_words(order["paths"]))
    assert tokens[2].balanceOf(trader) == expected
    assert tokens[0].balanceOf(trader) == 7 * TOKEN
    assert all(token.balanceOf(aggregator) == 0 for token in tokens)


@pytest.mark.parametrize("up", [True, False])
def test_swap_with_callback__one_hop__pays(tokens, pair, trader, ask_to_pay, up):
    there = tokens[:2] if up else tokens[1::-1]
    ask_to_pay(*there, in_words([(TOKEN, [(pair.address, up)])]))
    assert there[1].balanceOf(trader) > TOKEN * 99 // 100


def test_swap_with_callback__the_same_token__reverts(aggregator, tokens, pair, ask_to_pay):
    with reverts(aggregator.LiquidityAggregator__SameToken, tokens[0]):
        ask_to_pay(tokens[0], tokens[0], in_words([(TOKEN, [(pair.address, True)])]))


@pytest.mark.parametrize("words", [0, 1, 2])
def test_swap_with_callback__route_breaks_off__reverts(aggregator, tokens, pair, ask_to_pay, words):
    route = [TOKEN, int(pair.address, 16) | 1 << 160]
    with reverts(aggregator.LiquidityAggregator__EmptyRoute):
        ask_to_pay(*tokens[:2], route[:words])


def test_swap_with_callback__pool_not_listed__reverts(aggregator, tokens, thief, ask_to_pay):
    with reverts(aggregator.LiquidityAggregator__PoolNotListed, thief):
        ask_to_pay(*tokens[:2], in_words([(TOKEN, [(str(thief.address), True)])]))


def test_swap_with_callback__wrong_way__reverts(aggregator, tokens, pair, ask_to_pay):
    with reverts(aggregator.LiquidityAggregator__WrongTokens):
        ask_to_pay(*tokens[:2], in_words([(TOKEN, [(pair.address, False)])]))


def test_swap_route__downwards__pays(tokens, pair, trader, route):
    route(tokens[1], tokens[0], in_words([(TOKEN, [(pair.address, False)])]))
    assert tokens[0].balanceOf(trader) > TOKEN * 99 // 100


def test_swap_route__other_bits__ignored(tokens, pair, trader, route):
    amount, hop = in_words([(TOKEN, [(pair.address, True)])])
    route(tokens[0], tokens[1], [amount, hop | 0xFFFF << 162])
    assert tokens[1].balanceOf(trader) > TOKEN * 99 // 100


def test_swap_route__payer_bit_on_a_first_hop__nobody_else_pays(
    aggregator, trader, thief, tokens, pair, onward, fund_trader
):
    """The bit that says inside that a pair pays is nothing that a route could say."""
    fund_trader(tokens[0], TOKEN)
    words = [word | (k > 0) << 162 for k, word in enumerate(in_words([(TOKEN, [(onward.address, True)])]))]
    with reverts(tokens[1].ERC20InsufficientAllowance, aggregator.address, 0, TOKEN):
        aggregator.swapRoute(tokens[1], tokens[2], 0, FAR_FUTURE, words, sender=thief)


def test_swap_route__a_wei_below_the_minimum__refused(
    aggregator, lens, tokens, pair, direct, onward, make_order, route
):
    order = make_order(tokens, (TOKEN, direct), (2 * TOKEN, pair, onward))
    quoted = lens.quoteOrder.call(order)[0]
    with reverts(aggregator.LiquidityAggregator__InsufficientOutput, quoted, quoted + 1):
        route(tokens[0], tokens[2], in_words(order["paths"]), minimum=quoted + 1)


def test_swap_route__deadline_passed__expired(aggregator, chain, tokens, pair, route):
    words = in_words([(TOKEN, [(pair.address, True)])])
    with reverts(aggregator.LiquidityAggregator__Expired):
        route(tokens[0], tokens[1], words, deadline=chain.pending_timestamp - 1)


def test_swap_route__same_token__refused(aggregator, tokens, pair, route):
    words = in_words([(TOKEN, [(pair.address, True), (pair.address, False)])])
    with reverts(aggregator.LiquidityAggregator__SameToken, tokens[0].address):
        route(tokens[0], tokens[0], words)


@pytest.mark.parametrize("what", ["nothing", "no hop", "no amount", "no end", "no second hop"])
def test_swap_route__breaks_off__empty_route(aggregator, tokens, pair, route, what):
    amount, hop = in_words([(TOKEN, [(pair.address, True)])])
    words = {
        "nothing": [],
        "no hop": [amount, hop, amount],
        "no amount": [0, hop],
        "no end": [amount, hop ^ 1 << 161],
        "no second hop": [amount, hop, amount, hop ^ 1 << 161],
    }[what]
    with reverts(aggregator.LiquidityAggregator__EmptyRoute):
        route(tokens[0], tokens[1], words)


def test_swap_route__delisted_pool_behind_a_listed_one__refused(aggregator, guardian, tokens, pair, onward, route):
    aggregator.delistPool(onward.address, sender=guardian)
    with reverts(aggregator.LiquidityAggregator__PoolNotListed, onward.address):
        route(tokens[0], tokens[2], in_words([(TOKEN, [(pair.address, True), (onward.address, True)])]))


def test_swap_route__ends_in_another_token__wrong_tokens(aggregator, tokens, pair, route):
    with reverts(aggregator.LiquidityAggregator__WrongTokens, pair.address, tokens[0].address, tokens[2].address):
        route(tokens[0], tokens[2], in_words([(TOKEN, [(pair.address, True)])]))


def test_swap_route__pair_pretends_to_pay_another_token__wrong_tokens(
    aggregator, thief, create_settlement, create_hostile_pool, tokens, onward, route
):
    worthless = create_settlement("NIL", 18)
    hostile = create_hostile_pool(*tokens[:2], V2)
    hostile.pretend(tokens[0], worthless, sender=thief)
    with reverts(aggregator.LiquidityAggregator__WrongTokens, hostile.address, tokens[0].address, worthless.address):
        route(tokens[0], tokens[2], in_words([(TOKEN, [(hostile.address, True), (onward.address, True)])]))


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (ASK_MORE, "PartialFill"),
        (TAKE_NOTHING, "PartialFill"),
        (CLAIM_MORE, "BalanceMismatch"),
        (SEND_ACCOMPLICE, "UnexpectedCallback"),
    ],
)
def test_swap_route__pool_is_hostile__costs_nothing(
    aggregator, trader, thief, create_hostile_pool, tokens, route, act, error
):
    pool = create_hostile_pool(*tokens[:2])
    pool.plan(act, b"", sender=thief)
    with reverts(getattr(aggregator, f"LiquidityAggregator__{error}")):
        route(tokens[0], tokens[1], in_words([(TOKEN, [(pool.address, True)])]))
    assert tokens[0].balanceOf(trader) == 10 * TOKEN


def test_swap_route__pool_reenters__guarded(aggregator, thief, create_hostile_pool, tokens, route):
    pool = create_hostile_pool(*tokens[:2])
    words = in_words([(TOKEN, [(pool.address, True)])])
    call = aggregator.swapRoute.encode_input(tokens[0], tokens[1], 0, FAR_FUTURE, words)
    pool.plan(REENTER, call, sender=thief)
    with reverts(aggregator.ReentrancyGuardReentrantCall):
        route(tokens[0], tokens[1], words)


@pytest.fixture
def coin_pair(admin, create_settlement, uniswap_v2, wrapped_coin, list_pool, liquidity_provider):
    """A token and a hostile pair of it and the wrapped coin, which holds one of each."""
    weth = uniswap_v2.weth
    send(weth.w3, liquidity_provider.address, weth.functions.deposit(), value=2 * TOKEN)
    token = create_settlement("FIRST", 18)
    ends = sorted((token.address, wrapped_coin.address), key=lambda address: int(address, 16))
    pair = admin.deploy(ape.project.HostilePool, *ends, 3000)
    token.mint(pair, TOKEN, sender=liquidity_provider)
    wrapped_coin.transfer(pair, TOKEN, sender=liquidity_provider)
    pair.sync(sender=admin)
    return token, list_pool(pair, V2)


@pytest.mark.parametrize("pays", [True, False], ids=["honest", "pays nothing"])
def test_swap_route__pair_before_a_coin_pool__gifts_lie_about_and_are_not_spent(
    aggregator, chain, trader, thief, create_market, coin_pair, wrapped_coin, fund_trader, liquidity_provider, pays
):
    """The coin's pool is paid by the aggregator, which unwraps what the pair pays it: no more than that."""
    market, (first, pair) = create_market("uniswap-v4-native"), coin_pair
    wrapped_coin.transfer(aggregator, TOKEN // 2, sender=liquidity_provider)
    fund_trader(first, TOKEN)
    up = market.tokens[0].address == wrapped_coin.address
    hops = [(pair.address, pair.token0() == first.address), (market.key, up)]
    words = in_words([(TOKEN // 10, hops)])
    last = market.tokens[1 if up else 0]
    if pays:
        aggregator.swapRoute(first, last, 1, FAR_FUTURE, words, sender=trader)
    else:
        pair.plan(1, b"", sender=thief)
        with reverts(aggregator.LiquidityAggregator__BalanceMismatch):
            aggregator.swapRoute(first, last, 1, FAR_FUTURE, words, sender=trader)
    assert wrapped_coin.balanceOf(aggregator) == TOKEN // 2
    assert chain.provider.get_balance(aggregator.address) == 0
