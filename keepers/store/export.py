"""Tables as Parquet files, through DuckDB, for whoever analyses what keepers did."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import sqlalchemy as sa

from keepers.store.engine import StoreError, line_of
from keepers.store.store import Store
from keepers.store.tables import metadata

if TYPE_CHECKING:
    import duckdb

WITHHELD = frozenset(
    {
        *("attempts", "case_events", "cases", "leases"),
        *("travel_exchanges", "travel_messages", "travel_received"),
        *("verification_claims", "verification_events", "verifications", "webhooks"),
    }
)
"""Tables that nobody analyses: signed transactions that may not be on chain yet, what is about persons, and secrets of
callbacks."""

_BATCH = 50_000

_TYPES: tuple[tuple[type[Any], str], ...] = (
    (sa.BigInteger, "BIGINT"),
    (sa.Boolean, "BOOLEAN"),
    (sa.Integer, "INTEGER"),
    (sa.Float, "DOUBLE"),
    (sa.LargeBinary, "BLOB"),
    (sa.String, "VARCHAR"),
)


def exported_tables() -> list[str]:
    """Returns the names of the tables that can be exported."""
    return [table.name for table in metadata.sorted_tables if table.name not in WITHHELD]


def export(store: Store, folder: Path, tables: list[str] | None = None) -> dict[str, int]:
    """Writes one file per table, `<table>.parquet`, zstd; memory does not grow with the tables.

    Args:
        store: Database to read.
        folder: Made if it is not there; files of earlier exports are replaced, each in one step.
        tables: Some of `exported_tables`; the default is all of them.

    Returns:
        Rows by table.

    Raises:
        StoreError: If DuckDB is not installed, a table is unknown, or the folder cannot be written.
    """
    try:
        import duckdb
    except ImportError as error:
        raise StoreError("export", "DuckDB is not installed", "pip install 'quantera[export]'") from error
    chosen = exported_tables() if tables is None else tables
    for name in chosen:
        if name not in exported_tables():
            raise StoreError(f"table {name}", "not exported", f"choose from: {', '.join(exported_tables())}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as scratch,
            duckdb.connect(f"{scratch}/export.duckdb") as database,
        ):
            return {name: _export(store, database, metadata.tables[name], folder, Path(scratch)) for name in chosen}
    except OSError as error:
        raise StoreError(f"folder {folder}", error.strerror or "cannot be written", "choose another") from error
    except duckdb.Error as error:
        raise StoreError(f"folder {folder}", line_of(error), "check disk space") from error
    except sa.exc.DBAPIError as error:
        raise StoreError("store", line_of(error.orig), "check disk and server") from error


def _export(store: Store, database: duckdb.DuckDBPyConnection, table: sa.Table, folder: Path, scratch: Path) -> int:
    columns = ", ".join(f'"{column.name}" {_type(column)}' for column in table.columns)
    database.execute(f'CREATE TABLE "{table.name}" ({columns})')
    query = sa.select(table).order_by(*table.primary_key)
    rows = 0
    with store.engine.connect() as connection:
        for batch in connection.execution_options(yield_per=_BATCH).execute(query).partitions():
            frame = pd.DataFrame(
                [tuple(row) for row in batch], columns=[column.name for column in table.columns], dtype=object
            )
            database.register("batch", frame)
            database.execute(f'INSERT INTO "{table.name}" SELECT * FROM batch')
            database.unregister("batch")
            rows += len(frame)
    part = scratch / f"{table.name}.parquet"
    database.execute(
        f"COPY \"{table.name}\" TO '{str(part).replace(chr(39), chr(39) * 2)}' (FORMAT parquet, COMPRESSION zstd)"
    )
    database.execute(f'DROP TABLE "{table.name}"')
    os.replace(part, folder / part.name)
    return rows


def _type(column: sa.Column[object]) -> str:
    for kind, name in _TYPES:
        if isinstance(column.type, kind):
            return name
    raise StoreError(f"column {column}", f"of a type without a Parquet one: {column.type}", "add it to _TYPES")
