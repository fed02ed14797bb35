"""Shocks that no history holds: correlations of one, and a grid over what moves the assets together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from keepers.risk.errors import RiskError
from keepers.risk.metrics import Z99, value_at_risk

Array = NDArray[np.float64]

SIGMAS = tuple(float(size) for size in range(-5, 6))
"""Sizes of a grid's shocks along each component, in its daily standard deviations."""
COMPONENTS = 3


def towards_one(covariance: Array, part: float) -> Array:
    """The covariance with every correlation moved a part of the way to one; volatilities stay.

    The outcome is positive semi-definite, because a matrix of ones is. Source: Finger (1997), "A methodology to stress
    correlations", RiskMetrics Monitor, fourth quarter.

    Args:
        covariance: (assets, assets), daily.
        part: Part of the way, 0 to 1.

    Raises:
        RiskError: If the part is not from 0 to 1.
    """
    if not 0 <= part <= 1:
        raise RiskError(f"part {part}", "not from 0 to 1", "give 1 for correlations of one")
    deviations = np.sqrt(np.diag(covariance))
    found: Array = (1 - part) * covariance + part * np.outer(deviations, deviations)
    return found


def correlation_stress(
    weights: Array, covariance: Array, parts: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0), z: float = Z99
) -> Array:
    """Value at risk with correlations moved towards one.

    Returns:
        (parts,), fractions of NAV; at 1 it is the sum of the assets' own.

    Raises:
        RiskError: If shapes differ or a part is not from 0 to 1.
    """
    return np.array([value_at_risk(weights, towards_one(covariance, part), z) for part in parts])


@dataclass(frozen=True, eq=False)
class Grid:
    """Shocks along the principal components of a covariance.

    Attributes:
        sigmas: (scenarios, components), size along each component, in its standard deviations.
        shocks: (scenarios, assets), returns; no asset falls by more than all of it.
        losses: (scenarios,), fractions of NAV.
    """

    sigmas: Array
    shocks: Array
    losses: Array

    def worst(self, count: int) -> NDArray[np.int64]:
        """Indices of the scenarios with the largest losses, largest first."""
        return np.argsort(-self.losses, kind="stable")[:count]


def component_grid(
    weights: Array, covariance: Array, sizes: Sequence[float] = SIGMAS, components: int = COMPONENTS
) -> Grid:
    """Every combination of sizes along the first components: 1,331 scenarios unless told otherwise.

    Components are the eigenvectors of the covariance with the largest variances; fewer where there are fewer assets,
    and the sizes are then so many more that there are 1,000 scenarios still.

    Source: Loretan (1997), "Generating market risk scenarios using principal components analysis", BIS.

    Raises:
        RiskError: If shapes differ, or there are no sizes.
    """
    if weights.ndim != 1 or covariance.shape != (weights.size, weights.size) or weights.size == 0:
        raise RiskError(f"weights {weights.shape}, covariance {covariance.shape}", "do not fit", "give (n,), (n, n)")
    if len(sizes) < 2 or components < 1:
        raise RiskError(f"{len(sizes)} sizes, {components} components", "too few", "give two sizes or more")
    used = min(components, weights.size)
    along = np.asarray(sizes, dtype=np.float64)
    if used < components:
        count = int(np.ceil(1000 ** (1 / used)))
        along = np.linspace(along.min(), along.max(), max(count, along.size))
    values, vectors = np.linalg.eigh(covariance)
    chosen = np.argsort(-values)[:used]
    directions = vectors[:, chosen] * np.sqrt(np.maximum(values[chosen], 0.0))
    sigmas = np.array(list(product(along, repeat=used)))
    shocks = np.maximum(sigmas @ directions.T, -1.0)
    return Grid(sigmas, shocks, -(shocks @ weights))
