"""Walk-forward forecasts of covariances, and which models can be told from the best one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular

from keepers.risk.backtests.scoring import Comparison, confidence_set, diebold_mariano
from keepers.risk.models.garch import Volatilities
from keepers.signals.correlations.models import ROLLING, Model, Window
from keepers.signals.errors import SignalError

Array = NDArray[np.float64]

WINDOW = 1_000
"""Training days of each fit (docs/decisions/0216)."""
REFIT = 21
"""Days that pass between two fits."""
SIZE = 0.1
"""Probability that the confidence set leaves out the best model."""
LEAST_TEST = 20
"""Fewer forecast days compare nothing."""


@dataclass(frozen=True)
class Score:
    """A day under a forecast.

    Attributes:
        loss: ln det H + r' H^-1 r.
        distance: r' H^-1 r over the number of assets; its mean is one if the forecast is as wide as the returns.
        least: Return of the portfolio of least forecast variance, whose weights sum to one.
    """

    loss: float
    distance: float
    least: float


@dataclass(frozen=True, eq=False)
class Judged:
    """Every model's scores of the same days.

    Attributes:
        dates: Forecast days.
        assets: Number of assets.
        losses, distances, leasts: (days,) of each model; see `Score`.
    """

    dates: tuple[date, ...]
    assets: int
    losses: Mapping[str, Array]
    distances: Mapping[str, Array]
    leasts: Mapping[str, Array]

    def best(self) -> dict[str, float]:
        """The p-value of each model in the model confidence set."""
        return confidence_set(self.losses, SIZE)

    def against(self, name: str) -> dict[str, Comparison]:
        """Diebold and Mariano's test of each other model against one; positive where the other loses more."""
        return {other: diebold_mariano(loss, self.losses[name]) for other, loss in self.losses.items() if other != name}


def score(covariances: Array, returns: Array) -> Score:
    """The loss of Stein of one forecast, which ranks forecasts as the true covariances would.

    Sources: Patton and Sheppard (2009), "Evaluating volatility and correlation forecasts", Handbook of Financial Time
    Series, and Laurent, Rombouts and Violante (2013), "On loss functions and ranking forecasting performances of
    multivariate volatility models", J. of Econometrics 173(1), for the loss; Engle and Colacito (2006), "Testing and
    valuing dynamic correlations for asset allocation", J. of Business and Economic Statistics 24(2), for the portfolio.

    Args:
        covariances: (assets, assets), forecast.
        returns: (assets,), realised.

    Raises:
        SignalError: If shapes differ or the forecast is not positive definite.
    """
    assets = returns.shape[0]
    if covariances.shape != (assets, assets):
        raise SignalError(f"covariances {covariances.shape}", f"of {assets} assets", "give a square of them")
    try:
        factor = np.linalg.cholesky(covariances)
    except np.linalg.LinAlgError:
        factor = np.full_like(covariances, np.nan)
    # A factor can exist where rounding alone makes the smallest eigenvalue positive.
    diagonal = np.diag(factor)
    if not np.all(diagonal**2 > 1e-12 * np.diag(covariances)):
        raise SignalError(
            "forecast covariances", "not positive definite", "give fewer assets, none twice, none at rest"
        )
    shocks = solve_triangular(factor, returns, lower=True)
    squared = float(shocks @ shocks)
    weights = cho_solve((factor, True), np.ones(assets))
    return Score(
        2 * float(np.log(diagonal).sum()) + squared, squared / assets, float(weights @ returns / weights.sum())
    )


def walk_forward(
    models: Sequence[Model], returns: Array, window: int, progress: Callable[[int], None] = lambda _: None
) -> dict[str, list[Score]]:
    """Scores of each day after the first window, forecast from the days before it alone.

    Args:
        models: The models; all are fitted anew every `REFIT` days, on the `window` days before.
        returns: (days, assets), log returns.
        window: Training days.
        progress: Called with the number of days that were forecast, stretch by stretch.

    Raises:
        SignalError: If an asset rests for a whole rolling sample, or a forecast is not positive definite.
        RiskError: If the window is too short for GARCH.
    """
    found: dict[str, list[Score]] = {model.name: [] for model in models}
    days = returns.shape[0]
    for begin in range(window, days, REFIT):
        first, stop = begin - window, min(begin + REFIT, days)
        volatilities = Volatilities.fit(returns[first:begin], asymmetric=False)
        training = Window.of(returns[first:begin], volatilities)
        fitted = {model.name: model.fit(training) for model in models}
        for day in range(begin, stop):
            _require_moves(returns[first:day])
            seen = Window.of(returns[first:day], volatilities)
            for name, forecast in fitted.items():
                found[name].append(_score(name, forecast(seen), returns[day]))
        progress(stop - begin)
    return found


def _require_moves(returns: Array) -> None:
    moves = np.any(returns[-ROLLING:] != 0, axis=0)
    if not moves.all():
        raise SignalError(f"asset {int(np.argmin(moves)) + 1}", f"at rest for {ROLLING} days", "leave it out")


def _score(name: str, covariances: Array, returns: Array) -> Score:
    try:
        return score(covariances, returns)
    except SignalError as error:
        raise SignalError(f"{name}: {error.value}", error.reason, error.remedy) from error


def judge(
    models: Sequence[Model],
    dates: Sequence[date],
    returns: Array,
    progress: Callable[[int], None] = lambda _: None,
    window: int = WINDOW,
) -> Judged:
    """Scores of all models.

    Args:
        models: Models with distinct names.
        dates: (days,), days of the returns.
        returns: (days, assets), log returns.
        progress: Called with the number of days that were forecast, stretch by stretch.
        window: Training days.

    Raises:
        SignalError: If there are fewer than two assets or too few days, or `walk_forward` raises it.
    """
    days, assets = returns.shape
    if assets < 2:
        raise SignalError(f"{assets} assets", "have no correlations", "give two or more")
    if days < window + LEAST_TEST:
        raise SignalError(f"{days} days", f"{window + LEAST_TEST} are needed", "give a longer history")
    scores = walk_forward(models, returns, window, progress)

    def of(field: str) -> dict[str, Array]:
        return {name: np.array([getattr(day, field) for day in rows]) for name, rows in scores.items()}

    return Judged(tuple(dates[window:]), assets, of("loss"), of("distance"), of("least"))
