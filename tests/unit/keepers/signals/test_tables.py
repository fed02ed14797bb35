"""The table of docs/signals.md is what the code computes."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from keepers.operations import signals_evaluate
from keepers.operations.generated_part import markers
from keepers.operations.signal_data import load, packaged
from keepers.operations.signals_evaluate import PART, Report, markdown, protocols, record_of, run
from keepers.signals.errors import SignalError
from keepers.signals.features import Frame, definition_hash, feature_named, readable
from keepers.signals.folds import walk_forward
from keepers.signals.regimes.evaluation import MODELS, Protocol, Seeds, Spread, choosing_folds, judge
from keepers.signals.regimes.inputs import WIDE, Inputs, values_of
from keepers.signals.regimes.label import Flags
from keepers.signals.regimes.learners import LEARNERS, NETWORK, Learner
from keepers.signals.regimes.rules import Forecast
from keepers.signals.regimes.training import NetworkFamily
from tests.unit.keepers.signals.histories import history

PAGE = Path(__file__).resolve().parents[4] / "docs/signals.md"
FEATURES = tuple(feature_named(name) for name in WIDE)
RECORD: dict[str, Any] = json.loads(record_of(PAGE).read_text(encoding="utf-8"))
BEGIN, END = markers(PART)
OTHERS = tuple(learner for learner in LEARNERS if learner is not NETWORK)


def generated() -> str:
    return PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]


def test_page__opens_with_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8").startswith(f"# Signals\n\n{BEGIN}\n")


def test_page__table__is_of_the_packaged_data_and_of_these_features() -> None:
    assert f"data SHA-256 `{packaged('sp500').digest()}`" in generated(), "make signals"
    features = [feature_named(name) for name in WIDE]
    assert f"SHA-256 `{definition_hash(features)}`" in generated(), "make signals"


def test_page__table__has_every_model_the_beaten_ones_too() -> None:
    assert all(f"\n| {model} |" in generated() for model in MODELS)


def test_page__every_feature_of_the_registry__is_listed() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [found.name for found in readable(history().names) if f"| `{found.name}`" not in text] == []


ASIDE = "## Another label"
_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d+(?:\.\d+)?(?![0-9A-Za-z])")


def aside_of(text: str) -> str:
    """The section about the other label."""
    return ASIDE + re.split(r"\n(?=## )", text.split(ASIDE)[1])[0]


def assert_same_page(computed: str, printed: str) -> None:
    """The same words, and numbers that differ by no more than what another processor's rounding explains."""
    assert _NUMBER.sub("#", computed).split() == _NUMBER.sub("#", printed).split(), "make signals"
    numbers = [[float(number) for number in _NUMBER.findall(text)] for text in (computed, printed)]
    assert numbers[0] == pytest.approx(numbers[1], abs=0.3), "make signals"


PROTOCOLS = protocols(load(None).evaluation.protocol(), aside=True)
LABEL = pytest.mark.parametrize("label", [0, 1], ids=["label", "other label"])


def printed_choice(model: str, label: int) -> float:
    """The hyperparameter that the page names for a learner."""
    part = aside_of(generated()) if label else generated().replace(aside_of(generated()), "")
    row = re.search(rf"^\| {re.escape(model)} \| .*", part, re.MULTILINE)
    assert row is not None
    return float(row[0].split("|")[6])


@pytest.fixture(scope="module")
def feature_values() -> NDArray[np.float64]:
    """Every feature of every day of the packaged history, which each test below reads."""
    return values_of(packaged("sp500"), FEATURES)


@pytest.fixture
def report_of(feature_values: NDArray[np.float64], monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Report]:
    """`report_of(label)`: the report with the choices that the page names; the tests of choices make them anew."""

    def reported(label: int) -> Report:
        chosen = {learner.name: printed_choice(learner.name, label) for learner in LEARNERS}
        monkeypatch.setattr(Learner, "choose", lambda self, *_: (chosen[self.name], {}))
        monkeypatch.setattr(signals_evaluate, "values_of", lambda *_: feature_values)
        found = run(packaged("sp500"), PROTOCOLS[label], learners=OTHERS)
        return with_network(found, label, feature_values)

    return reported


def with_network(report: Report, label: int, values: NDArray[np.float64]) -> Report:
    """The report with the network as it is recorded: another test trains a part of it again."""
    recorded, protocol, frame = RECORD["labels"][label], PROTOCOLS[label], packaged("sp500")
    inputs = Inputs.of(frame, FEATURES, protocol.label, values)
    probability = np.array(recorded["probability"])
    truth: Flags = inputs.turbulent[-probability.size :]
    forecasts = {**report.evaluation.forecasts, NETWORK.name: Forecast(probability > 0.5, probability)}
    choices = {score.model: score.choice for score in report.evaluation.scores if score.choice is not None}
    days = [frame.dates[row] for row in inputs.rows[-probability.size :]]
    choices[NETWORK.name] = recorded["choice"]
    found = judge(forecasts, choices, truth, days, protocol, report.evaluation.development)
    seeds = recorded["seeds"]
    last = Seeds(seeds["count"], Spread(**seeds["accuracy"]), Spread(**seeds["brier"]))
    scores = (*found.scores[:-1], dataclasses.replace(found.scores[-1], seeds=last))
    return dataclasses.replace(report, evaluation=dataclasses.replace(found, scores=scores))


@LABEL
def test_page__network__last_refit_of_the_first_seed_is_what_training_gives(
    feature_values: NDArray[np.float64], label: int
) -> None:
    recorded, protocol, frame = RECORD["labels"][label], PROTOCOLS[label], packaged("sp500")
    inputs = Inputs.of(frame, FEATURES, protocol.label, feature_values)
    rows, reach = inputs.rows.size, protocol.label.horizon
    first = rows - len(recorded["probability"])
    *_, fold = walk_forward(rows, first, protocol.refit, reach, protocol.embargo)
    alone = dataclasses.replace(NETWORK, probabilities=NetworkFamily(seeds=(1,)))
    found = alone.forecast(inputs, fold.train, fold.test, recorded["choice"]).probability
    assert found == pytest.approx(np.array(recorded["last_refit_first_seed"]), abs=0.01), "make signals"


def test_page__record_of_the_network__is_of_the_page_and_of_twenty_seeds() -> None:
    assert {one["data"] for one in RECORD["labels"]} == {packaged("sp500").digest()}
    assert {one["features"] for one in RECORD["labels"]} == {definition_hash(FEATURES)}
    refits = [one for one in RECORD["experiments"] if len(one["epochs"]) == 1]
    assert len(refits) == 34 and all(one["seeds"] == list(range(1, 21)) for one in refits)
    assert len({one["code_hash"] for one in RECORD["experiments"]}) == 1


@LABEL
@pytest.mark.parametrize("learner", OTHERS, ids=lambda learner: learner.name)
def test_page__choice_of_a_learner__is_what_the_development_period_chooses(
    feature_values: NDArray[np.float64], learner: Learner, label: int
) -> None:
    frame, protocol = packaged("sp500"), PROTOCOLS[label]
    inputs = Inputs.of(frame, FEATURES, protocol.label, feature_values)
    choice, _ = learner.choose(inputs, choosing_folds(inputs, frame.dates, protocol))
    assert choice == printed_choice(learner.name, label), "make signals"


def test_page__table__is_what_the_command_writes(report_of: Callable[[int], Report]) -> None:
    text = markdown(report_of(0), "quantera signals evaluate --page docs/signals.md")
    assert_same_page(text, generated().replace(aside_of(generated()), ""))


def test_page__table_of_the_other_label__is_what_the_command_writes(report_of: Callable[[int], Report]) -> None:
    report = report_of(1)
    text = markdown(report, "quantera signals evaluate --page docs/signals.md", report)
    assert_same_page(aside_of(text), aside_of(generated()))


def test_wide__features__read_closes_only() -> None:
    assert set(WIDE) <= {found.name for found in readable(frozenset({"close", "closes"}))}


def report(first: float, second: float) -> Report:
    truth = np.arange(400) % 2 == 0
    days = [date.fromordinal(date(2020, 6, 1).toordinal() + day) for day in range(400)]

    def right(share: float) -> Forecast:
        predicted = np.where(np.random.default_rng(1).random(400) < share, truth, ~truth)
        return Forecast(predicted, predicted.astype(np.float64))

    protocol = Protocol(block=3, year_block=3, resamples=200, year_resamples=20)
    found = judge({"simple": right(first), "complex": right(second)}, {"complex": 0.1}, truth, days, protocol)
    return Report(found, protocol, "d" * 64, "f" * 64, 53, 400)


def test_markdown__complex_model_beaten__says_that_the_simple_one_is_live() -> None:
    text = markdown(report(0.7, 0.5), "command")
    assert text.startswith("**The live model is `simple`**")
    assert "beats every simpler model beyond the interval: `complex`." in text and "| complex | 5" in text


def test_markdown__complex_model_wins__says_by_how_much() -> None:
    text = markdown(report(0.55, 0.9), "command")
    assert text.startswith("**The live model is `complex`**") and "It beats `simple` by +3" in text


def test_markdown__another_label__says_that_it_decides_nothing() -> None:
    text = markdown(report(0.7, 0.5), "command", report(0.55, 0.9))
    aside = text.split("## Another label")[1].split("## Features")[0]
    assert "decide nothing; by the same rule `complex` would win." in aside and "**wins**" in aside
    assert text.startswith("**The live model is `simple`**")


def test_markdown__every_year__has_a_row() -> None:
    text = markdown(report(0.7, 0.5), "command")
    assert "\n| 2020 | 214 |" in text and "\n| 2021 | 186 |" in text


def test_run__history_without_closes_of_assets__is_refused() -> None:
    frame = Frame(history().dates, {"close": history().daily["close"]})
    with pytest.raises(SignalError, match="input 'closes': not part of this history"):
        run(frame, Protocol())
