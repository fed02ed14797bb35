"""Posts a covariance model a day, and works the breaker."""

from __future__ import annotations

import os
from datetime import date

from keepers.bots.breaker import act, recover_if_possible, trip_if_due
from keepers.bots.context import Context, close_of, last_closed_day
from keepers.bots.names import model_key
from keepers.chain import abi
from keepers.chain.errors import Reverted
from keepers.chain.node import Block
from keepers.chain.signing import CovarianceModel, sign_quorum
from keepers.chain.state import WAD, ModelInfo
from keepers.market import CsvPriceSource, PriceError, Prices
from keepers.risk.covariance import estimate
from keepers.risk.errors import RiskError
from keepers.risk.fixed_point import to_fixed_point

HOUR = 3600


class RiskBot:
    """Estimates, signs and posts; then checkpoints, trips or recovers its portfolio.

    What it does follows from the chain: the nonce of the last model says which is next, its time which
    prices are new.
    """

    def __init__(self, context: Context) -> None:
        self.name = context.bot
        self._context = context
        self._source = CsvPriceSource(context.config.at(context.config.prices.path))
        self._looked: tuple[object, date] | None = None
        self._checkpointed = 0
        self._unreadable = ""

    def on_block(self, block: Block) -> None:
        """Posts a model if there is a newer close, then looks at limits."""
        self._context.settle(block)
        model = self._post_if_due(block)
        self._work_breaker(model, block)

    def on_idle(self, block: Block) -> None:
        """Looks for prices that came without a block."""
        if self._looked != (self._signature(), last_closed_day(block.timestamp)):
            self.on_block(block)

    def on_reorg(self) -> None:
        """Looks at everything again."""
        self._looked = None
        self._checkpointed = 0

    def _post_if_due(self, block: Block) -> ModelInfo:
        """The chain's model, after posting a newer one if prices allow it."""
        model = self._context.reader.model(self._universe)
        day = last_closed_day(block.timestamp)
        look = (self._signature(), day)
        if self._looked == look:
            return model
        posted = self._post_newer(model, day, block)
        self._looked = look
        return self._context.reader.model(self._universe) if posted else model

    def _post_newer(self, model: ModelInfo, day: date, block: Block) -> bool:
        prices = self._prices(day)
        if prices is None or close_of(prices.dates[-1]) <= model.as_of:
            return False
        key = model_key(self._universe, model.nonce + 1, close_of(prices.dates[-1]))
        try:
            candidate, reason = self._estimate(prices, model)
        except RiskError as error:
            self._context.decide(key, block, "nothing", str(error))
            return False
        try:
            return self._post(key, candidate, block, reason)
        except Reverted as error:
            self._context.decide(key, block, "refused", error.revert.text)
            return False

    def _estimate(self, prices: Prices, model: ModelInfo) -> tuple[CovarianceModel, str]:
        """The next model from closes up to the last day in `prices`, and how it came about.

        Raises:
            RiskError: If there is too little history.
        """
        settings = self._context.config.risk
        returns = prices.returns()[-settings.history_days :]
        found = estimate(returns, settings.halflife_days, min_observations=settings.min_observations)
        as_of = close_of(prices.dates[-1])
        candidate = CovarianceModel(
            universe=self._universe,
            nonce=model.nonce + 1,
            as_of=as_of,
            expiry=as_of + int(settings.model_lifetime_hours * HOUR),
            covariance=tuple(to_fixed_point(found.matrix)),
        )
        reason = f"closes up to {prices.dates[-1]}, {found.observations} days, shrinkage {found.shrinkage:.3f}"
        return candidate, reason

    def _post(self, key: str, model: CovarianceModel, block: Block, reason: str) -> bool:
        engine = self._context.deployment.address("RiskEngine")
        message = model.message(self._context.node.chain_id, engine)
        signatures = sign_quorum(message, self._context.signers)
        data = abi.function("RiskEngine", "postModel").encode(model.as_tuple(), signatures)
        return self._context.send(key, engine, data, block, reason).ok

    def _work_breaker(self, model: ModelInfo, block: Block) -> None:
        if model.nonce == 0:
            return
        view = self._context.reader.risk(self._context.record.address, self._universe)
        if view.metrics is None:
            self._say_unreadable(view.why_not)
            return
        self._unreadable = ""
        if trip_if_due(self._context, view, block) or recover_if_possible(self._context, view, block):
            return
        if view.metrics.drawdown == 0 and view.metrics.nav > 0:
            self._checkpoint(view.metrics.share_price, model.nonce, block)

    def _checkpoint(self, share_price: int, nonce: int, block: Block) -> None:
        """Raises the high-water mark at a new high, at most once a model."""
        if share_price <= self._checkpointed:
            return
        key = f"checkpoint:{self._context.record.address}:{nonce}"
        if self._context.store.decision(self.name, key) is None:
            act(self._context, "checkpoint", block, f"share price {share_price / WAD:.6f}", nonce)
            self._checkpointed = share_price

    def _prices(self, day: date) -> Prices | None:
        """Closes of the universe's assets, in its order, up to a day; None where there is none so early."""
        assets = self._context.reader.universe_assets(self._universe)
        symbols = [self._context.deployment.symbol_of(asset) for asset in assets]
        try:
            return self._source.closes(symbols, day)
        except PriceError as error:
            if "no complete line" not in error.reason:
                raise
            return None

    def _say_unreadable(self, reason: str) -> None:
        if reason != self._unreadable:
            self._context.log.warning("metrics unavailable", reason=reason)
            self._unreadable = reason

    def _signature(self) -> object:
        """Changes when the price file does."""
        try:
            status = os.stat(self._context.config.at(self._context.config.prices.path))
        except OSError as error:
            reason = error.strerror or "unreadable"
            raise PriceError(self._context.config.prices.path, reason, "correct prices.path") from error
        return status.st_mtime_ns, status.st_size, status.st_ino

    @property
    def _universe(self) -> bytes:
        return self._context.record.universe
