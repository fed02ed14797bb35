from __future__ import annotations

import json
import socket
from itertools import islice
from pathlib import Path

import pytest

from keepers.risk.recorded import RiskUpdate
from keepers.store import StoreError
from keepers.store.fanout import RISK_STREAM, Fanout
from tests.fixtures.waiting import wait_until
from tests.unit.keepers.cli.test_cli import invoke
from tests.unit.keepers.config.test_config import content, write

DECISION = {"event": "decision", "bot": "risk:demo", "outcome": "done", "key": "model:1"}


def test_fanout__decision__reaches_every_follower_once_and_in_order(redis_url: str) -> None:
    bot = Fanout.open(redis_url)
    for number in range(3):
        bot.watch({**DECISION, "key": f"model:{number}"})
        bot.watch({"event": "looked"})
    bot.close()
    for _ in range(2):
        follower = Fanout.open(redis_url)
        found = [entry for entry in islice(follower.follow("0", block_ms=50), 3) if entry is not None]
        assert [line["key"] for _, line in found] == ["model:0", "model:1", "model:2"]
        follower.close()


def test_follow__from_now__waits_for_what_comes(redis_url: str) -> None:
    bot, follower = Fanout.open(redis_url), Fanout.open(redis_url)
    bot.watch({**DECISION, "key": "before"})
    wait_until(lambda: next(Fanout.open(redis_url).follow("0", block_ms=50)) is not None)
    lines = follower.follow(block_ms=50)
    assert next(lines) is None
    bot.watch({**DECISION, "key": "after"})
    bot.close()
    entry = next(found for found in lines if found is not None)
    assert entry[1]["key"] == "after"


def test_fanout__update_of_risk__has_a_stream_of_its_own(redis_url: str) -> None:
    bot, update = Fanout.open(redis_url), RiskUpdate("demo", 7, 1000, {"var99": 0.03})
    bot.watch({"event": RiskUpdate.EVENT, "bot": "risk:demo", **update.fields()})
    bot.watch(DECISION)
    bot.close()
    follower = Fanout.open(redis_url)
    entry = next(follower.follow("0", block_ms=50, stream=RISK_STREAM))
    assert entry is not None and RiskUpdate.read(entry[1]) == update
    follower.close()


def test_follow__risk__shows_updates_and_no_decisions(redis_url: str, tmp_path: Path) -> None:
    bot, update = Fanout.open(redis_url), RiskUpdate("demo", 7, 1000, {"var99": 0.03})
    bot.watch(DECISION)
    bot.watch({"event": RiskUpdate.EVENT, "bot": "risk:demo", **update.fields()})
    bot.close()
    config = write(tmp_path, {**content(), "redis": redis_url})
    shown = invoke("follow", "--risk", "--from-start", "--count", "1", "--config", str(config))
    assert RiskUpdate.read(json.loads(shown.output)) == update


def test_watch__redis_that_never_answers__holds_no_bot_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        bot = Fanout.open(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        for _ in range(1100):
            bot.watch(DECISION)
        assert bot.dropped > 0, "whoever waits for Redis drops nothing"
    bot.close()


def test_fanout__no_redis__is_dropped_and_says_so() -> None:
    bot = Fanout.open("redis://127.0.0.1:1/0")
    bot.watch(DECISION)
    bot.close()
    assert bot.dropped > 0
    with pytest.raises(StoreError, match="start it, or take redis out of the config"):
        bot.ping()
    with pytest.raises(StoreError):
        next(Fanout.open("redis://127.0.0.1:1/0").follow())


def test_remember__within_its_time__is_made_once_whoever_asks(redis_url: str) -> None:
    made = []

    def make() -> str:
        made.append(1)
        return f"report {len(made)}"

    for _ in range(3):
        assert Fanout.open(redis_url).remember("status:demo:0xaa", 60, make) == "report 1"
    assert Fanout.open("redis://127.0.0.1:1/0").remember("status:demo:0xaa", 60, make) == "report 2"


def test_open__no_url__one_line_without_its_password() -> None:
    with pytest.raises(StoreError, match="not a URL of Redis; write redis://host:6379/0") as caught:
        Fanout.open("http://:hunter2@host")
    assert "hunter2" not in str(caught.value)
