"""An optional set stays on where it knows something, and goes off where it is noise."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from keepers.operations.signals_sentiment import ablation, ablation_lines
from keepers.signals.errors import SignalError
from keepers.signals.features import Frame, Release, feature_named, optional
from keepers.signals.features.generated import generated_history
from keepers.signals.regimes.ablation import ABLATED, ablate
from keepers.signals.regimes.evaluation import Protocol
from keepers.signals.regimes.label import Label

Array = NDArray[np.float64]
PROTOCOL = Protocol(label=Label(5, 60), first_test=date(2017, 6, 1), refit=250, block=21, resamples=2_000)
BASE = [feature_named(name) for name in ("return_5", "volatility_21")]


def texts_of(frame: Frame, kind: Literal["informed", "noise"], seed: int = 5) -> Frame:
    """The closes of a history, with texts that know the coming week's volatility but for noise, or nothing."""
    close = frame.daily["close"]
    squares = np.concatenate([[0.0], np.diff(np.log(close)) ** 2])
    rng = np.random.default_rng(seed)
    days = [frame.dates[0] + timedelta(days=step) for step in range((frame.dates[-1] - frame.dates[0]).days + 1)]
    row_of = {day: row for row, day in enumerate(frame.dates)}
    scores = rng.uniform(-1, 1, len(days))
    if kind == "informed":
        for place, day in enumerate(days):
            # Knowledge of the next day is about the days after that one.
            row = row_of.get(day, -1) + 1
            if 0 < row < len(close) - 5:
                coming, usual = squares[row + 1 : row + 6].mean(), squares[max(row - 59, 1) : row + 1].mean()
                scores[place] = np.tanh(np.log(usual / coming) + 0.2 * rng.standard_normal())
            elif place:
                scores[place] = scores[place - 1]
    releases = {
        "sentiment": Release.lagged(days, scores, 1),
        "texts": Release.lagged(days, np.ones(len(days)), 1),
    }
    return Frame(frame.dates, {"close": close}, releases)


def test_ablation__texts_that_know_the_coming_week__stay_on() -> None:
    found = ablate(texts_of(generated_history(900, seed=3), "informed"), BASE, optional(), PROTOCOL)
    assert found.used and all(effect.helps for effect in found.effects)
    assert next(ablation_lines(found)).startswith("sentiment is on: its gain in `logistic, features`")


def test_ablation__noise__goes_off() -> None:
    found = ablate(texts_of(generated_history(900, seed=3), "noise"), BASE, optional(), PROTOCOL)
    assert not found.used
    assert next(ablation_lines(found)).startswith(
        "sentiment is off: its gain in `logistic, features` is not above zero"
    )


def test_ablation__noise_of_many_seeds__is_hardly_ever_on() -> None:
    frame = generated_history(900, seed=3)
    added = [feature_named("sentiment_5"), feature_named("attention_5_63")]
    used = [
        ablate(texts_of(frame, "noise", seed), BASE, added, PROTOCOL, learners=ABLATED[:1]).used for seed in range(4)
    ]
    assert sum(used) <= 1


def test_ablation__columns_of_the_base__score_alike_without_texts() -> None:
    """The set's columns are taken away: what is left is the model of a history that never had them."""
    frame = texts_of(generated_history(900, seed=3), "noise")
    one = ablate(frame, BASE, [feature_named("sentiment_5")], PROTOCOL, learners=ABLATED[:1])
    other = ablate(frame, BASE, [feature_named("sentiment_21")], PROTOCOL, learners=ABLATED[:1])
    assert one.effects[0].without == other.effects[0].without
    assert one.effects[0].with_set != other.effects[0].with_set


def test_ablation__history_without_texts__is_refused() -> None:
    frame = generated_history(300)
    bare = Frame(frame.dates, {"close": frame.daily["close"]})
    with pytest.raises(SignalError, match="inputs without sentiment, texts: there is nothing to leave out"):
        ablation(bare, PROTOCOL)


def test_ablate__no_feature__is_refused() -> None:
    with pytest.raises(SignalError, match="no feature: nothing to leave out"):
        ablate(generated_history(300), [], [], PROTOCOL)
