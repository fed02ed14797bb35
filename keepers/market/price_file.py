"""The source of the prices in a file, by what the file has."""

from __future__ import annotations

from pathlib import Path

from keepers.market.bar_file import BarFile, is_bar_file
from keepers.market.csv_file import CsvPriceSource
from keepers.market.table_file import ParquetPriceSource


def price_file(path: Path) -> BarFile | CsvPriceSource | ParquetPriceSource:
    """The source of a file: bars by their columns, otherwise closes, in Parquet by its ending or in CSV."""
    if is_bar_file(path):
        return BarFile(path)
    return ParquetPriceSource(path) if path.suffix == ".parquet" else CsvPriceSource(path)
