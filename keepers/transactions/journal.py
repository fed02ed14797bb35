"""The journal that a sender keeps of its signed transactions.

One thing to do has one key, one key has one nonce for as long as that nonce is free, and every transaction
signed for it is written down before it is broadcast. So whatever a node, a relay or a reorganisation makes of
the attempts, the chain takes at most one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Status(StrEnum):
    """The state of a transaction.

    OPEN: signed, not known to be mined. ORPHANED: what it was decided from was taken back by a reorganisation;
    its nonce is to be used up. MINED: in a block that may still be taken back. FINAL: deep enough.
    REVERTED: mined without effect. LOST: its nonce was used by something else. CANCELLED: by its own cancellation.
    """

    OPEN = "open"
    ORPHANED = "orphaned"
    MINED = "mined"
    FINAL = "final"
    REVERTED = "reverted"
    LOST = "lost"
    CANCELLED = "cancelled"


ACTIVE = (Status.OPEN, Status.ORPHANED, Status.MINED)
"""States of transactions that still need attention."""

DAY = 86_400

GAP = "gap:"
"""Prefix of the keys of transactions that use up a nonce."""


@dataclass(frozen=True)
class Attempt:
    """A signed transaction; several attempts of one key share a nonce.

    Attributes:
        tx_hash: 0x-prefixed.
        raw: Signed bytes, 0x-prefixed.
        max_fee: Wei per gas.
        block: Height when it was signed.
        route: Name of the route that it was handed to, "public" or "private".
        cancels: True if it only uses the nonce up.
    """

    tx_hash: str
    raw: str
    max_fee: int
    block: int
    route: str = "public"
    cancels: bool = False


@dataclass(frozen=True)
class Transaction:
    """One thing to do, with everything that was signed for it.

    Attributes:
        id: Number in the journal.
        bot: Name of the bot.
        key: Purpose of the transaction, such as "model:0x...:7".
        chain_id, sender, nonce: The account's slot that it uses.
        source: Height that it was decided from; a reorganisation below takes the decision back.
        status: State of the transaction.
        cost: Wei: the maximum cost, or the actual cost once it is mined.
        created: Unix seconds.
        tx_hash, block_number, block_hash: Position of the mined attempt, or None.
        attempts: Oldest first.
        trace: Identifier of the log lines that led to it, or "".
    """

    id: int
    bot: str
    key: str
    chain_id: int
    sender: str
    nonce: int
    source: int
    status: Status
    cost: int
    created: int
    tx_hash: str | None
    block_number: int | None
    block_hash: str | None
    attempts: tuple[Attempt, ...]
    trace: str = ""

    @property
    def fills_gap(self) -> bool:
        """True if it does nothing but use up a nonce that nobody knows of."""
        return self.key.startswith(GAP)


@dataclass(frozen=True)
class Wanted:
    """A transaction that is to get a nonce.

    Attributes:
        key, source: Fields of `Transaction`.
        chain_id, sender: Account.
        cost: Maximum cost in wei.
        daily_limit: Wei that the account may cost in 24 hours, this one included; None for no limit.
        nonce: Nonce to use, for a gap; None for the next free one.
        trace: Identifier of the log lines, or "".
    """

    key: str
    source: int
    chain_id: int
    sender: str
    cost: int
    daily_limit: int | None = None
    nonce: int | None = None
    trace: str = ""


class Journal(Protocol):
    """Durable memory of what was signed for one bot. What it writes is durable when the method returns."""

    def reserve(self, wanted: Wanted, next_nonce: Callable[[], int], sign: Callable[[int], Attempt]) -> Transaction:
        """Gives a transaction its nonce and records its first attempt, all or nothing, one process at a time.

        Args:
            wanted: Transaction that needs a nonce.
            next_nonce: Gives the chain's next nonce of the account; called while nobody else can reserve.
            sign: Signs the first attempt with a nonce.

        Raises:
            AlreadyOpen: If the key has a transaction that is not settled, or is final.
            SpendingLimit: If the account would cost more than its daily limit.
            LeaseLost: If another replica has taken over.
        """
        ...

    def add(self, transaction: Transaction, attempt: Attempt) -> Transaction:
        """Records one more attempt before it is broadcast, a cancellation's bound on the cost included.

        Raises:
            LeaseLost: If another replica has taken over.
        """
        ...

    def active(self) -> Sequence[Transaction]:
        """This bot's that still have to be looked after, lowest nonce first."""
        ...

    def beneath(self, transaction: Transaction, first: int) -> Sequence[Transaction]:
        """Returns all bots' transactions with the account's nonces from `first` to the transaction's own, exclusive."""
        ...

    def mined(self, transaction: Transaction, tx_hash: str, number: int, block_hash: str, cost: int) -> None:
        """An attempt is in a block; `cost` is what it did cost in wei."""
        ...

    def move(self, transaction: Transaction, status: Status) -> None:
        """Changes the status; a change back to OPEN forgets the block that it was in."""
        ...
