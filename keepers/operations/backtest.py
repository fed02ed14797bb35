"""A backtest of portfolios over a history of closes: what is replayed, and what the numbers are."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keepers.backtest.errors import BacktestError
from keepers.backtest.replay import Day, Participant, Replay, Span, Track
from keepers.bots.signals import open_regime_model, read_model
from keepers.market.packaged import sp500_index
from keepers.market.prices import Prices
from keepers.operations.backtest_config import BacktestSettings
from keepers.operations.risk_backtest import History, read_accepted
from keepers.portfolio.benchmarks import buy_and_hold, equal_weight
from keepers.portfolio.overfitting import BLOCKS, Deflated, Overfitting, deflated_sharpe, overfitting
from keepers.portfolio.performance import TRADING_DAYS, Performance, alpha_beta, performance
from keepers.portfolio.state import WAD
from keepers.rebalancing.settings import RebalanceSettings
from keepers.signals.regimes.bootstrap import interval, resampled_means
from keepers.signals.regimes.forecast import RegimeModel

Array = NDArray[np.float64]

BASELINES = ("equal weight", "buy and hold")
"""Paths of the same assets without limits, costs or cash."""
EXCESS_BLOCK, EXCESS_RESAMPLES, EXCESS_SEED = 63, 10_000, 2022
"""Mean block in days, number and seed of the resamples that the interval of an excess return is of."""
_HISTORY = TRADING_DAYS
"""Closes before the first day where none is named: a year, which momentum looks back."""
_MOST_ASSETS = 31
"""Risky assets that a portfolio has room for on chain."""


@dataclass(frozen=True)
class Score:
    """The numbers of one portfolio.

    Attributes:
        performance: Numbers of its share price, net of fees and costs.
        alpha, beta: Jensen's alpha a year and beta, to equal weight.
        deflated: Sharpe ratio after so many trials.
        turnover: Half of what was sold and bought, fractions of NAV a year.
        cost: Loss of trades at the oracle's prices, fraction of NAV a year.
        fees: Fraction of all shares that the recipient of fees has in the end.
        rebalances, trades: Numbers of them.
        refused: Number of refusals by the name of the bound.
        states: Number of days in each state of the breaker.
        fallbacks: Number of decisions for which the signal could not decide.
    """

    performance: Performance
    alpha: float
    beta: float
    deflated: Deflated
    turnover: float
    cost: float
    fees: float
    rebalances: int
    trades: int
    refused: Mapping[str, int]
    states: Mapping[str, int]
    fallbacks: int


@dataclass(frozen=True)
class Excess:
    """Mean return above equal weight with its 95% interval, fractions a year.

    Attributes:
        mean: Mean of daily differences times the days of a year.
        low, high: Ends of the interval by the stationary bootstrap.
    """

    mean: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Study:
    """Everything that a backtest follows from.

    Attributes:
        settings: Settings.
        history: Closes that were given, with their hash and what the gate noted.
        span: Closes that are replayed.
        participants: Portfolios.
    """

    settings: BacktestSettings
    history: History
    span: Span
    participants: tuple[Participant, ...]

    @property
    def days(self) -> tuple[date, ...]:
        """Days of the replay."""
        return self.span.prices.dates[self.span.first :]

    @property
    def trials(self) -> int:
        """Strategies that were tried until these were chosen."""
        return self.settings.trials or len(self.participants)


@dataclass(frozen=True, eq=False)
class Finding:
    """Outcome of a backtest.

    Attributes:
        study: What it follows from.
        tracks: What happened, by name of the portfolio.
        fees: Fraction of all shares that the recipient of fees has in the end, by name.
    """

    study: Study
    tracks: Mapping[str, Track]
    fees: Mapping[str, float]

    @cached_property
    def baselines(self) -> Mapping[str, Array]:
        """(days,), value of one unit of each baseline, invested at the close of the first day."""
        closes = self.study.span.prices.closes[self.study.span.first :]
        return dict(zip(BASELINES, (equal_weight(closes), buy_and_hold(closes)), strict=True))

    def values(self, name: str) -> Array:
        """(days,), value of one unit of a portfolio or baseline; of a portfolio net of fees and costs."""
        if name in self.baselines:
            return self.baselines[name]
        return np.array([day.share_price / WAD for day in self.tracks[name].days])

    def returns(self, name: str) -> Array:
        """(days,), simple daily returns; the first has the costs of the first investment."""
        values = np.concatenate([[1.0], self.values(name)])
        found: Array = values[1:] / values[:-1] - 1
        return found

    @cached_property
    def scores(self) -> Mapping[str, Score]:
        """Numbers of every portfolio."""
        sharpes = [performance(self.returns(name), periods=1).sharpe for name in self.tracks]
        known = [value for value in sharpes if math.isfinite(value)]
        variance = float(np.var(known, ddof=1)) if len(known) > 1 else None
        return {name: self._score(track, variance) for name, track in self.tracks.items()}

    @cached_property
    def excess(self) -> Mapping[str, Excess]:
        """Returns above equal weight, by portfolio; all are judged on the same resampled days."""
        names = tuple(self.tracks)
        base = self.returns(BASELINES[0])
        apart: Array = np.column_stack([self.returns(name) - base for name in names])
        apart *= TRADING_DAYS
        low, high = interval(resampled_means(apart, EXCESS_BLOCK, EXCESS_RESAMPLES, EXCESS_SEED))
        ends = zip(names, apart.mean(axis=0), low, high, strict=True)
        return {name: Excess(float(mean), float(first), float(last)) for name, mean, first, last in ends}

    @cached_property
    def overfitting(self) -> Overfitting | None:
        """Probability of overfitting in choosing among the portfolios; None for fewer than two, or too few days."""
        if len(self.tracks) < 2 or len(self.study.days) < 2 * BLOCKS:
            return None
        return overfitting(np.column_stack([self.returns(name) for name in self.tracks]))

    def _score(self, track: Track, variance: float | None) -> Score:
        returns, days = self.returns(track.name), track.days
        years = len(days) / TRADING_DAYS
        alpha, beta = alpha_beta(returns, self.returns(BASELINES[0]))
        refusals = [refusal.error for day in days for refusal in day.refusals]
        return Score(
            performance=performance(returns),
            alpha=alpha,
            beta=beta,
            deflated=deflated_sharpe(returns, self.study.trials, variance),
            turnover=sum(day.turnover for day in days) / years,
            cost=sum(day.cost / day.reached for day in days) / years,
            fees=self.fees[track.name],
            rebalances=sum(bool(day.fills) for day in days),
            trades=sum(len(day.fills) for day in days),
            refused=dict(Counter(refusals).most_common()),
            states=dict(Counter(day.state for day in days).most_common()),
            fallbacks=len(track.fallbacks),
        )


def prepare(settings: BacktestSettings, base: Path, named: Mapping[str, RebalanceSettings]) -> Study:
    """Reads closes and models, and refuses what cannot be replayed, before anything is computed.

    Args:
        settings: Settings.
        base: Folder that paths are relative to.
        named: Portfolios beside those of the settings, by name.

    Raises:
        PriceError: If closes cannot be read or used, or the gate refuses them.
        BacktestError: If a portfolio, stock or day cannot be used, or a model was trained on days that are replayed.
        SignalError: If a model's file cannot be opened.
    """
    portfolios = {**settings.portfolios, **named}
    if not portfolios:
        raise BacktestError("portfolios", "none is named", "give --strategy, or portfolios in the config")
    if reserved := sorted(set(portfolios) & set(BASELINES)):
        raise BacktestError(f"portfolio '{reserved[0]}'", "is the name of a baseline", "choose another name")
    if settings.trials is not None and settings.trials < len(portfolios):
        raise BacktestError(f"{settings.trials} trials", f"fewer than the {len(portfolios)} portfolios", "count all")
    prices, quality = read_accepted(settings.closes(base))
    held, market = _split(prices, settings, portfolios)
    span = _span(held, market, settings)
    first = span.prices.dates[span.first]
    participants = tuple(
        Participant(name, found, _model(name, found, base, first)) for name, found in portfolios.items()
    )
    return Study(settings, History.of(prices, quality), span, participants)


def run(study: Study, progress: Callable[[int], None] = lambda _: None) -> Finding:
    """Replays a study.

    Args:
        study: What to replay.
        progress: Called with 1 after every day.
    """
    settings = study.settings
    replay = Replay(study.span, study.participants, settings.terms, settings.risk.terms)
    return Finding(study, replay.run(progress), replay.fees())


def _split(
    prices: Prices, settings: BacktestSettings, portfolios: Mapping[str, RebalanceSettings]
) -> tuple[Prices, Array | None]:
    """Closes of what is held, and those of the market that signals read."""
    markets = {found.regime.market for found in portfolios.values() if found.regime.enabled}
    if len(markets) > 1:
        raise BacktestError(f"markets {', '.join(sorted(markets))}", "more than one", "compare signals of one market")
    packaged = settings.data.prices is None
    market: Array | None = None
    if markets and packaged:
        market = sp500_index().closes[:, 0]
    elif markets:
        market = prices.closes[:, _column(prices, *markets)]
    apart = set() if packaged else markets
    wanted = settings.stocks or tuple(symbol for symbol in prices.symbols if symbol not in apart)
    if not 1 <= len(set(wanted)) == len(wanted) <= _MOST_ASSETS:
        raise BacktestError(f"{len(wanted)} stocks", f"not 1 to {_MOST_ASSETS} distinct ones", "choose with `stocks`")
    columns = [_column(prices, symbol) for symbol in wanted]
    return Prices(prices.dates, wanted, prices.closes[:, columns]), market


def _column(prices: Prices, symbol: str) -> int:
    if symbol not in prices.symbols:
        raise BacktestError(f"closes of {symbol}", "not among the closes", f"choose from {', '.join(prices.symbols)}")
    return prices.symbols.index(symbol)


def _span(held: Prices, market: Array | None, settings: BacktestSettings) -> Span:
    """The days that are replayed, with all closes before them."""
    dates = held.dates
    end = settings.end or dates[-1]
    rows = sum(day <= end for day in dates)
    first = _HISTORY if settings.start is None else sum(day < settings.start for day in dates)
    if not 0 < first < rows - 1:
        asked = f"{settings.start or 'a year of closes'} to {end}"
        known = f"closes run from {dates[0]} to {dates[-1]}"
        raise BacktestError(asked, f"{known}, and two days after a close before them are needed", "choose other days")
    kept = Prices(dates[:rows], held.symbols, held.closes[:rows])
    return Span(kept, first, settings.capital, None if market is None else market[:rows])


def _model(name: str, settings: RebalanceSettings, base: Path, first: date) -> Callable[[], RegimeModel]:
    """The model of a portfolio's regime, opened once.

    Raises:
        BacktestError: If it was trained on a day that is replayed.
        SignalError: If its file cannot be opened.
    """

    def none() -> RegimeModel:
        raise BacktestError(f"portfolio '{name}'", "follows no regime", "enable rebalance.regime")

    if not settings.regime.enabled:
        return none
    model = open_regime_model(read_model(base / settings.regime.file), None)
    until = model.trained_until
    if until >= first:
        raise BacktestError(f"portfolio '{name}'", f"its model was trained until {until}", "start on a later day")
    return lambda: model


def trades_of(track: Track, symbols: Sequence[str]) -> list[tuple[Day, str, float, float]]:
    """Day, symbol, USD bought (negative for a sale) and cost in USD of every trade."""
    found = []
    for day in track.days:
        for fill in day.fills:
            bought = fill.sold == 0
            symbol = symbols[(fill.bought if bought else fill.sold) - 1]
            usd = fill.value_in / WAD if bought else -fill.value_in / WAD
            found.append((day, symbol, usd, (fill.value_in - fill.value_out) / WAD))
    return found
