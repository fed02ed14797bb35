"""Reasons for which a transaction is not sent, or not mined."""

from __future__ import annotations

from keepers.errors import Waiting
from keepers.rpc.errors import ChainError


class TransactionLost(ChainError):
    """A transaction of ours was displaced by another with its nonce."""


class ReceiptTimeout(ChainError):
    """A transaction was not mined in time; it stays in the journal."""


class AlreadyOpen(ChainError):
    """A key has a transaction that is not settled: signing another could do the same thing twice."""


class SpendingLimit(ChainError, Waiting):
    """An account would cost more in a day than it may: a state that passes."""


class GaveUp(ChainError):
    """A private transaction was not taken in time and its nonce was used up by a cancellation."""


class GasTooExpensive(ChainError, Waiting):
    """The chain's base fee is above the configured bound: a state that passes."""


class SenderEmpty(ChainError, Waiting):
    """An account holds less than its transaction may cost: a state that passes when somebody funds it."""


class Interrupted(ChainError):
    """The keeper was asked to stop while it waited."""
