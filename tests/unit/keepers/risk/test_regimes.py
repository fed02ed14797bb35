"""Markov-switching covariances on regimes that are known."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

from keepers.risk.models.regimes import Chain, FittedSwitching, SwitchingModel, filtered, fit_chain, smoothed
from keepers.risk.models.registry import model_named

CHAIN = Chain(np.array([0.5e-4, 4e-4]), np.array([0.985, 0.95]))


def market(days: int = 1500, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Returns of two regimes, and whether each day is wild."""
    rng = np.random.default_rng(seed)
    wild = np.zeros(days, dtype=np.int64)
    for day in range(1, days):
        wild[day] = rng.uniform() > CHAIN.stay[0] if wild[day - 1] == 0 else rng.uniform() < CHAIN.stay[1]
    return rng.normal(size=days) * np.sqrt(CHAIN.variances[wild]), wild


def assets(days: int = 1500) -> np.ndarray:
    """Three assets that move with the market and on their own."""
    common, wild = market(days)
    own = np.random.default_rng(4).normal(size=(days, 3)) * np.sqrt(CHAIN.variances[wild])[:, np.newaxis] / 2
    return common[:, np.newaxis] + own


def test_filtered__same_parameters__agrees_with_statsmodels() -> None:
    returns, _ = market(400)
    known, before, likelihood = filtered(CHAIN, returns)
    days, _ = smoothed(CHAIN, known, before)
    theirs = MarkovRegression(returns, k_regimes=2, trend="n", switching_variance=True)
    # Their parameters: probability of calm after calm, of calm after wild, and the variances.
    found = theirs.smooth(np.array([CHAIN.stay[0], 1 - CHAIN.stay[1], *CHAIN.variances]))
    assert likelihood == pytest.approx(found.llf, rel=1e-9)
    np.testing.assert_allclose(known, found.filtered_marginal_probabilities, atol=1e-8)
    np.testing.assert_allclose(days, found.smoothed_marginal_probabilities, atol=1e-8)


def test_fit_chain__known_regimes__are_found() -> None:
    returns, wild = market(3000)
    chain, days, converged = fit_chain(returns)
    assert converged
    np.testing.assert_allclose(chain.variances, CHAIN.variances, rtol=0.25)
    np.testing.assert_allclose(chain.stay, CHAIN.stay, atol=0.03)
    assert np.mean((days[:, 1] > 0.5) == (wild == 1)) > 0.9


def test_switching_model__wild_end__forecasts_more_than_calm_end() -> None:
    returns = assets()
    fitted = model_named("switching student").fit(returns)
    assert isinstance(fitted, FittedSwitching)
    calm, wild = (fitted.forecast(np.concatenate([returns, size * np.ones((10, 3))])) for size in (0.001, 0.05))
    assert np.all(np.diag(wild.covariance) > 3 * np.diag(calm.covariance))
    assert np.linalg.eigvalsh(calm.covariance)[0] > 0


@pytest.mark.parametrize(
    ("returns", "note"),
    [
        (assets(499), "ewma student: 499 observations, fewer than 500"),
        (np.tile([0.01, -0.01], (600, 1)), "ewma student: the market never moves"),
    ],
)
def test_switching_model__nothing_to_fit__is_the_named_fallback(returns: np.ndarray, note: str) -> None:
    assert SwitchingModel("switching student").fit(returns).note == note


def test_switching_model__one_wild_week__is_too_short_a_regime() -> None:
    returns = np.random.default_rng(1).normal(0, 0.01, (600, 2))
    returns[300:305] *= 20
    assert "days, fewer than 60" in SwitchingModel("switching student").fit(returns).note
