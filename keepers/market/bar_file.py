"""Bars in a file of long form: `time,symbol,open,high,low,close`, a line for each bar of each symbol."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from keepers.market.bars import Bars
from keepers.market.csv_file import PriceFile
from keepers.market.prices import PriceError, Prices
from keepers.market.table_file import DAY_COLUMNS, header_of, read_table

Array = NDArray[np.float64]

OPEN, CLOSE = timedelta(hours=9, minutes=30), timedelta(hours=16)
"""When a bar of a whole day opens and closes: the session of New York."""
NEEDED, EXTRA = ("symbol", "open", "close"), ("high", "low")


def is_bar_file(path: Path) -> bool:
    """True if a file has the columns of bars; False if it has not, or cannot be read."""
    names = {name.strip().lower() for name in header_of(path)}
    return names.issuperset(NEEDED) and not names.isdisjoint(DAY_COLUMNS)


class BarFile(PriceFile):
    """A price source of bars, CSV or Parquet, that reads its file anew at each call.

    A time without hours is a whole day's bar; otherwise it is the time at which a bar begins, and days are those of the
    times as they are written, or of UTC where they have an offset. All symbols have the same times. The columns `high`
    and `low` may be absent. Bars are as long as the least time between two of one day; the last one of a day counts as
    whole. The newest day may be unfinished: a whole day's bar by an empty close, shorter bars by
    being fewer than those of most days.

    Args:
        path: File that ends in .csv or .parquet.
    """

    def symbols(self) -> tuple[str, ...]:
        """Symbols that the file has bars of, in the order of their first bars.

        Raises:
            PriceError: If the file cannot be read or used.
        """
        return tuple(dict.fromkeys(self._table()["symbol"]))

    def closes(self, symbols: Sequence[str], until: date) -> Prices:
        """Closes of finished days, as every price source tells them.

        Raises:
            PriceError: If the file cannot be read or used.
            NoCloses: If no finished day is early enough.
        """
        return self.bars(symbols, until).closes()

    def bars(self, symbols: Sequence[str], until: date) -> Bars:
        """Bars of `symbols`, in that order, of all days up to and including `until`.

        Raises:
            PriceError: If the file cannot be read, a symbol is not in it, symbols have different times, or a price is
                missing, not positive, or outside its bar's range.
        """
        table = self._table()
        columns = {}
        for name in (*NEEDED[1:], *EXTRA):
            if name in table.columns:
                columns[name] = self._column(table, name, symbols)
        times = tuple(moment.to_pydatetime() for moment in columns["close"].index)
        values = {name: frame.to_numpy(np.float64) for name, frame in columns.items()}
        self._check(times, symbols, values)
        return bars_from(tuple(symbols), times, values).until(until)

    def _table(self) -> pd.DataFrame:
        names = [name.strip().lower() for name in header_of(self._path)]
        for name in (*NEEDED, *EXTRA):
            count = names.count(name)
            if count > 1 or (count == 0 and name in NEEDED):
                reason = f"has {count} columns '{name}'"
                raise PriceError(self._path, reason, "write time,symbol,open,high,low,close")
        table = read_table(self._path, repeats=True, whole_lines=True)
        table.columns = [name.lower() for name in table.columns]
        nameless = table["symbol"].isna().to_numpy()
        if nameless.any():
            where = f"{self._path} at {table.index[int(nameless.argmax())]}"
            raise PriceError(where, "has no symbol", "give each bar its symbol")
        return table.assign(symbol=[str(symbol).strip() for symbol in table["symbol"]])

    def _column(self, table: pd.DataFrame, name: str, symbols: Sequence[str]) -> pd.DataFrame:
        """(times, symbols) of one price."""
        known = tuple(dict.fromkeys(table["symbol"]))
        for symbol in symbols:
            if symbol not in known:
                raise PriceError(symbol, f"{self._path} has no bars of it", f"choose from {', '.join(known)}")
        mine = table[table["symbol"].isin(list(symbols))]
        keys = pd.DataFrame({"time": mine.index, "symbol": mine["symbol"].to_numpy()})
        twice = keys[keys.duplicated()]
        if len(twice):
            where = f"{self._path}: {twice['symbol'].iloc[0]} at {twice['time'].iloc[0]}"
            raise PriceError(where, "has two bars", "give each bar once")
        values = pd.to_numeric(mine[name], errors="coerce")
        wrong = values.isna() & mine[name].notna()
        if wrong.any():
            place = int(np.argmax(wrong.to_numpy()))
            where = f"{self._path}: {name} of {mine['symbol'].iloc[place]} at {mine.index[place]}"
            raise PriceError(where, f"'{mine[name].iloc[place]}' is no number", "correct the cell")
        frame = keys.assign(value=values.to_numpy()).pivot(index="time", columns="symbol", values="value")
        counts = keys["symbol"].value_counts()
        short = next((symbol for symbol in symbols if counts[symbol] < len(frame)), None)
        if short is not None:
            lacking = frame.index[~frame.index.isin(keys.loc[keys["symbol"] == short, "time"])][0]
            raise PriceError(f"{self._path}: {short} at {lacking}", "has no bar, though others have", "add the bar")
        return frame[list(symbols)]

    def _check(self, times: Sequence[datetime], symbols: Sequence[str], values: dict[str, Array]) -> None:
        """Refuses prices that are no numbers above zero, or outside their bar's range."""
        whole = _is_daily(times)
        for name, found in values.items():
            bad = ~(np.isfinite(found) & (found > 0))
            if whole and name != "open":
                bad[-1] &= not np.isnan(values["close"][-1]).all()
            self._refuse(bad, times, symbols, f"{name} is no number above zero")
        high, low = values.get("high"), values.get("low")
        for name in ("open", "close"):
            if high is not None:
                self._refuse(values[name] > high * (1 + 1e-9), times, symbols, f"{name} is above the high")
            if low is not None:
                self._refuse(values[name] < low * (1 - 1e-9), times, symbols, f"{name} is below the low")

    def _refuse(self, bad: NDArray[np.bool_], times: Sequence[datetime], symbols: Sequence[str], reason: str) -> None:
        if bad.any():
            row, column = (int(index) for index in np.argwhere(bad)[0])
            raise PriceError(f"{self._path}: {symbols[column]} at {times[row]}", reason, "correct the bar")


def _is_daily(times: Sequence[datetime]) -> bool:
    """True if no time has hours and no day has two bars."""
    return all(time.hour == time.minute == time.second == 0 for time in times)


def bars_from(symbols: tuple[str, ...], times: Sequence[datetime], values: dict[str, Array]) -> Bars:
    """Bars from a table with a row for each time, as `BarFile` has them.

    Args:
        symbols: Symbols.
        times: (times,), days, or moments at which bars begin; rising.
        values: `open` and `close`, and where they are known `high` and `low`, each (times, symbols).
    """
    daily = _is_daily(times)
    opened = values["close"].shape[0] - int(daily and np.isnan(values["close"][-1]).all())
    length = CLOSE - OPEN if daily else _length(times)
    lows = values.get("low", np.full_like(values["close"], np.nan))
    known: list[tuple[datetime, date, Array, Array]] = []
    unknown = np.full(len(symbols), np.nan)
    for row, time in enumerate(times):
        begins = time + OPEN if daily else time
        if not known or known[-1][0] < begins:
            known.append((begins, time.date(), values["open"][row], unknown))
        if row < opened:
            known.append((begins + length, time.date(), values["close"][row], lows[row]))
    moments, dates, prices, least = zip(*known, strict=True)
    counts = Counter(dates)
    usual = Counter(counts.values()).most_common(1)[0][0]
    finished = opened == len(times) if daily else counts[dates[-1]] >= usual
    return Bars(symbols, moments, dates, np.array(prices), np.array(least), finished)


def _length(times: Sequence[datetime]) -> timedelta:
    """Length of bars: the least time from one to the next on one day; a day's session for bars that are alone."""
    steps = [later - earlier for earlier, later in pairwise(times) if later.date() == earlier.date()]
    return min(steps, default=CLOSE - OPEN)
