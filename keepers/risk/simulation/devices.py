"""Devices that compute a block's products and tails: this machine's processor, or an accelerator through torch.

Numbers are drawn on the processor by the same generator, whatever the device, so that devices differ by rounding only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from keepers.risk.errors import RiskError
from keepers.risk.simulation.draws import Draws
from keepers.risk.simulation.sources import Gaussian, Source, StudentT

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

TILE = 256
"""Books whose losses of a block are in memory at once."""


@dataclass(frozen=True, eq=False)
class Harvest:
    """Losses of one horizon and level that one block contributes to many books.

    Attributes:
        above, at_high, at_low: (books,), numbers of losses above the bracket, at its upper and at its lower end.
        sums, squares: (books,), of loss less centre and of its square, above the bracket.
        inside: Losses strictly inside the bracket, book after book.
        ends: (books,), where each book's losses end in `inside`.
    """

    above: Counts
    at_high: Counts
    at_low: Counts
    sums: Array
    squares: Array
    inside: Array
    ends: Counts


class Device(Protocol):
    """A device in double precision. It can be pickled; its arrays cannot, and stay where they are."""

    def growths(self, source: Source, draws: Draws, paths: int, horizons: Sequence[int]) -> Iterator[Any]:
        """Yields the growth of every asset until each horizon, (paths, assets), on the device."""
        ...

    def tail_of(self, growth: Any, weights: Array, edge: float) -> tuple[Array, Array, Array]:
        """A portfolio's losses, (paths,), those at or above an edge, and the growth of the assets on their paths."""
        ...

    def tiles(self, weights: Array, growth: Any) -> Iterator[tuple[slice, Any]]:
        """Yields the losses of TILE books at a time, (books, paths), on the device; the next tile overwrites them."""
        ...

    def order(self, losses: Any, places: Sequence[int]) -> Array:
        """Order statistics of each book, (places, books); place 0 is the smallest loss."""
        ...

    def harvest(self, losses: Any, low: Array, high: Array, centre: Array) -> list[Harvest]:
        """Sorts losses by their place about the brackets of each level, all (levels, books)."""
        ...


class Processor:
    """This machine's processor, by numpy."""

    def growths(self, source: Source, draws: Draws, paths: int, horizons: Sequence[int]) -> Iterator[Array]:
        """See `Device`."""
        growth: Array | None = None
        for day, returns in enumerate(source.days(draws, paths, horizons[-1]), 1):
            # Sources yield arrays that nobody else holds.
            bounded = np.maximum(returns, -1.0, out=returns)
            growth = bounded if growth is None else growth + bounded + growth * bounded
            if day in horizons:
                yield growth

    def tail_of(self, growth: Array, weights: Array, edge: float) -> tuple[Array, Array, Array]:
        """See `Device`."""
        losses = -(growth @ weights)
        rows = np.flatnonzero(losses >= edge)
        return losses, losses[rows], growth[rows]

    def tiles(self, weights: Array, growth: Array) -> Iterator[tuple[slice, Array]]:
        """See `Device`."""
        losses = np.empty((min(TILE, weights.shape[0]), growth.shape[0]))
        for start in range(0, weights.shape[0], TILE):
            tile = slice(start, min(start + TILE, weights.shape[0]))
            yield tile, np.matmul(-weights[tile], growth.T, out=losses[: tile.stop - start])

    def order(self, losses: Array, places: Sequence[int]) -> Array:
        """See `Device`."""
        return np.partition(losses, sorted(set(places)), axis=1)[:, list(places)].T

    def harvest(self, losses: Array, low: Array, high: Array, centre: Array) -> list[Harvest]:
        """See `Device`."""
        # Most losses are below every bracket: one comparison leaves them out.
        tail = losses >= low.min(axis=0)[:, np.newaxis]
        rows = np.repeat(np.arange(losses.shape[0]), np.count_nonzero(tail, axis=1))
        values = losses[tail]
        return [self._level(values, rows, *ends) for ends in zip(low, high, centre, strict=True)]

    def _level(self, values: Array, rows: NDArray[np.intp], low: Array, high: Array, centre: Array) -> Harvest:
        """The losses of one level, whose books `rows` has."""
        books, lows, highs = low.size, low[rows], high[rows]
        above, inside = values > highs, (values < highs) & (values > lows)
        whose = rows[above]
        excess = values[above] - centre[whose]
        sums, squares = (np.bincount(whose, part, minlength=books).astype(np.float64) for part in (excess, excess**2))
        return Harvest(
            np.bincount(whose, minlength=books),
            np.bincount(rows[values == highs], minlength=books),
            np.bincount(rows[(values == lows) & (lows < highs)], minlength=books),
            sums,
            squares,
            values[inside],
            np.cumsum(np.bincount(rows[inside], minlength=books)),
        )


PROCESSOR = Processor()


@dataclass(frozen=True)
class TorchDevice:
    """A device of torch, such as `cuda` or `cuda:1`. Sums are made row by row, so that a device repeats its own bits.

    Attributes:
        name: Name by which torch knows it.

    Raises:
        RiskError: If torch finds no such device.
        ModuleNotFoundError: If torch is not installed.
    """

    name: str

    def __post_init__(self) -> None:
        torch = import_module("torch")
        remedy = "leave out --device, or look at the machine's driver"
        if self.name.partition(":")[0] == "cuda" and not torch.cuda.is_available():
            raise RiskError(f"device '{self.name}'", "torch finds no CUDA device here", remedy)
        try:
            torch.empty(1, device=self.name, dtype=torch.float64)
        except (RuntimeError, AssertionError, NotImplementedError, TypeError) as error:
            reason = f"torch cannot use it ({error.__class__.__name__})"
            raise RiskError(f"device '{self.name}'", reason, "give cuda, or cuda:1 for the second") from error

    def growths(self, source: Source, draws: Draws, paths: int, horizons: Sequence[int]) -> Iterator[Any]:
        """See `Device`."""
        growth: Any = None
        for day, returns in enumerate(self._days(source, draws, paths, horizons[-1]), 1):
            bounded = returns.clamp_(min=-1.0)
            growth = bounded if growth is None else growth + bounded + growth * bounded
            if day in horizons:
                yield growth

    def _days(self, source: Source, draws: Draws, paths: int, horizon: int) -> Iterator[Any]:
        """Returns of each day: products are made on the device, and other sources send what they have chosen."""
        if not isinstance(source, Gaussian | StudentT):
            for returns in source.days(draws, paths, horizon):
                yield self._sent(returns)
            return
        root = self._sent(source.root.T)
        for normal, mixing in source.shocks(draws, horizon):
            found = self._sent(normal) @ root
            if mixing is not None:
                found *= self._sent(mixing)
            yield found

    def tail_of(self, growth: Any, weights: Array, edge: float) -> tuple[Array, Array, Array]:
        """See `Device`."""
        losses = -(growth @ self._sent(weights))
        beyond = losses >= edge
        return self._back(losses), self._back(losses[beyond]), self._back(growth[beyond])

    def tiles(self, weights: Array, growth: Any) -> Iterator[tuple[slice, Any]]:
        """See `Device`."""
        for start in range(0, weights.shape[0], TILE):
            tile = slice(start, min(start + TILE, weights.shape[0]))
            yield tile, self._sent(-weights[tile]) @ growth.T

    def order(self, losses: Any, places: Sequence[int]) -> Array:
        """See `Device`."""
        found: Array = self._back(losses.sort(dim=1).values[:, list(places)].T)
        return found

    def harvest(self, losses: Any, low: Array, high: Array, centre: Array) -> list[Harvest]:
        """See `Device`."""
        return [self._level(losses, *ends) for ends in zip(low, high, centre, strict=True)]

    def _level(self, losses: Any, low: Array, high: Array, centre: Array) -> Harvest:
        """The losses of one level."""
        lows, highs, centres = (self._sent(ends[:, np.newaxis]) for ends in (low, high, centre))
        above, inside = losses > highs, (losses < highs) & (losses > lows)
        excess = (losses - centres).masked_fill_(~above, 0.0)
        parts = (
            above.sum(dim=1),
            (losses == highs).sum(dim=1),
            ((losses == lows) & (lows < highs)).sum(dim=1),
            excess.sum(dim=1),
            excess.square_().sum(dim=1),
            losses[inside],
            inside.sum(dim=1).cumsum(dim=0),
        )
        return Harvest(*map(self._back, parts))

    def _sent(self, values: Array) -> Any:
        # A copy: torch would share a processor's memory, whose owner may write to it.
        return import_module("torch").tensor(np.ascontiguousarray(values), device=self.name)

    def _back(self, values: Any) -> Any:
        return values.cpu().numpy()
