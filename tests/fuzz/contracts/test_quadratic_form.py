"""I7: the chain's volatility beside numpy's, over matrices and weights of every size."""

from __future__ import annotations

import math

import ape
import numpy as np
import pytest
from ethpm_types.abi import ABIType, ErrorABI
from hypothesis import given
from hypothesis import strategies as st

from keepers.risk.fixed_point import to_fixed_point
from tests.fixtures.protocol import WAD
from tests.reverts import reverts

RELATIVE_ERROR = 1e-9
"""Of the volatility, beside numpy on the same fixed-point entries and weights."""


_WEIGHT_TOO_LARGE = ErrorABI(
    name="PackedCovariance__WeightTooLarge",
    inputs=[ABIType(name="index", type="uint256"), ABIType(name="weight", type="uint256")],
)
"""A library's error is in no contract's ABI."""


@pytest.fixture(scope="module")
def harness(admin):
    return admin.deploy(ape.project.PackedCovarianceHarness)


@st.composite
def models(draw) -> tuple[np.ndarray, list[int]]:
    """A covariance matrix of 1 to 32 assets (daily volatility 0.01% to 19%, few or many factors, so also near
    singular ones) and WAD weights from dust to all."""
    n = draw(st.integers(1, 32))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    factors = draw(st.integers(1, n + 2))
    loadings = rng.normal(size=(n, factors))
    correlation = loadings @ loadings.T + draw(st.sampled_from([1e-6, 1e-2, 1.0])) * np.eye(n)
    scale = np.sqrt(np.diag(correlation))
    volatilities = 10 ** rng.uniform(-4, math.log10(0.19), size=n)
    matrix = correlation / np.outer(scale, scale) * np.outer(volatilities, volatilities)
    concentration = draw(st.sampled_from([0.05, 1.0, 50.0]))
    weights = rng.dirichlet(np.full(n, concentration))
    return matrix, [int(weight * WAD) for weight in weights]


@given(model=models())
def test_volatility__any_model__agrees_with_numpy(harness, model):
    matrix, weights = model
    entries = to_fixed_point(matrix)
    n = len(weights)
    # Exact: the same integers, so that only the chain's own rounding is measured.
    square = [[0] * n for _ in range(n)]
    upper = iter(entries)
    for i in range(n):
        for j in range(i, n):
            square[i][j] = square[j][i] = next(upper)
    form = sum(weights[i] * weights[j] * square[i][j] for i in range(n) for j in range(n))
    assert harness.quadraticForm(entries, weights) == form
    volatility = math.isqrt(form) / 1e27
    assert harness.volatility(entries, weights) / WAD == pytest.approx(volatility, rel=RELATIVE_ERROR, abs=1e-18)
    floats = np.array(weights) / WAD
    expected = math.sqrt(max(0.0, float(floats @ matrix @ floats)))
    # Beside the float matrix: entries were rounded to 1e-18, which matters only where variances are that small.
    assert volatility == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(weight=st.integers(10**27 + 1, 2**256 - 1))
def test_volatility__weight_beyond_the_domain__reverts(harness, weight):
    with reverts(_WEIGHT_TOO_LARGE, 0, weight):
        harness.volatility([10**14], [weight])


def test_volatility__largest_of_everything__does_not_overflow(harness):
    entries = [2**63 - 1] * (32 * 33 // 2)
    assert harness.quadraticForm(entries, [10**27] * 32) == (2**63 - 1) * 10**54 * 32 * 32
