from __future__ import annotations

from math import isqrt

import numpy as np
import pytest

from keepers.risk.errors import RiskError
from keepers.risk.fixed_point import SCALE, from_fixed_point, to_fixed_point
from keepers.risk.step_bounds import (
    LEAST_TAILS,
    USUAL_FALL_BPS,
    USUAL_UNSEEN_RISE_BPS,
    bounded_step,
    bounded_tails,
    entry_bounds,
)
from scripts._lib.deployment.config import RiskTimes

FALL, RISE = 600, 2500
BPS = 10_000


def bounds_of(last: list[int], moves: list[float] | None = None) -> tuple[list[int], list[int]]:
    """The bounds that CovarianceModels._entryBounds gives; `moves` are parts of prices."""
    size = from_fixed_point(last).shape[0]
    pairs = [(i, j) for i in range(size) for j in range(i, size)]
    sigmas = [isqrt(last[pairs.index((i, i))] * SCALE) for i in range(size)]
    units = [sigmas[i] * sigmas[j] for i, j in pairs]
    seen = [int((moves[i] * moves[j] if moves else 0) * SCALE) // 10 for i, j in pairs]
    least = [old - unit * FALL // (SCALE * BPS) for old, unit in zip(last, units, strict=True)]
    most = [old + unit * RISE // (SCALE * BPS) + more for old, unit, more in zip(last, units, seen, strict=True)]
    return least, most


def accepted(bounds: tuple[list[int], list[int]], entries: list[int]) -> bool:
    """Compares like CovarianceModels._requireSmallStep and _requireCovariance."""
    size = from_fixed_point(entries).shape[0]
    pairs = [(i, j) for i in range(size) for j in range(i, size)]
    variances = [entries[pairs.index((i, i))] for i in range(size)]
    inside = all(low <= entry <= high for low, entry, high in zip(bounds[0], entries, bounds[1], strict=True))
    possible = all(entry**2 <= variances[i] * variances[j] for entry, (i, j) in zip(entries, pairs, strict=True))
    return inside and possible and min(variances) > 0


def random_matrix(rng: np.random.Generator, size: int, volatility: float) -> np.ndarray:
    loadings = rng.normal(size=(size, size + 2)) * volatility
    return loadings @ loadings.T / size


def test_usual_bounds__deployment__has_them() -> None:
    assert (RiskTimes().max_fall, RiskTimes().max_unseen_rise) == (USUAL_FALL_BPS, USUAL_UNSEEN_RISE_BPS)


def test_entry_bounds__prices_that_moved__let_the_covariance_rise_further() -> None:
    entries = to_fixed_point(np.array([[1e-4, 5e-5], [5e-5, 1e-4]]))
    still = entry_bounds(entries, (0, 0), FALL, RISE)
    moved = entry_bounds(entries, (SCALE // 10, 0), FALL, RISE)
    assert still[0] == moved[0] and still[1][1:] == moved[1][1:]
    assert moved[1][0] - still[1][0] == SCALE // 1000
    assert still[1][0] / entries[0] == pytest.approx(1.25) and still[0][0] / entries[0] == pytest.approx(0.94)


def test_entry_bounds__price_that_tripled__counts_as_doubled() -> None:
    entries = to_fixed_point(np.array([[1e-4]]))
    assert entry_bounds(entries, (2 * SCALE,), FALL, RISE) == entry_bounds(entries, (SCALE,), FALL, RISE)


def test_bounded_step__inside__is_the_estimate() -> None:
    matrix = np.array([[1e-4, 5e-5], [5e-5, 1e-4]])
    last = to_fixed_point(matrix)
    assert bounded_step(matrix * 0.97, last, bounds_of(last)) == (to_fixed_point(matrix * 0.97), False)


def test_bounded_step__falls_too_far__stops_at_the_least() -> None:
    matrix = np.array([[1e-4, 5e-5], [5e-5, 1e-4]])
    entries, held = bounded_step(matrix * 0.1, to_fixed_point(matrix), bounds_of(to_fixed_point(matrix)))
    assert held
    assert from_fixed_point(entries) == pytest.approx(np.array([[94e-6, 44e-6], [44e-6, 94e-6]]), rel=1e-9)


def test_bounded_step__rises_beyond_what_prices_have_shown__stops_at_the_most() -> None:
    matrix = np.array([[1e-4, 5e-5], [5e-5, 1e-4]])
    last = to_fixed_point(matrix)
    entries, held = bounded_step(matrix * 100, last, bounds_of(last))
    assert held
    assert from_fixed_point(entries) == pytest.approx(np.array([[125e-6, 62.5e-6], [62.5e-6, 125e-6]]), rel=1e-9)


def test_bounded_step__prices_have_shown_it__is_the_estimate() -> None:
    matrix = np.array([[1e-4, 5e-5], [5e-5, 1e-4]])
    last, moves = to_fixed_point(matrix), np.array([-0.2, -0.1])
    estimate = 0.977 * matrix + 0.023 * np.outer(moves, moves)
    found = bounded_step(estimate, last, bounds_of(last, [0.2, 0.1]))
    assert found == (to_fixed_point(estimate), False)
    assert estimate[0, 0] > 10 * matrix[0, 0]


@pytest.mark.parametrize("seed", range(40))
def test_bounded_step__anything_to_anything__the_chain_accepts_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 13))
    last = to_fixed_point(random_matrix(rng, size, 10 ** rng.uniform(-3, -1)))
    bounds = bounds_of(last, list(rng.uniform(0, 0.3, size)) if seed % 2 else None)
    entries, _ = bounded_step(random_matrix(rng, size, 10 ** rng.uniform(-3, -1)), last, bounds)
    assert accepted(bounds, entries)
    assert np.linalg.eigvalsh(from_fixed_point(entries)).min() >= -1e-12


def test_bounded_step__again_and_again__reaches_the_estimate() -> None:
    rng = np.random.default_rng(3)
    target = random_matrix(rng, 5, 0.01)
    entries = to_fixed_point(random_matrix(rng, 5, 0.03))
    for _ in range(200):
        entries, held = bounded_step(target, entries, bounds_of(entries))
        if not held:
            break
    assert from_fixed_point(entries) == pytest.approx(target, rel=1e-6, abs=1e-16)


def test_bounded_step__another_size__is_refused() -> None:
    with pytest.raises(RiskError, match="a model of 2 assets"):
        bounded_step(np.eye(3) * 1e-4, [10**14, 0, 10**14], bounds_of([10**14, 0, 10**14]))


def test_bounded_tails__first_model__at_least_what_the_chain_takes() -> None:
    found, held = bounded_tails((1.1, 2.9, 2.2), None, FALL, RISE)
    assert found == (LEAST_TAILS[0], 29 * SCALE // 10, LEAST_TAILS[2]) and not held


def test_bounded_tails__fall__as_far_as_one_step_and_no_further() -> None:
    last = (16 * SCALE // 10, 3 * SCALE, 3 * SCALE)
    found, held = bounded_tails((1.59, 2.4, 3.1), last, FALL, RISE)
    assert found == (159 * SCALE // 100, 291 * SCALE // 100, 31 * SCALE // 10) and held


def test_bounded_tails__rise__as_far_as_one_step_and_no_further() -> None:
    last = (16 * SCALE // 10, 3 * SCALE, 3 * SCALE)
    found, held = bounded_tails((1.6, 5.0, 3.1), last, FALL, RISE)
    assert found == (16 * SCALE // 10, 3375 * SCALE // 1000, 31 * SCALE // 10) and held


def test_bounded_tails__quantiles_out_of_order__are_put_in_order() -> None:
    found, _ = bounded_tails((2.6, 2.4, 2.5), None, FALL, RISE)
    assert found == (26 * SCALE // 10,) * 3


def test_bounded_tails__beyond_cantelli__are_refused() -> None:
    with pytest.raises(RiskError, match="no distribution"):
        bounded_tails((1.6, 10.0, 2.9), None, FALL, RISE)
