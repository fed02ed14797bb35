"""Requests, parts, cancellations, deposits, exits, prices: the redemption queue beside Python, to the unit."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.protocol import WAD
from tests.isolation import isolated
from tests.reverts import reverts

USD = 10**6
VIRTUAL = 10**6
START = 10**12
LEAST = 10 * WAD
WHO = st.integers(0, 2)
PARTS = st.integers(1, 100)
STEPS = st.one_of(
    st.tuples(st.just("deposit"), WHO, st.integers(1, 10**13)),
    st.tuples(st.just("request"), WHO, PARTS),
    st.tuples(st.just("request"), WHO, PARTS),
    st.tuples(st.just("cancel"), st.integers(0, 20)),
    st.tuples(st.just("fulfil"), st.integers(1, 6)),
    st.tuples(st.just("fulfil"), st.integers(1, 6)),
    st.tuples(st.just("withdraw"), WHO, PARTS),
    st.tuples(st.just("in kind"), WHO, PARTS),
    st.tuples(st.just("move"), st.integers(10 * 10**8, 200 * 10**8)),
    st.tuples(st.just("donate"), st.integers(1, 10**12)),
    st.tuples(st.just("stocks"), st.integers(1, 10**22)),
)
JUMPS = ("move", "donate", "stocks")
"""Steps that move the price of a share, which somebody then accepts: the price guard is another test's."""


@dataclass
class Entry:
    """A request; `shares` is 0 once it has ended."""

    owner: int
    shares: int


@dataclass
class Model:
    """A portfolio of cash (10^-6 dollars) and a stock (10^-18), and who waits. Integers as on chain."""

    price: int
    cash: int = 0
    stocks: int = 0
    supply: int = 0
    shares: list[int] = field(default_factory=lambda: [0] * 3)
    claims: list[int] = field(default_factory=lambda: [0] * 3)
    line: list[Entry] = field(default_factory=list)
    first: int = 0

    @property
    def total(self) -> int:
        """Smallest units of the settlement token, at one dollar."""
        return (self.cash * WAD // USD + self.stocks * self.price // WAD) * USD // WAD

    def bound(self, who: int) -> int:
        """Sum of the owner's requests."""
        return sum(entry.shares for entry in self.line if entry.owner == who)

    @property
    def free_cash(self) -> int:
        """Beyond what waits, which is rounded up."""
        waiting = sum(entry.shares for entry in self.line)
        return max(0, self.cash + (waiting * (self.total + 1) // -(self.supply + VIRTUAL)))

    def assets_for(self, shares: int, total: int | None = None) -> int:
        """Rounded down."""
        return shares * ((self.total if total is None else total) + 1) // (self.supply + VIRTUAL)

    def shares_for(self, assets: int, total: int | None = None) -> int:
        """Rounded down."""
        return assets * (self.supply + VIRTUAL) // ((self.total if total is None else total) + 1)

    def max_withdraw(self, who: int) -> int:
        """The maximum that free shares are worth and free cash pays."""
        return min(self.assets_for(self.shares[who] - self.bound(who)), self.free_cash)

    def deposit(self, who: int, assets: int) -> int:
        """Shares, 0 if they round to that: then nothing happens."""
        if shares := self.shares_for(assets):
            self.cash += assets
            self.mint(who, shares)
        return shares

    def mint(self, who: int, shares: int) -> None:
        """Negative: burns."""
        self.supply += shares
        self.shares[who] += shares

    def withdraw(self, who: int, assets: int) -> int:
        """Shares burnt, rounded up."""
        shares = -(assets * (self.supply + VIRTUAL) // -(self.total + 1))
        self.cash -= assets
        self.mint(who, -shares)
        return shares

    def in_kind(self, who: int, shares: int) -> list[int]:
        """Parts of cash and stock; requests of the owner end if it needs their shares."""
        if self.shares[who] - shares < self.bound(who):
            for entry in self.line:
                if entry.owner == who:
                    entry.shares = 0
        parts = [self.cash * shares // (self.supply + VIRTUAL), self.stocks * shares // (self.supply + VIRTUAL)]
        self.mint(who, -shares)
        self.cash, self.stocks = self.cash - parts[0], self.stocks - parts[1]
        return parts

    def fulfil(self, most: int) -> tuple[int, int]:
        """How many got something, and how much in all: first come, first served."""
        total, filled, paid = self.total, 0, 0
        while most and self.first < len(self.line):
            entry = self.line[self.first]
            most -= 1
            if entry.shares:
                left = total - paid
                burnt = min(entry.shares, self.shares_for(self.cash, left))
                assets = self.assets_for(burnt, left)
                if not assets and burnt < entry.shares:
                    break
                if not assets:
                    entry.shares = 0
                else:
                    filled, paid = filled + 1, paid + assets
                    entry.shares -= burnt
                    self.cash -= assets
                    self.claims[entry.owner] += assets
                    self.mint(entry.owner, -burnt)
                if entry.shares:
                    break
            self.first += 1
        return filled, paid


@pytest.fixture
def holders(investor, counterparty, spender, register, usd, admin):
    """Three eligible ones with all the cash they may want."""
    for account in (investor, counterparty, spender):
        register(account)
        usd.mint(account, 10**24, sender=admin)
    return [investor, counterparty, spender]


@pytest.fixture
def open_portfolio(create_portfolio, universe, usd, holders):
    """`open_portfolio()`: a portfolio of cash and one stock, in which every holder has a million dollars."""

    def made():
        portfolio = create_portfolio(assets=universe.stocks[:1])
        for account in holders:
            usd.approve(portfolio, 10**24, sender=account)
            portfolio.deposit(START, account, sender=account)
        return portfolio

    return made


@settings(
    max_examples=settings.default.max_examples // 3,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(steps=st.lists(STEPS, min_size=4, max_size=16))
def test_any_life__chain_and_model_agree_to_the_unit(
    open_portfolio, holders, redemption_queue, fee_manager, universe, usd, issuer, admin, keeper, manager, chain, steps
):
    with isolated(chain):
        portfolio = open_portfolio()
        model = Model(price=50 * WAD)
        for who in range(3):
            model.deposit(who, START)
        # Half of it in stocks, so that cash runs short.
        for step in [("stocks", 6 * 10**22), *steps]:
            act(step, portfolio, redemption_queue, model, holders, universe, usd, issuer, admin, keeper)
            if step[0] in JUMPS:
                fee_manager.acceptPrice(portfolio, 0, 2**256 - 1, sender=manager)
            compare(portfolio, redemption_queue, model, holders, usd)


def act(step, portfolio, queue, model, holders, universe, usd, issuer, admin, keeper):
    """Does one step on both sides; what the model refuses, the chain has to refuse."""
    what, *arguments = step
    holder = holders[arguments[0]] if len(arguments) == 2 else None
    if what == "deposit":
        who, assets = arguments
        if model.shares_for(assets):
            shares = portfolio.deposit(assets, holder, sender=holder).return_value
            assert shares == model.deposit(who, assets)
    elif what == "request":
        who, part = arguments
        shares = (model.shares[who] - model.bound(who)) * part // 100
        if model.assets_for(shares) * WAD // USD < LEAST:
            with reverts(queue.RedemptionQueue__TooSmall):
                queue.requestRedeem(portfolio, shares, holder, holder, sender=holder)
        else:
            request = queue.requestRedeem(portfolio, shares, holder, holder, sender=holder).return_value
            assert request == queue.idOf(portfolio, len(model.line))
            model.line.append(Entry(who, shares))
    elif what == "cancel":
        cancelled(arguments[0], portfolio, queue, model, holders)
    elif what == "fulfil":
        receipt = queue.fulfil(portfolio, arguments[0], sender=keeper)
        assert tuple(receipt.return_value) == model.fulfil(arguments[0])
    elif what == "withdraw":
        who, part = arguments
        if assets := model.max_withdraw(who) * part // 100:
            shares = portfolio.withdraw(assets, holder, holder, sender=holder).return_value
            assert shares == model.withdraw(who, assets)
    elif what == "in kind":
        who, part = arguments
        if shares := model.shares[who] * part // 100:
            receipt = portfolio.redeemInKind(shares, holder, holder, sender=holder)
            assert list(receipt.return_value) == model.in_kind(who, shares)
    elif what == "move":
        universe.feeds[0].setAnswer(arguments[0], sender=admin)
        model.price = arguments[0] * 10**10
    elif what == "donate":
        usd.mint(portfolio, arguments[0], sender=admin)
        model.cash += arguments[0]
    elif what == "stocks":
        universe.stocks[0].mint(portfolio, arguments[0], sender=issuer)
        model.stocks += arguments[0]


def cancelled(which, portfolio, queue, model, holders):
    """One of the requests ever made, by its owner."""
    if not model.line:
        return
    which %= len(model.line)
    entry, request = model.line[which], queue.idOf(portfolio, which)
    holder = holders[entry.owner]
    if not entry.shares:
        with reverts(queue.RedemptionQueue__NoRequest, request):
            queue.cancelRedeemRequest(request, sender=holder)
        return
    assert queue.cancelRedeemRequest(request, sender=holder).return_value == entry.shares
    entry.shares = 0


def compare(portfolio, queue, model, holders, usd):
    """Everything that the queue and the portfolio say."""
    assert portfolio.totalSupply() == model.supply
    assert portfolio.totalAssets() == model.total
    assert portfolio.totalClaimable(usd) == sum(model.claims)
    assert portfolio.totalQueuedShares() == sum(entry.shares for entry in model.line)
    assert tuple(queue.lineOf(portfolio)) == (model.first, len(model.line))
    for who, holder in enumerate(holders):
        assert portfolio.balanceOf(holder) == model.shares[who]
        assert portfolio.queuedShares(holder) == model.bound(who)
        assert portfolio.claimable(usd, holder) == model.claims[who]
        assert portfolio.maxWithdraw(holder) == model.max_withdraw(who)
    for position, entry in enumerate(model.line):
        request = queue.idOf(portfolio, position)
        assert queue.pendingRedeemRequest(request, holders[entry.owner]) == entry.shares
