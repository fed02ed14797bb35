"""Models that learn: logistic regression, gradient boosting and the network, chosen in the development period."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from keepers.signals.errors import SignalError
from keepers.signals.extras import imported
from keepers.signals.folds import Fold
from keepers.signals.preparation import Preparation
from keepers.signals.regimes.inputs import Inputs
from keepers.signals.regimes.rules import Forecast
from keepers.signals.regimes.training import EPOCHS, Lesson, NetworkFamily

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
        probabilities: Function of training days, choices and prepared rows; it gives (choices, members, rows)
            probabilities of turbulence. Members differ by their seed, and their mean is the forecast.
        least_accuracy: Accuracy that it has to exceed to become live, whatever it beats.
    """

    name: str
    reads: Literal["ratios", "wide"]
    choices: tuple[float, ...]
    probabilities: Callable[[Lesson, Sequence[float], Array], Array]
    least_accuracy: float = 0.0

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
        (members,) = self._fitted(inputs, train, test, (choice,))
        probability = members.mean(axis=0)
        return Forecast(probability > 0.5, probability, members if len(members) > 1 else None)

    def _losses(self, inputs: Inputs, fold: Fold) -> Array:
        members = self._fitted(inputs, fold.train, fold.test, self.choices)
        found = np.clip(members.mean(axis=1), _LEAST, 1 - _LEAST)
        truth = inputs.turbulent[fold.test]
        losses: Array = -np.where(truth, np.log(found), np.log1p(-found)).mean(axis=1)
        return losses

    def _fitted(self, inputs: Inputs, train: Rows, test: Rows, choices: Sequence[float]) -> Array:
        columns = inputs.ratios if self.reads == "ratios" else inputs.wide
        labels = inputs.turbulent[train]
        if labels.all() or not labels.any():
            raise SignalError(f"{train.size} training days", "have one regime only", "begin the history earlier")
        prepared = Preparation.fit(columns[train])
        lesson = Lesson(prepared.apply(columns[train]), labels, inputs.labelled.label.horizon)
        return self.probabilities(lesson, choices, prepared.apply(columns[test]))


def _logistic(lesson: Lesson, choices: Sequence[float], others: Array) -> Array:
    LogisticRegression = _sklearn("sklearn.linear_model").LogisticRegression
    with _one_thread():
        models = (LogisticRegression(C=choice, max_iter=2000, tol=1e-6) for choice in choices)
        fits = (model.fit(lesson.rows, lesson.labels) for model in models)
        return np.array([[fitted.predict_proba(others)[:, 1]] for fitted in fits])


def _boosting(lesson: Lesson, choices: Sequence[float], others: Array) -> Array:
    model = _sklearn("sklearn.ensemble").HistGradientBoostingClassifier(
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
        model.fit(lesson.rows, lesson.labels)
        stages = enumerate(model.staged_predict_proba(others), 1)
        staged = {stage: found[:, 1] for stage, found in stages if stage in wanted}
    return np.array([[staged[int(choice)]] for choice in choices])


def _one_thread() -> AbstractContextManager[Any]:
    """One thread within the block: a few thousand rows are done before several have met, and one sums in one order."""
    limited: AbstractContextManager[Any] = _libraries().limit(limits=1)
    return limited


@cache
def _libraries() -> Any:
    """The libraries that scikit-learn has loaded, which takes a walk through all that the process has loaded."""
    _sklearn("sklearn.ensemble")
    return _sklearn("threadpoolctl").ThreadpoolController()


def _sklearn(module: str) -> Any:
    return imported(module, "scikit-learn", "risk")


NETWORK = Learner("network, features", "wide", tuple(map(float, EPOCHS)), NetworkFamily(), least_accuracy=0.75)
"""The network, with the condition that decision 139 holds it to."""

LEARNERS = (
    Learner("logistic, ratios", "ratios", PENALTIES, _logistic),
    Learner("logistic, features", "wide", PENALTIES, _logistic),
    Learner("boosting, ratios", "ratios", ROUNDS, _boosting),
    Learner("boosting, features", "wide", ROUNDS, _boosting),
    NETWORK,
)
