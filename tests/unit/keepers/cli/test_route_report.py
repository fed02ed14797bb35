"""The output of `quantera route report`, beside the chain that it reads."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from web3.logs import DISCARD

from keepers import abi
from keepers.contracts.deployment import load
from keepers.contracts.reader import Reader
from keepers.routing.pools import quote
from keepers.rpc.node import connect
from tests.fixtures.node import World
from tests.unit.keepers.bots.harness import later, ready, started
from tests.unit.keepers.bots.test_rebalance import decided
from tests.unit.keepers.cli.test_cli import invoke, line_of
from tests.unit.keepers.cli.test_route_forecast import V2, V3, trade, traded


@pytest.fixture
def config(world: World) -> Path:
    return ready(world)


@pytest.fixture
def filled(world: World, config: Path) -> int:
    """Swaps 1,000 USDC for AAA through one market of the aggregator; returns the block."""
    return swapped(world, config, 1_000)


def swapped(world: World, config: Path, dollars: int) -> int:
    """Swaps USDC for AAA through the first market of a route; returns the block."""
    told = json.loads(invoke("route", "USDC", "AAA", str(dollars), "--json", "--config", str(config)).output)
    step, amount = told["swaps"][0], dollars * 10**6
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


@pytest.fixture
def rebalanced(world: World, config: Path) -> Any:
    """The receipt of the rebalance bot's first investment."""
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        bot.step()
        found = decided(world, bot, 1)
    assert found.outcome == "done" and found.tx_hash
    return world.w3.eth.get_transaction_receipt(found.tx_hash)  # type: ignore[arg-type]


def test_executed__receipt_of_a_rebalance__decodes_to_what_the_portfolio_held_before_and_after(
    world: World, rebalanced: Any
) -> None:
    portfolio, event = world.portfolio.address, abi.event("Portfolio", "Executed")
    own = [log for log in rebalanced["logs"] if (log["address"], bytes(log["topics"][0])) == (portfolio, event.topic)]
    (log,) = own
    args = event.log_decoder()(["0x" + bytes(topic).hex() for topic in log["topics"]], "0x" + bytes(log["data"]).hex())
    changes: dict[str, int] = {}
    assets = world.portfolio.functions.assets().call()
    for word in args["trades"]:
        out, into = assets[word & 0xFF], assets[word >> 8 & 0xFF]
        assert word >> 16 & 0xFFFF == 0
        changes[out] = changes.get(out, 0) - (word >> 32 & 2**112 - 1)
        changes[into] = changes.get(into, 0) + (word >> 144)
    block = rebalanced["blockNumber"]
    paid = sum(e["args"]["amount"] for e in world.portfolio.events.ExecutorPaid().process_receipt(rebalanced, DISCARD))
    changes[world.tokens["USDC"].address] -= paid
    for token in world.tokens.values():
        held = [token.functions.balanceOf(portfolio).call(block_identifier=at) for at in (block - 1, block)]
        assert held[1] - held[0] == changes.get(token.address, 0)
    assert len(args["trades"]) > 1 and 0 < args["navAfter"] <= args["navBefore"] and args["lossBucket"] >= 0


def test_report__a_rebalance__has_a_fill_for_every_word_of_its_receipt(
    world: World, config: Path, rebalanced: Any
) -> None:
    block = str(rebalanced["blockNumber"])
    rows = json.loads(
        invoke("route", "report", "--from", block, "--to", block, "--json", "--config", str(config)).output
    )
    (executed,) = world.portfolio.events.Executed().process_receipt(rebalanced, DISCARD)
    mine = [row for row in rows if row["payer"] == world.portfolio.address]
    assert [(int(row["amount_in"]), int(row["amount_out"])) for row in mine] == [
        (word >> 32 & 2**112 - 1, word >> 144) for word in executed["args"]["trades"]
    ]


def swap_of(world: World, sender: str, ends: tuple[str, str], amount: int, pool: str, gwei: int) -> None:
    """Hands a swap through one pool of the aggregator to the node, without waiting."""
    aggregator, up = world.contract("LiquidityAggregator"), int(ends[0], 16) < int(ends[1], 16)
    order = (*ends, amount, 1, sender, 2**40 - 1, [(amount, [(pool, up)])])
    aggregator.functions.swap(order).transact({"from": sender, "gas": 1_000_000, "gasPrice": gwei * 10**9})


@pytest.fixture
def crowded(world: World, config: Path) -> Any:
    """`crowded(*, back)`: a block with a searcher's purchase, the owner's and, on request, the searcher's sale."""
    usdc, aaa = world.tokens["USDC"], world.tokens["AAA"]
    searcher, aggregator = world.w3.eth.accounts[7], world.contract("LiquidityAggregator")
    amount, ends = 5_000 * 10**6, (usdc.address, aaa.address)
    world.call(usdc.functions.mint(searcher, amount))
    world.call(usdc.functions.approve(aggregator.address, 10 * amount))
    for token in (usdc, aaa):
        approval = token.functions.approve(aggregator.address, 2**255)
        world.w3.eth.wait_for_transaction_receipt(approval.transact({"from": searcher}))
    told = json.loads(invoke("route", "USDC", "AAA", "1000", "--json", "--config", str(config)).output)
    address = told["swaps"][0]["pool"]

    def mined(*, back: bool) -> int:
        reader = Reader(connect(world.url, 31337), load(world.folder / "testnet.json"))
        pools = reader.pools(list(ends), world.w3.eth.block_number)
        (pool,) = (one for one in pools if one.address == address)
        world.w3.provider.make_request("evm_setAutomine", [False])  # type: ignore[arg-type]
        try:
            swap_of(world, searcher, ends, amount, address, 30)
            swap_of(world, world.owner, ends, amount, address, 20)
            if back:
                swap_of(world, searcher, ends[::-1], quote(pool, ends[0], amount), address, 10)
            world.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]
        finally:
            world.w3.provider.make_request("evm_setAutomine", [True])  # type: ignore[arg-type]
        return int(world.w3.eth.block_number)

    return mined


@pytest.mark.parametrize(("back", "kinds"), [(True, ["sandwich"]), (False, [])])
def test_report__purchase_between_two_swaps_of_one_account__is_a_sandwich(
    world: World, config: Path, crowded: Any, back: bool, kinds: list[str]
) -> None:
    block = crowded(back=back)
    rows = json.loads(invoke("route", "report", "--from", str(block), "--json", "--config", str(config)).output)
    (ours,) = (row for row in rows if row["payer"] == world.owner)
    assert len(rows) == 2 + back
    assert [one["kind"] for one in ours["earned"]] == kinds
    assert {one["account"] for one in ours["earned"]} <= {world.w3.eth.accounts[7]}


def test_report__sandwich__is_named_below_the_fill_and_in_the_csv(
    world: World, config: Path, crowded: Any, tmp_path: Path
) -> None:
    block, table = crowded(back=True), tmp_path / "costs.csv"
    options = ("--from", str(block), "--csv", str(table), "--config", str(config))
    words = f"sandwich by {world.w3.eth.accounts[7]}"
    assert words in invoke("route", "report", *options).output
    rows = csv.DictReader(table.read_text().splitlines())
    assert [row["earned"] for row in rows if row["payer"] == world.owner] == [words]


FORECAST = ("--horizon", "10m", "--history", "4d")


@pytest.fixture
def days_of_trades(world: World, config: Path) -> None:
    """Trades in both pools of AAA over four days."""
    traded(world)


@pytest.fixture
def sent(world: World, config: Path, days_of_trades: None) -> int:
    """The block of a swap of 10,000 USDC for AAA, a quarter of an hour after those days."""
    later(world, 900)
    return swapped(world, config, 10_000)


def test_report__forecast__is_what_route_forecast_said_a_horizon_before_the_fill(
    world: World, config: Path, days_of_trades: None
) -> None:
    later(world, 600)
    order = ("USDC", "AAA", "10000", *FORECAST, "--json", "--config", str(config))
    then = json.loads(invoke("route", "forecast", *order).output)
    moment = world.w3.eth.get_block("latest")["timestamp"]
    later(world, 605)
    block = swapped(world, config, 10_000)
    before = world.w3.eth.get_block(block - 1)["timestamp"]
    assert 600 <= before - moment < 660
    row = report_of(config, block)
    assert row["forecast"]["model"] == then["model"]
    for name in ("depth", "impact_bps", "slippage_bps"):
        assert row["forecast"][name]["value"] == pytest.approx(then[name]["value"], rel=1e-3)
    low, high = (row["forecast"]["slippage_bps"][end] for end in ("low", "high"))
    assert row["forecast"]["is_inside"] == (low <= row["forecast"]["realised_bps"] <= high)


def test_report__forecast_of_a_fill__does_not_see_the_trades_of_the_horizon(
    world: World, config: Path, days_of_trades: None
) -> None:
    later(world, 900)
    for pool in (V2, V3):
        trade(world, pool, 200_000)
    block = swapped(world, config, 1_000)
    expected = report_of(config, block)["forecast"]
    assert expected["block"] < block - 2
    # The price moved after the forecast, by much more than a forecast of a quiet market allows for.
    assert expected["realised_bps"] > expected["slippage_bps"]["high"] and not expected["is_inside"]


def test_report__forecast__stands_below_the_fill_and_in_the_table(config: Path, sent: int, tmp_path: Path) -> None:
    table = tmp_path / "costs.csv"
    options = ("--from", str(sent), *FORECAST, "--csv", str(table), "--config", str(config))
    *_, told, counted = invoke("route", "report", *options).output.splitlines()
    (row,) = csv.DictReader(table.read_text().splitlines())
    assert told.strip().startswith("expected 10 m before: slippage ")
    assert f"was {float(row['slippage_bps']):.2f}" in told and f"depth {float(row['expected_depth']):,.6g} USDC" in told
    assert counted.strip().endswith("of 1 slippages inside their intervals of 90%; 0 without")


def test_report__forecast_without_history__says_why(config: Path, filled: int) -> None:
    result = invoke("route", "report", "--from", str(filled), *FORECAST, "--config", str(config))
    assert result.exit_code == 0 and "no forecast: " in result.output and "0 of 0 slippages" in result.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--horizon", "90m", "--history", "60d"), "not in whole hours"),
        (("--horizon", "1h", "--history", "2d"), "history of 49 steps"),
    ],
)
def test_report__forecast_that_makes_no_sense__is_one_clear_line(
    config: Path, options: tuple[str, ...], words: str
) -> None:
    result = invoke("route", "report", "--from", "1", *options, "--config", str(config))
    assert words in line_of(result, 1)


def report_of(config: Path, block: int) -> dict[str, Any]:
    options = ("--from", str(block), "--to", str(block), *FORECAST, "--json", "--config", str(config))
    (row,) = json.loads(invoke("route", "report", *options).output)
    return dict(row)
