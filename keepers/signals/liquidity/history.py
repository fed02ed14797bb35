"""The state of a pair's pools on a regular grid of times, from its changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.signals.errors import SignalError
from keepers.signals.liquidity.curve import depth_of

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

HOUR = 3_600
HOURS = 24


@dataclass(frozen=True)
class State:
    """Reserves of a pool after a change.

    Attributes:
        block: Height.
        pool: Name of the pool.
        reserve_in, reserve_out: Reserves, or virtual reserves of the range in use; zero and zero of an empty pool.
    """

    block: int
    pool: str
    reserve_in: float
    reserve_out: float


@dataclass(frozen=True, eq=False)
class History:
    """Depth and price of a pair.

    Attributes:
        first: Unix seconds of the first time.
        step: Seconds between two times.
        depth: (times,), see `depth_of`; above zero, in any unit that stays the same.
        price: (times,), marginal price, output per input; above zero.

    Raises:
        SignalError: If a number is not finite or not above zero, or shapes differ.
    """

    first: int
    step: int
    depth: Array
    price: Array

    def __post_init__(self) -> None:
        if self.step < 1 or self.depth.shape != self.price.shape or self.depth.ndim != 1:
            shapes = f"depth {self.depth.shape}, price {self.price.shape}, step {self.step}"
            raise SignalError(shapes, "do not fit", "give one of each a time, and a step of a second or more")
        for name in ("depth", "price"):
            values = getattr(self, name)
            bad = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
            if bad.size:
                where = f"{name} {values[bad[0]]} at {self.first + int(bad[0]) * self.step}"
                raise SignalError(where, "not above zero and finite", "take a history without it")

    @property
    def size(self) -> int:
        """Number of times."""
        return int(self.depth.size)

    def hours(self, more: int = 0) -> Ints:
        """(times + more,), hour of the day in UTC of each time, and of as many after the last."""
        found: Ints = (self.first + np.arange(self.size + more, dtype=np.int64) * self.step) // HOUR % HOURS
        return found

    def until(self, times: int) -> History:
        """The first so many times."""
        return History(self.first, self.step, self.depth[:times], self.price[:times])


def sampled(states: Sequence[State], heights: Sequence[int], first: int, step: int) -> History:
    """The state at each time of a grid, as the changes up to that time left it.

    The history begins where every pool has been seen: before, what an unseen pool held is not known. Reserves of pools
    are added, and the price is the ratio of the sums.

    Args:
        states: Changes, of each pool in the order of the chain.
        heights: Last block of each time of the grid, never falling.
        first: Unix seconds of the first time of the grid.
        step: Seconds between two times, one or more.

    Raises:
        SignalError: If there is no change up to the last time, or the pair has no liquidity at a time of the grid.
    """
    by_pool: dict[str, list[State]] = {}
    for state in states:
        by_pool.setdefault(state.pool, []).append(state)
    grid = np.asarray(heights, dtype=np.int64)
    begin = max((changes[0].block for changes in by_pool.values()), default=0)
    seen = grid[grid >= begin]
    if not by_pool or not seen.size:
        raise SignalError(f"{len(states)} states of pools", "no history", "look further back")
    reserve_in, reserve_out = np.zeros(seen.size), np.zeros(seen.size)
    for changes in by_pool.values():
        newest = np.searchsorted(np.array([state.block for state in changes]), seen, side="right") - 1
        reserve_in += np.array([state.reserve_in for state in changes])[newest]
        reserve_out += np.array([state.reserve_out for state in changes])[newest]
    with np.errstate(divide="ignore", invalid="ignore"):
        price = reserve_out / reserve_in
    return History(first + step * (grid.size - seen.size), step, depth_of(reserve_in), price)
