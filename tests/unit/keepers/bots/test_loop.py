from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest
import structlog

from keepers.bots.loop import CircuitOpen, Loop, LoopPolicy
from keepers.chain.node import Block, Node, connect
from keepers.errors import KeeperError
from keepers.store import Store
from tests.fixtures.node import World


class Counter:
    """A bot that counts, and fails when told to."""

    name = "counter"

    def __init__(self) -> None:
        self.blocks: list[int] = []
        self.idle = 0
        self.failing = False

    def on_block(self, block: Block) -> None:
        if self.failing:
            raise KeeperError("something", "wrong", "mend it")
        self.blocks.append(block.number)

    def on_idle(self, block: Block) -> None:
        self.idle += 1

    def on_reorg(self) -> None:
        self.blocks.append(-1)


def loop(bot: Counter, node: Node, store: Store, output: io.StringIO, **policy: int) -> Loop:
    log = structlog.wrap_logger(structlog.WriteLogger(output), processors=[structlog.processors.JSONRenderer()])
    return Loop(bot, node, store, LoopPolicy(0.001, **policy), threading.Event(), log)


def mine(world: World) -> None:
    world.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]


def test_step__new_block_then_none__calls_each_handler(world: World, tmp_path: Path) -> None:
    store, bot = Store.open(f"sqlite:///{tmp_path}/s.sqlite"), Counter()
    running = loop(bot, connect(world.url, 31337), store, io.StringIO())
    running.step()
    running.step()
    mine(world)
    running.step()
    assert len(bot.blocks) == 2 and bot.idle == 1
    cursor = store.cursor("counter")
    assert cursor is not None and cursor.block_number == bot.blocks[-1]


def test_step__handler_fails__keeps_the_cursor_and_calls_again(world: World, tmp_path: Path) -> None:
    store, bot = Store.open(f"sqlite:///{tmp_path}/s.sqlite"), Counter()
    running = loop(bot, connect(world.url, 31337), store, io.StringIO())
    bot.failing = True
    with pytest.raises(KeeperError):
        running.step()
    assert store.cursor("counter") is None
    bot.failing = False
    running.step()
    assert len(bot.blocks) == 1


def test_run__failing_on_and_on__opens_the_circuit(world: World, tmp_path: Path) -> None:
    store, bot, output = Store.open(f"sqlite:///{tmp_path}/s.sqlite"), Counter(), io.StringIO()
    bot.failing = True
    running = loop(bot, connect(world.url, 31337), store, output, max_failures=3)
    with pytest.raises(CircuitOpen, match="3 failures in a row, the last: something: wrong"):
        running.run()
    assert output.getvalue().count('"event": "failure"') == 3


def test_step__block_taken_back__tells_the_bot(world: World, tmp_path: Path) -> None:
    store, bot, output = Store.open(f"sqlite:///{tmp_path}/s.sqlite"), Counter(), io.StringIO()
    running = loop(bot, connect(world.url, 31337), store, output)
    with world.scratch():
        mine(world)
        running.step()
    running.step()
    assert bot.blocks[1] == -1 and "reorganisation" in output.getvalue()
