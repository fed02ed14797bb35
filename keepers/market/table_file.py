"""Tables of a CSV or Parquet file: a column of days or times, and columns of anything."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pandas as pd

from keepers.market.prices import PriceError

DAY_COLUMNS = ("date", "time", "timestamp")
"""Names, in any case, of the column that says when."""


def read_table(path: Path, *, repeats: bool = False) -> pd.DataFrame:
    """A file as a frame whose index is its column of days, rising.

    Args:
        path: A file that ends in .csv or .parquet. An empty cell and a dot alone are missing values.
        repeats: True if a day may have several rows, such as an observation and its revisions.

    Raises:
        PriceError: If it cannot be read, has no column of days, or its days are out of order.
    """
    table = _read(path)
    table.columns = [str(name).strip() for name in table.columns]
    days = next((name for name in table.columns if name.lower() in DAY_COLUMNS), None)
    if days is None:
        raise PriceError(path, "no column 'date'", "name the column of days 'date'")
    try:
        index = pd.DatetimeIndex(pd.to_datetime(table[days]))
    except (ValueError, TypeError) as error:
        raise PriceError(
            f"{path} column {days}", f"not days ({str(error).splitlines()[0]})", "write YYYY-MM-DD"
        ) from error
    if index.hasnans:
        raise PriceError(f"{path} row {int(index.isna().argmax()) + 1}", "has no day", "give each row its day")
    if index.tz is not None:
        index = index.tz_convert("UTC").tz_localize(None)
    found = table.drop(columns=days).set_axis(index, axis=0)
    if len(found) == 0 or len(found.columns) == 0:
        raise PriceError(path, f"{len(found)} rows of {len(found.columns)} columns", "give at least one of each")
    for earlier, later in pairwise(index):
        if later < earlier or (later == earlier and not repeats):
            raise PriceError(f"{path} at {later}", f"comes after {earlier}", "sort the rows and give each time once")
    return found


def _read(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".parquet":
            return _parquet(path)
        if path.suffix == ".csv":
            return pd.read_csv(path, na_values=["."], skipinitialspace=True)
    except (OSError, ValueError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise PriceError(path, str(reason), "name a readable file") from error
    raise PriceError(path, "neither .csv nor .parquet", "save it as one of them")


def _parquet(path: Path) -> pd.DataFrame:
    try:
        import duckdb
    except ImportError as error:
        raise PriceError(
            path, "duckdb is not installed", "pip install 'quantera[export]', or give a CSV file"
        ) from error
    if not path.is_file():
        raise PriceError(path, "No such file or directory", "name a readable file")
    try:
        table: pd.DataFrame = duckdb.read_parquet(str(path)).df()
    except duckdb.Error as error:
        raise PriceError(path, str(error).splitlines()[0], "name a Parquet file") from error
    return table
