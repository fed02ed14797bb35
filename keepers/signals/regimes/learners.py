"""Models that learn: logistic regression and gradient boosting, with their choices made in the development period."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from keepers.signals.errors import SignalError
from keepers.signals.folds import Fold
from keepers.signals.preparation import Preparation
from keepers.signals.regimes.inputs import Inputs
from keepers.signals.regimes.label import Flags
from keepers.signals.regimes.rules import Forecast

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

PENALTIES = (0.001, 0.01, 0.1, 1.0)
ROUNDS = (50, 100, 200, 400)
_LEAST = 1e-6
"""Probabilities are kept so far from 0 and 1 in a log loss."""


@dataclass(frozen=True)
class Learner:
    """A family of models, one for each choice.

    Attributes:
        name: Name in tables.
        reads: `ratios` for the six volatility ratios; `wide` for those and the registered features.
        choices: Values of the hyperparameter.
        probabilities: Function of prepared training rows, their labels, choices and prepared rows; it gives
            (choices, rows) probabilities of turbulence.
    """

    name: str
    reads: Literal["ratios", "wide"]
    choices: tuple[float, ...]
    probabilities: Callable[[Array, Flags, Sequence[float], Array], Array]

    def choose(self, inputs: Inputs, folds: Sequence[Fold]) -> tuple[float, dict[float, float]]:
        """The choice with the least mean log loss over folds of the development period.

        Returns:
            The choice, and the loss of each.
        """
        losses = np.mean([self._losses(inputs, fold) for fold in folds], axis=0)
        table = dict(zip(self.choices, map(float, losses), strict=True))
        return min(self.choices, key=lambda choice: table[choice]), table

    def forecast(self, inputs: Inputs, train: Rows, test: Rows, choice: float) -> Forecast:
        """Forecasts of test days by a model fitted on training days.

        Raises:
            SignalError: If the training days have one regime only.
        """
        (probability,) = self._fitted(inputs, train, test, (choice,))
        return Forecast(probability > 0.5, probability)

    def _losses(self, inputs: Inputs, fold: Fold) -> Array:
        found = np.clip(self._fitted(inputs, fold.train, fold.test, self.choices), _LEAST, 1 - _LEAST)
        truth = inputs.turbulent[fold.test]
        losses: Array = -np.where(truth, np.log(found), np.log1p(-found)).mean(axis=1)
        return losses

    def _fitted(self, inputs: Inputs, train: Rows, test: Rows, choices: Sequence[float]) -> Array:
        columns = inputs.ratios if self.reads == "ratios" else inputs.wide
        labels = inputs.turbulent[train]
        if labels.all() or not labels.any():
            raise SignalError(f"{train.size} training days", "have one regime only", "begin the history earlier")
        prepared = Preparation.fit(columns[train])
        return self.probabilities(prepared.apply(columns[train]), labels, choices, prepared.apply(columns[test]))


def _logistic(rows: Array, labels: Flags, choices: Sequence[float], others: Array) -> Array:
    LogisticRegression = _imported("sklearn.linear_model").LogisticRegression
    with _one_thread():
        fits = (LogisticRegression(C=choice, max_iter=2000, tol=1e-6).fit(rows, labels) for choice in choices)
        return np.array([fitted.predict_proba(others)[:, 1] for fitted in fits])


def _boosting(rows: Array, labels: Flags, choices: Sequence[float], others: Array) -> Array:
    model = _imported("sklearn.ensemble").HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_leaf_nodes=8,
        min_samples_leaf=100,
        max_iter=int(max(choices)),
        early_stopping=False,
        random_state=0,
    )
    # A model of fewer rounds is the beginning of one of more.
    wanted = {int(choice) for choice in choices}
    with _one_thread():
        model.fit(rows, labels)
        stages = enumerate(model.staged_predict_proba(others), 1)
        staged = {stage: found[:, 1] for stage, found in stages if stage in wanted}
    return np.array([staged[int(choice)] for choice in choices])


def _one_thread() -> AbstractContextManager[Any]:
    """One thread within the block: a few thousand rows are done before several have met, and one sums in one order."""
    limited: AbstractContextManager[Any] = _imported("threadpoolctl").threadpool_limits(1)
    return limited


def _imported(module: str) -> Any:
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError as error:
        raise SignalError("scikit-learn", "not installed", "pip install 'quantera[risk]'") from error


LEARNERS = (
    Learner("logistic, ratios", "ratios", PENALTIES, _logistic),
    Learner("logistic, features", "wide", PENALTIES, _logistic),
    Learner("boosting, ratios", "ratios", ROUNDS, _boosting),
    Learner("boosting, features", "wide", ROUNDS, _boosting),
)
