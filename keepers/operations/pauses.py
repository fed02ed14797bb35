"""Which bots a pause is for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keepers.bots.names import bot_name
from keepers.config import Config, load_config
from keepers.store import Store


@contextmanager
def opened(config_path: Path) -> Iterator[tuple[Config, Store]]:
    """A config and its database."""
    config = load_config(config_path)
    store = Store.open(config.store_url)
    try:
        yield config, store
    finally:
        store.close()


def bots_of(config: Config, kind: str) -> list[str]:
    """Returns the names in the store of a kind of bots, or of "all"."""
    return [bot_name(config, each) for each in (config.kinds if kind == "all" else (kind,))]
