"""Leases: of several replicas, one acts. The database's own clock decides, and its transactions enforce it."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from keepers.errors import KeeperError
from keepers.store.tables import leases


class LeaseLost(KeeperError):
    """Another replica has taken over."""


@dataclass(frozen=True)
class Lease:
    """A right to act.

    Attributes:
        name: Name of the right, such as a bot's.
        holder: Process that holds it; every process has a name of its own.
        epoch: Grows with each new holder, so that one who slept through its lease is told apart.
        expires: Unix seconds of the database's clock.
    """

    name: str
    holder: str
    epoch: int
    expires: float


def take(connection: sa.Connection, name: str, holder: str, seconds: float, now: float) -> Lease | None:
    """Takes or renews a lease; None where another holder's has not expired."""
    mine = leases.c.holder == holder
    free = (leases.c.name == name) & (mine | (leases.c.expires <= now))
    epoch = leases.c.epoch + sa.case((mine, 0), else_=1)
    values = {"holder": holder, "epoch": epoch, "expires": now + seconds}
    changed = connection.execute(sa.update(leases).where(free).values(**values))
    if changed.rowcount == 0:
        if read(connection, name) is not None:
            return None
        connection.execute(sa.insert(leases).values(name=name, holder=holder, epoch=1, expires=now + seconds))
    return read(connection, name)


def give_up(connection: sa.Connection, lease: Lease) -> None:
    """Lets the next one have it at once."""
    mine = (leases.c.name == lease.name) & (leases.c.holder == lease.holder) & (leases.c.epoch == lease.epoch)
    connection.execute(sa.update(leases).where(mine).values(expires=0.0))


def release_all(connection: sa.Connection) -> None:
    """Ends every lease: of a copy that no replica shares."""
    connection.execute(sa.update(leases).values(expires=0.0))


def read(connection: sa.Connection, name: str) -> Lease | None:
    """Returns the newest lease of a name, held or expired, or None."""
    row = connection.execute(sa.select(leases).where(leases.c.name == name)).mappings().first()
    return None if row is None else Lease(row["name"], row["holder"], int(row["epoch"]), float(row["expires"]))


def require_held(connection: sa.Connection, lease: Lease, now: float) -> None:
    """Keeps the lease's row locked until the transaction ends, so that nobody takes over within it.

    Raises:
        LeaseLost: If it has expired or another holder has it.
    """
    query = sa.select(leases).where(leases.c.name == lease.name).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is None or row["holder"] != lease.holder or int(row["epoch"]) != lease.epoch:
        holder = "nobody" if row is None else row["holder"]
        raise LeaseLost(f"lease {lease.name}", f"now held by {holder}", "another replica goes on")
    if float(row["expires"]) <= now:
        raise LeaseLost(f"lease {lease.name}", f"expired {now - float(row['expires']):.0f} s ago", "take it again")
