"""Files of numbers: a column of keys, and a column of numbers for each name."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keepers.market.csv_rows import csv_rows
from keepers.market.prices import PriceError

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NumberTable:
    """A table of numbers.

    Attributes:
        keys: Key of each row; no key is there twice.
        columns: Name of each column; no name is there twice.
        values: (rows, columns), finite.
    """

    keys: tuple[str, ...]
    columns: tuple[str, ...]
    values: Array


def read_numbers(path: Path, key: str) -> NumberTable:
    """Reads a CSV file whose first column has the keys.

    Args:
        path: File with a header and a line for each key.
        key: Name of the first column.

    Raises:
        PriceError: If it cannot be read, its header is another, or a line is no new key with a number for each name.
    """
    rows = csv_rows(path)
    header = [cell.strip() for cell in rows[0]] if rows else []
    names = header[1:]
    if not names or header[0] != key or not all(names) or len(set(names)) < len(names):
        raise PriceError(f"{path} line 1", "another header", f"write {key}, and one new name for each column")
    found: dict[str, list[float]] = {}
    for line, row in enumerate(rows[1:], 2):
        if row:
            name = row[0].strip()
            if not name or name in found:
                raise PriceError(f"{path} line {line}", f"'{name}' is no new {key}", "write one line for each")
            found[name] = _numbers(f"{path} line {line}", row[1:], len(names))
    if not found:
        raise PriceError(path, "has no lines", f"write a line for each {key}")
    return NumberTable(tuple(found), tuple(names), np.array(list(found.values())))


def _numbers(where: str, cells: list[str], expected: int) -> list[float]:
    if len(cells) != expected:
        raise PriceError(where, f"{len(cells)} numbers in place of {expected}", "write one for each column")
    return [_number(where, cell) for cell in cells]


def _number(where: str, cell: str) -> float:
    try:
        found = float(cell)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise PriceError(where, f"'{cell.strip()}' is no finite number", "write a number such as 0.25")
    return found
