"""Training of the model that a keeper serves, its record, and what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from eth_utils.crypto import keccak
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from keepers.documents import durable
from keepers.operations.signal_data import TrainingConfig
from keepers.operations.signals_experiments import Experiments, read_experiment
from keepers.signals.drift import Reference, reference_path
from keepers.signals.errors import SignalError
from keepers.signals.features import Feature, Frame, definition_hash, feature_named
from keepers.signals.preparation import Preparation
from keepers.signals.regimes.evaluation import Protocol
from keepers.signals.regimes.inputs import WIDE, Inputs
from keepers.signals.regimes.model import Card, TrainedModel, joined
from keepers.signals.regimes.onnx_file import encoded
from keepers.signals.regimes.rule_file import EwmaRule
from keepers.signals.regimes.rules import ewma_at
from keepers.signals.regimes.serving import ServedModel
from keepers.signals.regimes.training import Lesson

Array = NDArray[np.float64]

MODEL, RECORD, EXPERIMENTS, RULE = "model.onnx", "model.json", "experiments", "rule.json"
"""Names in the folder of a model."""


@dataclass(frozen=True)
class ModelRecord:
    """Origin and scores of a trained model.

    Attributes:
        weights_hash: keccak256 of its file, 0x-prefixed, as it is registered on chain.
        committee_hash: SHA-256 of its numbers.
        data_hash: SHA-256 of the history.
        features_hash: SHA-256 of the definitions of its features.
        code_hash: SHA-256 of the code that trained it, and torch's version.
        seeds: Seed of each member.
        epochs: Number of epochs.
        days: Training days.
        first, last: First and last of them.
        trained_until: Last day whose close a label reached.
        tested_from: First day that it was judged by; None if every labelled day is a training day.
        tested_days: Days that it was judged by.
        accuracy, brier: On those days; None without them.
        seed_accuracy: On those days, of each seed alone.
        medians: Median of each input over the training days, which an explanation puts in its place.
    """

    weights_hash: str
    committee_hash: str
    data_hash: str
    features_hash: str
    code_hash: str
    seeds: tuple[int, ...]
    epochs: int
    days: int
    first: date
    last: date
    trained_until: date
    tested_from: date | None
    tested_days: int
    accuracy: float | None
    brier: float | None
    seed_accuracy: tuple[float, ...]
    medians: tuple[float, ...]


def train_rule(frame: Frame, protocol: Protocol, config: TrainingConfig, folder: Path) -> EwmaRule:
    """Fits the EWMA rule and writes its file, and beside it the reference by which drift is judged.

    Args:
        frame, protocol, config, folder: The same as of `train`; epochs and seeds mean nothing here.

    Raises:
        SignalError: If `train` would raise it.
    """
    inputs = Inputs.of(frame, (), protocol.label)
    training, _ = _split(inputs, frame, protocol, config)
    rule = EwmaRule.fit(inputs, training, frame.dates, frame.digest())
    scores = ewma_at(inputs.labelled, inputs.rows[training])
    predicted = scores > rule.cut
    probability = np.where(predicted, rule.above, rule.below)
    reference = Reference.fit(
        "0x" + rule.weights_hash.hex(), scores[:, None], probability, predicted, inputs.turbulent[training]
    )
    # First: a model without its reference is followed unwatched, and a reference of another model is refused.
    durable.write(reference_path(folder / RULE), reference.content)
    durable.write(folder / RULE, rule.content)
    return rule


def train(
    frame: Frame,
    protocol: Protocol,
    config: TrainingConfig,
    folder: Path,
    progress: Any = None,
    features: tuple[Feature, ...] | None = None,
) -> ModelRecord:
    """Trains the network, seed by seed, and writes its file, its record, and the reference by which drift is judged.

    A training that was interrupted goes on with the first seed that is not there. The same data, config and machine
    give the same file.

    Args:
        frame: The history.
        protocol: Label, and the embargo before days that the model is judged by.
        config: Epochs, seeds, and the days of training and test.
        folder: Folder of the model.
        progress: Called after each seed.
        features: Features that it reads beside the ratios; those of decision 139 for None.

    Raises:
        SignalError: If the training would reach into its test, or has too few days, or a file is broken, or the folder
            cannot be made.
    """
    features = features or tuple(feature_named(name) for name in WIDE)
    inputs = Inputs.of(frame, features, protocol.label)
    training, test = _split(inputs, frame, protocol, config)
    labels = inputs.turbulent
    if labels[training].all() or not labels[training].any():
        raise SignalError(f"{training.size} training days", "have one regime only", "begin the history earlier")
    preparation = Preparation.fit(inputs.wide[training])
    lesson = Lesson(preparation.apply(inputs.wide[training]), labels[training], protocol.label.horizon)
    _require_folder(folder)
    experiments = Experiments(folder / EXPERIMENTS, progress=progress or (lambda: None))
    # One at a time: what an interruption loses is one seed.
    members = [experiments.fit(lesson, [config.epochs], [seed])[0] for seed in config.seeds]
    committee = joined(members)
    until = frame.dates[inputs.rows[training[-1]] + protocol.label.horizon]
    card = Card(inputs.names, definition_hash(features), protocol.label, until, frame.digest())
    model = TrainedModel(card, preparation, committee)
    content = encoded(model)
    record = _recorded(model, content, experiments.seen[0].code_hash, (inputs, training, test), frame, config)
    probability = committee.probabilities(lesson.rows).mean(axis=0)
    reference = Reference.fit(
        record.weights_hash, inputs.wide[training], probability, probability > 0.5, labels[training]
    )
    durable.write(reference_path(folder / MODEL), reference.content)
    durable.write(folder / MODEL, content)
    durable.write(folder / RECORD, TypeAdapter(ModelRecord).dump_json(record, indent=1))
    return record


def _recorded(
    model: TrainedModel,
    content: bytes,
    code_hash: str,
    days: tuple[Inputs, NDArray[np.int64], NDArray[np.int64]],
    frame: Frame,
    config: TrainingConfig,
) -> ModelRecord:
    """The record of a model, from its file, the code's hash, and the inputs with their training and test days."""
    inputs, training, test = days
    return ModelRecord(
        weights_hash="0x" + keccak(content).hex(),
        committee_hash=model.committee.digest,
        data_hash=model.card.data,
        features_hash=model.card.definitions,
        code_hash=code_hash,
        seeds=config.seeds,
        epochs=config.epochs,
        days=int(training.size),
        first=frame.dates[inputs.rows[training[0]]],
        last=frame.dates[inputs.rows[training[-1]]],
        trained_until=model.card.trained_until,
        tested_from=frame.dates[inputs.rows[test[0]]] if test.size else None,
        tested_days=int(test.size),
        medians=tuple(map(float, model.preparation.fill)),
        **_scores(model, inputs, test),
    )


def _split(
    inputs: Inputs, frame: Frame, protocol: Protocol, config: TrainingConfig
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of training days and of test days among the labelled days."""
    days = [frame.dates[row] for row in inputs.rows]
    places = np.arange(len(days), dtype=np.int64)
    first_test = next((place for place in places if config.test_from and days[place] >= config.test_from), len(days))
    if config.test_from is not None and first_test == len(days):
        raise SignalError(f"a test from {config.test_from}", f"labels end on {days[-1]}", "choose an earlier day")
    reach = protocol.label.horizon + protocol.embargo
    most = int(first_test) - reach if config.test_from is not None else len(days)
    wanted = most if config.until is None else sum(day <= config.until for day in days)
    if wanted > most:
        last = days[most - 1] if most > 0 else "an earlier day"
        raise SignalError(
            f"training until {config.until}",
            f"its labels reach into the test from {config.test_from}",
            f"train until {last}",
        )
    if wanted < 1:
        raise SignalError(f"training until {config.until}", "has no labelled day", "give a longer history")
    return places[:wanted], places[first_test:]


def _scores(model: TrainedModel, inputs: Inputs, test: NDArray[np.int64]) -> dict[str, Any]:
    if not test.size:
        return {"accuracy": None, "brier": None, "seed_accuracy": ()}
    truth = inputs.turbulent[test]
    members = model.committee.probabilities(model.preparation.apply(inputs.wide[test]))
    mean = members.mean(axis=0)
    return {
        "accuracy": float(np.mean((mean > 0.5) == truth)),
        "brier": float(np.mean((mean - truth) ** 2)),
        "seed_accuracy": tuple(float(np.mean((member > 0.5) == truth)) for member in members),
    }


@dataclass(frozen=True, eq=False)
class Opened:
    """A model of a folder: its record, and its file in onnxruntime."""

    record: ModelRecord
    model: ServedModel


def open_model(folder: Path) -> Opened:
    """The model of a folder.

    Raises:
        SignalError: If a file is missing or broken, or the model is not the one of the record.
    """
    record = read_record(folder)
    return Opened(record, ServedModel(durable.read(folder / MODEL), bytes.fromhex(record.weights_hash[2:])))


def read_record(folder: Path) -> ModelRecord:
    """The record of a folder's model.

    Raises:
        SignalError: If there is none, or it is broken.
    """
    path = folder / RECORD
    if not path.exists():
        raise SignalError(folder, "holds no trained model", "run `quantera signals train`")
    try:
        return TypeAdapter(ModelRecord).validate_json(durable.read(path))
    except ValidationError:
        raise SignalError(path, "not the record of a model", "delete it and train again") from None


def status(folder: Path, today: date) -> dict[str, Any]:
    """Returns the facts about a folder's model: its record, its file, its age, and the trainings that are there.

    Raises:
        SignalError: If `open_model` raises it, unless a training is under way.
    """
    experiments = sorted((folder / EXPERIMENTS).glob("*.json"))
    seeds = sorted({seed for path in experiments for seed in read_experiment(path).seeds})
    if not (folder / RECORD).exists() and seeds:
        return {"state": "training was interrupted", "seeds_done": seeds, "remedy": "run train again: it goes on"}
    opened = open_model(folder)
    age = today - opened.record.trained_until
    return {"state": "trained", "age_days": age // timedelta(days=1), **asdict(opened.record)}


def lines_of(found: dict[str, Any]) -> list[str]:
    """A status for a terminal."""
    if found["state"] != "trained":
        return [f"{found['state']}: {len(found['seeds_done'])} seeds are there; {found['remedy']}"]
    rows = [
        f"weights   {found['weights_hash']}",
        f"data      {found['data_hash']}, {found['days']:,} days from {found['first']} to {found['last']}",
        f"code      {found['code_hash']}",
        f"features  {found['features_hash']}",
        f"trained   {len(found['seeds'])} seeds, {found['epochs']} epochs, by closes until {found['trained_until']}",
    ]
    if found["tested_from"] is None:
        return [*rows, "tested    on no day: every labelled day is a training day"]
    return [*rows, _tested(found)]


def _tested(found: dict[str, Any]) -> str:
    each: Sequence[float] = found["seed_accuracy"]
    spread = f"; seeds alone {np.mean(each):.1%} ± {np.std(each, ddof=1):.1%}" if len(each) > 1 else ""
    return (
        f"tested    on {found['tested_days']:,} days from {found['tested_from']}: accuracy {found['accuracy']:.1%}, "
        f"Brier {found['brier']:.3f}{spread}"
    )


def _require_folder(folder: Path) -> None:
    """Makes the folder before the minutes that a training takes."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SignalError(folder, error.strerror or "cannot be made", "name a folder that can be written") from None
