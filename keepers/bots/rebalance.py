"""Rebalances once a posted model, when there is a reason to."""

from __future__ import annotations

from collections.abc import Sequence

from keepers import abi
from keepers.bots.chain_desk import ChainDesk
from keepers.bots.names import rebalance_key, rebalance_prefix, signal_nonce
from keepers.bots.price_doubts import PriceDoubts
from keepers.bots.signals import Signals
from keepers.rebalancing.decision import rebalance
from keepers.rpc.events import Event
from keepers.rpc.node import Block
from keepers.runtime.invocation import Invocation
from keepers.runtime.services import PortfolioServices
from keepers.runtime.triggers import OnEvents
from keepers.store import Decision


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
        """Decides as `keepers.rebalancing.decision` does, on the chain, and records the outcome.

        Raises:
            Waiting: If the portfolio cannot be read yet, or the chain refuses for the time alone.
        """
        services = self._services
        if self._used(nonce):
            services.decide(invocation, key, "done", "found executed on chain")
            return
        desk = ChainDesk(services, self._signals, nonce, key, invocation)
        found = rebalance(desk, services.config.rebalance, self._last_complete(), f"model {nonce}")
        if found.proposal is not None and desk.receipt is not None:
            complete = found.proposal.complete
            services.conclude(invocation, key, desk.receipt, found.reason, complete=complete)
        else:
            services.decide(invocation, key, found.outcome, found.reason, desk.receipt)

    def _last_complete(self) -> int | None:
        """Unix seconds of the last rebalance, unless it stopped short of its targets."""
        last = self._services.store.last(self.name, rebalance_prefix(self._services.record.address), "done")
        return last.created if last is not None and last.complete else None

    def _used(self, nonce: int) -> bool:
        portfolio = self._services.record.address
        function = abi.function("AutoRebalancer", "isNonceUsed")
        rebalancer = self._services.deployment.address("AutoRebalancer")
        used = self._services.node.call(rebalancer, function, portfolio, signal_nonce(portfolio, nonce))
        return bool(used)

    def _key(self, nonce: int) -> str:
        return rebalance_key(self._services.record.address, nonce)
