"""Training from data to a model's file, its record, explanations, and the evidence for a promotion."""

from __future__ import annotations

import json
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keepers.operations import signals_train
from keepers.operations.signal_data import TrainingConfig
from keepers.operations.signals_experiments import Experiments, lesson_hash
from keepers.operations.signals_explain import explain
from keepers.operations.signals_promote import read_evaluation, require_evidence
from keepers.operations.signals_train import (
    EXPERIMENTS,
    MODEL,
    RECORD,
    ModelRecord,
    open_model,
    status,
    train,
    train_rule,
)
from keepers.signals.drift import OUTCOME_DAYS, Reference
from keepers.signals.errors import SignalError
from keepers.signals.features import Frame
from keepers.signals.features.generated import generated_history
from keepers.signals.regimes.evaluation import Protocol
from keepers.signals.regimes.label import Label
from keepers.signals.regimes.learners import NETWORK

PROTOCOL = Protocol(label=Label(5, 60))
TINY = TrainingConfig(epochs=1, seeds=(1, 2))


@lru_cache(maxsize=1)
def frame() -> Frame:
    whole = generated_history(500, seed=3)
    return Frame(whole.dates, {name: whole.daily[name] for name in ("close", "closes")})


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was trained on all but the last days, and judged by those."""
    made = tmp_path_factory.mktemp("model")
    train(frame(), PROTOCOL, TrainingConfig(epochs=1, seeds=(1, 2), test_from=frame().dates[440]), made)
    return made


@pytest.fixture(scope="module")
def record(model_folder: Path) -> ModelRecord:
    return open_model(model_folder).record


def test_train__record__has_every_hash_and_the_test(record: ModelRecord, model_folder: Path) -> None:
    hashes = (record.committee_hash, record.data_hash, record.features_hash, record.code_hash)
    assert all(len(one) == 64 for one in hashes) and record.data_hash == frame().digest()
    assert record.tested_from == frame().dates[440] and record.tested_days == 500 - 440 - 5
    assert record.accuracy is not None and len(record.seed_accuracy) == 2


def test_train__labels__end_before_the_test(record: ModelRecord) -> None:
    assert record.trained_until < frame().dates[440] and record.last == frame().dates[440 - 11]


def test_train__again_elsewhere__has_the_same_file(model_folder: Path, tmp_path: Path) -> None:
    train(frame(), PROTOCOL, TrainingConfig(epochs=1, seeds=(1, 2), test_from=frame().dates[440]), tmp_path)
    assert (tmp_path / MODEL).read_bytes() == (model_folder / MODEL).read_bytes()


def test_train__folder_that_cannot_be_made__is_refused_before_it_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(Experiments, "fit", lambda *_: pytest.fail("it trains"))
    with pytest.raises(SignalError, match=f"{tmp_path}/file/model: Not a directory; name a folder"):
        train(frame(), PROTOCOL, TINY, tmp_path / "file/model")


def test_train__until_a_day_of_its_test__is_refused(tmp_path: Path) -> None:
    config = TrainingConfig(epochs=1, seeds=(1,), test_from=frame().dates[440], until=frame().dates[431])
    with pytest.raises(SignalError, match=f"reach into the test from {frame().dates[440]}; train until"):
        train(frame(), PROTOCOL, config, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_train__test_after_the_last_label__is_refused(tmp_path: Path) -> None:
    with pytest.raises(SignalError, match="labels end on"):
        train(frame(), PROTOCOL, TrainingConfig(test_from=date(2999, 1, 1)), tmp_path)


def test_train__interrupted__goes_on_with_the_seed_that_is_missing(
    model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = TrainingConfig(epochs=1, seeds=(1, 2), test_from=frame().dates[440])

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(frame(), PROTOCOL, config, tmp_path, interrupt)
    found = status(tmp_path, date(2030, 1, 1))
    assert (found["state"], found["seeds_done"]) == ("training was interrupted", [1])
    trained: list[Any] = []
    real = Experiments.__init__.__defaults__

    def counting(*arguments: Any) -> Any:
        trained.append(arguments[2])
        assert real is not None
        return real[0](*arguments)

    monkeypatch.setattr(signals_train, "Experiments", lambda path, progress: Experiments(path, counting, progress))
    train(frame(), PROTOCOL, config, tmp_path)
    assert trained == [[2]] and (tmp_path / MODEL).read_bytes() == (model_folder / MODEL).read_bytes()


def test_status__trained__says_what_it_was_made_of(model_folder: Path, record: ModelRecord) -> None:
    found = status(model_folder, record.trained_until.replace(year=record.trained_until.year + 1))
    assert found["age_days"] in (365, 366)
    text = "\n".join(signals_train.lines_of(found))
    assert record.weights_hash in text and "2 seeds, 1 epochs" in text and "seeds alone" in text


def test_status__empty_folder__is_refused(tmp_path: Path) -> None:
    with pytest.raises(SignalError, match="holds no trained model; run `quantera signals train`"):
        status(tmp_path, date(2030, 1, 1))


@pytest.fixture
def copied(model_folder: Path, tmp_path: Path) -> Path:
    """A copy of the model that a test may break."""
    for name in (MODEL, RECORD):
        (tmp_path / name).write_bytes((model_folder / name).read_bytes())
    return tmp_path


@pytest.mark.parametrize(("name", "said"), [(MODEL, "registered is 0x"), (RECORD, "not the record of a model")])
def test_open_model__broken_file__is_refused(copied: Path, name: str, said: str) -> None:
    (copied / name).write_bytes(b"{}")
    with pytest.raises(SignalError, match=said):
        open_model(copied)


@pytest.mark.parametrize("ending", ["json", "npz"])
def test_experiments__broken_file__is_refused(model_folder: Path, tmp_path: Path, ending: str) -> None:
    (tmp_path / EXPERIMENTS).mkdir()
    for path in (model_folder / EXPERIMENTS).iterdir():
        broken = path.suffix == f".{ending}"
        (tmp_path / EXPERIMENTS / path.name).write_bytes(b"broken" if broken else path.read_bytes())
    config = TrainingConfig(epochs=1, seeds=(1, 2), test_from=frame().dates[440])
    with pytest.raises(SignalError, match="delete it"):
        train(frame(), PROTOCOL, config, tmp_path)


def test_explain__day__is_the_forecast_of_what_was_known(model_folder: Path) -> None:
    day = frame().dates[450]
    found = explain(frame(), model_folder, day)
    assert found == explain(frame().until(day), model_folder, None) and found.day == day
    assert not found.trained_on_it and explain(frame(), model_folder, frame().dates[400]).trained_on_it
    assert len(found.inputs) == 53 and any(effect for _, _, effect in found.inputs)


def test_explain__day_that_is_none_of_the_history__is_refused(model_folder: Path) -> None:
    with pytest.raises(SignalError, match="no day of this history"):
        explain(frame(), model_folder, date(1999, 1, 1))


def evaluation(record: ModelRecord, live: str = NETWORK.name, choice: float = 1.0) -> dict[str, Any]:
    score = {"model": NETWORK.name, "choice": choice, "seeds": {"count": 2}}
    return {"live": live, "scores": [score], "features": {"sha256": record.features_hash}, "protocol": {}, "test": {}}


def test_require_evidence__network_that_won__passes(record: ModelRecord) -> None:
    require_evidence(record, evaluation(record))


def test_require_evidence__rule_won__is_refused(record: ModelRecord) -> None:
    with pytest.raises(SignalError, match="'ewma threshold' does; it stays in the shadow"):
        require_evidence(record, evaluation(record, live="ewma threshold"))


def test_require_evidence__other_epochs_were_judged__is_refused(record: ModelRecord) -> None:
    with pytest.raises(SignalError, match="train the one that was judged"):
        require_evidence(record, evaluation(record, choice=20.0))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"live": "x"}'])
def test_read_evaluation__no_evaluation__is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "found.json").write_text(text)
    with pytest.raises(SignalError, match="not an evaluation"):
        read_evaluation(tmp_path / "found.json")


def test_read_evaluation__written_as_json__is_read(tmp_path: Path, record: ModelRecord) -> None:
    (tmp_path / "found.json").write_text(json.dumps(evaluation(record)))
    assert read_evaluation(tmp_path / "found.json")["live"] == NETWORK.name


def test_lesson_hash__label_changed__is_another() -> None:
    from keepers.signals.regimes.training import Lesson

    rows = np.zeros((4, 2))
    found = {lesson_hash(Lesson(rows, np.arange(4) < turbulent, 5)) for turbulent in range(5)}
    assert len(found) == 5


def test_train__reference__is_of_the_model_and_its_training_days(model_folder: Path, record: ModelRecord) -> None:
    found = Reference.open((model_folder / "model.reference.json").read_bytes(), record.weights_hash)
    assert len(found.edges) == len(record.medians)
    # Fewer days than a window of outcomes have no bound for them; inputs have one.
    assert found.stability_bound is not None and (found.brier_bound is None) == (record.days < OUTCOME_DAYS)


def test_train_rule__reference__is_of_the_rule_and_its_score(tmp_path: Path) -> None:
    rule = train_rule(frame(), PROTOCOL, TINY, tmp_path)
    found = Reference.open((tmp_path / "rule.reference.json").read_bytes(), "0x" + rule.weights_hash.hex())
    (edges,) = found.edges
    assert edges[0] < edges[-1] and found.stability_bound is not None and found.stability_bound > 0
