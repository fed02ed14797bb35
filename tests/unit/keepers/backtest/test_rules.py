"""Parts of the simulated protocol against the contracts' definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepers.backtest.arithmetic import EVERYTHING, WAD, divide_signed, exp_wad, packed_down, packed_up
from keepers.backtest.breaker import DE_RISK_ONLY, HALTED, NORMAL, WARNING, Breaker
from keepers.backtest.buckets import LeakyBucket
from keepers.backtest.moments import Performance
from keepers.backtest.pools import Listing, depths_of, pools_at
from keepers.backtest.risk import PostedModel, days_to_liquidate, grade, measure
from keepers.backtest.terms import Costs
from keepers.portfolio.state import UNKNOWN_DAYS, ModelInfo
from keepers.risk.fixed_point import to_fixed_point
from keepers.risk.metrics import NORMAL_TAILS, component_var, value_at_risk
from keepers.routing.pools import quote

DAY = 86_400


def posted(covariance: np.ndarray) -> PostedModel:
    return PostedModel(ModelInfo("", 0, 1, len(covariance), 1, *NORMAL_TAILS), tuple(to_fixed_point(covariance)))


@given(st.integers(0, 10 * WAD))
def test_exp_wad__any_power__is_the_exponential(x: int) -> None:
    assert exp_wad(x) / WAD == pytest.approx(math.exp(x / WAD), rel=1e-15)


@given(st.integers(0, EVERYTHING))
def test_packed__any_number__is_between_its_neighbours_of_120_bits(x: int) -> None:
    low, high = packed_down(x), packed_up(x)
    assert low <= x and (x <= high or high == packed_down(EVERYTHING))
    assert (x - low) << 119 <= max(x, 1) and (low == x) == (high == x)


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**20))
def test_divide_signed__any_sign__rounds_towards_zero(x: int, y: int) -> None:
    assert divide_signed(x, y) == (abs(x) // y) * (1 if x >= 0 else -1)


def test_leaky_bucket__full__drains_once_in_a_window() -> None:
    bucket = LeakyBucket.half_of(200, DAY)
    bucket.keep(bucket.capacity, 0)
    assert bucket.capacity == WAD // 100
    assert [bucket.level_at(at) for at in (0, DAY // 2, DAY, 2 * DAY)] == [WAD // 100, WAD // 200, 0, 0]


def test_breaker__escalated__recovers_only_after_the_cooling_time() -> None:
    breaker = Breaker()
    breaker.escalate(DE_RISK_ONLY)
    breaker.escalate(WARNING)
    assert breaker.name == "DeRiskOnly"
    breaker.recover(100, 50)
    breaker.recover(149, 50)
    assert breaker.state == DE_RISK_ONLY and breaker.inside_since == 100
    breaker.recover(150, 50)
    assert breaker.state == NORMAL and breaker.inside_since == 0


def test_breaker__halted__never_recovers() -> None:
    breaker = Breaker()
    breaker.escalate(HALTED)
    breaker.recover(1, 0)
    breaker.recover(2, 0)
    assert breaker.state == HALTED and breaker.held


def test_breaker__relapse__begins_the_recovery_anew() -> None:
    breaker = Breaker(DE_RISK_ONLY, inside_since=10)
    breaker.escalate(DE_RISK_ONLY)
    assert breaker.inside_since == 0 and breaker.state == DE_RISK_ONLY


def test_performance__daily_share_prices__has_numpys_moments() -> None:
    returns = np.random.default_rng(2).normal(0.001, 0.01, 60)
    prices = np.cumprod(np.concatenate([[1.0], 1 + returns]))
    found = Performance()
    for number, price in enumerate(prices):
        found.checkpoint(int(price * WAD), 10**6 * WAD, DAY * (number + 1))
    squares = returns[0] ** 2
    for each in returns[1:]:
        squares = 0.94 * squares + 0.06 * each**2
    assert found.count == 60
    assert found.realised_volatility / WAD == pytest.approx(math.sqrt(squares), rel=1e-9)
    assert found.sharpe / WAD == pytest.approx(returns.mean() / returns.std(ddof=1) * math.sqrt(365), rel=1e-9)


def test_performance__twice_in_a_day_or_few_returns__says_nothing() -> None:
    found = Performance()
    for at in (1, 2, 3, 4):
        found.checkpoint(WAD + at, 10**6 * WAD, DAY + at * 3600)
    assert found.count == 0 and found.realised_volatility == found.sharpe == 0


def test_measure__any_holdings__is_numpys_value_at_risk_and_components() -> None:
    rng = np.random.default_rng(5)
    factor = rng.normal(0, 0.01, (4, 4))
    covariance = factor @ factor.T
    values = [int(value) for value in rng.uniform(1, 10, 5) * 1e24]
    found = measure(values, posted(covariance))
    weights = np.array([value / sum(values) for value in values[1:]])
    assert found.var99 / WAD == pytest.approx(value_at_risk(weights, covariance), rel=1e-12)
    parts = np.array([part / WAD for part in found.components[1:]])
    np.testing.assert_allclose(parts, component_var(weights, covariance), rtol=1e-9)
    assert sum(found.components) == found.var99
    assert found.herfindahl / WAD == pytest.approx(float(weights @ weights))


def test_measure__all_cash__has_no_risk() -> None:
    found = measure([10**18, 0, 0], posted(np.eye(2) * 1e-4))
    assert (found.var99, found.leverage, found.max_component) == (0, 0, 0)


@pytest.mark.parametrize(
    ("numbers", "letter"),
    [((0, 0, 0, 0), 0), ((101, 0, 0, 0), 1), ((0, 4501, 0, 0), 6), ((0, 0, 1501, 0), 2), ((0, 0, 0, None), 4)],
)
def test_grade__worst_of_four__is_its_letter(numbers: tuple[int | None, ...], letter: int) -> None:
    var99, drawdown, herfindahl = (int(number or 0) * 10**14 for number in numbers[:3])
    assert grade(var99, drawdown, herfindahl, UNKNOWN_DAYS if numbers[3] is None else 0) == letter


def test_days_to_liquidate__slowest_holding__counts() -> None:
    assert days_to_liquidate([0, 10 * WAD, 20 * WAD], [0, 10 * WAD, 100 * WAD], 2_000) == 5 * WAD
    assert days_to_liquidate([0, 1, 0], [0, 0, 0], 2_000) == UNKNOWN_DAYS
    assert days_to_liquidate([5, 0, 0], [0, 0, 0], 2_000) == 0


def test_pools_at__depth_and_price__pay_the_price_less_fee_and_impact() -> None:
    listing = Listing.of(("A",))
    (pool,) = pools_at(listing, (WAD, 50 * WAD), Costs(pool_usd=1e6, fee_pips=500))
    out = quote(pool, listing.addresses[0], 10_000 * 10**6)
    assert out / 1e18 * 50 / 10_000 == pytest.approx(0.9995 / (1 + 0.01 * 0.9995), rel=1e-6)


def test_pools_at__flat_cost__takes_the_same_part_of_any_amount() -> None:
    listing = Listing.of(("A",))
    (pool,) = pools_at(listing, (WAD, 50 * WAD), Costs(flat_bps=10))
    for usd in (10, 10_000_000):
        out = quote(pool, listing.addresses[0], usd * 10**6)
        assert out / 1e18 * 50 / usd == pytest.approx(0.999, rel=1e-9)
        assert quote(pool, listing.addresses[1], usd * 10**18) / 1e6 / 50 / usd == pytest.approx(0.999, rel=1e-6)


def test_depths_of__constant_product__is_what_it_pays_until_its_price_fell() -> None:
    listing = Listing.of(("A",))
    prices = (WAD, 50 * WAD)
    depths = depths_of(listing, prices, pools_at(listing, prices, Costs(pool_usd=1e6)), 200)
    assert depths[0] == 0 and depths[1] / WAD == pytest.approx(1e6 * (1 - math.sqrt(0.98)), rel=1e-6)
