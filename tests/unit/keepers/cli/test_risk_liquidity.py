"""The output of `quantera risk liquidity`, beside the chain that it reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fixtures.node import World
from tests.unit.keepers.bots.harness import ready
from tests.unit.keepers.cli.test_cli import invoke, line_of


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
