"""Bounds on what trading loses and moves in time: LeakyBucket and TurnoverPolicy. No I/O."""

from __future__ import annotations

from dataclasses import dataclass

from keepers.backtest.arithmetic import BPS_TO_WAD
from keepers.backtest.refusals import Rejected


@dataclass
class LeakyBucket:
    """contracts/math/LeakyBucket.sol: a capacity that drains once in a window.

    Attributes:
        capacity: WAD of NAV.
        window: Seconds.
        level: WAD in it at `updated_at`.
        updated_at: Unix seconds.
    """

    capacity: int
    window: int
    level: int = 0
    updated_at: int = 0

    @classmethod
    def half_of(cls, bps: int, window: int) -> LeakyBucket:
        """A bucket that lets so many basis points of NAV through in any window: it holds half of them."""
        return cls(bps * BPS_TO_WAD // 2, window)

    def level_at(self, now: int) -> int:
        """WAD in it now."""
        return max(0, self.level - self.capacity * (now - self.updated_at) // self.window)

    def charge(self, amount: int, now: int) -> int:
        """Returns the level with an amount more; `keep` makes it last."""
        return self.level_at(now) + amount

    def keep(self, level: int, now: int) -> None:
        """Makes a level last."""
        self.level, self.updated_at = level, now


@dataclass
class Pace:
    """TurnoverPolicy.State: how much a portfolio trades, and how often.

    Attributes:
        bucket: Turnover, WAD of NAV.
        min_interval: Seconds between the first transactions of two signals.
        started_at: Unix seconds of the last signal; 0 before the first.
    """

    bucket: LeakyBucket
    min_interval: int
    started_at: int = 0

    def require(self, turnover: int, now: int) -> int:
        """Returns the level with a rebalance more: TurnoverPolicy.charge, for a signal of one part.

        Args:
            turnover: WAD of NAV.
            now: Unix seconds.

        Raises:
            Rejected: If it is too soon, or too much.
        """
        ready = self.started_at + self.min_interval
        if self.started_at and now < ready:
            raise Rejected("AutoRebalancer__TooSoon", f"not before {ready}, and it is {now}")
        level = self.bucket.charge(turnover, now)
        if level > self.bucket.capacity:
            left = (self.bucket.capacity - (level - turnover)) / BPS_TO_WAD
            moved = turnover / BPS_TO_WAD
            raise Rejected("AutoRebalancer__TurnoverAbovePolicy", f"{moved:.0f} bps, and {left:.0f} are left")
        return level

    def keep(self, level: int, now: int) -> None:
        """Makes a rebalance count."""
        self.bucket.keep(level, now)
        self.started_at = now
