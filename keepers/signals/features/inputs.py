"""Catalogue of what features may read: meaning, unit, shape, and how long after its date a value is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from keepers.signals.errors import SignalError

Shape = Literal["series", "panel", "release"]
"""A value for each trading day; one for each day and asset; or observations with a day of publication of their own."""


@dataclass(frozen=True)
class Input:
    """One thing that features may read.

    Attributes:
        name: Name that a feature asks for.
        meaning: Meaning of the numbers, with their unit.
        shape: Series, panel or release.
        least_lag_days: Calendar days after an observation's date before which its value is not known. A release with
            a shorter lag is refused.
        sign: `positive` where zero and less are no values; `any` otherwise.
        is_price: True where a change of the quote currency's unit multiplies it.
    """

    name: str
    meaning: str
    shape: Shape
    least_lag_days: int = 0
    sign: Literal["positive", "any"] = "any"
    is_price: bool = False


def _price(name: str, meaning: str, shape: Shape = "series") -> Input:
    return Input(name, f"{meaning}, quote currency", shape, sign="positive", is_price=True)


INPUTS: tuple[Input, ...] = (
    _price("open", "first price of the market index on a day"),
    _price("high", "highest price of the market index on a day"),
    _price("low", "lowest price of the market index on a day"),
    _price("close", "last price of the market index on a day"),
    Input("volume", "units of the market index that changed hands on a day", "series", sign="positive"),
    Input("turnover", "volume over units outstanding on a day, a fraction", "series", sign="positive"),
    _price("closes", "last price of each asset on a day", "panel"),
    _price("pool_base", "value of the pool's reserve of the asset at the close"),
    _price("pool_quote", "value of the pool's reserve of the quote currency at the close"),
    _price("pool_depth", "value that moves the pool's price by 2%, at the close"),
    Input("strategy_yield", "annual yield of the strategies at the close, a fraction", "series"),
    Input("rate", "short interest rate, percent a year, monthly mean dated on the first", "release", 32),
    Input("long_rate", "ten-year yield, percent a year, daily", "release", 1),
    Input("aaa_yield", "yield of bonds rated Aaa, percent a year, monthly mean dated on the first", "release", 32),
    Input("baa_yield", "yield of bonds rated Baa, percent a year, monthly mean dated on the first", "release", 32),
    Input("vix", "implied volatility of the index, percent a year, daily close", "release", 1, "positive"),
    Input("fx", "units of foreign currency for one of the quote currency, daily fixing", "release", 1, "positive"),
    Input("oil", "price of a barrel, daily", "release", 1, "positive"),
    Input("core_cpi", "consumer prices without food and energy, index, monthly, dated on the first", "release", 40),
    Input("sentiment", "mean score of a day's texts, UTC, -1 to 1, 0 where there are none", "release", 1),
    Input("texts", "number of texts of a day, UTC", "release", 1),
)
_BY_NAME = {known.name: known for known in INPUTS}


def input_named(name: str) -> Input:
    """The input of a name.

    Raises:
        SignalError: If there is none.
    """
    if name not in _BY_NAME:
        raise SignalError(f"input '{name}'", "unknown", f"choose from {', '.join(sorted(_BY_NAME))}")
    return _BY_NAME[name]
