"""Limits, metrics and the breaker's states."""

import math

import pytest

from tests.fixtures.portfolio import (
    COOLING,
    DE_RISK_ONLY,
    HALTED,
    LIMITS,
    NORMAL,
    USD,
    buy_each,
    flat_covariance,
    order,
)
from tests.fixtures.protocol import DAY, WAD
from tests.reverts import reverts

VAR, WEIGHT, DRAWDOWN = 0, 1, 2
Z99 = 2.326347874040841


def wait(chain, seconds):
    chain.mine(timestamp=chain.pending_timestamp + seconds)


def scale(feed, factor, sender):
    answer = feed.latestRoundData()[1]
    feed.setAnswer(int(answer * factor), sender=sender)


@pytest.fixture
def crash(universe, admin):
    """`crash(factor)`: every stock's price times the factor."""

    def crashed(factor):
        for feed in universe.feeds:
            scale(feed, factor, admin)

    return crashed


# -- Metrics


def test_metrics__invested__match_the_formula(risk_engine, invested):
    metrics = risk_engine.metrics(invested)
    values = invested.positions().values
    nav = sum(values)
    weights = [value / nav for value in values[1:]]
    variance = sum(
        wi * wj * (1e-4 if i == j else 0.5e-4) for i, wi in enumerate(weights) for j, wj in enumerate(weights)
    )
    assert metrics.nav == nav
    assert metrics.volatility / WAD == pytest.approx(math.sqrt(variance), rel=1e-9)
    assert metrics.var99 / WAD == pytest.approx(Z99 * math.sqrt(variance), rel=1e-9)
    assert metrics.var95 / WAD == pytest.approx(1.6448536269514722 * math.sqrt(variance), rel=1e-9)
    assert metrics.maxWeight / WAD == pytest.approx(max(weights), rel=1e-9)


def test_metrics__all_cash__no_risk(risk_engine, portfolio, deposit, investor, post_model):
    deposit(portfolio, investor, 1000)
    post_model()
    assert risk_engine.metrics(portfolio).var99 == 0


def test_metrics__no_model__reverts(risk_engine, create_universe, create_portfolio):
    other = create_universe()
    portfolio = create_portfolio(assets=other.stocks, universe_id=other.id)
    with reverts(risk_engine.RiskEngine__NoModel, other.id):
        risk_engine.metrics(portfolio)


def test_metrics__model_expired__reverts(risk_engine, universe, invested, chain):
    expiry = risk_engine.modelOf(universe.id).expiry
    wait(chain, 10 * DAY)
    with reverts(risk_engine.RiskEngine__ModelExpired, universe.id, expiry):
        risk_engine.metrics(invested)


def test_metrics__unregistered__reverts(risk_engine, thief):
    with reverts(risk_engine.RiskEngine__NotRegistered, thief):
        risk_engine.metrics(thief)


# -- Trip and recover


def test_trip__inside_limits__reverts(risk_engine, invested, thief):
    with reverts(risk_engine.RiskEngine__NothingToTrip, invested, NORMAL):
        risk_engine.trip(invested, sender=thief)


def test_trip__var_above_its_limit__anyone_moves_it_to_de_risk_only(risk_engine, invested, post_model, thief):
    post_model(flat_covariance(3, volatility=0.05))
    risk_engine.trip(invested, sender=thief)
    assert risk_engine.stateOf(invested) == DE_RISK_ONLY


def test_trip__drawdown_above_its_limit__de_risk_only(risk_engine, invested, crash, thief):
    crash(0.45)
    risk_engine.trip(invested, sender=thief)
    assert risk_engine.stateOf(invested) == DE_RISK_ONLY


def test_trip__drawdown_above_its_second_limit__halted(risk_engine, invested, manager, thief, crash):
    risk_engine.tightenLimits(invested, (300, 5000, 1000, 2000), sender=manager)
    crash(0.5)
    risk_engine.trip(invested, sender=thief)
    assert risk_engine.stateOf(invested) == HALTED


def test_trip__twice__reverts(risk_engine, invested, post_model, thief):
    post_model(flat_covariance(3, volatility=0.05))
    risk_engine.trip(invested, sender=thief)
    with reverts(risk_engine.RiskEngine__NothingToTrip, invested, DE_RISK_ONLY):
        risk_engine.trip(invested, sender=thief)


def test_recover__cooled_and_inside__normal(risk_engine, invested, post_model, chain, thief):
    post_model(flat_covariance(3, volatility=0.05))
    risk_engine.trip(invested, sender=thief)
    wait(chain, COOLING)
    post_model()
    risk_engine.recover(invested, sender=thief)
    assert risk_engine.stateOf(invested) == NORMAL


def test_recover__cooling__reverts(risk_engine, invested, post_model, thief):
    post_model(flat_covariance(3, volatility=0.05))
    risk_engine.trip(invested, sender=thief)
    post_model()
    with reverts(risk_engine.RiskEngine__CoolingDown):
        risk_engine.recover(invested, sender=thief)


def test_recover__still_outside__reverts(risk_engine, invested, post_model, chain, thief):
    post_model(flat_covariance(3, volatility=0.05))
    risk_engine.trip(invested, sender=thief)
    wait(chain, COOLING)
    with reverts(risk_engine.RiskEngine__StillOutside):
        risk_engine.recover(invested, sender=thief)


def test_recover__normal__reverts(risk_engine, invested, thief):
    with reverts(risk_engine.RiskEngine__WrongState, invested, NORMAL):
        risk_engine.recover(invested, sender=thief)


def test_recover__set_by_the_guardian__needs_reopening(risk_engine, invested, guardian, thief, chain):
    risk_engine.deRisk(invested, sender=guardian)
    wait(chain, COOLING)
    with reverts(risk_engine.RiskEngine__NeedsReopening, invested, DE_RISK_ONLY):
        risk_engine.recover(invested, sender=thief)


def test_reopen__admin__normal(risk_engine, invested, guardian, admin):
    risk_engine.shutdown(invested, sender=guardian)
    risk_engine.reopen(invested, sender=admin)
    assert risk_engine.stateOf(invested) == NORMAL


def test_de_risk__halted__cannot_loosen(risk_engine, invested, guardian):
    risk_engine.shutdown(invested, sender=guardian)
    with reverts(risk_engine.RiskEngine__WrongState, invested, HALTED):
        risk_engine.deRisk(invested, sender=guardian)


@pytest.mark.parametrize("function", ["deRisk", "shutdown", "reopen", "resetHighWaterMark"])
def test_states__thief__reverts(risk_engine, invested, thief, function):
    with reverts(risk_engine.AccessManagedUnauthorized, thief):
        getattr(risk_engine, function)(invested, sender=thief)


# -- Drawdown


def test_checkpoint__price_rose__raises_the_high_water_mark(risk_engine, invested, crash, thief):
    crash(1.1)
    risk_engine.checkpoint(invested, sender=thief)
    metrics = risk_engine.metrics(invested)
    assert metrics.highWaterMark == metrics.sharePrice
    assert metrics.drawdown == 0


def test_checkpoint__price_fell__keeps_the_high_water_mark(risk_engine, invested, crash, thief):
    before = risk_engine.metrics(invested).highWaterMark
    crash(0.9)
    risk_engine.checkpoint(invested, sender=thief)
    after = risk_engine.metrics(invested)
    assert after.highWaterMark == before
    assert after.drawdown / WAD == pytest.approx(1 - after.sharePrice / before, rel=1e-9)


def test_reset_high_water_mark__manager__forgives_the_drawdown(risk_engine, invested, crash, manager):
    crash(0.8)
    risk_engine.resetHighWaterMark(invested, sender=manager)
    assert risk_engine.metrics(invested).drawdown == 0


# -- Limits


def test_tighten_limits__lower__acts_at_once(risk_engine, invested, manager):
    risk_engine.tightenLimits(invested, (200, 4000, 2000, 5000), sender=manager)
    assert tuple(risk_engine.limitsOf(invested)) == (200, 4000, 2000, 5000)


@pytest.mark.parametrize("index", range(4))
def test_tighten_limits__any_rises__reverts(risk_engine, invested, manager, index):
    limits = list(LIMITS)
    limits[index] += 1
    with reverts(risk_engine.RiskEngine__NotTighter):
        risk_engine.tightenLimits(invested, limits, sender=manager)


@pytest.mark.parametrize(
    "limits",
    [
        (0, 1, 1, 1),
        (10_001, 1, 1, 1),
        (1, 0, 1, 1),
        (1, 10_001, 1, 1),
        (1, 1, 0, 1),
        (1, 1, 2, 1),
        (1, 1, 1, 10_001),
    ],
)
def test_set_limits__out_of_range__reverts(risk_engine, invested, manager, limits):
    with reverts(risk_engine.RiskEngine__InvalidLimits):
        risk_engine.setLimits(invested, limits, sender=manager)


def test_set_limits__thief__reverts(risk_engine, invested, thief):
    with reverts(risk_engine.AccessManagedUnauthorized, thief):
        risk_engine.setLimits(invested, LIMITS, sender=thief)


# -- I3, through rebalances


def test_rebalance__weight_above_its_limit__reverts(
    risk_engine, portfolio, market, post_model, deposit, desk, universe, usd, investor
):
    deposit(portfolio, investor, 1_000_000)
    post_model(flat_covariance(3, volatility=0.001))
    orders = [order(portfolio, usd, universe.stocks[0], 600_000 * USD, market[0])]
    with reverts(risk_engine.RiskEngine__LimitBreached):
        desk.rebalance(portfolio, [4 * WAD // 10, 6 * WAD // 10, 0, 0], orders, band=1000)


def test_rebalance__var_above_its_limit__reverts(
    risk_engine, portfolio, market, post_model, deposit, desk, universe, usd, investor
):
    deposit(portfolio, investor, 1_000_000)
    post_model(flat_covariance(3, volatility=0.05))
    with reverts(risk_engine.RiskEngine__LimitBreached):
        buy_each(desk, portfolio, universe, usd, market, 200_000)


def test_rebalance__outside_and_closer__passes(risk_engine, invested, market, post_model, desk, universe, usd):
    post_model(flat_covariance(3, volatility=0.05))
    before = risk_engine.metrics(invested).var99
    sell_some(desk, invested, universe, usd, market)
    after = risk_engine.metrics(invested).var99
    assert LIMITS[0] * WAD // 10_000 < after < before


def test_rebalance__outside_and_further__reverts(risk_engine, invested, market, post_model, desk, universe, usd):
    post_model(flat_covariance(3, volatility=0.05))
    with reverts(risk_engine.RiskEngine__LimitBreached):
        buy_more(desk, invested, universe, usd, market)


def test_rebalance__de_risk_only__may_not_raise_var(risk_engine, invested, market, desk, universe, usd, guardian):
    risk_engine.deRisk(invested, sender=guardian)
    with reverts(risk_engine.RiskEngine__OnlyDeRisking):
        buy_more(desk, invested, universe, usd, market)


def test_rebalance__de_risk_only__may_lower_var(risk_engine, invested, market, desk, universe, usd, guardian):
    risk_engine.deRisk(invested, sender=guardian)
    before = risk_engine.metrics(invested).var99
    sell_some(desk, invested, universe, usd, market)
    assert risk_engine.metrics(invested).var99 < before


def test_rebalance__shut_down__reverts(risk_engine, invested, market, desk, universe, usd, guardian):
    risk_engine.shutdown(invested, sender=guardian)
    with reverts(risk_engine.RiskEngine__TradingHalted, invested):
        sell_some(desk, invested, universe, usd, market)


def test_rebalance__drawdown_untripped__counts_as_de_risk_only(
    risk_engine, invested, market, desk, universe, usd, crash, manager
):
    risk_engine.tightenLimits(invested, (300, 5000, 500, 6000), sender=manager)
    crash(0.85)
    with reverts(risk_engine.RiskEngine__OnlyDeRisking):
        buy_more(desk, invested, universe, usd, market, dollars=10_000)


def test_check_rebalance__thief__reverts(risk_engine, thief):
    with reverts(risk_engine.RiskEngine__NotRegistered, thief):
        risk_engine.checkRebalance([1], [1], 1, sender=thief)


def test_register_portfolio__thief__reverts(risk_engine, invested, universe, thief):
    with reverts(risk_engine.AccessManagedUnauthorized, thief):
        risk_engine.registerPortfolio(invested, universe.id, LIMITS, sender=thief)


def sell_some(desk, portfolio, universe, usd, market):
    stock = universe.stocks[0]
    amount = stock.balanceOf(portfolio) // 2
    weights = weights_of(portfolio)
    targets = [weights[0] + weights[1] // 2, weights[1] - weights[1] // 2, *weights[2:]]
    orders = [order(portfolio, stock, usd, amount, market[0])]
    return desk.rebalance(portfolio, targets, orders, band=500)


def buy_more(desk, portfolio, universe, usd, market, dollars=50_000):
    orders = [order(portfolio, usd, universe.stocks[0], dollars * USD, market[0])]
    weights = weights_of(portfolio)
    part = dollars * WAD // 1_000_000
    return desk.rebalance(portfolio, [weights[0] - part, weights[1] + part, *weights[2:]], orders, band=500)


def weights_of(portfolio):
    values = portfolio.positions().values
    weights = [value * WAD // sum(values) for value in values[1:]]
    return [WAD - sum(weights), *weights]
