"""The network: training, calibration, its file, and what serves it."""

from __future__ import annotations

import dataclasses
from datetime import date
from functools import lru_cache

import numpy as np
import pytest
from eth_utils.crypto import keccak
from numpy.typing import NDArray

from keepers.signals.errors import SignalError
from keepers.signals.features import definition_hash, feature_named
from keepers.signals.folds import stretches
from keepers.signals.preparation import Preparation
from keepers.signals.regimes.committee import GRID, Committee
from keepers.signals.regimes.label import Label
from keepers.signals.regimes.model import Card, TrainedModel
from keepers.signals.regimes.onnx_file import encoded
from keepers.signals.regimes.serving import ServedModel
from keepers.signals.regimes.training import Lesson, NetworkFamily, best_slope, fit

Array = NDArray[np.float64]
NAMES = ("return_1", "return_21", "volatility_21")
COLUMNS = 6 + len(NAMES)
CARD = Card(NAMES, definition_hash([feature_named(name) for name in NAMES]), Label(5, 40), date(2020, 1, 2), "d" * 64)


def raw(days: int, seed: int = 1) -> Array:
    return np.random.default_rng(seed).standard_normal((days, COLUMNS)) * 3 + 1


@lru_cache(maxsize=1)
def lesson() -> Lesson:
    rows = raw(400)
    labels = rows[:, 0] + np.random.default_rng(2).standard_normal(400) > 1
    return Lesson(Preparation.fit(rows).apply(rows), labels, 5)


@lru_cache(maxsize=1)
def trained() -> TrainedModel:
    (committee,) = fit(lesson(), [6], [1, 2, 3])
    return TrainedModel(CARD, Preparation.fit(raw(400)), committee)


@lru_cache(maxsize=1)
def content() -> bytes:
    return encoded(trained())


@lru_cache(maxsize=1)
def served() -> ServedModel:
    return ServedModel(content(), keccak(content()))


def test_fit__separable_labels__learns_them() -> None:
    found = trained().committee.probabilities(lesson().rows).mean(axis=0)
    assert np.mean((found > 0.5) == lesson().labels) > 0.8


def test_fit__twice__has_the_same_weights() -> None:
    assert fit(lesson(), [1], [4])[0].digest == fit(lesson(), [1], [4])[0].digest


def test_fit__seed_beside_others__is_what_it_is_alone() -> None:
    (alone,), (beside,) = fit(lesson(), [1], [2]), fit(lesson(), [1], [1, 2])
    np.testing.assert_array_equal(alone.weights[0][0], beside.weights[0][1])
    assert alone.slopes[0] == beside.slopes[1]


def test_fit__fewer_epochs__are_the_beginning_of_more() -> None:
    assert fit(lesson(), [1, 2], [1])[0].digest == fit(lesson(), [1], [1])[0].digest


def test_fit__labels_without_a_rule__is_calibrated_to_their_share() -> None:
    labels = np.random.default_rng(3).random(400) < 0.5
    (found,) = fit(Lesson(lesson().rows, labels, 5), [6], [1])
    assert found.slopes[0] < trained().committee.slopes.min()


def test_fit__too_few_days_to_calibrate_by__is_refused() -> None:
    with pytest.raises(SignalError, match="3 stretches of 12 rows"):
        fit(Lesson(lesson().rows[:12], lesson().labels[:12], 5), [1], [1])


def test_best_slope__logits_twice_too_large__halves_them() -> None:
    rng = np.random.default_rng(4)
    logits = rng.standard_normal(200_000)
    labels = rng.random(logits.size) < 1 / (1 + np.exp(-logits))
    assert best_slope(2 * logits, labels) == pytest.approx(0.5, abs=0.02)


def test_stretches__every_row__is_tested_once_and_far_from_training() -> None:
    folds = list(stretches(100, 3, 7))
    assert np.concatenate([fold.test for fold in folds]).tolist() == list(range(100))
    assert min(int(np.abs(fold.train[:, None] - fold.test).min()) for fold in folds) == 7


def test_network_family__several_choices__are_compared_by_the_first_seeds() -> None:
    asked: list[tuple[int, ...]] = []

    def recording(lesson: Lesson, epochs: object, seeds: tuple[int, ...]) -> list[Committee]:
        asked.append(tuple(seeds))
        return [trained().committee]

    family = NetworkFamily(fit=recording)
    for choices in ((2.0, 5.0), (5.0,)):
        family(lesson(), choices, lesson().rows)
    assert asked == [tuple(range(1, 6)), tuple(range(1, 21))]


def test_committee__other_order_of_summation__has_the_same_bits() -> None:
    found, turn = trained().committee, np.random.default_rng(5).permutation(COLUMNS)
    turned = dataclasses.replace(found, weights=(found.weights[0][:, turn], *found.weights[1:]))
    rows = lesson().rows
    np.testing.assert_array_equal(found.logits(rows), turned.logits(rows[:, turn]))


def test_committee__weights__are_on_the_grid() -> None:
    assert all(np.all(part / GRID == np.rint(part / GRID)) for part in trained().committee.weights)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e6])
def test_committee__weights_without_bound__are_refused(bad: float) -> None:
    found = trained().committee
    with pytest.raises(SignalError, match="weights: not all finite"):
        dataclasses.replace(found, slopes=np.full(3, bad))


def test_onnx__many_rows__have_the_bits_of_numpy() -> None:
    rows = np.vstack([raw(3_000, seed=7), 40 * raw(500, seed=8), trained().preparation.low, trained().preparation.high])
    np.testing.assert_array_equal(served().probability(rows), trained().probability(rows))


def test_onnx__rows_on_the_threshold__are_decided_as_by_numpy() -> None:
    """Rows between a calm and a turbulent one, halved until the next double decides otherwise."""
    rows, found = raw(400, seed=9), trained().probability(raw(400, seed=9))
    calm, turbulent = rows[found <= 0.5][:40], rows[found > 0.5][:40]
    assert len(calm) == len(turbulent) == 40
    for _ in range(60):
        middle = 0.5 * (calm + turbulent)
        above = (trained().probability(middle) > 0.5)[:, None]
        calm, turbulent = np.where(above, calm, middle), np.where(above, middle, turbulent)
    edge = np.vstack([calm, turbulent])
    decided = served().probability(edge) > 0.5
    np.testing.assert_array_equal(decided, trained().probability(edge) > 0.5)
    assert decided.tolist() == [False] * 40 + [True] * 40 and np.abs(calm - turbulent).max() < 1e-12


def test_onnx__same_model__has_the_same_bytes() -> None:
    assert encoded(trained()) == content()


def test_served__card__is_that_of_the_model() -> None:
    assert served().card == CARD and served().weights_hash == keccak(content())


def test_served__hash_that_is_not_registered__is_refused() -> None:
    with pytest.raises(SignalError, match=r"model file 0x[0-9a-f]{64}: registered is 0x01"):
        ServedModel(content(), b"\1" * 32)


@pytest.mark.parametrize("end", [0, 5_000, -900], ids=["empty", "beginning", "almost whole"])
def test_served__file_cut_short__is_refused(end: int) -> None:
    broken = content()[:end]
    with pytest.raises(SignalError, match="the model file"):
        ServedModel(broken, keccak(broken))


def test_served__file_that_is_no_model__is_refused() -> None:
    with pytest.raises(SignalError, match="the model file: cannot be opened"):
        ServedModel(b"no model")


def test_served__graph_with_other_shapes__is_refused() -> None:
    card = dataclasses.replace(
        CARD, features=NAMES[:2], definitions=definition_hash(list(map(feature_named, NAMES[:2])))
    )
    told = encoded(trained()).replace(CARD.to_text().encode(), card.to_text().encode().ljust(len(CARD.to_text())))
    with pytest.raises(SignalError, match=r"a graph from .* not from \(n, 8\) rows"):
        ServedModel(told)


def test_served__features_defined_otherwise_by_now__is_refused() -> None:
    old = dataclasses.replace(CARD, definitions="0" * 64)
    with pytest.raises(SignalError, match="have other definitions or lags by now"):
        ServedModel(encoded(dataclasses.replace(trained(), card=old)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_served__feature_that_is_no_number__is_refused(bad: float) -> None:
    rows = raw(3)
    rows[1, 4] = bad
    with pytest.raises(SignalError, match="column 4 of row 1"):
        served().probability(rows)


@pytest.mark.parametrize("shape", [(1, COLUMNS - 1), (1, COLUMNS + 1), (COLUMNS,)])
def test_served__rows_of_another_shape__are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(SignalError, match=f"the model reads {COLUMNS} columns"):
        served().probability(np.zeros(shape))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"features": 5}'])
def test_card__no_card__is_refused(text: str) -> None:
    with pytest.raises(SignalError, match="does not say what it reads"):
        Card.of_text(text)
