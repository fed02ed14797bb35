"""Simulated tails: against the closed form where there is one, and against themselves elsewhere."""

import numpy as np
import pytest
from scipy.stats import norm, t

from keepers.risk.errors import RiskError
from keepers.risk.monte_carlo import (
    HORIZONS,
    LEVELS,
    TAIL_PATHS,
    USUAL_DEGREES,
    fit_degrees,
    simulate,
    tail_multipliers,
)

COVARIANCE = np.array([[4e-4, 1e-4, -2e-4], [1e-4, 9e-4, 0.0], [-2e-4, 0.0, 2e-4]])
WEIGHTS = np.array([0.4, 0.3, 0.2])
SIGMA = float(np.sqrt(WEIGHTS @ COVARIANCE @ WEIGHTS))
PATHS = 200_000
GOLDEN_VAR99 = [0.031176614068116063, 0.06515171572258543, 0.08735978905455737]
GOLDEN_ES999 = [0.07903213246173166, 0.12320079631887033, 0.14905525628694466]


def student(level: float, degrees: float) -> float:
    """Quantile of a t with unit variance."""
    return float(t.ppf(level, degrees) * np.sqrt((degrees - 2) / degrees))


@pytest.mark.parametrize("degrees", [3.0, 5.0, 100.0])
def test_simulate__a_day__is_the_closed_form(degrees: float) -> None:
    """A linear portfolio of a multivariate t is a t: McNeil, Frey and Embrechts 2015, proposition 6.9."""
    found = simulate(WEIGHTS, COVARIANCE, degrees, PATHS, 1)
    expected = [SIGMA * student(level, degrees) for level in LEVELS]
    np.testing.assert_allclose(found.var[0], expected, rtol=0.04)
    inside = [SIGMA * student(p, degrees) for p in np.linspace(0.99, 1, 20_001)[:-1] + 0.5e-2 / 20_000]
    assert found.shortfall[0, 1] == pytest.approx(np.mean(inside), rel=0.03)


def test_simulate__ten_days_almost_normal__grow_with_the_root_of_time() -> None:
    found = simulate(WEIGHTS, COVARIANCE, 100.0, PATHS, 1)
    for row, days in enumerate(HORIZONS):
        # Losses compound: below the straight line, the more so the further out.
        assert found.var[row, 0] == pytest.approx(norm.ppf(0.95) * SIGMA * np.sqrt(days), rel=0.05)


def test_simulate__same_seed__is_the_same_to_the_bit() -> None:
    first, second = (simulate(WEIGHTS, COVARIANCE, 4.0, 25_001, 7) for _ in range(2))
    np.testing.assert_array_equal(first.var, second.var)
    np.testing.assert_array_equal(first.shortfall, second.shortfall)
    assert not np.array_equal(first.var, simulate(WEIGHTS, COVARIANCE, 4.0, 25_001, 8).var)


def test_simulate__known_input__gives_what_it_gave() -> None:
    """Whoever changes these numbers changes METHOD, which stands in every report's model hash."""
    found = simulate(WEIGHTS, COVARIANCE, 4.0, 20_000, 7)
    np.testing.assert_allclose(found.var[:, 1], GOLDEN_VAR99, rtol=1e-9)
    np.testing.assert_allclose(found.shortfall[:, 2], GOLDEN_ES999, rtol=1e-9)


def test_simulate__any__rises_with_level_and_shortfall_is_beyond() -> None:
    found = simulate(WEIGHTS, COVARIANCE, 3.0, 1000, 3)
    assert np.all(np.diff(found.var, axis=1) >= 0) and np.all(found.shortfall >= found.var)


def test_simulate__wild_assets__lose_no_more_than_all() -> None:
    found = simulate(WEIGHTS, COVARIANCE * 1e4, 2.5, 20_000, 3)
    assert found.var.max() <= WEIGHTS.sum() and found.var[2, 2] == pytest.approx(WEIGHTS.sum(), abs=0.01)


def test_simulate__cash_only_and_nothing_held__lose_nothing() -> None:
    assert simulate(np.zeros(3), COVARIANCE, 4.0, 1000, 1).var.max() == 0
    assert simulate(np.zeros(0), np.zeros((0, 0)), 4.0, 1000, 1).shortfall.max() == 0


def test_simulate__singular_covariance__is_simulated() -> None:
    twins = np.full((2, 2), 4e-4)
    found = simulate(np.array([0.5, 0.5]), twins, 100.0, PATHS, 1)
    assert found.var[0, 1] == pytest.approx(0.02 * student(0.99, 100), rel=0.02)


@pytest.mark.parametrize("degrees", [2.5, 4.0, 8.0, 100.0])
def test_tail_multipliers__beside_the_closed_form__agree(degrees: float) -> None:
    z95, z99, es975 = tail_multipliers(COVARIANCE, degrees, TAIL_PATHS, 1)
    assert z95 == pytest.approx(student(0.95, degrees), rel=0.02)
    assert z99 == pytest.approx(student(0.99, degrees), rel=0.03)
    x = t.ppf(0.975, degrees)
    shortfall = t.pdf(x, degrees) / 0.025 * (degrees + x**2) / (degrees - 1) * np.sqrt((degrees - 2) / degrees)
    assert es975 == pytest.approx(shortfall, rel=0.05)


def series(degrees: float, days: int = 3000, seed: int = 1) -> np.ndarray:
    """Returns whose volatility doubles and halves, with tails of that many degrees."""
    random = np.random.default_rng(seed)
    root = np.linalg.cholesky(COVARIANCE)
    mixing = np.sqrt((degrees - 2) / random.chisquare(degrees, (days, 1)))
    regime = 1.5 + np.sin(np.arange(days) / 200)[:, np.newaxis]
    return regime * mixing * (random.standard_normal((days, 3)) @ root.T)


def test_fit_degrees__simulated_returns__finds_what_made_them() -> None:
    assert fit_degrees(series(4.0), 30.0) == pytest.approx(4.0, abs=0.8)
    assert fit_degrees(series(8.0), 30.0) == pytest.approx(8.0, abs=2.0)


def test_fit_degrees__fatter_tails__fewer_degrees() -> None:
    found = [fit_degrees(series(degrees), 30.0) for degrees in (3.0, 5.0, 10.0, 50.0)]
    assert found == sorted(found) and found[0] < 4 and found[-1] > 15


def test_fit_degrees__short_history__takes_what_is_usual() -> None:
    assert fit_degrees(series(50.0, 119), 30.0) == USUAL_DEGREES
    assert fit_degrees(series(50.0, 120, seed=2), 30.0) != USUAL_DEGREES


BAD = {
    "shapes": lambda: simulate(WEIGHTS, COVARIANCE[:2, :2], 4.0, 1000, 1),
    "two degrees": lambda: simulate(WEIGHTS, COVARIANCE, 2.0, 1000, 1),
    "few paths": lambda: simulate(WEIGHTS, COVARIANCE, 4.0, 999, 1),
    "not finite": lambda: simulate(WEIGHTS * np.nan, COVARIANCE, 4.0, 1000, 1),
    "no variance": lambda: tail_multipliers(np.zeros((2, 2)), 4.0, 1000, 1),
    "no returns": lambda: fit_degrees(np.zeros((0, 3)), 30.0),
    "prices that stand": lambda: fit_degrees(np.zeros((500, 3)), 30.0),
}


@pytest.mark.parametrize("what", BAD)
def test_monte_carlo__nonsense__is_refused(what: str) -> None:
    with pytest.raises(RiskError):
        BAD[what]()
