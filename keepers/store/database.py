"""Transactions of a database, and the clock that its users share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from keepers.store.engine import StoreError, line_of


class Collision(StoreError):
    """Two wrote the same row."""


class Database:
    """A database whose tables are up to date.

    Args:
        engine: Engine of the database.
        clock: Unix seconds, for tests; otherwise the database's own, which replicas share.
    """

    def __init__(self, engine: sa.Engine, clock: Callable[[], float] | None = None) -> None:
        self.engine = engine
        self._clock = clock

    def close(self) -> None:
        """Closes connections."""
        self.engine.dispose()

    def now(self, connection: sa.Connection) -> float:
        """Unix seconds: the server's where there is one, for replicas need not agree with each other."""
        if self._clock is not None:
            return self._clock()
        if connection.dialect.name == "postgresql":
            return float(connection.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
        return time.time()

    @contextmanager
    def transaction(self, durable: bool = False) -> Iterator[sa.Connection]:
        """Opens a transaction: all of it is written, or nothing.

        Args:
            durable: True if it must outlive a power cut, for which SQLite waits for the disk. A cursor or a
                decision that is lost is found again; a signed transaction could be signed twice.

        Raises:
            StoreError: If the database cannot be reached or written.
        """
        try:
            with self.engine.connect() as plain:
                connection = plain.execution_options(durable=durable)
                with connection.begin():
                    yield connection
        except IntegrityError as error:
            raise Collision("store", line_of(error.orig), "another process wrote the same; try again") from error
        except DBAPIError as error:
            raise StoreError("store", line_of(error.orig), "check disk and server") from error

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that takes no lock.

        Raises:
            StoreError: If the database cannot be reached.
        """
        try:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                yield connection
        except DBAPIError as error:
            raise StoreError("store", line_of(error.orig), "check disk and server") from error

    def all_rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        """Returns the rows of a query, each by the names of its columns."""
        with self.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def first_row(self, query: sa.Select[Any]) -> dict[str, Any] | None:
        """Returns the first row of a query, or None."""
        rows = self.all_rows(query.limit(1))
        return rows[0] if rows else None
