"""What a sender has to remember of what it signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Attempt:
    """A signed transaction of the journal; several attempts of one key share a nonce.

    Attributes:
        key: What it does, such as "model:0x...:7"; one thing has one key.
        sender: Address.
        nonce: Of the account.
        tx_hash: 0x-prefixed.
        raw: Signed bytes, 0x-prefixed.
        max_fee: Wei a gas.
        block: Height when it was signed.
    """

    key: str
    sender: str
    nonce: int
    tx_hash: str
    raw: str
    max_fee: int
    block: int


class Journal(Protocol):
    """Durable memory of what was signed."""

    def record(self, attempt: Attempt) -> None:
        """Writes an attempt; durable when it returns."""
        ...

    def attempts(self) -> Sequence[Attempt]:
        """Attempts whose outcome is not yet recorded, oldest first."""
        ...
