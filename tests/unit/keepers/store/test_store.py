from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from keepers.chain.journal import Attempt
from keepers.store import Cursor, Decision, Store, StoreError
from keepers.store.tables import HEAD, metadata

CURSOR = Cursor("bot", 7, "0xaa", 1000)


def opened(folder: Path) -> Store:
    return Store.open(f"sqlite:///{folder}/sub/keeper.sqlite")


def decision(outcome: str = "done", key: str = "key") -> Decision:
    return Decision("bot", key, 7, outcome, "because", None, 1000)


def attempt(number: int = 1) -> Attempt:
    return Attempt("key", "0x01", 5, f"0x{number:02x}", "0xff", 2**90, 7)


def test_open__twice__keeps_what_is_there(tmp_path: Path) -> None:
    opened(tmp_path).advance(CURSOR)
    assert opened(tmp_path).cursor("bot") == CURSOR


def test_open__migrated__has_the_tables_that_the_code_names(tmp_path: Path) -> None:
    opened(tmp_path)
    engine = sa.create_engine(f"sqlite:///{tmp_path}/sub/keeper.sqlite")
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


def test_open__many_at_once__migrate_once(tmp_path: Path) -> None:
    faults: list[BaseException] = []

    def work() -> None:
        try:
            opened(tmp_path).advance(CURSOR)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_open__newer_database__is_refused(tmp_path: Path) -> None:
    opened(tmp_path)
    engine = sa.create_engine(f"sqlite:///{tmp_path}/sub/keeper.sqlite")
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer than"):
        opened(tmp_path)


@pytest.mark.parametrize("url", ["nonsense", "nosuchdialect://x", "sqlite:////proc/nothing/keeper.sqlite"])
def test_open__unusable_url__one_line(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        Store.open(url)
    assert "\n" not in str(caught.value)


def test_decide__with_cursor__records_both_and_forgets_the_journal(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.record("bot", attempt())
    assert store.decide(decision(), CURSOR)
    assert store.decision("bot", "key") == decision()
    assert store.cursor("bot") == CURSOR
    assert store.attempts("bot") == []


def test_decide__final_key_again__changes_nothing(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.decide(decision("done"))
    assert not store.decide(decision("nothing"))
    assert store.decision("bot", "key") == decision("done")


@pytest.mark.parametrize("outcome", ["refused", "failed"])
def test_decide__after_a_refusal__replaces_it(tmp_path: Path, outcome: str) -> None:
    store = opened(tmp_path)
    store.decide(decision(outcome))
    assert store.decide(decision("done"))
    assert store.decision("bot", "key") == decision("done")


def test_decide__cursor_cannot_be_written__records_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened(tmp_path)
    store.record("bot", attempt())

    def fail(*_: object) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr("keepers.store.store._put_cursor", fail)
    with pytest.raises(RuntimeError):
        store.decide(decision(), CURSOR)
    assert store.decision("bot", "key") is None
    assert len(store.attempts("bot")) == 1


def test_attempts__recorded__come_back_in_order_a_bot(tmp_path: Path) -> None:
    store = opened(tmp_path)
    for number in (2, 1):
        store.record("bot", attempt(number))
    assert store.journal("bot").attempts() == [attempt(2), attempt(1)]
    assert store.attempts("other") == []
    store.forget("bot", "key")
    assert store.attempts("bot") == []


def test_decisions__newest_first_and_by_outcome(tmp_path: Path) -> None:
    store = opened(tmp_path)
    for key, outcome in (("a", "done"), ("b", "nothing"), ("c", "nothing")):
        store.decide(decision(outcome, key))
    assert [item.key for item in store.decisions("bot")] == ["c", "b", "a"]
    assert [item.key for item in store.decisions("bot", outcome="done")] == ["a"]
    store.retract("bot", "a")
    assert store.decision("bot", "a") is None
