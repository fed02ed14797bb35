"""A source is silent when it says nothing for longer than ever before."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from keepers.signals.sentiment.silence import silent_since

FIRST = date(2024, 5, 1)


def days(*numbers: int) -> list[date]:
    return [FIRST + timedelta(days=number) for number in numbers]


@pytest.mark.parametrize(
    ("told", "until", "last"),
    [
        ((), 100, None),
        ((0,), 7, None),
        ((0,), 8, 0),
        ((2, 0, 1), 9, None),
        ((2, 0, 1), 10, 2),
        ((0, 30, 31), 61, None),
        ((0, 30, 31), 62, 31),
        ((0, 1, 90), 9, 1),
    ],
)
def test_silent_since__days_with_texts__are_compared_with_the_longest_gap(
    told: tuple[int, ...], until: int, last: int | None
) -> None:
    expected = None if last is None else days(last)[0]
    assert silent_since(days(*told), days(until)[0]) == expected
