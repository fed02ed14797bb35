from __future__ import annotations

from datetime import UTC, datetime

import pytest

from keepers.runtime.cron import BadSchedule, CronSchedule


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("schedule", "now", "due"),
    [
        ("* * * * *", "2026-03-01T12:34:56", "2026-03-01T12:34"),
        ("*/15 * * * *", "2026-03-01T12:34", "2026-03-01T12:30"),
        ("5 21 * * *", "2026-03-01T21:04:59", "2026-02-28T21:05"),
        ("0 9-17/4 * * 1-5", "2026-03-01T12:00", "2026-02-27T17:00"),  # a Sunday
        ("0 0 * * 7", "2026-03-03T00:00", "2026-03-01T00:00"),
        ("30 6 31 * *", "2026-03-01T00:00", "2026-01-31T06:30"),
        ("0 0 29 2 *", "2026-03-01T00:00", "2024-02-29T00:00"),
        ("0 0 13 * 5", "2026-03-04T00:00", "2026-02-27T00:00"),  # either day is enough
        ("1,2,50 0 * * *", "2026-03-01T00:49", "2026-03-01T00:02"),
        ("10/20 * * * *", "2026-03-01T00:49", "2026-03-01T00:30"),
        ("@daily", "2026-03-01T23:59", "2026-03-01T00:00"),
        ("@monthly", "2026-03-31T23:59", "2026-03-01T00:00"),
    ],
)
def test_latest__of_a_schedule__is_the_last_time_due(schedule: str, now: str, due: str) -> None:
    assert CronSchedule.parse(schedule).latest(at(now)) == at(due)


@pytest.mark.parametrize(
    "text",
    ["", "* * * *", "60 * * * *", "* 24 * * *", "5-1 * * * *", "*/0 * * * *", "a * * * *", "0 0 31 2 *", "@never"],
)
def test_parse__nonsense__one_line(text: str) -> None:
    with pytest.raises(BadSchedule) as caught:
        CronSchedule.parse(text)
    assert "\n" not in str(caught.value) and repr(text) in str(caught.value)
