"""Strategies hold what their names say."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from keepers.portfolio.errors import OptimisationFailed
from keepers.portfolio.optimise import minimum_variance
from keepers.portfolio.strategies import Strategy, inverse_volatility, reference_weights, risk_parity

Array = NDArray[np.float64]


def covariance(assets: int, seed: int = 1) -> Array:
    loadings = np.random.default_rng(seed).standard_normal((assets, assets + 3)) * 0.01
    return loadings @ loadings.T


def constant_correlation(volatilities: list[float], correlation: float) -> Array:
    sigma = np.array(volatilities)
    matrix = correlation * np.outer(sigma, sigma)
    np.fill_diagonal(matrix, sigma**2)
    return matrix


def test_equal_weight__any_covariance__is_one_over_n() -> None:
    assert reference_weights("equal-weight", covariance(4), 0.1).tolist() == [0.25] * 4


def test_inverse_volatility__twice_the_volatility__has_half_the_weight() -> None:
    weights = inverse_volatility(constant_correlation([0.01, 0.02], 0.3))
    np.testing.assert_allclose(weights, [2 / 3, 1 / 3])


@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_risk_parity__any_covariance__contributions_are_equal(assets: int, seed: int) -> None:
    matrix = covariance(assets, seed)
    weights = risk_parity(matrix)
    contributions = weights * (matrix @ weights)
    np.testing.assert_allclose(contributions, contributions.mean(), rtol=1e-6)
    assert weights.sum() == pytest.approx(1) and np.all(weights > 0)


def test_risk_parity__constant_correlation__is_inverse_volatility() -> None:
    matrix = constant_correlation([0.01, 0.02, 0.05], 0.4)
    np.testing.assert_allclose(risk_parity(matrix), inverse_volatility(matrix), rtol=1e-9)


def test_minimum_variance__two_assets__is_the_textbook_weight() -> None:
    matrix = constant_correlation([0.01, 0.02], 0.2)
    first = (matrix[1, 1] - matrix[0, 1]) / (matrix[0, 0] + matrix[1, 1] - 2 * matrix[0, 1])
    np.testing.assert_allclose(minimum_variance(matrix, 1.0), [first, 1 - first], atol=1e-6)


def test_minimum_variance__bound__holds_and_no_other_portfolio_varies_less() -> None:
    matrix, random = covariance(5, 3), np.random.default_rng(2)
    weights = minimum_variance(matrix, 0.35)
    assert weights.max() <= 0.35 + 1e-9 and weights.sum() == pytest.approx(1)
    others = [found for found in random.dirichlet(np.ones(5), 3000) if found.max() <= 0.35]
    assert len(others) > 100
    assert all(other @ matrix @ other >= weights @ matrix @ weights * (1 - 1e-6) for other in others)


def test_reference_weights__strategies__vary_less_the_more_they_look_at_risk() -> None:
    matrix = constant_correlation([0.01, 0.02, 0.04], 0.3)
    order: list[Strategy] = ["minimum-variance", "risk-parity", "equal-weight"]
    variances = [(w := reference_weights(name, matrix, 1.0)) @ matrix @ w for name in order]
    assert all(less < more for less, more in pairwise(variances))


@pytest.mark.parametrize("strategy", get_args(Strategy))
def test_reference_weights__bound_that_nothing_fits_under__still_sums_to_one(strategy: Strategy) -> None:
    assert reference_weights(strategy, covariance(3), 0.01).sum() == pytest.approx(1)


@pytest.mark.parametrize("strategy", ["inverse-volatility", "risk-parity"])
def test_reference_weights__asset_that_never_moves__says_so(strategy: Strategy) -> None:
    matrix = constant_correlation([0.01, 0.0, 0.02], 0.0)
    with pytest.raises(OptimisationFailed, match=f"asset 1: never moves, which {strategy} cannot weigh"):
        reference_weights(strategy, matrix, 1.0)
