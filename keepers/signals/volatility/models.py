"""Models of the next day's variance."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from keepers.risk.models.garch import Volatilities
from keepers.signals.extras import imported
from keepers.signals.volatility.history import RangeHistory

Array = NDArray[np.float64]

DAY, WEEK, MONTH = 1, 5, 22
"""Trading days that Corsi's regression averages over."""
_PERCENT = 100.0
_FARTHEST = math.log(1e4)
"""Distance of the logarithm of EGARCH's variance from the mean square: one large shock would make the next infinite."""


class Fitted(Protocol):
    """A model whose parameters are known."""

    def forecasts(self, history: RangeHistory, start: int) -> Array:
        """Variances of the days from row `start` to the day after the last, each from the days before it.

        Args:
            history: Days, oldest first; those before `start` begin a recursion.
            start: First row to forecast, at least `MONTH`.

        Returns:
            (days - start + 1,), squared log returns.
        """
        ...


@dataclass(frozen=True)
class Model:
    """A model by its name.

    Attributes:
        name: Name in tables.
        fit: Function of the training days.
        refit: Days that pass between two fits.
    """

    name: str
    fit: Callable[[RangeHistory], Fitted]
    refit: int = 21


@dataclass(frozen=True, eq=False)
class Recursion:
    """GARCH, GJR, or RiskMetrics' decay, over squared returns: keepers.risk.models.garch.

    Attributes:
        volatilities: Parameters of one asset.
    """

    volatilities: Volatilities

    def forecasts(self, history: RangeHistory, start: int) -> Array:
        """Variances by the recursion, from the mean square of the days before `start`."""
        fixed = self.volatilities
        found = [float(fixed.paths(history.returns[:start, np.newaxis])[-1, 0])]
        for value in history.returns[start:]:
            news = fixed.alpha[0] + fixed.gamma[0] * (value < 0)
            found.append(float(fixed.omega[0] + news * value**2 + fixed.beta[0] * found[-1]))
        return np.array(found)


@dataclass(frozen=True, eq=False)
class Exponential:
    """EGARCH(1,1): ln h_t = omega + beta ln h + alpha (|z| - E|z|) + gamma z, with z the shock of the day before.

    Source: Nelson (1991), "Conditional heteroskedasticity in asset returns: a new approach", Econometrica 59(2).

    Attributes:
        omega, alpha, gamma, beta: Parameters for returns in percent.
    """

    omega: float
    alpha: float
    gamma: float
    beta: float

    def forecasts(self, history: RangeHistory, start: int) -> Array:
        """Variances by the recursion, from the mean square of the days before `start` and never far from it."""
        returns = history.returns * _PERCENT
        logs = np.empty(returns.size + 1)
        logs[0] = math.log(float(np.mean(returns[:start] ** 2)))
        low, high, mean = logs[0] - _FARTHEST, logs[0] + _FARTHEST, math.sqrt(2 / math.pi)
        for day, value in enumerate(returns):
            shock = value / math.exp(logs[day] / 2)
            news = self.alpha * (abs(shock) - mean) + self.gamma * shock
            logs[day + 1] = min(max(self.omega + self.beta * logs[day] + news, low), high)
        found: Array = np.exp(logs[start:]) / _PERCENT**2
        return found


@dataclass(frozen=True, eq=False)
class Regression:
    """Corsi's regression of range variance on its means over a day, a week and a month, in levels or in logarithms.

    Source: Corsi (2009), "A simple approximate long-memory model of realized volatility", J. of Financial Econometrics
    7(2), equation 9; from logarithms it comes back with the mean of a lognormal residual. A forecast outside what the
    training days had is moved to their nearest: the insanity filter of Swanson and White (1995).

    Attributes:
        coefficients: (4,), constant, day, week, month.
        correction: Half of the residuals' variance in logarithms; 0 in levels.
        scale: Variance of returns from close to close over that of ranges.
        low, high: Least and largest range variance of the training days.
        logarithms: True for logarithms.
    """

    coefficients: Array
    correction: float
    scale: float
    low: float
    high: float
    logarithms: bool

    def forecasts(self, history: RangeHistory, start: int) -> Array:
        """Variances by the regression, in the scale of squared returns."""
        rows = components(history.variances, self.logarithms)[start - MONTH :]
        found = self.coefficients[0] + rows @ self.coefficients[1:]
        if self.logarithms:
            found = np.exp(found + self.correction)
        clipped: Array = self.scale * np.clip(found, self.low, self.high)
        return clipped


@dataclass(frozen=True)
class Walk:
    """The day before: its range variance in the scale of squared returns.

    Attributes:
        scale: Variance of returns from close to close over that of ranges.
    """

    scale: float

    def forecasts(self, history: RangeHistory, start: int) -> Array:
        """Variances of the day before."""
        return self.scale * history.variances[start - 1 :]


def components(variances: Array, logarithms: bool) -> Array:
    """Means over the last day, week and month, for each day from the first that has a month before it.

    Args:
        variances: (days,).
        logarithms: True for logarithms of the means.

    Returns:
        (days - MONTH + 1, 3); row 0 is known at the end of day `MONTH` - 1 and forecasts day `MONTH`.
    """
    sums = np.concatenate([[0.0], np.cumsum(variances)])
    means = [(sums[MONTH:] - sums[MONTH - span : -span]) / span for span in (DAY, WEEK, MONTH)]
    found = np.column_stack(means)
    return np.log(found) if logarithms else found


def scale_of(history: RangeHistory) -> float:
    """Mean squared return over mean range variance: ranges miss what happens between the prices that are seen."""
    return float(np.mean(history.returns**2) / np.mean(history.variances))


def fit_garch(history: RangeHistory) -> Fitted:
    """GARCH(1,1)."""
    return Recursion(Volatilities.fit(history.returns[:, np.newaxis], asymmetric=False))


def fit_gjr(history: RangeHistory) -> Fitted:
    """GARCH of Glosten, Jagannathan and Runkle."""
    return Recursion(Volatilities.fit(history.returns[:, np.newaxis], asymmetric=True))


def fit_decay(history: RangeHistory) -> Fitted:
    """RiskMetrics' decay, which fits nothing."""
    return Recursion(Volatilities.decayed(1))


def fit_egarch(history: RangeHistory) -> Fitted:
    """EGARCH(1,1) by quasi-maximum likelihood with normal innovations; RiskMetrics' decay where it cannot be filtered.

    It cannot where the fit does not converge or where alpha is not above 0. As the variance h falls, the drift of its
    logarithm is alpha E|r| / sqrt(h): below 0, a low variance makes shocks look larger, and larger shocks make it lower
    still, until it is zero (docs/decisions/0198). Straumann and Mikosch (2006), Annals of Statistics 34(5), treat
    filters that forget where they began.

    Raises:
        SignalError: If `arch` is not installed.
    """
    arch = imported("arch", "arch", "risk")
    model = arch.arch_model(history.returns * _PERCENT, mean="Zero", vol="EGARCH", p=1, o=1, q=1, rescale=False)
    with warnings.catch_warnings():
        # A failed fit is a state that the fallback handles; its warning would tell nobody more.
        warnings.simplefilter("ignore")
        result = model.fit(disp="off", show_warning=False)
    values = {str(key): float(value) for key, value in result.params.items()}
    found = Exponential(values["omega"], values["alpha[1]"], values["gamma[1]"], values["beta[1]"])
    if result.convergence_flag != 0 or not abs(found.beta) < 1 or not found.alpha > 0:
        return fit_decay(history)
    return found


def fit_walk(history: RangeHistory) -> Fitted:
    """The day before."""
    return Walk(scale_of(history))


def fit_har(history: RangeHistory) -> Fitted:
    """Corsi's regression in levels."""
    return _regression(history, logarithms=False)


def fit_log_har(history: RangeHistory) -> Fitted:
    """Corsi's regression in logarithms."""
    return _regression(history, logarithms=True)


def _regression(history: RangeHistory, *, logarithms: bool) -> Regression:
    rows = components(history.variances, logarithms)[:-1]
    targets = history.variances[MONTH:]
    known = np.log(targets) if logarithms else targets
    table = np.column_stack([np.ones(len(rows)), rows])
    coefficients = np.linalg.lstsq(table, known, rcond=None)[0]
    residuals = known - table @ coefficients
    correction = float(np.mean(residuals**2)) / 2 if logarithms else 0.0
    low, high = float(targets.min()), float(targets.max())
    return Regression(coefficients, correction, scale_of(history), low, high, logarithms)


SIMPLE = (
    Model("yesterday's range", fit_walk),
    Model("riskmetrics", fit_decay),
    Model("garch", fit_garch),
    Model("gjr", fit_gjr),
    Model("egarch", fit_egarch),
    Model("range har", fit_har),
    Model("log range har", fit_log_har),
)
"""Models that need no torch, in the order of the table."""
