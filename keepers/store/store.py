"""Durable memory of keepers: how far they read, what they decided, what they signed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from keepers.chain.journal import Attempt
from keepers.errors import KeeperError
from keepers.store.tables import HEAD, cursors, decisions, pending

_BUSY_SECONDS = 30
_LOCK = 0x7175616E74657261
"""Of PostgreSQL's advisory locks: "quantera"."""


RETRIABLE = ("refused", "failed")
"""Outcomes after which nothing has changed on chain, so that another try may take their place."""


class StoreError(KeeperError):
    """A database that cannot be opened or written."""


@dataclass(frozen=True)
class Cursor:
    """How far a bot has read.

    Attributes:
        name: Of the bot.
        block_number: Height.
        block_hash: 0x-prefixed; another hash at that height means a reorganisation.
        updated: Unix seconds of that block.
    """

    name: str
    block_number: int
    block_hash: str
    updated: int


@dataclass(frozen=True)
class Decision:
    """What a bot decided about one thing, once.

    Attributes:
        bot: Who.
        key: About what.
        block: Height at which.
        outcome: "done", "nothing", "refused", "failed" or "superseded".
        reason: In a sentence.
        tx_hash: Of the transaction, if there was one.
        created: Unix seconds of the block.
    """

    bot: str
    key: str
    block: int
    outcome: str
    reason: str
    tx_hash: str | None
    created: int

    @property
    def final(self) -> bool:
        """Whether it stands: not refused and not failed."""
        return self.outcome not in RETRIABLE


class Store:
    """A database; `Store.open` makes one."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Store:
        """Opens a database and brings its tables up to date.

        Args:
            url: SQLAlchemy's, such as "sqlite:///keeper.sqlite" or "postgresql+psycopg://host/name".

        Raises:
            StoreError: If it cannot be opened, or is newer than this program.
        """
        shown = _redact(url)
        try:
            engine = _engine(url)
            _upgrade(engine, shown)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise StoreError(
                f"store {shown}", _line(error), "write sqlite:///file or postgresql+psycopg://…"
            ) from error
        except DBAPIError as error:
            raise StoreError(f"store {shown}", _line(error.orig), "check the path or server") from error
        except OSError as error:
            raise StoreError(f"store {shown}", error.strerror or "unusable", "check the path") from error
        return cls(engine)

    def close(self) -> None:
        """Closes connections."""
        self._engine.dispose()

    def journal(self, bot: str) -> BotJournal:
        """The signed transactions of one bot, as `keepers.chain.sender` wants them."""
        return BotJournal(self, bot)

    # -- Cursors

    def cursor(self, name: str) -> Cursor | None:
        """How far a bot has read, or None if it never did."""
        row = self._first(sa.select(cursors).where(cursors.c.name == name))
        return Cursor(**row) if row else None

    def advance(self, cursor: Cursor) -> None:
        """Moves a cursor, forwards or, after a reorganisation, backwards."""
        with self._transaction() as connection:
            _put_cursor(connection, cursor)

    # -- Decisions

    def decide(self, decision: Decision, cursor: Cursor | None = None) -> bool:
        """Records a decision, forgets its signed transactions and moves the cursor, all or nothing.

        What was refused or failed may be decided again; anything else stands.

        Returns:
            False if the key was decided before; nothing but the journal and the cursor changes then.
        """
        with self._transaction() as connection:
            fresh = _replaceable(connection, decision)
            if fresh:
                connection.execute(sa.insert(decisions).values(**vars(decision)))
            mine = (pending.c.bot == decision.bot) & (pending.c.key == decision.key)
            connection.execute(sa.delete(pending).where(mine))
            if cursor is not None:
                _put_cursor(connection, cursor)
            return fresh

    def decision(self, bot: str, key: str) -> Decision | None:
        """What was decided about a key, or None."""
        mine = (decisions.c.bot == bot) & (decisions.c.key == key)
        row = self._first(sa.select(*_columns()).where(mine))
        return Decision(**row) if row else None

    def decisions(self, bot: str, limit: int = 100, outcome: str | None = None) -> list[Decision]:
        """The newest decisions of a bot, newest first; only those of an outcome, if one is given."""
        query = sa.select(*_columns()).where(decisions.c.bot == bot)
        if outcome is not None:
            query = query.where(decisions.c.outcome == outcome)
        rows = self._all(query.order_by(decisions.c.id.desc()).limit(limit))
        return [Decision(**row) for row in rows]

    def retract(self, bot: str, key: str) -> None:
        """Takes a decision back whose transaction a reorganisation removed."""
        with self._transaction() as connection:
            mine = (decisions.c.bot == bot) & (decisions.c.key == key)
            connection.execute(sa.delete(decisions).where(mine))

    # -- Journal

    def record(self, bot: str, attempt: Attempt) -> None:
        """Writes a signed transaction; durable when it returns."""
        values = {**vars(attempt), "bot": bot, "max_fee": str(attempt.max_fee)}
        with self._transaction() as connection:
            connection.execute(sa.insert(pending).values(**values))

    def attempts(self, bot: str) -> list[Attempt]:
        """Signed transactions whose decision is not yet recorded, oldest first."""
        names = [column for column in pending.c if column.name not in ("id", "bot")]
        rows = self._all(sa.select(*names).where(pending.c.bot == bot).order_by(pending.c.id))
        return [Attempt(**{**row, "max_fee": int(row["max_fee"])}) for row in rows]

    def forget(self, bot: str, key: str) -> None:
        """Drops signed transactions that will never be mined."""
        with self._transaction() as connection:
            connection.execute(sa.delete(pending).where((pending.c.bot == bot) & (pending.c.key == key)))

    # -- Plumbing

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise StoreError("store", _line(error.orig), "check disk and server") from error

    def _all(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        try:
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                return [dict(row) for row in connection.execute(query).mappings()]
        except DBAPIError as error:
            raise StoreError("store", _line(error.orig), "check disk and server") from error

    def _first(self, query: sa.Select[Any]) -> dict[str, Any] | None:
        rows = self._all(query.limit(1))
        return rows[0] if rows else None


class BotJournal:
    """The journal of one bot."""

    def __init__(self, store: Store, bot: str) -> None:
        self._store = store
        self._bot = bot

    def record(self, attempt: Attempt) -> None:
        """Writes an attempt; durable when it returns."""
        self._store.record(self._bot, attempt)

    def attempts(self) -> Sequence[Attempt]:
        """Attempts whose outcome is not yet recorded, oldest first."""
        return self._store.attempts(self._bot)


def _columns() -> list[sa.Column[Any]]:
    return [column for column in decisions.c if column.name != "id"]


def _replaceable(connection: sa.Connection, decision: Decision) -> bool:
    """Whether a decision may be written; one that is not final makes room for it."""
    mine = (decisions.c.bot == decision.bot) & (decisions.c.key == decision.key)
    row = connection.execute(sa.select(decisions.c.outcome).where(mine)).first()
    if row is None:
        return True
    if row[0] not in RETRIABLE:
        return False
    connection.execute(sa.delete(decisions).where(mine))
    return True


def _put_cursor(connection: sa.Connection, cursor: Cursor) -> None:
    values = {key: value for key, value in vars(cursor).items() if key != "name"}
    changed = connection.execute(sa.update(cursors).where(cursors.c.name == cursor.name).values(**values))
    if changed.rowcount == 0:
        connection.execute(sa.insert(cursors).values(name=cursor.name, **values))


def _engine(url: str) -> sa.Engine:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(parsed)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed, connect_args={"timeout": _BUSY_SECONDS})
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Write-ahead log, so that readers do not wait for a writer; SQLAlchemy begins transactions."""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def _begin_immediate(connection: sa.Connection) -> None:
    """A write lock from the start, or two writers that have read would lock each other out."""
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _upgrade(engine: sa.Engine, shown: str) -> None:
    """Runs migrations under a lock, unless there are none to run: Alembic takes a while to load."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if _revision(connection) == HEAD:
            return
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        current = _revision(connection)
        if current is not None and current > HEAD:
            raise StoreError(f"store {shown}", f"at version {current}, newer than {HEAD}", "update quantera")
        if current != HEAD:
            _migrate(connection)


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    row = connection.execute(sa.text("SELECT version_num FROM alembic_version")).first()
    return str(row[0]) if row else None


def _migrate(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _redact(url: str) -> str:
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return url.partition("://")[0]


def _line(error: object) -> str:
    return " ".join(str(error).split())[:200]
