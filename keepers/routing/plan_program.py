"""The flow problem over a plan's own edges, all of which are paid for, as a linear program with few rows.

Every curve is bounded by tangents from above. Between two of their intersections it is a straight line, and with all
fixed costs paid such a stretch is a column with an upper bound: only tokens are rows, where `Program` needs a row for
each tangent, because there an edge may be used to a part of its fixed cost.
"""

from __future__ import annotations

import numpy as np

from keepers.routing.curves import Floats, Ints
from keepers.routing.linear import LinearProgram
from keepers.routing.network import Network
from keepers.routing.swaps import Execution

_TOUCHING = np.array([0.0, 0.003, 0.015, 0.06, 0.2, 0.45, 0.75, 1.0])
"""First tangents of every edge, as parts of the most that it can be given."""


class PlanProgram:
    """Flow over the edges of a plan.

    Args:
        network: Every arc of the order.
        plan: Swaps of whole units.

    Attributes:
        edges: (edges of the plan,), edges, rising.
        taken: (edges of the plan,), what each takes in the plan, smallest units.
    """

    def __init__(self, network: Network, plan: Execution) -> None:
        self._network = network
        sold: Floats = np.bincount(plan.edges, [float(swap.amount_in) for swap in plan.swaps]).astype(np.float64)
        self.edges: Ints = np.flatnonzero(sold)
        self.taken: Floats = sold[self.edges]
        tokens = len(network.graph.tokens)
        arcs = np.flatnonzero(np.isin(network.edge, self.edges))
        tail, head = network.tail[arcs], network.head[arcs]
        through = np.bincount(network.graph.token_in[self.edges], self.taken, tokens)
        if self._is_short(plan):
            # No way through the plan is too long: there is no need to know after how many hops a token arrives.
            _, first = np.unique(network.edge[arcs], return_index=True)
            arcs, tail, head = arcs[first], tail[first] % tokens, head[first]
            head = np.where(head == network.goal, head, head % tokens)
        for _ in range(network.hops):
            # Only what the plan's own edges lead to, and on from, is on a way.
            there = ((tail == network.start) | np.isin(tail, head)) & ((head == network.goal) | np.isin(head, tail))
            arcs, tail, head = arcs[there], tail[there], head[there]
        self._slot, self._ends = np.searchsorted(self.edges, network.edge[arcs]), head == network.goal
        nodes, self._tail = np.unique(tail, return_inverse=True)
        self._head = np.searchsorted(nodes, head)
        self._supply = (nodes == network.start).astype(np.float64)
        self._scale = np.where(nodes == network.start, network.amount, through[nodes % tokens])
        self._unit = float(plan.amount_out)
        self._count = np.bincount(self._slot, minlength=self.edges.size)
        caps = np.zeros(self.edges.size)
        np.maximum.at(caps, self._slot, network.caps[arcs])
        every = np.repeat(np.arange(self.edges.size), _TOUCHING.size)
        self._touched = every, np.outer(caps, _TOUCHING).ravel()
        self._linear = LinearProgram()

    def _is_short(self, plan: Execution) -> bool:
        """Whether each token is bought in full before it is sold, and no way through the plan has too many hops."""
        depth: dict[str, int] = {}
        for swap in plan.swaps:
            depth[swap.token_out] = max(depth.get(swap.token_out, 0), depth.get(swap.token_in, 0) + 1)
        sold = set[str]()
        for swap in plan.swaps:
            if swap.token_out in sold:
                return False
            sold.add(swap.token_in)
        return max(depth.values()) <= self._network.hops and len(set(plan.edges)) == len(plan.edges)

    def touch(self, inputs: Floats, around: Floats) -> None:
        """Adds tangents of every edge that takes something.

        Args:
            inputs: (edges of the plan,), smallest units.
            around: Where they touch, as parts of an input.
        """
        used = np.flatnonzero(inputs > 0)
        slots, at = self._touched
        most = np.repeat(self._network.graph.limit[self.edges[used]], around.size)
        more = np.minimum(np.outer(inputs[used], around).ravel(), most)
        self._touched = np.concatenate([slots, np.repeat(used, around.size)]), np.concatenate([at, more])

    def solve(self) -> tuple[float, Floats] | None:
        """The most that comes out, before fixed costs, with the inputs of the edges.

        Returns:
            None without an optimum, or where the edges lead from one end to the other in too many hops only, as those
            of a basket's orders one after another may.
        """
        if not self._slot.size:
            return None
        slot, length, slope = self._stretches()
        first = np.searchsorted(slot, np.arange(self.edges.size + 1))
        sizes = np.diff(first)[self._slot]
        # A column for every stretch of every arc.
        arc = np.repeat(np.arange(self._slot.size), sizes)
        stretch = np.repeat(first[self._slot] - np.cumsum(sizes) + sizes, sizes) + np.arange(arc.size)
        taken = self.taken[slot[stretch]]
        paid, ends = slope[stretch] * taken, self._ends[arc]
        onward, several = np.flatnonzero(~ends), np.flatnonzero(self._count[slot[stretch]] > 1)
        # Arcs of one edge share its depth.
        shared, row = np.unique(stretch[several], return_inverse=True)
        nodes, tail, head = self._scale.size, self._tail[arc], self._head[arc[onward]]
        column = np.concatenate([np.arange(arc.size), onward, several])
        value = [taken / self._scale[tail], -paid[onward] / self._scale[head], np.ones(several.size)]
        upper = np.concatenate([self._supply, length[shared] / self.taken[slot[shared]]])
        entries = column, np.concatenate([tail, head, nodes + row]), np.concatenate(value)
        gain = np.where(ends, paid / self._unit, 0.0)
        values = self._linear.maximum(gain, length[stretch] / taken, entries, upper)
        if values is None:
            return None
        inputs: Floats = np.bincount(slot[stretch], values * taken, self.edges.size).astype(np.float64)
        return float((values * paid)[ends].sum()), inputs

    def _stretches(self) -> tuple[Ints, Floats, Floats]:
        """Straight lines between tangents: place of the edge, length and slope, by edge and input."""
        slot, at = self._touched
        order = np.lexsort((at, slot))
        slot, at = slot[order], at[order]
        new = np.append(True, (np.diff(slot) > 0) | (np.diff(at) > 0))
        slot, at = slot[new], at[new]
        edge, curves = self.edges[slot], self._network.graph.curves
        slope = curves.slope(edge, at)
        constant = np.maximum(curves.output(edge, at) - slope * at, 0.0)
        last = np.append(np.diff(slot) > 0, True)
        end = np.minimum(self._network.graph.limit[edge], 1e60)
        inner = np.flatnonzero(~last)
        fall, rise = slope[inner] - slope[inner + 1], constant[inner + 1] - constant[inner]
        with np.errstate(divide="ignore", invalid="ignore"):
            crossing = np.where(fall > 0, rise / fall, at[inner + 1])
        end[inner] = np.clip(crossing, at[inner], at[inner + 1])
        begin = np.where(np.append(True, last[:-1]), 0.0, np.append(0.0, end[:-1]))
        some = end > begin
        return slot[some], (end - begin)[some], slope[some]
