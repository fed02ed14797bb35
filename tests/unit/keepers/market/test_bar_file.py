"""Files of bars: what is known when, and lines that cannot be used."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pytest

from keepers.market.bar_file import BarFile
from keepers.market.csv_file import CsvPriceSource
from keepers.market.price_file import price_file
from keepers.market.prices import NoCloses, PriceError, Prices
from keepers.market.table_file import ParquetPriceSource
from tests.fixtures.bars import hourly_rows, write_index, write_lines
from tests.fixtures.closes import write_closes

TWO_DAYS = (
    "2020-01-02,A,10,12,9,11",
    "2020-01-02,B,20,21,19,20",
    "2020-01-03,A,11.5,12,10,10.5",
    "2020-01-03,B,20,22,20,21",
)


def test_bars__days__have_an_open_and_a_close(tmp_path: Path) -> None:
    bars = BarFile(write_lines(tmp_path, TWO_DAYS)).bars(("B", "A"), date.max)
    assert bars.moments == tuple(datetime(2020, 1, day, *at) for day in (2, 3) for at in ((9, 30), (16, 0)))
    np.testing.assert_array_equal(bars.prices, [[20, 10], [20, 11], [20, 11.5], [21, 10.5]])
    np.testing.assert_array_equal(bars.lows, [[np.nan, np.nan], [19, 9], [np.nan, np.nan], [20, 10]])
    assert bars.closing.tolist() == [False, True, False, True]
    assert bars.closes().dates == (date(2020, 1, 2), date(2020, 1, 3))
    np.testing.assert_array_equal(bars.closes().closes, [[20, 11], [21, 10.5]])


def test_bars__day_with_an_open_only__is_unfinished(tmp_path: Path) -> None:
    source = BarFile(write_lines(tmp_path, ("2020-01-02,A,10,12,9,11", "2020-01-03,A,12,,,")))
    bars = source.bars(("A",), date.max)
    assert not bars.finished and bars.prices[-1, 0] == 12
    assert source.closes(("A",), date.max).dates == (date(2020, 1, 2),)


def test_bars__no_high_and_low__lows_are_unknown(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text("Date,Symbol,Open,Close\n2020-01-02,A,10,11\n", encoding="utf-8")
    assert np.isnan(BarFile(path).bars(("A",), date.max).lows).all()


def test_bars__around_the_clock__midnight_closes_the_day_before(tmp_path: Path) -> None:
    bars = BarFile(write_lines(tmp_path, hourly_rows(3))).bars(("AAA",), date.max)
    assert len(bars.moments) == 1 + 3 * 24, "a bar that opens as the one before closed adds its close only"
    assert bars.finished and bars.closes().dates == tuple(date(2018, 1, day) for day in (1, 2, 3))
    assert bars.moments[24] == datetime(2018, 1, 2) and bars.dates[24] == date(2018, 1, 1) and bars.closing[24]


def test_bars__fewer_than_most_days_have__the_day_is_unfinished(tmp_path: Path) -> None:
    bars = BarFile(write_lines(tmp_path, hourly_rows(3)[:-5])).bars(("AAA",), date.max)
    assert not bars.finished and len(bars.closes().dates) == 2


def test_bars__until_a_day__know_nothing_later(tmp_path: Path) -> None:
    source = BarFile(write_lines(tmp_path, TWO_DAYS))
    bars = source.bars(("A",), date(2020, 1, 2))
    assert len(bars.moments) == 2 and bars.finished
    with pytest.raises(NoCloses, match="the first bar is of 2020-01-02"):
        source.bars(("A",), date(2020, 1, 1))


def test_bars__offsets__are_told_in_utc(tmp_path: Path) -> None:
    rows = [f"2020-01-02T{hour}:00-05:00,A,10,10,10,10" for hour in ("09", "10")]
    bars = BarFile(write_lines(tmp_path, rows)).bars(("A",), date.max)
    assert bars.moments[0] == datetime(2020, 1, 2, 14) and bars.moments[-1] == datetime(2020, 1, 2, 16)


def test_bars__half_a_line_at_the_end__is_left_out(tmp_path: Path) -> None:
    path = write_lines(tmp_path, ("2020-01-02,A,10,12,9,11",))
    with path.open("a", encoding="utf-8") as file:
        file.write("2020-01-03,A,100,110,90,10")
    assert len(BarFile(path).bars(("A",), date.max).moments) == 2


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (("2020-01-02,A,10,12,9,11", "2020-01-02,A,10,12,9,11"), "A at 2020-01-02 00:00:00: has two bars"),
        ((*TWO_DAYS[:3],), "B at 2020-01-03 00:00:00: has no bar, though others have"),
        (("2020-01-02,A,10,12,9,13", TWO_DAYS[2]), "close is above the high"),
        (("2020-01-02,A,8,12,9,11", TWO_DAYS[2]), "open is below the low"),
        (("2020-01-02,A,0,12,0,11", TWO_DAYS[2]), "open is no number above zero"),
        (("2020-01-02,A,10,12,9,", TWO_DAYS[2]), "close is no number above zero"),
        (("2020-01-02,A,10,inf,9,11", TWO_DAYS[2]), "high is no number above zero"),
        (("2020-01-02,A,ten,12,9,11", TWO_DAYS[2]), "open of A at 2020-01-02 00:00:00: 'ten' is no number"),
        (("2020-01-03,A,10,12,9,11", "2020-01-02,A,10,12,9,11"), "comes after 2020-01-03"),
        ((), "0 rows of 5 columns"),
        (("2020-01-02,,10,12,9,11",), "at 2020-01-02 00:00:00: has no symbol"),
    ],
)
def test_bars__unusable_line__says_where(tmp_path: Path, rows: tuple[str, ...], said: str) -> None:
    with pytest.raises(PriceError, match=said):
        source = BarFile(write_lines(tmp_path, rows))
        source.bars(source.symbols(), date.max)


@pytest.mark.parametrize(
    ("header", "said"), [("date,symbol,open,open,close", "2 columns 'open'"), ("date,open,close", "0 columns 'symbol'")]
)
def test_bars__columns_twice_or_missing__are_refused(tmp_path: Path, header: str, said: str) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(f"{header}\n2020-01-02{',1' * header.count(',')}\n", encoding="utf-8")
    with pytest.raises(PriceError, match=said):
        BarFile(path).symbols()


def test_bars__summer_and_winter__have_their_own_offsets(tmp_path: Path) -> None:
    rows = [
        f"{day}T09:00{offset},A,10,10,10,10" for day, offset in (("2020-01-02", "-05:00"), ("2020-07-02", "-04:00"))
    ]
    bars = BarFile(write_lines(tmp_path, rows)).bars(("A",), date.max)
    assert [moment.hour for moment in bars.moments[::2]] == [14, 13]


def test_stale_opens__asset_that_never_moves__are_none(tmp_path: Path) -> None:
    rows = [f"2020-01-0{day},A,5,5,5,5" for day in (1, 2, 3)]
    assert BarFile(write_lines(tmp_path, rows)).bars(("A",), date.max).stale_opens == 0


def test_bars__unknown_symbol__names_the_known(tmp_path: Path) -> None:
    with pytest.raises(PriceError, match="choose from A, B"):
        BarFile(write_lines(tmp_path, TWO_DAYS)).bars(("C",), date.max)


def test_as_adjusted__split__moves_no_return_within_a_day(tmp_path: Path) -> None:
    bars = BarFile(write_lines(tmp_path, TWO_DAYS)).bars(("A", "B"), date.max)
    closes = bars.closes()
    factors = np.array([[0.5, 1.0], [1.0, 1.0]])
    found = bars.as_adjusted(Prices(closes.dates, ("A", "C"), closes.closes * factors))
    assert found.symbols == ("A", "C")
    np.testing.assert_array_equal(found.prices[:, 0], [5, 5.5, 11.5, 10.5])
    np.testing.assert_array_equal(found.lows[1], [4.5, 19])


def test_stale_opens__index_of_last_trades__are_found(tmp_path: Path) -> None:
    (tmp_path / "sp500").mkdir()
    stale = BarFile(write_index(tmp_path / "sp500", "sp500")).bars(("sp500",), date.max)
    fresh = BarFile(write_index(tmp_path, "nasdaq")).bars(("nasdaq",), date.max)
    assert stale.stale_opens > 0.35 and fresh.stale_opens < 0.01


def test_price_file__columns__decide(tmp_path: Path) -> None:
    bars, closes = write_lines(tmp_path, TWO_DAYS), write_closes(tmp_path, 3)
    parquet = tmp_path / "bars.parquet"
    duckdb.read_csv(str(bars)).write_parquet(str(parquet))
    flat = tmp_path / "closes.parquet"
    duckdb.read_csv(str(closes)).write_parquet(str(flat))
    kinds = [type(price_file(path)) for path in (bars, parquet, closes, flat, tmp_path / "none.csv")]
    assert kinds == [BarFile, BarFile, CsvPriceSource, ParquetPriceSource, CsvPriceSource]
    same = price_file(parquet).closes(("A",), date.max)
    np.testing.assert_array_equal(same.closes, price_file(bars).closes(("A",), date.max).closes)
