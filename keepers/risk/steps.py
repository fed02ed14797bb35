"""The nearest covariance model that the chain accepts after the last one, without a guardian."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, isqrt, sqrt

import numpy as np
from numpy.typing import NDArray

from keepers.risk.errors import RiskError
from keepers.risk.fixed_point import SCALE, from_fixed_point, to_fixed_point

BPS = 10_000
LEAST_TAILS = (1_300_000_000_000_000_000, 2_326_347_874_040_841_101, 2_337_802_792_201_414_000)
"""ICovarianceModels: least quantiles at 95% and 99% and least mean loss beyond 97.5%, WAD."""


def bounded_step(
    matrix: NDArray[np.float64], last: Sequence[int], max_fall_bps: int, max_rise: int
) -> tuple[list[int], bool]:
    """Rounds a covariance matrix as `to_fixed_point` and moves it inside the bounds of one step.

    What rises too far is scaled down; what falls too far stays at the least that is allowed. If that breaks positive
    semi-definiteness, variances rise until it holds again. Falls are what hides risk, so the outcome errs on the
    cautious side, and a long enough series of steps reaches the matrix.

    Args:
        matrix: (n, n), daily covariance, as estimated.
        last: n (n + 1) / 2 entries of the model that stands, 1e18 = 1.
        max_fall_bps, max_rise: ICovarianceModels.StepBounds.

    Returns:
        Entries, and whether the bounds changed any.

    Raises:
        RiskError: As `to_fixed_point`, or if `last` is of another size.
    """
    size = matrix.shape[0]
    before = from_fixed_point(last)
    if before.shape != matrix.shape:
        raise RiskError(f"a model of {before.shape[0]} assets", f"not {size}", "estimate the universe's own assets")
    factors = np.sqrt(np.minimum(1.0, max_rise * np.diag(before) / np.diag(matrix)))
    wanted = to_fixed_point(matrix * np.outer(factors, factors))
    entries = [max(entry, least) for entry, least in zip(wanted, _least(last, size, max_fall_bps), strict=True)]
    lowest = float(np.linalg.eigvalsh(from_fixed_point(entries)).min())
    if lowest < 0 and entries != wanted:
        for index in _diagonal(size):
            entries[index] += ceil(-lowest * SCALE) + size
    tops = [last[index] * max_rise for index in _diagonal(size)]
    for index, top in zip(_diagonal(size), tops, strict=True):
        entries[index] = min(entries[index], top)
    return entries, entries != to_fixed_point(matrix)


def bounded_tails(
    tails: tuple[float, float, float], last: tuple[int, int, int] | None, max_fall_bps: int
) -> tuple[tuple[int, int, int], bool]:
    """Tail multipliers as the chain takes them after the last ones: raised where they are too low, never lowered.

    Args:
        tails: Quantiles at 95% and 99% and mean loss beyond 97.5%, in sigmas.
        last: Of the model that stands, WAD; None before the first.
        max_fall_bps: ICovarianceModels.StepBounds; tails may fall by half of it.

    Returns:
        WAD, and whether the last model's held any of them up.

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
    z95, z99, es975 = (max(pair) for pair in zip(wanted, least, strict=True))
    return (z95, z99, es975), [z95, z99, es975] != wanted


def _least(last: Sequence[int], size: int, max_fall_bps: int) -> list[int]:
    """In the chain's own integers."""
    sigmas = [isqrt(last[index] * SCALE) for index in _diagonal(size)]
    pairs = [(i, j) for i in range(size) for j in range(i, size)]
    return [
        entry - sigmas[i] * sigmas[j] * max_fall_bps // (SCALE * BPS) for entry, (i, j) in zip(last, pairs, strict=True)
    ]


def _diagonal(size: int) -> list[int]:
    """Indices of the variances in the upper triangle."""
    return [row * size - row * (row - 1) // 2 for row in range(size)]
