"""Label, rules, intervals and the choice of the live model."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from keepers.signals.errors import SignalError
from keepers.signals.features import Frame, readable
from keepers.signals.folds import Fold
from keepers.signals.regimes.bootstrap import interval, resampled_means
from keepers.signals.regimes.evaluation import MODELS, Evaluation, Protocol, evaluate, judge
from keepers.signals.regimes.inputs import RATIO_DAYS, Inputs, newest
from keepers.signals.regimes.label import Label, Labelled
from keepers.signals.regimes.learners import LEARNERS, NETWORK
from keepers.signals.regimes.rules import RULES, Forecast, best_cut, filtered
from keepers.signals.regimes.training import Lesson, NetworkFamily
from tests.unit.keepers.signals.histories import history

SHORT = Label(horizon=5, median_days=40)
CLOSE = history().daily["close"]
LABELLED = Labelled.of(CLOSE, SHORT)
MOVES = pd.Series(np.log(CLOSE)).diff()
CLOSES_ONLY = Frame(history().dates, {"close": CLOSE, "closes": history().daily["closes"]})
FEATURES = readable(frozenset({"close"}))[:4]
INPUTS = Inputs.of(CLOSES_ONLY, FEATURES, SHORT)
TINY = dataclasses.replace(NETWORK, choices=(1.0, 2.0), probabilities=NetworkFamily(seeds=(1, 2)))
"""The network with two seeds and two epochs at most, trained for real."""
WITHOUT_NETWORK = tuple(learner for learner in LEARNERS if learner is not NETWORK)
QUICK_LEARNERS = (*WITHOUT_NETWORK, TINY)


def test_label__beside_pandas__agrees() -> None:
    volatility = np.sqrt((MOVES**2).rolling(5).mean())
    threshold = volatility.rolling(40).median()
    expected = volatility.shift(-5) > threshold
    known = LABELLED.known
    np.testing.assert_allclose(LABELLED.volatility[known], volatility[known], rtol=1e-9)
    np.testing.assert_allclose(LABELLED.threshold[known], threshold[known], rtol=1e-9)
    np.testing.assert_array_equal(LABELLED.turbulent[known], expected[known])


def test_label__first_known_day__is_the_horizon_and_the_median_later() -> None:
    assert np.flatnonzero(LABELLED.known)[0] == SHORT.first_row == 44


def test_label__last_known_day__is_the_horizon_before_the_end() -> None:
    assert np.flatnonzero(LABELLED.known)[-1] == CLOSE.size - 1 - 5


@pytest.mark.parametrize("row", [60, 200, 350])
def test_label__later_closes_changed__threshold_is_the_same(row: int) -> None:
    changed = CLOSE.copy()
    changed[row + 1 :] *= np.linspace(1, 3, CLOSE.size - row - 1)
    np.testing.assert_array_equal(Labelled.of(changed, SHORT).threshold[: row + 1], LABELLED.threshold[: row + 1])


@pytest.mark.parametrize("row", [60, 200, 350])
def test_label__closes_beyond_the_horizon_changed__is_the_same(row: int) -> None:
    changed = CLOSE.copy()
    changed[row + 6 :] *= np.linspace(1, 3, CLOSE.size - row - 6)
    np.testing.assert_array_equal(Labelled.of(changed, SHORT).turbulent[: row + 1], LABELLED.turbulent[: row + 1])


@pytest.mark.parametrize(("horizon", "median"), [(0, 5), (5, 0)])
def test_label__of_no_days__is_refused(horizon: int, median: int) -> None:
    with pytest.raises(SignalError, match="no label"):
        Label(horizon, median)


def test_label__history_too_short__is_refused() -> None:
    with pytest.raises(SignalError, match="49 days: 50 are needed for one label"):
        Labelled.of(CLOSE[:49], SHORT)


def test_inputs__ratios__are_log_volatility_over_threshold() -> None:
    for column, days in enumerate(RATIO_DAYS):
        expected = np.log(np.sqrt((MOVES**2).rolling(days).mean()) / LABELLED.threshold)
        np.testing.assert_allclose(INPUTS.ratios[:, column], expected[INPUTS.rows], rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("model", [*RULES[:2], *QUICK_LEARNERS], ids=lambda model: model.name)
def test_forecast__closes_after_a_test_day_changed__is_the_same(model: object) -> None:
    place = 100
    row = int(INPUTS.rows[place])
    changed = {name: column.copy() for name, column in CLOSES_ONLY.daily.items()}
    for column in changed.values():
        column[row + 1 :] *= 1 + 0.05 * np.random.default_rng(1).random(column[row + 1 :].shape)
    other = Inputs.of(Frame(CLOSES_ONLY.dates, changed), FEATURES, SHORT)
    train, test = np.arange(place - SHORT.horizon), np.array([place])
    arguments = (train, test) if model in RULES else (train, test, model.choices[0])  # type: ignore[attr-defined]
    before, after = (model.forecast(inputs, *arguments) for inputs in (INPUTS, other))  # type: ignore[attr-defined]
    np.testing.assert_array_equal(before.probability, after.probability)


def test_filtered__beside_a_loop__agrees() -> None:
    returns = np.concatenate([[0.0], 0.01 * np.random.default_rng(1).standard_normal(50)])
    variance = [1e-4, 1e-4]
    for row in range(1, 51):
        variance.append(2e-6 + 0.08 * returns[row] ** 2 + 0.9 * variance[-1])
    np.testing.assert_allclose(filtered(returns, 2e-6, 0.08, 0.9, 1e-4), variance, rtol=1e-12)


def test_best_cut__beside_all_cuts__has_the_best_accuracy() -> None:
    rng = np.random.default_rng(2)
    scores = np.round(rng.standard_normal(200), 1)
    labels = scores + rng.standard_normal(200) > 0.3
    found = np.mean((scores > best_cut(scores, labels)) == labels)
    assert found == max(np.mean((scores > cut) == labels) for cut in np.linspace(-5, 5, 2001))


def test_best_cut__several_as_good__is_the_nearest_to_zero() -> None:
    assert best_cut(np.array([-2.0, -1.0, 1.0, 4.0]), np.array([False, False, True, True])) == 0.0


def test_persistence__cut__is_zero_whatever_training_says() -> None:
    train, test = np.arange(100), np.arange(105, INPUTS.rows.size)
    found = RULES[0].forecast(INPUTS, train, test)
    rows = INPUTS.rows[test]
    np.testing.assert_array_equal(found.turbulent, LABELLED.volatility[rows] > LABELLED.threshold[rows])


def test_rule__probability__is_the_frequency_of_its_side_in_training() -> None:
    train, test = np.arange(150), np.arange(155, INPUTS.rows.size)
    found = RULES[0].forecast(INPUTS, train, test)
    rows = INPUTS.rows[train]
    above = LABELLED.volatility[rows] > LABELLED.threshold[rows]
    assert set(found.probability[found.turbulent]) == {INPUTS.turbulent[train][above].mean()}


def test_rule__side_without_training_days__has_even_odds() -> None:
    calm = np.flatnonzero(LABELLED.volatility[INPUTS.rows] <= LABELLED.threshold[INPUTS.rows])
    found = RULES[0].forecast(INPUTS, calm[:30], np.arange(INPUTS.rows.size))
    assert set(found.probability[found.turbulent]) == {0.5}


@pytest.mark.parametrize("learner", QUICK_LEARNERS, ids=lambda learner: learner.name)
def test_learner__test_labels_flipped__is_the_same(learner: object) -> None:
    train, test = np.arange(120), np.arange(130, INPUTS.rows.size)
    flipped = LABELLED.turbulent.copy()
    flipped[INPUTS.rows[test]] ^= True
    other = dataclasses.replace(INPUTS, labelled=dataclasses.replace(LABELLED, turbulent=flipped))
    before, after = (learner.forecast(x, train, test, learner.choices[1]) for x in (INPUTS, other))  # type: ignore[attr-defined]
    np.testing.assert_array_equal(before.probability, after.probability)


def test_boosting__fewer_rounds__is_the_beginning_of_more() -> None:
    boosting = LEARNERS[2]
    rng = np.random.default_rng(1)
    rows, others = rng.standard_normal((600, 6)), rng.standard_normal((50, 6))
    labels = rows[:, 0] + rng.standard_normal(600) > 0
    lesson = Lesson(rows, labels, 5)
    together = boosting.probabilities(lesson, (50.0, 200.0), others)
    np.testing.assert_array_equal(together[0], boosting.probabilities(lesson, (50.0,), others)[0])


def test_learner__choice__has_the_least_loss() -> None:
    fold = Fold(np.arange(100), np.arange(110, 160))
    choice, losses = LEARNERS[0].choose(INPUTS, [fold])
    assert losses[choice] == min(losses.values()) and set(losses) == set(LEARNERS[0].choices)


def test_learner__one_regime_in_training__is_refused() -> None:
    calm = dataclasses.replace(
        INPUTS, labelled=dataclasses.replace(LABELLED, turbulent=np.zeros_like(LABELLED.turbulent))
    )
    with pytest.raises(SignalError, match="100 training days: have one regime only"):
        LEARNERS[0].forecast(calm, np.arange(100), np.arange(110, 120), 1.0)


def test_resampled_means__independent_days__have_the_textbook_error() -> None:
    values = np.random.default_rng(1).standard_normal((400, 1))
    means = resampled_means(values, 1.0, 4000, 1)
    assert means.std() == pytest.approx(values.std() / 20, rel=0.05)


def test_resampled_means__days_in_runs__have_a_larger_error() -> None:
    values = np.repeat(np.random.default_rng(1).standard_normal(40), 10)[:, None]
    assert resampled_means(values, 40.0, 2000, 1).std() > 2 * resampled_means(values, 1.0, 2000, 1).std()


def test_resampled_means__one_column_twice__is_the_same_in_both() -> None:
    values = np.random.default_rng(1).standard_normal((100, 1))
    means = resampled_means(np.column_stack([values, values]), 10.0, 50, 1)
    np.testing.assert_array_equal(means[:, 0], means[:, 1])


def test_resampled_means__mean_block__is_what_was_asked_for() -> None:
    # A run ends where the next day is not the day after: count by the neighbours that stay together.
    days = np.eye(50)
    counts = resampled_means(days, 5.0, 4000, 1) * 50
    assert counts.sum(axis=1) == pytest.approx(50)
    covariance = np.mean((counts[:, :-1] - 1) * (counts[:, 1:] - 1)) / np.mean((counts - 1) ** 2)
    assert covariance > 0.6


def test_resampled_means__two_seeds__differ() -> None:
    values = np.random.default_rng(1).standard_normal((100, 1))
    assert not np.array_equal(resampled_means(values, 10.0, 50, 1), resampled_means(values, 10.0, 50, 2))


@pytest.mark.parametrize(
    ("shape", "block", "resamples"), [((0, 1), 5.0, 10), ((5,), 5.0, 10), ((5, 1), 0.5, 10), ((5, 1), 5.0, 0)]
)
def test_resampled_means__nothing_to_resample__is_refused(shape: tuple[int, ...], block: float, resamples: int) -> None:
    with pytest.raises(SignalError):
        resampled_means(np.zeros(shape), block, resamples, 1)


def test_interval__of_a_column__are_its_quantiles() -> None:
    low, high = interval(np.arange(1001.0)[:, None])
    assert (low[0], high[0]) == pytest.approx((25.0, 975.0))


DAYS = 1000
TRUTH = np.random.default_rng(5).random(DAYS) < 0.5
DATES = [date(2010, 1, 1) + timedelta(day) for day in range(DAYS)]
QUICK = Protocol(block=5, year_block=5, resamples=500, year_resamples=50)


def predictor(accuracy: float, seed: int) -> Forecast:
    right = np.random.default_rng(seed).random(DAYS) < accuracy
    predicted = np.where(right, TRUTH, ~TRUTH)
    return Forecast(predicted, np.where(predicted, 0.8, 0.2))


def judged(**accuracies: float) -> Evaluation:
    forecasts = {name: predictor(accuracy, seed) for seed, (name, accuracy) in enumerate(accuracies.items())}
    return judge(forecasts, {}, TRUTH, DATES, QUICK)


@pytest.mark.parametrize("place", [0, 50, -1])
def test_newest__day_of_the_past__has_the_inputs_that_training_had(place: int) -> None:
    found = newest(CLOSES_ONLY.until(CLOSES_ONLY.dates[INPUTS.rows[place]]), FEATURES, SHORT)
    np.testing.assert_allclose(found[0], INPUTS.wide[place], rtol=1e-9)


def test_newest__market_that_stood_still__is_refused() -> None:
    still = Frame(CLOSES_ONLY.dates, {"close": np.concatenate([CLOSE[:-6], np.full(6, CLOSE[-7])])})
    with pytest.raises(SignalError, match="has no value, as the market stood still"):
        newest(still, (), SHORT)


def test_newest__history_too_short__is_refused() -> None:
    with pytest.raises(SignalError, match="200 days: 253 are needed"):
        newest(CLOSES_ONLY.until(CLOSES_ONLY.dates[199]), (), SHORT)


def test_judge__better_beyond_the_interval__is_live() -> None:
    assert judged(simple=0.6, better=0.8).live == "better"


def test_judge__better_within_the_interval__stays_in_the_shadow() -> None:
    assert judged(simple=0.7, as_good=0.705).live == "simple"


def test_judge__most_complex_that_beats_all__is_live() -> None:
    assert judged(simple=0.55, middle=0.7, best=0.85, worse=0.8).live == "best"


def test_judge__beaten_by_a_simpler_one__is_not_live() -> None:
    assert judged(simple=0.55, strong=0.9, late=0.7).live == "strong"


def test_judge__beats_all_and_is_not_accurate_enough__is_not_live() -> None:
    forecasts = {"simple": predictor(0.5, 1), NETWORK.name: predictor(0.7, 2)}
    found = judge(forecasts, {NETWORK.name: 5.0}, TRUTH, DATES, QUICK)
    assert found.scores[1].beats_all and found.live == "simple"


def test_judge__members__have_the_mean_and_deviation_of_their_own_scores() -> None:
    one, other = (predictor(accuracy, seed) for seed, accuracy in ((1, 0.6), (2, 0.8)))
    members = np.stack([one.probability, other.probability])
    mean = members.mean(axis=0)
    (score,) = judge({"two": Forecast(mean > 0.5, mean, members)}, {}, TRUTH, DATES, QUICK).scores
    each = [float(np.mean(single.turbulent == TRUTH)) for single in (one, other)]
    assert score.seeds is not None and score.seeds.count == 2
    assert score.seeds.accuracy.mean == pytest.approx(np.mean(each))
    assert score.seeds.accuracy.deviation == pytest.approx(abs(each[0] - each[1]) / np.sqrt(2))


def test_judge__accuracy_and_brier__are_those_of_the_days() -> None:
    (score,) = judged(only=0.7).scores
    predicted = predictor(0.7, 0)
    assert score.accuracy.value == np.mean(predicted.turbulent == TRUTH)
    assert score.brier == pytest.approx(np.mean((predicted.probability - TRUTH) ** 2))
    assert score.accuracy.low < score.accuracy.value < score.accuracy.high


def test_judge__years__are_those_of_the_days() -> None:
    found = judged(only=0.7)
    assert found.year_days == {2010: 365, 2011: 365, 2012: 270}
    weights = [found.year_days[year] / DAYS for year in (2010, 2011, 2012)]
    mean = sum(
        weight * found.scores[0].years[year].value for weight, year in zip(weights, (2010, 2011, 2012), strict=True)
    )
    assert mean == pytest.approx(found.scores[0].accuracy.value)


@pytest.fixture(scope="module")
def long_inputs() -> tuple[Inputs, tuple[date, ...]]:
    from keepers.signals.features.generated import generated_history

    frame = generated_history(1500, seed=3)
    return Inputs.of(frame, FEATURES, SHORT), frame.dates


def test_evaluate__generated_history__scores_every_model(long_inputs: tuple[Inputs, tuple[date, ...]]) -> None:
    inputs, dates = long_inputs
    protocol = dataclasses.replace(QUICK, label=SHORT, first_test=dates[1000])
    found = evaluate(inputs, dates, protocol, learners=QUICK_LEARNERS)
    assert tuple(score.model for score in found.scores) == MODELS
    assert (found.first, found.last) == (dates[1000], dates[-6])
    assert found.days == 495 and found.trials == 18
    # Volatility of the history clusters: its own past forecasts it.
    assert all(score.accuracy.value > 0.5 for score in found.scores)


@pytest.fixture(scope="module")
def fitted_once(long_inputs: tuple[Inputs, tuple[date, ...]]) -> tuple[Protocol, Evaluation]:
    """A protocol with a single refit, so that no test label is training's later, and what it finds."""
    inputs, dates = long_inputs
    protocol = dataclasses.replace(QUICK, label=SHORT, first_test=dates[1200], refit=1000)
    return protocol, evaluate(inputs, dates, protocol, learners=WITHOUT_NETWORK)


def test_evaluate__twice__is_the_same(
    long_inputs: tuple[Inputs, tuple[date, ...]], fitted_once: tuple[Protocol, Evaluation]
) -> None:
    inputs, dates = long_inputs
    protocol, found = fitted_once
    assert evaluate(inputs, dates, protocol, learners=WITHOUT_NETWORK) == found


def test_evaluate__labels_of_the_test_period_flipped__predicts_the_same(
    long_inputs: tuple[Inputs, tuple[date, ...]], fitted_once: tuple[Protocol, Evaluation]
) -> None:
    inputs, dates = long_inputs
    protocol, before = fitted_once
    flipped = inputs.labelled.turbulent.copy()
    flipped[1200:] ^= True
    other = dataclasses.replace(inputs, labelled=dataclasses.replace(inputs.labelled, turbulent=flipped))
    after = evaluate(other, dates, protocol, learners=WITHOUT_NETWORK)
    for old, new in zip(before.scores, after.scores, strict=True):
        assert new.accuracy.value == pytest.approx(1 - old.accuracy.value)


def test_garch__closes_after_a_test_day_changed__is_the_same(long_inputs: tuple[Inputs, tuple[date, ...]]) -> None:
    inputs, _ = long_inputs
    place = 900
    returns = inputs.labelled.returns.copy()
    returns[inputs.rows[place] + 1 :] *= 3
    other = dataclasses.replace(inputs, labelled=dataclasses.replace(inputs.labelled, returns=returns))
    train, test = np.arange(place - 5), np.array([place])
    before, after = (RULES[2].score(x, train)[test] for x in (inputs, other))
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("first", [date(2015, 6, 1), date(2050, 1, 1)])
def test_evaluate__test_period_without_days_before_or_in_it__is_refused(
    long_inputs: tuple[Inputs, tuple[date, ...]], first: date
) -> None:
    inputs, dates = long_inputs
    with pytest.raises(SignalError, match=f"test period from {first}"):
        evaluate(inputs, dates, dataclasses.replace(QUICK, label=SHORT, first_test=first))
