"""Quantile, probability and shortfall agree with each other and with scipy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import trapezoid
from scipy.stats import norm, t

from keepers.risk.distributions import Distribution, Empirical, Normal, Student, shortfall_of, value_at_risk_of
from keepers.risk.errors import RiskError

SAMPLE = np.random.default_rng(1).standard_t(5, 300)
ALL = [Normal(), Student(3.0), Student(30.0), Empirical(SAMPLE)]


@pytest.mark.parametrize("distribution", ALL)
def test_probability__of_a_quantile__is_its_probability(distribution: Distribution) -> None:
    inner = np.linspace(0.01, 0.99, 99)
    np.testing.assert_allclose(distribution.probability(distribution.quantile(inner)), inner, atol=1e-9)


@pytest.mark.parametrize("distribution", ALL)
@pytest.mark.parametrize("probability", [0.003, 0.01, 0.05, 0.4])
def test_lower_integral__any_probability__is_the_integral_of_the_quantile(
    distribution: Distribution, probability: float
) -> None:
    points = np.geomspace(1e-13, probability, 400_001)
    exact = trapezoid(distribution.quantile(points), points)
    assert float(distribution.lower_integral(np.array(probability))) == pytest.approx(exact, rel=1e-4)


def test_normal__levels__are_scipys() -> None:
    assert value_at_risk_of(Normal(), 0.99) == pytest.approx(norm.ppf(0.99))
    assert shortfall_of(Normal(), 0.975) == pytest.approx(2.3378, abs=1e-4)


def test_student__unit_variance__is_scipys_scaled() -> None:
    assert value_at_risk_of(Student(4.0), 0.99) == pytest.approx(t.ppf(0.99, 4) / np.sqrt(2))


def test_student__two_degrees__is_refused() -> None:
    with pytest.raises(RiskError, match="not above 2"):
        Student(2.0)


def test_empirical__value_beyond_the_sample__has_a_probability_above_zero() -> None:
    found = Empirical(SAMPLE)
    low, high = found.probability(np.array([SAMPLE.min() - 1, SAMPLE.max() + 1]))
    assert 0 < low < 0.5 / SAMPLE.size and 1 - 0.5 / SAMPLE.size < high < 1


@pytest.mark.parametrize("sample", [np.array([1.0]), np.array([1.0, np.nan]), np.zeros((2, 2))])
def test_empirical__no_sample__is_refused(sample: NDArray[np.float64]) -> None:
    with pytest.raises(RiskError):
        Empirical(sample)
