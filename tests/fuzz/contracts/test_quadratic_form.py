"""I7: the chain's risk numbers beside numpy's, over matrices and weights of every size.

Entries and weights are integers on both sides, so that only the chain's own arithmetic is measured. The quadratic form
is exact. What is rooted, multiplied and rounded agrees with numpy to 1e-9, or to one unit of 1e-18 where that is more.
"""

from __future__ import annotations

import math

import ape
import numpy as np
import pytest
from ethpm_types.abi import ABIType, ErrorABI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keepers.risk.fixed_point import INT64_MAX, to_fixed_point
from keepers.risk.metrics import NORMAL_TAILS
from tests.fixtures.protocol import WAD
from tests.fuzz.worst import note
from tests.reverts import reverts

PURE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
"""The harness keeps nothing between two examples."""

RELATIVE_ERROR = 1e-9
UNIT = 1e-18
RESOLUTION = 1e-8
"""Error of running deviations. Their squares have units of 1e-18, some of which each update loses."""
LOWEST, HIGHEST = 0.001, 3.0
"""Daily volatilities."""

_WEIGHT_TOO_LARGE = ErrorABI(
    name="PackedCovariance__WeightTooLarge",
    inputs=[ABIType(name="index", type="uint256"), ABIType(name="weight", type="uint256")],
)
_WRONG_SIZE = ErrorABI(
    name="PackedCovariance__WrongSize",
    inputs=[ABIType(name="bytes_", type="uint256"), ABIType(name="weights", type="uint256")],
)
_NEGATIVE = ErrorABI(name="PackedCovariance__NegativeVariance", inputs=[ABIType(name="form", type="int256")])
"""A library's errors are in no contract's ABI."""


@pytest.fixture
def harness(admin):
    return admin.deploy(ape.project.PackedCovarianceHarness)


@st.composite
def models(draw, most: int = 32) -> tuple[list[int], list[int]]:
    """Entries of a covariance matrix of 1 to `most` assets (daily volatility 0.1% to 300%, few or many factors, so also
    singular ones), and WAD weights from dust to all."""
    n = draw(st.integers(1, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    factors = draw(st.integers(1, n + 2))
    loadings = rng.normal(size=(n, factors))
    correlation = loadings @ loadings.T + draw(st.sampled_from([0.0, 1e-6, 1e-2, 1.0])) * np.eye(n)
    scale = np.sqrt(np.diag(correlation))
    volatilities = 10 ** rng.uniform(math.log10(LOWEST), math.log10(HIGHEST), size=n)
    matrix = correlation / np.outer(scale, scale) * np.outer(volatilities, volatilities)
    concentration = draw(st.sampled_from([0.05, 1.0, 50.0]))
    invested = draw(st.sampled_from([1e-12, 1e-6, 0.3, 1.0]))
    shares = rng.dirichlet(np.full(n, concentration)) * invested
    weights = [int(share * WAD) for share in shares]
    # Floats sum to one and a bit.
    weights[int(np.argmax(shares))] -= max(0, sum(weights) - WAD)
    return to_fixed_point(matrix), weights


def square(entries: list[int], n: int) -> list[list[int]]:
    full = [[0] * n for _ in range(n)]
    upper = iter(entries)
    for i in range(n):
        for j in range(i, n):
            full[i][j] = full[j][i] = next(upper)
    return full


def relative(found: float, expected: float, units: int = 1) -> float:
    """Relative error beyond so many units of the last place."""
    return max(0.0, abs(found - expected) - units * UNIT) / abs(expected) if expected else 0.0


@PURE
@given(model=models())
def test_quadratic_form__any_model__is_exact(harness, model):
    entries, weights = model
    n = len(weights)
    matrix = square(entries, n)
    rows = [sum(matrix[i][j] * weights[j] for j in range(n)) for i in range(n)]
    form = sum(row * weight for row, weight in zip(rows, weights, strict=True))
    if form < 0:
        # Rounding made a singular matrix indefinite: no number is better than a wrong one.
        with reverts(_NEGATIVE, form):
            harness.quadraticForm(entries, weights)
        return
    assert harness.quadraticForm(entries, weights) == form
    assert tuple(harness.product(entries, weights)) == (rows, form)
    assert harness.rayVolatility(entries, weights) == math.isqrt(form)


@PURE
@given(model=models(most=31))
def test_measure__any_model__agrees_with_numpy(harness, model):
    """Volatility, VaR, shortfall and every component, in long doubles on numpy's side. A portfolio holds cash and at
    most 31 more."""
    entries, weights = model
    n = len(weights)
    # A million dollars of NAV, the rest in cash.
    values = [(WAD - sum(weights)) * 10**6, *(weight * 10**6 for weight in weights)]
    matrix = np.array(square(entries, n), dtype=np.longdouble) / WAD
    w = np.array(weights, dtype=np.longdouble) / WAD
    row = matrix @ w
    variance = float(w @ row)
    gross = float(np.abs(w) @ np.abs(matrix) @ np.abs(w))
    if variance <= 1e-9 * gross:
        return  # What is left after such cancellation is numpy's own rounding.
    found = harness.measure(entries, values, NORMAL_TAILS)
    sigma = np.sqrt(w @ row)
    # With 27 digits, down to dust: nothing is forgiven.
    ray = harness.rayVolatility(entries, weights) / 10**27
    assert note("volatility, 27 digits", abs(ray - float(sigma)) / float(sigma)) <= RELATIVE_ERROR
    for name, got, z in (
        ("volatility", found.volatility, WAD),
        ("VaR 95%", found.var95, NORMAL_TAILS[0]),
        ("VaR 99%", found.var99, NORMAL_TAILS[1]),
        ("shortfall 97.5%", found.es975, NORMAL_TAILS[2]),
    ):
        assert note(name, relative(got / WAD, float(sigma * z / WAD))) <= RELATIVE_ERROR
    var99 = found.var99 / WAD
    parts = w * row / sigma * NORMAL_TAILS[1] / WAD
    for got, expected in zip(found.components[1:], parts, strict=True):
        # The error is a part of VaR, because a component can be arbitrarily small; each component may lose a unit.
        error = max(0.0, abs(got / WAD - float(expected)) - (n + 1) * UNIT) / var99
        assert note("component VaR", error) <= RELATIVE_ERROR
    assert sum(found.components) == found.var99
    assert note("Herfindahl", relative(found.herfindahl / WAD, float(w @ w), n)) <= RELATIVE_ERROR


@PURE
@given(weight=st.integers(10**27 + 1, 2**256 - 1))
def test_volatility__weight_beyond_the_domain__reverts(harness, weight):
    with reverts(_WEIGHT_TOO_LARGE, 0, weight):
        harness.volatility([10**14], [weight])


def test_quadratic_form__weights_of_another_size__reverts(harness):
    with reverts(_WRONG_SIZE, 8, 2):
        harness.quadraticForm([10**14], [1, 1])


def test_quadratic_form__33_assets__reverts(harness):
    with reverts(_WRONG_SIZE, 8 * 561, 33):
        harness.quadraticForm([10**14] * 561, [1] * 33)


def test_volatility__largest_of_everything__does_not_overflow(harness):
    entries = [INT64_MAX] * (32 * 33 // 2)
    assert harness.quadraticForm(entries, [10**27] * 32) == INT64_MAX * 10**54 * 32 * 32


def test_volatility__most_negative_of_everything__reverts(harness):
    """Covariances as negative as int64 has them: beyond any matrix, inside the arithmetic."""
    entries = [-INT64_MAX - 1] * (32 * 33 // 2)
    with reverts(_NEGATIVE, (-INT64_MAX - 1) * 10**54 * 32 * 32):
        harness.quadraticForm(entries, [10**27] * 32)


@PURE
@given(
    xs=st.lists(st.integers(-3 * WAD, 3 * WAD), min_size=2, max_size=40),
    seed=st.integers(0, 2**32 - 1),
)
def test_running_moments__any_stream__agree_with_numpy(moments_harness, xs, seed):
    ys = [int(y * WAD) for y in np.random.default_rng(seed).normal(size=len(xs))]
    floats, others = np.array(xs) / WAD, np.array(ys) / WAD
    mean, deviation, ewma = moments_harness.moments(xs)
    square_ewma = floats[0] ** 2
    for x in floats[1:]:
        square_ewma = 0.94 * square_ewma + 0.06 * x**2
    scale = max(float(np.abs(floats).max()), 1e-9)
    for name, got, expected in (
        ("running mean", mean / WAD, float(np.mean(floats))),
        ("running deviation", deviation / WAD, float(np.std(floats, ddof=1))),
        ("EWMA volatility", ewma / WAD, math.sqrt(square_ewma)),
    ):
        # The error is a part of the largest number seen: a mean can cancel to 0, and equal numbers deviate by 0.
        assert note(name, max(0.0, abs(got - expected) - RESOLUTION) / scale) <= RELATIVE_ERROR
    slope = moments_harness.slope(xs, ys) / WAD
    expected = float(np.cov(floats, others)[0, 1] / np.var(others, ddof=1))
    spread = float(np.std(others))
    if spread > 1e-2:
        assert note("beta", max(0.0, abs(slope - expected) - 1e-12) / (scale / spread)) <= RELATIVE_ERROR


@pytest.fixture
def moments_harness(admin):
    return admin.deploy(ape.project.RunningMomentsHarness)
