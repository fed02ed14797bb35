"""Up and down on data, on both databases; time series by month on PostgreSQL."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
import sqlalchemy as sa

from keepers.store import Decision, Point, Store
from keepers.store.engine import make_engine, migrate, revision
from keepers.store.partitions import month_of
from keepers.store.tables import HEAD
from tests.unit.keepers.store.filled import BOT, JANUARY, MONTH, RAW, fill

VERSIONS = [
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
    "0016",
]


PARTITION = r"(series|risk_metrics)_(\d{6}|default)"


def rows(engine: sa.Engine, query: str) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(sa.text(query)))


def to(engine: sa.Engine, target: str) -> None:
    with engine.begin() as connection:
        migrate(connection, target)


def partitions(engine: sa.Engine, table: str = "series") -> set[str]:
    query = f"SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = '{table}'"
    return {name for (name,) in rows(engine, f"{query}::regclass AND c.relkind = 'r'")}


def shape(engine: sa.Engine) -> dict[str, set[str]]:
    """Columns by table, partitions left out."""
    inspector = sa.inspect(engine)
    names = [name for name in inspector.get_table_names() if not re.fullmatch(PARTITION, name)]
    return {name: {column["name"] for column in inspector.get_columns(name)} for name in names}


def test_migrations__versions__are_these() -> None:
    assert VERSIONS[-1] == HEAD


@pytest.mark.parametrize("version", VERSIONS[:-1])
def test_migrate__down_and_up_with_data__keeps_what_both_versions_know(store_url: str, version: str) -> None:
    store = fill(Store.open(store_url))
    before = shape(store.engine)
    decisions = store.decisions(BOT)
    to(store.engine, version)
    with store.engine.connect() as connection:
        assert revision(connection) == version
    assert len(rows(store.engine, "SELECT * FROM decisions")) == len(decisions)
    to(store.engine, HEAD)
    assert shape(store.engine) == before
    assert [item.key for item in store.decisions(BOT)] == [item.key for item in decisions]
    assert store.cursor(BOT) is not None
    waiting = rows(store.engine, "SELECT t.key, a.raw FROM attempts a JOIN transactions t ON t.id = a.transaction_id")
    assert [tuple(row) for row in waiting] == [("waiting", RAW)]


def test_migrate__down_to_0002_and_up__keeps_measurements(store_url: str) -> None:
    store = fill(Store.open(store_url))
    before = store.measured(BOT, "nav:demo")
    to(store.engine, "0002")
    assert len(rows(store.engine, "SELECT * FROM series")) == len(before) == 4
    to(store.engine, HEAD)
    assert store.measured(BOT, "nav:demo") == before


def test_migrate__reasons_that_say_part_of_the_way__become_a_column(store_url: str) -> None:
    store = Store.open(store_url)
    reasons = {
        "rebalance:0xA:1": "schedule due, drift 300 bps; part of the way (50.0%); 3 trades",
        "rebalance:0xA:2": "schedule due, drift 300 bps; 3 trades",
        "trip:0xA:3": "part of the way (50.0%)",
    }
    for key, reason in reasons.items():
        store.decide(Decision(BOT, key, 1, "done", reason, None, 1))
    to(store.engine, "0004")
    to(store.engine, HEAD)
    found = {key: store.decision(BOT, key) for key in reasons}
    assert [item is not None and item.complete for item in found.values()] == [False, True, True]


def test_migrate__all_the_way_down__leaves_nothing(store_url: str) -> None:
    store = fill(Store.open(store_url))
    to(store.engine, "base")
    assert set(shape(store.engine)) == {"alembic_version"}
    to(store.engine, HEAD)
    assert store.decisions(BOT) == []


@pytest.mark.parametrize(
    ("at", "month"),
    [(JANUARY, "series_202401"), (JANUARY - 1, "series_202312"), (JANUARY + 31 * 86_400, "series_202402")],
)
def test_month_of__edges__belong_to_their_month(at: int, month: str) -> None:
    name, first, after = month_of(at)
    assert name == month and first <= at < after
    assert month_of(after - 1)[0] == month and month_of(after)[0] != month


def test_observe__on_postgresql__one_partition_a_month_and_none_by_default(postgres_url: str) -> None:
    store = fill(Store.open(postgres_url))
    months = {"series_202401", "series_202403"}  # 30 days apart: two in January, two in March
    assert partitions(store.engine) == {"series_default", *months}
    assert rows(store.engine, "SELECT count(*) FROM series_default")[0][0] == 0
    plan = rows(store.engine, f"EXPLAIN SELECT * FROM series WHERE at BETWEEN {JANUARY} AND {JANUARY + 1}")
    scanned = "\n".join(line for (line,) in plan)
    assert "series_202401" in scanned and "series_202403" not in scanned


def test_observe__many_at_once_in_a_new_month__all_are_kept(postgres_url: str) -> None:
    store = Store.open(postgres_url)
    faults: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for month in range(6):
                store.observe(f"bot-{number}", [Point("nav", JANUARY + month * MONTH, month, float(number))])
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert rows(store.engine, "SELECT count(*) FROM series")[0][0] == 24
    assert rows(store.engine, "SELECT count(*) FROM series_default")[0][0] == 0


def test_migrate__0002_with_measurements__splits_them_by_month(postgres_url: str) -> None:
    engine = make_engine(postgres_url)
    to(engine, "0002")
    with engine.begin() as connection:
        for number in range(14):
            values = {"at": JANUARY + number * MONTH, "block": number, "value": float(number)}
            insert = "INSERT INTO series VALUES ('risk:demo', 'nav:demo', :at, :block, :value)"
            connection.execute(sa.text(insert), values)
    assert partitions(engine) == {"series_default"}
    to(engine, HEAD)
    months = {f"series_2024{month:02d}" for month in range(1, 13) if month != 2}  # none of the 30 day steps in February
    assert partitions(engine) == {"series_default", "series_202501", *months}
    assert rows(engine, "SELECT count(*) FROM series_default")[0][0] == 0
    assert [point.value for point in Store(engine).measured("risk:demo", "nav:demo")] == [float(n) for n in range(14)]
    to(engine, "0002")
    assert partitions(engine) == {"series_default"} and rows(engine, "SELECT count(*) FROM series")[0][0] == 14


TIMESCALE = """
CREATE TABLE hypertables (name text, time_column text, chunk bigint);
CREATE FUNCTION create_hypertable(
    relation regclass, time_column_name name, partitioning_column name = NULL, number_partitions integer = NULL,
    associated_schema_name name = NULL, associated_table_prefix name = NULL,
    chunk_time_interval anyelement = NULL::bigint, create_default_indexes boolean = true,
    if_not_exists boolean = false, partitioning_func regproc = NULL, migrate_data boolean = false
) RETURNS TABLE (hypertable_id integer, schema_name name, table_name name, created boolean) AS $$
DECLARE filled boolean;
BEGIN
    IF (SELECT relkind FROM pg_class WHERE oid = relation) = 'p' THEN
        RAISE EXCEPTION 'table "%" is already partitioned', relation;
    END IF;
    EXECUTE 'SELECT EXISTS (SELECT 1 FROM ' || relation || ')' INTO filled;
    IF filled AND NOT migrate_data THEN
        RAISE EXCEPTION 'table "%" is not empty', relation;
    END IF;
    INSERT INTO hypertables VALUES (relation::text, time_column_name, chunk_time_interval);
    RETURN QUERY SELECT 1, 'public'::name, relation::text::name, true;
END $$ LANGUAGE plpgsql;
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
    SELECT 987654, 'timescaledb', 10, oid, false, '2.17.0' FROM pg_namespace WHERE nspname = 'public';
"""
"""Stands in for TimescaleDB, which Debian does not have: its `create_hypertable` as the documentation of 2.x declares
it, with its two refusals, and its name among the extensions."""


def test_migrate__timescaledb_there__makes_a_hypertable_of_what_was_measured(postgres_url: str) -> None:
    engine = make_engine(postgres_url)
    to(engine, "0002")
    with engine.begin() as connection:
        connection.execute(sa.text(f"INSERT INTO series VALUES ('risk:demo', 'nav:demo', {JANUARY}, 1, 1.5)"))
        connection.execute(sa.text(TIMESCALE))
    to(engine, HEAD)
    made = [tuple(row) for row in rows(engine, "SELECT * FROM hypertables")]
    assert made == [("series", "at", MONTH), ("risk_metrics", "at", MONTH)]
    store = Store(engine)
    store.observe("risk:demo", [Point("nav:demo", JANUARY + MONTH, 2, 2.5)])
    assert [point.value for point in store.measured("risk:demo", "nav:demo")] == [1.5, 2.5]
    assert partitions(engine) == set()
    to(engine, "0002")
    assert partitions(engine) == {"series_default"} and rows(engine, "SELECT count(*) FROM series")[0][0] == 2
