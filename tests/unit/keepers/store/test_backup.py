from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from keepers.store import Decision, Store, StoreError
from keepers.store.backup import backup, restore
from keepers.store.tables import metadata
from tests.unit.keepers.store.filled import fill


def content(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with store.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
        }


def test_backup__restored_into_an_empty_store__is_the_same(store_url: str, tmp_path: Path) -> None:
    store = fill(Store.open(store_url))
    made = backup(store, tmp_path / "backups/keeper.backup")
    assert made.rows["decisions"] == 20 and made.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in made.path.parent.iterdir()] == ["keeper.backup"]
    before = content(store)
    with pytest.raises(StoreError, match="is not empty; restore into a new database, or give --replace"):
        restore(store, made.path)
    store.decide(Decision("risk:demo", "later", 99, "done", "after the backup", None, 2000))
    assert restore(store, made.path, replace=True).rows == made.rows
    assert content(store) == before


def test_restore__while_a_bot_leads__is_refused(store_url: str, tmp_path: Path) -> None:
    store = fill(Store.open(store_url))
    made = backup(store, tmp_path / "backup")
    lease = store.take_lease("bot:risk:demo", "elsewhere:17", 30)
    before = content(store)
    with pytest.raises(StoreError, match=r"risk:demo: elsewhere:17 acts for it, .*; stop the bot"):
        restore(store, made.path, replace=True)
    assert content(store) == before and lease is not None
    store.give_up_lease(lease)
    assert restore(store, made.path, replace=True).rows == made.rows


def test_restore__then_decide__ids_go_on(store_url: str, tmp_path: Path) -> None:
    store = fill(Store.open(store_url))
    restore(store, backup(store, tmp_path / "backup").path, replace=True)
    assert store.decide(Decision("risk:demo", "next", 99, "done", "because", None, 2000))
    assert store.decisions("risk:demo", 1)[0].key == "next"


def test_backup__of_postgresql__is_restored_into_sqlite(postgres_url: str, tmp_path: Path) -> None:
    store = fill(Store.open(postgres_url))
    made = backup(store, tmp_path / "backup")
    other = Store.open(f"sqlite:///{tmp_path}/other.sqlite")
    restore(other, made.path)
    assert content(other) == content(store)


def test_backup__while_a_bot_writes__is_of_one_instant(store_url: str, tmp_path: Path) -> None:
    """A decision moves its cursor in the same transaction: in a backup of one instant they agree."""
    store, stop = fill(Store.open(store_url)), threading.Event()

    def work() -> None:
        bot = Store.open(store_url)
        number = 100
        while not stop.is_set():
            fill_one(bot, number)
            number += 1
        bot.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        paths = [backup(store, tmp_path / f"backup-{number}").path for number in range(5)]
    finally:
        stop.set()
        thread.join()
    for path in paths:
        copy = Store.open(f"sqlite:///{path}")
        cursor = copy.cursor("risk:demo")
        newest = copy.decisions("risk:demo", 1)[0]
        assert cursor is not None and cursor.block_number == newest.block
        copy.close()


def fill_one(store: Store, number: int) -> None:
    from keepers.store import Cursor

    decision = Decision("risk:demo", f"key-{number}", number, "done", "because", None, 1000)
    store.decide(decision, Cursor("risk:demo", number, "0xaa", 1000))


def test_backup__file_there__is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(StoreError, match="is there already; choose another name"):
        backup(Store.open(f"sqlite:///{tmp_path}/keeper.sqlite"), tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("content", [b"", b"not a database" * 100])
def test_restore__no_backup__says_so_and_changes_nothing(store_url: str, tmp_path: Path, content: bytes) -> None:
    store = fill(Store.open(store_url))
    (tmp_path / "backup").write_bytes(content)
    with pytest.raises(StoreError, match="no backup of a store; name a file that `quantera db backup` wrote"):
        restore(store, tmp_path / "backup", replace=True)
    assert len(store.decisions("risk:demo")) == 20


def test_restore__missing_and_newer__say_so(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/keeper.sqlite")
    with pytest.raises(StoreError, match="no such file"):
        restore(store, tmp_path / "none")
    made = backup(store, tmp_path / "backup")
    with sqlite3.connect(made.path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer than"):
        restore(store, made.path)


def test_restore__fails_half_way__leaves_what_was_there(store_url: str, tmp_path: Path) -> None:
    store = fill(Store.open(store_url))
    made = backup(store, tmp_path / "backup")
    before = content(store)
    with sqlite3.connect(made.path) as connection:
        # A column that the store does not let be empty: the fault is found among the rows, not before them.
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'reason TEXT NOT NULL', 'reason TEXT')")
        connection.execute("PRAGMA writable_schema=OFF")
    with sqlite3.connect(made.path) as connection:
        connection.execute("UPDATE decisions SET reason = NULL WHERE key = 'key-7'")
    with pytest.raises(StoreError, match="make a new backup"):
        restore(store, made.path, replace=True)
    assert content(store) == before
