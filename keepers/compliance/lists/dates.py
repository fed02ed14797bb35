"""Dates of birth as publishers write them, in the records' one form (see ListedParty.birth_dates)."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_WORDS = re.compile(r"(?:(?:(\d{1,2}) )?([A-Za-z]{3})[a-z]* )?(\d{4})\Z")
_SLASHES = re.compile(r"(?:(\d{1,2}|dd)/)?(?:(\d{1,2}|mm)/)?(\d{4})\Z", re.IGNORECASE)
_DASHES = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:[T+Z].*)?\Z")


def iso(year: int, month: int | None = None, day: int | None = None, *, circa: bool = False) -> str | None:
    """Returns a date with as much precision as there is, or None if no calendar has it."""
    try:
        date(year, month or 1, day or 1)
    except ValueError:
        return None
    text = f"{year:04d}"
    if month:
        text += f"-{month:02d}" + (f"-{day:02d}" if day else "")
    return f"{text}~" if circa else text


def words(text: str) -> str | None:
    """Reads OFAC's form: "18 Sep 1965", "Sep 1965", "1965", "circa 1965", "1965 to 1967", "circa 1970-1975"."""
    rest, circa = text.strip().rstrip("."), False
    if rest.lower().startswith(("circa ", "approximately ")):
        rest, circa = rest.partition(" ")[2].strip(), True
    first, separator, last = rest.partition(" to ")
    if not separator:
        first, separator, last = rest.partition("-")
    ends = [_point(one.strip(), circa) for one in ((first, last) if separator else (first,))]
    known = [one for one in ends if one]
    return "/".join(known) if len(known) == len(ends) else None


def _point(text: str, circa: bool) -> str | None:
    match = _WORDS.match(text)
    if match is None or (match[2] and match[2].lower() not in _MONTHS):
        return None
    month = _MONTHS[match[2].lower()] if match[2] else None
    return iso(int(match[3]), month, int(match[1]) if match[1] else None, circa=circa)


def slashes(text: str) -> str | None:
    """Reads the UK's form: "27/08/1955", where an unknown day or month is "dd", "mm" or "00"."""
    match = _SLASHES.match(text.strip())
    if match is None:
        return None
    day, month = (int(part) if part and part.isdigit() else 0 for part in (match[1], match[2]))
    if match[2] is None:
        day, month = 0, day  # One number before the year is a month.
    return iso(int(match[3]), month or None, (day or None) if month else None)


def dashes(text: str, *, circa: bool = False) -> str | None:
    """Reads "1955-08-27", "1955-08" or "1955", of which a time of day is dropped."""
    match = _DASHES.match(text.strip())
    if match is None:
        return None
    return iso(int(match[1]), *(int(part) if part else None for part in (match[2], match[3])), circa=circa)


def anything(text: str) -> str | None:
    """Reads whichever of the forms a text has."""
    return dashes(text) or slashes(text) or words(text)


def period(first: date, last: date, *, circa: bool = False) -> str:
    """Returns days from first to last as a year, a month, a day, or a span of two of them."""
    mark = "~" if circa else ""
    if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31):
        ends = [f"{first.year:04d}", f"{last.year:04d}"]
    elif first.day == 1 and last.day == calendar.monthrange(last.year, last.month)[1]:
        ends = [f"{day.year:04d}-{day.month:02d}" for day in (first, last)]
    else:
        ends = [first.isoformat(), last.isoformat()]
    return "/".join(f"{end}{mark}" for end in dict.fromkeys(ends))


def moment(text: str) -> str:
    """Returns a publisher's date, or date and time in UTC with seconds; "" if it says none.

    Read are the forms of ISO 8601 with or without a time zone (without one it is UTC), and "28-Jan-2026".
    """
    given = text.strip()
    try:
        if "T" in given:
            at = datetime.fromisoformat(given)
            return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at.tzinfo else f"{at:%Y-%m-%dT%H:%M:%S}Z"
        day = given if given[:4].isdigit() else (slashes(given) or words(given.replace("-", " ")) or "")
        return date.fromisoformat(day).isoformat()
    except ValueError:
        return ""
