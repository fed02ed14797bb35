"""The CSV source: no look-ahead, no half-written line, errors that name the place."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from keepers.market import CsvPriceSource, NoCloses, PriceError, PriceSource

TEXT = "date,AAA,BBB\n2024-01-02,100,10\n2024-01-03,110,9\n2024-01-04,120,8\n"
LAST = date(2024, 1, 4)
Write = Callable[[str], PriceSource]


@pytest.fixture
def source_of(tmp_path: Path) -> Write:
    def write(text: str) -> PriceSource:
        path = tmp_path / "prices.csv"
        path.write_bytes(text.encode())
        return CsvPriceSource(path)

    return write


def test_closes__symbols_in_other_order__come_in_the_order_asked(source_of: Write) -> None:
    prices = source_of(TEXT).closes(["BBB", "AAA"], LAST)
    assert prices.symbols == ("BBB", "AAA")
    np.testing.assert_array_equal(prices.closes, [[10, 100], [9, 110], [8, 120]])


def test_closes__weekend_asked__ends_on_the_day_before(source_of: Write) -> None:
    assert source_of(TEXT).closes(["AAA"], LAST + timedelta(days=3)).dates[-1] == LAST


@pytest.mark.parametrize("later", ["999", "0.001", "nonsense", "", "-5"])
def test_closes__any_later_price_changed__does_not_change(source_of: Write, later: str) -> None:
    day = date(2024, 1, 3)
    before = source_of(TEXT).closes(["AAA", "BBB"], day)
    after = source_of(TEXT.replace("2024-01-04,120,8", f"2024-01-04,{later},{later}")).closes(["AAA", "BBB"], day)
    assert after.dates == before.dates == (date(2024, 1, 2), day)
    np.testing.assert_array_equal(after.closes, before.closes)


@pytest.mark.parametrize("cut", range(1, len("2024-01-04,120,8\n") + 1))
def test_closes__last_line_half_written__is_left_out(source_of: Write, cut: int) -> None:
    prices = source_of(TEXT[:-cut]).closes(["AAA"], LAST)
    assert prices.dates == (date(2024, 1, 2), date(2024, 1, 3))


def test_closes__windows_line_ends_and_blank_lines__are_read(source_of: Write) -> None:
    text = "\ufeff" + TEXT.replace("\n", "\r\n") + "\r\n"
    assert source_of(text).closes(["AAA"], LAST).closes[-1, 0] == 120


def test_closes__file_missing__says_so(tmp_path: Path) -> None:
    with pytest.raises(PriceError, match=r"gone\.csv: No such file.*; check the path"):
        CsvPriceSource(tmp_path / "gone.csv").closes(["AAA"], LAST)


def test_closes__not_utf8__says_where(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_bytes(b"date,\xff\n")
    with pytest.raises(PriceError, match="not UTF-8 at byte 5"):
        CsvPriceSource(path).closes(["AAA"], LAST)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2024-01-03,110,9", "2024-01-03,11O,9", r"line 3 column AAA: '11O' is no positive number"),
        ("2024-01-03,110,9", "2024-01-03,110,", r"line 3 column BBB: '' is no positive number"),
        ("2024-01-03,110,9", "2024-01-03,nan,9", r"line 3 column AAA: 'nan'"),
        ("2024-01-03,110,9", "2024-01-03,110,-9", r"line 3 column BBB: '-9'"),
        ("2024-01-03,110,9", "2024-01-03,110", r"line 3: 2 cells where the header has 3"),
        ("2024-01-03,", "3 January,", r"line 3 column date: '3 January' is no date"),
        ("2024-01-03,", "2024-01-02,", r"line 3 column date: 2024-01-02 comes after 2024-01-02"),
        ("date,", "day,", r"line 1: the first column has to be 'date'"),
        ("AAA", "CCC", r"AAA: .* has 0 columns of it; choose from CCC, BBB"),
        ("BBB", "AAA", r"AAA: .* has 2 columns of it"),
        (TEXT, "", r"line 1: the first column"),
        (TEXT, "date,AAA,BBB\n", r"no complete line up to 2024-01-04"),
    ],
)
def test_closes__unusable_text__names_the_place(source_of: Write, old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(PriceError, match=message):
        source_of(TEXT.replace(old, new)).closes(["AAA", "BBB"], LAST)


def test_closes__first_day_later_than_asked__is_refused(source_of: Write) -> None:
    with pytest.raises(NoCloses, match="no complete line up to 2024-01-01"):
        source_of(TEXT).closes(["AAA"], date(2024, 1, 1))
