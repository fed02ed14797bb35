"""Routes to an exact output over all markets, and proves how cheap the route is.

An exact output is an exact input with an offer to take back what it does not need. Let T be the input and the fixed
costs of some plan that brings Y, and let a market be added that takes the input at the constant price r, up to T. A
plan p that brings Y with the input A_p <= T and fixed costs C_p then brings Y - r C_p + r (T - A_p) where all of T is
sold, and no plan of that exact input brings more than the bound B of its certificate. So for every r above zero

    A_p + C_p >= T + (Y - B) / r,

which is Lagrange's relaxation of "Y comes out" with the multiplier 1 / r (Boyd and Vandenberghe 2004, "Convex
Optimization", section 5.1.3), bounded by the dual of `certificate.py`. It is tightest where r is the marginal output of
the input, and holds for every other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from keepers.routing.deadline import Deadline
from keepers.routing.errors import InsufficientLiquidity, RoutingError, beyond_depth
from keepers.routing.graph import Graph
from keepers.routing.impact import marginal_output
from keepers.routing.network import network_of
from keepers.routing.paths import first_paths
from keepers.routing.plans import BPS, MAX_AMOUNT, Effort, ExactOutputPlan, OutputOrder, RoutePlan
from keepers.routing.pools import QuotedPool
from keepers.routing.router import find_route
from keepers.routing.swaps import Execution, execute, flow_of

_STEPS = 12
"""Steps of Newton's method towards the input."""
_APPROACH = 0.4
"""Part of the time that they may take."""
_CLOSE = 2e-3
"""Relative distance from the wanted output at which Newton's method ends: the rest is settled by the same division."""
_FARTHEST = 8
"""Most by which one step multiplies an input, and by which a marginal output counts as below the average."""
_ROUGH_BPS = 20.0
"""Gap at which a step towards the input ends: the relaxation routes once more, as precisely as asked for."""
_FINEST_BPS = 1e-4
"""Least gap at which the relaxation ends: beyond it rounding is all that is left."""
_ROUNDS = 3
_SINGLES = 4
_TRIALS = 90
_BRANCHINGS = 16
_KEPT = "what is kept"
"""Address of the market that takes back the input."""


@dataclass(frozen=True)
class _Found:
    """A division of the order with the least input that brings the output by it.

    Attributes:
        amount_in: Smallest units.
        gas: Fixed costs, smallest units of the input.
        done: The swaps.
    """

    amount_in: int
    gas: int
    done: Execution

    @property
    def total(self) -> int:
        """Input and fixed costs."""
        return self.amount_in + self.gas


def find_exact_output(
    graph: Graph, order: OutputOrder, costs: Mapping[str, int] | int = 0, effort: Effort | None = None
) -> ExactOutputPlan:
    """The cheapest plan that is found for an exact output, with a lower bound of every plan.

    Exact inputs are routed towards the output by Newton's method: outputs are concave in the input, so that the steps
    do not pass the goal. The division of the last of them is scaled in whole units until the output is there, and so
    are the best single paths. The relaxation above gives the bound, and its own division is one more candidate.

    Args:
        graph: All markets at one block.
        order: Order to route.
        costs: Fixed cost of using a pool, smallest units of the input, for all or by address (zero where missing).
        effort: How far to go; its time is that of all steps together.

    Raises:
        InsufficientLiquidity: If no path connects the tokens, or none brings the amount.
        RoutingError: If a token is unknown or a cost is negative.
    """
    return _Cheapest(graph, order, _by_address(graph, costs), effort or Effort()).run()


class _Cheapest:
    """One exact output on its way to a plan."""

    def __init__(self, graph: Graph, order: OutputOrder, costs: Mapping[str, int], effort: Effort) -> None:
        self._deadline = Deadline(effort)
        self._graph, self._order, self._costs, self._effort = graph, order, costs, effort
        self._start, self._goal = graph.find(order.token_in), graph.find(order.token_out)
        self._best: _Found | None = None

    def run(self) -> ExactOutputPlan:
        """The whole search.

        Raises:
            InsufficientLiquidity: If nothing brings the amount.
        """
        first, last = (network_of(self._graph, self._order.selling(x)) for x in (1, MAX_AMOUNT - 1))
        if last.most[last.goal] < self._order.amount_out:
            raise self._too_much()
        # At first prices: no plan needs less.
        amount = max(1, min(int(self._order.amount_out / first.most[first.goal]), MAX_AMOUNT - 1))
        amount = self._approach(amount)
        singles = [self._settled(flow, amount) for flow in self._single_flows(amount)]
        single = min((found.total for found in singles if found is not None), default=None)
        for found in singles:
            self._keep(found)
        if self._best is None:
            raise self._too_much()
        bound = self._bounded(self._best)
        return ExactOutputPlan(
            swaps=self._best.done.swaps,
            amount_in=self._best.amount_in,
            amount_out=self._best.done.amount_out,
            wanted=self._order.amount_out,
            gas_cost=self._best.gas,
            bound=min(bound, self._best.total),
            single_in_with_gas=single,
            solve_time_ms=1000 * self._deadline.spent,
        )

    def _approach(self, amount: int) -> int:
        """Routes ever larger inputs until their output is near the wanted one; returns the last of them."""
        wanted, flow, base, beyond = self._order.amount_out, {}, 0, MAX_AMOUNT
        for _ in range(_STEPS):
            plan = self._routed(amount)
            if plan is None:
                beyond, amount = amount, (base + amount) // 2 if base else 2 * amount
            else:
                flow, base = flow_of(self._graph, plan.swaps), amount
                missing = wanted - plan.amount_out
                if missing <= _CLOSE * wanted:
                    break
                step = missing / max(marginal_output(self._graph, plan.swaps), plan.amount_out / base / _FARTHEST)
                amount = min(base + max(1, int(step)), _FARTHEST * base)
            if not base < amount < MAX_AMOUNT:
                break
            amount = min(amount, max((base + beyond) // 2, base + 1)) if amount >= beyond > base else amount
        if flow:
            self._keep(self._settled(flow, base))
        return base or amount

    def _routed(self, amount: int) -> RoutePlan | None:
        """The router's plan for an exact input; None if the markets do not take it, or pay nothing for it."""
        rate = self._order.amount_out / amount
        costs = {address: int(cost * rate) for address, cost in self._costs.items()}
        left = _APPROACH * self._effort.seconds - self._deadline.spent
        gap = max(_ROUGH_BPS, self._effort.gap_bps)
        effort = replace(self._effort, gap_bps=gap, seconds=max(0.0, left))
        try:
            return find_route(self._graph, self._order.selling(amount), costs, effort)
        except InsufficientLiquidity:
            return None

    def _single_flows(self, amount: int) -> list[dict[int, float]]:
        """The best paths at an input, each alone."""
        network = network_of(self._graph, self._order.selling(amount))
        rate = self._order.amount_out / amount
        addresses = (self._graph.pools[pool].address for pool in self._graph.pool[network.edge].tolist())
        cost = np.array([self._costs[address] * rate for address in addresses], dtype=np.float64)
        return [dict.fromkeys(network.edge[path].tolist(), 1.0) for path in first_paths(network, cost)[:_SINGLES]]

    def _bounded(self, best: _Found) -> int:
        """The largest of the lower bounds at the marginal outputs of the best plans.

        The amount to be sold is bounded first, without fixed costs: the less can be taken back, the less a relaxation
        gains by selling more than the order needs for one fixed cost.
        """
        free = dict.fromkeys(self._costs, 0)
        bound = least = self._bound_below(best, 0, free)
        for _ in range(_ROUNDS):
            found = best if self._best is None else self._best
            proven = BPS * (found.total - bound) <= self._effort.gap_bps * found.total
            if proven or self._late():
                break
            bound = max(bound, self._bound_below(found, least, self._costs))
            if self._best is found:
                break
        return max(bound, self._branched(bound)) if any(self._costs.values()) else bound

    def _branched(self, bound: int) -> int:
        """The lower bound after deciding, one pool after another, whether it is left out or its cost is paid.

        A part of the plans is bounded without the costs that are not decided. What is left when the tries end has the
        least bound of its parts.
        """
        assert self._best is not None
        unpaid = sorted((address for address, cost in self._costs.items() if cost), key=lambda a: -self._costs[a])
        used = {swap.pool for swap in self._best.done.swaps}
        unpaid.sort(key=lambda address: address not in used)
        parts = [(bound, frozenset[str](), frozenset[str]())]
        for _ in range(_BRANCHINGS):
            parts.sort(key=lambda part: part[0])
            least, out, paid = parts[0]
            open_ = [address for address in unpaid if address not in out | paid]
            done = BPS * (self._best.total - least) <= self._effort.gap_bps * self._best.total
            if done or not open_ or self._late():
                break
            branches = (out | {open_[0]}, paid), (out, paid | {open_[0]})
            parts[:1] = [(max(least, self._part_bound(*branch)), *branch) for branch in branches]
        return min(part[0] for part in parts)

    def _part_bound(self, out: frozenset[str], paid: frozenset[str]) -> int:
        """A lower bound of plans that leave some pools out and pay for others in any case; keeps its plan too."""
        assert self._best is not None
        graph = Graph(tuple(p for p in self._graph.pools if p.address not in out), self._graph.leg_impact_bps)
        try:
            plan = find_exact_output(graph, self._order, 0, replace(self._effort, seconds=self._deadline.left))
        except RoutingError:
            return self._best.total if self._is_beyond(graph) else 0
        self._keep(self._settled(flow_of(self._graph, plan.swaps), plan.amount_in))
        return plan.bound + sum(self._costs[address] for address in paid)

    def _is_beyond(self, graph: Graph) -> bool:
        """True if it is proved that no plan of these pools brings the output."""
        try:
            network = network_of(graph, self._order.selling(MAX_AMOUNT - 1))
        except RoutingError:
            return True
        return bool(network.most[network.goal] < self._order.amount_out)

    def _bound_below(self, best: _Found, least: int, costs: Mapping[str, int]) -> int:
        """A lower bound of plans that take no more than the given one, whose marginal output is the multiplier.

        Args:
            best: The plan.
            least: Lower bound of the input without fixed costs, smallest units.
            costs: Fixed costs that are counted, by address.
        """
        whole, wanted = best.total, self._order.amount_out
        room = whole - least
        if room <= 0:
            return whole
        paid = max(1, int(marginal_output(self._graph, best.done.swaps) * room))
        ends = self._order.token_in, self._order.token_out
        market = QuotedPool(_KEPT, *ends, _KEPT, ((room, paid),), ())
        # Rounded down: with lower costs the bound is of more plans.
        costs = {address: cost * paid // room for address, cost in costs.items()}
        graph = Graph((*self._graph.pools, market), self._graph.leg_impact_bps)
        # What the bound of the output leaves open counts in units of the input, of which the last bring least.
        gap = self._effort.gap_bps * min(1.0, paid / room * whole / wanted)
        effort = replace(self._effort, gap_bps=max(gap, _FINEST_BPS), seconds=self._deadline.left)
        plan = find_route(graph, self._order.selling(whole), costs, effort)
        sold = [swap for swap in plan.swaps if swap.pool != _KEPT]
        if sold:
            flow = flow_of(self._graph, sold)
            self._keep(self._settled(flow, sum(swap.amount_in for swap in sold if swap.token_in == ends[0])))
        return max(0, whole - (plan.bound - wanted) * room // paid)

    def _settled(self, flow: dict[int, float], base: int) -> _Found | None:
        """The least input of a division that brings the output; None if it never does."""
        low, high, done = 0, base, None
        paid = 0
        for trial in range(_TRIALS):
            found = self._executed(flow, base, high)
            if found is not None and found.amount_out >= self._order.amount_out:
                done = found
                break
            if found is None and paid:
                # The division ends somewhere below.
                high = (low + high) // 2
                if high == low:
                    return None
                continue
            low, paid = high, 0 if found is None else found.amount_out
            grown = high * self._order.amount_out / paid * (1 + 1e-6) if paid and trial < 8 else 2.0 * high
            high = max(high + 1, int(grown))
            if high >= MAX_AMOUNT:
                return None
        if done is None:
            return None
        return self._narrowed(flow, base, (low, paid), (high, done))

    def _narrowed(
        self, flow: dict[int, float], base: int, lower: tuple[int, int], upper: tuple[int, Execution]
    ) -> _Found:
        """Closes the bracket of the least input: regula falsi by turns with bisection."""
        (low, paid), (high, done) = lower, upper
        turn = False
        while high - low > 1:
            part = (self._order.amount_out - paid) / max(1, done.amount_out - paid)
            middle = (low + high) // 2 if turn else low + int((high - low) * part) + 1
            middle, turn = min(max(middle, low + 1), high - 1), not turn
            found = self._executed(flow, base, middle)
            if found is not None and found.amount_out >= self._order.amount_out:
                high, done = middle, found
            else:
                low, paid = middle, 0 if found is None else found.amount_out
        gas = sum(self._costs[swap.pool] for swap in done.swaps)
        return _Found(high, gas, done)

    def _executed(self, flow: dict[int, float], base: int, amount: int) -> Execution | None:
        """The division at another input; None if a market refuses its part, or pays nothing for it."""
        scaled = {edge: x * (amount / base) for edge, x in flow.items()}
        try:
            return execute(self._graph, self._start, self._goal, amount, scaled, self._order.max_hops)
        except InsufficientLiquidity:
            return None

    def _keep(self, found: _Found | None) -> None:
        """Remembers a plan if it is the cheapest so far; of two that cost the same the first."""
        if found is not None and (self._best is None or found.total < self._best.total):
            self._best = found

    def _too_much(self) -> InsufficientLiquidity:
        wanted = f"{self._order.amount_out} of {self._order.token_out} for {self._order.token_in}"
        return beyond_depth(wanted, self._graph.leg_impact_bps is not None)

    def _late(self) -> bool:
        return self._deadline.is_past()


def _by_address(graph: Graph, costs: Mapping[str, int] | int) -> dict[str, int]:
    """Fixed cost of every pool."""
    found = {pool.address: costs if isinstance(costs, int) else costs.get(pool.address, 0) for pool in graph.pools}
    if min(found.values(), default=0) < 0:
        raise RoutingError(f"cost {min(found.values())}", "below zero", "give smallest units of the input")
    return found
