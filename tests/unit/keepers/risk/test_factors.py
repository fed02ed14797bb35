"""A statistical factor model on returns whose factors are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from keepers.risk.models.factors import FittedPca, PcaModel, factor_correlation
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
    assert isinstance(fitted, FittedPca) and fitted.factors == 2
    deviations = np.sqrt(np.diag(fitted.forecast(sample).covariance))
    assert np.all(deviations > 2 * np.sqrt(np.mean(sample[:-60] ** 2, axis=0)))
