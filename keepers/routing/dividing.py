"""Divides an order over the markets of a plan, by tangents that touch ever more closely."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize_scalar

from keepers.routing.curves import Floats, Ints
from keepers.routing.network import Network
from keepers.routing.plan_program import PlanProgram
from keepers.routing.program import Flow
from keepers.routing.swaps import Execution

WIDTHS = (0.25, 0.03)
"""How far apart tangents touch, as parts of an input, while plans are compared."""
FINEST = (0.15, 0.05, 0.015, 0.005, 0.0015, 0.0004)
"""The same for the plan that is answered."""
_FEW, _CLOSE = np.array([-1.0, -0.25, 0.0, 0.25, 1.0]), np.array([-2.0, -1.0, -0.4, 0.0, 0.4, 1.0, 2.0])
"""Where they touch, in widths, of a plan on the way and of the one that is answered."""
_NEARBY = 0.3
"""How far from its share a part's best share is looked for, as a part of the smaller one."""
_LOOKS = 30


def divided(
    network: Network,
    cost: Floats,
    plan: Execution,
    widths: Sequence[float],
    least: float = -np.inf,
    late: Callable[[], bool] = lambda: False,
) -> dict[int, float] | None:
    """The best inputs of a plan's edges, all of which are paid for; None if none is worth more than `least`.

    Tangents touch around what the plan's swaps take first, then around what each solution takes.

    Args:
        network: Every arc of the order.
        cost: (arcs,), fixed cost, units of the goal.
        plan: Swaps of whole units.
        widths: How far apart tangents touch in one round after another, as parts of an input.
        least: What a flow has to be worth, net of fixed costs, units of the goal.
        late: Asked after each round; once it is true, the last solution is the answer.
    """
    program = PlanProgram(network, plan)
    spent = float(cost[np.searchsorted(network.edge, program.edges)].sum())
    inputs, found = program.taken, None
    for width in widths:
        program.touch(inputs, 1 + width * (_CLOSE if widths is FINEST else _FEW))
        solved = program.solve()
        if solved is None or solved[0] - spent <= least:
            # Every solution is an upper bound: no division of these edges is worth more.
            break
        found = inputs = solved[1]
        if late():
            break
    if found is None:
        return None
    return {edge: x for edge, x in zip(program.edges.tolist(), found.tolist(), strict=True) if x > 0}


def inputs_in_whole(network: Network, cost: Floats, flow: Flow) -> tuple[Ints, Floats]:
    """Arcs that a flow uses, rising, with the inputs at which they would run if their edges were used in whole.

    There the perspective is touched. Arcs of one edge in several layers share its depth, which is touched at what
    they take together, so that such an arc is there twice.

    Args:
        network: Every arc of the order.
        cost: (arcs,), fixed cost, units of the goal.
        flow: A solution.
    """
    arcs = np.flatnonzero(flow.x > 0)
    edge = network.edge[arcs]
    part = flow.part[np.searchsorted(flow.edges, edge)]
    # Nothing says to what part an edge without a cost is used.
    inputs = flow.x[arcs] / np.where(cost[arcs] > 0, np.clip(part, 1e-9, 1.0), 1.0)
    _, first, place, count = np.unique(edge, return_index=True, return_inverse=True, return_counts=True)
    several = first[count > 1]
    together = np.bincount(place, inputs)[place[several]]
    found, at = np.concatenate([arcs, arcs[several]]), np.concatenate([inputs, together])
    order = np.argsort(found, kind="stable")
    return found[order], at[order]


def share_in_two(plan: Execution, worth: Callable[[dict[int, float]], float]) -> None:
    """Tries shares near those of a plan that divides one token into two parts; other plans are left as they are.

    A curve of a stable pool is a chain of straight lines, whose corners a linear program does not leave: what whole
    units pay knows better. The search is Brent's (1973, "Algorithms for minimization without derivatives", chapter 5).

    Args:
        plan: Swaps of whole units.
        worth: Executes a flow by edge, and says what it is worth.
    """
    parts = [edge for edge, swap in zip(plan.edges, plan.swaps, strict=True) if swap.share < 1]
    if len(parts) != 2 or len(set(plan.edges)) < len(plan.edges):
        return
    flow = {edge: float(swap.amount_in) for edge, swap in zip(plan.edges, plan.swaps, strict=True)}
    whole = flow[parts[0]] + flow[parts[1]]
    share = flow[parts[0]] / whole
    around = _NEARBY * min(share, 1 - share)

    def missed(part: float) -> float:
        return -worth({**flow, parts[0]: part * whole, parts[1]: (1 - part) * whole})

    bounds = share - around, share + around
    minimize_scalar(missed, bounds=bounds, method="bounded", options={"xatol": 1e-12, "maxiter": _LOOKS})
