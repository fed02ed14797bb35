from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pytest

from keepers.market import NoCloses, PriceError, Prices, PrioritySource

FIRST = date(2024, 1, 8)
LAST = date(2024, 1, 12)


@dataclass
class Source:
    """A `PriceSource` with the same close of every symbol and day, or with a failure."""

    close: float = 1.0
    failure: PriceError | None = None
    first: date = FIRST

    def closes(self, symbols: Sequence[str], until: date) -> Prices:
        if self.failure is not None:
            raise self.failure
        days = tuple(self.first + timedelta(days=back) for back in range((until - self.first).days + 1))
        return Prices(days, tuple(symbols), np.full((len(days), len(symbols)), self.close))

    def version(self) -> Hashable:
        if self.failure is not None:
            raise self.failure
        return self.close


def source(*sources: Source, told: list[str] | None = None) -> PrioritySource:
    named = [(f"source {number}", one) for number, one in enumerate(sources, start=1)]
    notes = [] if told is None else told
    return PrioritySource(named, 0.02, lambda event, **more: notes.append(f"{event}: {more['source']}"))


DOWN = PriceError("feed", "does not answer", "wait")
EARLY = NoCloses("file", "no row so early", "wait")


def test_closes__of_several__are_the_first_ones() -> None:
    assert source(Source(1.0), Source(1.01)).closes(["AAA"], LAST).closes[-1, 0] == 1.0


def test_closes__first_does_not_answer__are_the_next_ones_and_it_is_told() -> None:
    told: list[str] = []
    found = source(Source(failure=DOWN), Source(1.01), told=told).closes(["AAA"], LAST)
    assert found.closes[-1, 0] == 1.01 and told == ["source passed over: source 1"]


def test_closes__second_differs_by_more_than_the_tolerance__is_refused() -> None:
    with pytest.raises(PriceError, match=r"close of AAA on 2024-01-12: 1 in source 1 and 1\.03 in source 2;"):
        source(Source(1.0), Source(1.03)).closes(["AAA"], LAST)


def test_closes__sources_without_a_common_day__are_not_compared() -> None:
    other = Source(9.0)
    other.closes = lambda symbols, until: Prices((LAST + timedelta(9),), tuple(symbols), np.array([[9.0]]))  # type: ignore[method-assign]
    assert source(Source(1.0), other).closes(["AAA"], LAST).closes[-1, 0] == 1.0


def test_closes__none_answers__names_each() -> None:
    with pytest.raises(PriceError, match="AAA: source 1: does not answer; source 2: no row so early;") as raised:
        source(Source(failure=DOWN), Source(failure=EARLY)).closes(["AAA"], LAST)
    assert not isinstance(raised.value, NoCloses)


def test_closes__all_are_too_early__waits_as_one_source_would() -> None:
    with pytest.raises(NoCloses):
        source(Source(failure=EARLY), Source(failure=EARLY)).closes(["AAA"], LAST)


def test_version__one_source_is_down__is_of_the_others() -> None:
    assert source(Source(failure=DOWN), Source(2.0)).version() == (None, 2.0)
