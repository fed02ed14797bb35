"""Real prices: the S&P 500 data set that skfolio ships, and the history file that a replay writes."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from scripts._lib.demo.errors import DemoError

CLOSE = time(21, 0, tzinfo=UTC)
"""When New York closes, in winter."""

MARKET = "MARKET"
"""Column of the market's closes."""

_DATA = "datasets/data/sp500_dataset.csv.gz"


@dataclass(frozen=True)
class Closes:
    """Daily closes, adjusted, in USD.

    Attributes:
        symbols: Symbols of the stocks.
        days: Days in rising order.
        rows: The closes of each day, in the order of `symbols`, as the file spells them.
    """

    symbols: tuple[str, ...]
    days: tuple[date, ...]
    rows: tuple[tuple[str, ...], ...]

    def index_from(self, day: date) -> int:
        """Index of the first trading day on or after a date.

        Raises:
            DemoError: If the data ends before it.
        """
        for index, known in enumerate(self.days):
            if known >= day:
                return index
        raise DemoError(f"the prices end on {self.days[-1]}, before {day}; choose an earlier day")

    def prices(self, index: int) -> list[int]:
        """Closes of a day as a Chainlink feed gives them: USD, 8 decimals."""
        return [round(float(cell) * 10**8) for cell in self.rows[index]]


def load_closes(symbols: Sequence[str]) -> Closes:
    """The chosen stocks, from the installed package; nothing is downloaded.

    Raises:
        DemoError: If the package is missing or has no such stock.
    """
    package = importlib.util.find_spec("skfolio")
    if package is None or package.origin is None:
        raise DemoError("skfolio, whose price data the demo replays, is not installed; run `make install`")
    raw = gzip.decompress((Path(package.origin).parent / _DATA).read_bytes()).decode("utf-8")
    rows = csv.reader(io.StringIO(raw))
    header = next(rows)
    if unknown := sorted(set(symbols) - set(header)):
        raise DemoError(f"no prices of {', '.join(unknown)}; choose from {', '.join(header[1:])}")
    columns = [header.index(symbol) for symbol in symbols]
    table = [(date.fromisoformat(row[0]), tuple(row[column] for column in columns)) for row in rows]
    return Closes(tuple(symbols), tuple(day for day, _ in table), tuple(cells for _, cells in table))


def close_time(day: date) -> int:
    """Unix seconds of a day's close."""
    return int(datetime.combine(day, CLOSE).timestamp())


class HistoryFile:
    """The CSV file that keepers read. It holds the past only: a day is appended when its close is known.

    Args:
        path: Path of the file, which is written anew.
        closes: Source of the rows.
        first, until: Indices of the first row and of the first one that is not yet known.
        market: Closes of the market by day, as the file spells them, for a last column of its own; none for None.
    """

    def __init__(
        self, path: Path, closes: Closes, first: int, until: int, market: Mapping[date, str] | None = None
    ) -> None:
        self.path = path
        self._market = market
        self._closes = closes
        self._next = until
        rows = [self._line(index) for index in range(first, until)]
        columns = ("date", *closes.symbols, *((MARKET,) if market is not None else ()))
        path.write_text("".join([",".join(columns) + "\n", *rows]), encoding="utf-8")

    def append_next(self) -> date:
        """Adds the next day, in one write that ends the line."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(self._line(self._next))
        self._next += 1
        return self._closes.days[self._next - 1]

    def _line(self, index: int) -> str:
        day = self._closes.days[index]
        market = () if self._market is None else (self._market[day],)
        return ",".join((day.isoformat(), *self._closes.rows[index], *market)) + "\n"
