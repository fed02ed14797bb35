"""A database that a test sets up quickly is the one that the migrations make."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from keepers.store import Store, engine
from keepers.store.tables import HEAD


def _content(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def test_store__set_up_quickly__is_what_the_migrations_make(tmp_path: Path) -> None:
    quick, slow = tmp_path / "quick.sqlite", tmp_path / "slow.sqlite"
    Store.open(f"sqlite:///{quick}").close()
    made = engine.make_engine(f"sqlite:///{slow}")
    with made.begin() as connection:
        # A database that holds the first migration is not empty, so that the others run one by one.
        engine.migrate(connection, "0001")
        engine.migrate(connection, HEAD)
    made.dispose()
    assert len(_content(slow)) > 50
    assert _content(quick) == _content(slow)
