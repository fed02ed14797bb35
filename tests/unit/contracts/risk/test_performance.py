"""Daily checkpoints: realised volatility, Sharpe, beta, and what they stop."""

import numpy as np
import pytest

from tests.fixtures.deployment import HOUR
from tests.fixtures.portfolio import DE_RISK_ONLY, LIMITS, flat_covariance
from tests.fixtures.protocol import DAY, WAD, YEAR
from tests.reverts import reverts

DAYS = 22
STARTING_CASH = 1_000_000


@pytest.fixture
def index(create_settlement, create_feed):
    """A benchmark and its feed."""
    token = create_settlement("INDEX", 18)
    return token, create_feed(token, 1000, heartbeat=YEAR)


@pytest.fixture
def live(performance_registry, universe, index, chain, admin, keeper):
    """`live(portfolio, moves, gap)`: a checkpoint, then one more after every day's move of all stocks and half of it of
    the index; returns share prices and prices of the index."""

    def lived(portfolio, moves, gap=DAY):
        performance_registry.checkpoint(portfolio, sender=keeper)
        shares, levels = [portfolio.sharePrice()], [1000 * 10**8]
        for move in moves:
            for feed in universe.feeds:
                feed.setAnswer(int(feed.latestRoundData()[1] * (1 + move)), sender=admin)
            levels.append(int(levels[-1] * (1 + move / 2)))
            index[1].setAnswer(levels[-1], sender=admin)
            chain.mine(timestamp=performance_registry.statsOf(portfolio).asOf + gap - 1)
            performance_registry.checkpoint(portfolio, sender=keeper)
            shares.append(portfolio.sharePrice())
        return np.array(shares, dtype=float), np.array(levels, dtype=float)

    return lived


def moves(volatility, days=DAYS, seed=7):
    return list(np.random.default_rng(seed).normal(0.002, volatility, size=days))


def test_checkpoint__first__has_no_return_yet(performance_registry, invested, thief):
    performance_registry.checkpoint(invested, sender=thief)
    stats = performance_registry.statsOf(invested)
    assert (stats.observations, stats.realisedVolatility) == (0, 0)


def test_checkpoint__same_day__reverts(performance_registry, invested, thief, chain):
    performance_registry.checkpoint(invested, sender=thief)
    next_at = performance_registry.statsOf(invested).asOf + 20 * HOUR
    with reverts(performance_registry.PerformanceRegistry__TooSoon, invested, next_at):
        performance_registry.checkpoint(invested, sender=thief)


def test_stats__some_weeks__match_numpy(performance_registry, risk_engine, invested, live, post_model, index, manager):
    performance_registry.setBenchmark(invested, index[0], sender=manager)
    shares, levels = live(invested, moves(0.02))
    returns, market = np.diff(shares) / shares[:-1], np.diff(levels) / levels[:-1]
    ewma = returns[0] ** 2
    for one in returns[1:]:
        ewma = 0.94 * ewma + 0.06 * one**2
    stats = performance_registry.statsOf(invested)
    assert stats.observations == stats.pairs == DAYS
    assert stats.realisedVolatility / WAD == pytest.approx(np.sqrt(ewma), rel=1e-4)
    assert stats.deviation / WAD == pytest.approx(np.std(returns, ddof=1), rel=1e-4)
    assert stats.sharpe / WAD == pytest.approx(np.mean(returns) / np.std(returns, ddof=1) * np.sqrt(365), rel=1e-3)
    assert stats.beta / WAD == pytest.approx(np.cov(returns, market)[0, 1] / np.var(market, ddof=1), rel=1e-3)
    post_model()
    metrics = risk_engine.metrics(invested)
    assert (metrics.realisedVolatility, metrics.sharpe, metrics.beta) == (
        stats.realisedVolatility,
        stats.sharpe,
        stats.beta,
    )


def test_stats__four_days_between_checkpoints__returns_count_half(performance_registry, invested, live):
    shares, _ = live(invested, moves(0.02), gap=4 * DAY)
    returns = np.diff(shares) / shares[:-1] / 2
    assert performance_registry.statsOf(invested).deviation / WAD == pytest.approx(np.std(returns, ddof=1), rel=1e-4)


def test_stats__too_few_observations__say_nothing(performance_registry, invested, live):
    live(invested, moves(0.02, days=19))
    stats = performance_registry.statsOf(invested)
    assert (stats.observations, stats.realisedVolatility, stats.sharpe) == (19, 0, 0)


def test_checkpoint__next_to_nothing_in_the_portfolio__has_no_return(
    performance_registry, portfolio, deposit, usd, chain, admin, investor, thief
):
    """Ten units, given to an empty portfolio between two checkpoints, would be a return of 1,000%."""
    performance_registry.checkpoint(portfolio, sender=thief)
    usd.mint(portfolio, 10, sender=admin)
    chain.mine(timestamp=chain.pending_timestamp + DAY)
    performance_registry.checkpoint(portfolio, sender=thief)
    deposit(portfolio, investor, STARTING_CASH)
    for _ in range(2):
        chain.mine(timestamp=chain.pending_timestamp + DAY)
        performance_registry.checkpoint(portfolio, sender=thief)
    assert performance_registry.statsOf(portfolio).observations == 1


def test_reset__after_some_weeks__starts_over(performance_registry, invested, live, index, manager):
    performance_registry.setBenchmark(invested, index[0], sender=manager)
    live(invested, moves(0.02))
    performance_registry.resetObservations(invested, sender=manager)
    stats = performance_registry.statsOf(invested)
    assert (stats.observations, stats.pairs, stats.realisedVolatility, stats.sharpe) == (0, 0, 0, 0)


def test_reset__thief__reverts(performance_registry, invested, thief):
    with reverts(performance_registry.AccessManagedUnauthorized, thief):
        performance_registry.resetObservations(invested, sender=thief)


def test_trip__model_lies_but_prices_do_not__realised_volatility_stops_it(
    performance_registry, risk_engine, invested, live, post_model, manager, keeper
):
    """Every signer says that nothing moves. The chain has seen it move."""
    risk_engine.tightenLimits(invested, (*LIMITS[:10], 200, *LIMITS[11:]), sender=manager)
    live(invested, moves(0.06))
    post_model(flat_covariance(3, volatility=0.001))
    assert risk_engine.metrics(invested).var99 / WAD < 0.003
    risk_engine.trip(invested, sender=keeper)
    assert risk_engine.stateOf(invested) == DE_RISK_ONLY


@pytest.mark.parametrize(("field", "value"), [(11, 1000), (14, 32_000)])
def test_trip__beta_or_sharpe_outside__de_risk_only(
    performance_registry, risk_engine, invested, live, post_model, index, manager, keeper, field, value
):
    performance_registry.setBenchmark(invested, index[0], sender=manager)
    live(invested, [-0.01, 0.005] * 11)
    post_model()
    risk_engine.tightenLimits(invested, (*LIMITS[:field], value, *LIMITS[field + 1 :]), sender=manager)
    risk_engine.trip(invested, sender=keeper)
    assert risk_engine.stateOf(invested) == DE_RISK_ONLY


def test_trip__sharpe_of_too_few_days__stays_normal(risk_engine, invested, live, post_model, manager, keeper):
    """Nobody knows the ratio of a young portfolio. It would be caught: what may not trade cannot raise it."""
    live(invested, [0.001, *[-0.001, 0.001] * 9])
    post_model()
    risk_engine.tightenLimits(invested, (*LIMITS[:14], 5000), sender=manager)
    with reverts(risk_engine.RiskEngine__NothingToTrip, invested, 0):
        risk_engine.trip(invested, sender=keeper)


def test_trip__a_month_without_any_return__stays_normal(risk_engine, invested, live, post_model, manager, keeper):
    """A fund in cash has no ratio. As one of zero it would forbid the fund to invest, for ever."""
    live(invested, [0.0] * 30)
    post_model()
    risk_engine.tightenLimits(invested, (*LIMITS[:14], 5000), sender=manager)
    assert risk_engine.metrics(invested).observations >= 20
    with reverts(risk_engine.RiskEngine__NothingToTrip, invested, 0):
        risk_engine.trip(invested, sender=keeper)


def test_trip__terrible_sharpe_without_a_limit_on_it__stays_normal(risk_engine, invested, live, post_model, keeper):
    """Less than what an int16 of basis points can say is no breach of a limit that is off."""
    live(invested, [-0.004, -0.002] * 11)
    post_model()
    assert risk_engine.metrics(invested).sharpe < -4 * WAD
    with reverts(risk_engine.RiskEngine__NothingToTrip, invested, 0):
        risk_engine.trip(invested, sender=keeper)


def test_engine_checkpoint__once_a_day__feeds_the_book(performance_registry, risk_engine, invested, thief, chain):
    risk_engine.checkpoint(invested, sender=thief)
    first = performance_registry.statsOf(invested).asOf
    assert first == chain.blocks.head.timestamp
    risk_engine.checkpoint(invested, sender=thief)
    assert performance_registry.statsOf(invested).asOf == first


def test_set_benchmark__thief__reverts(performance_registry, invested, index, thief):
    with reverts(performance_registry.AccessManagedUnauthorized, thief):
        performance_registry.setBenchmark(invested, index[0], sender=thief)


def test_checkpoint__benchmark_stale__goes_on_without_beta(
    performance_registry, invested, create_settlement, create_feed, manager, chain, thief
):
    token = create_settlement("OLD", 18)
    create_feed(token, 10, heartbeat=DAY)
    performance_registry.setBenchmark(invested, token, sender=manager)
    for _ in range(3):
        performance_registry.checkpoint(invested, sender=thief)
        chain.mine(timestamp=chain.pending_timestamp + 2 * DAY)
    stats = performance_registry.statsOf(invested)
    assert (stats.observations, stats.pairs) == (2, 0)
