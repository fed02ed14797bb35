"""Sends transactions so that a kill at any instant neither repeats nor forgets one.

A transaction gets its nonce and is signed and journalled in one step, and broadcast afterwards. Whoever finds it
in the journal, after a restart or in another replica, hands the same bytes over again, which a chain takes at most
once, or reads the receipt of what was mined meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from eth_utils.crypto import keccak

from keepers.rpc.errors import NodeRefused, NodeUnreachable, Reverted
from keepers.rpc.node import Node, must
from keepers.signers.signing import Signer
from keepers.transactions import fees
from keepers.transactions.errors import GaveUp, Interrupted, ReceiptTimeout, SenderEmpty, TransactionLost
from keepers.transactions.fees import GWEI
from keepers.transactions.journal import GAP, Attempt, Journal, Status, Transaction, Wanted
from keepers.transactions.routes import PrivateRoute, PublicRoute

__all__ = ["GWEI", "Receipt", "SendPolicy", "Sender", "Settled"]

_TRANSFER_GAS = 21_000
_SELECTOR = 10
"""Characters of calldata in hexadecimal that name the function."""
_COMPARED_EVERY = 20
"""Calls of a function per comparison of its gas with an access list and without."""


@dataclass(frozen=True)
class SendPolicy:
    """Fees and patience of a sender.

    Attributes:
        max_fee: Maximum wei per gas.
        daily_limit: Maximum wei that the account may spend in 24 hours; None for no limit.
        confirmations: Blocks on top of a receipt's before it counts.
        finality: Blocks on top of a receipt's after which it is no longer watched.
        poll_seconds: Time between looks for a receipt.
        replace_after: Seconds without a receipt after which the fee is raised.
        resend_after: Seconds without a receipt after which a transaction that the node does not know is sent again.
        receipt_timeout: Seconds without a receipt after which waiting ends.
        lost_after: Seconds for which a nonce is used without a receipt of ours before it counts as lost: a
            node may show a block's state before its receipts.
        gas_margin: Factor from the estimate to the gas limit.
        bump: Factor by which a fee is raised; nodes take 1.1 and more.
    """

    max_fee: int
    daily_limit: int | None = None
    confirmations: int = 0
    finality: int = 64
    poll_seconds: float = 1.0
    replace_after: float = 60.0
    resend_after: float = 5.0
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
        error: Name of that error, "" where it has none.
        block_hash: Hash of that block.
        cost: Wei.
        cancels: True if it is a cancellation, which only used a nonce up.
    """

    tx_hash: str
    ok: bool
    block: int
    gas_used: int
    reason: str = ""
    block_hash: str = ""
    cost: int = 0
    cancels: bool = False
    error: str = ""


@dataclass(frozen=True)
class Settled:
    """The outcome of a transaction of the journal.

    Attributes:
        transaction: Transaction before the outcome.
        status: MINED, FINAL, REVERTED, LOST or CANCELLED.
        receipt: None for a lost one.
    """

    transaction: Transaction
    status: Status
    receipt: Receipt | None


class Sender:
    """Sends from one account; processes that share it share a store.

    Args:
        node: Node that takes transactions and gives receipts.
        signer: Account.
        policy: Fees and patience.
        journal: Journal of signed transactions.
        should_stop: Asked while waiting; waiting ends when it says so.
        private: Tried first, if there is one.
        note: Told of what happens to a transaction on its way, as structlog's loggers are.

    Attributes:
        rehearses: True for one that only simulates, so that a bot begins nothing elsewhere either.
    """

    rehearses = False

    def __init__(
        self,
        node: Node,
        signer: Signer,
        policy: SendPolicy,
        journal: Journal,
        should_stop: Callable[[], bool] = lambda: False,
        private: PrivateRoute | None = None,
        note: Callable[..., object] = lambda _event, **_: None,
    ) -> None:
        self._node = node
        self._signer = signer
        self._policy = policy
        self._journal = journal
        self._should_stop = should_stop
        self._public = PublicRoute(node)
        self._private = private
        self._note = note
        # Whether an access list made a function's calls cheaper, and how many calls ago that was compared.
        self._compared: dict[tuple[str, str], tuple[bool, int]] = {}

    @property
    def signer(self) -> Signer:
        """The key of the account that it sends from."""
        return self._signer

    @property
    def address(self) -> str:
        """Account it sends from."""
        return self._signer.address

    # -- Sending

    def simulate(self, to: str, data: bytes, value: int = 0) -> None:
        """Runs a call on the newest block without sending it.

        Raises:
            Reverted: If it reverts, with the decoded reason.
        """
        self._node.rpc("eth_call", [self._message(to, data, value), "latest"])

    def send(self, key: str, to: str, data: bytes, source: int = 0, trace: str = "", value: int = 0) -> Receipt:
        """Simulates, journals, broadcasts and waits.

        Args:
            key: Purpose of the transaction; one purpose has one key.
            to: Address.
            data: Calldata.
            source: Height that it was decided from.
            trace: Identifier of the log lines.
            value: Wei to send along; counts towards the daily limit until it is mined.

        Raises:
            Reverted: If the simulation reverts; nothing was sent then.
            GasTooExpensive: If the chain asks more than the policy allows; nothing was sent then.
            SenderEmpty: If the account holds less than that may cost; nothing was sent then.
            SpendingLimit: If the account would cost too much in a day; nothing was sent then.
            LeaseLost: If another replica has taken over; nothing was sent then.
            AlreadyOpen: If the key is being done already.
            ReceiptTimeout: If it was not mined in time; the journal keeps it.
            Interrupted: If waiting was stopped; the journal keeps it.
            GaveUp: If a private relay did not have it mined, and it is not to become public.
            TransactionLost: If something else used its nonce.
        """
        self.simulate(to, data, value)
        fields = {**self._fields(to, data, 0), "value": value}
        gas, listed = self._estimate(self._message(to, data, value), typed="type" in fields)
        fields = {**fields, "gas": int(gas * self._policy.gas_margin), **listed}
        self._require_means(fields["gas"] * fees.max_fee(fields) + value)
        wanted = Wanted(
            key=key,
            source=source,
            chain_id=self._node.chain_id,
            sender=self.address,
            cost=gas * fees.max_fee(fields) + value,
            daily_limit=self._policy.daily_limit,
            trace=trace,
        )
        settled = self._follow(self._first(wanted, fields))
        if settled.status is Status.CANCELLED:
            raise GaveUp(key, "the private relay did not have it mined; its nonce is used up", "decide anew")
        if settled.receipt is None:
            nonce = settled.transaction.nonce
            raise TransactionLost(key, f"nonce {nonce} was used by another transaction", "give keepers one store")
        return settled.receipt

    def _require_means(self, cost: int) -> None:
        balance = int(self._node.rpc("eth_getBalance", [self.address, "latest"]), 16)
        if balance < cost:
            has, needs = balance / 10**18, cost / 10**18
            raise SenderEmpty(f"{self.address} holds {has:.6f} ether", f"{needs:.6f} needed", "send it more")

    def _estimate(self, message: dict[str, Any], typed: bool) -> tuple[int, dict[str, Any]]:
        """Gas that a call takes, and its access list where that makes it cheaper.

        Naming what a transaction touches costs less than touching it cold, unless it touches little of each contract.
        Source: EIP-2930. A node runs a call many times to estimate its gas, and calls of one function touch much the
        same: the two are compared once in twenty calls, and between them the cheaper one alone is estimated.
        """
        if not typed:
            return self._gas_of(message), {}
        function = message["to"], message["data"][:_SELECTOR]
        listed, calls = self._compared.get(function, (True, 0))
        plain = self._gas_of(message) if calls == 0 or not listed else None
        found = self._listed(message) if calls == 0 or listed else None
        if found is None or (plain is not None and plain <= found[0]):
            found = self._gas_of(message) if plain is None else plain, {}
        self._compared[function] = bool(found[1]), (calls + 1) % _COMPARED_EVERY
        return found

    def _listed(self, message: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        """Gas that a call takes with an access list, and the list; None where the node makes none."""
        try:
            found = self._node.offered("eth_createAccessList", [message, "latest"])
            if found is None or not found["accessList"]:
                return None
            listed = {"accessList": found["accessList"]}
            return self._gas_of({**message, **listed}), listed
        except (Reverted, NodeRefused):
            return None  # The chain went on meanwhile; the receipt will say what came of it.

    def _gas_of(self, message: dict[str, Any]) -> int:
        return int(self._node.rpc("eth_estimateGas", [message]), 16)

    # -- After a restart, a reorganisation or a change of leader

    def settle(self) -> Iterator[Settled]:
        """Looks after what the journal holds: hands it over again, waits for it, uses up what is not to happen.

        Every transaction that is not final yet is given, lowest nonce first, the mined ones too.

        Raises:
            ReceiptTimeout, Interrupted: If a transaction is not mined in time, or waiting was stopped.
        """
        active = self._journal.active()
        waiting: list[Transaction] = []
        head = self._node.latest().number if active else 0
        for transaction, receipt in zip(active, self._receipts(active), strict=True):
            if receipt is not None:
                yield self._conclude(transaction, receipt, head)
                continue
            if transaction.status is Status.MINED:
                self._journal.move(transaction, Status.OPEN)
                transaction = replace(transaction, status=Status.OPEN, tx_hash=None, block_number=None, block_hash=None)
            waiting.append(transaction)
        for transaction in waiting:
            if transaction.status is not Status.ORPHANED:
                self._broadcast(transaction)
        for transaction in waiting:
            current = transaction
            if transaction.status is Status.ORPHANED:
                current = self._cancel(transaction)
            yield self._follow(current)

    # -- Following one transaction

    def _follow(self, transaction: Transaction) -> Settled:
        """Waits until one of the attempts is mined; raises the fee of a stuck one, sends a dropped one again."""
        started = raised = resent = unused = time.monotonic()
        while True:
            used, receipt, known, head = self._look(transaction)
            if receipt is not None and head >= receipt.block + self._policy.confirmations:
                return self._conclude(transaction, receipt, head)
            now = time.monotonic()
            last = transaction.attempts[-1].tx_hash
            if self._should_stop():
                raise Interrupted(last, "stopped while waiting", "start again to go on")
            if receipt is not None or known or used <= transaction.nonce:
                unused = now
            if now - unused > self._policy.lost_after:
                self._journal.move(transaction, Status.LOST)
                return Settled(transaction, Status.LOST, None)
            if now - started > self._policy.receipt_timeout:
                raise ReceiptTimeout(last, f"not mined in {now - started:.0f} s", "raise max_fee_gwei")
            if receipt is None and self._expired(transaction, head):
                transaction = self._leave_private(transaction)
            elif receipt is None and now - raised > self._policy.replace_after:
                raised = now
                transaction = self._replace(transaction)
            if receipt is None and now - resent > self._policy.resend_after:
                resent = now
                if used < transaction.nonce:
                    self._fill_gap(transaction, used)
                if not known:
                    self._note_signed("resent", transaction)
                    self._broadcast(transaction)
            time.sleep(self._policy.poll_seconds)

    def _look(self, transaction: Transaction) -> tuple[int, Receipt | None, bool, int]:
        """Nonces used, the receipt if there is one, whether the node knows the last attempt, and its height.

        One endpoint gives all of it, so that it fits together.
        """
        hashes = [attempt.tx_hash for attempt in transaction.attempts]
        questions: list[tuple[str, list[Any]]] = [
            ("eth_getTransactionCount", [transaction.sender, "latest"]),
            ("eth_getTransactionByHash", [hashes[-1]]),
            ("eth_blockNumber", []),
            *(("eth_getTransactionReceipt", [tx_hash]) for tx_hash in hashes),
        ]
        used, known, head, *found = [must(answer) for answer in self._node.batch(questions)]
        for attempt, raw in zip(transaction.attempts, found, strict=True):
            if raw is not None:
                return int(used, 16), self._read(attempt, raw), True, int(head, 16)
        return int(used, 16), None, known is not None, int(head, 16)

    def _receipts(self, found: Sequence[Transaction]) -> list[Receipt | None]:
        """The receipt of each that has one, in one request: after a busy hour dozens are not final yet."""
        attempts = [(index, attempt) for index, transaction in enumerate(found) for attempt in transaction.attempts]
        receipts: list[Receipt | None] = [None] * len(found)
        answers = self._node.batch([("eth_getTransactionReceipt", [attempt.tx_hash]) for _, attempt in attempts])
        for (index, attempt), answer in zip(attempts, answers, strict=True):
            raw = must(answer)
            if raw is not None and receipts[index] is None:
                receipts[index] = self._read(attempt, raw)
        return receipts

    def _conclude(self, transaction: Transaction, receipt: Receipt, head: int) -> Settled:
        """Writes down what a receipt says."""
        place = (receipt.tx_hash, receipt.block, receipt.block_hash, receipt.cost)
        known = (transaction.tx_hash, transaction.block_number, transaction.block_hash)
        if transaction.status is not Status.MINED or known != place[:3]:
            self._journal.mined(transaction, *place)
            details = {"tx_hash": receipt.tx_hash, "block": receipt.block, "ok": receipt.ok, "gas": receipt.gas_used}
            self._note("mined", key=transaction.key, nonce=transaction.nonce, **details)
        status = Status.MINED
        if receipt.cancels:
            status = Status.CANCELLED
        elif not receipt.ok:
            status = Status.REVERTED
        elif head - receipt.block >= self._policy.finality:
            status = Status.FINAL
        if status is not Status.MINED:
            self._journal.move(transaction, status)
        return Settled(transaction, status, receipt)

    # -- Attempts

    def _first(self, wanted: Wanted, fields: dict[str, Any]) -> Transaction:
        """Nonce, signature and journal in one step, then the broadcast."""
        head = self._node.latest().number
        route = "public" if self._private is None else "private"
        transaction = self._journal.reserve(
            wanted,
            lambda: int(self._node.rpc("eth_getTransactionCount", [self.address, "pending"]), 16),
            lambda nonce: self._sign({**fields, "nonce": nonce}, head, route),
        )
        self._note_signed("sent", transaction)
        self._broadcast(transaction)
        return transaction

    def _replace(self, transaction: Transaction) -> Transaction:
        """Sends the transaction again with a higher fee, unless that is above the bound."""
        last = transaction.attempts[-1]
        fields = fees.unsigned(last.raw)
        changed = fees.raised(fields, self._node, self._policy.bump, self._policy.max_fee) if fields else None
        if changed is None:
            return transaction
        return self._another(transaction, changed, last.route, last.cancels)

    def _cancel(self, transaction: Transaction) -> Transaction:
        """Uses the nonce up: a transfer of nothing to ourselves that pays more than what it replaces.

        Where the bound leaves no room for that, only a node that has dropped the transaction takes it; otherwise
        what is mined decides.
        """
        last = transaction.attempts[-1]
        if last.cancels:
            self._broadcast(transaction)
            return transaction
        paid = fees.unsigned(last.raw)
        transfer = {**self._fields(self.address, b"", _TRANSFER_GAS), "nonce": transaction.nonce}
        if last.route == "public" and paid is not None:
            prices: dict[str, Any] = {
                name: paid[name] for name in ("maxFeePerGas", "maxPriorityFeePerGas") if name in paid
            }
            transfer = (
                fees.raised({**transfer, **prices}, self._node, self._policy.bump, self._policy.max_fee) or transfer
            )
        return self._another(transaction, transfer, "public", True)

    def _another(self, transaction: Transaction, fields: dict[str, Any], route: str, cancels: bool) -> Transaction:
        attempt = self._sign(fields, self._node.latest().number, route, cancels)
        changed = self._journal.add(transaction, attempt)
        self._note_signed("cancelled" if cancels else "replaced", changed)
        self._broadcast(changed)
        return changed

    def _fill_gap(self, transaction: Transaction, used: int) -> None:
        """Sees to the nonces below: hands over again what the journal knows of, uses up what nobody does."""
        known = {below.nonce: below for below in self._journal.beneath(transaction, used)}
        for nonce in range(used, transaction.nonce):
            self._note("gap", nonce=nonce, below=transaction.nonce, known=nonce in known)
            if (below := known.get(nonce)) is None:
                self._use_up(nonce, transaction)
            elif below.status is not Status.ORPHANED or below.attempts[-1].cancels:
                self._broadcast(below)

    def _use_up(self, nonce: int, above: Transaction) -> None:
        fields = self._fields(self.address, b"", _TRANSFER_GAS)
        wanted = Wanted(
            key=f"{GAP}{nonce}:{above.attempts[0].tx_hash}",
            source=0,
            chain_id=above.chain_id,
            sender=self.address,
            cost=_TRANSFER_GAS * fees.max_fee(fields),
            nonce=nonce,
        )
        head = self._node.latest().number

        def sign(chosen: int) -> Attempt:
            return self._sign({**fields, "nonce": chosen}, head, "public", cancels=True)

        self._broadcast(self._journal.reserve(wanted, lambda: nonce, sign))

    def _sign(self, fields: dict[str, Any], head: int, route: str, cancels: bool = False) -> Attempt:
        raw = self._signer.sign_transaction(fields)
        tx_hash = "0x" + keccak(raw).hex()
        return Attempt(tx_hash, "0x" + raw.hex(), fees.max_fee(fields), head, route, cancels)

    def _fields(self, to: str, data: bytes, gas: int) -> dict[str, Any]:
        """Everything but the nonce."""
        price = fees.quote(self._node, self._policy.max_fee)
        common = {"to": to, "data": "0x" + data.hex(), "value": 0, "gas": gas, "chainId": self._node.chain_id}
        return {**common, **price}

    # -- Routes

    def _broadcast(self, transaction: Transaction) -> None:
        """Hands the last attempt over, by its route."""
        last = transaction.attempts[-1]
        head = self._node.latest().number
        if last.route == "private" and self._private is not None and not self._expired(transaction, head):
            try:
                self._private.submit(last.raw, head)
            except (NodeUnreachable, NodeRefused):
                if self._private.relay.fallback != "public":
                    raise
                self._public.submit(last.raw, head)
        elif last.route == "public" or self._may_become_public:
            self._public.submit(last.raw, head)

    def _expired(self, transaction: Transaction, head: int) -> bool:
        """Returns True if the relay had all the blocks that it may try for."""
        last = transaction.attempts[-1]
        blocks = self._private.relay.blocks if self._private is not None else 0
        return last.route == "private" and head - last.block >= blocks

    def _leave_private(self, transaction: Transaction) -> Transaction:
        """Sends the transaction to the mempool, or uses its nonce up."""
        last = transaction.attempts[-1]
        if self._may_become_public:
            self._public.submit(last.raw, self._node.latest().number)
            return transaction
        if self._private is not None:
            with suppress(NodeUnreachable, NodeRefused):  # The cancellation below does not need the relay.
                self._private.cancel(last.tx_hash)
        self._journal.move(transaction, Status.ORPHANED)
        return self._cancel(transaction)

    @property
    def _may_become_public(self) -> bool:
        """Returns True unless a configured relay requires private transactions to stay private."""
        return self._private is None or self._private.relay.fallback == "public"

    # -- Reading

    def _read(self, attempt: Attempt, raw: dict[str, Any]) -> Receipt:
        ok = int(raw["status"], 16) == 1
        block, gas = int(raw["blockNumber"], 16), int(raw["gasUsed"], 16)
        reason, error = ("", "") if ok else self._cause(attempt, block)
        cost = gas * int(raw["effectiveGasPrice"], 16)
        return Receipt(attempt.tx_hash, ok, block, gas, reason, raw["blockHash"], cost, attempt.cancels, error)

    def _cause(self, attempt: Attempt, block: int) -> tuple[str, str]:
        """The decoded error of a mined transaction that reverted, and its name, from running it on the block before."""
        raw = self._node.rpc("eth_getTransactionByHash", [attempt.tx_hash])
        message = {"from": raw["from"], "to": raw["to"], "data": raw["input"], "gas": raw["gas"], "value": raw["value"]}
        try:
            self._node.rpc("eth_call", [message, hex(block - 1)])
        except Reverted as error:
            return error.revert.text, error.revert.name
        except NodeRefused as error:
            return error.reason, ""
        return "reverted, and would not have one block before", ""

    def _note_signed(self, event: str, transaction: Transaction) -> None:
        last = transaction.attempts[-1]
        details = {"tx_hash": last.tx_hash, "route": last.route, "max_fee_gwei": last.max_fee / GWEI}
        self._note(event, key=transaction.key, nonce=transaction.nonce, **details)

    def _message(self, to: str, data: bytes, value: int) -> dict[str, str]:
        return {"from": self.address, "to": to, "data": "0x" + data.hex(), "value": hex(value)}
