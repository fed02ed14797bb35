"""Many books over one set of scenarios: each has the tail that it has alone, in memory that hardly grows with paths."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from keepers.operations.executors import Place, executor_of
from keepers.risk.errors import RiskError
from keepers.risk.simulation import books as module
from keepers.risk.simulation import devices
from keepers.risk.simulation.books import Books, BookTails, simulate_books
from keepers.risk.simulation.engine import Simulation, run
from keepers.risk.simulation.sources import BlockBootstrap, Gaussian, Source, StudentT
from keepers.risk.simulation.tails import tails

Array = NDArray[np.float64]
FACTORS = np.random.default_rng(0).normal(size=(6, 8)) * 0.004
COVARIANCE = FACTORS @ FACTORS.T
HISTORY = np.random.default_rng(1).standard_t(4, (700, 6)) * 0.01
SOURCES = (Gaussian(COVARIANCE), StudentT(COVARIANCE, 5.0), BlockBootstrap(HISTORY), BlockBootstrap(HISTORY[:3]))
"""The last has three different days, so that nearly all losses are ties."""


TILE = 16


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few books make several tiles."""
    monkeypatch.setattr(devices, "TILE", TILE)


def weights(books: int = 2 * TILE + 5, seed: int = 1) -> Array:
    """Books that hold more or less of everything; the eighth holds nothing."""
    found = np.random.default_rng(seed).dirichlet(np.ones(6), books)
    found[7 % books] = 0.0
    return found


def assert_as_alone(found: BookTails, books: Books, rows: tuple[int, ...]) -> None:
    """Every number of some books is the one of the path for a single portfolio."""
    for row in rows:
        alone = tails(run(Simulation(books.source, books.weights[row], books.paths, books.seed, books.horizons)))
        for tail in alone:
            at = books.horizons.index(tail.horizon), books.levels.index(tail.level), row
            got = [array[at] for array in (found.var, found.shortfall, found.var_error, found.shortfall_error)]
            want = [tail.var, tail.shortfall, tail.var_error, tail.shortfall_error]
            np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("paths", [1000, 50_000])
def test_simulate_books__each_book__has_the_tail_that_it_has_alone(source: Source, paths: int) -> None:
    books = Books(source, weights(), paths, 3, (1, 2))
    found = simulate_books(books)
    assert found.again == 0
    assert_as_alone(found, books, (0, 7, TILE - 1, TILE, 2 * TILE + 4))


def test_simulate_books__brackets_that_miss__are_made_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WIDTH", 0.0)
    books = Books(SOURCES[1], weights(20), 50_000, 3, (1, 2))
    found = simulate_books(books)
    assert found.again > 0
    assert_as_alone(found, books, tuple(range(20)))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), paths=st.integers(1000, 40_000), assets=st.integers(1, 3), alike=st.booleans())
def test_simulate_books__any__agrees_with_each_alone(seed: int, paths: int, assets: int, alike: bool) -> None:
    covariance = np.full((assets, assets), 1e-4) if alike else 1e-4 * np.eye(assets)
    held = np.random.default_rng(seed).normal(size=(3, assets))
    books = Books(Gaussian(covariance), held, paths, seed)
    assert_as_alone(simulate_books(books), books, (0, 1, 2))


def test_simulate_books__threads__give_the_same_bits() -> None:
    books = Books(SOURCES[1], weights(), 50_000, 3)
    alone = simulate_books(books)
    with executor_of(Place("thread", 3)) as threads:
        shared = simulate_books(books, threads)
    for name in ("var", "shortfall", "var_error", "shortfall_error"):
        np.testing.assert_array_equal(getattr(shared, name), getattr(alone, name))


def peak(paths: int) -> int:
    """Highest memory in use, bytes."""
    books = Books(SOURCES[0], weights(100), paths, 3)
    tracemalloc.start()
    try:
        simulate_books(books)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_simulate_books__six_times_the_paths__need_little_more_memory() -> None:
    few, many = peak(2 * 16_384), peak(12 * 16_384)
    assert many < 1.5 * few
    assert many < 12 * 16_384 * 100 * 8 / 10, "a tenth of what all losses would take"


@pytest.mark.parametrize(
    ("held", "paths", "levels", "said"),
    [
        (np.zeros((0, 6)), 1000, (0.99,), "not 1 to 100,000 books"),
        (np.zeros(6), 1000, (0.99,), "not 1 to 100,000 books"),
        (np.array([[0.1] * 6, [np.nan] * 6]), 1000, (0.99,), "book 1: has a weight that is not finite"),
        (np.zeros((2, 5)), 1000, (0.99,), "not 6 finite numbers"),
        (np.zeros((2, 6)), 1000, (0.999,), "fewer than ten"),
        (np.zeros((2, 6)), 1000, (), "levels: none"),
    ],
)
def test_books__impossible_terms__are_refused(held: Array, paths: int, levels: tuple[float, ...], said: str) -> None:
    with pytest.raises(RiskError, match=said):
        Books(SOURCES[0], held, paths, 1, levels=levels)
