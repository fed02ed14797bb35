from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from keepers.store import Cursor, Decision, Store, StoreError
from keepers.store.engine import make_engine
from keepers.store.tables import HEAD, metadata

CURSOR = Cursor("bot", 7, "0xaa", 1000)


def decision(outcome: str = "done", key: str = "key") -> Decision:
    return Decision("bot", key, 7, outcome, "because", None, 1000)


def test_open__twice__keeps_what_is_there(store_url: str) -> None:
    Store.open(store_url).advance(CURSOR)
    assert Store.open(store_url).cursor("bot") == CURSOR


def test_open__migrated__has_the_tables_that_the_code_names(store_url: str) -> None:
    Store.open(store_url)
    engine = sa.create_engine(store_url)
    inspector = sa.inspect(engine)
    for table in metadata.sorted_tables:
        columns = {column["name"] for column in inspector.get_columns(table.name)}
        assert columns == {column.name for column in table.columns}
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == HEAD


def test_open__newest_migration__is_head() -> None:
    from alembic.script import ScriptDirectory

    import keepers.store

    folder = Path(keepers.store.__file__).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_current_head() == HEAD


def test_open__many_at_once__migrate_once(store_url: str) -> None:
    faults: list[BaseException] = []

    def work() -> None:
        try:
            Store.open(store_url).advance(CURSOR)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_open__newer_database__is_refused(store_url: str) -> None:
    Store.open(store_url)
    engine = sa.create_engine(store_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer than"):
        Store.open(store_url)


@pytest.mark.parametrize("url", ["nonsense", "nosuchdialect://x", "sqlite:////proc/nothing/keeper.sqlite"])
def test_open__unusable_url__one_line(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        Store.open(url)
    assert "\n" not in str(caught.value)


def test_decide__with_cursor__records_both(store_url: str) -> None:
    store = Store.open(store_url)
    assert store.decide(decision(), CURSOR)
    assert store.decision("bot", "key") == decision()
    assert store.cursor("bot") == CURSOR


def test_decide__final_key_again__changes_nothing(store_url: str) -> None:
    store = Store.open(store_url)
    store.decide(decision("done"))
    assert not store.decide(decision("nothing"))
    assert store.decision("bot", "key") == decision("done")


@pytest.mark.parametrize("outcome", ["refused", "failed"])
def test_decide__after_a_refusal__replaces_it(store_url: str, outcome: str) -> None:
    store = Store.open(store_url)
    store.decide(decision(outcome))
    assert store.decide(decision("done"))
    assert store.decision("bot", "key") == decision("done")


def test_decide__cursor_cannot_be_written__records_nothing(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(store_url)

    def fail(*_: object) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr("keepers.store.store._put_cursor", fail)
    with pytest.raises(RuntimeError):
        store.decide(decision(), CURSOR)
    assert store.decision("bot", "key") is None


def test_keys_and_last__of_a_prefix__are_the_bot_s_own(store_url: str) -> None:
    store = Store.open(store_url)
    for bot, key in (("claims", "wallet:1"), ("claims", "wallet%2"), ("claims", "wallet:0"), ("risk", "wallet:3")):
        store.decide(Decision(bot, key, 5, "watched", "", None, 1))
    assert store.keys("claims", "wallet:") == ["wallet:1", "wallet:0"]
    found = store.last("claims", "wallet:")
    assert found is not None and found.key == "wallet:0"
    assert store.last("claims", "wallet_") is None


def test_last__of_an_outcome__passes_over_newer_ones_of_others(store_url: str) -> None:
    store = Store.open(store_url)
    for number, outcome in enumerate(("done", "done", "nothing")):
        store.decide(Decision("bot", f"key:{number}", number, outcome, "why", None, number, complete=number != 1))
    last = store.last("bot", "key:", "done")
    assert last is not None and (last.key, last.complete) == ("key:1", False)


def test_decisions__newest_first_and_by_outcome(store_url: str) -> None:
    store = Store.open(store_url)
    for key, outcome in (("a", "done"), ("b", "nothing"), ("c", "nothing")):
        store.decide(decision(outcome, key))
    assert [item.key for item in store.decisions("bot")] == ["c", "b", "a"]
    assert [item.key for item in store.decisions("bot", outcome="done")] == ["a"]


def test_open__many_at_once_on_a_new_file__all_are_served(tmp_path: Path) -> None:
    """SQLite does not wait for a lock while it changes a file's journal: whoever opens a new file too must not fail."""
    with ThreadPoolExecutor(8) as pool:
        for number in range(25):
            url, together = f"sqlite:///{tmp_path}/{number}.sqlite", threading.Barrier(8)

            def open_and_close(url: str = url, together: threading.Barrier = together) -> None:
                engine = make_engine(url)
                together.wait()
                engine.connect().close()
                engine.dispose()

            for opened in [pool.submit(open_and_close) for _ in range(8)]:
                opened.result()
