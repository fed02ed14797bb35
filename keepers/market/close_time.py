"""The time at which the close of a trading day is known."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

CLOSE = time(21, 0, tzinfo=UTC)
"""When a trading day's close is known: 16:00 in New York in winter, an hour late in summer."""


def close_of(day: date) -> int:
    """Unix seconds at which the close of a day is known."""
    return int(datetime.combine(day, CLOSE).timestamp())


def last_closed_day(timestamp: int) -> date:
    """The newest day whose close is known at a time in unix seconds."""
    moment = datetime.fromtimestamp(timestamp, UTC)
    today = moment.date()
    return today if close_of(today) <= timestamp else today - timedelta(days=1)
