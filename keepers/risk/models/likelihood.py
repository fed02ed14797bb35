"""Quasi-likelihood of GARCH and GJR with its exact derivatives, over the recursion of the `arch` package."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint, minimize
from scipy.signal import lfilter

if TYPE_CHECKING:
    from arch.univariate import GARCH

Array = NDArray[np.float64]

_ALPHAS = _GAMMAS = (0.01, 0.05, 0.1, 0.2)
_PERSISTENCES = (0.5, 0.7, 0.9, 0.98)
_TOLERANCE = 1e-9
"""Change of the value that ends the search; `arch` ends at 1e-6 of the sum over a history."""


@dataclass(frozen=True, eq=False)
class Likelihood:
    """Negative Gaussian quasi-likelihood of h_t = omega + (alpha + gamma 1[r < 0]) r^2 + beta h of the day before.

    Parameters are (omega, alpha, beta), with gamma before beta where falls count more. `arch` gives the recursion, the
    first day's variance, the bounds and the constraints. The derivatives are here because its optimiser takes
    differences, of linear constraints too, which is most of the time of its fit.

    Attributes:
        returns: (days,), of a size near 1, such as percent.
        asymmetric: True if falls raise volatility more than rises do.
    """

    returns: Array
    asymmetric: bool

    def value(self, parameters: Array) -> float:
        """Mean of (log h + r^2 / h) / 2 over the days: without the constant, and free of the length of the history."""
        variances = self._variances(parameters)
        return float(np.mean(np.log(variances) + self._squares / variances) / 2)

    def value_and_gradient(self, parameters: Array) -> tuple[float, Array]:
        """Value and its derivatives by the parameters, (parameters,).

        A day's variance passes beta times its change to the next day, so that the derivatives by the variances, summed
        backwards with decay beta, meet what each parameter adds to a day. Source: Fiorentini, Calzolari and Panattoni
        (1996), "Analytic derivatives and the computation of GARCH estimates", J. of Applied Econometrics 11(4).
        """
        variances = self._variances(parameters)
        ratios = self._squares / variances
        value = float(np.mean(np.log(variances) + ratios) / 2)
        weights = lfilter([1.0], [1.0, -parameters[-1]], ((1 - ratios) / variances)[::-1])[::-1]
        before = np.concatenate([[self._backcast], variances[:-1]])
        return value, np.append(self._news @ weights, before @ weights) / (2 * weights.size)

    def minimum(self) -> Array | None:
        """Parameters at the minimum, by SciPy's SLSQP from the best of a grid; None if it did not converge."""
        matrix, least = self._process.constraints()
        # The constraints of a single parameter are among the bounds already.
        joint = np.count_nonzero(matrix, axis=1) > 1
        with warnings.catch_warnings():
            # A failed fit is a state that callers handle; its warning would tell nobody more.
            warnings.simplefilter("ignore")
            result = minimize(
                self.value_and_gradient,
                min(self._starts(), key=self.value),
                method="SLSQP",
                jac=True,
                bounds=self._process.bounds(self.returns),
                constraints=LinearConstraint(matrix[joint], lb=least[joint]),
                tol=_TOLERANCE,
            )
        return np.asarray(result.x, dtype=np.float64) if result.success and np.all(np.isfinite(result.x)) else None

    def _starts(self) -> Iterator[Array]:
        """Parameters whose long-run variance is the sample's: the grid that `arch` starts from."""
        for alpha, gamma, persistence in product(_ALPHAS, _GAMMAS if self.asymmetric else (0.0,), _PERSISTENCES):
            omega = (1 - persistence) * float(np.mean(self._squares))
            beta = persistence - alpha - gamma / 2
            yield np.array([omega, alpha, gamma, beta] if self.asymmetric else [omega, alpha, beta])

    def _variances(self, parameters: Array) -> Array:
        found = np.empty_like(self.returns)
        self._process.compute_variance(parameters, self.returns, found, self._backcast, self._bounds)
        return found

    @cached_property
    def _process(self) -> GARCH:
        # It takes half a second to import, and only a fit needs it.
        from arch.univariate import GARCH

        return GARCH(p=1, o=int(self.asymmetric), q=1)

    @cached_property
    def _squares(self) -> Array:
        return self.returns**2

    @cached_property
    def _backcast(self) -> float:
        return float(self._process.backcast(self.returns))

    @cached_property
    def _bounds(self) -> Array:
        return self._process.variance_bounds(self.returns)

    @cached_property
    def _news(self) -> Array:
        """Derivatives of a day's variance by omega, alpha and gamma, (parameters - 1, days), the day before held."""
        squares = np.concatenate([[self._backcast], self._squares[:-1]])
        rows = [np.ones_like(squares), squares]
        if self.asymmetric:
            falls = np.concatenate([[0.5], self.returns[:-1] < 0])
            rows.append(squares * falls)
        return np.array(rows)
