"""Bots of one process: one that gives up rests and is opened anew, unless it is the last."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import structlog

from keepers.errors import KeeperError
from keepers.runtime import supervisor
from keepers.runtime.supervisor import Supervisor
from tests.fixtures.waiting import join, wait_until


class Act:
    """A stand-in for a runtime: each run is the next of its turns."""

    def __init__(self, turns: list[Callable[[], None]]) -> None:
        self.turns = turns
        self.opened = 0

    def run(self) -> None:
        """The next turn."""
        self.turns.pop(0)()


def give_up() -> None:
    raise KeeperError("bot", "8 failures in a row", "see the log")


def supervised(acts: dict[str, Act], stop: threading.Event) -> tuple[Supervisor, io.StringIO]:
    output = io.StringIO()
    log = structlog.wrap_logger(structlog.WriteLogger(output), processors=[structlog.processors.JSONRenderer()])

    @contextmanager
    def open_bot(kind: str) -> Iterator[Any]:
        acts[kind].opened += 1
        yield acts[kind]

    return Supervisor(open_bot, log, stop), output


def run_all(acts: dict[str, Act], stop: threading.Event, until: Callable[[], bool]) -> tuple[Supervisor, str]:
    found, output = supervised(acts, stop)
    with ExitStack() as stack:
        bots = [stack.enter_context(found.supervised(kind, kind)) for kind in acts]
        threads = [threading.Thread(target=bot.run, daemon=True) for bot in bots]
        for thread in threads:
            thread.start()
        wait_until(until)
        stop.set()
        join(threads)
    return found, output.getvalue()


def test_run__one_gives_up__is_opened_anew_while_the_other_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_REST_SECONDS", 0.01)
    stop, mended = threading.Event(), threading.Event()
    acts = {
        "risk": Act([give_up, give_up, lambda: (mended.set(), stop.wait())]),
        "rebalance": Act([lambda: stop.wait()]),
    }
    found, log = run_all(acts, stop, mended.is_set)
    assert found.fault is None and (acts["risk"].opened, acts["rebalance"].opened) == (3, 1)
    assert '"rests_seconds": 0.01' in log and '"rests_seconds": 0.02' in log


def test_run__all_give_up__end_with_the_last_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_REST_SECONDS", 3600.0)
    stop = threading.Event()
    acts = {"risk": Act([give_up]), "rebalance": Act([give_up])}
    found, log = run_all(acts, stop, stop.is_set)
    assert str(found.fault) == "bot: 8 failures in a row; see the log"
    assert log.count("circuit open") == 1


def test_run__cannot_be_opened_again__rests_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_REST_SECONDS", 0.01)
    stop, tried = threading.Event(), threading.Event()
    acts = {"risk": Act([give_up]), "rebalance": Act([lambda: stop.wait()])}
    found, output = supervised(acts, stop)
    with found.supervised("risk", "risk") as bot, found.supervised("rebalance", "rebalance"):
        opened = found.open_bot

        def refuse(kind: str) -> Any:
            tried.set()
            raise KeeperError("node", "does not answer", "start it")

        found.open_bot = refuse
        thread = threading.Thread(target=bot.run, daemon=True)
        thread.start()
        wait_until(lambda: "node: does not answer" in output.getvalue())
        found.open_bot = opened
        acts["risk"].turns.append(lambda: stop.set())
        join([thread])
    assert found.fault is None and tried.is_set()
