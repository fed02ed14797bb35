"""Portfolios of expected returns, tails and views agree with textbooks, and with skfolio where it has the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from skfolio import RiskMeasure
from skfolio.cluster import HierarchicalClustering, LinkageMethod
from skfolio.distance import CovarianceDistance
from skfolio.moments import EmpiricalCovariance, ShrunkMu, ShrunkMuMethods
from skfolio.optimization import HierarchicalRiskParity, MeanRisk, ObjectiveFunction
from skfolio.prior import EmpiricalPrior
from skfolio.seriation import HierarchicalSeriation

from keepers.portfolio.construction import (
    bayes_stein_means,
    maximum_sharpe,
    mean_variance,
    minimum_cvar,
    posterior_returns,
)
from keepers.portfolio.errors import OptimisationFailed
from keepers.portfolio.optimise import minimum_variance
from keepers.portfolio.strategies import hierarchical_risk_parity, inverse_volatility

Array = NDArray[np.float64]


def returns_of(assets: int, days: int = 500, seed: int = 1) -> Array:
    random = np.random.default_rng(seed)
    loadings = random.standard_normal((assets, assets + 2)) * 0.006
    drift = random.uniform(0.0002, 0.001, assets)
    return random.standard_t(5, (days, assets + 2)) @ loadings.T + drift


def sample_covariance(returns: Array) -> Array:
    return np.cov(returns, rowvar=False)


@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_hierarchical_risk_parity__any_assets__is_skfolios(assets: int, seed: int) -> None:
    returns = returns_of(assets, 120, seed)
    tree = HierarchicalClustering(linkage_method=LinkageMethod.SINGLE)
    theirs = HierarchicalRiskParity(
        risk_measure=RiskMeasure.VARIANCE,
        prior_estimator=EmpiricalPrior(covariance_estimator=EmpiricalCovariance()),
        distance_estimator=CovarianceDistance(covariance_estimator=EmpiricalCovariance()),
        seriation_estimator=HierarchicalSeriation(hierarchical_clustering_estimator=tree),
    ).fit(returns)
    np.testing.assert_allclose(hierarchical_risk_parity(sample_covariance(returns)), theirs.weights_, atol=1e-9)


def test_hierarchical_risk_parity__uncorrelated__is_inverse_variance() -> None:
    matrix = np.diag([1e-4, 4e-4, 9e-4])
    expected = np.array([1, 1 / 4, 1 / 9]) / (1 + 1 / 4 + 1 / 9)
    np.testing.assert_allclose(hierarchical_risk_parity(matrix), expected)
    assert not np.allclose(inverse_volatility(matrix), expected)


def test_bayes_stein_means__500_days__are_skfolios() -> None:
    returns = returns_of(6)
    method = ShrunkMuMethods.BAYES_STEIN
    theirs = ShrunkMu(covariance_estimator=EmpiricalCovariance(), vol_weighted_target=True, method=method)
    expected = theirs.fit(returns).mu_
    np.testing.assert_allclose(bayes_stein_means(returns, sample_covariance(returns)), expected, rtol=1e-9)


def test_bayes_stein_means__an_asset_twice__is_refused() -> None:
    returns = returns_of(3)
    with pytest.raises(OptimisationFailed, match="cannot be inverted"):
        bayes_stein_means(returns, np.zeros((3, 3)))


def test_maximum_sharpe__loose_bound__is_the_tangency_portfolio() -> None:
    covariance = np.array([[4e-4, 1e-4], [1e-4, 9e-4]])
    expected = np.array([4e-4, 6e-4])
    tangency = np.linalg.solve(covariance, expected)
    np.testing.assert_allclose(maximum_sharpe(expected, covariance, 1.0), tangency / tangency.sum(), atol=1e-6)


@pytest.mark.parametrize("bound", [0.25, 0.4, 1.0])
def test_maximum_sharpe__bound__has_the_ratio_of_skfolio(bound: float) -> None:
    returns = returns_of(8)
    means, covariance = returns.mean(axis=0), sample_covariance(returns)
    mine = maximum_sharpe(means, covariance, bound)
    theirs = MeanRisk(objective_function=ObjectiveFunction.MAXIMIZE_RATIO, max_weights=bound).fit(returns).weights_
    assert mine.max() <= bound + 1e-7 and mine.sum() == pytest.approx(1)
    ratios = [means @ weights / np.sqrt(weights @ covariance @ weights) for weights in (mine, theirs)]
    assert ratios[0] >= ratios[1] * (1 - 1e-6)
    np.testing.assert_allclose(mine, theirs, atol=1e-3)


def test_maximum_sharpe__nothing_expected__is_refused() -> None:
    with pytest.raises(OptimisationFailed, match="none is above zero"):
        maximum_sharpe(np.array([-1e-4, 0.0]), np.eye(2) * 1e-4, 1.0)


@pytest.mark.parametrize("bound", [0.2, 1.0])
def test_minimum_cvar__bound__has_the_tail_of_skfolio(bound: float) -> None:
    returns = returns_of(8)
    mine = minimum_cvar(returns, 0.95, bound)
    theirs = MeanRisk(risk_measure=RiskMeasure.CVAR, cvar_beta=0.95, max_weights=bound).fit(returns).weights_
    tails = [np.sort(returns @ weights)[:25].mean() for weights in (mine, theirs)]
    assert mine.max() <= bound + 1e-9 and mine.sum() == pytest.approx(1)
    assert tails[0] == pytest.approx(tails[1], rel=1e-5)


def test_minimum_cvar__fewer_days_than_a_tail__is_refused() -> None:
    with pytest.raises(OptimisationFailed, match="have none beyond"):
        minimum_cvar(returns_of(2, 15), 0.95, 1.0)


def test_posterior_returns__no_confidence__is_the_prior() -> None:
    prior = np.array([1e-4, 2e-4])
    np.testing.assert_array_equal(posterior_returns(prior, np.eye(2) * 1e-4, np.array([1.0, 1.0]), 0.0), prior)


def test_posterior_returns__full_confidence__is_the_view() -> None:
    views, covariance = np.array([3e-4, -1e-4]), np.array([[4e-4, 1e-4], [1e-4, 9e-4]])
    np.testing.assert_allclose(posterior_returns(np.zeros(2), covariance, views, 1.0), views)


def test_posterior_returns__uncorrelated__goes_the_confident_part_of_the_way() -> None:
    found = posterior_returns(np.array([1e-4, 0.0]), np.diag([1e-4, 4e-4]), np.array([2e-4, 4e-4]), 0.25)
    np.testing.assert_allclose(found, [1.25e-4, 1e-4])


def test_posterior_returns__correlated__is_black_and_littermans_formula() -> None:
    covariance, prior = sample_covariance(returns_of(4)), np.array([1e-4, 2e-4, 3e-4, 4e-4])
    views, tau, confidence = np.array([5e-4, 0.0, -1e-4, 2e-4]), 0.05, 0.3
    doubt = np.diag(np.diag(tau * covariance)) * (1 - confidence) / confidence
    precision = np.linalg.inv(tau * covariance)
    mixed = np.linalg.solve(precision + np.linalg.inv(doubt), precision @ prior + np.linalg.solve(doubt, views))
    np.testing.assert_allclose(posterior_returns(prior, covariance, views, confidence), mixed, rtol=1e-6)


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
def test_posterior_returns__confidence_out_of_range__is_refused(confidence: float) -> None:
    with pytest.raises(OptimisationFailed, match="not between 0 and 1"):
        posterior_returns(np.zeros(2), np.eye(2), np.zeros(2), confidence)


def test_mean_variance__nothing_expected__is_minimum_variance() -> None:
    covariance = sample_covariance(returns_of(5))
    found = mean_variance(np.zeros(5), covariance, 0.4, 5.0)
    np.testing.assert_allclose(found, minimum_variance(covariance, 0.4), atol=1e-5)


def test_mean_variance__implied_returns__gives_the_weights_back() -> None:
    covariance, held = sample_covariance(returns_of(4)), np.array([0.1, 0.2, 0.3, 0.4])
    np.testing.assert_allclose(mean_variance(5 * covariance @ held, covariance, 1.0, 5.0), held, atol=1e-5)
