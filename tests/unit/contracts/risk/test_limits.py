"""Roles that tighten and loosen a portfolio's limits, and limits that hold for every portfolio."""

import pytest

from tests.fixtures.portfolio import LIMITS, NO_LIMITS
from tests.reverts import reverts

TIGHTER = (200, 4000, 2000, 5000, 150, 250, 100, 90, 1500, 8000, 300, 9000, 50, 4, -5000)
SHARPE_FIELD = 14


# -- Limits


def test_tighten_limits__lower__acts_at_once(risk_engine, invested, manager):
    risk_engine.tightenLimits(invested, TIGHTER, sender=manager)
    assert tuple(risk_engine.limitsOf(invested)) == TIGHTER


def test_tighten_limits__any_loosens__reverts(risk_engine, portfolio, manager):
    risk_engine.tightenLimits(portfolio, TIGHTER, sender=manager)
    for index in range(len(TIGHTER)):
        limits = list(TIGHTER)
        limits[index] += 1 if index != SHARPE_FIELD else -1
        with reverts(risk_engine.RiskEngine__NotTighter):
            risk_engine.tightenLimits(portfolio, limits, sender=manager)


def test_set_limits__out_of_range__reverts(risk_engine, portfolio, manager):
    zeros = [(1, 1, 1, 1, *[1] * k, 0) for k in range(9)]
    drawdowns = [(1, 1, 0, 1), (1, 1, 2, 1), (1, 1, 1, 10_001)]
    for first in [(0, 1, 1, 1), (10_001, 1, 1, 1), (1, 0, 1, 1), (1, 10_001, 1, 1), *drawdowns, *zeros]:
        with reverts(risk_engine.RiskEngine__InvalidLimits):
            risk_engine.setLimits(portfolio, (*first, *NO_LIMITS[len(first) :]), sender=manager)


def test_set_limits__thief__reverts(risk_engine, portfolio, thief):
    with reverts(risk_engine.AccessManagedUnauthorized, thief):
        risk_engine.setLimits(portfolio, LIMITS, sender=thief)


# -- Limits that hold for everybody


def test_floors__guardian_tightens__hold_for_every_portfolio_at_once(risk_engine, portfolio, guardian):
    risk_engine.tightenFloors(TIGHTER, sender=guardian)
    assert tuple(risk_engine.limitsOf(portfolio)) == TIGHTER
    assert tuple(risk_engine.floors()) == TIGHTER


def test_floors__manager_sets_looser_limits__the_floors_hold(risk_engine, portfolio, guardian, manager):
    risk_engine.tightenFloors(TIGHTER, sender=guardian)
    risk_engine.setLimits(portfolio, NO_LIMITS, sender=manager)
    assert tuple(risk_engine.limitsOf(portfolio)) == TIGHTER


def test_floors__portfolio_is_tighter__its_own_hold(risk_engine, portfolio, guardian, manager):
    risk_engine.tightenFloors((250, *NO_LIMITS[1:]), sender=guardian)
    risk_engine.tightenLimits(portfolio, (100, *LIMITS[1:]), sender=manager)
    assert risk_engine.limitsOf(portfolio).maxVar99Bps == 100


def test_floors__guardian_loosens__reverts(risk_engine, guardian):
    risk_engine.tightenFloors(TIGHTER, sender=guardian)
    with reverts(risk_engine.RiskEngine__NotTighter):
        risk_engine.tightenFloors(NO_LIMITS, sender=guardian)


@pytest.mark.parametrize("actor", ["manager", "guardian", "thief"])
def test_floors__set_by_anyone_but_admin__reverts(risk_engine, actors, actor):
    with reverts(risk_engine.AccessManagedUnauthorized, actors[actor]):
        risk_engine.setFloors(NO_LIMITS, sender=actors[actor])


def test_floors__admin__may_loosen(risk_engine, guardian, admin):
    risk_engine.tightenFloors(TIGHTER, sender=guardian)
    risk_engine.setFloors(NO_LIMITS, sender=admin)
    assert tuple(risk_engine.floors()) == NO_LIMITS
