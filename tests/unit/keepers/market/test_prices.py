"""Prices accept only what can be priced."""

import math
from datetime import date

import numpy as np
import pytest

from keepers.market import PriceError, Prices

DAYS = (date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 5))
CLOSES = np.array([[100.0, 10.0], [110.0, 9.0], [99.0, 9.9]])


def test_returns__three_days__are_simple() -> None:
    returns = Prices(DAYS, ("AAA", "BBB"), CLOSES).returns()
    np.testing.assert_allclose(returns, [[0.1, -0.1], [-0.1, 0.1]], rtol=1e-14)


@pytest.mark.parametrize(("day", "rows"), [(date(2024, 1, 2), 1), (date(2024, 1, 4), 2), (date(2025, 1, 1), 3)])
def test_until__some_day__keeps_that_day_and_earlier(day: date, rows: int) -> None:
    known = Prices(DAYS, ("AAA", "BBB"), CLOSES).until(day)
    assert known.dates == DAYS[:rows]
    np.testing.assert_array_equal(known.closes, CLOSES[:rows])


def test_until__before_first_day__is_refused() -> None:
    with pytest.raises(PriceError, match="the first close is of 2024-01-02"):
        Prices(DAYS, ("AAA", "BBB"), CLOSES).until(date(2024, 1, 1))


def test_prices__caller_changes_its_array__stay_as_they_were() -> None:
    closes = CLOSES.copy()
    prices = Prices(DAYS, ("AAA", "BBB"), closes)
    closes[0, 0] = 1.0
    assert prices.closes[0, 0] == 100.0
    with pytest.raises(ValueError, match="read-only"):
        prices.closes[0, 0] = 1.0


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_prices__unusable_close__names_it(bad: float) -> None:
    closes = CLOSES.copy()
    closes[1, 1] = bad
    with pytest.raises(PriceError, match="BBB on 2024-01-03") as caught:
        Prices(DAYS, ("AAA", "BBB"), closes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("days", [(DAYS[1], DAYS[0], DAYS[2]), (DAYS[0], DAYS[0], DAYS[2])])
def test_prices__days_not_rising__are_refused(days: tuple[date, ...]) -> None:
    with pytest.raises(PriceError, match="comes after"):
        Prices(days, ("AAA", "BBB"), CLOSES)


@pytest.mark.parametrize(
    ("symbols", "reason"), [(("AAA", "AAA"), "more than once"), (("AAA",), "expected"), ((), "empty")]
)
def test_prices__symbols_do_not_fit__are_refused(symbols: tuple[str, ...], reason: str) -> None:
    with pytest.raises(PriceError, match=reason):
        Prices(DAYS, symbols, CLOSES)
