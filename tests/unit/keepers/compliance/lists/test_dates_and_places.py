from __future__ import annotations

from datetime import date

import pytest

from keepers.compliance.countries import NUMERIC
from keepers.compliance.lists import dates
from keepers.compliance.lists.places import code_of


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("18 Sep 1965", "1965-09-18"),
        ("Sep 1965", "1965-09"),
        ("1965.", "1965"),
        ("circa 1965", "1965~"),
        ("circa Sep 1965", "1965-09~"),
        ("1965 to 1967", "1965/1967"),
        ("01 Jan 1960 to 31 Dec 1965", "1960-01-01/1965-12-31"),
        ("circa 1970-1975", "1970~/1975~"),
        ("31 Feb 1965", None),
        ("Foo 1965", None),
        ("unknown", None),
        ("1965 to unknown", None),
    ],
)
def test_words__of_ofac__are_read(text: str, read: str | None) -> None:
    assert dates.words(text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("27/08/1955", "1955-08-27"),
        ("dd/08/1955", "1955-08"),
        ("dd/mm/1955", "1955"),
        ("00/00/1955", "1955"),
        ("08/1955", "1955-08"),
        ("1955", "1955"),
        ("31/02/1955", None),
        ("27/dd/1955", None),
        ("27/mm/1955", "1955"),
        ("August", None),
    ],
)
def test_slashes__of_the_uk__are_read(text: str, read: str | None) -> None:
    assert dates.slashes(text) == read


@pytest.mark.parametrize(
    ("first", "last", "read"),
    [
        (date(1965, 9, 18), date(1965, 9, 18), "1965-09-18"),
        (date(1965, 1, 1), date(1965, 12, 31), "1965"),
        (date(1965, 2, 1), date(1965, 2, 28), "1965-02"),
        (date(1964, 2, 1), date(1964, 2, 28), "1964-02-01/1964-02-28"),
        (date(1960, 1, 1), date(1965, 12, 31), "1960/1965"),
        (date(1960, 3, 1), date(1965, 4, 30), "1960-03/1965-04"),
    ],
)
def test_period__of_days__has_the_precision_that_is_published(first: date, last: date, read: str) -> None:
    assert dates.period(first, last) == read
    assert dates.period(first, last, circa=True) == "/".join(f"{end}~" for end in read.split("/"))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-02-27T00:00:09.554Z", "2026-02-27T00:00:09Z"),
        ("2026-08-05T16:47:04.449+02:00", "2026-08-05T14:47:04Z"),
        ("2026-08-05T16:47:04", "2026-08-05T16:47:04Z"),
        ("2026-08-05", "2026-08-05"),
        ("08/10/2026", "2026-10-08"),
        ("28-Jan-2026", "2026-01-28"),
        ("January 2026", ""),
        ("soon", ""),
        ("", ""),
        ("2026-13-45", ""),
    ],
)
def test_moment__of_publication__is_a_day_or_a_time_in_utc(text: str, read: str) -> None:
    assert dates.moment(text) == read


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Korea, North", "KP"),
        ("Democratic People's Republic of Korea", "KP"),
        ("Iran (Islamic Republic of)", "IR"),
        ("Congo, Democratic Republic of the", "CD"),
        ("The Gambia", "GM"),
        ("Türkiye", "TR"),
        ("Cote d'Ivoire", "CI"),
        ("possibly Palestinian", "PS"),
        ("Burma.", "MM"),
        ("US", "US"),
        ("na", None),
        ("00", None),
        ("Atlantis", None),
        ("", None),
    ],
)
def test_code_of__names_of_publishers__is_the_countrys(name: str, code: str | None) -> None:
    assert code_of(name) == code


def test_code_of__every_country_of_iso__has_a_name() -> None:
    from keepers.compliance.lists.places import _NAMES

    assert set(_NAMES.values()) == set(NUMERIC)
