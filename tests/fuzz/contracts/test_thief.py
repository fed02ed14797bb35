"""A thief with every keeper key, the mempool and some of the listed venues, against a portfolio.

What it can do in any order: sign signals for any weights and route them over hostile pools, real pools, or both, in one
several hops; move the real pools' prices around its own trades; replay; post covariance models; wait; use price moves
and other people's deposits. What it cannot: list a venue, feed the oracle, or act for governance.

The bound (I2): the losses of trading in any window of `WINDOW` seconds sum to at most `BUDGET_BPS` of NAV.

That is at the oracle's prices. Where the market has moved and the feed has not said so yet, the thief also gains the
move, on what it trades: the bound there is the budget and twice the window's turnover times the move within the age.
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

from scripts._lib.artifacts import package_artifact
from scripts._lib.venues.uniswap import V2_FEE_PIPS
from tests.fixtures.deployment import HOUR
from tests.fixtures.portfolio import (
    BUDGET_BPS,
    LIMITS,
    PRICES,
    USD,
    WINDOW,
    SignalSender,
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
"""Dollars on each side of a hostile pool: more than any order here."""
THIEF_USD = 50_000_000
TRADING_AGE = 2 * HOUR
MOST_MOVE_BPS = 300
"""How far a price is from its feed at most, while the feed is young enough to trade at."""
TURNOVER_BPS = 4_000
"""Turnover that the policy allows in a window where prices are stale."""
ROUNDING = 10**6
"""Parts of 1e18 per window that the recorder's own divisions may lose."""

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

moves = st.tuples(st.just("drift"), stocks, st.integers(BPS - MOST_MOVE_BPS, BPS + MOST_MOVE_BPS))
stale_acts = st.one_of(acts, moves, moves, st.tuples(st.just("refresh")))


@dataclass
class Thief:
    """Acts, and keeps the books that the invariants are about.

    Attributes:
        losses: (time, part of NAV in WAD) of every rebalance that stood, at the oracle's prices.
        truth: By stock, its price in the market, basis points of what its feed says.
        true_losses: As `losses`, at these prices.
        trading_age: Seconds that a price may be old for a trade, if there is a limit.
        last: The last signal that stood, with its orders and signatures.
    """

    chain: Any
    portfolio: Any
    signal_sender: SignalSender
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
    truth: dict[int, int] = field(default_factory=dict)
    true_losses: list[tuple[int, int]] = field(default_factory=list)
    trading_age: int | None = None
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
        had = token.balanceOf(self.signal_sender.sender)
        self._swap(stock, self.usd, token, dollars * USD)
        self._run(self._through(stock, self.usd, token, amount), {stock: amount * WAD // USD})
        self._swap(stock, token, self.usd, token.balanceOf(self.signal_sender.sender) - had)

    def replay(self) -> None:
        if self.last is None:
            return
        with pytest.raises(ContractLogicError):
            self.signal_sender.rebalancer.rebalance(*self.last, sender=self.signal_sender.sender)

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
            self.models.postModel(
                model, signed(self.models.hashModel(model), self.key), sender=self.signal_sender.sender
            )
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

    def drift(self, stock: int, bps: int) -> None:
        """The market moves, and the feed does not say so yet."""
        self.truth[stock] = bps

    def refresh(self) -> None:
        """All feeds say what the market says."""
        for stock, feed in enumerate(self.universe.feeds):
            answer = feed.latestRoundData()[1] * self.truth.pop(stock, BPS) // BPS
            feed.setAnswer(answer, sender=self.admin)

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
        """Largest sum of losses in any window, WAD, at the oracle's prices."""
        return _worst(self.losses)

    def worst_true_window(self) -> int:
        """The same at the market's."""
        return _worst(self.true_losses)

    # -- Internals

    def _run(self, orders: list[int], moves: dict[int, int]) -> None:
        """Signs for the weights that fair prices would lead to, any band, any slippage, any turnover."""
        before = self.portfolio.positions()
        total = sum(before[2])
        targets = [max(before[2][k + 1] + moves.get(k, 0), 0) * WAD // total for k in range(len(PRICES))]
        if sum(targets) > WAD:
            return
        signal = self.signal_sender.signal(self.portfolio, [WAD - sum(targets), *targets], orders, band=BPS)
        signatures = self.signal_sender.sign(signal)
        metrics = self.risk.metrics(self.portfolio)
        try:
            receipt = self.signal_sender.rebalancer.rebalance(
                signal, orders, signatures, sender=self.signal_sender.sender
            )
        except ContractLogicError:
            return
        self.executed += 1
        self.last = (signal, orders, signatures)
        after = self.portfolio.positions()
        lost = total - sum(after[2])
        if lost > 0:
            self.losses.append((receipt.timestamp, lost * WAD // total))
        had = self._truly(before[2])
        if (truly := had - self._truly(after[2])) > 0:
            self.true_losses.append((receipt.timestamp, truly * WAD // had))
        self._check_ages(before[1], after[1], receipt.timestamp)
        assert self.worst_window() <= BUDGET_BPS * WAD // BPS + ROUNDING
        self._check_limits(metrics, before[2], after[2])
        self._check_transfers(receipt)

    def _truly(self, values: list[int]) -> int:
        """The worth on the market of what the oracle values, WAD USD."""
        return values[0] + sum(value * self.truth.get(k, BPS) // BPS for k, value in enumerate(values[1:]))

    def _check_ages(self, before: list[int], after: list[int], now: int) -> None:
        """Nothing was traded at a price older than the trading age."""
        for k, feed in enumerate(self.universe.feeds):
            if self.trading_age and before[k + 1] != after[k + 1]:
                assert now - feed.latestRoundData()[3] <= self.trading_age

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
        pool.report(*reserves, sender=self.signal_sender.sender)
        return pays

    def _dollars(self, token: Any) -> int:
        return int(ape.project.PriceOracle.at(self.portfolio.oracle()).price(token))

    def _swap(self, stock: int, sold: Any, bought: Any, amount: int) -> None:
        """The thief's own, in the real pair, with nobody's help."""
        sender, pair = self.signal_sender.sender, self.pairs[stock]
        up = int(str(sold.address), 16) < int(str(bought.address), 16)
        reserves = pair.getReserves()[:2]
        into, out = reserves if up else reserves[::-1]
        taxed = amount * (PIPS - V2_FEE_PIPS)
        pays = taxed * out // (into * PIPS + taxed)
        if pays == 0:
            # Less than one unit of a token without decimals.
            return
        sold.transfer(pair.address, amount, sender=sender)
        amounts = (0, pays) if up else (pays, 0)
        pair.swap(*amounts, sender, b"", sender=sender)

    def _try(self, call: Any) -> None:
        try:
            call(self.portfolio, sender=self.signal_sender.sender)
        except ContractLogicError:
            return


def _worst(losses: list[tuple[int, int]]) -> int:
    return max(
        (
            sum(loss for then, loss in losses[first:] if then - since <= WINDOW)
            for first, (since, _) in enumerate(losses)
        ),
        default=0,
    )


@pytest.fixture
def thief_at(
    chain, post_model, deposit, auto_rebalancer, usd, aggregator, risk_engine, covariance_models, register, admit_venue,
    give_usd, admin, issuer, manager, risk_signer, keeper, thief, investor,
):  # fmt: skip
    """`thief_at(portfolio, universe, market)`: with the keepers' key and a hostile pool for each stock.

    The portfolio has a million dollars, 20% of them in each stock.
    """

    def made(portfolio, universe, market):
        return _thief_at(
            chain, portfolio, market, post_model, deposit, auto_rebalancer, universe, usd, aggregator, risk_engine,
            covariance_models, register, admit_venue, give_usd, admin, issuer, manager, risk_signer, keeper, thief,
            investor,
        )  # fmt: skip

    return made


@pytest.fixture
def thief_in(thief_at, portfolio, universe, market):
    """At stocks of 18 decimals."""
    return thief_at(portfolio, universe, market)


def _thief_at(
    chain, portfolio, market, post_model, deposit, auto_rebalancer, universe, usd, aggregator, risk_engine,
    covariance_models, register, admit_venue, give_usd, admin, issuer, manager, risk_signer, keeper, thief, investor,
):  # fmt: skip
    deposit(portfolio, investor, 1_000_000)
    post_model(where=universe)
    register(investor, investor_class=INSTITUTIONAL)
    register(thief, investor_class=INSTITUTIONAL)
    give_usd(thief, THIEF_USD)
    keepers = SignalSender(auto_rebalancer, keeper, [risk_signer], chain, count())
    buy_each(keepers, portfolio, universe, usd, market, 200_000)
    pools = []
    for stock, price in zip(universe.stocks, PRICES, strict=True):
        pair = sorted((str(stock.address), str(usd.address)), key=lambda address: int(address, 16))
        pool = admit_venue(admin.deploy(ape.project.HostilePool, *pair, V2_FEE_PIPS))
        units = VENUE_USD * 10 ** stock.decimals() // price
        stock.mint(admin, units, sender=issuer)
        stock.transfer(pool, units, sender=admin)
        usd.mint(pool, VENUE_USD * USD, sender=admin)
        aggregator.listPool(pool, 1, V2_FEE_PIPS, sender=manager)
        pools.append(pool)
    abi = package_artifact("@uniswap/v2-core/build/UniswapV2Pair.json").abi
    pairs = [ape.Contract(address, abi=abi) for address in market]
    signal_sender = SignalSender(auto_rebalancer, thief, [risk_signer], chain, keepers.nonces)
    there = (universe, usd, pools, pairs, risk_engine, covariance_models, risk_signer, investor)
    return lambda: Thief(chain, portfolio, signal_sender, *there, give_usd, lambda: post_model(where=universe), admin)


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


@pytest.fixture
def small_units(create_universe, create_portfolio, create_pairs, thief_at):
    """A thief at stocks of 0, 6 and 8 decimals."""
    universe = create_universe(decimals=(0, 6, 8))
    portfolio = create_portfolio(assets=universe.stocks, universe_id=universe.id)
    return thief_at(portfolio, universe, create_pairs(universe))


def test_thief__stocks_of_few_decimals__one_fair_trade_of_each_kind_stands(small_units):
    thief = small_units()
    for kind in ("buy", "sell", "switch", "split"):
        thief.trade([(kind, 0, 500, 9_995)])
    assert thief.executed == 4


@settings(
    max_examples=max(settings.default.max_examples // 20, 3),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(acts, min_size=4, max_size=12))
def test_thief__stocks_of_few_decimals__loses_no_more_than_the_budget(chain, small_units, history):
    with isolated(chain):
        thief = small_units()
        for act in history:
            thief.do(act)
        note_bound("a thief's worst window, 0 to 8 decimals, bps of NAV", thief.worst_window() * BPS / WAD, BUDGET_BPS)


@pytest.fixture
def late_feeds(thief_in, oracle, universe, auto_rebalancer, portfolio, manager, admin, chain):
    """A thief at feeds that lag behind the market, whose prices may be two hours old to trade at."""
    for stock in universe.stocks:
        oracle.setTradingWindow(stock, (TRADING_AGE, 0, 0, 0), sender=admin)
    # The first trades drain out of the bucket first.
    chain.mine(deltatime=TRADING_AGE)
    auto_rebalancer.setPolicy(portfolio, (TURNOVER_BPS, WINDOW, 0, 0), sender=manager)

    def made():
        thief = thief_in()
        thief.trading_age = TRADING_AGE
        return thief

    return made


def _true_bound() -> int:
    """Basis points: the budget, and the move on both sides of a window's turnover.

    NAV itself may be off by the move.
    """
    return (BUDGET_BPS + 2 * TURNOVER_BPS * MOST_MOVE_BPS // BPS) * BPS // (BPS - MOST_MOVE_BPS) + 1


def test_thief__prices_older_than_the_trading_age__trades_nothing(late_feeds):
    thief = late_feeds()
    thief.refresh()
    thief.trade([("buy", 0, 500, 9_995)])
    thief.wait(TRADING_AGE + 60)
    thief.trade([("buy", 0, 500, 9_995)])
    assert thief.executed == 1


def test_thief__buys_what_has_fallen__takes_the_move_and_the_budget_does_not_see_it(late_feeds):
    """The best that anyone has found: a fair price by the feed, for what the market has left."""
    thief = late_feeds()
    thief.refresh()
    thief.drift(0, BPS - MOST_MOVE_BPS)
    thief.trade([("buy", 0, 4_500, 10_000)])
    assert thief.executed == 1 and thief.worst_window() <= ROUNDING
    worst = thief.worst_true_window() * BPS / WAD
    note_bound("a thief's worst window at prices within the trading age, bps of NAV", worst, _true_bound())
    assert 0 < worst <= _true_bound()


@settings(
    max_examples=max(settings.default.max_examples // 10, 5),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(stale_acts, min_size=4, max_size=16))
def test_thief__prices_within_the_trading_age__loses_no_more_than_budget_and_turnover_times_move(
    chain, late_feeds, history
):
    with isolated(chain):
        thief = late_feeds()
        thief.refresh()
        for act in history:
            thief.do(act)
        worst = thief.worst_true_window() * BPS / WAD
        target(worst)
        note_bound("a thief's worst window at prices within the trading age, bps of NAV", worst, _true_bound())
        assert worst <= _true_bound()
