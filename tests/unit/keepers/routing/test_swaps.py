"""Flows become swaps of whole units."""

import numpy as np
import pytest

from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.graph import Graph
from keepers.routing.pools import Pool, QuotedPool, V2Pool
from keepers.routing.swaps import Execution, execute, merged

E21 = 10**21
AM, MB, AB = V2Pool("0x1", "A", "M", E21, E21), V2Pool("0x2", "M", "B", E21, E21), V2Pool("0x3", "A", "B", E21, E21)


def run(pools: tuple[Pool, ...], amount: int, flow: dict[str, float], hops: int | None = None) -> Execution:
    """Executes a flow given by address and direction: "0x1" sells token0, "-0x1" token1."""
    graph = Graph(pools)
    numbers = {}
    for edge in range(graph.pool.size):
        sign = "" if graph.zero_for_one[edge] else "-"
        numbers[sign + graph.pools[graph.pool[edge]].address] = edge
    edges = {numbers[name]: x for name, x in flow.items()}
    return execute(graph, graph.find("A"), graph.find("B"), amount, edges, hops)


def used(done: Execution) -> list[str]:
    return [swap.pool for swap in done.swaps]


def test_execute__two_ways__divides_as_the_flow_and_spends_the_last_unit() -> None:
    done = run((AM, MB, AB), 10**18 + 1, {"0x1": 1.0, "0x2": 1.0, "0x3": 3.0})
    assert sum(swap.amount_in for swap in done.swaps if swap.token_in == "A") == 10**18 + 1
    assert {swap.pool: round(swap.share, 6) for swap in done.swaps} == {"0x1": 0.25, "0x3": 0.75, "0x2": 1.0}
    assert done.amount_out == sum(swap.amount_out for swap in done.swaps if swap.token_out == "B")


def test_execute__edge_that_leads_nowhere__is_left_out() -> None:
    assert used(run((AM, MB, AB), 10**18, {"0x1": 1.0, "0x3": 1.0})) == ["0x3"]


def test_execute__no_way__is_refused() -> None:
    with pytest.raises(InsufficientLiquidity, match="no way to B"):
        run((AM, MB), 10**18, {"0x1": 1.0})


def test_execute__circle__is_cut() -> None:
    back = V2Pool("0x4", "N", "M", E21, E21)
    there = V2Pool("0x5", "M", "N", E21, E21)
    done = run((AM, MB, back, there), 10**18, {"0x1": 1.0, "0x2": 1.0, "0x5": 0.2, "0x4": 0.2})
    assert sorted(used(done)) == ["0x1", "0x2"]


def test_execute__circle_of_tokens_of_other_decimals__is_cut_where_least_of_the_order_goes() -> None:
    """The way from M to N carries 0.2 of the order in few units; the way back carries a thousandth in many."""
    short = 10**9
    pools = (
        *(AM, MB, V2Pool("0x4", "A", "N", E21, short), V2Pool("0x5", "N", "B", short, E21)),
        *(V2Pool("0x6", "M", "N", E21, short), V2Pool("0x7", "N", "M", short, E21)),
    )
    flow = {"0x1": 5e17, "0x2": 3e17, "0x4": 5e17, "0x5": 7e5, "0x6": 2e17, "0x7": 1e3}
    assert sorted(used(run(pools, 10**18, flow))) == ["0x1", "0x2", "0x4", "0x5", "0x6"]


def test_execute__way_that_is_too_long__is_cut_where_nothing_else_passes() -> None:
    """A tenth takes four hops by way of N; the way of three that it shares stays whole."""
    pools = (
        *(AM, V2Pool("0x4", "M", "K", E21, E21), V2Pool("0x5", "K", "B", E21, E21)),
        *(V2Pool("0x6", "A", "N", E21, E21), V2Pool("0x7", "N", "M", E21, E21)),
    )
    flow = {"0x1": 0.9, "0x6": 0.1, "0x7": 0.1, "0x4": 1.0, "0x5": 1.0}
    assert used(run(pools, 10**18, flow, hops=3)) == ["0x1", "0x4", "0x5"]


def test_execute__pool_that_cannot_take_its_part__gets_less() -> None:
    small = QuotedPool("0x6", "M", "B", "0x6", ((10**17, 10**17),), ())
    done = run((AM, small, AB), 10**18, {"0x1": 1.0, "0x6": 1.0, "0x3": 6.0})
    parts = {swap.pool: swap.amount_in for swap in done.swaps}
    assert 0.9 * 10**17 < parts["0x6"] <= 10**17
    assert parts["0x1"] + parts["0x3"] == 10**18


def test_execute__all_that_is_sold_leads_to_a_full_pool__the_rest_goes_where_it_brings_least() -> None:
    """Both pools lead to the full one: the second pays nothing more for what the first has to get less."""
    last = QuotedPool("0x6", "M", "B", "0x6", ((6 * 10**16, 6 * 10**16),), ())
    empty = V2Pool("0x1", "A", "M", 10**13, 15 * 10**15)
    done = run((V2Pool("0x2", "A", "M", E21, E21), empty, last), 10**18, {"0x1": 9.5e17, "0x2": 5e16, "0x6": 7e16})
    parts = {swap.pool: swap.amount_in for swap in done.swaps}
    assert parts["0x1"] + parts["0x2"] == 10**18
    assert 0.98 * 6 * 10**16 < parts["0x6"] <= 6 * 10**16


def test_execute__largest_part_fills_its_pool__another_takes_what_rounding_leaves() -> None:
    full = QuotedPool("0x6", "A", "B", "0x6", ((9 * 10**17, 9 * 10**17),), ())
    done = run((full, AB), 10**18 + 7, {"0x6": 9e17, "0x3": 1e17})
    assert sorted(used(done)) == ["0x3", "0x6"]
    parts = {swap.pool: swap.amount_in for swap in done.swaps}
    assert parts["0x6"] <= 9 * 10**17 and sum(parts.values()) == 10**18 + 7


def test_execute__longer_ways_than_allowed__are_left_out() -> None:
    pools = (AM, V2Pool("0x7", "M", "N", E21, E21), V2Pool("0x8", "N", "B", E21, E21), MB)
    flow = {"0x1": 1.0, "0x7": 0.4, "0x8": 0.4, "0x2": 0.6}
    assert sorted(used(run(pools, 10**18, flow))) == ["0x1", "0x2", "0x7", "0x8"]
    assert sorted(used(run(pools, 10**18, flow, hops=2))) == ["0x1", "0x2"]


def test_execute__merged_paths_that_are_short_enough__stay() -> None:
    """A-N-B and A-M-N-... merge in N: what came by one hop may go on for two more."""
    pools = (
        AM,
        V2Pool("0x4", "A", "N", E21, E21),
        V2Pool("0x5", "M", "N", E21, E21),
        V2Pool("0x6", "N", "O", E21, E21),
        V2Pool("0x7", "O", "B", E21, E21),
        V2Pool("0x8", "N", "B", E21, E21),
    )
    flow = {"0x1": 1.0, "0x5": 1.0, "0x4": 1.0, "0x6": 0.8, "0x7": 0.8, "0x8": 1.2}
    assert len(run(pools, 10**18, flow, hops=3).swaps) == 6
    assert len(run(pools, 10**18, {**flow, "0x6": 1.8, "0x8": 0.2}, hops=3).swaps) < 6


def test_merged__layers_of_an_edge__are_added() -> None:
    assert merged(np.array([3, 3, 5]), np.array([1.0, 2.0, 0.0])) == {3: 3.0}
