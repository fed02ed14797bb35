"""The most plausible shock that breaches a limit, and the fewest assets that have to fall for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from keepers.risk.errors import RiskError
from keepers.risk.simulation.sources import root_of

Array = NDArray[np.float64]
Excess = Callable[[Array], float]
"""How far a limit is exceeded after a shock: negative inside, zero at it. Its argument is (assets,), returns."""

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

    A shock r = L x is found by minimising |x|^2 on the limit, by sequential quadratic programming from every asset's and
    the whole portfolio's direction, because limits of weights after a shock are not convex. No asset falls by more than
    99%. Source: Breuer, Jandačka, Rheinberger and Summer (2009), "How to find plausible, severe, and useful stress
    scenarios", International J. of Central Banking 5(3), for the distance.

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
    found = []
    for name, excesses in _excesses(weights, covariance, limits, z99).items():
        nearest = [breach for excess in excesses if (breach := _nearest(name, excess, root, weights)) is not None]
        if nearest:
            found.append(min(nearest, key=lambda breach: breach.distance))
    return found


def fewest_assets(weights: Array, covariance: Array, loss: float, most: float) -> tuple[tuple[int, ...], float]:
    """The smallest set of assets whose falls alone lose as much, no farther than `most` standard deviations away.

    All other assets stay where they are. A set's nearest shock has the distance loss / sqrt(w' (P_SS)^-1 w), with P the
    inverse of the covariance; among sets of one size the nearest is taken.

    Args:
        weights: (assets,), fractions of NAV.
        covariance: (assets, assets), daily, positive definite.
        loss: Loss to be reached, fraction of NAV.
        most: Maximum Mahalanobis distance.

    Returns:
        Indices of the assets, and the distance; no assets and infinity if all together are not enough.

    Raises:
        RiskError: If the covariance is singular.
    """
    try:
        precision = np.linalg.inv(covariance)
    except np.linalg.LinAlgError:
        raise RiskError("covariance", "singular", "shrink it, or leave out assets that never move") from None

    def distance(chosen: tuple[int, ...]) -> float:
        part = precision[np.ix_(chosen, chosen)]
        held = weights[list(chosen)]
        strength = float(held @ np.linalg.solve(part, held))
        return loss / math.sqrt(strength) if strength > 0 else math.inf

    assets = range(weights.size)
    best: tuple[int, ...] = ()
    for size in range(1, weights.size + 1):
        if math.comb(weights.size, size) <= _MOST_SETS:
            best = min(combinations(assets, size), key=distance)
        else:
            best = min((tuple(sorted((*best, asset))) for asset in assets if asset not in best), key=distance)
        if distance(best) <= most:
            return best, distance(best)
    return (), math.inf


def _excesses(weights: Array, covariance: Array, limits: Limits, z99: float) -> dict[str, list[Excess]]:
    """A function for each way to breach each limit; in each, `after` are the weights that a shock leaves."""

    def after(returns: Array) -> Array:
        grown: Array = weights * (1 + returns) / (1 + weights @ returns)
        return grown

    found: dict[str, list[Excess]] = {}
    if (drawdown := limits.drawdown) is not None:
        found["drawdown"] = [lambda returns: -float(weights @ returns) - drawdown]
    if (var99 := limits.var99) is not None:
        found["var99"] = [lambda returns: z99 * math.sqrt(_form(after(returns), covariance)) - var99]
    if (most := limits.weight) is not None:
        found["weight"] = [
            lambda returns, asset=asset: float(after(returns)[asset]) - most for asset in np.flatnonzero(weights)
        ]
    if (concentration := limits.concentration) is not None:
        found["concentration"] = [lambda returns: float(np.sum(after(returns) ** 2)) - concentration]
    return found


def _form(weights: Array, covariance: Array) -> float:
    return max(float(weights @ covariance @ weights), 0.0)


def _nearest(name: str, excess: Excess, root: Array, weights: Array) -> Breach | None:
    assets = weights.size
    if excess(np.zeros(assets)) >= 0:
        return Breach(name, 0.0, np.zeros(assets), 0.0)
    scale = max(abs(excess(np.zeros(assets))), 1e-12)
    constraints = [
        {"type": "ineq", "fun": lambda x: excess(root @ x) / scale},
        {"type": "ineq", "fun": lambda x: root @ x - LEAST_RETURN},
    ]
    best: Breach | None = None
    for start in _starts(root, weights):
        result = minimize(
            lambda x: float(x @ x) / 2,
            start,
            jac=lambda x: x,
            constraints=constraints,
            method="SLSQP",
            options={"maxiter": 300, "ftol": 1e-12},
        )
        shock = root @ result.x
        distance = float(np.linalg.norm(result.x))
        breached = excess(shock) >= -_TOLERANCE * scale and np.all(shock >= LEAST_RETURN - 1e-6)
        if breached and (best is None or distance < best.distance):
            best = Breach(name, distance, shock, -float(weights @ shock))
    return best


def _starts(root: Array, weights: Array) -> list[Array]:
    """Falls of the whole portfolio, and rises and falls of each asset, three standard deviations away."""
    directions = [-(root.T @ weights)]
    for asset in np.flatnonzero(weights):
        directions += [root[asset], -root[asset]]
    return [3 * direction / norm for direction in directions if (norm := float(np.linalg.norm(direction))) > 0]
