"""Runs a bot: polls blocks, keeps its cursor, ends cleanly, gives up after repeated failure."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, Protocol

from keepers.bots.context import cursor_at
from keepers.chain.errors import Interrupted
from keepers.chain.node import Block, Node
from keepers.errors import KeeperError
from keepers.store import Store

_RECENT = 20
"""Decisions looked at again after a reorganisation."""


class Bot(Protocol):
    """What the loop runs. A handler may raise: it is called again with the next poll."""

    name: str

    def on_block(self, block: Block) -> None:
        """The chain has a new newest block; others may lie between it and the last one."""
        ...

    def on_idle(self, block: Block) -> None:
        """Nothing new on chain since `block`."""
        ...

    def on_reorg(self) -> None:
        """Blocks were taken back: forget what was only in memory."""
        ...


class CircuitOpen(KeeperError):
    """A bot failed too often in a row."""


@dataclass(frozen=True)
class LoopPolicy:
    """How to poll.

    Attributes:
        poll_seconds: Between polls.
        max_failures: In a row, after which the bot gives up.
        max_backoff: Most seconds between polls after failures, which double each time.
    """

    poll_seconds: float
    max_failures: int = 8
    max_backoff: float = 30.0


class Loop:
    """One bot on one chain.

    Args:
        bot: Whose handlers are called.
        node: Where blocks come from.
        store: Where the cursor is kept.
        policy: How to poll.
        stop: Ends the loop when set.
        log: structlog logger.
    """

    def __init__(self, bot: Bot, node: Node, store: Store, policy: LoopPolicy, stop: threading.Event, log: Any) -> None:
        self._bot = bot
        self._node = node
        self._store = store
        self._policy = policy
        self._stop = stop
        self._log = log
        self._seen: Block | None = None

    def run(self) -> None:
        """Until stopped.

        Raises:
            CircuitOpen: After too many failures in a row.
        """
        failures = 0
        while not self._stop.is_set():
            try:
                self.step()
                failures = 0
            except Interrupted:
                return
            except Exception as error:
                failures += 1
                self._report(error, failures)
            self._stop.wait(self._pause(failures))

    def step(self) -> None:
        """One poll."""
        block = self._node.latest()
        if self._seen is not None and block.hash == self._seen.hash:
            self._bot.on_idle(block)
            return
        self._heal()
        self._bot.on_block(block)
        self._store.advance(cursor_at(self._bot.name, block))
        self._seen = block

    def _heal(self) -> None:
        """Takes back what was decided on blocks that are no longer part of the chain."""
        cursor = self._store.cursor(self._bot.name)
        if cursor is None:
            return
        there = self._node.block(cursor.block_number)
        if there is not None and there.hash == cursor.block_hash:
            return
        self._log.warning("reorganisation", block=cursor.block_number, was=cursor.block_hash)
        for decision in self._store.decisions(self._bot.name, _RECENT):
            if decision.tx_hash is None or self._node.receipt(decision.tx_hash) is None:
                self._store.retract(self._bot.name, decision.key)
        self._bot.on_reorg()

    def _report(self, error: Exception, failures: int) -> None:
        reason = str(error) if isinstance(error, KeeperError) else f"{type(error).__name__}: {error}"
        self._log.error("failure", reason=reason, failures=failures, of=self._policy.max_failures)
        if failures >= self._policy.max_failures:
            raise CircuitOpen(
                self._bot.name, f"{failures} failures in a row, the last: {reason}", "see the log"
            ) from error

    def _pause(self, failures: int) -> float:
        if failures == 0:
            return self._policy.poll_seconds
        return min(max(self._policy.poll_seconds, 0.05) * 2.0**failures, self._policy.max_backoff)


@contextmanager
def stop_on_signals(stop: threading.Event) -> Iterator[None]:
    """Sets `stop` on SIGTERM and SIGINT; a second one ends the process at once."""

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            sys.exit(128 + number)
        stop.set()

    previous = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
