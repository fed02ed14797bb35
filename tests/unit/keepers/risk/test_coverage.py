"""Exceedances and the two likelihood-ratio tests."""

import math

import numpy as np
import pytest
from scipy.stats import chi2

from keepers.risk.backtests.coverage import christoffersen, exceedances, kupiec
from keepers.risk.errors import RiskError


def test_exceedances__loss_at_and_beyond_var__counts_only_beyond() -> None:
    got = exceedances(np.array([-0.02, -0.021, 0.05, -0.03]), np.array([0.02, 0.02, 0.02, 0.04]))
    assert got.tolist() == [False, True, False, False]


@pytest.mark.parametrize(("observations", "rejected_from"), [(255, 7), (510, 11), (1000, 17)])
def test_kupiec__published_regions_at_99__are_met(observations: int, rejected_from: int) -> None:
    """Kupiec's table of non-rejection regions at 5%: N < 7, 1 < N < 11, 4 < N < 17 for p = 0.01."""
    limit = chi2.ppf(0.95, 1)
    assert kupiec(rejected_from - 1, observations, 0.99).statistic < limit
    assert kupiec(rejected_from, observations, 0.99).statistic > limit


def test_kupiec__no_exceedance__is_the_limit() -> None:
    assert kupiec(0, 250, 0.99).statistic == pytest.approx(-2 * 250 * math.log(0.99))


def test_kupiec__all_exceed__is_the_limit() -> None:
    assert kupiec(10, 10, 0.99).statistic == pytest.approx(-2 * 10 * math.log(0.01))


def test_kupiec__exactly_as_promised__is_certain() -> None:
    got = kupiec(5, 100, 0.95)
    assert got.statistic == pytest.approx(0, abs=1e-12)
    assert got.p_value == pytest.approx(1, abs=1e-5)


def test_kupiec__p_value__is_chi_squared_with_one_degree() -> None:
    got = kupiec(9, 500, 0.99)
    assert got.p_value == pytest.approx(chi2.sf(got.statistic, 1), rel=1e-12)


def test_christoffersen__counts_by_hand__gives_the_ratio() -> None:
    series = np.array([0, 0, 1, 1, 0, 0, 0, 1, 0, 0], dtype=bool)
    # Calm begins 6 pairs, 2 of them to loss; loss begins 3 pairs, 1 to loss. Together that is 9 pairs, 3 to loss.
    apart = 2 * math.log(1 / 3) + 4 * math.log(2 / 3) + math.log(1 / 3) + 2 * math.log(2 / 3)
    alike = 3 * math.log(1 / 3) + 6 * math.log(2 / 3)
    assert christoffersen(series).statistic == pytest.approx(2 * (apart - alike), abs=1e-12)


def test_christoffersen__losses_in_a_row__are_rejected_and_spread_ones_not() -> None:
    clustered, spread = np.zeros(500, dtype=bool), np.zeros(500, dtype=bool)
    clustered[200:210] = True
    spread[25::50] = True
    assert christoffersen(clustered).p_value < 1e-6
    assert christoffersen(spread).p_value > 0.3


@pytest.mark.parametrize("value", [True, False])
def test_christoffersen__one_state_only__is_zero(value: bool) -> None:
    got = christoffersen(np.full(10, value))
    assert (got.statistic, got.p_value) == (0, 1)


@pytest.mark.parametrize(
    ("exceeded", "observations", "level"),
    [(-1, 10, 0.99), (11, 10, 0.99), (0, 0, 0.99), (1, 10, 1.0), (1, 10, 0.0)],
)
def test_kupiec__impossible_input__is_refused(exceeded: int, observations: int, level: float) -> None:
    with pytest.raises(RiskError):
        kupiec(exceeded, observations, level)


def test_christoffersen__one_day__is_refused() -> None:
    with pytest.raises(RiskError, match="no pair of days"):
        christoffersen(np.array([True]))


def test_exceedances__shapes_differ__is_refused() -> None:
    with pytest.raises(RiskError, match="do not fit"):
        exceedances(np.zeros(3), np.zeros(2))


def test_exceedances__nan__is_refused() -> None:
    with pytest.raises(RiskError, match="not finite"):
        exceedances(np.array([math.nan]), np.array([0.1]))
