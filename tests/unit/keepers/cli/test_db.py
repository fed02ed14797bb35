from __future__ import annotations

import time
from pathlib import Path

import duckdb

from keepers.store import Store, risk_metrics
from keepers.store.tables import HEAD
from tests.fixtures.node import World
from tests.unit.keepers.cli.test_cli import invoke, line_of
from tests.unit.keepers.config.test_config import content, write
from tests.unit.keepers.store.filled import BOT, fill, recorded


def test_db__backup_restore_export__round_trip(world: World, tmp_path: Path) -> None:
    config = world.write_config(store=f"sqlite:///{tmp_path}/keeper.sqlite")
    fill(Store.open(f"sqlite:///{tmp_path}/keeper.sqlite")).close()
    backup = tmp_path / "backups/keeper.backup"
    result = invoke("db", "backup", "--config", str(config), str(backup))
    assert result.exit_code == 0 and result.output.startswith(f"{backup}: ")
    other = world.write_config(store=f"sqlite:///{tmp_path}/other.sqlite")
    assert "restored" in invoke("db", "restore", "--config", str(other), str(backup)).output
    assert "give --replace" in line_of(invoke("db", "restore", "--config", str(other), str(backup)), 1)
    assert invoke("db", "restore", "--config", str(other), str(backup), "--replace").exit_code == 0
    store = Store.open(f"sqlite:///{tmp_path}/other.sqlite")
    assert len(store.decisions(BOT)) == 20
    store.close()
    out = invoke("db", "export", "--config", str(other), str(tmp_path / "out"), "--table", "decisions").output
    assert out == f"{tmp_path}/out/decisions.parquet: 20 rows\n"
    assert duckdb.sql(f"SELECT count(*) FROM '{tmp_path}/out/decisions.parquet'").fetchall() == [(20,)]


def test_db__prune__drops_what_is_older_than_the_retention(tmp_path: Path) -> None:
    store = fill(Store.open(f"sqlite:///{tmp_path}/keeper.sqlite"))
    recent = recorded(9, int(time.time()))
    risk_metrics.record(store, recent)
    config = write(tmp_path, content())
    result = invoke("db", "prune", "--config", str(config))
    assert result.output == "2 rows and 0 delivered notices older than 90 days dropped\n"
    assert risk_metrics.recorded(store, "demo") == [recent]
    store.close()


def test_db__upgrade_on_postgresql__makes_the_tables(world: World, postgres_url: str) -> None:
    config = world.write_config(store=postgres_url)
    assert invoke("db", "upgrade", "--config", str(config)).output == f"store at version {HEAD}\n"


def test_db__server_gone__one_line_without_its_password(world: World) -> None:
    config = world.write_config(store="postgresql+psycopg://keeper:hunter2@127.0.0.1:1/none")
    line = line_of(invoke("db", "upgrade", "--config", str(config)), 1)
    assert "hunter2" not in line and "check the path or server" in line
