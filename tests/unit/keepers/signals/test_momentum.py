"""Twelve months less the last one."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from keepers.signals.errors import SignalError
from keepers.signals.momentum import momentum

Array = NDArray[np.float64]


def closes(days: int = 300, assets: int = 4) -> Array:
    steps = np.random.default_rng(5).normal(0, 0.02, size=(days, assets))
    prices: Array = 100 * np.exp(np.cumsum(steps, axis=0))
    return prices


def test_momentum__any_prices__is_standardised_and_scaled() -> None:
    got = momentum(closes(), 2e-4)
    assert got.mean() == pytest.approx(0, abs=1e-18)
    assert got.std() == pytest.approx(2e-4)


def test_momentum__three_assets__ranks_by_past_return() -> None:
    prices = np.full((253, 3), 100.0)
    prices[1:] = [110.0, 130.0, 120.0]
    np.testing.assert_allclose(momentum(prices, 1.0), np.array([-1, 1, 0]) * math.sqrt(1.5), atol=1e-12)


def test_momentum__last_month_and_older_than_a_year__do_not_count() -> None:
    prices = closes()
    changed = prices.copy()
    changed[-21:] *= np.linspace(1, 2, 4)
    changed[: 300 - 253] *= np.linspace(3, 1, 4)
    np.testing.assert_array_equal(momentum(changed, 1.0), momentum(prices, 1.0))


@pytest.mark.parametrize("row", [-22, -253])
def test_momentum__ends_of_the_window__count(row: int) -> None:
    changed = closes()
    changed[row, 0] *= 1.5
    assert not np.allclose(momentum(changed, 1.0), momentum(closes(), 1.0))


def test_momentum__alike_or_alone__is_zero() -> None:
    np.testing.assert_array_equal(momentum(np.repeat(closes()[:, :1], 3, axis=1), 1.0), np.zeros(3))
    np.testing.assert_array_equal(momentum(closes(assets=1), 1.0), np.zeros(1))


@pytest.mark.parametrize(
    ("prices", "skip", "reason"),
    [
        (closes(252), 21, "253 are needed"),
        (closes(), 252, "empty"),
        (closes(), -1, "empty"),
        (closes()[:, 0], 21, r"not \(days, assets\)"),
        (-closes(), 21, "positive"),
    ],
)
def test_momentum__unusable_input__is_refused(prices: Array, skip: int, reason: str) -> None:
    with pytest.raises(SignalError, match=reason):
        momentum(prices, 1.0, skip_days=skip)
