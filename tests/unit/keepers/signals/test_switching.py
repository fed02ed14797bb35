"""A Markov-switching forecast of the regime: its variance, its page, and no look ahead."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from keepers.operations.generated_part import markers
from keepers.operations.signal_data import packaged
from keepers.operations.signals_regimes import PART, as_object, compare, lines, markdown
from keepers.risk.models.regimes import Chain
from keepers.signals.errors import SignalError
from keepers.signals.features import Frame
from keepers.signals.regimes.evaluation import Protocol
from keepers.signals.regimes.inputs import Inputs
from keepers.signals.regimes.label import Label
from keepers.signals.regimes.switching import SWITCHING, coming_variance

Array = NDArray[np.float64]
PAGE = Path(__file__).parents[4] / "docs" / "regimes.md"
LABEL = Label(horizon=5, median_days=60)
PROTOCOL = Protocol(label=LABEL, first_test=date(2002, 1, 1), refit=200, resamples=200, year_resamples=50)


def switching_closes(days: int, seed: int) -> Array:
    """Closes whose daily deviation is 0.5% in one regime and 3% in the other; each lasts fifty days in the mean."""
    random = np.random.default_rng(seed)
    wild = np.cumsum(random.uniform(size=days) < 0.02) % 2 == 1
    result: Array = 100 * np.exp(np.cumsum(np.where(wild, 0.03, 0.005) * random.standard_normal(days)))
    return result


def history(days: int = 1200, seed: int = 1) -> Frame:
    dates = tuple(date(2000, 1, 1) + timedelta(day) for day in range(days))
    return Frame(dates, {"close": switching_closes(days, seed)}, {})


def inputs_of(frame: Frame) -> Inputs:
    return Inputs.of(frame, (), LABEL, np.empty((len(frame.dates), 0)))


def test_coming_variance__any_chain__is_the_mean_of_the_days_one_by_one() -> None:
    chain, wild, total = Chain(np.array([1.0, 9.0]), np.array([0.95, 0.9])), 0.7, 0.0
    regimes = np.array([1 - wild, wild])
    for _ in range(21):
        total += float(regimes @ chain.variances)
        regimes = regimes @ chain.moves
    assert coming_variance(chain, np.array([wild]), 21)[0] == pytest.approx(total / 21)


def test_coming_variance__long_run__is_that_of_the_shares() -> None:
    chain = Chain(np.array([1.0, 9.0]), np.array([0.95, 0.9]))
    found = coming_variance(chain, np.array([0.0, 1.0]), 100_000)
    assert found == pytest.approx(np.full(2, chain.lasting @ chain.variances), rel=1e-3)


def test_switching_score__returns_after_a_day_change__says_the_same_of_it() -> None:
    frame = history()
    inputs = inputs_of(frame)
    train = np.arange(600)
    before = SWITCHING.score(inputs, train)
    closes = frame.daily["close"].copy()
    row = int(inputs.rows[800])
    closes[row + 1 :] *= np.exp(np.linspace(0.05, 3.0, closes.size - row - 1))
    after = SWITCHING.score(inputs_of(Frame(frame.dates, {"close": closes}, {})), train)
    assert after[:801] == pytest.approx(before[:801], abs=1e-12)
    assert not np.allclose(after[801:], before[801:])


def test_compare__market_that_switches__is_forecast_better_than_by_chance() -> None:
    found = compare(history(), PROTOCOL)
    score = found.evaluation.scores[-1]
    assert score.model == "markov switching"
    assert score.accuracy.low > 0.5 and score.brier < 0.25


def test_compare__twice__is_the_same() -> None:
    assert as_object(compare(history(), PROTOCOL)) == as_object(compare(history(), PROTOCOL))


def test_compare__no_closes__one_line() -> None:
    frame = history()
    with pytest.raises(SignalError, match="input 'close': not part of this history"):
        compare(Frame(frame.dates, {"volume": frame.daily["close"]}, {}), PROTOCOL)


def test_markdown__comparison__has_every_model_and_no_live_one() -> None:
    found = compare(history(), PROTOCOL)
    text = markdown(found, "command")
    for score in found.evaluation.scores:
        assert f"| {score.model} |" in text
    assert "**live**" not in text and "****" not in text
    assert len(lines(found)) == 1 + len(found.evaluation.scores)


def test_page__table__is_of_the_packaged_data() -> None:
    begin, end = markers(PART)
    part = PAGE.read_text(encoding="utf-8").split(begin)[1].split(end)[0]
    assert f"data SHA-256 `{packaged('sp500').digest()}`" in part, "make signals"
