"""One structured line a decision."""

from __future__ import annotations

import sys
from typing import Any, Literal

import structlog


def configure(kind: Literal["json", "text"], **context: Any) -> Any:
    """A logger that writes lines to standard output.

    Args:
        kind: "json" for machines, "text" for people.
        context: Fields of every line.
    """
    renderer: Any = structlog.processors.JSONRenderer()
    if kind == "text":
        renderer = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=False,
    )
    return structlog.get_logger(**context)
