"""Runs a simulation in blocks: the same seed gives the same numbers on any number of workers.

A block is drawn from a seed that follows from the simulation's seed and the block's index, and blocks are put together
in the order of their indices, so that nothing depends on which worker computed what, or when
(`keepers.risk.simulation.blocks`). Memory holds one block of paths for each worker, one loss for each path and horizon,
and sums over a fixed number of loss buckets.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats.qmc import Sobol

from keepers.risk.errors import RiskError
from keepers.risk.simulation.blocks import INLINE, Executor
from keepers.risk.simulation.devices import PROCESSOR, Device
from keepers.risk.simulation.draws import Draws, Sampling
from keepers.risk.simulation.sources import Source, aligned

Array = NDArray[np.float64]

BLOCK = 16_384
"""Paths of a block."""
LEAST_BLOCKS = 16
"""Blocks of a simulation whose error is estimated from the spread between blocks."""
BUCKETS = 512
"""Buckets of the losses from the pilot's 90% quantile to its largest loss, by which contributions are summed."""
PILOT = 0.90
PILOT_PATHS = 4096
"""Paths of the first blocks that find the buckets: all paths, where there are fewer."""
MOST_PATHS = 100_000_000
"""A loss of every path and horizon is kept: 0.8 GB for each horizon."""
MOST_DAYS = 252


@dataclass(frozen=True, eq=False)
class Simulation:
    """Everything that the losses follow from.

    Attributes:
        source: Source of the simulated days.
        weights: (assets,), fractions of NAV; the remainder to one is cash.
        paths: Number of paths; antithetic ones are even, and Sobol ones fill whole blocks.
        seed: Seed.
        horizons: Days, rising. Assets compound, no asset falls by more than all of it, and nothing is traded.
        sampling: How numbers are drawn.

    Raises:
        RiskError: If shapes differ, a number is out of range, or the source has no normal numbers to negate.
    """

    source: Source
    weights: Array
    paths: int
    seed: int
    horizons: tuple[int, ...] = (1, 5, 10)
    sampling: Sampling = "plain"

    def __post_init__(self) -> None:
        if self.weights.shape != (self.source.assets,) or not np.all(np.isfinite(self.weights)):
            raise RiskError(
                f"weights {self.weights.shape}", f"not {self.source.assets} finite numbers", "give one each"
            )
        rising = all(a < b for a, b in zip(self.horizons, self.horizons[1:], strict=False))
        if not self.horizons or self.horizons[0] < 1 or not rising:
            raise RiskError(f"horizons {self.horizons}", "not rising days", "give days such as 1, 5, 10")
        if self.horizons[-1] > MOST_DAYS:
            raise RiskError(f"{self.horizons[-1]} days", f"beyond {MOST_DAYS}", "choose a shorter horizon")
        if not 1000 <= self.paths <= MOST_PATHS:
            reason = "fewer than 1,000" if self.paths < 1000 else f"more than {MOST_PATHS:,}"
            raise RiskError(f"{self.paths} paths", reason, "choose a number between")
        numbers = self.horizons[-1] * (self.source.width + self.source.extra)
        if self.sampling == "sobol" and numbers > Sobol.MAXDIM:
            raise RiskError(f"{numbers} numbers a path", f"more than Sobol's {Sobol.MAXDIM}", "use plain sampling")
        if self.sampling == "antithetic" and self.source.width == 0:
            raise RiskError("antithetic sampling", "this source draws days and no normal numbers", "use plain or sobol")

    @property
    def block(self) -> int:
        """Paths of a block: smaller than usual where the spread between blocks needs more of them."""
        if self.sampling == "plain":
            return min(BLOCK, self.paths)
        return min(BLOCK, 1 << max(6, (self.paths // LEAST_BLOCKS).bit_length() - 1))

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return -(-self.paths // self.block)

    @property
    def total(self) -> int:
        """Paths that are simulated: whole blocks, unless sampling is plain."""
        return self.paths if self.sampling == "plain" else self.blocks * self.block

    def size_of(self, index: int) -> int:
        """Paths of a block."""
        return min(self.block, self.total - index * self.block)


@dataclass(frozen=True, eq=False)
class Block:
    """Contribution of one block.

    Attributes:
        losses: (horizons, paths), fractions of NAV.
        counts: (horizons, buckets), paths by loss; the first bucket is below all edges and stays empty.
        sums, squares: (horizons, buckets, assets), of each asset's part of the loss.
    """

    losses: Array
    counts: Array
    sums: Array
    squares: Array


def growths(simulation: Simulation, index: int, device: Device) -> Iterator[Any]:
    """Yields the growth of every asset until each horizon on the paths of one block, (paths, assets), on the device.

    Args:
        simulation: Terms of the simulation; the weights play no part.
        index: Index of the block.
        device: Device that computes it.
    """
    source, horizon, paths = simulation.source, simulation.horizons[-1], simulation.size_of(index)
    draws = Draws(simulation.seed, index, paths, source.width, source.extra, horizon, simulation.sampling)
    return device.growths(source, draws, paths, simulation.horizons)


def simulate_block(simulation: Simulation, index: int, edges: Array | None, device: Device = PROCESSOR) -> Block:
    """Simulates one block.

    Args:
        simulation: Simulation that it is part of.
        index: Index of the block.
        edges: (horizons, buckets), lower edges of the buckets; None leaves contributions out.
        device: Device that computes it.
    """
    shape = (len(simulation.horizons), 0 if edges is None else edges.shape[1] + 1)
    losses = np.empty((len(simulation.horizons), simulation.size_of(index)))
    counts, sums = np.zeros(shape), np.zeros((*shape, simulation.source.assets))
    squares = np.zeros_like(sums)
    for at, growth in enumerate(growths(simulation, index, device)):
        edge = math.inf if edges is None else float(edges[at, 0])
        losses[at], tail, paths = device.tail_of(growth, simulation.weights, edge)
        if edges is not None:
            counts[at], sums[at], squares[at] = _contributions(tail, paths, simulation.weights, edges[at])
    return Block(losses, counts, sums, squares)


@dataclass(frozen=True, eq=False)
class Losses:
    """All losses of a simulation, with the contributions of the assets in its tail.

    Attributes:
        simulation: Simulation that was run.
        losses: (horizons, paths), in the order of the blocks.
        edges: (horizons, buckets), lower edges.
        counts: (horizons, buckets + 1), paths by loss.
        sums, squares: (horizons, buckets + 1, assets), of each asset's part of the loss.
    """

    simulation: Simulation
    losses: Array
    edges: Array
    counts: Array
    sums: Array
    squares: Array


def run(simulation: Simulation, executor: Executor = INLINE, device: Device = PROCESSOR) -> Losses:
    """Simulates all blocks.

    Args:
        simulation: Terms of the simulation.
        executor: Runs the blocks.
        device: Device that computes them.

    Raises:
        RiskError: If the executor gives up.
    """
    if simulation.sampling == "sobol":
        simulation = replace(simulation, source=aligned(simulation.source, simulation.weights))
    first = min(simulation.blocks, -(-PILOT_PATHS // simulation.block))
    task = partial(simulate_block, simulation, edges=None, device=device)
    pilot = [block.losses for block in INLINE.map(task, range(first))]
    edges = np.stack([_edges(row) for row in np.concatenate(pilot, axis=1)])
    losses = np.empty((len(simulation.horizons), simulation.total))
    counts = np.zeros((edges.shape[0], BUCKETS + 1))
    sums = np.zeros((*counts.shape, simulation.source.assets))
    squares = np.zeros_like(sums)
    start = 0
    for block in executor.map(partial(task, edges=edges), range(simulation.blocks)):
        size = block.losses.shape[1]
        losses[:, start : start + size] = block.losses
        counts += block.counts
        sums += block.sums
        squares += block.squares
        start += size
    return Losses(simulation, losses, edges, counts, sums, squares)


def _edges(losses: Array) -> Array:
    low, high = float(np.quantile(losses, PILOT)), float(losses.max())
    # Losses that are all alike still need edges that rise.
    return np.linspace(low, max(high, low + 1e-12), BUCKETS)


def _contributions(losses: Array, growth: Array, weights: Array, edges: Array) -> tuple[Array, Array, Array]:
    """Count, sums and sums of squares of -w_i g_i by bucket of the loss; all losses are at or above the lowest edge."""
    bucket = np.searchsorted(edges, losses, side="right")
    order = np.argsort(bucket, kind="stable")
    parts = -growth[order] * weights
    counts = np.bincount(bucket, minlength=edges.size + 1).astype(np.float64)
    present = np.flatnonzero(counts)
    starts = np.concatenate([[0], np.cumsum(counts[present])[:-1]]).astype(np.int64)
    sums = np.zeros((edges.size + 1, weights.size))
    squares = np.zeros_like(sums)
    if present.size:
        sums[present] = np.add.reduceat(parts, starts, axis=0)
        squares[present] = np.add.reduceat(parts**2, starts, axis=0)
    return counts, sums, squares
