"""No look-ahead, whatever the prices; rounds of feeds, whatever their phases and gaps."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from keepers.market import CsvPriceSource, Prices
from keepers.market.rounds import Round, rounds_at

FIRST = date(2024, 1, 1)
CLOSES = arrays(np.float64, (12, 2), elements=st.floats(1e-6, 1e9))


def text(closes: NDArray[np.float64]) -> str:
    rows = (f"{FIRST + timedelta(days=i)},{row[0]!r},{row[1]!r}" for i, row in enumerate(closes.tolist()))
    return "\n".join(["date,AAA,BBB", *rows]) + "\n"


@given(CLOSES, CLOSES, st.integers(0, 11))
def test_until__all_later_prices_changed__does_not_change(
    closes: NDArray[np.float64], other: NDArray[np.float64], day: int
) -> None:
    dates = tuple(FIRST + timedelta(days=i) for i in range(12))
    changed = np.vstack([closes[: day + 1], other[day + 1 :]])
    before = Prices(dates, ("AAA", "BBB"), closes).until(dates[day])
    after = Prices(dates, ("AAA", "BBB"), changed).until(dates[day])
    np.testing.assert_array_equal(before.closes, after.closes)
    assert before.dates == after.dates == dates[: day + 1]


@given(CLOSES, st.integers(0, 11), st.data())
def test_csv_closes__file_cut_anywhere__gives_the_first_days_of_the_whole(
    closes: NDArray[np.float64], day: int, data: st.DataObject
) -> None:
    whole = text(closes)
    cut = data.draw(st.integers(whole.index("\n", whole.index("\n") + 1) + 1, len(whole)))
    with TemporaryDirectory() as folder:
        path = Path(folder, "prices.csv")
        path.write_text(whole[:cut])
        prices = CsvPriceSource(path).closes(["AAA", "BBB"], FIRST + timedelta(days=day))
    rows = min(day + 1, whole[:cut].count("\n") - 1)
    np.testing.assert_array_equal(prices.closes, closes[:rows])


class _Rounds:
    """A `RoundReader` over rounds by id."""

    def __init__(self, answers: dict[int, Round]) -> None:
        self._answers = answers

    def latest(self, feeds: Sequence[str]) -> list[Round]:
        return [self._answers[max(self._answers)] for _ in feeds]

    def rounds(self, wanted: Sequence[tuple[str, int]]) -> list[Round | None]:
        return [self._answers.get(number) for _, number in wanted]

    def decimals(self, feeds: Sequence[str]) -> list[int]:
        return [8 for _ in feeds]


@given(
    phases=st.lists(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=40), min_size=1, max_size=4),
    times=st.lists(st.integers(0, 400), min_size=1, max_size=5),
)
def test_rounds_at__any_phases_and_gaps__is_the_newest_phases_last_round(
    phases: list[list[tuple[int, bool]]], times: list[int]
) -> None:
    answers: dict[int, Round] = {}
    clock = 1
    for phase, steps in enumerate(phases, start=1):
        gap = 0
        for number, (step, answered) in enumerate(steps, start=1):
            clock += step
            # A finished phase ends with a round that was answered, and leaves no more than three out in a row.
            gap = 0 if answered or gap == 3 or number == len(steps) else gap + 1
            if gap == 0:
                answers[phase << 64 | number] = Round(phase << 64 | number, 1, clock)
    assume(answers)
    found = rounds_at(_Rounds(answers), [("feed", time) for time in times])
    for time, one in zip(times, found, strict=True):
        earlier = [number for number, answer in answers.items() if answer.updated <= time]
        assert one == (answers[max(earlier)] if earlier else None)
