"""Losses that the best forecasts of value at risk and shortfall together make smallest, and who is best by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from keepers.risk.errors import RiskError

Array = NDArray[np.float64]

_SEED = 29


def fz0_loss(returns: Array, var: Array, shortfall: Array, level: float) -> Array:
    """Loss of each day, of which the true value at risk and shortfall minimise the mean.

    With v = -VaR, e = -ES and p = 1 - level: -1[r <= v] (v - r) / (p e) + v / e + log(-e) - 1. Source: Patton, Ziegel
    and Chen (2019), "Dynamic semiparametric models for expected shortfall (and value-at-risk)", J. of Econometrics
    211(2), equation 6; the family is Fissler and Ziegel's (2016).

    Args:
        returns: (days,), realised, fractions.
        var, shortfall: (days,), forecast, positive fractions.
        level: Confidence.

    Raises:
        RiskError: If shapes differ or a shortfall is not positive.
    """
    if not returns.shape == var.shape == shortfall.shape or not np.all(shortfall > 0):
        raise RiskError("returns, VaR or shortfall", "shapes differ or not positive", "give positive forecasts")
    beyond = np.maximum(-var - returns, 0.0)
    found: Array = beyond / ((1 - level) * shortfall) + var / shortfall + np.log(shortfall) - 1
    return found


@dataclass(frozen=True)
class Comparison:
    """Result of a comparison of two series of losses.

    Attributes:
        statistic: Positive where the first loses more.
        p_value: Two-sided probability under equal expected losses.
    """

    statistic: float
    p_value: float


def diebold_mariano(first: Array, second: Array, horizon: int = 1) -> Comparison:
    """Tests that two forecasts have the same expected loss.

    Sources: Diebold and Mariano (1995), "Comparing predictive accuracy", J. of Business and Economic Statistics 13(3);
    the long-run variance is Newey and West's (1987), with floor(4 (N / 100)^(2 / 9)) lags, and with no fewer than the
    days that two forecasts share; quantiles are of a t with N - 1 degrees (Harvey, Leybourne and Newbold 1997).

    Args:
        first, second: (days,), losses of forecasts that were made every day.
        horizon: Days that each forecast looks ahead.

    Raises:
        RiskError: If shapes differ or there are fewer than 20 days.
    """
    if first.shape != second.shape or first.ndim != 1 or first.size < 20:
        raise RiskError(f"losses {first.shape} and {second.shape}", "do not fit", "give 20 days or more of both")
    difference = first - second
    days = difference.size
    centred = difference - difference.mean()
    lags = max(int(4 * (days / 100) ** (2 / 9)), horizon - 1)
    variance = float(centred @ centred) / days
    for lag in range(1, lags + 1):
        variance += 2 * (1 - lag / (lags + 1)) * float(centred[lag:] @ centred[:-lag]) / days
    if not variance > 0:
        return Comparison(0.0, 1.0)
    statistic = float(difference.mean()) / float(np.sqrt(variance / days))
    return Comparison(statistic, float(2 * t.sf(abs(statistic), days - 1)))


def confidence_set(losses: Mapping[str, Array], size: float = 0.1, replications: int = 1000) -> dict[str, float]:
    """The models that cannot be told from the best one.

    Source: Hansen, Lunde and Nason (2011), "The model confidence set", Econometrica 79(2); computed by `arch`, with the
    stationary bootstrap and blocks of sqrt(N) days.

    Args:
        losses: (days,) of each model.
        size: Probability that the best model is left out.
        replications: Bootstrap samples.

    Returns:
        The p-value of each model that is in the set.

    Raises:
        RiskError: If there are fewer than two models.
    """
    if len(losses) < 2:
        raise RiskError(f"{len(losses)} models", "nothing to compare", "give two or more")
    # Both take a while to import, and no keeper compares models.
    import pandas as pd
    from arch.bootstrap import MCS

    table = pd.DataFrame({name: losses[name] for name in losses})
    found = MCS(table, size=size, reps=replications, block_size=int(np.sqrt(len(table))), seed=_SEED)
    found.compute()
    values = {str(name): float(value) for name, value in found.pvalues["Pvalue"].items()}
    return {name: values[name] for name in losses if name in set(found.included)}
