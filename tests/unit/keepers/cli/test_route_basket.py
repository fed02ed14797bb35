"""The output of `quantera route basket`, and the files that it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from keepers.contracts.deployment import load
from keepers.contracts.reader import Reader
from keepers.routing.pools import quote
from keepers.rpc.node import connect
from tests.fixtures.node import World
from tests.unit.keepers.bots.harness import ready
from tests.unit.keepers.cli.test_cli import invoke, line_of

ORDERS = """
settlement: USDC
cash: 1000.5
sell: [{token: AAA, amount: 100}]
buy: [{token: BBB, amount: "20", limit: 400}]
"""


@pytest.fixture
def config(world: World) -> Path:
    return ready(world)


def _file(folder: Path, text: str) -> str:
    path = folder / "basket.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_route_basket__a_sale_and_a_purchase__says_what_each_fills_and_how_good_the_plan_is(
    config: Path, tmp_path: Path
) -> None:
    result = invoke("route", "basket", _file(tmp_path, ORDERS), "--config", str(config))
    assert result.exit_code == 0, result.output
    for text in (
        "1 sales and 1 purchases",
        "sell 100.0",
        "in turn",
        "at most",
        "bps above",
        "through 0x",
    ):
        assert text in result.output
    bought = re.search(r"buy  (\d+\.\d+) BBB", result.output)
    assert bought and 20 * (1 - 1e-6) <= float(bought[1]) <= 20


def test_route_basket__json__adds_up_and_each_swap_pays_what_its_pool_pays(
    world: World, config: Path, tmp_path: Path
) -> None:
    options = ("--json", "--pool-cost", "0.5", "--config", str(config))
    told = json.loads(invoke("route", "basket", _file(tmp_path, ORDERS), *options).output)
    assert next((leg["side"], leg["filled"]) for leg in told["legs"]) == ("sell", str(100 * 10**18))
    assert int(told["bound"]) >= int(told["worth_net_gas"]) >= int(told["one_after_another_net_gas"])
    assert int(told["gas_cost"]) == 500_000 * len(told["swaps"]) and 0 <= told["gap_bps"] <= 0.5
    reader = Reader(connect(world.url, 31337), load(world.folder / "testnet.json"))
    pools = {pool.address: pool for pool in reader.pools([t.address for t in world.tokens.values()], told["block"])}
    cash = int(told["cash_before"])
    for swap in told["swaps"]:
        assert quote(pools[swap["pool"]], swap["token_in"], int(swap["amount_in"])) == int(swap["amount_out"])
        cash += int(swap["amount_out"]) * (swap["token_out"] == told["settlement"])
        cash -= int(swap["amount_in"]) * (swap["token_in"] == told["settlement"])
    assert cash == int(told["cash_after"]) and told["cash_before"] == "1000500000"


def test_route_basket__limits_out_of_reach__says_that_nothing_is_worth_trading(config: Path, tmp_path: Path) -> None:
    orders = "settlement: USDC\nsell: [{token: AAA, amount: 1, limit: 1000000}]"
    result = invoke("route", "basket", _file(tmp_path, orders), "--config", str(config))
    assert result.exit_code == 0 and "nothing is worth trading" in result.output


@pytest.mark.parametrize(
    ("orders", "reason"),
    [
        ("{}", "names no settlement token"),
        ("settlement: USDC", "has no leg"),
        ("settlement: XYZ\nsell: [{token: AAA, amount: 1}]", "token XYZ"),
        ("settlement: USDC\nsell: [{token: XYZ, amount: 1}]", "token XYZ"),
        ("settlement: USDC\nsell: AAA", "no list of orders"),
        ("settlement: USDC\nsell: [{token: AAA}]", "has no amount"),
        ("settlement: USDC\ncash: 1\nbuy: [{token: AAA, amount: 1}]", "has no limit"),
        ("settlement: USDC\nsell: [{token: AAA, amount: true}]", "not a number"),
        ("settlement: USDC\nsell: [{token: AAA, amount: .nan}]", "not finite"),
        ("settlement: USDC\nsell: [{token: AAA, amount: -1}]", "not within 1"),
        ("settlement: USDC\nsell: [{token: AAA, amount: 0}]", "not within 1"),
        ("settlement: USDC\nsell: [{token: AAA, amount: 1, limit: -2}]", "not within 0"),
        ("settlement: USDC\nsell: [{token: AAA, amount: 1, price: 2}]", "price in an order to sell"),
        ("settlement: USDC\nmore: 1\nsell: [{token: AAA, amount: 1}]", "more in "),
        ("settlement: USDC\nbuy: [{token: AAA, amount: 1, limit: 2}]", "nothing to spend"),
        ("settlement: USDC\nsell: [{token: AAA, amount: 1e30}]", "not within 1"),
        ("- 1", "holds no keys"),
    ],
)
def test_route_basket__file_that_makes_no_sense__is_refused_in_one_line(
    config: Path, tmp_path: Path, orders: str, reason: str
) -> None:
    result = invoke("route", "basket", _file(tmp_path, orders), "--config", str(config))
    assert result.exit_code != 0 and reason in line_of(result, result.exit_code)


def test_route_basket__no_file__is_refused_in_one_line(config: Path, tmp_path: Path) -> None:
    result = invoke("route", "basket", str(tmp_path / "none.yaml"), "--config", str(config))
    assert result.exit_code != 0 and "cannot be read" in line_of(result, result.exit_code)
