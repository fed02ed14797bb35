"""Covariance as the chain keeps it: int64, 1e18 = 1, the upper triangle by rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from keepers.risk.errors import RiskError

SCALE = 10**18
INT64_MAX = 2**63 - 1

_EXACT = 2**53
"""Integers up to this are floats."""
_NOISE = 1e-9
"""Relative amount by which float arithmetic may break symmetry or |cov| <= sqrt(var var)."""


def to_fixed_point(matrix: NDArray[np.float64]) -> list[int]:
    """Rounds a covariance matrix so that it passes the chain's checks in exact integers.

    Variances round up and gain n - 1 units (1e-18), covariances round towards zero. So variances are at
    least 1, cov(i,j)^2 <= var(i) var(j) holds exactly, and what rounding adds to the matrix is diagonally
    dominant: if it was positive semi-definite, so is what the chain reads (Gershgorin's theorem). No entry
    moves by more than n units.

    Args:
        matrix: (n, n), daily covariance, symmetric.

    Returns:
        n (n + 1) / 2 integers: 00, 01, .., 0n, 11, ..

    Raises:
        RiskError: If the matrix is not square, symmetric and finite, a variance is negative, a correlation is
            beyond one, or an entry does not fit int64.
    """
    _check(matrix)
    size = matrix.shape[0]
    variances = [_variance(value, index, size) for index, value in enumerate(np.diag(matrix).tolist())]
    rows, columns = triangle(size)
    values = matrix[rows, columns]
    whole = np.abs(values) * SCALE
    units = np.floor(whole)
    # A product is rounded: where an integer is within its rounding, only exact arithmetic tells the side.
    near = np.minimum(whole - units, units + 1 - whole) <= 2 * np.spacing(whole)
    exact = near | (whole >= _EXACT) | (units > within_cauchy_schwarz(variances))
    entries: list[int] = (np.sign(values) * np.where(exact, 0.0, units)).astype(np.int64).tolist()
    for index in np.flatnonzero(exact).tolist():
        row, column = int(rows[index]), int(columns[index])
        on_diagonal = row == column
        entries[index] = variances[row] if on_diagonal else _covariance(float(values[index]), variances, row, column)
    return entries


def from_fixed_point(entries: Sequence[int]) -> NDArray[np.float64]:
    """The matrix that a posted model stands for.

    Returns:
        (n, n), symmetric.

    Raises:
        RiskError: If the number of entries is not n (n + 1) / 2.
    """
    size = (isqrt(8 * len(entries) + 1) - 1) // 2
    if size == 0 or size * (size + 1) // 2 != len(entries):
        raise RiskError(f"{len(entries)} entries", "not an upper triangle", "give n (n + 1) / 2 of them")
    matrix = np.zeros((size, size))
    rows, columns = triangle(size)
    # A quotient of floats is the exact one's rounding where both are exact.
    units = np.array(entries, dtype=np.float64)
    small = np.abs(units).max() < _EXACT
    values = units / SCALE if small else np.array([entry / SCALE for entry in entries])
    matrix[rows, columns] = values
    matrix[columns, rows] = values
    return matrix


@lru_cache(maxsize=64)
def triangle(size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the upper triangle, by rows."""
    rows, columns = np.triu_indices(size)
    rows.flags.writeable = columns.flags.writeable = False
    return rows, columns


def within_cauchy_schwarz(variances: Sequence[int]) -> NDArray[np.float64]:
    """Covariances, 1e18 = 1, up to which each entry of the upper triangle is surely within its variances.

    It is a little below the square root of their product, and below zero on the diagonal: what is above it has to be
    compared in exact integers.
    """
    rows, columns = triangle(len(variances))
    deviations = np.sqrt(np.array(variances, dtype=np.float64))
    found: NDArray[np.float64] = deviations[rows] * deviations[columns] * (1 - _NOISE) - 2
    found[rows == columns] = -1
    return found


def _variance(value: float, index: int, size: int) -> int:
    if value < 0:
        raise RiskError(f"variance {value} of asset {index}", "negative", "estimate the matrix again")
    over, under = value.as_integer_ratio()
    entry = max(1, -(-over * SCALE // under) + size - 1)
    if entry > INT64_MAX:
        raise RiskError(f"variance {value} of asset {index}", "does not fit int64 at 1e18", "stay below 9.22")
    return entry


def _covariance(value: float, variances: list[int], row: int, column: int) -> int:
    over, under = abs(value).as_integer_ratio()
    entry = over * SCALE // under
    bound = isqrt(variances[row] * variances[column])
    if entry > bound * (1 + _NOISE) + 1:
        where = f"covariance {value} of assets {row} and {column}"
        raise RiskError(where, "its correlation is beyond one", "estimate the matrix again")
    entry = min(entry, bound)
    return entry if value >= 0 else -entry


def _check(matrix: NDArray[np.float64]) -> None:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.size == 0:
        raise RiskError(f"matrix of shape {matrix.shape}", "not square", "give (n, n)")
    if not np.all(np.isfinite(matrix)):
        raise RiskError("covariance matrix", "has entries that are not finite", "clean the returns")
    if np.any(np.abs(matrix - matrix.T) > _NOISE * np.abs(matrix).max()):
        raise RiskError("covariance matrix", "not symmetric", "use (m + m.T) / 2")
