"""A portfolio's shares in Python's integers, fees and price band included: what the chain has to say, to the wei.

The books are the backtester's, so that they are held against the chain; this file adds what holders do.
One asset beside cash. Rounding is written where it happens, by the direction that docs/portfolio.md gives.
"""

from __future__ import annotations

from dataclasses import replace

from keepers.backtest.arithmetic import BPS, WAD, divide_up
from keepers.backtest.refusals import Rejected
from keepers.backtest.shares import FeeTerms, Quote, ShareBook

MOST = 2**128 - 1
USD = 10**6


class Model:
    """The portfolio; every method takes the block's time and leaves what the chain should have, or says why not."""

    def __init__(
        self, management: int, performance: int, period: int, jump: int, opened: int, *, stock_price: int = 0
    ) -> None:
        self.book = ShareBook(FeeTerms(management, performance, period, jump), opened)
        self.cash = self.stock = self.held = 0
        self.stock_price = stock_price

    @property
    def performance(self) -> int:
        """Basis points of the gain."""
        return self.book.terms.performance_bps

    # -- Values

    def total(self) -> int:
        value = self.cash * WAD // USD + self.stock * self.stock_price // WAD
        return value * USD // WAD

    def issued(self) -> int:
        return self.book.issued

    def quote(self, now: int) -> Quote:
        return self.book.quote(self.total(), now)

    def known(self, now: int) -> Quote:
        """Without a price: at the last one."""
        book, gross = self.book, self.book.last
        if book.last > book.mark:
            gross += (book.last - book.mark) * self.performance // (BPS - self.performance)
        return book.quote_of(max(1, gross * book.base(now)), now)

    def band(self, q: Quote, now: int) -> tuple[int, int]:
        return self.book.band(q, now)

    def is_fair(self, q: Quote, now: int) -> bool:
        return self.book.is_fair(q, now)

    def shares_for(self, assets: int, q: Quote, leaving: bool = False) -> int:
        """For a deposit, or for a withdrawal."""
        gross_assets = self.total() + 1
        return divide_up(assets * q.exit_supply, gross_assets) if leaving else assets * q.supply // gross_assets

    def assets_for(self, shares: int, q: Quote, leaving: bool = False) -> int:
        """For a redemption, or for a mint."""
        gross_assets = self.total() + 1
        return shares * gross_assets // q.exit_supply if leaving else divide_up(shares * gross_assets, q.supply)

    def max_withdraw(self, now: int) -> int:
        q = self.quote(now)
        return min(self.assets_for(self.held, q, leaving=True), self.cash) if self.is_fair(q, now) else 0

    def max_redeem(self, now: int) -> int:
        """At most so many that they are worth no more than the cash."""
        q = self.quote(now)
        if not self.is_fair(q, now):
            return 0
        most = min(self.held, self.cash * q.exit_supply // (self.total() + 1))
        return most if self.assets_for(most, q, leaving=True) else 0

    # -- What people do

    def deposit(self, assets: int, now: int) -> int:
        shares = self.book.deposit(assets, self.total(), now)
        self.cash, self.held = self.cash + assets, self.held + shares
        return shares

    def mint(self, shares: int, now: int) -> int:
        q = self.book.priced(self.total(), now)
        assets = self.assets_for(shares, q)
        self.book.enter(q, now, assets, shares)
        self.cash, self.held = self.cash + assets, self.held + shares
        return assets

    def withdraw(self, assets: int, now: int) -> int:
        q = self.book.priced(self.total(), now)
        shares = self.shares_for(assets, q, leaving=True)
        self._leave(q, now, shares)
        self.cash -= assets
        return shares

    def redeem(self, shares: int, now: int) -> int:
        q = self.book.priced(self.total(), now)
        assets = self.assets_for(shares, q, leaving=True)
        self._leave(q, now, shares)
        self.cash -= assets
        return assets

    def redeem_in_kind(self, shares: int, now: int, priced: bool) -> list[int]:
        q = self.known(now)
        if priced and ((at_now := self.quote(now)).pending < q.pending or self.is_fair(at_now, now)):
            q = at_now
        self._leave(q, now, shares)
        legs = [self.cash * shares // q.exit_supply, self.stock * shares // q.exit_supply]
        self.cash, self.stock = self.cash - legs[0], self.stock - legs[1]
        return legs

    def crystallise(self, now: int) -> str:
        """The error with which the chain refuses it; empty if it passes."""
        try:
            self.book.crystallise(self.total(), now)
        except Rejected as refusal:
            return refusal.error
        return ""

    def collect(self, now: int) -> int:
        return self.book.collect(now)

    def set_fees(self, management: int, performance: int, period: int, now: int) -> None:
        book = self.book
        if performance > self.performance:
            q = book.priced(self.total(), now)
            gain = q.gain * self.performance // performance
            book.settle(q, now, q.gross_assets - gain, q.base, 0)
        else:
            book.settle(Quote(0, book.base(now), 0, 0), now, 0, 1, 0)
        book.terms = replace(book.terms, management_bps=management, performance_bps=performance, period=period)

    def _leave(self, q: Quote, now: int, shares: int) -> None:
        """The mark stays."""
        book = self.book
        book.owed, book.accrued_at = q.base - book.issued + shares * q.pending // q.supply, now
        book.supply, self.held = book.supply - shares, self.held - shares
