"""Notices of alert rules on their way: each waits in the database until its channel has taken it."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from keepers.store.database import Database
from keepers.store.tables import alert_notices

WAITING, DELIVERED, DROPPED = "waiting", "delivered", "dropped"
"""States of a notice; one is dropped when its channel is no longer in the config."""


@dataclass(frozen=True)
class Notice:
    """A notice of an alert rule to one channel.

    Attributes:
        id: Number in the database.
        key: Key that every attempt has.
        channel: Name of the channel.
        severity: Severity of the rule.
        body: JSON object; every attempt has the same bytes.
        attempts: Attempts so far.
    """

    id: int
    key: str
    channel: str
    severity: str
    body: str
    attempts: int


def due(database: Database, now: float, limit: int = 100) -> list[Notice]:
    """Notices whose next attempt is due, oldest first."""
    waiting = (alert_notices.c.state == WAITING) & (alert_notices.c.next_at <= int(now))
    columns = [alert_notices.c[name] for name in Notice.__dataclass_fields__]
    query = sa.select(*columns).where(waiting).order_by(alert_notices.c.id).limit(limit)
    return [Notice(**row) for row in database.all_rows(query)]


def claim(database: Database, notice: Notice, until: float) -> bool:
    """Takes a notice for an attempt that ends before `until`, unix seconds; False if another process has it."""
    same = (alert_notices.c.id == notice.id) & (alert_notices.c.attempts == notice.attempts)
    changed = {"attempts": notice.attempts + 1, "next_at": int(until)}
    with database.transaction() as connection:
        claimed = sa.update(alert_notices).where(same, alert_notices.c.state == WAITING).values(**changed)
        return connection.execute(claimed).rowcount == 1


def settle(database: Database, notice: Notice, state: str, next_at: float = 0.0, fault: str = "") -> None:
    """Writes down what became of an attempt.

    Args:
        database: Database to write to.
        notice: The notice.
        state: State from now on.
        next_at: Unix seconds of the next attempt of one that waits.
        fault: Reason why the attempt failed.
    """
    same = (alert_notices.c.id == notice.id) & (alert_notices.c.state == WAITING)
    changed = {"state": state, "next_at": int(next_at), "fault": fault[:200]}
    with database.transaction(durable=True) as connection:
        connection.execute(sa.update(alert_notices).where(same).values(**changed))
