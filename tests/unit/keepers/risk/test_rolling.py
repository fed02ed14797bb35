"""Rolling forecasts look at nothing but the past, and their tests see what is wrong with them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from keepers.risk.backtests.rolling import Protocol, Track, roll
from keepers.risk.errors import RiskError
from keepers.risk.models import Model, model_named
from keepers.risk.models.weighted import WeightedModel

Array = NDArray[np.float64]
RETURNS = np.random.default_rng(1).standard_normal((900, 2)) * 0.01
WEIGHTS = np.tile(np.array([[0.5, 0.5], [1.0, 0.0]]), (900, 1, 1))
PROTOCOL = Protocol(window=300, refit=50)


def tracks(returns: Array, model: Model | None = None) -> list[Track]:
    return roll(model or WeightedModel("flat", np.inf, tails="normal"), returns, WEIGHTS, PROTOCOL)[0]


def test_roll__right_model__is_accepted_by_every_test() -> None:
    for track in tracks(RETURNS):
        for index in range(2):
            assert all(outcome.p_value > 0.005 for outcome in track.outcomes(index))


@pytest.mark.parametrize("name", ["ewma student", "ewma filtered", "historical"])
def test_roll__future_changes__no_forecast_before_it_does(name: str) -> None:
    changed = RETURNS.copy()
    changed[600:] *= -3
    for before, after in zip(tracks(RETURNS, model_named(name)), tracks(changed, model_named(name)), strict=True):
        np.testing.assert_array_equal(before.var[:, :301], after.var[:, :301])
        assert not np.array_equal(before.var[:, 301:], after.var[:, 301:])


def test_roll__returns__are_earned_with_the_days_weights() -> None:
    weights = np.zeros((900, 1, 2))
    weights[::2, 0, 0] = weights[1::2, 0, 1] = 1.0
    (track,), _ = roll(WeightedModel("flat", np.inf), RETURNS, weights, PROTOCOL)
    expected = np.where(np.arange(900) % 2 == 0, RETURNS[:, 0], RETURNS[:, 1])[300:]
    np.testing.assert_array_equal(track.returns, expected)


def test_roll__volatility_triples__constant_forecast_is_rejected() -> None:
    wild = RETURNS.copy()
    wild[450:] *= 3
    short = Protocol(window=300, refit=900)
    track = roll(WeightedModel("flat", np.inf, tails="normal"), wild, WEIGHTS, short)[0][0]
    rejected = {outcome.test for outcome in track.outcomes(1) if not outcome.accepted}
    assert {"bin", "tl", "pof", "cc", "tbf", "unconditional", "minimally biased"} <= rejected


def test_roll__short_window__names_the_fallback() -> None:
    _, notes = roll(model_named("ewma filtered"), RETURNS, WEIGHTS, PROTOCOL)
    assert notes == ("ewma student: 300 observations, fewer than 500",)


def test_roll__progress__counts_every_day() -> None:
    seen: list[int] = []
    roll(WeightedModel("flat", np.inf), RETURNS, WEIGHTS, PROTOCOL, seen.append)
    assert sum(seen) == 600


def test_roll__too_short_or_misfit__is_refused() -> None:
    model = WeightedModel("flat", np.inf)
    with pytest.raises(RiskError, match="no two days after a window"):
        roll(model, RETURNS[:301], WEIGHTS[:301], PROTOCOL)
    with pytest.raises(RiskError, match="do not fit"):
        roll(model, RETURNS, WEIGHTS[:5], PROTOCOL)


@pytest.mark.parametrize(
    ("window", "refit", "levels"), [(1, 5, (0.95,)), (10, 0, (0.95,)), (10, 5, ()), (10, 5, (0.3,))]
)
def test_protocol__out_of_range__is_refused(window: int, refit: int, levels: tuple[float, ...]) -> None:
    with pytest.raises(RiskError):
        Protocol(window, refit, levels)
