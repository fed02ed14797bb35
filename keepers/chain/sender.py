"""Sends transactions so that a kill at any instant neither repeats nor forgets one.

A transaction is signed and written to the journal before it is broadcast. Whoever finds it there after a
restart broadcasts the same bytes again, which a chain takes at most once, or reads the receipt of what was
mined meanwhile.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from keepers.chain.errors import (
    GasTooExpensive,
    Interrupted,
    NodeRefused,
    ReceiptTimeout,
    Reverted,
    TransactionLost,
)
from keepers.chain.journal import Attempt, Journal
from keepers.chain.node import Node
from keepers.chain.signing import Signer

GWEI = 10**9

_HARMLESS = (
    "already known",
    "already imported",
    "known transaction",
    "nonce too low",
    "underpriced",
    "less than block base fee",
)
"""Of a node that refuses a transaction: it has it or another attempt of it, or the fee will be raised."""


@dataclass(frozen=True)
class SendPolicy:
    """How to send.

    Attributes:
        max_fee: Most wei a gas.
        poll_seconds: Between looks for a receipt.
        replace_after: Seconds without a receipt after which the fee is raised.
        receipt_timeout: Seconds without a receipt after which waiting ends.
        lost_after: Seconds for which a nonce is used without a receipt of ours before it counts as lost: a
            node may show a block's state before its receipts.
        gas_margin: What the gas limit is above the estimate, as a factor.
        bump: By which a fee is raised, as a factor; nodes take 1.1 and more.
    """

    max_fee: int
    poll_seconds: float = 1.0
    replace_after: float = 60.0
    receipt_timeout: float = 600.0
    lost_after: float = 10.0
    gas_margin: float = 1.2
    bump: float = 1.25


@dataclass(frozen=True)
class Receipt:
    """A mined transaction.

    Attributes:
        tx_hash: 0x-prefixed.
        ok: False if it reverted.
        block: Height.
        gas_used: Gas.
        reason: Decoded error of one that reverted, otherwise "".
    """

    tx_hash: str
    ok: bool
    block: int
    gas_used: int
    reason: str = ""


class Sender:
    """Sends from one account, one transaction at a time, whichever process of this machine uses it.

    Args:
        node: Where to.
        signer: Account.
        policy: Fees and patience.
        journal: Where signed transactions are kept.
        should_stop: Asked while waiting; waiting ends when it says so.
    """

    def __init__(
        self,
        node: Node,
        signer: Signer,
        policy: SendPolicy,
        journal: Journal,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._node = node
        self._signer = signer
        self._policy = policy
        self._journal = journal
        self._should_stop = should_stop

    @property
    def address(self) -> str:
        """Account it sends from."""
        return self._signer.address

    def simulate(self, to: str, data: bytes) -> None:
        """Runs a call on the newest block without sending it.

        Raises:
            Reverted: With the decoded reason.
        """
        self._node.rpc("eth_call", [self._message(to, data), "latest"])

    def send(self, key: str, to: str, data: bytes) -> Receipt:
        """Simulates, journals, broadcasts and waits.

        Raises:
            Reverted: If the simulation reverts; nothing was sent then.
            GasTooExpensive: If the chain asks more than the policy allows; nothing was sent then.
            ReceiptTimeout: If it was not mined in time; the journal keeps it.
            Interrupted: If waiting was stopped; the journal keeps it.
        """
        with self._alone():
            self.simulate(to, data)
            gas = int(int(self._node.rpc("eth_estimateGas", [self._message(to, data)]), 16) * self._policy.gas_margin)
            nonce = int(self._node.rpc("eth_getTransactionCount", [self.address, "pending"]), 16)
            transaction = {
                "to": to,
                "data": "0x" + data.hex(),
                "value": 0,
                "gas": gas,
                "nonce": nonce,
                "chainId": self._node.chain_id,
                **self._fees(),
            }
            attempts = [self._attempt(key, transaction)]
            return self._wait(attempts, transaction)

    def settle(self) -> list[tuple[str, Receipt | None]]:
        """Finishes what an earlier run left in the journal.

        Returns:
            Key and receipt of each; None where another transaction took its nonce: it will never be mined.
        """
        left: dict[str, list[Attempt]] = {}
        for attempt in self._journal.attempts():
            left.setdefault(attempt.key, []).append(attempt)
        return [(key, self._settle(attempts)) for key, attempts in left.items()]

    def _settle(self, attempts: list[Attempt]) -> Receipt | None:
        with self._alone():
            if (receipt := self._receipt(attempts)) is not None:
                return receipt
            self._broadcast(attempts[-1])
            try:
                return self._wait(attempts, _unsigned(attempts[-1].raw))
            except TransactionLost:
                return None

    def _wait(self, attempts: list[Attempt], transaction: dict[str, Any] | None) -> Receipt:
        """Until one of the attempts is mined; raises the fee of a stuck one if its fields are known."""
        started = raised = unused = time.monotonic()
        while (receipt := self._receipt(attempts)) is None:
            now = time.monotonic()
            last = attempts[-1].tx_hash
            if self._should_stop():
                raise Interrupted(last, "stopped while waiting", "start again to go on")
            if not self._used(attempts[0]):
                unused = now
            if now - unused > self._policy.lost_after:
                taken = f"nonce {attempts[0].nonce} was used by another transaction"
                raise TransactionLost(last, taken, "give each keeper a sender of its own")
            if now - started > self._policy.receipt_timeout:
                raise ReceiptTimeout(last, f"not mined in {now - started:.0f} s", "raise max_fee_gwei")
            if transaction is not None and now - raised > self._policy.replace_after:
                raised = now
                self._replace(attempts, transaction)
            time.sleep(self._policy.poll_seconds)
        return receipt

    def _replace(self, attempts: list[Attempt], transaction: dict[str, Any]) -> None:
        """The same transaction with a higher fee, unless that is above the bound."""
        for name in ("maxFeePerGas", "maxPriorityFeePerGas", "gasPrice"):
            if name in transaction:
                transaction[name] = int(transaction[name] * self._policy.bump) + 1
        if _max_fee(transaction) <= self._policy.max_fee:
            attempts.append(self._attempt(attempts[0].key, transaction))

    def _attempt(self, key: str, transaction: dict[str, Any]) -> Attempt:
        """Signs, journals, broadcasts: in that order."""
        raw = self._signer.sign_transaction(transaction)
        attempt = Attempt(
            key=key,
            sender=self.address,
            nonce=transaction["nonce"],
            tx_hash="0x" + keccak(raw).hex(),
            raw="0x" + raw.hex(),
            max_fee=_max_fee(transaction),
            block=self._node.latest().number,
        )
        self._journal.record(attempt)
        self._broadcast(attempt)
        return attempt

    def _broadcast(self, attempt: Attempt) -> None:
        """Hands a signed transaction to the node; one that it already knows or has mined is no error."""
        try:
            self._node.rpc("eth_sendRawTransaction", [attempt.raw])
        except Reverted:
            return  # Mined and reverted: the receipt says so.
        except NodeRefused as error:
            if not any(text in error.reason.lower() for text in _HARMLESS):
                raise

    def _used(self, attempt: Attempt) -> bool:
        count = self._node.rpc("eth_getTransactionCount", [attempt.sender, "latest"])
        return int(count, 16) > attempt.nonce

    def _receipt(self, attempts: Sequence[Attempt]) -> Receipt | None:
        for attempt in attempts:
            raw = self._node.receipt(attempt.tx_hash)
            if raw is not None:
                return self._read(attempt, raw)
        return None

    def _read(self, attempt: Attempt, raw: dict[str, Any]) -> Receipt:
        ok = int(raw["status"], 16) == 1
        block = int(raw["blockNumber"], 16)
        reason = "" if ok else self._why(attempt, block)
        return Receipt(attempt.tx_hash, ok, block, int(raw["gasUsed"], 16), reason)

    def _why(self, attempt: Attempt, block: int) -> str:
        """The decoded error of a mined transaction that reverted, from running it on the block before."""
        raw = self._node.rpc("eth_getTransactionByHash", [attempt.tx_hash])
        message = {"from": raw["from"], "to": raw["to"], "data": raw["input"], "gas": raw["gas"]}
        try:
            self._node.rpc("eth_call", [message, hex(block - 1)])
        except Reverted as error:
            return error.revert.text
        except NodeRefused as error:
            return error.reason
        return "reverted, and would not have one block before"

    def _fees(self) -> dict[str, Any]:
        """Fee fields, never above the bound."""
        block = self._node.latest()
        bound = self._policy.max_fee
        if block.base_fee is None:
            price = int(self._node.rpc("eth_gasPrice"), 16)
            self._require_affordable(price)
            return {"gasPrice": min(price, bound)}
        self._require_affordable(block.base_fee)
        tip = int(self._node.rpc("eth_maxPriorityFeePerGas"), 16)
        fee = min(2 * block.base_fee + tip, bound)
        return {"maxFeePerGas": fee, "maxPriorityFeePerGas": min(tip, fee), "type": 2}

    def _require_affordable(self, price: int) -> None:
        if price > self._policy.max_fee:
            asked, bound = price / GWEI, self._policy.max_fee / GWEI
            raise GasTooExpensive(f"gas at {asked:.3f} gwei", f"above the bound of {bound:.3f}", "raise max_fee_gwei")

    def _message(self, to: str, data: bytes) -> dict[str, str]:
        return {"from": self.address, "to": to, "data": "0x" + data.hex()}

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """A lock of this account on this machine, which the system lets go of when a process dies."""
        name = f"quantera-{os.getuid()}-{self._node.chain_id}-{self.address.lower()}.lock"
        with (Path(tempfile.gettempdir()) / name).open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def _unsigned(raw: str) -> dict[str, Any] | None:
    """Fields of a signed transaction, so that its fee can be raised; None for a legacy one."""
    data = HexBytes(raw)
    if data[0] > 0x7F:
        return None
    fields = TypedTransaction.from_bytes(data).as_dict()
    return {name: value for name, value in fields.items() if name not in ("v", "r", "s", "accessList")}


def _max_fee(transaction: dict[str, Any]) -> int:
    return int(transaction.get("maxFeePerGas", transaction.get("gasPrice", 0)))
