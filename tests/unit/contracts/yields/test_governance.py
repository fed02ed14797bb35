"""Roles that may change settings, and the direction in which each may."""

import ape
import pytest

from tests.fixtures.portfolio import USD
from tests.fixtures.protocol import DAY, WAD, YEAR
from tests.fixtures.yields import CAP, CUT, LISTED, TERMS, UNLISTED, debt_of, dollars
from tests.reverts import reverts

LOOSENING = {
    "minLiquidBps": (0, -1),
    "lossBudgetBps": (1, 1),
    "maxGainBps": (2, 1),
    "maxLossBps": (3, 1),
    "lossWindow": (4, -1),
    "coolDown": (5, -1),
    "reportInterval": (6, -1),
    "unlockTime": (7, -1),
}


def changed(field, by, terms=TERMS):
    return [value + by if k == field else value for k, value in enumerate(terms)]


@pytest.mark.parametrize("field, by", LOOSENING.values(), ids=LOOSENING)
def test_tighten_terms__a_field_loosens__reverts(optimizer, yield_factory, manager, field, by):
    with reverts(yield_factory.YieldFactory__TermsNotTighter):
        yield_factory.tightenTerms(optimizer, changed(field, by), sender=manager)


@pytest.mark.parametrize("field, by", LOOSENING.values(), ids=LOOSENING)
def test_tighten_terms__a_field_tightens__at_once(optimizer, yield_factory, manager, field, by):
    yield_factory.tightenTerms(optimizer, changed(field, -by), sender=manager)
    assert list(optimizer.terms()) == changed(field, -by)


INVALID = {
    "too liquid": (0, 10_001),
    "no loss budget": (1, 0),
    "all may be lost and more": (1, 10_001),
    "gain above all": (2, 10_001),
    "no loss": (3, 0),
    "loss above all": (3, 10_001),
    "window too short": (4, 3599),
    "window too long": (4, YEAR + 1),
    "cools for ever": (5, 30 * DAY + 1),
    "reports at once": (6, 3599),
    "reports never": (6, 30 * DAY + 1),
    "unlocks at once": (7, 3599),
    "unlocks never": (7, YEAR + 1),
}


@pytest.mark.parametrize("field, value", INVALID.values(), ids=INVALID)
def test_set_terms__out_of_bounds__reverts(optimizer, yield_factory, usd, manager, field, value):
    terms = [value if k == field else old for k, old in enumerate(TERMS)]
    with reverts(yield_factory.YieldFactory__InvalidTerms):
        yield_factory.setTerms(optimizer, terms, sender=manager)
    with reverts(yield_factory.YieldFactory__InvalidTerms):
        yield_factory.createOptimizer(("x", "x", usd, terms), b"\x01" * 32, sender=manager)


def test_set_terms__what_is_in_the_bucket_stays(
    optimizer, strategies, deposit, plan_desk, yield_factory, manager, investor
):
    deposit(optimizer, investor, 1000)
    strategies[0].setTheft(1000, sender=investor)
    plan_desk.move(optimizer, [(strategies[0], 900)])
    before = optimizer.lossBucket().level
    yield_factory.setTerms(optimizer, changed(1, 300), sender=manager)
    level, capacity, _ = optimizer.lossBucket()
    assert before - WAD // 10**6 < level <= before
    assert capacity == 500 * WAD // 20_000


def test_set_terms__what_is_locked_stays_locked(funded, strategies, earn, pass_time, keeper, yield_factory, manager):
    earn(strategies[0], 10_000)
    pass_time(DAY)
    funded.report(strategies[0], sender=keeper)
    end = funded.lockedProfit().unlockedAt
    yield_factory.setTerms(funded, changed(7, -6 * DAY), sender=manager)
    assert funded.lockedProfit().unlockedAt == end


def test_tighten_cap__up__reverts(optimizer, strategies, yield_factory, manager):
    with reverts(yield_factory.YieldFactory__CapNotTighter, strategies[0], CAP, CAP + 1):
        yield_factory.tightenCap(optimizer, strategies[0], CAP + 1, sender=manager)
    yield_factory.tightenCap(optimizer, strategies[0], CAP - 1, sender=manager)
    assert optimizer.strategyOf(strategies[0]).capBps == CAP - 1


def test_set_cap__above_all__reverts(optimizer, strategies, yield_factory, manager):
    with reverts(yield_factory.YieldFactory__InvalidCap, strategies[0], 10_001):
        yield_factory.setCap(optimizer, strategies[0], 10_001, sender=manager)
    yield_factory.setCap(optimizer, strategies[0], 10_000, sender=manager)
    assert optimizer.strategyOf(strategies[0]).capBps == 10_000


def test_add_strategy__refused__reverts(
    optimizer, strategies, create_strategy, create_settlement, yield_factory, manager, admin
):
    other = admin.deploy(ape.project.MockStrategy, create_settlement("EUR"))
    with reverts(optimizer.YieldOptimizer__InvalidStrategy, other):
        yield_factory.addStrategy(optimizer, other, CAP, sender=manager)
    with reverts(optimizer.YieldOptimizer__InvalidStrategy, optimizer):
        yield_factory.addStrategy(optimizer, optimizer, CAP, sender=manager)
    with reverts(optimizer.YieldOptimizer__StrategyExists, strategies[0]):
        yield_factory.addStrategy(optimizer, strategies[0], CAP, sender=manager)
    with reverts(yield_factory.YieldFactory__InvalidCap):
        yield_factory.addStrategy(optimizer, other, 10_001, sender=manager)
    for _ in range(8):
        create_strategy(optimizer)
    with reverts(optimizer.YieldOptimizer__TooManyStrategies, 10):
        create_strategy(optimizer)


def test_create_optimizer__asset_of_many_decimals__reverts(yield_factory, optimizer, create_settlement, manager):
    asset = create_settlement("LONG", 19)
    with reverts(optimizer.YieldOptimizer__InvalidAsset, asset):
        yield_factory.createOptimizer(("x", "x", asset, TERMS), b"\x02" * 32, sender=manager)


def test_remove_strategy__owes__reverts(funded, strategies, yield_factory, manager):
    with reverts(funded.YieldOptimizer__StrategyOwes, strategies[0], dollars(400_000)):
        yield_factory.removeStrategy(funded, strategies[0], sender=manager)


def test_remove_strategy__paid_back__is_gone(funded, strategies, yield_factory, guardian, manager):
    yield_factory.cutStrategy(funded, strategies[0], sender=guardian)
    yield_factory.removeStrategy(funded, strategies[0], sender=manager)
    assert [found.vault for found in funded.strategies()] == [strategies[1].address]
    with reverts(funded.YieldOptimizer__NotAStrategy, strategies[0]):
        funded.strategyOf(strategies[0])
    assert debt_of(funded, strategies[1]) == dollars(400_000)


def test_remove_strategy__owes_dust__is_written_off(
    create_optimizer, create_strategy, deposit, plan_desk, yield_factory, manager, investor
):
    optimizer = create_optimizer()
    strategy = create_strategy(optimizer)
    deposit(optimizer, investor, 1)
    strategy.setLimit(7, sender=investor)
    plan_desk.move(optimizer, [(strategy, 1000)])
    assert debt_of(optimizer, strategy) == 7
    receipt = yield_factory.removeStrategy(optimizer, strategy, sender=manager)
    (booked,) = receipt.decode_logs(optimizer.LossBooked)
    assert (booked.strategy, booked.loss, booked.debt) == (strategy.address, 7, 0)
    assert optimizer.totalAssets() == USD - 7


def test_restore__cut__takes_money_again(funded, strategies, yield_factory, guardian, manager, plan_desk, pass_time):
    with reverts(funded.YieldOptimizer__NotCut, strategies[0]):
        yield_factory.restoreStrategy(funded, strategies[0], sender=manager)
    yield_factory.cutStrategy(funded, strategies[0], sender=guardian)
    assert funded.strategyOf(strategies[0]).status == CUT
    yield_factory.restoreStrategy(funded, strategies[0], sender=manager)
    assert funded.strategyOf(strategies[0]).status == LISTED != UNLISTED
    pass_time(DAY)
    plan_desk.move(funded, [(strategies[0], 4000)])
    assert abs(debt_of(funded, strategies[0]) - dollars(400_000)) <= 1


FACTORY_ONLY = {
    "addStrategy": lambda s: (s, 1),
    "removeStrategy": lambda s: (s,),
    "setCap": lambda s: (s, 1),
    "setTerms": lambda _: (TERMS,),
    "cut": lambda s: (s,),
    "restore": lambda s: (s,),
    "emergencyExit": lambda _: (),
    "reopen": lambda _: (),
}


@pytest.mark.parametrize("function", FACTORY_ONLY)
def test_optimizer__not_the_factory__reverts(optimizer, strategies, admin, function):
    with reverts(optimizer.YieldOptimizer__OnlyFactory, admin):
        getattr(optimizer, function)(*FACTORY_ONLY[function](strategies[0]), sender=admin)


GOVERNED = {
    "createOptimizer": ("manager", lambda o, s: (("x", "x", o.asset(), TERMS), b"\x03" * 32)),
    "addStrategy": ("manager", lambda o, s: (o, s, 1)),
    "setCap": ("manager", lambda o, s: (o, s, 1)),
    "setTerms": ("manager", lambda o, s: (o, TERMS)),
    "restoreStrategy": ("manager", lambda o, s: (o, s)),
    "removeStrategy": ("manager", lambda o, s: (o, s)),
    "reopen": ("manager", lambda o, s: (o,)),
    "tightenCap": ("manager", lambda o, s: (o, s, 1)),
    "tightenTerms": ("manager", lambda o, s: (o, TERMS)),
    "cutStrategy": ("guardian", lambda o, s: (o, s)),
    "emergencyExit": ("guardian", lambda o, s: (o,)),
}


@pytest.mark.parametrize("function", GOVERNED)
def test_factory__anyone_else__reverts(optimizer, strategies, yield_factory, actors, function):
    role, arguments = GOVERNED[function]
    for name in {"manager", "guardian", "thief", "keeper"} - {role}:
        with reverts(yield_factory.AccessManagedUnauthorized, actors[name]):
            getattr(yield_factory, function)(*arguments(optimizer, strategies[0]), sender=actors[name])


def test_factory__not_an_optimizer__reverts(yield_factory, usd, guardian):
    with reverts(yield_factory.YieldFactory__NotAnOptimizer, usd):
        yield_factory.emergencyExit(usd, sender=guardian)


def test_cancel_nonce__thief__reverts(yield_plans, optimizer, thief):
    with reverts(yield_plans.AccessManagedUnauthorized, thief):
        yield_plans.cancelNonce(optimizer, 1, sender=thief)
