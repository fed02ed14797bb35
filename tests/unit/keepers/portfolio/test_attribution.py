"""Brinson-Fachler effects and their linking."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from keepers.portfolio.attribution import Linking, brinson_fachler, link
from keepers.portfolio.errors import PerformanceError

Array = NDArray[np.float64]


def table(periods: int = 24, segments: int = 5, seed: int = 1) -> tuple[Array, Array, Array, Array]:
    rng = np.random.default_rng(seed)
    weights, market = rng.dirichlet(np.ones(segments), periods), rng.dirichlet(np.ones(segments), periods)
    return weights, market, rng.normal(0.01, 0.05, (periods, segments)), rng.normal(0.01, 0.05, (periods, segments))


def test_brinson_fachler__two_segments__are_the_published_formulas() -> None:
    got = brinson_fachler(
        np.array([[0.7, 0.3]]), np.array([[0.5, 0.5]]), np.array([[0.10, 0.02]]), np.array([[0.08, 0.04]])
    )
    np.testing.assert_allclose(got.allocation, [[0.2 * (0.08 - 0.06), -0.2 * (0.04 - 0.06)]])
    np.testing.assert_allclose(got.selection, [[0.5 * 0.02, -0.5 * 0.02]])
    np.testing.assert_allclose(got.interaction, [[0.2 * 0.02, 0.2 * 0.02]])
    assert got.total == pytest.approx(0.076 - 0.06, abs=1e-15)


def test_brinson_fachler__every_period__sums_to_its_active_return() -> None:
    got = brinson_fachler(*table())
    parts = (got.allocation + got.selection + got.interaction).sum(axis=1)
    np.testing.assert_allclose(parts, np.asarray(got.portfolio) - got.benchmark, atol=1e-12)


@pytest.mark.parametrize("method", ["carino", "menchero"])
@pytest.mark.parametrize("seed", range(5))
def test_link__many_periods__sum_to_the_compounded_active_return(method: Linking, seed: int) -> None:
    effects = brinson_fachler(*table(seed=seed))
    got = link(effects, method)
    active = np.prod(1 + np.asarray(effects.portfolio)) - np.prod(1 + np.asarray(effects.benchmark))
    assert got.total == pytest.approx(active, abs=1e-12)
    assert got.allocation.shape == (5,)


@pytest.mark.parametrize("method", ["carino", "menchero"])
def test_link__one_period__changes_nothing(method: Linking) -> None:
    effects = brinson_fachler(*table(periods=1))
    np.testing.assert_allclose(link(effects, method).allocation, effects.allocation[0], atol=1e-15)


@pytest.mark.parametrize("method", ["carino", "menchero"])
def test_link__portfolio_is_the_benchmark__has_no_effects(method: Linking) -> None:
    weights, _, returns, _ = table()
    got = link(brinson_fachler(weights, weights, returns, returns), method)
    assert got.total == 0


def test_link__methods__differ_in_parts_and_not_in_sums() -> None:
    effects = brinson_fachler(*table())
    first, second = link(effects, "carino"), link(effects, "menchero")
    assert first.total == pytest.approx(second.total, abs=1e-12)
    assert not np.allclose(first.allocation, second.allocation, rtol=1e-6)


def test_brinson_fachler__weights_off_one__are_refused_with_their_period() -> None:
    weights, market, returns, others = table()
    weights[3, 0] += 0.1
    with pytest.raises(PerformanceError, match=r"weights of period 3: sum to 1\.1"):
        brinson_fachler(weights, market, returns, others)


def test_brinson_fachler__shapes_differ__is_refused() -> None:
    weights, market, returns, others = table()
    with pytest.raises(PerformanceError, match="benchmark returns"):
        brinson_fachler(weights, market, returns, others[:3])


def test_link__period_that_loses_everything__is_refused() -> None:
    one = np.array([[1.0]])
    with pytest.raises(PerformanceError, match="loses everything"):
        link(brinson_fachler(one, one, np.array([[-1.0]]), one * 0.1))


def test_link__unknown_method__is_refused() -> None:
    with pytest.raises(PerformanceError, match="choose carino or menchero"):
        link(brinson_fachler(*table()), "smoothing")
