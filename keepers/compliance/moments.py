"""Times as an officer reads them."""

from __future__ import annotations

from datetime import UTC, datetime

NEVER = 2**40 - 1
"""The time that stands for no end, in unix seconds."""


def moment(seconds: int) -> str:
    """UTC, to the minute; the end of time in a word."""
    if seconds >= 253_402_300_800:
        return "forever"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def period(start: int, end: int) -> str:
    """A period in words, in UTC."""
    since = f"from {moment(start)} " if start else ""
    return f"{since}without an end" if end >= NEVER else f"{since}until {moment(end)}"
