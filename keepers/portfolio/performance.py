"""Performance of a portfolio from its daily returns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from keepers.portfolio.errors import PerformanceError

Array = NDArray[np.float64]

TRADING_DAYS = 252
"""Days of a year of a stock exchange; a portfolio that trades every day has 365."""
_ROUNDING = 1e-14
"""Standard deviation over the largest return below which returns are constant."""


@dataclass(frozen=True)
class Performance:
    """The numbers of a tear sheet; see the functions of the same names for formulas and units.

    Attributes:
        days: Number of returns.
        total_return, annual_return, annual_volatility, max_drawdown: Fractions.
        sharpe, sortino, calmar: Ratios a year; nan where they would divide by zero.
    """

    days: int
    total_return: float
    annual_return: float
    annual_volatility: float
    max_drawdown: float
    sharpe: float
    sortino: float
    calmar: float


def performance(returns: Array, risk_free: float = 0.0, periods: int = TRADING_DAYS) -> Performance:
    """All of them.

    Args:
        returns: (days,), simple daily returns, oldest first.
        risk_free: Daily risk-free return.
        periods: Days of a year.

    Raises:
        PerformanceError: If there are fewer than two returns, or one is not finite or below -100%.
    """
    return Performance(
        _checked(returns).size,
        total_return(returns),
        annual_return(returns, periods),
        annual_volatility(returns, periods),
        float(drawdowns(returns).max()),
        sharpe(returns, risk_free, periods),
        sortino(returns, risk_free, periods),
        calmar(returns, periods),
    )


def total_return(returns: Array) -> float:
    """Product of 1 + r, less one: the time-weighted return."""
    return float(np.prod(1 + _checked(returns))) - 1


def annual_return(returns: Array, periods: int = TRADING_DAYS) -> float:
    """Compound annual growth rate: (1 + total return)^(periods / days) - 1."""
    return float((1 + total_return(returns)) ** (periods / returns.size)) - 1


def annual_volatility(returns: Array, periods: int = TRADING_DAYS) -> float:
    """Sample standard deviation (days - 1) times sqrt(periods)."""
    return float(_deviation(_checked(returns))) * math.sqrt(periods)


def sharpe(returns: Array, risk_free: float = 0.0, periods: int = TRADING_DAYS) -> float:
    """Mean over sample standard deviation of returns above the risk-free one, times sqrt(periods).

    Source: Sharpe (1994), "The Sharpe ratio", J. of Portfolio Management 21(1).
    """
    excess = _checked(returns) - risk_free
    return _ratio(float(excess.mean()), float(_deviation(excess))) * math.sqrt(periods)


def sortino(returns: Array, required: float = 0.0, periods: int = TRADING_DAYS) -> float:
    """Mean of r less the required return, over the root of the mean of its squared negative part, times sqrt(periods).

    Source: Sortino and Price (1994), "Performance measurement in a downside risk framework", J. of Investing 3(3).
    """
    excess = _checked(returns) - required
    downside = math.sqrt(float(np.mean(np.minimum(excess, 0.0) ** 2)))
    return _ratio(float(excess.mean()), downside) * math.sqrt(periods)


def calmar(returns: Array, periods: int = TRADING_DAYS) -> float:
    """Compound annual growth rate over the maximum drawdown. Source: Young (1991), Futures 20(1)."""
    return _ratio(annual_return(returns, periods), float(drawdowns(returns).max()))


def drawdowns(returns: Array) -> Array:
    """Fraction that each day's value is below the highest so far, the start included.

    Returns:
        (days,), from 0 to 1.
    """
    values = np.concatenate([[1.0], np.cumprod(1 + _checked(returns))])
    found: Array = 1 - values[1:] / np.maximum.accumulate(values)[1:]
    return found


def alpha_beta(
    returns: Array, benchmark: Array, risk_free: float = 0.0, periods: int = TRADING_DAYS
) -> tuple[float, float]:
    """Jensen's alpha, compounded over a year, and beta.

    beta = cov(r, b) / var(b); alpha = (1 + mean(r - f - beta (b - f)))^periods - 1. Source: Jensen (1968), "The
    performance of mutual funds in the period 1945-1964", J. of Finance 23(2).

    Raises:
        PerformanceError: If the benchmark has no variance or another length.
    """
    excess, market = _pair(returns, benchmark)
    excess, market = excess - risk_free, market - risk_free
    if _deviation(market) == 0:
        raise PerformanceError("benchmark", "never moves, so beta is undefined", "choose another benchmark")
    beta = float(np.mean((excess - excess.mean()) * (market - market.mean()))) / float(np.var(market))
    return float((1 + np.mean(excess - beta * market)) ** periods) - 1, beta


def capture(returns: Array, benchmark: Array, *, up: bool, periods: int = TRADING_DAYS) -> float:
    """Annual return of the portfolio over the benchmark's, on days on which the benchmark rose, or fell.

    Returns:
        A ratio; nan where the benchmark never did.
    """
    mine, market = _pair(returns, benchmark)
    chosen = market > 0 if up else market < 0
    if not chosen.any():
        return math.nan
    days = int(chosen.sum())
    grown = [float(np.prod(1 + series[chosen])) ** (periods / days) - 1 for series in (mine, market)]
    return _ratio(grown[0], grown[1])


def rolling(returns: Array, window: int, measure: str = "sharpe", periods: int = TRADING_DAYS) -> Array:
    """A measure over every stretch of `window` days.

    Args:
        returns: (days,), simple daily returns.
        window: Days, from 2 to all of them.
        measure: "sharpe" or "volatility".
        periods: Days of a year.

    Returns:
        (days - window + 1,).

    Raises:
        PerformanceError: If the window does not fit, or the measure is unknown.
    """
    if not 2 <= window <= _checked(returns).size:
        raise PerformanceError(f"window of {window} days", f"not between 2 and {returns.size}", "choose another")
    if measure not in ("sharpe", "volatility"):
        raise PerformanceError(f"measure '{measure}'", "unknown", "choose sharpe or volatility")
    stretches = np.lib.stride_tricks.sliding_window_view(returns, window)
    deviation = _deviation(stretches)
    if measure == "volatility":
        found: Array = deviation * math.sqrt(periods)
        return found
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: Array = np.where(deviation > 0, stretches.mean(axis=1) / deviation, np.nan) * math.sqrt(periods)
    return ratio


def time_weighted(values: Array, flows: Array) -> Array:
    """Daily returns that deposits and withdrawals do not change: V_t / (V_(t-1) + F_t) - 1.

    Args:
        values: (days + 1,), value at the end of each day, positive; the first is the start.
        flows: (days,), deposits (positive) at the beginning of each day.

    Raises:
        PerformanceError: If lengths differ, or a day begins with nothing.
    """
    if values.ndim != 1 or flows.shape != (values.size - 1,):
        raise PerformanceError(f"values {values.shape}, flows {flows.shape}", "do not fit", "give one flow a day")
    begun: Array = values[:-1] + flows
    if not np.all(begun > 0):
        day = int(np.argmin(begun))
        raise PerformanceError(f"value {begun[day]} at the beginning of day {day}", "not positive", "end the series")
    return np.asarray(values[1:] / begun - 1, dtype=np.float64)


def money_weighted(dates: list[date], flows: list[float]) -> float:
    """Internal rate of return a year of 365 days: the rate at which flows are worth nothing together.

    Args:
        dates: Day of each flow.
        flows: Deposits negative, withdrawals and the final value positive, as an investor sees them.

    Raises:
        PerformanceError: If lengths differ, there is no flow in one of the directions, or no rate from -99.99% to
            10,000% solves it.
    """
    if len(dates) != len(flows) or not any(flow > 0 for flow in flows) or not any(flow < 0 for flow in flows):
        raise PerformanceError(f"{len(flows)} flows", "not in both directions", "give deposits and the final value")
    years = np.array([(day - dates[0]).days / 365 for day in dates])
    amounts = np.array(flows)

    def worth(rate: float) -> float:
        return float(np.sum(amounts * (1 + rate) ** -years))

    low, high = -0.9999, 100.0
    if worth(low) * worth(high) > 0:
        raise PerformanceError("flows", "no internal rate between -99.99% and 10,000%", "check the signs")
    return float(brentq(worth, low, high, xtol=1e-14))


def _checked(returns: Array) -> Array:
    if returns.ndim != 1 or returns.size < 2 or not np.all(np.isfinite(returns)) or np.any(returns < -1):
        raise PerformanceError(
            f"returns of shape {returns.shape}", "not two or more finite ones of at least -100%", "clean the prices"
        )
    return returns


def _pair(returns: Array, benchmark: Array) -> tuple[Array, Array]:
    if _checked(returns).shape != _checked(benchmark).shape:
        raise PerformanceError(f"benchmark {benchmark.shape}", f"not {returns.shape}", "align both by day")
    return returns, benchmark


def _deviation(values: Array) -> Array:
    """Sample standard deviation along the last axis; 0 where values differ by rounding only."""
    found = values.std(axis=-1, ddof=1)
    return np.asarray(np.where(found > _ROUNDING * np.abs(values).max(axis=-1), found, 0.0), dtype=np.float64)


def _ratio(over: float, under: float) -> float:
    return over / under if under != 0 else math.nan
