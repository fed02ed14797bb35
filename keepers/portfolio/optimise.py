"""Target weights inside the chain's limits."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import cvxpy
import numpy as np
from numpy.typing import NDArray

from keepers.portfolio.errors import OptimisationFailed
from keepers.risk.metrics import Z99, value_at_risk

Array = NDArray[np.float64]

cp: Any = cvxpy
"""Typed only in parts."""

WAD = 10**18

_DUST = 1e-8
"""Weights and constraint violations up to this are the solver's tolerance, not its answer."""


_TOLERANCES: tuple[dict[str, float], ...] = (
    {"tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12, "tol_feas": 1e-10},
    {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-9},
    {"tol_gap_abs": 1e-8, "tol_gap_rel": 1e-8, "tol_feas": 1e-8},
    {"tol_gap_abs": 1e-7, "tol_gap_rel": 1e-7, "tol_feas": 1e-7},
)
"""Tried in turn, of an objective of the order of one. Limits hold whatever the tolerance. An objective is
flat near its optimum: a gap of 1e-12 places weights to about 1e-6, one of 1e-7 to about 1e-4."""


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
    factor = _factor(covariance)
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
    factor = _factor(covariance)
    unit = float(np.sqrt(np.sum(factor**2, axis=1).max())) or 1.0
    problem = _kept(_LeastVariance, covariance.shape[0])
    found = np.clip(problem.answer(risk=factor.T / unit, max_weight=max_weight), 0, 1)
    normalised: Array = found / found.sum()
    return normalised


def _solve(
    mu: Array, factor: Array, current: Array, constraints: Constraints, risk_aversion: float, cost: float
) -> Array:
    """Objective and risk constraint are scaled to the order of one: daily returns are near the tolerance."""
    largest = float(np.sum(factor**2, axis=1).max())
    scale = max(float(np.abs(mu).max()), risk_aversion * largest, cost) or 1.0
    unit = float(np.sqrt(largest)) or 1.0
    values: dict[str, Any] = {
        "reward": mu / scale,
        "risk": factor.T / unit,
        "most_risk": _var_limit(constraints) / Z99 / unit,
        "max_weight": constraints.max_weight,
        "most": 1 - constraints.min_cash,
        "current": current,
    }
    if risk_aversion > 0:
        values["penalty"] = factor.T * np.sqrt(risk_aversion / (2 * scale))
    if cost > 0:
        values["cost"] = cost / scale
    if constraints.max_turnover is not None:
        values["max_turnover"] = constraints.max_turnover
    return _kept(_MostUtility, mu.size, "penalty" in values, "cost" in values, "max_turnover" in values).answer(
        **values
    )


class _Problem:
    """A convex problem whose numbers are parameters, so that it is brought to the solver's form only once."""

    def __init__(self, assets: int) -> None:
        self.weights: Any = cp.Variable(assets)
        self.parameters: dict[str, Any] = {}
        self.problem: Any = None

    def parameter(self, name: str, shape: tuple[int, ...] = (), *, nonneg: bool = False) -> Any:
        """Adds a number, vector or matrix that every answer is given anew."""
        self.parameters[name] = cp.Parameter(shape, nonneg=nonneg)
        return self.parameters[name]

    def answer(self, **values: Any) -> Array:
        """Returns the optimal weights.

        Args:
            values: Value of each parameter.

        Raises:
            OptimisationFailed: If no weights meet the constraints, or the solver finds no optimum.
        """
        for name, value in values.items():
            self.parameters[name].value = value
        for tolerances in _TOLERANCES:
            status = _attempt(self.problem, tolerances)
            if status == cp.OPTIMAL:
                return np.asarray(self.weights.value, dtype=np.float64)
            if status == cp.INFEASIBLE:
                reason = "no weights meet the constraints"
                raise OptimisationFailed("problem", reason, "raise max_turnover: limits cannot be reached within it")
        raise OptimisationFailed("solver", f"ended as {status}", "check the scale of returns and covariance")


class _LeastVariance(_Problem):
    """`minimum_variance` of so many assets."""

    def __init__(self, assets: int) -> None:
        super().__init__(assets)
        spread = self.parameter("risk", (assets, assets)) @ self.weights
        bounds = [self.weights >= 0, self.weights <= self.parameter("max_weight"), cp.sum(self.weights) == 1]
        self.problem = cp.Problem(cp.Minimize(cp.sum_squares(spread)), bounds)


class _MostUtility(_Problem):
    """`optimise` of so many assets, with or without risk aversion, costs and a bound on turnover."""

    def __init__(self, assets: int, averse: bool, costly: bool, bounded: bool) -> None:
        super().__init__(assets)
        weights = self.weights
        # A cost times a distance from a parameter would be a product of two parameters, which has no fixed form.
        moves = cp.Variable(assets)
        turnover = cp.norm1(moves)
        gain = self.parameter("reward", (assets,)) @ weights
        if averse:
            gain -= cp.sum_squares(self.parameter("penalty", (assets, assets)) @ weights)
        if costly:
            gain -= self.parameter("cost", nonneg=True) * turnover
        bounds = [
            moves == weights - self.parameter("current", (assets,)),
            weights >= 0,
            weights <= self.parameter("max_weight"),
            cp.sum(weights) <= self.parameter("most"),
            cp.norm2(self.parameter("risk", (assets, assets)) @ weights) <= self.parameter("most_risk"),
        ]
        if bounded:
            bounds.append(turnover <= self.parameter("max_turnover"))
        self.problem = cp.Problem(cp.Maximize(gain), bounds)


class _Kept(threading.local):
    """The problems that a thread has asked for before: their parameters are not to be shared between threads."""

    def __init__(self) -> None:
        self.problems: dict[tuple[Any, ...], _Problem] = {}


_KEPT = _Kept()


def _kept(kind: Callable[..., _Problem], *shape: Any) -> _Problem:
    """A problem of a kind and shape, made the first time."""
    if (kind, *shape) not in _KEPT.problems:
        _KEPT.problems[kind, *shape] = kind(*shape)
    return _KEPT.problems[kind, *shape]


def _attempt(problem: Any, tolerances: dict[str, float]) -> str:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Solution may be inaccurate", UserWarning)
            # A warm start would let the answer depend on what was asked before.
            problem.solve(solver=cp.CLARABEL, warm_start=False, max_threads=1, **tolerances)
    except cp.SolverError:
        return "without progress"
    return str(problem.status)


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


def _factor(covariance: Array) -> Array:
    """F with F F' = covariance, by eigenvalues; those that are negative by rounding count as zero."""
    values, vectors = np.linalg.eigh(covariance)
    if values.min() < -1e-10 * max(float(values.max()), 0.0) or values.max() < 0:
        raise OptimisationFailed(
            "covariance", f"has eigenvalue {values.min():.3g}", "give a positive semi-definite one"
        )
    factor: Array = vectors * np.sqrt(np.maximum(values, 0.0))
    return factor


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
