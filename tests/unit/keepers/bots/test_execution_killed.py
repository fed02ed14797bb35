"""The execution bot as a process of its own that is killed while a slice is in flight."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from keepers.config import load_config
from keepers.execution.orders import SlicedOrder, progress
from keepers.store import Store
from keepers.store import execution as stored
from tests.fixtures.forks import Forked
from tests.fixtures.node import SENDER, World
from tests.fixtures.waiting import wait_until
from tests.unit.keepers.bots.test_execution import BOT, HOUR, allow, config_of, made, swapped

SLICE = 25_000 * 10**6


def running(config: Path) -> Forked:
    """`quantera run execution` in a process of its own."""
    return Forked([sys.executable, "-m", "keepers", "run", "execution", "--config", str(config)])


def sold(store: Store, order: SlicedOrder) -> int:
    return progress(stored.fills(store, BOT, order.id)).sold


def node(world: World, method: str, *params: Any) -> None:
    world.w3.provider.make_request(method, list(params))  # type: ignore[arg-type]


def kill_in_flight(world: World, config: Path) -> str:
    """Kills the bot once the node has its slice and no block does; returns the transaction."""
    before = world.w3.eth.get_transaction_count(SENDER)
    node(world, "evm_setAutomine", False)
    with running(config) as bot:
        try:
            wait_until(lambda: world.w3.eth.get_transaction_count(SENDER, "pending") > before)
        finally:
            bot.kill()
    assert bot.returncode == -signal.SIGKILL and swapped(world) == []
    (pending,) = world.w3.eth.get_block("pending")["transactions"]
    return "0x" + bytes(pending).hex()  # type: ignore[arg-type]


@pytest.mark.parametrize("lost", [False, True])
def test_execution_bot__process_killed_with_a_slice_in_flight__the_next_one_sells_it_once(
    world: World, lost: bool
) -> None:
    config = config_of(world, lease_seconds=2)
    allow(world)
    order = made(config)
    tx_hash = kill_in_flight(world, config)
    if lost:  # The node forgets what it was handed; the journal has its bytes.
        node(world, "anvil_dropAllTransactions")
    node(world, "evm_setAutomine", True)
    node(world, "evm_mine")
    store = Store.open(load_config(config).store_url)
    with running(config) as bot:
        try:
            wait_until(lambda: sold(store, order) > 0, meanwhile=lambda: node(world, "evm_mine"))
        finally:
            bot.terminate()
    (fill,) = stored.fills(store, BOT, order.id)
    store.close()
    assert swapped(world) == [SLICE] and (fill.tx_hash, fill.amount_in) == (tx_hash, SLICE)


def test_execution_bot__killed_again_and_again__sells_every_slice_once(world: World) -> None:
    config = config_of(world, lease_seconds=2)
    allow(world)
    order = made(config)
    store = Store.open(load_config(config).store_url)
    for slot in range(len(order.planned)):
        world.advance_to(order.begins + slot * HOUR + 60)
        node(world, "evm_mine")
        with running(config) as bot:
            try:
                wait_until(lambda slot=slot: len(swapped(world)) > slot)
            finally:
                bot.kill()
    with running(config) as bot:
        try:
            wait_until(lambda: sold(store, order) == order.amount, meanwhile=lambda: node(world, "evm_mine"))
        finally:
            bot.terminate()
    store.close()
    assert swapped(world) == [SLICE] * 4
