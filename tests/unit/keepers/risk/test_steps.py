from __future__ import annotations

from math import isqrt

import numpy as np
import pytest

from keepers.risk.errors import RiskError
from keepers.risk.fixed_point import SCALE, from_fixed_point, to_fixed_point
from keepers.risk.steps import LEAST_TAILS, bounded_step, bounded_tails

FALL, RISE = 600, 16


def accepted(last: list[int], entries: list[int]) -> bool:
    """As CovarianceModels._requireSmallStep compares, and _requireCovariance."""
    size = from_fixed_point(last).shape[0]
    pairs = [(i, j) for i in range(size) for j in range(i, size)]
    at = {pair: index for index, pair in enumerate(pairs)}
    sigmas = [isqrt(last[at[i, i]] * SCALE) for i in range(size)]
    for (i, j), old, new in zip(pairs, last, entries, strict=True):
        if new < old - sigmas[i] * sigmas[j] * FALL // (SCALE * 10_000):
            return False
        if i == j and not 0 < new <= old * RISE:
            return False
        if new**2 > entries[at[i, i]] * entries[at[j, j]]:
            return False
    return True


def random_matrix(rng: np.random.Generator, size: int, volatility: float) -> np.ndarray:
    loadings = rng.normal(size=(size, size + 2)) * volatility
    return loadings @ loadings.T / size


def test_bounded_step__inside__is_the_estimate() -> None:
    matrix = np.array([[1e-4, 5e-5], [5e-5, 1e-4]])
    last = to_fixed_point(matrix)
    assert bounded_step(matrix * 0.97, last, FALL, RISE) == (to_fixed_point(matrix * 0.97), False)


def test_bounded_step__falls_too_far__stops_at_the_least() -> None:
    matrix = np.array([[1e-4, 5e-5], [5e-5, 1e-4]])
    entries, held = bounded_step(matrix * 0.1, to_fixed_point(matrix), FALL, RISE)
    assert held
    assert from_fixed_point(entries) == pytest.approx(np.array([[94e-6, 44e-6], [44e-6, 94e-6]]), rel=1e-9)


def test_bounded_step__rises_too_far__stops_at_the_most() -> None:
    matrix = np.array([[1e-4, 5e-5], [5e-5, 1e-4]])
    entries, held = bounded_step(matrix * 100, to_fixed_point(matrix), FALL, RISE)
    assert held
    assert np.diag(from_fixed_point(entries)) == pytest.approx(16e-4)


@pytest.mark.parametrize("seed", range(40))
def test_bounded_step__anything_to_anything__the_chain_accepts_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 13))
    last = to_fixed_point(random_matrix(rng, size, 10 ** rng.uniform(-3, -1)))
    entries, _ = bounded_step(random_matrix(rng, size, 10 ** rng.uniform(-3, -1)), last, FALL, RISE)
    assert accepted(last, entries)
    assert np.linalg.eigvalsh(from_fixed_point(entries)).min() >= -1e-12


def test_bounded_step__again_and_again__reaches_the_estimate() -> None:
    rng = np.random.default_rng(3)
    target = random_matrix(rng, 5, 0.01)
    entries = to_fixed_point(random_matrix(rng, 5, 0.03))
    for _ in range(200):
        entries, held = bounded_step(target, entries, FALL, RISE)
        if not held:
            break
    assert from_fixed_point(entries) == pytest.approx(target, rel=1e-6, abs=1e-16)


def test_bounded_step__another_size__is_refused() -> None:
    with pytest.raises(RiskError, match="a model of 2 assets"):
        bounded_step(np.eye(3) * 1e-4, to_fixed_point(np.eye(2) * 1e-4), FALL, RISE)


def test_bounded_tails__first_model__at_least_what_the_chain_takes() -> None:
    found, held = bounded_tails((1.1, 2.9, 2.2), None, 600)
    assert found == (LEAST_TAILS[0], 29 * SCALE // 10, LEAST_TAILS[2]) and not held


def test_bounded_tails__fall__as_far_as_one_step_and_no_further() -> None:
    last = (16 * SCALE // 10, 3 * SCALE, 3 * SCALE)
    found, held = bounded_tails((1.59, 2.4, 3.1), last, 600)
    assert found == (159 * SCALE // 100, 291 * SCALE // 100, 31 * SCALE // 10) and held


def test_bounded_tails__quantiles_out_of_order__are_put_in_order() -> None:
    found, _ = bounded_tails((2.6, 2.4, 2.5), None, 600)
    assert found == (26 * SCALE // 10,) * 3


def test_bounded_tails__beyond_cantelli__are_refused() -> None:
    with pytest.raises(RiskError, match="no distribution"):
        bounded_tails((1.6, 10.0, 2.9), None, 600)
