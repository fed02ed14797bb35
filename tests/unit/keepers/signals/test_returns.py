"""Forecasts of returns see no future, are judged beside a random walk, and their intervals keep their coverage."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from keepers.operations import signals_returns
from keepers.operations.signals_returns import Returns, compare, markdown
from keepers.signals.errors import SignalError
from keepers.signals.features import Frame
from keepers.signals.returns.comparison import Judged, Row, judge, walk_forward
from keepers.signals.returns.conformal import (
    MEMORY,
    MISS,
    Intervals,
    adaptive_intervals,
    interval_score,
    volatility_groups,
)
from keepers.signals.returns.lstm import Recurrent, fit, inputs, lstm
from keepers.signals.returns.models import HORIZONS, LONGEST, SIMPLE, Model, columns, targets, units, volatility

Array = NDArray[np.float64]
MODELS = (*SIMPLE, lstm((1,)))


def made(days: int = 900, seed: int = 7) -> Array:
    """Log returns whose volatility is persistent and whose tails are heavy."""
    random, variance = np.random.default_rng(seed), 1e-4
    found = np.empty(days)
    for day in range(days):
        found[day] = np.sqrt(variance) * random.standard_t(6) / np.sqrt(1.5)
        variance = 2e-6 + 0.08 * found[day] ** 2 + 0.9 * variance
    return found


def dates_of(returns: Array) -> tuple[date, ...]:
    return tuple(date(2000, 1, 1) + timedelta(day) for day in range(returns.size))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_forecasts__the_future_changes__nothing_before_it_does(model: Model) -> None:
    returns, cut = made(), 700
    fitted = model.fit(returns[:600])
    later = returns.copy()
    later[cut:] *= -7
    known = fitted.forecasts(returns, 600)
    np.testing.assert_array_equal(fitted.forecasts(later, 600)[: cut - 600 + 1], known[: cut - 600 + 1])
    assert known.shape == (returns.size - 600 + 1, len(HORIZONS))


@pytest.mark.parametrize("model", SIMPLE, ids=lambda model: model.name)
def test_walk_forward__days_after_the_last__change_nothing_before(model: Model) -> None:
    returns = made(1_200)
    short = walk_forward(model, returns[:1_100], 560)
    np.testing.assert_array_equal(walk_forward(model, returns, 560)[: len(short)], short)


def test_walk_forward__forecasts__stand_beside_the_outcomes_of_their_days() -> None:
    """A model that knows the returns makes no error: days of forecasts and outcomes are the same."""
    returns = made(1_200)

    class Oracle:
        def forecasts(self, given: Array, start: int) -> Array:
            return targets(returns)[start - 1 : given.size]

    judged = judge((Model("oracle", lambda _: Oracle()),), dates_of(returns), returns, window=560)
    np.testing.assert_array_equal(judged.forecasts["oracle"], judged.outcomes)
    assert len(judged.dates) == len(judged.outcomes) and judged.dates[0] == dates_of(returns)[559]


def test_walk_forward__too_short__is_refused() -> None:
    with pytest.raises(SignalError, match=r"900 days: more than 1521 are needed"):
        walk_forward(SIMPLE[0], made())


def test_targets__sums_of_the_coming_days__and_nothing_where_one_is_missing() -> None:
    returns = np.arange(1.0, 31.0)
    found = targets(returns)
    assert found[0].tolist() == [2.0, sum(range(2, 7)), sum(range(2, 23))]
    assert np.isnan(found[-1]).all() and np.isnan(found[-2]).tolist() == [False, True, True]


def test_columns__last_row__is_sums_in_units_of_volatility() -> None:
    returns = made(100)
    scale = units(volatility(returns))[-1]
    expected = [1.0, *(returns[-days:].sum() / unit for days, unit in zip(HORIZONS, scale, strict=True))]
    assert columns(returns)[-1] == pytest.approx(expected)


def test_volatility__standing_still__has_a_floor() -> None:
    assert volatility(np.zeros(100)).tolist() == [1e-4] * 100


def test_regression__reversal_over_a_day__is_found() -> None:
    random = np.random.default_rng(3)
    returns = np.empty(4_000)
    returns[0] = 0.0
    for day in range(1, returns.size):
        returns[day] = -0.3 * returns[day - 1] + 0.01 * random.standard_normal()
    (model,) = (model for model in SIMPLE if model.name == "regression")
    forecast = model.fit(returns[:3_000]).forecasts(returns, 3_000)[:-1, 0]
    assert np.corrcoef(forecast, returns[3_000:])[0, 1] == pytest.approx(0.3, abs=0.06)


def test_lstm__alternating_returns__are_learnt() -> None:
    random = np.random.default_rng(5)
    signs = np.where(np.arange(1_200) % 2 == 0, 1.0, -1.0)
    returns = 0.01 * (signs + 0.3 * random.standard_normal(signs.size))
    forecast = fit(returns[:1_000], (1,)).forecasts(returns, 1_000)[:-1, 0]
    assert np.mean(np.sign(forecast) == signs[1_000:]) == 1.0


def test_lstm__same_seed__is_the_same_to_the_bit() -> None:
    returns = made(400)
    first, second = (fit(returns, (3,)).forecasts(returns, 300) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_lstm__numpy__says_what_torch_says() -> None:
    import torch

    returns = made(400)
    fitted = fit(returns, (3,))
    assert isinstance(fitted, Recurrent)
    (weights,) = fitted.members
    layer = torch.nn.LSTM(3, weights.hidden.shape[0], batch_first=True, dtype=torch.float64)
    given = (weights.inputs.T, weights.hidden.T, weights.bias, np.zeros_like(weights.bias))
    for parameter, values in zip(layer.parameters(), given, strict=True):
        parameter.data = torch.tensor(values)
    sequences = inputs(returns)
    outputs = layer(torch.tensor(np.ascontiguousarray(sequences)))[0][:, -1].detach().numpy()
    np.testing.assert_allclose(
        weights.evaluate(sequences), outputs @ weights.head + weights.constant, rtol=1e-9, atol=1e-12
    )


def test_inputs__row_zero__is_of_the_first_days() -> None:
    returns = made(100)
    later = returns.copy()
    later[21:] *= 3
    assert inputs(returns).shape == (80, 21, 3)
    # The level that volatility starts from is of the first 63 days.
    later[:63] = returns[:63]
    np.testing.assert_array_equal(inputs(later)[0], inputs(returns)[0])


def judged_of(returns: Array, models: tuple[Model, ...] = SIMPLE[:1]) -> Judged:
    return judge(models, dates_of(returns), returns)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("horizon", HORIZONS)
def test_intervals__volatility_that_clusters__cover_what_they_say(seed: int, horizon: int) -> None:
    row = judged_of(made(5_000, seed)).row("random walk", "random walk", horizon)
    assert row.coverage == pytest.approx(1 - MISS, abs=0.01)
    assert row.coverages == pytest.approx([1 - MISS] * 3, abs=0.04)


def test_intervals__errors_grow_fivefold__find_back_to_their_coverage() -> None:
    random = np.random.default_rng(1)
    outcomes = random.standard_normal(6_000) * np.where(np.arange(6_000) < 2_000, 1.0, 5.0)
    nothing, ones = np.zeros(6_000), np.ones(6_000)
    found = adaptive_intervals(nothing, outcomes, ones, np.zeros(6_000, dtype=np.int64), 1)
    assert found.covers(outcomes)[2_000:].mean() == pytest.approx(1 - MISS, abs=0.01)
    assert not found.known[: MEMORY - 1].any() and found.known[MEMORY:].all()


@pytest.mark.parametrize("horizon", HORIZONS)
def test_intervals__outcomes_from_a_day_on_change__none_that_was_made_by_then_does(horizon: int) -> None:
    outcomes, cut = made(900), 700
    nothing, groups = np.zeros(900), np.arange(900) % 3
    later = outcomes.copy()
    later[cut:] *= 9
    first, second = (adaptive_intervals(nothing, given, np.ones(900), groups, horizon) for given in (outcomes, later))
    np.testing.assert_array_equal(first.high[: cut + horizon], second.high[: cut + horizon])
    assert not np.array_equal(first.high[cut + horizon :], second.high[cut + horizon :])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"outcomes": np.ones(3)}, "shapes differ"),
        ({"outcomes": np.full(4, np.nan)}, "not finite"),
        ({"scales": np.zeros(4)}, "a scale not positive"),
        ({"groups": np.full(4, 3)}, "unknown"),
        ({"horizon": 0}, "unknown"),
    ],
    ids=["shape", "nan", "scale", "group", "horizon"],
)
def test_intervals__impossible_input__is_refused(change: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {
        "forecasts": np.zeros(4),
        "outcomes": np.zeros(4),
        "scales": np.ones(4),
        "groups": np.zeros(4, dtype=np.int64),
        "horizon": 1,
    }
    with pytest.raises(SignalError, match=said):
        adaptive_intervals(**(given | change))


def test_interval_score__inside_and_outside__width_and_twenty_times_the_distance() -> None:
    intervals = Intervals(np.array([-1.0, -1.0, np.nan]), np.array([1.0, 1.0, np.nan]))
    found = interval_score(intervals, np.array([0.5, 1.5, 0.0]))
    assert found[:2] == pytest.approx([2.0, 2.0 + 2 / MISS * 0.5]) and np.isnan(found[2])


def test_volatility_groups__days_so_far__are_what_counts() -> None:
    found = volatility_groups(np.array([5.0, 1.0, 9.0, 8.0, 2.0, 9.0, 9.0, 0.5]), 4)
    assert found.tolist() == [0, 0, 2, 1, 0, 1, 1, 0]


def test_row__the_walk_itself__has_an_error_of_one_and_no_test() -> None:
    row = judged_of(made(2_000), SIMPLE).row("random walk", "random walk", 5)
    assert row.mase == 1.0 and row.against is None


def row(mase: float = 1.0, coverages: tuple[float, ...] = (0.9, 0.9, 0.9), p_value: float = 0.5) -> Row:
    test = signals_returns.Comparison(-1.0, p_value)
    return Row("drift", 5, 1_000, mase, test, 0.9, coverages, 0.02, 0.03)


@pytest.mark.parametrize(
    ("judged", "said"),
    [
        (row(), "uncorrected: none. Coverages that miss 90% by 1%, and in a third by 3%: none."),
        (row(mase=0.9, p_value=0.01), "uncorrected: `drift` over 5."),
        (row(mase=1.1, p_value=0.01), "uncorrected: none."),
        (row(coverages=(0.86, 0.9, 0.9)), "third by 3%: `drift` over 5 on calm days, 86.0%."),
    ],
    ids=["nothing", "better", "worse", "uncovered"],
)
def test_markdown__rows__are_told_first(judged: Row, said: str) -> None:
    returns = made(20)
    none = Judged(dates_of(returns), returns, returns, {})
    assert said in markdown(Returns(none, (judged,), "00"), "quantera").splitlines()[0]


def test_compare__no_close__is_refused() -> None:
    with pytest.raises(SignalError, match="inputs without close"):
        compare(Frame((date(2000, 1, 3),), {"open": np.ones(1)}), with_network=False)


def test_least_history__one_interval__is_what_the_refusal_says() -> None:
    least = 560 + LONGEST + MEMORY
    assert walk_forward(SIMPLE[0], made(least + 1), 560).shape == (MEMORY + 2, 3)
