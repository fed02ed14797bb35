from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from keepers.store import Decision, Store, StoreError
from keepers.store.export import WITHHELD, export, exported_tables
from tests.unit.keepers.store.filled import RAW, fill


def test_export__decisions__are_a_parquet_file_with_their_types(store_url: str, tmp_path: Path) -> None:
    store = fill(Store.open(store_url))
    assert export(store, tmp_path / "out")["decisions"] == 20
    path = tmp_path / "out/decisions.parquet"
    rows = duckdb.sql(f"SELECT key, block, outcome, reason, created FROM '{path}' ORDER BY block").fetchall()
    assert rows[3] == ("key-3", 3, "done", "because of \u03c3 = 3 'quoted'", 1003)
    types = dict(duckdb.sql(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '{path}')").fetchall())
    assert (types["block"], types["reason"]) == ("BIGINT", "VARCHAR")
    (codec,) = duckdb.sql(f"SELECT DISTINCT compression FROM parquet_metadata('{path}')").fetchall()
    assert codec == ("ZSTD",)


def test_export__everything__holds_no_signed_transaction_and_leaves_no_scratch(tmp_path: Path) -> None:
    store = fill(Store.open(f"sqlite:///{tmp_path}/keeper.sqlite"))
    export(store, tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {f"{name}.parquet" for name in exported_tables()}
    assert "attempts" in WITHHELD
    assert not any(RAW.encode() in path.read_bytes() for path in (tmp_path / "out").iterdir())


def test_export__again__replaces(tmp_path: Path) -> None:
    store = fill(Store.open(f"sqlite:///{tmp_path}/keeper.sqlite"), 3)
    export(store, tmp_path / "out", ["decisions"])
    store.decide(Decision("risk:demo", "later", 99, "done", "after the first", None, 2000))
    assert export(store, tmp_path / "out", ["decisions"]) == {"decisions": 4}


def test_export__empty_table__is_a_file_with_no_rows(tmp_path: Path) -> None:
    export(Store.open(f"sqlite:///{tmp_path}/keeper.sqlite"), tmp_path / "out", ["decisions"])
    assert duckdb.sql(f"SELECT count(*) FROM '{tmp_path}/out/decisions.parquet'").fetchall() == [(0,)]


def test_export__withheld_and_unknown__are_refused_by_name(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/keeper.sqlite")
    for name in ("attempts", "nonsense"):
        with pytest.raises(StoreError, match=f"table {name}: not exported; choose from: "):
            export(store, tmp_path / "out", [name])
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="choose another"):
        export(store, tmp_path / "file/out")
