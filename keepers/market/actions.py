"""Corporate actions: splits, dividends and new symbols, by which closes are adjusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, cast, get_args

import numpy as np

from keepers.market.csv_rows import csv_rows
from keepers.market.prices import PriceError, Prices

Kind = Literal["split", "dividend", "symbol"]
_HEADER = ["date", "symbol", "kind", "value"]


@dataclass(frozen=True)
class Action:
    """One corporate action.

    Attributes:
        day: First day on which the asset trades with it.
        symbol: Symbol of the asset before it.
        kind: "split", "dividend" or "symbol".
        value: New shares for an old one; cash per share in the currency of the closes; or the new symbol.
    """

    day: date
    symbol: str
    kind: Kind
    value: str


def read_actions(path: Path) -> tuple[Action, ...]:
    """Reads a file of `date,symbol,kind,value` lines.

    Raises:
        PriceError: If it cannot be read, or a line is not such a line.
    """
    rows = csv_rows(path)
    if not rows or [cell.strip() for cell in rows[0]] != _HEADER:
        raise PriceError(f"{path} line 1", "another header", f"write {','.join(_HEADER)}")
    return tuple(_action(f"{path} line {line}", row) for line, row in enumerate(rows[1:], 2) if row)


def adjust(prices: Prices, actions: Sequence[Action]) -> Prices:
    """Closes as if every split and dividend before the last day had been there from the beginning.

    A split divides the closes before it by its ratio. A dividend multiplies them by 1 - dividend / last close before
    it, so that the return over its day includes it (the method of CRSP's adjusted prices). A new symbol renames the
    column.

    Args:
        prices: Closes as they were.
        actions: Actions, in any order; those after the last close and on the first change nothing.

    Raises:
        PriceError: If an action's symbol has no column when it is its turn, a value is not above zero, or a dividend is
            not below the close before it.
    """
    closes = np.array(prices.closes)
    symbols = list(prices.symbols)
    for action in sorted(actions, key=lambda one: one.day):
        where = f"{action.kind} of {action.symbol} on {action.day}"
        if action.day > prices.dates[-1]:
            continue
        if action.symbol not in symbols:
            raise PriceError(where, "no closes of that symbol", f"choose from {', '.join(symbols)}")
        column = symbols.index(action.symbol)
        if action.kind == "symbol":
            symbols[column] = action.value
            continue
        before = sum(day < action.day for day in prices.dates)
        if before == 0:
            continue
        closes[:before, column] *= _factor(action, float(prices.closes[before - 1, column]), where)
    return Prices(prices.dates, tuple(symbols), closes)


def _factor(action: Action, close: float, where: str) -> float:
    try:
        value = float(action.value)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise PriceError(where, f"'{action.value}' is no number above zero", "correct the value")
    if action.kind == "split":
        return 1 / value
    if value >= close:
        raise PriceError(where, f"{value:g} is not below the close before it, {close:g}", "correct the value")
    return 1 - value / close


def _action(where: str, row: Sequence[str]) -> Action:
    cells = [cell.strip() for cell in row]
    if len(cells) != len(_HEADER) or not all(cells):
        raise PriceError(where, f"{len(cells)} cells, or an empty one", f"write {','.join(_HEADER)}")
    if cells[2] not in get_args(Kind):
        raise PriceError(where, f"unknown kind '{cells[2]}'", f"choose from {', '.join(get_args(Kind))}")
    try:
        day = date.fromisoformat(cells[0])
    except ValueError as error:
        raise PriceError(where, f"'{cells[0]}' is no date", "write YYYY-MM-DD") from error
    return Action(day, cells[1], cast(Kind, cells[2]), cells[3])
