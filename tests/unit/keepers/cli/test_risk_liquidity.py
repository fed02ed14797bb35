"""The output of `quantera risk liquidity`, beside the chain that it reads."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result

from tests.fixtures.closes import write_closes
from tests.fixtures.node import FIRST_DAY, TODAY, World
from tests.unit.keepers.bots.harness import ready
from tests.unit.keepers.cli.test_cli import invoke, line_of

Report = Callable[..., Result]


@pytest.fixture
def config(world: World) -> Path:
    """A keeper whose portfolio has been invested."""
    path = ready(world)
    for bot in ("risk", "rebalance"):
        assert invoke("run", bot, "--once", "--config", str(path)).exit_code == 0
    return path


def told(config: Path, *arguments: str) -> dict:
    return json.loads(invoke("risk", "liquidity", "--json", *arguments, "--config", str(config)).output)


def test_liquidity__less_depth__costs_more_of_the_same_value(config: Path) -> None:
    whole, thin = told(config), told(config, "--depth", "0.1")
    assert whole["sales"] and whole["whole"]["value"] == thin["whole"]["value"]
    for ours, thinner in zip(whole["sales"], thin["sales"], strict=True):
        assert thinner["cost_bps"] > ours["cost_bps"]


def test_liquidity__half__sells_half(config: Path) -> None:
    whole, half = told(config), told(config, "--sell", "5000")
    assert whole["sales"]
    for all_of_it, part in zip(whole["sales"], half["sales"], strict=True):
        assert int(part["amount"]) == int(all_of_it["amount"]) // 2


def test_liquidity__text__has_each_asset_and_the_whole(config: Path) -> None:
    result = invoke("risk", "liquidity", "--config", str(config))
    assert result.exit_code == 0, result.stderr
    assert "AAA" in result.output and "whole" in result.output and "bps" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--sell", "0"), "not from 1 to 10,000"),
        (("--participation", "20000"), "not from 1 to 10,000"),
        (("--depth", "0"), "not above 0 and at most 1"),
        (("--depth", "nan"), "not above 0 and at most 1"),
    ],
)
def test_liquidity__out_of_range__one_line(config: Path, arguments: tuple[str, ...], said: str) -> None:
    assert said in line_of(invoke("risk", "liquidity", *arguments, "--config", str(config)), 1)


@pytest.fixture
def report(config: Path, tmp_path: Path) -> Report:
    """`report(…)`: the report on the portfolio as the bot recorded it, with its liquidity, on 1,500 days of closes."""
    assert invoke("run", "risk", "--once", "--config", str(config)).exit_code == 0
    closes = write_closes(tmp_path, 1500, FIRST_DAY + timedelta(days=TODAY - 1500))
    small = ("--last", "250", "--days", "60", "--scenarios", "1000", "--prices", str(closes), "--liquidity", "--json")
    return lambda *more: invoke("risk", "report", "demo", "--config", str(config), *small, *more)


def test_report__liquidity__has_the_commands_numbers_at_the_block(report: Report, tmp_path: Path) -> None:
    result = report("--html", str(tmp_path / "report.html"))
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.output)
    (section,) = (section for section in found["sections"] if section["title"] == "Liquidity stress")
    assert "--liquidity" in found["facts"]["Reproduce with"]
    whole, thin = section["tables"]
    assert whole["rows"][-1][3] < thin["rows"][-1][3], "a quarter of the depth costs more"
    for table in section["tables"]:
        printed = json.loads(invoke(*shlex.split(table["origin"]["command"])[1:]).output)
        assert f"block {printed['block']:,}" in section["text"][0]
        for row, sale in zip(table["rows"], [*printed["sales"], {**printed["whole"], "symbol": "whole"}], strict=True):
            dollars = [int(sale[name]) / 10**18 for name in ("value", "cost")]
            assert row[0] == sale["symbol"] and row[1:3] == pytest.approx(dollars, rel=1e-12)
            assert row[3:5] == [sale["cost_bps"], sale["days"]]
    assert "Liquidity stress" in (tmp_path / "report.html").read_text()


def test_report__liquidity_without_a_bots_portfolio__one_line() -> None:
    said = "--liquidity: no bot of a config looks after demo; give its --config"
    assert said in line_of(invoke("risk", "report", "demo", "--liquidity", "--json"), 1)


def test_report__liquidity_and_no_node__one_line(report: Report, config: Path, world: World) -> None:
    config.write_text(config.read_text().replace(world.url, "http://127.0.0.1:1"))
    assert "http://127.0.0.1:1" in line_of(report(), 1)
