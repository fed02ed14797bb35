"""Experiments: what was trained on which data by which code, kept so that an interrupted run goes on where it was."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

import keepers.signals
from keepers.documents import durable
from keepers.signals.errors import SignalError
from keepers.signals.regimes.committee import Committee
from keepers.signals.regimes.training import Fit, Lesson, fit

CODE = ("extras.py", "folds.py", "preparation.py", "regimes/committee.py", "regimes/training.py")
"""Files of the signals room that weights follow from, beside the data."""


@dataclass(frozen=True)
class Experiment:
    """The record of one training.

    Attributes:
        data_hash: SHA-256 of the prepared training days, their labels and the horizon.
        code_hash: SHA-256 of `CODE` and torch's version.
        seeds: Seed of each member.
        epochs: Numbers of epochs, of each of which there is a committee.
        weights_hash: SHA-256 of each committee.
        days: Training days.
        log_loss: For each committee, of its mean probability on the training days.
    """

    data_hash: str
    code_hash: str
    seeds: tuple[int, ...]
    epochs: tuple[int, ...]
    weights_hash: tuple[str, ...]
    days: int
    log_loss: tuple[float, ...]


class Experiments:
    """A folder of experiments; a training that is there already is read and not done again.

    Args:
        folder: Folder of records and weights; made when it is first written.
        trainer: Function that trains.
        progress: Called after each training, or each record that was read in its place.
    """

    def __init__(self, folder: Path, trainer: Fit = fit, progress: Callable[[], None] = lambda: None) -> None:
        self.folder = folder
        self.seen: list[Experiment] = []
        self._trainer = trainer
        self._progress = progress
        self._code = code_hash()

    def fit(self, lesson: Lesson, epochs: Sequence[int], seeds: Sequence[int]) -> list[Committee]:
        """Committees as `training.fit` gives them.

        Raises:
            SignalError: If `training.fit` raises it, or a record or its weights are broken.
        """
        data = lesson_hash(lesson)
        key = hashlib.sha256(f"{data};{self._code};{tuple(epochs)};{tuple(seeds)}".encode()).hexdigest()[:32]
        found = self._read(key)
        if found is None:
            committees = self._trainer(lesson, epochs, seeds)
            losses = tuple(_log_loss(committee, lesson) for committee in committees)
            hashes = tuple(committee.digest for committee in committees)
            record = Experiment(data, self._code, tuple(seeds), tuple(epochs), hashes, lesson.labels.size, losses)
            # The record comes last: what it names is there.
            durable.write(self.folder / f"{key}.npz", packed(committees))
            durable.write(self.folder / f"{key}.json", json.dumps(asdict(record), indent=1).encode())
            found = record, committees
        self.seen.append(found[0])
        self._progress()
        return found[1]

    def _read(self, key: str) -> tuple[Experiment, list[Committee]] | None:
        path = self.folder / f"{key}.json"
        if not path.exists():
            return None
        record = read_experiment(path)
        committees = unpacked(path.with_suffix(".npz"), len(record.epochs))
        if tuple(committee.digest for committee in committees) != record.weights_hash:
            raise SignalError(path.with_suffix(".npz"), "its weights are not those of its record", "delete both files")
        return record, committees


def read_experiment(path: Path) -> Experiment:
    """The record of a file.

    Raises:
        SignalError: If it is broken.
    """
    try:
        return TypeAdapter(Experiment).validate_json(durable.read(path))
    except ValidationError:
        raise SignalError(path, "not a record of an experiment", "delete it, to train again") from None


def packed(committees: Sequence[Committee]) -> bytes:
    """Committees as the bytes of an archive of numpy."""
    parts = {}
    for place, committee in enumerate(committees):
        for layer, (weight, bias) in enumerate(zip(committee.weights, committee.biases, strict=True)):
            parts[f"{place}-{layer}-weight"], parts[f"{place}-{layer}-bias"] = weight, bias
        parts[f"{place}-slopes"] = committee.slopes
    stream = io.BytesIO()
    np.savez_compressed(stream, **parts)
    return stream.getvalue()


def unpacked(path: Path, count: int) -> list[Committee]:
    """The committees of an archive.

    Raises:
        SignalError: If it is broken.
    """
    try:
        with np.load(io.BytesIO(durable.read(path)), allow_pickle=False) as parts:
            layers = len({name.split("-")[1] for name in parts.files if name.endswith("weight")})
            return [
                Committee(
                    tuple(parts[f"{place}-{layer}-weight"] for layer in range(layers)),
                    tuple(parts[f"{place}-{layer}-bias"] for layer in range(layers)),
                    parts[f"{place}-slopes"],
                )
                for place in range(count)
            ]
    except (ValueError, KeyError, IndexError, OSError, EOFError) as error:
        raise SignalError(path, f"no weights: {error}", "delete it and its record, to train again") from None


def lesson_hash(lesson: Lesson) -> str:
    """SHA-256 of training days."""
    found = hashlib.sha256(f"{lesson.rows.shape};{lesson.horizon};".encode())
    found.update(np.ascontiguousarray(lesson.rows).tobytes() + lesson.labels.tobytes())
    return found.hexdigest()


def code_hash() -> str:
    """SHA-256 of `CODE` and torch's version.

    Raises:
        SignalError: If torch is not installed.
    """
    require_trainer()
    root = Path(next(iter(keepers.signals.__path__)))
    found = hashlib.sha256(f"torch {version('torch')};".encode())
    for name in CODE:
        text = (root / name).read_bytes()
        found.update(f"{name};{len(text)};".encode() + text)
    return found.hexdigest()


def require_trainer() -> None:
    """Refuses where torch is not installed, before the minutes that come first.

    Raises:
        SignalError: If it is not.
    """
    if find_spec("torch") is None:
        raise SignalError("torch", "not installed", "pip install 'quantera[ai]', or leave the network out")


def _log_loss(committee: Committee, lesson: Lesson) -> float:
    probability = np.clip(committee.probabilities(lesson.rows).mean(axis=0), 1e-6, 1 - 1e-6)
    return float(-np.where(lesson.labels, np.log(probability), np.log1p(-probability)).mean())
