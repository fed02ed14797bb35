"""How long a simulation takes, beside what drawing its numbers and one matrix product take."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from datetime import date, timedelta
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from keepers.market.prices import Prices
from keepers.market.quality import inspect
from keepers.operations.risk_attribution import attribute
from keepers.operations.risk_backtest import History, current_weights
from keepers.operations.risk_simulation import WINDOW, Book, book_of, generated_book, simulate
from keepers.risk.bot_model import BotModel, fitted_model
from keepers.risk.model_terms import DEFAULT_TERMS, ModelTerms
from keepers.risk.simulation.blocks import one_thread
from keepers.risk.simulation.books import Books, simulate_books
from keepers.risk.simulation.devices import TILE
from keepers.risk.simulation.engine import BLOCK
from tests.bench.framework import Bench, Row

Array = NDArray[np.float64]

GROUP = "Simulation"
METHOD = (
    "One day of a multivariate normal, with value at risk and expected shortfall at 95% and 99%, standard errors and "
    "every asset's part; against drawing as many normal numbers and one product with an assets by assets matrix, in "
    "blocks of the same size; one worker on one thread, the best of three each, in turns."
)
BOOKS = (
    "One day of a multivariate normal of 100 assets, with value at risk and expected shortfall of every book at 95% "
    "and 99% and their standard errors; against drawing as many normal numbers, the product with an assets by assets "
    "matrix, and the product with the books' weights in tiles of the same size; both on one thread, one run each."
)
MEMORY_OF_BOOKS = "Peak of memory by tracemalloc for 500 books, against what all their losses would take."
MEMORY = "Peak of memory by tracemalloc, which counts numpy's arrays: a loss for each path, and one block of paths."
ANALYSIS = (
    "1,260 days of 100 assets, from closes to numbers: the gate, the hash, the forecast of the model that is named, "
    "10,000 simulated paths of 1, 5 and 10 days with every asset's part, performance beside a benchmark, "
    "and linked effects of every asset; the least is the assets' covariance and both portfolios' returns out of the "
    "closes; the best of three each, in turns. The bot's default, garch dcc, is fitted once for each asset, anew."
)
AVERAGE, DEFAULT = ModelTerms(model="ewma"), DEFAULT_TERMS
TURNS = 3


def floor(assets: int, paths: int) -> None:
    """Draws and multiplies, and keeps nothing."""
    generator = np.random.default_rng(1)
    root = np.tril(np.ones((assets, assets)))
    with one_thread():
        for start in range(0, paths, BLOCK):
            generator.standard_normal((min(BLOCK, paths - start), assets)) @ root.T


def floor_of_books(weights: Array, paths: int) -> None:
    """Draws, multiplies twice on one thread, and keeps nothing."""
    generator, assets = np.random.default_rng(1), weights.shape[1]
    root = np.tril(np.ones((assets, assets)))
    with one_thread():
        for start in range(0, paths, BLOCK):
            growth = generator.standard_normal((min(BLOCK, paths - start), assets)) @ root.T
            losses = np.empty((TILE, growth.shape[0]))
            for first in range(0, weights.shape[0], TILE):
                tile = weights[first : first + TILE]
                np.matmul(tile, growth.T, out=losses[: tile.shape[0]])


def books_of(books: int, paths: int) -> Books:
    """Books with random weights of 100 generated assets."""
    weights = np.random.default_rng(1).dirichlet(np.ones(100), books)
    return Books(generated_book(100, "gaussian").source, weights, paths, 1)


def book_rows() -> list[Row]:
    """Time for many books, and memory."""
    found = []
    for books, paths in ((10_000, 100_000), (1000, 100_000)):
        terms = books_of(books, paths)
        least = seconds(lambda terms=terms: floor_of_books(terms.weights, terms.paths))
        ours = seconds(lambda terms=terms: simulate_books(terms))
        name = f"VaR of {books:,} books, {paths:,} shared scenarios"
        found.append(Row(GROUP, name, "s", ours, least, "drawing and the matrix products", None, BOOKS))
    terms = books_of(500, 400_000)
    name = "Memory for 500 books, 400,000 scenarios"
    used, all_losses = peak_of(lambda: simulate_books(terms)), 500 * 400_000 * 8
    found.append(Row(GROUP, name, "bytes", used, all_losses, "all losses", 0.1, MEMORY_OF_BOOKS))
    return found


def five_years() -> Prices:
    """Closes of 100 generated assets on 1,261 days.

    Half of a day's variance is the market's and half an asset's own; both have the tails of a t and cluster (GARCH with
    alpha 0.08 and beta 0.9), so that volatilities and correlations move and have to be searched for.
    """
    shocks = np.random.default_rng(1).standard_t(5, (1261, 101)) * np.sqrt(3 / 5)
    sources, variances = np.empty_like(shocks), np.full(101, 1e-4)
    for day, shock in enumerate(shocks):
        sources[day] = np.sqrt(variances) * shock
        variances = 2e-6 + 0.08 * sources[day] ** 2 + 0.9 * variances
    returns = (sources[:, :1] + sources[:, 1:]) * np.sqrt(0.5)
    dates = tuple(date(2018, 1, 1) + timedelta(number) for number in range(1261))
    return Prices(dates, tuple(f"A{number}" for number in range(100)), 100 * np.cumprod(1 + returns, axis=0))


def analysis(prices: Prices, terms: ModelTerms) -> None:
    """Quality, model, simulation, performance and attribution of five years."""
    fitted_model.cache_clear()
    history = History.of(prices, inspect(prices))
    window = history.returns[-WINDOW:]
    weights = current_weights("concentrated", history, WINDOW)
    BotModel.fit(window, terms).forecast(window).portfolio(weights).value_at_risk(0.99)
    simulate(book_of(history, "concentrated", "student", terms), 10_000, 1, (1, 5, 10), (0.95, 0.99))
    attribute(history, "concentrated", "equal weight", 1260, "carino")


def floor_of_analysis(prices: Prices) -> None:
    """Computes returns, their covariance, and those of two portfolios, and keeps nothing."""
    returns = prices.closes[1:] / prices.closes[:-1] - 1
    np.cov(returns.T)
    np.cumprod(1 + returns @ np.full((100, 2), 0.01), axis=0)


def analysis_rows() -> list[Row]:
    """Time of five years, against a second and against the least."""
    prices = five_years()
    turns = [
        (
            seconds(lambda: analysis(prices, AVERAGE)),
            seconds(lambda: analysis(prices, DEFAULT)),
            seconds(lambda: floor_of_analysis(prices)),
        )
        for _ in range(TURNS)
    ]
    average, default, least = (min(times) for times in zip(*turns, strict=True))
    name, peer = "Analysis of 100 assets, five years", "covariance and returns"
    return [
        Row(GROUP, f"{name}, {AVERAGE.name}", "s", average, target=1.0, method=ANALYSIS),
        Row(GROUP, f"{name}, {AVERAGE.name}, beside the least", "s", average, least, peer, None, ANALYSIS),
        Row(GROUP, f"{name}, {DEFAULT.name}", "s", default, target=1.0, method=ANALYSIS),
        Row(GROUP, f"{name}, {DEFAULT.name}, beside the least", "s", default, least, peer, None, ANALYSIS),
    ]


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


def peak_of(work: Callable[[], object]) -> int:
    """Highest memory in use during a call, bytes."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def peak(book: Book, paths: int) -> int:
    """Highest memory in use during a simulation, bytes."""
    return peak_of(lambda: simulate(book, paths, seed=1))


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
    return [*found, *book_rows(), *analysis_rows()]
