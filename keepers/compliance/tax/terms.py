"""Holding periods: which day a gain becomes long-term."""

from __future__ import annotations

from datetime import date, timedelta


def years_after(day: date, years: int) -> date:
    """Returns the same day `years` later, and 1 March for a 29 February that is not there."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def is_long(held_from: date, disposed: date, years: int = 1) -> bool:
    """Says whether something was held for more than `years` years.

    The day of acquisition does not count and the day of disposal does (Rev. Rul. 66-7 and 70-598 for the
    United States): something acquired on 31 January is long-term from 1 February of the next year.
    """
    return disposed >= years_after(held_from + timedelta(days=1), years)
