"""Periods as laws write them, in seconds as the chain keeps them."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

DAY = 86_400
_PART = re.compile(r"(\d+) (day|month|year)s?")
_FOUR_YEARS = [date(2023 + month // 12, month % 12 + 1, 1) for month in range(48)]


def seconds(text: str) -> int:
    """A period in seconds; a month is as long as a run of months can be.

    The chain counts seconds and the law counts calendar months. Taking the longest run keeps the chain from letting go
    a day early, whenever the period began.

    Args:
        text: Such as "40 days", "6 months" or "4 months 1 day".

    Raises:
        ValueError: If it is not of that form, or empty.
    """
    parts = _PART.findall(text)
    if not parts or " ".join(match.group() for match in _PART.finditer(text)) != text.strip():
        raise ValueError(f"{text!r} is no period; write it as '40 days', '6 months' or '4 months 1 day'")
    counts = {"day": 0, "month": 0, "year": 0}
    for number, unit in parts:
        counts[unit] += int(number)
    days = counts["day"] + _longest(counts["month"] + 12 * counts["year"])
    if not 0 < days <= 36_525:
        raise ValueError(f"{text!r} is not between a day and a century")
    return days * DAY


@lru_cache(maxsize=64)
def _longest(months: int) -> int:
    """Maximum number of days that so many calendar months can have."""
    return max((_later(start, months) - start).days for start in _FOUR_YEARS) if months <= 1_200 else 36_526


def _later(start: date, months: int) -> date:
    month = start.month - 1 + months
    return start.replace(year=start.year + month // 12, month=month % 12 + 1)
