"""Closes that cannot be believed, and real ones that can."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from keepers.market import Prices
from keepers.market.guards import Guards, doubts
from scripts._lib.demo.data import Closes, load_closes
from scripts.localnet import STOCKS

Array = NDArray[np.float64]
FIRST = date(2024, 1, 1)
GUARDS = Guards()


def closes(days: int = 300, seed: int = 1) -> Array:
    """Two stocks with a daily volatility of one percent."""
    moves = np.random.default_rng(seed).standard_normal((days, 2)) * 0.01
    walked: Array = 100 * np.cumprod(1 + moves, axis=0)
    return walked


def series(values: Array, first: date = FIRST) -> Prices:
    """One row a day."""
    dates = tuple(first + timedelta(days=day) for day in range(len(values)))
    return Prices(dates, ("AAA", "BBB"), values)


def judged(values: Array, guards: Guards = GUARDS, oracle: Array | None = None, late: int = 0) -> dict[str, str]:
    prices = series(values)
    today = prices.dates[-1] + timedelta(days=late)
    return doubts(prices, today, guards, list(values[-1] if oracle is None else oracle))


def test_doubts__ordinary_closes__none() -> None:
    assert judged(closes()) == {}


@pytest.mark.parametrize("factor", [10.0, 0.1, 1.3])
def test_doubts__last_close_mistyped__the_oracle_tells(factor: float) -> None:
    values = closes()
    typed = values.copy()
    typed[-1, 0] *= factor
    found = judged(typed, oracle=values[-1])
    assert list(found) == ["AAA"] and f"{typed[-1, 0]:g}" in found["AAA"]


def test_doubts__last_close_fell_and_the_oracle_with_it__none() -> None:
    values = closes()
    values[-1] *= 0.7
    assert judged(values) == {}


@given(st.floats(1.6, 1e6), st.booleans(), st.integers(1, 297))
def test_doubts__one_cell_in_the_past_mistyped__is_found(factor: float, down: bool, day: int) -> None:
    values = closes()
    values[day, 1] *= 1 / factor if down else factor
    found = judged(values)
    assert list(found) == ["BBB"] and str(FIRST + timedelta(days=day)) in found["BBB"]


def test_doubts__split_not_adjusted__is_found() -> None:
    values = closes()
    values[:150, 0] *= 5
    assert list(judged(values)) == ["AAA"]


def test_doubts__same_close_over_and_over__counts_as_not_kept_up() -> None:
    values = closes()
    values[-10:, 1] = values[-10, 1]
    assert judged(values)["BBB"].startswith("the last 10 closes are all")
    assert judged(values, replace(GUARDS, constant_days=0)) == {}


def test_doubts__nobody_appended_for_long__doubts_all() -> None:
    assert judged(closes(), late=10) == {}
    assert set(judged(closes(), late=11)) == {"AAA", "BBB"}


def test_doubts__days_missing_in_between__doubts_all() -> None:
    prices = series(closes(40))
    keep = [row for row in range(40) if not 10 <= row < 20]
    cut = Prices(tuple(prices.dates[row] for row in keep), prices.symbols, prices.closes[keep])
    assert set(doubts(cut, cut.dates[-1], GUARDS)) == {"AAA", "BBB"}


def test_doubts__tolerance_of_one_asset__is_its_own() -> None:
    values = closes()
    oracle = values[-1] * 1.25
    assert set(judged(values, oracle=oracle)) == {"AAA", "BBB"}
    assert set(judged(values, replace(GUARDS, tolerances={"AAA": 0.3}), oracle)) == {"BBB"}


def test_doubts__oracle_without_a_price__is_a_doubt() -> None:
    assert "the oracle's price is 0" in judged(closes(), oracle=np.zeros(2))["AAA"]


def test_doubts__thirty_years_of_real_closes__hardly_ever_cry_wolf() -> None:
    """Crashes, splits that are adjusted, closed exchanges; with feeds that are a whole day ahead of the file."""
    real = load_closes(STOCKS)
    values = np.array([[float(cell) for cell in row] for row in real.rows])
    ends = range(1001, len(values), 5)
    cries = [end for end in ends if doubts(*window(real, values, end), GUARDS, list(values[end]))]
    assert len(cries) <= len(ends) / 100
    # With the close of the day on which the feed moved there is nothing left to doubt.
    assert all(doubts(*window(real, values, end + 1), GUARDS, list(values[end])) == {} for end in cries)
    assert np.abs(np.diff(np.log(values), axis=0)).max() > math.log(1.5), "there is a crash among them"


def window(real: Closes, values: Array, end: int) -> tuple[Prices, date]:
    """A thousand returns before a row, and the day of that row."""
    rows = slice(end - 1001, end)
    return Prices(real.days[rows], STOCKS, values[rows]), real.days[min(end, len(real.days) - 1)]
