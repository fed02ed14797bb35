"""The page's tables of an auction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.bench.auction_table import table


def summary(**changes: Any) -> dict[str, Any]:
    times = {"p50": 20.0, "p90": 60.0, "p99": 200.0, "p100": 400.0}
    return {
        "gas_gwei": 10.0,
        "seconds": 2.0,
        "orders": 4,
        "routed": 4,
        "gap_bps": {"p50": 0.1, "p90": 0.5, "p95": 0.9, "p99": 2.0, "p100": 3.0},
        "within_1_bp": 0.96,
        "within_5_bp": 1.0,
        "solve_time_ms": times,
        "cpu_ms": times,
        "beside": {},
        **changes,
    }


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "auction.json"
    path.write_text("{}")
    return path


def test_table__aims_are_met__says_so(data: Path) -> None:
    told = table(data, "--seconds 2", [summary()])
    assert told.startswith("**Every aim is met.** 4 sell orders, each by itself; 0 have no market")
    assert "| 10 | 4 of 4 | 0.100 | 0.900 | 2.000 | 3.000 | 96.0% | 100.0% | 20 | 200 | 20 | 200 |" in told


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"within_1_bp": 0.9}, "90.0% of orders within 1 bp at 10 gwei (aim 95%)"),
        ({"within_5_bp": 0.98}, "98.0% of orders within 5 bps at 10 gwei (aim 99%)"),
        ({"cpu_ms": {"p50": 51.0, "p99": 100.0}}, "p50 51 ms of CPU at 10 gwei (aim 50)"),
    ],
)
def test_table__an_aim_is_missed__is_named(data: Path, change: dict[str, Any], words: str) -> None:
    assert table(data, "", [summary(**change)]).startswith(f"**Missed: {words}.**")


def test_table__a_loss__is_named_and_stands_in_its_row(data: Path) -> None:
    beside = {
        "wins": 2,
        "losses": 1,
        "ties": 1,
        "only_ours": 0,
        "gain_bps_mean": 5.0,
        "gain_bps_median": 1.0,
        "worst_bps_and_order": (-0.5, 3),
        "time_ms": {"p50": 1.0, "p99": 2.0},
    }
    told = table(data, "", [summary(beside={"water-filling": beside})])
    assert told.startswith("**Missed: 1 losses to water-filling at 10 gwei.**")
    assert "| 10 | water-filling | 2 | 1 | 1 | 0 | 5.000 | 1.000 | -0.5000 | 1 | 2 |" in told


def test_table__other_times__are_rows_beside_the_runs_own_and_outside_the_verdict(data: Path) -> None:
    short = summary(seconds=0.25, within_1_bp=0.8, within_5_bp=0.9)
    told = table(data, "", [summary()], [short])
    assert told.startswith("**Every aim is met.**")
    rows = [line for line in told.splitlines() if line.startswith(("| 0.25 |", "| 2 |"))]
    assert rows == [
        "| 0.25 | 10 | 80.0% | 90.0% | 0.900 | 2.000 | 20 | 200 | 400 |",
        "| 2 | 10 | 96.0% | 100.0% | 0.900 | 2.000 | 20 | 200 | 400 |",
    ]
