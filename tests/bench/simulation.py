"""How long a simulation takes, beside what drawing its numbers and one matrix product take."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from time import perf_counter

import numpy as np

from keepers.operations.risk_simulation import Book, generated_book, simulate
from keepers.risk.simulation.engine import BLOCK
from tests.bench.framework import Bench, Row

GROUP = "Simulation"
METHOD = (
    "One day of a multivariate normal, with value at risk and expected shortfall at 95% and 99%, standard errors and "
    "every asset's part; against drawing as many normal numbers and one product with an assets by assets matrix, in "
    "blocks of the same size; one worker, the best of three each, in turns."
)
MEMORY = "Peak of memory by tracemalloc, which counts numpy's arrays: a loss for each path, and one block of paths."
TURNS = 3


def floor(assets: int, paths: int) -> None:
    """Draws and multiplies, and keeps nothing."""
    generator = np.random.default_rng(1)
    root = np.tril(np.ones((assets, assets)))
    for start in range(0, paths, BLOCK):
        generator.standard_normal((min(BLOCK, paths - start), assets)) @ root.T


def seconds(work: Callable[[], object]) -> float:
    """Time of one call."""
    begun = perf_counter()
    work()
    return perf_counter() - begun


def beside(assets: int, paths: int) -> tuple[float, float]:
    """Best times of the simulation and of its floor."""
    book = generated_book(assets, "gaussian")
    pairs = [
        (seconds(lambda: simulate(book, paths, seed=1)), seconds(lambda: floor(assets, paths))) for _ in range(TURNS)
    ]
    return min(ours for ours, _ in pairs), min(least for _, least in pairs)


def peak(book: Book, paths: int) -> int:
    """Highest memory in use during a simulation, bytes."""
    tracemalloc.start()
    try:
        simulate(book, paths, seed=1)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def rows(_: Bench) -> list[Row]:
    """The command's size, scaling by assets and scenarios, memory."""
    found = []
    for assets, paths, target in (
        (100, 1_000_000, 1.5),
        (100, 100_000, None),
        (20, 1_000_000, None),
        (20, 10_000, None),
    ):
        ours, least = beside(assets, paths)
        name = f"VaR of {assets} assets, {paths:,} scenarios"
        found.append(Row(GROUP, name, "s", ours, least, "drawing and one matrix product", target, METHOD))
    book = generated_book(100, "gaussian")
    name = "Memory for 400,000 scenarios"
    found.append(Row(GROUP, name, "bytes", peak(book, 400_000), peak(book, 200_000), "for 200,000", 1.25, MEMORY))
    return found
