"""Correlations of standardised returns: constant (CCC), or moving with them (DCC)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.signal import lfilter

Array = NDArray[np.float64]

_LASTING, _FLEETING = (0.97, 0.02), (0.3, 0.3)
"""Where searches start: the sum of a and b, and the part of it that is a."""
_NOTHING = 1e-6
_MOST = 0.999
_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Correlations:
    """Q' = (1 - a - b) S + a z z' + b Q, and the correlations are Q scaled to a diagonal of one.

    With a = b = 0 they are constant. Sources: Bollerslev (1990), "Modelling the coherence in short-run nominal exchange
    rates", Review of Economics and Statistics 72(3), for CCC; Engle (2002), "Dynamic conditional correlation", J. of
    Business and Economic Statistics 20(3), for DCC.

    Attributes:
        target: (assets, assets), S, second moments of the standardised returns.
        a, b: Weights of the last day's news and of the last day's Q.
        converged: False if the dynamic parameters were not found, so that the correlations are constant.
    """

    target: Array
    a: float
    b: float
    converged: bool = True

    @classmethod
    def fit(cls, returns: Array, *, dynamic: bool) -> Correlations:
        """Estimates from standardised returns, (days, assets).

        a and b maximise the sum of the likelihoods of neighbouring pairs of assets that move. Source: Pakel, Shephard,
        Sheppard and Engle (2021), "Fitting vast dimensional time-varying covariance models", J. of Business and
        Economic Statistics 39(3).
        """
        target = returns.T @ returns / returns.shape[0]
        if not dynamic or returns.shape[1] < 2:
            return cls(target, 0.0, 0.0)
        live = np.flatnonzero(np.diag(target) > 0).tolist()
        pairs = list(pairwise(live))
        if not pairs:
            return cls(target, 0.0, 0.0, converged=False)
        moments = pair_moments(returns, pairs)
        found = _minimum(_LASTING, moments)
        if found is not None and found.a < _NOTHING:
            # Nothing says how long a memory is that nothing enters: from a long one the search misses a short one.
            found = min(found, _minimum(_FLEETING, moments) or found, key=lambda one: one.loss)
        return cls(target, found.a, found.b) if found is not None else cls(target, 0.0, 0.0, converged=False)

    def next(self, returns: Array) -> Array:
        """Correlations of the day after the last row of standardised returns, (days, assets)."""
        days = returns.shape[0]
        weights = self.a * self.b ** np.arange(days - 1, -1, -1, dtype=np.float64)
        left = self.b**days
        constant = (1 - self.a - self.b) * (1 - left) / (1 - self.b) + left
        matrix = constant * self.target + (returns * weights[:, np.newaxis]).T @ returns
        return _scaled(matrix)


def _scaled(matrix: Array) -> Array:
    deviations = np.sqrt(np.diag(matrix))
    inverse = np.where(deviations > 0, 1 / np.where(deviations > 0, deviations, 1.0), 0.0)
    found: Array = inverse[:, np.newaxis] * matrix * inverse
    found = (found + found.T) / 2
    np.fill_diagonal(found, 1.0)
    return found


def pair_moments(returns: Array, pairs: list[tuple[int, int]]) -> Array:
    """(3, pairs, days): squares of the first, squares of the second, products."""
    first = returns.T[[pair[0] for pair in pairs]]
    second = returns.T[[pair[1] for pair in pairs]]
    return np.stack([first**2, second**2, first * second])


class _Minimum(NamedTuple):
    loss: float
    a: float
    b: float


def _minimum(start: tuple[float, float], moments: Array) -> _Minimum | None:
    """The least loss that a search from a start finds; None if it does not converge."""
    bounds = [(0.0, _MOST), (0.0, 1.0)]
    result = minimize(_searched, start, args=(moments,), method="SLSQP", jac=True, bounds=bounds, tol=_TOLERANCE)
    if not (result.success and np.isfinite(result.fun)):
        return None
    both, part = (float(value) for value in result.x)
    return _Minimum(float(result.fun), part * both, (1 - part) * both)


def _searched(parameters: Array, moments: Array) -> tuple[float, Array]:
    """The loss by a + b and by the part of it that is a: whatever is between their bounds is a model."""
    both, part = parameters
    loss, (by_a, by_b) = loss_and_gradient(np.array([part * both, (1 - part) * both]), moments)
    return loss, np.array([part * by_a + (1 - part) * by_b, both * (by_a - by_b)])


def loss_and_gradient(parameters: Array, moments: Array) -> tuple[float, Array]:
    """Minus twice the composite log-likelihood of the correlations per day and pair, and its derivatives by a and b.

    What depends on no parameter is left out. The derivatives by the paths, summed backwards with decay b, meet what a
    and b add to a day. Infinity where a pair moves as one or a variance is none.
    """
    a, b = parameters
    means = moments.mean(axis=-1, keepdims=True)
    before = np.concatenate([means, moments[..., :-1]], axis=-1)
    paths, _ = lfilter([1.0], [1.0, -b], a * before + (1 - a - b) * means, zi=b * means)
    # A step of the search may leave the bounds, where a path of squares is no variance.
    if not np.all(paths[:2] > 0):
        return float("inf"), np.zeros(2)
    root = 1 / np.sqrt(paths[0] * paths[1])
    rho = paths[2] * root
    rest = 1 - rho**2
    if not np.all(rest > 1e-10):
        return float("inf"), np.zeros(2)
    squares, others, products = moments
    # The variances are those of the single assets: a pair's own scale is no part of what a and b say.
    ratios = (squares + others - 2 * rho * products) / rest
    by_rho = 2 * (rho * (ratios - 1) - products) / rest
    by_path = np.stack([-by_rho * rho / (2 * paths[0]), -by_rho * rho / (2 * paths[1]), by_rho * root])
    weights = lfilter([1.0], [1.0, -b], by_path[..., ::-1])[..., ::-1]
    latest = np.concatenate([means, paths[..., :-1]], axis=-1)
    gradient = [float(np.sum(weights * (news - means))) for news in (before, latest)]
    return float(np.sum(np.log(rest) + ratios)) / rest.size, np.array(gradient) / rest.size
