"""Triggers of a bot. A handler may raise: it is called again, so that it has to decide each thing once by key."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from keepers.abi import Fragment
from keepers.rpc.events import Event, LogFilter
from keepers.rpc.node import Block
from keepers.runtime.cron import CronSchedule
from keepers.runtime.invocation import Invocation


@dataclass(frozen=True)
class OnBlock:
    """A new newest block; others may lie between it and the last one.

    Attributes:
        name: Name in the log, unique within a bot.
        handler: Takes the invocation.
    """

    name: str
    handler: Callable[[Invocation], None]


@dataclass(frozen=True)
class OnEvents:
    """Events, each once, in the order of the chain, those of a downtime included; in pages.

    A page whose handler raised comes again; one that was taken back by a reorganisation comes again as it is now.

    Attributes:
        name: Name in the log and of the cursor, unique within a bot.
        event: Event to watch.
        addresses: Contracts to watch; none for every contract.
        handler: Takes a page of events and the invocation.
        start: Height to begin at where there is no cursor yet.
        topics: 0x-prefixed values of the indexed arguments, None for any.
        confirmations: Blocks on top of an event's before it counts; None for the runtime's.
    """

    name: str
    event: Fragment
    addresses: tuple[str, ...]
    handler: Callable[[Sequence[Event], Invocation], None]
    start: int = 0
    topics: tuple[str | None, ...] = ()
    confirmations: int | None = None

    @property
    def filter(self) -> LogFilter:
        """Returns the filter that the node takes."""
        return LogFilter(self.event, self.addresses, self.topics)


@dataclass(frozen=True)
class OnTime:
    """A time of the chain's clock. After a downtime the last one that was missed comes once.

    Attributes:
        name: Name in the log and of the cursor, unique within a bot.
        schedule: Times.
        handler: Takes the time that was due, unix seconds, and the invocation.
    """

    name: str
    schedule: CronSchedule
    handler: Callable[[int, Invocation], None]


@dataclass(frozen=True)
class OnThreshold:
    """A number above a limit: once a crossing, when the handler says that it has dealt with it.

    Attributes:
        name: Name in the log, unique within a bot.
        read: Function from a block to the number; None where it cannot be had.
        limit: Value above which the handler is called.
        handler: Takes the number and the invocation; False has it called again with the next block.
        rearm: Value at or below which the next crossing counts; the default is the limit.
    """

    name: str
    read: Callable[[Block], float | None]
    limit: float
    handler: Callable[[float, Invocation], bool]
    rearm: float | None = None


@dataclass(frozen=True)
class OnChange:
    """A value that is another one than when it was last dealt with; looked at without new blocks too.

    Attributes:
        name: Name in the log, unique within a bot.
        read: The value, given the newest block.
        handler: Takes the invocation.
    """

    name: str
    read: Callable[[Block], Hashable]
    handler: Callable[[Invocation], None]


Trigger = OnBlock | OnEvents | OnTime | OnThreshold | OnChange
