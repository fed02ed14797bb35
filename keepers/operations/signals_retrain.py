"""Weekly retraining: the network of one calendar week as a challenger, which nothing follows by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from keepers.contracts.messages import model_id
from keepers.operations.signal_data import TrainingConfig
from keepers.operations.signals_train import MODEL, RECORD, open_model, train
from keepers.signals.errors import SignalError, StaleHistory
from keepers.signals.features import Feature, Frame, definition_hash
from keepers.signals.regimes.evaluation import Protocol

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Challenger:
    """A trained network of one week, and the call that registers it in the shadow.

    Attributes:
        name: Name to register it by, with the ISO week.
        file: Its model file.
        weights_hash, data_hash, code_hash: 0x-prefixed, as the registry takes them.
        last_day: Last day of its history.
        call: Call of the manager; it promotes nothing.
        days: Training days.
        accuracy, brier: On days that it was not trained on; None without such days.
        trained: False if the week had its model already.
    """

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
    trained: bool


def retrain(
    frame: Frame,
    protocol: Protocol,
    config: TrainingConfig,
    folder: Path,
    today: date,
    progress: Callable[[], None] = lambda: None,
    features: tuple[Feature, ...] | None = None,
) -> Challenger:
    """Trains the network of a week from the days before its Monday.

    Any day of the week gives the same file, so that a training that was killed goes on with its missing seeds on a
    later day, although the history has grown. A week that has its model is not trained again; data of days before the
    Monday that came later, and another config, are refused then.

    Args:
        frame: The history; days from the week's Monday on are left out.
        protocol: Label and embargo.
        config: Epochs and seeds.
        folder: Folder of all weeks; each has a folder of its own in it.
        today: Day of the retraining.
        progress: Called after each seed.
        features: Features that it reads, as `train` takes them.

    Raises:
        StaleHistory: If the history has no day of the week before.
        SignalError: If the week's model was trained from other data or by another config, or `train` raises it.
    """
    monday = today - timedelta(days=today.weekday())
    name = f"{monday.isocalendar().year}-W{monday.isocalendar().week:02d}"
    known = [day for day in frame.dates if day < monday]
    if not known or known[-1] < monday - WEEK:
        last = known[-1] if known else "never"
        raise StaleHistory(
            f"history until {last}", f"has no day of the week before {monday}", "bring the data up to date"
        )
    place, history = folder / name, frame.until(known[-1])
    trained = not (place / RECORD).exists()
    if trained:
        train(history, protocol, config, place, progress, features)
    _require_from(place, history, config, features)
    return _challenger(f"regimes-{name}", place, known[-1], trained)


def _require_from(place: Path, history: Frame, config: TrainingConfig, features: tuple[Feature, ...] | None) -> None:
    record = open_model(place).record
    origin = (record.data_hash, record.seeds, record.epochs)
    if origin != (history.digest(), tuple(config.seeds), config.epochs):
        reason = f"trained from data {record.data_hash[:8]}, {len(record.seeds)} seeds, {record.epochs} epochs"
        raise SignalError(f"model of {place.name}", reason, "remove its folder to train it anew")
    if features is not None and record.features_hash != definition_hash(features):
        raise SignalError(f"model of {place.name}", "reads other features", "remove its folder to train it anew")


def _challenger(name: str, place: Path, last_day: date, trained: bool) -> Challenger:
    record = open_model(place).record
    hashes = record.weights_hash, f"0x{record.data_hash}", f"0x{record.code_hash}"
    scores = record.days, record.accuracy, record.brier
    call = f"ModelRegistry.register(0x{model_id(name).hex()}, {', '.join(hashes)})"
    return Challenger(name, str(place / MODEL), *hashes, last_day.isoformat(), call, *scores, trained)


def lines(found: Challenger) -> list[str]:
    """The challenger for a terminal."""
    return [
        f"{found.name}: {'trained' if found.trained else 'was trained already'}, from days until {found.last_day}",
        f"file      {found.file}, {found.weights_hash}",
        f"register  {found.call}",
        f"then name it in rebalance.regime.challenger: {{model: {found.name}, file: {found.file}}}",
    ]
