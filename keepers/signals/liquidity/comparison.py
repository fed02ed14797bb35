"""Walk-forward forecasts of depth and slippage, their intervals, and the model that a history chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.risk.backtests.scoring import diebold_mariano
from keepers.signals.errors import SignalError
from keepers.signals.liquidity.curve import slippage_of
from keepers.signals.liquidity.history import History
from keepers.signals.liquidity.models import LAST, MODELS, Model, Series, decayed
from keepers.signals.returns.conformal import (
    GROUPS,
    Groups,
    Intervals,
    adaptive_intervals,
    interval_score,
    volatility_groups,
)

Array = NDArray[np.float64]

WINDOW = 240
"""Steps that only train (docs/decisions/0222)."""
MEMORY = 200
"""Scores that an interval's quantile is taken of."""
REFIT = 24
"""Steps after which a model is fitted again."""
LEAST = 40
"""Fewer forecasts with intervals say nothing about them."""
SIGNIFICANT = 0.05
_DECAY = 0.94
_FLOOR = 1e-6
"""Least size of a change: a pool at rest has a scale too."""


@dataclass(frozen=True, eq=False)
class Judged:
    """Forecasts of one quantity by every model, from the end of the training to the last time.

    Attributes:
        horizon: Steps ahead.
        outcomes: (forecasts,), logarithms; NaN where they are not known yet.
        scales: (forecasts,), size of past changes over as many steps, known with the forecasts.
        forecasts: (forecasts,) of each model, logarithms.
    """

    horizon: int
    outcomes: Array
    scales: Array
    forecasts: Mapping[str, Array]

    def errors(self, model: str) -> Array:
        """(forecasts with outcomes,), absolute errors of a model."""
        found: Array = np.abs(self.outcomes - self.forecasts[model])[: -self.horizon]
        return found

    def intervals(self, model: str) -> Intervals:
        """Intervals of every forecast of a model, the last ones included."""
        # No interval reads an outcome before its horizon has passed.
        outcomes = np.where(np.isnan(self.outcomes), self.forecasts[model], self.outcomes)
        return adaptive_intervals(self.forecasts[model], outcomes, self.scales, self.groups, self.horizon, MEMORY)

    @property
    def groups(self) -> Groups:
        """(forecasts,), third by the size of past changes, the calmest first."""
        return volatility_groups(self.scales, WINDOW)

    def chosen(self, times: int | None = None) -> str:
        """The model whose errors are smaller than the last value's beyond chance, or the last value.

        Args:
            times: Forecasts that are looked at, the first ones; all whose outcomes are known if None.
        """
        walk = self.errors(LAST)[:times]
        others = [name for name in self.forecasts if name != LAST]
        best, least = LAST, float(walk.mean())
        for name in others:
            own = self.errors(name)[:times]
            test = diebold_mariano(own, walk, self.horizon)
            if own.mean() < least and test.p_value < SIGNIFICANT / len(others):
                best, least = name, float(own.mean())
        return best


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Outcomes of a model's forecasts that have intervals.

    Attributes:
        errors, walks: (forecasts,), absolute errors of the model and of the last value, logarithms.
        covered: (forecasts,), true where the outcome lies inside its interval.
        groups: (forecasts,), third by the size of past changes.
        widths, scores: (forecasts,), of the intervals; of scores less is better.
    """

    errors: Array
    walks: Array
    covered: NDArray[np.bool_]
    groups: Groups
    widths: Array
    scores: Array


@dataclass(frozen=True)
class Row:
    """A model on some forecasts with intervals.

    Attributes:
        forecasts: Their number.
        error: Mean absolute error, logarithm.
        walk: The last value's.
        coverage: Fraction of outcomes inside their intervals.
        coverages: The same in each third by the size of past changes; NaN of a third without any.
        width: Mean width of the intervals, logarithm.
        score: Mean interval score; less is better.
    """

    forecasts: int
    error: float
    walk: float
    coverage: float
    coverages: tuple[float, ...]
    width: float
    score: float

    @classmethod
    def of(cls, parts: Sequence[Outcomes]) -> Row:
        """The row of several histories together."""
        covered, groups = np.concatenate([p.covered for p in parts]), np.concatenate([p.groups for p in parts])
        thirds = [covered[groups == third] for third in range(GROUPS)]
        return cls(
            int(covered.size),
            float(np.concatenate([p.errors for p in parts]).mean()),
            float(np.concatenate([p.walks for p in parts]).mean()),
            float(covered.mean()),
            tuple(float(third.mean()) if third.size else float("nan") for third in thirds),
            float(np.concatenate([p.widths for p in parts]).mean()),
            float(np.concatenate([p.scores for p in parts]).mean()),
        )


def require_length(times: int, horizon: int) -> None:
    """Refuses a history on which nothing can be judged.

    Raises:
        SignalError: If it is too short.
    """
    least = WINDOW + MEMORY + 2 * horizon + LEAST
    if times < least:
        remedy = "look further back, or give a shorter horizon"
        raise SignalError(f"history of {times} steps", f"{least} are needed for {horizon} ahead", remedy)


def walk_forward(model: Model, series: Series) -> Array:
    """(times - WINDOW + 1,), forecasts after each time from the end of the training on, from what was known by then.

    Args:
        model: The model; it is fitted anew every `REFIT` steps, on all steps so far.
        series: The whole series.
    """
    parts = []
    for begin in range(WINDOW, series.values.size + 1, REFIT):
        end = min(begin + REFIT - 1, series.values.size)
        parts.append(model.fit(series.until(begin)).forecasts(series.until(end))[begin - 1 :])
    return np.concatenate(parts)


def judge_depth(history: History, horizon: int, models: Sequence[Model] = MODELS) -> Judged:
    """Forecasts of the logarithm of depth by every model.

    Args:
        history: Depth and price.
        horizon: Steps ahead, one or more.
        models: Models with distinct names, the last value among them.

    Raises:
        SignalError: If the history is too short.
    """
    require_length(history.size, horizon)
    series = Series(np.log(history.depth), history.hours(horizon), horizon)
    forecasts = {model.name: walk_forward(model, series) for model in models}
    return Judged(
        horizon, _ahead(series.values, horizon)[WINDOW - 1 :], sizes(series.values, horizon)[WINDOW - 1 :], forecasts
    )


def judge_slippage(history: History, amount: Array | float, fee: float, depth: Judged) -> Judged:
    """Forecasts of the logarithm of slippage: impact at the forecast depth, and the fee.

    Args:
        history: Depth and price.
        amount: Input of the order in the unit of the depth: one, or (times,), known with the forecasts.
        fee: Fraction of the input.
        depth: Forecasts of the depth of that history.
    """
    horizon, price = depth.horizon, np.log(history.price)
    amounts = np.broadcast_to(np.asarray(amount, dtype=np.float64), history.depth.shape)[WINDOW - 1 :]
    drift = _ahead(price, horizon)[WINDOW - 1 :] - price[WINDOW - 1 :]
    outcomes = slippage_of(amounts, np.exp(depth.outcomes), fee, drift)
    forecasts = {name: slippage_of(amounts, np.exp(forecast), fee, 0.0) for name, forecast in depth.forecasts.items()}
    return Judged(horizon, outcomes, sizes(price, horizon)[WINDOW - 1 :], forecasts)


def sizes(values: Array, horizon: int) -> Array:
    """(times,), decayed root mean square of changes over a horizon, those that are known at each time."""
    changes = np.zeros(values.size)
    changes[horizon:] = values[horizon:] - values[:-horizon]
    # The first changes stand for those before them, so that no scale begins at zero.
    changes[:horizon] = np.sqrt(np.mean(changes[horizon:WINDOW] ** 2)) if values.size > horizon else 0.0
    found: Array = np.maximum(np.sqrt(decayed(changes**2, _DECAY)), _FLOOR)
    return found


def outcomes_of(judged: Judged, model: str, first: int = 0) -> Outcomes:
    """Errors and coverages of the forecasts with intervals and known outcomes.

    Args:
        judged: Forecasts.
        model: Name of the model.
        first: Forecasts that are left out at the beginning.
    """
    intervals = judged.intervals(model)
    places = np.flatnonzero(~np.isnan(judged.outcomes) & intervals.known)
    places = places[places >= first]
    return Outcomes(
        judged.errors(model)[places],
        judged.errors(LAST)[places],
        intervals.covers(judged.outcomes)[places],
        judged.groups[places],
        (intervals.high - intervals.low)[places],
        interval_score(intervals, judged.outcomes)[places],
    )


def _ahead(values: Array, horizon: int) -> Array:
    """(times,), the value `horizon` steps later; NaN where it is not known."""
    found = np.full(values.size, np.nan)
    found[:-horizon] = values[horizon:]
    return found
