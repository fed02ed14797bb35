"""Bots of one process: a thread each, and one end for all when they are stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from keepers.runtime.runtime import Runtime

FIRST_REST_SECONDS, LONGEST_REST_SECONDS = 30.0, 900.0
"""Seconds that a bot that gave up rests; they double each time until it ran for longer than the longest."""


class Supervisor:
    """The bots of one process.

    Attributes:
        fault: Error of the bot that gave up last, once all have; None before.

    Args:
        open_bot: Opens a bot of a kind.
        log: structlog logger.
        stop: Set when the bots are asked to end.
    """

    def __init__(
        self, open_bot: Callable[[str], AbstractContextManager[Runtime]], log: Any, stop: threading.Event
    ) -> None:
        self.fault: Exception | None = None
        self.open_bot = open_bot
        self.log = log
        self.stop = stop
        self._lock = threading.Lock()
        self._up: set[str] = set()

    @contextmanager
    def supervised(self, kind: str, name: str) -> Iterator[SupervisedBot]:
        """Opens a bot, so that what is wrong at the start is told before any of them runs."""
        bot = SupervisedBot(self, kind, name)
        self._up.add(name)
        try:
            yield bot
        finally:
            bot.close()

    def gives_up(self, name: str, error: Exception) -> bool:
        """A bot's circuit opened; whether others go on."""
        with self._lock:
            self._up.discard(name)
            if not self._up:
                self.fault = error
                self.stop.set()
            return bool(self._up)

    def goes_on(self, name: str) -> None:
        """A bot was opened anew."""
        with self._lock:
            self._up.add(name)


class SupervisedBot:
    """A bot's place in the supervisor: opened at once, and again after each time that it gave up.

    Args:
        supervisor: Supervisor that it belongs to.
        kind, name: Kind and name of the bot.
    """

    def __init__(self, supervisor: Supervisor, kind: str, name: str) -> None:
        self._supervisor = supervisor
        self._kind = kind
        self._name = name
        self._opened = ExitStack()
        self._runtime: Runtime | None = self._opened.enter_context(supervisor.open_bot(kind))

    def run(self) -> None:
        """Runs until it is stopped or gives up with all other bots."""
        rest = FIRST_REST_SECONDS
        while not self._supervisor.stop.is_set():
            started = time.monotonic()
            try:
                self._run_once()
            except Exception as error:
                if not self._supervisor.gives_up(self._name, error):
                    return
                if time.monotonic() - started > LONGEST_REST_SECONDS:
                    rest = FIRST_REST_SECONDS
                self._supervisor.log.error("circuit open", bot=self._name, reason=str(error), rests_seconds=rest)
                self._supervisor.stop.wait(rest)
                rest = min(2 * rest, LONGEST_REST_SECONDS)

    def close(self) -> None:
        """Closes what is open."""
        self._opened.close()

    def _run_once(self) -> None:
        try:
            if self._runtime is None:
                self._runtime = self._opened.enter_context(self._supervisor.open_bot(self._kind))
                self._supervisor.goes_on(self._name)
            self._runtime.run()
        except Exception:
            self._runtime = None
            self._opened.close()
            raise
