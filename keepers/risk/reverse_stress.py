"""The most plausible shock that breaches a limit, and the fewest assets that have to fall for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint, NonlinearConstraint, minimize

from keepers.risk.errors import RiskError
from keepers.risk.simulation.sources import root_of

Array = NDArray[np.float64]
LEAST_RETURN = -0.99
_TOLERANCE = 1e-7
_MOST_SETS = 20_000
"""Sets of one size that are looked through; beyond it larger sets are found one asset at a time."""


@dataclass(frozen=True)
class Limits:
    """Limits of a portfolio; None for one that is off. All but `var99` are fractions.

    Attributes:
        drawdown: Maximum loss of NAV.
        var99: Maximum one-day 99% value at risk of the weights after the shock, fraction of NAV.
        weight: Maximum weight of any one asset after the shock.
        concentration: Maximum sum of squared weights after the shock.
    """

    drawdown: float | None = None
    var99: float | None = None
    weight: float | None = None
    concentration: float | None = None


@dataclass(frozen=True, eq=False)
class Breach:
    """The nearest shock that breaches a limit.

    Attributes:
        limit: Name of the limit.
        distance: Mahalanobis distance sqrt(r' S^-1 r), in daily standard deviations; 0 if the limit is breached now.
        shock: (assets,), returns.
        loss: Loss of the portfolio in it, fraction of NAV.
    """

    limit: str
    distance: float
    shock: Array
    loss: float


def reverse_stress(weights: Array, covariance: Array, limits: Limits, z99: float) -> list[Breach]:
    """The nearest breach of every limit that is on; a limit that no shock breaches is left out.

    Limits of losses and of single weights are planes, with a closed form. Value at risk and concentration after a shock
    are not convex: a shock r = L x is found by minimising |x|^2 on them, by sequential quadratic programming from every
    asset's and the whole portfolio's direction. No asset falls by more than 99%. Source of the distance: Breuer,
    Jandačka, Rheinberger and Summer (2009), "How to find plausible, severe, and useful stress scenarios", International
    J. of Central Banking 5(3).

    Args:
        weights: (assets,), fractions of NAV, none negative; the remainder to one is cash.
        covariance: (assets, assets), daily.
        limits: Limits.
        z99: Value at risk over volatility.

    Raises:
        RiskError: If shapes differ, a weight is negative, or the covariance is not positive semi-definite.
    """
    if weights.ndim != 1 or covariance.shape != (weights.size, weights.size) or np.any(weights < 0):
        shapes = f"weights {weights.shape}, covariance {covariance.shape}"
        raise RiskError(shapes, "do not fit, or a weight is negative", "give (n,) and (n, n)")
    root = root_of(covariance)
    found: list[Breach] = []
    for name, planes in _planes(weights, limits).items():
        breaches = [_nearest_on_plane(name, normal, level, root, weights) for normal, level in planes]
        possible = [breach for breach in breaches if breach is not None]
        found += [min(possible, key=lambda breach: breach.distance)] if possible else []
    for name, surface in _surfaces(weights, covariance, limits, z99).items():
        breach = _nearest_on_surface(name, surface, root)
        found += [breach] if breach is not None else []
    return found


def fewest_assets(weights: Array, covariance: Array, loss: float, most: float) -> tuple[tuple[int, ...], float]:
    """The smallest set of assets whose own falls lose as much, no farther than `most` standard deviations away.

    What the other assets do counts neither way. A set's nearest shock is loss / sqrt(w'Sw) away, with w and S of the
    set alone; among sets of one size the nearest is taken. Sets of a size of which there are more than 20,000 are not
    all looked at: the best smaller set then grows by one asset at a time.

    Args:
        weights: (assets,), fractions of NAV.
        covariance: (assets, assets), daily.
        loss: Loss to be reached, fraction of NAV.
        most: Maximum Mahalanobis distance.

    Returns:
        Indices of the assets, and the distance; no assets and infinity if all together are not enough.

    Raises:
        RiskError: If shapes differ or the loss is not above zero.
    """
    if weights.ndim != 1 or covariance.shape != (weights.size, weights.size) or not loss > 0:
        shapes = f"weights {weights.shape}, covariance {covariance.shape}, loss {loss}"
        raise RiskError(shapes, "do not fit, or no loss", "give (n,), (n, n) and a loss above zero")
    parts = np.outer(weights, weights) * covariance

    def distance(chosen: tuple[int, ...]) -> float:
        variance = float(parts[np.ix_(chosen, chosen)].sum())
        return loss / math.sqrt(variance) if variance > 0 else math.inf

    held = np.flatnonzero(weights).tolist()
    best: tuple[int, ...] = ()
    for size in range(1, len(held) + 1):
        if math.comb(len(held), size) <= _MOST_SETS:
            best = min(combinations(held, size), key=distance)
        else:
            best = min((tuple(sorted((*best, asset))) for asset in held if asset not in best), key=distance)
        if distance(best) <= most:
            return best, distance(best)
    return (), math.inf


def _planes(weights: Array, limits: Limits) -> dict[str, list[tuple[Array, float]]]:
    """Limits that are half-spaces: (a, b) of every a'r >= b that is a breach.

    The weight of asset i after a shock, w_i (1 + r_i) / (1 + w'r), is at least c where (w_i e_i - c w)'r >= c - w_i.
    """
    found: dict[str, list[tuple[Array, float]]] = {}
    if limits.drawdown is not None:
        found["drawdown"] = [(-weights, limits.drawdown)]
    if (most := limits.weight) is not None:
        unit = np.eye(weights.size)
        held = np.flatnonzero(weights).tolist()
        found["weight"] = [(weights[i] * unit[i] - most * weights, most - float(weights[i])) for i in held]
    return found


def _nearest_on_plane(name: str, normal: Array, level: float, root: Array, weights: Array) -> Breach | None:
    """Closed form r = b S a / a'Sa; where an asset would fall by more than it may, the convex problem with bounds."""
    if level <= 0:
        return Breach(name, 0.0, np.zeros(weights.size), 0.0)
    direction = root.T @ normal
    strength = float(direction @ direction)
    if strength <= 0:
        return None
    x = level / strength * direction
    if np.any(root @ x < LEAST_RETURN):
        plane = LinearConstraint(normal @ root / level, 1.0, np.inf)
        solved = _minimise(x, [plane, LinearConstraint(root, LEAST_RETURN, np.inf)])
        shock = root @ solved
        if float(normal @ shock) < level * (1 - _TOLERANCE) or np.any(shock < LEAST_RETURN - _TOLERANCE):
            return None
        x = solved
    return _breach(name, x, root, weights)


def _surfaces(weights: Array, covariance: Array, limits: Limits, z99: float) -> dict[str, Surface]:
    """Limits of a function of the weights after a shock."""
    found: dict[str, Surface] = {}
    if limits.var99 is not None:
        found["var99"] = Surface(weights, covariance * z99**2, limits.var99**2)
    if limits.concentration is not None:
        found["concentration"] = Surface(weights, np.eye(weights.size), limits.concentration)
    return found


@dataclass(frozen=True, eq=False)
class Surface:
    """A limit on a quadratic form of the weights v that a shock leaves: v'Qv <= level.

    Attributes:
        weights: (assets,), before the shock.
        form: (assets, assets), Q.
        level: Limit.
    """

    weights: Array
    form: Array
    level: float

    def after(self, returns: Array) -> Array:
        """Weights after a shock."""
        found: Array = self.weights * (1 + returns) / (1 + self.weights @ returns)
        return found

    def excess(self, returns: Array) -> float:
        """v'Qv / level - 1: negative inside, zero at the limit."""
        held = self.after(returns)
        return float(held @ self.form @ held) / self.level - 1

    def gradient(self, returns: Array) -> Array:
        """Derivative of `excess`: dv_j / dr_i = w_i (1[i = j] - v_j) / (1 + w'r)."""
        held = self.after(returns)
        slope = 2 * self.form @ held / self.level
        net = slope - float(slope @ held)
        return np.asarray(self.weights * net / (1 + float(self.weights @ returns)), dtype=np.float64)


def _nearest_on_surface(name: str, surface: Surface, root: Array) -> Breach | None:
    weights = surface.weights
    if surface.excess(np.zeros(weights.size)) >= 0:
        return Breach(name, 0.0, np.zeros(weights.size), 0.0)
    held = np.flatnonzero(weights)
    if 0 < held.size < weights.size:
        inner = _nearest_among_held(name, surface, root, held)
        # The assets that are not held follow; only where one would fall too far does the search need all of them.
        if inner is None or np.all(inner.shock >= LEAST_RETURN):
            return inner
    breach_it = NonlinearConstraint(
        lambda x: np.array([surface.excess(root @ x)]),
        0.0,
        np.inf,
        jac=lambda x: (surface.gradient(root @ x) @ root)[np.newaxis],
    )
    possible = LinearConstraint(root, LEAST_RETURN, np.inf)
    best: Breach | None = None
    for start in _starts(root, weights):
        found = _breach(name, _minimise(start, [breach_it, possible]), root, weights)
        breached = surface.excess(found.shock) >= -_TOLERANCE and np.all(found.shock >= LEAST_RETURN - _TOLERANCE)
        if breached and (best is None or found.distance < best.distance):
            best = found
    return best


def _nearest_among_held(name: str, surface: Surface, root: Array, held: NDArray[np.int64]) -> Breach | None:
    """The nearest breach by the held assets; the others move as the covariance expects of them, at no distance."""
    block = root[held]
    smaller = Surface(surface.weights[held], surface.form[np.ix_(held, held)], surface.level)
    found = _nearest_on_surface(name, smaller, root_of(block @ block.T))
    if found is None:
        return None
    # The shortest x with the held assets' shock: its distance is that of the held assets alone.
    return _breach(name, np.linalg.pinv(block) @ found.shock, root, surface.weights)


def _minimise(start: Array, constraints: Sequence[LinearConstraint | NonlinearConstraint]) -> Array:
    """The point with the least length inside the constraints, or where the search for it ended."""
    result = minimize(
        _half_square,
        start,
        jac=_itself,
        constraints=constraints,
        method="SLSQP",
        options={"maxiter": 300, "ftol": 1e-13},
    )
    return np.asarray(result.x, dtype=np.float64)


def _breach(name: str, x: Array, root: Array, weights: Array) -> Breach:
    shock = root @ x
    return Breach(name, float(np.linalg.norm(x)), shock, -float(weights @ shock))


def _half_square(x: Array) -> float:
    return float(x @ x) / 2


def _itself(x: Array) -> Array:
    return x


def _starts(root: Array, weights: Array) -> list[Array]:
    """Falls of the whole portfolio, and rises and falls of each asset, three standard deviations away."""
    directions = [-(root.T @ weights)]
    for asset in np.flatnonzero(weights):
        directions += [root[asset], -root[asset]]
    return [3 * direction / norm for direction in directions if (norm := float(np.linalg.norm(direction))) > 0]
