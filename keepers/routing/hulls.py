"""Concave chains of straight lines around curves that have no closed-form inverse."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keepers.routing.stable import ONE, StableKind, StablePool, precision_of, scaled_invariant

Floats = NDArray[np.float64]

_POINTS = 240
_SMALLEST, _LARGEST = 1e-6, 1e4
"""Tangents of stable pools touch at inputs from and to these parts of the balance, in a geometric series."""
_ENDLESS = 1e9
"""The last tangent goes on for as many times its input: the contracts set no limit."""


def concave_hull(points: Floats) -> Floats:
    """The least concave function from the origin that is nowhere below the points, as a chain.

    A curve that is not concave is cut here: the solver sees the chord above the dent, and the plan is paid what the
    venue pays.

    Args:
        points: (points, 2), inputs rising from above zero, outputs.

    Returns:
        (kept, 2), without the origin.
    """
    kept: list[tuple[float, float]] = [(0.0, 0.0)]
    for x, y in points.tolist():
        while len(kept) > 1 and _turns_left(kept[-2], kept[-1], (x, y)):
            kept.pop()
        kept.append((x, y))
    return np.array(kept[1:]).reshape(-1, 2)


def tangent_chain(x: Floats, y: Floats, slope: Floats) -> Floats:
    """A chain that is nowhere below a concave curve: its tangents, from one crossing to the next.

    Args:
        x: (points,), rising from zero.
        y, slope: (points,), value and derivative there.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = (y[1:] - slope[1:] * x[1:] - y[:-1] + slope[:-1] * x[:-1]) / (slope[:-1] - slope[1:])
    crossing = np.where(np.isfinite(crossing), crossing, x[1:])
    crossing = np.clip(crossing, x[:-1], x[1:])
    # Rounding may put the crossing beside itself: the higher of both lines is above the curve everywhere.
    height = np.maximum(y[:-1] + slope[:-1] * (crossing - x[:-1]), y[1:] + slope[1:] * (crossing - x[1:]))
    table = np.vstack([np.column_stack([crossing, height]), np.column_stack([x[1:], y[1:]])])
    table = table[np.argsort(table[:, 0], kind="stable")]
    table = table[(table[:, 0] > 0) & np.append(np.diff(table[:, 0]) > 0, True)]
    return concave_hull(table)


def stable_chain(pool: StablePool, zero_for_one: bool) -> Floats:
    """The chain of tangents of a stable pool.

    With D and all other balances fixed, the balance y of the output solves y^2 + (b - D) y = c, where
    b = S + D / (A n), c = D^(n+1) / (A n n^n P), S and P the sum and product of the other balances (Egorov 2019). So
    dy/dx = -(y + c / x) / (2 y + b - D) for the balance x of the input.
    """
    index_in, index_out = (pool.index0, pool.index1) if zero_for_one else (pool.index1, pool.index0)
    scaled = [balance * rate / ONE for balance, rate in zip(pool.balances, pool.rates, strict=True)]
    count, invariant = len(scaled), float(scaled_invariant(pool))
    amplified = pool.amplification * count / precision_of(pool.kind)
    fixed = [balance for position, balance in enumerate(scaled) if position not in (index_in, index_out)]
    before = scaled[index_in]
    added = before * np.append(0.0, np.geomspace(_SMALLEST, _LARGEST, _POINTS))
    total = before + added
    b = total + sum(fixed) + invariant / amplified
    product = invariant / amplified
    for balance in fixed:
        product *= invariant / (count * balance)
    c = product * invariant**2 / (count**2 * total)
    shifted = b - invariant
    root = np.sqrt(shifted**2 + 4 * c)
    left = np.where(shifted > 0, 2 * c / (root + np.abs(shifted)), (root - shifted) / 2)
    # The difference is exact to a few units in the last place of the balance.
    paid = np.maximum(left[0] - left, 0.0) + 4e-16 * left[0] * (added > 0)
    slope = (left + c / total) / (2 * left + shifted)
    kept, to_in, to_out = 1 - pool.fee / ONE, pool.rates[index_in] / ONE, pool.rates[index_out] / ONE
    x, y, slope = added / to_in, paid * kept / to_out, slope * kept * to_in / to_out
    if pool.kind is StableKind.BALANCER:
        x, y = added / kept / to_in, paid / to_out
    chain = tangent_chain(x, y, slope)
    further = _ENDLESS * x[-1]
    return concave_hull(np.vstack([chain, [further, y[-1] + slope[-1] * (further - x[-1])]]))


def _turns_left(first: tuple[float, float], second: tuple[float, float], third: tuple[float, float]) -> bool:
    """True if the slope from the second point to the third is at least that from the first to the second."""
    return (third[1] - second[1]) * (second[0] - first[0]) >= (second[1] - first[1]) * (third[0] - second[0])
