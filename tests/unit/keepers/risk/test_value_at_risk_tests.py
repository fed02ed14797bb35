"""The eight tests of value at risk: statistics by hand, and distributions by counting every series."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom, chi2

from keepers.risk.backtests import nulls
from keepers.risk.backtests.coverage import christoffersen, kupiec
from keepers.risk.backtests.hits import Hits
from keepers.risk.backtests.outcome import Null
from keepers.risk.backtests.value_at_risk import VAR_TESTS, statistics, var_outcomes, verdicts, zone
from keepers.risk.errors import RiskError

LEVEL = 0.9
DAYS = 12
EVERY = np.array(list(product([False, True], repeat=DAYS)))
"""Every series of 12 days."""
CHANCES = 0.1 ** EVERY.sum(axis=1) * 0.9 ** (DAYS - EVERY.sum(axis=1))


def series(*days: int, length: int = 500) -> NDArray[np.bool_]:
    found = np.zeros(length, dtype=bool)
    found[list(days)] = True
    return found


def by_name(exceeded: NDArray[np.bool_], level: float = 0.99) -> dict[str, float]:
    return {outcome.test: outcome.statistic for outcome in var_outcomes(exceeded, level)}


def test_statistics__bin__is_the_absolute_score() -> None:
    assert by_name(series(1, 50, 90), 0.99)["bin"] == pytest.approx(2 / math.sqrt(500 * 0.01 * 0.99))


def test_statistics__pof_and_cci__are_the_published_ratios() -> None:
    exceeded = series(3, 4, 100, 300, 499)
    got = by_name(exceeded)
    assert got["pof"] == pytest.approx(kupiec(5, 500, 0.99).statistic, abs=1e-10)
    assert got["cci"] == pytest.approx(christoffersen(exceeded).statistic, abs=1e-10)
    assert got["cc"] == pytest.approx(got["pof"] + got["cci"], abs=1e-12)


def test_statistics__published_example__agree_to_its_digits() -> None:
    """MathWorks' example of these tests: 1,043 days at 95%, 57 exceedances, the first on day 58."""
    exceeded = series(*range(57, 57 + 2 * 57, 2), length=1043)
    got = by_name(exceeded, 0.95)
    assert got["bin"] == pytest.approx(0.68905, abs=5e-6)
    assert got["pof"] == pytest.approx(0.46147, abs=5e-6)
    assert got["tuff"] == pytest.approx(1.7354, abs=5e-5)
    assert binom.cdf(57, 1043, 0.05) == pytest.approx(0.77913, abs=5e-6) and zone(57, 1043, 0.95) == "green"


def test_statistics__tuff__is_the_ratio_of_the_first_gap() -> None:
    promised = math.log(0.01) + 24 * math.log(0.99)
    free = math.log(1 / 25) + 24 * math.log(24 / 25)
    assert by_name(series(24, 30))["tuff"] == pytest.approx(2 * (free - promised))


def test_statistics__no_hit__tuff_is_censored_and_gaps_are_none() -> None:
    got = by_name(series())
    assert got["tuff"] == pytest.approx(-2 * 500 * math.log(0.99))
    assert (got["cci"], got["tbfi"]) == (0, 0)
    assert got["tbf"] == pytest.approx(got["pof"])


def test_statistics__hit_on_consecutive_days__gap_of_one_counts_minus_log_p() -> None:
    apart = by_name(series(24))["tbfi"]
    assert by_name(series(24, 25))["tbfi"] - apart == pytest.approx(-2 * math.log(0.01))


def test_statistics__many_series__are_those_of_each() -> None:
    table = np.random.default_rng(1).random((40, 300)) < 0.03
    together = statistics(Hits.of(table, 0.97), 0.97)
    for row, exceeded in enumerate(table):
        alone = statistics(Hits.of(exceeded, 0.97), 0.97)
        for name in VAR_TESTS:
            assert together[name][row] == pytest.approx(alone[name][0], abs=1e-12)


@pytest.mark.parametrize("name", ["bin", "tl", "pof", "tuff", "cc"])
def test_p_value__every_series_of_twelve_days__is_their_share(name: str) -> None:
    verdict = verdicts(Hits.of(EVERY, LEVEL), LEVEL)[name]
    for row in range(0, len(EVERY), 97):
        as_large = verdict.statistic >= verdict.statistic[row] - 1e-9
        assert verdict.p_value[row] == pytest.approx(CHANCES[as_large].sum(), abs=1e-9)


@pytest.mark.parametrize("name", ["cci", "tbfi"])
def test_p_value__of_independence__is_a_share_among_series_with_as_many_hits(name: str) -> None:
    verdict = verdicts(Hits.of(EVERY, LEVEL), LEVEL)[name]
    counts = EVERY.sum(axis=1)
    error = 1e-9 if name == "cci" else 5 * 0.5 / math.sqrt(nulls.ARRANGEMENTS)
    for row in range(0, len(EVERY), 97):
        alike = verdict.statistic[counts == counts[row]]
        assert verdict.p_value[row] == pytest.approx(np.mean(alike >= verdict.statistic[row] - 1e-9), abs=error)


def test_p_value__of_gaps__is_near_the_share_of_every_series() -> None:
    verdict = verdicts(Hits.of(EVERY, LEVEL), LEVEL)["tbf"]
    scaled = -chi2.logsf(verdict.statistic, EVERY.sum(axis=1) + 1)
    for row in range(0, len(EVERY), 97):
        share = CHANCES[scaled >= scaled[row] - 1e-9].sum()
        assert verdict.p_value[row] == pytest.approx(share, abs=5 * 0.5 / math.sqrt(nulls.SIMULATIONS))


def test_p_beyond__series_of_twelve_days__leaves_ties_out() -> None:
    verdict = verdicts(Hits.of(EVERY, LEVEL), LEVEL)["pof"]
    larger = verdict.statistic > verdict.statistic[5] + 1e-9
    assert verdict.p_beyond[5] == pytest.approx(CHANCES[larger].sum(), abs=1e-9)


@pytest.mark.parametrize(("count", "colour"), [(4, "green"), (5, "yellow"), (9, "yellow"), (10, "red")])
def test_zone__250_days_at_99__is_the_basel_committees(count: int, colour: str) -> None:
    assert zone(count, 250, 0.99) == colour


@pytest.mark.parametrize("name", VAR_TESTS)
def test_critical__statistic_at_it__is_rejected_and_below_it_not(name: str) -> None:
    rng = np.random.default_rng(2)
    for rate in (0.01, 0.03, 0.08):
        outcome = {o.test: o for o in var_outcomes(rng.random(400) < rate, 0.99)}[name]
        assert outcome.accepted == (outcome.statistic < outcome.critical - 1e-7 * abs(outcome.critical))


def test_null__equal_values_computed_in_another_order__are_one_value() -> None:
    null = Null(np.array([1.0, 1.0 + 1e-13, 2.0]), np.array([0.25, 0.25, 0.5]))
    assert null.p_value(np.array([1.0 + 5e-14])).tolist() == [1.0]
    assert null.p_beyond(np.array([1.0])).tolist() == [0.5]
    assert null.critical(0.4) == 2.0


def test_null__nothing_is_rare_enough__critical_is_infinite() -> None:
    assert Null(np.array([0.0, 1.0]), np.array([0.5, 0.5])).critical(0.95) == math.inf


@pytest.mark.parametrize(("level", "test_level"), [(1.0, 0.95), (0.0, 0.95), (0.99, 1.0), (0.99, 0.0)])
def test_var_outcomes__level_outside__is_refused(level: float, test_level: float) -> None:
    with pytest.raises(RiskError, match="not between 0 and 1"):
        var_outcomes(series(1), level, test_level)


def test_var_outcomes__one_day__is_refused() -> None:
    with pytest.raises(RiskError, match="no pair of days"):
        var_outcomes(np.array([True]), 0.99)


def test_var_outcomes__all_days_exceed__rejects_by_count() -> None:
    found = {outcome.test: outcome for outcome in var_outcomes(np.ones(100, dtype=bool), 0.99)}
    assert not any(found[name].accepted for name in ("bin", "tl", "pof", "tuff", "cc", "tbf"))
    assert found["tl"].note == "red"


def test_subsets__of_five_days__are_equally_likely() -> None:
    days = nulls._subsets(np.random.default_rng(3), 16, 3, 112_000)
    assert np.all(np.diff(days, axis=1) > 0) and days.min() == 1 and days.max() == 16
    codes, counts = np.unique(days @ np.array([289, 17, 1]), return_counts=True)
    assert codes.size == math.comb(16, 3)
    assert chi2.sf(np.sum((counts - 200) ** 2 / 200), codes.size - 1) > 1e-4
