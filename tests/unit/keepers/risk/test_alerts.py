"""Probabilities of breaches against closed forms, and forecasts that know no later day."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from keepers.risk.alerts import EwmaHistory, Paths, Start, breach_probabilities, rehearsal_days, rehearse
from keepers.risk.errors import RiskError
from keepers.risk.metrics import Z99
from keepers.risk.models.garch import DECAY
from keepers.risk.monte_carlo import degrees_of, tail_factor
from keepers.risk.reverse_stress import Limits

SIGMA = 0.02
# Quantiles of a normal, so that the sample's own error is far below the simulation's.
NORMAL = norm.ppf((np.arange(20_000) + 0.5) / 20_000)[:, np.newaxis]
PATHS = 40_000


def start(drawdown: float = 0.0, weight: float = 1.0) -> Start:
    return Start(np.array([weight]), np.array([[SIGMA**2]]), NORMAL, drawdown)


def market(days: int = 500, seed: int = 1) -> np.ndarray:
    """Returns of two assets."""
    return np.random.default_rng(seed).normal(0, 0.01, (days, 2))


@pytest.mark.parametrize(("days", "drawdown"), [(1.0, 0.0), (4 / 24, 0.0), (1.0, 0.02)])
def test_breach_probabilities__one_normal_step__is_the_closed_form(days: float, drawdown: float) -> None:
    """A fall to the limit below the mark: Phi(-fall / (sigma sqrt(t)))."""
    got = breach_probabilities(start(drawdown), Limits(drawdown=0.05), [days], PATHS, (7,))["drawdown"][0]
    fall = 1 - 0.95 / (1 - drawdown)
    want = float(norm.cdf(-fall / (SIGMA * math.sqrt(days))))
    assert abs(got - want) < 4 * math.sqrt(want * (1 - want) / PATHS) + 1e-4


def test_breach_probabilities__value_at_risk_after_a_day__is_the_closed_form() -> None:
    """z sqrt(d s^2 + (1 - d) r^2) > limit, for a shock beyond a size on either side."""
    limit = 2.3263478740408408 * SIGMA * 1.1
    got = breach_probabilities(start(), Limits(var99=limit), [1.0], PATHS, (7,))["var99"][0]
    size = math.sqrt((1.1**2 - DECAY) / (1 - DECAY))
    want = 2 * float(norm.cdf(-size))
    assert abs(got - want) < 4 * math.sqrt(want * (1 - want) / PATHS) + 1e-4


def test_breach_probabilities__breached_at_the_start__is_one() -> None:
    limits = Limits(drawdown=0.1, weight=0.5)
    got = breach_probabilities(start(drawdown=0.15), limits, [1.0, 5.0], 200, (7,))
    assert got["drawdown"].tolist() == [1.0, 1.0] and got["weight"].tolist() == [1.0, 1.0]


def test_breach_probabilities__same_seed__same_numbers() -> None:
    first, second, other = (
        breach_probabilities(start(), Limits(drawdown=0.05), [5.0], 1000, (seed,))["drawdown"][0] for seed in (1, 1, 2)
    )
    assert first == second != other


@settings(max_examples=15, deadline=None)
@given(limit=st.floats(0.005, 0.2), wider=st.floats(1.0, 3.0), weight=st.floats(0.0, 1.0))
def test_breach_probabilities__longer_or_tighter__is_no_less_likely(limit: float, wider: float, weight: float) -> None:
    tight, loose = (
        breach_probabilities(start(weight=weight), Limits(drawdown=bound), [0.5, 1, 2, 5], 300, (3,))["drawdown"]
        for bound in (limit, min(limit * wider, 1.0))
    )
    assert np.all(np.diff(tight[1:]) >= 0) and np.all(tight >= loose)


@pytest.mark.parametrize("horizon", [0.0, 1.5, 61.0, -1.0])
def test_breach_probabilities__no_horizon__is_refused(horizon: float) -> None:
    with pytest.raises(RiskError, match="neither a part of a day nor whole days"):
        breach_probabilities(start(), Limits(drawdown=0.05), [horizon], 1000, (1,))


def test_start__too_few_shocks__is_refused() -> None:
    with pytest.raises(RiskError, match="fewer than 250"):
        Start(np.array([1.0]), np.eye(1), NORMAL[:100])


def test_paths__a_day__moves_weights_and_covariance() -> None:
    matrix = np.array([[4e-4, 1e-4], [1e-4, 1e-4]])
    paths = Paths(np.array([0.5, 0.5]), matrix[:, :, np.newaxis].copy(), 0.0, Limits(weight=0.52))
    move = np.array([[0.1], [-0.1]])
    paths.step(move)
    want = np.sqrt(np.diag(DECAY * matrix + (1 - DECAY) * move @ move.T))
    np.testing.assert_allclose(paths.deviations[:, 0], want, rtol=1e-12)
    assert paths.breached["weight"].tolist() == [True]


def test_market__covariance__is_the_recursion() -> None:
    returns = market(80)
    want = returns[:60].T @ returns[:60] / 60
    for row in returns[60:75]:
        want = DECAY * want + (1 - DECAY) * np.outer(row, row)
    np.testing.assert_allclose(EwmaHistory(returns).covariance(75), want, rtol=1e-12)


def test_rehearse__later_returns_change__earlier_forecasts_stay() -> None:
    returns, weights = market(), np.array([0.6, 0.4])
    changed = returns.copy()
    changed[400:] *= 5
    runs = [
        rehearse(one, weights, Limits(drawdown=0.02), (1, 5), 250, 200, 1).probabilities["drawdown"]
        for one in (returns, changed)
    ]
    # Day 60 + 250 is the first that is forecast, and every fifth follows; those up to day 400 know nothing later.
    same = (400 - 310) // 5 + 1
    np.testing.assert_array_equal(runs[0][:same], runs[1][:same])
    assert np.any(runs[0][same:] != runs[1][same:])


def test_rehearse__one_crash__happened_in_its_forecast_only() -> None:
    returns = np.full((400, 1), 1e-4)
    returns[::2] = -1e-4
    returns[333] = -0.2
    found = rehearse(returns, np.array([1.0]), Limits(drawdown=0.1), (1, 5), 250, 200, 1)
    # The forecast that begins with day 330 has day 333 among its five days and not as its first.
    row = (330 - 310) // 5
    assert np.argwhere(found.happened["drawdown"]).tolist() == [[row, 1]]
    assert int(found.days[row]) == 329


def test_rehearse__breached_before__is_no_forecast() -> None:
    found = rehearse(market(), np.array([0.9, 0.1]), Limits(weight=0.5), (5,), 250, 200, 1)
    assert np.all(np.isnan(found.probabilities["weight"]))


def test_rehearse__short_history__is_refused() -> None:
    with pytest.raises(RiskError, match="300 returns: fewer than 320"):
        rehearse(market(300), np.array([0.5, 0.5]), Limits(drawdown=0.1), (5,), 250, 200, 1)


def test_rehearse__fat_tails__count_breaches_by_the_quantile_known_then() -> None:
    """A limit that lies between the normal's value at risk and the t's is breached from the start under the t."""
    returns = np.random.default_rng(4).standard_t(3, (900, 1)) * 0.01
    start_days = list(rehearsal_days(900, 250, 5))
    history = EwmaHistory(returns)
    first = float(np.sqrt(history.covariance(start_days[0])[0, 0]))
    factor = tail_factor(degrees_of(EwmaHistory(returns).shocks(start_days[0], 250)))
    assert factor > 1.02 * Z99
    limit = first * (factor + Z99) / 2
    found = rehearse(returns, np.array([1.0]), Limits(var99=limit), (5,), 250, 200, 1)
    assert np.isnan(found.probabilities["var99"][0, 0]) and found.happened["var99"][0, 0]


def test_rehearse__other_future__leaves_the_quantile_of_the_past() -> None:
    returns = np.random.default_rng(4).standard_t(3, (900, 1)) * 0.01
    changed = np.concatenate([returns[:600], np.random.default_rng(5).standard_normal((300, 1)) * 0.01])
    said = [
        rehearse(one, np.array([1.0]), Limits(var99=0.04), (5,), 250, 200, 1).probabilities["var99"]
        for one in (returns, changed)
    ]
    known = sum(day <= 600 for day in rehearsal_days(900, 250, 5))
    np.testing.assert_array_equal(said[0][:known], said[1][:known])


def test_tail_factor__thin_tails__is_never_below_the_normals() -> None:
    assert tail_factor(1e6) == pytest.approx(Z99, rel=1e-5) and tail_factor(2.05) == Z99
    assert tail_factor(4.0) > Z99
