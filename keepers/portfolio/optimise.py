"""Target weights inside the chain's limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

import numpy as np
from numpy.typing import NDArray

from keepers.portfolio.cone import ConeProgramme, square_root
from keepers.portfolio.errors import OptimisationFailed
from keepers.risk.metrics import Z99, value_at_risk

Array = NDArray[np.float64]

WAD = 10**18

_DUST = 1e-8
"""Weights and constraint violations up to this are the solver's tolerance, not its answer."""


@dataclass(frozen=True)
class Constraints:
    """Limits of target weights; all are fractions of NAV.

    Attributes:
        max_weight: Maximum weight of any one risky asset, above 0, at most 1.
        max_var: One-day 99% value at risk, above 0.
        var_buffer: Part of `max_var` left unused, because prices and the model move before the chain checks:
            0 to less than 1.
        min_cash: Minimum kept in the settlement token, 0 to 1.
        max_turnover: Maximum of sum |weight - current weight| over risky assets; None for no bound.

    Raises:
        OptimisationFailed: If a number is out of range.
    """

    max_weight: float
    max_var: float
    var_buffer: float = 0.1
    min_cash: float = 0.0
    max_turnover: float | None = None

    def __post_init__(self) -> None:
        fits = 0 < self.max_weight <= 1 and 0 < self.max_var < np.inf
        fits = fits and 0 <= self.var_buffer < 1 and 0 <= self.min_cash <= 1
        if not (fits and (self.max_turnover is None or 0 <= self.max_turnover < np.inf)):
            raise OptimisationFailed(self, "a limit is out of range", "give fractions of NAV")


@dataclass(frozen=True, eq=False)
class Targets:
    """Target weights.

    Attributes:
        weights: (assets,), risky assets, fractions of NAV; the rest is cash.
        var99: One-day 99% value at risk of them, fraction of NAV.
        turnover: sum |weight - current weight| over risky assets.
    """

    weights: Array
    var99: float
    turnover: float

    @property
    def cash(self) -> float:
        """Fraction of NAV in the settlement token."""
        return 1.0 - float(self.weights.sum())

    def to_wad(self) -> tuple[int, ...]:
        """WAD weights, cash first, that sum to exactly 1e18 (`to_wad`)."""
        return to_wad(self.weights.tolist())


def to_wad(weights: Sequence[float]) -> tuple[int, ...]:
    """WAD weights of the settlement token and of risky assets, which sum to exactly 1e18.

    Risky weights round down from their shortest decimal form (so 0.1 is 10^17) and cash takes the remainder.
    What float arithmetic adds beyond one in total comes off the largest.

    Args:
        weights: Weights of risky assets, fractions of NAV, each at least 0, together at most 1 within 1e-9.

    Returns:
        One integer more than `weights`, cash first.

    Raises:
        OptimisationFailed: If a weight is negative or not finite, or they sum to more than one.
    """
    if not all(0 <= weight < np.inf for weight in weights):
        raise OptimisationFailed(f"weights {list(weights)}", "not all finite and at least zero", "optimise again")
    risky = [int((Decimal(repr(float(w))) * WAD).to_integral_value(ROUND_FLOOR)) for w in weights]
    excess = sum(risky) - WAD
    if excess > 10**9:
        raise OptimisationFailed(f"weights {list(weights)}", "sum to more than one", "optimise again")
    if excess > 0:
        risky[risky.index(max(risky))] -= excess
    return (WAD - sum(risky), *risky)


def optimise(
    expected_returns: Array,
    covariance: Array,
    current_weights: Array,
    constraints: Constraints,
    *,
    risk_aversion: float,
    turnover_cost: float = 0.0,
) -> Targets:
    """Maximises mu'w - risk_aversion / 2 w'Sw - turnover_cost |w - w0|_1 over long-only weights.

    Subject to w <= max_weight, sum w <= 1 - min_cash, z99 sqrt(w'Sw) <= max_var (1 - var_buffer), and
    |w - w0|_1 <= max_turnover: mean-variance (Markowitz 1952, "Portfolio selection", J. Finance 7(1)) with
    proportional costs, a second-order cone programme, solved by Clarabel (Goulart and Chen 2024). The same
    input gives the same output. If several weights are equally good (no risk aversion, equal returns), which
    of them is the solver's choice.

    Args:
        expected_returns: (assets,), per day, of risky assets; cash returns nothing.
        covariance: (assets, assets), daily.
        current_weights: (assets,), risky assets, fractions of NAV.
        constraints: Limits.
        risk_aversion: Penalty per unit of daily variance, minimum 0.
        turnover_cost: Cost of trading a unit of NAV, at least 0, already divided by the days that a position
            is held, because returns are daily.

    Raises:
        OptimisationFailed: If the input does not fit together or is not finite, or the covariance is not
            positive semi-definite; if no weights meet the constraints; if the solver finds no optimum.
    """
    _check(expected_returns, covariance, current_weights, risk_aversion, turnover_cost)
    factor = square_root(covariance)
    weights = _solve(expected_returns, factor, current_weights, constraints, risk_aversion, turnover_cost)
    weights = _tidy(weights, covariance, current_weights, constraints)
    turnover = float(np.abs(weights - current_weights).sum())
    return Targets(weights, value_at_risk(weights, covariance), turnover)


def minimum_variance(covariance: Array, max_weight: float) -> Array:
    """Long-only weights of minimum variance, none above a bound.

    Source: Markowitz (1952), "Portfolio selection", J. Finance 7(1); solved as `optimise`.

    Args:
        covariance: (assets, assets), daily.
        max_weight: Maximum weight of any one asset, at least 1 / assets.

    Returns:
        (assets,), summing to 1.

    Raises:
        OptimisationFailed: If the covariance is not positive semi-definite, or the solver finds no optimum.
    """
    factor = square_root(covariance)
    assets = covariance.shape[0]
    unit = float(np.sqrt(np.sum(factor**2, axis=1).max())) or 1.0
    cone = ConeProgramme(factor @ factor.T * (2 / unit**2), np.zeros(assets))
    cone.equal(np.ones((1, assets)), np.ones(1))
    cone.at_most(-np.eye(assets), np.zeros(assets))
    cone.at_most(np.eye(assets), np.full(assets, max_weight))
    found = np.clip(cone.answer(), 0, 1)
    normalised: Array = found / found.sum()
    return normalised


def _solve(
    mu: Array, factor: Array, current: Array, constraints: Constraints, risk_aversion: float, cost: float
) -> Array:
    """Weights w with moves m of at least |w - current| behind them, where they cost or are bounded.

    Objective and risk constraint are scaled to the order of one: daily returns are near the tolerance.
    """
    assets = mu.size
    largest = float(np.sum(factor**2, axis=1).max())
    scale = max(float(np.abs(mu).max()), risk_aversion * largest, cost) or 1.0
    unit = float(np.sqrt(largest)) or 1.0
    counted = cost > 0 or constraints.max_turnover is not None
    size = 2 * assets if counted else assets
    quadratic, linear = np.zeros((size, size)), np.zeros(size)
    quadratic[:assets, :assets] = factor @ factor.T * (risk_aversion / scale)
    linear[:assets], linear[assets:] = -mu / scale, cost / scale
    weights, moves = np.eye(assets, size), np.eye(assets, size, assets)
    total, moved = np.zeros((1, size)), np.zeros((1, size))
    total[0, :assets], moved[0, assets:] = 1.0, 1.0
    cone = ConeProgramme(quadratic, linear)
    cone.at_most(-weights, np.zeros(assets))
    cone.at_most(weights, np.full(assets, constraints.max_weight))
    cone.at_most(total, np.array([1 - constraints.min_cash]))
    if counted:
        cone.at_most(weights - moves, current)
        cone.at_most(-weights - moves, -current)
    if constraints.max_turnover is not None:
        cone.at_most(moved, np.array([constraints.max_turnover]))
    cone.norm_at_most(factor.T @ weights / unit, _var_limit(constraints) / Z99 / unit)
    return cone.answer()[:assets]


def _tidy(weights: Array, covariance: Array, current: Array, constraints: Constraints) -> Array:
    """Takes the solver's tolerance out: limits hold in floats, and what is not to be traded is not."""
    weights = np.where(np.abs(weights - current) <= _DUST, current, weights)
    weights = np.clip(weights, 0.0, constraints.max_weight)
    weights = np.where(weights <= _DUST, 0.0, weights)
    limits = [
        (float(weights.sum()), 1 - constraints.min_cash),
        (value_at_risk(weights, covariance), _var_limit(constraints)),
    ]
    shrink = min((limit / value for value, limit in limits if value > limit), default=1.0)
    if shrink < 1 - 1e-4:
        reason = f"broke a limit by {1 - shrink:.2g}"
        raise OptimisationFailed("solver", reason, "check the scale of the input")
    return weights * shrink if shrink < 1 else weights


def _var_limit(constraints: Constraints) -> float:
    return constraints.max_var * (1 - constraints.var_buffer)


def _check(mu: Array, covariance: Array, current: Array, risk_aversion: float, cost: float) -> None:
    size = mu.size
    if size == 0 or mu.shape != (size,) or covariance.shape != (size, size) or current.shape != (size,):
        shapes = f"returns {mu.shape}, covariance {covariance.shape}, weights {current.shape}"
        raise OptimisationFailed(shapes, "do not fit", "give (n,), (n, n) and (n,)")
    if not all(np.all(np.isfinite(array)) for array in (mu, covariance, current)):
        raise OptimisationFailed("input", "not finite", "clean returns, covariance and weights")
    if not np.allclose(covariance, covariance.T, rtol=1e-9, atol=0):
        raise OptimisationFailed("covariance", "not symmetric", "use (m + m.T) / 2")
    if not (0 <= risk_aversion < np.inf and 0 <= cost < np.inf):
        given = f"risk aversion {risk_aversion}, turnover cost {cost}"
        raise OptimisationFailed(given, "negative or not finite", "give numbers of at least zero")
