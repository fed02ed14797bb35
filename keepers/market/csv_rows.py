"""Rows of a CSV file, before anybody knows what they mean."""

from __future__ import annotations

import csv
from pathlib import Path

from keepers.market.prices import PriceError


def csv_rows(path: Path) -> list[list[str]]:
    """Returns the rows of a file in UTF-8, with or without a byte order mark.

    Raises:
        PriceError: If it cannot be read, or is no CSV.
    """
    try:
        return list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except OSError as error:
        raise PriceError(path, error.strerror or "unreadable", "check the path") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise PriceError(path, f"no table ({error})", "save it as CSV in UTF-8") from error
