"""Tables of files: days in order, cells of any kind, and one line for what cannot be read."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from keepers.market.packaged_macro import packaged_table
from keepers.market.prices import PriceError
from keepers.market.table_file import read_table


def csv(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_read_table__csv__has_its_days_as_index(tmp_path: Path) -> None:
    found = read_table(csv(tmp_path, "Date,close,sector\n2024-01-02,1.5,tech\n2024-01-03,,health\n"))
    assert list(found.index) == [pd.Timestamp("2024-01-02"), pd.Timestamp("2024-01-03")]
    assert found["sector"].tolist() == ["tech", "health"] and np.isnan(found["close"].iloc[1])


def test_read_table__dot_alone__is_missing(tmp_path: Path) -> None:
    assert np.isnan(read_table(csv(tmp_path, "date,oil\n1986-02-17,.\n"))["oil"].iloc[0])


def test_read_table__parquet__is_the_same_as_csv(tmp_path: Path) -> None:
    text = csv(tmp_path, "date,close,volume\n2024-01-02,1.5,7\n2024-01-03,1.75,8\n")
    target = tmp_path / "table.parquet"
    duckdb.sql(f"copy (select * from read_csv('{text}')) to '{target}' (format parquet)")
    pd.testing.assert_frame_equal(read_table(target), read_table(text), check_index_type=False, check_freq=False)


def test_read_table__times_of_another_zone__are_utc(tmp_path: Path) -> None:
    found = read_table(csv(tmp_path, "time,close\n2024-01-02T16:00:00-05:00,1\n"))
    assert found.index[0] == pd.Timestamp("2024-01-02 21:00")


def test_read_table__repeats__are_taken_where_they_are_asked_for(tmp_path: Path) -> None:
    path = csv(tmp_path, "date,value\n2024-01-01,1\n2024-01-01,2\n")
    assert len(read_table(path, repeats=True)) == 2
    with pytest.raises(PriceError, match="comes after 2024-01-01 00:00:00; sort the rows"):
        read_table(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("day,close\n2024-01-02,1\n", "no column 'date'"),
        ("date,close\nyesterday,1\n", "column date: not days"),
        ("date,close\n,1\n", "row 1: has no day"),
        ("date,close\n2024-01-03,1\n2024-01-02,2\n", "comes after 2024-01-03"),
        ("date,close\n", "0 rows of 1 columns"),
        ("date\n2024-01-02\n", "1 rows of 0 columns"),
        ("", "No columns to parse"),
    ],
)
def test_read_table__file_that_is_none__is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PriceError, match=said):
        read_table(csv(tmp_path, text))


@pytest.mark.parametrize(
    ("name", "said"),
    [("none.csv", "No such file"), ("none.parquet", "No such file"), ("none.xlsx", "neither .csv nor .parquet")],
)
def test_read_table__no_such_file__is_refused(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(PriceError, match=said):
        read_table(tmp_path / name)


def test_read_table__csv_named_parquet__is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    path.write_text("date,close\n2024-01-02,1\n", encoding="utf-8")
    with pytest.raises(PriceError, match="name a Parquet file"):
        read_table(path)


@pytest.mark.parametrize(
    ("name", "first", "column"),
    [
        ("sp500", "1999-01-04", "Close"),
        ("vix", "2014-01-03", "vix"),
        ("wti", "1986-01-02", "DCOILWTICO"),
        ("default", "1919-01-01", "BAA"),
        ("core-cpi", "1957-01-01", "CPILFESL"),
        ("frenchdata", "1926-07-01", "RF"),
    ],
)
def test_packaged_table__each__begins_on_its_day(name: str, first: str, column: str) -> None:
    found = packaged_table(name)
    assert found.index[0] == pd.Timestamp(first) and found[column].notna().sum() > 700


def test_packaged_table__unknown__is_refused() -> None:
    with pytest.raises(PriceError, match="packaged table 'gold': unknown; choose from core-cpi"):
        packaged_table("gold")
