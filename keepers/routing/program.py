"""The flow problem on a few arcs as a linear program with cuts, solved by HiGHS.

An arc takes x, gives y and is used to the part z of its fixed cost. Tangents y <= y'(X) x + (y(X) - X y'(X)) z at
chosen points X hold for every concave curve, and with x <= cap z they describe its perspective (Guenluek and Linderoth
2010, "Perspective reformulations of mixed integer nonlinear programs with indicator variables", Mathematical
Programming 124): the relaxation is as tight as convexity allows, and its optimum an upper bound at every stage.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np

from keepers.routing.curves import Bools, Floats, Ints
from keepers.routing.errors import RoutingError
from keepers.routing.network import Network

_TOUCHING = np.array([0.0, 0.003, 0.015, 0.06, 0.2, 0.45, 0.75, 1.0])
"""First tangents of every arc, as parts of its cap."""
_INFINITY = float(highspy.kHighsInf)
_HIGHS: Any = highspy
"""The module without its types, which say nothing about `Highs`."""
_TOLERANCE = 1e-9
_LARGEST = 1e7
_SMALLEST = 1e-10
_LOWER, _BASIC = highspy.HighsBasisStatus.kLower, highspy.HighsBasisStatus.kBasic
_CAP, _CHORD, _SOURCE, _BACK, _ONWARD, _TANGENT, _SUM = (kind << 48 for kind in range(1, 8))
"""Kinds of rows; a row is known by the sum of its kind and a number of its own."""
_UNSOLD = 10.0
"""Price of the unsold part, in units of the most that the order could bring."""
_LEFT = 1e-6
"""Part of an order that counts as left unsold, and not as noise of the solver."""


@dataclass(frozen=True)
class Flow:
    """A solution of the program.

    Attributes:
        value: The relaxation's optimum, in units of the goal.
        x: (arcs,), inputs, smallest units.
        price: (nodes,), values of a unit of each token at the optimum, in units of the goal; zeros where the program
            has none.
        known: (nodes,), whether the program has the node.
        edges: Edges of the program, rising.
        part: (edges of the program,), part of its fixed cost that each pays.
        cost: (arcs of the network,), fixed costs with Lagrange's multipliers of the rows that couple the edges of a
            path, so that a bound at these costs is as strong as the relaxation with the rows.
        unsold: Part of the order that the arcs do not take, 0 to 1.
    """

    value: float
    x: Floats
    price: Floats
    known: Bools
    edges: Ints
    part: Floats
    cost: Floats
    unsold: float

    def rejecting(self, start: int) -> Floats:
        """The prices; where a part of the order is left unsold, one of `start` at which that part costs too much.

        The program charges a fixed price for what it cannot sell. Of a small part that is less than fixed costs, and
        the bound of a node that has no plan at all would stay high.
        """
        if self.unsold < _LEFT or self.price[start] >= 0:
            return self.price
        price = self.price.copy()
        price[start] /= self.unsold
        return price


class Program:
    """Flow over some arcs of a network.

    Args:
        network: Every arc of the order.
        arcs: Positions of those in the program, rising.
        cost: (arcs of the network,), fixed cost in units of the goal.
        coupled: True if the edges of a path are to be paid for together, which costs time and makes bounds tighter.

    Attributes:
        arcs: The argument.
        fixed: Edges that are decided about: used ones, and those that may not be.
    """

    def __init__(self, network: Network, arcs: Ints, cost: Floats, coupled: bool = False) -> None:
        self._keys: list[Ints] = []
        self.fixed: tuple[frozenset[int], frozenset[int]] = frozenset(), frozenset()
        self._network, self.arcs, self._cost = network, arcs, cost
        self._edges, self._slot = np.unique(network.edge[arcs], return_inverse=True)
        count, edges = arcs.size, self._edges.size
        self._tail_scale, self._head_scale = network.most[network.tail[arcs]], network.most[network.head[arcs]]
        # HiGHS drops coefficients near zero. A larger cap is a looser relaxation, and still one.
        self._cap = np.maximum(network.caps[arcs], _SMALLEST * self._tail_scale)
        first = np.zeros(edges, dtype=np.int64)
        first[self._slot] = np.arange(count)
        self._fixed = cost[arcs][first] / network.most[network.goal]
        self._columns = 2 * count + edges + 1
        self._highs: Any = _HIGHS.Highs()
        self._highs.setOptionValue("output_flag", False)
        self._highs.setOptionValue("threads", 1)
        self._highs.setOptionValue("small_matrix_value", 1e-12)
        self._tolerate(_TOLERANCE)
        self._load()
        self._sums = self._shared()
        self._coupled = self._highs.getNumRow() if coupled else 0
        if coupled:
            self._couple()
        names = (arcs[:, None] * _TOUCHING.size + np.arange(_TOUCHING.size)).ravel()
        self.touch(np.repeat(np.arange(count), _TOUCHING.size), np.outer(self._cap, _TOUCHING).ravel(), names)

    def resume(self, before: Program) -> None:
        """Begins where a program of fewer arcs ended; the rows that it has are all here too."""
        basis = before._highs.getBasis()
        if not basis.valid:
            return
        old, new = before.arcs, self.arcs
        arcs, edges = np.searchsorted(new, old), np.searchsorted(self._edges, before._edges)
        columns = np.full(self._columns, _LOWER, dtype=object)
        # Each look at the statuses makes a list of all of them.
        status = basis.col_status
        columns[arcs], columns[new.size + arcs] = status[: old.size], status[old.size : 2 * old.size]
        columns[2 * new.size + edges], columns[-1] = status[2 * old.size : -1], status[-1]
        keys, known = np.concatenate(self._keys), np.concatenate(before._keys)
        order = np.argsort(keys)
        rows = np.full(keys.size, _BASIC, dtype=object)
        rows[order[np.searchsorted(keys[order], known)]] = basis.row_status
        basis.col_status, basis.row_status = columns.tolist(), rows.tolist()
        self._highs.setBasis(basis)

    def touch(self, places: Ints, at: Floats, names: Ints | None = None) -> None:
        """Adds tangents of arcs, by place in the program (never falling), at inputs in smallest units.

        Args:
            places: (tangents,), places.
            at: (tangents,), inputs.
            names: (tangents,), numbers by which a later program knows them again; None where there will be none.
        """
        if not places.size:
            return
        edge = self._network.edge[self.arcs[places]]
        curves = self._network.graph.curves
        slope = curves.slope(edge, at)
        constant = np.maximum(curves.output(edge, at) - slope * at, 0.0)
        # HiGHS refuses larger coefficients; without a tangent the relaxation is looser, and still one.
        fit = slope * self._tail_scale[places] < _LARGEST * self._head_scale[places]
        names = np.full(places.size, -1) if names is None else names
        places, slope, constant, names = places[fit], slope[fit], constant[fit], names[fit]
        x_part = -slope * self._tail_scale[places] / self._head_scale[places]
        z_part = -constant / self._head_scale[places]
        count = self.arcs.size
        rows = np.arange(places.size)
        row = np.concatenate([rows, rows, rows])
        column = np.concatenate([count + places, places, 2 * count + self._slot[places]])
        value = np.concatenate([np.ones(places.size), x_part, z_part])
        self._add(row, column, value, -_INFINITY, 0.0, _TANGENT + names)
        self._touch_sums(places, slope, constant, names)

    def relax(self) -> Flow | None:
        """Solves the relaxation; None if HiGHS finds no optimum, not even from scratch with wider tolerances."""
        self._highs.run()
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            self._highs.clearSolver()
            self._tolerate(1e-7)
            self._highs.run()
            self._tolerate(_TOLERANCE)
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        return self._flow(-self._highs.getInfo().objective_function_value)

    def _tolerate(self, tolerance: float) -> None:
        for name in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
            self._highs.setOptionValue(name, tolerance)

    def fix(self, used: Collection[int], unused: Collection[int]) -> None:
        """Decides about some edges, and leaves the others open."""
        self.fixed = frozenset(used), frozenset(unused)
        edges = np.arange(2 * self.arcs.size, self._columns - 1, dtype=np.int32)
        lower, upper = np.zeros(edges.size), np.ones(edges.size)
        lower[np.isin(self._edges, list(used))] = 1.0
        upper[np.isin(self._edges, list(unused))] = 0.0
        self._highs.changeColsBounds(edges.size, edges, lower, upper)

    def _flow(self, value: float) -> Flow:
        network, arcs = self._network, self.arcs
        solution = self._highs.getSolution()
        x = np.zeros(network.edge.size)
        columns = np.array(solution.col_value)
        scaled = columns[: arcs.size]
        # Less than a billionth of what can be had is noise of the solver.
        x[arcs] = np.where(scaled > 1e-9, scaled, 0.0) * self._tail_scale
        price, known = np.zeros(network.nodes), np.zeros(network.nodes, dtype=np.bool_)
        duals, coupled = np.array(solution.row_dual), self._cost
        if duals.size:
            unit = network.most[network.goal] / network.most[self._nodes]
            coupled = self._coupled_cost(duals) if self._coupled else self._cost
            price[self._nodes] = np.where(self._nodes == network.start, -1.0, 1.0) * duals[: self._nodes.size] * unit
        known[self._nodes] = True
        return Flow(
            value * float(network.most[network.goal]),
            x,
            price,
            known,
            self._edges,
            columns[2 * arcs.size : -1],
            coupled,
            float(columns[-1]),
        )

    def _load(self) -> None:
        network, arcs, count = self._network, self.arcs, self.arcs.size
        tails, heads = network.tail[arcs], network.head[arcs]
        self._nodes = np.unique(np.concatenate([tails, heads[heads != network.goal]]))
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self._columns, 0
        # The last column is the part of the order that the arcs cannot take, at a price that no plan pays.
        paid = -(heads == network.goal).astype(np.float64)
        lp.col_cost_ = np.concatenate([np.zeros(count), paid, self._fixed, [_UNSOLD]])
        lp.col_lower_ = np.zeros(self._columns)
        lp.col_upper_ = np.concatenate([np.full(2 * count, _INFINITY), np.ones(self._edges.size + 1)])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.zeros(1, dtype=np.int32)
        self._highs.passModel(lp)
        # Inflow equals outflow at each node, and the whole order leaves the start.
        row_in, row_out = np.searchsorted(self._nodes, heads), np.searchsorted(self._nodes, tails)
        arriving = heads != network.goal
        starting = tails == network.start
        first = np.searchsorted(self._nodes, network.start)
        row = np.concatenate([row_in[arriving], row_out, [first]])
        column = np.concatenate([count + np.flatnonzero(arriving), np.arange(count), [self._columns - 1]])
        sign = np.concatenate([np.ones(int(arriving.sum())), np.where(starting, 1.0, -1.0), [1.0]])
        demand = (self._nodes == network.start).astype(np.float64)
        self._add(row, column, sign, demand, demand, self._nodes)
        self._bound_arcs()

    def _bound_arcs(self) -> None:
        """x <= cap z, and y no less than the chord up to the cap: nothing is thrown away.

        Arcs of one edge share its depth, so that their chord goes as far as they can take together.
        """
        count, places = self.arcs.size, np.arange(self.arcs.size)
        row = np.concatenate([places, places])
        cap = self._cap / self._tail_scale
        self._add(
            row,
            np.concatenate([places, 2 * count + self._slot]),
            np.concatenate([np.ones(count), -cap]),
            -_INFINITY,
            0.0,
            _CAP + self.arcs,
        )
        of_edge = np.bincount(self._slot, self._cap, self._edges.size).astype(np.float64)
        together = of_edge[self._slot]
        together = np.minimum(together, self._network.graph.limit[self._network.edge[self.arcs]])
        paid = self._network.graph.curves.output(self._network.edge[self.arcs], together)
        chord = paid / together * self._tail_scale / self._head_scale
        fit = np.flatnonzero(chord < _LARGEST)
        column = np.concatenate([count + fit, fit])
        value = np.concatenate([np.ones(fit.size), -chord[fit] * (1 - 1e-9)])
        row = np.concatenate([np.arange(fit.size)] * 2)
        self._add(row, column, value, 0.0, _INFINITY, _CHORD + self.arcs[fit])

    def _shared(self) -> list[Ints]:
        """Places of arcs of one edge in several layers; rows that hold sources to one of their pairs."""
        source = self._network.graph.source[self._edges]
        several = np.flatnonzero(np.bincount(source)[source] > 1)
        if several.size:
            shared, row = np.unique(source[several], return_inverse=True)
            column = 2 * self.arcs.size + several
            self._add(row, column, np.ones(several.size), -_INFINITY, 1.0, _SOURCE + shared)
        counts = np.bincount(self._slot)
        return [np.flatnonzero(self._slot == slot) for slot in np.flatnonzero(counts > 1)]

    def _couple(self) -> None:
        """An edge is not used without one that leads to it, nor without one that leads on.

        Two rows per edge, z <= sum of z over arcs into its tails and z <= sum over arcs out of its heads; no row for
        ends of the order. They make the fixed costs of a path be paid together.
        """
        network, arcs, offset, edges = self._network, self.arcs, 2 * self.arcs.size, self._edges.size
        tail, head = network.tail[arcs], network.head[arcs]
        for kind, own, other, end in ((_BACK, tail, head, network.start), (_ONWARD, head, tail, network.goal)):
            inner = np.flatnonzero(own != end)
            order = np.argsort(other, kind="stable")
            begin = np.searchsorted(other[order], own[inner], side="left")
            count = np.searchsorted(other[order], own[inner], side="right") - begin
            row = np.repeat(self._slot[inner], count)
            within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
            neighbour = self._slot[order[np.repeat(begin, count) + within]]
            free = np.unique(self._slot[own == end])
            keep = ~np.isin(row, free)
            mine = np.setdiff1d(self._slot[inner], free)
            # An arc that leads to two tails of one edge counts twice, which only loosens the row.
            pairs, times = np.unique(row[keep] * edges + neighbour[keep], return_counts=True)
            rows, columns = np.concatenate([mine, pairs // edges]), np.concatenate([mine, pairs % edges])
            value = np.concatenate([np.ones(mine.size), -times.astype(np.float64)])
            self._add(rows, offset + columns, value, -_INFINITY, 0.0, kind + self._edges)

    def _coupled_cost(self, duals: Floats) -> Floats:
        """Fixed costs of all arcs of the network with the prices of the rows of `_couple`."""
        network, arcs, edges = self._network, self.arcs, self._edges.size
        prices = np.maximum(-duals[self._coupled : self._coupled + 2 * edges], 0.0) * network.most[network.goal]
        backward, onward = prices[:edges], prices[edges:]
        owed = np.zeros(network.graph.pool.size)
        owed[self._edges] = backward + onward
        tail, head = np.zeros(network.nodes), np.zeros(network.nodes)
        np.add.at(tail, network.tail[arcs], backward[self._slot])
        np.add.at(head, network.head[arcs], onward[self._slot])
        given = tail[network.head] + head[network.tail]
        of_edge = np.bincount(network.edge, given, network.graph.pool.size)
        result: Floats = self._cost + (owed - of_edge)[network.edge]
        return result

    def _touch_sums(self, places: Ints, slope: Floats, constant: Floats, names: Ints) -> None:
        """Tangents that the arcs of one edge share: together they have its depth once."""
        count, sums = self.arcs.size, self._sums
        of_place = np.full(count, -1, dtype=np.int64)
        for number, members in enumerate(sums):
            of_place[members] = number
        chosen = np.flatnonzero(of_place[places] >= 0)
        if not chosen.size:
            return
        chosen = chosen[np.argsort(of_place[places[chosen]], kind="stable")]
        rows, columns, values = [], [], []
        for number, begin in zip(*np.unique(of_place[places[chosen]], return_index=True), strict=True):
            members = sums[number]
            touched = chosen[begin : np.searchsorted(of_place[places[chosen]], number, side="right")]
            unit = float(self._head_scale[members].max())
            ones = np.ones((touched.size, 1))
            y_part = ones * (self._head_scale[members] / unit)
            x_part = -slope[touched, None] * self._tail_scale[members] / unit
            values.append(np.hstack([y_part, x_part, -constant[touched, None] / unit]).ravel())
            place = np.concatenate([count + members, members, [2 * count + self._slot[members[0]]]])
            columns.append(np.tile(place, touched.size))
            rows.append(np.repeat(np.arange(begin, begin + touched.size), place.size))
        row, column, value = (np.concatenate(part) for part in (rows, columns, values))
        self._add(row, column, value, -_INFINITY, 0.0, _SUM + names[chosen])

    def _add(
        self, row: Ints, column: Ints, value: Floats, lower: Floats | float, upper: Floats | float, keys: Ints
    ) -> None:
        count = keys.size
        self._keys.append(keys)
        order = np.argsort(row, kind="stable")
        status = self._highs.addRows(
            count,
            np.broadcast_to(lower, count).astype(np.float64),
            np.broadcast_to(upper, count).astype(np.float64),
            row.size,
            np.searchsorted(row[order], np.arange(count)).astype(np.int32),
            column[order].astype(np.int32),
            value[order].astype(np.float64),
        )
        if status == highspy.HighsStatus.kError:
            raise RoutingError("flow program", "HiGHS refuses a row", "report the market")
