"""A portfolio on the simulated protocol: Portfolio, Trading, AutoRebalancer and RiskEngine in integers. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

from keepers.backtest.arithmetic import BPS, BPS_TO_WAD, WAD, divide_up, packed_down
from keepers.backtest.breaker import DE_RISK_ONLY, HALTED, NORMAL, WARNING, Breaker
from keepers.backtest.buckets import LeakyBucket, Pace
from keepers.backtest.moments import Performance
from keepers.backtest.pools import Listing
from keepers.backtest.refusals import Rejected
from keepers.backtest.risk import (
    Exposure,
    PostedModel,
    days_to_liquidate,
    drawdown_of,
    grade,
    measure,
    require_closer,
)
from keepers.backtest.shares import VIRTUAL_SHARES, ShareBook
from keepers.backtest.terms import ProtocolTerms
from keepers.portfolio.state import WARNING_BPS, Limits, Metrics, ModelInfo, RiskView
from keepers.rebalancing.orders import Order
from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.order_paths import run_paths
from keepers.routing.pools import Pool
from keepers.routing.split import Hop, PlannedPath

_NO_MODEL = ModelInfo("", 0, 0, 0, 0)


@dataclass(frozen=True)
class Moment:
    """State of the market and of the risk bot at one time.

    Attributes:
        now: Unix seconds.
        prices: WAD USD a whole token of each asset, the settlement token first.
        depths: WAD USD a day of each asset, the settlement token first.
        model: The model that stands; None before the first.
    """

    now: int
    prices: tuple[int, ...]
    depths: tuple[int, ...]
    model: PostedModel | None


@dataclass(frozen=True)
class Fill:
    """One order as it was executed.

    Attributes:
        sold, bought: Numbers of the assets in the listing.
        amount_in, amount_out: Smallest units.
        value_in, value_out: WAD USD at the oracle's prices.
    """

    sold: int
    bought: int
    amount_in: int
    amount_out: int
    value_in: int
    value_out: int


@dataclass(frozen=True)
class Signal:
    """The bounds that a rebalance is signed with: IAutoRebalancer.RebalanceSignal, of one part.

    Attributes:
        targets: WAD weights, cash first.
        band_bps: Distance from its target at which each weight may end.
        max_turnover_bps: Most of NAV that may move.
        max_slippage_bps: Most below the oracle's value that an order may pay.
    """

    targets: tuple[int, ...]
    band_bps: int
    max_turnover_bps: int
    max_slippage_bps: int


class SimulatedPortfolio:
    """One portfolio from its first deposit on; whoever signs may be wrong, what it checks is what the chain checks.

    Args:
        listing: Assets.
        terms: Terms of the protocol.
        opened: Unix seconds of its opening.

    Attributes:
        balances: Smallest units of each asset.
        book: Shares and fees.
        bucket: Losses.
        pace: Turnover.
        breaker: State of the breaker.
        performance: Realised returns.
        high_water_mark: WAD settlement tokens per share.
    """

    def __init__(self, listing: Listing, terms: ProtocolTerms, opened: int) -> None:
        self.listing = listing
        self.terms = terms
        self.balances = [0] * len(listing.addresses)
        self.book = ShareBook(terms.fees, opened, 10 ** listing.decimals[0])
        self.bucket = LeakyBucket.half_of(terms.loss_budget_bps, terms.loss_window)
        pacing = terms.pacing
        self.pace = Pace(LeakyBucket.half_of(pacing.max_turnover_bps, pacing.window), pacing.min_interval)
        self.breaker = Breaker()
        self.performance = Performance()
        self.high_water_mark = 0
        self._measured: tuple[Moment, list[int], Exposure] | None = None

    # -- Worth

    def values(self, prices: Sequence[int], balances: Sequence[int] | None = None) -> list[int]:
        """WAD USD of each asset, rounded down: Valuation._valued."""
        held = self.balances if balances is None else balances
        return [
            balance * price // 10**decimals
            for balance, price, decimals in zip(held, prices, self.listing.decimals, strict=True)
        ]

    def total_assets(self, nav: int, prices: Sequence[int]) -> int:
        """Smallest units of the settlement token: Valuation._inSettlement."""
        unit: int = 10 ** self.listing.decimals[0]
        return nav * unit // prices[0]

    def share_price(self, moment: Moment) -> int:
        """WAD settlement tokens per share, net of fees: Valuation._sharePrice."""
        total = self.total_assets(sum(self.values(moment.prices)), moment.prices)
        return self.book.share_price(total, self.book.quote(total, moment.now).supply)

    # -- Holders and fees

    def deposit(self, assets: int, moment: Moment) -> int:
        """Takes settlement tokens for shares: Portfolio.deposit.

        Args:
            assets: Smallest units.
            moment: Time and prices.

        Returns:
            Shares.

        Raises:
            Rejected: If the share price left its band.
        """
        total = self.total_assets(sum(self.values(moment.prices)), moment.prices)
        shares = self.book.deposit(assets, total, moment.now)
        self.balances[0] += assets
        return shares

    def take_fees(self, moment: Moment) -> int:
        """Crystallises a pending performance fee when its period is over, and gives the recipient what is owed.

        FeeManager.crystallise and collectFees, which anybody may call.

        Returns:
            Shares that were issued to the recipient.
        """
        total = self.total_assets(sum(self.values(moment.prices)), moment.prices)
        try:
            self.book.crystallise(total, moment.now)
        except Rejected:
            return 0
        return self.book.collect(moment.now)

    # -- Risk

    def metrics(self, moment: Moment) -> Metrics | None:
        """Numbers that limits bound: RiskEngine.metrics; None where the chain has none, without a live model."""
        if moment.model is None or moment.now >= moment.model.info.expiry:
            return None
        values = self.values(moment.prices)
        found = self._exposure(moment, moment.model)
        share_price = self.share_price(moment)
        mark = max(self.high_water_mark, share_price)
        drawdown = drawdown_of(share_price, mark)
        days = days_to_liquidate(values, moment.depths, self.terms.participation_bps)
        return Metrics(
            nav=found.nav,
            volatility=found.volatility,
            var95=found.var95,
            var99=found.var99,
            max_weight=found.max_weight,
            share_price=share_price,
            high_water_mark=mark,
            drawdown=drawdown,
            es975=found.es975,
            max_component=found.max_component,
            herfindahl=found.herfindahl,
            leverage=found.leverage,
            realised_volatility=self.performance.realised_volatility,
            days_to_liquidate=days,
            sharpe=self.performance.sharpe,
            observations=self.performance.count,
            grade=grade(found.var99, drawdown, found.herfindahl, days),
        )

    def _exposure(self, moment: Moment, model: PostedModel) -> Exposure:
        """The measure of the holdings, kept until time or holdings change: keepers look several times."""
        if self._measured is None or self._measured[0] is not moment or self._measured[1] != self.balances:
            self._measured = moment, list(self.balances), measure(self.values(moment.prices), model)
        return self._measured[2]

    def view(self, moment: Moment) -> RiskView:
        """The risk as keepers read it."""
        metrics = self.metrics(moment)
        info = _NO_MODEL if moment.model is None else moment.model.info
        reason = "" if metrics is not None else "no model posted" if moment.model is None else "the model expired"
        return RiskView(self.breaker.name, self.terms.limits, info, metrics, reason)

    def trip(self, moment: Moment) -> bool:
        """Moves the breaker to the state that metrics ask for, or ends a recovery: RiskEngine.trip, for a keeper.

        Returns:
            False if there is nothing to trip.
        """
        due = self._state_due(moment)
        interrupts = due != NORMAL and self.breaker.inside_since != 0
        if due <= self.breaker.state and not interrupts:
            return False
        self.breaker.escalate(due)
        return True

    def recover(self, moment: Moment) -> bool:
        """Starts a recovery, or ends one after the cooling time: RiskEngine.recover.

        Returns:
            False if the chain would refuse.
        """
        breaker, metrics = self.breaker, self.metrics(moment)
        cooling = breaker.inside_since and moment.now < breaker.inside_since + self.terms.cooling
        if breaker.state == NORMAL or breaker.held or cooling or metrics is None:
            return False
        if metrics.breaches(self.terms.limits, WARNING_BPS):
            return False
        breaker.recover(moment.now, self.terms.cooling)
        return True

    def checkpoint(self, moment: Moment) -> None:
        """Raises the high-water mark, and takes the day's return: RiskEngine.checkpoint."""
        share_price = self.share_price(moment)
        self._raise_mark(share_price)
        unit = 10 ** self.listing.decimals[0]
        worth = self.book.supply * share_price // (unit * VIRTUAL_SHARES)
        self.performance.checkpoint(share_price, worth, moment.now)

    def _state_due(self, moment: Moment) -> int:
        """RiskEngine._stateDue."""
        limits = self.terms.limits
        due = _drawdown_state(limits, drawdown_of(self.share_price(moment), self.high_water_mark))
        metrics = self.metrics(moment) if due < DE_RISK_ONLY else None
        if metrics is None:
            return due
        if metrics.breaches(limits):
            return DE_RISK_ONLY
        return WARNING if metrics.breaches(limits, WARNING_BPS) else NORMAL

    def _raise_mark(self, share_price: int) -> int:
        """Returns the drawdown, WAD: RiskEngine._raiseHighWaterMark."""
        if share_price > self.high_water_mark:
            self.high_water_mark = packed_down(share_price)
            return 0
        return drawdown_of(share_price, self.high_water_mark)

    # -- Trading

    def execute(
        self, orders: Sequence[Order], signal: Signal, pools: Sequence[Pool], moment: Moment
    ) -> tuple[Fill, ...]:
        """Runs a signed rebalance, whole or not at all: AutoRebalancer._execute and Trading.execute.

        Args:
            orders: Orders in the sequence of execution.
            signal: Bounds that they were signed with.
            pools: Pools at this time.
            moment: Time, prices and model.

        Returns:
            The trades.

        Raises:
            Rejected: If the contracts would revert; then nothing has changed.
        """
        before = self.values(moment.prices)
        held, fills = self._filled(orders, signal, pools, moment.prices)
        after = self.values(moment.prices, held)
        keeper_fee = self._pay_keeper(before, after, held, moment.prices)
        nav_before, nav_after = sum(before), sum(after)
        total_before = self.total_assets(nav_before, moment.prices)
        total_after = self.total_assets(nav_after, moment.prices)
        kept = copy(self.book), copy(self.breaker), self.high_water_mark
        try:
            supply_after = self.book.traded(total_before, total_after, moment.now)[1]
            loss_level = self._loss_level(nav_before, nav_after, moment.now)
            self._check_risk(before, after, self.book.share_price(total_after, supply_after), moment)
            turnover = _turnover(before, after, signal, keeper_fee)
            turnover_level = self.pace.require(turnover, moment.now)
            _require_progress(before, after, signal)
        except Rejected:
            self.book, self.breaker, self.high_water_mark = kept
            raise
        self.bucket.keep(loss_level, moment.now)
        self.pace.keep(turnover_level, moment.now)
        self.balances = held
        return fills

    def _filled(
        self, orders: Sequence[Order], signal: Signal, pools: Sequence[Pool], prices: Sequence[int]
    ) -> tuple[list[int], tuple[Fill, ...]]:
        """Balances after the orders, and what each did: Trading._trade."""
        market = {pool.address: pool for pool in pools}
        held, fills = list(self.balances), []
        slippage_bps = min(signal.max_slippage_bps, self.terms.max_deviation_bps)
        addresses, decimals = self.listing.addresses, self.listing.decimals
        for order in orders:
            sold, bought = addresses.index(order.token_in), addresses.index(order.token_out)
            if order.amount_in > held[sold]:
                raise Rejected("ERC20InsufficientBalance", f"{order.amount_in} is above {held[sold]}")
            amount_out = _paid(market, order)
            held[sold] -= order.amount_in
            held[bought] += amount_out
            if amount_out < order.min_amount_out:
                raise Rejected("Portfolio__InsufficientOutput", f"{amount_out} is below {order.min_amount_out}")
            value_in = order.amount_in * prices[sold] // 10 ** decimals[sold]
            value_out = amount_out * prices[bought] // 10 ** decimals[bought]
            if value_out < divide_up(value_in * max(0, BPS - slippage_bps), BPS):
                text = f"{value_out / WAD:.2f} USD for {value_in / WAD:.2f} is more than {slippage_bps} bps below"
                raise Rejected("Portfolio__SlippageExceeded", text)
            fills.append(Fill(sold, bought, order.amount_in, amount_out, value_in, value_out))
        return held, tuple(fills)

    def _pay_keeper(self, before: Sequence[int], after: list[int], held: list[int], prices: Sequence[int]) -> int:
        """Takes the keeper's fee from cash, as far as it goes: Trading._payExecutor and TradeLimitsLib.feeValue.

        Returns:
            The fee, WAD USD.
        """
        bps = self.terms.pacing.keeper_fee_bps
        if bps == 0:
            return 0
        due = sum(abs(was - now) for was, now in zip(before, after, strict=True)) * bps // (2 * BPS)
        unit = 10 ** self.listing.decimals[0]
        amount = min(due * unit // prices[0], held[0])
        fee = min(divide_up(amount * prices[0], unit), after[0])
        after[0] -= fee
        held[0] -= amount
        return fee

    def _loss_level(self, nav_before: int, nav_after: int, now: int) -> int:
        """The loss bucket with the fall of NAV: Trading._chargeLoss."""
        loss = divide_up((nav_before - nav_after) * WAD, nav_before) if nav_after < nav_before else 0
        level = self.bucket.charge(loss, now)
        if loss and level > self.bucket.capacity:
            left = (self.bucket.capacity - (level - loss)) / BPS_TO_WAD
            text = f"{loss / BPS_TO_WAD:.1f} bps, and the bucket has room for {left:.1f}"
            raise Rejected("Portfolio__LossBudgetExceeded", text)
        return level

    def _check_risk(self, before: Sequence[int], after: Sequence[int], share_price: int, moment: Moment) -> None:
        """RiskEngine.checkRebalance."""
        limits, breaker = self.terms.limits, self.breaker
        due = _drawdown_state(limits, self._raise_mark(share_price))
        if due > breaker.state:
            breaker.escalate(due)
        if breaker.state == HALTED:
            raise Rejected("RiskEngine__TradingHalted", "trading is halted")
        if moment.model is None or moment.now >= moment.model.info.expiry:
            raise Rejected("CovarianceModels__NoModel", "no model is live")
        exposures: tuple[Exposure, Exposure] = measure(before, moment.model), measure(after, moment.model)
        days = [days_to_liquidate(each, moment.depths, self.terms.participation_bps) for each in (before, after)]
        state = breaker.state
        warned, derisking = state > NORMAL, state > WARNING
        require_closer(*exposures, (days[0], days[1]), limits, warned=warned, derisking=derisking)


def _paid(market: dict[str, Pool], order: Order) -> int:
    """Smallest units that an order's paths pay; the market holds the state after them then."""
    paths = [PlannedPath(amount, tuple(Hop(*hop) for hop in hops)) for amount, hops in order.paths]
    try:
        return run_paths(market, order.token_in, paths)
    except InsufficientLiquidity as error:
        raise Rejected("LiquidityAggregator__VenueFailed", str(error)) from error


def _drawdown_state(limits: Limits, drawdown: int) -> int:
    """RiskEngine._drawdownState."""
    if drawdown > limits.halt_drawdown_bps * BPS_TO_WAD:
        return HALTED
    return DE_RISK_ONLY if drawdown > limits.max_drawdown_bps * BPS_TO_WAD else NORMAL


def _turnover(before: Sequence[int], after: Sequence[int], signal: Signal, keeper_fee: int) -> int:
    """Turnover of a rebalance, WAD of NAV: AutoRebalancer._judge, and the bound that was signed.

    Raises:
        Rejected: If the whole lost or moved more than was signed.
    """
    nav_before, nav_after = sum(before), sum(after)
    moved = sum(abs(was - now) for was, now in zip(before, after, strict=True))
    turnover = divide_up(moved * WAD, 2 * nav_before)
    cost = divide_up(max(0, nav_before - nav_after) * WAD, nav_before)
    most = divide_up((turnover + cost // 2 + 1) * signal.max_slippage_bps * BPS_TO_WAD, WAD)
    most += keeper_fee * WAD // nav_before + 1
    if cost > most:
        raise Rejected("AutoRebalancer__TooCostly", f"{cost / BPS_TO_WAD:.1f} bps is above {most / BPS_TO_WAD:.1f}")
    if turnover > signal.max_turnover_bps * BPS_TO_WAD:
        text = f"{turnover / BPS_TO_WAD:.0f} bps is above {signal.max_turnover_bps}"
        raise Rejected("AutoRebalancer__TurnoverAboveSignal", text)
    return turnover


def _require_progress(before: Sequence[int], after: Sequence[int], signal: Signal) -> None:
    """Lets a rebalance through that ends closer to its targets, and inside the band: AutoRebalancer._requireProgress.

    Raises:
        Rejected: If it does not.
    """
    was, now = (_off_target(values, signal.targets) for values in (before, after))
    if sum(now) >= sum(was):
        raise Rejected("AutoRebalancer__NotCloser", f"{sum(now) / WAD:.4f} is not below {sum(was) / WAD:.4f}")
    if max(now) > signal.band_bps * BPS_TO_WAD:
        raise Rejected("AutoRebalancer__OutsideBand", f"{max(now) / WAD:.4f} is above {signal.band_bps} bps")


def _off_target(values: Sequence[int], targets: Sequence[int]) -> list[int]:
    """Distance of each weight from its target, WAD."""
    nav = sum(values)
    return [abs(value * WAD // nav - target) for value, target in zip(values, targets, strict=True)]
