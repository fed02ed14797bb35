"""Doubts about closes: one mistyped cell must not become a model, and a model not a trade."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from keepers.market.prices import Prices

_MAD_TO_SIGMA = 1.4826
"""Standard deviations of a normal in a median absolute deviation (Rousseeuw and Croux 1993, "Alternatives to the median
absolute deviation", J. of the American Statistical Association 88)."""
_UNDONE = 0.3
"""Part of a jump that is left on the day after, below which it counts as undone: prices that moved hardly do that."""
_ABSURD = 4.0
"""Factor from one close to the next that no listed asset moves by: a split that was not adjusted, another unit."""


@dataclass(frozen=True)
class Guards:
    """Bounds that closes are tested against.

    Attributes:
        oracle_tolerance: How far the last close may be from the oracle's price, as a fraction, beside
        oracle_sigmas: so many of the asset's own daily standard deviations, for each day since that close as its root.
        tolerances: Tolerance by symbol, in place of `oracle_tolerance`.
        jump_sigmas, jump: A day's move above so many robust standard deviations and above this fraction is doubted
            where the next day undoes it.
        gap_days: Maximum calendar days from one close to the next, and from the last one to today.
        constant_days: Closes alike at the end of the history from which on they count as not kept up; 0 for never.
    """

    oracle_tolerance: float = 0.05
    oracle_sigmas: float = 5.0
    tolerances: Mapping[str, float] = field(default_factory=dict)
    jump_sigmas: float = 10.0
    jump: float = 0.5
    gap_days: int = 10
    constant_days: int = 10


def doubts(prices: Prices, today: date, guards: Guards, oracle: Sequence[float] | None = None) -> dict[str, str]:
    """Collects the reason against each symbol's closes; empty where there is none.

    Args:
        prices: Closes up to the last one that is known.
        today: Last day whose close may be known.
        guards: Bounds that the closes must keep.
        oracle: Price of each asset now, in the order of `prices.symbols`, USD; None to leave it out.
    """
    found: dict[str, str] = {}
    gap = _gap(prices.dates, today, guards)
    for column, symbol in enumerate(prices.symbols):
        closes = prices.closes[:, column]
        reason = gap or _constant(closes, guards) or _jump(prices.dates, closes, guards)
        if not reason and oracle is not None:
            reason = _away(prices.dates[-1], closes, symbol, today, guards, oracle[column])
        if reason:
            found[symbol] = reason
    return found


def _gap(dates: Sequence[date], today: date, guards: Guards) -> str:
    for earlier, later in pairwise((*dates, today)):
        if (later - earlier).days > guards.gap_days:
            return f"no close between {earlier} and {later}"
    return ""


def _constant(closes: NDArray[np.float64], guards: Guards) -> str:
    days = guards.constant_days
    if days and len(closes) >= days and np.all(closes[-days:] == closes[-1]):
        return f"the last {days} closes are all {closes[-1]:g}"
    return ""


def _jump(dates: Sequence[date], closes: NDArray[np.float64], guards: Guards) -> str:
    moves = np.diff(np.log(closes))
    if moves.size == 0:
        return ""
    bound = max(guards.jump_sigmas * _sigma(moves), math.log1p(guards.jump))
    for at in np.flatnonzero(np.abs(moves) > bound):
        undone = at + 1 < moves.size and abs(moves[at] + moves[at + 1]) < _UNDONE * abs(moves[at])
        if undone or abs(moves[at]) > math.log(_ABSURD):
            return f"{closes[at]:g} becomes {closes[at + 1]:g} on {dates[at + 1]}" + (", for a day" if undone else "")
    return ""


def _away(last: date, closes: NDArray[np.float64], symbol: str, today: date, guards: Guards, price: float) -> str:
    if not price > 0:
        return f"the oracle's price is {price:g}"
    moves = np.diff(np.log(closes))
    plausible = guards.oracle_sigmas * _sigma(moves) * math.sqrt(max(1, (today - last).days + 1))
    tolerance = guards.tolerances.get(symbol, guards.oracle_tolerance)
    if abs(math.log(closes[-1] / price)) > math.log1p(tolerance) + plausible:
        return f"the close of {last} is {closes[-1]:g}, the oracle's price {price:g}"
    return ""


def _sigma(moves: NDArray[np.float64]) -> float:
    """Robust daily standard deviation, about zero; a single typing error does not change it."""
    return _MAD_TO_SIGMA * float(np.median(np.abs(moves))) if moves.size else 0.0
