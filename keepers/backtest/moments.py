"""Realised performance as the chain keeps it: RunningMoments and PerformanceRegistry. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

from keepers.backtest.arithmetic import WAD, divide_signed, packed_down
from keepers.portfolio.state import MIN_OBSERVATIONS

_DECAY = 94 * 10**16
_MOST = 10 * WAD
_DAY = 86_400
_INTERVAL = 20 * 3600
_YEAR = 19_104_973_174_542_800_179
"""sqrt(365), WAD."""
_MIN_WORTH = 1000 * WAD
"""WAD settlement tokens below which a share price says nothing."""


@dataclass
class Performance:
    """PerformanceRegistry.Account of a portfolio without a benchmark.

    Attributes:
        taken_at: Unix seconds of the last checkpoint.
        share_price: WAD, at the last checkpoint.
        count: Returns so far.
        mean: WAD.
        m2: Sum of squared distances from the mean, WAD.
        ewma: Exponentially weighted mean of squares, WAD.
    """

    taken_at: int = 0
    share_price: int = 0
    count: int = 0
    mean: int = 0
    m2: int = 0
    ewma: int = 0

    def checkpoint(self, share_price: int, worth: int, now: int) -> None:
        """Takes a return, if the last one is 20 hours old: PerformanceRegistry.checkpoint.

        Args:
            share_price: WAD settlement tokens.
            worth: WAD settlement tokens that all issued shares are worth.
            now: Unix seconds.
        """
        if self.taken_at and now < self.taken_at + _INTERVAL:
            return
        price = share_price if worth >= _MIN_WORTH else 0
        if self.share_price and price:
            simple = _clipped(price * WAD // self.share_price - WAD)
            scale = isqrt(WAD * WAD * _DAY // (now - self.taken_at))
            self._add(_clipped(divide_signed(simple * scale, WAD)))
        self.taken_at, self.share_price = now, packed_down(price)

    def _add(self, x: int) -> None:
        """One more number: RunningMoments.add (Welford 1962)."""
        self.count += 1
        delta = x - self.mean
        self.mean += divide_signed(delta, self.count)
        self.m2 += delta * (x - self.mean) // WAD
        square = x * x
        ewma = (self.ewma * _DECAY * WAD + square * (WAD - _DECAY)) // (WAD * WAD)
        self.ewma = square // WAD if self.count == 1 else ewma

    @property
    def realised_volatility(self) -> int:
        """WAD a day; 0 below 20 returns."""
        return isqrt(self.ewma * WAD) if self.count >= MIN_OBSERVATIONS else 0

    @property
    def sharpe(self) -> int:
        """WAD a year of 365 days; 0 below 20 returns, or where they do not vary."""
        if self.count < MIN_OBSERVATIONS:
            return 0
        deviation = isqrt(self.m2 * WAD // (self.count - 1))
        return divide_signed(self.mean * _YEAR, deviation) if deviation else 0


def _clipped(x: int) -> int:
    return min(max(x, -_MOST), _MOST)
