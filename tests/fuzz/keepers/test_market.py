"""No look-ahead, whatever the prices."""

from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from keepers.market import CsvPriceSource, Prices

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
