"""Portfolios that need more than a covariance: expected returns, their tail, or views of some confidence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from keepers.portfolio.cone import ConeProgramme, square_root
from keepers.portfolio.errors import OptimisationFailed

Array = NDArray[np.float64]

_LEAST_RETURN = 1e-12
"""Highest expected daily return up to which no portfolio counts as having one."""


def bayes_stein_means(returns: Array, covariance: Array) -> Array:
    """Mean returns, shrunk towards the mean return of the portfolio of minimum variance.

    m_i (1 - w) + w m_0 with m_0 = 1'S^-1 m / 1'S^-1 1 and w = (n + 2) / (n + 2 + T (m - m_0)'S^-1 (m - m_0)), n assets
    and T days. Source: Jorion (1986), "Bayes-Stein estimation for portfolio analysis", J. of Financial and Quantitative
    Analysis 21(3), equations 14 and 17.

    Args:
        returns: (days, assets), simple daily returns.
        covariance: (assets, assets), daily, of full rank.

    Returns:
        (assets,), fractions a day.

    Raises:
        OptimisationFailed: If the covariance cannot be inverted.
    """
    days, assets = returns.shape
    means = returns.mean(axis=0)
    try:
        solved = np.linalg.solve(covariance, np.column_stack([np.ones(assets), means]))
    except np.linalg.LinAlgError:
        raise OptimisationFailed("covariance", "cannot be inverted", "drop an asset that another one repeats") from None
    common = float(solved[:, 1].sum() / solved[:, 0].sum())
    apart = means - common
    distance = float(apart @ (solved[:, 1] - common * solved[:, 0]))
    share = (assets + 2) / (assets + 2 + days * distance)
    shrunk: Array = (1 - share) * means + share * common
    return shrunk


def maximum_sharpe(expected: Array, covariance: Array, max_weight: float) -> Array:
    """Long-only weights of maximum Sharpe ratio, none above a bound; cash counts as returning nothing.

    With y = k w the ratio's numerator is held at one, and the denominator is minimised: min y'S y subject to m'y = 1,
    0 <= y <= max_weight 1'y. Source: Cornuejols and Tutuncu (2006), "Optimization methods in finance", section 8.2,
    after Schaible (1974).

    Args:
        expected: (assets,), expected daily returns.
        covariance: (assets, assets), daily.
        max_weight: Maximum weight of any one asset, at least 1 / assets.

    Returns:
        (assets,), summing to 1.

    Raises:
        OptimisationFailed: If no asset is expected to return anything, or the solver finds no optimum.
    """
    highest = float(expected.max())
    if not highest > _LEAST_RETURN:
        raise OptimisationFailed("expected returns", "none is above zero", "hold minimum-variance instead")
    assets = expected.size
    factor = square_root(covariance)
    unit = float(np.sqrt(np.sum(factor**2, axis=1).max())) or 1.0
    cone = ConeProgramme(factor @ factor.T * (2 / unit**2), np.zeros(assets))
    cone.equal(expected[np.newaxis] / highest, np.ones(1))
    cone.at_most(-np.eye(assets), np.zeros(assets))
    cone.at_most(np.eye(assets) - max_weight, np.zeros(assets))
    return _normalised(cone.answer())


def minimum_cvar(returns: Array, level: float, max_weight: float) -> Array:
    """Long-only weights of minimum conditional value at risk over past days, none above a bound.

    min a + sum u_t / ((1 - level) T) subject to u_t >= -r_t'w - a, u_t >= 0: a linear programme. Source: Rockafellar
    and Uryasev (2000), "Optimization of conditional value-at-risk", J. of Risk 2(3), equation 17.

    Args:
        returns: (days, assets), simple daily returns.
        level: Confidence, such as 0.95; the tail beyond it has at least one day.
        max_weight: Maximum weight of any one asset, at least 1 / assets.

    Returns:
        (assets,), summing to 1.

    Raises:
        OptimisationFailed: If the tail has no day, or the solver finds no optimum.
    """
    days, assets = returns.shape
    tail = (1 - level) * days
    if tail < 1:
        raise OptimisationFailed(f"{days} days", f"have none beyond {level:.1%}", "give a longer history")
    # Daily returns are near the solver's tolerance.
    scale = float(np.abs(returns).max()) or 1.0
    cost = np.concatenate([np.zeros(assets), [1.0], np.full(days, 1 / tail)])
    rows = np.hstack([-returns / scale, -np.ones((days, 1)), -np.eye(days)])
    total = np.concatenate([np.ones(assets), np.zeros(1 + days)])[np.newaxis]
    bounds = [(0.0, max_weight)] * assets + [(None, None)] + [(0.0, None)] * days
    found = linprog(cost, A_ub=rows, b_ub=np.zeros(days), A_eq=total, b_eq=np.ones(1), bounds=bounds, method="highs")
    if not found.success or found.x is None:
        raise OptimisationFailed("solver", f"ended as {found.message}", "check the returns and the bound")
    return _normalised(np.asarray(found.x, dtype=np.float64)[:assets])


def posterior_returns(prior: Array, covariance: Array, views: Array, confidence: float) -> Array:
    """Expected returns after one view on each asset, all of the same confidence.

    m + S (S + W)^-1 (q - m) with W = (1 - c) / c diag S, where the scale of the prior's uncertainty cancels. Source:
    Black and Litterman (1992), "Global portfolio optimization", Financial Analysts J. 48(5), equation 8; W as Walters
    (2014), "The Black-Litterman model in detail", section on Idzorek's confidence in closed form.

    Args:
        prior: (assets,), expected daily returns without views.
        covariance: (assets, assets), daily.
        views: (assets,), expected daily returns of each asset.
        confidence: From 0, which leaves the prior as it is, to 1, which replaces it.

    Returns:
        (assets,), fractions a day.

    Raises:
        OptimisationFailed: If the confidence is out of range.
    """
    if not 0 <= confidence <= 1:
        raise OptimisationFailed(f"confidence {confidence}", "not between 0 and 1", "give a probability")
    if confidence == 0:
        return prior.copy()
    doubt = np.diag(np.diag(covariance)) * ((1 - confidence) / confidence)
    posterior: Array = prior + covariance @ np.linalg.lstsq(covariance + doubt, views - prior, rcond=None)[0]
    return posterior


def mean_variance(expected: Array, covariance: Array, max_weight: float, risk_aversion: float) -> Array:
    """Long-only, fully invested weights of maximum m'w - risk_aversion / 2 w'S w, none above a bound.

    Source: Markowitz (1952), "Portfolio selection", J. Finance 7(1).

    Args:
        expected: (assets,), expected daily returns.
        covariance: (assets, assets), daily.
        max_weight: Maximum weight of any one asset, at least 1 / assets.
        risk_aversion: Above 0.

    Returns:
        (assets,), summing to 1.

    Raises:
        OptimisationFailed: If the covariance is not positive semi-definite, or the solver finds no optimum.
    """
    assets = expected.size
    factor = square_root(covariance)
    scale = max(float(np.abs(expected).max()), risk_aversion * float(np.sum(factor**2, axis=1).max())) or 1.0
    cone = ConeProgramme(factor @ factor.T * (risk_aversion / scale), -expected / scale)
    cone.equal(np.ones((1, assets)), np.ones(1))
    cone.at_most(-np.eye(assets), np.zeros(assets))
    cone.at_most(np.eye(assets), np.full(assets, max_weight))
    return _normalised(cone.answer())


def _normalised(found: Array) -> Array:
    """The solver's answer without its tolerance: nothing below zero, in total one."""
    kept = np.maximum(found, 0.0)
    weights: Array = kept / kept.sum()
    return weights
