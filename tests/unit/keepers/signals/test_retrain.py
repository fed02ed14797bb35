"""The network of a week: the same on each of its days, resumed after a kill, and only a challenger."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import pytest

from keepers.operations.signal_data import TrainingConfig
from keepers.operations.signals_retrain import Challenger, lines, retrain
from keepers.operations.signals_train import EXPERIMENTS
from keepers.signals.errors import SignalError
from keepers.signals.features import Frame
from keepers.signals.features.generated import generated_history
from keepers.signals.regimes.evaluation import Protocol
from keepers.signals.regimes.label import Label
from tests.fixtures.kills import Killed, kill

TINY = TrainingConfig(epochs=1, seeds=(1, 2))


@lru_cache(maxsize=1)
def frame() -> Frame:
    whole = generated_history(500, seed=3)
    return Frame(whole.dates, {name: whole.daily[name] for name in ("close", "closes")})


def monday() -> date:
    """Monday of the week of the history's last days."""
    last = frame().dates[-3]
    return last - timedelta(days=last.weekday())


def made(folder: Path, day: date, history: Frame | None = None) -> Challenger:
    return retrain(history or frame(), Protocol(label=Label(5, 60)), TINY, folder, day)


def test_retrain__other_day_of_the_week_with_more_history__gives_the_same_file(tmp_path: Path) -> None:
    early = made(tmp_path / "a", monday(), frame().until(monday()))
    late = made(tmp_path / "b", monday() + timedelta(days=6))
    assert Path(early.file).read_bytes() == Path(late.file).read_bytes()
    assert date.fromisoformat(late.last_day) < monday()


def test_retrain__killed_after_the_first_seed__goes_on_with_the_second(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        retrain(frame(), Protocol(label=Label(5, 60)), TINY, tmp_path / "a", monday(), kill)
    (place,) = (tmp_path / "a").iterdir()
    kept = {path: path.stat().st_mtime_ns for path in (place / EXPERIMENTS).iterdir()}
    resumed, whole = made(tmp_path / "a", monday() + timedelta(days=1)), made(tmp_path / "b", monday())
    assert kept and all(path.stat().st_mtime_ns == written for path, written in kept.items())
    assert Path(resumed.file).read_bytes() == Path(whole.file).read_bytes()


def test_retrain__week_that_has_its_model__is_left_alone(tmp_path: Path) -> None:
    first, again = made(tmp_path, monday()), made(tmp_path, monday() + timedelta(days=4))
    assert first.trained and not again.trained
    assert {**asdict(again), "trained": True} == asdict(first)


def test_retrain__found__is_registered_and_not_promoted(tmp_path: Path) -> None:
    found = made(tmp_path, monday())
    assert found.call.startswith("ModelRegistry.register(0x") and found.weights_hash in found.call
    assert not any("promote" in line for line in lines(found))


def test_retrain__history_that_ended_long_ago__is_refused(tmp_path: Path) -> None:
    with pytest.raises(SignalError, match="has no day of the week before"):
        made(tmp_path, monday() + timedelta(days=28))
    assert list(tmp_path.iterdir()) == []


def test_retrain__model_of_the_week_from_other_data_or_config__is_refused_and_kept(tmp_path: Path) -> None:
    last = next(day for day in reversed(frame().dates) if day < monday())
    first = made(tmp_path, monday(), frame().until(last - timedelta(days=1)))
    content = Path(first.file).read_bytes()
    with pytest.raises(SignalError, match=r"model of .*: trained from data .*; remove its folder"):
        made(tmp_path, monday() + timedelta(days=1))
    shorter = frame().until(last - timedelta(days=1))
    with pytest.raises(SignalError, match="2 seeds, 1 epochs"):
        retrain(shorter, Protocol(label=Label(5, 60)), TrainingConfig(epochs=2, seeds=(1, 2)), tmp_path, monday())
    assert Path(first.file).read_bytes() == content
