"""Walk forward over a test period, intervals, and the model that the protocol makes live."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from keepers.signals.errors import SignalError
from keepers.signals.folds import Fold, combinatorial, walk_forward
from keepers.signals.regimes.bootstrap import interval, resampled_means
from keepers.signals.regimes.inputs import Inputs
from keepers.signals.regimes.label import Flags, Label
from keepers.signals.regimes.learners import LEARNERS, Learner
from keepers.signals.regimes.rules import RULES, Forecast, Rule

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

MODELS = (*(rule.name for rule in RULES), *(learner.name for learner in LEARNERS))
"""All models, the simplest first."""


@dataclass(frozen=True)
class Protocol:
    """How models are fitted and judged; the defaults are those of docs/decisions/0139.

    Attributes:
        label: Definition of the label.
        first_test: First day of the test period.
        refit: Days after which models are fitted again.
        embargo: Days left out beyond what is purged.
        purge: Days left out before a test; the horizon for None. Less than the horizon is refused.
        choose_until: Last day whose label hyperparameters may be chosen by; for None, the last whose label is known
            before the test period. A later one is refused.
        folds, test_folds: Numbers of folds of combinatorial purged cross-validation in the development period.
        block, year_block: Mean days of a stretch of the bootstrap, over all and within one year.
        resamples, year_resamples: Number of resamples.
        seed: Seed of the bootstrap.
    """

    label: Label = field(default_factory=Label)
    first_test: date = date(2006, 1, 3)
    refit: int = 252
    embargo: int = 5
    purge: int | None = None
    choose_until: date | None = None
    folds: int = 6
    test_folds: int = 2
    block: float = 126.0
    year_block: float = 63.0
    resamples: int = 10_000
    year_resamples: int = 2_000
    seed: int = 139


@dataclass(frozen=True)
class Estimate:
    """A share of days, with the ends of its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Spread:
    """A number of each seed of a model: their mean and standard deviation (of a sample)."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, values: Array) -> Spread:
        """The spread of (seeds,) values, of which there are two or more."""
        return cls(float(values.mean()), float(values.std(ddof=1)))


@dataclass(frozen=True)
class Seeds:
    """Scores of the seeds of a model, each alone.

    Attributes:
        count: Number of seeds.
        accuracy, brier: Their accuracies and Brier scores.
    """

    count: int
    accuracy: Spread
    brier: Spread


@dataclass(frozen=True)
class Score:
    """How well one model did.

    Attributes:
        model: Name.
        accuracy: Share of days that it predicted right.
        brier: Mean squared error of its probability.
        beats: For each simpler model, accuracy less the other's.
        years: Accuracy in each calendar year.
        choice: Hyperparameter that the development period chose; None for rules.
        seeds: How its seeds did alone; None for a model without seeds.
        least_accuracy: Accuracy that it has to exceed to become live, whatever it beats.
    """

    model: str
    accuracy: Estimate
    brier: float
    beats: dict[str, Estimate]
    years: dict[int, Estimate]
    choice: float | None
    seeds: Seeds | None = None
    least_accuracy: float = 0.0

    @property
    def beats_all(self) -> bool:
        """True if it is better than every simpler model beyond the interval; the simplest has nothing to beat."""
        return all(difference.low > 0 for difference in self.beats.values())

    @property
    def may_be_live(self) -> bool:
        """True if it beats every simpler model and is as accurate as it has to be."""
        return self.beats_all and self.accuracy.value > self.least_accuracy


@dataclass(frozen=True)
class Evaluation:
    """Outcome of a walk forward.

    Attributes:
        scores: Scores, the simplest model first.
        days: Test days.
        first, last: First and last of them.
        turbulent: Share of test days that were turbulent.
        year_days: Test days of each year.
        trials: Number of choices that were compared in the development period.
        development: Labelled days of that period.
        forecasts: Forecasts of the test days by model.
    """

    scores: tuple[Score, ...]
    days: int
    first: date
    last: date
    turbulent: float
    year_days: dict[int, int]
    trials: int
    development: int
    forecasts: Mapping[str, Forecast] = field(default_factory=dict, compare=False, repr=False)

    @property
    def live(self) -> str:
        """The model that the protocol makes live: the most complex of those that beat every simpler one."""
        return next(score.model for score in reversed(self.scores) if score.may_be_live)


def evaluate(
    inputs: Inputs,
    dates: Sequence[date],
    protocol: Protocol,
    progress: Callable[[str], None] = lambda _: None,
    learners: Sequence[Learner] = LEARNERS,
    rules: Sequence[Rule] = RULES,
) -> Evaluation:
    """Every model over the test period.

    Args:
        inputs: Labelled history.
        dates: Day of each row of the history.
        protocol: How models are fitted and judged.
        progress: Called with the name of a model before it is fitted.
        learners: Models that learn, the simplest first.
        rules: Simple rules, the simplest first.

    Raises:
        SignalError: If the test period or the development period has too few days.
    """
    days, start, development = _periods(inputs, dates, protocol)
    forecasts, choices = _walk(inputs, start, development, protocol, progress, learners, rules)
    test = np.arange(start, len(days))
    return judge(forecasts, choices, inputs.turbulent[test], days[start:], protocol, development, learners)


def choosing_folds(inputs: Inputs, dates: Sequence[date], protocol: Protocol) -> list[Fold]:
    """Folds of the development period, by which learners choose their hyperparameters.

    Raises:
        SignalError: If the test period or the development period has too few days.
    """
    _, _, development = _periods(inputs, dates, protocol)
    return _choosing_folds(development, protocol)


def _choosing_folds(development: int, protocol: Protocol) -> list[Fold]:
    horizon = protocol.label.horizon
    return list(combinatorial(development, protocol.folds, protocol.test_folds, horizon, protocol.embargo))


def _periods(inputs: Inputs, dates: Sequence[date], protocol: Protocol) -> tuple[list[date], int, int]:
    """Labelled days, the place of the first test day, and the number of days that choices are made by."""
    days = [dates[row] for row in inputs.rows]
    start = next((place for place, day in enumerate(days) if day >= protocol.first_test), len(days))
    development = _development(days, start, protocol)
    if start == len(days) or development < 100:
        raise SignalError(
            f"test period from {protocol.first_test}",
            f"{len(days) - start} test days and {development} labelled days before it",
            "choose a day with at least 100 labelled days before it",
        )
    return days, start, development


def _development(days: Sequence[date], start: int, protocol: Protocol) -> int:
    """Number of labelled days that choices are made by; the label of each is known before the first test day."""
    most = max(start - protocol.label.horizon, 0)
    if protocol.choose_until is None:
        return most
    asked = sum(day <= protocol.choose_until for day in days)
    if asked > most:
        last = days[most - 1] if most else "an earlier day"
        raise SignalError(
            f"choices by labels until {protocol.choose_until}",
            f"they reach into the test period from {protocol.first_test}",
            f"choose by labels until {last}",
        )
    return asked


def _walk(
    inputs: Inputs,
    start: int,
    development: int,
    protocol: Protocol,
    progress: Callable[[str], None],
    learners: Sequence[Learner],
    rules: Sequence[Rule],
) -> tuple[dict[str, Forecast], dict[str, float]]:
    """Forecasts of the test period, and the choices that the development period made."""
    horizon, embargo = protocol.label.horizon, protocol.embargo
    purge = horizon if protocol.purge is None else protocol.purge
    if purge < horizon:
        raise SignalError(
            f"{purge} days purged", f"labels reach {horizon}, so that training would see the test", f"purge {horizon}"
        )
    folds = list(walk_forward(inputs.rows.size, start, protocol.refit, purge, embargo))
    within = _choosing_folds(development, protocol)
    found: dict[str, Forecast] = {}
    choices: dict[str, float] = {}
    for rule in rules:
        progress(rule.name)
        found[rule.name] = _joined([rule.forecast(inputs, fold.train, fold.test) for fold in folds])
    for learner in learners:
        progress(learner.name)
        choice, _ = learner.choose(inputs, within)
        choices[learner.name] = choice
        found[learner.name] = _joined([learner.forecast(inputs, fold.train, fold.test, choice) for fold in folds])
    return found, choices


def judge(
    forecasts: dict[str, Forecast],
    choices: dict[str, float],
    truth: Flags,
    days: Sequence[date],
    protocol: Protocol,
    development: int = 0,
    learners: Sequence[Learner] = LEARNERS,
) -> Evaluation:
    """Accuracies and their differences, with intervals of the same resampled days.

    Args:
        forecasts: Forecasts of the test days by model, the simplest first.
        choices: Hyperparameters of those that have one.
        truth: (days,), the label.
        days: Test days.
        protocol: How models are judged.
        development: Labelled days of the development period.
        learners: The learners among the models.
    """
    least = {learner.name: learner.least_accuracy for learner in learners}
    names = tuple(forecasts)
    right = np.column_stack([forecasts[name].turbulent == truth for name in names]).astype(np.float64)
    means = resampled_means(right, protocol.block, protocol.resamples, protocol.seed)
    years = _years(right, days, protocol)
    low, high = interval(means)
    scores = []
    for column, name in enumerate(names):
        beats = {}
        for other in range(column):
            ends = interval(means[:, [column]] - means[:, [other]])
            gain = float(right[:, column].mean() - right[:, other].mean())
            beats[names[other]] = Estimate(gain, float(ends[0][0]), float(ends[1][0]))
        accuracy = Estimate(float(right[:, column].mean()), float(low[column]), float(high[column]))
        brier = float(np.mean((forecasts[name].probability - truth) ** 2))
        by_year = {year: found[column] for year, (_, found) in years.items()}
        seeds = _seeds(forecasts[name], truth)
        scores.append(Score(name, accuracy, brier, beats, by_year, choices.get(name), seeds, least.get(name, 0.0)))
    trials = sum(len(learner.choices) for learner in learners if learner.name in choices)
    counts = {year: count for year, (count, _) in years.items()}
    turbulent = float(np.mean(truth))
    return Evaluation(tuple(scores), len(days), days[0], days[-1], turbulent, counts, trials, development, forecasts)


def _seeds(forecast: Forecast, truth: Flags) -> Seeds | None:
    if forecast.members is None:
        return None
    accuracy = ((forecast.members > 0.5) == truth).mean(axis=1)
    brier = ((forecast.members - truth) ** 2).mean(axis=1)
    return Seeds(len(forecast.members), Spread.of(accuracy), Spread.of(brier))


def _years(right: Array, days: Sequence[date], protocol: Protocol) -> dict[int, tuple[int, list[Estimate]]]:
    """Days of each year, and the accuracy of each model in it."""
    found = {}
    of_day = np.array([day.year for day in days])
    for year in sorted(set(of_day.tolist())):
        part = right[of_day == year]
        low, high = interval(resampled_means(part, protocol.year_block, protocol.year_resamples, protocol.seed + year))
        shares = part.mean(axis=0)
        estimates = [Estimate(*map(float, ends)) for ends in zip(shares, low, high, strict=True)]
        found[year] = (part.shape[0], estimates)
    return found


def _joined(parts: Sequence[Forecast]) -> Forecast:
    members = [part.members for part in parts if part.members is not None]
    return Forecast(
        np.concatenate([part.turbulent for part in parts]),
        np.concatenate([part.probability for part in parts]),
        np.concatenate(members, axis=1) if members else None,
    )
