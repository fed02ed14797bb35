"""Times that come again, as crontab(5) writes them: minute, hour, day of month, month, day of week; in UTC. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from keepers.errors import KeeperError

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
_ALIASES = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *"}
_FURTHEST = 4 * 366
"""Days looked back: a 29th of February is never further away, but for turns of centuries."""


class BadSchedule(KeeperError):
    """A schedule that cannot be read, or never comes."""


@dataclass(frozen=True)
class CronSchedule:
    """Minutes at which something is due.

    Attributes:
        text: Text of the schedule.
        minutes, hours, days, months, weekdays: Numbers that match; Sunday is 0.
        either_day: True if the day of month or of week is enough, as crontab has it where both are restricted.
    """

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    @classmethod
    def parse(cls, text: str) -> CronSchedule:
        """Reads a schedule such as "*/15 8-17 * * 1-5" or "@daily".

        Raises:
            BadSchedule: If it is none, or no day ever matches.
        """
        parts = _ALIASES.get(text, text).split()
        if len(parts) != len(_FIELDS):
            raise BadSchedule(
                f"schedule {text!r}", f"has {len(parts)} fields, not 5", "write minute hour day month weekday"
            )
        fields = zip(parts, _FIELDS, strict=True)
        minutes, hours, days, months, weekdays = (_field(text, part, *field) for part, field in fields)
        weekdays = frozenset(day % 7 for day in weekdays)
        found = cls(text, minutes, hours, days, months, weekdays, parts[2] != "*" and parts[4] != "*")
        if found.latest(int(datetime(2028, 3, 1, tzinfo=UTC).timestamp())) is None:
            raise BadSchedule(f"schedule {text!r}", "never comes", "correct day and month")
        return found

    def latest(self, moment: int) -> int | None:
        """The last time at or before a moment at which it was due; None if there was none in four years.

        Args:
            moment: Unix seconds.
        """
        now = datetime.fromtimestamp(moment, UTC).replace(second=0, microsecond=0)
        for back in range(_FURTHEST):
            day = (now - timedelta(days=back)).date()
            if not self._day_matches(day.day, day.month, day.isoweekday() % 7):
                continue
            last = (now.hour, now.minute) if back == 0 else (23, 59)
            for hour in sorted(self.hours, reverse=True):
                for minute in sorted(self.minutes, reverse=True):
                    if (hour, minute) <= last:
                        return int(datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC).timestamp())
        return None

    def _day_matches(self, day: int, month: int, weekday: int) -> bool:
        if month not in self.months:
            return False
        if self.either_day:
            return day in self.days or weekday in self.weekdays
        return day in self.days and weekday in self.weekdays


def _field(text: str, part: str, name: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for item in part.split(","):
        span, slash, step = item.partition("/")
        first, dash, last = span.partition("-")
        numbers = [first, last if dash else first, step if slash else "1"]
        if span == "*":
            numbers[:2] = [str(low), str(high)]
        elif slash and not dash:
            numbers[1] = str(high)
        if not all(number.isdecimal() for number in numbers):
            raise BadSchedule(f"schedule {text!r}", f"{name} {item!r} is no number, range or step", "see crontab(5)")
        start, end, stride = map(int, numbers)
        if not (low <= start <= end <= high and stride > 0):
            raise BadSchedule(f"schedule {text!r}", f"{name} {item!r} is outside {low} to {high}", "see crontab(5)")
        found.update(range(start, end + 1, stride))
    return frozenset(found)
