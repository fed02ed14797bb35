"""Portfolios over a history of closes, day by day: the market, the risk bot, the breaker, the rebalance bot. No I/O.

The events of a day come in the order in which they come on a chain: the close reaches the oracle and arbitrage the
pools; the risk bot posts its model, works the breaker and takes a checkpoint; the rebalance bot decides once under the
model; the risk bot looks at what the trades left. A model or decision sees closes up to that day and none after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from keepers.backtest.arithmetic import WAD
from keepers.backtest.desk import SimulatedDesk
from keepers.backtest.errors import BacktestError
from keepers.backtest.pools import Listing, depths_of, pools_at
from keepers.backtest.portfolio import Fill, Moment, SimulatedPortfolio
from keepers.backtest.terms import ProtocolTerms
from keepers.backtest.universe import Universe
from keepers.errors import Waiting
from keepers.market.close_time import close_of
from keepers.market.prices import Prices
from keepers.rebalancing.advice import advise
from keepers.rebalancing.breaker import relapsed, state_due, steps_due
from keepers.rebalancing.decision import Decided, Refusal, rebalance
from keepers.rebalancing.settings import RebalanceSettings
from keepers.risk.model_terms import ModelTerms
from keepers.routing.pools import Pool
from keepers.signals.errors import SignalError
from keepers.signals.regimes.forecast import RegimeModel
from keepers.signals.signal import Advice, Observed

Array = NDArray[np.float64]

FEED_UNITS = 10**8
"""A Chainlink feed in USD has eight decimals."""
_FEED_TO_WAD = WAD // FEED_UNITS
DAY = 86_400


@dataclass(frozen=True)
class Participant:
    """A portfolio to replay.

    Attributes:
        name: Name in tables.
        settings: Settings of its rebalance bot.
        regime_model: Called for the model of the regime, where the settings follow one.
    """

    name: str
    settings: RebalanceSettings
    regime_model: Callable[[], RegimeModel]


@dataclass(frozen=True)
class Day:
    """A portfolio at the end of a day.

    Attributes:
        day: Trading day.
        nav: WAD USD.
        share_price: WAD settlement tokens, net of fees.
        weights: Fractions of NAV, cash first.
        state: State of the breaker.
        outcome, reason: Decision of the rebalance bot; "waiting" where it waits for time to pass.
        model: Name of the model that decided.
        confidence: Probability that the signal gave what it acted on.
        fills: What was traded.
        refusals: Refusals on the way, each with the bound that refused.
        reached: NAV at the day's prices before trading, WAD USD.
        fee_shares: Shares that were issued to the recipient of fees, so far.
    """

    day: date
    nav: int
    share_price: int
    weights: tuple[float, ...]
    state: str
    outcome: str
    reason: str
    model: str
    confidence: float
    fills: tuple[Fill, ...]
    refusals: tuple[Refusal, ...]
    reached: int
    fee_shares: int = 0

    @property
    def cost(self) -> int:
        """Loss of the day's trades at the oracle's prices, WAD USD."""
        return self.reached - self.nav

    @property
    def turnover(self) -> float:
        """Half of what was sold and bought, as a fraction of NAV."""
        moved = sum(fill.value_in + fill.value_out for fill in self.fills)
        return moved / 2 / self.reached if self.reached else 0.0


@dataclass
class Track:
    """Everything that happened to one portfolio.

    Attributes:
        name: Name of the portfolio.
        days: Ends of days.
        fallbacks: (day, reason) of signals that could not decide.
    """

    name: str
    days: list[Day] = field(default_factory=list)
    fallbacks: list[tuple[date, str]] = field(default_factory=list)


class Market:
    """Pools after each close; a test puts those of a chain in its place.

    Args:
        listing: Assets.
        terms: Costs.
    """

    def __init__(self, listing: Listing, terms: ProtocolTerms) -> None:
        self.listing = listing
        self._terms = terms

    def pools(self, day: date, prices: Sequence[int]) -> tuple[Pool, ...]:
        """Pools at prices, WAD USD a whole token, the settlement token first."""
        return pools_at(self.listing, prices, self._terms.costs)


@dataclass(frozen=True)
class Span:
    """Closes to replay.

    Attributes:
        prices: Closes, with those before the first day that keepers know from the start.
        first: Row of the first day.
        capital: USD that each portfolio begins with.
        market: Closes of the market that a signal reads; None where none does.
        seed: Seed of the simulated tails.

    Raises:
        BacktestError: If there is no day to replay.
    """

    prices: Prices
    first: int
    capital: int = 10_000_000
    market: Array | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.first < len(self.prices.dates) - 1:
            asked = f"{self.prices.dates[self.first]}" if self.first < len(self.prices.dates) else "the first day"
            raise BacktestError(asked, "leaves fewer than two days, or no close before it", "choose another start")


def oracle_prices(closes: Array) -> tuple[int, ...]:
    """WAD USD of closes as a feed with eight decimals gives them, the settlement token at one dollar first."""
    return (WAD, *(round(float(close) * FEED_UNITS) * _FEED_TO_WAD for close in closes))


class Replay:
    """One run over a span.

    Args:
        span: Closes.
        participants: Portfolios, distinct names.
        terms: Terms of the protocol, the same for all.
        model_terms: How the risk bot estimates.
        market: Pools after each close; those of `terms` where none is given.
    """

    def __init__(
        self,
        span: Span,
        participants: Sequence[Participant],
        terms: ProtocolTerms,
        model_terms: ModelTerms,
        market: Market | None = None,
    ) -> None:
        self._span, self._terms = span, terms
        self._market = market or Market(Listing.of(span.prices.symbols), terms)
        self._universe = Universe(model_terms, terms.steps, terms.model_lifetime, span.seed, terms.tails_every)
        opened = close_of(span.prices.dates[span.first - 1]) + terms.delay
        self._returns = span.prices.returns()
        self._runs = [_Run(each, self._market.listing, terms, opened) for each in participants]
        start = self._moment(span.first - 1, opened, self._pools(span.first - 1))
        for run in self._runs:
            run.portfolio.deposit(span.capital * 10 ** self._market.listing.decimals[0], start)

    def run(self, progress: Callable[[int], None] = lambda _: None) -> Mapping[str, Track]:
        """All days.

        Args:
            progress: Called with 1 after every day.

        Returns:
            The outcomes, by name of the portfolio.
        """
        for row in range(self._span.first, len(self._span.prices.dates)):
            self._live(row)
            progress(1)
        return {run.track.name: run.track for run in self._runs}

    def fees(self) -> Mapping[str, float]:
        """Fraction of all shares that the recipient of fees has, or is owed, by name of the portfolio."""
        found = {}
        for run in self._runs:
            book = run.portfolio.book
            found[run.track.name] = (book.collected + book.owed) / (book.supply + book.owed)
        return found

    def _live(self, row: int) -> None:
        """One day."""
        span, day = self._span, self._span.prices.dates[row]
        closed_at = close_of(day)
        prices = oracle_prices(span.prices.closes[row])
        self._universe.close(self._returns[:row], prices[1:], closed_at, closed_at + self._terms.delay)
        pools = self._pools(row)
        moment = self._moment(row, closed_at + self._terms.delay, pools)
        known = None if span.market is None else span.market[: row + 1]
        observed = Observed(span.prices.dates[: row + 1], span.prices.closes[: row + 1], known)
        for run in self._runs:
            run.live(day, moment, pools, observed, row)

    def _pools(self, row: int) -> tuple[Pool, ...]:
        return self._market.pools(self._span.prices.dates[row], oracle_prices(self._span.prices.closes[row]))

    def _moment(self, row: int, now: int, pools: Sequence[Pool]) -> Moment:
        prices = oracle_prices(self._span.prices.closes[row])
        depths = depths_of(self._market.listing, prices, pools, self._terms.depth_fall_bps)
        return Moment(now, prices, depths, self._universe.model)


class _Run:
    """One portfolio, and the two bots that look after it."""

    def __init__(self, participant: Participant, listing: Listing, terms: ProtocolTerms, opened: int) -> None:
        self.portfolio = SimulatedPortfolio(listing, terms, opened)
        self.track = Track(participant.name)
        self._participant = participant
        self._last: int | None = None

    def live(self, day: date, moment: Moment, pools: Sequence[Pool], observed: Observed, number: int) -> None:
        """One day after its close."""
        portfolio = self.portfolio
        reached = sum(portfolio.values(moment.prices))
        self._work_breaker(moment)
        portfolio.checkpoint(moment)
        settings = self._participant.settings
        desk = SimulatedDesk(portfolio, moment, settings, pools, lambda: self._advice(observed), number)
        decided = self._decide(desk)
        if desk.fills:
            self._work_breaker(moment)
        portfolio.take_fees(moment)
        values = portfolio.values(moment.prices)
        nav = sum(values)
        self.track.days.append(
            Day(
                day=day,
                nav=nav,
                share_price=portfolio.share_price(moment),
                weights=tuple(value / nav for value in values),
                state=portfolio.breaker.name,
                outcome=decided.outcome if isinstance(decided, Decided) else "waiting",
                reason=decided.reason,
                model=decided.advice.model if isinstance(decided, Decided) else settings.model,
                confidence=decided.advice.confidence if isinstance(decided, Decided) else 0.0,
                fills=desk.fills,
                refusals=tuple(desk.refusals),
                reached=reached,
                fee_shares=portfolio.book.collected,
            )
        )

    def _decide(self, desk: SimulatedDesk) -> Decided | Waiting:
        """The decision; one that has to wait is decided again under the next day's model."""
        try:
            decided = rebalance(desk, self._participant.settings, self._last, f"day {desk.block}")
        except Waiting as error:
            return error
        if decided.proposal is not None:
            self._last = desk.now if decided.proposal.complete else None
        return decided

    def _advice(self, observed: Observed) -> Advice:
        def fell_back(error: SignalError) -> None:
            self.track.fallbacks.append((observed.dates[-1], str(error)))

        return advise(self._participant.settings, self._participant.regime_model, lambda: observed, fell_back)

    def _work_breaker(self, moment: Moment) -> None:
        """RiskBot's triggers: trips, ends a recovery that relapsed, starts a recovery or ends it."""
        view = self.portfolio.view(moment)
        if steps_due(view) > 0 or view.metrics is None or relapsed(view):
            self.portfolio.trip(moment)
        elif state_due(view) == "Normal" and view.state != "Normal":
            self.portfolio.recover(moment)
