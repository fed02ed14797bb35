"""Walk-forward forecasts of every model, and which of them can be told from the best one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from keepers.risk.backtests.scoring import Comparison, confidence_set, diebold_mariano
from keepers.signals.errors import SignalError
from keepers.signals.volatility.history import RangeHistory
from keepers.signals.volatility.models import Model

Array = NDArray[np.float64]

WINDOW = 1_000
"""Training days of each fit (docs/decisions/0207)."""
SIZE = 0.1
"""Probability that the confidence set leaves out the best model."""


@dataclass(frozen=True, eq=False)
class Judged:
    """Every model's forecasts of the same days.

    Attributes:
        dates: Forecast days.
        returns: (days,), squared they are the proxy of variance that decides.
        variances: (days,), range variances, the second proxy, in the scale of squared returns over these days.
        forecasts: (days,) of each model.
    """

    dates: tuple[date, ...]
    returns: Array
    variances: Array
    forecasts: Mapping[str, Array]

    def losses(self, ranges: bool = False) -> dict[str, Array]:
        """QLIKE of each day, by model; of squared returns, or of ranges."""
        proxy = self.variances if ranges else self.returns**2
        return {name: qlike(proxy, found) for name, found in self.forecasts.items()}

    def best(self, ranges: bool = False) -> dict[str, float]:
        """The p-value of each model in the model confidence set."""
        return confidence_set(self.losses(ranges), SIZE)

    def against(self, name: str) -> dict[str, Comparison]:
        """Diebold and Mariano's test of each other model against one; positive where the other loses more."""
        losses = self.losses()
        return {other: diebold_mariano(loss, losses[name]) for other, loss in losses.items() if other != name}


def qlike(proxy: Array, forecast: Array) -> Array:
    """Loss ln h + v / h of a forecast h of the variance of which v is a proxy; unbiased noise of v ranks models alike.

    Source: Patton (2011), "Volatility forecast comparison using imperfect volatility proxies", J. of Econometrics
    160(1), equation 23 with b = -2.

    Args:
        proxy: (days,), at least 0.
        forecast: (days,), above 0.

    Raises:
        SignalError: If shapes differ or a forecast is not positive.
    """
    if proxy.shape != forecast.shape or not np.all(forecast > 0):
        raise SignalError("forecasts of variance", "shapes differ or not positive", "give positive forecasts")
    found: Array = np.log(forecast) + proxy / forecast
    return found


def walk_forward(model: Model, history: RangeHistory, window: int = WINDOW) -> Array:
    """Forecasts of each day after the first window, every one from the days before it.

    Args:
        model: The model; it is fitted anew every `model.refit` days, on the `window` days before.
        history: All days.
        window: Training days.

    Returns:
        (days - window,).

    Raises:
        SignalError: If no day is left to forecast.
    """
    days = history.returns.size
    if days <= window:
        raise SignalError(f"{days} days", f"more than {window} are needed", "give a longer history")
    parts = []
    for begin in range(window, days, model.refit):
        stop = min(begin + model.refit, days)
        fitted = model.fit(history.between(begin - window, begin))
        # The last day of the stretch is not among what its own forecast sees.
        parts.append(fitted.forecasts(history.between(begin - window, stop - 1), window))
    return np.concatenate(parts)


def judge(
    models: Sequence[Model],
    history: RangeHistory,
    progress: Callable[[str], None] = lambda _: None,
    window: int = WINDOW,
) -> Judged:
    """Forecasts of all models.

    Args:
        models: Models with distinct names.
        history: All days.
        progress: Called with each model's name before its forecasts.
        window: Training days.

    Raises:
        SignalError: If `walk_forward` raises it.
    """
    forecasts = {}
    for model in models:
        progress(model.name)
        forecasts[model.name] = walk_forward(model, history, window)
    returns, variances = history.returns[window:], history.variances[window:]
    scaled = variances * (np.mean(returns**2) / np.mean(variances))
    return Judged(history.dates[window:], returns, np.asarray(scaled, dtype=np.float64), forecasts)
