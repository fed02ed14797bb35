"""Forecasts of probabilities: calibration on a history, and scores beside what happened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from keepers.risk.errors import RiskError

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEAST_EVENTS = 10
"""Events, and days without one, below which a calibration would fit chance."""
BINS = 5


@dataclass(frozen=True)
class Calibration:
    """A map of simulated probabilities to calibrated ones: logit(q) = a + b logit(p).

    Attributes:
        offset, slope: a and b; 0 and 1 leave probabilities as they are.
        least: Probabilities nearer to 0 or 1 than this are moved there before the logit.
        note: Fallback that was taken, and why; empty if none was.
    """

    offset: float
    slope: float
    least: float
    note: str = ""

    def apply(self, probabilities: Array) -> Array:
        """Calibrated probabilities, of any shape."""
        if self.note:
            return probabilities
        found: Array = expit(self.offset + self.slope * logit(np.clip(probabilities, self.least, 1 - self.least)))
        return found


def fit_calibration(probabilities: Array, happened: Flags, least: float) -> Calibration:
    """Fits a calibration by maximum likelihood with Platt's targets, which keep it finite.

    Source: Platt (1999), "Probabilistic outputs for support vector machines and comparisons to regularized likelihood
    methods", section 2.2. With fewer than 10 events or 10 days without one the fallback is "as simulated".

    Args:
        probabilities: (forecasts,), as simulated.
        happened: (forecasts,), whether the event came.
        least: Minimum probability that a simulation tells from zero.

    Raises:
        RiskError: If shapes differ or a probability is not from 0 to 1.
    """
    _check(probabilities, happened)
    events = int(happened.sum())
    quiet = happened.size - events
    if min(events, quiet) < LEAST_EVENTS:
        note = f"as simulated: {events} events in {happened.size} forecasts, fewer than {LEAST_EVENTS} of a kind"
        return Calibration(0.0, 1.0, least, note)
    scores = logit(np.clip(probabilities, least, 1 - least))
    targets = np.where(happened, (events + 1) / (events + 2), 1 / (quiet + 2))

    def loss(terms: Array) -> tuple[float, Array]:
        """Returns the mean log loss of an offset and a slope, and its gradient."""
        linear = terms[0] + terms[1] * scores
        fall = expit(linear) - targets
        value = np.logaddexp(0.0, linear) - targets * linear
        return float(np.mean(value)), np.array([np.mean(fall), np.mean(fall * scores)])

    found = minimize(loss, np.array([0.0, 1.0]), jac=True, method="BFGS")
    if not np.all(np.isfinite(found.x)) or found.x[1] <= 0:
        return Calibration(0.0, 1.0, least, "as simulated: higher probabilities did not come true more often")
    return Calibration(float(found.x[0]), float(found.x[1]), least)


def brier_score(probabilities: Array, happened: Flags) -> float:
    """Mean squared distance of probabilities from what happened, 0 to 1; less is better.

    Source: Brier (1950), "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78.

    Raises:
        RiskError: If there are no forecasts, shapes differ, or a probability is not from 0 to 1.
    """
    _check(probabilities, happened)
    return float(np.mean((probabilities - happened) ** 2))


@dataclass(frozen=True)
class Bin:
    """Forecasts of about the same probability.

    Attributes:
        low, high: Range of the probabilities; the last bin has its upper end.
        forecasts: Number of forecasts.
        mean: Mean probability that was forecast.
        frequency: Share of the forecasts whose event came.
    """

    low: float
    high: float
    forecasts: int
    mean: float
    frequency: float


def reliability(probabilities: Array, happened: Flags, bins: int = BINS) -> tuple[Bin, ...]:
    """Forecast and observed frequencies by equal ranges of the probability; ranges without a forecast are left out.

    Source: Murphy and Winkler (1977), "Reliability of subjective probability forecasts of precipitation and
    temperature", Applied Statistics 26.

    Raises:
        RiskError: If there are no forecasts, shapes differ, or a probability is not from 0 to 1.
    """
    _check(probabilities, happened)
    places = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    found = []
    for place in range(bins):
        inside = places == place
        if inside.any():
            mean, frequency = float(probabilities[inside].mean()), float(happened[inside].mean())
            found.append(Bin(place / bins, (place + 1) / bins, int(inside.sum()), mean, frequency))
    return tuple(found)


@dataclass(frozen=True)
class Hits:
    """Alerts beside breaches.

    Attributes:
        raised: Alerts.
        hits: Alerts that a breach followed.
        missed: Breaches that no alert preceded.
    """

    raised: int
    hits: int
    missed: int


def count_hits(probabilities: Array, happened: Flags, threshold: float) -> Hits:
    """Counts alerts, raised from a probability of `threshold` on.

    Raises:
        RiskError: If there are no forecasts, shapes differ, or a probability is not from 0 to 1.
    """
    _check(probabilities, happened)
    raised = probabilities >= threshold
    return Hits(int(raised.sum()), int((raised & happened).sum()), int((~raised & happened).sum()))


def _check(probabilities: Array, happened: Flags) -> None:
    if probabilities.ndim != 1 or probabilities.shape != happened.shape or probabilities.size == 0:
        shapes = f"probabilities {probabilities.shape}, events {happened.shape}"
        raise RiskError(shapes, "do not fit, or are none", "give one event for each forecast")
    if not np.all((probabilities >= 0) & (probabilities <= 1)):
        raise RiskError("probabilities", "not all from 0 to 1", "leave out what was breached at the start")
