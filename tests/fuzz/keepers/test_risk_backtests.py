"""Backtests, models and simulations over any series, degenerate ones among them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.stats import norm

from keepers.risk.backtests.coverage import christoffersen, kupiec
from keepers.risk.backtests.expected_shortfall import ES_TESTS, Shortfalls, es_outcomes
from keepers.risk.backtests.outcome import Null
from keepers.risk.backtests.reference import TailReference
from keepers.risk.backtests.value_at_risk import VAR_TESTS, var_outcomes
from keepers.risk.distributions import Empirical, Normal
from keepers.risk.errors import RiskError
from keepers.risk.models import MODELS
from keepers.risk.simulation.engine import Simulation, run
from keepers.risk.simulation.sources import Gaussian
from keepers.risk.simulation.tails import tails

Array = NDArray[np.float64]
SERIES = arrays(np.bool_, st.integers(2, 120))
REFERENCE = TailReference.of([Normal()], 0.9)


@given(SERIES, st.sampled_from([0.9, 0.95, 0.99]))
def test_var_outcomes__any_series__probabilities_agree_with_decisions(series: NDArray[np.bool_], level: float) -> None:
    outcomes = var_outcomes(series, level)
    assert [outcome.test for outcome in outcomes] == list(VAR_TESTS)
    for outcome in outcomes:
        assert 0 <= outcome.p_value <= 1 and outcome.statistic >= 0
        assert outcome.accepted or outcome.statistic >= outcome.critical * (1 - 1e-6)


@given(SERIES)
def test_var_outcomes__any_series__ratios_are_those_of_the_single_tests(series: NDArray[np.bool_]) -> None:
    found = {outcome.test: outcome.statistic for outcome in var_outcomes(series, 0.95)}
    assert found["pof"] == pytest.approx(kupiec(int(series.sum()), series.size, 0.95).statistic, abs=1e-7)
    assert found["cci"] == pytest.approx(christoffersen(series).statistic, abs=1e-7)


@given(arrays(np.float64, st.integers(1, 40), elements=st.floats(-50, 50)), st.floats(-60, 60), st.floats(0.5, 0.99))
def test_null__any_values__tail_falls_and_the_critical_value_is_its_edge(
    values: Array, at: float, level: float
) -> None:
    null = Null(values, np.full(values.size, 1 / values.size))
    here, above = null.p_value(np.array([at, at + 1.0]))
    assert 0 <= above <= here <= 1
    assert null.p_beyond(np.array([at]))[0] <= here
    critical = null.critical(level)
    if np.isfinite(critical):
        assert null.p_value(np.array([critical]))[0] <= 1 - level + 1e-12


@given(arrays(np.float64, (1, 60), elements=st.floats(-8, 8)), st.floats(0.1, 3))
def test_es_outcomes__any_returns__worse_returns_are_never_likelier(returns: Array, scale: float) -> None:
    def probabilities(of: Array) -> dict[str, float]:
        full = np.ones_like(of)
        found = Shortfalls(of, scale * full, 1.3 * scale * full, norm.cdf(of))
        return {outcome.test: outcome.p_value for outcome in es_outcomes(found, REFERENCE)}

    before, after = probabilities(returns), probabilities(returns - 0.5)
    assert set(before) == set(ES_TESTS)
    for name in ("unconditional", "quantile", "minimally biased"):
        assert after[name] <= before[name] + 1e-9


@given(arrays(np.float64, st.integers(2, 60), elements=st.floats(-10, 10)), st.floats(0.001, 0.999))
def test_empirical__any_sample__quantiles_and_integrals_rise_and_agree(sample: Array, probability: float) -> None:
    found = Empirical(sample)
    grid = np.linspace(0, 1, 101)
    quantiles = found.quantile(grid)
    assert np.all(np.diff(quantiles) >= 0)
    assert quantiles[0] == sample.min() and quantiles[-1] == sample.max()
    mean_below = float(found.lower_integral(np.array(probability))) / probability
    assert mean_below <= float(found.quantile(np.array(probability))) + 1e-9


@given(
    st.sampled_from(MODELS),
    st.integers(60, 130),
    st.integers(1, 4),
    st.sampled_from(["one moves", "none moves", "all alike", "third missing", "apart"]),
    st.integers(0, 2**32 - 1),
)
def test_models__degenerate_windows__forecast_or_refuse(
    model: object, days: int, assets: int, kind: str, seed: int
) -> None:
    """One asset, zero variance, perfect correlation, a third of the returns missing."""
    returns = np.random.default_rng(seed).standard_normal((days, assets)) * 0.01
    if kind == "one moves":
        returns[:, 1:] = 0
    elif kind == "none moves":
        returns[:] = 0
    elif kind == "all alike":
        returns[:] = returns[:, :1]
    elif kind == "third missing":
        returns[np.random.default_rng(seed).random(returns.shape) < 0.3] = np.nan
    weights = np.full(assets, 1 / assets)
    assert hasattr(model, "fit")
    try:
        forecast = model.fit(returns).forecast(returns)
        book = forecast.portfolio(weights)
    except RiskError as error:
        assert kind in ("none moves", "third missing") and error.remedy
        return
    assert np.all(np.isfinite(forecast.covariance))
    assert np.isfinite(book.value_at_risk(0.99)) and book.shortfall(0.99) >= book.value_at_risk(0.99) - 1e-12


@example(5, 3, "antithetic", 49021)  # Its first block alone put the worst tenth above the 95% quantile.
@given(
    st.integers(1, 5), st.integers(1, 5), st.sampled_from(["plain", "antithetic", "sobol"]), st.integers(0, 2**32 - 1)
)
def test_simulation__any_covariance__parts_sum_to_the_tail(assets: int, rank: int, sampling: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    loadings = rng.standard_normal((assets, rank)) * 0.01
    weights = rng.dirichlet(np.ones(assets))
    found = tails(run(Simulation(Gaussian(loadings @ loadings.T), weights, 2000, seed, (1, 2), sampling)), (0.95, 0.99))
    for tail in found:
        assert tail.shortfall >= tail.var - 1e-15
        for total, parts in ((tail.var, tail.var_parts), (tail.shortfall, tail.shortfall_parts)):
            assert parts.component.sum() == pytest.approx(total, rel=1e-9, abs=1e-12)
