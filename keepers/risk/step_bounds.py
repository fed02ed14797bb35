"""The nearest covariance model that the chain accepts after the last one, without a guardian."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, isqrt, sqrt

import numpy as np
from numpy.typing import NDArray

from keepers.risk.errors import RiskError
from keepers.risk.fixed_point import SCALE, from_fixed_point, to_fixed_point, triangle, within_cauchy_schwarz

Array = NDArray[np.float64]
Bounds = tuple[Sequence[int], Sequence[int]]

BPS = 10_000
USUAL_FALL_BPS, USUAL_UNSEEN_RISE_BPS = 600, 2_500
"""ICovarianceModels.StepBounds of a usual deployment."""
MOVE_PARTS = 10
"""CovarianceModels: divisor of the product of two prices' moves; a covariance may rise by the quotient."""
_HALVINGS = 40
LEAST_TAILS = (1_300_000_000_000_000_000, 2_326_347_874_040_841_101, 2_337_802_792_201_414_000)
"""ICovarianceModels: minimum quantiles at 95% and 99% and minimum mean loss beyond 97.5%, WAD."""


def entry_bounds(
    entries: Sequence[int], moves: Sequence[int], max_fall_bps: int, max_unseen_rise_bps: int
) -> tuple[list[int], list[int]]:
    """Minimum and maximum of each entry of the next model: CovarianceModels._entryBounds.

    Args:
        entries: Upper triangle of the model that stands, 1e18 = 1.
        moves: (assets,), distance of each price from that when the model was posted, as a part of the latter, WAD.
        max_fall_bps, max_unseen_rise_bps: ICovarianceModels.StepBounds.
    """
    size = len(moves)
    seen = [min(move, SCALE) for move in moves]
    sigmas = [isqrt(entries[index] * SCALE) for index in _diagonal(size)]
    pairs = [(i, j) for i in range(size) for j in range(i, size)]
    units = [sigmas[i] * sigmas[j] for i, j in pairs]
    shown = [seen[i] * seen[j] // (SCALE * MOVE_PARTS) for i, j in pairs]
    whole = SCALE * BPS
    least = [entry - unit * max_fall_bps // whole for entry, unit in zip(entries, units, strict=True)]
    most = [
        entry + unit * max_unseen_rise_bps // whole + more
        for entry, unit, more in zip(entries, units, shown, strict=True)
    ]
    return least, most


def bounded_step(matrix: Array, last: Sequence[int], bounds: Bounds) -> tuple[list[int], bool]:
    """Rounds a covariance matrix as `to_fixed_point` and moves it inside the bounds of one step.

    Variances that rise too far are scaled down with their covariances; every other entry stops at its bound. If that
    breaks positive semi-definiteness, variances rise as far as they may, and what is still missing is made up by going
    only part of the way from the last model. Falls are what hides risk, so the outcome errs on the cautious side, and a
    long enough series of steps reaches the matrix.

    Args:
        matrix: (n, n), daily covariance, as estimated.
        last: n (n + 1) / 2 entries of the model that stands, 1e18 = 1.
        bounds: Minimum and maximum of each entry, as ICovarianceModels.entryBounds gives them.

    Returns:
        Entries, and whether the bounds changed any.

    Raises:
        RiskError: If `to_fixed_point` raises it, or `last` is of another size.
    """
    size, most = matrix.shape[0], bounds[1]
    before = from_fixed_point(last)
    if before.shape != matrix.shape:
        raise RiskError(f"a model of {before.shape[0]} assets", f"not {size}", "estimate the universe's own assets")
    wanted, diagonal = to_fixed_point(matrix), _diagonal(size)
    tops = np.array([most[index] for index in diagonal], dtype=float) / SCALE
    factors = np.sqrt(np.minimum(1.0, tops / np.diag(matrix)))
    scaled = wanted if np.all(factors == 1) else to_fixed_point(matrix * np.outer(factors, factors))
    entries = _inside(scaled, bounds)
    if entries == wanted:
        return entries, False
    missing = -float(np.linalg.eigvalsh(from_fixed_point(entries)).min())
    if missing > 0:
        for index in diagonal:
            entries[index] = min(entries[index] + ceil(missing * SCALE) + size, most[index])
    entries = _inside(_semi_definite(entries, last, before), bounds)
    return _cauchy_schwarz(entries, size), True


def bounded_tails(
    tails: tuple[float, float, float], last: tuple[int, int, int] | None, max_fall_bps: int, max_unseen_rise_bps: int
) -> tuple[tuple[int, int, int], bool]:
    """Tail multipliers as the chain takes them after the last ones.

    Args:
        tails: Quantiles at 95% and 99% and mean loss beyond 97.5%, in sigmas.
        last: Those of the model that stands, WAD; None before the first.
        max_fall_bps, max_unseen_rise_bps: ICovarianceModels.StepBounds; tails may fall and rise by half of them.

    Returns:
        WAD, and whether the last model's held any of them back.

    Raises:
        RiskError: If a multiplier is beyond what any distribution has (Cantelli's inequality).
    """
    wanted = [max(round(tail * SCALE), least) for tail, least in zip(tails, LEAST_TAILS, strict=True)]
    wanted[1:] = [max(tail, wanted[0]) for tail in wanted[1:]]
    for tail, level in zip(wanted, (0.95, 0.99, 0.975), strict=True):
        if tail > sqrt(level / (1 - level)) * SCALE:
            raise RiskError(f"{tail / SCALE:.3f} sigmas at {level:.1%}", "no distribution has that", "simulate again")
    if last is None:
        return (wanted[0], wanted[1], wanted[2]), False
    least = [tail * (2 * BPS - max_fall_bps) // (2 * BPS) for tail in last]
    most = [tail * (2 * BPS + max_unseen_rise_bps) // (2 * BPS) for tail in last]
    z95, z99, es975 = (min(max(tail, low), high) for tail, low, high in zip(wanted, least, most, strict=True))
    return (z95, z99, es975), [z95, z99, es975] != wanted


def _inside(entries: Sequence[int], bounds: Bounds) -> list[int]:
    # Comparisons stand here because calls of min and max would take most of the time.
    return [
        high if (raised := entry if entry > low else low) > high else raised
        for entry, low, high in zip(entries, *bounds, strict=True)
    ]


def _semi_definite(entries: list[int], last: Sequence[int], start: Array) -> list[int]:
    """The entries, or as far on the way from the last model to them as the matrix stays positive semi-definite.

    The way there is inside every bound, because both its ends are. `start` is the matrix of `last`.
    """
    way = from_fixed_point(entries) - start

    def holds(part: float) -> bool:
        return float(np.linalg.eigvalsh(start + part * way).min()) >= -1 / SCALE

    if holds(1.0):
        return entries
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return [old + int((new - old) * low) for old, new in zip(last, entries, strict=True)]


def _cauchy_schwarz(entries: list[int], size: int) -> list[int]:
    """Covariances that rounding has left a unit beyond what their variances allow go back to it."""
    variances = [entries[index] for index in _diagonal(size)]
    rows, columns = triangle(size)
    found = list(entries)
    beyond = np.abs(np.array(entries, dtype=np.float64)) > within_cauchy_schwarz(variances)
    for index in np.flatnonzero(beyond & (rows != columns)).tolist():
        most = isqrt(variances[rows[index]] * variances[columns[index]])
        found[index] = min(max(found[index], -most), most)
    return found


def _diagonal(size: int) -> list[int]:
    """Indices of the variances in the upper triangle."""
    return [row * size - row * (row - 1) // 2 for row in range(size)]
