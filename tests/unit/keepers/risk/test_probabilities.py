"""Scores and calibration of probability forecasts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.metrics import brier_score_loss

from keepers.risk.backtests.probabilities import brier_score, count_hits, fit_calibration, reliability
from keepers.risk.errors import RiskError

LEAST = 0.001


def forecasts(offset: float, slope: float, count: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, and events that come with logit(q) = offset + slope logit(p)."""
    rng = np.random.default_rng(5)
    said = rng.uniform(0.02, 0.98, count)
    return said, rng.uniform(size=count) < expit(offset + slope * logit(said))


def test_brier_score__any__agrees_with_scikit_learn() -> None:
    said, came = forecasts(0.0, 1.0, 500)
    assert brier_score(said, came) == pytest.approx(brier_score_loss(came, said), abs=1e-12)


def test_fit_calibration__known_distortion__is_found() -> None:
    said, came = forecasts(-0.7, 0.6)
    found = fit_calibration(said, came, LEAST)
    assert found.offset == pytest.approx(-0.7, abs=0.08) and found.slope == pytest.approx(0.6, abs=0.06)
    assert brier_score(found.apply(said), came) < brier_score(said, came)


def test_fit_calibration__few_events__stays_as_simulated() -> None:
    said, came = np.full(100, 0.05), np.arange(100) < 9
    found = fit_calibration(said, came, LEAST)
    assert found.note == "as simulated: 9 events in 100 forecasts, fewer than 10 of a kind"
    np.testing.assert_array_equal(found.apply(said), said)


def test_fit_calibration__forecasts_the_wrong_way_round__stays_as_simulated() -> None:
    said, came = forecasts(0.0, -1.0, 1000)
    assert "did not come true more often" in fit_calibration(said, came, LEAST).note


def test_reliability__any__bins_hold_every_forecast_once() -> None:
    said, came = forecasts(0.0, 1.0)
    bins = reliability(np.append(said, 1.0), np.append(came, True))
    assert sum(one.forecasts for one in bins) == said.size + 1
    for one in bins:
        assert one.low <= one.mean <= one.high
        assert abs(one.mean - one.frequency) < 4 * np.sqrt(0.25 / one.forecasts)


def test_count_hits__four_kinds__are_told_apart() -> None:
    found = count_hits(np.array([0.9, 0.5, 0.2, 0.1]), np.array([True, False, True, False]), 0.5)
    assert (found.raised, found.hits, found.missed) == (2, 1, 1)


@pytest.mark.parametrize(
    ("said", "came"),
    [([], []), ([0.5], [True, False]), ([1.5], [True]), ([float("nan")], [True])],
)
def test_brier_score__no_forecasts__is_refused(said: list[float], came: list[bool]) -> None:
    with pytest.raises(RiskError):
        brier_score(np.array(said), np.array(came, dtype=np.bool_))
