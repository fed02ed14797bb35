"""Loss functions and comparisons of forecasts."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS

from keepers.risk.backtests.scoring import confidence_set, diebold_mariano, fz0_loss
from keepers.risk.distributions import Normal, shortfall_of, value_at_risk_of
from keepers.risk.errors import RiskError

RNG = np.random.default_rng(1)
RETURNS = RNG.standard_normal(4000)
VAR, SHORTFALL = value_at_risk_of(Normal(), 0.95), shortfall_of(Normal(), 0.95)


def losses(scale: float) -> np.ndarray:
    full = np.ones_like(RETURNS)
    return fz0_loss(RETURNS, scale * VAR * full, scale * SHORTFALL * full, 0.95)


def test_fz0_loss__one_day__is_the_formula() -> None:
    got = fz0_loss(np.array([-3.0, 1.0]), np.array([2.0, 2.0]), np.array([2.5, 2.5]), 0.95)
    np.testing.assert_allclose(got, [1 / (0.05 * 2.5) + 2 / 2.5 + np.log(2.5) - 1, 2 / 2.5 + np.log(2.5) - 1])


@pytest.mark.parametrize("scale", [0.7, 0.85, 1.2, 1.5])
def test_fz0_loss__truth__has_the_least_mean(scale: float) -> None:
    assert losses(1.0).mean() < losses(scale).mean()


def test_diebold_mariano__worse_first__is_positive_and_significant() -> None:
    found = diebold_mariano(losses(0.6), losses(1.0))
    assert found.statistic > 3 and found.p_value < 0.01


def test_diebold_mariano__same_losses__are_not_told_apart() -> None:
    assert diebold_mariano(losses(1.0), losses(1.0)).p_value == 1


def test_diebold_mariano__equally_good_and_correlated_in_time__rejects_at_its_size() -> None:
    rejected = 0
    for seed in range(400):
        noise = np.random.default_rng(seed).standard_normal(403)
        moving = noise[3:] + noise[2:-1] + noise[1:-2] + noise[:-3]
        rejected += diebold_mariano(moving, np.zeros(400)).p_value < 0.05
    assert 0.02 < rejected / 400 < 0.11


def test_diebold_mariano__statistic__is_newey_and_wests_of_statsmodels() -> None:
    first, second = losses(0.8), losses(1.1)
    lags = int(4 * (first.size / 100) ** (2 / 9))
    fitted = OLS(first - second, np.ones(first.size)).fit(cov_type="HAC", cov_kwds={"maxlags": lags})
    assert diebold_mariano(first, second).statistic == pytest.approx(float(fitted.tvalues[0]), rel=1e-9)


def test_confidence_set__clearly_worse_model__is_left_out() -> None:
    found = confidence_set({"right": losses(1.0), "nearly": losses(1.02), "bad": losses(0.5)}, replications=200)
    assert set(found) == {"right", "nearly"}
    assert all(value > 0.1 for value in found.values())


def test_scoring__misfits__are_refused() -> None:
    with pytest.raises(RiskError, match="shapes differ or not positive"):
        fz0_loss(RETURNS, RETURNS, -np.ones_like(RETURNS), 0.95)
    with pytest.raises(RiskError, match="give 20 days"):
        diebold_mariano(RETURNS[:5], RETURNS[:5])
    with pytest.raises(RiskError, match="nothing to compare"):
        confidence_set({"one": RETURNS})


def test_diebold_mariano__forecasts_that_overlap__reject_equals_less_often_than_as_if_they_did_not() -> None:
    rejected = {1: 0, 21: 0}
    for seed in range(300):
        sums = np.convolve(np.random.default_rng(seed).standard_normal(1_020), np.ones(21), "valid")
        for horizon in rejected:
            rejected[horizon] += diebold_mariano(sums, np.zeros(sums.size), horizon).p_value < 0.05
    assert rejected[21] / 300 < 0.16 and rejected[1] / 300 > 0.2
