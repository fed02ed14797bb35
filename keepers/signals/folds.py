"""Splits of a history into training and test rows, purged of the labels that overlap. The splitters are skfolio's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.signals.errors import SignalError

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Fold:
    """Rows that a model is fitted on, and rows that it is judged by.

    Attributes:
        train: Training rows, rising.
        test: Test rows, rising.
    """

    train: Rows
    test: Rows

    def require_purged(self, horizon: int) -> None:
        """Refuses a fold in which the label of a training row is made of a test row's future, or the reverse.

        The label of row t is made of the rows t + 1 to t + horizon. A training row whose label ends after the
        first test decision before which it stands would tell the model what comes.

        Raises:
            SignalError: If a training row lies among the test rows, or less than the horizon from one.
        """
        if not self.train.size or not self.test.size:
            raise SignalError("a fold", "has no training row or no test row", "give a longer history or fewer folds")
        at = np.searchsorted(self.train, self.test)
        after = np.take(self.train, np.minimum(at, self.train.size - 1)) - self.test
        before = self.test - np.take(self.train, np.maximum(at - 1, 0))
        distance = np.minimum(np.where(after >= 0, after, np.inf), np.where(before >= 0, before, np.inf))
        if np.any(distance < horizon):
            row = int(self.test[int(np.argmin(distance))])
            raise SignalError(
                f"test row {row}",
                f"a training row is {int(distance.min())} rows away and labels reach {horizon}",
                "purge the horizon",
            )


def walk_forward(rows: int, first_test: int, refit: int, horizon: int, embargo: int) -> Iterator[Fold]:
    """Expanding training windows, each followed by the next test rows.

    Args:
        rows: Rows of the history, all labelled.
        first_test: First test row.
        refit: Test rows after which a model is fitted again.
        horizon: Rows that a label reaches ahead.
        embargo: Rows left out beyond those.

    Raises:
        SignalError: If there is no training row, or no test row.
    """
    _check(rows, horizon, embargo)
    gap = horizon + embargo
    if refit < 1:
        raise SignalError(f"a refit every {refit} rows", "never", "give 1 or more")
    if not gap < first_test < rows:
        raise SignalError(
            f"first test row {first_test}", f"not between {gap + 1} and {rows - 1}", "begin the history earlier"
        )
    from skfolio.model_selection import WalkForward

    splitter = WalkForward(
        test_size=refit, train_size=first_test - gap, purged_size=gap, expand_train=True, reduce_test=True
    )
    for train, test in splitter.split(np.empty((rows, 1))):
        fold = Fold(np.asarray(train, dtype=np.int64), np.asarray(test, dtype=np.int64))
        fold.require_purged(horizon)
        yield fold


def combinatorial(rows: int, folds: int, test_folds: int, horizon: int, embargo: int) -> Iterator[Fold]:
    """Combinatorial purged cross-validation: every choice of `test_folds` of the folds is a test once.

    Source: Lopez de Prado (2018), "Advances in Financial Machine Learning", chapter 12.

    Args:
        rows: Rows of the history, all labelled.
        folds: Stretches that the history is cut into.
        test_folds: How many of them are tests at a time.
        horizon: Rows that a label reaches ahead; so many are purged on either side of a test.
        embargo: Rows left out after a test beyond those.

    Raises:
        SignalError: If there are fewer folds than tests, or a fold is shorter than what is left out.
    """
    _check(rows, horizon, embargo)
    if not 1 <= test_folds < folds:
        raise SignalError(f"{test_folds} test folds of {folds}", "no training fold is left", "choose fewer")
    if rows // folds <= horizon + embargo:
        raise SignalError(
            f"folds of {rows // folds} rows", f"{horizon + embargo} are left out", "choose fewer folds, or more rows"
        )
    from skfolio.model_selection import CombinatorialPurgedCV

    splitter = CombinatorialPurgedCV(n_folds=folds, n_test_folds=test_folds, purged_size=horizon, embargo_size=embargo)
    for train, tests in splitter.split(np.empty((rows, 1))):
        fold = Fold(np.asarray(train, dtype=np.int64), np.sort(np.concatenate(tests)).astype(np.int64))
        fold.require_purged(horizon)
        yield fold


def stretches(rows: int, count: int, horizon: int) -> Iterator[Fold]:
    """Cross-validation in time: every row is in one test stretch, and the rows farther away are its training rows.

    Args:
        rows: Rows of the history, all labelled.
        count: Number of stretches.
        horizon: Rows that a label reaches ahead; so many are purged on either side of a test.

    Raises:
        SignalError: If there are fewer than two stretches, or one is no longer than what is purged.
    """
    _check(rows, horizon, 0)
    if count < 2 or rows // count <= horizon:
        raise SignalError(f"{count} stretches of {rows} rows", f"{horizon} are purged", "give a longer history")
    every = np.arange(rows, dtype=np.int64)
    for test in np.array_split(every, count):
        fold = Fold(every[(every <= test[0] - horizon) | (every >= test[-1] + horizon)], test)
        fold.require_purged(horizon)
        yield fold


def _check(rows: int, horizon: int, embargo: int) -> None:
    if rows < 2:
        raise SignalError(f"{rows} rows", "nothing to split", "give a longer history")
    if horizon < 1 or embargo < 0:
        where = f"horizon {horizon}, embargo {embargo}"
        raise SignalError(where, "no label reaches ahead, or one ends before it", "give 1 and 0 or more")
