"""Liftings of the chain's sanctions list: who asked, who approved, and which transaction carries them out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from keepers.compliance.lists.lifts import Lift, LiftState
from keepers.store.database import Collision
from keepers.store.engine import StoreError
from keepers.store.store import Store
from keepers.store.tables import decisions, list_lifts, transactions
from keepers.transactions.journal import ACTIVE, Status

OPEN = (LiftState.ASKED, LiftState.APPROVED)
"""States in which an account may still be lifted."""


def ask(store: Store, wanted: Sequence[Lift]) -> list[Lift]:
    """Records liftings that an officer asks for, all or none; their numbers are new.

    Raises:
        StoreError: If an account has an open one already, or the database cannot be written.
    """
    found = []
    try:
        with store.transaction(durable=True) as connection:
            for one in wanted:
                made = connection.execute(sa.insert(list_lifts).values(**_values(one))).inserted_primary_key
                assert made is not None
                found.append(int(made[0]))
    except Collision as error:
        reason, remedy = "has been asked for already", "see `quantera compliance lists lifts show`"
        raise StoreError("lifting of one of the accounts", reason, remedy) from error
    return by_id(store, found)


def by_id(store: Store, ids: Sequence[int]) -> list[Lift]:
    """Returns liftings by their numbers, those that there are."""
    query = sa.select(list_lifts).where(list_lifts.c.id.in_(ids)).order_by(list_lifts.c.id)
    return [_lift(row) for row in store.all_rows(query)]


def listed(store: Store, states: Sequence[LiftState] = tuple(LiftState), limit: int = 1000) -> list[Lift]:
    """Returns liftings in some states, newest first."""
    mine = list_lifts.c.state.in_([state.value for state in states])
    query = sa.select(list_lifts).where(mine).order_by(list_lifts.c.id.desc()).limit(limit)
    return [_lift(row) for row in store.all_rows(query)]


def move(store: Store, lifts: Sequence[Lift], state: LiftState, **changes: Any) -> None:
    """Changes the state of liftings, all or none.

    Raises:
        StoreError: If another process changed one of them meanwhile.
    """
    with store.transaction(durable=True) as connection:
        for one in lifts:
            same = (list_lifts.c.id == one.id) & (list_lifts.c.state == one.state.value)
            changed = connection.execute(sa.update(list_lifts).where(same).values(state=state.value, **changes))
            if changed.rowcount != 1:
                raise StoreError(f"lifting {one.id}", "was changed meanwhile", "look at it, and decide anew")


def assign(store: Store, lifts: Sequence[Lift], version: int, source: str, key: str) -> None:
    """Writes down which batch carries liftings out, before it is sent.

    Raises:
        StoreError: If one of them is not approved any more.
    """
    mine = list_lifts.c.id.in_([one.id for one in lifts]) & (list_lifts.c.state == LiftState.APPROVED.value)
    values = {"batch_version": version, "batch_source": source, "batch_key": key}
    with store.transaction(durable=True) as connection:
        if connection.execute(sa.update(list_lifts).where(mine).values(**values)).rowcount != len(lifts):
            raise StoreError("a lifting", "was changed meanwhile", "the next look decides anew")


def under_way(store: Store, lifts: Sequence[Lift]) -> set[int]:
    """Returns the numbers of liftings whose transaction is signed, so that the chain may take it at any time."""
    keys = sorted({one.batch_key for one in lifts if one.batch_key})
    states = [status.value for status in (*ACTIVE, Status.FINAL)]
    query = sa.select(transactions.c.key).where(transactions.c.key.in_(keys), transactions.c.status.in_(states))
    signed = {row["key"] for row in store.all_rows(query)}
    return {one.id for one in lifts if one.batch_key in signed}


def carried_out(store: Store, lifts: Sequence[Lift]) -> dict[int, int]:
    """Returns the liftings whose batch is done, with the height that it was decided from.

    A reorganisation that takes the batch back takes the decision back too, and so the lifting is open again.
    """
    keys = {one.batch_key for one in lifts if one.batch_key}
    query = sa.select(decisions.c.key, decisions.c.block).where(
        decisions.c.key.in_(sorted(keys)), decisions.c.outcome == "done"
    )
    done = {row["key"]: int(row["block"]) for row in store.all_rows(query)}
    return {one.id: done[one.batch_key] for one in lifts if one.batch_key in done}


def _values(one: Lift) -> dict[str, Any]:
    names = [column.name for column in list_lifts.columns if column.name != "id"]
    return {name: getattr(one, name) for name in names} | {"state": one.state.value}


def _lift(row: dict[str, Any]) -> Lift:
    return Lift(**{**row, "state": LiftState(row["state"])})
