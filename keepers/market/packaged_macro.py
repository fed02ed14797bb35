"""Series that the `arch` package brings: an index with ranges and volume, and macro series. Nothing is downloaded.

All are the vintage of 2019: later revisions of consumer prices are in them, as if they had been known at first.
"""

from __future__ import annotations

import importlib.util
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from keepers.market.prices import PriceError

Array = NDArray[np.float64]

_FILES = {
    "sp500": "sp500/sp500.csv.gz",
    "vix": "vix/vix.csv.gz",
    "wti": "wti/wti.csv.gz",
    "default": "default/default.csv.gz",
    "core-cpi": "core_cpi/core-cpi.csv.gz",
    "frenchdata": "frenchdata/frenchdata.csv.gz",
}


def packaged_table(name: str) -> pd.DataFrame:
    """A table of the package, its index the day of each row.

    Args:
        name: `sp500` (open, high, low, close, volume, 1999 to 2018), `vix` (2014 to 2019), `wti`, `default` (yields of
            Aaa and Baa), `core-cpi` or `frenchdata` (factors and the return of bills, monthly).

    Raises:
        PriceError: If there is no such table, `arch` is not installed, or its file is not there or not as it was.
    """
    if name not in _FILES:
        raise PriceError(f"packaged table '{name}'", "unknown", f"choose from {', '.join(sorted(_FILES))}")
    package = importlib.util.find_spec("arch")
    if package is None or package.origin is None:
        raise PriceError("packaged tables", "arch is not installed", "install quantera again, or give files")
    path = Path(package.origin).parent / "data" / _FILES[name]
    try:
        table = pd.read_csv(path, na_values=["."], dtype={"Date": str})
        days = [_day(text) for text in table["Date"]]
    except (OSError, ValueError, KeyError) as error:
        raise PriceError(path, "unreadable", "install arch again, or give files") from error
    return table.drop(columns="Date").set_axis(pd.DatetimeIndex(days), axis=0)


def _day(text: str) -> date:
    """A day that is written month/day/year, or year and month for the first of the month."""
    if "/" in text:
        return datetime.strptime(text, "%m/%d/%Y").date()
    return date(int(text[:4]), int(text[4:]), 1)
