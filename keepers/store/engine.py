"""Connecting to a database and bringing its tables up to date."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Insert as InsertPostgresql
from sqlalchemy.dialects.sqlite import Insert as InsertSqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from keepers.errors import KeeperError
from keepers.store.tables import HEAD

_BUSY_SECONDS = 30
_RETRY_SECONDS = 0.02
_LOCK = 0x7175616E74657261
"""Key of PostgreSQL's advisory lock: "quantera" in ASCII."""


class StoreError(KeeperError):
    """A database that cannot be opened or written."""


def connect(url: str) -> sa.Engine:
    """Opens a database and brings its tables up to date.

    Raises:
        StoreError: If it cannot be opened, or is newer than this program.
    """
    shown = redacted(url)
    try:
        engine = make_engine(url)
        upgrade(engine, shown)
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        reason, remedy = line_of(error), "write sqlite:///file or postgresql+psycopg://…"
        raise StoreError(f"store {shown}", reason, remedy) from error
    except DBAPIError as error:
        raise StoreError(f"store {shown}", line_of(error.orig), "check the path or server") from error
    except OSError as error:
        raise StoreError(f"store {shown}", error.strerror or "unusable", "check the path") from error
    return engine


def make_engine(url: str) -> sa.Engine:
    """An engine; a connection that the server has dropped is noticed before it is used."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(parsed, pool_pre_ping=True)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed, connect_args={"timeout": _BUSY_SECONDS})
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_immediate)
    return engine


def upgrade(engine: sa.Engine, shown: str = "") -> None:
    """Runs migrations under a lock, unless there are none to run: Alembic takes a while to load."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if revision(connection) == HEAD:
            return
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        current = revision(connection)
        if current is not None and current > HEAD:
            raise StoreError(f"store {shown}", f"at version {current}, newer than {HEAD}", "update quantera")
        if current != HEAD:
            migrate(connection, HEAD)


def revision(connection: sa.Connection) -> str | None:
    """The migration that a database is at, or None for an empty one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    row = connection.execute(sa.text("SELECT version_num FROM alembic_version")).first()
    return str(row[0]) if row else None


def migrate(connection: sa.Connection, target: str) -> None:
    """Up or down to a migration, or to "base"."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    current = revision(connection) or ""
    backwards = target == "base" or target < current
    (command.downgrade if backwards else command.upgrade)(config, target)


def insert_into(connection: sa.Connection, table: sa.Table) -> InsertSqlite | InsertPostgresql:
    """An INSERT that knows ON CONFLICT, which each dialect spells for itself."""
    return InsertSqlite(table) if connection.dialect.name == "sqlite" else InsertPostgresql(table)


def line_of(error: object) -> str:
    """An error in one line."""
    return " ".join(str(error).split())[:200]


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    """Write-ahead log, so that readers do not wait for a writer; SQLAlchemy begins transactions."""
    connection.isolation_level = None
    _write_ahead(connection)
    connection.execute("PRAGMA foreign_keys=ON")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Changes the journal of a new file. SQLite does not wait for its locks here, as it does elsewhere."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return


def _begin_immediate(connection: sa.Connection) -> None:
    """A write lock from the start, or two writers that have read would lock each other out.

    What says that it must be durable outlives a power cut too; the rest outlives the process.
    """
    options = connection.get_execution_options()
    if options.get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options.get('durable') else 'NORMAL'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def redacted(url: str) -> str:
    """A database URL without its password."""
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return url.partition("://")[0]
