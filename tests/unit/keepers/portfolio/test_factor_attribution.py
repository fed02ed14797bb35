from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray

from keepers.portfolio.attribution import Linking
from keepers.portfolio.errors import PerformanceError
from keepers.portfolio.factor_attribution import currency_effects, factor_effects

Array = NDArray[np.float64]
DAYS = 250


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def returns(random: np.random.Generator) -> tuple[Array, Array, Array]:
    """Returns of a portfolio, of its benchmark, and of three factors."""
    factors = random.standard_normal((DAYS, 3)) * 0.01
    benchmark = random.standard_normal(DAYS) * 0.01
    return benchmark + factors @ [0.5, -0.2, 0.0] + random.standard_normal(DAYS) * 0.002, benchmark, factors


@pytest.mark.parametrize("lags", [0, 4])
def test_factor_effects__regression__is_that_of_statsmodels(returns: tuple[Array, Array, Array], lags: int) -> None:
    portfolio, benchmark, factors = returns
    found = factor_effects(portfolio, benchmark, factors, lags=lags)
    expected = sm.OLS(portfolio - benchmark, sm.add_constant(factors)).fit(
        cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}, use_t=True
    )
    np.testing.assert_allclose(found.loadings, expected.params[1:], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.errors, expected.bse[1:], rtol=1e-9)
    np.testing.assert_allclose(found.p_values, expected.pvalues[1:], rtol=1e-6, atol=1e-12)
    assert found.r_squared == pytest.approx(expected.rsquared, rel=1e-9)


@pytest.mark.parametrize("linking", ["carino", "menchero"])
def test_factor_effects__over_all_periods__sum_to_the_active_return(
    returns: tuple[Array, Array, Array], linking: Linking
) -> None:
    portfolio, benchmark, factors = returns
    found = factor_effects(portfolio, benchmark, factors, linking)
    active = np.prod(1 + portfolio) - np.prod(1 + benchmark)
    assert found.total == pytest.approx(active, abs=1e-12)
    assert abs(found.effects[0]) > abs(found.effects[2])


def test_factor_effects__portfolio_is_the_benchmark__explains_nothing(returns: tuple[Array, Array, Array]) -> None:
    _, benchmark, factors = returns
    found = factor_effects(benchmark, benchmark, factors)
    assert not found.loadings.any() and found.total == 0 and np.isnan(found.r_squared)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda factors: np.column_stack([factors, factors[:, 0]]), "linear combinations of each other; leave one out"),
        (lambda factors: factors * 0, "constant, or linear combinations"),
        (lambda factors: factors[1:], "not 250 finite rows; align them"),
        (lambda factors: np.where(factors == factors.max(), np.nan, factors), "not 250 finite rows"),
        (lambda factors: np.tile(factors, (1, 10)), "fewer than ten for each of 31 coefficients; give more days"),
    ],
)
def test_factor_effects__factors_of_no_use__are_refused(
    returns: tuple[Array, Array, Array], change: Any, reason: str
) -> None:
    portfolio, benchmark, factors = returns
    with pytest.raises(PerformanceError, match=reason):
        factor_effects(portfolio, benchmark, change(factors))


@pytest.fixture
def abroad(random: np.random.Generator) -> dict[str, Array]:
    """Arguments of `currency_effects`: four assets in two currencies, of which the first is the base currency."""
    member = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    rates = np.column_stack([np.zeros(DAYS), random.standard_normal(DAYS) * 0.006])
    return {
        "weights": random.dirichlet(np.ones(4), DAYS),
        "benchmark_weights": np.full((DAYS, 4), 0.25),
        "local_returns": random.standard_normal((DAYS, 4)) * 0.01,
        "exchange_returns": rates @ member.T,
        "member": member,
    }


@pytest.mark.parametrize("linking", ["carino", "menchero"])
def test_currency_effects__over_all_periods__sum_to_the_active_return_in_the_base_currency(
    abroad: dict[str, Array], linking: Linking
) -> None:
    found = currency_effects(**abroad, linking=linking)
    base = (1 + abroad["local_returns"]) * (1 + abroad["exchange_returns"]) - 1
    mine, market = (np.sum(abroad[name] * base, axis=1) for name in ("weights", "benchmark_weights"))
    assert found.total == pytest.approx(np.prod(1 + mine) - np.prod(1 + market), abs=1e-12)


def test_currency_effects__currency_that_rises__rewards_whoever_holds_more_of_it(abroad: dict[str, Array]) -> None:
    flat = {**abroad, "local_returns": np.zeros((1, 4)), "exchange_returns": np.array([[0, 0, 0.02, 0.02]])}
    flat |= {"weights": np.array([[0.1, 0.1, 0.4, 0.4]]), "benchmark_weights": np.full((1, 4), 0.25)}
    found = currency_effects(**flat)
    # (0.8 - 0.5)(2% - 1%) for the currency that rose, (0.2 - 0.5)(0 - 1%) for the one that did not.
    np.testing.assert_allclose(found.currency, [0.003, 0.003], atol=1e-15)
    assert abs(found.local.allocation).max() == 0


def test_currency_effects__rates_stand_still__are_local_effects_alone(abroad: dict[str, Array]) -> None:
    found = currency_effects(**{**abroad, "exchange_returns": np.zeros((DAYS, 4))})
    assert not found.currency.any() and found.local.total == pytest.approx(found.total, abs=1e-15)


def test_currency_effects__currency_that_loses_everything__is_refused(abroad: dict[str, Array]) -> None:
    with pytest.raises(PerformanceError, match="not above -1 for each asset and period; check the rates"):
        currency_effects(**{**abroad, "exchange_returns": np.full((DAYS, 4), -1.0)})
