"""The closes that skfolio packages: twenty stocks of the S&P 500, daily, 1990 to 2022, adjusted. BSD-3."""

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

_FILE = "datasets/data/sp500_dataset.csv.gz"


@lru_cache(maxsize=1)
def sp500() -> Prices:
    """Closes of the package that is installed; nothing is downloaded.

    Raises:
        PriceError: If skfolio is not installed, or its file is not there or not as it was.
    """
    package = importlib.util.find_spec("skfolio")
    if package is None or package.origin is None:
        raise PriceError(
            "packaged closes", "skfolio is not installed", "pip install 'quantera[risk]', or give --prices"
        )
    path = Path(package.origin).parent / _FILE
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
