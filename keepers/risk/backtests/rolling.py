"""Forecasts of one day after another, each from the days before it only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from keepers.risk.backtests.expected_shortfall import Shortfalls, es_outcomes
from keepers.risk.backtests.outcome import Outcome
from keepers.risk.backtests.reference import TailReference
from keepers.risk.backtests.value_at_risk import var_outcomes
from keepers.risk.distributions import Distribution
from keepers.risk.errors import RiskError
from keepers.risk.models import Factors, FittedModel, GivenFactorModel, Model, PortfolioForecast, SteppedModel

Array = NDArray[np.float64]

MOST_DISTRIBUTIONS = 400
"""Distributions of a backtest that the tail is averaged over: evenly spaced ones stand for the others."""


@dataclass(frozen=True)
class Protocol:
    """How a backtest forecasts.

    Attributes:
        window: Returns that each forecast is made from.
        refit: Days after which parameters are estimated again.
        levels: Confidences.

    Raises:
        RiskError: If a number is out of range.
    """

    window: int = 1000
    refit: int = 63
    levels: tuple[float, ...] = (0.95, 0.99)

    def __post_init__(self) -> None:
        if self.window < 2 or self.refit < 1:
            raise RiskError(f"window {self.window}, refit {self.refit}", "too small", "give days, such as 1000 and 63")
        if not self.levels or not all(0.5 < level < 1 for level in self.levels):
            raise RiskError(f"levels {self.levels}", "not between 0.5 and 1", "give 0.99 for 99%")


@dataclass(frozen=True, eq=False)
class Track:
    """Forecasts for one portfolio beside what happened.

    Attributes:
        returns: (days,), realised, fractions.
        ranks: (days,), probability under the forecast of the return or a lower one.
        var, shortfall: (levels, days), forecast, fractions.
        levels: Confidences.
        references: The tail that was expected, for each level.
    """

    returns: Array
    ranks: Array
    var: Array
    shortfall: Array
    levels: tuple[float, ...]
    references: tuple[TailReference, ...]

    def exceeded(self, index: int) -> NDArray[np.bool_]:
        """Days on which value at risk at a level, by its index, was exceeded."""
        found: NDArray[np.bool_] = self.returns < -self.var[index]
        return found

    def outcomes(self, index: int, test_level: float = 0.95) -> list[Outcome]:
        """Every test of the forecasts at a level, by its index.

        Raises:
            RiskError: If the test level is not between 0 and 1, or there are too few days.
        """
        level = self.levels[index]
        shortfalls = Shortfalls(
            self.returns[np.newaxis],
            self.var[index][np.newaxis],
            self.shortfall[index][np.newaxis],
            self.ranks[np.newaxis],
        )
        return [
            *var_outcomes(self.exceeded(index), level, test_level),
            *es_outcomes(shortfalls, self.references[index], test_level),
        ]


def roll(
    model: Model | SteppedModel,
    returns: Array,
    weights: Array,
    protocol: Protocol,
    progress: Callable[[int], None] = lambda _: None,
    factors: Factors | None = None,
) -> tuple[list[Track], tuple[str, ...]]:
    """Forecasts every day that has a window before it, for several portfolios at once.

    Args:
        model: Model to forecast with.
        returns: (days, assets), simple daily returns, oldest first.
        weights: (days, portfolios, assets), weights that each day's return is earned with, known the day before.
        protocol: How.
        progress: Called with 1 after every day.
        factors: Given factors on the same days, for a model that takes them.

    Returns:
        A track for each portfolio, and the fallbacks that were taken, each once; for a stepped model also how often
        the chain's bounds changed it.

    Raises:
        RiskError: If there are fewer than two days to forecast, or shapes differ.
    """
    days, assets = returns.shape
    if weights.shape[0] != days or weights.shape[2:] != (assets,):
        raise RiskError(f"returns {returns.shape}, weights {weights.shape}", "do not fit", "give a row a day")
    if days < protocol.window + 2:
        raise RiskError(f"{days} returns", f"no two days after a window of {protocol.window}", "give a longer history")
    count, portfolios = days - protocol.window, weights.shape[1]
    books = [_Book(count, protocol) for _ in range(portfolios)]
    notes: dict[str, None] = {}
    estimated, chain = (model.model, model.start()) if isinstance(model, SteppedModel) else (model, None)
    fitted: FittedModel | None = None
    for day in range(count):
        window = returns[day : day + protocol.window]
        if fitted is None or day % protocol.refit == 0:
            fitted = _on_window(estimated, factors, day, day + protocol.window).fit(window)
            notes.update({fitted.note: None} if fitted.note else {})
        forecast = fitted.forecast(window)
        if chain is not None:
            forecast = chain.post(forecast, window[-1])
        today = protocol.window + day
        for portfolio, book in enumerate(books):
            held = weights[today, portfolio]
            book.add(day, forecast.portfolio(held), float(returns[today] @ held))
        progress(1)
    if chain is not None:
        notes[chain.note] = None
    return [book.track() for book in books], tuple(notes)


def _on_window(model: Model, factors: Factors | None, start: int, stop: int) -> Model:
    """The model with the given factors of a window, if it takes any."""
    if factors is not None and isinstance(model, GivenFactorModel):
        return model.on(factors.rows(start, stop))
    return model


class _Book:
    """The forecasts of one portfolio as they come."""

    def __init__(self, days: int, protocol: Protocol) -> None:
        self._levels = protocol.levels
        self._returns, self._ranks = np.empty(days), np.empty(days)
        self._var, self._shortfall = np.empty((len(self._levels), days)), np.empty((len(self._levels), days))
        self._every = -(-days // MOST_DISTRIBUTIONS)
        self._sample: list[Distribution] = []

    def add(self, day: int, forecast: PortfolioForecast, realised: float) -> None:
        self._returns[day], self._ranks[day] = realised, forecast.rank(realised)
        for index, level in enumerate(self._levels):
            self._var[index, day] = forecast.value_at_risk(level)
            self._shortfall[index, day] = forecast.shortfall(level)
        if day % self._every == 0:
            self._sample.append(forecast.distribution)

    def track(self) -> Track:
        references = tuple(_reference(tuple(self._sample), level) for level in self._levels)
        return Track(self._returns, self._ranks, self._var, self._shortfall, self._levels, references)


@lru_cache(maxsize=8)
def _reference(distributions: tuple[Distribution, ...], level: float) -> TailReference:
    """Computed once for portfolios that share their distributions, as those of an elliptical model do."""
    return TailReference.of(distributions, level)
