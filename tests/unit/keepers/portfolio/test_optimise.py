"""Target weights against solutions known on paper, and every limit binding in turn."""

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csc_matrix

from keepers.portfolio.cone import _sparse
from keepers.portfolio.errors import OptimisationFailed
from keepers.portfolio.optimise import WAD, Constraints, optimise, to_wad
from keepers.risk.metrics import Z99, value_at_risk

Array = NDArray[np.float64]

MU = np.array([4e-4, 2e-4, 1e-4])
COVARIANCE = np.array([[4e-4, 1e-4, 0.0], [1e-4, 2e-4, 0.0], [0.0, 0.0, 1e-4]])
NOTHING = np.zeros(3)
LOOSE = Constraints(max_weight=1.0, max_var=1.0)


def test_optimise__no_limit_binds__is_the_closed_form() -> None:
    got = optimise(MU, COVARIANCE, NOTHING, LOOSE, risk_aversion=5.0)
    np.testing.assert_allclose(got.weights, np.linalg.solve(5.0 * COVARIANCE, MU), atol=1e-5)
    assert got.var99 == pytest.approx(value_at_risk(got.weights, COVARIANCE))
    assert got.turnover == pytest.approx(got.weights.sum())
    assert got.cash == pytest.approx(1 - got.weights.sum())


def test_optimise__three_assets__is_no_worse_than_a_grid() -> None:
    limits = Constraints(max_weight=0.5, max_var=0.025, var_buffer=0.2, min_cash=0.1)
    current = np.array([0.1, 0.5, 0.0])

    def objective(weights: Array) -> float:
        return float(MU @ weights - weights @ COVARIANCE @ weights - 5e-5 * np.abs(weights - current).sum())

    got = optimise(MU, COVARIANCE, current, limits, risk_aversion=2.0, turnover_cost=5e-5)
    grid = [np.array(point) for point in product(np.linspace(0, 0.5, 26), repeat=3)]
    allowed = [w for w in grid if w.sum() <= 0.9 and value_at_risk(w, COVARIANCE) <= 0.02]
    assert objective(got.weights) >= max(objective(w) for w in allowed) - 1e-9


def test_optimise__var_limit_binds__leaves_the_buffer() -> None:
    limits = Constraints(max_weight=1.0, max_var=0.02, var_buffer=0.25)
    got = optimise(MU, COVARIANCE, NOTHING, limits, risk_aversion=0.0)
    assert got.var99 == pytest.approx(0.015, rel=1e-5)
    assert got.var99 <= 0.015 * (1 + 1e-12)


def test_optimise__weight_limit_binds__is_met() -> None:
    got = optimise(MU, COVARIANCE, NOTHING, replace(LOOSE, max_weight=0.25), risk_aversion=0.0)
    np.testing.assert_allclose(got.weights, 0.25, atol=1e-6)
    assert got.weights.max() <= 0.25


def test_optimise__cash_limit_binds__is_met() -> None:
    got = optimise(MU, COVARIANCE, NOTHING, replace(LOOSE, min_cash=0.3), risk_aversion=0.0)
    np.testing.assert_allclose(got.weights, [0.7, 0, 0], atol=1e-6)
    assert got.cash >= 0.3 - 1e-12


def test_optimise__turnover_limit_binds__is_met() -> None:
    current = np.array([0.2, 0.2, 0.2])
    got = optimise(MU, COVARIANCE, current, replace(LOOSE, max_turnover=0.1), risk_aversion=0.0)
    assert got.turnover == pytest.approx(0.1, abs=1e-6)
    np.testing.assert_allclose(got.weights, [0.3, 0.2, 0.2], atol=1e-6)


def test_optimise__trading_costs_more_than_it_brings__stays_put_exactly() -> None:
    current = np.array([0.2, 0.3, 0.1])
    got = optimise(MU, COVARIANCE, current, LOOSE, risk_aversion=2.0, turnover_cost=1e-2)
    np.testing.assert_array_equal(got.weights, current)
    assert got.turnover == 0


def test_optimise__costs_between__trade_less() -> None:
    turnover = [
        optimise(MU, COVARIANCE, NOTHING, LOOSE, risk_aversion=5.0, turnover_cost=cost).turnover
        for cost in (0.0, 5e-5, 1.5e-4)
    ]
    assert turnover[0] > turnover[1] > turnover[2] > 0


def test_optimise__nothing_to_expect__sells_all_for_cash() -> None:
    got = optimise(NOTHING, COVARIANCE, np.full(3, 0.3), LOOSE, risk_aversion=2.0)
    assert got.cash == pytest.approx(1, abs=1e-5)
    assert sum(got.to_wad()) == WAD


def test_optimise__outside_limits_now__comes_inside() -> None:
    limits = Constraints(max_weight=0.4, max_var=0.01, var_buffer=0.0)
    got = optimise(MU, COVARIANCE, np.array([0.9, 0.1, 0.0]), limits, risk_aversion=0.0, turnover_cost=1.0)
    assert got.var99 <= 0.01 * (1 + 1e-12) and got.weights.max() <= 0.4


def test_optimise__same_input__gives_the_same_bits() -> None:
    results = [optimise(MU, COVARIANCE, NOTHING, LOOSE, risk_aversion=3.0).weights for _ in range(3)]
    assert len({weights.tobytes() for weights in results}) == 1


@pytest.mark.parametrize("scale", [1e-6, 1e-2, 1.0, 1e2])
def test_optimise__returns_and_variance_scaled_together__gives_the_same_weights(scale: float) -> None:
    got = optimise(MU * scale, COVARIANCE * scale, NOTHING, Constraints(1.0, 100.0), risk_aversion=5.0)
    np.testing.assert_allclose(got.weights, np.linalg.solve(5.0 * COVARIANCE, MU), atol=1e-5)


def test_optimise__singular_covariance__is_solved() -> None:
    got = optimise(MU[:2], np.full((2, 2), 1e-4), NOTHING[:2], Constraints(1.0, 0.01, 0.0), risk_aversion=1.0)
    np.testing.assert_allclose(got.weights, [0.01 / (Z99 * 0.01), 0], atol=1e-5)


def test_optimise__solver_stalls_at_its_usual_tolerance__still_answers() -> None:
    """An input, found by fuzzing, on which Clarabel 0.11 ends as "inaccurate" at 1e-8."""
    generator = np.random.default_rng(13409)
    loadings = generator.normal(size=(7, 7)) * 0.02
    mu = generator.normal(size=7) * 5e-4
    limits = Constraints(0.484375, 0.0390625, 0.0, 0.015625)
    got = optimise(mu, loadings @ loadings.T, np.zeros(7), limits, risk_aversion=0.5)
    np.testing.assert_allclose(got.weights, [0, 0.30778, 0.45001, 0, 0, 0.13996, 0.08662], atol=1e-4)


def test_optimise__no_variance_at_all__is_bound_by_weights_only() -> None:
    got = optimise(MU, np.zeros((3, 3)), NOTHING, replace(LOOSE, max_weight=0.6), risk_aversion=1.0)
    np.testing.assert_allclose(got.weights, [0.6, 0.4, 0.0], atol=1e-5)
    assert got.var99 == 0


def test_optimise__limits_out_of_reach_within_turnover__fails() -> None:
    limits = Constraints(max_weight=0.3, max_var=0.05, max_turnover=0.1)
    with pytest.raises(OptimisationFailed, match="no weights meet the constraints; raise max_turnover"):
        optimise(MU, COVARIANCE, np.array([0.9, 0.0, 0.0]), limits, risk_aversion=1.0)


@pytest.mark.parametrize(
    ("mu", "covariance", "aversion", "cost", "reason"),
    [
        (MU[:2], COVARIANCE, 1.0, 0.0, "do not fit"),
        (MU, COVARIANCE[:2], 1.0, 0.0, "do not fit"),
        (MU * math.nan, COVARIANCE, 1.0, 0.0, "not finite"),
        (MU, COVARIANCE - 3e-4, 1.0, 0.0, "eigenvalue"),
        (MU, -COVARIANCE, 1.0, 0.0, "eigenvalue"),
        (MU, np.triu(COVARIANCE), 1.0, 0.0, "not symmetric"),
        (MU, COVARIANCE, -1.0, 0.0, "negative"),
        (MU, COVARIANCE, 1.0, math.nan, "negative or not finite"),
    ],
)
def test_optimise__unusable_input__fails(
    mu: Array, covariance: Array, aversion: float, cost: float, reason: str
) -> None:
    with pytest.raises(OptimisationFailed, match=reason):
        optimise(mu, covariance, NOTHING, LOOSE, risk_aversion=aversion, turnover_cost=cost)


@pytest.mark.parametrize(
    "change",
    [
        {"max_weight": 0.0},
        {"max_weight": 1.1},
        {"max_var": 0.0},
        {"max_var": math.nan},
        {"var_buffer": 1.0},
        {"min_cash": -0.1},
        {"min_cash": 1.1},
        {"max_turnover": -1.0},
    ],
)
def test_constraints__out_of_range__fail(change: dict[str, float]) -> None:
    with pytest.raises(OptimisationFailed, match="out of range"):
        Constraints(**({"max_weight": 0.5, "max_var": 0.05} | change))


def test_to_wad__decimal_weights__are_exact_and_cash_takes_the_rest() -> None:
    assert to_wad([0.1, 0.2, 0.3]) == (4 * 10**17, 10**17, 2 * 10**17, 3 * 10**17)
    assert to_wad([1 / 3]) == (666666666666666700, 333333333333333300)


def test_to_wad__float_sum_above_one__still_sums_exactly() -> None:
    weights = [0.1 + 0.2, 0.7 - 1e-17, 1e-16]
    got = to_wad(weights)
    assert sum(got) == WAD and min(got) >= 0


@pytest.mark.parametrize("weights", [[0.6, 0.5], [-0.1], [math.nan], [math.inf]])
def test_to_wad__no_weights__fail(weights: list[float]) -> None:
    with pytest.raises(OptimisationFailed):
        to_wad(weights)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (40, 60)])
def test_sparse__array_with_zeros__is_what_scipy_makes_of_it(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(7)
    for dense in (rng.standard_normal(shape) * (rng.random(shape) < 0.2), np.zeros(shape)):
        found, expected = _sparse(dense), csc_matrix(dense)
        for part in ("data", "indices", "indptr"):
            np.testing.assert_array_equal(getattr(found, part), getattr(expected, part))
            assert getattr(found, part).dtype == getattr(expected, part).dtype
        assert found.shape == expected.shape
