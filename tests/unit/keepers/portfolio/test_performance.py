"""Performance against empyrical-reloaded and by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date

import empyrical
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from keepers.portfolio import performance as ours
from keepers.portfolio.errors import PerformanceError

Array = NDArray[np.float64]
RNG = np.random.default_rng(5)
MARKET = RNG.standard_t(5, 1500) * 0.008 + 0.0003
RETURNS = 0.8 * MARKET + RNG.standard_normal(1500) * 0.004
FREE = 0.00008

CASES: dict[str, tuple[Callable[[], float], Callable[[pd.Series, pd.Series], float]]] = {
    "total": (lambda: ours.total_return(RETURNS), lambda r, _: empyrical.cum_returns_final(r)),
    "annual": (lambda: ours.annual_return(RETURNS), lambda r, _: empyrical.cagr(r)),
    "volatility": (lambda: ours.annual_volatility(RETURNS), lambda r, _: empyrical.annual_volatility(r)),
    "sharpe": (lambda: ours.sharpe(RETURNS, FREE), lambda r, _: empyrical.sharpe_ratio(r, FREE)),
    "sortino": (lambda: ours.sortino(RETURNS, FREE), lambda r, _: empyrical.sortino_ratio(r, FREE)),
    "calmar": (lambda: ours.calmar(RETURNS), lambda r, _: empyrical.calmar_ratio(r)),
    "drawdown": (lambda: float(ours.drawdowns(RETURNS).max()), lambda r, _: -empyrical.max_drawdown(r)),
    "alpha": (lambda: ours.alpha_beta(RETURNS, MARKET, FREE)[0], lambda r, m: empyrical.alpha(r, m, FREE)),
    "beta": (lambda: ours.alpha_beta(RETURNS, MARKET, FREE)[1], lambda r, m: empyrical.beta(r, m, FREE)),
    "up capture": (lambda: ours.capture(RETURNS, MARKET, up=True), lambda r, m: empyrical.up_capture(r, m)),
    "down capture": (lambda: ours.capture(RETURNS, MARKET, up=False), lambda r, m: empyrical.down_capture(r, m)),
    "rolling sharpe": (
        lambda: float(ours.rolling(RETURNS, 60)[100]),
        lambda r, _: float(empyrical.roll_sharpe_ratio(r, window=60).iloc[100]),
    ),
    "rolling volatility": (
        lambda: float(ours.rolling(RETURNS, 60, "volatility")[100]),
        lambda r, _: float(empyrical.roll_annual_volatility(r, window=60).iloc[100]),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_measures__1500_days__agree_with_empyrical_within_0_001_percent(name: str) -> None:
    index = pd.bdate_range("2015-01-01", periods=RETURNS.size)
    mine, theirs = CASES[name]
    expected = float(theirs(pd.Series(RETURNS, index), pd.Series(MARKET, index)))
    assert mine() == pytest.approx(expected, rel=1e-5)


def test_drawdowns__loss_on_the_first_day__counts_from_the_start() -> None:
    np.testing.assert_allclose(ours.drawdowns(np.array([-0.1, 0.05, 0.2, -0.5])), [0.1, 0.055, 0.0, 0.5])


def test_performance__constant_returns__ratios_are_undefined() -> None:
    found = ours.performance(np.zeros(10))
    assert math.isnan(found.sharpe) and math.isnan(found.sortino) and math.isnan(found.calmar)
    assert (found.total_return, found.max_drawdown, found.days) == (0, 0, 10)


@pytest.mark.parametrize(("days", "value"), [(10, 0.001), (252, 0.0003), (1000, 0.01)])
def test_sharpe__constant_returns_that_binary_fractions_round__is_undefined(days: int, value: float) -> None:
    returns = np.full(days, value)
    assert math.isnan(ours.sharpe(returns)) and ours.annual_volatility(returns) == 0
    assert np.all(np.isnan(ours.rolling(returns, 10)))


def test_alpha_beta__constant_benchmark_that_binary_fractions_round__is_refused() -> None:
    with pytest.raises(PerformanceError, match="never moves"):
        ours.alpha_beta(np.linspace(-0.01, 0.01, 10), np.full(10, 0.001))


def test_time_weighted__deposit__changes_no_return() -> None:
    values = np.array([100.0, 110.0, 231.0])
    np.testing.assert_allclose(ours.time_weighted(values, np.array([0.0, 100.0])), [0.1, 0.1])


def test_money_weighted__two_flows__is_the_compound_rate() -> None:
    days = [date(2020, 1, 1), date(2021, 12, 31)]
    assert ours.money_weighted(days, [-100.0, 121.0]) == pytest.approx(1.1 ** (2 * 365 / 730) - 1, abs=1e-9)


def test_money_weighted__deposit_before_a_fall__is_below_time_weighted() -> None:
    days = [date(2020, 1, 1), date(2020, 12, 31), date(2021, 12, 31)]
    rate = ours.money_weighted(days, [-100.0, -900.0, 1100.0 * 0.5 + 0.0])
    assert rate < -0.3


@pytest.mark.parametrize(
    "call",
    [
        lambda: ours.sharpe(np.array([0.1])),
        lambda: ours.total_return(np.array([0.1, np.nan])),
        lambda: ours.total_return(np.array([0.1, -1.1])),
        lambda: ours.rolling(RETURNS, 1),
        lambda: ours.rolling(RETURNS, 60, "omega"),
        lambda: ours.alpha_beta(RETURNS, np.zeros(1500)),
        lambda: ours.alpha_beta(RETURNS, MARKET[:10]),
        lambda: ours.time_weighted(np.array([1.0, 2.0]), np.array([-1.0])),
        lambda: ours.money_weighted([date(2020, 1, 1)], [1.0]),
    ],
)
def test_measures__impossible_input__is_refused(call: Callable[[], object]) -> None:
    with pytest.raises(PerformanceError):
        call()
