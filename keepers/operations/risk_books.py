"""Simulated value at risk of many books over one set of scenarios: their file, and the result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers import __version__
from keepers.market.number_table import read_numbers
from keepers.operations.executors import Place, device_of, executor_of
from keepers.operations.risk_simulation import HERE, Book
from keepers.risk.errors import RiskError
from keepers.risk.simulation.books import Books, BookTails, simulate_books

Array = NDArray[np.float64]

MOST_GROSS = 10.0
"""Sum of a book's absolute weights above which they are percent, or a mistake."""


@dataclass(frozen=True, eq=False)
class NamedBooks:
    """Weights of many books.

    Attributes:
        names: Name of each book.
        weights: (books, assets), fractions of NAV; the remainder to one is cash.
    """

    names: tuple[str, ...]
    weights: Array

    @property
    def digest(self) -> str:
        """SHA-256 of names and weights."""
        text = json.dumps(self.names).encode()
        return hashlib.sha256(text + np.ascontiguousarray(self.weights).tobytes()).hexdigest()


def read_books(path: Path, symbols: Sequence[str]) -> NamedBooks:
    """Reads books: CSV with a line `book,SYM1,SYM2,...` for each, or JSON such as {"name": {"SYM1": 0.5}}.

    Args:
        path: File; `.json` is JSON, everything else CSV.
        symbols: Symbols of the assets, whose order the weights get; one that a book does not name has weight zero.

    Raises:
        RiskError: If JSON has another form, a symbol is unknown, or a book's weights are no fractions.
        PriceError: If CSV cannot be read.
    """
    if path.suffix == ".json":
        books = _read_json(path)
    else:
        table = read_numbers(path, "book")
        books = {
            name: dict(zip(table.columns, map(float, row), strict=True))
            for name, row in zip(table.keys, table.values, strict=True)
        }
    place = {symbol: index for index, symbol in enumerate(symbols)}
    weights = np.zeros((len(books), len(symbols)))
    for row, (name, held) in enumerate(books.items()):
        unknown = sorted(set(held) - set(place))
        if unknown:
            raise RiskError(f"{path}: book '{name}'", f"no closes of {', '.join(unknown[:5])}", "leave them out")
        for symbol, weight in held.items():
            weights[row, place[symbol]] = weight
    _check_gross(path, tuple(books), weights)
    return NamedBooks(tuple(books), weights)


def _check_gross(path: Path, names: tuple[str, ...], weights: Array) -> None:
    gross = np.abs(weights).sum(axis=1)
    wrong = np.flatnonzero(~(gross <= MOST_GROSS))
    if wrong.size:
        name, total = names[wrong[0]], gross[wrong[0]]
        raise RiskError(f"{path}: book '{name}'", f"absolute weights sum to {total:g}", "give fractions of NAV")


def _read_json(path: Path) -> dict[str, dict[str, float]]:
    """Weights by book and symbol; no name is there twice."""
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_no_key_twice)
    except OSError as error:
        raise RiskError(path, error.strerror or "unreadable", "check the path") from error
    except RiskError as error:
        raise RiskError(path, f"{error.value} is there twice", error.remedy) from error
    except (ValueError, RecursionError) as error:
        raise RiskError(path, f"no JSON ({error.__class__.__name__})", "save it as JSON in UTF-8") from error
    if not isinstance(found, dict) or not found:
        raise RiskError(path, "no object of books", 'write {"name": {"SYMBOL": 0.5}}')
    for name, held in found.items():
        numbers = isinstance(held, dict) and all(type(one) in (int, float) for one in held.values())
        if not numbers:
            raise RiskError(f"{path}: book '{name}'", "no object of numbers", 'write {"SYMBOL": 0.5}')
    return found


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise RiskError(f"'{next(name for name in names if names.count(name) > 1)}'", "twice", "write each name once")
    return found


def simulate(
    base: Book,
    named: NamedBooks,
    paths: int,
    seed: int,
    horizons: Sequence[int] = (1,),
    levels: Sequence[float] = (0.95, 0.99),
    place: Place = HERE,
) -> BookTails:
    """Tails of all books over the scenarios of one source; the same bits in any place.

    Args:
        base: Source and symbols; its own weights play no part.
        named: Books.
        paths, seed: Number of paths, and seed.
        horizons, levels: Days and confidences.
        place: Where blocks are computed.

    Raises:
        RiskError: If a number is out of range, or the place's executor gives up.
        ModuleNotFoundError: If the place needs a package that is not installed.
    """
    books = Books(base.source, named.weights, paths, seed, tuple(horizons), tuple(levels))
    device = device_of(place)
    with executor_of(place) as executor:
        return simulate_books(books, executor, device)


def lines(found: BookTails, named: NamedBooks, base: Book, asked: dict[str, Any]) -> list[str]:
    """A line for each book, horizon and level, for a terminal."""
    told = [
        f"{len(named.names):,} books of {len(base.symbols)} assets, {asked['paths']:,} paths, seed {asked['seed']}, "
        f"{base.data[:23]}, quantera {__version__}"
    ]
    for book, name in enumerate(named.names):
        for row, days in enumerate(asked["horizons"]):
            for column, level in enumerate(asked["levels"]):
                at = row, column, book
                told.append(
                    f"{name}: {days} days {level:.1%}: VaR {found.var[at]:.4%} +- {found.var_error[at]:.4%}, "
                    f"ES {found.shortfall[at]:.4%} +- {found.shortfall_error[at]:.4%}"
                )
    return told


def as_object(found: BookTails, named: NamedBooks, base: Book, asked: dict[str, Any]) -> dict[str, Any]:
    """Tails for programs: a list of numbers, one for each book, by horizon and level."""
    return {
        "version": __version__,
        "data": base.data,
        "books": {"names": named.names, "sha256": named.digest},
        "simulation": asked,
        "tails": [
            {
                "horizon": days,
                "level": level,
                "var": found.var[row, column].tolist(),
                "var_error": found.var_error[row, column].tolist(),
                "es": found.shortfall[row, column].tolist(),
                "es_error": found.shortfall_error[row, column].tolist(),
            }
            for row, days in enumerate(asked["horizons"])
            for column, level in enumerate(asked["levels"])
        ],
    }
