"""Tests what a plan is better without, and where its relaxation goes on after it has grown."""

import numpy as np

from keepers.routing.graph import Graph
from keepers.routing.network import network_of
from keepers.routing.paths import largest_paths
from keepers.routing.plans import Effort, Order
from keepers.routing.pools import V2Pool
from keepers.routing.program import Program
from keepers.routing.refining import against, losses
from keepers.routing.router import find_route
from keepers.routing.swaps import Execution, execute

E21 = 10**21
AB, AM, MB = V2Pool("0x1", "A", "B", E21, E21), V2Pool("0x2", "A", "M", E21, E21), V2Pool("0x3", "M", "B", E21, E21)
SMALL = V2Pool("0x4", "A", "B", E21 // 1000, E21 // 1000)
POOLS = (AB, AM, MB, SMALL)
GRAPH = Graph(POOLS)


def edge(address: str, first: bool = True) -> int:
    return GRAPH.edge_of[(address, first)]


def executed(flow: dict[str, float], amount: int = 10**20) -> Execution:
    inputs = {edge(address): x for address, x in flow.items()}
    return execute(GRAPH, GRAPH.find("A"), GRAPH.find("B"), amount, inputs)


def test_losses__part_that_earns_less_than_its_gas__is_named_with_what_it_loses() -> None:
    plan = executed({"0x1": 999.0, "0x4": 1.0})
    assert set(losses(GRAPH, plan, [10**17, 10**17, 10**17, 10**17])) == {edge("0x4")}


def test_losses__all_parts_earn_their_gas__are_none() -> None:
    plan = executed({"0x1": 2.0, "0x2": 1.0, "0x3": 1.0})
    assert losses(GRAPH, plan, [1, 1, 1, 1]) == {}


def test_losses__part_that_is_not_divided__is_not_named() -> None:
    plan = executed({"0x1": 1.0})
    assert losses(GRAPH, plan, [10**25] * 4) == {}


def test_losses__way_earns_the_gas_of_one_of_its_two_markets__is_named() -> None:
    plan, gas = executed({"0x1": 99.0, "0x2": 1.0, "0x3": 1.0}), 10**17
    earned = plan.amount_out - executed({"0x1": 1.0}).amount_out
    assert gas < earned < 2 * gas
    found = losses(GRAPH, plan, [gas] * 4)
    assert set(found) == {edge("0x2")} and 0 < found[edge("0x2")] < gas


def test_against__edge_back_in_the_order_of_tokens__is_found() -> None:
    plan = executed({"0x2": 1.0, "0x3": 1.0})
    every = range(GRAPH.pool.size)
    assert edge("0x2", first=False) in against(GRAPH, plan, every)
    assert edge("0x1") not in against(GRAPH, plan, every)


def test_largest_paths__two_numbers_of_hops__have_one_path_each() -> None:
    network = network_of(GRAPH, Order("A", "B", 10**20))
    found = [network.edge[path].tolist() for path in largest_paths(network)]
    assert found == [[edge("0x1")], [edge("0x2"), edge("0x3")]]


def test_resume__grown_program__has_the_optimum_of_one_from_scratch() -> None:
    network = network_of(GRAPH, Order("A", "B", 10**20))
    cost = np.full(network.edge.size, 1e15)
    few = Program(network, np.flatnonzero(network.edge == edge("0x1")), cost)
    assert few.relax() is not None
    every = np.arange(network.edge.size)
    grown, scratch = Program(network, every, cost), Program(network, every, cost)
    grown.resume(few)
    one, other = grown.relax(), scratch.relax()
    assert one is not None and other is not None
    assert abs(one.value - other.value) <= 1e-8 * other.value


def test_find_route__one_path_brings_more_before_gas_than_any_other__is_no_worse_than_it() -> None:
    network = network_of(GRAPH, Order("A", "B", 10**20))
    costs = 10**25
    plan = find_route(GRAPH, Order("A", "B", 10**20), costs, Effort(seconds=1.0))
    paths = [dict.fromkeys(network.edge[path].tolist(), 1.0) for path in largest_paths(network)]
    done = [execute(GRAPH, GRAPH.find("A"), GRAPH.find("B"), 10**20, flow) for flow in paths]
    assert plan.amount_out_net_gas >= max(one.amount_out - costs * len(one.swaps) for one in done)
