"""Models as the chain would hold them: steps from the day before's, and forecasts of what stands."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from keepers.operations.risk_tables import caution_table
from keepers.risk.backtests.rolling import Protocol, Track, roll
from keepers.risk.distributions import Normal, Stretched, Student, value_at_risk_of
from keepers.risk.errors import RiskError
from keepers.risk.fixed_point import SCALE, from_fixed_point, to_fixed_point
from keepers.risk.models import STEPPED, judged_named, model_named
from keepers.risk.models.protocol import EllipticalForecast, SampledForecast
from keepers.risk.models.stepped import PostedSeries, SteppedModel
from keepers.risk.models.weighted import WeightedModel

Array = NDArray[np.float64]
FALL, RISE = 600, 2_500
CALM = np.array([[1e-4, 5e-5], [5e-5, 1e-4]])
STILL = np.zeros(2)
RETURNS = np.random.default_rng(1).standard_normal((900, 2)) * 0.01
WEIGHTS = np.tile(np.array([[0.5, 0.5]]), (900, 1, 1))
PROTOCOL = Protocol(window=300, refit=50)
QUICK = WeightedModel("quick", 3.0)


def series(*forecasts: Array, returns: Array = STILL) -> PostedSeries:
    """A chain to which covariances were posted one after another."""
    chain = PostedSeries(FALL, RISE)
    for matrix in forecasts:
        chain.post(EllipticalForecast(matrix, Student(5.0)), returns)
    return chain


def track(model: WeightedModel | SteppedModel, returns: Array = RETURNS) -> Track:
    return roll(model, returns, WEIGHTS, PROTOCOL)[0][0]


def test_post__first_model__is_the_estimate() -> None:
    chain = series(CALM)
    assert chain.entries == to_fixed_point(CALM) and chain.held == 0


def test_post__estimate_falls_by_half__stands_six_percent_lower() -> None:
    chain = series(CALM, CALM / 2)
    np.testing.assert_allclose(np.diag(from_fixed_point(chain.entries)), 0.94e-4, rtol=1e-9)
    assert (chain.held, chain.posted) == (1, 2)


def test_post__estimate_doubles_while_prices_stand__stands_a_quarter_higher() -> None:
    np.testing.assert_allclose(np.diag(from_fixed_point(series(CALM, 2 * CALM).entries)), 1.25e-4, rtol=1e-9)


def test_post__estimate_doubles_after_prices_moved__is_the_estimate() -> None:
    chain = series(CALM, 2 * CALM, returns=np.array([-0.05, -0.05]))
    assert chain.entries == to_fixed_point(2 * CALM) and chain.held == 0


def test_post__forecast__is_of_what_stands() -> None:
    chain = series(CALM)
    found = chain.post(EllipticalForecast(CALM / 4, Student(5.0)), STILL)
    np.testing.assert_array_equal(found.covariance, from_fixed_point(chain.entries))
    assert found.tail == Student(5.0)


def test_post__tail_jumps__value_at_risk_is_the_posted_multiplier() -> None:
    """A normal's 95% quantile is far above that of a t with 2.5 degrees; the floors of the chain hold the latter up."""
    chain = series(CALM)
    found = chain.post(EllipticalForecast(CALM, Student(2.5)), STILL).portfolio(np.array([1.0, 0.0]))
    assert chain.tails is not None and chain.tails_held == 1
    for index, level in enumerate((0.95, 0.99)):
        assert found.value_at_risk(level) / found.scale == pytest.approx(chain.tails[index] / SCALE, rel=1e-12)
    assert chain.tails[0] / SCALE > value_at_risk_of(Student(2.5), 0.95)


def test_post__sample__is_refused() -> None:
    with pytest.raises(RiskError, match="no covariance and tail"):
        series().post(SampledForecast(RETURNS), STILL)


def test_post__covariance_that_is_not_finite__is_refused_and_the_last_model_stands() -> None:
    chain = series(CALM)
    before = list(chain.entries)
    with pytest.raises(RiskError, match="not finite"):
        chain.post(EllipticalForecast(CALM * math.nan, Student(5.0)), STILL)
    assert chain.entries == before and chain.posted == 1


def test_roll__bounds_that_hold_nothing__are_the_models_own_forecasts() -> None:
    free = track(SteppedModel("free", QUICK, max_fall_bps=10**6, max_unseen_rise_bps=10**9))
    np.testing.assert_allclose(free.var, track(QUICK).var, rtol=1e-9)
    np.testing.assert_allclose(free.shortfall, track(QUICK).shortfall, rtol=1e-9)


def test_roll__volatility_collapses__value_at_risk_falls_no_faster_than_the_chain_lets_it() -> None:
    calm = RETURNS.copy()
    calm[450:] *= 0.1
    alone = np.tile(np.array([[1.0, 0.0]]), (900, 1, 1))
    quick = WeightedModel("quick", 3.0, tails="normal")
    models = SteppedModel("quick, stepped", quick), quick
    held, own = (roll(model, calm, alone, PROTOCOL)[0][0].var[1] for model in models)
    assert (held[1:] / held[:-1]).min() == pytest.approx(math.sqrt(0.94), rel=1e-6)
    assert (own[1:] / own[:-1]).min() < 0.9 and np.mean(held) > np.mean(own)


def test_roll__future_changes__no_stepped_forecast_before_it_does() -> None:
    changed = RETURNS.copy()
    changed[600:] *= -3
    before, after = (track(SteppedModel("quick, stepped", QUICK), returns) for returns in (RETURNS, changed))
    np.testing.assert_array_equal(before.var[:, :301], after.var[:, :301])
    assert not np.array_equal(before.var[:, 301:], after.var[:, 301:])


def test_roll__stepped_model__tells_how_often_it_was_held_back() -> None:
    _, notes = roll(SteppedModel("quick, stepped", QUICK), RETURNS, WEIGHTS, PROTOCOL)
    (note,) = notes
    held = int(note.split(" changed ")[1].split(" of ")[0])
    assert 100 < held < 600 and note.endswith("of 600 tails")


def test_judged_named__stepped__is_of_the_model_that_it_steps_towards() -> None:
    for stepped in STEPPED:
        assert judged_named(stepped.name) is stepped
        assert stepped.model == model_named(stepped.name.removesuffix(", stepped"))
    assert judged_named("ewma student") is model_named("ewma student")


def test_model_named__stepped__is_refused_where_a_model_forecasts_by_itself() -> None:
    with pytest.raises(RiskError, match="unknown"):
        model_named("garch dcc student, stepped")


def test_caution_table__held_model__is_told_beside_its_estimate() -> None:
    calm = RETURNS.copy()
    calm[450:] *= 0.1
    held = {("quick, stepped", "demo"): track(SteppedModel("quick, stepped", QUICK), calm)}
    table = caution_table({"quick, stepped": "quick"}, held, {("quick", "demo"): track(QUICK, calm)})
    mean, higher, lower, lowest = (
        float(cell.rstrip("%")) for cell in table.splitlines()[2].strip("| ").split(" | ")[2:]
    )
    assert mean > 100 and higher > lower >= 0 and lowest <= 100


@pytest.mark.parametrize("factors", [(1.1, 1.05), (1.05, 1.1)])
def test_stretched__quantiles__are_multiplied_by_the_factor_of_their_side(factors: tuple[float, float]) -> None:
    far, near = factors
    found, probabilities = Stretched(Normal(), far, near), np.array([0.01, 0.05])
    np.testing.assert_allclose(found.quantile(probabilities), Normal().quantile(probabilities) * [far, near])
    np.testing.assert_allclose(found.probability(found.quantile(probabilities)), probabilities, rtol=1e-12)


def test_stretched__lower_integral__is_the_integral_of_the_quantile() -> None:
    found = Stretched(Student(4.0), 1.2, 0.9)
    edges = np.linspace(0.01, 0.3, 200_001)
    middles = (edges[1:] + edges[:-1]) / 2
    summed = float(np.sum(found.quantile(middles) * np.diff(edges)))
    assert float(np.diff(found.lower_integral(edges[[0, -1]]))[0]) == pytest.approx(summed, rel=1e-5)
