"""Forecast models: parameters that are recovered, filters that agree with arch, gates and fallbacks."""

from __future__ import annotations

import numpy as np
import pytest
from arch import arch_model
from numpy.typing import NDArray

from keepers.risk.distributions import Student
from keepers.risk.errors import RiskError
from keepers.risk.models import MODELS, model_named
from keepers.risk.models.conditional import FilteredModel, GarchModel
from keepers.risk.models.correlations import Correlations
from keepers.risk.models.garch import Volatilities, arch_lm, standardised
from keepers.risk.models.weighted import HistoricalModel, WeightedModel

Array = NDArray[np.float64]
WEIGHTS = np.array([0.5, 0.3, 0.2])


def garch_returns(days: int, seed: int, rho: float = 0.4) -> Array:
    """Three assets with omega 2e-6, alpha 0.08, beta 0.9 and equal correlations."""
    rng = np.random.default_rng(seed)
    root = np.linalg.cholesky(np.full((3, 3), rho) + (1 - rho) * np.eye(3))
    variance = np.full(3, 1e-4)
    found = np.empty((days, 3))
    for day in range(days):
        found[day] = np.sqrt(variance) * (root @ rng.standard_normal(3))
        variance = 2e-6 + 0.08 * found[day] ** 2 + 0.9 * variance
    return found


RETURNS = garch_returns(1000, 1)


def test_volatilities__long_history__recovers_the_parameters() -> None:
    got = Volatilities.fit(garch_returns(8000, 2)[:, :1], asymmetric=False)
    assert got.alpha[0] == pytest.approx(0.08, abs=0.02)
    assert got.beta[0] == pytest.approx(0.9, abs=0.03)
    assert got.omega[0] == pytest.approx(2e-6, rel=0.5)
    assert got.fallbacks == ()


@pytest.mark.parametrize("asymmetric", [False, True])
def test_paths__fitted_parameters__are_archs_variances(asymmetric: bool) -> None:
    """The first days differ: arch starts from a weighted mean of its own."""
    column = RETURNS[:, 0]
    model = arch_model(column * 100, mean="Zero", p=1, o=int(asymmetric), q=1, rescale=False)
    result = model.fit(disp="off")
    got = Volatilities.fit(RETURNS[:, :1], asymmetric=asymmetric).paths(RETURNS[:, :1])[:, 0]
    np.testing.assert_allclose(got[300:-1], (result.conditional_volatility[300:] / 100) ** 2, rtol=1e-4)
    ahead = result.forecast(horizon=1, reindex=False).variance.iloc[0, 0] / 1e4
    assert got[-1] == pytest.approx(ahead, rel=1e-4)


def test_paths__by_hand__is_the_recursion() -> None:
    model = Volatilities(np.array([1e-6]), np.array([0.1]), np.array([0.05]), np.array([0.8]))
    returns = np.array([[0.01], [-0.02]])
    first = np.mean(returns**2)
    second = 1e-6 + 0.1 * 1e-4 + 0.8 * first
    third = 1e-6 + 0.15 * 4e-4 + 0.8 * second
    np.testing.assert_allclose(model.paths(returns)[:, 0], [first, second, third], rtol=1e-12)


def test_fit__asset_that_never_moves__falls_back_and_is_named() -> None:
    returns = RETURNS.copy()
    returns[:, 1] = 0.0
    fitted = GarchModel("garch", asymmetric=False, dynamic=True).fit(returns)
    assert fitted.note == "RiskMetrics' decay in place of failed fits: 1"
    matrix = fitted.forecast(returns).covariance
    assert matrix[1, 1] == 0 and np.all(np.isfinite(matrix))


@pytest.mark.parametrize("name", ["garch ccc student", "gjr dcc student", "ewma filtered", "gjr filtered"])
def test_fit__fewer_than_500_days__falls_back_to_a_named_model(name: str) -> None:
    short = RETURNS[:499]
    fitted = model_named(name).fit(short)
    assert fitted.note == "ewma student: 499 observations, fewer than 500"
    expected = model_named("ewma student").fit(short).forecast(short)
    np.testing.assert_array_equal(fitted.forecast(short).covariance, expected.covariance)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_forecast__every_model__is_near_the_truth(model: object) -> None:
    """The true volatility of tomorrow is known; no model is off by half, because it was near its mean."""
    assert hasattr(model, "fit")
    fitted = model.fit(RETURNS)
    forecast = fitted.forecast(RETURNS)
    book = forecast.portfolio(WEIGHTS)
    assert np.linalg.eigvalsh(forecast.covariance).min() > 0
    assert fitted.note == ""
    assert 0.006 < book.scale < 0.014
    assert 0 < book.value_at_risk(0.95) < book.value_at_risk(0.99) < book.shortfall(0.99)
    assert book.rank(-book.value_at_risk(0.99)) == pytest.approx(0.01, abs=1e-6)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_fit__hostile_windows__are_refused(model: object) -> None:
    assert hasattr(model, "fit")
    broken = RETURNS.copy()
    broken[7, 2] = np.nan
    for window, reason in ((RETURNS[:30], "fewer than 60"), (broken, "day 7, asset 2"), (RETURNS[:, 0], "not \\(days")):
        with pytest.raises(RiskError, match=reason):
            model.fit(window)


def test_portfolio__no_variance__is_refused() -> None:
    forecast = HistoricalModel().fit(RETURNS).forecast(RETURNS)
    with pytest.raises(RiskError, match="not above zero"):
        forecast.portfolio(np.zeros(3))


def test_garch__volatility_jumps__forecast_follows_and_equal_weights_do_not() -> None:
    shaken = RETURNS.copy()
    shaken[-5:] = 0.06
    garch = GarchModel("garch", asymmetric=False, dynamic=False).fit(RETURNS)
    flat = WeightedModel("flat", np.inf).fit(RETURNS)
    ratios = [
        fitted.forecast(shaken).portfolio(WEIGHTS).scale / fitted.forecast(RETURNS).portfolio(WEIGHTS).scale
        for fitted in (garch, flat)
    ]
    assert ratios[0] > 2 and ratios[1] < 1.3


def test_correlations__dynamic_truth__is_found_and_followed() -> None:
    rng = np.random.default_rng(4)
    days = 3000
    rho = 0.8 * np.sin(np.arange(days) / 120)
    first, second = rng.standard_normal((2, days))
    returns = np.stack([first, rho * first + np.sqrt(1 - rho**2) * second], axis=1)
    found = Correlations.fit(returns, dynamic=True)
    assert found.converged and found.a > 0.02 and found.a + found.b > 0.95
    for day in (1507, 1884):
        assert found.next(returns[:day])[0, 1] == pytest.approx(rho[day], abs=0.3)


def test_correlations__constant_truth__moves_little() -> None:
    shocks = standardised(RETURNS, Volatilities.fit(RETURNS, asymmetric=False).paths(RETURNS))
    constant = Correlations.fit(shocks, dynamic=False).next(shocks)
    moving = Correlations.fit(shocks, dynamic=True).next(shocks)
    assert constant[0, 1] == pytest.approx(0.4, abs=0.1)
    np.testing.assert_allclose(moving, constant, atol=0.15)


def test_correlations__next__is_the_recursion() -> None:
    rng = np.random.default_rng(5)
    returns = rng.standard_normal((40, 3))
    model = Correlations(np.eye(3) * 0.9 + 0.1, 0.05, 0.9)
    matrix = model.target
    for row in returns:
        matrix = 0.05 * model.target + 0.05 * np.outer(row, row) + 0.9 * matrix
    deviations = np.sqrt(np.diag(matrix))
    np.testing.assert_allclose(model.next(returns), matrix / np.outer(deviations, deviations), atol=1e-12)


def test_filtered__constant_volatility__is_history_at_todays_volatility() -> None:
    fitted = FilteredModel("filtered", asymmetric=None).fit(RETURNS)
    forecast = fitted.forecast(RETURNS)
    assert forecast.covariance.shape == (3, 3)
    todays = np.sqrt(Volatilities.decayed(3).paths(RETURNS)[-1])
    np.testing.assert_allclose(np.sqrt(np.diag(forecast.covariance)), todays, rtol=0.1)


def test_ledoit_wolf__tails__are_of_returns_over_their_overall_volatility() -> None:
    returns = np.random.default_rng(6).standard_t(4, (4000, 3)) * 0.01
    fitted = WeightedModel("flat", np.inf).fit(returns)
    assert isinstance(fitted.tail, Student) and 3.4 < fitted.tail.degrees < 4.8


def test_arch_lm__clustered_and_independent__tells_them_apart() -> None:
    assert arch_lm(RETURNS[:, 0])[1] < 0.01
    assert arch_lm(np.random.default_rng(7).standard_normal(1000))[1] > 0.01
    with pytest.raises(RiskError, match="too few for 5 lags"):
        arch_lm(RETURNS[:20, 0])


def test_model_named__unknown__lists_what_there_is() -> None:
    with pytest.raises(RiskError, match="choose from historical, ewma normal"):
        model_named("egarch")
