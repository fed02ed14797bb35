"""Likelihood of moving correlations: Engle's formula day by day, differences, and where a simplex ends."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import approx_fprime, minimize
from scipy.stats import multivariate_normal

from keepers.risk.models.correlations import Correlations, loss_and_gradient, pair_moments

Array = NDArray[np.float64]


def moving_shocks(days: int, assets: int, seed: int) -> Array:
    """Standardised returns by the DCC recursion itself, with a = 0.04, b = 0.93 and correlations around 0.5."""
    rng = np.random.default_rng(seed)
    target = np.full((assets, assets), 0.5) + 0.5 * np.eye(assets)
    found, matrix = np.empty((days, assets)), target
    for day in range(days):
        scale = 1 / np.sqrt(np.diag(matrix))
        found[day] = np.linalg.cholesky(matrix * np.outer(scale, scale)) @ rng.standard_normal(assets)
        matrix = 0.03 * target + 0.04 * np.outer(found[day], found[day]) + 0.93 * matrix
    return found


def moments_of(shocks: Array) -> Array:
    return pair_moments(shocks, [(asset, asset + 1) for asset in range(shocks.shape[1] - 1)])


def test_loss_and_gradient__one_pair__is_the_density_of_each_day() -> None:
    shocks = moving_shocks(200, 2, 1)
    matrix = target = shocks.T @ shocks / len(shocks)
    before, total = target, 0.0
    for row in shocks:
        matrix = 0.02 * target + 0.05 * before + 0.93 * matrix
        scale = 1 / np.sqrt(np.diag(matrix))
        total -= 2 * multivariate_normal.logpdf(row, cov=matrix * np.outer(scale, scale))
        before = np.outer(row, row)
    loss, _ = loss_and_gradient(np.array([0.05, 0.93]), moments_of(shocks))
    assert loss + 2 * np.log(2 * np.pi) == pytest.approx(total / len(shocks), rel=1e-12)


@pytest.mark.parametrize("parameters", [(0.02, 0.95), (0.2, 0.3), (0.0, 0.5)])
def test_loss_and_gradient__away_from_the_minimum__is_what_differences_say(parameters: tuple[float, float]) -> None:
    moments, at = moments_of(moving_shocks(700, 4, 2)), np.array(parameters)
    _, got = loss_and_gradient(at, moments)
    expected = approx_fprime(at, lambda found: loss_and_gradient(found, moments)[0], 1e-7)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_fit__moving_correlations__is_where_a_simplex_ends(seed: int) -> None:
    shocks = moving_shocks(1500, 5, seed)
    moments, found = moments_of(shocks), Correlations.fit(shocks, dynamic=True)

    def loss(at: Array) -> float:
        return loss_and_gradient(at, moments)[0] if at.sum() < 0.999 else float("inf")

    simplex = minimize(loss, (0.02, 0.95), method="Nelder-Mead", bounds=[(0, 0.3), (0, 0.999)], tol=1e-9)
    assert loss(np.array([found.a, found.b])) <= simplex.fun + 1e-7
    assert (found.a, found.b) == pytest.approx(tuple(simplex.x), abs=2e-3)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(10))
def test_fit__noise_of_uneven_days__is_searched_for_among_models_only(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shocks = rng.standard_normal((600, 3)) * rng.uniform(0.5, 2, (600, 1))
    found = Correlations.fit(shocks, dynamic=True)
    assert found.converged and found.a >= 0 and found.b >= 0 and found.a + found.b <= 0.999


def test_fit__news_of_one_day__is_found_though_the_search_starts_from_a_long_memory() -> None:
    target = np.array([[1.0, 0.5], [0.5, 1.0]])
    rng, shocks = np.random.default_rng(1), np.empty((3000, 2))
    matrix = target
    for day in range(3000):
        scale = 1 / np.sqrt(np.diag(matrix))
        shocks[day] = np.linalg.cholesky(matrix * np.outer(scale, scale)) @ rng.standard_normal(2)
        matrix = 0.9 * target + 0.1 * np.outer(shocks[day], shocks[day])
    found = Correlations.fit(shocks, dynamic=True)
    assert found.a == pytest.approx(0.1, abs=0.03) and found.b < 0.3


def test_fit__two_assets_that_move_as_one__are_constant_and_say_so() -> None:
    shocks = moving_shocks(600, 1, 3)
    found = Correlations.fit(np.hstack([shocks, 2 * shocks]), dynamic=True)
    assert (found.a, found.b, found.converged) == (0.0, 0.0, False)
