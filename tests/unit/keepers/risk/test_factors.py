"""Factor models, statistical and with given factors, on returns whose factors are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.linalg import lstsq
from sklearn.decomposition import PCA

from keepers.risk.backtests.rolling import Protocol, roll
from keepers.risk.errors import RiskError
from keepers.risk.models.factors import (
    Factors,
    FittedFactors,
    GivenFactorModel,
    PcaModel,
    SingleIndexModel,
    factor_correlation,
    given_correlation,
)
from keepers.risk.models.gated import NotFound
from keepers.risk.models.registry import model_named


def returns(days: int = 2000, assets: int = 8, factors: int = 2, seed: int = 1) -> np.ndarray:
    """Returns of strong factors, each with an own part that is as large as one of them."""
    rng = np.random.default_rng(seed)
    loadings = rng.normal(size=(factors, assets))
    return 0.01 * (rng.normal(size=(days, factors)) @ loadings + 0.5 * rng.normal(size=(days, assets)))


@pytest.mark.parametrize("factors", [1, 2, 3])
def test_factor_correlation__known_factors__are_counted(factors: int) -> None:
    assert factor_correlation(returns(assets=20, factors=factors))[1] == factors


def test_factor_correlation__common_part__is_that_of_scikit_learn() -> None:
    sample = returns()
    units = sample / np.sqrt(np.mean(sample**2, axis=0))
    mirrored = np.concatenate([units, -units])  # Its mean is exactly zero, which is what the model assumes.
    got, factors = factor_correlation(sample)
    fitted = PCA(n_components=factors, svd_solver="full").fit(mirrored)
    scale = (mirrored.shape[0] - 1) / mirrored.shape[0]
    want = scale * (fitted.components_.T * fitted.explained_variance_) @ fitted.components_
    np.fill_diagonal(want, 1.0)
    np.testing.assert_allclose(got, want, atol=1e-10)


@settings(max_examples=25, deadline=None)
@given(assets=st.integers(1, 12), factors=st.integers(1, 3), seed=st.integers(0, 1000), still=st.booleans())
def test_factor_correlation__any__is_positive_semidefinite(assets: int, factors: int, seed: int, still: bool) -> None:
    sample = returns(120, assets, factors, seed)
    if still:
        sample[:, 0] = 0.0
    got, _ = factor_correlation(sample)
    assert np.all(np.diag(got) == 1.0) and np.linalg.eigvalsh(got)[0] > -1e-9


def test_pca_model__short_history__is_the_named_fallback() -> None:
    assert PcaModel("pca student").fit(returns(499)).note == "ewma student: 499 observations, fewer than 500"


def test_pca_model__by_name__forecasts_todays_volatility() -> None:
    sample = returns()
    sample[-60:] *= 3
    fitted = model_named("pca student").fit(sample)
    assert isinstance(fitted, FittedFactors) and fitted.factors == 2
    deviations = np.sqrt(np.diag(fitted.forecast(sample).covariance))
    assert np.all(deviations > 2 * np.sqrt(np.mean(sample[:-60] ** 2, axis=0)))


def driven(days: int = 1500, seed: int = 5) -> tuple[np.ndarray, Factors]:
    """Six assets that two given factors drive, with an own part each."""
    rng = np.random.default_rng(seed)
    values = 0.01 * rng.normal(size=(days, 2))
    loadings = np.array([[1.0, 0.8, 1.2, 0.9, 1.1, 1.0], [1.0, 1.0, 1.0, -1.0, -1.0, -1.0]])
    return values @ loadings + 0.005 * rng.normal(size=(days, 6)), Factors(("market", "style"), values)


def test_given_correlation__two_factors__is_that_of_the_regression() -> None:
    sample, factors = driven()
    got = given_correlation(sample, factors.values)
    fitted = factors.values @ lstsq(factors.values, sample, rcond=None)[0]
    deviations = np.sqrt(np.mean(sample**2, axis=0))
    want = fitted.T @ fitted / sample.shape[0] / np.outer(deviations, deviations)
    np.fill_diagonal(want, 1.0)
    np.testing.assert_allclose(got, want, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(assets=st.integers(1, 8), factors=st.integers(1, 3), seed=st.integers(0, 1000), still=st.booleans())
def test_given_correlation__any__is_positive_semidefinite(assets: int, factors: int, seed: int, still: bool) -> None:
    sample = returns(150, assets, factors, seed)
    if still:
        sample[:, 0] = 0.0
    got = given_correlation(sample, np.random.default_rng(seed).normal(size=(150, factors)) + sample[:, [-1]])
    assert np.all(np.diag(got) == 1.0) and np.linalg.eigvalsh(got)[0] > -1e-9


@pytest.mark.parametrize("second", [np.zeros(150), np.arange(150.0)])
def test_given_correlation__factor_that_says_nothing__is_refused(second: np.ndarray) -> None:
    with pytest.raises(NotFound, match="does not move, or is a sum"):
        given_correlation(returns(150), np.stack([np.arange(150.0), second], axis=1))


def test_given_factor_model__useless_factor__is_the_named_fallback() -> None:
    sample, factors = driven()
    still = Factors(("market",), np.zeros_like(factors.values[:, :1]))
    note = GivenFactorModel("factors student").on(still).fit(sample).note
    assert note == "ewma student: a factor does not move, or is a sum of the others"


@pytest.mark.parametrize("name", ["single-index student", "factors student"])
def test_given_factor_model__short_history__is_the_named_fallback(name: str) -> None:
    assert model_named(name).fit(returns(499)).note == "ewma student: 499 observations, fewer than 500"


def test_single_index_model__with_and_without_market__regresses_on_one_index() -> None:
    sample, factors = driven()
    model = SingleIndexModel("single-index student")
    given, own = model.on(factors).fit(sample), model.fit(sample)
    assert isinstance(given, FittedFactors) and isinstance(own, FittedFactors)
    assert given.factors == own.factors == 1
    assert abs(given.correlation[0, 5]) > 0.2, "the second factor, which would take this to about zero, plays no part"
    assert np.linalg.matrix_rank(own.correlation - np.diag(np.diag(own.correlation)), 1e-9) > 1


def test_given_factor_model__without_or_with_other_factors__is_refused() -> None:
    sample, factors = driven(600)
    with pytest.raises(RiskError, match="has no factors; give --factors FILE"):
        GivenFactorModel("factors student").fit(sample)
    with pytest.raises(RiskError, match="599 days of factors: not the 600"):
        GivenFactorModel("factors student").on(factors.rows(0, 599)).fit(sample)


def test_roll__given_factors__are_those_of_each_window() -> None:
    sample, factors = driven(700)
    weights = np.full((700, 1, 6), 1 / 6)
    protocol = Protocol(window=600, refit=50)
    tracks, notes = roll(GivenFactorModel("factors student"), sample, weights, protocol, factors=factors)
    changed = Factors(factors.names, np.concatenate([factors.values[:650], 1000 * factors.values[650:]]))
    others, _ = roll(GivenFactorModel("factors student"), sample, weights, protocol, factors=changed)
    assert notes == ()
    np.testing.assert_array_equal(tracks[0].var, others[0].var)
    unrelated = Factors(factors.names, factors.values[::-1].copy())
    third, _ = roll(GivenFactorModel("factors student"), sample, weights, protocol, factors=unrelated)
    assert not np.array_equal(third[0].var, tracks[0].var)
