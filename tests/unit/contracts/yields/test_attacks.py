"""Thieves: donors, front-runners, strategies that lie, steal or call back. Each states what it wins at most."""

import pytest

from tests.fixtures.protocol import DAY
from tests.fixtures.yields import (
    BURNS_GAS,
    CAP,
    COOL_DOWN,
    HONEST,
    MAX_GAIN,
    REPORT_INTERVAL,
    REVERTS,
    TERMS,
    UNLOCK_TIME,
    debt_of,
    dollars,
)

MILLION = dollars(1_000_000)


@pytest.fixture
def wealth(usd, thief):
    """The thief's wealth in dollars."""
    return lambda: usd.balanceOf(thief)


# -- Donations


def test_inflation_attack__first_depositor__loses_the_donation(
    optimizer, usd, give_usd, deposit, thief, investor, wealth
):
    """Assets that are sent here count nothing, so there is no price to inflate."""
    give_usd(thief, 20_000)
    usd.approve(optimizer, 1, sender=thief)
    optimizer.deposit(1, thief, sender=thief)
    usd.transfer(optimizer, dollars(10_000), sender=thief)
    deposit(optimizer, investor, 10_000)
    optimizer.redeem(optimizer.balanceOf(thief), thief, thief, sender=thief)
    assert dollars(20_000) - wealth() >= dollars(10_000)
    assert optimizer.convertToAssets(optimizer.balanceOf(investor)) == dollars(10_000)


def test_inflation_attack__through_a_strategy__waits_for_reports(
    optimizer, strategies, usd, give_usd, deposit, plan_desk, keeper, thief, investor, wealth, pass_time
):
    """A donation to a strategy is a gain like any other: bounded, and locked when the victim comes."""
    give_usd(thief, 20_000)
    usd.approve(optimizer, dollars(1), sender=thief)
    optimizer.deposit(dollars(1), thief, sender=thief)
    plan_desk.move(optimizer, [(strategies[0], CAP)])
    usd.transfer(strategies[0], dollars(10_000), sender=thief)
    pass_time(REPORT_INTERVAL)
    optimizer.report(strategies[0], sender=keeper)
    assert deposit(optimizer, investor, 10_000) == 10_000 * 10**12
    optimizer.redeem(optimizer.balanceOf(thief), thief, thief, sender=thief)
    assert wealth() <= dollars(10_000)
    assert optimizer.convertToAssets(optimizer.balanceOf(investor)) >= dollars(10_000)


def test_donation__of_strategy_shares__does_not_move_the_price(funded, strategies, usd, give_usd, thief):
    give_usd(thief, 100_000)
    usd.approve(strategies[0], dollars(100_000), sender=thief)
    strategies[0].deposit(dollars(100_000), thief, sender=thief)
    strategies[0].transfer(funded, strategies[0].balanceOf(thief), sender=thief)
    assert funded.totalAssets() == funded.exitAssets() == MILLION
    assert funded.strategyOf(strategies[0]).shares < strategies[0].balanceOf(funded)


# -- Profit that is not the thief's


def test_jit_deposit__before_a_report__wins_nothing(
    funded, strategies, earn, deposit, thief, keeper, wealth, pass_time, investor
):
    """A hundred times the others' money, in just before a report and out just after it."""
    earn(strategies[0], 20_000)
    pass_time(REPORT_INTERVAL)
    deposit(funded, thief, 100_000_000)
    funded.report(strategies[0], sender=keeper)
    funded.redeem(funded.balanceOf(thief), thief, thief, sender=thief)
    assert dollars(100_000_000) - dollars(1) < wealth() <= dollars(100_000_000) + dollars(1)
    pass_time(UNLOCK_TIME)
    assert funded.convertToAssets(funded.balanceOf(investor)) > MILLION + dollars(19_990)


@pytest.mark.parametrize("reported", [True, False], ids=["locked", "not yet reported"])
def test_jit_deposit__out_in_kind__wins_nothing(
    funded, strategies, earn, deposit, thief, keeper, wealth, pass_time, reported
):
    """Shares of strategies are worth more than the books say: they leave at what they are worth."""
    earn(strategies[0], 20_000)
    pass_time(REPORT_INTERVAL)
    if reported:
        funded.report(strategies[0], sender=keeper)
    deposit(funded, thief, 100_000_000)
    funded.redeemInKind(funded.balanceOf(thief), thief, thief, sender=thief)
    for strategy in strategies:
        strategy.redeem(strategy.balanceOf(thief), thief, thief, sender=thief)
    slip = dollars(2)  # of a lock that moved on for some seconds: 20,000 dollars unlock in a week
    assert wealth() <= dollars(100_000_000) + slip
    assert funded.totalAssets() >= MILLION


def test_loss_sandwich__leaving_before_it_is_reported__pays_its_part(
    funded, strategies, investor, thief, deposit, wealth
):
    """A loss counts in the exit that comes right after it, before anybody reported it."""
    deposit(funded, thief, 1_000_000)
    strategies[0].lose(dollars(100_000), sender=investor)
    funded.redeem(funded.balanceOf(thief), thief, thief, sender=thief)
    assert abs(wealth() - dollars(950_000)) <= 1
    assert abs(funded.convertToAssets(funded.balanceOf(investor)) - dollars(950_000)) <= 2


def test_loss_sandwich__buying_after_it__pays_the_true_price(funded, strategies, investor, thief, deposit, keeper):
    strategies[0].lose(dollars(100_000), sender=investor)
    deposit(funded, thief, 900_000)
    before = funded.convertToAssets(funded.balanceOf(thief))
    funded.report(strategies[0], sender=keeper)
    assert abs(before - dollars(900_000)) <= 1
    assert abs(funded.convertToAssets(funded.balanceOf(thief)) - before) <= 1


# -- Strategies that lie


def test_lie__upwards__counts_little_and_late(funded, strategies, thief, keeper, pass_time, investor):
    """A strategy says that it doubled: nothing at once, five percent of its debt a report, over a week each."""
    strategies[0].setLie(dollars(400_000), sender=thief)
    assert funded.totalAssets() == MILLION
    for day in range(1, 8):
        pass_time(REPORT_INTERVAL)
        funded.report(strategies[0], sender=keeper)
        believed = 400_000 * ((1 + MAX_GAIN / 10_000) ** day - 1)
        assert funded.totalAssets() <= MILLION + dollars(round(believed)) + dollars(1)
    assert debt_of(funded, strategies[0]) == pytest.approx(dollars(400_000) * 1.05**7, rel=1e-9)


def test_lie__upwards__worst_case__is_the_cap(
    create_optimizer, create_strategy, deposit, plan_desk, thief, investor, keeper, wealth, pass_time
):
    """The liar stole all of its cap and says that it grows. Together holders lose the cap, and those
    who leave last also lose what the first took above it: their part of what reports counted."""
    optimizer = create_optimizer()
    liar = create_strategy(optimizer, 3000)
    deposit(optimizer, investor, 700_000)
    deposit(optimizer, thief, 300_000)
    plan_desk.move(optimizer, [(liar, 3000)])
    liar.lose(dollars(300_000), sender=thief)
    liar.setLie(dollars(1_000_000), sender=thief)
    for _ in range(14):
        pass_time(REPORT_INTERVAL)
        optimizer.report(liar, sender=keeper)
    pass_time(UNLOCK_TIME)
    believed = int(300_000 * 1.05**14)
    assert abs(optimizer.totalAssets() - dollars(700_000 + believed)) <= dollars(2)
    optimizer.redeem(optimizer.balanceOf(thief), thief, thief, sender=thief)
    share = dollars(700_000 + believed) * 3 // 10
    assert abs(wealth() - share) <= dollars(2)
    left = dollars(700_000) - wealth()
    assert optimizer.idle() == left, "what is left for the others is real money"
    assert left >= dollars(700_000) - dollars(300_000) * (7 + 3 * 1.05**14) / 10 - dollars(2)


def test_lie__downwards__is_a_loss__recovers_slowly(
    funded, strategies, thief, deposit, investor, keeper, pass_time, wealth
):
    """Whoever can push a strategy's word down buys cheap, and waits for reports to sell: bounded by `maxGainBps`."""
    strategies[0].setExitFee(900, sender=investor)
    deposit(funded, thief, 1_000_000)
    strategies[0].setExitFee(0, sender=investor)
    funded.redeem(funded.balanceOf(thief), thief, thief, sender=thief)
    assert wealth() <= dollars(1_000_000)


def test_silence__at_will__wins_nothing(funded, strategies, thief, deposit, investor, wealth):
    """A strategy that falls silent whenever its owner wants makes leavers pay and lets nobody in cheap."""
    deposit(funded, thief, 1_000_000)
    strategies[0].setReads(REVERTS, sender=thief)
    assert funded.maxDeposit(thief) == 0
    funded.redeem(funded.balanceOf(thief), thief, thief, sender=thief)
    strategies[0].setReads(HONEST, sender=thief)
    assert wealth() < dollars(1_000_000)
    assert funded.convertToAssets(funded.balanceOf(investor)) >= MILLION


# -- Strategies that steal


def test_theft__on_the_way_out__others_pay__nobody_is_stuck(funded, strategies, investor, usd):
    """A theft by a strategy that pays is the strategy's loss, and has its name."""
    strategies[0].setTheft(500, sender=investor)
    receipt = funded.withdraw(dollars(400_000), investor, investor, sender=investor)
    (booked,) = receipt.decode_logs(funded.LossBooked)
    assert booked.strategy == strategies[0].address
    assert usd.balanceOf(investor) == dollars(400_000)
    assert funded.totalAssets() == funded.idle() + debt_of(funded, strategies[0]) + debt_of(funded, strategies[1])


def test_theft__paid_for_by_an_unreported_gain__next_depositor_keeps_the_deposit(
    funded, strategies, earn, deposit, investor, counterparty
):
    """The gain replaces what was stolen: none of it is profit, which would be locked behind money that is gone."""
    strategies[0].setTheft(149, sender=investor)
    earn(strategies[1], 34_000)
    funded.withdraw(funded.maxWithdraw(investor), investor, investor, sender=investor)
    booked = funded.idle() + debt_of(funded, strategies[0]) + debt_of(funded, strategies[1])
    assert funded.lockedProfit()[0] <= booked
    deposit(funded, counterparty, 100)
    assert funded.previewRedeem(funded.balanceOf(counterparty)) >= dollars(100) - 1


def test_hostile_everywhere__exit_in_kind_passes(create_optimizer, create_strategy, deposit, plan_desk, investor, usd):
    """Ten strategies that burn all the gas they get, whatever they are asked."""
    optimizer = create_optimizer(terms=(0, *TERMS[1:]))
    hostile = [create_strategy(optimizer, 1000) for _ in range(10)]
    deposit(optimizer, investor, 1_000_000)
    plan_desk.move(optimizer, [(strategy, 900) for strategy in hostile])
    for strategy in hostile:
        strategy.setReads(BURNS_GAS, sender=investor)
        strategy.setPays(BURNS_GAS, sender=investor)
        strategy.refuseTransfers(True, sender=investor)
    receipt = optimizer.redeemInKind(optimizer.balanceOf(investor), investor, investor, sender=investor)
    assert dollars(100_000) - 1 <= usd.balanceOf(investor) <= dollars(100_000)
    assert len(receipt.decode_logs(optimizer.MadeClaimable)) == 10
    assert receipt.gas_used < 6_000_000


# -- Reentrancy


CALLS = {
    "deposit": lambda o, s, t: o.deposit.encode_input(1, t),
    "redeem": lambda o, s, t: o.redeem.encode_input(1, t, t),
    "redeemInKind": lambda o, s, t: o.redeemInKind.encode_input(1, t, t),
    "claim": lambda o, s, t: o.claim.encode_input(s, t),
    "report": lambda o, s, t: o.report.encode_input(s),
    "recall": lambda o, s, t: o.recall.encode_input(s),
    "totalAssets": lambda o, s, t: o.totalAssets.encode_input(),
    "convertToAssets": lambda o, s, t: o.convertToAssets.encode_input(1),
    "maxRedeem": lambda o, s, t: o.maxRedeem.encode_input(t),
    "previewDeposit": lambda o, s, t: o.previewDeposit.encode_input(1),
    "strategies": lambda o, s, t: o.strategies.encode_input(),
    "idle": lambda o, s, t: o.idle.encode_input(),
}


@pytest.mark.parametrize("function", CALLS)
@pytest.mark.parametrize("when", ["paid in", "called back"])
def test_reentrancy__from_a_strategy__is_refused(
    funded, strategies, plan_desk, investor, thief, pass_time, function, when
):
    """While money moves nothing answers, views included: nobody trades on half-written books."""
    pass_time(COOL_DOWN)
    strategies[0].callBack(funded, CALLS[function](funded, strategies[0], thief), sender=thief)
    plan_desk.move(funded, [(strategies[0], 5000 if when == "paid in" else 1000)])
    assert strategies[0].refused()
    assert bytes(strategies[0].reason())[:4] == bytes.fromhex("3ee5aeb5"), "ReentrancyGuardReentrantCall()"


def test_read__more_than_a_day_of_silence__changes_nothing(funded, strategies, investor, pass_time):
    strategies[0].setReads(REVERTS, sender=investor)
    pass_time(30 * DAY)
    assert funded.totalAssets() == MILLION
