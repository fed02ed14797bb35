"""The replay: every trading day's close, what the keepers make of it, and what investors do meanwhile."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from web3.contract.contract import ContractFunction

from keepers.portfolio.state import STATES, WAD
from scripts._lib.demo.chain import Mined
from scripts._lib.demo.data import Closes, HistoryFile, close_time
from scripts._lib.demo.environment import Environment
from scripts._lib.demo.errors import DemoError
from scripts._lib.demo.keepers import Keepers
from scripts._lib.demo.market import SETTLEMENT_DECIMALS

USD = 10**SETTLEMENT_DECIMALS
CALM = STATES[:2]
"""States of a portfolio that is inside its limits."""
FIRST_DEPOSITS = {"alpine": 6_000_000, "berlin": 2_500_000, "boston": 1_500_000}
KILL_WITHIN_SECONDS = 0.3
"""A kill comes at a random moment this soon after a day's close, while keepers are at work."""


@dataclass(frozen=True)
class Day:
    """The chain's state at the end of a day. Numbers are fractions of NAV unless they say otherwise.

    Attributes:
        day: Trading day.
        nav: USD.
        share_price: Settlement tokens per share.
        var95, var99: One-day value at risk of the holdings after the day's trades.
        components: VaR 99% by symbol; sums to var99.
        drawdown: Fall from the high-water mark.
        state: State of the breaker.
        weights: Weights by symbol, cash first.
        outcome, reason: Decision of the rebalance bot.
    """

    day: date
    nav: float
    share_price: float
    var95: float
    var99: float
    components: dict[str, float]
    drawdown: float
    state: str
    weights: dict[str, float]
    outcome: str
    reason: str


@dataclass(frozen=True)
class Refusal:
    """Somebody whom the chain turned away."""

    who: str
    reason: str


@dataclass
class Replay:
    """One replay.

    Attributes:
        environment, keepers, closes, history: Parts that it runs on.
        first, count: Index of the first day, and how many.
        days: Ends of days so far.
        refusals: Refusals in order.
        events: (day, sentence), for the report.
    """

    environment: Environment
    keepers: Keepers
    closes: Closes
    history: HistoryFile
    first: int
    count: int
    days: list[Day] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    events: list[tuple[date, str]] = field(default_factory=list)
    _random: random.Random = field(default_factory=lambda: random.Random(2020))
    _killed_in_crash: bool = False

    def begin(self) -> None:
        """Deposits, and the two who may not."""
        for name, usd in FIRST_DEPOSITS.items():
            self._deposit(name, usd)
        self._refused(
            "Caracas, an investor from a country that is not allowed",
            self._portfolio.deposit(1_000_000 * USD, self._who("caracas")),
            "caracas",
        )

    def run(self, on_day: Callable[[Day], None]) -> None:
        """All days."""
        errands = self._errands()
        for number in range(self.count):
            self._live(number, errands.get(number, []))
            on_day(self.days[-1])

    def prices(self) -> list[int]:
        """Closes of the last day, USD with 8 decimals."""
        return self.closes.prices(self.first + self.count - 1)

    # -- One day

    def _live(self, number: int, errands: list[Callable[[], None]]) -> None:
        day = self.closes.days[self.first + number]
        self.environment.market.open_day(close_time(day), self.closes.prices(self.first + number))
        if self.history.append_next() != day:
            raise DemoError(f"the history file is not at {day}")
        if self._is_kill_day(number):
            time.sleep(self._random.uniform(0, KILL_WITHIN_SECONDS))
            self.keepers.kill_and_restart()
            self.events.append((day, "both keepers killed and restarted"))
        decision = self.keepers.wait_for_day(close_time(day))
        for errand in errands:
            errand()
        self.days.append(self._end_of(day, decision.outcome, decision.reason))
        self._note_change()

    def _is_kill_day(self, number: int) -> bool:
        """Once in calm weather, once on the day after a limit was first broken, or late if none ever was."""
        if number == self.count // 4:
            return True
        crashing = bool(self.days) and self.days[-1].state not in CALM
        if not self._killed_in_crash and (crashing or number == self.count * 9 // 10):
            self._killed_in_crash = True
            return True
        return False

    def _end_of(self, day: date, outcome: str, reason: str) -> Day:
        portfolio = self.environment.protocol.portfolio
        engine = self.environment.protocol.contract("RiskEngine").functions
        metrics = engine.metrics(portfolio.address).call()
        nav, _, var95, var99, _, share_price, _, drawdown = (number / WAD for number in metrics[:8])
        parts = engine.componentVar(portfolio.address).call()
        if sum(parts) != metrics[3]:
            raise DemoError(f"component VaR sums to {sum(parts)}, not to {metrics[3]}")
        _, _, values, _ = portfolio.functions.positions().call()
        names = ("cash", *self.environment.market.symbols)
        weights = {name: value / sum(values) for name, value in zip(names, values, strict=True)}
        components = {name: part / WAD for name, part in zip(names, parts, strict=True)}
        state = STATES[engine.stateOf(portfolio.address).call()]
        return Day(day, nav, share_price, var95, var99, components, drawdown, state, weights, outcome, reason)

    def _note_change(self) -> None:
        today = self.days[-1]
        before = self.days[-2].state if len(self.days) > 1 else STATES[0]
        if today.state != before:
            # A keeper's trades under a breach show how far inside it brought the portfolio.
            acted = f"; {today.reason}" if today.state != STATES[0] else ""
            self.events.append((today.day, f"{before} to {today.state}{acted}"))

    # -- Investors

    def _errands(self) -> dict[int, list[Callable[[], None]]]:
        """Returns the actions of investors by number of the day, spread over the replay, whatever its length."""
        plan: list[tuple[float, Callable[[], None]]] = [
            (0.02, self._lapsed_deposit),
            (0.25, lambda: self._deposit("geneva", 1_500_000)),
            (0.35, lambda: self._withdraw("alpine", 100_000)),
            (0.50, lambda: self._redeem_in_kind("boston", 4)),
            (0.60, lambda: self._deposit("berlin", 500_000)),
            (0.75, lambda: self._withdraw("geneva", 75_000)),
            (0.85, lambda: self._redeem_in_kind("boston", 5)),
            (0.90, lambda: self._send_stock("boston", "alpine")),
            (0.90, self._send_to_stranger),
            (0.95, lambda: self._deposit("geneva", 250_000)),
        ]
        errands: dict[int, list[Callable[[], None]]] = {}
        for share, errand in plan:
            errands.setdefault(int(share * self.count), []).append(errand)
        return errands

    def _deposit(self, name: str, usd: int) -> None:
        who = self._who(name)
        self.environment.chain.send(who, self._portfolio.deposit(usd * USD, who))

    def _withdraw(self, name: str, usd: int) -> None:
        """Withdraws cash, at most what the cash at hand and the investor's shares allow."""
        who = self._who(name)
        amount = min(usd * USD, self._portfolio.maxWithdraw(who).call())
        if amount:
            self.environment.chain.send(who, self._portfolio.withdraw(amount, who, who))

    def _redeem_in_kind(self, name: str, part: int) -> None:
        """One part in so many of an investor's shares, for a part of every asset."""
        who = self._who(name)
        shares = self._portfolio.balanceOf(who).call() // part
        self.environment.chain.send(who, self._portfolio.redeemInKind(shares, who, who))

    def _send_stock(self, sender: str, receiver: str) -> None:
        token = self.environment.protocol.token(self.environment.market.symbols[0]).functions
        amount = token.balanceOf(self._who(sender)).call() // 2
        self.environment.chain.send(self._who(sender), token.transfer(self._who(receiver), amount))

    def _lapsed_deposit(self) -> None:
        who = self._who("lapsed")
        self._refused(
            "Lapsed, an investor whose KYC has expired", self._portfolio.deposit(500_000 * USD, who), "lapsed"
        )

    def _send_to_stranger(self) -> None:
        token = self.environment.protocol.token(self.environment.market.symbols[0]).functions
        call = token.transfer(self._who("stranger"), 10**18)
        self._refused("Boston, sending stock to somebody unregistered", call, "boston")

    def _refused(self, who: str, call: ContractFunction, sender: str) -> None:
        self.refusals.append(Refusal(who, require_refusal(self.environment.chain.try_send(self._who(sender), call))))

    def _who(self, name: str) -> str:
        return str(getattr(self.environment.accounts, name))

    @property
    def _portfolio(self) -> Any:
        return self.environment.protocol.portfolio.functions


def require_refusal(mined: Mined) -> str:
    """The decoded reason of a transaction that must not have gone through.

    Raises:
        DemoError: If it went through.
    """
    if mined.revert is None:
        raise DemoError(f"transaction {mined.receipt['transactionHash']} should have been refused")
    return mined.revert.text
