"""Dates and moments as providers write them."""

from __future__ import annotations

from datetime import UTC, date, datetime

DAY = 86_400


def moment(text: str) -> int:
    """Returns unix seconds of an RFC 3339 moment; 0 for a text that is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return 0
    # A moment without a zone is the provider's UTC.
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


def end_of_day(text: str) -> int:
    """Returns unix seconds of the end, in UTC, of a day such as "2031-05-06"; 0 for a text that is none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return 0
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) + DAY


def shown(at: int) -> str:
    """Returns a moment for people."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
