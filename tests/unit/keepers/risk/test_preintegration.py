"""Tails by preintegration against closed forms, Fourier inversion, plain sampling, and their own spread."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from keepers.operations.risk_proof import LONG, PART, REPLICATIONS, Case, cases, markdown, proved
from keepers.risk.distributions import Normal, Student, shortfall_of, value_at_risk_of
from keepers.risk.errors import RiskError
from keepers.risk.simulation.engine import Simulation, run
from keepers.risk.simulation.preintegration import preintegrated_tails, scrambles
from keepers.risk.simulation.proof import acceptable, compounded_truth
from keepers.risk.simulation.scrambling import scrambled_sobol
from keepers.risk.simulation.sources import BlockBootstrap, Gaussian, Source, StudentT
from keepers.risk.simulation.tails import Tail, tails
from scripts._lib.artifacts import ROOT

Array = NDArray[np.float64]
FACTORS = np.random.default_rng(0).normal(size=(6, 8)) * 0.004
COVARIANCE = FACTORS @ FACTORS.T
WEIGHTS = np.array([0.3, 0.2, 0.2, 0.1, 0.1, 0.05])
HEDGED = np.array([0.8, 0.5, -0.6, 0.0, 0.2, -0.3])
SIGMA = float(np.sqrt(WEIGHTS @ COVARIANCE @ WEIGHTS))


@cache
def known() -> tuple[Case, ...]:
    """The cases of the table."""
    return tuple(cases())


def tail(source: Source, weights: Array = WEIGHTS, days: int = 1, paths: int = 2048, level: float = 0.99) -> Tail:
    return preintegrated_tails(Simulation(source, weights, paths, 5, (days,), "sobol"), (level,))[0]


@pytest.mark.parametrize("level", [0.95, 0.99, 0.9999])
def test_preintegrated_tails__normal_day__is_exact_with_eulers_parts(level: float) -> None:
    got = tail(Gaussian(COVARIANCE), level=level)
    assert got.var == pytest.approx(SIGMA * norm.ppf(level), rel=1e-10)
    assert got.shortfall == pytest.approx(SIGMA * shortfall_of(Normal(), level), rel=1e-9)
    exact = WEIGHTS * (COVARIANCE @ WEIGHTS) / SIGMA**2
    assert np.all(np.abs(got.var_parts.component - exact * got.var) < 5 * got.var_parts.error + 1e-12)
    assert np.all(np.abs(got.shortfall_parts.component - exact * got.shortfall) < 5 * got.shortfall_parts.error + 1e-12)


def test_preintegrated_tails__student_day__agrees_with_the_formula_within_its_errors() -> None:
    got = tail(StudentT(COVARIANCE, 5.0))
    assert abs(got.var - SIGMA * value_at_risk_of(Student(5.0), 0.99)) < 4 * got.var_error < 1e-3 * got.var
    truth = SIGMA * shortfall_of(Student(5.0), 0.99)
    assert abs(got.shortfall - truth) < 4 * got.shortfall_error < 1e-3 * truth


@pytest.mark.parametrize("weights", [WEIGHTS, HEDGED])
def test_preintegrated_tails__ten_days__agree_with_plain_sampling(weights: Array) -> None:
    source = StudentT(COVARIANCE, 4.0)
    got = tail(source, weights, days=10)
    (plain,) = tails(run(Simulation(source, weights, 300_000, 5, (10,))), (0.99,))
    assert abs(got.var - plain.var) < 4 * np.hypot(got.var_error, plain.var_error)
    assert abs(got.shortfall - plain.shortfall) < 4 * np.hypot(got.shortfall_error, plain.shortfall_error)
    for ours, theirs in ((got.var_parts, plain.var_parts), (got.shortfall_parts, plain.shortfall_parts)):
        assert np.all(np.abs(ours.component - theirs.component) <= 5 * np.hypot(ours.error, theirs.error))


def test_preintegrated_tails__loss_that_turns__is_not_biased() -> None:
    """A short position of wild returns: its floor at nothing makes the loss rise and fall along the direction."""
    source, weights = StudentT(np.array([[0.09, 0.0], [0.0, 0.04]]), 3.0), np.array([-0.5, 0.9])
    got = tail(source, weights, days=5, paths=65_536)
    (plain,) = tails(run(Simulation(source, weights, 300_000, 5, (5,))), (0.99,))
    assert abs(got.var - plain.var) < 4 * np.hypot(got.var_error, plain.var_error)


def test_preintegrated_tails__horizons_and_levels_together__are_those_alone() -> None:
    together = preintegrated_tails(Simulation(Gaussian(COVARIANCE), WEIGHTS, 1024, 5, (1, 5), "sobol"), (0.95, 0.99))
    assert [(one.horizon, one.level) for one in together] == [(1, 0.95), (1, 0.99), (5, 0.95), (5, 0.99)]
    for one in together:
        parts = one.shortfall_parts.component.sum()
        assert parts == pytest.approx(one.shortfall, rel=1e-9)
        assert one.var_parts.component.sum() == pytest.approx(one.var, rel=1e-9)


def test_preintegrated_tails__asset_without_weight__has_no_marginal() -> None:
    got = tail(StudentT(COVARIANCE, 5.0), HEDGED)
    assert np.isnan(got.var_parts.marginal[3]) and got.var_parts.component[3] == 0


@pytest.mark.parametrize(
    ("source", "weights", "said"),
    [
        (BlockBootstrap(np.random.default_rng(1).normal(size=(50, 6))), WEIGHTS, "no normal days"),
        (Gaussian(COVARIANCE), np.zeros(6), "no volatility"),
    ],
)
def test_preintegrated_tails__nothing_to_integrate__is_refused(source: Source, weights: Array, said: str) -> None:
    with pytest.raises(RiskError, match=said):
        tail(source, weights)


def test_preintegrated_tails__too_many_numbers__is_refused() -> None:
    source = Gaussian(np.eye(200) * 1e-4)
    with pytest.raises(RiskError, match="not a Sobol sequence"):
        preintegrated_tails(Simulation(source, np.full(200, 0.005), 1024, 1, (106,), "sobol"), (0.99,))


def test_scrambled_sobol__points__are_one_in_each_interval_and_uniform_over_scrambles() -> None:
    for seed in range(5):
        points = scrambled_sobol(7, 6, np.random.default_rng(seed))
        np.testing.assert_array_equal(np.sort((points * 64).astype(int), axis=0), np.tile(np.arange(64), (7, 1)).T)
    first = np.array([scrambled_sobol(2, 6, np.random.default_rng(seed))[3] for seed in range(2000)])
    assert abs(first.mean() - 0.5) < 4 * np.sqrt(1 / 12 / first.size)


def test_scrambled_sobol__pairs_of_dimensions__stay_even() -> None:
    """The first two dimensions are a (0, m, 2)-net: every box of area 1/64 has one point, whatever its shape."""
    points = scrambled_sobol(2, 6, np.random.default_rng(1))
    for wide in range(7):
        boxes = (points[:, 0] * 2**wide).astype(int) * 2 ** (6 - wide) + (points[:, 1] * 2 ** (6 - wide)).astype(int)
        assert np.unique(boxes).size == 64, wide


def convolved(density: Array, growth: Array, step: float, days: int, level: float) -> tuple[float, float]:
    """VaR and shortfall of compounded days from repeated convolution of the density of the logarithm of growth."""
    transform = np.fft.fft(np.fft.ifftshift(density)) * step
    summed = np.real(np.fft.fftshift(np.fft.ifft(transform**days))) / step

    def until(values: Array) -> Array:
        return np.concatenate([[0.0], np.cumsum((values[1:] + values[:-1]) / 2) * step])

    wanted = 1 - level
    at = float(np.interp(wanted, until(summed), growth))
    kept = float(np.interp(at, growth, until(summed * np.exp(growth))))
    return -float(np.expm1(at)), (wanted - kept) / wanted


@pytest.mark.parametrize("degrees", [None, 5.0])
@pytest.mark.parametrize("days", LONG)
def test_compounded_truth__convolution__finds_the_same(degrees: float | None, days: int) -> None:
    chosen = {case.name: case for case in known() if case.simulation.horizons == (days,)}
    truth = chosen["normal, one asset" if degrees is None else "student, one asset"].truth
    count = 2**17
    step = 4.0 / count
    growth = (np.arange(count) - count // 2) * step
    day = Normal() if degrees is None else Student(degrees)
    ends = np.expm1(np.append(growth - step / 2, growth[-1] + step / 2)) / 0.01
    var, shortfall = convolved(np.diff(day.probability(ends)) / step, growth, step, days, 0.99)
    assert truth.var == pytest.approx(var, rel=2e-6)
    assert truth.shortfall == pytest.approx(shortfall, rel=1e-5)


def test_compounded_truth__large_run__holds_it() -> None:
    truth = compounded_truth(norm.pdf, 0.01, 5, 0.99)
    got = tail(Gaussian(np.array([[1e-4]])), np.ones(1), days=5, paths=16_384)
    assert abs(got.var - truth.var) < 4 * got.var_error < 1e-5 * truth.var


@pytest.mark.parametrize("kind", ["normal", "student"])
def test_proved__many_seeds__intervals_hold_the_truth_with_a_fraction_of_the_paths(kind: str) -> None:
    chosen = [case for case in known() if case.name == f"{kind}, one asset" and case.simulation.horizons == (5,)]
    (row,) = proved(chosen, 60)
    assert scrambles(row.case.simulation) == 16
    for number in (row.var, row.shortfall):
        assert acceptable(number, 60), row.case.name
        assert number.plain > 20 and abs(number.bias) < 4
    assert markdown([row], 60).count(f"| {kind}, one asset | 5 |") == 1


def test_page__every_case__is_covered_and_saves_the_paths() -> None:
    page = (ROOT / "docs/risk-models.md").read_text(encoding="utf-8").split(f"{PART}:begin -->")[1]
    table = page.split(f"<!-- {PART}:end")[0]
    assert f"{REPLICATIONS:,} seeds each" in table
    for case in known():
        (row,) = (
            line
            for line in table.splitlines()
            if line.startswith(f"| {case.name} | {case.simulation.horizons[0]} | {case.known} |")
        )
        for cell in row.strip("| ").split(" | ")[3:5]:
            assert cell == "exact" or abs(float(cell.split("%")[0]) - 95) <= 1, row
        for cell in row.strip("| ").split(" | ")[7:9]:
            assert cell == "any" or float(cell.rstrip("x").replace(",", "")) >= 20, row
