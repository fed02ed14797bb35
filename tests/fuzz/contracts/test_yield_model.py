"""Any deposits, exits, gains, losses, reports and plans, at any time: the optimizer beside Python, to the unit."""

from __future__ import annotations

from copy import deepcopy
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.yields import CAP, TERMS, PlanDesk
from tests.fuzz.contracts.yield_model import Lock, Model, Strategy, Vault
from tests.isolation import isolated
from tests.reverts import reverts

START = 10**12
PARTS = st.integers(1, 100)
WEIGHTS = st.integers(0, CAP)
STEPS = st.one_of(
    st.tuples(st.just("deposit"), st.integers(1, 10**13)),
    st.tuples(st.just("mint"), st.integers(1, 10**19)),
    st.tuples(st.sampled_from(["withdraw", "redeem", "in kind"]), PARTS),
    st.tuples(st.sampled_from(["earn", "lose"]), st.integers(0, 1), st.integers(1, 10**11)),
    st.tuples(st.just("report"), st.integers(0, 1)),
    st.tuples(st.just("move"), WEIGHTS, WEIGHTS),
    st.tuples(st.just("wait"), st.integers(1, 5 * 86_400)),
)


@pytest.fixture(scope="session")
def make(create_optimizer, create_strategy, usd, investor, admin):
    """`make()`: an optimizer of two strategies with a million dollars of the investor's."""

    def made():
        optimizer = create_optimizer()
        strategies = [create_strategy(optimizer) for _ in range(2)]
        usd.mint(investor, 10**24, sender=admin)
        usd.approve(optimizer, 10**24, sender=investor)
        optimizer.deposit(START, investor, sender=investor)
        return optimizer, strategies

    return made


@settings(
    max_examples=settings.default.max_examples // 3,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(steps=st.lists(STEPS, min_size=1, max_size=14))
def test_any_life__chain_and_model_agree_to_the_unit(
    make, usd, yield_plans, keeper, risk_signer, investor, admin, chain, steps
):
    with isolated(chain):
        optimizer, strategies = make()
        now = chain.blocks.head.timestamp
        listed = [optimizer.strategyOf(strategy).reportedAt for strategy in strategies]
        model = Model(TERMS, [Strategy(Vault(), CAP, at) for at in listed])
        model.deposit(START, now)
        desk = PlanDesk(yield_plans, keeper, [risk_signer], chain, count())
        moved_at = 0
        for step in [("move", 4000, 3000), *steps]:
            moved_at = act(step, optimizer, strategies, model, desk, usd, investor, admin, chain, moved_at)
            compare(optimizer, strategies, model, chain.blocks.head.timestamp)


def act(step, optimizer, strategies, model, desk, usd, investor, admin, chain, moved_at):
    """Does one step on both sides; what the model refuses, the chain has to refuse."""
    what, *arguments = step
    held = optimizer.balanceOf(investor)
    # Every transaction is in a block of its own, whose time is known before.
    now = chain.blocks.head.timestamp + 7
    chain.pending_timestamp = now
    if what == "wait":
        chain.mine(timestamp=now + arguments[0])
    elif what == "deposit":
        if model.shares_for(arguments[0], now):
            shares = optimizer.deposit(arguments[0], investor, sender=investor).return_value
            assert shares == model.deposit(arguments[0], now)
    elif what == "mint":
        assert optimizer.mint(arguments[0], investor, sender=investor).return_value == model.mint(arguments[0], now)
    elif what == "withdraw":
        assets = model.assets_for(held, now) * arguments[0] // 100
        if assets:
            receipt = optimizer.withdraw(assets, investor, investor, sender=investor)
            assert receipt.return_value == model.withdraw(assets, now)
    elif what == "redeem":
        shares = held * arguments[0] // 100
        if model.assets_for(shares, now):
            receipt = optimizer.redeem(shares, investor, investor, sender=investor)
            assert receipt.return_value == model.redeem(shares, now)
    elif what == "in kind":
        if shares := held * arguments[0] // 100:
            receipt = optimizer.redeemInKind(shares, investor, investor, sender=investor)
            cash, legs = model.redeem_in_kind(shares, now)
            assert [receipt.return_value[0], list(receipt.return_value[1])] == [cash, legs]
    elif what == "earn":
        k, amount = arguments
        usd.mint(strategies[k], amount, sender=admin)
        model.strategies[k].vault.assets += amount
    elif what == "lose":
        k, amount = arguments
        amount = min(amount, model.strategies[k].vault.assets)
        strategies[k].lose(amount, sender=investor)
        model.strategies[k].vault.assets -= amount
    elif what == "report":
        (k,) = arguments
        if model.report(k, now):
            optimizer.report(strategies[k], sender=admin)
        else:
            with reverts(optimizer.YieldOptimizer__ReportedTooSoon):
                optimizer.report(strategies[k], sender=admin)
    elif what == "move":
        return moved(arguments, optimizer, strategies, model, desk, moved_at, now)
    return moved_at


REFUSALS = {
    "cap": "YieldOptimizer__CapExceeded",
    "budget": "YieldOptimizer__LossBudgetExceeded",
    "liquid": "YieldOptimizer__TooLittleLiquid",
}


def moved(weights, optimizer, strategies, model, desk, moved_at, now):
    """A plan on both sides; returns when the last one was carried out."""
    plan = desk.plan(optimizer, list(zip(strategies, weights, strict=True)), valid_until=2**40 - 1)
    signatures = desk.sign(plan)
    desk.chain.pending_timestamp = now
    tried = deepcopy(model)
    refusal = "" if now < moved_at + TERMS[5] else tried.move(weights, now)
    if now < moved_at + TERMS[5]:
        with reverts(optimizer.YieldOptimizer__CoolingDown):
            desk.plans.execute(plan, signatures, sender=desk.sender)
        return moved_at
    if refusal:
        with reverts(getattr(optimizer, REFUSALS[refusal])):
            desk.plans.execute(plan, signatures, sender=desk.sender)
        return moved_at
    desk.plans.execute(plan, signatures, sender=desk.sender)
    model.__dict__.update(tried.__dict__)
    return now


def compare(optimizer, strategies, model, now):
    """Everything that the books say."""
    assert optimizer.totalSupply() == model.supply
    assert optimizer.idle() == model.idle
    for strategy, ours in zip(strategies, model.strategies, strict=True):
        there = optimizer.strategyOf(strategy)
        assert (there.shares, there.debt, there.status == 2) == (ours.shares, ours.debt, ours.cut)
    assert optimizer.totalAssets() == model.total(now)
    assert optimizer.lockedProfit() == (model.locked(now), model.lock.end)
    assert optimizer.convertToAssets(10**24) == model.assets_for(10**24, now)
    assert optimizer.previewWithdraw(10**6) == model.shares_for(10**6, now, rounded_up=True)


@given(
    gains=st.lists(st.tuples(st.integers(1, 10**15), st.integers(0, 10**6)), min_size=1, max_size=20),
    period=st.integers(3600, 365 * 86_400),
)
def test_lock__any_gains__unlocks_all_of_them_and_never_later_than_a_period(gains, period):
    """The weighted end lies between now and a whole period; what unlocks is monotone and in the end everything."""
    lock, now = Lock(), 0
    for gain, wait in gains:
        now += wait
        left = lock.at(now)
        lock.gained(gain, period, now)
        assert lock.amount == left + gain == lock.at(now)
        assert now < lock.end <= now + period
        points = [lock.at(now + (lock.end - now) * part // 8) for part in range(9)]
        assert points == sorted(points, reverse=True)
        assert points[-1] == 0
