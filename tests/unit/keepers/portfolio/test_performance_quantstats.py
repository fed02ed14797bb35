"""Performance against quantstats, and where that one differs by definition."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from quantstats import stats

from keepers.portfolio import performance as ours

Array = NDArray[np.float64]
RNG = np.random.default_rng(11)
MARKET = RNG.standard_t(5, 1500) * 0.008 + 0.0003
RETURNS = 0.8 * MARKET + RNG.standard_normal(1500) * 0.004
FREE = 0.00008
FREE_A_YEAR = (1 + FREE) ** 252 - 1
"""quantstats takes the risk-free return of a year."""

CASES: dict[str, tuple[Callable[[], float], Callable[[pd.Series, pd.Series], float]]] = {
    "total": (lambda: ours.total_return(RETURNS), lambda r, _: stats.comp(r)),
    "annual": (lambda: ours.annual_return(RETURNS), lambda r, _: stats.cagr(r)),
    "volatility": (lambda: ours.annual_volatility(RETURNS), lambda r, _: stats.volatility(r)),
    "sharpe": (lambda: ours.sharpe(RETURNS, FREE), lambda r, _: stats.sharpe(r, FREE_A_YEAR)),
    "sortino": (lambda: ours.sortino(RETURNS, FREE), lambda r, _: stats.sortino(r, FREE_A_YEAR)),
    "calmar": (lambda: ours.calmar(RETURNS), lambda r, _: stats.calmar(r)),
    "drawdown": (lambda: float(ours.drawdowns(RETURNS).max()), lambda r, _: -stats.max_drawdown(r)),
    "drawdown of a day": (
        lambda: float(ours.drawdowns(RETURNS)[700]),
        lambda r, _: -float(stats.to_drawdown_series(r).iloc[700]),
    ),
    "beta": (lambda: ours.alpha_beta(RETURNS, MARKET)[1], lambda r, m: stats.greeks(r, m)["beta"]),
    "rolling sharpe": (
        lambda: float(ours.rolling(RETURNS, 60)[100]),
        lambda r, _: float(stats.rolling_sharpe(r, rolling_period=60).iloc[159]),
    ),
    "rolling volatility": (
        lambda: float(ours.rolling(RETURNS, 60, "volatility")[100]),
        lambda r, _: float(stats.rolling_volatility(r, rolling_period=60).iloc[159]),
    ),
}


def series(values: Array) -> pd.Series:
    return pd.Series(values, pd.bdate_range("2015-01-01", periods=values.size))


@pytest.mark.parametrize("name", CASES)
def test_measures__1500_days__agree_with_quantstats_within_0_001_percent(name: str) -> None:
    mine, theirs = CASES[name]
    assert mine() == pytest.approx(float(theirs(series(RETURNS), series(MARKET))), rel=1e-5)


def test_alpha_beta__quantstats_adds_days_up__agrees_once_its_alpha_is_compounded() -> None:
    """It multiplies a day's alpha by 252, and knows no risk-free return; alpha is a return, and returns compound."""
    added = float(stats.greeks(series(RETURNS), series(MARKET))["alpha"])
    alpha = ours.alpha_beta(RETURNS, MARKET)[0]
    assert alpha == pytest.approx((1 + added / 252) ** 252 - 1, rel=1e-5)
    assert alpha != pytest.approx(added, rel=1e-5)


def test_drawdowns__returns_that_quantstats_takes_for_prices__count_from_the_start() -> None:
    """It takes numbers of which none is negative and one is above 1 for prices: a token that triples falls there."""
    returns = np.array([2.0, 0.1, 0.05])
    assert ours.drawdowns(returns).max() == 0
    assert stats.max_drawdown(series(returns)) == pytest.approx(-0.975)


def test_sharpe__quantstats_on_constant_returns__divides_by_rounding() -> None:
    returns = np.full(10, 0.001)
    assert np.isnan(ours.sharpe(returns))
    assert not abs(stats.sharpe(series(returns))) < 1e6
