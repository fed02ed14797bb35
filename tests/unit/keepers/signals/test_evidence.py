"""Champion and challenger: scores, the Diebold-Mariano test, and the verdict."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from statsmodels.regression.linear_model import OLS

from keepers.signals.errors import SignalError
from keepers.signals.evidence import (
    LEAST_CHANCE,
    TERMS,
    Terms,
    Trial,
    brier_losses,
    diebold_mariano,
    judge,
    log_losses,
)

Array = NDArray[np.float64]


def trial(days: int = 300, skill: float = 0.3, seed: int = 1, horizon: int = 5) -> Trial:
    """A champion that knows nothing, and a challenger that leans to the truth by so much on average."""
    random = np.random.default_rng(seed)
    outcome = (random.random(days) < 0.5).astype(np.float64)
    challenger = np.clip(0.5 + skill * (outcome - 0.5) + random.normal(0, 0.1, days), 0, 1)
    return Trial(np.full(days, 0.5), challenger, outcome, horizon)


def test_brier_losses__values__are_squared_errors() -> None:
    assert brier_losses(np.array([0.25, 0.25]), np.array([0.0, 1.0])).tolist() == [0.0625, 0.5625]


def test_log_losses__impossible_that_came_true__is_bounded() -> None:
    found = log_losses(np.array([0.0, 1.0, 0.5]), np.array([1.0, 0.0, 1.0]))
    assert found == pytest.approx([-math.log(LEAST_CHANCE)] * 2 + [math.log(2)])


def test_diebold_mariano__worked_by_hand__has_that_statistic() -> None:
    # Mean 1; deviations 1, -1, 2, -2: variance (1 + 1 + 4 + 4) / 4 = 2.5, lag one (-1 - 2 - 4) / 4 = -1.75 is left out.
    found = diebold_mariano(np.array([2.0, 0.0, 3.0, -1.0]), 1)
    # The factor of one step ahead is (4 + 1 - 2) / 4.
    expected = math.sqrt(3 / 4) * 1 / math.sqrt(2.5 / 4)
    assert found.statistic == pytest.approx(expected)
    assert found.p_value == pytest.approx(1 - stats.t.cdf(expected, 3))


def test_diebold_mariano__one_step_ahead__is_the_t_test() -> None:
    differences = np.random.default_rng(2).normal(0.1, 1, 50)
    peer = stats.ttest_1samp(differences, 0, alternative="greater")
    found = diebold_mariano(differences, 1)
    assert (found.statistic, found.p_value) == pytest.approx((peer.statistic, peer.pvalue))


@pytest.mark.parametrize("horizon", [1, 2, 5, 21])
def test_diebold_mariano__overlapping_days__agrees_with_statsmodels(horizon: int) -> None:
    random = np.random.default_rng(horizon)
    differences = np.convolve(random.normal(0.02, 1, 400), np.ones(horizon) / horizon, mode="valid")
    peer = OLS(differences, np.ones(differences.size)).fit(
        cov_type="HAC", cov_kwds={"maxlags": horizon - 1, "kernel": "uniform", "use_correction": False}
    )
    days = differences.size
    factor = math.sqrt((days + 1 - 2 * horizon + horizon * (horizon - 1) / days) / days)
    assert diebold_mariano(differences, horizon).statistic == pytest.approx(factor * peer.tvalues[0])


@pytest.mark.parametrize(
    ("differences", "horizon"),
    [
        (np.zeros(50), 5),
        (np.full(50, 0.1), 1),
        (np.array([]), 1),
        (np.array([1.0]), 1),
        (np.array([1.0, 2.0, 3.0]), 3),
        # The sum of its autocovariances is below zero.
        (np.tile([1.0, -1.0], 25), 2),
    ],
    ids=["same", "constant", "empty", "one", "shorter than its horizon", "alternating"],
)
def test_diebold_mariano__no_variance_to_judge_by__says_nothing(differences: Array, horizon: int) -> None:
    found = diebold_mariano(differences, horizon)
    assert (found.statistic, found.p_value) == (None, 1.0)


def test_diebold_mariano__not_finite__is_refused() -> None:
    with pytest.raises(SignalError, match="not finite"):
        diebold_mariano(np.array([0.1, np.nan]), 1)


def test_judge__better_challenger__promotes_and_says_the_figure() -> None:
    found = judge(trial())
    assert found.promotes and found.brier is not None and found.brier[1] < found.brier[0] == 0.25
    assert found.reason == f"is better: p = {found.p_value:.4f}, at most 0.025 is needed"


def test_judge__worse_challenger__does_not_promote() -> None:
    found = judge(trial(skill=-0.3))
    assert not found.promotes and found.p_value == pytest.approx(1, abs=1e-6)


def test_judge__same_forecasts__does_not_promote() -> None:
    made = trial()
    found = judge(Trial(made.challenger, made.challenger, made.outcome, 5))
    assert not found.promotes and "no variance" in found.reason


def test_judge__one_day_short__does_not_promote() -> None:
    made = trial(days=TERMS.days)
    outcome = made.outcome.copy()
    outcome[-1] = np.nan
    found = judge(Trial(made.champion, made.challenger, outcome, 5))
    assert not found.promotes and found.p_value is None and found.reason == "251 of 252 days have an outcome"


def test_judge__days_after_the_trial__change_nothing() -> None:
    made = trial(days=TERMS.days, skill=0.0)
    later = trial(days=500, skill=1.0)
    champion, challenger, outcome = (np.concatenate(pair) for pair in zip(fields(made), fields(later), strict=True))
    assert judge(Trial(champion, challenger, outcome, 5)) == judge(made)


def fields(made: Trial) -> tuple[Array, Array, Array]:
    return made.champion, made.challenger, made.outcome


def test_judge__no_day__has_no_score() -> None:
    found = judge(Trial(np.array([]), np.array([]), np.array([]), 5))
    assert (found.days, found.brier, found.promotes) == (0, None, False)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"challenger": np.array([0.5, np.nan])}, "no probability"),
        ({"champion": np.array([0.5, 1.1])}, "no probability"),
        ({"outcome": np.array([0.0, 0.5])}, "neither 0 nor 1"),
        ({"outcome": np.array([0.0])}, "not one row of days"),
        ({"horizon": 0}, "no number of days"),
    ],
)
def test_trial__that_is_none__is_refused(changes: dict[str, object], said: str) -> None:
    whole = {"champion": np.array([0.5, 0.5]), "challenger": np.array([0.4, 0.6]), "outcome": np.array([0.0, 1.0])}
    with pytest.raises(SignalError, match=said):
        Trial(**{**whole, "horizon": 1, **changes})  # type: ignore[arg-type]


CHANCES = st.floats(0, 1)
DAYS = st.lists(st.tuples(CHANCES, CHANCES, st.sampled_from([0.0, 1.0, math.nan])), max_size=60)


@given(DAYS, st.integers(1, 30))
def test_judge__any_trial__has_a_verdict_in_numbers(days: list[tuple[float, float, float]], horizon: int) -> None:
    champion, challenger, outcome = np.array(days, dtype=np.float64).reshape(-1, 3).T
    found = judge(Trial(champion, challenger, outcome, horizon), Terms(days=30, level=0.05))
    assert found.p_value is None or 0 <= found.p_value <= 1
    assert found.statistic is None or math.isfinite(found.statistic)
    assert not found.promotes or (found.brier is not None and found.brier[1] < found.brier[0])


@given(CHANCES, CHANCES, st.booleans(), st.integers(1, 25))
def test_judge__constant_forecasts_of_one_class__promotes_nothing(
    champion: float, challenger: float, turbulent: bool, horizon: int
) -> None:
    made = Trial(np.full(40, champion), np.full(40, challenger), np.full(40, float(turbulent)), horizon)
    assert not judge(made, Terms(days=40)).promotes


def test_judge__equal_models_of_overlapping_days__promotes_about_as_often_as_the_level_says() -> None:
    """The labels overlap by four of five days, and both forecasts are as persistent."""
    random = np.random.default_rng(3)
    promoted = 0
    for _ in range(400):
        moves = random.normal(size=TERMS.days + 5)
        outcome = (np.convolve(moves, np.ones(5), mode="valid")[: TERMS.days] > 0).astype(np.float64)
        champion, challenger = (persistent(random) for _ in range(2))
        promoted += judge(Trial(champion, challenger, outcome, 5)).promotes
    assert promoted <= 400 * 2 * TERMS.level


def persistent(random: np.random.Generator) -> Array:
    moves = np.convolve(random.normal(size=TERMS.days + 9), np.ones(10), mode="valid")
    return np.asarray(0.5 + 0.4 * np.tanh(moves / 3))
