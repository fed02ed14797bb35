"""Sources of prices: one protocol, many sources."""

from keepers.market.csv_file import CsvPriceSource
from keepers.market.prices import NoCloses, PriceError, Prices
from keepers.market.priority import PrioritySource
from keepers.market.source import PriceSource

__all__ = ["CsvPriceSource", "NoCloses", "PriceError", "PriceSource", "Prices", "PrioritySource"]
