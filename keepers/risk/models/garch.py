"""Volatilities of single assets by GARCH(1,1) or GJR, fitted with the `arch` package."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from keepers.risk.errors import RiskError
from keepers.risk.models.likelihood import Likelihood

Array = NDArray[np.float64]

LEAST_DAYS = 500
"""Fewer days do not tell a persistent volatility from a constant one."""
DECAY = 0.94
"""RiskMetrics' daily decay: the volatility of an asset whose fit did not converge."""
_PERCENT = 100.0
_MOST_PERSISTENT = 0.9999


@dataclass(frozen=True, eq=False)
class Volatilities:
    """Parameters of h_t = omega + (alpha + gamma 1[r < 0]) r^2 + beta h, both r and h of the day before.

    Sources: Bollerslev (1986), "Generalized autoregressive conditional heteroskedasticity", J. of Econometrics 31;
    Glosten, Jagannathan and Runkle (1993), "On the relation between the expected value and the volatility of the
    nominal excess return on stocks", J. of Finance 48(5).

    Attributes:
        omega, alpha, gamma, beta: (assets,), for simple daily returns with mean zero.
        fallbacks: Assets whose fit failed; they have the decay of RiskMetrics instead.
    """

    omega: Array
    alpha: Array
    gamma: Array
    beta: Array
    fallbacks: tuple[int, ...] = ()

    def paths(self, returns: Array) -> Array:
        """Variances of every day of a window and of the day after it.

        Args:
            returns: (days, assets), oldest first. The first day's variance is the mean of squares.

        Returns:
            (days + 1, assets).
        """
        squares = returns**2
        news = self.omega + (self.alpha + self.gamma * (returns < 0)) * squares
        found = np.empty((returns.shape[0] + 1, returns.shape[1]))
        found[0] = squares.mean(axis=0)
        for asset, beta in enumerate(self.beta):
            start = np.array([beta * found[0, asset]])
            found[1:, asset], _ = lfilter([1.0], [1.0, -beta], news[:, asset], zi=start)
        return found

    @classmethod
    def decayed(cls, assets: int, decay: float = DECAY) -> Volatilities:
        """RiskMetrics' volatilities: nothing is fitted. Source: RiskMetrics Technical Document 1996, 5.2."""
        zero = np.zeros(assets)
        return cls(zero, np.full(assets, 1 - decay), zero, np.full(assets, decay))

    @classmethod
    def fit(cls, returns: Array, *, asymmetric: bool) -> Volatilities:
        """Quasi-maximum likelihood with normal innovations, an asset at a time.

        An asset whose optimiser does not converge, or whose shocks would never die out, falls back to `decayed` and is
        named in `fallbacks`.

        Args:
            returns: (days, assets), minimum 500 days.
            asymmetric: True if falls raise volatility more than rises do (GJR).

        Raises:
            RiskError: If there are too few days.
        """
        if returns.shape[0] < LEAST_DAYS:
            raise RiskError(f"{returns.shape[0]} observations", f"fewer than {LEAST_DAYS}", "use an EWMA")
        fits = [_fit(column, asymmetric) for column in returns.T]
        safe = (0.0, 1 - DECAY, 0.0, DECAY)
        table = np.array([safe if fitted is None else fitted for fitted in fits], dtype=np.float64)
        failed = tuple(asset for asset, fitted in enumerate(fits) if fitted is None)
        return cls(table[:, 0], table[:, 1], table[:, 2], table[:, 3], failed)


def _fit(returns: Array, asymmetric: bool) -> tuple[float, float, float, float] | None:
    scaled = returns * _PERCENT
    if not np.std(scaled) > 1e-8:
        return None
    found = Likelihood(scaled, asymmetric).minimum()
    if found is None:
        return None
    omega, alpha, beta = float(found[0]) / _PERCENT**2, float(found[1]), float(found[-1])
    gamma = float(found[2]) if asymmetric else 0.0
    if not omega > 0 or alpha + gamma / 2 + beta > _MOST_PERSISTENT:
        return None
    return omega, alpha, gamma, beta


def standardised(returns: Array, variances: Array) -> Array:
    """Returns over the volatility of their day; zero where there is none.

    Args:
        returns: (days, assets).
        variances: (days, assets) or one row more, which is left out.
    """
    known = variances[: returns.shape[0]]
    found: Array = np.where(known > 0, returns / np.sqrt(np.where(known > 0, known, 1.0)), 0.0)
    return found


def arch_lm(returns: Array, lags: int = 5) -> tuple[float, float]:
    """Engle's test of squared returns that depend on those before them.

    Source: Engle (1982), "Autoregressive conditional heteroscedasticity with estimates of the variance of United
    Kingdom inflation", Econometrica 50(4). Computed by statsmodels.

    Args:
        returns: (days,), of one asset, or standardised by a model that is to be judged.
        lags: Days back.

    Returns:
        Statistic, days times R squared, and its chi-squared probability.

    Raises:
        RiskError: If there are too few days for the lags.
    """
    if returns.ndim != 1 or returns.size < 10 * lags:
        raise RiskError(f"returns of shape {returns.shape}", f"too few for {lags} lags", "give a longer history")
    # It takes as long to import as arch, which brings it.
    from statsmodels.stats.diagnostic import het_arch

    with warnings.catch_warnings():
        # A later statsmodels returns a named tuple of the same four values.
        warnings.simplefilter("ignore", FutureWarning)
        statistic, p_value, *_ = het_arch(returns, nlags=lags)
    return float(statistic), float(p_value)
