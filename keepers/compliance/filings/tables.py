"""Tables as bytes: CSV and JSON that are the same for the same rows, everywhere."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from keepers.compliance.filings.errors import FilingError

_FORMULA = ("=", "+", "@", "\t", "\r")


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    """Writes rows under a heading, as UTF-8 with a line feed after each.

    Args:
        columns: Headings, in order.
        rows: Cells by heading; a heading that is not there is an empty cell.

    Raises:
        FilingError: If a cell would be a formula in a spreadsheet, or a row has another column.
    """
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for number, row in enumerate(rows, 1):
        for column, cell in row.items():
            _check_cell(cell, f"row {number}, {column}")
        writer.writerow(row)
    return out.getvalue().encode()


def _check_cell(cell: str, where: str) -> None:
    # A minus stands before a negative number only.
    formula = cell.startswith(_FORMULA) or (cell.startswith("-") and not cell[1:].replace(".", "", 1).isdigit())
    if formula or any(ord(letter) < 32 for letter in cell):
        raise FilingError(where, "begins like a formula or has a control character", "correct the value")


def json_bytes(value: Any) -> bytes:
    """Writes a value as JSON with its keys in order, two spaces of indentation and a line feed at the end."""
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()
