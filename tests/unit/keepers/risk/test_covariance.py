"""Exponential weights, and shrinkage that is Ledoit and Wolf's where weights are equal."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf

from keepers.risk.covariance import estimate, ewma_weights, halflife_of_decay
from keepers.risk.errors import RiskError

Array = NDArray[np.float64]


def sample(days: int, assets: int, seed: int = 7) -> Array:
    generator = np.random.default_rng(seed)
    mixing = generator.normal(size=(assets, assets)) * 0.01
    returns: Array = generator.standard_t(5, size=(days, assets)) @ mixing
    return returns


@pytest.mark.parametrize("demean", [True, False])
@pytest.mark.parametrize(("days", "assets"), [(250, 5), (60, 20), (10, 30), (2000, 3), (100, 1)])
def test_estimate__equal_weights__is_ledoit_wolf_of_sklearn(days: int, assets: int, demean: bool) -> None:
    returns = sample(days, assets)
    expected, shrinkage = ledoit_wolf(returns, assume_centered=not demean)
    got = estimate(returns, math.inf, target="identity", demean=demean, min_observations=2)
    assert got.shrinkage == pytest.approx(shrinkage, abs=1e-10)
    np.testing.assert_allclose(got.matrix, expected, rtol=0, atol=1e-10 * np.abs(expected).max())
    assert got.observations == days
    assert got.effective_observations == pytest.approx(days)


def test_estimate__weights__follow_the_definition_term_by_term() -> None:
    returns = sample(80, 4)
    weights = ewma_weights(80, 20.0)
    outer = np.einsum("ti,tj->tij", returns, returns)
    mean = np.einsum("t,tij->ij", weights, outer)
    target = np.trace(mean) / 4 * np.eye(4)
    error = np.sum(weights**2) * np.sum(weights * np.sum((outer - mean) ** 2, axis=(1, 2)))
    intensity = min(1.0, error / np.sum((mean - target) ** 2))
    got = estimate(returns, 20.0, target="identity")
    assert 0 < got.shrinkage == pytest.approx(intensity, rel=1e-9)
    np.testing.assert_allclose(got.matrix, (1 - intensity) * mean + intensity * target, rtol=1e-9, atol=1e-18)


@pytest.mark.parametrize(("days", "halflife"), [(60, math.inf), (300, 20.0)])
def test_estimate__constant_correlation__follows_the_paper_entry_by_entry(days: int, halflife: float) -> None:
    """Ledoit and Wolf's appendix B, written with loops."""
    returns, assets = sample(days, 4), range(4)
    weights = ewma_weights(days, halflife)
    s = np.array([[sum(weights * returns[:, i] * returns[:, j]) for j in assets] for i in assets])
    correlations = [s[i, j] / math.sqrt(s[i, i] * s[j, j]) for i in assets for j in assets if i < j]
    mean = sum(correlations) / len(correlations)
    f = np.array([[s[i, i] if i == j else mean * math.sqrt(s[i, i] * s[j, j]) for j in assets] for i in assets])

    def moment(i: int, j: int, k: int, m: int) -> float:
        """Weighted mean of (x_i x_j - s_ij)(x_k x_m - s_km)."""
        first, second = returns[:, i] * returns[:, j] - s[i, j], returns[:, k] * returns[:, m] - s[k, m]
        return float(weights @ (first * second))

    pi = sum(moment(i, j, i, j) for i in assets for j in assets)
    rho = sum(moment(i, i, i, i) for i in assets) + sum(
        mean
        / 2
        * (math.sqrt(s[j, j] / s[i, i]) * moment(i, i, i, j) + math.sqrt(s[i, i] / s[j, j]) * moment(j, j, i, j))
        for i in assets
        for j in assets
        if i != j
    )
    intensity = min(1.0, max(0.0, float(weights @ weights) * (pi - rho) / np.sum((f - s) ** 2)))
    got = estimate(returns, halflife)
    assert 0 < got.shrinkage == pytest.approx(intensity, rel=1e-9)
    np.testing.assert_allclose(got.matrix, (1 - intensity) * s + intensity * f, rtol=1e-9, atol=1e-18)


def test_estimate__constant_correlation__keeps_variances_and_the_mean_correlation() -> None:
    returns = sample(200, 6)
    got = estimate(returns, 30.0)
    raw = (returns * ewma_weights(200, 30.0)[:, np.newaxis]).T @ returns
    np.testing.assert_allclose(np.diag(got.matrix), np.diag(raw))
    means = [
        float(np.mean((m / np.sqrt(np.outer(np.diag(m), np.diag(m))))[np.triu_indices(6, 1)]))
        for m in (got.matrix, raw)
    ]
    assert means[0] == pytest.approx(means[1]) and 0 < got.shrinkage <= 1


def test_estimate__one_asset_never_moves__the_others_are_shrunk_without_it() -> None:
    returns = sample(200, 4)
    still = np.insert(returns, 2, 0.0, axis=1)
    got, alone = estimate(still, 30.0), estimate(returns, 30.0)
    assert got.shrinkage == pytest.approx(alone.shrinkage)
    np.testing.assert_allclose(np.delete(np.delete(got.matrix, 2, 0), 2, 1), alone.matrix)
    assert not got.matrix[2].any()


def test_estimate__zero_mean__is_the_riskmetrics_recursion() -> None:
    decay = 0.94
    returns = sample(400, 1)
    variance = 0.0
    for value in returns[:, 0]:
        variance = decay * variance + (1 - decay) * value**2
    got = estimate(returns, halflife_of_decay(decay))
    assert got.matrix[0, 0] == pytest.approx(variance / (1 - decay**400), rel=1e-12)


def test_estimate__weighted_shrinkage__is_on_average_that_of_the_known_truth() -> None:
    """For normal returns E|x x' - Sigma|^2 = tr(Sigma)^2 + tr(Sigma^2), so the best intensity is known."""
    assets, days, halflife = 10, 300, 40.0
    generator = np.random.default_rng(3)
    truth = np.diag(np.linspace(1e-4, 9e-4, assets))
    trace, trace_of_square = np.trace(truth), np.trace(truth @ truth)
    error = np.sum(ewma_weights(days, halflife) ** 2) * (trace**2 + trace_of_square)
    best = error / (error + trace_of_square - trace**2 / assets)
    samples = generator.multivariate_normal(np.zeros(assets), truth, size=(400, days))
    found = np.mean([estimate(returns, halflife, target="identity").shrinkage for returns in samples])
    assert found == pytest.approx(best, rel=0.04)


def test_estimate__fewer_days_than_assets__is_well_conditioned() -> None:
    got = estimate(sample(60, 80), math.inf, target="identity")
    assert np.linalg.cond(got.matrix) < 1e4


def test_estimate__recent_turbulence__weighs_more_than_old() -> None:
    calm, wild = np.full((100, 1), 0.01), np.full((100, 1), 0.03)
    calm[::2] *= -1
    wild[::2] *= -1
    rising = estimate(np.vstack([calm, wild]), 20.0).matrix[0, 0]
    falling = estimate(np.vstack([wild, calm]), 20.0).matrix[0, 0]
    assert rising > 5 * falling


def test_ewma_weights__a_half_life__halves() -> None:
    weights = ewma_weights(50, 7.0)
    assert weights.sum() == pytest.approx(1)
    assert weights[-1] / weights[-8] == pytest.approx(2)


def test_halflife_of_decay__riskmetrics__is_eleven_days() -> None:
    assert halflife_of_decay(0.94) == pytest.approx(11.2023, abs=1e-4)
    assert 0.5 ** (1 / halflife_of_decay(0.97)) == pytest.approx(0.97)


def test_estimate__nothing_ever_moves__is_zero_without_shrinkage() -> None:
    got = estimate(np.zeros((60, 3)), math.inf)
    assert got.shrinkage == 0
    np.testing.assert_array_equal(got.matrix, np.zeros((3, 3)))


@pytest.mark.parametrize(
    ("returns", "halflife", "reason"),
    [
        (sample(59, 2), 20.0, "fewer than 60"),
        (sample(60, 2), 0.0, "not above zero"),
        (sample(60, 2), math.nan, "not above zero"),
        (sample(60, 2)[:, 0], 20.0, r"not \(days, assets\)"),
        (sample(60, 2)[:, :0], 20.0, r"not \(days, assets\)"),
        (np.where(np.arange(120).reshape(60, 2) == 7, math.nan, 0.01), 20.0, "day 3, asset 1: not finite"),
    ],
)
def test_estimate__unusable_input__is_refused(returns: Array, halflife: float, reason: str) -> None:
    with pytest.raises(RiskError, match=reason):
        estimate(returns, halflife)


@pytest.mark.parametrize("decay", [0.0, 1.0, -0.5, math.nan])
def test_halflife_of_decay__outside_zero_to_one__is_refused(decay: float) -> None:
    with pytest.raises(RiskError, match="not between 0 and 1"):
        halflife_of_decay(decay)
