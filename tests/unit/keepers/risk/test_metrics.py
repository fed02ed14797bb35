"""Volatility, value at risk and its parts, drawdown."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from keepers.risk.errors import RiskError
from keepers.risk.metrics import Z95, Z99, component_var, drawdown, value_at_risk, volatility

COVARIANCE = np.array([[4e-4, 1e-4, -2e-4], [1e-4, 9e-4, 0.0], [-2e-4, 0.0, 1e-4]])
WEIGHTS = np.array([0.4, 0.3, 0.2])


def test_z__both__are_normal_quantiles() -> None:
    assert pytest.approx(norm.ppf(0.95), rel=1e-15) == Z95
    assert pytest.approx(norm.ppf(0.99), rel=1e-15) == Z99


def test_volatility__two_assets__is_the_textbook_formula() -> None:
    expected = math.sqrt(0.6**2 * 4e-4 + 0.4**2 * 9e-4 + 2 * 0.6 * 0.4 * 1e-4)
    assert volatility(np.array([0.6, 0.4]), COVARIANCE[:2, :2]) == pytest.approx(expected, rel=1e-14)


def test_value_at_risk__default__is_99_percent() -> None:
    assert value_at_risk(WEIGHTS, COVARIANCE) == pytest.approx(Z99 * volatility(WEIGHTS, COVARIANCE))
    assert value_at_risk(WEIGHTS, COVARIANCE, Z95) == pytest.approx(Z95 * volatility(WEIGHTS, COVARIANCE))


def test_component_var__parts__sum_to_the_whole_and_are_derivatives() -> None:
    parts = component_var(WEIGHTS, COVARIANCE)
    assert parts.sum() == pytest.approx(value_at_risk(WEIGHTS, COVARIANCE), rel=1e-14)
    step = 1e-6
    for asset in range(3):
        bump = np.eye(3)[asset] * step
        up, down = value_at_risk(WEIGHTS + bump, COVARIANCE), value_at_risk(WEIGHTS - bump, COVARIANCE)
        assert parts[asset] == pytest.approx(WEIGHTS[asset] * (up - down) / (2 * step), rel=1e-6)


def test_component_var__hedge__is_negative() -> None:
    assert component_var(np.array([0.5, 0.0, 0.1]), COVARIANCE)[2] < 0


def test_component_var__all_cash__is_zero() -> None:
    np.testing.assert_array_equal(component_var(np.zeros(3), COVARIANCE), np.zeros(3))


def test_volatility__zero_variance_up_to_rounding__is_zero() -> None:
    long_short = np.array([1.0, -1.0])
    assert volatility(long_short, np.full((2, 2), 1e-4) + np.diag([-1e-20, 0])) == 0


def test_drawdown__fall_and_recovery__is_below_the_high_water_mark() -> None:
    got = drawdown(np.array([100.0, 80.0, 120.0, 90.0, 120.0]))
    np.testing.assert_allclose(got, [0, 0.2, 0, 0.25, 0], atol=1e-15)


def test_volatility__not_positive_semi_definite__is_refused() -> None:
    with pytest.raises(RiskError, match="negative"):
        volatility(np.array([1.0, -1.0]), np.array([[1.0, 2.0], [2.0, 1.0]]))


def test_volatility__shapes_differ__is_refused() -> None:
    with pytest.raises(RiskError, match="do not fit"):
        volatility(np.ones(2), COVARIANCE)


def test_volatility__nan__is_refused() -> None:
    with pytest.raises(RiskError, match="not finite"):
        volatility(np.array([math.nan, 0, 0]), COVARIANCE)


@pytest.mark.parametrize("values", [[], [1.0, 0.0], [1.0, math.nan]])
def test_drawdown__unusable_values__are_refused(values: list[float]) -> None:
    with pytest.raises(RiskError, match="positive and finite"):
        drawdown(np.array(values))
