"""Parameters of schedules from what pools did: volume by hour of the day, and how falls of the price came back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite, log

from keepers.execution.errors import ExecutionError
from keepers.execution.schedules import HOUR, HOURS

LEAST_MOVE = 1e-4
"""Smallest move of a price that is observed, as a logarithm: below a basis point rounding speaks louder."""
MOST_LEFT = 2.0
"""Bound on the share of a move that counts as left, above and below zero: later trades of their own do not fit."""


@dataclass(frozen=True)
class Traded:
    """A trade of the pair.

    Attributes:
        at: Unix seconds of its block.
        amount: Smallest units of the order's input, whichever way it was traded.
    """

    at: int
    amount: int


@dataclass(frozen=True)
class Priced:
    """A pool's price after a change.

    Attributes:
        at: Unix seconds of its block.
        price: Marginal price, in any unit that stays the same.
    """

    at: int
    price: float


def volume_by_hour(trades: Sequence[Traded], first: int, last: int) -> tuple[float, ...]:
    """Returns the mean volume of each hour of a day in UTC, smallest units, 24 numbers.

    Args:
        trades: Trades of the interval.
        first, last: Unix seconds between which trades were observed, a day apart at least.

    Raises:
        ExecutionError: If the interval is below a day, or had no trade.
    """
    if last - first < HOUR * HOURS:
        raise ExecutionError(f"{last - first} s of history", "below a day", "observe a longer time")
    inside = [trade for trade in trades if first <= trade.at < last]
    if not sum(trade.amount for trade in inside):
        raise ExecutionError("volume", "no trade in the interval", "observe a longer time, or use twap")
    volumes, seconds = [0] * HOURS, [0] * HOURS
    for trade in inside:
        volumes[trade.at // HOUR % HOURS] += trade.amount
    edges = [first, *range((first // HOUR + 1) * HOUR, last, HOUR), last]
    for before, after in pairwise(edges):
        seconds[before // HOUR % HOURS] += after - before
    return tuple(volume * HOUR / covered for volume, covered in zip(volumes, seconds, strict=True))


def moves_left(prices: Sequence[Priced], seconds: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Returns ages and shares of moves that were left then, as `shortfall.recovered_after` takes them.

    Each change of one block to the next of at least LEAST_MOVE is followed: at every later change within `seconds` the
    share is the logarithm of the price over the price before the move, by that of the move.

    Args:
        prices: A pool's prices in the order of the chain; the last of each block counts.
        seconds: Time for which a move is followed.

    Raises:
        ExecutionError: If a price is not above zero and finite.
    """
    if not all(isfinite(one.price) and one.price > 0 for one in prices):
        raise ExecutionError("prices", "not all above zero and finite", "observe the pool again")
    ends = list({one.at: one for one in prices}.values())
    ages, left = [], []
    for index, (before, moved) in enumerate(pairwise(ends), 1):
        move = log(moved.price / before.price)
        if abs(move) < LEAST_MOVE:
            continue
        for later in ends[index + 1 :]:
            if later.at - moved.at > seconds:
                break
            ages.append(float(later.at - moved.at))
            left.append(max(-MOST_LEFT, min(MOST_LEFT, log(later.price / before.price) / move)))
    return tuple(ages), tuple(left)
