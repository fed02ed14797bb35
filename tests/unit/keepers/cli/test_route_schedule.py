"""The output of `quantera route schedule`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.node import World
from tests.unit.keepers.bots.harness import later, ready
from tests.unit.keepers.cli.test_cli import invoke, line_of

ORDER = ("route", "schedule", "USDC", "AAA", "250000")


@pytest.fixture
def config(world: World) -> Path:
    return ready(world)


def told(config: Path, *options: str) -> dict[str, Any]:
    result = invoke(*ORDER, *options, "--json", "--config", str(config))
    assert result.exit_code == 0, result.output + result.stderr
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


def trade(world: World, ends: tuple[str, str], amount: int) -> None:
    """The owner swaps through the first pool of AAA."""
    aggregator, (sold, bought) = world.contract("LiquidityAggregator"), (world.tokens[symbol] for symbol in ends)
    world.call(sold.functions.approve(aggregator.address, amount))
    single = (world.record["pools"][0]["address"], sold.address, bought.address, amount, 0, 2**39)
    world.call(aggregator.functions.swapSingle(*single))


def test_schedule__profile_of_pools__follows_their_hours_and_how_falls_came_back(world: World, config: Path) -> None:
    start = world.w3.eth.get_block("latest")["timestamp"]
    for hours, dollars in ((1, 60_000), (2, 20_000)):
        world.advance_to(start + hours * 3600)
        trade(world, ("USDC", "AAA"), dollars * 10**6)
        later(world, 600)
        trade(world, ("AAA", "USDC"), dollars // 200 * 10**18)
    later(world, 30 * 3600)
    options = ("--slots", "12", "--slot-seconds", "600", "--profile", "pools", "--profile-days", "2")
    begin = str((start + 3600) // 3600 * 3600 + 86_400)
    found = told(config, *options, "--algorithm", "vwap", "--start", begin)
    profile, amounts = found["profile"], [int(part) for part in found["amounts"]]
    # Half of each buy is sold again after one slot.
    assert (profile["trades"], profile["moves"]) == (4, 2) and profile["recovered"] == pytest.approx(0.5, abs=0.02)
    assert sum(amounts[:6]) == pytest.approx(3 * sum(amounts[6:]), rel=0.02)


EVEN = ",".join(["600000"] * 24)
"""Volume of 600,000 dollars in every hour."""


def test_schedule__cap_on_volume__carries_over_and_says_what_cannot_be_sold(config: Path) -> None:
    options = ("--slots", "4", "--slot-seconds", "3600", "--cap-volume-bps", "1000", "--hours", EVEN, "--start", "0")
    found = told(config, *options)
    assert [int(part) for part in found["amounts"]] == [int(part) for part in found["most"]] == [60_000 * 10**6] * 4
    assert int(found["undone"]) == 10_000 * 10**6
    shown = invoke(*ORDER, *options, "--config", str(config)).output
    assert "10,000.000000 USDC cannot be sold in time: the caps leave it over" in shown


def test_schedule__cap_on_volume_with_a_profile_of_pools__is_a_part_of_what_they_traded(
    world: World, config: Path
) -> None:
    later(world, 3600)
    trade(world, ("USDC", "AAA"), 240_000 * 10**6)
    for _ in range(2):
        later(world, 30)
        trade(world, ("AAA", "USDC"), 600 * 10**18)
    later(world, 23 * 3600)
    options = ("--slots", "24", "--slot-seconds", "3600", "--cap-volume-bps", "500", "--profile", "pools")
    found = told(config, *options, "--profile-days", "1")
    observed = sum(found["profile"]["by_hour"])
    assert observed > 300_000 * 10**6 and sum(map(int, found["most"])) == pytest.approx(observed * 0.05, rel=1e-6)


def test_schedule__cap_on_depth__is_the_same_in_every_slot(config: Path) -> None:
    found = told(config, "--slots", "3", "--cap-depth-bps", "100")
    assert len(set(found["most"])) == 1 and max(map(int, found["amounts"])) <= int(found["most"][0])


def test_schedule__profile_of_pools_without_a_trade__is_one_clear_line(config: Path) -> None:
    assert "no trade in 1 days" in line_of(
        invoke(*ORDER, "--slots", "2", "--profile", "pools", "--profile-days", "1", "--config", str(config)), 1
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--slots", "3", "--algorithm", "vwap"), "a day has 24"),
        (("--slots", "3", "--algorithm", "vwap", "--hours", "1,x"), "not numbers"),
        (("--slots", "3", "--recovered", "2"), "not within 0 and 1"),
        (("--slots", "3", "--volatility", "nan"), "negative or not finite"),
        (("--slots", "3", "--algorithm", "shortfall", "--risk-aversion", "-1"), "negative or not finite"),
        (("--slots", "3", "--least", "300000"), "not within 1 and the order"),
        (("--slots", "3", "--cap-volume-bps", "100"), "give --hours or --profile pools"),
        (("--slots", "3", "--cap-volume-bps", "100", "--hours", "nan" + ",1" * 23), "negative or not finite"),
        (("--slots", "3", "--cap-volume-bps", "100", "--hours", "0" + ",0" * 23), "no slot may sell"),
        (("--slots", "3", "--cap-depth-bps", "1", "--least", "200000"), "no slot may sell"),
    ],
)
def test_schedule__a_number_that_makes_no_sense__is_one_clear_line(
    config: Path, options: tuple[str, ...], words: str
) -> None:
    assert words in line_of(invoke(*ORDER, *options, "--config", str(config)), 1)
