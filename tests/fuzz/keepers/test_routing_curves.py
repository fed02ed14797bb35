"""Curves that the solver sees: concave, nowhere below what the venue pays, and inverted by `best`."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.graph import Graph
from keepers.routing.hulls import concave_hull
from keepers.routing.pools import Pool, QuotedPool, quote
from tests.fixtures.routing_markets import pools_of_curve_and_vaults, random_market

SEEDS = st.integers(0, 10**6)
PARTS = st.lists(st.integers(-90, 0), min_size=3, max_size=12)
"""Tenths of decades."""


def curves(seed: int) -> tuple[Graph, np.ndarray, np.ndarray]:
    """A graph, its edges, and an input of each that is about all that it has."""
    graph = Graph(random_market(seed, 6, 6).pools + pools_of_curve_and_vaults(seed))
    every = np.arange(graph.pool.size)
    # A constant product takes anything: ten times its reserve is far enough.
    most = np.where(np.isfinite(graph.limit), graph.limit, 1e30)
    return graph, every, most


@given(SEEDS, PARTS)
def test_curves__any_venue__are_concave_and_rising(seed: int, parts: list[int]) -> None:
    graph, every, most = curves(seed)
    points = np.sort(np.unique(10.0 ** (np.array(parts) / 10)))
    outputs = np.array([graph.curves.output(every, part * most) for part in points])
    slopes = np.array([graph.curves.slope(every, part * most) for part in points])
    assert (np.diff(outputs, axis=0) >= -1e-12 * outputs[1:]).all()
    assert (np.diff(slopes, axis=0) <= 1e-9 * slopes[:-1]).all()
    chords = np.diff(outputs, axis=0) / (np.diff(points)[:, None] * most)
    assert (chords <= slopes[:-1] * (1 + 1e-6) + 1e-9 * outputs[1:] / (points[1:, None] * most)).all()


@given(SEEDS, st.floats(-8, 0))
def test_curves__any_venue__are_nowhere_below_what_the_pool_pays(seed: int, part: float) -> None:
    graph, every, most = curves(seed)
    for edge in every.tolist():
        pool: Pool = graph.pools[graph.pool[edge]]
        amount = max(1, int(min(most[edge], 1e27) * 10.0**part * (1 - 1e-9)))
        try:
            paid = quote(pool, graph.tokens[graph.token_in[edge]], amount)
        except InsufficientLiquidity:
            continue
        assert paid <= float(graph.curves.output(every[edge : edge + 1], np.array([float(amount)]))[0]) * (1 + 1e-9) + 2


@given(SEEDS, st.floats(-6, -0.01), st.floats(-6, -0.01))
def test_curves__best__is_no_worse_than_any_input(seed: int, asked: float, tried: float) -> None:
    graph, every, most = curves(seed)
    price = graph.curves.slope(every, 10.0**asked * most)
    x, y = graph.curves.best(every, price, most)
    other = 10.0**tried * most
    found, rival = y - price * x, graph.curves.output(every, other) - price * other
    assert (found >= rival - 1e-9 * (y + price * x + graph.curves.output(every, other))).all()
    assert (x <= most).all()


@given(SEEDS, st.floats(-3, -0.05))
def test_curves__answer__is_how_the_best_input_falls_with_the_price(seed: int, part: float) -> None:
    graph, every, most = curves(seed)
    smooth = every[: graph.pool.size - graph.curves.families[2].limit.size]
    price = graph.curves.slope(smooth, 10.0**part * most[smooth])
    step = 1e-5
    dearer, cheaper = price * np.exp(step), price * np.exp(-step)
    more, _, before = graph.curves.answer(smooth, cheaper, most[smooth])
    less, _, after = graph.curves.answer(smooth, dearer, most[smooth])
    # A step over a tick has the liquidity of both sides.
    inside = (before > 0) & (after > 0) & (np.abs(before - after) < 1e-4 * before)
    fall = graph.curves.answer(smooth, price, most[smooth])[2]
    assert np.allclose((more - less)[inside] / (2 * step), fall[inside], rtol=1e-3)


@given(SEEDS, st.floats(-6, -0.01), st.floats(-6, 0))
def test_curves__answer__pays_what_its_input_brings(seed: int, asked: float, part: float) -> None:
    graph, every, most = curves(seed)
    price, cap = graph.curves.slope(every, 10.0**asked * most), 10.0**part * most
    x, y, fall = graph.curves.answer(every, price, cap)
    assert np.array_equal(x, graph.curves.best(every, price, cap)[0])
    assert np.allclose(y, graph.curves.output(every, x), rtol=1e-12, atol=0)
    assert (fall[x == cap] == 0).all()


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)), min_size=1, max_size=12))
def test_concave_hull__any_samples__is_the_least_concave_curve_above(steps: list[tuple[int, int]]) -> None:
    points = np.cumsum(np.array(steps, dtype=np.float64), axis=0)
    hull = concave_hull(points)
    whole = np.vstack([[0.0, 0.0], hull])
    slopes = np.diff(whole[:, 1]) / np.diff(whole[:, 0])
    assert (np.diff(slopes) < 0).all()
    assert (np.interp(points[:, 0], whole[:, 0], whole[:, 1]) >= points[:, 1] * (1 - 1e-12)).all()
    assert {tuple(corner) for corner in hull.tolist()} <= {tuple(point) for point in points.tolist()}


@given(st.lists(st.tuples(st.integers(1, 10**20), st.integers(1, 10**20)), min_size=1, max_size=12))
def test_graph__samples_that_are_not_concave__are_cut(steps: list[tuple[int, int]]) -> None:
    totals = [(sum(x for x, _ in steps[: n + 1]), sum(y for _, y in steps[: n + 1])) for n in range(len(steps))]
    graph = Graph((QuotedPool("0xQ", "A", "B", "0xQ", tuple(totals), ()),))
    middle = np.array([float(totals[len(totals) // 2][0])])
    assert graph.curves.output(np.array([0]), middle)[0] >= totals[len(totals) // 2][1] * (1 - 1e-9)
