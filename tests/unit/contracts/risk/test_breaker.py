"""Limits, metrics and the breaker's states."""

import math

import pytest
from ethpm_types.abi import ABIType, ErrorABI

from tests.fixtures.deployment import CONFIRMATION_BLOCKS, COOLING
from tests.fixtures.portfolio import (
    DE_RISK_ONLY,
    HALTED,
    LIMITS,
    NORMAL,
    USD,
    WARNING,
    buy_each,
    buy_more,
    flat_covariance,
    order,
    sell_half,
    sell_some,
)
from tests.fixtures.protocol import DAY, WAD
from tests.reverts import reverts

_NEGATIVE = ErrorABI(name="PackedCovariance__NegativeVariance", inputs=[ABIType(name="form", type="int256")])
"""A library's error is in no contract's ABI."""
Z99 = 2.326347874040841


def wait(chain, seconds):
    chain.mine(timestamp=chain.pending_timestamp + seconds)


def scale(feed, factor, sender):
    answer = feed.latestRoundData()[1]
    feed.setAnswer(int(answer * factor), sender=sender)


@pytest.fixture
def reprice(universe, admin):
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
    assert metrics.es975 / WAD == pytest.approx(2.337802792201414 * math.sqrt(variance), rel=1e-9)
    assert metrics.maxWeight / WAD == pytest.approx(max(weights), rel=1e-9)
    assert metrics.herfindahl / WAD == pytest.approx(sum(weight**2 for weight in weights), rel=1e-9)
    assert metrics.leverage / WAD == pytest.approx(sum(weights), rel=1e-9)


def test_metrics__fat_tails__are_the_models(risk_engine, invested, post_model):
    post_model(tails=(17 * WAD // 10, 3 * WAD, 31 * WAD // 10))
    metrics = risk_engine.metrics(invested)
    assert metrics.var95 / metrics.volatility == pytest.approx(1.7, rel=1e-9)
    assert metrics.var99 / metrics.volatility == pytest.approx(3, rel=1e-9)
    assert metrics.es975 / metrics.volatility == pytest.approx(3.1, rel=1e-9)


def test_component_var__any_portfolio__sums_to_var_exactly(risk_engine, invested, post_model):
    v = 10**14
    post_model([v, v // 3, -v // 5, 2 * v, v // 7, 5 * v])
    parts = risk_engine.componentVar(invested)
    metrics = risk_engine.metrics(invested)
    assert sum(parts) == metrics.var99
    assert parts[0] == 0
    assert max(parts) == metrics.maxComponent


def test_component_var__hedge__is_negative(risk_engine, invested, post_model):
    v = 10**14
    post_model([v, -v, -v, 4 * v, 3 * v, 4 * v])
    assert risk_engine.componentVar(invested)[1] < 0


def test_component_var__all_cash__nothing(risk_engine, portfolio, deposit, investor, post_model):
    deposit(portfolio, investor, 1000)
    post_model()
    assert risk_engine.componentVar(portfolio) == [0, 0, 0, 0]


def test_metrics__form_that_no_covariance_has__reverts(risk_engine, invested, post_model):
    """Each pair alone is possible; all three together are not."""
    v = 10**14
    bad = -9 * v // 10
    with reverts(_NEGATIVE):
        post_model([v, bad, bad, v, bad, v])
        risk_engine.metrics(invested)


def test_metrics__all_cash__no_risk(risk_engine, portfolio, deposit, investor, post_model):
    deposit(portfolio, investor, 1000)
    post_model()
    assert risk_engine.metrics(portfolio).var99 == 0


def test_metrics__no_model__reverts(risk_engine, covariance_models, create_universe, create_portfolio):
    other = create_universe()
    portfolio = create_portfolio(assets=other.stocks, universe_id=other.id)
    with reverts(covariance_models.CovarianceModels__NoModel, other.id):
        risk_engine.metrics(portfolio)


def test_metrics__model_expired__reverts(risk_engine, covariance_models, universe, invested, chain):
    expiry = covariance_models.modelOf(universe.id).expiry
    wait(chain, 10 * DAY)
    with reverts(covariance_models.CovarianceModels__ModelExpired, universe.id, expiry):
        risk_engine.metrics(invested)


def test_metrics__unregistered__reverts(risk_engine, thief):
    with reverts(risk_engine.RiskEngine__NotRegistered, thief):
        risk_engine.metrics(thief)


# -- Trip


def test_trip__inside_limits__reverts(risk_engine, invested, keeper):
    with reverts(risk_engine.RiskEngine__NothingToTrip, invested, NORMAL):
        risk_engine.trip(invested, sender=keeper)


def test_trip__var_above_its_limit__a_keeper_moves_it_to_de_risk_only(risk_engine, invested, post_model, keeper):
    post_model(flat_covariance(3, volatility=0.05))
    risk_engine.trip(invested, sender=keeper)
    assert risk_engine.stateOf(invested) == DE_RISK_ONLY


def test_trip__drawdown_above_its_limit__de_risk_only(risk_engine, invested, reprice, keeper):
    reprice(0.45)
    risk_engine.trip(invested, sender=keeper)
    assert risk_engine.stateOf(invested) == DE_RISK_ONLY


def test_trip__drawdown_above_its_second_limit__halted(risk_engine, invested, manager, keeper, reprice):
    risk_engine.tightenLimits(invested, (300, 5000, 1000, 2000, *LIMITS[4:]), sender=manager)
    reprice(0.5)
    risk_engine.trip(invested, sender=keeper)
    assert risk_engine.stateOf(invested) == HALTED


def test_trip__drawdown_without_a_live_model__de_risk_only(
    risk_engine, covariance_models, invested, reprice, chain, keeper
):
    wait(chain, 10 * DAY)
    reprice(0.45)
    with reverts(covariance_models.CovarianceModels__ModelExpired):
        risk_engine.metrics(invested)
    risk_engine.trip(invested, sender=keeper)
    assert risk_engine.stateOf(invested) == DE_RISK_ONLY


def test_trip__no_drawdown_and_no_live_model__reverts(risk_engine, covariance_models, invested, chain, keeper):
    wait(chain, 10 * DAY)
    with reverts(covariance_models.CovarianceModels__ModelExpired):
        risk_engine.trip(invested, sender=keeper)


def test_trip__twice__reverts(risk_engine, invested, post_model, keeper):
    post_model(flat_covariance(3, volatility=0.05))
    risk_engine.trip(invested, sender=keeper)
    with reverts(risk_engine.RiskEngine__NothingToTrip, invested, DE_RISK_ONLY):
        risk_engine.trip(invested, sender=keeper)


# -- A stranger looks twice


@pytest.fixture
def sighted(risk_engine, invested, post_model, thief):
    """Outside its VaR limit, as a stranger has seen; the portfolio, and the block from which that may be confirmed."""
    post_model(flat_covariance(3, volatility=0.05))
    (event,) = risk_engine.trip(invested, sender=thief).events
    assert event == risk_engine.BreachSighted(invested, DE_RISK_ONLY)
    return invested, event.confirmableFrom


def test_trip__strangers_first_look__moves_no_state(risk_engine, sighted):
    assert risk_engine.stateOf(sighted[0]) == NORMAL


def test_trip__stranger_looks_again_too_soon__reverts(risk_engine, sighted, chain, thief):
    portfolio, confirmable = sighted
    chain.mine(confirmable - 2 - chain.blocks.height)
    with reverts(risk_engine.RiskEngine__TooSoon, portfolio, confirmable):
        risk_engine.trip(portfolio, sender=thief)


def test_trip__stranger_finds_it_again__de_risk_only(risk_engine, sighted, chain, thief):
    portfolio, confirmable = sighted
    chain.mine(confirmable - 1 - chain.blocks.height)
    risk_engine.trip(portfolio, sender=thief)
    assert risk_engine.stateOf(portfolio) == DE_RISK_ONLY
    with reverts(risk_engine.RiskEngine__NothingToTrip, portfolio, DE_RISK_ONLY):
        risk_engine.trip(portfolio, sender=thief)


def test_trip__gone_at_the_second_look__is_forgotten(risk_engine, sighted, post_model, chain, investor, thief):
    portfolio, confirmable = sighted
    post_model()
    assert risk_engine.BreachGone(portfolio) in risk_engine.trip(portfolio, sender=investor).events
    post_model(flat_covariance(3, volatility=0.05))
    chain.mine(max(confirmable - chain.blocks.height, 1))
    risk_engine.trip(portfolio, sender=thief)
    assert risk_engine.stateOf(portfolio) == NORMAL


def test_trip__sighted_long_ago__counts_as_a_first_look(risk_engine, sighted, chain, thief):
    portfolio, confirmable = sighted
    chain.mine(confirmable + 16 * CONFIRMATION_BLOCKS - chain.blocks.height)
    risk_engine.trip(portfolio, sender=thief)
    assert risk_engine.stateOf(portfolio) == NORMAL


def test_trip__worse_at_the_second_look__only_what_both_found(risk_engine, sighted, reprice, manager, confirm, thief):
    portfolio, _ = sighted
    risk_engine.tightenLimits(portfolio, (300, 5000, 1000, 2000, *LIMITS[4:]), sender=manager)
    reprice(0.5)
    confirm()
    risk_engine.trip(portfolio, sender=thief)
    assert risk_engine.stateOf(portfolio) == DE_RISK_ONLY
    for _ in range(2):
        confirm()
        risk_engine.trip(portfolio, sender=thief)
    assert risk_engine.stateOf(portfolio) == HALTED


def test_trip__keeper_after_a_sighting__acts_at_once(risk_engine, sighted, keeper):
    risk_engine.trip(sighted[0], sender=keeper)
    assert risk_engine.stateOf(sighted[0]) == DE_RISK_ONLY


def test_trip__holder_leaves_and_comes_back__moves_no_state(
    risk_engine, invested, manager, investor, deposit, confirm, thief
):
    """A round trip of shares pushes a weight above its limit for as long as the cash is away."""
    risk_engine.tightenLimits(invested, (300, 3000, *LIMITS[2:]), sender=manager)
    invested.withdraw(350_000 * USD, investor, investor, sender=investor)
    risk_engine.trip(invested, sender=thief)
    deposit(invested, investor, 350_000)
    confirm()
    assert risk_engine.BreachGone(invested) in risk_engine.trip(invested, sender=thief).events
    assert risk_engine.stateOf(invested) == NORMAL


def test_trip__stranger_sees_a_relapse_twice__interrupts_the_recovery(risk_engine, tripped, post_model, confirm, thief):
    risk_engine.recover(tripped, sender=thief)
    post_model(flat_covariance(3, volatility=0.05))
    risk_engine.trip(tripped, sender=thief)
    assert risk_engine.breakerOf(tripped).insideSince != 0
    confirm()
    risk_engine.trip(tripped, sender=thief)
    assert risk_engine.breakerOf(tripped).insideSince == 0


# -- Recover


@pytest.fixture
def confirm(chain):
    """Mines as many blocks as a sighting has to stand."""
    return lambda: chain.mine(CONFIRMATION_BLOCKS)


@pytest.fixture
def tripped(risk_engine, invested, post_model, keeper):
    """De-risk only by VaR, under a model that is calm again."""
    post_model(flat_covariance(3, volatility=0.05))
    risk_engine.trip(invested, sender=keeper)
    post_model()
    return invested


def test_recover__first_call__starts_the_cooling_time(risk_engine, tripped, thief):
    receipt = risk_engine.recover(tripped, sender=thief)
    assert receipt.events == [risk_engine.RecoveryStarted(tripped, receipt.timestamp + COOLING)]
    assert risk_engine.stateOf(tripped) == DE_RISK_ONLY


def test_recover__inside_for_the_cooling_time__normal(risk_engine, tripped, chain, thief):
    risk_engine.recover(tripped, sender=thief)
    wait(chain, COOLING)
    risk_engine.recover(tripped, sender=thief)
    assert risk_engine.stateOf(tripped) == NORMAL


def test_recover__cooling__reverts(risk_engine, tripped, thief):
    risk_engine.recover(tripped, sender=thief)
    with reverts(risk_engine.RiskEngine__CoolingDown):
        risk_engine.recover(tripped, sender=thief)


def test_recover__waited_without_starting__only_starts(risk_engine, tripped, chain, thief):
    """The cooling time is one inside the limits, not one since the trip."""
    wait(chain, 3 * COOLING)
    risk_engine.recover(tripped, sender=thief)
    assert risk_engine.stateOf(tripped) == DE_RISK_ONLY


def test_recover__outside_in_between__starts_over(risk_engine, tripped, post_model, chain, thief, keeper):
    risk_engine.recover(tripped, sender=thief)
    post_model(flat_covariance(3, volatility=0.05))
    receipt = risk_engine.trip(tripped, sender=keeper)
    assert risk_engine.RecoveryInterrupted(tripped) in receipt.events
    post_model()
    wait(chain, COOLING)
    risk_engine.recover(tripped, sender=thief)
    assert risk_engine.stateOf(tripped) == DE_RISK_ONLY


def test_recover__still_outside__reverts(risk_engine, invested, post_model, chain, thief, keeper):
    post_model(flat_covariance(3, volatility=0.05))
    risk_engine.trip(invested, sender=keeper)
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


# -- Warning


@pytest.fixture
def warned(risk_engine, invested, post_model, keeper):
    """VaR at 2.94% of the 3% allowed: above 96% of the limit, inside the limit."""
    post_model(flat_covariance(3, volatility=0.0258))
    assert 0.0288 < risk_engine.metrics(invested).var99 / WAD < 0.03
    risk_engine.trip(invested, sender=keeper)
    return invested


def test_trip__almost_at_a_limit__warning(risk_engine, warned):
    assert risk_engine.stateOf(warned) == WARNING


def test_trip__warned_then_outside__de_risk_only(risk_engine, warned, post_model, keeper):
    post_model(flat_covariance(3, volatility=0.05))
    risk_engine.trip(warned, sender=keeper)
    assert risk_engine.stateOf(warned) == DE_RISK_ONLY


def test_recover__warned_still__reverts(risk_engine, warned, thief):
    with reverts(risk_engine.RiskEngine__StillOutside):
        risk_engine.recover(warned, sender=thief)


def test_rebalance__warned__may_not_come_closer_to_the_limit(risk_engine, warned, market, signal_sender, universe, usd):
    with reverts(risk_engine.RiskEngine__LimitBreached):
        buy_more(signal_sender, warned, universe, usd, market, dollars=1000)


def test_rebalance__warned__may_shed_risk(risk_engine, warned, market, signal_sender, universe, usd):
    before = risk_engine.metrics(warned).var99
    sell_some(signal_sender, warned, universe, usd, market)
    assert risk_engine.metrics(warned).var99 < before


@pytest.mark.parametrize("function", ["deRisk", "shutdown", "reopen", "resetHighWaterMark"])
def test_states__thief__reverts(risk_engine, invested, thief, function):
    with reverts(risk_engine.AccessManagedUnauthorized, thief):
        getattr(risk_engine, function)(invested, sender=thief)


# -- Drawdown


def test_checkpoint__price_rose__raises_the_high_water_mark(risk_engine, invested, reprice, thief):
    reprice(1.1)
    risk_engine.checkpoint(invested, sender=thief)
    metrics = risk_engine.metrics(invested)
    assert metrics.highWaterMark == metrics.sharePrice
    assert metrics.drawdown == 0


def test_checkpoint__price_fell__keeps_the_high_water_mark(risk_engine, invested, reprice, thief):
    before = risk_engine.metrics(invested).highWaterMark
    reprice(0.9)
    risk_engine.checkpoint(invested, sender=thief)
    after = risk_engine.metrics(invested)
    assert after.highWaterMark == before
    assert after.drawdown / WAD == pytest.approx(1 - after.sharePrice / before, rel=1e-9)


def test_reset_high_water_mark__manager__forgives_the_drawdown(risk_engine, invested, reprice, manager):
    reprice(0.8)
    risk_engine.resetHighWaterMark(invested, sender=manager)
    assert risk_engine.metrics(invested).drawdown == 0


# -- Every limit trips, and those that trades can mend stop trades

BITING = {"var95": (4, 50), "es975": (5, 50), "volatility": (6, 30), "component": (7, 30), "herfindahl": (8, 500)}
BITING |= {"leverage": (9, 3000), "liquidity": (12, 10)}


def with_limit(field, value):
    return (*LIMITS[:field], value, *LIMITS[field + 1 :])


@pytest.mark.parametrize("name", BITING)
def test_trip__outside_a_further_limit__de_risk_only(risk_engine, invested, manager, keeper, name):
    risk_engine.tightenLimits(invested, with_limit(*BITING[name]), sender=manager)
    risk_engine.trip(invested, sender=keeper)
    assert risk_engine.stateOf(invested) == DE_RISK_ONLY


@pytest.mark.parametrize("name", BITING)
def test_rebalance__further_from_a_further_limit__reverts(
    risk_engine, invested, market, signal_sender, universe, usd, manager, name
):
    risk_engine.tightenLimits(invested, with_limit(*BITING[name]), sender=manager)
    with reverts(risk_engine.RiskEngine__LimitBreached):
        buy_more(signal_sender, invested, universe, usd, market)


@pytest.mark.parametrize("name", [name for name in BITING if name != "liquidity"])
def test_rebalance__closer_to_a_further_limit__passes(
    risk_engine, invested, market, signal_sender, universe, usd, manager, name
):
    """Half of every stock is sold: each metric falls, each component too."""
    risk_engine.tightenLimits(invested, with_limit(*BITING[name]), sender=manager)
    before = risk_engine.metrics(invested).var99
    sell_half(signal_sender, invested, universe, usd, market)
    assert risk_engine.metrics(invested).var99 < before


def test_trip__grade_worse_than_allowed__de_risk_only(risk_engine, invested, manager, keeper):
    grade = risk_engine.metrics(invested).grade
    risk_engine.tightenLimits(invested, with_limit(13, grade - 1), sender=manager)
    risk_engine.trip(invested, sender=keeper)
    assert risk_engine.stateOf(invested) == DE_RISK_ONLY


def test_metrics__grade__is_the_worst_row_of_the_table(risk_engine, invested):
    """VaR 1.1%, no drawdown to speak of, Herfindahl 0.12, no depth: BB by its liquidity."""
    assert risk_engine.metrics(invested).grade == 4


# -- I3, through rebalances


def test_rebalance__weight_above_its_limit__reverts(
    risk_engine, portfolio, market, post_model, deposit, signal_sender, universe, usd, investor
):
    deposit(portfolio, investor, 1_000_000)
    post_model(flat_covariance(3, volatility=0.001))
    orders = order(portfolio, usd, universe.stocks[0], 600_000 * USD, market[0])
    with reverts(risk_engine.RiskEngine__LimitBreached):
        signal_sender.rebalance(portfolio, [4 * WAD // 10, 6 * WAD // 10, 0, 0], orders, band=1000)


def test_rebalance__var_above_its_limit__reverts(
    risk_engine, portfolio, market, post_model, deposit, signal_sender, universe, usd, investor
):
    deposit(portfolio, investor, 1_000_000)
    post_model(flat_covariance(3, volatility=0.05))
    with reverts(risk_engine.RiskEngine__LimitBreached):
        buy_each(signal_sender, portfolio, universe, usd, market, 200_000)


def test_rebalance__an_exit_behind_a_trade__leaves_it_outside_and_the_next_may_only_come_closer(
    risk_engine,
    portfolio,
    post_model,
    manager,
    deposit,
    investor,
    counterparty,
    market,
    signal_sender,
    universe,
    usd,
    keeper,
):
    """I3 promises nothing about exits: somebody's cash counts while the trade is judged."""
    risk_engine.tightenLimits(portfolio, (300, 3000, *LIMITS[2:]), sender=manager)
    deposit(portfolio, investor, 1_000_000)
    shares = deposit(portfolio, counterparty, 1_000_000)
    post_model()
    bought = order(portfolio, usd, universe.stocks[0], 580_000 * USD, market[0])
    signal_sender.rebalance(portfolio, [71 * WAD // 100, 29 * WAD // 100, 0, 0], bought, band=500)
    portfolio.redeem(shares, counterparty, counterparty, sender=counterparty)
    assert risk_engine.metrics(portfolio).maxWeight > 0.55 * WAD
    with reverts(risk_engine.RiskEngine__LimitBreached):
        buy_more(signal_sender, portfolio, universe, usd, market)
    risk_engine.trip(portfolio, sender=keeper)
    assert risk_engine.stateOf(portfolio) == DE_RISK_ONLY
    sell_some(signal_sender, portfolio, universe, usd, market)


def test_rebalance__outside_and_closer__passes(risk_engine, invested, market, post_model, signal_sender, universe, usd):
    post_model(flat_covariance(3, volatility=0.05))
    before = risk_engine.metrics(invested).var99
    sell_some(signal_sender, invested, universe, usd, market)
    after = risk_engine.metrics(invested).var99
    assert LIMITS[0] * WAD // 10_000 < after < before


def test_rebalance__outside_and_further__reverts(
    risk_engine, invested, market, post_model, signal_sender, universe, usd
):
    post_model(flat_covariance(3, volatility=0.05))
    with reverts(risk_engine.RiskEngine__LimitBreached):
        buy_more(signal_sender, invested, universe, usd, market)


def test_rebalance__de_risk_only__may_not_raise_var(
    risk_engine, invested, market, signal_sender, universe, usd, guardian
):
    risk_engine.deRisk(invested, sender=guardian)
    with reverts(risk_engine.RiskEngine__OnlyDeRisking):
        buy_more(signal_sender, invested, universe, usd, market)


def test_rebalance__de_risk_only__may_lower_var(risk_engine, invested, market, signal_sender, universe, usd, guardian):
    risk_engine.deRisk(invested, sender=guardian)
    before = risk_engine.metrics(invested).var99
    sell_some(signal_sender, invested, universe, usd, market)
    assert risk_engine.metrics(invested).var99 < before


def test_rebalance__shut_down__reverts(risk_engine, invested, market, signal_sender, universe, usd, guardian):
    risk_engine.shutdown(invested, sender=guardian)
    with reverts(risk_engine.RiskEngine__TradingHalted, invested):
        sell_some(signal_sender, invested, universe, usd, market)


def test_rebalance__drawdown_untripped__counts_as_de_risk_only(
    risk_engine, invested, market, signal_sender, universe, usd, reprice, manager
):
    risk_engine.tightenLimits(invested, (300, 5000, 500, 6000, *LIMITS[4:]), sender=manager)
    reprice(0.85)
    with reverts(risk_engine.RiskEngine__OnlyDeRisking):
        buy_more(signal_sender, invested, universe, usd, market, dollars=10_000)


def test_check_rebalance__thief__reverts(risk_engine, thief):
    with reverts(risk_engine.RiskEngine__NotRegistered, thief):
        risk_engine.checkRebalance([1], [1], 1, sender=thief)


def test_register_portfolio__thief__reverts(risk_engine, invested, universe, thief):
    with reverts(risk_engine.AccessManagedUnauthorized, thief):
        risk_engine.registerPortfolio(invested, universe.id, LIMITS, sender=thief)
