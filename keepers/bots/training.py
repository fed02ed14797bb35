"""Has the week's network trained by a process of its own, once, and remembers what came of it."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from eth_utils.crypto import keccak
from pydantic import BaseModel, ConfigDict, ValidationError

from keepers.bots.names import training_key
from keepers.config import Training
from keepers.rpc.node import Block
from keepers.runtime.child import Child, Ended
from keepers.runtime.invocation import Invocation
from keepers.runtime.services import BotServices
from keepers.runtime.triggers import OnChange, Trigger
from keepers.signals.errors import SignalError, StaleHistory
from keepers.store import Point

_MINUTE, _HOUR = 60, 3600
_LONGEST_FAULT = 500
"""Characters of a child's last line that are remembered."""


@dataclass(frozen=True)
class TrainingWeek:
    """An ISO week whose network is to be trained.

    Attributes:
        monday: First day.
    """

    monday: date

    @property
    def name(self) -> str:
        """Year and number, such as 2026-W48."""
        year, week, _ = self.monday.isocalendar()
        return f"{year}-W{week:02d}"


def due_week(settings: Training, now: float) -> TrainingWeek | None:
    """The week whose day and hour have come; None before them. A week that went by is not trained any more.

    Args:
        settings: Day and hour.
        now: Unix seconds.
    """
    moment = datetime.fromtimestamp(now, UTC)
    monday = moment.date() - timedelta(days=moment.weekday())
    begins = datetime(monday.year, monday.month, monday.day, tzinfo=UTC)
    begins += timedelta(days=settings.day_number, hours=settings.hour_utc)
    return TrainingWeek(monday) if moment >= begins else None


class TrainedChallenger(BaseModel):
    """A challenger as `quantera signals retrain --json` tells of it, as far as the bot uses it."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    name: str
    file: str
    weights_hash: str
    data_hash: str
    code_hash: str
    last_day: str
    call: str
    days: int
    accuracy: float | None
    brier: float | None


class TrainingBot:
    """Starts `quantera signals retrain` when a week's hour has come, and watches it without waiting for it.

    The child has torch, and no key. A bot that ends, however it does, ends the child; the seeds that it had trained
    stay, and the next child goes on from there. Nothing is registered on chain: the decision holds the manager's call.
    """

    def __init__(self, services: BotServices) -> None:
        self.name = services.bot
        self._services = services
        self._settings = services.config.training
        if self._settings.signals is None:
            raise SignalError("training.signals", "missing", "name the file that `signals retrain --config` takes")
        self._signals = services.config.at(self._settings.signals)
        self._models = services.config.at(self._settings.models)
        self._running: tuple[TrainingWeek, Child] | None = None
        self._started = 0
        self.triggers: Sequence[Trigger] = (OnChange("week", self._state, self.look),)

    def forget(self) -> None:
        """Keeps the child: what it trains follows from closes, whatever becomes of blocks."""

    def close(self) -> None:
        """Ends the child; the seeds that it has trained stay."""
        if self._running is not None:
            _, child = self._running
            self._running = None
            child.end()
            self._services.log.info("training interrupted", pid=child.pid)

    @property
    def busy(self) -> bool:
        """True while a child has not been dealt with."""
        return self._running is not None

    def _state(self, block: Block) -> Hashable:
        """Changes when a week's hour comes, when a child ends, and each minute of the chain: another try may be due."""
        runs = self._running is not None and self._running[1].runs
        return due_week(self._settings, time.time()), self._started, runs, block.timestamp // _MINUTE

    def look(self, invocation: Invocation) -> None:
        """Deals with a child that has ended; starts one for a week that is due and has no challenger yet."""
        if self._running is not None:
            week, child = self._running
            if not child.runs:
                self._running = None
                self._conclude(week, child.ended(), invocation)
            return
        due = due_week(self._settings, time.time())
        if due is None or self._rests(training_key(due.name), invocation.block):
            return
        if self._services.sender.rehearses:
            self._services.log.info("would train", week=due.name, signals=str(self._signals), models=str(self._models))
            return
        self._start(due)

    def _rests(self, key: str, block: Block) -> bool:
        """True if the week is decided for good, or was tried less than `retry_hours` ago."""
        known = self._services.store.decision(self.name, key)
        if known is None or known.final:
            return known is not None
        return block.timestamp < known.created + self._settings.retry_hours * _HOUR

    def _start(self, week: TrainingWeek) -> None:
        where = ("--config", str(self._signals), "--models", str(self._models))
        when = ("--date", week.monday.isoformat())
        child = Child(
            ("signals", "retrain", *where, *when, "--json", "--attached"), self._settings.timeout_minutes * _MINUTE
        )
        self._running, self._started = (week, child), self._started + 1
        self._services.log.info("training began", week=week.name, pid=child.pid)

    # -- What came of it

    def _conclude(self, week: TrainingWeek, ended: Ended, invocation: Invocation) -> None:
        services, key = self._services, training_key(week.name)
        try:
            found = self._challenger(week, ended)
        except StaleHistory as error:
            services.log.warning("stale history", week=week.name, reason=error.reason)
            services.decide(invocation, key, "refused", error.reason)
            return
        except SignalError as error:
            services.log.error("training failed", week=week.name, reason=error.reason)
            services.decide(invocation, key, "refused", error.reason)
            return
        self._measure(found, invocation.block)
        scores = "" if found.brier is None else f", accuracy {found.accuracy:.1%}, Brier {found.brier:.4f}"
        told = f"{found.name}: {found.weights_hash}, {found.days} days until {found.last_day}{scores}; {found.call}"
        services.decide(invocation, key, "done", told)

    def _challenger(self, week: TrainingWeek, ended: Ended) -> TrainedChallenger:
        """The challenger that a child trained.

        Raises:
            StaleHistory: If the history has no day of the week before.
            SignalError: If the child failed or took too long, or its file is not the one that it told of.
        """
        what, remedy, fault = f"training of {week.name}", "see the log", ended.fault[:_LONGEST_FAULT]
        if not ended.in_time:
            reason = f"took longer than {self._settings.timeout_minutes:g} minutes; the next try goes on from its seeds"
            raise SignalError(what, reason, remedy)
        if ended.code == StaleHistory.EXIT_CODE:
            raise StaleHistory(what, fault, remedy)
        if ended.code != 0:
            said = fault or (f"ended by signal {-ended.code}" if ended.code < 0 else f"exit code {ended.code}")
            raise SignalError(what, said, remedy)
        try:
            found = TrainedChallenger.model_validate_json(ended.output)
        except ValidationError:
            raise SignalError(what, "told of no challenger", remedy) from None
        if found.name != f"regimes-{week.name}":
            raise SignalError(what, f"told of {found.name[:64]!r}, which is of another week", remedy)
        if found.weights_hash != self._hash(Path(found.file)):
            raise SignalError(what, f"{found.file} is not the file that was told of", remedy)
        return found

    def _hash(self, file: Path) -> str:
        try:
            return "0x" + keccak(file.read_bytes()).hex()
        except OSError as error:
            return error.strerror or "cannot be read"

    def _measure(self, found: TrainedChallenger, block: Block) -> None:
        """Records the scores of a challenger that was judged by days that it was not trained on."""
        scores = {"challenger:accuracy": found.accuracy, "challenger:brier": found.brier}
        points = [
            Point(name, block.timestamp, block.number, value) for name, value in scores.items() if value is not None
        ]
        self._services.store.observe(self.name, points)
