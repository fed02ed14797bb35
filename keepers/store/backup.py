"""Backups: one SQLite file, whatever the database it was made from and whatever it is restored to."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from keepers.store import partitions
from keepers.store.engine import StoreError, line_of
from keepers.store.store import Store
from keepers.store.tables import HEAD, leases, metadata, risk_metrics, series

BATCH = 5_000
"""Rows in memory at a time."""


@dataclass(frozen=True)
class Copied:
    """The result of a backup or a restore.

    Attributes:
        path: File of the backup.
        rows: Number of rows by table.
    """

    path: Path
    rows: dict[str, int]

    @property
    def total(self) -> int:
        """Rows of all tables."""
        return sum(self.rows.values())


def backup(store: Store, path: Path) -> Copied:
    """Writes every table as it is at one instant, while bots go on writing; readable by its owner only.

    Args:
        store: Database to copy.
        path: New file; it appears whole or not at all.

    Raises:
        StoreError: If the file is there already or cannot be written, or the database cannot be read.
    """
    if path.exists():
        raise StoreError(f"backup {path}", "is there already", "choose another name")
    with _beside(path) as scratch:
        copy = Store.open(f"sqlite:///{scratch}")
        try:
            with _instant(store) as source, copy.engine.begin() as target:
                rows = _copy(source, target)
        finally:
            copy.close()
        _settle(scratch)
        # A link, unlike a rename, does not replace what someone else put there meanwhile.
        try:
            os.link(scratch, path)
        except FileExistsError as error:
            raise StoreError(f"backup {path}", "is there already", "choose another name") from error
    return Copied(path, rows)


def restore(store: Store, path: Path, *, replace: bool = False) -> Copied:
    """Reads a backup into a database, all of it or nothing; backups of older versions are brought up to date first.

    Args:
        store: Database to fill; no bot may run on it.
        path: File of the backup.
        replace: True if existing rows may be dropped.

    Raises:
        StoreError: If it is no backup, newer than this program, a bot runs, or the database is not empty.
    """
    if not path.is_file():
        raise StoreError(f"backup {path}", "no such file", "name a file that `quantera db backup` wrote")
    with tempfile.TemporaryDirectory(prefix="quantera-") as folder:
        copied = Path(folder) / "backup.sqlite"
        shutil.copyfile(path, copied)
        _require_backup(copied, path)
        source = Store.open(f"sqlite:///{copied}")
        try:
            with source.engine.connect() as reader, store.engine.begin() as target:
                _require_idle(store, target)
                _make_room(target, replace)
                rows = _copy(reader, target)
                _count_on(target)
        except sa.exc.DBAPIError as error:
            raise StoreError(f"backup {path}", line_of(error.orig), "make a new backup") from error
        finally:
            source.close()
    return Copied(path, rows)


def _copy(source: sa.Connection, target: sa.Connection) -> dict[str, int]:
    """Every row of every table, in an order that foreign keys allow."""
    rows: dict[str, int] = {}
    for table in metadata.sorted_tables:
        rows[table.name] = 0
        for batch in _batches(source, table):
            if table in (series, risk_metrics):
                partitions.prepare(target, (row["at"] for row in batch), table.name)
            target.execute(sa.insert(table), batch)
            rows[table.name] += len(batch)
    return rows


def _batches(connection: sa.Connection, table: sa.Table) -> Iterator[list[dict[str, Any]]]:
    streaming = connection.execution_options(yield_per=BATCH)
    query = sa.select(table).order_by(*table.primary_key)
    for batch in streaming.execute(query).mappings().partitions():
        yield [dict(row) for row in batch]


@contextmanager
def _instant(store: Store) -> Iterator[sa.Connection]:
    """One view of the database for as many reads as it takes. SQLite's read transactions are that already."""
    level = "AUTOCOMMIT" if store.engine.dialect.name == "sqlite" else "REPEATABLE READ"
    with store.engine.connect().execution_options(isolation_level=level) as connection:
        if level == "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN")
        yield connection
        if level == "AUTOCOMMIT":
            connection.exec_driver_sql("COMMIT")


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A path for a file in the making, in the same folder, private and gone afterwards."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise StoreError(f"backup {path}", error.strerror or "cannot be written", "choose another path") from error
    try:
        yield folder / path.name
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _settle(scratch: Path) -> None:
    """One file without a write-ahead log beside it, on disk when this returns."""
    engine = sa.create_engine(f"sqlite:///{scratch}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
    engine.dispose()
    scratch.chmod(0o600)
    with scratch.open("rb") as handle:
        os.fsync(handle.fileno())


def _require_backup(copied: Path, path: Path) -> None:
    fault = StoreError(f"backup {path}", "no backup of a store", "name a file that `quantera db backup` wrote")
    engine = sa.create_engine(f"sqlite:///{copied}")
    try:
        with engine.connect() as connection:
            if connection.exec_driver_sql("PRAGMA integrity_check").scalar() != "ok":
                raise StoreError(f"backup {path}", "damaged", "use another backup")
            version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    except sa.exc.DBAPIError as error:
        raise fault from error
    finally:
        engine.dispose()
    if version is None:
        raise fault
    if str(version) > HEAD:
        raise StoreError(f"backup {path}", f"at version {version}, newer than {HEAD}", "update quantera")


def _require_idle(store: Store, target: sa.Connection) -> None:
    """Refuses while a bot holds its lease; until the transaction ends none can take or renew one."""
    for row in target.execute(sa.select(leases).with_for_update()).mappings():
        left = float(row["expires"]) - store.now(target)
        if left > 0:
            reason = f"{row['holder']} acts for it, for another {left:.0f} s at least"
            raise StoreError(row["name"].removeprefix("bot:"), reason, "stop the bot, and wait for its lease to end")


def _make_room(target: sa.Connection, replace: bool) -> None:
    for table in reversed(metadata.sorted_tables):
        if replace:
            target.execute(sa.delete(table))
        elif target.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None:
            raise StoreError(f"table {table.name}", "is not empty", "restore into a new database, or give --replace")


def _count_on(target: sa.Connection) -> None:
    """PostgreSQL's sequences know nothing of rows that came with their ids."""
    if target.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is not None:
            newest = sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1).scalar_subquery()
            sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
            target.execute(sa.select(sa.func.setval(sequence, newest, False)))
