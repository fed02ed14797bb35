"""Cases of the compliance desk: each step is written with the officer's words, onto the state it was made for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from keepers.compliance.cases.cases import Case, CaseState, Plan, Verdict
from keepers.store.database import Collision
from keepers.store.engine import StoreError
from keepers.store.store import Store
from keepers.store.tables import case_events, cases

DESK = "desk"
"""Stands for an officer where screening itself took a step."""


@dataclass(frozen=True)
class CaseEvent:
    """A step or a note of a case.

    Attributes:
        at: Unix seconds.
        officer: Officer; DESK for screening.
        kind: Name of the step.
        words: The officer's words.
    """

    at: int
    officer: str
    kind: str
    words: str


def carry_out(store: Store, plan: Plan, now: int) -> list[int]:
    """Opens and changes cases, all or none; returns the numbers of the new ones.

    Raises:
        StoreError: If another process opened or changed one meanwhile, or the database cannot be written.
    """
    found = []
    try:
        with store.transaction(durable=True) as connection:
            for case in plan.new:
                made = connection.execute(sa.insert(cases).values(**_values(case))).inserted_primary_key
                assert made is not None
                found.append(int(made[0]))
                words = f"after case {case.follows}, whose record or alert has changed" if case.follows else ""
                _say(connection, found[-1], CaseEvent(now, DESK, "opened", words))
            for before, after in plan.changed:
                _move(connection, before, after)
                _say(connection, before.id, CaseEvent(now, DESK, "changed", f"list version {after.version}"))
    except Collision as error:
        raise StoreError("a case", "was opened meanwhile", "run it again") from error
    return found


def move(store: Store, before: Case, after: Case, event: CaseEvent) -> None:
    """Takes one step.

    Raises:
        StoreError: If the case was changed meanwhile.
    """
    with store.transaction(durable=True) as connection:
        _move(connection, before, after)
        _say(connection, before.id, event)


def note(store: Store, case: Case, event: CaseEvent) -> None:
    """Adds a note."""
    with store.transaction(durable=True) as connection:
        _say(connection, case.id, event)


def case_of(store: Store, number: int) -> Case | None:
    """Returns a case by its number, or None."""
    row = store.first_row(sa.select(cases).where(cases.c.id == number))
    return _case(row) if row else None


def all_cases(store: Store, states: Sequence[CaseState] = tuple(CaseState), person: str = "") -> list[Case]:
    """Returns cases in some states, oldest first; of one person, if one is given."""
    query = sa.select(cases).where(cases.c.state.in_([state.value for state in states]))
    if person:
        query = query.where(cases.c.person == person)
    return [_case(row) for row in store.all_rows(query.order_by(cases.c.id))]


def events(store: Store, number: int) -> list[CaseEvent]:
    """Returns the steps and notes of a case, oldest first."""
    names = [case_events.c[field.name] for field in fields(CaseEvent)]
    rows = store.all_rows(sa.select(*names).where(case_events.c.case_id == number).order_by(case_events.c.id))
    return [CaseEvent(**row) for row in rows]


def _move(connection: sa.Connection, before: Case, after: Case) -> None:
    same = (cases.c.id == before.id) & (cases.c.moves == before.moves)
    if connection.execute(sa.update(cases).where(same).values(**_values(after))).rowcount != 1:
        raise StoreError(f"case {before.id}", "was changed meanwhile", "look at it, and decide anew")


def _say(connection: sa.Connection, number: int, event: CaseEvent) -> None:
    connection.execute(sa.insert(case_events).values(case_id=number, **vars(event)))


def _values(case: Case) -> dict[str, Any]:
    plain = {name: value for name, value in vars(case).items() if name != "id"}
    return {**plain, "rules": json.dumps(case.rules), "state": case.state.value, "verdict": case.verdict.value}


def _case(row: dict[str, Any]) -> Case:
    read = {"rules": tuple(json.loads(row["rules"])), "state": CaseState(row["state"])}
    return Case(**{**row, **read, "verdict": Verdict(row["verdict"])})
