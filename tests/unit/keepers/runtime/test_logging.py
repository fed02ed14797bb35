from __future__ import annotations

import json
from typing import Any

import pytest
import structlog

from keepers.runtime.logging import configure


@pytest.fixture(autouse=True)
def _restored() -> Any:
    yield
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_configure__json__one_object_a_line_with_its_context(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", bot="risk:demo").info("decision", outcome="done")
    (line,) = lines(capsys)
    assert (line["bot"], line["event"], line["outcome"], line["level"]) == ("risk:demo", "decision", "done", "info")
    assert line["timestamp"].endswith("Z") and "trace" not in line


def test_configure__what_is_bound__is_in_lines_of_every_room(capsys: pytest.CaptureFixture[str]) -> None:
    log, other = configure("json", bot="risk:demo"), structlog.get_logger()
    with structlog.contextvars.bound_contextvars(trace="0123456789abcdef"):
        log.info("trigger")
        other.info("receipt")
    log.info("after")
    assert [line.get("trace") for line in lines(capsys)] == ["0123456789abcdef"] * 2 + [None]


def test_configure__below_the_level__is_watched_but_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[str] = []
    log = configure("json", watch=lambda line: seen.append(str(line["event"])))
    log.debug("looked", block=1)
    log.info("decision")
    assert seen == ["looked", "decision"]
    assert [line["event"] for line in lines(capsys)] == ["decision"]
