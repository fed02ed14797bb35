"""Decisions of a bot: each thing is decided once, acted on once, and recorded with its reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import structlog

from keepers.rpc.node import Block, Node
from keepers.runtime.invocation import Invocation
from keepers.store import Decision, Store
from keepers.transactions.journal import Status
from keepers.transactions.sender import Receipt, Sender, Settled

RETRY_SECONDS = 900
"""Time for which a refused key rests, so that provoked refusals cost a keeper little."""


@dataclass
class DecisionLog:
    """Decides, sends and records for one bot.

    An outcome is "refused" if nothing was sent because the chain or a plan said no, and "failed" if a transaction was
    mined and reverted.

    Attributes:
        bot: Name in the store.
        node, store, sender: Connections of the bot.
        log: structlog logger.
    """

    bot: str
    node: Node
    store: Store
    sender: Sender
    log: Any

    def decided(self, key: str) -> bool:
        """Returns True if a key was decided for good."""
        known = self.store.decision(self.bot, key)
        return known is not None and known.final

    def rests(self, key: str, block: Block) -> bool:
        """Returns True if a key was decided for good, or refused less than RETRY_SECONDS ago."""
        known = self.store.decision(self.bot, key)
        return known is not None and (known.final or block.timestamp < known.created + RETRY_SECONDS)

    def decide(
        self,
        invocation: Invocation,
        key: str,
        outcome: str,
        reason: str,
        receipt: Receipt | None = None,
        *,
        complete: bool = True,
    ) -> None:
        """Records a decision and says so in one log line.

        Args:
            invocation: Call of the handler that decides; the decision is made from its block.
            key: Subject of the decision.
            outcome: One of the outcomes of `Decision`.
            reason: Reason in a sentence.
            receipt: Receipt of the transaction, if there was one.
            complete: False if what was done stops short of what was wanted.
        """
        block = invocation.block
        invocation.reach = max(invocation.reach, block.number)
        tx_hash = receipt.tx_hash if receipt else None
        trace = invocation.trace
        made = Decision(self.bot, key, block.number, outcome, reason, tx_hash, block.timestamp, trace, complete)
        self.store.decide(made)
        details: dict[str, Any] = {"tx_hash": tx_hash, "gas": receipt.gas_used} if receipt else {}
        self.log.info("decision", key=key, outcome=outcome, reason=reason, block=block.number, **details)

    def send(self, invocation: Invocation, key: str, to: str, data: bytes, value: int = 0) -> Receipt:
        """Sends a transaction that was decided from the invocation's block, with so many wei.

        Raises:
            Reverted: If the simulation reverts; nothing is recorded then.
        """
        return self.sender.send(key, to, data, invocation.block.number, invocation.trace, value)

    def conclude(
        self, invocation: Invocation, key: str, receipt: Receipt, reason: str, *, complete: bool = True
    ) -> bool:
        """Records the outcome of a mined transaction.

        Returns:
            True if it did what it was sent for, and False if it reverted.
        """
        if receipt.ok:
            self.decide(invocation, key, "done", reason, receipt, complete=complete)
        else:
            self.decide(invocation, key, "failed", receipt.reason, receipt)
        return receipt.ok

    def settle(self, block: Block) -> bool:
        """Finishes what was signed and is not final: of an earlier run, another replica, or taken back.

        Returns:
            Whether something has to be read and decided again.
        """
        again = False
        concluded: frozenset[str] | None = None
        for settled in self.sender.settle():
            # One query for all that is mined, and none where nothing is: hours of transactions are not final yet.
            if concluded is None:
                concluded = self.store.concluded(self.bot)
            # Under the trace of whatever it was sent for.
            trace = settled.transaction.trace
            with structlog.contextvars.bound_contextvars(trace=trace):
                again |= self._settle(Invocation(block, trace), settled, concluded)
        return again

    def _settle(self, invocation: Invocation, settled: Settled, concluded: frozenset[str]) -> bool:
        transaction, receipt = settled.transaction, settled.receipt
        if settled.status in (Status.MINED, Status.FINAL):
            # Asked each time: another replica may have been killed between the receipt and the decision.
            if transaction.key not in concluded and not self.decided(transaction.key):
                source = replace(invocation.block, number=min(transaction.source, invocation.block.number))
                reason = "finished after an interruption"
                self.decide(Invocation(source, invocation.trace), transaction.key, "done", reason, receipt)
            return False
        if transaction.fills_gap:
            self.log.info("nonce used up", nonce=transaction.nonce)
            return False
        self.store.reconsider(self.bot, transaction.key, transaction.source)
        if settled.status is Status.REVERTED and receipt is not None:
            self.conclude(invocation, transaction.key, receipt, "")
        else:
            self.log.warning("displaced", key=transaction.key, nonce=transaction.nonce, status=settled.status.value)
        return True
