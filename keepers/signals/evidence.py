"""Evidence for a challenger: its forecasts beside the champion's on the same days, by terms that were fixed beforehand.

The terms are those of docs/decisions/0195. The verdict is about the first days of the trial, so that waiting for a
better look changes nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from keepers.signals.errors import SignalError

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEAST_CHANCE = 2.0**-20
"""Chance that the log score puts in place of a smaller one: a zero that comes true would cost infinity."""


@dataclass(frozen=True)
class Terms:
    """Terms of a promotion.

    Attributes:
        days: Days of the trial, each with a known outcome.
        level: Largest p-value of the one-sided test.
    """

    days: int = 252
    level: float = 0.025


TERMS = Terms()
"""Terms of docs/decisions/0195."""


@dataclass(frozen=True, eq=False)
class Trial:
    """Forecasts of two models on the same days, oldest first.

    Attributes:
        champion, challenger: (days,), probabilities of turbulence.
        outcome: (days,), 1 for turbulence, 0 for calm, NaN where it is not known yet.
        horizon: Days that a forecast looks ahead, so that outcomes of nearer days overlap.
    """

    champion: Array
    challenger: Array
    outcome: Array
    horizon: int

    def __post_init__(self) -> None:
        sizes = {self.champion.shape, self.challenger.shape, self.outcome.shape}
        if len(sizes) != 1 or self.outcome.ndim != 1:
            raise SignalError(f"a trial of shapes {sorted(sizes)}", "not one row of days", "give all of each day")
        for name, values in (("champion", self.champion), ("challenger", self.challenger)):
            wrong = values[~((values >= 0) & (values <= 1))]
            if wrong.size:
                raise SignalError(f"{name}'s forecast {wrong[0]}", "no probability", "give numbers from 0 to 1")
        known = self.outcome[~np.isnan(self.outcome)]
        if not np.isin(known, (0.0, 1.0)).all():
            raise SignalError("an outcome", "neither 0 nor 1", "give 1 for turbulence, 0 for calm")
        if self.horizon < 1:
            raise SignalError(f"horizon {self.horizon}", "no number of days", "give 1 or more")


@dataclass(frozen=True)
class Comparison:
    """A Diebold-Mariano test.

    Attributes:
        statistic: Corrected statistic; positive where the challenger's losses are the smaller ones. None where the
            variance of the mean cannot be estimated.
        p_value: Chance of so large a statistic if the challenger is no better; 1 where there is no statistic.
    """

    statistic: float | None
    p_value: float


@dataclass(frozen=True)
class Evidence:
    """Outcome of a trial.

    Attributes:
        days: Days of the trial whose outcome is known, at most those that the terms ask for.
        needed: Days that the terms ask for.
        level: Largest p-value that the terms allow.
        brier: Mean Brier scores of champion and challenger on those days; None without a day.
        log_score: Mean log scores of both, nats, smaller is better; None without a day. They decide nothing.
        statistic, p_value: The test of the Brier scores; None before the trial is complete.
        promotes: True if the challenger may be proposed.
        reason: The verdict in a sentence, with the figure and the one that is needed.
    """

    days: int
    needed: int
    level: float
    brier: tuple[float, float] | None
    log_score: tuple[float, float] | None
    statistic: float | None
    p_value: float | None
    promotes: bool
    reason: str


def judge(trial: Trial, terms: Terms = TERMS) -> Evidence:
    """The verdict about the first days of a trial.

    Args:
        trial: Forecasts and outcomes.
        terms: Terms of the promotion.
    """
    outcome = trial.outcome[: terms.days]
    known = ~np.isnan(outcome)
    truth = outcome[known]
    champion, challenger = trial.champion[: terms.days][known], trial.challenger[: terms.days][known]
    days = int(known.sum())
    scores = (brier_losses(champion, truth), brier_losses(challenger, truth))
    brier = (float(scores[0].mean()), float(scores[1].mean())) if days else None
    logs = (log_losses(champion, truth), log_losses(challenger, truth))
    log_score = (float(logs[0].mean()), float(logs[1].mean())) if days else None
    if days < terms.days:
        reason = f"{days} of {terms.days} days have an outcome"
        return Evidence(days, terms.days, terms.level, brier, log_score, None, None, False, reason)
    found = diebold_mariano(scores[0] - scores[1], trial.horizon)
    promotes = found.statistic is not None and found.p_value <= terms.level
    reason = _reason(found, terms)
    return Evidence(days, terms.days, terms.level, brier, log_score, found.statistic, found.p_value, promotes, reason)


def _reason(found: Comparison, terms: Terms) -> str:
    if found.statistic is None:
        return f"the difference of {terms.days} days' Brier scores has no variance to judge it by"
    better = "is better" if found.p_value <= terms.level else "is not shown to be better"
    return f"{better}: p = {found.p_value:.4f}, at most {terms.level} is needed"


def brier_losses(probability: Array, truth: Array) -> Array:
    """Squared errors of (days,) probabilities. Source: Brier (1950), Monthly Weather Review 78(1)."""
    found: Array = (probability - truth) ** 2
    return found


def log_losses(probability: Array, truth: Array) -> Array:
    """Negative logarithms of the chance of what came true, nats. Source: Good (1952), J. R. Stat. Soc. B 14(1)."""
    chance = np.where(truth > 0.5, probability, 1 - probability)
    found: Array = -np.log(np.maximum(chance, LEAST_CHANCE))
    return found


def diebold_mariano(differences: Array, horizon: int) -> Comparison:
    """One-sided test of whether the mean of loss differences, champion less challenger, is above zero.

    Source: Diebold and Mariano (1995), J. of Business and Economic Statistics 13(3), with autocovariances up to
    `horizon - 1` of equal weight; Harvey, Leybourne and Newbold (1997), Int. J. of Forecasting 13(2), for the factor
    and the t distribution of days - 1 degrees of freedom.

    Args:
        differences: (days,), finite.
        horizon: Days that a forecast looks ahead.

    Returns:
        No statistic where there are too few days, or the estimate of the variance is not above zero.

    Raises:
        SignalError: If a difference is not finite.
    """
    if not np.isfinite(differences).all():
        raise SignalError("a difference of losses", "not finite", "leave out days without an outcome")
    days = differences.size
    if days < horizon + 1 or days < 2:
        return Comparison(None, 1.0)
    centred = differences - differences.mean()
    lags = [float(centred[lag:] @ centred[: days - lag]) / days for lag in range(horizon)]
    variance = (lags[0] + 2 * sum(lags[1:])) / days
    # Losses are at most 1: what is left of a constant difference is rounding.
    if variance <= np.finfo(np.float64).eps ** 2:
        return Comparison(None, 1.0)
    factor = (days + 1 - 2 * horizon + horizon * (horizon - 1) / days) / days
    statistic = math.sqrt(max(factor, 0.0)) * float(differences.mean()) / math.sqrt(variance)
    return Comparison(statistic, float(stats.t.sf(statistic, days - 1)))
