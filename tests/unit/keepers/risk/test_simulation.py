"""Simulated tails against analytic ones, their errors, and the same numbers on any number of workers."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kstest, norm, t

from keepers.risk.distributions import Empirical, Normal, Student, shortfall_of
from keepers.risk.errors import RiskError
from keepers.risk.models.garch import Volatilities
from keepers.risk.simulation.draws import Draws, Sampling
from keepers.risk.simulation.engine import Simulation, run
from keepers.risk.simulation.sources import (
    BlockBootstrap,
    FilteredHistory,
    Gaussian,
    Source,
    StudentT,
    TCopula,
    aligned,
    root_of,
)
from keepers.risk.simulation.tails import Tail, tail_count, tails

Array = NDArray[np.float64]
FACTORS = np.random.default_rng(0).normal(size=(6, 8)) * 0.004
COVARIANCE = FACTORS @ FACTORS.T
WEIGHTS = np.array([0.3, 0.2, 0.2, 0.1, 0.1, 0.05])
SIGMA = float(np.sqrt(WEIGHTS @ COVARIANCE @ WEIGHTS))
HISTORY = np.random.default_rng(1).standard_t(4, (700, 6)) * 0.01


def sources() -> list[Source]:
    shocks = HISTORY / HISTORY.std(axis=0)
    margins = tuple(Empirical(column) for column in shocks.T)
    return [
        Gaussian(COVARIANCE),
        StudentT(COVARIANCE, 5.0),
        TCopula(np.eye(6), 4.0, margins, np.full(6, 0.01)),
        BlockBootstrap(HISTORY),
        FilteredHistory(Volatilities.decayed(6), shocks, np.full(6, 1e-4)),
    ]


def tail(source: Source, level: float, paths: int = 65_536, sampling: Sampling = "plain") -> Tail:
    return tails(run(Simulation(source, WEIGHTS, paths, 11, (1,), sampling)), (level,))[0]


@pytest.mark.parametrize("sampling", ["plain", "antithetic", "sobol"])
@pytest.mark.parametrize("level", [0.95, 0.99])
def test_tails__gaussian__agree_with_the_formula_within_their_errors(sampling: Sampling, level: float) -> None:
    got = tail(Gaussian(COVARIANCE), level, sampling=sampling)
    assert abs(got.var - SIGMA * norm.ppf(level)) < 4 * got.var_error
    assert abs(got.shortfall - SIGMA * shortfall_of(Normal(), level)) < 4 * got.shortfall_error
    assert got.var_error < 0.02 * got.var


@pytest.mark.parametrize("sampling", ["plain", "antithetic", "sobol"])
def test_tails__student__agree_with_the_formula_within_their_errors(sampling: Sampling) -> None:
    got = tail(StudentT(COVARIANCE, 5.0), 0.99, sampling=sampling)
    assert abs(got.var - SIGMA * t.ppf(0.99, 5) * np.sqrt(0.6)) < 4 * got.var_error
    assert abs(got.shortfall - SIGMA * shortfall_of(Student(5.0), 0.99)) < 4 * got.shortfall_error


def test_tails__plain_repeated__errors_are_those_seen() -> None:
    def once(seed: int) -> Tail:
        return tails(run(Simulation(Gaussian(COVARIANCE), WEIGHTS, 4000, seed, (1,))), (0.95,))[0]

    found = [once(seed) for seed in range(120)]
    for seen, said in (
        (np.std([one.var for one in found]), np.mean([one.var_error for one in found])),
        (np.std([one.shortfall for one in found]), np.mean([one.shortfall_error for one in found])),
    ):
        assert 0.75 < seen / said < 1.3


def test_tails__components__are_eulers_and_sum_to_the_number() -> None:
    got = tail(Gaussian(COVARIANCE), 0.95, paths=200_000)
    exact = WEIGHTS * (COVARIANCE @ WEIGHTS) / SIGMA**2
    for total, parts in ((got.var, got.var_parts), (got.shortfall, got.shortfall_parts)):
        assert parts.component.sum() == pytest.approx(total, rel=1e-12)
        assert np.all(np.abs(parts.component - exact * total) < 5 * parts.error + 0.002 * total)
        np.testing.assert_allclose(parts.marginal * WEIGHTS, parts.component, rtol=1e-12)


def test_tails__asset_without_weight__has_no_marginal() -> None:
    weights = np.array([0.5, 0.0, 0.5, 0.0, 0.0, 0.0])
    got = tails(run(Simulation(Gaussian(COVARIANCE), weights, 5000, 1, (1,))), (0.95,))[0]
    assert np.isnan(got.var_parts.marginal[1]) and got.var_parts.component[1] == 0


@pytest.mark.parametrize("index", range(5))
def test_run__sources__are_pure_functions_of_the_seed(index: int) -> None:
    first, again, other = (run(Simulation(sources()[index], WEIGHTS, 3000, seed, (1, 5))).losses for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.all(first <= WEIGHTS.sum() + 1e-12)


def test_run__cut_off_path_count__first_blocks_are_the_same() -> None:
    few = run(Simulation(Gaussian(COVARIANCE), WEIGHTS, 16_384, 5, (1,)))
    many = run(Simulation(Gaussian(COVARIANCE), WEIGHTS, 50_000, 5, (1,)))
    np.testing.assert_array_equal(many.losses[:, :16_384], few.losses)


def test_run__ten_days__variance_grows_tenfold() -> None:
    losses = run(Simulation(Gaussian(COVARIANCE), WEIGHTS, 40_000, 2, (1, 10))).losses
    assert losses[1].var() / losses[0].var() == pytest.approx(10, rel=0.05)


def test_filtered_history__calm_start__volatility_returns_towards_the_long_run() -> None:
    shocks = np.random.default_rng(3).standard_normal((800, 1))
    model = Volatilities(np.array([2e-6]), np.array([0.08]), np.array([0.0]), np.array([0.9]))
    source = FilteredHistory(model, shocks, np.array([2e-5]))
    losses = run(Simulation(source, np.array([1.0]), 20_000, 2, (1, 10))).losses
    # E h_k = 1e-4 - 8e-5 0.98^k; over ten days that is 13.4 times the first day's 2e-5.
    assert losses[1].var() / losses[0].var() == pytest.approx(13.4, rel=0.06)


def test_block_bootstrap__long_blocks__keep_the_order_of_days() -> None:
    history = np.arange(1.0, 51.0)[:, np.newaxis] / 1000
    source = BlockBootstrap(history, mean_length=1e9)
    first, second = list(source.days(Draws(1, 0, 500, 0, 2, 2), 500, 2))
    following = np.where(first == history[-1], history[0], first + 0.001)
    np.testing.assert_allclose(second, following)


def test_t_copula__margins__are_as_given() -> None:
    source = TCopula(np.array([[1.0, 0.7], [0.7, 1.0]]), 4.0, (Normal(), Student(3.0)), np.array([0.01, 0.02]))
    (day,) = source.days(Draws(1, 0, 20_000, 2, 1, 1), 20_000, 1)
    assert kstest(day[:, 0] / 0.01, norm.cdf).pvalue > 1e-3
    assert kstest(day[:, 1] / 0.02, Student(3.0).probability).pvalue > 1e-3
    both = np.mean((day[:, 0] < np.quantile(day[:, 0], 0.01)) & (day[:, 1] < np.quantile(day[:, 1], 0.01)))
    assert both > 0.003, "tails of a t copula come together; independent ones would be at 0.0001"


@pytest.mark.parametrize("source", [Gaussian(COVARIANCE), StudentT(COVARIANCE, 5.0)])
def test_aligned__any_portfolio__first_number_carries_its_whole_loss(source: Source) -> None:
    found = aligned(source, WEIGHTS)
    np.testing.assert_allclose(found.root @ found.root.T, COVARIANCE, atol=1e-18)
    np.testing.assert_allclose(found.root.T @ WEIGHTS, [SIGMA, 0, 0, 0, 0, 0], atol=1e-15)


def test_aligned__nothing_to_align__is_the_source_itself() -> None:
    bootstrap = BlockBootstrap(HISTORY)
    assert aligned(bootstrap, WEIGHTS) is bootstrap
    gaussian = Gaussian(COVARIANCE)
    assert aligned(gaussian, np.zeros(6)) is gaussian


def test_tails__sobol_repeated__has_less_error_than_plain_and_intervals_that_cover() -> None:
    def once(seed: int, sampling: Sampling) -> Tail:
        return tails(run(Simulation(Gaussian(COVARIANCE), WEIGHTS, 8192, seed, (1,), sampling)), (0.95,))[0]

    sobol, plain = ([once(seed, sampling) for seed in range(100)] for sampling in ("sobol", "plain"))
    for name, truth in (("var", SIGMA * norm.ppf(0.95)), ("shortfall", SIGMA * shortfall_of(Normal(), 0.95))):
        values, errors = (np.array([getattr(one, field) for one in sobol]) for field in (name, f"{name}_error"))
        assert values.std() < 0.35 * np.std([getattr(one, name) for one in plain])
        covered = np.mean(np.abs(values - truth) < t.ppf(0.975, 15) * errors)
        assert covered > 0.86, name


def test_root_of__singular_matrix__gives_it_back() -> None:
    singular = np.ones((3, 3)) * 0.04
    root = root_of(singular)
    np.testing.assert_allclose(root @ root.T, singular, atol=1e-15)


@pytest.mark.parametrize(
    "matrix", [np.array([[1.0, 2.0], [2.0, 1.0]]), np.array([[1.0, 0.5], [0.4, 1.0]]), np.full((2, 2), np.nan)]
)
def test_root_of__no_covariance__is_refused(matrix: Array) -> None:
    with pytest.raises(RiskError, match="covariance"):
        root_of(matrix)


def test_simulation__impossible_parameters__are_refused() -> None:
    source = Gaussian(COVARIANCE)
    with pytest.raises(RiskError, match="not 6 finite numbers"):
        Simulation(source, WEIGHTS[:5], 5000, 1)
    with pytest.raises(RiskError, match="not rising days"):
        Simulation(source, WEIGHTS, 5000, 1, (5, 1))
    with pytest.raises(RiskError, match="fewer than 1,000"):
        Simulation(source, WEIGHTS, 999, 1)
    with pytest.raises(RiskError, match="no normal numbers"):
        Simulation(BlockBootstrap(HISTORY), WEIGHTS, 5000, 1, sampling="antithetic")


def test_tails__level_that_nothing_is_kept_for__is_refused() -> None:
    found = run(Simulation(Gaussian(COVARIANCE), WEIGHTS, 2000, 1, (1,)))
    with pytest.raises(RiskError, match=r"not from 0\.95"):
        tails(found, (0.9,))
    with pytest.raises(RiskError, match="fewer than ten"):
        tails(found, (0.999,))


def test_tail_count__rounding__does_not_add_a_path() -> None:
    assert tail_count(10_000, 0.95) == 500 and tail_count(1000, 0.99) == 10 and tail_count(1001, 0.99) == 11
