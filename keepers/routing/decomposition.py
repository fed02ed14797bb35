"""The convex flow problem over all markets at once, solved by Newton's method on its dual.

A holder of amounts h of tokens trades with every market, and keeps y + h where the markets' trades add up to y. With
the worth c of each token it wants

    the most of c . y  over trades that the markets take, with y + h >= 0.

With a price nu_j >= c_j for every token, the worth is at most

    g(nu) = (nu - c) . h + sum over markets of arb(nu)

where arb is the most that a market pays an arbitrageur at the prices; it has a closed form (Diamandis, Resnick, Chitra
and Angeris 2023, "An efficient algorithm for optimal routing through constant function market makers", section 3; the
statement with networks is that of Diamandis, Angeris and Edelman 2024, "Convex network flows"). Those searches use the
gradient alone. In the logarithms of prices the second derivatives of the markets are a weighted graph Laplacian, with
as many rows as there are tokens and not markets, so that a step of Newton's method is one small linear system, and a
handful of steps reaches the precision of a float. Where markets stop to trade, second derivatives jump and the gradient
does not; such a search is semismooth (Qi and Sun 1993), with the active set of Bertsekas (1982) at the bounds of
prices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from keepers.routing.curves import Curves, Floats, Ints

_ITERATIONS = 100
_DAMPING = 1e-3
_SLACK = 1e-8
"""Part of what is traded of a token that has to be left over, so that the rounding of prices overdraws nobody."""
_STRIDE = 4.0
"""Most that the logarithm of a price moves in a step."""
_DECREASE = 1e-4
_ROUNDING = 1e-13
_MOST_DAMPING = 1e12
_MOVING, _IDLE = 1e-7, 5
"""Part by which g falls in a step that gets on, and how many steps may not."""


@dataclass(frozen=True)
class Trades:
    """Most profitable trades at some prices, of all markets together.

    Attributes:
        value: What they earn at the prices.
        net: (tokens,), what comes out of markets less what goes in.
        gross: (tokens,), the sum of both.
        curvature: (tokens, tokens), derivatives of price times `net` by the logarithms of prices, without those of the
            price that it is multiplied with; positive semidefinite, rows add up to zero.
    """

    value: float
    net: Floats
    gross: Floats
    curvature: Floats

    def __add__(self, other: Trades) -> Trades:
        """Trades with both groups of markets."""
        return Trades(
            self.value + other.value,
            self.net + other.net,
            self.gross + other.gross,
            self.curvature + other.curvature,
        )


class Markets(Protocol):
    """Markets that say what an arbitrageur would do."""

    def trade(self, log_price: Floats) -> Trades:
        """Most profitable trades at prices of all tokens, given as natural logarithms, (tokens,)."""
        ...


class PairMarkets:
    """Markets of two tokens in one direction each.

    Args:
        curves: All curves.
        at: (markets,), positions of the markets' curves, rising.
        token_in, token_out: (markets,), positions of tokens.
        limit: (markets,), most that each takes.
        tokens: Number of tokens.
    """

    def __init__(self, curves: Curves, at: Ints, token_in: Ints, token_out: Ints, limit: Floats, tokens: int) -> None:
        self._curves, self._at, self._limit = curves, at, limit
        self._in, self._out, self._tokens = token_in, token_out, tokens

    def trade(self, log_price: Floats) -> Trades:
        """See `Markets`."""
        count = self._tokens
        price = np.exp(log_price)
        paid, earned = price[self._in], price[self._out]
        ratio = paid / earned
        x, y, fall = self._curves.answer(self._at, ratio, self._limit)
        # The curve of an output that is all but drained rounds below zero.
        gain = np.maximum(earned * y - paid * x, 0.0)
        taken, given = _sums(self._in, x, count), _sums(self._out, y, count)
        off = _sums(self._in * count + self._out, paid * fall, count * count).reshape(count, count)
        off = off + off.T
        return Trades(float(gain.sum()), given - taken, given + taken, np.diag(off.sum(axis=1)) - off)


def _sums(at: Ints, values: Floats, size: int) -> Floats:
    return np.asarray(np.bincount(at, values, size), dtype=np.float64)


@dataclass(frozen=True)
class Optimum:
    """Prices at which markets trade, and what that is worth.

    Attributes:
        log_price: (tokens,), natural logarithms of prices.
        bound: No trades are worth more.
        worth: What the trades at the prices are worth; minus infinity where they overdraw a token.
        net: (tokens,), y: what comes out of markets less what goes in.
        steps: Number of steps.
    """

    log_price: Floats
    bound: float
    worth: float
    net: Floats
    steps: int

    @property
    def gap(self) -> float:
        """Distance between worth and bound as a part of the larger; infinite without a worth."""
        if not np.isfinite(self.worth):
            return np.inf
        size = max(abs(self.bound), abs(self.worth))
        return (self.bound - self.worth) / size if size else 0.0


class _Dual:
    """g at some prices, with what a step needs.

    Args:
        log_price: (tokens,), natural logarithms of prices.
        trades: The markets' trades at them.
        worth, held: As in `solve_flow`.
        kept: (tokens,), what has to be left over.
    """

    def __init__(self, log_price: Floats, trades: Trades, worth: Floats, held: Floats, kept: Floats) -> None:
        self.log_price, self.trades = log_price, trades
        price = np.exp(log_price)
        self._worth, self._held, self._spread = worth, held, price - worth
        self.value = trades.value + float(self._spread @ (held - kept))
        self.slope: Floats = price * (trades.net + held - kept)

    def optimum(self, steps: int) -> Optimum:
        """The prices as an answer."""
        bound = self.trades.value + float(self._spread @ self._held)
        covered = bool((self.trades.net + self._held >= 0).all())
        worth = float(self._worth @ self.trades.net) if covered else -np.inf
        return Optimum(self.log_price, bound, worth, self.trades.net, steps)


def solve_flow(
    markets: Markets,
    worth: Floats,
    held: Floats,
    log_price: Floats,
    gap: float = 1e-6,
    cancelled: Callable[[], bool] = lambda: False,
) -> Optimum:
    """Trades that are worth most, and the bound that proves it.

    The bound holds whatever happens. The worth is that of trades that leave no token below zero; where curves are
    chains of straight lines, a price does not say how far to go along one, and there may be none. The search ends where
    the gap is small enough, or where prices do not move any more.

    Args:
        markets: All markets.
        worth: (tokens,), what a unit is worth in the end; not below zero, and above it for one token at least.
        held: (tokens,), what there is of each; not below zero.
        log_price: (tokens,), natural logarithms of the prices to begin with.
        gap: Distance between worth and bound, as a part of the larger, at which the search ends.
        cancelled: Asked before each step; once it is true, the best prices so far are the answer.
    """
    with np.errstate(divide="ignore"):
        least = np.log(worth)
    log_price = np.maximum(log_price, least)
    trades, damping = markets.trade(log_price), _DAMPING
    now = _Dual(log_price, trades, worth, held, np.zeros(worth.size))
    steps, idle = 0, 0
    while steps < _ITERATIONS and idle < _IDLE and now.optimum(steps).gap > gap and not cancelled():
        kept = _left_over(now)
        now = _Dual(now.log_price, now.trades, worth, held, kept)
        following = None
        while following is None and damping < _MOST_DAMPING:
            candidate = _stepped(now, least, damping)
            found = _Dual(candidate, markets.trade(candidate), worth, held, kept)
            enough = now.value + _DECREASE * float(now.slope @ np.expm1(candidate - now.log_price))
            if found.value <= enough + _ROUNDING * abs(now.value):
                following = found
            damping = damping * 0.2 if following is not None else max(8 * damping, 1e-6)
        if following is None:
            break
        idle = idle + 1 if following.value > now.value * (1 - _MOVING) else 0
        now, steps, damping = following, steps + 1, max(damping, 1e-12)
    return now.optimum(steps)


def _left_over(now: _Dual) -> Floats:
    """Amounts to leave over: a part of what is traded of each token, but a thousandth of the mean in value at least."""
    price, gross = np.exp(now.log_price), now.trades.gross
    result: Floats = _SLACK * (gross + 1e-3 * float((price * gross).mean()) / price)
    return result


def _stepped(now: _Dual, least: Floats, damping: float) -> Floats:
    """Prices after one damped step of Newton's method; those that press on their bounds stay there."""
    free = np.flatnonzero((now.log_price > least) | (now.slope < 0))
    matrix = now.trades.curvature[np.ix_(free, free)]
    diagonal = np.diagonal(matrix)
    # The logarithm bends g by its slope, which is all the curvature there is where nobody trades.
    bend = np.maximum(now.slope[free], 0.0) + damping * (diagonal + np.abs(now.slope[free]) + 1e-3 * diagonal.mean())
    matrix[np.arange(free.size), np.arange(free.size)] += bend + 1e-300
    step = np.zeros(least.size)
    step[free] = -cho_solve(cho_factor(matrix, lower=True, check_finite=False), now.slope[free], check_finite=False)
    result: Floats = np.maximum(now.log_price + np.clip(step, -_STRIDE, _STRIDE), least)
    return result
