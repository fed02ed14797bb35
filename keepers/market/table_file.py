"""Tables of a CSV or Parquet file: a column of days or times, and columns of anything."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from keepers.market.csv_file import PriceFile
from keepers.market.prices import NoCloses, PriceError, Prices

if TYPE_CHECKING:
    import duckdb

DAY_COLUMNS = ("date", "time", "timestamp")
"""Names, in any case, of the column that says when."""


def read_table(path: Path, *, repeats: bool = False, whole_lines: bool = False) -> pd.DataFrame:
    """A file as a frame whose index is its column of days, rising.

    Args:
        path: A file that ends in .csv or .parquet. An empty cell and a dot alone are missing values.
        repeats: True if a day may have several rows, such as an observation and its revisions.
        whole_lines: True if somebody may be appending to the file: a last line of CSV without a newline is left out.

    Raises:
        PriceError: If it cannot be read, has no column of days, or its days are out of order.
    """
    table = _read(path, whole_lines)
    table.columns = [str(name).strip() for name in table.columns]
    days = next((name for name in table.columns if name.lower() in DAY_COLUMNS), None)
    if days is None:
        raise PriceError(path, "no column 'date'", "name the column of days 'date'")
    try:
        index = pd.DatetimeIndex(pd.to_datetime(table[days], utc=True)).tz_localize(None)
    except (ValueError, TypeError) as error:
        raise PriceError(
            f"{path} column {days}", f"not days ({str(error).splitlines()[0]})", "write YYYY-MM-DD"
        ) from error
    if index.hasnans:
        raise PriceError(f"{path} row {int(index.isna().argmax()) + 1}", "has no day", "give each row its day")
    found = table.drop(columns=days).set_axis(index, axis=0)
    if len(found) == 0 or len(found.columns) == 0:
        raise PriceError(path, f"{len(found)} rows of {len(found.columns)} columns", "give at least one of each")
    for earlier, later in pairwise(index):
        if later < earlier or (later == earlier and not repeats):
            raise PriceError(f"{path} at {later}", f"comes after {earlier}", "sort the rows and give each time once")
    return found


class ParquetPriceSource(PriceFile):
    """A price source that reads a Parquet file anew at each call: a column of days, and one of closes per symbol.

    Args:
        path: File that ends in .parquet.
    """

    def symbols(self) -> tuple[str, ...]:
        """Symbols that the file has a column of, in its order.

        Raises:
            PriceError: If the file cannot be read.
        """
        return tuple(map(str, read_table(self._path).columns))

    def closes(self, symbols: Sequence[str], until: date) -> Prices:
        """Closes of `symbols`, in that order, of all days up to and including `until`.

        Raises:
            PriceError: If the file cannot be read, a symbol has no column, or a close is missing or no positive number.
            NoCloses: If no day is early enough.
        """
        table = read_table(self._path)
        for symbol in symbols:
            if symbol not in table.columns:
                raise PriceError(symbol, f"{self._path} has no column of it", f"choose from {', '.join(table.columns)}")
        days = [moment.date() for moment in table.index]
        known = bisect_right(days, until)
        if not known:
            raise NoCloses(self._path, f"no row up to {until}", "ask for a later day or extend the file")
        try:
            closes = table[list(symbols)][:known].to_numpy(np.float64)
        except (ValueError, TypeError):
            remedy = "give a column of days, and columns of closes"
            raise PriceError(self._path, "has cells that are no numbers", remedy) from None
        return Prices(tuple(days[:known]), tuple(symbols), closes)


def header_of(path: Path) -> tuple[str, ...]:
    """Names of the columns of a CSV or Parquet file; empty if it cannot be read."""
    try:
        if path.suffix == ".parquet":
            return tuple(map(str, _relation(path).columns))
        with path.open(encoding="utf-8-sig") as file:
            return tuple(file.readline().split(","))
    except (PriceError, OSError, UnicodeDecodeError):
        return ()


def _read(path: Path, whole_lines: bool) -> pd.DataFrame:
    try:
        if path.suffix == ".parquet":
            return _parquet(path)
        if path.suffix == ".csv":
            raw = path.read_bytes()
            known = raw[: raw.rfind(b"\n") + 1] if whole_lines else raw
            return pd.read_csv(io.BytesIO(known), na_values=["."], skipinitialspace=True)
    except (OSError, ValueError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise PriceError(path, str(reason), "name a readable file") from error
    raise PriceError(path, "neither .csv nor .parquet", "save it as one of them")


def _parquet(path: Path) -> pd.DataFrame:
    import duckdb

    relation = _relation(path)
    try:
        table: pd.DataFrame = relation.df()
    except duckdb.Error as error:
        raise PriceError(path, str(error).splitlines()[0], "name a Parquet file") from error
    return table


def _relation(path: Path) -> duckdb.DuckDBPyRelation:
    try:
        import duckdb
    except ImportError as error:
        raise PriceError(
            path, "duckdb is not installed", "pip install 'quantera[export]', or give a CSV file"
        ) from error
    if not path.is_file():
        raise PriceError(path, "No such file or directory", "name a readable file")
    try:
        return duckdb.read_parquet(str(path))
    except duckdb.Error as error:
        raise PriceError(path, str(error).splitlines()[0], "name a Parquet file") from error
