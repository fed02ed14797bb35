"""The output of `quantera route schedule`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.node import World
from tests.unit.keepers.bots.harness import ready
from tests.unit.keepers.cli.test_cli import invoke, line_of

ORDER = ("route", "schedule", "USDC", "AAA", "250000")


@pytest.fixture
def config(world: World) -> Path:
    return ready(world)


def told(config: Path, *options: str) -> dict[str, Any]:
    result = invoke(*ORDER, *options, "--json", "--config", str(config))
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.output)
    return found


def test_schedule__twap__sums_to_the_order_in_even_slices(config: Path) -> None:
    found = told(config, "--slots", "7")
    amounts = [int(part) for part in found["amounts"]]
    assert sum(amounts) == 250_000 * 10**6 and max(amounts) - min(amounts) <= 1
    assert found["slope"] > 0 and found["cost"] == pytest.approx(found["at_once"] / 7, rel=1e-6)


def test_schedule__shortfall_with_risk_aversion__sells_sooner_at_a_higher_cost(config: Path) -> None:
    patient = told(config, "--slots", "6", "--algorithm", "shortfall", "--volatility", "0.5", "--recovered", "0.8")
    hasty = told(
        *(config, "--slots", "6", "--algorithm", "shortfall", "--volatility", "0.5", "--recovered", "0.8"),
        *("--risk-aversion", "1", "--slot-seconds", "3600"),
    )
    assert int(hasty["amounts"][0]) > int(patient["amounts"][0])
    assert hasty["cost"] > patient["cost"] and hasty["amounts"] == sorted(hasty["amounts"], key=int, reverse=True)


def test_schedule__vwap__follows_the_hours(config: Path) -> None:
    hours = ",".join("3" if hour == 1 else "1" for hour in range(24))
    options = ("--slots", "2", "--slot-seconds", "3600", "--algorithm", "vwap", "--hours", hours, "--start", "0")
    assert [int(part) for part in told(config, *options)["amounts"]] == [62_500 * 10**6, 187_500 * 10**6]


def test_schedule__for_people__names_each_slice(config: Path) -> None:
    result = invoke(*ORDER, "--slots", "2", "--config", str(config))
    head, first, second, cost = result.output.splitlines()
    assert head.startswith("twap of 250,000.000000 USDC") and "125,000.000000 USDC" in first
    assert second.split()[:2] == ["after", "60"] and cost.startswith("expected shortfall")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--slots", "3", "--algorithm", "vwap"), "a day has 24"),
        (("--slots", "3", "--algorithm", "vwap", "--hours", "1,x"), "not numbers"),
        (("--slots", "3", "--recovered", "2"), "not within 0 and 1"),
        (("--slots", "3", "--volatility", "nan"), "negative or not finite"),
        (("--slots", "3", "--algorithm", "shortfall", "--risk-aversion", "-1"), "negative or not finite"),
        (("--slots", "3", "--least", "300000"), "not within 1 and the order"),
    ],
)
def test_schedule__a_number_that_makes_no_sense__is_one_clear_line(
    config: Path, options: tuple[str, ...], words: str
) -> None:
    assert words in line_of(invoke(*ORDER, *options, "--config", str(config)), 1)
