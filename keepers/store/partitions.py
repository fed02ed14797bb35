"""PostgreSQL keeps time series in one table a month: old months are dropped at once, new ones stay small.

Where TimescaleDB's extension is in the database, the migration made a hypertable instead, which makes its own chunks.
SQLite has one table.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

import sqlalchemy as sa

_LOCK = 0x7175616E7061727
"""Key of PostgreSQL's advisory lock: one process at a time makes or drops a partition."""


def month_of(at: int, table: str = "series") -> tuple[str, int, int]:
    """The month of a moment.

    Args:
        at: Unix seconds.
        table: Table that is partitioned.

    Returns:
        Name of its partition, its first second, and the first of the next.
    """
    moment = datetime.fromtimestamp(at, UTC)
    first = datetime(moment.year, moment.month, 1, tzinfo=UTC)
    after = datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=UTC)
    return f"{table}_{first:%Y%m}", int(first.timestamp()), int(after.timestamp())


def extension_state(connection: sa.Connection, name: str = "timescaledb") -> Literal["absent", "available", "created"]:
    """Whether PostgreSQL has an extension in this database, only beside it, or not at all.

    Args:
        connection: Connection to any database; only PostgreSQL has extensions.
        name: Name of the extension.
    """
    if connection.dialect.name != "postgresql":
        return "absent"
    query = "SELECT installed_version FROM pg_available_extensions WHERE name = :name"
    row = connection.execute(sa.text(query), {"name": name}).first()
    if row is None:
        return "absent"
    return "available" if row[0] is None else "created"


def prepare(connection: sa.Connection, moments: Iterable[int], table: str = "series", *, ahead: int = 0) -> None:
    """Makes the partitions of moments that are about to be written; the first thing in their transaction.

    Args:
        connection: Connection in a transaction.
        moments: Unix seconds.
        table: Table that is partitioned.
        ahead: Number of months after the newest moment whose partitions are made as well.
    """
    if connection.dialect.name != "postgresql":
        return
    wanted = {month_of(at, table) for at in moments}
    for _ in range(ahead if wanted else 0):
        wanted.add(month_of(max(after for _, _, after in wanted), table))
    missing = wanted - {month for month in wanted if _exists(connection, month[0])}
    if not missing or not _is_partitioned(connection, table):
        return
    connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    for name, first, after in sorted(missing):
        connection.execute(
            sa.text(f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table} FOR VALUES FROM ({first}) TO ({after})")
        )


def drop_before(connection: sa.Connection, table: str, moment: int) -> int:
    """Drops what is older than a moment.

    PostgreSQL drops partitions that end at or before it, so that rows of the moment's own month stay; TimescaleDB drops
    chunks in the same way; SQLite deletes rows.

    Args:
        connection: Connection in a transaction.
        table: Table with a column `at`, unix seconds.
        moment: Unix seconds.

    Returns:
        Number of partitions, chunks or rows that were dropped.
    """
    if connection.dialect.name != "postgresql":
        return connection.execute(sa.text(f"DELETE FROM {table} WHERE at < :moment"), {"moment": moment}).rowcount
    if not _is_partitioned(connection, table):
        chunks = f"SELECT count(*) FROM drop_chunks('{table}', older_than => CAST(:moment AS bigint))"
        return int(connection.execute(sa.text(chunks), {"moment": moment}).scalar_one())
    connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    old = [name for name, after in _months(connection, table) if after <= moment]
    for name in old:
        connection.execute(sa.text(f"DROP TABLE {name}"))
    return len(old)


def _months(connection: sa.Connection, table: str) -> list[tuple[str, int]]:
    """Partitions of a table, each with the first second after it; the default partition is none."""
    query = "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = "
    names = connection.execute(sa.text(f"{query}'{table}'::regclass")).scalars()
    found = []
    for name in names:
        month = name.removeprefix(f"{table}_")
        if month.isdecimal():
            first = datetime(int(month[:4]), int(month[4:]), 1, tzinfo=UTC)
            found.append((name, month_of(int(first.timestamp()), table)[2]))
    return sorted(found)


def _exists(connection: sa.Connection, name: str) -> bool:
    return connection.execute(sa.text("SELECT to_regclass(:name)"), {"name": name}).scalar() is not None


def _is_partitioned(connection: sa.Connection, table: str) -> bool:
    kind = connection.execute(sa.text(f"SELECT relkind::text FROM pg_class WHERE oid = '{table}'::regclass")).scalar()
    return kind == "p"
