"""Portfolios built from closes, as a signal: expected returns, tails and views, which no covariance has. No I/O."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from eth_utils.crypto import keccak
from numpy.typing import NDArray
from scipy.stats import rankdata

from keepers.errors import KeeperError
from keepers.portfolio.construction import (
    bayes_stein_means,
    maximum_sharpe,
    mean_variance,
    minimum_cvar,
    posterior_returns,
)
from keepers.rebalancing.settings import VIEWS_DAYS, Method
from keepers.risk.covariance import estimate
from keepers.signals.errors import SignalError
from keepers.signals.momentum import momentum
from keepers.signals.signal import Advice, Observed

Array = NDArray[np.float64]

CVAR_LEVEL = 0.95
_YEAR = 252
_MONTH = VIEWS_DAYS - _YEAR


@dataclass(frozen=True)
class ConstructionSignal:
    """Weights of a portfolio built from closes.

    Attributes:
        model: Name under which it is registered.
        method: How it is built.
        lookback_days: Daily returns that it reads.
        max_weight: Maximum weight of any one asset, fraction; where no weights fit under it, equal weights do.
        risk_aversion: Penalty per unit of daily variance, of Black-Litterman's prior and portfolio.
    """

    model: str
    method: Method
    lookback_days: int
    max_weight: float
    risk_aversion: float

    def advise(self, observed: Observed) -> Advice:
        """Advice at the last close.

        Raises:
            SignalError: If there are too few closes, or no portfolio is found.
        """
        closes = observed.closes
        if len(closes) <= self.lookback_days:
            raise SignalError(f"{len(closes)} closes", f"{self.lookback_days + 1} are needed", "give a longer history")
        window = closes[-1 - self.lookback_days :]
        try:
            weights, confidence = self._built(window)
        except SignalError:
            raise
        except KeeperError as error:
            raise SignalError(self.method, f"no weights: {error}", "see the fallback's strategy") from error
        settings = f"{self.method};{self.lookback_days};{self.max_weight};{self.risk_aversion};"
        inputs = keccak(settings.encode() + np.ascontiguousarray(window, dtype=">f8").tobytes())
        reason = f"{self.method}, confidence {confidence:.0%}"
        return Advice(self.model, None, None, confidence, inputs, reason, weights)

    def _built(self, closes: Array) -> tuple[Array, float]:
        returns = np.asarray(closes[1:] / closes[:-1] - 1, dtype=np.float64)
        bound = max(self.max_weight, 1 / closes.shape[1])
        if self.method == "minimum-cvar":
            return minimum_cvar(returns, CVAR_LEVEL, bound), 1.0
        covariance = estimate(returns, math.inf).matrix
        if self.method == "maximum-sharpe":
            return maximum_sharpe(bayes_stein_means(returns, covariance), covariance, bound), 1.0
        expected, skill = momentum_posterior(closes, covariance, self.risk_aversion)
        return mean_variance(expected, covariance, bound, self.risk_aversion), skill


def momentum_posterior(closes: Array, covariance: Array, risk_aversion: float) -> tuple[Array, float]:
    """Black and Litterman's expected returns, with momentum as views and its measured skill as their confidence.

    The prior is what makes equal weights optimal. The view of an asset is that it returns sigma z / sqrt(21) a day
    beyond that, z its momentum in standard deviations and sigma its daily volatility; with skill as confidence, an
    uncorrelated asset gets the part skill of it, which is Grinold's rule. Source: Grinold (1994), "Alpha is volatility
    times IC times score", J. of Portfolio Management 20(4).

    Args:
        closes: (days, assets), positive, oldest first.
        covariance: (assets, assets), daily.
        risk_aversion: Penalty per unit of daily variance.

    Returns:
        Expected daily returns, (assets,), and the skill, 0 to 1.

    Raises:
        SignalError: If there are fewer closes than a year and two months.
    """
    assets = closes.shape[1]
    prior = risk_aversion * covariance @ np.full(assets, 1 / assets)
    skill = momentum_skill(closes)
    scores = momentum(closes, 1.0)
    views = prior + np.sqrt(np.diag(covariance) / _MONTH) * scores
    return posterior_returns(prior, covariance, views, skill), skill


def momentum_skill(closes: Array) -> float:
    """Mean rank correlation of momentum with the returns of the 21 days after it, or 0 if that is negative.

    Months that are over count backwards from the last close and do not overlap. Source: Grinold and Kahn (2000),
    "Active portfolio management", chapter 6, the information coefficient.

    Args:
        closes: (days, assets), positive, oldest first.

    Returns:
        0 to 1; 0 where there are fewer than two assets.

    Raises:
        SignalError: If no month has a year and a day of closes before it.
    """
    rows = len(closes)
    if closes.shape[1] < 2:
        return 0.0
    starts = range(rows - 1 - _MONTH, _YEAR - 1, -_MONTH)
    if not starts:
        raise SignalError(f"{rows} closes", f"{VIEWS_DAYS + 1} are needed", "give a longer history")
    found = [
        _rank_correlation(momentum(closes[: start + 1], 1.0), closes[start + _MONTH] / closes[start])
        for start in starts
    ]
    return max(0.0, float(np.mean(found)))


def _rank_correlation(first: Array, second: Array) -> float:
    """Spearman's correlation; zero where either ranks nothing."""
    ranks = [rankdata(values) - (values.size + 1) / 2 for values in (first, second)]
    spread = math.sqrt(float(ranks[0] @ ranks[0]) * float(ranks[1] @ ranks[1]))
    return float(ranks[0] @ ranks[1]) / spread if spread > 0 else 0.0
