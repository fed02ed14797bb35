"""Routes an exact input over all markets, and proves how good the route is."""

from __future__ import annotations

from collections.abc import Mapping

from keepers.routing.errors import RoutingError
from keepers.routing.graph import Graph
from keepers.routing.plans import Effort, Order, RoutePlan
from keepers.routing.search import Search


def find_route(
    graph: Graph, order: Order, costs: Mapping[str, int] | int = 0, effort: Effort | None = None
) -> RoutePlan:
    """The best plan that is found for an order, with an upper bound of every plan.

    First the best single paths at trade size are tried. Then the convex flow problem is solved on the arcs that can
    matter, arcs that earn at its prices are added until none does, and the prices give the bound. Where fixed costs
    keep plan and bound apart, pools whose use cannot reach the plan are ruled out by the bound, and a search branches
    on the fixed costs of what is left.

    Args:
        graph: All markets at one block.
        order: Order to route.
        costs: Fixed cost of using a pool, smallest units of the output, for all or by address (zero where missing).
        effort: How far to go.

    Raises:
        InsufficientLiquidity: If no path connects the tokens, or none takes the amount.
        RoutingError: If a token is unknown or a cost is negative.
    """
    return Search(graph, order, cost_of_pools(graph, costs), effort or Effort()).run()


def cost_of_pools(graph: Graph, costs: Mapping[str, int] | int) -> list[int]:
    """Fixed cost of every pool of a graph.

    Raises:
        RoutingError: If one is negative.
    """
    if isinstance(costs, int):
        of_pools = [costs] * len(graph.pools)
    else:
        of_pools = [costs.get(pool.address, 0) for pool in graph.pools]
    if min(of_pools, default=0) < 0:
        raise RoutingError(f"cost {min(of_pools)}", "below zero", "give smallest units of the output")
    return of_pools
