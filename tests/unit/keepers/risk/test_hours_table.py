"""The record of alerts within hours is the one on the page, and says what the text beside it says."""

from __future__ import annotations

import pytest

from keepers.operations.generated_part import markers
from keepers.operations.risk_hours import STALE_OPENS
from keepers.operations.risk_hours_table import PART, Row, markdown, rows_of, shares
from scripts._lib.artifacts import ROOT
from scripts._lib.index_bars import index_bars

INDEX = "S&P 500, 2009 to 2018"


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return rows_of(INDEX, index_bars()[INDEX])


def page() -> str:
    begin, end = markers(PART)
    return (ROOT / "docs/risk-models.md").read_text(encoding="utf-8").partition(begin)[2].partition(end)[0]


def test_page__rows_of_an_index__are_what_the_code_computes(rows: list[Row]) -> None:
    lines = [line for line in markdown({}, rows).splitlines() if line.startswith(f"| {INDEX}")]
    assert len(lines) == 4
    for line in lines:
        assert line in page()


def test_page__parts_of_the_variance__are_what_the_code_computes() -> None:
    parts = {index: shares(bars) for index, bars in index_bars().items()}
    assert markdown(parts, ()).splitlines()[-1] in page()


def test_index_bars__opens__are_prices_of_their_own() -> None:
    assert all(bars.stale_opens <= STALE_OPENS for bars in index_bars().values())


def test_rows__stretches__are_nearer_to_what_came_than_the_square_root_of_time(rows: list[Row]) -> None:
    for row in rows:
        came = row.score.events / row.score.forecasts
        assert abs(row.mean - came) < abs(row.mean_by_time - came), row
        assert row.score.brier_simulated < row.brier_by_time, row
