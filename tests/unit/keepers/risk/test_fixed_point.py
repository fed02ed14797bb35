"""Covariance models that the chain accepts."""

import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from keepers.risk.errors import RiskError
from keepers.risk.fixed_point import INT64_MAX, from_fixed_point, to_fixed_point

Array = NDArray[np.float64]


def test_to_fixed_point__two_assets__is_the_upper_triangle_by_rows() -> None:
    matrix = np.array([[0.25, -0.125, 0.0], [-0.125, 0.5, 0.0625], [0.0, 0.0625, 1.0]])
    unit = 10**18
    expected = [unit // 4 + 2, -unit // 8, 0, unit // 2 + 2, unit // 16, unit + 2]
    assert to_fixed_point(matrix) == expected


def test_to_fixed_point__one_asset__rounds_the_variance_up() -> None:
    assert to_fixed_point(np.array([[1.5e-18]])) == [2]
    assert to_fixed_point(np.array([[0.0]])) == [1]


def test_to_fixed_point__covariance__rounds_towards_zero() -> None:
    matrix = np.array([[1e-16, -1.9e-18], [-1.9e-18, 1e-16]])
    assert to_fixed_point(matrix)[1] == -1


@pytest.mark.parametrize("sign", [1, -1])
def test_to_fixed_point__perfect_correlation__passes_the_exact_check(sign: int) -> None:
    volatilities = np.array([0.0123456789, sign * 0.0456789123, 0.0333333333])
    a, ab, ac, b, bc, c = to_fixed_point(np.outer(volatilities, volatilities))
    assert ab * ab <= a * b and ac * ac <= a * c and bc * bc <= b * c
    assert math.copysign(1, ab) == sign


def test_to_fixed_point__correlation_beyond_one_by_rounding__is_cut_to_one() -> None:
    above = 1 + 1e-12
    variance, covariance, _ = to_fixed_point(np.array([[1.0, -above], [-above, 1.0]]))
    assert covariance == -variance == -(10**18 + 1)


def test_to_fixed_point__singular_matrix__stays_positive_semi_definite() -> None:
    factor = np.random.default_rng(1).normal(size=(12, 2)) * 1e-8
    entries = to_fixed_point(factor @ factor.T)
    exact = np.array(from_fixed_point(entries)) * 1e18
    assert np.linalg.eigvalsh(exact).min() >= 0


def test_from_fixed_point__of_rounded__is_within_n_units() -> None:
    factor = np.random.default_rng(2).normal(size=(32, 40)) * 0.003
    matrix = factor @ factor.T
    np.testing.assert_allclose(from_fixed_point(to_fixed_point(matrix)), matrix, rtol=1e-15, atol=32e-18)


def test_to_fixed_point__largest_entry__fits() -> None:
    largest = math.nextafter(INT64_MAX / 1e18, 0)
    assert to_fixed_point(np.array([[largest]]))[0] <= INT64_MAX


@pytest.mark.parametrize(
    ("matrix", "reason"),
    [
        (np.array([[9.3]]), "does not fit int64"),
        (np.array([[-1e-9]]), "variance -1e-09 of asset 0: negative"),
        (np.array([[1e-4, 1.1e-4], [1.1e-4, 1e-4]]), "assets 0 and 1: its correlation is beyond one"),
        (np.array([[1e-4, 1e-5], [2e-5, 1e-4]]), "not symmetric"),
        (np.array([[math.nan]]), "not finite"),
        (np.zeros((2, 3)), "not square"),
        (np.zeros((0, 0)), "not square"),
    ],
)
def test_to_fixed_point__unusable_matrix__is_refused(matrix: Array, reason: str) -> None:
    with pytest.raises(RiskError, match=reason):
        to_fixed_point(matrix)


@pytest.mark.parametrize("count", [0, 2, 4, 5, 7])
def test_from_fixed_point__not_a_triangle__is_refused(count: int) -> None:
    with pytest.raises(RiskError, match="not an upper triangle"):
        from_fixed_point([1] * count)


def exact(matrix: Array) -> list[int]:
    """The entries by rational numbers."""
    size, unit = matrix.shape[0], 10**18
    variances = [max(1, math.ceil(Fraction(float(matrix[i, i])) * unit) + size - 1) for i in range(size)]
    entries = []
    for i in range(size):
        entries.append(variances[i])
        for j in range(i + 1, size):
            most = math.isqrt(variances[i] * variances[j])
            whole = min(math.floor(abs(Fraction(float(matrix[i, j]))) * unit), most)
            entries.append(whole if matrix[i, j] >= 0 else -whole)
    return entries


@pytest.mark.parametrize("scale", [1e-12, 1e-9, 1e-6, 0.01, 1.0, 2.0])
@pytest.mark.parametrize("assets", [2, 7, 20])
def test_to_fixed_point__any_scale__is_what_rational_numbers_give(scale: float, assets: int) -> None:
    rng = np.random.default_rng(assets)
    factor = rng.standard_normal((assets, 2)) * scale / 3
    for matrix in (factor @ factor.T, factor @ factor.T + np.diag(rng.uniform(0, scale**2 / 3, assets))):
        assert to_fixed_point(matrix) == exact(matrix)


@pytest.mark.parametrize("around", [10**3, 10**14 + 7, 2**52 - 1, 2**53 + 4, 10**17 + 64])
def test_to_fixed_point__beside_an_integer__falls_on_the_exact_side(around: int) -> None:
    for value in (around / 1e18, math.nextafter(around / 1e18, 0), math.nextafter(around / 1e18, 1)):
        for sign in (1, -1):
            matrix = np.array([[1.0, sign * value], [sign * value, 1.0]])
            assert to_fixed_point(matrix) == exact(matrix)


@pytest.mark.parametrize("entry", [1, 10**15 + 1, 2**53 - 1, 2**53 + 1, 2**62 + 3, -(2**53) - 1])
def test_from_fixed_point__any_size__is_the_nearest_float(entry: int) -> None:
    assert from_fixed_point([2**62, entry, 2**62])[0, 1] == float(Fraction(entry, 10**18))
    assert from_fixed_point([10**9, min(entry, 10**9), 10**9])[0, 1] == float(Fraction(min(entry, 10**9), 10**18))
