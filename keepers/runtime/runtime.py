"""Runs a bot: leads or waits, handles reorganisations, serves triggers, ends cleanly, gives up when it must."""

from __future__ import annotations

import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from types import FrameType
from typing import Protocol

import structlog

from keepers.errors import KeeperError, Waiting
from keepers.rpc.errors import NoCommonBlock, Reverted
from keepers.rpc.events import ChainMoved, pages
from keepers.rpc.heads import HeadStream
from keepers.rpc.node import Block
from keepers.runtime.decision_log import DecisionLog
from keepers.runtime.invocation import Invocation
from keepers.runtime.leadership import Leadership
from keepers.runtime.triggers import OnBlock, OnChange, OnEvents, OnThreshold, OnTime, Trigger
from keepers.store import Cursor, LeaseLost, SeenBlock
from keepers.store.pauses import Pause, paused
from keepers.transactions.errors import Interrupted

_SETTLING = "settling"
"""Name of what comes before every trigger, among what a bot waits for."""

_SLICE = 0.25
"""Seconds after which a wait looks whether it was asked to end."""


class Bot(Protocol):
    """A bot that the runtime can run."""

    @property
    def name(self) -> str:
        """Name in the store."""
        ...

    @property
    def triggers(self) -> Sequence[Trigger]:
        """Triggers, in the order in which they are served."""
        ...

    def forget(self) -> None:
        """Blocks were taken back, or another replica acted meanwhile: what is only in memory no longer holds."""
        ...


class CircuitOpen(KeeperError):
    """A bot failed too often in a row."""


@dataclass(frozen=True)
class Policy:
    """The limits and pauses of a run.

    Attributes:
        poll_seconds: Time between looks for a new block.
        max_failures: Failures in a row after which the bot gives up.
        max_backoff: Maximum seconds between looks after failures, which double each time.
        confirmations: Blocks on top of an event's before it counts.
        finality: Blocks that a reorganisation may take back; so many are remembered.
        page: Maximum number of blocks per log query.
        live_poll_seconds: Time between looks while a websocket tells of new blocks.
        patience: Seconds for which a node may be behind what it once showed before the chain itself went back.
    """

    poll_seconds: float
    max_failures: int = 8
    max_backoff: float = 30.0
    confirmations: int = 0
    finality: int = 64
    page: int = 2000
    live_poll_seconds: float = 15.0
    patience: float = 30.0


@dataclass(frozen=True)
class Step:
    """The result of a look at the chain.

    Attributes:
        head: Newest block; None for a replica that stands by.
        leads: True if this replica acts.
        paused: True if the bot rests.
        waits: True if something has to come first before a trigger can be dealt with.
    """

    head: Block | None
    leads: bool = True
    paused: bool = False
    waits: bool = False


class Runtime:
    """One bot on one chain.

    Args:
        bot: Bot whose triggers are served.
        decisions: Decisions of the bot, with its node and its store.
        policy: Limits and pauses.
        stop: Ends it when set.
        leadership: Leadership of this replica; None for a bot that has no replicas.
        heads: Tells of new blocks, if there is a websocket.
        wake: Event that `heads` sets.
        beat: Called after each step that went well; for health checks.
    """

    def __init__(
        self,
        bot: Bot,
        decisions: DecisionLog,
        policy: Policy,
        stop: threading.Event,
        leadership: Leadership | None = None,
        heads: HeadStream | None = None,
        wake: threading.Event | None = None,
        beat: Callable[[Step], None] = lambda _: None,
    ) -> None:
        self._bot = bot
        self._decisions = decisions
        self._policy = policy
        self._stop = stop
        self._leadership = leadership
        self._heads = heads
        self._wake = wake or threading.Event()
        self._beat = beat
        self._epoch = 0
        self._settled = False
        self._seen: SeenBlock | None = None
        self._behind_since: float | None = None
        self._rest: Pause | None = None
        self._served: dict[str, Hashable] = {}
        self._crossed: set[str] = set()
        self._waits: dict[str, KeeperError] = {}
        self._waited: dict[str, str] = {}
        self._told: list[str] = []

    def run(self) -> None:
        """Runs until it is stopped.

        Raises:
            CircuitOpen: If too many looks fail in a row.
        """
        failures = 0
        if self._heads is not None:
            self._heads.start()
        if self._leadership is not None:
            self._leadership.keep(self._decisions.log)
        try:
            while not self._stop.is_set():
                try:
                    self.step()
                    failures = 0
                except Interrupted:
                    return
                except LeaseLost as error:
                    self._decisions.log.warning("stands by", reason=error.reason)
                except Exception as error:
                    failures += 1
                    self._report(error, failures)
                self._wait(failures)
        finally:
            self._close()

    def step(self) -> None:
        """One look at the chain: nothing, if another replica leads; nothing new, while the bot is paused."""
        if not self._leads():
            self._beat(Step(None, leads=False))
            return
        head = self._decisions.node.latest()
        if not self._handle_reorg(head):
            return
        fresh = self._seen is None or head.hash != self._seen.hash
        if fresh:
            self._remember(head)
        unsettled = fresh or not self._settled or self._decisions.store.open_transactions(self._bot.name)
        self._settled = False
        if unsettled and not self._settle(head):
            self._beat(Step(head, waits=True))
            return
        if self._pauses():
            self._beat(Step(head, paused=True))
            return
        self._serve_all(head)
        self._tell_waits()
        self._settled = True
        self._beat(Step(head, waits=bool(self._waits)))

    def _settle(self, head: Block) -> bool:
        """Finishes what was sent; False where that has to wait, and nothing else may begin before."""
        try:
            if self._decisions.settle(head):
                self._bot.forget()
        except Waiting as error:
            self._waits[_SETTLING] = error
            self._tell_waits()
            return False
        self._waits.pop(_SETTLING, None)
        return True

    # -- Leading

    def _leads(self) -> bool:
        if self._leadership is None:
            return True
        if not self._leadership.lead():
            return False
        lease = self._leadership.lease
        if lease is not None and lease.epoch != self._epoch:
            self._decisions.log.info("leads", holder=lease.holder, epoch=lease.epoch)
            self._epoch = lease.epoch
            self._forget()
        return True

    def _forget(self) -> None:
        self._seen = None
        self._served.clear()
        self._crossed.clear()
        self._waits.clear()
        self._waited.clear()
        self._bot.forget()

    def _pauses(self) -> bool:
        """Returns True if a person told the bot to rest; it finishes what it sent, and begins nothing."""
        rest = paused(self._decisions.store, self._bot.name)
        if rest != self._rest:
            self._decisions.log.info("paused" if rest else "goes on", reason=rest.reason if rest else "unpaused")
            self._rest = rest
        return rest is not None

    # -- Reorganisations

    def _handle_reorg(self, head: Block) -> bool:
        """Takes back what was derived from blocks that are no longer part of the chain.

        Returns:
            False while the node is behind what it once showed.
        """
        last = self._seen
        if last is not None and last.hash in (head.hash, head.parent):
            return True
        remembered = self._decisions.store.seen(self._bot.name)
        self._seen = remembered[0] if remembered else None
        if self._seen is None or self._stands(self._seen, head):
            self._behind_since = None
            return True
        reachable = [block for block in remembered if block.number <= head.number]
        found = self._decisions.node.blocks([block.number for block in reachable])
        standing = [seen for seen, block in zip(reachable, found, strict=True) if block and block.hash == seen.hash]
        if not standing:
            reason = f"none of the {len(remembered)} blocks up to {remembered[0].number} that were seen is on it"
            raise NoCommonBlock(
                f"chain at block {head.number}", reason, "check the node, or give it a store of its own"
            )
        ancestor = standing[0]
        if len(standing) == len(reachable) and self._is_behind(head, remembered[0]):
            return False
        self._behind_since = None
        keys = self._decisions.store.roll_back(self._bot.name, ancestor)
        was = f"{remembered[0].number} {remembered[0].hash}"
        self._decisions.log.warning("reorganisation", back_to=ancestor.number, was=was, retracted=keys)
        self._forget()
        self._seen = ancestor
        return True

    def _stands(self, seen: SeenBlock, head: Block) -> bool:
        """Returns True if a block that was seen is still part of the chain."""
        if seen.hash in (head.hash, head.parent):
            return True
        there = self._decisions.node.block(seen.number) if seen.number < head.number else None
        return there is not None and there.hash == seen.hash

    def _is_behind(self, head: Block, newest: SeenBlock) -> bool:
        """Returns True if a node that contradicts nothing but lacks blocks may only be late."""
        if head.number >= newest.number:
            return False
        now = time.monotonic()
        self._behind_since = self._behind_since or now
        return now - self._behind_since < self._policy.patience

    def _remember(self, head: Block) -> None:
        """Every block since the last one, as far back as a reorganisation may reach."""
        first = max(0, head.number - self._policy.finality)
        if self._seen is not None:
            first = max(first, self._seen.number + 1)
        found = [block for block in self._decisions.node.blocks(range(first, head.number)) if block is not None]
        chain = [*found, head]
        linked = all(after.parent == before.hash for before, after in pairwise(chain))
        if len(found) != head.number - first or not linked:
            raise ChainMoved(f"block {head.number}", "the chain changed while it was read", "read again")
        if self._seen is not None and self._seen.number + 1 == first and chain[0].parent != self._seen.hash:
            raise ChainMoved(f"block {first}", "not on top of the last one seen", "read again")
        seen = [SeenBlock(block.number, block.hash, block.timestamp) for block in chain]
        self._decisions.store.see(self._bot.name, seen, self._policy.finality + 1)
        self._seen = seen[-1]

    # -- Triggers

    def _serve_all(self, head: Block) -> None:
        """All of them, whichever fail; the first failure is raised afterwards."""
        failure: Exception | None = None
        for trigger in self._bot.triggers:
            invocation = Invocation(head, secrets.token_hex(8))
            bound = {"bot": self._bot.name, "trigger": trigger.name, "trace": invocation.trace}
            with structlog.contextvars.bound_contextvars(**bound):
                try:
                    self._serve(trigger, head, invocation)
                except (Interrupted, LeaseLost):
                    raise
                except Exception as error:
                    failure = failure or error
                    self._served.pop(trigger.name, None)
        if failure is not None:
            raise failure

    def _serve(self, trigger: Trigger, head: Block, invocation: Invocation) -> None:
        if not isinstance(trigger, OnChange) and self._served.get(trigger.name) == head.hash:
            return
        if self._waited.get(trigger.name) == head.hash:
            return
        try:
            self._call(trigger, head, invocation)
        except (Waiting, Reverted) as error:
            # A revert that no handler took for an answer is a state of the chain, such as a price that is too old.
            self._waits[trigger.name] = error
            self._waited[trigger.name] = head.hash
            return
        self._waits.pop(trigger.name, None)
        if not isinstance(trigger, OnChange):
            self._served[trigger.name] = head.hash

    def _call(self, trigger: Trigger, head: Block, invocation: Invocation) -> None:
        if isinstance(trigger, OnChange):
            self._serve_change(trigger, head, invocation)
        elif isinstance(trigger, OnEvents):
            self._serve_events(trigger, head, invocation)
        elif isinstance(trigger, OnTime):
            self._serve_time(trigger, head, invocation)
        elif isinstance(trigger, OnThreshold):
            self._serve_threshold(trigger, head, invocation)
        elif isinstance(trigger, OnBlock):
            trigger.handler(invocation)

    def _tell_waits(self) -> None:
        """One line when waiting begins for something, and one when it ends; reasons may change with every block."""
        waits = sorted(str(error.value) for error in self._waits.values())
        if waits != self._told:
            self._told = waits
            reasons = "; ".join(str(error) for error in self._waits.values())
            if waits:
                self._decisions.log.warning("waits", reason=reasons)
            else:
                self._decisions.log.info("waits no more")

    def _serve_change(self, trigger: OnChange, head: Block, invocation: Invocation) -> None:
        value = trigger.read(head)
        if self._served.get(trigger.name) != value:
            trigger.handler(invocation)
            self._served[trigger.name] = value

    def _serve_threshold(self, trigger: OnThreshold, head: Block, invocation: Invocation) -> None:
        value = trigger.read(head)
        if value is None:
            return
        rearm = trigger.limit if trigger.rearm is None else trigger.rearm
        if value <= rearm:
            self._crossed.discard(trigger.name)
        elif value > trigger.limit and trigger.name not in self._crossed and trigger.handler(value, invocation):
            self._crossed.add(trigger.name)

    def _serve_time(self, trigger: OnTime, head: Block, invocation: Invocation) -> None:
        name = f"{self._bot.name}@{trigger.name}"
        cursor = self._decisions.store.cursor(name)
        due = trigger.schedule.latest(head.timestamp)
        if due is None:
            return
        if cursor is not None:
            if due <= cursor.block_number:
                return
            trigger.handler(due, invocation)
        # The first time that it is looked at, what is past is past.
        self._decisions.store.advance(Cursor(name, due, trigger.schedule.text[:66], head.timestamp))

    def _serve_events(self, trigger: OnEvents, head: Block, invocation: Invocation) -> None:
        name = f"{self._bot.name}/{trigger.name}"
        cursor = self._decisions.store.cursor(name)
        depth = self._policy.confirmations if trigger.confirmations is None else trigger.confirmations
        first = trigger.start if cursor is None else cursor.block_number + 1
        remembered: dict[int, str] | None = None
        for page in pages(self._decisions.node, trigger.filter, first, head.number - depth, self._policy.page):
            if page.last > head.number - self._policy.finality and page.hash != head.hash:
                if remembered is None:
                    remembered = {block.number: block.hash for block in self._decisions.store.seen(self._bot.name)}
                if page.hash != remembered.get(page.last):
                    raise ChainMoved(f"block {page.last}", "the chain changed while it was read", "read again")
            cursor = Cursor(name, page.last, page.hash, page.timestamp)
            if page.events:
                invocation.block, invocation.reach = head, head.number
                trigger.handler(page.events, invocation)
                self._decisions.store.serve(cursor, invocation.reach, page.events[0].block_number)
            else:
                self._decisions.store.advance(cursor)

    # -- Ends

    def _wait(self, failures: int) -> None:
        seconds = self._pause(failures)
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and not self._stop.is_set():
            if self._wake.wait(min(left, _SLICE)):
                self._wake.clear()
                if failures == 0:
                    return

    def _pause(self, failures: int) -> float:
        if failures == 0:
            live = self._heads is not None and self._heads.live
            return max(self._policy.poll_seconds, self._policy.live_poll_seconds if live else 0.0)
        return min(max(self._policy.poll_seconds, 0.05) * 2.0**failures, self._policy.max_backoff)

    def _report(self, error: Exception, failures: int) -> None:
        reason = str(error) if isinstance(error, KeeperError) else f"{type(error).__name__}: {error}"
        self._decisions.log.error("failure", reason=reason, failures=failures, of=self._policy.max_failures)
        if failures >= self._policy.max_failures:
            raise CircuitOpen(
                self._bot.name, f"{failures} failures in a row, the last: {reason}", "see the log"
            ) from error

    def _close(self) -> None:
        if self._heads is not None:
            self._heads.close()
        if self._leadership is not None:
            try:
                self._leadership.resign()
            except KeeperError as error:
                self._decisions.log.warning("lease not given up", reason=str(error))


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
