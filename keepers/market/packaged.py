"""The closes that skfolio packages: the S&P 500 and twenty of its stocks, daily, 1990 to 2022. BSD-3."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np

from keepers.market.prices import PriceError, Prices

_STOCKS, _INDEX = "sp500_dataset.csv.gz", "sp500_index.csv.gz"


@lru_cache(maxsize=1)
def sp500() -> Prices:
    """Adjusted closes of twenty stocks, from the package that is installed; nothing is downloaded.

    Raises:
        PriceError: If skfolio is not installed, or its file is not there or not as it was.
    """
    return _read(_STOCKS)


@lru_cache(maxsize=1)
def sp500_index() -> Prices:
    """Closes of the index on the same days; dividends are not in them.

    Raises:
        PriceError: If `sp500` would raise it.
    """
    return _read(_INDEX)


def _read(name: str) -> Prices:
    package = importlib.util.find_spec("skfolio")
    if package is None or package.origin is None:
        raise PriceError(
            "packaged closes", "skfolio is not installed", "pip install 'quantera[risk]', or give --prices"
        )
    path = Path(package.origin).parent / "datasets/data" / name
    try:
        text = gzip.decompress(path.read_bytes()).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PriceError(path, "unreadable", "install skfolio again, or give --prices") from error
    header, *rows = csv.reader(io.StringIO(text))
    try:
        dates = tuple(date.fromisoformat(row[0]) for row in rows)
        closes = np.array([row[1:] for row in rows], dtype=np.float64)
    except ValueError as error:
        raise PriceError(path, str(error), "install skfolio again, or give --prices") from error
    return Prices(dates, tuple(header[1:]), closes)
