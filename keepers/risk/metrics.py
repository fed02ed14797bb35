"""The chain's risk numbers, in floats."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keepers.risk.errors import RiskError

Array = NDArray[np.float64]

Z95 = 1.6448536269514722
Z99 = 2.3263478740408408
"""Quantiles of the standard normal, as the RiskEngine has them."""

NORMAL_TAILS = (1_644_853_626_951_472_715, 2_326_347_874_040_841_101, 2_337_802_792_201_414_000)
"""The standard normal's quantiles at 95% and 99% and its mean loss beyond 97.5%, WAD."""


def volatility(weights: Array, covariance: Array) -> float:
    """Daily volatility sqrt(w' S w).

    Args:
        weights: (assets,), fractions of NAV; what is missing to one is cash.
        covariance: (assets, assets), daily.

    Returns:
        Fraction of NAV.

    Raises:
        RiskError: If shapes differ, a number is not finite, or w' S w is negative.
    """
    _check(weights, covariance)
    variance = float(weights @ covariance @ weights)
    noise = 1e-12 * float(np.abs(weights) @ np.abs(covariance) @ np.abs(weights))
    if variance < -noise:
        raise RiskError(f"variance {variance} of the portfolio", "negative", "give a positive semi-definite matrix")
    return float(np.sqrt(max(variance, 0.0)))


def value_at_risk(weights: Array, covariance: Array, z: float = Z99) -> float:
    """One-day parametric value at risk, z sqrt(w' S w).

    Source: J.P. Morgan/Reuters, RiskMetrics Technical Document, 4th ed. 1996, section 1.2.

    Args:
        weights: (assets,), fractions of NAV.
        covariance: (assets, assets), daily.
        z: Quantile of the standard normal.

    Returns:
        Fraction of NAV.

    Raises:
        RiskError: If shapes differ, a number is not finite, or w' S w is negative.
    """
    return z * volatility(weights, covariance)


def component_var(weights: Array, covariance: Array, z: float = Z99) -> Array:
    """Each asset's part of value at risk, w_i dVaR/dw_i = z w_i (S w)_i / sqrt(w' S w). The parts sum to VaR.

    VaR is homogeneous of degree one in the weights, so Euler's theorem applies; see Jorion, Value at Risk
    (3rd ed. 2006) on component VaR. A part is negative where the asset hedges. All are zero in a portfolio
    without variance.

    Returns:
        (assets,), fractions of NAV.

    Raises:
        RiskError: If shapes differ, a number is not finite, or w' S w is negative.
    """
    total = volatility(weights, covariance)
    if total == 0:
        return np.zeros_like(weights)
    parts: Array = z * weights * (covariance @ weights) / total
    return parts


def drawdown(values: Array) -> Array:
    """How far each value is below the highest so far.

    Args:
        values: (days,), share prices or NAV, positive.

    Returns:
        (days,), fractions of the high-water mark, 0 at a new high.

    Raises:
        RiskError: If there is no value, or one is not positive and finite.
    """
    if values.ndim != 1 or values.size == 0 or not np.all(np.isfinite(values) & (values > 0)):
        raise RiskError(f"values of shape {values.shape}", "not all positive and finite", "give a row of share prices")
    below: Array = 1.0 - values / np.maximum.accumulate(values)
    return below


def _check(weights: Array, covariance: Array) -> None:
    if weights.ndim != 1 or covariance.shape != (weights.size, weights.size):
        shapes = f"weights {weights.shape}, covariance {covariance.shape}"
        raise RiskError(shapes, "do not fit", "give (n,) and (n, n)")
    if not (np.all(np.isfinite(weights)) and np.all(np.isfinite(covariance))):
        raise RiskError("weights or covariance", "not finite", "clean the input")
