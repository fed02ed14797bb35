"""Weighs a date of birth and countries beside a name. Contradictions take off; agreement never takes off."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from keepers.compliance.countries import NUMERIC
from keepers.compliance.screening.errors import ScreeningError

BIRTH_AGREES = 0.05
"""Addition for the same date of birth."""
BIRTH_CONTRADICTS = 0.15
"""Deduction for another date of birth: lists hold wrong dates, so that an exact name stays an alert."""
COUNTRY_CONTRADICTS = 0.05
"""Deduction for different countries: people have several and move."""

_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?(~?)")
_ONE_YEAR = 366


class Evidence(NamedTuple):
    """Statement of the evidence.

    Attributes:
        change: Addition to a score.
        rules: Rules that fired.
    """

    change: float
    rules: tuple[str, ...]


NO_EVIDENCE = Evidence(0.0, ())


class _Span(NamedTuple):
    first: int
    last: int
    exact: bool


def _span(text: str) -> _Span | None:
    """The days that a date of a list may be; None if it is none."""
    first, slash, last = text.partition("/")
    start, end = _days(first), _days(last) if slash else None
    if start is None or (slash and end is None):
        return None
    return start if end is None else _Span(start.first, max(start.last, end.last), False)


@lru_cache(maxsize=65536)
def _days(text: str) -> _Span | None:
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    try:
        first = date(year, month or 1, day or 1).toordinal()
        if day:
            last = first
        elif month:
            last = date(year + month // 12, month % 12 + 1, 1).toordinal() - 1
        else:
            last = date(year, 12, 31).toordinal()
    except ValueError:
        return None
    slack = _ONE_YEAR if found[4] else 0
    return _Span(first - slack, last + slack, bool(day) and not slack)


def checked_birth_date(text: str) -> str:
    """Returns a date of birth that a person typed.

    Raises:
        ScreeningError: If it is none, or lies in the future.
    """
    span = _days(text)
    if span is None or text.endswith("~"):
        raise ScreeningError("birth date", "is no date", "give YYYY-MM-DD, YYYY-MM or YYYY")
    if span.first > date.today().toordinal():
        raise ScreeningError("birth date", "lies in the future", "give a date in the past")
    return text


def checked_country(text: str) -> str:
    """Returns the two capital letters of a country.

    Raises:
        ScreeningError: If ISO 3166-1 has none such.
    """
    if text.upper() not in NUMERIC:
        raise ScreeningError("country", "is no code of ISO 3166-1", "give two letters, such as DE")
    return text.upper()


def birth_evidence(asked: str, listed: Collection[str]) -> Evidence:
    """Returns what a person's date of birth says beside the dates of a list; nothing if either side has none."""
    mine = _span(asked) if asked else None
    if mine is None:
        return NO_EVIDENCE
    there = [span for text in listed if (span := _span(text)) is not None]
    if not there:
        return NO_EVIDENCE
    if any(span.first <= mine.last and mine.first <= span.last for span in there):
        return Evidence(BIRTH_AGREES, ("birth_date_agrees",))
    turned = _turned(asked)
    if turned is not None and any(span.exact and span.first == turned for span in there):
        return Evidence(0.0, ("birth_date_day_and_month_exchanged",))
    gap = min(max(span.first - mine.last, mine.first - span.last) for span in there)
    if gap <= _ONE_YEAR:
        return Evidence(0.0, ("birth_date_within_a_year",))
    return Evidence(-BIRTH_CONTRADICTS, ("birth_date_contradicts",))


def _turned(text: str) -> int | None:
    found = _DATE.fullmatch(text)
    if found is None or not found[3]:
        return None
    span = _days(f"{found[1]}-{found[3]}-{found[2]}")
    return span.first if span is not None else None


def country_evidence(asked: Collection[str], listed: Collection[str]) -> Evidence:
    """Returns what a person's countries say beside those of a list; nothing if either side has none."""
    if not asked or not listed:
        return NO_EVIDENCE
    if set(asked) & set(listed):
        return Evidence(0.0, ("country_agrees",))
    return Evidence(-COUNTRY_CONTRADICTS, ("country_contradicts",))
