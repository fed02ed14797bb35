"""A thief with every keeper key, the mempool and some of the listed venues, against a portfolio.

What it can do in any order: sign signals for any weights and route them over hostile pools, real pools, or both, in one
several hops; move the real pools' prices around its own trades; replay; post covariance models; wait; use price moves
and other people's deposits. What it cannot: list a venue, feed the oracle, or act for governance.

The bound (I2): the losses of trading in any window of `WINDOW` seconds sum to at most `BUDGET_BPS` of NAV.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any

import ape
import pytest
from ape.exceptions import ContractLogicError
from hypothesis import HealthCheck, given, settings, target
from hypothesis import strategies as st

from scripts.artifacts import package_artifact
from scripts.venues.uniswap import V2_FEE_PIPS
from tests.fixtures.portfolio import (
    BUDGET_BPS,
    HOUR,
    LIMITS,
    PRICES,
    USD,
    WINDOW,
    Desk,
    Universe,
    buy_each,
    flat_covariance,
    model_for,
    order,
    order_of_paths,
    signed,
)
from tests.fixtures.protocol import DAY, INSTITUTIONAL, WAD
from tests.fuzz.worst import note_bound
from tests.isolation import isolated

BPS, PIPS = 10_000, 1_000_000
VENUE_USD = 10**10
"""What a hostile pool has to pay with, a side: more than any order here."""
THIEF_USD = 50_000_000
ROUNDING = 10**6
"""Of 1e18, a window: the recorder's own divisions."""

stocks = st.integers(0, len(PRICES) - 1)
rates = st.one_of(st.integers(9_900, 10_010), st.integers(9_900, 9_999), st.integers(5_000, 10_200))
parts = st.integers(1, BPS)
legs = st.tuples(st.sampled_from(["buy", "sell", "switch", "split"]), stocks, parts, rates)
trades = st.tuples(st.just("trade"), st.lists(legs, min_size=1, max_size=3))
bleedings = st.tuples(st.just("bleed"), st.sampled_from(["buy", "sell"]), stocks, st.integers(9_000, 10_050))
acts = st.one_of(
    trades,
    trades,
    bleedings,
    bleedings,
    st.tuples(st.just("wait"), st.integers(HOUR, WINDOW // 3)),
    st.tuples(st.just("sandwich"), stocks, parts, st.integers(1, THIEF_USD // 2)),
    st.tuples(st.just("replay")),
    st.tuples(st.just("model"), st.integers(90, 400)),
    st.tuples(st.just("wait"), st.integers(60, 2 * DAY)),
    st.tuples(st.just("price"), stocks, st.integers(8_500, 11_500)),
    st.tuples(st.just("deposit"), st.integers(1, 1_000_000)),
    st.tuples(st.just("exit"), st.integers(1, BPS // 2)),
    st.tuples(st.sampled_from(["trip", "recover"])),
)


@dataclass
class Thief:
    """Acts, and keeps the books that the invariants are about.

    Attributes:
        losses: (time, part of NAV in WAD) of every rebalance that stood.
        last: The last signal that stood, with its orders and signatures.
    """

    chain: Any
    portfolio: Any
    desk: Desk
    universe: Universe
    usd: Any
    pools: list[Any]
    pairs: list[Any]
    risk: Any
    models: Any
    key: Any
    investor: Any
    give_usd: Any
    post_model: Any
    admin: Any
    losses: list[tuple[int, int]] = field(default_factory=list)
    last: tuple[Any, Any, Any] | None = None
    executed: int = 0

    def do(self, act: tuple[Any, ...]) -> None:
        getattr(self, act[0])(*act[1:])

    # -- What it does

    def trade(self, wanted: list[tuple[str, int, int, int]]) -> None:
        orders: list[int] = []
        moves = dict.fromkeys(range(len(PRICES)), 0)
        balances, values = self.portfolio.positions()[1:3]
        for kind, stock, part, rate in wanted:
            other = (stock + 1) % len(PRICES)
            sold = 0 if kind in ("buy", "split") else stock + 1
            amount = balances[sold] * part // BPS // len(wanted)
            if amount == 0:
                continue
            value = values[sold] * amount // balances[sold]
            orders += self._order(kind, stock, other, amount, rate)
            if sold:
                moves[stock] -= value
            if kind == "switch":
                moves[other] += value
            if not sold:
                moves[stock] += value
        if orders:
            self._run(orders, moves)

    def bleed(self, kind: str, stock: int, fill: int) -> None:
        """Takes so much of what the bucket has room for, in one bite."""
        level, capacity, _ = self.portfolio.lossBucket()
        values = self.portfolio.positions()[2]
        value = values[0 if kind == "buy" else stock + 1]
        bite = (capacity - level) * fill // BPS * sum(values) // WAD
        size = min(10 * bite, value)
        if 0 < bite < size:
            self.trade([(kind, stock, size * BPS // value, BPS - bite * BPS // size)])

    def sandwich(self, stock: int, part: int, dollars: int) -> None:
        """Buys before the portfolio does, in the real pair, and sells afterwards."""
        token = self.universe.stocks[stock]
        amount = self.portfolio.positions()[1][0] * part // BPS
        if amount == 0:
            return
        had = token.balanceOf(self.desk.sender)
        self._swap(stock, self.usd, token, dollars * USD)
        self._run(self._through(stock, self.usd, token, amount), {stock: amount * WAD // USD})
        self._swap(stock, token, self.usd, token.balanceOf(self.desk.sender) - had)

    def replay(self) -> None:
        if self.last is None:
            return
        with pytest.raises(ContractLogicError):
            self.desk.rebalancer.rebalance(*self.last, sender=self.desk.sender)

    def model(self, percent: int) -> None:
        """With the stolen key alone: the chain takes what its step bounds allow."""
        volatility = 0.01 * (percent / 100) ** 0.5
        model = model_for(
            self.models,
            self.universe,
            self.chain.pending_timestamp,
            flat_covariance(len(PRICES), volatility),
        )
        try:
            self.models.postModel(model, signed(self.models.hashModel(model), self.key), sender=self.desk.sender)
        except ContractLogicError:
            return

    # -- What happens around it

    def wait(self, seconds: int) -> None:
        self.chain.mine(deltatime=seconds)
        if self.models.modelOf(self.universe.id).asOf < self.chain.pending_timestamp - 5 * DAY:
            self.post_model()

    def price(self, stock: int, bps: int) -> None:
        feed = self.universe.feeds[stock]
        feed.setAnswer(feed.latestRoundData()[1] * bps // BPS + 1, sender=self.admin)

    def deposit(self, dollars: int) -> None:
        self.give_usd(self.investor, dollars)
        self.usd.approve(self.portfolio, dollars * USD, sender=self.investor)
        try:
            self.portfolio.deposit(dollars * USD, self.investor, sender=self.investor)
        except ContractLogicError:
            return

    def exit(self, part: int) -> None:
        """I5: nothing that the thief did may refuse it."""
        shares = self.portfolio.balanceOf(self.investor) * part // BPS
        if shares:
            self.portfolio.redeemInKind(shares, self.investor, self.investor, sender=self.investor)

    def trip(self) -> None:
        self._try(self.risk.trip)

    def recover(self) -> None:
        self._try(self.risk.recover)

    # -- What has to hold

    def worst_window(self) -> int:
        """Largest sum of losses in any window, WAD."""
        return max(
            (
                sum(loss for then, loss in self.losses[first:] if then - since <= WINDOW)
                for first, (since, _) in enumerate(self.losses)
            ),
            default=0,
        )

    # -- Internals

    def _run(self, orders: list[int], moves: dict[int, int]) -> None:
        """Signs for the weights that fair prices would lead to, any band, any slippage, any turnover."""
        before = self.portfolio.positions()
        total = sum(before[2])
        targets = [max(before[2][k + 1] + moves.get(k, 0), 0) * WAD // total for k in range(len(PRICES))]
        if sum(targets) > WAD:
            return
        signal = self.desk.signal(self.portfolio, [WAD - sum(targets), *targets], orders, band=BPS)
        signatures = self.desk.sign(signal)
        metrics = self.risk.metrics(self.portfolio)
        try:
            receipt = self.desk.rebalancer.rebalance(signal, orders, signatures, sender=self.desk.sender)
        except ContractLogicError:
            return
        self.executed += 1
        self.last = (signal, orders, signatures)
        after = self.portfolio.positions()
        lost = total - sum(after[2])
        if lost > 0:
            self.losses.append((receipt.timestamp, lost * WAD // total))
        assert self.worst_window() <= BUDGET_BPS * WAD // BPS + ROUNDING
        self._check_limits(metrics, before[2], after[2])
        self._check_transfers(receipt)

    def _check_limits(self, metrics: Any, before: list[int], after: list[int]) -> None:
        """I3: inside each limit, or strictly closer."""
        now = self.risk.metrics(self.portfolio)
        most_var, most_weight = LIMITS[0] * WAD // BPS, LIMITS[1] * WAD // BPS
        assert now.var99 <= most_var or now.var99 < metrics.var99
        for was, is_ in zip(before[1:], after[1:], strict=True):
            weight = is_ * WAD // sum(after)
            assert weight <= most_weight or weight < was * WAD // sum(before)

    def _check_transfers(self, receipt: Any) -> None:
        """I1: what left the portfolio went to listed venues, and nothing but listed assets moved at all."""
        assets = [str(asset) for asset in self.portfolio.assets()]
        assert assets == [self.usd.address, *(stock.address for stock in self.universe.stocks)]
        venues = {str(pool.address) for pool in (*self.pools, *self.pairs)}
        moved = [log for log in receipt.decode_logs(self.usd.Transfer)]
        for log in moved:
            assert log.contract_address in assets
            if str(log["from"]) == self.portfolio.address:
                assert str(log["to"]) in venues

    def _order(self, kind: str, stock: int, other: int, amount: int, rate: int) -> Any:
        token, usd = self.universe.stocks[stock], self.usd
        if kind == "switch":
            out = self.universe.stocks[other]
            cash = self._set_rate(stock, token, usd, amount, rate)
            self._set_rate(other, usd, out, cash, rate)
            return self._make(token, out, amount, [[self.pools[stock], self.pools[other]]])
        sold, bought = (token, usd) if kind == "sell" else (usd, token)
        if kind == "split" and amount > 1:
            self._set_rate(stock, sold, bought, amount // 2, rate)
            return self._make(sold, bought, amount, [[self.pools[stock]], [self.pairs[stock]]])
        self._set_rate(stock, sold, bought, amount, rate)
        return self._make(sold, bought, amount, [[self.pools[stock]]])

    def _through(self, stock: int, sold: Any, bought: Any, amount: int) -> Any:
        return order(self.portfolio, sold, bought, amount, str(self.pairs[stock].address))

    def _make(self, sold: Any, bought: Any, amount: int, paths: list[list[Any]]) -> Any:
        each, made = amount // len(paths), []
        for place, pools in enumerate(paths):
            tokens = [sold, self.usd, bought] if len(pools) == 2 else [sold, bought]
            hops = [
                (str(pool.address), int(str(a.address), 16) < int(str(b.address), 16))
                for pool, a, b in zip(pools, tokens, tokens[1:], strict=False)
            ]
            made.append((amount - each * (len(paths) - 1) if place == 0 else each, hops))
        return order_of_paths(self.portfolio, sold, bought, made)

    def _set_rate(self, stock: int, sold: Any, bought: Any, amount: int, rate: int) -> int:
        """Makes the hostile pool pay `rate` of the fair amount; returns what it will pay."""
        pool = self.pools[stock]
        fair = amount * self._dollars(sold) * 10 ** bought.decimals() // self._dollars(bought) // 10 ** sold.decimals()
        pays = max(fair * rate // BPS, 1)
        holds, taxed = sold.balanceOf(pool), amount * (PIPS - V2_FEE_PIPS)
        shown = -(-pays * (holds * PIPS + taxed) // taxed)
        reserves = (holds, shown) if int(str(sold.address), 16) < int(str(bought.address), 16) else (shown, holds)
        pool.report(*reserves, sender=self.desk.sender)
        return pays

    def _dollars(self, token: Any) -> int:
        return int(ape.project.PriceOracle.at(self.portfolio.oracle()).price(token))

    def _swap(self, stock: int, sold: Any, bought: Any, amount: int) -> None:
        """The thief's own, in the real pair, with nobody's help."""
        sender, pair = self.desk.sender, self.pairs[stock]
        up = int(str(sold.address), 16) < int(str(bought.address), 16)
        reserves = pair.getReserves()[:2]
        into, out = reserves if up else reserves[::-1]
        taxed = amount * (PIPS - V2_FEE_PIPS)
        pays = taxed * out // (into * PIPS + taxed)
        sold.transfer(pair.address, amount, sender=sender)
        amounts = (0, pays) if up else (pays, 0)
        pair.swap(*amounts, sender, b"", sender=sender)

    def _try(self, call: Any) -> None:
        try:
            call(self.portfolio, sender=self.desk.sender)
        except ContractLogicError:
            return


@pytest.fixture
def thief_in(
    chain, portfolio, market, post_model, deposit, auto_rebalancer, universe, usd, aggregator, risk_engine,
    covariance_models, register, admit_venue, give_usd, admin, issuer, manager, risk_signer, keeper, thief, investor,
):  # fmt: skip
    """With the keepers' key and a hostile pool for each stock, at a portfolio of a million dollars, 20% in each."""
    deposit(portfolio, investor, 1_000_000)
    post_model()
    register(investor, investor_class=INSTITUTIONAL)
    register(thief, investor_class=INSTITUTIONAL)
    give_usd(thief, THIEF_USD)
    keepers = Desk(auto_rebalancer, keeper, [risk_signer], chain, count())
    buy_each(keepers, portfolio, universe, usd, market, 200_000)
    pools = []
    for stock, price in zip(universe.stocks, PRICES, strict=True):
        pair = sorted((str(stock.address), str(usd.address)), key=lambda address: int(address, 16))
        pool = admit_venue(admin.deploy(ape.project.HostilePool, *pair, V2_FEE_PIPS))
        stock.mint(admin, VENUE_USD * WAD // price, sender=issuer)
        stock.transfer(pool, VENUE_USD * WAD // price, sender=admin)
        usd.mint(pool, VENUE_USD * USD, sender=admin)
        aggregator.listPool(pool, 1, V2_FEE_PIPS, sender=manager)
        pools.append(pool)
    abi = package_artifact("@uniswap/v2-core/build/UniswapV2Pair.json").abi
    pairs = [ape.Contract(address, abi=abi) for address in market]
    desk = Desk(auto_rebalancer, thief, [risk_signer], chain, keepers.nonces)
    there = (universe, usd, pools, pairs, risk_engine, covariance_models, risk_signer, investor)
    return lambda: Thief(chain, portfolio, desk, *there, give_usd, post_model, admin)


def test_thief__one_fair_trade_of_each_kind__stands(chain, thief_in):
    """The campaign means something only if the thief gets trades through."""
    thief = thief_in()
    for kind in ("buy", "sell", "switch", "split"):
        thief.trade([(kind, 0, 500, 9_995)])
    thief.sandwich(1, 500, 100_000)
    assert thief.executed == 5
    assert 0 < thief.worst_window() <= BUDGET_BPS * WAD // BPS


def test_thief__bleeds_as_the_bucket_drains__comes_near_the_budget_and_not_over(thief_in):
    """The best that anyone has found: fill it, then take what drains."""
    thief = thief_in()
    thief.wait(WINDOW)
    for turn in range(12):
        thief.bleed(("buy", "sell")[turn % 2], turn % len(PRICES), 9_999)
        thief.wait(WINDOW // 12)
    worst = thief.worst_window()
    note_bound("a thief's worst window, bps of NAV", worst * BPS / WAD, BUDGET_BPS)
    assert BUDGET_BPS * 19 // 20 * WAD // BPS < worst <= BUDGET_BPS * WAD // BPS + ROUNDING


# An example sends dozens of transactions: fewer of them than of pure ones.
@settings(
    max_examples=max(settings.default.max_examples // 10, 5),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(acts, min_size=4, max_size=16))
def test_thief__any_signals_and_routes__loses_no_more_than_the_budget(chain, thief_in, history):
    with isolated(chain):
        thief = thief_in()
        for act in history:
            thief.do(act)
        worst = thief.worst_window()
        target(worst / WAD)
        note_bound("a thief's worst window, bps of NAV", worst * BPS / WAD, BUDGET_BPS)
