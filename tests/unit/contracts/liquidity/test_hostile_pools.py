"""Listed pools that turned hostile: what they can take is what the path gave them, once."""

from __future__ import annotations

import ape
import pytest

from scripts._lib.venues.uniswap import MAX_UINT256
from tests.fixtures.venues import DEEP, FEE, TOKEN, V2, V3
from tests.reverts import reverts

HONEST, PAY_NOTHING, PAY_LESS, CLAIM_MORE, TAKE_NOTHING = range(5)
ASK_MORE, ASK_LESS, ASK_ON_OTHER_SIDE, CALL_BACK_TWICE, SEND_ACCOMPLICE, REENTER, DELIST_ITSELF = range(5, 12)


@pytest.fixture
def hostile(create_hostile_pool, tokens):
    return create_hostile_pool(*tokens[:2])


@pytest.fixture
def onward_pair(create_v2_pool, tokens):
    return create_v2_pool({tokens[1]: DEEP, tokens[2]: DEEP})


@pytest.fixture
def onward_v3(create_v3_pool, tokens):
    return create_v3_pool({tokens[1]: DEEP, tokens[2]: DEEP})


@pytest.fixture
def plan(thief):
    """`plan(pool, act, errand)`: what the pool will do."""

    def planned(hostile, act, errand=b""):
        hostile.plan(act, errand, sender=thief)

    return planned


@pytest.fixture
def attempt(aggregator, trader, fund_trader):
    """`attempt(token, order, error, *args)`: a trader with more of the token, all approved, loses nothing."""

    def attempted(token, order, error, *args):
        fund_trader(token, 10 * order["amountIn"])
        before = token.balanceOf(trader)
        with reverts(error, *args):
            aggregator.swap(order, sender=trader)
        assert token.balanceOf(trader) == before

    return attempted


def test_swap__pool_is_honest__passes(tokens, hostile, make_order, swap):
    assert swap(make_order(tokens[:2], (TOKEN, hostile))) == TOKEN


def test_swap__pool_asks_for_more__partial_fill(aggregator, tokens, hostile, plan, make_order, attempt):
    plan(hostile, ASK_MORE)
    order = make_order(tokens[:2], (TOKEN, hostile))
    attempt(
        tokens[0],
        order,
        aggregator.LiquidityAggregator__PartialFill,
        hostile.address,
        TOKEN + 1,
        TOKEN,
    )


def test_swap__pool_asks_for_less__partial_fill(aggregator, tokens, hostile, plan, make_order, attempt):
    plan(hostile, ASK_LESS)
    order = make_order(tokens[:2], (TOKEN, hostile))
    error = aggregator.LiquidityAggregator__PartialFill
    attempt(tokens[0], order, error, hostile.address, TOKEN - 1, TOKEN)


def test_swap__pool_never_calls_back__partial_fill(aggregator, tokens, hostile, plan, make_order, attempt):
    plan(hostile, TAKE_NOTHING)
    order = make_order(tokens[:2], (TOKEN, hostile))
    attempt(tokens[0], order, aggregator.LiquidityAggregator__PartialFill, hostile.address, 0, TOKEN)


def test_swap__pool_calls_back_twice__unexpected_callback(aggregator, tokens, hostile, plan, make_order, attempt):
    plan(hostile, CALL_BACK_TWICE)
    order = make_order(tokens[:2], (TOKEN, hostile))
    attempt(tokens[0], order, aggregator.LiquidityAggregator__UnexpectedCallback, hostile.address)


def test_swap__another_contract_calls_back__unexpected_callback(aggregator, tokens, hostile, plan, make_order, attempt):
    plan(hostile, SEND_ACCOMPLICE)
    order = make_order(tokens[:2], (TOKEN, hostile))
    attempt(tokens[0], order, aggregator.LiquidityAggregator__UnexpectedCallback)


def test_swap__pool_asks_for_the_other_token__gets_the_orders_token_only(
    aggregator, trader, tokens, hostile, plan, make_order, fund_trader, swap
):
    plan(hostile, ASK_ON_OTHER_SIDE)
    fund_trader(tokens[1], 5 * TOKEN)
    swap(make_order(tokens[:2], (TOKEN, hostile)))
    assert tokens[0].balanceOf(trader) == 0
    assert tokens[1].balanceOf(trader) == 6 * TOKEN


def test_swap__pool_pays_nothing__insufficient_output(aggregator, tokens, hostile, plan, make_order, attempt):
    plan(hostile, PAY_NOTHING)
    order = make_order(tokens[:2], (TOKEN, hostile), minAmountOut=1)
    attempt(tokens[0], order, aggregator.LiquidityAggregator__InsufficientOutput, 0, 1)


def test_swap__pool_claims_more_than_it_paid__the_balance_counts(
    aggregator, tokens, hostile, plan, make_order, attempt
):
    plan(hostile, CLAIM_MORE)
    order = make_order(tokens[:2], (TOKEN, hostile), minAmountOut=TOKEN + 1)
    attempt(tokens[0], order, aggregator.LiquidityAggregator__InsufficientOutput, TOKEN, TOKEN + 1)


@pytest.mark.parametrize("kind", [V2, V3], ids=["as-v2", "as-v3"])
def test_swap__pool_reenters_swap__guarded(aggregator, tokens, create_hostile_pool, plan, make_order, attempt, kind):
    hostile = create_hostile_pool(*tokens[:2], kind)
    order = make_order(tokens[:2], (TOKEN, hostile))
    plan(hostile, REENTER, aggregator.swap.encode_input(order))
    attempt(tokens[0], order, aggregator.ReentrancyGuardReentrantCall)


def test_swap__pool_delists_itself__has_no_role(aggregator, tokens, hostile, plan, make_order, attempt):
    plan(hostile, DELIST_ITSELF)
    order = make_order(tokens[:2], (TOKEN, hostile))
    attempt(tokens[0], order, aggregator.AccessManagedUnauthorized, hostile.address)


def test_swap__first_pool_claims_more_than_it_paid__balance_mismatch(
    aggregator, tokens, hostile, onward_v3, plan, make_order, attempt
):
    plan(hostile, CLAIM_MORE)
    order = make_order(tokens, (TOKEN, hostile, onward_v3))
    attempt(
        tokens[0],
        order,
        aggregator.LiquidityAggregator__BalanceMismatch,
        tokens[1].address,
        TOKEN + 1,
        TOKEN,
    )


@pytest.mark.parametrize(
    ("act", "reason"), [(PAY_NOTHING, "UniswapV2: INSUFFICIENT_INPUT_AMOUNT"), (PAY_LESS, "UniswapV2: K")]
)
def test_swap__first_pool_pays_a_pair_less__the_pair_refuses(
    aggregator, trader, tokens, hostile, onward_pair, plan, make_order, fund_trader, act, reason
):
    plan(hostile, act)
    fund_trader(tokens[0], 10 * TOKEN)
    with ape.reverts(reason):
        aggregator.swap(make_order(tokens, (TOKEN, hostile, onward_pair)), sender=trader)
    assert tokens[0].balanceOf(trader) == 10 * TOKEN


@pytest.mark.parametrize("act", [PAY_NOTHING, PAY_LESS], ids=["nothing", "less"])
def test_swap__first_pair_pays_a_v3_pool_less__the_pool_refuses(
    aggregator, trader, tokens, create_hostile_pool, onward_v3, plan, make_order, fund_trader, act
):
    """The pair pays the next pool itself, from inside that pool's callback; gifts to the aggregator do not help out."""
    pair = create_hostile_pool(*tokens[:2], V2)
    plan(pair, act)
    fund_trader(tokens[0], 10 * TOKEN)
    tokens[1].mint(aggregator, 2 * TOKEN, sender=trader)
    with ape.reverts("IIA"):
        aggregator.swap(make_order(tokens, (TOKEN, pair, onward_v3)), sender=trader)
    assert tokens[0].balanceOf(trader) == 10 * TOKEN


def test_swap__first_pair_reenters_while_it_pays__guarded(
    aggregator, tokens, create_hostile_pool, onward_v3, plan, make_order, attempt
):
    pair = create_hostile_pool(*tokens[:2], V2)
    order = make_order(tokens, (TOKEN, pair, onward_v3))
    plan(pair, REENTER, aggregator.swap.encode_input(order))
    attempt(tokens[0], order, aggregator.ReentrancyGuardReentrantCall)


def test_swap__first_pair_calls_back_while_it_pays__unexpected(
    aggregator, tokens, create_hostile_pool, onward_v3, plan, make_order, attempt
):
    """Whatever a pair of an order calls while the pool behind it waits for its input, it is owed nothing."""
    pair = create_hostile_pool(*tokens[:2], V2)
    order = make_order(tokens, (TOKEN, pair, onward_v3))
    plan(pair, REENTER, aggregator.uniswapV3SwapCallback.encode_input(TOKEN, -TOKEN, b""))
    attempt(tokens[0], order, aggregator.LiquidityAggregator__UnexpectedCallback, pair.address)


def test_swap__first_pool_pays_the_aggregator_nothing__gifts_there_are_not_spent(
    aggregator, trader, tokens, hostile, onward_v3, plan, make_order, attempt
):
    plan(hostile, PAY_NOTHING)
    tokens[1].mint(aggregator, 2 * TOKEN, sender=trader)
    order = make_order(tokens, (TOKEN, hostile, onward_v3))
    error = aggregator.LiquidityAggregator__BalanceMismatch
    attempt(tokens[0], order, error, tokens[1].address, TOKEN, 0)


def test_swap__pair_that_keeps_the_input__insufficient_output(
    aggregator, tokens, create_hostile_pool, plan, make_order, attempt
):
    pair = create_hostile_pool(*tokens[:2], V2)
    plan(pair, PAY_NOTHING)
    order = make_order(tokens[:2], (TOKEN, pair), minAmountOut=1)
    attempt(tokens[0], order, aggregator.LiquidityAggregator__InsufficientOutput, 0, 1)


def test_swap__first_pool_pretends_to_trade_another_token__wrong_tokens(
    aggregator, thief, create_settlement, tokens, hostile, onward_v3, make_order, attempt
):
    worthless = create_settlement("NIL", 18)
    hostile.pretend(tokens[0], worthless, sender=thief)
    order = make_order(tokens, (TOKEN, hostile, onward_v3))
    attempt(
        tokens[0],
        order,
        aggregator.LiquidityAggregator__WrongTokens,
        hostile.address,
        tokens[0].address,
        worthless.address,
    )


def test_callback__outside_a_swap__unexpected(aggregator, thief, trader, tokens, hostile):
    tokens[0].mint(trader, TOKEN, sender=trader)
    tokens[0].approve(aggregator, MAX_UINT256, sender=trader)
    with reverts(aggregator.LiquidityAggregator__UnexpectedCallback, hostile.address):
        hostile.callBackUnasked(aggregator, TOKEN, -TOKEN, sender=thief)


def test_callback__by_an_account__unexpected(aggregator, thief):
    with reverts(aggregator.LiquidityAggregator__UnexpectedCallback, thief.address):
        aggregator.uniswapV3SwapCallback(1, -1, b"", sender=thief)


def test_callback__by_a_pool_that_is_not_listed__unexpected(aggregator, admin, thief, tokens):
    stranger = admin.deploy(ape.project.HostilePool, tokens[0], tokens[1], FEE)
    with reverts(aggregator.LiquidityAggregator__UnexpectedCallback, stranger.address):
        stranger.callBackUnasked(aggregator, TOKEN, -TOKEN, sender=thief)


def test_swap__v3_pool_runs_out_of_liquidity__partial_fill(aggregator, tokens, create_v3_pool, make_order, attempt):
    thin = create_v3_pool({tokens[0]: TOKEN, tokens[1]: TOKEN}, ranges=[(-600, 600)])
    order = make_order(tokens[:2], (100 * TOKEN, thin))
    attempt(tokens[0], order, aggregator.LiquidityAggregator__PartialFill)


EXACT_OUTPUT_REFUSALS = {
    PAY_NOTHING: "InsufficientOutput",
    PAY_LESS: "InsufficientOutput",
    TAKE_NOTHING: "PartialFill",
    CALL_BACK_TWICE: "UnexpectedCallback",
    SEND_ACCOMPLICE: "UnexpectedCallback",
}


@pytest.mark.parametrize(("act", "error"), EXACT_OUTPUT_REFUSALS.items(), ids=lambda value: str(value))
def test_exact_output__pool_is_hostile__costs_nothing(
    aggregator, trader, tokens, hostile, plan, fund_trader, act, error
):
    plan(hostile, act)
    fund_trader(tokens[0], 10 * TOKEN)
    ends = tokens[0].address, tokens[1].address
    order = (*ends, TOKEN, 10 * TOKEN, trader.address, 2**40 - 1, [(TOKEN, [(hostile.address, True)])])
    with reverts(getattr(aggregator, f"LiquidityAggregator__{error}")):
        aggregator.swapExactOut(order, (False, 0, []), sender=trader)
    assert tokens[0].balanceOf(trader) == 10 * TOKEN
