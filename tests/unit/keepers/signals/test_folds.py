"""Folds leave out the rows whose labels overlap, and preparation learns from training rows alone."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from keepers.signals.errors import SignalError
from keepers.signals.folds import Fold, combinatorial, walk_forward
from keepers.signals.preparation import Preparation

HORIZON, EMBARGO = 21, 5


def walk(rows: int = 1000, first_test: int = 500) -> list[Fold]:
    return list(walk_forward(rows, first_test, 100, HORIZON, EMBARGO))


def test_walk_forward__all_folds__test_each_later_row_once() -> None:
    np.testing.assert_array_equal(np.concatenate([fold.test for fold in walk()]), np.arange(500, 1000))


def test_walk_forward__each_fold__trains_on_all_rows_before_the_gap() -> None:
    for fold in walk():
        np.testing.assert_array_equal(fold.train, np.arange(fold.test[0] - HORIZON - EMBARGO))


def test_walk_forward__last_fold__may_be_shorter() -> None:
    assert [fold.test.size for fold in walk(rows=970)] == [100, 100, 100, 100, 70]


def cross() -> list[Fold]:
    return list(combinatorial(600, 6, 2, HORIZON, EMBARGO))


def test_combinatorial__six_folds_two_tests__are_all_fifteen_pairs() -> None:
    pairs = {tuple(sorted(set((fold.test // 100).tolist()))) for fold in cross()}
    assert pairs == set(combinations(range(6), 2)) and len(cross()) == 15


def test_combinatorial__training_rows__keep_the_horizon_before_and_the_embargo_after_a_test() -> None:
    for fold in cross():
        for row in fold.train:
            later, earlier = fold.test[fold.test > row], fold.test[fold.test < row]
            assert not later.size or later.min() - row > HORIZON
            assert not earlier.size or row - earlier.max() > HORIZON + EMBARGO


def test_require_purged__training_row_that_overlaps__is_refused() -> None:
    fold = Fold(np.arange(80), np.arange(100, 120))
    fold.require_purged(21)
    with pytest.raises(SignalError, match="test row 100: a training row is 21 rows away and labels reach 22"):
        fold.require_purged(22)


def test_require_purged__training_row_after_the_test__counts_too() -> None:
    with pytest.raises(SignalError, match="test row 9: a training row is 6 rows away"):
        Fold(np.arange(15, 30), np.arange(10)).require_purged(21)


def test_require_purged__row_that_is_in_both__is_refused() -> None:
    with pytest.raises(SignalError, match="a training row is 0 rows away"):
        Fold(np.arange(10), np.arange(9, 12)).require_purged(1)


def test_require_purged__no_training_row__is_refused() -> None:
    with pytest.raises(SignalError, match="has no training row"):
        Fold(np.arange(0), np.arange(3)).require_purged(1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((1000, 26, 100, 21, 5), "first test row 26: not between 27 and 999"),
        ((1000, 1000, 100, 21, 5), "first test row 1000"),
        ((1000, 500, 0, 21, 5), "a refit every 0 rows"),
        ((1, 1, 100, 21, 5), "1 rows: nothing to split"),
        ((1000, 500, 100, 0, 5), "horizon 0, embargo 5"),
        ((1000, 500, 100, 21, -1), "horizon 21, embargo -1"),
    ],
)
def test_walk_forward__that_cannot_be__is_refused(arguments: tuple[int, ...], said: str) -> None:
    with pytest.raises(SignalError, match=said):
        list(walk_forward(*arguments))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((600, 6, 6, 21, 5), "6 test folds of 6: no training fold is left"),
        ((600, 6, 0, 21, 5), "0 test folds"),
        ((120, 6, 2, 21, 5), "folds of 20 rows: 26 are left out"),
    ],
)
def test_combinatorial__that_cannot_be__is_refused(arguments: tuple[int, ...], said: str) -> None:
    with pytest.raises(SignalError, match=said):
        list(combinatorial(*arguments))


RNG = np.random.default_rng(3)
TRAIN = RNG.standard_normal((400, 3)) * [1.0, 5.0, 0.1] + [0.0, 10.0, -3.0]


def test_apply__test_rows__uses_nothing_of_other_test_rows() -> None:
    prepared = Preparation.fit(TRAIN)
    row, others = TRAIN[:1] + 0.5, 1e6 * RNG.standard_normal((50, 3))
    np.testing.assert_array_equal(prepared.apply(np.vstack([row, others]))[0], prepared.apply(row)[0])


def test_apply__test_rows_of_another_level__keep_that_level() -> None:
    # A scaler that looked at the test rows would centre them.
    shifted = Preparation.fit(TRAIN, tail=0.0).apply(TRAIN[:, :] + 0.0)
    np.testing.assert_allclose(shifted.mean(axis=0), 0.0, atol=1e-12)
    later = Preparation.fit(TRAIN).apply(np.tile(np.nanmax(TRAIN, axis=0), (5, 1)))
    assert (later > 2).all()


def test_apply__missing_cell__is_the_median_of_training() -> None:
    prepared = Preparation.fit(TRAIN)
    filled = prepared.apply(np.array([[np.nan, 10.0, -3.0]]))
    np.testing.assert_allclose(filled, prepared.apply(np.array([[np.median(TRAIN[:, 0]), 10.0, -3.0]])))


def test_apply__outlier__is_clipped_to_the_quantile_of_training() -> None:
    prepared = Preparation.fit(TRAIN)
    most = np.quantile(TRAIN, 0.995, axis=0)
    np.testing.assert_allclose(prepared.apply(np.full((1, 3), 1e9)), prepared.apply(most[None, :]))


def test_fit__training_rows__become_standard_scores() -> None:
    scores = Preparation.fit(TRAIN).apply(TRAIN)
    np.testing.assert_allclose(scores.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(scores.std(axis=0), 1.0, atol=1e-12)


def test_fit__column_that_stands_still__is_zero() -> None:
    np.testing.assert_allclose(Preparation.fit(np.full((9, 1), 7.3)).apply(np.full((2, 1), 7.3)), 0.0, atol=1e-12)


@pytest.mark.parametrize(
    ("train", "said"),
    [
        (np.full((3, 1), np.nan), "column 0: has no value in training"),
        (np.array([[1.0, np.inf]]), "column 1: is infinite in training"),
        (np.empty((0, 2)), "not \\(rows, columns\\)"),
        (np.ones(3), "not \\(rows, columns\\)"),
    ],
)
def test_fit__training_rows_without_values__are_refused(train: np.ndarray, said: str) -> None:
    with pytest.raises(SignalError, match=said):
        Preparation.fit(train)


@pytest.mark.parametrize(
    ("rows", "said"), [(np.ones((2, 2)), "fitted with 3 columns"), (np.full((1, 3), np.inf), "column 0: is infinite")]
)
def test_apply__rows_of_another_kind__are_refused(rows: np.ndarray, said: str) -> None:
    with pytest.raises(SignalError, match=said):
        Preparation.fit(TRAIN).apply(rows)


def test_fit__tail_of_a_half__is_refused() -> None:
    with pytest.raises(SignalError, match=r"a tail of 0\.5"):
        Preparation.fit(TRAIN, tail=0.5)
