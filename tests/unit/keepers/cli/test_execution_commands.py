"""The output of `quantera execution`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from keepers.config import load_config
from keepers.operations.execution import Terms, create
from keepers.store import Store
from tests.fixtures.node import SENDER, World
from tests.unit.keepers.bots.harness import later, started
from tests.unit.keepers.bots.test_execution import capped, config_of, made, pace, swapped
from tests.unit.keepers.cli.test_cli import invoke, line_of


@pytest.fixture
def config(world: World) -> Path:
    return config_of(world)


def test_list__no_order__says_so(config: Path) -> None:
    assert invoke("execution", "list", "--config", str(config)).output == "No order is open.\n"


def test_list__orders__are_lines_and_json(config: Path) -> None:
    made(config)
    assert "1  running    twap of 100,000.000000 USDC: 0.000000 USDC sold" in invoke(
        "execution", "list", "--config", str(config)
    ).output.replace("0E-18", "0")
    (told,) = json.loads(invoke("execution", "list", "--json", "--config", str(config)).output)
    assert (told["amount"], told["state"], told["sold"]) == (str(100_000 * 10**6), "running", "0")


def test_show__a_slice_was_sold__has_its_amounts(world: World, config: Path) -> None:
    made(config)
    with started("execution", config) as bot:
        bot.step()
    told = json.loads(invoke("execution", "show", "1", "--json", "--config", str(config)).output)
    first, second = told["slices"][:2]
    assert (first["state"], first["sold"]) == ("sold", str(25_000 * 10**6)) and int(first["bought"]) > 0
    assert (second["state"], second["due"]) == ("planned", told["begins"] + 3600)
    shown = invoke("execution", "show", "1", "--config", str(config)).output.splitlines()
    assert len(shown) == 5 and "sold 25,000.000000 USDC for " in shown[1]
    assert swapped(world) == [25_000 * 10**6]


def test_list__caps_leave_some_over__says_what_will_not_be_sold(config: Path) -> None:
    capped(config, amount="300000")
    shown = invoke("execution", "list", "--config", str(config)).output
    assert "60,000.000000 USDC will not be sold in its time as the market is expected" in shown
    (told,) = json.loads(invoke("execution", "list", "--json", "--config", str(config)).output)
    assert (told["left_over"], told["cap_volume_bps"], told["cap_depth_bps"]) == (str(60_000 * 10**6), 1_000, 0)


def test_pause_resume_cancel__an_order__moves_as_it_is_told(config: Path) -> None:
    made(config)
    where = ("--json", "--config", str(config))
    told = [
        json.loads(invoke("execution", step, "1", "--reason", step, *where).output)
        for step in ("pause", "resume", "cancel")
    ]
    assert [one["state"] for one in told] == ["paused", "running", "cancelled"]
    assert told[-1]["reason"] == "cancel"


@pytest.mark.parametrize(
    ("step", "words"), [("pause", "cannot be paused"), ("resume", "cannot be running"), ("cancel", "cannot be")]
)
def test_tell__a_cancelled_order__is_refused_in_one_line(config: Path, step: str, words: str) -> None:
    made(config)
    invoke("execution", "cancel", "1", "--config", str(config))
    assert words in line_of(invoke("execution", step, "1", "--config", str(config)), 1)


@pytest.mark.parametrize("step", ["show", "pause", "resume", "cancel"])
def test_tell__no_such_order__is_one_line(config: Path, step: str) -> None:
    assert "order 7: unknown" in line_of(invoke("execution", step, "7", "--config", str(config)), 1)


def test_status__an_open_order__is_told_as_a_line_and_as_an_object(config: Path) -> None:
    made(config)
    assert "order 1  running" in invoke("status", "--config", str(config)).output
    (told,) = json.loads(invoke("status", "--json", "--config", str(config)).output)["orders"]
    assert (told["id"], told["state"], told["left_over"]) == (1, "running", "0")


def found_of(config: Path) -> dict[str, str]:
    """Findings of `doctor` about the first order, with keys."""
    lines = map(json.loads, invoke("doctor", "--json", "--config", str(config)).stdout.splitlines())
    found: dict[str, str] = [line for line in lines if line["subject"] == "order 1"][-1]
    return found


def test_doctor__an_order_in_its_time__is_ok(config: Path) -> None:
    made(config)
    assert (found_of(config)["level"], found_of(config)["found"]) == ("ok", f"running, 0% of {10**11} sold")


def test_doctor__bot_away_for_most_of_an_order__says_what_will_not_be_sold(world: World, config: Path) -> None:
    made(config)
    later(world, 3 * 3600)
    found = found_of(config)
    assert found["level"] == "warn" and f"{5 * 10**10} will not be sold" in found["found"]
    later(world, 3600)
    assert "its last slot has ended" in found_of(config)["found"]


def test_doctor__account_that_cannot_pay__is_told_what_is_missing(config: Path) -> None:
    made(config, amount="2000000")
    assert f"holds {10**12} of the {2 * 10**12} that are left" in found_of(config)["found"]


def test_doctor__paused_order__names_the_command_that_resumes_it(config: Path) -> None:
    made(config)
    invoke("execution", "pause", "1", "--reason", "news", "--config", str(config))
    found = found_of(config)
    assert "paused" in found["found"] and "news" in found["found"]
    assert found["remedy"] == "quantera execution resume 1"


def test_doctor__order_of_another_account__names_both(world: World, config: Path) -> None:
    loaded = load_config(config)
    store = Store.open(loaded.store_url)
    create(loaded, store, world.owner, ("USDC", "AAA"), "1000", Terms(pace(), 50, ""))
    store.close()
    assert f"sold for {world.owner}, and keys.sender is {SENDER}" in found_of(config)["found"]
