"""Bars of several assets as the sequence of prices that were known, and when."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from keepers.market.prices import NoCloses, PriceError, Prices

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Bars:
    """Prices of some assets at the moments at which bars open and close.

    A bar that opens when the bar before it closes adds its close only.

    Attributes:
        symbols: Symbol of each asset, distinct.
        moments: (moments,), strictly rising, all in one time zone.
        dates: (moments,), day that each belongs to, never falling; a bar's close belongs to the day on which it begins.
        prices: (moments, assets), quote currency per unit, positive and finite.
        lows: (moments, assets), lowest price since the moment before, positive; nan where nobody knows it.
        finished: False if the last day goes on after its last moment.

    Raises:
        PriceError: If any of that does not hold.
    """

    symbols: tuple[str, ...]
    moments: tuple[datetime, ...]
    dates: tuple[date, ...]
    prices: Array
    lows: Array
    finished: bool

    def __post_init__(self) -> None:
        expected = (len(self.moments), len(self.symbols))
        if 0 in expected or len(set(self.symbols)) < len(self.symbols):
            raise PriceError(f"bars of '{', '.join(self.symbols)}'", "none, or a symbol twice", "name each once")
        if self.prices.shape != expected or self.lows.shape != expected:
            shapes = f"prices {self.prices.shape} and lows {self.lows.shape}"
            raise PriceError(shapes, f"expected {expected}", "match moments and symbols")
        if len(self.dates) != len(self.moments):
            raise PriceError(f"{len(self.dates)} dates", f"expected {len(self.moments)}", "give one for each moment")
        late = np.flatnonzero((np.diff(self._stamps) <= 0) | (np.diff(self._ordinals) < 0))
        if late.size:
            raise PriceError(self.moments[late[0] + 1], "comes no later than the moment before", "sort the bars")
        usable = np.isfinite(self.prices) & (self.prices > 0) & (np.isnan(self.lows) | (self.lows > 0))
        if not usable.all():
            row, column = (int(index) for index in np.argwhere(~usable)[0])
            where = f"{self.symbols[column]} at {self.moments[row]}"
            raise PriceError(where, "a price has to be positive and finite", "correct it or drop the bar")

    @cached_property
    def _stamps(self) -> NDArray[np.int64]:
        return np.array(self.moments, dtype="datetime64[s]").astype(np.int64)

    @cached_property
    def _ordinals(self) -> NDArray[np.int64]:
        return np.array([day.toordinal() for day in self.dates], dtype=np.int64)

    @property
    def hours(self) -> Array:
        """(moments,), hours since the first moment."""
        found: Array = (self._stamps - self._stamps[0]) / 3600.0
        return found

    @property
    def digest(self) -> str:
        """SHA-256 of symbols, moments, days and prices."""
        text = f"{','.join(self.symbols)};{','.join(map(str, self.moments))};{','.join(map(str, self.dates))};"
        values = np.ascontiguousarray(self.prices).tobytes() + np.ascontiguousarray(self.lows).tobytes()
        return hashlib.sha256(text.encode() + values + bytes([self.finished])).hexdigest()

    @property
    def days(self) -> NDArray[np.int64]:
        """(moments,), index of the day of each moment."""
        return np.cumsum(np.diff(self._ordinals, prepend=self._ordinals[0]) > 0, dtype=np.int64)

    @property
    def closing(self) -> NDArray[np.bool_]:
        """(moments,), whether a moment is the last of its day."""
        return np.append(np.diff(self.days) > 0, self.finished)

    @property
    def stale_opens(self) -> float:
        """Share of days whose first price is the last close again, of the asset that has most of them; 0 for one day.

        Indices that are computed from last trades open so. Days that close where the day before did do not count.
        """
        first = np.flatnonzero(np.diff(self.days) > 0) + 1
        closes = np.flatnonzero(self.closing)
        first = first[: closes.size - 1]
        before, opens, after = (self.prices[rows] for rows in (first - 1, first, closes[1:][: first.size]))
        moved = before != after
        stale = np.sum((opens == before) & moved, axis=0) / np.maximum(np.sum(moved, axis=0), 1)
        return float(stale.max())

    def without_opens(self) -> Bars | None:
        """The bars without the first moment of each day; None if nothing but closes is left."""
        later = np.diff(self.days, prepend=-1) == 0
        if np.all(self.closing[later]):
            return None
        kept = np.flatnonzero(later)
        moments, dates = (tuple(values[row] for row in kept) for values in (self.moments, self.dates))
        return Bars(self.symbols, moments, dates, self.prices[later], self.lows[later], self.finished)

    def closes(self) -> Prices:
        """Closes of the finished days.

        Raises:
            NoCloses: If no day is finished.
        """
        rows = np.flatnonzero(self.closing)
        if not rows.size:
            raise NoCloses(self.moments[0], "no day is finished", "give the bars of more days")
        return Prices(tuple(self.dates[row] for row in rows), self.symbols, self.prices[rows])

    def of(self, symbols: Sequence[str]) -> Bars:
        """The bars of some symbols, in that order.

        Raises:
            PriceError: If there are none of a symbol.
        """
        missing = [symbol for symbol in symbols if symbol not in self.symbols]
        if missing:
            raise PriceError(missing[0], "no bars of it", f"choose from {', '.join(self.symbols)}")
        columns = [self.symbols.index(symbol) for symbol in symbols]
        return replace(self, symbols=tuple(symbols), prices=self.prices[:, columns], lows=self.lows[:, columns])

    def until(self, day: date) -> Bars:
        """The bars of days up to and including `day`.

        Raises:
            NoCloses: If there are none.
        """
        rows = bisect_right(self.dates, day)
        if not rows:
            raise NoCloses(day, f"the first bar is of {self.dates[0]}", "ask for a later day")
        finished = self.finished or rows < len(self.moments)
        return Bars(
            self.symbols, self.moments[:rows], self.dates[:rows], self.prices[:rows], self.lows[:rows], finished
        )

    def as_adjusted(self, closes: Prices) -> Bars:
        """The bars in the units of adjusted closes: each day is multiplied as its close was, and columns are renamed.

        An unfinished day is multiplied as the last finished one.

        Args:
            closes: Adjusted closes of the finished days, with as many columns as these bars.
        """
        factors = closes.closes / self.closes().closes
        mine = factors[np.minimum(self.days, len(closes.dates) - 1)]
        return replace(self, symbols=closes.symbols, prices=self.prices * mine, lows=self.lows * mine)


class BarSource(Protocol):
    """A source of prices that knows more than closes."""

    def bars(self, symbols: Sequence[str], until: date) -> Bars:
        """Bars of `symbols`, in that order, of all days up to and including `until`.

        Raises:
            PriceError: If a symbol is unknown, a value unusable or no bar known.
        """
        ...
