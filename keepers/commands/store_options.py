"""The options of commands that work on a database alone, and the database that they name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from keepers.store import Store

F = TypeVar("F", bound=Callable[..., Any])


def store_options(command: F) -> F:
    """Adds --store, --config and --json."""
    for option in (
        click.option("--store", "store_url", metavar="URL", help="Database, instead of the one of --config."),
        click.option(
            "--config",
            "config_path",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="Officer's config, whose database is used.",
        ),
        click.option("--json", "as_json", is_flag=True, help="One JSON object."),
    ):
        command = option(command)
    return command


@contextmanager
def opened_store(store_url: str | None, config_path: Path | None, *, optional: bool = False) -> Iterator[Store | None]:
    """Opens the database that the options name; yields none if they name none and it is optional."""
    if store_url is None and config_path is None:
        if not optional:
            raise click.UsageError("give either --config or --store")
        yield None
        return
    if store_url is not None and config_path is not None:
        raise click.UsageError("give either --config or --store")
    from keepers.store import Store

    if store_url is None:
        from keepers.config import load_config

        assert config_path is not None
        store_url = load_config(config_path, officer=True).store_url
    store = Store.open(store_url)
    try:
        yield store
    finally:
        store.close()
