"""The four tests of expected shortfall: published critical values, statistics by hand, simulated distributions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom, kstest, norm

from keepers.risk.backtests.compound import SumOfLosses
from keepers.risk.backtests.expected_shortfall import ES_TESTS, Shortfalls, ShortfallTests, es_outcomes
from keepers.risk.backtests.reference import TailReference
from keepers.risk.distributions import Distribution, Empirical, Normal, Student, shortfall_of, value_at_risk_of
from keepers.risk.errors import RiskError

LEVEL = 0.975


def judged_by(distribution: Distribution, days: int, level: float = LEVEL) -> ShortfallTests:
    return ShortfallTests(TailReference.of([distribution], level), days)


def forecasts(returns: list[list[float]], var: float, shortfall: float) -> Shortfalls:
    table = np.array(returns)
    full = np.ones_like(table)
    return Shortfalls(table, var * full, shortfall * full, norm.cdf(table))


@pytest.mark.parametrize(
    ("distribution", "published", "rejected"), [(Normal(), -0.34639, True), (Student(3.0), -0.42986, False)]
)
def test_unconditional__published_case__agrees_within_0_002(
    distribution: Distribution, published: float, rejected: bool
) -> None:
    """Published for 1,966 days, VaR 97.5%, a test at 99%, and a statistic of -0.38265."""
    total = judged_by(distribution, 1966)._sum
    scale = 1966 * (1 - LEVEL)
    assert 1 - total.quantile(0.99) / scale == pytest.approx(published, abs=0.002)
    assert (float(total.at_least(np.array((1 + 0.38265) * scale))) <= 0.01) == rejected


def test_statistics__three_days__are_the_papers_formulas() -> None:
    judged = judged_by(Normal(), 4, 0.75)
    found = forecasts([[-1.5, 0.3, -2.5, 0.1]], 1.0, 2.0)
    got = judged.statistics(found)
    assert got["unconditional"][0] == pytest.approx(1 - (0.75 + 1.25) / (4 * 0.25))
    assert got["conditional"][0] == pytest.approx(1 - (0.75 + 1.25) / 2)
    assert got["minimally biased"][0] == pytest.approx(np.mean([0.5 - 1.0, 0.5, 0.5 - 3.0, 0.5]))


def test_quantile__worst_day_only__is_its_rank_over_the_expected_one() -> None:
    """One day in the tail: the expected worst of four standard normals is -1.02938."""
    judged = judged_by(Normal(), 4, 0.75)
    got = judged.statistics(forecasts([[-1.5, 0.3, -2.5, 0.1]], 1.0, 2.0))
    assert got["quantile"][0] == pytest.approx(1 - 2.5 / 1.02938, abs=1e-4)


@pytest.mark.parametrize("distribution", [Normal(), Student(5.0)])
@pytest.mark.parametrize("days", [250, 600])
def test_p_values__right_forecasts__are_uniform(distribution: Distribution, days: int) -> None:
    rng = np.random.default_rng(7)
    ranks = rng.random((1500, days))
    returns = distribution.quantile(ranks)
    shape = np.ones_like(returns)
    var, shortfall = value_at_risk_of(distribution, 0.95), shortfall_of(distribution, 0.95)
    got = judged_by(distribution, days, 0.95).p_values(Shortfalls(returns, var * shape, shortfall * shape, ranks))
    for name in ES_TESTS:
        assert kstest(got[name], "uniform").pvalue > 1e-3, name


@pytest.mark.parametrize("name", ES_TESTS)
def test_p_values__understated_shortfall__are_small(name: str) -> None:
    returns = 1.5 * np.random.default_rng(8).standard_normal((1, 1000))
    var, shortfall = value_at_risk_of(Normal(), LEVEL), shortfall_of(Normal(), LEVEL)
    full = np.ones_like(returns)
    found = Shortfalls(returns, var * full, shortfall * full, norm.cdf(returns))
    assert judged_by(Normal(), 1000).p_values(found)[name][0] < 0.02


def test_es_outcomes__no_exceedance__nothing_is_rejected() -> None:
    found = forecasts([[0.1] * 250], 2.0, 2.4)
    outcomes = es_outcomes(found, TailReference.of([Normal()], LEVEL))
    assert [outcome.test for outcome in outcomes] == list(ES_TESTS)
    assert all(outcome.accepted for outcome in outcomes)
    assert outcomes[0].statistic == 1 and outcomes[1].statistic == 1


def test_es_outcomes__any_series__rejects_exactly_at_or_below_the_critical_value() -> None:
    rng = np.random.default_rng(9)
    reference = TailReference.of([Normal()], LEVEL)
    judged = ShortfallTests(reference, 500)
    var, shortfall = value_at_risk_of(Normal(), LEVEL), shortfall_of(Normal(), LEVEL)
    for scale in (0.9, 1.1, 1.2, 1.3):
        returns = scale * rng.standard_normal((1, 500))
        full = np.ones_like(returns)
        found = Shortfalls(returns, var * full, shortfall * full, norm.cdf(returns))
        for outcome in es_outcomes(found, reference, 0.95, judged):
            assert outcome.accepted == (outcome.statistic > outcome.critical), outcome


def test_reference__any_distribution__expects_one_shortfall() -> None:
    sample = Empirical(np.random.default_rng(10).standard_t(4, 1000))
    for distribution in (Normal(), Student(2.5), sample):
        reference = TailReference.of([distribution, distribution], 0.99)
        assert reference.weights.sum() == pytest.approx(1)
        assert reference.weights @ reference.losses == pytest.approx(1, rel=1e-9)


def test_reference__nothing_or_gains_only__is_refused() -> None:
    with pytest.raises(RiskError, match="nothing to refer to"):
        TailReference.of([], 0.99)
    with pytest.raises(RiskError, match="not a loss"):
        TailReference.of([Empirical(np.array([1.0, 2.0, 3.0]))], 0.9)


def test_sum_of_losses__losses_of_one__is_binomial() -> None:
    found = SumOfLosses(np.array([1.0]), np.array([1.0]), 0.1, 50)
    for count in (1, 4, 9):
        assert found.at_least(np.array(float(count))) == pytest.approx(binom.sf(count - 1, 50, 0.1), abs=0.12)
        assert found.at_least(np.array(count - 0.5)) == pytest.approx(binom.sf(count - 1, 50, 0.1), abs=1e-6)
    assert found.at_least(np.array(0.0)) == 1


def test_sum_of_losses__one_sure_normal_tail__is_the_tail() -> None:
    reference = TailReference.of([Normal()], LEVEL)
    found = SumOfLosses(reference.losses, reference.weights, 1.0, 1)
    shortfall = shortfall_of(Normal(), LEVEL)
    for probability in (0.2, 0.5, 0.9, 0.99):
        exact = -norm.ppf((1 - probability) * (1 - LEVEL)) / shortfall
        assert found.quantile(probability) == pytest.approx(exact, rel=3e-3)


@pytest.mark.parametrize(
    ("var", "shortfall", "reason"),
    [(1.0, 0.5, "not 0 <= VaR"), (-1.0, 1.0, "not 0 <= VaR"), (math.nan, 1.0, "not finite")],
)
def test_shortfalls__impossible_forecast__is_refused(var: float, shortfall: float, reason: str) -> None:
    with pytest.raises(RiskError, match=reason):
        forecasts([[0.1, 0.2]], var, shortfall)


def test_shortfalls__shapes_differ__is_refused() -> None:
    with pytest.raises(RiskError, match="do not fit"):
        Shortfalls(np.zeros((1, 3)), np.ones((1, 2)), np.ones((1, 3)), np.ones((1, 3)))
