"""The training bot: each week's network once, by a process that ends with the bot, and nothing on chain."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from eth_utils.crypto import keccak

from keepers.config import load_config
from keepers.operations.signals_train import EXPERIMENTS, MODEL
from keepers.runtime import child
from keepers.runtime.child import Child, Ended
from keepers.signals.features.generated import generated_history
from keepers.store import Decision, Store
from tests.fixtures.forks import Forked, Training
from tests.fixtures.node import SENDER, World
from tests.fixtures.waiting import wait_until
from tests.unit.keepers.bots.harness import Running, later, start
from tests.unit.keepers.cli.test_cli import invoke, line_of
from tests.unit.keepers.cli.test_doctor import findings

BOT = "training:testnet"
HOUR = 3600


def today() -> date:
    return datetime.now(UTC).date()


def week_of(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def data_until(folder: Path, last: date, seeds: int = 1) -> Path:
    """A signals config of 400 generated days that end on a day, which trains for one epoch."""
    frame = generated_history(400)
    days = [last - timedelta(days=back) for back in reversed(range(700)) if (last - timedelta(days=back)).weekday() < 5]
    index = [f"{day},{close}" for day, close in zip(days[-400:], frame.daily["close"], strict=True)]
    rows = [f"{day},{','.join(map(str, row))}" for day, row in zip(days[-400:], frame.daily["closes"], strict=True)]
    (folder / "index.csv").write_text("\n".join(["date,close", *index, ""]), encoding="utf-8")
    (folder / "assets.csv").write_text("\n".join(["date,A,B,C,D,E", *rows, ""]), encoding="utf-8")
    raw = {
        "data": {"daily": {"close": {"file": "index.csv"}, "closes": {"file": "assets.csv"}}},
        "evaluation": {"horizon_days": 5, "median_days": 60},
        "training": {"epochs": 1, "seeds": list(range(1, seeds + 1)), "test_from": days[-60].isoformat()},
    }
    (folder / "signals.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    return folder / "signals.yaml"


def config_of(world: World, seeds: int = 1, last: date | None = None, lease: int = 600, **training: Any) -> Path:
    """The config of a bot that trains from the first minute of a week on, and has no portfolio."""
    data_until(world.folder, last or today() - timedelta(days=1), seeds)
    terms = {"enabled": True, "signals": "signals.yaml", "models": f"models-{today()}", "hour_utc": 0, **training}
    path = world.write_config(training=terms, lease_seconds=lease)
    raw = yaml.safe_load(path.read_text())
    del raw["portfolio"], raw["prices"], raw["keys"]["signers"]
    path.write_text(yaml.safe_dump(raw))
    return path


@pytest.fixture(autouse=True)
def quick_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forks the children of this process; those of a bot in a process of its own have a real start."""
    quick = {**vars(subprocess), "Popen": Training}
    monkeypatch.setattr(child, "subprocess", SimpleNamespace(**quick))


@pytest.fixture
def folder(world: World) -> Iterator[Path]:
    """The folder of models, empty."""
    place = world.folder / f"models-{today()}"
    empty(place)
    yield place
    empty(place)


def empty(place: Path) -> None:
    for path in sorted(place.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


@contextmanager
def started(config: Path) -> Iterator[Running]:
    """The bot, stepped by hand; its child is ended with it."""
    running = start("training", config)
    try:
        yield running
    finally:
        print(running.output.getvalue())
        running.bot.close()
        running.services.leadership.resign()
        running.services.store.close()


def finish(bot: Running) -> None:
    """Polls until the child has been dealt with."""
    bot.step(1)
    assert bot.bot.busy, bot.output.getvalue()
    wait_until(lambda: not bot.bot.busy, meanwhile=lambda: bot.step(1))


def events(output: str, name: str) -> list[dict[str, Any]]:
    return [line for line in map(json.loads, output.splitlines()) if line["event"] == name]


def decisions(bot: Running) -> list[Decision]:
    found: list[Decision] = bot.services.store.decisions(BOT)
    return found


def gone(pid: int) -> bool:
    """True if a process has ended, whether or not anybody has asked for its exit code."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_training_bot__week_that_is_due__is_trained_once_and_recorded(world: World, folder: Path) -> None:
    with started(config_of(world)) as bot:
        finish(bot)
        (made,) = decisions(bot)
        file = folder / week_of(today()) / MODEL
        weights = "0x" + keccak(file.read_bytes()).hex()
        assert (made.key, made.outcome) == (f"training:{week_of(today())}", "done")
        assert f"regimes-{week_of(today())}: {weights}" in made.reason and "ModelRegistry.register(0x" in made.reason
        (line,) = events(bot.output.getvalue(), "decision")
        assert (line["key"], line["outcome"], line["reason"]) == (made.key, "done", made.reason)
        (brier,) = bot.services.store.measured(BOT, "challenger:brier")
        assert 0 < brier.value < 1 and f"Brier {brier.value:.4f}" in made.reason
        later(world, 3 * 24 * HOUR)
        bot.step(5)
        assert len(events(bot.output.getvalue(), "training began")) == 1
        assert world.w3.eth.get_transaction_count(SENDER) == 0


def test_training_bot__looks__never_wait_for_the_child(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with started(config_of(world)) as bot:
        bot.step(1)
        monkeypatch.setattr(Child, "ended", lambda _: pytest.fail("asked for the end of a child that runs"))
        monkeypatch.setattr(Child, "runs", True)
        for _ in range(20):
            later(world, 12)
            bot.step(1)
        assert bot.bot.busy and decisions(bot) == []


@pytest.mark.parametrize(("ahead", "begins"), [(-1, False), (0, True)])
def test_training_bot__hour_of_the_week__begins_then_and_not_before(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch, ahead: int, begins: bool
) -> None:
    config = config_of(world, weekday="wednesday", hour_utc=7)
    wednesday = datetime(2026, 11, 25, 7, tzinfo=UTC).timestamp()
    with started(config) as bot:
        monkeypatch.setattr("time.time", lambda: wednesday + ahead)
        bot.step(1)
        assert bot.bot.busy is begins
        monkeypatch.undo()


def test_training_bot__closed_while_the_child_trains__ends_it_and_decides_nothing(world: World, folder: Path) -> None:
    with started(config_of(world)) as bot:
        bot.step(1)
        (began,) = events(bot.output.getvalue(), "training began")
        bot.bot.close()
        assert gone(began["pid"]) and decisions(bot) == []
        finish(bot)
        assert [one.outcome for one in decisions(bot)] == ["done"]


def test_training_bot__history_that_ended_long_ago__alerts_and_tries_again_later(world: World, folder: Path) -> None:
    config = config_of(world, last=today() - timedelta(days=30), retry_hours=2)
    with started(config) as bot:
        finish(bot)
        (made,) = decisions(bot)
        assert made.outcome == "refused" and "has no day of the week before" in made.reason
        assert len(events(bot.output.getvalue(), "stale history")) == 1
        later(world, HOUR)
        bot.step(3)
        assert len(events(bot.output.getvalue(), "training began")) == 1, "the rest is not over"
        data_until(world.folder, today() - timedelta(days=1))
        later(world, 2 * HOUR)
        finish(bot)
        assert [one.outcome for one in decisions(bot)] == ["done"]


def test_training_bot__child_that_fails__alerts_with_its_line(world: World, folder: Path) -> None:
    config = config_of(world)
    (world.folder / "signals.yaml").write_text("training: {epochs: 0}\n")
    with started(config) as bot:
        finish(bot)
        (failed,) = events(bot.output.getvalue(), "training failed")
        assert "training.epochs" in failed["reason"] and [one.outcome for one in decisions(bot)] == ["refused"]


def test_training_bot__child_that_takes_too_long__is_ended_and_alerts(world: World, folder: Path) -> None:
    with started(config_of(world, timeout_minutes=0.001)) as bot:
        finish(bot)
        (failed,) = events(bot.output.getvalue(), "training failed")
        (began,) = events(bot.output.getvalue(), "training began")
        assert failed["reason"].startswith("took longer than 0.001 minutes") and gone(began["pid"])


def answer(folder: Path, **changes: Any) -> str:
    told = {
        "name": f"regimes-{week_of(today())}",
        "file": str(folder / "model.onnx"),
        "weights_hash": "0x" + keccak(b"weights").hex(),
        "data_hash": "0x01",
        "code_hash": "0x02",
        "last_day": "2026-11-20",
        "call": "ModelRegistry.register(…)",
        "days": 300,
        "accuracy": None,
        "brier": None,
        "trained": True,
    }
    return json.dumps({**told, **changes})


@pytest.mark.parametrize(
    ("changes", "outcome", "said"),
    [
        ({}, "done", "300 days until 2026-11-20; ModelRegistry"),
        ({"weights_hash": "0x00"}, "refused", "is not the file that was told of"),
        ({"file": "/nowhere"}, "refused", "is not the file that was told of"),
        ({"name": "regimes-2020-W01"}, "refused", "of another week"),
        ({"brier": "nan"}, "refused", "told of no challenger"),
    ],
)
def test_training_bot__answer_of_the_child__is_checked(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], outcome: str, said: str
) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(b"weights")
    with started(config_of(world)) as bot:
        bot.step(1)
        bot.bot._running[1].end()
        monkeypatch.setattr(Child, "ended", lambda _: Ended(0, answer(folder, **changes), "", True))
        bot.step(2)
        (made,) = decisions(bot)
        assert made.outcome == outcome and said in made.reason


def killed_in_training(config: Path, folder: Path) -> int:
    """Kills the bot once its child has trained a seed; returns the child."""
    log = config.parent / "training.log"
    with running(config, log) as bot:
        try:
            wait_until(lambda: trains(bot, folder), why=log.read_text)
        finally:
            bot.kill()
    (began,) = events(log.read_text(), "training began")
    wait_until(lambda: gone(began["pid"]))
    return int(began["pid"])


@contextmanager
def running(config: Path, log: Path) -> Iterator[Forked]:
    """`quantera run training` in a process of its own, which writes to a log."""
    command = [sys.executable, "-m", "keepers", "run", "training", "--config", str(config)]
    with log.open("wb") as output, Forked(command, stdout=output, stderr=output) as bot:
        yield bot


def trains(bot: Forked, folder: Path) -> bool:
    """True once a seed is trained; fails where the bot has ended."""
    assert bot.poll() is None, "the bot has ended"
    return bool(list(folder.glob(f"*/{EXPERIMENTS}/*.json")))


def test_training_bot__killed_while_the_child_trains__the_next_one_completes_once(world: World, folder: Path) -> None:
    config = config_of(world, seeds=12, lease=2)
    killed_in_training(config, folder)
    place = folder / week_of(today())
    kept = {path: path.stat().st_mtime_ns for path in (place / EXPERIMENTS).iterdir()}
    assert not (place / MODEL).exists(), "all seeds were trained before the kill"
    log = config.parent / "resumed.log"
    store = Store.open(load_config(config).store_url)
    with running(config, log) as bot:
        try:
            wait_until(lambda: bool(store.decisions(BOT)), why=log.read_text)
        finally:
            bot.terminate()
    (made,) = store.decisions(BOT)
    store.close()
    assert made.outcome == "done" and bot.returncode == 0 and len(events(log.read_text(), "training began")) == 1
    assert all(path.stat().st_mtime_ns == written for path, written in kept.items())


def test_training_bot__sigterm_while_the_child_trains__ends_both_cleanly(world: World, folder: Path) -> None:
    config = config_of(world, seeds=12)
    log = config.parent / "stopped.log"
    with running(config, log) as bot:
        try:
            wait_until(lambda: trains(bot, folder), why=log.read_text)
        finally:
            bot.terminate()
    (interrupted,) = events(log.read_text(), "training interrupted")
    assert bot.returncode == 0 and gone(interrupted["pid"]) and events(log.read_text(), "decision") == []


def test_run_training__once__waits_for_the_training(world: World, folder: Path) -> None:
    config = config_of(world)
    result = invoke("run", "training", "--once", "--config", str(config))
    (line,) = events(result.output, "decision")
    assert result.exit_code == 0 and line["outcome"] == "done"


def test_run_training__dry__tells_the_week_and_starts_nothing(world: World, folder: Path) -> None:
    result = invoke("run", "training", "--dry-run", "--config", str(config_of(world)))
    (line,) = events(result.output, "would train")
    assert line["week"] == week_of(today()) and not list(folder.glob("*"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"weekday": "someday"}, "training.weekday: Input should be 'monday', 'tuesday'"),
        ({"hour_utc": 24}, "training.hour_utc: Input should be less than or equal to 23"),
        ({"timeout_minutes": 0}, "training.timeout_minutes: Input should be greater than 0"),
        ({"retry_hours": float("nan")}, "training.retry_hours"),
        ({"signals": None}, "training: enabled needs signals"),
        ({"modells": "here"}, "training.modells: unknown key; did you mean models?"),
    ],
)
def test_run_training__wrong_config__one_line(world: World, changes: dict[str, Any], said: str) -> None:
    assert said in line_of(invoke("run", "training", "--config", str(config_of(world, **changes))), 2)


def test_run_training__without_signals__one_line(world: World) -> None:
    config = config_of(world, enabled=False, signals=None)
    assert "missing" in line_of(invoke("run", "training", "--config", str(config)), 2)


def test_doctor__history_and_week__are_told_before_and_after_the_training(world: World, folder: Path) -> None:
    config = config_of(world, last=today() - timedelta(days=30))
    with started(config) as bot:
        assert findings(config)["history"]["level"] == "warn"
        assert findings(config)[week_of(today())]["found"] == "has no network yet"
        finish(bot)
        assert "has no day of the week before" in findings(config)[week_of(today())]["found"]
        data_until(world.folder, today() - timedelta(days=1))
        later(world, 7 * HOUR)
        finish(bot)
        found = findings(config)
        assert (found["history"]["level"], found[week_of(today())]["level"]) == ("ok", "ok")
