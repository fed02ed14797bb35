"""Prometheus metrics of bots: counters read off their log lines, so that the two agree; gauges from their steps."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from keepers.risk.recorded import METRICS, RiskUpdate
from keepers.runtime.runtime import Step

EVENTS = (
    "failure",
    "circuit open",
    "doubt",
    "stale list",
    "provider down",
    "webhook refused",
    "claims lapse",
    "signal fell back",
    "signal demoted",
    "challenger failed",
    "drift unwatched",
    "training failed",
    "stale history",
    "notice undelivered",
    "stuck",
    "reorganisation",
    "sent",
    "replaced",
    "resent",
    "cancelled",
    "mined",
    "gap",
    "displaced",
    "endpoint down",
    "failover",
    "websocket down",
    "reconnected",
    "lease lost",
)
"""Lines that are counted by their name."""


@dataclass
class Health:
    """The health of a bot.

    Attributes:
        beat: Monotonic seconds of the last completed look at the chain; None before the first.
        failing: Failures in a row.
        stopped: True if it has ended.
    """

    beat: float | None = None
    failing: int = 0
    stopped: bool = False


class Metrics:
    """Numbers of the bots of one process, in a registry of their own.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._registry = CollectorRegistry()
        self._health: dict[str, Health] = {}
        self._decisions = self._counter("decisions", "Decisions by outcome.", "outcome")
        self._events = self._counter("events", "Failures, reorganisations, replacements and the like.", "event")
        self._gas = self._counter("gas_used", "Gas of mined transactions.")
        self._block = self._gauge("block_height", "Newest block that was dealt with.")
        self._block_time = self._gauge("block_timestamp_seconds", "Its time, unix seconds.")
        self._failing = self._gauge("failures_in_a_row", "Zero while things go well.")
        self._leading = self._gauge("leading", "One for the replica that acts.")
        self._paused = self._gauge("paused", "One while paused by `quantera pause`.")
        self._risk = self._gauge("risk", "Recorded numbers of the bot's portfolio.", "metric")
        self._waiting = self._gauge("waiting", "One while something has to come first: a price, a moment.")

    def expect(self, bot: str) -> None:
        """A bot that is about to start: not ready until its first look at the chain."""
        self._health[bot] = Health()
        self._failing.labels(bot).set(0)

    def watch(self, line: MutableMapping[str, Any]) -> None:
        """Counts a log line."""
        bot = str(line.get("bot", ""))
        event = str(line.get("event", ""))
        if event == "decision":
            self._decisions.labels(bot, str(line.get("outcome", ""))).inc()
            self._gas.labels(bot).inc(int(line.get("gas") or 0))
        elif event == "stopped":
            self._health.setdefault(bot, Health()).stopped = True
        elif event in EVENTS:
            self._events.labels(bot, event).inc()
        elif (update := RiskUpdate.read(line)) is not None:
            self._show(bot, update)
        if event == "failure":
            self._fail(bot, int(line.get("failures") or 1))

    def beat(self, bot: str, step: Step) -> None:
        """A look at the chain that went well."""
        health = self._health.setdefault(bot, Health())
        health.beat, health.failing = self._clock(), 0
        self._failing.labels(bot).set(0)
        self._leading.labels(bot).set(int(step.leads))
        self._paused.labels(bot).set(int(step.paused))
        self._waiting.labels(bot).set(int(step.waits))
        if step.head is not None:
            self._block.labels(bot).set(step.head.number)
            self._block_time.labels(bot).set(step.head.timestamp)

    def faults(self, patience: float) -> dict[str, str]:
        """Bots that are not ready, with the reason.

        Args:
            patience: Seconds without a look at the chain after which a bot counts as hung.
        """
        found = {bot: self._fault(health, patience) for bot, health in self._health.items()}
        return {bot: fault for bot, fault in found.items() if fault}

    def hung(self, patience: float) -> list[str]:
        """Bots that began and have neither looked at the chain nor failed for so many seconds."""
        return [bot for bot, health in self._health.items() if self._silent(health, patience)]

    def exposition(self) -> bytes:
        """Returns the metrics in Prometheus's text format."""
        return generate_latest(self._registry)

    def _show(self, bot: str, update: RiskUpdate) -> None:
        """Shows the numbers of an update; one that has become unknown is shown as not a number."""
        for name in METRICS:
            self._risk.labels(bot, name).set(update.numbers.get(name, math.nan))

    def _fail(self, bot: str, failures: int) -> None:
        health = self._health.setdefault(bot, Health())
        health.failing = failures
        # It failed, so it is not hung; the circuit breaker sees to the rest.
        health.beat = health.beat and self._clock()
        self._failing.labels(bot).set(failures)

    def _fault(self, health: Health, patience: float) -> str:
        if health.stopped:
            return "stopped"
        if health.beat is None:
            return "has not yet seen the chain"
        if health.failing:
            return f"{health.failing} failures in a row"
        return "hangs" if self._silent(health, patience) else ""

    def _silent(self, health: Health, patience: float) -> bool:
        return not health.stopped and health.beat is not None and self._clock() - health.beat > patience

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"quantera_{name}", text, ("bot", *labels), registry=self._registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"quantera_{name}", text, ("bot", *labels), registry=self._registry)
