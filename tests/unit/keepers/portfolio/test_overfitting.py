"""Deflated Sharpe ratios and the probability of overfitting, against published numbers and brute force."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from keepers.portfolio.errors import PerformanceError
from keepers.portfolio.overfitting import (
    deflated_sharpe,
    expected_maximum,
    overfitting,
    probabilistic_sharpe,
)

Array = NDArray[np.float64]


def noise(days: int, strategies: int, seed: int = 1) -> Array:
    return np.random.default_rng(seed).normal(0.0, 0.01, (days, strategies))


def shaped(days: int, sharpe: float, skewness: float, fat: float) -> Array:
    """Returns of four values whose moments are the given ones: a Sharpe ratio a day, skewness and kurtosis."""
    from scipy.optimize import least_squares

    def moments(x: Array) -> Array:
        points = np.array([x[0], x[1], x[2], -x[0] - x[1] - x[2]])
        spread = math.sqrt(float(np.mean(points**2)))
        return np.array([spread - 1, np.mean(points**3) / spread**3 - skewness, np.mean(points**4) / spread**4 - fat])

    found = least_squares(moments, [-1.5, 0.2, 0.4]).x
    points = np.tile([*found, -found.sum()], days // 4)
    return np.asarray(0.01 * (sharpe * np.std(points, ddof=1) + points))


def test_expected_maximum__of_the_paper__is_its_number() -> None:
    # Bailey and Lopez de Prado (2014), numerical example: 100 trials, variance 1/2 a year, 250 days a year: 0.1132.
    assert expected_maximum(0.5 / 250, 100) == pytest.approx(0.1132, abs=5e-5)


def test_expected_maximum__of_simulated_trials__is_their_mean() -> None:
    best = np.random.default_rng(3).standard_normal((20_000, 50)).max(axis=1)
    # The formula is an asymptotic one.
    assert expected_maximum(1.0, 50) == pytest.approx(float(best.mean()), abs=0.04)


def test_expected_maximum__one_trial__is_nothing() -> None:
    assert expected_maximum(1.0, 1) == 0


@pytest.mark.parametrize(("variance", "trials"), [(-1.0, 2), (math.inf, 2), (1.0, 0)])
def test_expected_maximum__out_of_range__is_refused(variance: float, trials: int) -> None:
    with pytest.raises(PerformanceError, match="out of range"):
        expected_maximum(variance, trials)


def test_deflated_sharpe__of_the_formula__with_the_papers_numbers() -> None:
    # The example's strategy: 1,250 days, Sharpe ratio 2.5 a year, skewness -3, kurtosis 10; its answer is 0.9004.
    sharpe, threshold, days = 2.5 / math.sqrt(250), 0.1132, 1250
    spread = 1 + 3 * sharpe + (10 - 1) / 4 * sharpe**2
    assert norm.cdf((sharpe - threshold) * math.sqrt((days - 1) / spread)) == pytest.approx(0.9004, abs=5e-4)


def test_probabilistic_sharpe__skewed_and_fat__is_the_formula_of_its_moments() -> None:
    returns = shaped(1252, 0.1, -0.5, 2.0)
    s, n = float(returns.mean() / returns.std(ddof=1)), returns.size
    centred = (returns - returns.mean()) / returns.std()
    spread = 1 - np.mean(centred**3) * s + (np.mean(centred**4) - 1) / 4 * s**2
    expected = norm.cdf((s - 0.05) * math.sqrt((n - 1) / spread))
    assert probabilistic_sharpe(returns, 0.05) == pytest.approx(expected, rel=1e-12)


def test_probabilistic_sharpe__negative_skew__lowers_it() -> None:
    left = shaped(1252, 0.1, -0.5, 2.0)
    right = 2 * left.mean() - left
    assert probabilistic_sharpe(left) < probabilistic_sharpe(np.asarray(right))


def test_deflated_sharpe__more_trials__is_lower() -> None:
    returns = noise(1000, 1)[:, 0] + 0.001
    found = [deflated_sharpe(returns, trials).probability for trials in (1, 10, 100)]
    assert found == sorted(found, reverse=True) and found[0] - found[2] > 0.2


def test_deflated_sharpe__best_of_luck__is_about_a_half() -> None:
    probabilities = []
    for seed in range(40):
        returns = noise(500, 50, seed)
        ratios = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
        best = returns[:, int(np.argmax(ratios))]
        probabilities.append(deflated_sharpe(best, 50, float(np.var(ratios, ddof=1))).probability)
    assert 0.4 < np.median(probabilities) < 0.65


def test_deflated_sharpe__returns_that_stand_still__has_no_probability() -> None:
    assert math.isnan(deflated_sharpe(np.zeros(10), 3).probability)


def test_overfitting__any_strategies__is_the_definition_split_by_split() -> None:
    returns = noise(63, 4)
    blocks = np.array_split(returns[-60:], 6)
    logits = []
    for picked in combinations(range(6), 3):
        inside = np.concatenate([blocks[at] for at in picked])
        outside = np.concatenate([blocks[at] for at in range(6) if at not in picked])
        best = int(np.argmax(inside.mean(axis=0) / inside.std(axis=0, ddof=1)))
        ratios = outside.mean(axis=0) / outside.std(axis=0, ddof=1)
        relative = (np.sum(ratios < ratios[best]) + 1) / 5
        logits.append(math.log(relative / (1 - relative)))
    found = overfitting(returns, 6)
    assert (found.splits, found.days) == (20, 60)
    assert found.probability == pytest.approx(np.mean(np.array(logits) <= 0))


def test_overfitting__one_strategy_is_better__is_none() -> None:
    returns = noise(1600, 5)
    returns[:, 2] += 0.005
    found = overfitting(returns)
    assert found.probability == 0 and found.loss == 0 and found.splits == 12_870


def test_overfitting__luck_alone__is_about_a_half() -> None:
    found = [overfitting(noise(320, 10, seed), 8).probability for seed in range(30)]
    assert 0.35 < np.mean(found) < 0.65


def test_overfitting__a_strategy_in_cash__counts_as_no_skill() -> None:
    returns = noise(160, 2) - 0.01
    returns[:, 1] = 0.0
    assert overfitting(returns, 8).probability == 0


@pytest.mark.parametrize(
    ("shape", "blocks", "words"),
    [
        ((100, 1), 8, "two strategies"),
        ((100, 2), 7, "not even"),
        ((100, 2), 22, "2 to 20"),
        ((20, 2), 16, "fewer than"),
    ],
)
def test_overfitting__too_little__is_refused(shape: tuple[int, int], blocks: int, words: str) -> None:
    with pytest.raises(PerformanceError, match=words):
        overfitting(noise(*shape), blocks)
