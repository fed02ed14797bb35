"""Forecasts of liquidity see no future, do not depend on units, and their intervals keep their coverage."""

from __future__ import annotations

from math import isnan, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom

from keepers.operations.signals_liquidity import RULE, Table, as_object, compare, lines, markdown
from keepers.routing.pools import V2Pool, quote
from keepers.signals.errors import SignalError
from keepers.signals.liquidity.comparison import (
    LEAST,
    MEMORY,
    WINDOW,
    Judged,
    judge_depth,
    judge_slippage,
    outcomes_of,
    sizes,
    walk_forward,
)
from keepers.signals.liquidity.curve import depth_of, impact_of, share_of, slippage_of
from keepers.signals.liquidity.forecast import forecast
from keepers.signals.liquidity.history import HOUR, History, State, sampled
from keepers.signals.liquidity.made import FEE, KINDS
from keepers.signals.liquidity.models import LAST, MODELS, Model, Series, decayed, hourly_means, trailing

Array = NDArray[np.float64]
MIDNIGHT = 1_700_006_400


def made(kind: str = "seasonal", seed: int = 3, times: int = 800) -> History:
    return KINDS[kind](np.random.default_rng(seed), times)


def series_of(history: History, horizon: int = 1) -> Series:
    return Series(np.log(history.depth), history.hours(horizon), horizon)


# -- The curve


@pytest.mark.parametrize("decimals", [0, 6, 8, 18])
def test_slippage_of__order_of_a_pool__is_what_its_contract_keeps(decimals: int) -> None:
    unit = 10**decimals
    pool = V2Pool("0x1", "A", "B", 4_000_000 * unit, 10**24, 3000)
    amount = 30_000 * unit
    out = quote(pool, "A", amount)
    at_price = amount * pool.reserve1 / pool.reserve0
    slipped = slippage_of(float(amount), depth_of(np.array(float(pool.reserve0))), 0.003, 0.0)
    assert float(share_of(slipped)) == pytest.approx(1 - out / at_price, abs=1e-9)


def test_depth_of__input_net_of_the_fee__moves_the_price_by_one_per_cent() -> None:
    moved = 1_000.0 + float(depth_of(np.array(1_000.0)))
    assert (1_000.0 / moved) ** 2 == pytest.approx(0.99, rel=1e-12)


def test_impact_of__deeper_market__is_smaller() -> None:
    impacts = impact_of(10.0, np.array([100.0, 200.0, 1e12]), 0.003)
    assert np.all(np.diff(impacts) < 0) and impacts[-1] == pytest.approx(0, abs=1e-12)


def test_slippage_of__price_that_falls__adds_its_fall() -> None:
    still, fallen = (float(slippage_of(1.0, np.array(50.0), 0.01, drift)) for drift in (0.0, -0.02))
    assert fallen - still == pytest.approx(0.02)


# -- The history


def test_sampled__changes_of_two_pools__are_added_at_the_grid() -> None:
    states = [
        State(1, "a", 100.0, 200.0),
        State(2, "b", 50.0, 100.0),
        State(4, "a", 150.0, 150.0),
        State(9, "b", 1.0, 1.0),
    ]
    found = sampled(states, [1, 2, 3, 4, 8], MIDNIGHT, 60)
    # The first time knows nothing of b.
    assert found.first == MIDNIGHT + 60 and found.size == 4
    np.testing.assert_allclose(found.depth, depth_of(np.array([150.0, 150.0, 200.0, 200.0])))
    np.testing.assert_allclose(found.price, [2.0, 2.0, 1.25, 1.25])


def test_sampled__several_changes_in_one_block__keep_the_last() -> None:
    states = [State(1, "a", 1.0, 1.0), State(1, "a", 2.0, 4.0)]
    assert sampled(states, [1], MIDNIGHT, 60).price.tolist() == [2.0]


@pytest.mark.parametrize("states", [[], [State(9, "a", 1.0, 1.0)]])
def test_sampled__nothing_was_seen_in_time__is_refused(states: list[State]) -> None:
    with pytest.raises(SignalError, match="no history"):
        sampled(states, [1, 2], MIDNIGHT, 60)


def test_sampled__all_liquidity_is_gone_for_a_time__is_refused_with_the_time() -> None:
    states = [State(1, "a", 1.0, 1.0), State(2, "a", 0.0, 0.0), State(3, "a", 1.0, 1.0)]
    with pytest.raises(SignalError, match=rf"depth 0.0 at {MIDNIGHT + 60}: not above zero"):
        sampled(states, [1, 2, 3], MIDNIGHT, 60)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0, -1.0])
def test_history__number_that_is_none__is_refused(bad: float) -> None:
    with pytest.raises(SignalError, match="not above zero and finite"):
        History(0, 1, np.array([1.0, bad]), np.ones(2))


def test_hours__history_across_midnight__begin_again() -> None:
    assert History(MIDNIGHT - HOUR, HOUR, np.ones(2), np.ones(2)).hours(1).tolist() == [23, 0, 1]


# -- The models


@pytest.mark.parametrize("horizon", [1, 24])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_walk_forward__the_future_changes__nothing_before_it_does(model: Model, horizon: int) -> None:
    history, cut = made("pulled"), 600
    later = History(history.first, history.step, history.depth.copy(), history.price)
    later.depth[cut:] *= 7
    whole, changed = (walk_forward(model, series_of(one, horizon)) for one in (history, later))
    known = cut - WINDOW + 1
    np.testing.assert_array_equal(whole[:known], changed[:known])
    assert whole.size == history.size - WINDOW + 1 and not np.array_equal(whole, changed)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_walk_forward__shorter_history__gives_the_same_forecasts(model: Model) -> None:
    history = made()
    whole, short = (walk_forward(model, series_of(one)) for one in (history, history.until(555)))
    np.testing.assert_allclose(whole[: short.size], short, rtol=0, atol=1e-12)


def test_regression__pure_season__is_forecast() -> None:
    hours = np.arange(900)
    depth = np.exp(10 + np.sin(2 * np.pi * hours / 24))
    judged = judge_depth(History(MIDNIGHT, HOUR, depth, np.ones(900)), 5)
    # The penalty leaves a part in a hundred of the season.
    assert judged.errors("regression").max() < 0.01 * judged.errors(LAST).max()
    assert judged.errors("hour of day").max() < 1e-9


def test_trailing__fewer_values_than_steps__is_the_mean_of_those() -> None:
    assert trailing(np.array([1.0, 3.0, 5.0, 7.0]), 2).tolist() == [1.0, 2.0, 4.0, 6.0]


def test_decayed__steps_of_the_recursion__agree() -> None:
    values, level, expected = np.array([2.0, 5.0, -1.0]), 2.0, []
    for value in values:
        level = 0.7 * level + 0.3 * float(value)
        expected.append(level)
    np.testing.assert_allclose(decayed(values, 0.7), expected)


def test_hourly_means__hour_without_a_value__is_the_mean_of_all() -> None:
    found = hourly_means(Series(np.array([1.0, 3.0]), np.array([4, 5, 6]), 1))
    assert (found[4], found[5], found[6]) == (1.0, 3.0, 2.0)


def test_sizes__change_of_a_horizon__counts_when_it_is_known() -> None:
    values = np.zeros(600)
    values[500:] = 1.0
    found = sizes(values, 24)
    assert found[499] == found[400] and found[500] > 100 * found[499]


# -- Judging


@settings(max_examples=8, deadline=None)
@given(
    unit=st.sampled_from([1.0, 1e6, 1e8, 1e18, 1e-18]),
    other=st.sampled_from([1.0, 1e6, 1e8, 1e18]),
    kind=st.sampled_from(sorted(KINDS)),
)
def test_forecast__other_units_of_the_tokens__is_the_same(unit: float, other: float, kind: str) -> None:
    history = made(kind, times=560)
    scaled = History(history.first, history.step, history.depth * unit, history.price * other / unit)
    plain, moved = forecast(history, 900.0, FEE, 1), forecast(scaled, 900.0 * unit, FEE, 1)
    assert plain.model == moved.model
    for name in ("impact_bps", "slippage_bps"):
        one, two = getattr(plain, name), getattr(moved, name)
        np.testing.assert_allclose((two.value, two.low, two.high), (one.value, one.low, one.high), rtol=1e-6, atol=1e-5)
    assert moved.depth.value == pytest.approx(plain.depth.value * unit, rel=1e-9)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"at rest"}))
def test_intervals__a_made_history__cover_within_binomial_limits(kind: str) -> None:
    """Misses one step ahead are nearly independent; the limits are those of one history in ten thousand."""
    depth = judge_depth(made(kind, 11, 2_160), 1)
    for judged in (depth, judge_slippage(made(kind, 11, 2_160), 500.0, FEE, depth)):
        covered = outcomes_of(judged, LAST).covered
        low, high = binom.ppf((5e-5, 1 - 5e-5), covered.size, 0.9)
        assert covered.size > 1_600 and low <= covered.sum() <= high


def test_chosen__random_walk__is_the_last_value() -> None:
    assert judge_depth(made("random walk", 5, 1_500), 1).chosen() == LAST


def test_chosen__seasonal_depth__is_the_regression() -> None:
    assert judge_depth(made("seasonal", 5, 1_500), 1).chosen() == "regression"


def test_chosen__smaller_error_by_chance__stays_with_the_last_value() -> None:
    random = np.random.default_rng(2)
    outcomes = np.append(random.normal(0, 1, 300), np.nan)
    forecasts = {LAST: np.zeros(301), "other": np.append(random.normal(0, 1e-3, 300), 0.0)}
    forecasts["other"][:10] = outcomes[:10]
    judged = Judged(1, outcomes, np.ones(301), forecasts)
    assert judged.errors("other").mean() < judged.errors(LAST).mean() and judged.chosen() == LAST


def test_judge_depth__history_at_rest__has_no_error_and_no_width() -> None:
    outcomes = outcomes_of(judge_depth(made("at rest"), 1), LAST)
    assert outcomes.errors.max() == 0 and outcomes.widths.max() == 0 and outcomes.covered.all()


@pytest.mark.parametrize("horizon", [1, 24])
def test_judge_depth__too_short__is_refused_with_what_is_needed(horizon: int) -> None:
    least = WINDOW + MEMORY + 2 * horizon + LEAST
    with pytest.raises(SignalError, match=rf"history of {least - 1} steps: {least} are needed"):
        judge_depth(made(times=least - 1), horizon)
    assert outcomes_of(judge_depth(made(times=least), horizon), LAST).covered.size >= LEAST


def test_forecast__last_interval__is_of_a_time_that_nobody_knows_yet() -> None:
    """The bounds are those that walk-forward gives the same time once it is known."""
    history = made(times=700)
    early, late = judge_depth(history.until(650), 24), judge_depth(history, 24)
    place = early.outcomes.size - 1
    one, two = early.intervals(LAST), late.intervals(LAST)
    assert isnan(early.outcomes[-1]) and not isnan(late.outcomes[place])
    assert (one.low[-1], one.high[-1]) == (two.low[place], two.high[place])


def test_forecast__larger_order__costs_more() -> None:
    small, large = (forecast(made(), amount, FEE, 1) for amount in (100.0, 100_000.0))
    assert small.depth == large.depth and small.impact_bps.high < large.impact_bps.low
    assert small.slippage_bps.value < large.slippage_bps.value
    assert large.impact_bps.value == pytest.approx(
        10_000 * (1 - 1 / (1 + 100_000 * (1 - FEE) * (1 / sqrt(0.99) - 1) / large.depth.value))
    )


@pytest.mark.parametrize(
    ("amount", "fee", "horizon", "words"),
    [
        (np.nan, FEE, 1, "amount nan"),
        (0.0, FEE, 1, "amount 0.0"),
        (np.inf, FEE, 1, "amount inf"),
        (1.0, 1.0, 1, "fee 1.0"),
        (1.0, np.nan, 1, "fee nan"),
        (1.0, FEE, 0, "horizon of 0 steps"),
    ],
)
def test_forecast__number_that_makes_no_sense__is_refused(amount: float, fee: float, horizon: int, words: str) -> None:
    with pytest.raises(SignalError, match=words):
        forecast(made(), amount, fee, horizon)


# -- The page


@pytest.fixture(scope="module")
def compared() -> Table:
    """The table over two seeds."""
    return compare(2)


def test_compare__few_seeds__has_every_model_and_the_rule_on_every_history(compared: Table) -> None:
    assert len(compared.lines) == 2 * len(KINDS) * 2 * (len(MODELS) + 1)
    walks = [line for line in compared.lines if line.kind == "random walk" and line.model == RULE]
    assert all(line.ratio == pytest.approx(1, abs=0.02) for line in walks)


def test_compare__same_seeds__is_the_same(compared: Table) -> None:
    assert as_object(compared) == as_object(compare(2))


def test_as_object__few_seeds__says_that_histories_are_made_and_what_rests(compared: Table) -> None:
    found = as_object(compared)
    assert found["data"]["made"] is True
    rest = [row for row in found["rows"] if row["history"] == "at rest" and row["quantity"] == "depth"]
    assert all(row["error_over_last_value"] is None and row["coverage"] == 1 for row in rest)


def test_markdown__few_seeds__tells_the_histories_and_what_was_chosen(compared: Table) -> None:
    text = markdown(compared, "quantera signals liquidity")
    assert "All histories are made: 2 of 2,160 hours" in text
    assert text.count("| chosen (another than the last value:") == 2 * len(KINDS)
    assert len(list(lines(compared))) == 2 + len(compared.lines)


def test_compare__one_seed__is_refused() -> None:
    with pytest.raises(SignalError, match="1 seeds: have no interval"):
        compare(1)
