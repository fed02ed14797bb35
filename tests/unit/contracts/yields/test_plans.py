"""Signed plans: who may have money moved, how far, and what is refused (I6, Y2)."""

import pytest

from tests.fixtures.portfolio import signed
from tests.fixtures.protocol import DAY, WAD
from tests.fixtures.yields import COOL_DOWN, LOSS_BUDGET, REVERTS, SILENT, TERMS, debt_of, dollars
from tests.reverts import reverts

MILLION = dollars(1_000_000)


@pytest.fixture
def ready(optimizer, strategies, deposit, investor):
    """A million dollars, all idle."""
    deposit(optimizer, investor, 1_000_000)
    return optimizer


# -- What a plan does


def test_execute__anyone_sends__strategies_have_their_weights(ready, strategies, plan_desk, yield_plans, thief):
    plan = plan_desk.plan(ready, [(strategies[0], 6000), (strategies[1], 2500)])
    receipt = yield_plans.execute(plan, plan_desk.sign(plan), sender=thief)
    assert [debt_of(ready, strategy) for strategy in strategies] == [dollars(600_000), dollars(250_000)]
    assert ready.idle() == dollars(150_000)
    assert ready.totalAssets() == MILLION
    (executed,) = receipt.decode_logs(yield_plans.PlanExecuted)
    assert (executed.optimizer, executed.nonce, executed.caller) == (ready.address, plan[2], thief.address)
    (moved,) = receipt.decode_logs(ready.Moved)
    assert (moved.valueBefore, moved.valueAfter, moved.lossBucket) == (MILLION, MILLION, 0)


def test_execute__pulls_before_it_pushes(funded, strategies, plan_desk, pass_time):
    pass_time(COOL_DOWN)
    plan_desk.move(funded, [(strategies[0], 6000), (strategies[1], 1000)])
    assert [debt_of(funded, strategy) for strategy in strategies] == [dollars(600_000), dollars(100_000)]
    assert funded.idle() == dollars(300_000)


def test_execute__strategy_that_is_not_named__stays(funded, strategies, plan_desk, pass_time):
    pass_time(COOL_DOWN)
    plan_desk.move(funded, [(strategies[1], 0)])
    assert [debt_of(funded, strategy) for strategy in strategies] == [dollars(400_000), 0]


def test_execute__strategy_takes_little__gets_what_it_takes(ready, strategies, plan_desk, investor):
    strategies[0].setLimit(dollars(123), sender=investor)
    plan_desk.move(ready, [(strategies[0], 6000)])
    assert debt_of(ready, strategies[0]) == dollars(123)


def test_execute__more_than_there_is_idle__gets_what_there_is(
    create_optimizer, create_strategy, deposit, plan_desk, investor
):
    optimizer = create_optimizer()
    vaults = [create_strategy(optimizer) for _ in range(2)]
    deposit(optimizer, investor, 1000)
    plan_desk.move(optimizer, [(vaults[0], 6000), (vaults[1], 6000)])
    assert [debt_of(optimizer, vault) for vault in vaults] == [dollars(600), dollars(400)]


def test_execute__allowances__are_spent(funded, strategies, usd):
    assert [usd.allowance(funded, strategy) for strategy in strategies] == [0, 0]


# -- I6: whose signature counts


def test_execute__twice__reverts(ready, strategies, plan_desk, yield_plans, thief, pass_time):
    plan = plan_desk.plan(ready, [(strategies[0], 1000)], valid_until=2**40 - 1)
    yield_plans.execute(plan, plan_desk.sign(plan), sender=thief)
    assert yield_plans.isNonceUsed(ready, plan[2])
    pass_time(COOL_DOWN)
    with reverts(yield_plans.YieldPlans__NonceUsed, ready, plan[2]):
        yield_plans.execute(plan, plan_desk.sign(plan), sender=thief)


def test_execute__after_its_time__reverts(ready, strategies, plan_desk, yield_plans, thief, chain):
    plan = plan_desk.plan(ready, [(strategies[0], 1000)])
    chain.mine(timestamp=plan[3] + 1)
    with reverts(yield_plans.YieldPlans__Expired):
        yield_plans.execute(plan, plan_desk.sign(plan), sender=thief)


def test_execute__cancelled__reverts(ready, strategies, plan_desk, yield_plans, guardian, thief):
    plan = plan_desk.plan(ready, [(strategies[0], 1000)])
    yield_plans.cancelNonce(ready, plan[2], sender=guardian)
    with reverts(yield_plans.YieldPlans__NonceUsed, ready, plan[2]):
        yield_plans.execute(plan, plan_desk.sign(plan), sender=thief)


def test_execute__below_quorum__reverts(
    create_optimizer, create_strategy, plan_desk, yield_plans, signer_sets, risk_signers
):
    optimizer = create_optimizer(signers=risk_signers, threshold=2)
    plan = plan_desk.plan(optimizer, [(create_strategy(optimizer), 1000)])
    with reverts(signer_sets.SignerSets__BelowQuorum):
        yield_plans.execute(plan, plan_desk.sign(plan, risk_signers[0]), sender=risk_signers[0])
    yield_plans.execute(plan, plan_desk.sign(plan, *risk_signers[:2]), sender=risk_signers[0])


def test_execute__changed_after_signing__reverts(ready, strategies, plan_desk, yield_plans, signer_sets, thief):
    plan = plan_desk.plan(ready, [(strategies[0], 1000)])
    signatures = plan_desk.sign(plan)
    plan[1] = [(strategies[1].address, 1000)]
    with reverts(signer_sets.SignerSets__BadSignature):
        yield_plans.execute(plan, signatures, sender=thief)


def test_execute__signed_for_another_optimizer__reverts(
    ready, create_optimizer, strategies, plan_desk, yield_plans, signer_sets, thief
):
    """The same signer signs for both; what it signed counts for one."""
    plan = plan_desk.plan(ready, [(strategies[0], 1000)])
    signatures = plan_desk.sign(plan)
    plan[0] = create_optimizer().address
    with reverts(signer_sets.SignerSets__BadSignature):
        yield_plans.execute(plan, signatures, sender=thief)


def test_execute__signed_for_another_contract_or_chain__reverts(
    ready, strategies, plan_desk, yield_plans, access_manager, signer_sets, admin, thief, chain, risk_signer
):
    import ape

    plan = plan_desk.plan(ready, [(strategies[0], 1000)], valid_until=2**40 - 1)
    other = admin.deploy(ape.project.YieldPlans, access_manager, signer_sets)
    with reverts(signer_sets.SignerSets__BadSignature):
        yield_plans.execute(plan, signed(other.hashPlan(plan), risk_signer), sender=thief)
    rpc = chain.provider.web3.provider.make_request
    try:
        rpc("anvil_setChainId", [1])
        elsewhere = bytes(yield_plans.hashPlan(plan))
    finally:
        rpc("anvil_setChainId", [31_337])
    assert elsewhere != bytes(yield_plans.hashPlan(plan))
    with reverts(signer_sets.SignerSets__BadSignature):
        yield_plans.execute(plan, signed(elsewhere, risk_signer), sender=thief)


def test_execute__digest__is_eip712(ready, strategies, plan_desk, yield_plans, chain):
    """A wallet shows and signs the same that the chain checks."""
    from eth_account.messages import encode_typed_data
    from eth_utils import keccak

    plan = plan_desk.plan(ready, [(strategies[0], 1000), (strategies[1], 2000)])
    message = encode_typed_data(
        domain_data={
            "name": "Quantera YieldPlans",
            "version": "1",
            "chainId": chain.chain_id,
            "verifyingContract": yield_plans.address,
        },
        message_types={
            "Plan": [
                {"name": "optimizer", "type": "address"},
                {"name": "targets", "type": "Target[]"},
                {"name": "nonce", "type": "uint256"},
                {"name": "validUntil", "type": "uint40"},
            ],
            "Target": [{"name": "strategy", "type": "address"}, {"name": "weightBps", "type": "uint16"}],
        },
        message_data={
            "optimizer": plan[0],
            "targets": [{"strategy": strategy, "weightBps": weight} for strategy, weight in plan[1]],
            "nonce": plan[2],
            "validUntil": plan[3],
        },
    )
    digest = keccak(b"\x19\x01" + message.header + message.body)
    assert bytes(yield_plans.hashPlan(plan)) == digest


# -- What no signature moves


def test_execute__directly__reverts(ready, strategies, thief):
    with reverts(ready.YieldOptimizer__OnlyPlanner, thief):
        ready.execute([(strategies[0], 1000)], sender=thief)


def test_execute__above_the_cap__reverts(ready, strategies, plan_desk):
    with reverts(ready.YieldOptimizer__CapExceeded, strategies[0], 6001, 6000):
        plan_desk.move(ready, [(strategies[0], 6001)])


def test_execute__cap_lowered_below_what_it_has__moves_down_only(
    funded, strategies, plan_desk, yield_factory, manager, pass_time
):
    yield_factory.tightenCap(funded, strategies[0], 1000, sender=manager)
    pass_time(COOL_DOWN)
    plan_desk.move(funded, [(strategies[0], 2000)])
    assert debt_of(funded, strategies[0]) == dollars(200_000)
    pass_time(COOL_DOWN)
    with reverts(funded.YieldOptimizer__CapExceeded, strategies[0], 2500, 1000):
        plan_desk.move(funded, [(strategies[0], 2500)])


def test_execute__before_the_cool_down__reverts(funded, strategies, plan_desk):
    with reverts(funded.YieldOptimizer__CoolingDown):
        plan_desk.move(funded, [(strategies[0], 3000)])


def test_execute__stranger_or_twice_the_same__reverts(ready, strategies, usd, plan_desk):
    with reverts(ready.YieldOptimizer__NotAStrategy, usd):
        plan_desk.move(ready, [(usd, 1000)])
    with reverts(ready.YieldOptimizer__NamedTwice, strategies[0]):
        plan_desk.move(ready, [(strategies[0], 1000), (strategies[0], 2000)])


def test_execute__too_little_stays_liquid__reverts(ready, strategies, plan_desk, investor):
    """Strategies that pay at once count as liquid; those that do not, do not."""
    strategies[0].setLimit(dollars(600_000), sender=investor)
    plan = [(strategies[0], 6000), (strategies[1], 3100)]
    plan_desk.move(ready, plan)
    strategies[0].setLimit(0, sender=investor)
    strategies[1].setLimit(dollars(5000), sender=investor)
    assert ready.liquidAssets() == dollars(95_000)


def test_execute__illiquid_strategies__keeps_the_least(
    create_optimizer, create_strategy, deposit, plan_desk, investor, pass_time
):
    optimizer = create_optimizer(terms=(3001, *TERMS[1:]))
    vaults = [create_strategy(optimizer) for _ in range(2)]
    deposit(optimizer, investor, 1000)
    plan_desk.move(optimizer, [(vaults[0], 5000)])
    vaults[0].setLimit(0, sender=investor)
    pass_time(COOL_DOWN)
    vaults[1].setLimit(dollars(300), sender=investor)
    plan_desk.move(optimizer, [(vaults[1], 2000)])
    pass_time(COOL_DOWN)
    vaults[1].setLimit(dollars(100), sender=investor)
    with reverts(optimizer.YieldOptimizer__TooLittleLiquid, dollars(300), dollars(1000) * 3001 // 10_000):
        plan_desk.move(optimizer, [(vaults[1], 3000)])


def test_execute__strategy_refuses_to_pay__reverts(funded, strategies, plan_desk, pass_time, investor):
    strategies[0].setPays(REVERTS, sender=investor)
    pass_time(COOL_DOWN)
    with reverts(funded.YieldOptimizer__PullRefused, strategies[0]):
        plan_desk.move(funded, [(strategies[0], 1000)])


def test_execute__names_a_silent_strategy__reverts(funded, strategies, plan_desk, pass_time, investor):
    strategies[0].setReads(SILENT["reverts"], sender=investor)
    pass_time(COOL_DOWN)
    with reverts(funded.YieldOptimizer__Unreadable, strategies[0]):
        plan_desk.move(funded, [(strategies[0], 1000)])
    plan_desk.move(funded, [(strategies[1], 1000)])


def test_execute__strategy_takes_less_than_its_allowance__reverts(ready, strategies, plan_desk, investor):
    strategies[0].setShortBy(1, sender=investor)
    with reverts(ready.YieldOptimizer__TransferMismatch, dollars(100_000), dollars(100_000) - 1):
        plan_desk.move(ready, [(strategies[0], 1000)])


# -- The loss budget


def test_execute__strategy_steals_from_deposits__budget_holds(ready, strategies, plan_desk, pass_time, investor):
    """Half of the budget at once, never more than the budget in a window."""
    strategies[0].setTheft(1000, sender=investor)
    with reverts(ready.YieldOptimizer__LossBudgetExceeded):
        plan_desk.move(ready, [(strategies[0], 1100)])
    plan_desk.move(ready, [(strategies[0], 900)])
    level, capacity, window = ready.lossBucket()
    assert (capacity, window) == (LOSS_BUDGET * WAD // 20_000, 7 * DAY)
    assert abs(level - 9 * WAD // 1000) < WAD // 10**6
    pass_time(COOL_DOWN)
    with reverts(ready.YieldOptimizer__LossBudgetExceeded):
        plan_desk.move(ready, [(strategies[1], 1000), (strategies[0], 2000)])


def test_execute__exit_fee__is_a_loss_when_money_goes_in(ready, strategies, plan_desk, investor):
    """Strategies count at what they would pay, so a fee for leaving is charged to the plan that enters."""
    strategies[0].setExitFee(100, sender=investor)
    receipt = plan_desk.move(ready, [(strategies[0], 5000)])
    (booked,) = receipt.decode_logs(ready.LossBooked)
    assert abs(booked.loss - dollars(5000)) <= 1
    level, _, _ = ready.lossBucket()
    assert abs(level - 5 * WAD // 1000) < WAD // 10**6
    assert abs(ready.totalAssets() - dollars(995_000)) <= 1


def test_execute__losses_before_it__are_not_its_own(funded, strategies, plan_desk, pass_time, investor):
    strategies[0].lose(dollars(30_000), sender=investor)
    pass_time(COOL_DOWN)
    plan_desk.move(funded, [(strategies[1], 1000)])
    assert funded.lossBucket().level == 0
    assert debt_of(funded, strategies[0]) == dollars(370_000)


def test_execute__bucket_drains_over_the_window(ready, strategies, plan_desk, chain, investor):
    strategies[0].setTheft(1000, sender=investor)
    plan_desk.move(ready, [(strategies[0], 900)])
    level = ready.lossBucket().level
    began = chain.blocks.head.timestamp
    chain.mine(timestamp=began + 7 * DAY // 2)
    assert abs(ready.lossBucket().level - (level - LOSS_BUDGET * WAD // 40_000)) <= 1
