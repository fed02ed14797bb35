"""The output of `quantera route report`, beside the chain that it reads."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.fixtures.node import World
from tests.unit.keepers.bots.harness import ready
from tests.unit.keepers.cli.test_cli import invoke, line_of


@pytest.fixture
def config(world: World) -> Path:
    return ready(world)


@pytest.fixture
def filled(world: World, config: Path) -> int:
    """Swaps 1,000 USDC for AAA through one market of the aggregator; returns the block."""
    told = json.loads(invoke("route", "USDC", "AAA", "1000", "--json", "--config", str(config)).output)
    step, amount = told["swaps"][0], 1000 * 10**6
    usdc, aggregator = world.tokens["USDC"], world.contract("LiquidityAggregator")
    world.call(usdc.functions.approve(aggregator.address, amount))
    up = int(step["token_in"], 16) < int(step["token_out"], 16)
    ends = step["token_in"], step["token_out"]
    world.call(aggregator.functions.swap((*ends, amount, 1, world.owner, 2**40 - 1, [(amount, [(step["pool"], up)])])))
    return int(world.w3.eth.block_number)


def test_report__a_swap__is_held_against_three_benchmarks(config: Path, filled: int) -> None:
    (row,) = json.loads(invoke("route", "report", "--from", str(filled), "--json", "--config", str(config)).output)
    assert row["block"] == filled and row["amount_in"] == str(1000 * 10**6)
    # The only trade of the interval is its own average price.
    assert row["vwap_bps"] == pytest.approx(0, abs=1e-6)
    assert row["quote_bps"] >= 0 and 0 < row["arrival_bps"] < 500


def test_report__table_and_csv__tell_the_same(config: Path, filled: int, tmp_path: Path) -> None:
    table = tmp_path / "costs.csv"
    options = ("--from", str(filled), "--csv", str(table), "--config", str(config))
    result = invoke("route", "report", *options)
    (row,) = csv.DictReader(table.read_text().splitlines())
    head, _, line = result.output.splitlines()
    assert head == f"1 fills in blocks {filled} to {filled}; shortfalls in bps"
    assert line.split()[:2] == [str(filled), f"{float(row['arrival_bps']):.2f}"]
    assert "1,000.000000 USDC for " in line


def test_report__no_fill__says_so(config: Path, world: World) -> None:
    newest = str(world.w3.eth.block_number)
    result = invoke("route", "report", "--from", newest, "--config", str(config))
    assert result.output == f"0 fills in blocks {newest} to {newest}; shortfalls in bps\n"


@pytest.mark.parametrize("options", [("--from", "99999999"), ("--from", "5", "--to", "4")])
def test_report__blocks_that_are_not_there__is_one_clear_line(config: Path, options: tuple[str, ...]) -> None:
    result = invoke("route", "report", *options, "--config", str(config))
    assert "rising; give others" in line_of(result, 1)
