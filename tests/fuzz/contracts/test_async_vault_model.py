"""Requests, fills in parts, cancellations, claims by shares and by assets: the ERC-7540 vault beside Python books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import ape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.protocol import WAD, YEAR
from tests.isolation import isolated

WHO = st.integers(0, 2)
PARTS = st.integers(1, 100)
STEPS = st.one_of(
    st.tuples(st.just("request"), WHO, WHO, PARTS),
    st.tuples(st.just("cancel"), st.integers(0, 20)),
    st.tuples(st.just("fulfil"), st.integers(1, 6)),
    st.tuples(st.just("fulfil"), st.integers(1, 6)),
    st.tuples(st.just("cash"), st.integers(1, 1500)),
    st.tuples(st.just("redeem"), WHO, PARTS),
    st.tuples(st.just("withdraw"), WHO, PARTS),
)
THOUSAND = 1000
LEAST_SHARES = 20
"""Whole shares: worth more than the queue's least request while no price falls."""


@dataclass
class Request:
    """In shares: asked = pending + filled + given back."""

    id: int
    controller: int
    asked: int
    pending: int
    filled: int = 0
    claimed: int = 0


@dataclass
class Books:
    """A controller's claims, kept request by request instead of in sums."""

    requests: list[Request] = field(default_factory=list)
    assets: list[int] = field(default_factory=lambda: [0] * 3)
    credited: list[int] = field(default_factory=lambda: [0] * 3)
    paid: list[int] = field(default_factory=lambda: [0] * 3)

    def of(self, controller: int) -> list[Request]:
        """In the order of asking."""
        return [request for request in self.requests if request.controller == controller]

    def claimable(self, controller: int) -> int:
        """Shares."""
        return sum(request.filled - request.claimed for request in self.of(controller))

    def fill(self, id_: int, shares: int, assets: int) -> None:
        request = next(request for request in self.requests if request.id == id_)
        request.pending -= shares
        request.filled += shares
        self.assets[request.controller] += assets
        self.credited[request.controller] += assets

    def claim(self, controller: int, shares: int, assets: int) -> None:
        """The requests that were filled first count as claimed first."""
        self.assets[controller] -= assets
        self.paid[controller] += assets
        for request in self.of(controller):
            part = min(shares, request.filled - request.claimed)
            request.claimed += part
            shares -= part
        assert shares == 0


@dataclass
class WaitingVault:
    """A portfolio that is short of cash, its vault, and three accounts that hold, control and claim."""

    portfolio: Any
    vault: Any
    queue: Any
    token: Any
    accounts: Sequence[Any]
    books: Books
    admin: Any

    def request(self, owner: int, controller: int, part: int) -> None:
        holder = self.accounts[owner]
        free = self.portfolio.balanceOf(holder) - self.portfolio.queuedShares(holder)
        shares = free * part // 100
        if shares < LEAST_SHARES * 10 ** self.portfolio.decimals():
            return
        made = self.vault.requestRedeem(shares, self.accounts[controller], holder, sender=holder)
        self.books.requests.append(Request(int(made.return_value), controller, shares, shares))

    def cancel(self, which: int) -> None:
        waiting = [request for request in self.books.requests if request.pending]
        if not waiting:
            return
        request = waiting[which % len(waiting)]
        self.queue.cancelRedeemRequest(request.id, sender=self.accounts[request.controller])
        request.pending = 0

    def fulfil(self, most: int) -> None:
        receipt = self.queue.fulfil(self.portfolio, most, sender=self.admin)
        for log in receipt.decode_logs(self.queue.RequestFilled):
            self.books.fill(log.requestId, log.shares, log.assets)

    def cash(self, amount: int) -> None:
        self.token.mint(self.portfolio, amount * 10 ** self.token.decimals(), sender=self.admin)

    def redeem(self, who: int, part: int) -> None:
        account, claimable = self.accounts[who], self.books.claimable(who)
        shares = claimable * part // 100
        assets = shares * self.books.assets[who] // claimable if claimable else 0
        if assets:
            assert self.vault.redeem(shares, account, account, sender=account).return_value == assets
            self.books.claim(who, shares, assets)

    def withdraw(self, who: int, part: int) -> None:
        account, most = self.accounts[who], self.books.assets[who]
        if assets := most * part // 100:
            shares = -(self.books.claimable(who) * assets // -most)
            assert self.vault.withdraw(assets, account, account, sender=account).return_value == shares
            self.books.claim(who, shares, assets)

    def compare(self) -> None:
        """Both sides, and that nothing is lost or made."""
        assert self.portfolio.claimable(self.token, self.vault) == self.portfolio.totalClaimable(self.token)
        assert self.portfolio.totalClaimable(self.token) == sum(self.books.assets)
        assert self.token.balanceOf(self.vault) == 0
        for who, account in enumerate(self.accounts):
            assert self.vault.maxRedeem(account) == self.books.claimable(who)
            assert self.vault.maxWithdraw(account) == self.books.assets[who]
            assert self.books.credited[who] == self.books.assets[who] + self.books.paid[who]
        for request in self.books.requests:
            account = self.accounts[request.controller]
            assert self.vault.pendingRedeemRequest(request.id, account) == request.pending
            assert self.vault.claimableRedeemRequest(request.id, account) == request.filled - request.claimed
            assert request.pending + request.filled <= request.asked


@settings(
    max_examples=settings.default.max_examples // 3,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(decimals=st.sampled_from((0, 6, 8, 18)), steps=st.lists(STEPS, min_size=4, max_size=14))
def test_any_life__requested_is_pending_claimable_claimed_or_given_back(
    create_settlement,
    create_feed,
    create_portfolio,
    portfolio_factory,
    redemption_queue,
    fee_manager,
    universe,
    issuer,
    investor,
    counterparty,
    spender,
    manager,
    admin,
    chain,
    decimals,
    steps,
):
    with isolated(chain):
        token = create_settlement("USD", decimals)
        create_feed(token, 1, heartbeat=YEAR)
        portfolio = create_portfolio(settlement=token)
        vault = ape.project.AsyncVault.at(portfolio_factory.vaultOf(portfolio))
        accounts = (investor, counterparty, spender)
        for account in accounts:
            token.mint(account, THOUSAND * 10**decimals, sender=admin)
            token.approve(vault, THOUSAND * 10**decimals, sender=account)
            vault.deposit(THOUSAND * 10**decimals, account, sender=account)
        # Two thirds of it in stocks, so that cash runs short.
        universe.stocks[0].mint(portfolio, 6 * THOUSAND * WAD // 50, sender=issuer)
        world = WaitingVault(portfolio, vault, redemption_queue, token, accounts, Books(), admin)
        for what, *arguments in [("cash", 1), *steps]:
            getattr(world, what)(*arguments)
            if what == "cash":
                fee_manager.acceptPrice(portfolio, 0, 2**256 - 1, sender=manager)
            world.compare()
