"""Concave chains of straight lines around curves that have no closed-form inverse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.routing.stable import ONE, StableKind, StablePool, precision_of, scaled_invariant
from keepers.routing.vaults import VaultPool, largest_input

Floats = NDArray[np.float64]
_Ends = tuple[Floats, Floats]

_POINTS = 240
_SMALLEST, _LARGEST = 1e-6, 1e4
"""Tangents of stable pools touch at inputs from and to these parts of the balance, in a geometric series."""
_ENDLESS = 1e9
"""The last tangent goes on for as many times its input: the contracts set no limit."""
_FEE_GRAIN = 1e-10
"""Curve rounds its fees down to ten-billionths."""


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
    crossing, height = _crossings((x[:-1], x[1:]), (y[:-1], y[1:]), (slope[:-1], slope[1:]))
    table = np.vstack([np.column_stack([crossing, height]), np.column_stack([x[1:], y[1:]])])
    table = table[np.argsort(table[:, 0], kind="stable")]
    table = table[(table[:, 0] > 0) & np.append(np.diff(table[:, 0]) > 0, True)]
    return concave_hull(table)


def _crossings(x: _Ends, y: _Ends, slope: _Ends) -> tuple[Floats, Floats]:
    """Points between two ends where the tangents of the ends cross, and a height that is below neither of them."""
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = (y[1] - slope[1] * x[1] - y[0] + slope[0] * x[0]) / (slope[0] - slope[1])
    crossing = np.where(np.isfinite(crossing), crossing, x[1])
    crossing = np.clip(crossing, x[0], x[1])
    # Rounding may put the crossing beside itself: the higher of both lines is above the curve everywhere.
    return crossing, np.maximum(y[0] + slope[0] * (crossing - x[0]), y[1] + slope[1] * (crossing - x[1]))


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
    to_in, to_out = pool.rates[index_in] / ONE, pool.rates[index_out] / ONE
    if pool.kind is StableKind.BALANCER:
        kept = 1 - pool.fee / ONE
        return endless_chain(added / kept / to_in, paid / to_out, slope * kept * to_in / to_out)
    fee, fee_slope = _charged(pool, (before + added / 2, left[0] / 2 + left / 2), slope)
    trades = Trades(added / to_in, paid / to_out, slope * to_in / to_out, fee, fee_slope * to_in)
    return charged_chain(trades, pool.fee / ONE)


def _charged(pool: StablePool, halfway: tuple[Floats, Floats], slope: Floats) -> tuple[Floats, Floats]:
    """Fee at the balances half-way through a trade, and how it grows with the input (18 decimals)."""
    base, most = pool.fee / ONE, pool.off_peg / ONE
    one, other = halfway
    if pool.kind is not StableKind.CURVE_NG or most <= 1:
        return np.full_like(one, base), np.zeros_like(one)
    total = one + other
    even = (most - 1) * 4 * one * other / total**2 + 1
    # The balance of the input moves by half of it, that of the output by half of what is paid.
    rise = (other - slope * one) * total - 2 * one * other * (1 - slope)
    return most * base / even, -most * base / even**2 * (most - 1) * 2 * rise / total**3


@dataclass(frozen=True)
class Trades:
    """Inputs of a pool that takes its fee from the output, and what they bring: (points,) each.

    Attributes:
        x: Inputs, rising from zero.
        paid: Outputs before the fee, concave in the input.
        slope: Derivatives of `paid`.
        fee, fee_slope: Fee as a part of the output, and its derivative.
    """

    x: Floats
    paid: Floats
    slope: Floats
    fee: Floats
    fee_slope: Floats


def charged_chain(trades: Trades, least_fee: float) -> Floats:
    """A chain that is nowhere below the output of a pool whose fee depends on its balances.

    Where the fee does not fall and the slopes of the net output do, its tangents are the chain. A fee that falls on the
    way to balance can bend it upwards; there the tangents of the output before the fee count, less the least fee of the
    stretch.

    Args:
        trades: Points of the curve.
        least_fee: Fee in balance, which no fee is below.
    """
    kept = 1 - trades.fee + _FEE_GRAIN
    slope = trades.slope * kept - trades.paid * trades.fee_slope
    net = trades.paid * kept
    chain = endless_chain(trades.x, net, slope)
    bent = np.flatnonzero((slope[1:] > slope[:-1]) | (slope[1:] < 0) | (trades.fee_slope[:-1] < 0))
    if not bent.size:
        return _rising(chain)
    turns = (trades.fee_slope[bent] < 0) & (trades.fee_slope[bent + 1] >= 0)
    most = np.where(turns, 1 - least_fee, np.maximum(kept[bent], kept[bent + 1]))
    x0, x1 = trades.x[bent], trades.x[bent + 1]
    y0, y1 = trades.paid[bent] * most, trades.paid[bent + 1] * most
    crossing, height = _crossings((x0, x1), (y0, y1), (trades.slope[bent] * most, trades.slope[bent + 1] * most))
    inner = [np.column_stack(points) for points in ((x0, y0), (crossing, height), (x1, y1))]
    table = np.vstack([chain, *inner])
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    # The last of several heights at one input is the greatest.
    return _rising(concave_hull(table[(table[:, 0] > 0) & np.append(np.diff(table[:, 0]) > 0, True)]))


def _rising(chain: Floats) -> Floats:
    """The chain up to its greatest output, and level from there: a fee may grow faster than what it is taken from."""
    top = int(np.argmax(chain[:, 1]))
    level = np.array([[chain[-1, 0], chain[top, 1]]])
    return chain if top == len(chain) - 1 else np.vstack([chain[: top + 1], level])


def endless_chain(x: Floats, y: Floats, slope: Floats) -> Floats:
    """The tangents of a concave curve, the last of which goes on."""
    chain = tangent_chain(x, y, slope)
    further = _ENDLESS * x[-1]
    return concave_hull(np.vstack([chain, [further, y[-1] + max(slope[-1], 0.0) * (further - x[-1])]]))


def vault_line(pool: VaultPool, zero_for_one: bool) -> Floats:
    """The straight line of a vault, up to what it takes."""
    wraps = pool.wraps(zero_for_one)
    assets, shares = float(pool.assets + pool.virtual_assets), float(pool.shares + pool.virtual_shares)
    limit = float(largest_input(pool, zero_for_one) or _ENDLESS * assets)
    return np.array([[limit, limit * (shares / assets if wraps else assets / shares)]])


def _turns_left(first: tuple[float, float], second: tuple[float, float], third: tuple[float, float]) -> bool:
    """True if the slope from the second point to the third is at least that from the first to the second."""
    return (third[1] - second[1]) * (second[0] - first[0]) >= (second[1] - first[1]) * (third[0] - second[0])
