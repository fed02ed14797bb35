"""Any deposits, exits, prices, terms and years: a portfolio's fees beside Python, to the wei."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from keepers.backtest.arithmetic import exp_wad
from tests.fixtures.protocol import DAY, WAD, YEAR
from tests.fuzz.contracts.share_model import MOST, Model
from tests.isolation import isolated
from tests.reverts import reverts

MARGIN = 40 * YEAR
FEES = (150, 2000, 30 * DAY)
JUMP = 4000
PARTS = st.integers(1, 100)
STEPS = st.one_of(
    st.tuples(st.just("deposit"), st.integers(1, 10**13)),
    st.tuples(st.just("mint"), st.integers(1, 10**19)),
    st.tuples(st.sampled_from(["withdraw", "redeem", "in kind", "in kind, unpriced"]), PARTS),
    st.tuples(st.just("price"), st.integers(50, 170)),
    st.tuples(st.just("donate"), st.integers(1, 10**12)),
    st.tuples(st.sampled_from(["crystallise", "collect"])),
    st.tuples(st.just("fees"), st.integers(0, 500), st.integers(0, 3000), st.integers(1, 90)),
    st.tuples(st.just("wait"), st.integers(1, 200 * DAY)),
)


@pytest.fixture(scope="session")
def make(
    create_portfolio, create_settlement, create_feed, covariance_models, fee_manager, usd, investor, manager, admin
):
    """`make(recipient)`: an empty portfolio of cash and one stock, its stock and the stock's feed."""

    def made(recipient):
        stock = create_settlement("STOCK", 18)
        # A life is longer than a year: no price of it may grow stale.
        create_feed(usd, 1, heartbeat=MARGIN)
        feed = create_feed(stock, 100, heartbeat=MARGIN)
        covariance_models.createUniverse(b"\7" * 32, [stock], sender=manager)
        portfolio = create_portfolio(
            assets=[stock], universe_id=b"\7" * 32, fees=(*FEES, recipient), policy=(0, JUMP, 0)
        )
        usd.mint(investor, 10**24, sender=admin)
        usd.approve(portfolio, 10**24, sender=investor)
        return portfolio, stock, feed

    return made


class Life:
    """The same life on the chain and in the model."""

    def __init__(self, portfolio, stock, feed, book, usd, investor, recipient, manager, admin, chain):
        self.portfolio, self.stock, self.feed, self.book = portfolio, stock, feed, book
        self.usd, self.investor, self.recipient, self.manager = usd, investor, recipient, manager
        self.admin, self.chain = admin, chain
        opened = book.feeState(portfolio).crystallisedAt
        self.model = Model(*FEES, JUMP, opened, stock_price=100 * WAD)

    def at_once(self):
        """The time of the next transaction, which is known before."""
        now = self.chain.blocks.head.timestamp + 7
        self.chain.pending_timestamp = now
        return now

    def act(self, step):
        what, *arguments = step
        getattr(self, "_" + what.replace(", ", "_").replace(" ", "_"))(*arguments)

    def _refused(self, now, call, *arguments):
        """Whether the price is out of its band; then the chain has to say so."""
        if self.model.is_fair(self.model.quote(now), now):
            return False
        with reverts(self.book.FeeManager__PriceJumped):
            call(*arguments, sender=self.investor)
        return True

    def _deposit(self, assets):
        now, call = self.at_once(), self.portfolio.deposit
        if self.model.shares_for(assets, self.model.quote(now)) == 0 or self._refused(now, call, assets, self.investor):
            return
        assert call(assets, self.investor, sender=self.investor).return_value == self.model.deposit(assets, now)

    def _mint(self, shares):
        now, call = self.at_once(), self.portfolio.mint
        if self._refused(now, call, shares, self.investor):
            return
        assert call(shares, self.investor, sender=self.investor).return_value == self.model.mint(shares, now)

    def _withdraw(self, part):
        now, call = self.at_once(), self.portfolio.withdraw
        q = self.model.quote(now)
        assets = min(self.model.assets_for(self.model.held, q, leaving=True), self.model.cash) * part // 100
        who = (self.investor, self.investor)
        if assets and not self._refused(now, call, assets, *who):
            receipt = call(assets, *who, sender=self.investor)
            assert receipt.return_value == self.model.withdraw(assets, now)

    def _redeem(self, part):
        now, call = self.at_once(), self.portfolio.redeem
        q = self.model.quote(now)
        shares = self.model.max_redeem(now) * part // 100
        who = (self.investor, self.investor)
        if self.model.assets_for(shares, q, leaving=True) and not self._refused(now, call, shares, *who):
            receipt = call(shares, *who, sender=self.investor)
            assert receipt.return_value == self.model.redeem(shares, now)

    def _in_kind(self, part, priced=True):
        shares = self.model.held * part // 100
        if shares == 0:
            return
        now = self.at_once()
        receipt = self.portfolio.redeemInKind(shares, self.investor, self.investor, sender=self.investor)
        assert list(receipt.return_value) == self.model.redeem_in_kind(shares, now, priced)

    def _in_kind_unpriced(self, part):
        """The feed says nothing for a moment."""
        answer = self.feed.latestRoundData()[1]
        self.feed.setAnswer(0, sender=self.admin)
        self._in_kind(part, priced=False)
        self.feed.setAnswer(answer, sender=self.admin)

    def _price(self, percent):
        answer = min(max(self.feed.latestRoundData()[1] * percent // 100, 10**8), 10**13)
        self.feed.setAnswer(answer, sender=self.admin)
        self.model.stock_price = answer * 10**10

    def _donate(self, dollars):
        """Stock, worth so many millionths of a dollar at its first price."""
        amount = dollars * 10**10
        self.stock.mint(self.portfolio, amount, sender=self.admin)
        self.model.stock += amount

    def _crystallise(self):
        refusal = self.model.crystallise(self.at_once())
        if refusal:
            with reverts(getattr(self.book, refusal)):
                self.book.crystallise(self.portfolio, sender=self.investor)
        else:
            self.book.crystallise(self.portfolio, sender=self.investor)

    def _collect(self):
        owed = self.model.collect(self.at_once())
        if owed:
            assert self.book.collectFees(self.portfolio, sender=self.investor).return_value == owed
        else:
            with reverts(self.book.FeeManager__NoFee, self.portfolio):
                self.book.collectFees(self.portfolio, sender=self.investor)

    def _fees(self, management, performance, days):
        now = self.at_once()
        terms = (management, performance, days * DAY, self.recipient)
        if performance > self.model.performance and not self.model.is_fair(self.model.quote(now), now):
            with reverts(self.book.FeeManager__PriceJumped):
                self.book.setFees(self.portfolio, terms, sender=self.manager)
            return
        self.book.setFees(self.portfolio, terms, sender=self.manager)
        self.model.set_fees(management, performance, days * DAY, now)

    def _wait(self, seconds):
        self.chain.mine(timestamp=self.chain.blocks.head.timestamp + seconds)

    def compare(self):
        """Everything that shares are priced by."""
        now, portfolio, model = self.chain.blocks.head.timestamp, self.portfolio, self.model
        q = model.quote(now)
        low, high = model.band(q, now)
        assert portfolio.totalSupply() == model.book.supply
        assert portfolio.balanceOf(self.recipient) == model.book.collected
        assert portfolio.totalAssets() == model.total()
        state = self.book.feeState(portfolio)
        assert state.owed == q.base - model.issued()
        assert (state.crystallisedAt, state.highWaterMark, state.lastPrice) == (
            model.book.crystallised_at,
            model.book.mark,
            model.book.last,
        )
        told = self.book.quote(portfolio, model.total(), model.book.supply)
        assert tuple(told.q) == (q.gross_assets, q.base, q.base - model.issued(), q.gain, q.pending)
        assert (told.price_, told.low, told.high) == (q.price, low, high)
        assert portfolio.sharePrice() == (model.total() + 1) * 10**24 // q.supply
        assert portfolio.convertToAssets(10**24) == model.assets_for(10**24, q, leaving=True)
        assert portfolio.previewWithdraw(10**6) == model.shares_for(10**6, q, leaving=True)
        assert portfolio.maxWithdraw(self.investor) == model.max_withdraw(now)
        assert portfolio.maxRedeem(self.investor) == model.max_redeem(now)


@settings(
    max_examples=settings.default.max_examples // 3,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@example(steps=[("wait", 200 * DAY)] * 16)
@example(steps=[("redeem", 100)])
@given(steps=st.lists(STEPS, min_size=1, max_size=16))
def test_any_life__chain_and_model_agree_to_the_wei(
    make, fee_manager, usd, investor, counterparty, manager, admin, chain, steps
):
    with isolated(chain):
        portfolio, stock, feed = make(counterparty)
        life = Life(portfolio, stock, feed, fee_manager, usd, investor, counterparty, manager, admin, chain)
        for step in [("deposit", 10**12), ("donate", 5 * 10**11), *steps]:
            life.act(step)
            life.compare()


@given(x=st.integers(0, 5 * WAD))
def test_exp__any_rate_and_time__within_a_wei_of_the_true_one(x):
    """The model's growth beside Decimal's, which knows nothing of the chain's approximation."""
    with localcontext() as context:
        context.prec = 60
        true = (Decimal(x) / WAD).exp() * WAD
    assert abs(exp_wad(x) - true) <= max(Decimal(2), true / 10**17)
    assert exp_wad(x) >= WAD


FLOWS = st.lists(
    st.one_of(
        st.tuples(st.just("deposit"), st.integers(10**6, 10**14)),
        st.tuples(st.sampled_from(["redeem", "in kind"]), PARTS),
        st.tuples(st.just("price"), st.integers(60, 160)),
        st.tuples(st.just("wait"), st.integers(1, 100 * DAY)),
        st.tuples(st.just("crystallise")),
    ),
    max_size=60,
)


@settings(max_examples=10 * settings.default.max_examples)
@given(management=st.integers(0, 500), performance=st.integers(0, 3000), flows=FLOWS, mover=st.integers(10**6, 10**13))
def test_flows__any_moment_of_years__a_mover_costs_others_nothing(management, performance, flows, mover):
    """In the model, which is the chain's to the wei: who enters and leaves again lowers no price, at any moment."""
    model, now = Model(management, performance, 30 * DAY, 10_000, 0, stock_price=100 * WAD), 1
    model.deposit(10**12, now)
    model.stock += 5 * 10**21
    for what, *arguments in flows:
        now += 12
        if what == "wait":
            now += arguments[0]
        elif what == "price":
            model.stock_price = min(max(model.stock_price * arguments[0] // 100, WAD), 10**5 * WAD)
        elif what == "crystallise":
            model.crystallise(now)
        elif what == "in kind":
            model.redeem_in_kind(model.held * arguments[0] // 200, now, True)
        elif not model.is_fair(model.quote(now), now):
            continue
        elif what == "deposit":
            model.deposit(arguments[0], now)
        else:
            model.redeem(model.max_redeem(now) * arguments[0] // 200, now)
    q = model.quote(now)
    if not model.is_fair(q, now):
        return
    owed = q.base - model.issued()
    shares = model.deposit(mover, now)
    entered = model.quote(now)
    assert entered.gross_assets * q.supply >= q.gross_assets * entered.supply, "the price fell by a deposit"
    assert entered.pending <= q.pending, "a deposit made a fee"
    assert model.redeem(min(shares, model.max_redeem(now)), now) <= mover
    left = model.quote(now)
    assert left.gross_assets * q.supply >= q.gross_assets * left.supply, "the price fell by an exit"
    assert q.price >= MOST or left.base - model.issued() >= owed, "an exit took owed shares"
