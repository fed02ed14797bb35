"""Simulated value at risk of a portfolio, from closes or from generated assets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from keepers import __version__
from keepers.operations.executors import Place, device_of, executor_of
from keepers.operations.risk_backtest import History, current_weights
from keepers.risk.bot_model import BotModel
from keepers.risk.distributions import Empirical
from keepers.risk.errors import RiskError
from keepers.risk.model_terms import DEFAULT_TERMS, ModelTerms
from keepers.risk.models.garch import Volatilities, standardised
from keepers.risk.monte_carlo import degrees_of
from keepers.risk.simulation.engine import Simulation, run
from keepers.risk.simulation.preintegration import preintegrated_tails
from keepers.risk.simulation.sources import BlockBootstrap, FilteredHistory, Gaussian, Source, StudentT, TCopula
from keepers.risk.simulation.tails import Tail, tails

Array = NDArray[np.float64]

SourceName = Literal["gaussian", "student", "t-copula", "bootstrap", "filtered"]
SOURCES: tuple[str, ...] = get_args(SourceName)
SamplingName = Literal["plain", "antithetic", "sobol", "controlled"]
SAMPLINGS: tuple[str, ...] = get_args(SamplingName)
WINDOW = DEFAULT_TERMS.history_days
MOST_ASSETS = 2000
HERE = Place()
"""One block after another, in this process."""
_FIRST = 60
"""Days that only find the volatilities."""


@dataclass(frozen=True, eq=False)
class Book:
    """Terms of the simulation.

    Attributes:
        symbols: Symbol of each asset.
        weights: (assets,), fractions of NAV.
        source: Source of the simulated days.
        data: Origin of the source's parameters: the hash of the closes, or how they were generated.
        model: Model that the covariance is of, or its fallback by name; empty for a source without covariance.
    """

    symbols: tuple[str, ...]
    weights: Array
    source: Source
    data: str
    model: str = ""


def book_of(history: History, portfolio: str, source: str, terms: ModelTerms = DEFAULT_TERMS) -> Book:
    """A portfolio at the end of a history, and a source whose parameters are those of the last 1,000 returns.

    Args:
        history: Closes.
        portfolio: Name from `keepers.operations.risk_backtest.PORTFOLIOS`.
        source: Name from SOURCES.
        terms: How the covariance is estimated, where the source has one.

    Raises:
        RiskError: If a name is unknown, or there is too little history for the source.
    """
    returns = history.returns[-WINDOW:]
    weights = current_weights(portfolio, history, WINDOW)
    made, model = _source(source, returns, terms)
    return Book(history.symbols, weights, made, f"sha256:{history.data_hash}", model)


def generated_book(assets: int, source: str) -> Book:
    """Equal weights of generated assets, for measurements: one factor and 1% to 3% of daily volatility.

    Raises:
        RiskError: If there are no assets, or the source needs a history.
    """
    if not 1 <= assets <= MOST_ASSETS:
        raise RiskError(f"{assets} assets", f"not from 1 to {MOST_ASSETS:,}", "give a number between")
    deviations = np.linspace(0.01, 0.03, assets)
    covariance = np.outer(deviations, deviations) * (0.35 + 0.65 * np.eye(assets))
    if source not in ("gaussian", "student"):
        raise RiskError(f"source '{source}'", "needs closes", "leave out --assets, or choose gaussian or student")
    made: Source = Gaussian(covariance) if source == "gaussian" else StudentT(covariance, 5.0)
    symbols = tuple(f"A{index}" for index in range(assets))
    return Book(symbols, np.full(assets, 1 / assets), made, f"generated:{assets}")


def _source(name: str, returns: Array, terms: ModelTerms) -> tuple[Source, str]:
    """A source with parameters of returns, and the model that its covariance is of."""
    if name not in SOURCES:
        raise RiskError(f"source '{name}'", "unknown", f"choose from {', '.join(SOURCES)}")
    if name == "bootstrap":
        return BlockBootstrap(returns), ""
    if name == "filtered":
        volatilities = Volatilities.fit(returns, asymmetric=True)
        variances = volatilities.paths(returns)
        return FilteredHistory(volatilities, standardised(returns, variances)[_FIRST:], variances[-1]), ""
    model = BotModel.fit(returns, terms)
    covariance = model.forecast(returns).covariance
    if name == "gaussian":
        return Gaussian(covariance), model.note
    if name == "student":
        return StudentT(covariance, model.degrees(returns)), model.note
    shocks = standardised(returns, Volatilities.decayed(returns.shape[1]).paths(returns))[_FIRST:]
    scales = np.sqrt(np.diag(covariance))
    units = shocks / np.sqrt(np.mean(shocks**2, axis=0))
    margins = tuple(Empirical(column) for column in units.T)
    return TCopula(covariance / np.outer(scales, scales), degrees_of(shocks), margins, scales), model.note


def sampling_named(name: str) -> SamplingName:
    """The way of sampling with a name.

    Raises:
        RiskError: If there is none.
    """
    if name in SAMPLINGS:
        return cast(SamplingName, name)
    raise RiskError(f"sampling '{name}'", "unknown", f"choose from {', '.join(SAMPLINGS)}")


def simulate(
    book: Book,
    paths: int,
    seed: int,
    horizons: Sequence[int] = (1,),
    levels: Sequence[float] = (0.95, 0.99),
    sampling: SamplingName = "plain",
    place: Place = HERE,
) -> list[Tail]:
    """Tails of the simulated losses; the same bits in any place.

    Raises:
        RiskError: If a number is out of range, the place's executor gives up, or a device is asked for that controlled
            sampling does not compute on.
        ModuleNotFoundError: If the place needs a package that is not installed.
    """
    if sampling == "controlled":
        if place.device != HERE.device:
            raise RiskError(f"device '{place.device}'", "controlled sampling uses the processor", "leave out --device")
        terms = Simulation(book.source, book.weights, paths, seed, tuple(horizons), "sobol")
        with executor_of(place) as executor:
            return preintegrated_tails(terms, tuple(levels), executor)
    simulation = Simulation(book.source, book.weights, paths, seed, tuple(horizons), sampling)
    device = device_of(place)
    with executor_of(place) as executor:
        return tails(run(simulation, executor, device), tuple(levels))


def lines(found: Sequence[Tail], book: Book, paths: int, seed: int) -> list[str]:
    """Tails for a terminal, with the five largest components of each shortfall."""
    told = [f"{len(book.symbols)} assets, {paths:,} paths, seed {seed}, {book.data[:23]}, quantera {__version__}"]
    told += [f"covariance: {book.model}"] if book.model else []
    for tail in found:
        told.append(
            f"{tail.horizon:>3} days {tail.level:.1%}: VaR {tail.var:.4%} +- {tail.var_error:.4%}, "
            f"ES {tail.shortfall:.4%} +- {tail.shortfall_error:.4%}"
        )
        parts = tail.shortfall_parts
        for index in np.argsort(-parts.component)[:5]:
            told.append(
                f"     {book.symbols[index]:<8} ES part {parts.component[index]:.4%} +- {parts.error[index]:.4%}, "
                f"VaR part {tail.var_parts.component[index]:.4%} +- {tail.var_parts.error[index]:.4%}"
            )
    return told


def as_object(found: Sequence[Tail], book: Book, simulation: dict[str, Any]) -> dict[str, Any]:
    """Tails for programs, with all parameters that they follow from. An undefined marginal is null."""
    return {
        "version": __version__,
        "data": book.data,
        "model": book.model or None,
        "symbols": book.symbols,
        "weights": book.weights.tolist(),
        "simulation": simulation,
        "tails": [
            {
                "horizon": tail.horizon,
                "level": tail.level,
                "var": tail.var,
                "var_error": tail.var_error,
                "es": tail.shortfall,
                "es_error": tail.shortfall_error,
                "var_parts": _parts(tail.var_parts.component, tail.var_parts.marginal, tail.var_parts.error),
                "es_parts": _parts(
                    tail.shortfall_parts.component, tail.shortfall_parts.marginal, tail.shortfall_parts.error
                ),
            }
            for tail in found
        ],
    }


def _parts(component: Array, marginal: Array, error: Array) -> dict[str, list[float | None]]:
    return {
        "component": list(component.tolist()),
        "marginal": [None if math.isnan(value) else value for value in marginal.tolist()],
        "error": list(error.tolist()),
    }
