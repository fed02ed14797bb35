"""Value at risk of the default model and its fallback over the thirty years of real prices that are packaged."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from keepers.config import Risk
from keepers.risk.backtests.coverage import exceedances, kupiec
from keepers.risk.backtests.rolling import Protocol, roll
from keepers.risk.covariance import estimate
from keepers.risk.model_terms import DEFAULT_TERMS
from keepers.risk.models import judged_named
from keepers.risk.monte_carlo import TAIL_PATHS, fit_degrees, tail_multipliers
from scripts._lib.demo.data import load_closes
from scripts.localnet import STOCKS

TWENTY = (
    *("AAPL", "AMD", "BAC", "BBY", "CVX", "GE", "HD", "JNJ", "JPM", "KO"),
    *("LLY", "MRK", "MSFT", "PEP", "PFE", "PG", "RRC", "UNH", "WMT", "XOM"),
)
LEVEL = 0.99
GREEN = 0.95
"""Basel Committee (1996), framework for backtesting: below this cumulative probability a count is in the green zone."""
REFIT_DAYS = 20
"""Tails are fitted to a thousand days: from one day to the next they hardly change."""

Array = NDArray[np.float64]


@lru_cache
def sigmas(degrees: float) -> float:
    """Sigmas at 99% as a model has them: all portfolios of a multivariate t share them."""
    return tail_multipliers(np.eye(2), degrees, TAIL_PATHS, seed=1)[1]


def forecasts(returns: Array, settings: Risk) -> Array:
    """(days - history,), value at risk of equal weights, each from the days before it only."""
    weights = np.full(returns.shape[1], 1 / returns.shape[1])
    found = []
    z99 = 0.0
    for day in range(settings.history_days, returns.shape[0]):
        history = returns[day - settings.history_days : day]
        if (day - settings.history_days) % REFIT_DAYS == 0:
            z99 = sigmas(fit_degrees(history, settings.halflife_days, settings.min_observations))
        matrix = estimate(history, settings.halflife_days, target=settings.shrinkage).matrix
        found.append(z99 * math.sqrt(weights @ matrix @ weights))
    return np.array(found)


def outcome(symbols: tuple[str, ...], settings: Risk) -> tuple[int, int]:
    """Days on which the loss was larger than value at risk, and all days."""
    closes = load_closes(symbols)
    prices = np.array([[float(cell) for cell in row] for row in closes.rows])
    returns = prices[1:] / prices[:-1] - 1
    exceeded = exceedances(returns[settings.history_days :].mean(axis=1), forecasts(returns, settings))
    return int(exceeded.sum()), exceeded.size


def test_var99__default_model_as_the_demos_chain_holds_it__is_exceeded_as_often_as_promised() -> None:
    """The universe of the demo's six stocks, whose steps the table of docs/risk-models.md does not judge."""
    rows = np.array([[float(cell) for cell in row] for row in load_closes(STOCKS).rows])
    returns = rows[1:] / rows[:-1] - 1
    weights = np.full((len(returns), 1, len(STOCKS)), 1 / len(STOCKS))
    (track,), _ = roll(judged_named(f"{DEFAULT_TERMS.name}, stepped"), returns, weights, Protocol(levels=(LEVEL,)))
    exceeded, days = int(track.exceeded(0).sum()), track.returns.size
    assert days > 7000 and kupiec(exceeded, days, LEVEL).p_value > 0.05, f"{exceeded} of {days} days"


@pytest.mark.parametrize("symbols", [TWENTY, STOCKS], ids=["twenty stocks", "the demo's six"])
def test_var99__fallback_over_thirty_years__is_exceeded_as_often_as_promised(symbols: tuple[str, ...]) -> None:
    exceeded, days = outcome(symbols, Risk())
    assert days > 7000
    green = binom.cdf(exceeded, days, 1 - LEVEL) < GREEN
    assert green or kupiec(exceeded, days, LEVEL).p_value > 0.05, f"{exceeded} of {days} days"
    assert exceeded > 0.7 * (1 - LEVEL) * days, "a value at risk that is never exceeded says nothing"


def test_var99__shrunk_towards_the_identity__is_exceeded_too_often() -> None:
    """The reason for the default of `shrinkage`."""
    exceeded, days = outcome(TWENTY, Risk(shrinkage="identity"))
    assert kupiec(exceeded, days, LEVEL).p_value < 1e-4
