"""PostgreSQL keeps time series in one table a month: old months are dropped at once, new ones stay small.

Where TimescaleDB's extension is in the database, the migration made a hypertable instead, and nothing is to be done
here. SQLite has one table.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import sqlalchemy as sa

_LOCK = 0x7175616E7061727
"""Key of PostgreSQL's advisory lock: one process at a time makes a partition."""


def month_of(at: int) -> tuple[str, int, int]:
    """The month of a moment.

    Args:
        at: Unix seconds.

    Returns:
        Name of its partition, its first second, and the first of the next.
    """
    moment = datetime.fromtimestamp(at, UTC)
    first = datetime(moment.year, moment.month, 1, tzinfo=UTC)
    after = datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=UTC)
    return f"series_{first:%Y%m}", int(first.timestamp()), int(after.timestamp())


def prepare(connection: sa.Connection, moments: Iterable[int]) -> None:
    """Makes the partitions of moments that are about to be written; the first thing in their transaction.

    Args:
        connection: Connection in a transaction.
        moments: Unix seconds.
    """
    if connection.dialect.name != "postgresql":
        return
    wanted = {month_of(at) for at in moments}
    missing = wanted - {month for month in wanted if _exists(connection, month[0])}
    if not missing or not _is_partitioned(connection):
        return
    connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    for name, first, after in sorted(missing):
        connection.execute(
            sa.text(f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF series FOR VALUES FROM ({first}) TO ({after})")
        )


def _exists(connection: sa.Connection, name: str) -> bool:
    return connection.execute(sa.text("SELECT to_regclass(:name)"), {"name": name}).scalar() is not None


def _is_partitioned(connection: sa.Connection) -> bool:
    kind = connection.execute(sa.text("SELECT relkind::text FROM pg_class WHERE oid = 'series'::regclass")).scalar()
    return kind == "p"
