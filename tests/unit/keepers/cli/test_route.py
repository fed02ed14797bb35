"""The output of `quantera route`, beside the chain that it reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from keepers.contracts.deployment import load
from keepers.contracts.reader import Reader
from keepers.routing.pools import quote
from keepers.rpc.node import connect
from tests.fixtures.node import World
from tests.unit.keepers.bots.harness import ready
from tests.unit.keepers.cli.test_cli import invoke, line_of


@pytest.fixture
def config(world: World) -> Path:
    return ready(world)


def test_route__listed_tokens__splits_and_says_how_good_it_is(config: Path) -> None:
    result = invoke("route", "USDC", "AAA", "250000", "--config", str(config))
    assert result.exit_code == 0, result.output
    for text in ("250,000.000000 USDC for ", "net of gas", "at most", "bps above", "one path", "impact", "through 0x"):
        assert text in result.output
    assert result.output.count("of USDC to AAA through") == 2


def test_route__json__has_the_fields_and_adds_up(world: World, config: Path) -> None:
    result = invoke("route", "USDC", "AAA", "250000", "--json", "--pool-cost", "0.001", "--config", str(config))
    told = json.loads(result.output)
    assert int(told["amount_out_net_gas"]) == int(told["amount_out"]) - 2 * 10**15
    assert int(told["bound"]) >= int(told["amount_out_net_gas"]) > int(told["best_single_out_net_gas"])
    assert 0 <= told["gap_bps"] <= 0.5 and told["solve_time_ms"] > 0 and told["price_impact_bps"] > 0
    assert told["block"] == world.w3.eth.block_number
    assert sum(int(swap["amount_in"]) for swap in told["swaps"]) == 250_000 * 10**6
    reader = Reader(connect(world.url, 31337), load(world.folder / "testnet.json"))
    pools = {pool.address: pool for pool in reader.pools([t.address for t in world.tokens.values()], told["block"])}
    for swap in told["swaps"]:
        assert quote(pools[swap["pool"]], swap["token_in"], int(swap["amount_in"])) == int(swap["amount_out"])


def test_route__between_assets__goes_through_the_settlement_token(config: Path) -> None:
    told = json.loads(invoke("route", "AAA", "BBB", "10", "--json", "--config", str(config)).output)
    assert len(told["swaps"]) >= 2 and told["gap_bps"] <= 0.5


def test_route__excluded_pool__is_not_used(config: Path) -> None:
    told = json.loads(invoke("route", "USDC", "AAA", "250000", "--json", "--config", str(config)).output)
    first = told["swaps"][0]["pool"]
    options = ("--json", "--exclude", first, "--config", str(config))
    other = json.loads(invoke("route", "USDC", "AAA", "250000", *options).output)
    assert first not in [swap["pool"] for swap in other["swaps"]]


def test_route__any_path__bound_is_no_less_than_the_plan_brings(config: Path) -> None:
    options = ("--any-path", "--json", "--config", str(config))
    told = json.loads(invoke("route", "USDC", "AAA", "250000", *options).output)
    assert int(told["any_path_bound"]) >= int(told["amount_out"])


def test_route__any_path__is_a_line_for_people(config: Path) -> None:
    result = invoke("route", "USDC", "AAA", "250000", "--any-path", "--config", str(config))
    assert "any path" in result.output and "at most, before gas" in result.output


def test_route__any_path_of_an_exact_output__one_line(config: Path) -> None:
    result = invoke("route", "USDC", "AAA", "1000", "--any-path", "--exact-out", "--config", str(config))
    assert "--any-path with --exact-out: bounds outputs only; leave one of them out" in line_of(result, 1)


def test_route__exact_out__the_amount_comes_out_and_the_input_is_bounded(config: Path) -> None:
    options = ("--exact-out", "--pool-cost", "5", "--json", "--config", str(config))
    told = json.loads(invoke("route", "USDC", "AAA", "1000", *options).output)
    assert int(told["amount_out"]) >= int(told["amount_out_wanted"]) == 1000 * 10**18
    assert int(told["amount_in_with_gas"]) == int(told["amount_in"]) + 5 * 10**6 * len(told["swaps"])
    assert int(told["bound"]) <= int(told["amount_in_with_gas"]) <= int(told["best_single_in_with_gas"])
    assert 0 <= told["gap_bps"] <= 1


def test_route__exact_out__says_how_cheap_it_is(config: Path) -> None:
    result = invoke("route", "USDC", "AAA", "1000", "--exact-out", "--config", str(config))
    assert result.exit_code == 0, result.output
    for text in ("with gas", "at least", "bps below", "one path", " more", "impact", "through 0x"):
        assert text in result.output


def test_route__excluded_venue__none_of_its_pools_is_used(world: World, config: Path) -> None:
    options = ("--json", "--exclude", "uniswap-v2", "--config", str(config))
    told = json.loads(invoke("route", "USDC", "AAA", "1000", *options).output)
    kinds = {pool.address: pool.kind for pool in load(world.folder / "testnet.json").pools}
    assert told["swaps"] and "uniswap-v2" not in {kinds[swap["pool"]] for swap in told["swaps"]}


def test_route__html__draws_what_it_prints(config: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "route.html"
    result = invoke("route", "USDC", "AAA", "250000", "--html", str(drawn), "--config", str(config))
    text = drawn.read_text()
    assert result.stdout.splitlines()[0] in text and text.count("<path") == 2


def test_route__html_in_no_folder__is_one_clear_line(config: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "nowhere/route.html"
    result = invoke("route", "USDC", "AAA", "250000", "--html", str(drawn), "--config", str(config))
    assert "No such file or directory" in line_of(result, 1)
    assert not result.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("USDC", "NOPE", "1"), "token NOPE: not in"),
        (("USDC", "USDC", "1"), "is input and output"),
        (("USDC", "AAA", "0"), "not within 1 to 2^128 - 1"),
        (("USDC", "AAA", "nan"), "not finite"),
        (("USDC", "AAA", "lots"), "not a number"),
        (("USDC", "AAA", "0.0000001"), "USDC has 6 decimals"),
        (("USDC", "AAA", "1e40"), "not within 1 to 2^128 - 1"),
        (("USDC", "AAA", "1", "--pool-cost", "-1"), "below zero"),
        (("USDC", "AAA", "1", "--exact-out", "--pool-cost", "-1"), "below zero"),
        (("USDC", "AAA", "1e30", "--exact-out"), "not within 1 to 2^128 - 1"),
        (("USDC", "AAA", "1e18", "--exact-out"), "beyond the depth of every path"),
        (("USDC", "AAA", "1", "--max-hops", "0"), "0 hops: not within 1 to 6; give more"),
        (("USDC", "AAA", "1", "--max-hops", "7"), "7 hops: not within 1 to 6; give fewer"),
        (
            ("USDC", "AAA", "1", "--exclude", "uniswap-v9"),
            "venue or pool uniswap-v9: no venue, and not among the listed",
        ),
        (
            ("USDC", "AAA", "1", "--exclude", "uniswap-v2", "--exclude", "uniswap-v3"),
            "exclude less, or allow more hops",
        ),
        (("USDC", "AAA", "250000", "--leg-impact-bps", "0.01"), "beyond the limit of its legs on every path"),
        (("USDC", "AAA", "1", "--leg-impact-bps", "0"), "not above 0 and below 10,000"),
        (("USDC", "AAA", "1", "--exclude", "0x12"), "not among the listed markets"),
    ],
)
def test_route__bad_input__is_one_clear_line(config: Path, arguments: tuple[str, ...], reason: str) -> None:
    result = invoke("route", *arguments, "--config", str(config))
    assert reason in line_of(result, 1)
    assert not result.stdout
