from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

from keepers.market import NoCloses, PriceError
from keepers.market.close_time import close_of
from keepers.market.rounds import Round, RoundPrices, rounds_at

MONDAY = date(2024, 1, 8)
HOUR = 3600


@dataclass
class Rounds:
    """A `RoundReader` over lists: answers by feed and round id.

    Attributes:
        answers: Rounds by feed and id.
        asked: How many times rounds were asked for.
    """

    answers: dict[str, dict[int, Round]] = field(default_factory=dict)
    asked: int = 0

    def latest(self, feeds: Sequence[str]) -> list[Round]:
        return [max(self.answers[feed].values(), key=lambda one: one.id) for feed in feeds]

    def rounds(self, wanted: Sequence[tuple[str, int]]) -> list[Round | None]:
        self.asked += 1
        return [self.answers[feed].get(number) for feed, number in wanted]

    def decimals(self, feeds: Sequence[str]) -> list[int]:
        return [8 for _ in feeds]


@pytest.fixture
def rounds() -> Callable[..., Rounds]:
    """`rounds(AAA=[(phase, times, first answer)])`: feeds whose rounds were answered at times, a dollar more each."""

    def make(**feeds: list[tuple[int, list[int], int]]) -> Rounds:
        made = Rounds()
        for feed, phases in feeds.items():
            made.answers[feed] = {
                phase << 64 | number: Round(phase << 64 | number, (first + number) * 10**8, time)
                for phase, times, first in phases
                for number, time in enumerate(times, start=1)
            }
        return made

    return make


def at(day: date, hours: float = 0.0) -> int:
    """Unix seconds so many hours before a day's cut."""
    return close_of(day) - int(hours * HOUR)


def days(first: date, count: int) -> list[date]:
    return [first + timedelta(days=back) for back in range(count)]


def test_rounds_at__between_two_rounds__is_the_earlier(rounds: Callable[..., Rounds]) -> None:
    reader = rounds(AAA=[(1, [100, 200, 300], 0)])
    found = rounds_at(reader, [("AAA", time) for time in (99, 100, 199, 200, 10**9)])
    assert [one and one.updated for one in found] == [None, 100, 100, 200, 300]


def test_rounds_at__before_the_newest_phase__is_of_an_older_one(rounds: Callable[..., Rounds]) -> None:
    reader = rounds(AAA=[(1, [100, 200], 0), (2, [], 0), (3, [300, 400, 500, 600, 700], 10)])
    found = rounds_at(reader, [("AAA", time) for time in (150, 250, 300, 650)])
    assert [one and one.updated for one in found] == [100, 200, 300, 600]


def test_rounds_at__rounds_without_data__are_passed_over(rounds: Callable[..., Rounds]) -> None:
    reader = rounds(AAA=[(1, list(range(100, 2100, 100)), 0)])
    for number in (1, 9, 10, 11, 15):
        del reader.answers["AAA"][1 << 64 | number]
    found = rounds_at(reader, [("AAA", time) for time in (150, 250, 1150, 1250, 1550, 5000)])
    assert [one and one.updated for one in found] == [None, 200, 800, 1200, 1400, 2000]


def test_rounds_at__ten_thousand_rounds__are_not_read_one_by_one(rounds: Callable[..., Rounds]) -> None:
    reader = rounds(AAA=[(1, list(range(1, 10_001)), 0)], BBB=[(1, list(range(1, 10_001)), 0)])
    found = rounds_at(reader, [(feed, time) for feed in ("AAA", "BBB") for time in range(1, 10_001, 97)])
    assert all(found) and reader.asked <= 15


def test_closes__of_a_day__are_those_in_force_at_its_cut(rounds: Callable[..., Rounds]) -> None:
    times = [at(MONDAY, 2), at(MONDAY, -1), at(MONDAY + timedelta(1), 3), at(MONDAY + timedelta(1), -0.5)]
    source = RoundPrices(rounds(AAA=[(1, times, 0)]), {"AAA": "AAA"}, 3)
    found = source.closes(["AAA"], MONDAY + timedelta(1))
    assert found.dates == (MONDAY, MONDAY + timedelta(1)) and found.closes[:, 0].tolist() == [1.0, 3.0]


def test_closes__day_on_which_one_feed_was_not_answered__is_none(rounds: Callable[..., Rounds]) -> None:
    week = days(MONDAY, 7)
    reader = rounds(AAA=[(1, [at(day, 1) for day in week], 0)], BBB=[(1, [at(day, 1) for day in week[:5]], 50)])
    source = RoundPrices(reader, {"AAA": "AAA", "BBB": "BBB"}, 10)
    assert source.closes(["BBB", "AAA"], week[-1]).dates == tuple(week[:5])
    assert source.closes(["AAA"], week[-1]).dates == tuple(week)


def test_closes__asked_again_a_day_later__read_the_new_day_only(rounds: Callable[..., Rounds]) -> None:
    week = days(MONDAY, 300)
    reader = rounds(AAA=[(1, [at(day, 1) for day in week], 0)])
    source = RoundPrices(reader, {"AAA": "AAA"}, 200)
    source.closes(["AAA"], week[-2])
    asked: list[int] = []
    ask = reader.rounds
    reader.rounds = lambda wanted: asked.append(len(wanted)) or ask(wanted)  # type: ignore[func-returns-value,method-assign,assignment]
    found = source.closes(["AAA"], week[-1])
    assert max(asked) <= 2 and found.dates[-1] == week[-1]


def test_closes__round_that_a_reorganisation_took_back__is_read_anew(rounds: Callable[..., Rounds]) -> None:
    reader = rounds(AAA=[(1, [at(MONDAY, 1)], 0)])
    source = RoundPrices(reader, {"AAA": "AAA"}, 2)
    source.closes(["AAA"], MONDAY)
    reader.answers["AAA"] = {1 << 64 | 1: Round(1 << 64 | 1, 7 * 10**8, at(MONDAY, 1))}
    assert source.closes(["AAA"], MONDAY).closes.tolist() == [[7.0]]


@pytest.mark.parametrize("answer", [0, -5])
def test_closes__answer_that_is_no_price__is_refused(rounds: Callable[..., Rounds], answer: int) -> None:
    reader = rounds(AAA=[(1, [at(MONDAY, 1)], 0)])
    reader.answers["AAA"] = {1 << 64 | 1: Round(1 << 64 | 1, answer, at(MONDAY, 1))}
    with pytest.raises(PriceError, match=f"AAA on 2024-01-08: round 1 of its feed answers {answer};"):
        RoundPrices(reader, {"AAA": "AAA"}, 2).closes(["AAA"], MONDAY)


def test_closes__no_day_within_reach__says_so(rounds: Callable[..., Rounds]) -> None:
    source = RoundPrices(rounds(AAA=[(1, [at(MONDAY, 1)], 0)]), {"AAA": "AAA"}, 3)
    with pytest.raises(NoCloses, match="no day within 3 days up to 2024-01-28 on which every feed was answered"):
        source.closes(["AAA"], MONDAY + timedelta(20))


def test_closes__symbol_without_feed__is_refused(rounds: Callable[..., Rounds]) -> None:
    source = RoundPrices(rounds(AAA=[(1, [at(MONDAY, 1)], 0)]), {"AAA": "AAA"}, 3)
    with pytest.raises(PriceError, match="BBB: has no feed in the deployment; choose from AAA"):
        source.closes(["BBB"], MONDAY)


def test_version__with_a_new_round__changes(rounds: Callable[..., Rounds]) -> None:
    reader = rounds(AAA=[(1, [100], 0)])
    source = RoundPrices(reader, {"AAA": "AAA"}, 3)
    before = source.version()
    reader.answers["AAA"][1 << 64 | 2] = Round(1 << 64 | 2, 10**8, 200)
    assert source.version() != before
