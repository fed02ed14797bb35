"""Prices in a CSV file: `date,SYM1,SYM2,...`, ISO dates, one row a day, oldest first."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Hashable, Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np

from keepers.market.prices import NoCloses, PriceError, Prices


class PriceFile:
    """A file that prices are read from.

    Args:
        path: The file.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def version(self) -> Hashable:
        """A value that changes when the file does: its time, its size and its place.

        Raises:
            PriceError: If it cannot be reached.
        """
        try:
            status = os.stat(self._path)
        except OSError as error:
            raise PriceError(self._path, error.strerror or "unreadable", "check the path") from error
        return status.st_mtime_ns, status.st_size, status.st_ino


class CsvPriceSource(PriceFile):
    """A price source that reads its file anew at each call.

    Somebody may be appending to the file at that moment: a last line that does not end in a newline is not
    yet written and is left out.

    Args:
        path: The file, UTF-8.
    """

    def symbols(self) -> tuple[str, ...]:
        """Symbols that the file has a column of, in its order.

        Raises:
            PriceError: If the file is missing or not UTF-8, or has no such column.
        """
        _, header = next(self._rows(), (1, [""]))
        self._columns(header, header[1:])
        if len(header) < 2:
            raise PriceError(f"{self._path} line 1", "no symbol", "write date,SYM1,SYM2,...")
        return tuple(header[1:])

    def closes(self, symbols: Sequence[str], until: date) -> Prices:
        """Closes of `symbols`, in that order, of all days up to and including `until`.

        Cells of other symbols, and of later days, are not looked at.

        Raises:
            PriceError: If the file is missing or not UTF-8, a symbol has no column, a line has the wrong
                number of cells, a date or price cannot be read, days are out of order, or no day is early
                enough.
        """
        rows = self._rows()
        _, header = next(rows, (1, [""]))
        columns = self._columns(header, symbols)
        dates: list[date] = []
        closes: list[list[float]] = []
        previous = date.min
        for line, cells in rows:
            day = self._day(line, cells, len(header), previous)
            previous = day
            if day <= until:
                dates.append(day)
                closes.append([self._price(line, header[column], cells[column]) for column in columns])
        if not dates:
            raise NoCloses(self._path, f"no complete line up to {until}", "ask for a later day or extend the file")
        return Prices(tuple(dates), tuple(symbols), np.array(closes, dtype=np.float64))

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        try:
            raw = self._path.read_bytes()
            text = raw[: raw.rfind(b"\n") + 1].decode("utf-8-sig")
        except OSError as error:
            raise PriceError(self._path, error.strerror or "unreadable", "check the path") from error
        except UnicodeDecodeError as error:
            raise PriceError(self._path, f"not UTF-8 at byte {error.start}", "save it as UTF-8") from error
        reader = csv.reader(text.splitlines())
        try:
            for cells in reader:
                if cells:
                    yield reader.line_num, [cell.strip() for cell in cells]
        except csv.Error as error:
            raise PriceError(f"{self._path} line {reader.line_num}", str(error), "correct the line") from error

    def _columns(self, header: list[str], symbols: Sequence[str]) -> list[int]:
        if header[0] != "date":
            raise PriceError(f"{self._path} line 1", "the first column has to be 'date'", "write date,SYM1,SYM2,...")
        for symbol in symbols:
            count = header[1:].count(symbol)
            if count != 1:
                known = ", ".join(header[1:])
                raise PriceError(symbol, f"{self._path} has {count} columns of it", f"choose from {known}")
        return [header.index(symbol, 1) for symbol in symbols]

    def _day(self, line: int, cells: list[str], width: int, previous: date) -> date:
        where = f"{self._path} line {line}"
        if len(cells) != width:
            raise PriceError(where, f"{len(cells)} cells where the header has {width}", "correct the line")
        try:
            day = date.fromisoformat(cells[0])
        except ValueError as error:
            raise PriceError(f"{where} column date", f"'{cells[0]}' is no date", "write YYYY-MM-DD") from error
        if day <= previous:
            raise PriceError(f"{where} column date", f"{day} comes after {previous}", "sort the days, each once")
        return day

    def _price(self, line: int, symbol: str, cell: str) -> float:
        try:
            price = float(cell)
        except ValueError:
            price = math.nan
        if not (math.isfinite(price) and price > 0):
            where = f"{self._path} line {line} column {symbol}"
            raise PriceError(where, f"'{cell}' is no positive number", "correct the cell")
        return price
