"""Daily closing prices, checked once on the way in."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from keepers.errors import KeeperError


class PriceError(KeeperError):
    """A price, date or symbol that cannot be used."""


class NoCloses(PriceError):
    """There are no closes of every symbol as early as they are asked for."""


@dataclass(frozen=True, eq=False)
class Prices:
    """Closing prices of some assets on some days.

    Attributes:
        dates: Days, strictly rising.
        symbols: Symbol of each asset, distinct.
        closes: (days, assets), quote currency per unit, positive and finite. Copied, read-only.

    Raises:
        PriceError: If any of that does not hold.
    """

    dates: tuple[date, ...]
    symbols: tuple[str, ...]
    closes: NDArray[np.float64]

    def __post_init__(self) -> None:
        closes = np.array(self.closes, dtype=np.float64)
        closes.setflags(write=False)
        object.__setattr__(self, "closes", closes)
        self._check_axes()
        self._check_values()

    def _check_axes(self) -> None:
        expected = (len(self.dates), len(self.symbols))
        if 0 in expected:
            raise PriceError(f"{expected[0]} days of {expected[1]} symbols", "empty", "give at least one of each")
        if self.closes.shape != expected:
            raise PriceError(f"closes of shape {self.closes.shape}", f"expected {expected}", "match dates and symbols")
        repeated = [symbol for symbol, count in Counter(self.symbols).items() if count > 1]
        if repeated:
            raise PriceError(repeated[0], "symbol appears more than once", "name each symbol once")
        for earlier, later in pairwise(self.dates):
            if later <= earlier:
                raise PriceError(later, f"comes after {earlier}", "sort the days and give each once")

    def _check_values(self) -> None:
        bad = np.argwhere(~(np.isfinite(self.closes) & (self.closes > 0)))
        if bad.size:
            row, column = (int(index) for index in bad[0])
            where = f"{self.symbols[column]} on {self.dates[row]} at {self.closes[row, column]}"
            raise PriceError(where, "a close has to be positive and finite", "correct it or drop the day")

    @property
    def digest(self) -> str:
        """SHA-256 of symbols, days and closes, in hexadecimal."""
        text = f"{','.join(self.symbols)};{','.join(map(str, self.dates))};"
        return sha256(text.encode() + np.ascontiguousarray(self.closes).tobytes()).hexdigest()

    def until(self, day: date) -> Prices:
        """Everything known at the close of `day`: rows dated `day` or earlier.

        Raises:
            PriceError: If there is no such row.
        """
        rows = bisect_right(self.dates, day)
        if rows == 0:
            raise PriceError(day, f"the first close is of {self.dates[0]}", "ask for a later day")
        return Prices(self.dates[:rows], self.symbols, self.closes[:rows])

    def last(self, days: int) -> Prices:
        """The last rows, so many returns and the close before them."""
        return Prices(self.dates[-days - 1 :], self.symbols, self.closes[-days - 1 :])

    def returns(self) -> NDArray[np.float64]:
        """Simple daily returns, close over close before it less one.

        Returns:
            (days - 1, assets), fractions.
        """
        growth: NDArray[np.float64] = self.closes[1:] / self.closes[:-1] - 1.0
        return growth
