"""A poisoned price file: a bot refuses it in one line, or proposes what the chain's bounds hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fixtures.node import World
from tests.unit.keepers.bots.harness import Running, posted, ready, rebalanced, started

Table = list[list[str]]
CONSTRUCTION = {"enabled": True, "method": "maximum-sharpe", "lookback_days": 120, "max_weight": 1.0}
"""A signal that follows closes wherever they lead."""
CARELESS = {"oracle_tolerance": 1e6, "jump": 1e6, "jump_sigmas": 1e6, "constant_days": 0}
"""Guards that let everything through."""


def poison(world: World, change: Callable[[Table], None]) -> None:
    """Changes the cells of the price file: rows of a date and the closes of AAA, BBB and CCC, below a header."""
    path = world.folder / "prices.csv"
    rows = [line.split(",") for line in path.read_text().splitlines()]
    change(rows)
    path.write_text("".join(",".join(row) + "\n" for row in rows))


def spike(rows: Table) -> None:
    """Makes one close of AAA ten times as high, for a day."""
    rows[100][1] = str(float(rows[100][1]) * 10)


def shift(rows: Table) -> None:
    """Moves every column one to the left, AAA's to the end."""
    for row in rows[1:]:
        row[1:] = [*row[2:], row[1]]


def scale(rows: Table) -> None:
    """Makes every close of AAA twice as high: its returns stay as they were."""
    for row in rows[1:]:
        row[1] = str(float(row[1]) * 2)


def add_future(rows: Table) -> None:
    """Adds a day that the chain has not reached, with closes that nobody could know."""
    rows.append(["2099-01-01", "1000", "1", "1"])


def lift(rows: Table) -> None:
    """Lets AAA rise by 2% each day without end: the best asset that a signal ever saw."""
    for at, row in enumerate(rows[1:]):
        row[1] = str(1.02**at * (1 + 0.001 * (at % 3)))


def config_of(world: World, guards: dict[str, Any]) -> Path:
    """A config with the portfolio that closes build, signed under its own registered name."""
    return world.write_config(
        prices={"path": "prices.csv", "guards": guards},
        rebalance={"model": "momentum", "construction": CONSTRUCTION},
    )


def waits(bot: Running) -> list[str]:
    """Reasons that the bot waits for, as logged."""
    told = [json.loads(line) for line in bot.output.getvalue().splitlines()]
    return [str(line.get("reason", "")) for line in told if line["event"] in ("doubt", "waiting")]


@pytest.mark.parametrize("change", [spike, shift, scale], ids=["spike", "shifted-columns", "scaled-close"])
def test_rebalance_bot__poisoned_file__refuses_it_and_proposes_nothing(
    world: World, change: Callable[[Table], None]
) -> None:
    ready(world)
    config = config_of(world, {})
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        poison(world, change)
        bot.step()
        assert rebalanced(world) == 0
        assert any("AAA" in line or "becomes" in line or "oracle" in line for line in waits(bot))


@pytest.mark.parametrize("change", [spike, shift, scale], ids=["spike", "shifted-columns", "scaled-close"])
def test_risk_bot__poisoned_file__posts_no_model_from_it(world: World, change: Callable[[Table], None]) -> None:
    ready(world)
    poison(world, change)
    with started("risk", config_of(world, {})) as risk:
        risk.step()
        assert posted(world) == 0 and waits(risk)


def test_rebalance_bot__row_of_a_future_day__decides_as_without_it(world: World) -> None:
    found = []
    for change in (lambda rows: None, add_future):
        with world.scratch():
            ready(world)
            poison(world, change)
            config = config_of(world, {})
            with started("risk", config) as risk, started("rebalance", config) as bot:
                risk.step()
                bot.step()
                state = bot.services.reader.portfolio("demo", world.w3.eth.block_number)
            assert rebalanced(world) == 1
            found.append(state.weights)
    assert np.array_equal(*found)


@pytest.mark.parametrize("change", [spike, shift, scale, lift], ids=["spike", "shifted", "scaled", "lifted"])
def test_rebalance_bot__poisoned_file_and_careless_guards__ends_inside_the_chains_limits(
    world: World, change: Callable[[Table], None]
) -> None:
    ready(world)
    config = config_of(world, CARELESS)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        before = bot.services.reader.portfolio("demo", world.w3.eth.block_number)
        poison(world, change)
        bot.step()
        after = bot.services.reader.portfolio("demo", world.w3.eth.block_number)
    assert "fell back" not in bot.output.getvalue()
    assert after.risk.breaches() == []
    assert after.nav >= 0.98 * before.nav
    assert rebalanced(world) == 1


def climbing(first: int) -> Callable[[Table], None]:
    """Makes a history that no guard doubts and in which one asset is the best: it climbs, and the others fall."""

    def change(rows: Table) -> None:
        last = [float(cell) for cell in rows[-1][1:]]
        drift = np.full(len(last), -0.006)
        drift[first] = 0.006
        random = np.random.default_rng(5).standard_normal((len(rows) - 1, len(last))) * 0.004
        walked = np.cumprod(1 + drift + random, axis=0)
        for row, closes in zip(rows[1:], last * walked / walked[-1], strict=True):
            row[1:] = [f"{close:.6f}" for close in closes]

    return change


def test_rebalance_bot__poison_that_no_guard_sees__chooses_the_trade_and_not_its_bounds(world: World) -> None:
    weights = []
    for first in (0, 2):
        with world.scratch():
            ready(world)
            poison(world, climbing(first))
            config = config_of(world, {})
            with started("risk", config) as risk, started("rebalance", config) as bot:
                risk.step()
                before = bot.services.reader.portfolio("demo", world.w3.eth.block_number)
                bot.step()
                after = bot.services.reader.portfolio("demo", world.w3.eth.block_number)
            assert rebalanced(world) == 1 and waits(bot) == []
            assert after.risk.breaches() == [] and after.weights.max() <= 0.6
            assert after.nav >= before.nav * 98 // 100
            weights.append(after.weights)
    assert weights[0][0] > weights[1][0] + 0.2 and weights[1][2] > weights[0][2] + 0.2
