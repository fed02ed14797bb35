"""Nearest breaches against closed forms and against random search."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from keepers.risk.errors import RiskError
from keepers.risk.metrics import Z99, value_at_risk, volatility
from keepers.risk.reverse_stress import Limits, fewest_assets, reverse_stress

FACTORS = np.random.default_rng(3).normal(size=(5, 7)) * 0.006
COVARIANCE = FACTORS @ FACTORS.T
WEIGHTS = np.array([0.3, 0.25, 0.2, 0.1, 0.1])


def test_reverse_stress__drawdown__is_the_closed_form() -> None:
    """On a half-space the nearest point is S w: r = -l S w / w'Sw, at l over the volatility."""
    (got,) = reverse_stress(WEIGHTS, COVARIANCE, Limits(drawdown=0.05), Z99)
    sigma = volatility(WEIGHTS, COVARIANCE)
    assert got.distance == pytest.approx(0.05 / sigma, rel=1e-6)
    np.testing.assert_allclose(got.shock, -0.05 * COVARIANCE @ WEIGHTS / sigma**2, rtol=1e-3, atol=1e-6)
    assert got.loss == pytest.approx(0.05, rel=1e-6)


def test_reverse_stress__weight__is_the_nearest_half_space() -> None:
    """w_i (1 + r_i) = c (1 + w'r) is a plane for each asset."""
    (got,) = reverse_stress(WEIGHTS, COVARIANCE, Limits(weight=0.33), Z99)
    distances = []
    for asset in range(5):
        normal = WEIGHTS[asset] * np.eye(5)[asset] - 0.33 * WEIGHTS
        distances.append((0.33 - WEIGHTS[asset]) / math.sqrt(normal @ COVARIANCE @ normal))
    assert got.distance == pytest.approx(min(distances), rel=1e-5)


@pytest.mark.parametrize("limits", [Limits(var99=0.04), Limits(concentration=0.25)])
def test_reverse_stress__curved_limits__no_random_shock_is_nearer(limits: Limits) -> None:
    if limits.var99 is not None:
        limits = Limits(var99=1.05 * value_at_risk(WEIGHTS, COVARIANCE))
    (got,) = reverse_stress(WEIGHTS, COVARIANCE, limits, Z99)

    def breached(shock: np.ndarray) -> bool:
        after = WEIGHTS * (1 + shock) / (1 + WEIGHTS @ shock)
        if limits.var99 is not None:
            return value_at_risk(after, COVARIANCE) >= limits.var99
        return float(np.sum(after**2)) >= (limits.concentration or 0)

    assert breached(got.shock * 1.0001) and not breached(got.shock * 0.99)
    root = np.linalg.cholesky(COVARIANCE)
    directions = np.random.default_rng(4).standard_normal((4000, 5))
    directions /= np.linalg.norm(directions, axis=1)[:, np.newaxis]
    shocks = 0.985 * got.distance * directions @ root.T
    assert not any(breached(shock) for shock in shocks if np.all(shock > -0.99))


def test_reverse_stress__breached_already__distance_is_zero() -> None:
    (got,) = reverse_stress(WEIGHTS, COVARIANCE, Limits(weight=0.2), Z99)
    assert got.distance == 0 and np.all(got.shock == 0)


def test_reverse_stress__every_limit__one_line_each_and_none_for_what_is_off() -> None:
    got = reverse_stress(WEIGHTS, COVARIANCE, Limits(drawdown=0.1, weight=0.4), Z99)
    assert [breach.limit for breach in got] == ["drawdown", "weight"]
    assert reverse_stress(WEIGHTS, COVARIANCE, Limits(), Z99) == []


def test_reverse_stress__loss_beyond_all_that_is_held__is_left_out() -> None:
    assert reverse_stress(WEIGHTS, COVARIANCE, Limits(drawdown=0.97), Z99) == []


def test_fewest_assets__exhaustive__no_smaller_set_is_near_enough() -> None:
    chosen, distance = fewest_assets(WEIGHTS, COVARIANCE, 0.05, 6.0)
    assert chosen and distance <= 6.0
    for size in range(1, len(chosen)):
        for other in combinations(range(5), size):
            part, held = COVARIANCE[np.ix_(other, other)], WEIGHTS[list(other)]
            assert 0.05 / volatility(held, part) > 6.0


def test_fewest_assets__single_large_holding__is_enough() -> None:
    weights = np.array([0.9, 0.025, 0.025, 0.025, 0.025])
    assert fewest_assets(weights, COVARIANCE, 0.02, 10.0)[0] == (0,)


def test_fewest_assets__out_of_reach__is_none() -> None:
    assert fewest_assets(WEIGHTS, COVARIANCE, 0.5, 0.1) == ((), math.inf)


def test_reverse_stress__misfits__are_refused() -> None:
    with pytest.raises(RiskError, match="do not fit"):
        reverse_stress(WEIGHTS[:3], COVARIANCE, Limits(drawdown=0.1), Z99)
    with pytest.raises(RiskError, match="negative"):
        reverse_stress(-WEIGHTS, COVARIANCE, Limits(drawdown=0.1), Z99)
    with pytest.raises(RiskError, match="no loss"):
        fewest_assets(WEIGHTS, COVARIANCE, 0.0, 3.0)


@pytest.mark.parametrize("name", ["var99", "concentration"])
def test_reverse_stress__assets_that_are_not_held__change_no_distance(name: str) -> None:
    """The others follow as the covariance expects of them, so that they add nothing to the distance."""
    held = WEIGHTS[:3] / WEIGHTS[:3].sum()
    block = COVARIANCE[:3, :3]
    level = {"var99": 1.05 * value_at_risk(held, block), "concentration": 1.05 * float(held @ held)}[name]
    (alone,) = reverse_stress(held, block, Limits(**{name: level}), Z99)
    (beside,) = reverse_stress(np.append(held, [0.0, 0.0]), COVARIANCE, Limits(**{name: level}), Z99)
    assert beside.distance == pytest.approx(alone.distance, rel=1e-6)
    expected = COVARIANCE[3:, :3] @ np.linalg.solve(block, beside.shock[:3])
    np.testing.assert_allclose(beside.shock[3:], expected, atol=1e-9)
