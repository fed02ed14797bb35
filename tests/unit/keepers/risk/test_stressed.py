"""The worst year of a history."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.risk.errors import RiskError
from keepers.risk.stressed import stressed_tail

RETURNS = np.random.default_rng(2).normal(0, 0.005, (900, 2))
RETURNS[400:520] *= 4
WEIGHTS = np.array([0.7, 0.3])


def test_stressed_tail__wild_stretch__is_within_the_year() -> None:
    found = stressed_tail(RETURNS, WEIGHTS)
    assert found.last - found.first == 251
    assert found.first <= 410 and found.last >= 510


def test_stressed_tail__its_year__has_its_order_statistics() -> None:
    found = stressed_tail(RETURNS, WEIGHTS)
    losses = np.sort(-(RETURNS[found.first : found.last + 1] @ WEIGHTS))[::-1]
    assert found.var == pytest.approx((losses[12], losses[2]))
    assert found.shortfall == pytest.approx((losses[:13].mean(), losses[:3].mean()))


def test_stressed_tail__every_other_year__has_no_larger_shortfall() -> None:
    found = stressed_tail(RETURNS, WEIGHTS, (0.975,))
    for first in range(0, 649, 7):
        losses = np.sort(-(RETURNS[first : first + 252] @ WEIGHTS))[::-1]
        assert losses[:7].mean() <= found.shortfall[0] + 1e-15


def test_stressed_tail__less_than_a_year__is_refused() -> None:
    with pytest.raises(RiskError, match="no 252 days"):
        stressed_tail(RETURNS[:251], WEIGHTS)
