"""The queue of verifications, the claims that they gave, and the webhooks that told of them.

Every step is written onto the state that it was made for, so that two processes cannot take it twice. A webhook is one
row by the hash of its body, so that a repeated one is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from keepers.compliance.kyc.claims import Claim
from keepers.compliance.kyc.verification import OPEN, Verification, VerificationState
from keepers.compliance.kyc.webhooks import Hint
from keepers.store.database import Collision
from keepers.store.engine import StoreError, insert_into
from keepers.store.store import Store
from keepers.store.tables import verification_claims, verification_events, verifications, webhooks

DESK = "desk"
"""Stands for an officer where the desk itself took a step."""
NEW, TOLD, UNKNOWN = "new", "told", "unknown"
"""States of a webhook: it waits, its verification was told, or it is about none."""


class Overtaken(StoreError):
    """A verification that another process changed meanwhile."""


@dataclass(frozen=True)
class VerificationEvent:
    """A step of a verification.

    Attributes:
        at: Unix seconds.
        officer: Officer; DESK for the desk itself.
        kind: Name of the step.
        words: Reason of it, or the officer's words.
    """

    at: int
    officer: str
    kind: str
    words: str


@dataclass(frozen=True)
class Delivery:
    """A webhook that waits.

    Attributes:
        id: Number.
        hint: All that is kept of it.
        received: Unix seconds.
    """

    id: int
    hint: Hint
    received: int


@dataclass(frozen=True)
class Pulse:
    """Numbers that change with everything that the bot has to act on.

    Attributes:
        webhooks: Number of the newest webhook that waits; 0 if none does.
        moves: Steps of the open verifications, all in all.
        due: Number of verifications whose time has come.
        signed: Number of those whose claims are not on chain for good.
    """

    webhooks: int
    moves: int
    due: int
    signed: int


# -- Verifications


def ask(store: Store, wanted: Sequence[Verification], words: str) -> list[Verification]:
    """Records verifications, all or none; their numbers are new.

    Raises:
        StoreError: If a person has an open one of that level, or the database cannot be written.
    """
    found = []
    try:
        with store.transaction(durable=True) as connection:
            for one in wanted:
                made = connection.execute(sa.insert(verifications).values(**_values(one))).inserted_primary_key
                assert made is not None
                found.append(int(made[0]))
                _say(connection, found[-1], VerificationEvent(one.asked, one.asked_by, "asked", words))
    except Collision as error:
        reason, remedy = "has an open one of that level", "see `quantera compliance kyc list`"
        raise StoreError("verification of one of the persons", reason, remedy) from error
    return by_id(store, found)


def move(
    store: Store,
    before: Verification,
    after: Verification,
    event: VerificationEvent | None = None,
    claims: Sequence[Claim] = (),
) -> None:
    """Writes one step, with the claims that were signed in it.

    Raises:
        Overtaken: If the verification was changed meanwhile.
    """
    with store.transaction(durable=True) as connection:
        _move(connection, before, after)
        if event is not None:
            _say(connection, before.id, event)
        for claim in claims:
            row = {"topic": str(claim.topic), "expires": claim.expires}
            written = {"data": claim.data.hex(), "signature": claim.signature.hex()}
            connection.execute(sa.insert(verification_claims).values(verification_id=before.id, **row, **written))


def by_id(store: Store, ids: Sequence[int]) -> list[Verification]:
    """Returns verifications by their numbers, those that there are."""
    query = sa.select(verifications).where(verifications.c.id.in_(ids)).order_by(verifications.c.id)
    return [_verification(row) for row in store.all_rows(query)]


def listed(
    store: Store, states: Sequence[VerificationState] = tuple(VerificationState), person: str = ""
) -> list[Verification]:
    """Returns verifications in some states, oldest first; of one person, if one is given."""
    query = sa.select(verifications).where(verifications.c.state.in_([state.value for state in states]))
    if person:
        query = query.where(verifications.c.person == person)
    return [_verification(row) for row in store.all_rows(query.order_by(verifications.c.id))]


def due(
    store: Store, states: Sequence[VerificationState], now: int, limit: int, resting: Sequence[str] = ()
) -> list[Verification]:
    """Returns verifications in some states whose time has come, those that wait longest first.

    Args:
        store: Database.
        states: States.
        now: Unix seconds.
        limit: Maximum number of them.
        resting: Providers that are not asked now.
    """
    query = (
        sa.select(verifications)
        .where(_due(states, now), verifications.c.provider.not_in(list(resting)))
        .order_by(verifications.c.next_try, verifications.c.id)
    )
    return [_verification(row) for row in store.all_rows(query.limit(limit))]


def lapsing(store: Store, until: int) -> list[Verification]:
    """Returns verifications whose claims are on chain and lapse until a time, unless the person has an open one.

    Args:
        store: Database.
        until: Unix seconds.
    """
    other = verifications.alias("other")
    renewed = sa.exists().where(
        other.c.person == verifications.c.person,
        other.c.level == verifications.c.level,
        other.c.state.in_([state.value for state in OPEN]),
    )
    mine = (verifications.c.state == VerificationState.CLAIMED.value) & (verifications.c.expires <= until)
    query = sa.select(verifications).where(mine, ~renewed).order_by(verifications.c.expires)
    return [_verification(row) for row in store.all_rows(query)]


def newest_of(store: Store, person: str, level: str) -> Verification | None:
    """Returns a person's newest verification of a level, or None."""
    mine = (verifications.c.person == person) & (verifications.c.level == level)
    row = store.first_row(sa.select(verifications).where(mine).order_by(verifications.c.id.desc()))
    return _verification(row) if row else None


def events(store: Store, number: int) -> list[VerificationEvent]:
    """Returns the steps of a verification, oldest first."""
    names = [verification_events.c[one.name] for one in fields(VerificationEvent)]
    mine = verification_events.c.verification_id == number
    rows = store.all_rows(sa.select(*names).where(mine).order_by(verification_events.c.id))
    return [VerificationEvent(**row) for row in rows]


def claims_of(store: Store, number: int) -> list[Claim]:
    """Returns the claims that a verification gave, in the order of their topics."""
    mine = verification_claims.c.verification_id == number
    rows = store.all_rows(sa.select(verification_claims).where(mine))
    found = [
        Claim(int(row["topic"]), row["expires"], bytes.fromhex(row["data"]), bytes.fromhex(row["signature"]))
        for row in rows
    ]
    return sorted(found, key=lambda one: one.topic)


def pulse(store: Store, states: Sequence[VerificationState], now: int) -> Pulse:
    """Returns the numbers that tell if there is anything to do.

    Args:
        store: Database.
        states: States in which a verification whose time has come is due.
        now: Unix seconds.
    """
    is_open = verifications.c.state.in_([state.value for state in OPEN])
    signed = verifications.c.state == VerificationState.SIGNED.value
    one = sa.case((_due(states, now), 1), else_=0)
    row = store.first_row(
        sa.select(
            sa.func.coalesce(sa.func.sum(verifications.c.moves + 1), 0).label("moves"),
            sa.func.coalesce(sa.func.sum(one), 0).label("due"),
            sa.func.coalesce(sa.func.sum(sa.case((signed, 1), else_=0)), 0).label("signed"),
        ).where(is_open)
    )
    newest = store.first_row(sa.select(sa.func.max(webhooks.c.id).label("id")).where(webhooks.c.state == NEW))
    assert row is not None and newest is not None
    return Pulse(int(newest["id"] or 0), int(row["moves"]), int(row["due"]), int(row["signed"]))


# -- Webhooks


def deliver(store: Store, hint: Hint, now: int) -> bool:
    """Writes a webhook down before it is answered; False if it is there already.

    Raises:
        StoreError: If the database cannot be written.
    """
    values = {**vars(hint), "received": now, "state": NEW, "verification_id": 0}
    with store.transaction(durable=True) as connection:
        once = [webhooks.c.provider, webhooks.c.digest]
        row = insert_into(connection, webhooks).values(**values).on_conflict_do_nothing(index_elements=once)
        # PostgreSQL's driver counts no rows of such an insertion.
        return connection.execute(row.returning(webhooks.c.id)).first() is not None


def undelivered(store: Store, before: int, limit: int) -> list[Delivery]:
    """Returns webhooks that wait and can be dealt with, oldest first: many about nothing of ours keep no other out.

    Args:
        store: Database.
        before: Unix seconds; one that came earlier is dealt with although it is about no verification.
        limit: Maximum number of them.
    """
    by_reference = (webhooks.c.reference != "") & (verifications.c.reference == webhooks.c.reference)
    by_check = (webhooks.c.reference == "") & (webhooks.c.check != "") & (verifications.c.check == webhooks.c.check)
    same = (verifications.c.provider == webhooks.c.provider) & (by_reference | by_check)
    ready = sa.exists().where(same) | (webhooks.c.received < before)
    query = sa.select(webhooks).where(webhooks.c.state == NEW, ready).order_by(webhooks.c.id).limit(limit)
    names = [one.name for one in fields(Hint)]
    return [
        Delivery(row["id"], Hint(**{name: row[name] for name in names}), row["received"])
        for row in store.all_rows(query)
    ]


def about(store: Store, hint: Hint) -> Verification | None:
    """Returns the verification that a webhook is about, by its own name or by the provider's; None if there is none."""
    mine = verifications.c.provider == hint.provider
    if hint.reference:
        mine &= verifications.c.reference == hint.reference
    elif hint.check:
        mine &= verifications.c.check == hint.check
    else:
        return None
    row = store.first_row(sa.select(verifications).where(mine))
    return _verification(row) if row else None


def settle(
    store: Store, delivery: Delivery, before: Verification | None, after: Verification | None, event: VerificationEvent
) -> bool:
    """Tells a verification of a webhook, once; False if another process did.

    Args:
        store: Database.
        delivery: Webhook.
        before: Verification that it is about; None if there is none.
        after: The same after it was told; None if there is nothing to tell it.
        event: Step to record.

    Raises:
        Overtaken: If the verification was changed meanwhile.
    """
    state, number = (UNKNOWN, 0) if before is None else (TOLD, before.id)
    waits = (webhooks.c.id == delivery.id) & (webhooks.c.state == NEW)
    with store.transaction(durable=True) as connection:
        values = {"state": state, "verification_id": number}
        if connection.execute(sa.update(webhooks).where(waits).values(**values)).rowcount != 1:
            return False
        if before is not None and after is not None:
            _move(connection, before, after)
        if before is not None:
            _say(connection, before.id, event)
    return True


# -- Rows


def _due(states: Sequence[VerificationState], now: int) -> sa.ColumnElement[bool]:
    return verifications.c.state.in_([state.value for state in states]) & (verifications.c.next_try <= now)


def _move(connection: sa.Connection, before: Verification, after: Verification) -> None:
    same = (verifications.c.id == before.id) & (verifications.c.moves == before.moves)
    if connection.execute(sa.update(verifications).where(same).values(**_values(after))).rowcount != 1:
        raise Overtaken(f"verification {before.id}", "was changed meanwhile", "look at it, and decide anew")


def _say(connection: sa.Connection, number: int, event: VerificationEvent) -> None:
    connection.execute(sa.insert(verification_events).values(verification_id=number, **vars(event)))


def _values(one: Verification) -> dict[str, Any]:
    plain = {name: value for name, value in vars(one).items() if name != "id"}
    return {**plain, "state": one.state.value}


def _verification(row: dict[str, Any]) -> Verification:
    return Verification(**{**row, "state": VerificationState(row["state"])})
