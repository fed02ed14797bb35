"""Decisions of a bot: each thing is decided once, acted on once, and recorded with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import structlog

from keepers.rpc.node import Block, Node
from keepers.store import Decision, Store
from keepers.transactions.journal import Status
from keepers.transactions.sender import Receipt, Sender, Settled

RETRY_SECONDS = 900
"""Time for which a refused key rests, so that provoked refusals cost a keeper little."""


@dataclass
class DecisionLog:
    """The services that a handler acts with.

    Attributes:
        bot: Name in the store.
        node, store, sender: Connections of the bot.
        log: structlog logger.
        trace: Identifier of the trigger that is being served.
        reach: Newest block that anything was decided from meanwhile.
    """

    bot: str
    node: Node
    store: Store
    sender: Sender
    log: Any
    trace: str = field(default="", init=False)
    reach: int = field(default=0, init=False)

    def decided(self, key: str) -> bool:
        """Returns True if a key was decided for good."""
        known = self.store.decision(self.bot, key)
        return known is not None and known.final

    def rests(self, key: str, block: Block) -> bool:
        """Returns True if a key was decided for good, or refused less than RETRY_SECONDS ago."""
        known = self.store.decision(self.bot, key)
        return known is not None and (known.final or block.timestamp < known.created + RETRY_SECONDS)

    def decide(self, key: str, block: Block, outcome: str, reason: str, receipt: Receipt | None = None) -> None:
        """Records a decision and says so in one log line."""
        self._record(key, block.number, block.timestamp, outcome, reason, receipt)

    def send(self, key: str, to: str, data: bytes, block: Block, reason: str) -> Receipt:
        """Sends and records what became of it.

        Raises:
            Reverted: If the simulation reverts; nothing is recorded then.
        """
        receipt = self.sender.send(key, to, data, block.number, self.trace)
        self.conclude(key, receipt, block, reason)
        return receipt

    def conclude(self, key: str, receipt: Receipt, block: Block, reason: str) -> None:
        """Records the outcome of a mined transaction."""
        if receipt.ok:
            self.decide(key, block, "done", reason, receipt)
        else:
            self.decide(key, block, "failed", receipt.reason, receipt)

    def settle(self, block: Block) -> bool:
        """Finishes what was signed and is not final: of an earlier run, another replica, or taken back.

        Returns:
            Whether something has to be read and decided again.
        """
        again = False
        for settled in self.sender.settle():
            # Under the trace of whatever it was sent for, not of what is being served now.
            self.trace = settled.transaction.trace
            with structlog.contextvars.bound_contextvars(trace=self.trace):
                again |= self._settle(settled, block)
        return again

    def _settle(self, settled: Settled, block: Block) -> bool:
        transaction, receipt = settled.transaction, settled.receipt
        if settled.status in (Status.MINED, Status.FINAL):
            # Asked each time: another replica may have been killed between the receipt and the decision.
            if not self.decided(transaction.key):
                reason = "finished after an interruption"
                source = min(transaction.source, block.number)
                self._record(transaction.key, source, block.timestamp, "done", reason, receipt)
            return False
        if transaction.key.startswith("gap:"):
            self.log.info("nonce used up", nonce=transaction.nonce)
            return False
        self.store.reconsider(self.bot, transaction.key, transaction.source)
        if settled.status is Status.REVERTED and receipt is not None:
            self.conclude(transaction.key, receipt, block, "")
        else:
            self.log.warning("displaced", key=transaction.key, nonce=transaction.nonce, status=settled.status.value)
        return True

    def _record(
        self, key: str, number: int, timestamp: int, outcome: str, reason: str, receipt: Receipt | None
    ) -> None:
        self.reach = max(self.reach, number)
        tx_hash = receipt.tx_hash if receipt else None
        self.store.decide(Decision(self.bot, key, number, outcome, reason, tx_hash, timestamp, self.trace))
        details: dict[str, Any] = {"tx_hash": tx_hash, "gas": receipt.gas_used} if receipt else {}
        self.log.info("decision", key=key, outcome=outcome, reason=reason, block=number, **details)
