"""Orders that are committed to first: when they may run, what the bond costs, and what a sandwich gains."""

from __future__ import annotations

import pytest
from eth_utils import keccak

from scripts._lib.transactions import send
from scripts._lib.venues.uniswap import FAR_FUTURE, MAX_UINT256
from tests.fixtures.deployment import BOND, COMMITMENT_DELAY, COMMITMENT_LIFETIME
from tests.fixtures.markets import TERMS
from tests.fixtures.venues import DEEP, TOKEN
from tests.reverts import reverts

SALT = keccak(text="nobody guesses this")


@pytest.fixture
def pair(create_v2_pool, tokens):
    return create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP})


@pytest.fixture
def order(pair, tokens, make_order, commitments, trader, fund_trader):
    fund_trader(tokens[0], TOKEN)
    tokens[0].approve(commitments, TOKEN, sender=trader)
    return make_order(tokens[:2], (TOKEN, pair))


@pytest.fixture
def commit(commitments, trader):
    """`commit(order)`: by the trader; returns what `forfeit` takes."""

    def committed(order):
        commitment = commitments.commitmentOf(trader, order, TERMS, SALT)
        receipt = commitments.commit(commitment, sender=trader, value=BOND)
        (event,) = receipt.decode_logs(commitments.Committed)
        return event.commitment

    return committed


def test_reveal__after_the_delay__swaps_and_returns_the_bond(
    commitments, aggregator, chain, trader, tokens, order, commit
):
    commit(order)
    chain.mine(COMMITMENT_DELAY - 1)
    before = chain.provider.get_balance(commitments.address)
    commitments.reveal(order, TERMS, SALT, sender=trader)
    assert tokens[1].balanceOf(trader) > TOKEN * 99 // 100
    assert before - chain.provider.get_balance(commitments.address) == BOND
    assert tokens[0].balanceOf(commitments) == tokens[0].allowance(commitments, aggregator) == 0


def test_reveal__a_block_too_early__refused(commitments, chain, trader, order, commit):
    commit(order)
    chain.mine(COMMITMENT_DELAY - 2)
    with reverts(commitments.OrderCommitments__TooEarly):
        commitments.reveal(order, TERMS, SALT, sender=trader)


def test_reveal__too_late__refused(commitments, chain, trader, order, commit):
    commit(order)
    chain.mine(COMMITMENT_DELAY + COMMITMENT_LIFETIME)
    with reverts(commitments.OrderCommitments__Expired):
        commitments.reveal(order, TERMS, SALT, sender=trader)


def test_reveal__twice__refused(commitments, chain, trader, order, commit):
    commit(order)
    chain.mine(COMMITMENT_DELAY)
    commitments.reveal(order, TERMS, SALT, sender=trader)
    with reverts(commitments.OrderCommitments__NotCommitted):
        commitments.reveal(order, TERMS, SALT, sender=trader)


def test_reveal__anothers_order__refused(commitments, chain, thief, order, commit):
    commit(order)
    chain.mine(COMMITMENT_DELAY)
    with reverts(commitments.OrderCommitments__NotCommitted):
        commitments.reveal(order, TERMS, SALT, sender=thief)


def test_reveal__order_changed__refused(commitments, chain, trader, order, commit):
    commit(order)
    chain.mine(COMMITMENT_DELAY)
    with reverts(commitments.OrderCommitments__NotCommitted):
        commitments.reveal({**order, "minAmountOut": 1}, TERMS, SALT, sender=trader)


def test_commit__another_bond__refused(commitments, trader):
    with reverts(commitments.OrderCommitments__WrongBond, BOND - 1, BOND):
        commitments.commit(SALT, sender=trader, value=BOND - 1)


def test_commit__copied_by_a_thief__does_not_stop_the_owner(commitments, thief, trader, order):
    commitment = commitments.commitmentOf(trader, order, TERMS, SALT)
    commitments.commit(commitment, sender=thief, value=BOND)
    commitments.commit(commitment, sender=trader, value=BOND)


def test_commit__twice__refused(commitments, trader, order, commit):
    commit(order)
    with reverts(commitments.OrderCommitments__Committed):
        commit(order)


def test_forfeit__never_revealed__bond_goes_to_the_beneficiary(commitments, chain, manager, thief, order, commit):
    key = commit(order)
    chain.mine(COMMITMENT_DELAY + COMMITMENT_LIFETIME)
    before = manager.balance
    commitments.forfeit(key, sender=thief)
    assert manager.balance - before == BOND


def test_forfeit__may_still_be_revealed__refused(commitments, chain, thief, order, commit):
    key = commit(order)
    chain.mine(COMMITMENT_DELAY)
    with reverts(commitments.OrderCommitments__NotExpired):
        commitments.forfeit(key, sender=thief)


@pytest.mark.parametrize("tolerance_bps", [10, 100])
def test_sandwich__pushes_the_order_to_its_minimum__gains_no_more_than_its_tolerance(
    aggregator, uniswap_v2, lens, trader, thief, tokens, pair, make_order, fund_trader, tolerance_bps
):
    """The attacker buys before the order as much as the order still stands, and sells after it."""
    size = DEEP // 20
    fund_trader(tokens[0], size)
    order = make_order(tokens[:2], (size, pair))
    quoted = lens.quoteOrder.call(order)[0]
    order["minAmountOut"] = quoted * (10_000 - tolerance_bps) // 10_000
    front = _largest_front_run(lens, uniswap_v2, pair, order, quoted)
    tokens[0].mint(thief, front, sender=thief)
    for token in tokens[:2]:
        token.approve(uniswap_v2.router.address, MAX_UINT256, sender=thief)
    _router_swap(uniswap_v2, thief, tokens[0], tokens[1], front)
    aggregator.swap(order, sender=trader)
    _router_swap(uniswap_v2, thief, tokens[1], tokens[0], tokens[1].balanceOf(thief))
    gain = tokens[0].balanceOf(thief) - front
    tolerance = size * tolerance_bps // 10_000
    # At the attacked price, a unit out is worth a little more than a unit in: the bound is of the second order off.
    assert gain <= tolerance * 11 // 10
    assert tokens[1].balanceOf(trader) >= order["minAmountOut"]


def test_sandwich__order_at_its_quote__reverts_and_costs_the_attacker(
    aggregator, uniswap_v2, lens, trader, thief, tokens, pair, make_order, fund_trader
):
    fund_trader(tokens[0], DEEP // 20)
    order = make_order(tokens[:2], (DEEP // 20, pair))
    order["minAmountOut"] = lens.quoteOrder.call(order)[0]
    tokens[0].mint(thief, TOKEN, sender=thief)
    for token in tokens[:2]:
        token.approve(uniswap_v2.router.address, MAX_UINT256, sender=thief)
    _router_swap(uniswap_v2, thief, tokens[0], tokens[1], TOKEN)
    with reverts(aggregator.LiquidityAggregator__InsufficientOutput):
        aggregator.swap(order, sender=trader)
    _router_swap(uniswap_v2, thief, tokens[1], tokens[0], tokens[1].balanceOf(thief))
    assert tokens[0].balanceOf(thief) < TOKEN


def _largest_front_run(lens, uniswap_v2, pair, order, quoted):
    """By bisection over the pair's own formula."""
    reserve0, reserve1, _ = pair.functions.getReserves().call()
    low, high = 0, reserve0

    def out(amount, r0, r1):
        return amount * 997 * r1 // (r0 * 1000 + amount * 997)

    assert out(order["amountIn"], reserve0, reserve1) == quoted
    while high - low > 1:
        middle = (low + high) // 2
        bought = out(middle, reserve0, reserve1)
        left = out(order["amountIn"], reserve0 + middle, reserve1 - bought)
        low, high = (middle, high) if left >= order["minAmountOut"] else (low, middle)
    return low


def _router_swap(uniswap_v2, account, token_in, token_out, amount):
    path = [token_in.address, token_out.address]
    call = uniswap_v2.router.functions.swapExactTokensForTokens(amount, 0, path, account.address, FAR_FUTURE)
    send(call.w3, account.address, call, gas=500_000)
