"""Simple rules: a volatility of today, or a forecast of it, beside the threshold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from keepers.risk.models.garch import Volatilities
from keepers.signals.regimes.inputs import Inputs
from keepers.signals.regimes.label import Flags, Labelled

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

DECAY = 0.94
"""RiskMetrics' daily decay."""


@dataclass(frozen=True, eq=False)
class Forecast:
    """A model's forecast of some days.

    Attributes:
        turbulent: (days,), what it predicts.
        probability: (days,), its probability of turbulence.
        members: (members, days), the probability of each seed; None for a model without seeds.
    """

    turbulent: Flags
    probability: Array
    members: Array | None = None


@dataclass(frozen=True)
class Rule:
    """A score that exceeds a cut.

    Attributes:
        name: Name in tables.
        score: Function of the inputs and the places of the training days, both among the labelled days; it gives the
            logarithm of a volatility over the threshold for each labelled day.
        fitted: True if the cut is the one with the best accuracy in training; zero otherwise.
    """

    name: str
    score: Callable[[Inputs, Rows], Array]
    fitted: bool

    def forecast(self, inputs: Inputs, train: Rows, test: Rows) -> Forecast:
        """Forecasts of test days by what the training days teach: the cut, and the frequencies on its two sides."""
        scores, turbulent = self.score(inputs, train), inputs.turbulent
        cut = best_cut(scores[train], turbulent[train]) if self.fitted else 0.0
        above = scores[train] > cut
        # Nothing is known of a side that no training day is on.
        high, low = (float(turbulent[train][side].mean()) if side.any() else 0.5 for side in (above, ~above))
        predicted = scores[test] > cut
        return Forecast(predicted, np.where(predicted, high, low))


def best_cut(scores: Array, turbulent: Flags) -> float:
    """The cut with the most days on the right side; of several, the one nearest to zero."""
    order = np.argsort(scores, kind="stable")
    values, labels = scores[order], turbulent[order]
    # With i days below a cut, the calm among them and the turbulent above them are right.
    calm_below = np.concatenate([[0], np.cumsum(~labels)])
    turbulent_above = labels.sum() - np.concatenate([[0], np.cumsum(labels)])
    right = calm_below + turbulent_above
    middles = 0.5 * (values[1:] + values[:-1])
    cuts = np.concatenate([[values[0] - 1.0], middles, [values[-1] + 1.0]])
    apart = np.concatenate([[True], values[1:] > values[:-1], [True]])
    best = cuts[apart & (right == right[apart].max())]
    return float(best[np.argmin(np.abs(best))])


def persistence_score(inputs: Inputs, train: Rows) -> Array:
    """Volatility of the days that the label's own horizon covers, up to today."""
    labelled = inputs.labelled
    found: Array = np.log(_positive(labelled.volatility[inputs.rows])) - np.log(labelled.threshold[inputs.rows])
    return found


def ewma_score(inputs: Inputs, train: Rows) -> Array:
    """Exponentially weighted volatility, begun with the first day's square."""
    return ewma_at(inputs.labelled, inputs.rows)


def ewma_at(labelled: Labelled, rows: Rows) -> Array:
    """Logarithm of the EWMA volatility over the threshold at the close of some rows' days."""
    returns = labelled.returns
    variances = filtered(returns, 0.0, 1 - DECAY, DECAY, float(returns[1] ** 2))[1:]
    found: Array = 0.5 * np.log(_positive(variances[rows])) - np.log(labelled.threshold[rows])
    return found


def garch_score(inputs: Inputs, train: Rows) -> Array:
    """Mean of the coming days' variances of a GARCH(1,1) that is fitted to the returns up to training's end.

    Source: Bollerslev (1986). With persistence p = alpha + beta and mean m = omega / (1 - p), the variance k days
    after tomorrow's h is m + p^k (h - m).
    """
    labelled = inputs.labelled
    known = labelled.returns[1 : int(inputs.rows[train[-1]]) + 1]
    fitted = Volatilities.fit(known[:, None], asymmetric=False)
    omega, alpha, beta = (float(values[0]) for values in (fitted.omega, fitted.alpha, fitted.beta))
    tomorrow = filtered(labelled.returns, omega, alpha, beta, float(np.mean(known**2)))[1:][inputs.rows]
    persistence = alpha + beta
    if persistence < 1 - 1e-9:
        mean = omega / (1 - persistence)
        share = np.mean(persistence ** np.arange(labelled.label.horizon))
        coming = mean + share * (tomorrow - mean)
    else:
        coming = tomorrow
    found: Array = 0.5 * np.log(_positive(coming)) - np.log(labelled.threshold[inputs.rows])
    return found


def filtered(returns: Array, omega: float, alpha: float, beta: float, start: float) -> Array:
    """Variances h_t = omega + alpha r_(t-1)^2 + beta h_(t-1) of each day and of the day after the last.

    The first return is not there, so that h_1 is `start`, and so is h_0.
    """
    news = omega + alpha * returns[1:] ** 2
    later, _ = lfilter([1.0], [1.0, -beta], news, zi=np.array([beta * start]))
    return np.concatenate([[start, start], later])


def _positive(values: Array) -> Array:
    return np.maximum(values, np.finfo(np.float64).tiny)


RULES = (
    Rule("persistence", persistence_score, fitted=False),
    Rule("ewma threshold", ewma_score, fitted=True),
    Rule("garch threshold", garch_score, fitted=True),
)
