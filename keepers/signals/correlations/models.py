"""Models of the next day's covariances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.risk.models.correlations import Correlations
from keepers.risk.models.garch import Volatilities, standardised

Array = NDArray[np.float64]

ROLLING = 252
"""Days of the rolling sample."""
DAILY, MONTHLY = 0.94, 0.97
"""RiskMetrics' decays for forecasts of a day and of a month."""


@dataclass(frozen=True, eq=False)
class Window:
    """Days that a forecast sees, under volatilities that every model shares.

    Attributes:
        returns: (days, assets), log returns, oldest first.
        shocks: (days, assets), returns over the volatility of their day.
        deviations: (assets,), volatilities of the day after the last.
    """

    returns: Array
    shocks: Array
    deviations: Array

    @classmethod
    def of(cls, returns: Array, volatilities: Volatilities) -> Window:
        """The window of some returns, (days, assets)."""
        variances = volatilities.paths(returns)
        return cls(returns, standardised(returns, variances), np.sqrt(variances[-1]))


Forecast = Callable[[Window], Array]
"""Covariances, (assets, assets), of the day after the last of a window."""


@dataclass(frozen=True)
class Model:
    """A model by its name.

    Attributes:
        name: Name in tables.
        fit: Function of the training days.
    """

    name: str
    fit: Callable[[Window], Forecast]


def moments(rows: Array, weights: Array | None = None) -> Array:
    """Second moments about zero of (days, assets), (assets, assets).

    Args:
        rows: The days.
        weights: (days,), of sum one; equal ones for None.
    """
    if weights is None:
        return np.asarray(rows.T @ rows / rows.shape[0])
    return np.asarray((rows * weights[:, np.newaxis]).T @ rows)


def decaying(days: int, decay: float) -> Array:
    """Weights that fall by `decay` a day into the past and sum to one. Source: RiskMetrics (1996), table 5.1."""
    found = decay ** np.arange(days - 1, -1, -1, dtype=np.float64)
    return np.asarray(found / found.sum())


def _covariances(second: Array, deviations: Array) -> Array:
    """Correlations of second moments, with other volatilities."""
    scale = deviations / np.sqrt(np.diag(second))
    return np.asarray(second * np.outer(scale, scale))


def fit_none(_: Window) -> Forecast:
    """GARCH volatilities without correlations."""
    return lambda window: np.diag(window.deviations**2)


def fit_constant(training: Window) -> Forecast:
    """CCC: correlations of the training days."""
    return _garch(Correlations.fit(training.shocks, dynamic=False))


def fit_dynamic(training: Window) -> Forecast:
    """DCC; CCC where its parameters are not found."""
    return _garch(Correlations.fit(training.shocks, dynamic=True))


def _garch(correlations: Correlations) -> Forecast:
    return lambda window: correlations.next(window.shocks) * np.outer(window.deviations, window.deviations)


def fit_rolling_correlations(_: Window) -> Forecast:
    """GARCH volatilities with the correlations of the last days' shocks."""
    return lambda window: _covariances(moments(window.shocks[-ROLLING:]), window.deviations)


def fit_decayed_correlations(_: Window) -> Forecast:
    """GARCH volatilities with correlations of shocks under RiskMetrics' monthly decay."""
    return lambda window: _covariances(
        moments(window.shocks, decaying(window.shocks.shape[0], MONTHLY)), window.deviations
    )


def fit_rolling(_: Window) -> Forecast:
    """Covariances of the last days."""
    return lambda window: moments(window.returns[-ROLLING:])


def fit_decay(decay: float) -> Callable[[Window], Forecast]:
    """RiskMetrics' covariances under a decay."""
    return lambda _: lambda window: moments(window.returns, decaying(window.returns.shape[0], decay))


MODELS: tuple[Model, ...] = (
    Model("garch, uncorrelated", fit_none),
    Model("garch, ccc", fit_constant),
    Model("garch, dcc", fit_dynamic),
    Model("garch, rolling", fit_rolling_correlations),
    Model("garch, decay", fit_decayed_correlations),
    Model("rolling", fit_rolling),
    Model("riskmetrics daily", fit_decay(DAILY)),
    Model("riskmetrics monthly", fit_decay(MONTHLY)),
)
"""All models, in the order of docs/decisions/0216."""
