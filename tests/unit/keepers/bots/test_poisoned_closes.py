"""A file of closes that somebody poisoned: it is refused in one line, or the chain bounds what a signal does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.fixtures.node import FIRST_DAY, PRICES, SYMBOLS, World
from tests.unit.keepers.bots.harness import Running, ready, rebalanced, started

Closes = NDArray[np.float64]
DAYS = 400
BUDGET_BPS, MAX_WEIGHT = 200, 0.6
"""The portfolio's loss budget and limit of a weight, as the world deploys it."""


def read(world: World) -> Closes:
    lines = (world.folder / "prices.csv").read_text().splitlines()[1:]
    return np.array([[float(cell) for cell in line.split(",")[1:]] for line in lines])


def write(world: World, closes: Closes) -> None:
    rows = [f"{FIRST_DAY + timedelta(days=day)}," + ",".join(f"{x:.6f}" for x in row) for day, row in enumerate(closes)]
    (world.folder / "prices.csv").write_text("\n".join(["date," + ",".join(SYMBOLS), *rows]) + "\n")


def guarded(world: World) -> Path:
    """A keeper that follows momentum, with the guards that it has by default."""
    momentum = {"enabled": True, "scale": 0.001}
    return world.write_config(prices={"path": "prices.csv"}, rebalance={"model": "momentum", "momentum": momentum})


def waits(bot: Running) -> set[str]:
    """Reasons for which it waits."""
    events = [json.loads(line) for line in bot.output.getvalue().splitlines()]
    return {event["reason"] for event in events if event["event"] == "waits"}


def spike(closes: Closes) -> Closes:
    closes[-1, 0] *= 3
    return closes


def swapped(closes: Closes) -> Closes:
    return closes[:, [1, 0, 2]]


def another_unit(closes: Closes) -> Closes:
    closes[200:, 2] /= 100
    return closes


def frozen(closes: Closes) -> Closes:
    closes[-30:, 1] = closes[-1, 1]
    return closes


def shortened(closes: Closes) -> Closes:
    return closes[:-40]


@pytest.mark.parametrize(
    ("poison", "words"),
    [
        (spike, "AAA: the close of 2020-02-04 is 300, the oracle's price 100"),
        (swapped, "AAA: the close of 2020-02-04 is 40, the oracle's price 100"),
        (another_unit, r"CCC: [\d.]+ becomes [\d.]+ on 2019-07-20"),
        (frozen, "BBB: the last 10 closes are all 40"),
        (shortened, "AAA: no close between 2019-12-26 and 2020-02-04"),
    ],
)
def test_closes__poisoned_so_that_a_guard_sees_it__no_signal_decides_and_a_line_says_why(
    world: World, poison: Callable[[Closes], Closes], words: str
) -> None:
    ready(world, days=DAYS)
    config = guarded(world)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        write(world, poison(read(world)))
        bot.step()
        (reason,) = waits(bot)
    assert rebalanced(world) == 0
    assert re.fullmatch(f"closes of {words}; correct the source in prices, or widen prices.guards", reason)


def test_closes__rows_of_days_to_come__change_no_input_of_the_model(world: World) -> None:
    ready(world, days=DAYS)
    seen = []
    for future in ([], [[9_000.0, 1.0, 1.0], [9_000.0, 1.0, 1.0]]):
        with world.scratch():
            ready(world, days=DAYS)
            write(world, np.vstack([read(world), *future]))
            config = guarded(world)
            with started("risk", config) as risk, started("rebalance", config) as bot:
                risk.step()
                bot.step()
                found = bot.services.store.decisions("rebalance:demo")[-1]
                seen.append((found.outcome, found.reason.split(", cost")[0]))
    assert seen[0][0] == "done" and seen[0] == seen[1]


def climbing(first: int) -> Closes:
    """A history that no guard doubts and that makes one stock the best of all: it climbs, and the others fall."""
    random = np.random.default_rng(5)
    drift = np.full(len(SYMBOLS), -0.006)
    drift[first] = 0.006
    walked = np.cumprod(1 + drift + random.standard_normal((DAYS, len(SYMBOLS))) * 0.004, axis=0)
    return np.array([PRICES[symbol] for symbol in SYMBOLS]) * walked / walked[-1]


def test_closes__poisoned_so_that_no_guard_sees_it__the_chain_bounds_weights_var_and_loss(world: World) -> None:
    weights = []
    for first in (0, 2):
        with world.scratch():
            ready(world, days=DAYS)
            write(world, climbing(first))
            config = guarded(world)
            with started("risk", config) as risk, started("rebalance", config) as bot:
                risk.step()
                before = bot.services.reader.portfolio("demo", world.w3.eth.block_number)
                bot.step()
                after = bot.services.reader.portfolio("demo", world.w3.eth.block_number)
                assert rebalanced(world) == 1
                assert after.risk.breaches() == [] and after.weights.max() <= MAX_WEIGHT
                assert after.nav >= before.nav * (10_000 - BUDGET_BPS) // 10_000
                weights.append(after.weights)
    # The poison does move the portfolio: what is bounded is a trade that the thief chose.
    assert weights[0][0] > weights[1][0] + 0.2 and weights[1][2] > weights[0][2] + 0.2
