"""The search for a plan and for a bound that nearly meets it."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from keepers.routing.any_path import bound_of_any_path
from keepers.routing.certificate import Bound, bound_at, tightened
from keepers.routing.curves import Bools, Floats, Ints
from keepers.routing.deadline import Deadline
from keepers.routing.deciding import Decision, Edges, decisions, tangled
from keepers.routing.dividing import FINEST, WIDTHS, divided, inputs_in_whole, share_in_two
from keepers.routing.errors import InsufficientLiquidity, RoutingError, beyond_depth
from keepers.routing.graph import Graph
from keepers.routing.network import Network, network_of
from keepers.routing.paths import first_paths, largest_paths
from keepers.routing.plans import BPS, Effort, Order, RoutePlan
from keepers.routing.program import Flow, Program
from keepers.routing.refining import against, losses
from keepers.routing.swaps import Execution, execute, merged
from keepers.routing.tangents import Tangents

Executor = Callable[[dict[int, float]], Execution]
"""Swaps of whole units that follow a flow by edge; it raises InsufficientLiquidity where there are none."""
_AROUND = np.array([0.8, 0.93, 1.0, 1.07, 1.25])
"""Where new tangents touch, as parts of an input that the program chose."""
_ROUNDS = 12
_POLISH = 3
_PRUNINGS = 24
_IN_VAIN = 3
"""Parts that are left out in vain, one after another, after which larger ones wait for the end of the search."""
_SHEDDINGS = 3
_LOSING = 0.3
"""Part of its gas that a market loses, beyond which it is left out together with others."""
_DIVES, _UNTANGLINGS = 16, 6
_LEANING = 0.15, 0.7
"""Part of a fixed cost below which a dive leaves an edge out, and above which it pays for it."""
_TIGHTENINGS, _TIGHTER = 3, 0.8
"""How often caps are lowered at most, and the part of a gap that has to be left at most for the next time."""
_NEW_ARCS = 60
_SINGLES, _MANY = 4, 80
_STRAIGHTENINGS = 3
_WORTHWHILE = 1e-5
"""Part of the tolerance by which a flow has to be worth more than the best plan to become one."""
_EXCHANGING = 0.1
"""Gap, in tolerances, down to which other pairs of a source are tried."""
_EARNING = 0.01
"""Gain of a market at the bound's prices, in tolerances, from which on a tangent says what it gains."""
_TOO_HIGH = 1e-4
"""How much an output is too high where a tangent is worth its row, in tolerances."""
_STRAYING = 3.0
"""Gap between a relaxation and the bound, in tolerances, from which on every tangent counts."""
_NEAR = 3.0
"""Gap between a relaxation and the bound, in tolerances, from which on its flow is worth a plan."""


@dataclass(frozen=True)
class _Node:
    """Plans that pay for some edges and do without some others.

    Attributes:
        value: Upper bound of them.
        used, unused: Edges.
        open: Decisions of which each of them keeps to one; empty if the relaxation decided about all.
    """

    value: float
    used: Edges
    unused: Edges
    open: Sequence[Decision]


def _selling(graph: Graph, order: Order) -> Executor:
    start, goal = graph.find(order.token_in), graph.find(order.token_out)
    return lambda flow: execute(graph, start, goal, order.amount_in, flow, order.max_hops)


class Search:
    """One order on its way to a plan.

    Args:
        graph: All markets.
        order: The order.
        pool_costs: Fixed cost of every pool, smallest units of the output.
        effort: How far to go.
        executor: Turns a flow into swaps; None for those that sell the order's input.
        known: Plans to begin with; the one that is found is worth at least as much as each.
    """

    def __init__(
        self,
        graph: Graph,
        order: Order,
        pool_costs: Sequence[int],
        effort: Effort,
        executor: Executor | None = None,
        known: Sequence[Execution] = (),
    ) -> None:
        self._deadline = Deadline(effort)
        self._graph, self._order, self._effort = graph, order, effort
        self._pool_costs = pool_costs
        self._executor: Executor = executor or _selling(graph, order)
        self._in_order = executor is None
        self._known = known
        self._net: Network = network_of(graph, order)
        self._cost: Floats = np.array(pool_costs, dtype=np.float64)[graph.pool[self._net.edge]]
        self._alive: Bools = np.ones(self._net.edge.size, dtype=np.bool_)
        self._best: Execution | None = None
        self._bound = np.inf
        # Plans that use what was ruled out are worth at most this.
        self._ruled = -np.inf
        self._coupled = False
        self._tangents = Tangents(self._net)
        # Plans from which a part was left out in vain, and whose division was refined in vain.
        self._pruned: tuple[Execution, int] | None = None
        self._polished: tuple[Execution, Sequence[float]] | None = None

    def run(self) -> RoutePlan:
        """The whole search."""
        paths = self._singles()
        single = None if self._best is None else self._value(self._best)
        bound = self._relax(self._promising(paths))
        self._straighten(self._best)
        self._dive()
        for _ in range(_TIGHTENINGS):
            if self._done() or bound is None or self._best is None:
                break
            before = self._gap()
            bound = self._tighten(bound)
            self._dive()
            if self._in_order and self._gap() > _TIGHTER * before:
                break
        self._finish()
        if not self._done():
            self._decide(bound)
            self._finish()
        self._bound_any_path()
        if self._best is None:
            trade = f"{self._order.amount_in} of {self._order.token_in} for {self._order.token_out}"
            if self._effort.cancelled():
                raise RoutingError(trade, "was cancelled before there was a plan", "let it go on")
            raise beyond_depth(trade, self._graph.leg_impact_bps is not None)
        return RoutePlan(
            swaps=self._best.swaps,
            amount_in=self._order.amount_in,
            amount_out=self._best.amount_out,
            gas_cost=self._gas(self._best),
            bound=max(math.ceil(self._bound), self._value(self._best)),
            single_out_net_gas=single,
            solve_time_ms=1000 * self._deadline.spent,
        )

    def _finish(self) -> None:
        """Makes the best of the best plan."""
        self._prune(_PRUNINGS)
        self._polish()
        self._complete()
        self._improve()
        self._exchange()
        self._polish(FINEST)
        self._share_out()

    def _singles(self) -> list[Ints]:
        """Paths worth a look; the best of them that execute become the first plan."""
        for plan in self._known:
            self._keep(plan)
        paths = first_paths(self._net, self._cost)
        whole = dict.fromkeys(tuple(self._net.edge[path].tolist()) for path in paths[:_SINGLES])
        whole.update(dict.fromkeys(tuple(self._net.edge[path].tolist()) for path in largest_paths(self._net)))
        for edges in whole:
            self._try(dict.fromkeys(edges, 1.0))
        if self._best is not None and self._value(self._best) < 0:
            # Gas is all that counts here, and whole units are most of the rest.
            for path in first_paths(self._net, self._cost, _MANY):
                self._try(dict.fromkeys(self._net.edge[path].tolist(), 1.0))
        return paths

    def _promising(self, paths: list[Ints]) -> Ints:
        """Arcs of the paths, and those that would earn if the input were worth what the best path pays for it.

        Where no path alone takes the order, the input counts as worth nothing, and the arcs that earn most are taken.
        """
        arcs = np.concatenate([*paths, np.empty(0, dtype=np.int64)])
        price, known = np.zeros(self._net.nodes), np.zeros(self._net.nodes, dtype=np.bool_)
        known[self._net.start] = True
        if self._best is not None:
            price[self._net.start] = self._value(self._best) / self._net.amount
        bound = bound_at(self._net, price, known, self._cost, self._alive)
        self._bound = bound.value
        ranked = np.argsort(-bound.excess)[:_NEW_ARCS]
        least = -np.inf if self._best is None else -self._tolerance()
        chosen = ranked[bound.excess[ranked] > least].tolist()
        found = [one for arc in chosen for one in self._path_through(arc, bound)]
        result: Ints = np.unique(np.concatenate([arcs, np.array(found, dtype=np.int64)]))
        return result

    def _relax(self, arcs: Ints) -> Bound | None:
        """Adds arcs to the program until none that is left out earns; returns the last bound."""
        bound: Bound | None = None
        self._load(arcs)
        last, untried = np.inf, None
        for _ in range(_ROUNDS):
            flow = None if self._effort.cancelled() else self._program.relax()
            if flow is None:
                break
            bound = bound_at(self._net, flow.price, flow.known, flow.cost, self._alive)
            self._lower(bound.value)
            untried = flow
            if self._best is None or self._bound - flow.value < _NEAR * self._tolerance():
                self._adopt(flow)
                untried = None
            self._refine(flow, bound)
            if self._done() or not (self._extend(bound) or flow.value < last - 0.1 * self._tolerance()):
                break
            last = flow.value
        if untried is not None:
            self._adopt(untried)
        return bound

    def _adopt(self, flow: Flow) -> None:
        """Executes a relaxation's flow, and makes a better plan of what comes out."""
        flow = self._untangled(flow)
        sent = merged(self._net.edge, flow.x)
        done = self._try(sent)
        if done is not None and len(done.edges) < len(sent) and flow.value - self._value(done) > self._tolerance() / 5:
            # Something was cut: the rest is divided anew without it.
            used, unused = self._program.fixed
            against = set(self._against(done))
            self._program.fix(used - against, unused | against)
            again = self._program.relax()
            if again is not None:
                done = self._try(merged(self._net.edge, again.x))
            self._program.fix(used, unused)
        near = self._threshold() - 2 * self._tolerance()
        if done is not None and done is not self._best and self._value(done) > near:
            done = self._polish(plan=done)
        self._shed(done)
        self._prune()
        self._polish()

    def _untangled(self, flow: Flow) -> Flow:
        """The program's solution without what keeps a flow from being a plan."""
        used, unused = self._program.fixed
        found, out = flow, set(unused)
        for _ in range(_UNTANGLINGS):
            more = tangled(self._net, found, self._in_order) - used
            if not more:
                break
            out |= more
            self._program.fix(used, out)
            if (again := self._program.relax()) is None:
                break
            found = again
        self._program.fix(used, unused)
        return found

    def _adopt_better(self, flow: Flow | None) -> None:
        """Adopts a flow that may become a better plan: what it is worth bounds that plan."""
        if flow is None or self._best is None:
            return
        if flow.value > self._value(self._best) + _WORTHWHILE * self._tolerance():
            self._adopt(flow)

    def _polish(self, widths: Sequence[float] = WIDTHS, plan: Execution | None = None) -> Execution | None:
        """Divides a plan's flow over its own edges ever more finely; without one the best plan's."""
        plan = plan or self._best
        if plan is None or len(set(plan.edges)) < 2 or all(swap.share == 1 for swap in plan.swaps) or self._late():
            return plan
        if self._polished is not None and plan is self._polished[0] and widths == self._polished[1]:
            return plan
        self._polished = plan, widths
        least = -np.inf if self._best is None else self._value(self._best) + _WORTHWHILE * self._tolerance()
        flow = divided(self._net, self._cost, plan, widths, least, self._late)
        return plan if flow is None else self._try(flow) or plan

    def _share_out(self) -> None:
        """Where the best plan divides one token into two parts, finds their shares by what the contracts pay."""
        plan = self._best
        if plan is None or self._late():
            return

        def worth(flow: dict[int, float]) -> float:
            done = self._try(flow)
            return float(-self._gas(plan) if done is None else self._value(done))

        share_in_two(plan, worth)

    def _prune(self, in_vain: int = _IN_VAIN) -> None:
        """Leaves out parts of the best plan whose gas is more than what they bring, the worst first.

        Outputs are concave, so that a part which earns its gas at the plan's prices is missed by more than its gas.
        """
        if self._best is None or self._pruned == (self._best, in_vain) or not self._gas(self._best):
            return
        tried, begun, failed = set[int](), self._best, 0
        for _ in range(_PRUNINGS):
            loss = {
                edge: lost
                for edge, lost in losses(self._graph, self._best, self._pool_costs).items()
                if edge not in tried
            }
            if not loss or failed == in_vain or self._late():
                self._pruned = self._best, in_vain
                return
            edge = max(loss, key=lambda one: loss[one])
            tried.add(edge)
            before = self._best
            self._try_without(self._best, [edge])
            failed = failed + 1 if self._best is before else 0
        if self._best is begun:
            self._pruned = begun, in_vain

    def _shed(self, plan: Execution | None) -> None:
        """Leaves out all at once what does not earn its gas in a plan, whether or not the plan is the best."""
        for _ in range(_SHEDDINGS):
            losing = {} if plan is None else losses(self._graph, plan, self._pool_costs)
            edges = [edge for edge, lost in losing.items() if lost > _LOSING * self._gas_of(edge)]
            if plan is None or not edges or self._late():
                return
            plan = self._try_without(plan, edges)

    def _try_without(self, plan: Execution, edges: Sequence[int]) -> Execution | None:
        swaps = zip(plan.edges, plan.swaps, strict=True)
        return self._try({edge: float(swap.amount_in) for edge, swap in swaps if edge not in edges})

    def _improve(self) -> None:
        """Tries to add to the best plan what would pay for itself beside it, and to leave out what does not."""
        if self._best is None or self._late() or self._gap() < 0.01 * self._tolerance():
            return
        self._program.fix(self._best.edges, self._against(self._best))
        self._adopt_better(self._program.relax())
        self._program.fix((), ())

    def _exchange(self) -> None:
        """Tries other pairs of a source in place of the one that the best plan uses, one source after another."""
        if self._best is None:
            return
        of_program = np.unique(self._net.edge[self._arcs])
        source = self._graph.source
        for edge in self._best.edges:
            pairs = set(of_program[source[of_program] == source[edge]].tolist())
            if edge not in self._best.edges or len(pairs) < 2:
                continue
            if self._late() or self._gap() < _EXCHANGING * self._tolerance():
                break
            unused = {edge, *self._against(self._best)} - (pairs - {edge})
            self._program.fix(set(self._best.edges) - {edge}, unused)
            self._adopt_better(self._program.relax())
        self._program.fix((), ())

    def _straighten(self, plan: Execution | None) -> None:
        """Solves the program anew without what a plan's order of tokens, and its pairs of sources, rule out.

        A relaxation may sell a token for another and the other for the first, or pass two pairs of one source; a plan
        that does not loses what was cut. Where the program is told so first, it divides the order accordingly.
        """
        for _ in range(_STRAIGHTENINGS):
            if plan is None or self._done():
                break
            before = self._best
            self._program.fix((), self._against(plan))
            flow = self._program.relax()
            if flow is not None:
                self._refine(flow)
                self._adopt(flow)
            if self._best is before:
                break
            plan = self._best
        self._program.fix((), ())

    def _against(self, plan: Execution) -> list[int]:
        return against(self._graph, plan, np.unique(self._net.edge[self._arcs]).tolist())

    def _bound_any_path(self) -> None:
        """Where plan and bound are apart, lowers the bound to what paths of any length can bring before gas."""
        if not self._done():
            self._bound = min(self._bound, bound_of_any_path(self._graph, self._order, self._late))

    def _lower(self, value: float) -> None:
        """Takes a bound of the plans that are not ruled out; the others are worth at most what was ruled."""
        self._bound = min(self._bound, max(value, self._ruled))

    def _dive(self) -> None:
        """Decides about fixed costs a few at a time as the relaxation leans, in the best plan's order of tokens."""
        if self._best is None or self._done():
            return
        used, unused = set[int](), set[int]() if self._in_order else set(self._against(self._best))
        flow: Flow | None = None
        for _ in range(_DIVES):
            self._program.fix(used, unused)
            found = self._program.relax()
            if found is None:
                break
            flow = found
            self._refine(flow)
            if out := tangled(self._net, flow, self._in_order) - used:
                unused |= out
                continue
            partly = (flow.part > 1e-6) & (self._cost_of(flow.edges) > 0) & ~np.isin(flow.edges, list(used))
            if not (partly & (flow.part < 1 - 1e-6)).any():
                break
            least, most = _LEANING
            whole = partly & (flow.part > min(most, float(flow.part[partly].max())) - 1e-9)
            used |= set(flow.edges[whole].tolist())
            unused |= set(flow.edges[partly & ~whole & (flow.part < least)].tolist())
        self._program.fix((), ())
        if flow is not None:
            self._adopt(flow)

    def _load(self, arcs: Ints) -> None:
        """Makes the program of some arcs, with the tangents that earlier ones had."""
        self._arcs, self._program = arcs, Program(self._net, arcs, self._cost, self._coupled)
        self._tangents.load(self._program)

    def _extend(self, bound: Bound) -> bool:
        """Adds arcs that earn at the bound's prices, with ways to them and on; returns whether there were any."""
        outside = bound.excess.copy()
        outside[self._arcs] = -np.inf
        ranked = np.argsort(-outside)[:_NEW_ARCS]
        earning = ranked[outside[ranked] > 0.01 * self._tolerance()].tolist()
        found = [one for arc in earning for one in self._path_through(arc, bound)]
        extra = np.setdiff1d(np.array(found, dtype=np.int64), self._arcs)
        if not extra.size:
            return False
        self._grow(extra)
        return True

    def _grow(self, extra: Ints) -> None:
        """Adds arcs to the program, which goes on where it was."""
        before = self._program
        self._load(np.union1d(self._arcs, extra))
        self._program.resume(before)

    def _complete(self) -> None:
        """Adds the arcs of every layer of edges that the plan uses, or a relaxation used last.

        A relaxation may pay for an edge after one hop and for the next after two; the plan that is cut from it needs
        both after one.
        """
        if self._best is None or self._late() or not self._tangents.arcs.size:
            return
        edges = np.union1d(self._best.edges, self._net.edge[self._tangents.arcs])
        extra = np.setdiff1d(np.flatnonzero(np.isin(self._net.edge, edges) & self._alive), self._arcs)
        if extra.size:
            self._grow(extra)

    def _tighten(self, bound: Bound) -> Bound | None:
        """Rules out sources and lowers caps by the bound, and relaxes again."""
        self._ruled = max(self._ruled, self._threshold())
        self._alive &= bound.forced > self._ruled
        caps = tightened(self._net, bound, self._alive, self._ruled)
        self._net, self._coupled = self._net.with_caps(caps), True
        self._tangents.forget()
        return self._relax(self._arcs[self._alive[self._arcs]])

    def _decide(self, bound: Bound | None) -> None:
        """Rules out edges by the bound, then branches on circles and fixed costs of the others, best bound first."""
        if bound is None or self._best is None:
            return
        ruled = self._ruled = max(self._ruled, self._threshold())
        self._alive &= bound.forced > ruled
        self._load(self._arcs[self._alive[self._arcs]])
        root = self._branch(frozenset(), frozenset(), self._bound)
        heap, count = [(-root.value, 0, root)], 0
        self._lower(root.value)
        while heap and -heap[0][0] > ruled and not self._done():
            node = heapq.heappop(heap)[2]
            decided = node.open or [(frozenset(), frozenset())]
            # No plan pays for an edge and does without it.
            chosen = [(node.used | paid, node.unused | out) for paid, out in decided]
            children = [self._branch(used, unused, node.value) for used, unused in chosen if not used & unused]
            if not node.open and not children[0].open and children[0].value > node.value - 0.05 * self._tolerance():
                break  # All is decided about, and more tangents do not help.
            for child in children:
                count += 1
                heapq.heappush(heap, (-child.value, count, child))
            self._lower(-heap[0][0] if heap else -np.inf)

    def _branch(self, used: Edges, unused: Edges, value: float) -> _Node:
        """Bounds the plans that pay for some edges and do without some others."""
        net = self._net
        paid = np.isin(net.edge, list(used))
        alive = self._alive & ~np.isin(net.edge, list(unused))
        taken = np.isin(net.graph.source[net.edge], [net.graph.source[edge] for edge in used])
        alive &= paid | ~taken
        _, first = np.unique(net.edge[paid], return_index=True)
        undecided: list[Decision] = []
        last = np.inf
        for _ in range(_POLISH):
            self._program.fix(used, unused)
            flow = self._program.relax()
            if flow is None:
                break
            done = self._try(merged(net.edge, flow.x))
            # A market that is decided on is paid for once, and earns the maximum that it can.
            cost, spent = np.where(paid, 0.0, flow.cost), float(flow.cost[paid][first].sum())
            enough = flow.value + spent + 0.1 * self._tolerance()
            bound = bound_at(net, flow.rejecting(net.start), flow.known, cost, alive, enough)
            value = min(value, bound.value - spent)
            undecided = decisions(net, flow, self._cost_of(flow.edges), used, self._in_order)
            if value <= self._threshold():
                break
            self._refine(flow, bound)
            if not undecided:
                self._straighten(done)
            settled = bool(undecided) or flow.value > last - 0.1 * self._tolerance()
            if not self._extend(bound) and settled:
                break
            last = flow.value
        return _Node(value, used, unused, undecided)

    def _gap(self) -> float:
        """Distance of the bound from the best plan, units of the goal."""
        return np.inf if self._best is None else self._bound - self._value(self._best)

    def _threshold(self) -> float:
        """Bound that is good enough."""
        return -np.inf if self._best is None else self._value(self._best) + 0.8 * self._tolerance()

    def _cost_of(self, edges: Ints) -> Floats:
        costs: Floats = np.array(self._pool_costs, dtype=np.float64)[self._graph.pool[edges]]
        return costs

    def _refine(self, flow: Flow, bound: Bound | None = None) -> None:
        """Tangents around the inputs that a program chose, and where its markets earn most at the bound's prices.

        Where several prices fit a flow, those of the program may be far from the best ones: tangents at what the
        markets would do at them rule them out (Kelley 1960, "The cutting-plane method for solving convex programs").
        """
        used, inputs = inputs_in_whole(self._net, self._cost, flow)
        arcs = np.repeat(used, _AROUND.size)
        at = np.minimum(np.outer(inputs, _AROUND).ravel(), self._net.graph.limit[self._net.edge[arcs]])
        if bound is not None:
            x, _, gain = self._net.value(self._arcs, bound.price, self._net.caps[self._arcs])
            earning = gain > _EARNING * self._tolerance()
            arcs, at = np.concatenate([arcs, self._arcs[earning]]), np.concatenate([at, x[earning]])
            order = np.argsort(arcs, kind="stable")
            arcs, at = arcs[order], at[order]
        # Where the bound is far above its program, prices have to change, and every tangent counts; markets of constant
        # price, as a basket has them, leave so many prices open that this shows too late.
        settled = bound is None or min(bound.value, self._bound) - flow.value < _STRAYING * self._tolerance()
        settled &= self._in_order
        self._tangents.add(self._program, flow, (arcs, at), _TOO_HIGH * self._tolerance() if settled else 0.0)

    def _path_through(self, arc: int, bound: Bound) -> list[int]:
        """The cheapest arcs to an arc, itself, and the arcs that pay most after it."""
        path, node = [arc], int(self._net.tail[arc])
        while node != self._net.start and bound.origin[node] >= 0:
            path.append(int(bound.origin[node]))
            node = int(self._net.tail[path[-1]])
        node = int(self._net.head[arc])
        while node != self._net.goal and bound.choice[node] >= 0:
            path.append(int(bound.choice[node]))
            node = int(self._net.head[path[-1]])
        return path

    def _try(self, flow: dict[int, float]) -> Execution | None:
        """Executes a flow, keeps it if it is the best so far, and returns it if it can be executed at all."""
        try:
            done = self._executor(flow)
        except InsufficientLiquidity:
            return None
        self._keep(done)
        return done

    def _keep(self, done: Execution) -> None:
        if self._best is None or self._value(done) > self._value(self._best):
            self._best = done

    def _value(self, done: Execution) -> int:
        return done.amount_out - self._gas(done)

    def _gas(self, done: Execution) -> int:
        return sum(self._gas_of(edge) for edge in done.edges)

    def _gas_of(self, edge: int) -> int:
        return self._pool_costs[int(self._graph.pool[edge])]

    def _tolerance(self) -> float:
        """Gap at which the search ends, units of the goal."""
        if self._best is None:
            return 0.0
        net = self._value(self._best)
        return self._effort.gap_bps / BPS * (net if net > 0 else self._best.amount_out)

    def _late(self) -> bool:
        """The time is up once there is a plan: an order is not beyond the depth because nothing was found in time."""
        return self._effort.cancelled() or (self._best is not None and self._deadline.is_past())

    def _done(self) -> bool:
        """The search has come to its end; the best plan may have to be finished."""
        near = self._effort.cancelled() or (self._best is not None and self._deadline.is_near())
        return near or self._gap() <= self._tolerance()
