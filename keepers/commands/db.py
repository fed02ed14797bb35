"""`quantera db`: the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keepers.commands.base import config_option, one_line_errors
from keepers.commands.group import Guessing

if TYPE_CHECKING:
    from keepers.store import Store


@click.group(cls=Guessing)
def db() -> None:
    """Look after the database."""


@db.command("upgrade")
@config_option
@one_line_errors
def db_upgrade(config_path: Path) -> None:
    """Create the tables or bring them up to date. Bots do so themselves when they start.

    \b
    Example:
      quantera db upgrade --config keeper.yaml
    """
    from keepers.store.tables import HEAD

    with _store(config_path):
        click.echo(f"store at version {HEAD}")


@db.command("backup")
@config_option
@click.argument("file", type=click.Path(path_type=Path))
@one_line_errors
def db_backup(config_path: Path, file: Path) -> None:
    """Copy the database as it is now to FILE, while bots go on.

    The file is an SQLite database, whatever it was made from, and can be restored to any. Keep it as the
    database itself: it holds signed transactions.

    \b
    Example:
      quantera db backup --config keeper.yaml backups/keeper.backup
    """
    from keepers.store.backup import backup

    with _store(config_path) as store:
        copied = backup(store, file)
        click.echo(f"{copied.path}: {copied.total} rows of {len(copied.rows)} tables")


@db.command("restore")
@config_option
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Drop the rows that are there.")
@one_line_errors
def db_restore(config_path: Path, file: Path, replace: bool) -> None:
    """Fill the database from a backup, all or nothing. Stop its bots first.

    What bots did after the backup they find on chain again; what they decided not to do they decide anew.

    \b
    Example:
      quantera db restore --config keeper.yaml backups/keeper.backup
    """
    from keepers.store.backup import restore

    with _store(config_path) as store:
        copied = restore(store, file, replace=replace)
        click.echo(f"{copied.path}: {copied.total} rows of {len(copied.rows)} tables restored")


@db.command("prune")
@config_option
@one_line_errors
def db_prune(config_path: Path) -> None:
    """Drop what the risk bot recorded before risk.records.retention_days. The bot does so itself every night.

    Summaries of days, weights, stress losses, and notices that are not delivered yet stay.

    \b
    Example:
      quantera db prune --config keeper.yaml
    """
    from keepers.config import load_config
    from keepers.risk.recorded import DAY
    from keepers.store.risk_metrics import prune

    days = load_config(config_path).risk.records.retention_days
    with _store(config_path) as store:
        with store.reading() as connection:
            before = int(store.now(connection)) - days * DAY
        pruned = prune(store, before)
        what = "rows" if store.engine.dialect.name == "sqlite" else "partitions"
        click.echo(f"{pruned.dropped} {what} and {pruned.notices} delivered notices older than {days} days dropped")


@db.command("export")
@config_option
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--table", "tables", multiple=True, help="Only this one; once for each.")
@one_line_errors
def db_export(config_path: Path, folder: Path, tables: tuple[str, ...]) -> None:
    """Write tables to FOLDER as Parquet files, for analysis.

    \b
    Example:
      quantera db export --config keeper.yaml exports/
    """
    from keepers.store.export import export

    with _store(config_path) as store:
        for name, rows in export(store, folder, list(tables) or None).items():
            click.echo(f"{folder / name}.parquet: {rows} rows")


@contextmanager
def _store(config_path: Path) -> Iterator[Store]:
    from keepers.config import load_config
    from keepers.store import Store

    store = Store.open(load_config(config_path).store_url)
    try:
        yield store
    finally:
        store.close()
