"""Rebalances once a posted model, when there is a reason to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from keepers import abi
from keepers.bots.belief import require_belief
from keepers.bots.breaker import steps_due, trip
from keepers.bots.names import rebalance_key, signal_nonce
from keepers.contracts.messages import RebalanceSignal, model_id
from keepers.errors import KeeperError, Waiting
from keepers.market import CsvPriceSource
from keepers.market.close_time import last_closed_day
from keepers.market.guards import doubts
from keepers.portfolio.state import WAD, PortfolioState
from keepers.rebalancing.orders import hash_orders, order_words
from keepers.rebalancing.proposal import (
    PART_OF_THE_WAY,
    Intent,
    PlanRefused,
    Proposal,
    TooSmall,
    build,
    decide,
    inputs_of,
)
from keepers.routing.errors import RoutingError
from keepers.rpc.errors import Reverted
from keepers.rpc.events import Event
from keepers.rpc.node import Block
from keepers.runtime.services import PortfolioServices
from keepers.runtime.triggers import OnEvents
from keepers.signals.momentum import SignalError, momentum
from keepers.signers.signing import sign_quorum
from keepers.store import Decision
from keepers.transactions.sender import Receipt

_SCALES = (1.0, 0.5)
"""Parts of the way to the targets that are tried, the second if the chain refuses the first."""

_TOO_EARLY = (
    "AutoRebalancer__TooSoon",
    "AutoRebalancer__NotYetValid",
    "PriceOracle__MarketClosed",
    "PriceOracle__TooOldToTrade",
)
"""Refusals that pass with time."""

_AGAIN = "the same is tried with the next block"


class RebalanceBot:
    """Decides once for each posted model, and acts at most once.

    The signal's nonce follows from the model's, so that the chain itself refuses a second rebalance under the
    same model, whatever this process remembers.
    """

    def __init__(self, services: PortfolioServices) -> None:
        self.name = services.bot
        self.triggers = (
            OnEvents(
                "models",
                abi.event("CovarianceModels", "ModelPosted"),
                (services.deployment.address("CovarianceModels"),),
                self._on_models,
                start=services.deployment.block,
                topics=("0x" + services.record.universe.hex(),),
            ),
        )
        self._services = services
        self._passed = 0

    def forget(self) -> None:
        """Keeps no state that the chain does not hold."""

    def _on_models(self, posted: Sequence[Event], block: Block) -> None:
        """Decides under the newest model; under those that came and went meanwhile nothing will happen."""
        newest = self._services.reader.model(self._services.record.universe, block.number).nonce
        for nonce in (int(event.args["nonce"]) for event in posted):
            key = self._key(nonce)
            if nonce < newest:
                self._pass_over(key, newest, block)
            elif not self._services.decided(key):
                self._tell_passed(newest, block)
                self._decide(nonce, key, block)

    def _pass_over(self, key: str, newest: int, block: Block) -> None:
        """Records that a model came and went; on a chain with years of them that is no line each."""
        reason = f"model {newest} came before a decision"
        trace = self._services.trace
        decision = Decision(self.name, key, block.number, "superseded", reason, None, block.timestamp, trace)
        self._passed += self._services.store.decide_all([decision])

    def _tell_passed(self, newest: int, block: Block) -> None:
        if self._passed:
            self._services.log.info("superseded", models=self._passed, by=newest, block=block.number)
            self._passed = 0

    def _decide(self, nonce: int, key: str, block: Block) -> None:
        if self._used(nonce):
            self._services.decide(key, block, "done", "found executed on chain")
            return
        try:
            state = self._state(block)
        except Reverted as error:
            # Not a decision: the next block may bring the price.
            raise Waiting(f"model {nonce}", f"portfolio unreadable: {error.revert.text}", _AGAIN) from error
        intent = self._intent(state, block)
        if intent.targets is None:
            self._services.decide(key, block, "nothing", intent.reason)
        else:
            self._act(nonce, key, intent, state, block)

    def _intent(self, state: PortfolioState, block: Block) -> Intent:
        """Returns the decision; it has no targets if no weights meet the limits."""
        settings = self._services.config.rebalance
        views = self._views(state, block)
        try:
            return decide(state, settings, block.timestamp, self._last_whole(), views)
        except KeeperError as error:
            return Intent(f"no target weights: {error}", True, None)

    def _last_whole(self) -> int | None:
        """Unix seconds of the last rebalance, unless it stopped short of its targets."""
        prefix = self._key(0).removesuffix("0")
        for decision in self._services.store.decisions(self.name, outcome="done"):
            if decision.key.startswith(prefix):
                return None if PART_OF_THE_WAY in decision.reason else decision.created
        return None

    def _act(self, nonce: int, key: str, intent: Intent, state: PortfolioState, block: Block) -> None:
        """Tries the whole way, then half of it; the last refusal is recorded."""
        if steps_due(state.risk) > 0 and trip(self._services, state.risk, block):
            block = self._services.node.latest()
            state = self._state(block)
        refusal = ""
        for scale in _SCALES:
            try:
                proposal = self._propose(intent, state, block, scale)
                receipt = self._send(nonce, key, proposal, inputs_of(state, intent), block)
            except KeeperError as error:
                if isinstance(error, TooSmall) and not refusal:
                    self._services.decide(key, block, "nothing", f"{intent.reason}; {error}")
                    return
                if not _is_refusal(error):
                    raise
                refusal = error.revert.text if isinstance(error, Reverted) else str(error)
                _require_in_time(nonce, refusal)
            else:
                if receipt.ok:
                    reason = f"{intent.reason}; {proposal.summary()}"
                    self._services.decide(key, block, "done", reason, receipt)
                    return
                refusal = receipt.reason
                _require_in_time(nonce, refusal)
                block = self._services.node.latest()
                state = self._state(block)
            self._services.log.warning("refused", key=key, scale=scale, reason=refusal)
        self._services.decide(key, block, "refused", f"{intent.reason}; {refusal}")

    def _propose(self, intent: Intent, state: PortfolioState, block: Block, scale: float) -> Proposal:
        settings = self._services.config.rebalance
        pools = self._services.reader.pools(state.assets, state.block)
        return build(state, pools, intent, settings, scale)

    def _send(self, nonce: int, key: str, proposal: Proposal, inputs: bytes, block: Block) -> Receipt:
        rebalancer = self._services.deployment.address("AutoRebalancer")
        settings = self._services.config.rebalance
        orders = order_words(proposal.orders, proposal.assets)
        signal = RebalanceSignal(
            portfolio=self._services.record.address,
            assets=proposal.assets,
            targets=proposal.targets,
            band_bps=settings.band_bps,
            max_turnover_bps=proposal.most_turnover_bps,
            max_slippage_bps=settings.oracle_slippage_bps,
            valid_from=block.timestamp,
            valid_until=block.timestamp + settings.signal_lifetime_seconds,
            nonce=signal_nonce(self._services.record.address, nonce),
            model_id=model_id(settings.model),
            input_hash=inputs,
            orders_hash=hash_orders(orders),
        )
        message = signal.message(self._services.node.chain_id, rebalancer)
        signatures = sign_quorum(message, self._services.signers)
        data = abi.function("AutoRebalancer", "rebalance").encode(signal.as_tuple(), orders, signatures)
        return self._services.sender.send(key, rebalancer, data, block.number, self._services.trace)

    def _views(self, state: PortfolioState, block: Block) -> NDArray[np.float64] | None:
        """Momentum of the risky assets, if it is wanted and history is long enough."""
        settings = self._services.config.rebalance.momentum
        if not settings.enabled:
            return None
        symbols = [self._services.deployment.symbol_of(asset) for asset in state.assets[1:]]
        source = CsvPriceSource(self._services.config.at(self._services.config.prices.path))
        day: date = last_closed_day(block.timestamp)
        prices = source.closes(symbols, day)
        oracle = [price / WAD for price in state.prices[1:]]
        require_belief(self._services, doubts(prices, day, self._services.config.prices.guards.as_guards, oracle))
        try:
            return momentum(
                prices.closes,
                settings.scale,
                lookback_days=settings.lookback_days,
                skip_days=settings.skip_days,
            )
        except SignalError as error:
            self._services.log.warning("no momentum", reason=str(error))
            return None

    def _used(self, nonce: int) -> bool:
        portfolio = self._services.record.address
        function = abi.function("AutoRebalancer", "isNonceUsed")
        rebalancer = self._services.deployment.address("AutoRebalancer")
        used = self._services.node.call(rebalancer, function, portfolio, signal_nonce(portfolio, nonce))
        return bool(used)

    def _state(self, block: Block) -> PortfolioState:
        return self._services.reader.portfolio(self._services.config.portfolio, block.number)

    def _key(self, nonce: int) -> str:
        return rebalance_key(self._services.record.address, nonce)


def _require_in_time(nonce: int, refusal: str) -> None:
    """Raises Waiting where the chain refused for the time alone: half of the way would be refused just so."""
    if refusal.startswith(_TOO_EARLY):
        raise Waiting(f"model {nonce}", refusal, _AGAIN)


def _is_refusal(error: KeeperError) -> bool:
    """Returns True if the plan or the chain refused, and False if the node or the network failed."""
    return isinstance(error, Reverted | PlanRefused | RoutingError)
