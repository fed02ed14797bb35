"""Risk numbers over many matrices and counts."""

import math
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.stats import binom, chi2

from keepers.risk.backtests.coverage import kupiec
from keepers.risk.covariance import Target, estimate
from keepers.risk.fixed_point import INT64_MAX, from_fixed_point, to_fixed_point
from keepers.risk.metrics import component_var, value_at_risk

Array = NDArray[np.float64]


@st.composite
def factors(draw: st.DrawFn) -> Array:
    """Any (assets, k) loadings: their outer product is a covariance matrix, singular where k < assets."""
    assets, columns = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    scale = draw(st.sampled_from([1e-10, 1e-6, 1e-2, 1.0]))
    values: Array = draw(arrays(np.float64, (assets, columns), elements=st.floats(-1, 1)))
    return values * scale


@given(factors())
def test_to_fixed_point__any_covariance__passes_the_chain_exactly(loadings: Array) -> None:
    matrix = loadings @ loadings.T
    size = matrix.shape[0]
    entries = iter(to_fixed_point(matrix))
    exact = {(row, column): next(entries) for row in range(size) for column in range(row, size)}
    for (row, column), entry in exact.items():
        assert abs(entry) <= INT64_MAX
        assert exact[row, row] >= 1
        assert entry**2 <= exact[row, row] * exact[column, column]


@given(factors())
def test_from_fixed_point__round_trip__moves_no_entry_by_more_than_n_units(loadings: Array) -> None:
    matrix = loadings @ loadings.T
    back = from_fixed_point(to_fixed_point(matrix))
    assert np.all(np.abs(back - matrix) <= matrix.shape[0] * 1e-18 + 1e-9 * np.abs(matrix))
    np.testing.assert_array_equal(back, back.T)


@given(factors())
def test_to_fixed_point__of_its_own_output__adds_at_most_n_units_again(loadings: Array) -> None:
    first = to_fixed_point(loadings @ loadings.T)
    second = to_fixed_point(from_fixed_point(first))
    size = loadings.shape[0]
    for before, after in zip(first, second, strict=True):
        assert abs(after - before) <= size + abs(before) // 2**50


@given(
    arrays(np.float64, st.tuples(st.integers(2, 30), st.integers(1, 6)), elements=st.floats(-0.5, 0.5)),
    st.floats(1, 500),
    st.sampled_from(get_args(Target)),
)
def test_estimate__any_returns__is_symmetric_and_positive_semi_definite(
    returns: Array, halflife: float, target: Target
) -> None:
    got = estimate(returns, halflife, target=target, min_observations=2)
    assert 0 <= got.shrinkage <= 1 + 1e-12
    np.testing.assert_array_equal(got.matrix, got.matrix.T)
    assert np.linalg.eigvalsh(got.matrix).min() >= -1e-14 * max(1e-300, np.abs(got.matrix).max())
    to_fixed_point(got.matrix)


@given(factors(), st.integers(0, 2**32 - 1))
def test_component_var__any_portfolio__sums_to_var(loadings: Array, seed: int) -> None:
    matrix = loadings @ loadings.T
    weights = np.random.default_rng(seed).dirichlet(np.ones(matrix.shape[0]))
    total = value_at_risk(weights, matrix)
    # Smaller than that, variances are subnormal and have few digits.
    assert component_var(weights, matrix).sum() == pytest.approx(total, rel=1e-9, abs=1e-140)


@given(st.integers(1, 3000), st.data(), st.floats(0.5, 0.999))
def test_kupiec__any_count__is_the_ratio_of_binomial_likelihoods(
    observations: int, data: st.DataObject, level: float
) -> None:
    exceeded = data.draw(st.integers(0, observations))
    free = binom.logpmf(exceeded, observations, exceeded / observations)
    promised = binom.logpmf(exceeded, observations, 1 - level)
    got = kupiec(exceeded, observations, level)
    assert math.isfinite(got.statistic) and got.statistic >= 0
    assert got.statistic == pytest.approx(2 * (free - promised), rel=1e-8, abs=1e-7)
    assert got.p_value == pytest.approx(chi2.sf(got.statistic, 1), rel=1e-9, abs=1e-300)


@given(st.integers(50, 3000), st.floats(0.5, 0.999))
def test_kupiec__further_from_the_promise__is_never_likelier(observations: int, level: float) -> None:
    expected = math.ceil(observations * (1 - level))
    above = [kupiec(count, observations, level).p_value for count in range(expected, observations + 1, 7)]
    assert all(later <= earlier for earlier, later in pairwise(above))
