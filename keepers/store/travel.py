"""Exchanges of the travel rule: each step is written with the message that it sends and the one that it answers.

A message that arrives again finds its number in `travel_received` and has no second effect. A message that goes out
stays in `travel_messages` until the other side's receipt is here. So a kill at any instruction repeats messages, and
no step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

import sqlalchemy as sa

from keepers.compliance.travel.exchange import LIVE, Direction, Exchange, ExchangeState
from keepers.store.database import Collision
from keepers.store.engine import StoreError
from keepers.store.store import Store
from keepers.store.tables import travel_exchanges, travel_messages, travel_received


class MessageState(StrEnum):
    """State of a message to a counterparty."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    REFUSED = "refused"
    DROPPED = "dropped"


@dataclass(frozen=True)
class Outgoing:
    """A message to a counterparty.

    Attributes:
        kind: Kind of it; a cancellation is TRP's confirmation without a transaction.
        message: Its number, a UUID; every attempt has the same.
        id, exchange_id: Numbers in the database; 0 before it is stored.
        state: State.
        attempts: Attempts so far.
        next_at: Unix seconds of the next one.
        fault: The last attempt's, in words.
    """

    kind: Literal["inquiry", "resolution", "confirmation", "cancellation"]
    message: str
    id: int = 0
    exchange_id: int = 0
    state: MessageState = MessageState.WAITING
    attempts: int = 0
    next_at: int = 0
    fault: str = ""


@dataclass(frozen=True)
class Received:
    """A message of a counterparty that has its effect now.

    Attributes:
        party: Name of the counterparty.
        message: Its number.
        digest: Hash of what it says.
        at: Unix seconds.
    """

    party: str
    message: str
    digest: str
    at: int


def begin(store: Store, exchange: Exchange, outgoing: Outgoing | None, received: Received | None) -> int:
    """Opens an exchange; returns its number.

    Raises:
        StoreError: If the transfer has one already, or the message had its effect already.
    """
    try:
        with store.transaction(durable=True) as connection:
            values = {name: value for name, value in _values(exchange).items() if name != "id"}
            made = connection.execute(sa.insert(travel_exchanges).values(**values)).inserted_primary_key
            assert made is not None
            _say(connection, int(made[0]), outgoing, received)
            return int(made[0])
    except Collision as error:
        raise StoreError("exchange", "is there already", "look at it with `travel list`") from error


def advance(
    store: Store, before: Exchange, after: Exchange, outgoing: Outgoing | None = None, received: Received | None = None
) -> None:
    """Takes one step.

    Raises:
        StoreError: If another process took one meanwhile, or the message had its effect already.
    """
    same = (travel_exchanges.c.id == before.id) & (travel_exchanges.c.moves == before.moves)
    try:
        with store.transaction(durable=True) as connection:
            changed = connection.execute(sa.update(travel_exchanges).where(same).values(**_values(after)))
            if changed.rowcount != 1:
                raise StoreError(before.name, "was changed meanwhile", "look at it, and decide anew")
            if after.state not in LIVE:
                _drop_inquiry(connection, before.id)
            _say(connection, before.id, outgoing, received)
    except Collision as error:
        raise StoreError("message", "had its effect already", "nothing is left to do") from error


def digest_of(store: Store, party: str, message: str) -> str | None:
    """Returns the hash of a message that had its effect; None if it had none yet."""
    same = (travel_received.c.party == party) & (travel_received.c.message == message)
    row = store.first_row(sa.select(travel_received.c.digest).where(same))
    return row["digest"] if row else None


def exchange_of(store: Store, number: int) -> Exchange | None:
    """Returns an exchange by its number, or None."""
    row = store.first_row(sa.select(travel_exchanges).where(travel_exchanges.c.id == number))
    return _exchange(row) if row else None


def exchange_by_secret(store: Store, secret: str) -> Exchange | None:
    """Returns the exchange whose callback ends so, or None."""
    row = store.first_row(sa.select(travel_exchanges).where(travel_exchanges.c.secret == secret))
    return _exchange(row) if row else None


def exchange_by_request(store: Store, party: str, direction: Direction, request: str) -> Exchange | None:
    """Returns the exchange about a transfer of a counterparty, or None."""
    same = (travel_exchanges.c.party == party) & (travel_exchanges.c.direction == direction)
    row = store.first_row(sa.select(travel_exchanges).where(same & (travel_exchanges.c.request == request)))
    return _exchange(row) if row else None


def exchanges(store: Store, states: Sequence[ExchangeState] = tuple(ExchangeState)) -> list[Exchange]:
    """Returns exchanges in some states, oldest first."""
    query = sa.select(travel_exchanges).where(travel_exchanges.c.state.in_([state.value for state in states]))
    return [_exchange(row) for row in store.all_rows(query.order_by(travel_exchanges.c.id))]


def messages(store: Store, number: int) -> list[Outgoing]:
    """Returns the messages of an exchange to the counterparty, oldest first."""
    query = sa.select(travel_messages).where(travel_messages.c.exchange_id == number).order_by(travel_messages.c.id)
    return [_outgoing(row) for row in store.all_rows(query)]


def due(store: Store, now: int, limit: int = 100) -> list[Outgoing]:
    """Returns the messages whose next attempt is due, oldest first."""
    waiting = (travel_messages.c.state == MessageState.WAITING.value) & (travel_messages.c.next_at <= now)
    query = sa.select(travel_messages).where(waiting).order_by(travel_messages.c.id).limit(limit)
    return [_outgoing(row) for row in store.all_rows(query)]


def claim(store: Store, one: Outgoing, until: int) -> bool:
    """Takes a message for an attempt that ends before `until`; False if another process has it."""
    same = (travel_messages.c.id == one.id) & (travel_messages.c.attempts == one.attempts)
    same &= travel_messages.c.state == MessageState.WAITING.value
    changed = {"attempts": one.attempts + 1, "next_at": until}
    with store.transaction() as connection:
        return connection.execute(sa.update(travel_messages).where(same).values(**changed)).rowcount == 1


def attempted(store: Store, one: Outgoing, state: MessageState, next_at: int, fault: str = "") -> None:
    """Writes down what became of an attempt."""
    same = (travel_messages.c.id == one.id) & (travel_messages.c.state == MessageState.WAITING.value)
    changed = {"state": state.value, "next_at": next_at, "fault": fault[:200]}
    with store.transaction(durable=True) as connection:
        connection.execute(sa.update(travel_messages).where(same).values(**changed))


def _say(connection: sa.Connection, number: int, outgoing: Outgoing | None, received: Received | None) -> None:
    if outgoing is not None:
        fields = {name: value for name, value in vars(outgoing).items() if name != "id"}
        values = {**fields, "exchange_id": number, "state": outgoing.state.value}
        connection.execute(sa.insert(travel_messages).values(**values))
    if received is not None:
        connection.execute(sa.insert(travel_received).values(**vars(received)))


def _drop_inquiry(connection: sa.Connection, number: int) -> None:
    """An inquiry about what has ended is asked no more."""
    mine = (travel_messages.c.exchange_id == number) & (travel_messages.c.kind == "inquiry")
    mine &= travel_messages.c.state == MessageState.WAITING.value
    connection.execute(sa.update(travel_messages).where(mine).values(state=MessageState.DROPPED.value))


def _values(exchange: Exchange) -> dict[str, Any]:
    return {**vars(exchange), "amount": format(exchange.amount, "f"), "state": exchange.state.value}


def _exchange(row: dict[str, Any]) -> Exchange:
    return Exchange(**{**row, "amount": Decimal(row["amount"]), "state": ExchangeState(row["state"])})


def _outgoing(row: dict[str, Any]) -> Outgoing:
    return Outgoing(**{**row, "state": MessageState(row["state"])})
