"""A portfolio that is built from closes is a signal like the others."""

from __future__ import annotations

from datetime import date, timedelta
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr

from keepers.rebalancing.advice import advise, signal_of
from keepers.rebalancing.construction import ConstructionSignal, momentum_posterior, momentum_skill
from keepers.rebalancing.settings import ConstructionSettings, Method, RebalanceSettings
from keepers.signals.errors import SignalError
from keepers.signals.momentum import momentum
from keepers.signals.regimes.forecast import RegimeModel
from keepers.signals.signal import Observed

Array = NDArray[np.float64]


def closes_of(days: int, assets: int = 5, seed: int = 3) -> Array:
    random = np.random.default_rng(seed)
    drift = np.linspace(-0.0004, 0.0008, assets)
    return 100 * np.exp(np.cumsum(random.normal(drift, 0.012, (days, assets)), axis=0))


def seen(closes: Array) -> Observed:
    return Observed(tuple(date(2020, 1, 1) + timedelta(day) for day in range(len(closes))), closes)


def no_regime() -> RegimeModel:
    raise AssertionError("nobody asked for a regime")


def built(method: str, **changes: object) -> RebalanceSettings:
    construction = {"enabled": True, "method": method, "lookback_days": 500, **changes}
    return RebalanceSettings.model_validate({"model": "built", "construction": construction})


@pytest.mark.parametrize("method", get_args(Method))
def test_advise__each_method__holds_bounded_weights_that_sum_to_one(method: Method) -> None:
    advice = signal_of(built(method, max_weight=0.3), no_regime).advise(seen(closes_of(700)))
    assert advice.weights is not None and advice.weights.sum() == pytest.approx(1)
    assert advice.weights.min() >= 0 and advice.weights.max() <= 0.3 + 1e-6
    assert (advice.model, advice.strategy, advice.views) == ("built", None, None)
    assert advice.reason.startswith(method)


@pytest.mark.parametrize("method", get_args(Method))
def test_advise__closes_before_the_window__change_nothing(method: Method) -> None:
    signal, closes = signal_of(built(method), no_regime), closes_of(700)
    other = closes.copy()
    other[: 700 - 501] *= 1.7
    first, second = signal.advise(seen(closes)), signal.advise(seen(other))
    np.testing.assert_array_equal(first.weights, second.weights)
    assert first.inputs_hash == second.inputs_hash


@pytest.mark.parametrize("method", get_args(Method))
def test_advise__a_close_in_the_window_differs__hashes_differ(method: Method) -> None:
    signal, closes = signal_of(built(method), no_regime), closes_of(700)
    other = closes.copy()
    other[-1, 0] *= 1.0001
    assert signal.advise(seen(closes)).inputs_hash != signal.advise(seen(other)).inputs_hash


def test_advise__too_few_closes__holds_the_strategy_and_says_so() -> None:
    reasons: list[SignalError] = []
    advice = advise(built("minimum-cvar"), no_regime, lambda: seen(closes_of(500)), reasons.append)
    assert (advice.model, advice.weights) == ("equal-weight", None)
    assert "501 are needed" in str(reasons[0])


def test_advise__everything_fell__maximum_sharpe_holds_the_strategy() -> None:
    reasons: list[SignalError] = []
    falling = closes_of(700) * np.exp(-0.01 * np.arange(700))[:, np.newaxis]
    advice = advise(built("maximum-sharpe"), no_regime, lambda: seen(falling), reasons.append)
    assert advice.weights is None and "none is above zero" in str(reasons[0])


def test_advise__one_asset__holds_it() -> None:
    advice = ConstructionSignal("built", "black-litterman", 500, 0.25, 5.0).advise(seen(closes_of(700, 1)))
    np.testing.assert_allclose(advice.weights, [1.0])
    assert advice.confidence == 0


def test_momentum_skill__any_closes__is_the_mean_of_spearmans_correlations() -> None:
    closes = closes_of(700)
    months = [row for row in range(699 - 21, 251, -21)]
    found = [spearmanr(momentum(closes[: row + 1], 1.0), closes[row + 21] / closes[row]).statistic for row in months]
    assert momentum_skill(closes) == pytest.approx(max(0.0, np.mean(found))) and len(months) == 21


def test_momentum_skill__winners_lose__is_zero() -> None:
    assert momentum_skill(swinging(-1)) == 0


def test_momentum_skill__winners_win__is_one() -> None:
    assert momentum_skill(swinging(1)) == pytest.approx(1)


def swinging(sign: int) -> Array:
    """A first year that ranks four assets, and months after it that follow the ranks, or reverse them."""
    ranks = np.array([-2.0, -1.0, 1.0, 2.0])
    steps = np.vstack([np.tile(ranks * 0.01, (252, 1)), np.tile(ranks * 0.0001 * sign, (21 * 3, 1))])
    return 100 * np.exp(np.vstack([np.zeros(4), np.cumsum(steps, axis=0)]))


def test_momentum_posterior__skill__moves_returns_towards_winners() -> None:
    closes, covariance = swinging(1), np.diag([1e-4] * 4)
    expected, skill = momentum_posterior(closes, covariance, 5.0)
    prior = 5.0 * covariance @ np.full(4, 0.25)
    assert skill == pytest.approx(1) and np.all(np.diff(expected - prior) > 0)


def test_construction_settings__too_short_for_views__are_refused() -> None:
    with pytest.raises(ValueError, match="below 273, which momentum's skill needs"):
        ConstructionSettings(lookback_days=252)


def test_rebalance_settings__two_signals__are_refused() -> None:
    both = {"model": "x", "momentum": {"enabled": True}, "construction": {"enabled": True}}
    with pytest.raises(ValueError, match="momentum and construction are enabled"):
        RebalanceSettings.model_validate(both)
