"""Drift: inputs beside training, live Brier score and coverage beside what training's windows reached."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from keepers.signals.drift import INPUT_DAYS, MARGIN, OUTCOME_DAYS, Followed, Reference, gauges
from keepers.signals.errors import SignalError

Array = NDArray[np.float64]
HASH = "0x" + "ab" * 32


def days(count: int, seed: int = 1, skill: float = 0.4, scale: float = 1.0) -> Followed:
    """Two inputs of independent days, and forecasts that lean to the truth."""
    random = np.random.default_rng(seed)
    outcome = (random.random(count) < 0.5).astype(np.float64)
    probability = np.clip(0.5 + skill * (outcome - 0.5) + random.normal(0, 0.2, count), 0, 1)
    return Followed(scale * random.normal(size=(count, 2)), probability, probability > 0.5, outcome)


def reference(count: int = 1500) -> Reference:
    found = days(count)
    return Reference.fit(HASH, found.inputs, found.probability, found.predicted, found.outcome > 0.5)


def beyond(followed: Followed) -> list[str]:
    return [gauge.name for gauge in gauges(reference(), followed) if gauge.beyond]


def test_gauges__days_like_those_of_training__are_inside() -> None:
    assert beyond(days(400, seed=2)) == []


def test_gauges__inputs_that_stand_still__have_drifted() -> None:
    found = days(400, seed=2)
    frozen = np.repeat(found.inputs[:1], 400, axis=0)
    assert beyond(Followed(frozen, found.probability, found.predicted, found.outcome)) == ["inputs"]


def test_gauges__inputs_in_another_unit__have_drifted() -> None:
    assert beyond(days(400, seed=2, scale=100)) == ["inputs"]


def test_gauges__forecasts_turned_round__have_drifted() -> None:
    found = days(400, seed=2)
    turned = Followed(found.inputs, 1 - found.probability, ~found.predicted, found.outcome)
    assert beyond(turned) == ["Brier score", "coverage"]


def test_gauges__too_sure_of_itself__has_lost_its_coverage() -> None:
    found = days(400, seed=2)
    sure = np.where(found.predicted, 0.999, 0.001)
    assert "coverage" in beyond(Followed(found.inputs, sure, found.predicted, found.outcome))


def test_gauges__fewer_days_than_a_window__say_nothing() -> None:
    found = gauges(reference(), days(INPUT_DAYS - 1))
    assert [(gauge.value, gauge.beyond) for gauge in found] == [(None, False)] * 3
    assert str(found[0]).startswith("inputs: 62 of 63 days, bound ")


def test_gauges__outcomes_not_known__count_for_nothing() -> None:
    found = days(OUTCOME_DAYS + 5, seed=2)
    outcome = found.outcome.copy()
    outcome[-21:] = np.nan
    _, brier, coverage = gauges(reference(), Followed(found.inputs, found.probability, found.predicted, outcome))
    assert (brier.value, brier.days, coverage.value) == (None, OUTCOME_DAYS + 5 - 21, None)


def test_gauges__no_day__says_nothing() -> None:
    nothing = Followed(np.empty((0, 2)), np.empty(0), np.empty(0, dtype=np.bool_), np.empty(0))
    assert [gauge.value for gauge in gauges(reference(), nothing)] == [None, None, None]


def test_gauges__other_number_of_columns__is_refused() -> None:
    found = days(80)
    with pytest.raises(SignalError, match="training had 2 columns"):
        gauges(reference(), Followed(found.inputs[:, :1], found.probability, found.predicted, found.outcome))


def test_gauges__window_of_one_input__has_the_index_of_its_definition() -> None:
    random = np.random.default_rng(5)
    training, live = random.normal(size=(400, 1)), random.normal(1, 1, size=(INPUT_DAYS, 1))
    truth = np.zeros(400, dtype=np.bool_)
    made = Reference.fit(HASH, training, np.full(400, 0.2), truth, truth)
    edges = np.concatenate([[-np.inf], np.quantile(training[:, 0], np.arange(11) / 10), [np.inf]])
    p, q = ((np.histogram(values[:, 0], edges)[0] + 0.5) / (len(values) + 6) for values in (training, live))
    blank = np.zeros(INPUT_DAYS)
    found = gauges(made, Followed(live, blank, blank > 0, blank))[0]
    assert found.value == pytest.approx(float(np.sum((q - p) * np.log(q / p))))


def test_fit__bounds__are_the_worst_windows_of_training() -> None:
    found, made = days(1500), reference()
    squares = (found.probability - found.outcome) ** 2
    windows = [squares[end - OUTCOME_DAYS : end].mean() for end in range(OUTCOME_DAYS, 1501)]
    assert made.brier_bound == pytest.approx(max(windows))
    right = found.predicted == (found.outcome > 0.5)
    stated = np.maximum(found.probability, 1 - found.probability)
    short = [(stated - right)[end - OUTCOME_DAYS : end].mean() for end in range(OUTCOME_DAYS, 1501)]
    assert made.coverage_bound == pytest.approx(max(short))
    worst = max(gauges(made, until(found, end))[0].value or 0.0 for end in range(INPUT_DAYS, 1501))
    assert made.stability_bound == pytest.approx(MARGIN * worst)


def until(found: Followed, end: int) -> Followed:
    return Followed(found.inputs[:end], found.probability[:end], found.predicted[:end], found.outcome[:end])


def test_fit__fewer_days_than_a_window__has_no_bounds() -> None:
    made = reference(INPUT_DAYS - 1)
    assert (made.stability_bound, made.brier_bound, made.coverage_bound) == (None, None, None)
    assert [gauge.beyond for gauge in gauges(made, days(400, scale=100))] == [False] * 3
    assert str(gauges(made, days(400))[0]) == "inputs: training had fewer than 63 days"


def test_open__what_was_written__is_the_same() -> None:
    made = reference()
    assert Reference.open(made.content, HASH) == made


@pytest.mark.parametrize(
    "changed",
    [
        {"edges": [[0.0] * 11]},
        {"edges": [[0.0] * 10] * 2},
        {"shares": [[0.0] * 12] * 2},
        {"shares": []},
        {"brier_bound": math.nan},
        {"brier_bound": "much"},
        {"edges": None},
    ],
    ids=["one row", "ten edges", "no share", "no shares", "NaN", "words", "null"],
)
def test_open__content_that_is_no_reference__is_refused(changed: dict[str, object]) -> None:
    raw = {**json.loads(reference().content), **changed}
    with pytest.raises(SignalError, match="the model's reference"):
        Reference.open(json.dumps(raw).encode(), HASH)


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"{}", b"null"])
def test_open__content_that_is_no_json_object__is_refused(content: bytes) -> None:
    with pytest.raises(SignalError, match="cannot be read"):
        Reference.open(content, HASH)


def test_open__of_another_model__is_refused() -> None:
    with pytest.raises(SignalError, match="use the model's own"):
        Reference.open(reference().content, "0x" + "cd" * 32)


@given(arrays(np.float64, (80, 2), elements=st.floats(-1e12, 1e12)), st.floats(0, 1), st.booleans())
def test_gauges__any_inputs_and_constant_forecasts__are_numbers(inputs: Array, chance: float, turbulent: bool) -> None:
    followed = Followed(inputs, np.full(80, chance), np.full(80, chance > 0.5), np.full(80, float(turbulent)))
    assert all(gauge.value is None or math.isfinite(gauge.value) for gauge in gauges(reference(300), followed))


@given(arrays(np.float64, (300, 2), elements=st.one_of(st.just(1.0), st.floats(-1, 1))))
def test_fit__inputs_with_ties__opens_again(inputs: Array) -> None:
    blank = np.zeros(300)
    made = Reference.fit(HASH, inputs, blank, blank > 0, blank > 0)
    assert Reference.open(made.content, HASH) == made
