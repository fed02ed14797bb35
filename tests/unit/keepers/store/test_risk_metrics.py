"""Risk by block and by day, retention, alert states and notices, on both databases."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from keepers.risk.alert_rules import AlertRule
from keepers.risk.recorded import DAY, Recorded
from keepers.store import SeenBlock, Store, risk_metrics
from keepers.store.notices import DELIVERED, DROPPED, claim, due, settle
from keepers.store.partitions import drop_before, extension_state, month_of
from keepers.store.tables import alert_notices
from keepers.store.tables import risk_metrics as table
from tests.fixtures.kills import Killed, kill
from tests.unit.keepers.store.filled import BOT, JANUARY, MONTH, recorded
from tests.unit.keepers.store.test_migrations import partitions, rows

RULE = AlertRule(name="var", metric="var99", threshold=0.03, channels=("log", "pager"))
LATER = 10**12


def put(store: Store, *values: float, first: int = 0, rules: tuple[AlertRule, ...] = ()) -> None:
    """A row a minute with these values at risk."""
    for number, value in enumerate(values, first):
        risk_metrics.record(store, recorded(number, JANUARY + 60 * number, var99=value), rules=rules)


def bodies(store: Store) -> list[tuple[str, str]]:
    """Channel and kind of every notice that waits."""
    return [(notice.channel, json.loads(notice.body)["kind"]) for notice in due(store, LATER)]


def test_record__row__comes_back_as_it_was(store_url: str) -> None:
    store = Store.open(store_url)
    found = recorded(7, JANUARY)
    risk_metrics.record(store, found, weights={"AAA": 0.6, "BBB": 0.3}, stress={"crash": 0.4})
    assert risk_metrics.latest(store, "demo") == found
    assert risk_metrics.holdings(store, "demo") == risk_metrics.Holdings(7, JANUARY, {"AAA": 0.6, "BBB": 0.3})
    assert risk_metrics.stress_losses(store, "demo", found.report_nonce) == {"crash": 0.4}
    assert risk_metrics.latest(store, "other") is None and risk_metrics.holdings(store, "other") is None


def test_record__unknown_numbers_and_limits__stay_unknown(store: Store) -> None:
    found = Recorded(BOT, "demo", 1, JANUARY, reason="price is stale", numbers={"unavailable": 1.0})
    risk_metrics.record(store, found)
    assert risk_metrics.latest(store, "demo") == found
    assert set(risk_metrics.daily(store, "demo", "unavailable")) == {JANUARY}
    assert risk_metrics.daily(store, "demo", "var99") == {}


def test_record__same_block_again__has_one_row_and_counts_once(store_url: str) -> None:
    store = Store.open(store_url)
    put(store, 0.01, 0.02)
    put(store, 0.05, first=1)
    assert [row.numbers["var99"] for row in risk_metrics.recorded(store, "demo")] == [0.01, 0.05]
    (summary,) = risk_metrics.daily(store, "demo", "var99").values()
    assert (summary.samples, summary.minimum, summary.maximum, summary.last) == (2, 0.01, 0.05, 0.05)
    assert summary.mean == pytest.approx(0.03, rel=1e-12)


def test_record__same_numbers_again__costs_no_summary_of_the_day(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, 0.01, 0.02)
    monkeypatch.setattr(risk_metrics, "_summarise", kill)
    put(store, 0.01, 0.02)
    assert risk_metrics.daily(store, "demo", "var99")[JANUARY].samples == 2


def test_daily__two_days__has_a_summary_for_each(store: Store) -> None:
    for number, value in enumerate((0.01, 0.03, 0.07)):
        risk_metrics.record(store, recorded(number, JANUARY + number * DAY // 2, var99=value))
    found = risk_metrics.daily(store, "demo", "var99")
    assert {day: one.mean for day, one in found.items()} == pytest.approx({JANUARY: 0.02, JANUARY + DAY: 0.07})


def test_roll_back__rows_above_the_ancestor__go_and_the_day_is_summarised_anew(store_url: str) -> None:
    store = Store.open(store_url)
    put(store, 0.01, 0.02, 0.09)
    risk_metrics.record(store, recorded(3, JANUARY + 180), weights={"AAA": 1.0}, stress={"crash": 0.1})
    store.roll_back(BOT, SeenBlock(1, "0x01", JANUARY + 60))
    assert [row.block for row in risk_metrics.recorded(store, "demo")] == [0, 1]
    (summary,) = risk_metrics.daily(store, "demo", "var99").values()
    assert (summary.samples, summary.maximum, summary.last) == (2, 0.02, 0.02)
    assert risk_metrics.holdings(store, "demo") is None and risk_metrics.stress_losses(store, "demo", 2) == {}


def test_record__killed_before_the_end__wrote_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(risk_metrics, "_tell", kill)
        with pytest.raises(Killed):
            put(store, 0.05, rules=(RULE,))
    assert risk_metrics.latest(store, "demo") is None and risk_metrics.daily(store, "demo", "var99") == {}
    put(store, 0.05, rules=(RULE,))
    assert bodies(store) == [("log", "firing"), ("pager", "firing")]


def test_record__rule_fires_over_a_restart__tells_once_until_it_resolves(store: Store) -> None:
    put(store, 0.01, 0.05, rules=(RULE,))
    again = Store(store.engine)
    put(again, 0.05, 0.06, first=1, rules=(RULE,))
    assert risk_metrics.firings(again, "demo")["var"].fired_at == JANUARY + 60
    put(again, 0.01, first=3, rules=(RULE,))
    assert bodies(again) == [(name, kind) for kind in ("firing", "resolved") for name in ("log", "pager")]
    assert risk_metrics.firings(again, "demo") == {}
    assert len({notice.key for notice in due(again, LATER)}) == 4


def test_record__notice_that_was_written_before__is_not_counted_again(store_url: str) -> None:
    store = Store.open(store_url)
    found = recorded(0, JANUARY, var99=0.05)
    told = [risk_metrics.record(store, found, rules=rules) for rules in ((RULE,), (), (RULE,))]
    assert told == [2, 0, 0] and len(bodies(store)) == 2


def test_record__rule_left_the_config__is_forgotten(store: Store) -> None:
    put(store, 0.05, rules=(RULE,))
    put(store, 0.05, first=1)
    assert risk_metrics.firings(store, "demo") == {}


def test_claim__two_processes__one_has_it(store: Store) -> None:
    put(store, 0.05, rules=(RULE,))
    notice = due(store, LATER)[0]
    assert [claim(store, notice, LATER) for _ in range(2)] == [True, False]
    assert [one.channel for one in due(store, LATER - 1)] == ["pager"]


def test_prune__old_rows__go_and_summaries_and_waiting_notices_stay(store_url: str) -> None:
    store = Store.open(store_url)
    put(store, 0.05, rules=(RULE,))
    for number in (1, 2, 3):
        risk_metrics.record(store, recorded(number, JANUARY + number * MONTH))
    waiting, delivered = due(store, LATER)[:2]
    settle(store, delivered, DELIVERED)
    pruned = risk_metrics.prune(store, month_of(JANUARY + 2 * MONTH)[1])
    # Two rows of January; or its partition and that of February, which was made ahead.
    assert pruned == risk_metrics.Pruned(dropped=2, notices=1)
    assert [row.block for row in risk_metrics.recorded(store, "demo")] == [2, 3]
    assert len(risk_metrics.daily(store, "demo", "var99")) == 4
    assert [one.key for one in due(store, LATER)] == [waiting.key]


def test_settle__dropped__is_no_longer_due_and_keeps_its_reason(store: Store) -> None:
    put(store, 0.05, rules=(RULE,))
    settle(store, due(store, LATER)[1], DROPPED, fault="x" * 300)
    assert [one.channel for one in due(store, LATER)] == ["log"]
    with store.reading() as connection:
        faults = connection.execute(sa.select(alert_notices.c.fault).where(alert_notices.c.state == DROPPED)).scalars()
        assert [len(fault) for fault in faults] == [200]


def test_record__on_postgresql__partitions_are_there_a_month_ahead(postgres_url: str) -> None:
    store = Store.open(postgres_url)
    put(store, 0.01)
    assert partitions(store.engine, "risk_metrics") == {
        "risk_metrics_default", "risk_metrics_202401", "risk_metrics_202402",
    }  # fmt: skip
    plan = rows(store.engine, f"EXPLAIN SELECT * FROM risk_metrics WHERE at BETWEEN {JANUARY} AND {JANUARY + 1}")
    scanned = "\n".join(line for (line,) in plan)
    assert "risk_metrics_202401" in scanned and "risk_metrics_202402" not in scanned


def test_extension_state__absent_available_and_created__are_told_apart(postgres_url: str) -> None:
    names = ("timescaledb", "hstore", "plpgsql")
    with sa.create_engine(postgres_url).connect() as connection:
        assert [extension_state(connection, name) for name in names] == ["absent", "available", "created"]


def test_drop_before__hypertable__asks_timescaledb_to_drop_chunks(postgres_url: str) -> None:
    store = Store.open(postgres_url)
    with store.engine.begin() as connection:
        connection.execute(sa.text(CHUNKS))
        assert drop_before(connection, "plain", JANUARY) == 3
        asked: list[Any] = list(connection.execute(sa.text("SELECT * FROM asked")))
    assert [tuple(row) for row in asked] == [("plain", JANUARY)]


CHUNKS = """
CREATE TABLE plain (at bigint);
CREATE TABLE asked (name text, moment bigint);
CREATE FUNCTION drop_chunks(relation regclass, older_than anyelement, newer_than anyelement = NULL)
RETURNS SETOF text AS $$
    INSERT INTO asked VALUES (relation::text, older_than::bigint);
    SELECT 'chunk ' || number FROM generate_series(1, 3) number;
$$ LANGUAGE sql;
"""
"""Stands in for TimescaleDB, which embedded PostgreSQL does not bring: its `drop_chunks` as the documentation of 2.x
declares it, with an answer of three chunks."""


def test_table__primary_key__is_portfolio_time_and_block() -> None:
    assert [column.name for column in table.primary_key] == ["portfolio", "at", "block"]
