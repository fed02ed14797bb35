"""Tails of many books over one set of scenarios, in one pass, exact, with memory that grows with the root of the paths.

Value at risk is the k-th largest of N losses. For each book and level there is a bracket that holds it with near
certainty: losses above the bracket are counted and summed, losses below it are dropped, and only those strictly inside
are kept. The first paths place the bracket, and it is tightened between rounds of blocks, each of which brings three
times as many paths as all before it. A rank of the first m of N independent paths is hypergeometric, with a standard
deviation of sqrt(m p (1 - p) (1 - m / N)), so that the losses inside a bracket of WIDTH deviations are as many as the
root of m, times a constant. Numbers are exact: a book with one outside its bracket is simulated again, and keeps all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from keepers.risk.errors import RiskError
from keepers.risk.simulation.blocks import INLINE, Executor
from keepers.risk.simulation.devices import PROCESSOR, Device, Harvest
from keepers.risk.simulation.engine import Simulation, growths
from keepers.risk.simulation.sources import Source
from keepers.risk.simulation.tails import check_levels, tail_count, tail_errors, tail_places

Array = NDArray[np.float64]

MOST_BOOKS = 100_000
WIDTH = 5.0
"""Half of a bracket's width, in standard deviations of the rank: beyond are 6 of 10 million."""
ROUND = 4
"""Factor by which the paths so far grow in a round."""
KEPT = 2**25
"""Losses that are kept at once where books are simulated again with all of theirs."""


@dataclass(frozen=True, eq=False)
class Books:
    """Books that share scenarios: everything that their tails follow from.

    Attributes:
        source: Source of the simulated days.
        weights: (books, assets), fractions of NAV; the remainder to one is cash.
        paths: Number of paths, which are independent: plain sampling.
        seed: Seed.
        horizons: Days, rising.
        levels: Confidences, from 0.95.

    Raises:
        RiskError: If shapes differ or a number is out of range.
    """

    source: Source
    weights: Array
    paths: int
    seed: int
    horizons: tuple[int, ...] = (1,)
    levels: tuple[float, ...] = (0.95, 0.99)

    def __post_init__(self) -> None:
        if self.weights.ndim != 2 or not 1 <= self.weights.shape[0] <= MOST_BOOKS:
            raise RiskError(
                f"weights of shape {self.weights.shape}", f"not 1 to {MOST_BOOKS:,} books", "give a row each"
            )
        unsound = np.flatnonzero(~np.isfinite(self.weights).all(axis=1))
        if unsound.size:
            raise RiskError(f"book {unsound[0]}", "has a weight that is not finite", "give fractions of NAV")
        check_levels(self.levels, self.terms.total)

    @property
    def terms(self) -> Simulation:
        """The simulation of the first book, which has the blocks of all of them."""
        return Simulation(self.source, self.weights[0], self.paths, self.seed, self.horizons)


@dataclass(frozen=True, eq=False)
class BookTails:
    """Tails of all books.

    Attributes:
        var, shortfall: (horizons, levels, books), fractions of NAV; the same numbers as a book's own `Tail` has.
        var_error, shortfall_error: (horizons, levels, books), standard errors.
        again: Number of books that were simulated again because a number fell outside its bracket.
    """

    var: Array
    shortfall: Array
    var_error: Array
    shortfall_error: Array
    again: int


@dataclass(frozen=True, eq=False)
class Brackets:
    """Where each number is expected.

    Attributes:
        low, high: (horizons, levels, books), losses; infinite where nothing is below or above.
        centre: (horizons, levels, books), losses near value at risk, about which sums are taken so that they are exact.
    """

    low: Array
    high: Array
    centre: Array

    @classmethod
    def open(cls, shape: tuple[int, ...]) -> Brackets:
        """Brackets that hold everything."""
        return cls(np.full(shape, -math.inf), np.full(shape, math.inf), np.zeros(shape))


def simulate_books(books: Books, executor: Executor = INLINE, device: Device = PROCESSOR) -> BookTails:
    """Value at risk and expected shortfall of every book, with standard errors.

    Args:
        books: Books and terms.
        executor: Runs the blocks.
        device: Device that computes them.

    Raises:
        RiskError: If the executor gives up.
    """
    found = _pass(books, executor, device, None)
    lost = np.flatnonzero(np.isnan(found).any(axis=(0, 1, 2)))
    for few in _few(lost, books.paths):
        again = Books(books.source, books.weights[few], books.paths, books.seed, books.horizons, books.levels)
        shape = (len(books.horizons), len(books.levels), few.size)
        found[..., few] = _pass(again, executor, device, Brackets.open(shape))
    var, shortfall, var_error, shortfall_error = found
    return BookTails(var, shortfall, var_error, shortfall_error, int(lost.size))


def _few(lost: NDArray[np.intp], paths: int) -> Iterator[NDArray[np.intp]]:
    step = max(1, KEPT // paths)
    for start in range(0, lost.size, step):
        yield lost[start : start + step]


def _pass(books: Books, executor: Executor, device: Device, fixed: Brackets | None) -> Array:
    """(4, horizons, levels, books): the arrays of `BookTails` in their order, nan where a bracket missed a number."""
    terms = books.terms
    (brackets,) = executor.map(partial(first_brackets, books, device), range(1)) if fixed is None else (fixed,)
    grid = [[[_Known(terms.total, level) for _ in books.weights] for level in books.levels] for _ in books.horizons]
    start, stop = 0, 1
    while start < terms.blocks:
        round_of = range(start, min(stop, terms.blocks))
        _merge(grid, list(executor.map(partial(harvest_block, books, brackets, device), round_of)))
        start, stop = round_of.stop, ROUND * stop
        if fixed is None and start < terms.blocks:
            brackets = _tightened(grid, brackets, start * terms.block)
    return _tails(grid, brackets)


def first_brackets(books: Books, device: Device, block: int) -> Brackets:
    """Brackets from the paths of one block.

    Args:
        books: Books and terms.
        device: Device that computes it.
        block: Index of the block; block 0 is as good as any.
    """
    terms = books.terms
    paths = terms.size_of(block)
    found = np.empty((3, len(books.horizons), len(books.levels), books.weights.shape[0]))
    for horizon, growth in enumerate(growths(terms, block, device)):
        for tile, losses in device.tiles(books.weights, growth):
            for index, level in enumerate(books.levels):
                count = tail_count(terms.total, level)
                first, last = _ranks(count, terms.total, paths)
                middle = min(max(round(count * paths / terms.total), 1), paths)
                places = [paths - min(max(rank, 1), paths) for rank in (last, first, middle)]
                found[:, horizon, index, tile] = device.order(losses, places)
                if last > paths:
                    found[0, horizon, index, tile] = -math.inf
                if first < 1:
                    found[1, horizon, index, tile] = math.inf
    return Brackets(*found)


def harvest_block(books: Books, brackets: Brackets, device: Device, block: int) -> list[list[Harvest]]:
    """Losses that one block contributes, by horizon and level.

    Args:
        books: Books and terms.
        brackets: Where each number is expected.
        device: Device that computes it.
        block: Index of the block.
    """
    found: list[list[Harvest]] = []
    for horizon, growth in enumerate(growths(books.terms, block, device)):
        tiles = [
            device.harvest(losses, *(ends[horizon, :, tile] for ends in (brackets.low, brackets.high, brackets.centre)))
            for tile, losses in device.tiles(books.weights, growth)
        ]
        found.append([_joined(parts) for parts in zip(*tiles, strict=True)])
    return found


def _joined(parts: Sequence[Harvest]) -> Harvest:
    """The harvest of several tiles."""
    offsets = np.cumsum([0, *(part.inside.size for part in parts[:-1])])
    above, at_high, at_low = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("above", "at_high", "at_low")
    )
    sums, squares, inside = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("sums", "squares", "inside")
    )
    ends = np.concatenate([part.ends + offset for part, offset in zip(parts, offsets, strict=True)])
    return Harvest(above, at_high, at_low, sums, squares, inside, ends)


def _ranks(count: int, total: int, paths: int) -> tuple[int, int]:
    """First and last rank, from the largest loss, that the tail's end and its neighbours have among the first paths."""
    share = count / total
    middle = share * paths
    places = (tail_places(count, total) + 1) * paths / total
    half = WIDTH * math.sqrt(middle * (1 - share) * (1 - paths / total)) + places + 1
    return math.floor(middle - half), math.ceil(middle + half)


class _Known:
    """The tail of one book at one horizon and level so far: sums above the bracket, and the losses inside it."""

    def __init__(self, paths: int, level: float) -> None:
        self._paths, self._count = paths, tail_count(paths, level)
        self._above = self._at_high = self._at_low = 0
        self._sum = self._square = 0.0
        self._inside = np.empty(0)

    def add(self, harvests: Sequence[Harvest], book: int) -> None:
        """Takes in what some blocks contribute."""
        for harvest in harvests:
            self._above += int(harvest.above[book])
            self._at_high += int(harvest.at_high[book])
            self._at_low += int(harvest.at_low[book])
            self._sum += float(harvest.sums[book])
            self._square += float(harvest.squares[book])
        pieces = [one.inside[one.ends[book - 1] if book else 0 : one.ends[book]] for one in harvests]
        self._inside = np.concatenate([self._inside, *pieces])

    def tighten(self, low: float, high: float, centre: float, paths: int) -> tuple[float, float]:
        """Draws the bracket closer about the ranks that matter, after some paths, and returns its new ends."""
        inside = np.sort(self._inside)
        self._inside = inside
        first, last = _ranks(self._count, self._paths, paths)
        top, bottom = self._at(first, low, high), self._at(last, low, high)
        new_high, new_low = high if top is None else top, low if bottom is None else bottom
        stop, start = np.searchsorted(inside, new_high, "left"), np.searchsorted(inside, new_low, "right")
        if new_high < high:
            place = np.searchsorted(inside, new_high, "right")
            over = inside[place:] - centre
            self._above += self._at_high + over.size
            self._sum += _times(self._at_high, high - centre) + float(over.sum())
            self._square += _times(self._at_high, (high - centre) ** 2) + float((over**2).sum())
            self._at_high = int(place - stop) if new_high > low else self._at_low
        if new_low >= new_high:
            self._at_low = 0
        elif new_low > low:
            self._at_low = int(start - np.searchsorted(inside, new_low, "left"))
        self._inside = inside[start:stop]
        return new_low, new_high

    def tail(self, low: float, high: float, centre: float) -> tuple[float, float, float, float]:
        """Value at risk, shortfall and their errors; nan if one of them needs a loss outside the bracket."""
        self._inside = np.sort(self._inside)
        places = tail_places(self._count, self._paths)
        var = self._at(self._count, low, high)
        over = self._at(max(self._count - places, 1), low, high)
        under = self._at(min(self._count + places, self._paths), low, high)
        if var is None or over is None or under is None:
            return math.nan, math.nan, math.nan, math.nan
        missing = self._count - self._above
        at_high = min(missing, self._at_high)
        within = self._inside[::-1][: missing - at_high] - centre
        at_low = missing - at_high - within.size
        ends = ((at_high, high - centre), (at_low, low - centre))
        mean = (self._sum + float(within.sum()) + sum(_times(ties, excess) for ties, excess in ends)) / self._count
        square = self._square + float((within**2).sum()) + sum(_times(ties, excess**2) for ties, excess in ends)
        variance = max(square - self._count * mean**2, 0.0) / (self._count - 1)
        shortfall = centre + mean
        return var, shortfall, *tail_errors(self._count, self._paths, (over, under), var, shortfall, variance)

    def _at(self, rank: int, low: float, high: float) -> float | None:
        """Returns the loss with a rank, from the largest; None if it is outside the bracket."""
        rank -= self._above
        if rank < 1:
            return None
        if rank <= self._at_high:
            return high
        rank -= self._at_high
        if rank <= self._inside.size:
            return float(self._inside[-rank])
        return low if rank <= self._inside.size + self._at_low else None


def _times(ties: int, value: float) -> float:
    """The product, and zero where there are no ties: the end of an open bracket is infinite."""
    return ties * value if ties else 0.0


_Grid = list[list[list[_Known]]]
"""The tails so far, by horizon, level and book."""


def _merge(grid: _Grid, harvests: Sequence[list[list[Harvest]]]) -> None:
    """Takes in what the blocks of a round contribute, in their order."""
    for horizon, rows in enumerate(grid):
        for level, row in enumerate(rows):
            pieces = [harvest[horizon][level] for harvest in harvests]
            for book, known in enumerate(row):
                known.add(pieces, book)


def _tightened(grid: _Grid, brackets: Brackets, paths: int) -> Brackets:
    """Brackets after some paths."""
    low, high = brackets.low.copy(), brackets.high.copy()
    for horizon, rows in enumerate(grid):
        for level, row in enumerate(rows):
            for book, known in enumerate(row):
                at = horizon, level, book
                low[at], high[at] = known.tighten(float(low[at]), float(high[at]), float(brackets.centre[at]), paths)
    return Brackets(low, high, brackets.centre)


def _tails(grid: _Grid, brackets: Brackets) -> Array:
    """(4, horizons, levels, books)."""
    found = np.empty((4, *brackets.low.shape))
    for at in np.ndindex(brackets.low.shape):
        horizon, level, book = at
        ends = (float(array[at]) for array in (brackets.low, brackets.high, brackets.centre))
        found[(slice(None), *at)] = grid[horizon][level][book].tail(*ends)
    return found
