"""Episodes that a history holds, and shocks that none holds."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from keepers.risk.episodes import episode_losses, find_episodes
from keepers.risk.errors import RiskError
from keepers.risk.metrics import Z99, value_at_risk
from keepers.risk.shocks import component_grid, correlation_stress, towards_one

FACTORS = np.random.default_rng(3).normal(size=(5, 7)) * 0.006
COVARIANCE = FACTORS @ FACTORS.T
WEIGHTS = np.full(5, 0.2)


def days(count: int) -> list[date]:
    return [date(2000, 1, 1) + timedelta(index) for index in range(count)]


def test_find_episodes__two_falls_and_a_small_one__finds_two() -> None:
    moves = [0.0, 0.1, -0.1, -0.1, 0.3, -0.05, 0.1, 0.0, -0.3, -0.1, 0.05]
    returns = np.array(moves)[:, np.newaxis] * np.ones((1, 2))
    first, second = find_episodes(days(len(moves)), returns)
    assert (first.high, first.low) == (date(2000, 1, 2), date(2000, 1, 4))
    assert first.depth == pytest.approx(0.19)
    assert (second.low, second.depth) == (date(2000, 1, 10), pytest.approx(0.37))
    np.testing.assert_allclose(second.falls, [-0.37, -0.37])


def test_find_episodes__fall_from_the_first_day__counts() -> None:
    (only,) = find_episodes(days(3), np.array([[-0.2], [-0.1], [0.01]]))
    assert only.depth == pytest.approx(0.28) and only.low == date(2000, 1, 2)


def test_find_episodes__assets_apart__each_has_its_own_return() -> None:
    returns = np.array([[0.01, 0.01], [-0.5, 0.0], [0.0, 0.0]])
    (only,) = find_episodes(days(3), returns, depth=0.2)
    np.testing.assert_allclose(only.falls, [-0.5, 0.0])
    np.testing.assert_allclose(episode_losses([only], np.array([0.1, 0.9])), [0.05])


def test_find_episodes__misfits__are_refused() -> None:
    with pytest.raises(RiskError, match="do not fit"):
        find_episodes(days(2), np.zeros((3, 1)))
    with pytest.raises(RiskError, match="not between 0 and 1"):
        find_episodes(days(3), np.zeros((3, 1)), depth=0.0)


def test_correlation_stress__at_one__is_the_sum_of_the_assets_own() -> None:
    got = correlation_stress(WEIGHTS, COVARIANCE)
    own = [value_at_risk(np.eye(5)[asset] * 0.2, COVARIANCE) for asset in range(5)]
    assert got[0] == pytest.approx(value_at_risk(WEIGHTS, COVARIANCE))
    assert got[-1] == pytest.approx(sum(own))
    assert np.all(np.diff(got) > 0)


def test_towards_one__any_part__stays_positive_semi_definite() -> None:
    for part in np.linspace(0, 1, 11):
        assert np.linalg.eigvalsh(towards_one(COVARIANCE, float(part))).min() > -1e-18
    with pytest.raises(RiskError, match="not from 0 to 1"):
        towards_one(COVARIANCE, 1.5)


def test_component_grid__default__has_1331_scenarios_of_known_distance() -> None:
    grid = component_grid(WEIGHTS, COVARIANCE)
    assert grid.losses.shape == (1331,)
    precision = np.linalg.inv(COVARIANCE)
    distances = np.sqrt(np.einsum("ij,jk,ik->i", grid.shocks, precision, grid.shocks))
    np.testing.assert_allclose(distances, np.linalg.norm(grid.sigmas, axis=1), rtol=1e-6, atol=1e-9)
    worst = grid.worst(3)
    assert grid.losses[worst[0]] == grid.losses.max()
    np.testing.assert_allclose(grid.losses, -(grid.shocks @ WEIGHTS))


@pytest.mark.parametrize("assets", [1, 2])
def test_component_grid__few_assets__still_has_a_thousand_scenarios(assets: int) -> None:
    covariance = np.diag(np.linspace(1e-4, 4e-4, assets))
    assert component_grid(np.full(assets, 1 / assets), covariance).losses.size >= 1000


def test_component_grid__huge_volatility__no_asset_falls_by_more_than_all() -> None:
    grid = component_grid(np.array([0.5, 0.5]), np.eye(2) * 0.25)
    assert grid.shocks.min() == -1.0 and grid.losses.max() <= 1.0


def test_component_grid__misfits__are_refused() -> None:
    with pytest.raises(RiskError, match="do not fit"):
        component_grid(WEIGHTS, COVARIANCE[:3, :3])
    with pytest.raises(RiskError, match="too few"):
        component_grid(WEIGHTS, COVARIANCE, sizes=(1.0,))


def test_value_at_risk__stress__uses_the_99_quantile() -> None:
    assert correlation_stress(WEIGHTS, COVARIANCE, (0.0,), z=Z99)[0] == value_at_risk(WEIGHTS, COVARIANCE, Z99)
