"""One structured line a decision; what the runtime binds, such as a trigger's trace id, is in each of its lines."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, Literal

import structlog
from structlog.contextvars import merge_contextvars

Watcher = Callable[[MutableMapping[str, Any]], None]
"""Sees every line's fields, those below the level that is written included."""


def configure(
    kind: Literal["json", "text"], *, watch: Watcher | None = None, level: str = "info", **context: Any
) -> Any:
    """A logger that writes lines to standard output.

    Args:
        kind: "json" for machines, "text" for people.
        watch: Called with the fields of each line: where metrics come from.
        level: Minimum level that is written.
        context: Fields of every line.
    """
    renderer: Any = structlog.processors.JSONRenderer()
    if kind == "text":
        renderer = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
    structlog.configure(
        processors=[
            merge_contextvars,
            structlog.processors.add_log_level,
            _watching(watch, level),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=False,
    )
    return structlog.get_logger(**context)


def _watching(watch: Watcher | None, level: str) -> structlog.typing.Processor:
    levels = logging.getLevelNamesMapping()
    least = levels[level.upper()]

    def process(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if watch is not None:
            watch(event)
        if levels.get(str(event.get("level", "info")).upper(), least) < least:
            raise structlog.DropEvent
        return event

    return process
