"""Rebalances once a posted model, when there is a reason to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from keepers import abi
from keepers.bots.breaker import steps_due, trip
from keepers.bots.names import rebalance_key, rebalance_prefix, signal_nonce
from keepers.bots.price_doubts import PriceDoubts
from keepers.bots.signals import Signals
from keepers.contracts.messages import RebalanceSignal, model_id
from keepers.errors import KeeperError, Waiting
from keepers.portfolio.state import PortfolioState
from keepers.rebalancing.orders import hash_orders, order_words
from keepers.rebalancing.proposal import (
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
from keepers.runtime.invocation import Invocation
from keepers.runtime.services import PortfolioServices
from keepers.runtime.triggers import OnEvents
from keepers.signals.signal import Advice
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


@dataclass(frozen=True)
class Refusal:
    """The reason for which a rebalance did not happen: a text, and the name of the chain's error, if it gave one."""

    text: str
    error: str

    def require_lasting(self, nonce: int) -> None:
        """Passes a refusal that half of the way may avoid.

        Raises:
            Waiting: If the chain refused for the time alone: half of the way would be refused just so.
        """
        if self.error in _TOO_EARLY:
            raise Waiting(f"model {nonce}", self.text, _AGAIN)


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
        self._signals = Signals(services, PriceDoubts(services.log))
        self._passed = 0

    def forget(self) -> None:
        """Keeps no state that the chain does not hold."""

    def _on_models(self, posted: Sequence[Event], invocation: Invocation) -> None:
        """Decides under the newest model; under those that came and went meanwhile nothing will happen."""
        newest = self._services.reader.model(self._services.record.universe, invocation.block.number).nonce
        for nonce in (int(event.args["nonce"]) for event in posted):
            key = self._key(nonce)
            if nonce < newest:
                self._pass_over(key, newest, invocation)
            elif not self._services.decided(key):
                self._tell_passed(newest, invocation.block)
                self._decide(nonce, key, invocation)

    def _pass_over(self, key: str, newest: int, invocation: Invocation) -> None:
        """Records that a model came and went; on a chain with years of them that is no line each."""
        reason, block = f"model {newest} came before a decision", invocation.block
        decision = Decision(self.name, key, block.number, "superseded", reason, None, block.timestamp, invocation.trace)
        self._passed += self._services.store.decide_all([decision])

    def _tell_passed(self, newest: int, block: Block) -> None:
        if self._passed:
            self._services.log.info("superseded", models=self._passed, by=newest, block=block.number)
            self._passed = 0

    def _decide(self, nonce: int, key: str, invocation: Invocation) -> None:
        """Reads the portfolio, decides, plans, signs, sends and records: the whole way first, then half of it.

        Raises:
            Waiting: If the portfolio cannot be read yet, or the chain refuses for the time alone.
        """
        services = self._services
        if self._used(nonce):
            services.decide(invocation, key, "done", "found executed on chain")
            return
        state = self._snapshot(nonce, invocation)
        advice = self._signals.advice(state, invocation.block.timestamp)
        intent = self._intent(state, invocation.block, advice)
        if intent.targets is None:
            services.decide(invocation, key, "nothing", intent.reason)
            return
        if steps_due(state.risk) > 0 and trip(services, state.risk, invocation):
            state = self._snapshot_again(nonce, invocation)
        refusal, mined = Refusal("", ""), None
        for scale in _SCALES:
            if mined is not None:
                state = self._snapshot_again(nonce, invocation)
            try:
                pools = services.reader.pools(state.assets, state.block)
                proposal = build(state, pools, intent, services.config.rebalance, scale)
                inputs = inputs_of(state, intent, advice.inputs_hash)
                receipt = self._send(nonce, key, proposal, (advice.model, inputs), invocation)
            except TooSmall as error:
                if not refusal.text:
                    services.decide(invocation, key, "nothing", f"{intent.reason}; {error}")
                    return
                refusal = Refusal(str(error), "")
            except Reverted as error:
                refusal = Refusal(error.revert.text, error.revert.name)
            except (PlanRefused, RoutingError) as error:
                refusal = Refusal(str(error), "")
            else:
                if receipt.ok:
                    reason = f"{intent.reason}; {proposal.summary()}"
                    services.conclude(invocation, key, receipt, reason, complete=proposal.complete)
                    return
                refusal, mined = Refusal(receipt.reason, receipt.error), receipt
            refusal.require_lasting(nonce)
            services.log.warning("refused", key=key, scale=scale, reason=refusal.text)
        outcome = "refused" if mined is None else "failed"
        services.decide(invocation, key, outcome, f"{intent.reason}; {refusal.text}", mined)

    def _snapshot(self, nonce: int, invocation: Invocation) -> PortfolioState:
        """Returns the portfolio as it was at the invocation's block.

        Raises:
            Waiting: If the chain cannot value it: that is no decision, and the next block may bring the price.
        """
        try:
            return self._services.reader.portfolio(self._services.config.portfolio, invocation.block.number)
        except Reverted as error:
            raise Waiting(f"model {nonce}", f"portfolio unreadable: {error.revert.text}", _AGAIN) from error

    def _snapshot_again(self, nonce: int, invocation: Invocation) -> PortfolioState:
        """Returns the portfolio as it is after a transaction of ours."""
        invocation.block = self._services.node.latest()
        return self._snapshot(nonce, invocation)

    def _intent(self, state: PortfolioState, block: Block, advice: Advice) -> Intent:
        """Returns the decision; it has no targets if no weights meet the limits."""
        settings = self._services.config.rebalance
        if advice.strategy is not None:
            settings = settings.model_copy(update={"strategy": advice.strategy})
        try:
            intent = decide(state, settings, block.timestamp, self._last_complete(), advice.views)
            return replace(intent, reason=f"{intent.reason}; {advice.reason}") if advice.reason else intent
        except KeeperError as error:
            return Intent(f"no target weights: {error}", True, None)

    def _last_complete(self) -> int | None:
        """Unix seconds of the last rebalance, unless it stopped short of its targets."""
        last = self._services.store.last(self.name, rebalance_prefix(self._services.record.address), "done")
        return last.created if last is not None and last.complete else None

    def _send(
        self, nonce: int, key: str, proposal: Proposal, origin: tuple[str, bytes], invocation: Invocation
    ) -> Receipt:
        """Signs a proposal and sends it; its origin is the model's name and the hash of the inputs."""
        model, inputs = origin
        settings, block, portfolio = self._services.config.rebalance, invocation.block, self._services.record.address
        orders = order_words(proposal.orders, proposal.assets)
        signal = RebalanceSignal(
            portfolio=portfolio,
            assets=proposal.assets,
            targets=proposal.targets,
            band_bps=settings.band_bps,
            max_turnover_bps=proposal.most_turnover_bps,
            max_slippage_bps=settings.oracle_slippage_bps,
            valid_from=block.timestamp,
            valid_until=block.timestamp + settings.signal_lifetime_seconds,
            nonce=signal_nonce(portfolio, nonce),
            model_id=model_id(model),
            input_hash=inputs,
            orders_hash=hash_orders(orders),
        )
        return self._services.send_signed(invocation, key, ("AutoRebalancer", "rebalance"), signal, orders)

    def _used(self, nonce: int) -> bool:
        portfolio = self._services.record.address
        function = abi.function("AutoRebalancer", "isNonceUsed")
        rebalancer = self._services.deployment.address("AutoRebalancer")
        used = self._services.node.call(rebalancer, function, portfolio, signal_nonce(portfolio, nonce))
        return bool(used)

    def _key(self, nonce: int) -> str:
        return rebalance_key(self._services.record.address, nonce)
