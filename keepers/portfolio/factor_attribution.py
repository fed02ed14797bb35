"""Attribution of an active return to factors that were regressed on, and to currencies."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from keepers.portfolio.attribution import Effects, Linking, brinson_fachler, link, linking_factors
from keepers.portfolio.errors import PerformanceError

Array = NDArray[np.float64]

_MOST_CONDITION = 1e10
"""Condition number of scaled factors above which they are linear combinations of each other, for all that is known."""


@dataclass(frozen=True, eq=False)
class FactorEffects:
    """A return above the benchmark, explained by factors.

    Attributes:
        loadings: (factors,), regression coefficients of the active return.
        errors: (factors,), standard errors that allow for changing variance and autocorrelation.
        p_values: (factors,), of the test that a loading is zero, by Student's t.
        r_squared: Part of the active return's variance that the factors explain.
        effects: (factors,), linked; with `specific` they sum to the compounded active return.
        specific: The rest, linked: the mean that no factor explains, and the residuals.
    """

    loadings: Array
    errors: Array
    p_values: Array
    r_squared: float
    effects: Array
    specific: float

    @property
    def total(self) -> float:
        """The compounded active return."""
        return float(self.effects.sum()) + self.specific


def factor_effects(
    portfolio: Array, benchmark: Array, factors: Array, linking: Linking = "carino", lags: int | None = None
) -> FactorEffects:
    """Regresses the active return on factors, and adds the factors' parts of it up over all periods.

    A factor's part of a period is its loading times its return. Sources: Newey and West (1987), "A simple, positive
    semi-definite, heteroskedasticity and autocorrelation consistent covariance matrix", Econometrica 55(3), times
    n / (n - k) for small samples; Newey and West (1994), "Automatic lag selection in covariance matrix estimation",
    Review of Economic Studies 61(4), for floor(4 (n / 100)^(2/9)) lags.

    Args:
        portfolio, benchmark: (periods,), returns, fractions.
        factors: (periods, factors), returns of the factors in the same periods.
        linking: How parts are added up over periods.
        lags: Lags of the autocorrelation; None for the rule above.

    Raises:
        PerformanceError: If shapes differ, a number is not finite, there are too few periods, or the factors are linear
            combinations of each other.
    """
    periods = portfolio.size
    shapes = benchmark.shape == (periods,) and factors.ndim == 2 and factors.shape[0] == periods
    if not shapes or not all(np.all(np.isfinite(one)) for one in (portfolio, benchmark, factors)):
        raise PerformanceError(f"factors {factors.shape}", f"not {periods} finite rows", "align them with the returns")
    count = factors.shape[1]
    if periods < 10 * (count + 1):
        remedy = "give more days, or fewer factors"
        raise PerformanceError(f"{periods} periods", f"fewer than ten for each of {count + 1} coefficients", remedy)
    active = portfolio - benchmark
    design = np.column_stack([np.ones(periods), factors])
    scales = np.sqrt(np.mean(design**2, axis=0))
    if np.any(scales == 0) or np.linalg.cond(design / np.where(scales == 0, 1.0, scales)) > _MOST_CONDITION:
        raise PerformanceError("factors", "constant, or linear combinations of each other", "leave one out")
    found = np.linalg.lstsq(design, active, rcond=None)[0]
    residuals = active - design @ found
    chosen = math.floor(4 * (periods / 100) ** (2 / 9)) if lags is None else lags
    errors = np.sqrt(np.diag(_newey_west(design, residuals, chosen)))
    spread = float(np.sum((active - active.mean()) ** 2))
    weights = linking_factors(portfolio, benchmark, linking)
    return FactorEffects(
        loadings=found[1:],
        errors=errors[1:],
        p_values=2 * student.sf(np.abs(found[1:]) / np.maximum(errors[1:], 1e-300), periods - count - 1),
        r_squared=1 - float(residuals @ residuals) / spread if spread > 0 else math.nan,
        effects=weights @ (factors * found[1:]),
        specific=float(weights @ (active - factors @ found[1:])),
    )


def _newey_west(design: Array, residuals: Array, lags: int) -> Array:
    """Covariance of regression coefficients with Bartlett's weights for so many lags."""
    periods, count = design.shape
    scores = design * residuals[:, np.newaxis]
    middle = scores.T @ scores
    for lag in range(1, lags + 1):
        part = scores[lag:].T @ scores[:-lag]
        middle += (1 - lag / (lags + 1)) * (part + part.T)
    bread = np.linalg.inv(design.T @ design)
    found: Array = bread @ middle @ bread * periods / (periods - count)
    return found


@dataclass(frozen=True, eq=False)
class CurrencyEffects:
    """A return above the benchmark in the base currency, with the currencies' part apart.

    Attributes:
        local: Linked effects of the segments by their local returns.
        currency: (currencies,), linked effects of holding more or less of each currency than the benchmark.
    """

    local: Effects
    currency: Array

    @property
    def total(self) -> float:
        """The compounded active return in the base currency."""
        return self.local.total + float(self.currency.sum())


def currency_effects(
    weights: Array,
    benchmark_weights: Array,
    local_returns: Array,
    exchange_returns: Array,
    member: Array,
    linking: Linking = "carino",
) -> CurrencyEffects:
    """Effects of segments that are assets, in local currency, and of currencies.

    An asset's return in the base currency is l + e, with l its local return and e = (1 + l) x, where x is the return of
    its currency: what a holder of the asset gains because the currency moves. Brinson and Fachler's effects are those
    of l, and a currency's effect is the sum over its assets of (w - v)(e - E), with E the benchmark's mean of e. This
    is the decomposition of Karnosky and Singer (1994), "Global asset management and performance attribution", with
    interest rates of zero: no forward is held, and the cash of no currency earns anything.

    Args:
        weights, benchmark_weights: (periods, assets), at the beginning of each period, summing to one.
        local_returns: (periods, assets), fractions in the asset's currency.
        exchange_returns: (periods, assets), returns of each asset's currency in the base currency.
        member: (assets, currencies), one where an asset is in a currency.
        linking: How effects are added up over periods.

    Raises:
        PerformanceError: If `brinson_fachler` or `linking_factors` raises it, or a currency loses everything.
    """
    if exchange_returns.shape != local_returns.shape or not np.all(exchange_returns > -1):
        raise PerformanceError("returns of currencies", "not above -1 for each asset and period", "check the rates")
    gains = (1 + local_returns) * exchange_returns
    effects = brinson_fachler(weights, benchmark_weights, local_returns, local_returns)
    average = np.sum(benchmark_weights * gains, axis=1, keepdims=True)
    by_asset = (weights - benchmark_weights) * (gains - average)
    # Weights that sum to one only within rounding leave a rest at the benchmark's mean, as in `brinson_fachler`.
    rest = (weights - benchmark_weights).sum(axis=1, keepdims=True) * average / member.shape[1]
    mine = np.sum(weights * (local_returns + gains), axis=1)
    market = np.sum(benchmark_weights * (local_returns + gains), axis=1)
    factors = linking_factors(mine, market, linking)
    base = Effects(effects.allocation, effects.selection, effects.interaction, mine, market)
    return CurrencyEffects(link(base, linking), factors @ (by_asset @ member + rest))
