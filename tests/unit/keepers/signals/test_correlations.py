"""Forecasts of covariances see no future, are scored by Stein's loss, and DCC wins where correlations move."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import multivariate_normal

from keepers.operations.generated_part import markers
from keepers.operations.signal_data import packaged
from keepers.operations.signals_correlations import PART, data_hash
from keepers.risk.models.conditional import GarchModel
from keepers.signals.correlations.comparison import judge, score, walk_forward
from keepers.signals.correlations.models import MODELS, decaying
from keepers.signals.errors import SignalError

Array = NDArray[np.float64]
PAGE = Path(__file__).parents[4] / "docs" / "correlations.md"


def panel(days: int = 640, assets: int = 3, swing: float = 0.0, seed: int = 5) -> Array:
    """Log returns with a common correlation that swings about a half with a period of 250 days."""
    random = np.random.default_rng(seed)
    rho = 0.5 + swing * np.sin(2 * np.pi * np.arange(days) / 250)
    common = random.standard_normal((days, 1)) * np.sqrt(rho)[:, np.newaxis]
    own = random.standard_normal((days, assets)) * np.sqrt(1 - rho)[:, np.newaxis]
    return np.asarray(0.01 * (common + own))


def days_of(returns: Array) -> tuple[date, ...]:
    return tuple(date(2000, 1, 1) + timedelta(day) for day in range(returns.shape[0]))


def test_score__a_forecast__is_the_normal_likelihood() -> None:
    covariances = np.array([[4.0, 1.0], [1.0, 2.0]]) * 1e-4
    returns = np.array([0.01, -0.03])
    likelihood = multivariate_normal(cov=covariances).logpdf(returns)
    found = score(covariances, returns)
    assert found.loss == pytest.approx(-2 * likelihood - 2 * np.log(2 * np.pi))
    assert found.distance == pytest.approx(returns @ np.linalg.inv(covariances) @ returns / 2)
    # The weights of least variance are (variance of the other - covariance) over the sum: 1 / 4 and 3 / 4.
    assert found.least == pytest.approx(0.25 * 0.01 - 0.75 * 0.03)


def test_score__true_covariances__lose_least_in_the_mean() -> None:
    random = np.random.default_rng(3)
    true = np.array([[1.0, 0.6], [0.6, 1.0]])
    rows = random.multivariate_normal(np.zeros(2), true, 20_000)
    rivals = (true, np.eye(2), 1.2 * true, 0.8 * true, np.array([[1.0, 0.8], [0.8, 1.0]]))
    means = [np.mean([score(rival, row).loss for row in rows]) for rival in rivals]
    assert int(np.argmin(means)) == 0


@pytest.mark.parametrize(
    "covariances",
    [np.ones((2, 2)), np.diag([1.0, 0.0]), np.full((2, 2), np.nan), np.array([[1.0, 2.0], [2.0, 1.0]]), np.eye(3)],
    ids=["twice the same", "at rest", "nan", "indefinite", "other shape"],
)
def test_score__no_covariances__are_refused(covariances: Array) -> None:
    with pytest.raises(SignalError, match=r"not positive definite|of 2 assets"):
        score(covariances, np.ones(2))


def test_walk_forward__the_future_changes__no_score_before_does() -> None:
    returns, cut = panel(640), 610
    later = returns.copy()
    later[cut:] *= -9
    known, changed = (walk_forward(MODELS, rows, 560) for rows in (returns, later))
    for model in MODELS:
        assert known[model.name][: cut - 560] == changed[model.name][: cut - 560]
        assert known[model.name][cut - 560] != changed[model.name][cut - 560]


def test_walk_forward__dcc_and_ccc__forecast_what_the_risk_models_do() -> None:
    returns = panel(561, swing=0.4)
    found = walk_forward(MODELS, returns, 560)
    for name, dynamic in (("garch, ccc", False), ("garch, dcc", True)):
        fitted = GarchModel(name, asymmetric=False, dynamic=dynamic).estimate(returns[:560])
        expected = score(fitted.forecast(returns[:560]).covariance, returns[560])
        assert found[name][0].loss == pytest.approx(expected.loss)


def test_walk_forward__decay__is_the_weighted_sum_of_products() -> None:
    returns = panel(561)
    weights = 0.06 * 0.94 ** np.arange(559, -1, -1)
    expected = (returns[:560] * weights[:, np.newaxis]).T @ returns[:560]
    found = walk_forward(MODELS, returns, 560)["riskmetrics daily"][0]
    assert found.loss == pytest.approx(score(expected, returns[560]).loss, rel=1e-9)


def test_decaying__any_length__sums_to_one() -> None:
    assert decaying(3, 0.5) == pytest.approx([1 / 7, 2 / 7, 4 / 7])


def test_judge__correlations_that_swing__dcc_beats_constant_ones() -> None:
    returns = panel(2_200, assets=4, swing=0.45)
    found = judge(MODELS, days_of(returns), returns)
    against = found.against("garch, dcc")
    for rival in ("garch, ccc", "garch, uncorrelated"):
        assert against[rival].statistic > 0 and against[rival].p_value < 0.01
    assert "garch, uncorrelated" not in found.best()


def test_judge__constant_correlations__dcc_does_not_beat_ccc() -> None:
    returns = panel(2_200, assets=4)
    found = judge(MODELS, days_of(returns), returns)
    assert "garch, ccc" in found.best()
    assert found.distances["garch, ccc"].mean() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("returns", "said"),
    [
        (panel(1_100, assets=1), "1 assets: have no correlations"),
        (panel(1_019), "1019 days: 1020 are needed"),
        (panel(0), "0 days: 1020 are needed"),
        (np.hstack([panel(1_100), np.zeros((1_100, 1))]), "asset 4: at rest for 252 days"),
        (panel(1_100)[:, [0, 1, 1]], "forecast covariances: not positive definite; give fewer assets, none twice"),
    ],
    ids=["one asset", "short", "empty", "at rest", "twice"],
)
def test_judge__unusable_panel__one_line(returns: Array, said: str) -> None:
    with pytest.raises(SignalError, match=said):
        judge(MODELS, days_of(returns), returns)


def test_page__generated_table__has_the_packaged_data_and_every_model() -> None:
    begin, end = markers(PART)
    table = PAGE.read_text(encoding="utf-8").partition(begin)[2].partition(end)[0]
    assert f"data SHA-256 `{data_hash(packaged('sp500'))}`" in table, "make signals"
    assert all(f"| {model.name} |" in table for model in MODELS), "make signals"
