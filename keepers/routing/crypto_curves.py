"""The concave chain of a CryptoSwap pool, whose output has no closed form."""

from __future__ import annotations

import numpy as np

from keepers.routing.crypto import A_UNIT, FEE_UNIT, ONE, CryptoPool
from keepers.routing.hulls import Floats, Trades, charged_chain

_PARTS = np.concatenate(
    [[0.0], np.geomspace(1e-6, 1e-3, 30), np.geomspace(1.01e-3, 3, 560), np.geomspace(3.1, 300, 60)]
)
"""Points are inputs of these parts of the balance, as far as it takes them; close together where it bends most."""
_SOLVED = 1e-15
"""Part of the invariant by which a solved balance may be off."""
_LEAST, _MOST = 0.01, 100.0
"""Balances in parts of D beyond which the contracts revert."""
_ITERATIONS = 100


def crypto_chain(pool: CryptoPool, zero_for_one: bool) -> Floats:
    """A chain that is nowhere below what a pool pays, up to what it takes; empty if that is nothing.

    Balances and their derivatives follow from F = 0 with
    F = A n^n gamma^2 K0 (s - 1) - (1 - K0) (gamma + 1 - K0)^2, where u = x / D, s = sum(u) and K0 = n^n prod(u): the
    invariant of Egorov (2021), divided by D^n.
    """
    index_in, index_out = pool.ends(zero_for_one)
    before = np.array(pool.scaled(pool.balances), dtype=np.float64)
    state = np.tile(before / float(pool.invariant), (_PARTS.size, 1))
    state[:, index_in] *= 1 + _PARTS
    state[:, index_out] = _solved(pool, state, index_in, index_out)
    taken = (state[:, index_in] <= _MOST) & (state[:, index_out] >= _LEAST)
    # The least output of all is refused first.
    count = int(np.argmin(taken)) if not taken.all() else taken.size
    if count < 2 or pool.is_spent:
        return np.empty((0, 2))
    end, inputs, state = before[index_in] * _PARTS[min(count, taken.size - 1)], before[index_in] * _PARTS, state[:count]
    state *= float(pool.invariant)
    inputs = inputs[:count]
    paid = np.maximum(before[index_out] - state[:, index_out], 0.0) + _SOLVED * pool.invariant * (inputs > 0)
    slope = _slope(pool, state, index_in, index_out)
    fee, fee_slope = _fee(pool, state, slope, index_in, index_out)
    to_in, to_out = _unit(pool, index_in), _unit(pool, index_out)
    trades = Trades(inputs / to_in, paid / to_out, slope * to_in / to_out, fee, fee_slope * to_in)
    chain = charged_chain(trades, pool.fees[0] / FEE_UNIT)
    return _cut(chain, end / to_in)


def _unit(pool: CryptoPool, index: int) -> float:
    return pool.precisions[index] * pool.prices[index] / ONE


def _solved(pool: CryptoPool, state: Floats, index_in: int, index_out: int) -> Floats:
    """(points,), balance of the output in parts of D where F = 0: Newton's method between bounds.

    F is below zero for a small balance, and not where the product alone keeps D.
    """
    others = np.delete(state, index_out, axis=1)
    count, product, total = state.shape[1], others.prod(axis=1), others.sum(axis=1)
    low, high = np.zeros(len(state)), 1 / (count**count * product)
    v: Floats = high.copy()
    for _ in range(_ITERATIONS):
        k0 = count**count * product * v
        weight, span = _terms(pool, k0)
        value = weight * k0 * (total + v - 1) - (1 - k0) * span**2
        rise = (k0 * (weight * (total + v - 1) + span**2 + 2 * (1 - k0) * span)) / v + weight * k0
        low, high = np.where(value < 0, v, low), np.where(value < 0, high, v)
        step = v - value / np.where(rise > 0, rise, np.inf)
        after = np.where((step >= low) & (step <= high), step, (low + high) / 2)
        settled = np.abs(after - v) <= 2 * _SOLVED * v
        v = after
        if settled.all():
            break
    return v


def _terms(pool: CryptoPool, k0: Floats) -> tuple[float, Floats]:
    """A n^n gamma^2, and gamma + 1 - K0."""
    gamma = pool.gamma / ONE
    return pool.amplification / A_UNIT * gamma**2, gamma + 1 - k0


def _slope(pool: CryptoPool, state: Floats, index_in: int, index_out: int) -> Floats:
    """Output for the next input, both 18 decimals: how F changes with one balance over how with the other."""
    count = state.shape[1]
    u = state / float(pool.invariant)
    k0 = count**count * u.prod(axis=1)
    weight, span = _terms(pool, k0)
    common = k0 * (weight * (u.sum(axis=1) - 1) + span**2 + 2 * (1 - k0) * span)
    result: Floats = (common / u[:, index_in] + weight * k0) / (common / u[:, index_out] + weight * k0)
    return result


def _fee(pool: CryptoPool, state: Floats, slope: Floats, index_in: int, index_out: int) -> tuple[Floats, Floats]:
    """Fee after a trade as a part of the output, and how it grows with the input (18 decimals)."""
    count, total = state.shape[1], state.sum(axis=1)
    even = (count * state / total[:, None]).prod(axis=1)
    gamma, (least, most) = pool.fee_gamma / ONE, (fee / FEE_UNIT for fee in pool.fees)
    near = gamma / (gamma + 1 - even)
    rise = even * (1 / state[:, index_in] - slope / state[:, index_out] - count * (1 - slope) / total)
    return least * near + most * (1 - near), (least - most) * near**2 / gamma * rise


def _cut(chain: Floats, end: float) -> Floats:
    """The chain up to an input."""
    kept = chain[chain[:, 0] < end]
    after = chain[len(kept) : len(kept) + 1]
    if not len(after):
        return chain
    x0, y0 = kept[-1].tolist() if len(kept) else (0.0, 0.0)
    x1, y1 = after[0].tolist()
    return np.vstack([kept, [end, y0 + (y1 - y0) * (end - x0) / (x1 - x0)]])
