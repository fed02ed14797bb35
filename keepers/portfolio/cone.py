"""Quadratic problems over cones, in the form of the solver Clarabel (Goulart and Chen 2024)."""

from __future__ import annotations

from typing import Any

import clarabel
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix

from keepers.portfolio.errors import OptimisationFailed

Array = NDArray[np.float64]

_TOLERANCES: tuple[dict[str, float], ...] = (
    {"tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12, "tol_feas": 1e-10},
    {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-9},
    {"tol_gap_abs": 1e-8, "tol_gap_rel": 1e-8, "tol_feas": 1e-8},
    {"tol_gap_abs": 1e-7, "tol_gap_rel": 1e-7, "tol_feas": 1e-7},
)
"""Tried in turn, of an objective of the order of one. Limits hold whatever the tolerance. An objective is
flat near its optimum: a gap of 1e-12 places weights to about 1e-6, one of 1e-7 to about 1e-4."""


class ConeProgramme:
    """A convex problem in the solver's own form: x' P x / 2 + q' x is least where b - A x is in cones.

    Args:
        quadratic: (variables, variables), P.
        linear: (variables,), q.
    """

    def __init__(self, quadratic: Array, linear: Array) -> None:
        self._quadratic, self._linear = quadratic, linear
        self._rows: list[Array] = []
        self._bounds: list[Array] = []
        self._cones: list[Any] = []

    def equal(self, rows: Array, bounds: Array) -> None:
        """Adds rows x = bounds."""
        self._add(rows, bounds, clarabel.ZeroConeT(bounds.size))

    def at_most(self, rows: Array, bounds: Array) -> None:
        """Adds rows x <= bounds."""
        self._add(rows, bounds, clarabel.NonnegativeConeT(bounds.size))

    def norm_at_most(self, rows: Array, bound: float) -> None:
        """Adds |rows x| <= bound."""
        head = np.zeros((1, rows.shape[1]))
        bounds = np.concatenate([[bound], np.zeros(rows.shape[0])])
        self._add(np.vstack([head, -rows]), bounds, clarabel.SecondOrderConeT(bounds.size))

    def answer(self) -> Array:
        """Returns x.

        Raises:
            OptimisationFailed: If nothing meets the constraints, or the solver finds no optimum.
        """
        quadratic, rows = _sparse(np.triu(self._quadratic)), _sparse(np.vstack(self._rows))
        bounds = np.concatenate(self._bounds)
        for tolerances in _TOLERANCES:
            settings = clarabel.DefaultSettings()
            settings.verbose, settings.max_threads = False, 1
            for name, value in tolerances.items():
                setattr(settings, name, value)
            solver = clarabel.DefaultSolver(quadratic, self._linear, rows, bounds, self._cones, settings)
            solution = solver.solve()
            status = str(solution.status)
            if status == "Solved":
                return np.array(solution.x, dtype=np.float64)
            if status == "PrimalInfeasible":
                reason = "no weights meet the constraints"
                raise OptimisationFailed("problem", reason, "raise max_turnover: limits cannot be reached within it")
        raise OptimisationFailed("solver", f"ended as {status}", "check the scale of returns and covariance")

    def _add(self, rows: Array, bounds: Array, cone: Any) -> None:
        self._rows.append(rows)
        self._bounds.append(bounds)
        self._cones.append(cone)


def _sparse(dense: Array) -> csc_matrix:
    """The matrix that `csc_matrix` makes of an array, made without its way over coordinates."""
    columns, rows = np.nonzero(dense.T)
    ends = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=dense.shape[1]))])
    return csc_matrix((dense[rows, columns], rows, ends), shape=(dense.shape[0], dense.shape[1]))


def square_root(covariance: Array) -> Array:
    """F with F F' = covariance, by eigenvalues; those that are negative by rounding count as zero.

    Args:
        covariance: (assets, assets).

    Returns:
        (assets, assets).

    Raises:
        OptimisationFailed: If the covariance is not positive semi-definite.
    """
    values, vectors = np.linalg.eigh(covariance)
    if values.min() < -1e-10 * max(float(values.max()), 0.0) or values.max() < 0:
        raise OptimisationFailed(
            "covariance", f"has eigenvalue {values.min():.3g}", "give a positive semi-definite one"
        )
    factor: Array = vectors * np.sqrt(np.maximum(values, 0.0))
    return factor
