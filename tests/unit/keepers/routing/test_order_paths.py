"""Paths of an order: from a plan's swaps, and beside the greedy split."""

from __future__ import annotations

import pytest

from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.graph import Graph
from keepers.routing.order_paths import best_paths, paths_of, run_paths, settled
from keepers.routing.plans import Order
from keepers.routing.pools import Pool, QuotedPool, V2Pool
from keepers.routing.split import Hop, PlannedPath, best_split
from keepers.routing.weighted import WeightedPool
from tests.fixtures.routing_markets import patient_route

E18 = 10**18


def pool(address: str, one: str, other: str, depth: int = 1000) -> V2Pool:
    return V2Pool(address, one, other, depth * E18, depth * E18)


SHARED = (pool("0x1", "A", "M"), pool("0x2", "A", "M"), pool("0x3", "M", "B"), pool("0x4", "M", "B"))
CHAIN = (pool("0x1", "A", "M"), pool("0x2", "M", "N"), pool("0x3", "N", "B"))


def by_address(pools: tuple[Pool, ...]) -> dict[str, Pool]:
    return {one.address: one for one in pools}


def test_paths_of__two_pools_before_and_after__whole_amounts_that_sum() -> None:
    plan = patient_route(Graph(SHARED), Order("A", "B", 100 * E18 + 1))
    paths = paths_of(plan, by_address(SHARED))
    assert sum(path.amount_in for path in paths) == 100 * E18 + 1
    assert len(paths) <= len(plan.swaps) and all(len(path.hops) == 2 for path in paths)
    for hop in range(2):
        through: dict[str, int] = {}
        for path in paths:
            through[path.hops[hop].pool] = through.get(path.hops[hop].pool, 0) + path.amount_in
        assert all(amount == pytest.approx(50 * E18, rel=0.02) for amount in through.values())


def test_run_paths__a_shared_pool__counts_its_depth_once() -> None:
    market = by_address(SHARED)
    halves = tuple(PlannedPath(50 * E18, (Hop(first, True), Hop("0x3", True))) for first in ("0x1", "0x2"))
    alone = run_paths(by_address(SHARED), "A", halves[:1])
    assert run_paths(market, "A", halves) < 2 * alone
    assert market["0x3"] != SHARED[2] and market["0x4"] == SHARED[3]


def test_run_paths__a_quoted_market_twice__takes_nothing_the_second_time() -> None:
    quoted = QuotedPool("0x9", "A", "B", "0x9", ((E18, E18),), ())
    path = PlannedPath(E18 // 2, (Hop("0x9", True),))
    with pytest.raises(InsufficientLiquidity):
        run_paths({"0x9": quoted}, "A", (path, path))


def test_run_paths__nothing_comes_out__refused() -> None:
    tiny = V2Pool("0x1", "A", "B", 10**24, 10**6)
    with pytest.raises(InsufficientLiquidity, match="pays nothing"):
        run_paths({"0x1": tiny}, "A", (PlannedPath(1, (Hop("0x1", True),)),))


def weighted(address: str, one: str, other: str, depth: int) -> WeightedPool:
    """A pool that takes 30% of its balance at most."""
    return WeightedPool(address, one, other, address, depth * E18, depth * E18, E18 // 2, E18 // 2, 10**15)


def test_settled__paths_that_share_a_pool__pay_what_the_plan_pays_but_for_rounding() -> None:
    pools = (pool("0x1", "A", "M"), pool("0x2", "M", "B"), weighted("0x3", "M", "B", 1000), pool("0x4", "A", "B", 300))
    plan = patient_route(Graph(pools), Order("A", "B", 400 * E18))
    paths, out = settled(by_address(pools), "A", paths_of(plan, by_address(pools)))
    assert sum(path.amount_in for path in paths) == 400 * E18
    assert out == run_paths(by_address(pools), "A", paths)
    assert out >= plan.amount_out * (1 - 1e-4)


def test_settled__pool_that_refuses_its_part__gives_some_of_it_to_another_path() -> None:
    pools = (pool("0x1", "A", "B"), weighted("0x2", "A", "B", 100))
    asked = (PlannedPath(40 * E18, (Hop("0x2", True),)), PlannedPath(60 * E18, (Hop("0x1", True),)))
    with pytest.raises(InsufficientLiquidity):
        run_paths(by_address(pools), "A", asked)
    paths, out = settled(by_address(pools), "A", asked)
    assert sum(path.amount_in for path in paths) == 100 * E18 and out == run_paths(by_address(pools), "A", paths)
    assert 25 * E18 < paths[0].amount_in <= 30 * E18 * 1001 // 1000


def test_settled__only_path_is_refused__says_so() -> None:
    with pytest.raises(InsufficientLiquidity, match="is refused along the paths"):
        settled({"0x2": weighted("0x2", "A", "B", 100)}, "A", (PlannedPath(40 * E18, (Hop("0x2", True),)),))


def test_best_paths__shared_pools__pay_more_than_the_greedy_split() -> None:
    deep = (*SHARED[:2], pool("0x3", "M", "B", 5000))
    found = best_paths(deep, "A", "B", 300 * E18, via=("M",))
    greedy = best_split(deep, "A", "B", 300 * E18, via=("M",))
    assert found.amount_out > greedy.amount_out
    assert found.amount_out == run_paths(by_address(deep), "A", found.paths)
    assert sum(path.amount_in for path in found.paths) == found.amount_in == 300 * E18


def test_best_paths__only_three_hops__are_found() -> None:
    with pytest.raises(InsufficientLiquidity):
        best_split(CHAIN, "A", "B", E18, via=("M", "N"))
    (path,) = best_paths(CHAIN, "A", "B", E18, via=("M", "N")).paths
    assert [hop.pool for hop in path.hops] == ["0x1", "0x2", "0x3"]


def test_best_paths__a_token_that_is_not_named__is_not_gone_through() -> None:
    with pytest.raises(InsufficientLiquidity):
        best_paths(CHAIN, "A", "B", E18, via=("M",))


def test_best_paths__more_paths_than_allowed__the_largest_take_the_rest() -> None:
    before = (pool(f"0x{number}", "A", "M", 100 * number) for number in range(1, 8))
    many = (*before, pool("0x9", "M", "B", 9000))
    found = best_paths(many, "A", "B", 700 * E18 + 3, via=("M",), max_paths=3)
    assert len(found.paths) == 3 and sum(path.amount_in for path in found.paths) == 700 * E18 + 3
    assert {path.hops[0].pool for path in found.paths} == {"0x5", "0x6", "0x7"}


def test_best_paths__paths_cost_more_than_they_bring__one_path() -> None:
    found = best_paths(SHARED, "A", "B", E18, via=("M",), path_cost=E18)
    assert len(found.paths) == 1


def test_best_paths__more_than_the_router_takes__only_the_pools_refuse() -> None:
    with pytest.raises(InsufficientLiquidity, match="1 routes cannot take it"):
        best_paths((pool("0x1", "A", "B"),), "A", "B", 2**128)
