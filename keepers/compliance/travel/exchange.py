"""An exchange about one transfer, from the inquiry to its end; the same states on both sides.

open ──approve──► approved ──settle──► settled
  │ ├─reject──► rejected    ├─cancel──► canceled
  │ └─cancel──► canceled    └─expire──► expired
  └───expire──► expired

expired, canceled ──settle──► settled, if it was approved and the transfer was on its way

`out`: our customer sends. The inquiry is asked, the counterparty's resolution approves or rejects it, our transfer
settles it. `in`: our customer receives. Our officer approves or rejects it, the counterparty's confirmation settles it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from keepers.compliance.travel.errors import TravelError

Direction = Literal["out", "in"]


class ExchangeState(StrEnum):
    """State of an exchange."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    SETTLED = "settled"
    CANCELED = "canceled"
    EXPIRED = "expired"


class ExchangeStep(StrEnum):
    """Step of an exchange."""

    APPROVE = "approve"
    REJECT = "reject"
    SETTLE = "settle"
    CANCEL = "cancel"
    EXPIRE = "expire"


STEPS = {
    (ExchangeState.OPEN, ExchangeStep.APPROVE): ExchangeState.APPROVED,
    (ExchangeState.OPEN, ExchangeStep.REJECT): ExchangeState.REJECTED,
    (ExchangeState.OPEN, ExchangeStep.CANCEL): ExchangeState.CANCELED,
    (ExchangeState.OPEN, ExchangeStep.EXPIRE): ExchangeState.EXPIRED,
    (ExchangeState.APPROVED, ExchangeStep.SETTLE): ExchangeState.SETTLED,
    (ExchangeState.APPROVED, ExchangeStep.CANCEL): ExchangeState.CANCELED,
    (ExchangeState.APPROVED, ExchangeStep.EXPIRE): ExchangeState.EXPIRED,
    (ExchangeState.EXPIRED, ExchangeStep.SETTLE): ExchangeState.SETTLED,
    (ExchangeState.CANCELED, ExchangeStep.SETTLE): ExchangeState.SETTLED,
}
"""Every step that there is; anything else is refused."""

LIVE = (ExchangeState.OPEN, ExchangeState.APPROVED)
"""States that a moment ends."""


@dataclass(frozen=True)
class Exchange:
    """An exchange, without anything personal.

    Attributes:
        id: Number; 0 before it is stored.
        direction: "out" if our customer sends.
        party: Name of the counterparty.
        request: Identifier of the transfer, a UUID.
        person: Identifier of our customer; "" if the wallet is nobody's here.
        chain_id, token: The token.
        sender, receiver: Wallets, checksummed.
        amount: Whole tokens.
        evidence: Address of the payload among the evidence.
        holder: Identifier under which that is.
        secret: Last part of our callback, which only the counterparty is told.
        callback: The counterparty's URL for our next message; "" before it is known.
        asked, expires: Unix seconds.
        state: State.
        reason: Reason of a rejection; "" otherwise.
        approved: Unix seconds; 0 before.
        officer: Officer who asked, approved or rejected on this side; "" before.
        txid: Hash of the transfer; "" before.
        moves: Number of steps so far, so that two cannot act on the same state.
    """

    id: int
    direction: Direction
    party: str
    request: str
    person: str
    chain_id: int
    token: str
    sender: str
    receiver: str
    amount: Decimal
    evidence: str
    holder: str
    secret: str
    callback: str
    asked: int
    expires: int
    state: ExchangeState = ExchangeState.OPEN
    reason: str = ""
    approved: int = 0
    officer: str = ""
    txid: str = ""
    moves: int = 0

    @property
    def name(self) -> str:
        """Name of it for people."""
        return f"exchange {self.id}"

    def allows(self, chain_id: int, token: str, sender: str, receiver: str, amount: Decimal, now: int) -> bool:
        """Returns True if a transfer is the one that was approved, and it is not too late."""
        same = (self.chain_id, self.token, self.sender, self.receiver, self.amount)
        wanted = (chain_id, token, sender, receiver, amount)
        return (
            self.direction == "out" and self.state is ExchangeState.APPROVED and same == wanted and now < self.expires
        )


def stepped(exchange: Exchange, step: ExchangeStep, now: int, **fields: Any) -> Exchange:
    """Returns an exchange after a step.

    Args:
        exchange: Before the step.
        step: Step.
        now: Unix seconds; nothing but expiry and what ended before counts afterwards.
        fields: Fields of the exchange that change with it.

    Raises:
        TravelError: If there is no such step from its state, or it has expired.
    """
    after = STEPS.get((exchange.state, step))
    # A transfer that the chain has is a fact, also where it is told late; but nobody sends without an approval.
    unasked = step is ExchangeStep.SETTLE and not exchange.approved
    if after is None or unasked:
        remedy = "look at it with `travel show`"
        raise TravelError(exchange.name, f"is {exchange.state}, so that it cannot {step}", remedy)
    late = now >= exchange.expires
    if late and step in (ExchangeStep.APPROVE, ExchangeStep.REJECT):
        raise TravelError(exchange.name, "has expired", "ask anew")
    if step is ExchangeStep.EXPIRE and not late:
        raise TravelError(exchange.name, "has not expired", "wait for it")
    approved = now if step is ExchangeStep.APPROVE else exchange.approved
    return replace(exchange, state=after, approved=approved, moves=exchange.moves + 1, **fields)
