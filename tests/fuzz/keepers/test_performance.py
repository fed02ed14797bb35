"""Performance and attribution over any returns and weights."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from keepers.portfolio.attribution import brinson_fachler, link
from keepers.portfolio.performance import drawdowns, performance, time_weighted, total_return

Array = NDArray[np.float64]
RETURNS = arrays(np.float64, st.integers(2, 60), elements=st.floats(-0.9, 2))


@given(st.integers(1, 8), st.integers(1, 6), st.integers(0, 2**32 - 1), st.sampled_from(["carino", "menchero"]))
def test_link__any_periods_and_segments__effects_sum_to_the_active_return(
    periods: int, segments: int, seed: int, method: str
) -> None:
    rng = np.random.default_rng(seed)
    weights, market = rng.dirichlet(np.ones(segments), (2, periods))
    returns, others = rng.uniform(-0.3, 0.4, (2, periods, segments))
    if seed % 3 == 0:
        weights, returns = market.copy(), others.copy()
    effects = brinson_fachler(weights, market, returns, others)
    active = math.prod(1 + np.asarray(effects.portfolio)) - math.prod(1 + np.asarray(effects.benchmark))
    assert abs(link(effects, method).total - active) < 1e-12 * max(1.0, abs(active))


@given(RETURNS)
def test_drawdowns__any_returns__are_parts_of_the_highest_value(returns: Array) -> None:
    found = drawdowns(returns)
    assert np.all((found >= 0) & (found <= 1))
    assert found[np.argmax(np.cumprod(1 + returns))] == pytest.approx(0, abs=1e-12) or total_return(returns) < 0


@given(RETURNS)
def test_performance__any_returns__has_signs_that_agree(returns: Array) -> None:
    found = performance(returns)
    assert found.annual_volatility >= 0 and 0 <= found.max_drawdown <= 1
    for ratio in (found.sharpe, found.sortino):
        assert math.isnan(ratio) or ratio * returns.mean() >= 0
    assert math.isnan(found.calmar) or found.calmar * found.total_return >= 0


@given(RETURNS, st.integers(0, 2**32 - 1))
def test_time_weighted__any_flows__gives_the_returns_back(returns: Array, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, flows = [1000.0], []
    for change in returns:
        flows.append(float(rng.uniform(-0.5, 2)) * values[-1])
        values.append((values[-1] + flows[-1]) * (1 + float(change)))
    found = time_weighted(np.array(values), np.array(flows))
    np.testing.assert_allclose(found, returns, atol=1e-9)
