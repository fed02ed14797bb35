"""Histories of a config: packaged ones, files, and what is refused of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from keepers.errors import KeeperError
from keepers.operations.signal_data import history, load, packaged
from keepers.signals.features import feature_named, readable
from keepers.signals.regimes.evaluation import Protocol
from keepers.signals.regimes.inputs import WIDE

DAYS = [date(2024, 1, 1) + timedelta(day) for day in range(40)]


def write(folder: Path, name: str, header: str, rows: list[tuple[object, ...]]) -> None:
    lines = [header, *(",".join(map(str, row)) for row in rows)]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "index.csv", "date,close,volume", [(day, 100 + row, 5 + row) for row, day in enumerate(DAYS)])
    write(tmp_path, "stocks.csv", "date,AAA,BBB", [(day, 1 + row, 2 + row) for row, day in enumerate(DAYS)])
    write(tmp_path, "vix.csv", "date,vix", [(day, 20 + row) for row, day in enumerate(DAYS)])
    return tmp_path


CONFIG = """
data:
  daily:
    close: {file: index.csv, column: close}
    volume: {file: index.csv, column: volume}
    closes: {file: stocks.csv}
  releases:
    vix: {file: vix.csv, lag_days: 1}
"""


def read(folder: Path, text: str = CONFIG) -> object:
    path = folder / "signals.yaml"
    path.write_text(text, encoding="utf-8")
    return history(load(path).data, folder)


def test_history__files__has_every_input(folder: Path) -> None:
    frame = read(folder)
    assert frame.names == {"close", "volume", "closes", "vix"}  # type: ignore[attr-defined]
    assert frame.window(10, ["vix"], 1)["vix"] == [29.0]  # type: ignore[attr-defined]


def test_history__publication_in_a_column__is_followed(folder: Path) -> None:
    rows = [("2023-12-01", "2024-01-12", 100), ("2023-12-01", "2024-01-20", 99), ("2024-01-01", "2024-02-15", 101)]
    write(folder, "cpi.csv", "date,known,value", rows)
    text = CONFIG + "    core_cpi: {file: cpi.csv, column: value, published: known}\n"
    frame = read(folder, text)
    assert frame.window(15, ["core_cpi"], 1)["core_cpi"] == [100.0]  # type: ignore[attr-defined]
    assert frame.window(25, ["core_cpi"], 1)["core_cpi"] == [99.0]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("lag_days: 1", "lag_days: 0", "vix of 2024-01-01: known after 0 days, and such a value takes 1"),
        ("lag_days: 1", "lag_days: -3", "known after -3 days"),
        (", lag_days: 1", "", "needs either 'lag_days' or 'published'"),
        ("lag_days: 1", "published: when", "no column 'when'"),
        ("column: close", "column: clsoe", "no column 'clsoe'; choose from close, volume"),
        (", column: close", "", "has 2 columns; name one with 'column'"),
        ("file: index.csv, column: volume", "file: none.csv", "No such file"),
        ("    close:", "    clsoe:", "input 'clsoe': unknown"),
        ("vix.csv", "stocks.csv, column: AAA, lags: 1", "Extra inputs are not permitted"),
        ("  daily:", "  packaged: sp500\n  daily:", "needs either 'packaged' or 'daily'"),
    ],
)
def test_history__wrong_config__is_refused(folder: Path, old: str, new: str, said: str) -> None:
    assert old in CONFIG
    with pytest.raises(KeeperError, match=said):
        read(folder, CONFIG.replace(old, new))


def test_history__data_that_end_tomorrow__are_refused(folder: Path) -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    write(folder, "index.csv", "date,close,volume", [(tomorrow, 1, 1)])
    write(folder, "stocks.csv", "date,AAA", [(tomorrow, 1)])
    with pytest.raises(KeeperError, match=f"data end on {tomorrow}: after today"):
        read(folder)


def test_history__file_with_a_missing_close__is_refused(folder: Path) -> None:
    write(folder, "stocks.csv", "date,AAA", [(day, "" if row == 3 else 1) for row, day in enumerate(DAYS)])
    with pytest.raises(KeeperError, match="closes on 2024-01-04 at nan: no value for it"):
        read(folder)


def test_history__files_of_other_days__are_refused(folder: Path) -> None:
    write(folder, "stocks.csv", "date,AAA", [(day, 1) for day in DAYS if day != DAYS[7]])
    with pytest.raises(KeeperError, match="has other days, such as 2024-01-08"):
        read(folder)


def test_history__file_with_text__is_refused(folder: Path) -> None:
    write(folder, "stocks.csv", "date,AAA", [(day, "dear") for day in DAYS])
    with pytest.raises(KeeperError, match="has cells that are no numbers"):
        read(folder)


def test_load__no_file__is_the_protocol_of_the_decision() -> None:
    config = load(None)
    assert config.data.packaged == "sp500" and config.evaluation.protocol() == Protocol()


def test_packaged__sp500__is_the_index_and_twenty_stocks() -> None:
    frame = packaged("sp500")
    assert frame.daily["closes"].shape == (8313, 20) and frame.daily["close"][0] == 359.69
    assert np.isfinite(feature_named("credit_spread").value(frame, 5000))


def test_packaged__ranges__have_high_and_low_around_the_close() -> None:
    daily = packaged("sp500-ranges").daily
    assert np.all(daily["low"] <= daily["close"]) and np.all(daily["close"] <= daily["high"])


def test_packaged__generated__has_every_input_of_the_registry() -> None:
    assert len(readable(packaged("generated").names)) > len(WIDE)


def test_credit_spread__january_2009__is_that_of_november_2008() -> None:
    # December's mean is published in January, at the earliest: 35 days after its first.
    frame = packaged("sp500")
    row = frame.dates.index(date(2009, 1, 2))
    assert feature_named("credit_spread").value(frame, row) == pytest.approx(9.21 - 6.12)
