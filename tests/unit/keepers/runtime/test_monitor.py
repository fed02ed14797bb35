from __future__ import annotations

import json
import re
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from keepers.risk.recorded import RiskUpdate
from keepers.rpc.node import Block
from keepers.runtime.metrics import EVENTS, Metrics
from keepers.runtime.monitor import MonitorError, monitor
from keepers.runtime.runtime import Step
from tests.fixtures.waiting import GENEROUS

BOT = "risk:demo"
DOCS = Path(__file__).parents[4] / "docs"


class Clock:
    """Monotonic seconds that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


HEAD = Block(number=7, hash="0xaa", parent="0x99", timestamp=1000, base_fee=None)


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=GENEROUS) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_watch__decisions_and_events__are_counted() -> None:
    metrics = Metrics()
    for outcome in ("done", "done", "refused"):
        metrics.watch({"bot": BOT, "event": "decision", "outcome": outcome, "gas": 21_000})
    metrics.watch({"bot": BOT, "event": "replaced"})
    metrics.beat(BOT, Step(HEAD))
    text = metrics.exposition().decode()
    for line in (
        'quantera_decisions_total{bot="risk:demo",outcome="done"} 2.0',
        'quantera_decisions_total{bot="risk:demo",outcome="refused"} 1.0',
        'quantera_gas_used_total{bot="risk:demo"} 63000.0',
        'quantera_events_total{bot="risk:demo",event="replaced"} 1.0',
        'quantera_block_height{bot="risk:demo"} 7.0',
        'quantera_leading{bot="risk:demo"} 1.0',
        'quantera_paused{bot="risk:demo"} 0.0',
    ):
        assert line in text.splitlines()


def test_watch__update_of_risk__shows_numbers_and_what_became_unknown() -> None:
    metrics = Metrics()
    for numbers in ({"var99": 0.03, "beta": 1.5}, {"var99": 0.04}):
        metrics.watch({"event": RiskUpdate.EVENT, "bot": BOT, **RiskUpdate("demo", 7, 1000, numbers).fields()})
    lines = metrics.exposition().decode().splitlines()
    assert 'quantera_risk{bot="risk:demo",metric="var99"} 0.04' in lines
    assert 'quantera_risk{bot="risk:demo",metric="beta"} NaN' in lines


def test_watch__lines_of_no_interest__count_nothing() -> None:
    metrics = Metrics()
    before = metrics.exposition()
    metrics.watch({"event": "started", "bot": BOT, "sender": "0x01"})
    assert metrics.exposition() == before


def test_monitor__life_of_a_bot__is_told_apart() -> None:
    clock = Clock()
    metrics = Metrics(clock)
    metrics.expect(BOT)
    with monitor(metrics, "127.0.0.1", 0, patience=60) as port:
        assert get(port, "/healthz")[0] == 200
        assert json.loads(get(port, "/readyz")[1])["faults"] == {BOT: "has not yet seen the chain"}
        metrics.beat(BOT, Step(HEAD))
        assert get(port, "/readyz") == (200, '{"ok": true, "faults": {}}\n')
        metrics.watch({"bot": BOT, "event": "failure", "failures": 2})
        assert json.loads(get(port, "/readyz")[1])["faults"] == {BOT: "2 failures in a row"}
        assert get(port, "/healthz")[0] == 200
        metrics.beat(BOT, Step(HEAD))
        clock.now += 61
        assert json.loads(get(port, "/healthz")[1])["faults"] == {BOT: "hangs"}
        assert get(port, "/readyz")[0] == 503
        metrics.watch({"bot": BOT, "event": "stopped"})
        assert get(port, "/healthz")[0] == 200
        assert json.loads(get(port, "/readyz")[1])["faults"] == {BOT: "stopped"}


def test_beat__standby_and_paused__are_alive_and_ready() -> None:
    metrics = Metrics()
    metrics.beat(BOT, Step(HEAD, paused=True))
    assert 'quantera_paused{bot="risk:demo"} 1.0' in metrics.exposition().decode()
    metrics.beat(BOT, Step(None, leads=False))
    text = metrics.exposition().decode()
    assert 'quantera_leading{bot="risk:demo"} 0.0' in text and 'quantera_block_height{bot="risk:demo"} 7.0' in text
    assert metrics.faults(60) == {} and metrics.hung(60) == []


def test_monitor__metrics_and_other_paths__answer_as_they_should() -> None:
    metrics = Metrics()
    metrics.beat(BOT, Step(HEAD))
    with monitor(metrics, "127.0.0.1", 0, patience=60) as port:
        status, body = get(port, "/metrics")
        assert status == 200 and "# TYPE quantera_block_height gauge" in body
        assert get(port, "/anything")[0] == 404


def test_monitor__port_taken__one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(MonitorError, match=r"Address already in use; choose another metrics\.port"),
            monitor(Metrics(), "127.0.0.1", port, patience=60),
        ):
            pass


def test_alerts__every_rule__asks_for_what_there_is() -> None:
    rules = yaml.safe_load((DOCS / "alerts.yaml").read_text())["groups"][0]["rules"]
    exposed = Metrics().exposition().decode()
    for rule in rules:
        names = re.findall(r"quantera_\w+", rule["expr"])
        assert names and all(f"# TYPE {name.removesuffix('_total')}" in exposed for name in names), rule["alert"]
        events = re.findall(r'event="([^"]+)"', rule["expr"])
        assert all(event in EVENTS for event in events), rule["alert"]


def test_exposition__every_metric__is_in_the_operators_page() -> None:
    page = (DOCS / "operations.md").read_text()
    lines = Metrics().exposition().decode().splitlines()
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == 10 and all(f"`{name}`" in page for name in names)
