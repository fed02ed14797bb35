"""Posts a covariance model a day and what is reported under it, and works the breaker."""

from __future__ import annotations

from datetime import date

from keepers.bots.breaker import act, recover, trip
from keepers.bots.depth import DepthKeeper
from keepers.bots.names import model_key
from keepers.bots.price_doubts import PriceDoubts
from keepers.bots.reports import Reporter
from keepers.bots.risk_records import RiskRecorder
from keepers.contracts.messages import CovarianceModel
from keepers.contracts.price_sources import open_prices
from keepers.market import NoCloses, Prices
from keepers.market.close_time import close_of, last_closed_day
from keepers.market.guards import doubts
from keepers.portfolio.state import WAD, ModelInfo, RiskView, StepBounds
from keepers.rebalancing.breaker import relapsed, state_due, steps_due
from keepers.risk.errors import RiskError
from keepers.risk.next_model import LastModel, next_model
from keepers.rpc.errors import Reverted
from keepers.rpc.node import Block
from keepers.runtime.invocation import Invocation
from keepers.runtime.services import PortfolioServices
from keepers.runtime.triggers import OnBlock, OnChange, OnThreshold
from keepers.store import Point

HOUR = 3600


class RiskBot:
    """Estimates, signs and posts; checkpoints, trips or recovers its portfolio.

    What it does follows from the chain: the nonce of the last model says which is next, its time which
    prices are new.
    """

    def __init__(self, services: PortfolioServices) -> None:
        self.name = services.bot
        self._depth = DepthKeeper(services)
        self._doubts = PriceDoubts(services.log)
        self._source = open_prices(services.config, services.node, services.deployment, services.log.warning)
        self._recorder = RiskRecorder(services, self._prices, self._source.version)
        self.triggers = (
            # First: what is sent moves the chain on, and a node that keeps little history forgets the block.
            *self._recorder.triggers,
            OnChange("closes", self._closes, self._post_if_newer),
            OnThreshold("breach", lambda block: self._steps(block), 0, self._trip),
            OnThreshold("relapse", lambda block: self._relapsed(block), 0, self._end_recovery),
            OnBlock("drawdown", self._trip_without_metrics),
            OnThreshold("mended", lambda block: -self._steps(block), 0, self._recover),
            OnBlock("high-water mark", self._checkpoint),
            *self._depth.triggers,
            *Reporter(services, self._prices, self._doubts).triggers,
        )
        self._services = services
        self._unreadable = ""
        self._bounds: StepBounds | None = None
        self._next_at = 0

    def forget(self) -> None:
        """Keeps no state that the chain does not hold."""
        self._next_at = 0
        self._depth.forget()
        self._recorder.forget()

    # -- Models

    def _closes(self, block: Block) -> tuple[object, date, bool]:
        """Changes when there may be a newer close: with the sources, with the day, and when the chain takes one."""
        return self._source.version(), last_closed_day(block.timestamp), block.timestamp >= self._next_at

    def _post_if_newer(self, invocation: Invocation) -> None:
        """Reads, decides, estimates, signs, sends and records."""
        services, block = self._services, invocation.block
        model = services.reader.model(self._universe)
        if self._too_soon(model, block):
            return
        prices = self._prices(last_closed_day(block.timestamp))
        if prices is None or close_of(prices.dates[-1]) <= model.as_of:
            return
        key = model_key(self._universe, model.nonce + 1, close_of(prices.dates[-1]))
        try:
            self._require_belief(prices, block)
            candidate, reason = self._estimate(prices, model)
            self._recorder.keep_quality(candidate.nonce, prices, block)
            receipt = services.send_signed(invocation, key, ("CovarianceModels", "postModel"), candidate)
        except RiskError as error:
            services.decide(invocation, key, "nothing", str(error))
        except Reverted as error:
            services.decide(invocation, key, "refused", error.revert.text)
        else:
            services.conclude(invocation, key, receipt, reason)

    def _too_soon(self, model: ModelInfo, block: Block) -> bool:
        """Returns True if the chain would refuse any model now; the close is looked at again later."""
        self._next_at = model.posted_at + self._step_bounds().min_delay if model.nonce else 0
        return block.timestamp < self._next_at

    def _step_bounds(self) -> StepBounds:
        """How far one model may be from the last, which never changes."""
        self._bounds = self._bounds or self._services.reader.step_bounds()
        return self._bounds

    def _estimate(self, prices: Prices, model: ModelInfo) -> tuple[CovarianceModel, str]:
        """The next model from closes up to the last day in `prices`, and how it came about.

        Raises:
            RiskError: If there is too little history.
        """
        settings = self._services.config.risk
        # One seed for all days: what changes from one to the next is the tail, not the draw.
        seed = int.from_bytes(self._universe[:16], "big")
        found = next_model(prices.returns(), settings.terms, seed, self._last(model))
        as_of = close_of(prices.dates[-1])
        candidate = CovarianceModel(
            universe=self._universe,
            nonce=model.nonce + 1,
            as_of=as_of,
            expiry=as_of + int(settings.model_lifetime_hours * HOUR),
            covariance=found.entries,
            tails=found.tails,
        )
        return candidate, f"closes up to {prices.dates[-1]}, {found.reason}"

    def _last(self, model: ModelInfo) -> LastModel | None:
        """The model that stands, and how far the chain lets the next one be from it; None before the first."""
        if model.nonce == 0:
            return None
        step = self._step_bounds()
        return LastModel(
            tuple(self._services.reader.model_entries(model)),
            (model.z95, model.z99, model.es975),
            self._services.reader.entry_bounds(self._universe),
            step.max_fall_bps,
            step.max_unseen_rise_bps,
        )

    # -- Breaker

    def _view(self) -> RiskView | None:
        """Reads the risk now, with a model that was posted just before; returns None without a model."""
        view = self._services.reader.risk(self._services.record.address, self._universe)
        if view.model.nonce == 0:
            return None
        if view.unavailable_reason != self._unreadable:
            self._unreadable = view.unavailable_reason
            if view.unavailable_reason:
                self._services.log.warning("metrics unavailable", reason=view.unavailable_reason)
        return view

    def _steps(self, _block: Block) -> int:
        view = self._view()
        return 0 if view is None else steps_due(view)

    def _relapsed(self, _block: Block) -> int:
        view = self._view()
        return 0 if view is None else int(relapsed(view))

    def _trip(self, _steps: float, invocation: Invocation) -> bool:
        """Trips until the state is the one that is due: without the role KEEPER a keeper looks twice."""
        view = self._view()
        if view is None or steps_due(view) <= 0:
            return False
        return trip(self._services, view, invocation) and self._steps(invocation.block) <= 0

    def _end_recovery(self, _relapsed: float, invocation: Invocation) -> bool:
        view = self._view()
        if view is None or not relapsed(view):
            return True
        trip(self._services, view, invocation)
        return not self._services.reader.recovering(self._services.record.address)

    def _trip_without_metrics(self, invocation: Invocation) -> None:
        """The chain judges a drawdown where it can compute nothing else: it is asked with every block."""
        view = self._view()
        if view is not None and view.metrics is None:
            reason = f"drawdown beyond its limit; no other metrics: {view.unavailable_reason}"
            act(self._services, "trip", invocation, reason)

    def _recover(self, _steps: float, invocation: Invocation) -> bool:
        """Twice: the chain starts the cooling time with the first call and ends the recovery with a later one."""
        view = self._view()
        if view is None or state_due(view) != "Normal" or view.state == "Normal":
            return False
        recover(self._services, view, invocation)
        return False

    def _checkpoint(self, invocation: Invocation) -> None:
        """Once a model: the day's performance, the high-water mark at a new high; keeps the record of NAV and VaR."""
        view = self._view()
        if view is None or view.metrics is None:
            return
        found, name, block = view.metrics, self._services.config.portfolio, invocation.block
        measured = {"nav": found.nav, "var99": found.var99, "drawdown": found.drawdown, "shares": found.share_price}
        self._services.store.observe(
            self.name,
            [Point(f"{kind}:{name}", block.timestamp, block.number, value / WAD) for kind, value in measured.items()],
        )
        if found.nav > 0:
            reason = f"share price {found.share_price / WAD:.6f}"
            act(self._services, "checkpoint", invocation, reason, view.model.nonce)

    # -- Prices

    def _prices(self, day: date) -> Prices | None:
        """Closes of the universe's assets, in its order, up to a day; None where there is none so early."""
        assets = self._services.reader.universe_assets(self._universe)
        symbols = [self._services.deployment.symbol_of(asset) for asset in assets]
        try:
            return self._source.closes(symbols, day)
        except NoCloses:
            return None

    def _require_belief(self, prices: Prices, block: Block) -> None:
        """Holds the model back while a close is in doubt: a guard's alert is cheaper than a wrong trade.

        Raises:
            Waiting: If there is a doubt, with the first one.
            Reverted: If the oracle has no price to compare with.
        """
        assets = self._services.reader.universe_assets(self._universe)
        oracle = [price / WAD for price in self._services.reader.oracle_prices(assets, block.number)]
        guards = self._services.config.prices.guards.as_guards
        recent = prices.last(self._services.config.risk.history_days)
        self._doubts.require_none(doubts(recent, last_closed_day(block.timestamp), guards, oracle))

    @property
    def _universe(self) -> bytes:
        return self._services.record.universe
