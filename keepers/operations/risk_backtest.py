"""A rolling backtest of forecast models over a history of closes: portfolios, forecasts, tests, and their table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from keepers.market import Prices
from keepers.market.actions import adjust, read_actions
from keepers.market.bar_file import BarFile
from keepers.market.bars import Bars
from keepers.market.number_table import read_numbers
from keepers.market.packaged import sp500
from keepers.market.price_file import price_file
from keepers.market.quality import Quality, inspect, sessions_of
from keepers.risk.backtests.outcome import Outcome
from keepers.risk.backtests.rolling import Protocol, Track, roll
from keepers.risk.covariance import estimate
from keepers.risk.errors import RiskError
from keepers.risk.models import Factors, GivenFactorModel, Model, SteppedModel

if TYPE_CHECKING:
    from keepers.operations.risk_live import LivePortfolio

Array = NDArray[np.float64]

DEMO = ("AAPL", "JNJ", "JPM", "MSFT", "PG", "XOM")
"""Stocks of `make demo`."""
PORTFOLIOS = ("equal weight", "minimum variance", "concentrated", "demo")


@dataclass(frozen=True, eq=False)
class History:
    """Closes as a backtest takes them.

    Attributes:
        symbols: Symbol of each asset.
        dates: (days,), day of each return.
        returns: (days, assets), simple daily returns.
        data_hash: SHA-256 of symbols, days and closes.
        findings: Doubts about the closes, one line per doubt.
        held: Weights of portfolios that a bot recorded, by name, in the order of `symbols`; the remainder to one is
            cash.
        bars: Bars whose closes these are; None where the source has closes only.
    """

    symbols: tuple[str, ...]
    dates: tuple[date, ...]
    returns: Array
    data_hash: str
    findings: tuple[str, ...] = ()
    held: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    bars: Bars | None = None

    @classmethod
    def of(
        cls,
        prices: Prices,
        quality: Quality | None = None,
        held: Mapping[str, Mapping[str, float]] | None = None,
        bars: Bars | None = None,
    ) -> History:
        """Returns of closes, with the hash of what they are computed from and what was found about them.

        Args:
            prices: Closes.
            quality: Findings about them.
            held: Weights by portfolio and symbol.
            bars: Bars whose closes these are.

        Raises:
            RiskError: If there are no closes of an asset that is held.
        """
        digest = prices.digest
        findings = tuple(map(str, quality.findings)) if quality is not None else ()
        for mine in (held or {}).values():
            missing = [symbol for symbol, weight in mine.items() if weight > 0 and symbol not in prices.symbols]
            if missing:
                raise RiskError(f"closes of {missing[0]}", "not on file, though it is held", "add a column for it")
        weights = {
            name: tuple(mine.get(symbol, 0.0) for symbol in prices.symbols) for name, mine in (held or {}).items()
        }
        if bars is not None:
            digest = hashlib.sha256(f"{digest};{bars.digest}".encode()).hexdigest()
        return cls(prices.symbols, prices.dates[1:], prices.returns(), digest, findings, weights, bars)

    def last(self, window: int, days: int | None) -> History:
        """The part that forecasts of the last `days` need; all of it for None.

        Raises:
            RiskError: If there are not so many days after a window.
        """
        if days is None:
            return self
        if not 2 <= days <= len(self.dates) - window:
            most = len(self.dates) - window
            raise RiskError(f"last {days} days", f"not between 2 and {most}", "choose fewer, or a shorter window")
        rows = slice(len(self.dates) - window - days, None)
        return replace(self, dates=self.dates[rows], returns=self.returns[rows])


@dataclass(frozen=True)
class Result:
    """Tests of one model for one portfolio at one level.

    Attributes:
        model, portfolio: Names.
        level: Confidence of the forecasts.
        exceeded, expected: Days on which value at risk was exceeded, and how many were promised.
        outcomes: A line for each test.
        notes: Fallbacks that the model took.
    """

    model: str
    portfolio: str
    level: float
    exceeded: int
    expected: float
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...]

    @property
    def rejections(self) -> tuple[str, ...]:
        """Names of the tests that reject."""
        return tuple(outcome.test for outcome in self.outcomes if not outcome.accepted)


@dataclass(frozen=True)
class Closes:
    """Source of the closes, and the requirements that they have to meet.

    Attributes:
        path: CSV file, or the packaged closes for None.
        actions: File of corporate actions that the closes are adjusted by.
        calendar: Market identifier code whose sessions have to be there, such as XNYS.
        accept: Whether to go on in spite of findings that refuse. The packaged closes are always accepted: what is
            known about them is in docs/risk-models.md.
        config: Config of a keeper whose portfolio the store knows. Its sources of closes count unless `path` is given;
            of either those of the portfolio's assets up to the block.
        block: Height at which the portfolio is looked at; None for the newest that was recorded.
    """

    path: Path | None = None
    actions: Path | None = None
    calendar: str | None = None
    accept: bool = False
    config: Path | None = None
    block: int | None = None

    @cached_property
    def live(self) -> LivePortfolio | None:
        """The portfolio as the store knows it; None without a config.

        Raises:
            KeeperError: If config or store cannot be read, or the store knows nothing of it.
        """
        if self.config is None:
            if self.block is not None:
                raise RiskError(f"--block {self.block}", "means nothing without a config", "give --config")
            return None
        # The store takes a while to import, and most commands need none.
        from keepers.operations.risk_live import read_live

        return read_live(self.config, self.block)


def read_closes(source: Closes) -> tuple[Prices, Quality]:
    """Closes, adjusted, and their quality.

    Raises:
        PriceError: If a file cannot be read or used, or the calendar is unknown.
    """
    live = source.live
    if source.path is not None:
        file = price_file(source.path)
        prices = file.closes(_wanted(source, file.symbols()), date.max)
    elif live is not None:
        prices = live.closes()
    else:
        prices = sp500()
    if live is not None:
        prices = prices.until(live.last_close)
    if source.actions is not None:
        prices = adjust(prices, read_actions(source.actions))
    sessions = None
    if source.calendar is not None:
        sessions = sessions_of(source.calendar, prices.dates[0], prices.dates[-1])
    return prices, inspect(prices, sessions=sessions)


def read_bars(source: Closes, closes: Prices) -> Bars | None:
    """Bars behind closes, adjusted as they are; None if their source has closes only.

    Args:
        source: Source of the closes.
        closes: The closes that `read_closes` made of it.

    Raises:
        PriceError: If the file cannot be read or used.
    """
    live = source.live
    found = None
    if source.path is None:
        found = None if live is None else live.bars()
    elif isinstance(file := price_file(source.path), BarFile):
        found = file.bars(_wanted(source, file.symbols()), date.max if live is None else live.last_close)
    return None if found is None else found.as_adjusted(closes)


def _wanted(source: Closes, known: tuple[str, ...]) -> list[str]:
    """Symbols of a file that count: those of the portfolio, where a config has one."""
    live = source.live
    return [name for name in known if live is None or name in live.held]


def read_accepted(source: Closes) -> tuple[Prices, Quality]:
    """Closes that passed the quality gate, and their quality.

    Raises:
        PriceError: If they cannot be read or used, or the gate refuses them.
    """
    prices, quality = read_closes(source)
    given = source.path if source.path is not None else source.config
    if given is not None and not source.accept:
        quality.require(given)
    return prices, quality


def read_history(source: Closes) -> History:
    """Closes that passed the quality gate, as returns.

    Raises:
        PriceError: If they cannot be read or used, or the gate refuses them.
    """
    prices, quality = read_accepted(source)
    return History.of(prices, quality, held_of(source), read_bars(source, prices))


def held_of(source: Closes) -> dict[str, Mapping[str, float]]:
    """Weights of the portfolio that a source's config describes, by its name; empty without a config."""
    return {} if source.live is None else {source.live.name: source.live.holdings.weights}


def read_factors(path: Path, history: History) -> Factors:
    """Given factors on the days of a history.

    Args:
        path: CSV with a line `date,NAME1,NAME2,...` for each day: simple daily returns, as fractions.
        history: Returns whose days the factors have to have; other days of the file are left out.

    Raises:
        PriceError: If the file cannot be read.
        RiskError: If a day is missing, or a value is no daily return.
    """
    table = read_numbers(path, "date")
    place = {key: row for row, key in enumerate(table.keys)}
    missing = [str(day) for day in history.dates if str(day) not in place]
    if missing:
        remedy = "write dates such as 2022-12-28, or forecast fewer days with --last"
        raise RiskError(f"{path}: {missing[0]}", f"is missing, as are {len(missing) - 1} other days", remedy)
    values = table.values[[place[str(day)] for day in history.dates]]
    wrong = np.argwhere(np.abs(values) >= 1)
    if wrong.size:
        row, column = wrong[0]
        where = f"{path}: {table.columns[column]} on {history.dates[row]}"
        raise RiskError(where, f"{values[row, column]:g} is no daily return", "give fractions, 0.01 for 1%")
    return Factors(table.columns, values)


def portfolio_weights(name: str, history: History, protocol: Protocol) -> Array:
    """Weights of a portfolio on every day, each known the day before.

    Args:
        name: One of PORTFOLIOS, or of the portfolios that the history has recorded weights of.
        history: Closes.
        protocol: Window and interval, which minimum variance uses.

    Returns:
        (days, assets), fractions of NAV, summing to one but for the cash of recorded weights; zero before the first
        forecast of a portfolio that is estimated.

    Raises:
        RiskError: If there is no such portfolio, or the closes lack its stocks.
    """
    days, assets = history.returns.shape
    if name in history.held:
        return np.tile(np.array(history.held[name]), (days, 1))
    if name == "minimum variance":
        return _minimum_variance(history.returns, protocol)
    fixed = np.full(assets, 1 / assets)
    if name == "concentrated":
        fixed = np.full(assets, 0.5 / max(assets - 1, 1))
        fixed[0] = 1.0 - fixed[1:].sum()
    elif name == "demo":
        missing = sorted(set(DEMO) - set(history.symbols))
        if missing:
            raise RiskError("portfolio 'demo'", f"no closes of {', '.join(missing)}", "choose another portfolio")
        fixed = np.array([1 / len(DEMO) if symbol in DEMO else 0.0 for symbol in history.symbols])
    elif name != "equal weight":
        known = ", ".join((*PORTFOLIOS, *history.held))
        raise RiskError(f"portfolio '{name}'", "unknown", f"choose from {known}")
    return np.tile(fixed, (days, 1))


def current_weights(name: str, history: History, window: int) -> Array:
    """Weights of a portfolio after the last day of a history.

    Args:
        name: One of PORTFOLIOS.
        history: Closes.
        window: Returns that minimum variance is found from.

    Returns:
        (assets,), fractions of NAV, summing to one.

    Raises:
        RiskError: If there is no such portfolio, the closes lack its stocks, or there is no return.
    """
    if not history.dates:
        raise RiskError("closes of one day", "no return", "give a longer history")
    if name == "minimum variance" and name not in history.held:
        return _least_variance(history.returns[-window:])
    found: Array = portfolio_weights(name, history, Protocol(window))[-1]
    return found


def backtest(
    history: History,
    models: Sequence[Model | SteppedModel],
    portfolios: Sequence[str],
    protocol: Protocol,
    test_level: float = 0.95,
    progress: Callable[[int], None] = lambda _: None,
    factors: Factors | None = None,
) -> tuple[list[Result], dict[tuple[str, str], Track]]:
    """Every model on every portfolio.

    Args:
        history: Closes.
        models: Models to judge.
        portfolios: Names from PORTFOLIOS.
        protocol: How forecasts are made.
        test_level: Confidence of the tests.
        progress: Called with 1 after every day of every model.
        factors: Given factors on the history's days, for models that take them.

    Returns:
        The results by model, portfolio and level, and the forecasts behind them by model and portfolio.

    Raises:
        RiskError: If the history is too short, a name is unknown, or factors are missing or taken by no model.
    """
    if factors is not None and not any(isinstance(model, GivenFactorModel) for model in models):
        raise RiskError("factors", "no model takes them", "add --model 'factors student' or 'single-index student'")
    weights = np.stack([portfolio_weights(name, history, protocol) for name in portfolios], axis=1)
    results, found = [], {}
    for model in models:
        tracks, notes = roll(model, history.returns, weights, protocol, progress, factors)
        for portfolio, track in zip(portfolios, tracks, strict=True):
            found[model.name, portfolio] = track
            for index, level in enumerate(protocol.levels):
                outcomes = tuple(track.outcomes(index, test_level))
                exceeded, days = int(track.exceeded(index).sum()), track.returns.size
                expected = days * (1 - level)
                results.append(Result(model.name, portfolio, level, exceeded, expected, outcomes, notes))
    return results, found


def passes_holm(outcomes: Sequence[Outcome], test_level: float) -> bool:
    """True if no test of a family rejects after Holm's correction, with which a right family seldom fails at all.

    Source: Holm (1979), "A simple sequentially rejective multiple test procedure", Scandinavian J. of Statistics 6.
    Some test rejects exactly if the smallest p-value is at most (1 - test_level) / tests.
    """
    return min(outcome.p_value for outcome in outcomes) > (1 - test_level) / len(outcomes)


def _minimum_variance(returns: Array, protocol: Protocol) -> Array:
    found = np.zeros_like(returns)
    for day in range(protocol.window, returns.shape[0], protocol.refit):
        found[day : day + protocol.refit] = _least_variance(returns[day - protocol.window : day])
    return found


def _least_variance(window: Array) -> Array:
    # The solver takes a second to import, and only this portfolio needs it.
    from keepers.portfolio.optimise import minimum_variance

    return minimum_variance(estimate(window, float("inf")).matrix, 1.0)
