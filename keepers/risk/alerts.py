"""Probability that a portfolio breaches its limits in the next hours and days, and forecasts of it over a history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.risk.errors import RiskError
from keepers.risk.metrics import Z99
from keepers.risk.models.garch import DECAY, standardised
from keepers.risk.models.protocol import check_window
from keepers.risk.monte_carlo import degrees_of, tail_factor
from keepers.risk.reverse_stress import Limits

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

FIRST_DAYS = 60
"""Days that the first covariance is taken from."""
LEAST_SHOCKS = 250
"""Days of shocks below which a sample says nothing about a tail."""
MOST_DAYS = 60.0
REFIT_DAYS = 63
"""Days after which a rehearsal fits the tail again, as backtests of the models do."""
LEAST_PATHS, MOST_PATHS = 100, 1_000_000


@dataclass(frozen=True, eq=False)
class Start:
    """A portfolio and its market before the first simulated day.

    Attributes:
        weights: (assets,), fractions of NAV, none negative; the remainder to one is cash.
        covariance: (assets, assets), daily, exponentially weighted.
        shocks: (days, assets), past returns over the volatility of their day.
        drawdown: Fraction that the portfolio is below its high-water mark.

    Raises:
        RiskError: If shapes differ, a weight is negative, shocks are too few, or the drawdown is not from 0 to 1.
    """

    weights: Array
    covariance: Array
    shocks: Array
    drawdown: float = 0.0

    def __post_init__(self) -> None:
        assets = self.weights.size
        fits = self.covariance.shape == (assets, assets) and self.shocks.shape[1:] == (assets,)
        if not fits or np.any(self.weights < 0):
            shapes = f"weights {self.weights.shape}, covariance {self.covariance.shape}, shocks {self.shocks.shape}"
            raise RiskError(shapes, "do not fit, or a weight is negative", "give (n,), (n, n) and (days, n)")
        if self.shocks.shape[0] < LEAST_SHOCKS:
            raise RiskError(f"{self.shocks.shape[0]} shocks", f"fewer than {LEAST_SHOCKS}", "give a longer history")
        if not 0 <= self.drawdown < 1:
            raise RiskError(f"drawdown {self.drawdown}", "not from 0 to below 1", "give 0.05 for 5%")


class Paths:
    """Portfolios that are held through days and looked at after each.

    Weights drift with prices and nothing is traded. The covariance follows S' = d S + (1 - d) r r' (RiskMetrics
    Technical Document 1996, 5.2), so that value at risk z sqrt(w'Sw) moves with weights and market.

    Args:
        weights: (assets,), fractions of NAV.
        covariances: (assets, assets, paths), daily, of each path's first day; the array is the object's to change.
            Paths come last in every array, so that loops over them are the inner ones.
        drawdown: Fraction that the portfolio is below its high-water mark.
        limits: Limits; those that are None are not looked at.
        z99: Value at risk over volatility; one number, or (paths,).
        since: (assets, paths), simple returns since the last close, where paths begin within a day.

    Attributes:
        breached: (paths,) for every limit that is on: whether it has been breached at some look.
    """

    def __init__(
        self,
        weights: Array,
        covariances: Array,
        drawdown: float,
        limits: Limits,
        z99: float | Array = Z99,
        since: Array | None = None,
    ) -> None:
        self._weights, self._limits, self._z99 = weights, limits, z99
        self._cash = 1 - float(weights.sum())
        paths = covariances.shape[2]
        self._growth = np.ones((weights.size, paths))
        self._mark = np.full(paths, 1 / (1 - drawdown))
        self._covariance = covariances
        self._day = None if since is None else 1 + since
        self.breached: dict[str, Flags] = {name: np.zeros(paths, dtype=np.bool_) for name in names_of(limits)}
        self._look()

    @property
    def deviations(self) -> Array:
        """(assets, paths), daily volatilities."""
        found: Array = np.sqrt(np.maximum(np.diagonal(self._covariance).T, 0.0))
        return found

    def step(self, returns: Array, *, closes: bool = True, lows: Array | None = None) -> None:
        """Moves every path by (assets, paths) simple returns; only a day that closes moves the covariance.

        Args:
            returns: Returns since the last look.
            closes: Whether the look is at the close of a day.
            lows: (assets, paths), lowest returns on the way, nan where unknown. The drawdown of a portfolio with one
                asset is looked at there as well, from the mark of the look before; lows of several assets need not
                coincide, and say nothing.
        """
        bounded = np.maximum(returns, -1.0)
        if lows is not None and self._weights.size == 1 and self._limits.drawdown is not None:
            value = self._cash + self._weights[0] * (self._growth * (1 + lows))[0]
            self.breached["drawdown"] |= self._number("drawdown", value, self._weights) > self._limits.drawdown
        self._growth *= 1 + bounded
        if self._day is not None:
            self._day *= 1 + bounded
        if closes:
            day = bounded if self._day is None else self._day - 1
            self._covariance *= DECAY
            self._covariance += ((1 - DECAY) * day)[:, np.newaxis] * day
            self._day = None if self._day is None else np.ones_like(self._day)
        self._look()

    def _look(self) -> None:
        held = self._growth * self._weights[:, np.newaxis]
        value = self._cash + held.sum(axis=0)
        self._mark = np.maximum(self._mark, value)
        weights = held / np.maximum(value, 1e-12)
        for name, flags in self.breached.items():
            flags |= self._number(name, value, weights) > getattr(self._limits, name)

    def _number(self, name: str, value: Array, weights: Array) -> Array:
        """(paths,), the number that a limit bounds."""
        if name == "drawdown":
            return np.asarray(1 - value / self._mark, dtype=np.float64)
        if name == "weight":
            return np.asarray(weights.max(axis=0), dtype=np.float64)
        if name == "concentration":
            return np.asarray(np.sum(weights**2, axis=0), dtype=np.float64)
        marginal = np.sum(self._covariance * weights, axis=1)
        variance = np.maximum(np.sum(weights * marginal, axis=0), 0.0)
        return np.asarray(self._z99 * np.sqrt(variance), dtype=np.float64)


def names_of(limits: Limits) -> tuple[str, ...]:
    """Names of the limits that are on."""
    names = ("drawdown", "var99", "weight", "concentration")
    return tuple(name for name in names if getattr(limits, name) is not None)


def breach_probabilities(
    start: Start, limits: Limits, horizons: Sequence[float], paths: int, seed: Sequence[int], z99: float = Z99
) -> dict[str, Array]:
    """Share of simulated paths on which a limit is breached at some look until each horizon.

    Days are past shocks of all assets together at volatilities that follow each path (filtered historical simulation:
    Barone-Adesi, Giannopoulos and Vosper 1999). A part of a day moves by the square root of its length, and is looked
    at once, at its end.

    Args:
        start: Portfolio and market.
        limits: Limits.
        horizons: Days; below one a part of a day, from one on whole days.
        paths: Number of paths.
        seed: Seed of the generator (PCG64).
        z99: Value at risk over volatility.

    Returns:
        (horizons,) of probabilities for every limit that is on; 1 for one that is breached at the start.

    Raises:
        RiskError: If a horizon or the number of paths is out of range.
    """
    _check(horizons, paths)
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(list(seed))))
    shocks = np.ascontiguousarray(start.shocks.T)
    drawn = _indices(generator, start.shocks.shape[0], max(1, int(max(horizons))), paths)
    found: dict[float, dict[str, float]] = {}
    walk = Paths(start.weights, _copies(start.covariance, paths), start.drawdown, limits, z99)
    days = [horizon for horizon in horizons if horizon >= 1]
    for day in range(1, int(max(days, default=0)) + 1):
        walk.step(shocks[:, drawn[day - 1]] * walk.deviations)
        if day in days:
            found[float(day)] = {name: float(flags.mean()) for name, flags in walk.breached.items()}
    for part in {horizon for horizon in horizons if horizon < 1}:
        glance = Paths(start.weights, _copies(start.covariance, paths), start.drawdown, limits, z99)
        glance.step(np.sqrt(part) * shocks[:, drawn[0]] * glance.deviations, closes=False)
        found[part] = {name: float(flags.mean()) for name, flags in glance.breached.items()}
    return {name: np.array([found[float(one)][name] for one in horizons]) for name in walk.breached}


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """Forecasts of breaches over a history, beside what happened.

    Attributes:
        days: (forecasts,), index of the last return that each forecast knew.
        horizons: Days, or parts of one.
        probabilities: (forecasts, horizons) for every limit, as simulated; nan where it was breached at the start.
        happened: The same shape: whether it was breached.
    """

    days: NDArray[np.int64]
    horizons: tuple[float, ...]
    probabilities: dict[str, Array]
    happened: dict[str, Flags]


def rehearse(
    returns: Array,
    weights: Array,
    limits: Limits,
    horizons: tuple[int, ...],
    window: int,
    paths: int,
    seed: int,
    drawdown: float = 0.0,
    progress: Callable[[int], None] = lambda _: None,
) -> Rehearsal:
    """Forecasts that do not overlap, each from the days before it only; all begin at the same weights and drawdown.

    Args:
        returns: (days, assets), simple daily returns, oldest first.
        weights: (assets,), fractions of NAV.
        limits: Limits.
        horizons: Whole days.
        window: Days of shocks behind each forecast.
        paths, seed: Simulation of each forecast; the seed is joined by the day.
        drawdown: Fraction that the portfolio is below its high-water mark before each forecast.
        progress: Called with 1 after every forecast.

    Raises:
        RiskError: If there are fewer than two forecasts, or a number is out of range.
    """
    longest = max(horizons)
    starts = rehearsal_days(returns.shape[0], window, longest)
    if len(starts) < 2:
        least = window + FIRST_DAYS + 2 * longest
        raise RiskError(f"{returns.shape[0]} returns", f"fewer than {least}", "give a longer history")
    history = EwmaHistory(returns)
    covariances = np.stack([history.covariance(day) for day in starts])
    factors = np.full(len(starts), Z99) if limits.var99 is None else _tail_factors(history, starts, window)
    real = Paths(weights, np.moveaxis(covariances, 0, 2).copy(), drawdown, limits, factors)
    already = {name: flags.copy() for name, flags in real.breached.items()}
    shape = (len(starts), len(horizons))
    said = {name: np.full(shape, np.nan) for name in already}
    came = {name: np.zeros(shape, dtype=np.bool_) for name in already}
    for ahead in range(longest):
        real.step(returns[np.array(starts) + ahead].T)
        for name in already:
            came[name][:, [one == ahead + 1 for one in horizons]] = real.breached[name][:, np.newaxis]
    for row, day in enumerate(starts):
        start = Start(weights, covariances[row], history.shocks(day, window), drawdown)
        found = breach_probabilities(start, limits, horizons, paths, (seed, day), float(factors[row]))
        for name, values in found.items():
            said[name][row] = np.nan if already[name][row] else values
        progress(1)
    return Rehearsal(np.array(starts) - 1, horizons, said, came)


def _tail_factors(history: EwmaHistory, starts: range, window: int) -> Array:
    """(forecasts,), value at risk over volatility as known before each forecast; fitted again every quarter."""
    every = max(1, REFIT_DAYS // starts.step)
    fitted = [tail_factor(degrees_of(history.shocks(day, window))) for day in starts[::every]]
    return np.repeat(fitted, every)[: len(starts)]


def rehearsal_days(days: int, window: int, longest: int) -> range:
    """Days before which a rehearsal forecasts: every `longest` days, so that no two forecasts share a day."""
    return range(window + FIRST_DAYS, days - longest + 1, longest)


class EwmaHistory:
    """Exponentially weighted covariances and shocks of a history, from the days before each day only.

    Args:
        returns: (days, assets), simple daily returns, oldest first.

    Raises:
        RiskError: If there are fewer than 60 days, or a return is not finite.
    """

    def __init__(self, returns: Array) -> None:
        check_window(returns, FIRST_DAYS)
        self._returns = returns
        self._day = FIRST_DAYS
        self._matrix: Array = returns[:FIRST_DAYS].T @ returns[:FIRST_DAYS] / FIRST_DAYS
        later = returns[FIRST_DAYS:]
        start = np.mean(returns[:FIRST_DAYS] ** 2, axis=0)
        variances = np.empty((later.shape[0] + 1, returns.shape[1]))
        variances[0] = start
        for day, row in enumerate(later):
            variances[day + 1] = DECAY * variances[day] + (1 - DECAY) * row**2
        self._shocks = standardised(later, variances)

    def covariance(self, day: int) -> Array:
        """(assets, assets), for the return with index `day`; days have to be asked for in their order.

        Raises:
            RiskError: If the day lies before the one that was asked for last.
        """
        if day < self._day:
            raise RiskError(f"day {day}", f"before day {self._day}", "ask for days in their order")
        for row in self._returns[self._day : day]:
            self._matrix = DECAY * self._matrix + (1 - DECAY) * np.outer(row, row)
        self._day = day
        return self._matrix

    def shocks(self, day: int, window: int) -> Array:
        """(window, assets), the last shocks before the return with index `day`."""
        last = day - FIRST_DAYS
        return self._shocks[max(last - window, 0) : last]


def _copies(covariance: Array, paths: int) -> Array:
    return np.repeat(covariance[:, :, np.newaxis], paths, axis=2)


def _indices(generator: np.random.Generator, count: int, days: int, paths: int) -> NDArray[np.int64]:
    """(days, paths), indices of shocks."""
    return generator.integers(0, count, size=(days, paths), dtype=np.int64)


def _check(horizons: Sequence[float], paths: int) -> None:
    if not LEAST_PATHS <= paths <= MOST_PATHS:
        raise RiskError(f"{paths} paths", f"not from {LEAST_PATHS} to {MOST_PATHS:,}", "give a number between")
    for horizon in horizons:
        if not 0 < horizon <= MOST_DAYS or (horizon > 1 and horizon != int(horizon)):
            reason = f"neither a part of a day nor whole days up to {MOST_DAYS:.0f}"
            raise RiskError(f"horizon of {horizon} days", reason, "give 4h or 5d")
    if not horizons:
        raise RiskError("horizons", "none", "give 4h or 5d")
