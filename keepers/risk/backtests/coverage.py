"""Tests if value at risk was exceeded as often, and as randomly, as its level promises."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.risk.errors import RiskError


@dataclass(frozen=True)
class LikelihoodRatio:
    """A likelihood-ratio test.

    Attributes:
        statistic: -2 log of the ratio, at least zero; chi-squared under the hypothesis.
        p_value: Probability of a statistic at least as large if the hypothesis holds.
    """

    statistic: float
    p_value: float


def exceedances(returns: NDArray[np.float64], var: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Days on which the loss was larger than the value at risk that was forecast for them.

    Args:
        returns: (days,), realised, fractions.
        var: (days,), forecast before the day, positive fractions.

    Returns:
        (days,).

    Raises:
        RiskError: If shapes differ or a number is not finite.
    """
    if returns.ndim != 1 or returns.shape != var.shape:
        raise RiskError(f"returns {returns.shape}, VaR {var.shape}", "do not fit", "give one forecast a day")
    if not (np.all(np.isfinite(returns)) and np.all(np.isfinite(var))):
        raise RiskError("returns or VaR", "not finite", "clean the input")
    exceeded: NDArray[np.bool_] = returns < -var
    return exceeded


def kupiec(exceeded: int, observations: int, level: float) -> LikelihoodRatio:
    """Tests that losses exceed VaR as often as promised (proportion of failures, one degree of freedom).

    Source: Kupiec (1995), "Techniques for verifying the accuracy of risk measurement models", J. of
    Derivatives 3(2).

    Args:
        exceeded: Days on which VaR was exceeded, 0 and `observations` included.
        observations: Days in all.
        level: Confidence of VaR, such as 0.99.

    Raises:
        RiskError: If `exceeded` is not within 0 to `observations`, there are none, or the level is not within
            (0, 1).
    """
    if observations < 1 or not 0 <= exceeded <= observations:
        raise RiskError(f"{exceeded} of {observations} days", "no such count", "give 0 <= exceeded <= observations > 0")
    if not 0 < level < 1:
        raise RiskError(f"level {level}", "not between 0 and 1", "give 0.99 for 99%")
    promised = _log_likelihood(exceeded, observations, 1 - level)
    observed = _log_likelihood(exceeded, observations, exceeded / observations)
    return _test(promised, observed)


def christoffersen(exceeded: NDArray[np.bool_]) -> LikelihoodRatio:
    """Tests that an exceedance says nothing about the next day's (independence, one degree of freedom).

    Source: Christoffersen (1998), "Evaluating interval forecasts", International Economic Review 39(4),
    section 3.2. A state that never occurred leaves nothing to tell apart: the statistic is then zero.

    Args:
        exceeded: (days,), in order of time.

    Raises:
        RiskError: If there are fewer than two days.
    """
    if exceeded.ndim != 1 or exceeded.size < 2:
        raise RiskError(f"days of shape {exceeded.shape}", "no pair of days", "give at least two")
    today, tomorrow = exceeded[:-1], exceeded[1:]
    after_calm, calm = int(np.sum(tomorrow & ~today)), int(np.sum(~today))
    after_loss, loss = int(np.sum(tomorrow & today)), int(np.sum(today))
    pairs = calm + loss
    alike = _log_likelihood(after_calm + after_loss, pairs, (after_calm + after_loss) / pairs)
    apart = sum(
        _log_likelihood(hits, days, hits / days) for hits, days in ((after_calm, calm), (after_loss, loss)) if days
    )
    return _test(alike, apart)


def _log_likelihood(hits: int, days: int, probability: float) -> float:
    hit = hits * math.log(probability) if hits else 0.0
    missed = (days - hits) * math.log1p(-probability) if days > hits else 0.0
    return hit + missed


def _test(restricted: float, free: float) -> LikelihoodRatio:
    statistic = max(0.0, 2 * (free - restricted))
    return LikelihoodRatio(statistic, math.erfc(math.sqrt(statistic / 2)))
