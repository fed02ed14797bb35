"""The tangents that programs of one order have, so that a program of other arcs begins with them."""

from __future__ import annotations

import numpy as np

from keepers.routing.curves import Bools, Curves, Floats, Ints
from keepers.routing.network import Network
from keepers.routing.program import Flow, Program

_FALLING, _LEAST = 0.1, 1e-4
"""By how much what matters falls where no tangent says more, and the part of it at which that ends."""
_NAMES = 1 << 40
"""First number of a tangent that is no first one of its arc."""


class Tangents:
    """Where curves were touched, beside the first tangents of a program.

    Args:
        network: Every arc of the order; caps do not matter.

    Attributes:
        arcs: Arcs of the tangents that were asked for last.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self.arcs: Ints = np.empty(0, dtype=np.int64)
        self._rounds: list[tuple[Ints, Floats, Ints]] = []
        self._named = _NAMES
        self._touched: tuple[Ints, Floats] = self.arcs, np.empty(0)
        self._mattering = 1.0

    def forget(self) -> None:
        """Drops all of them: caps were lowered, and what was touched is not where the next flows are."""
        self._rounds, self._touched, self._mattering = [], (np.empty(0, dtype=np.int64), np.empty(0)), 1.0

    def add(self, program: Program, flow: Flow, touching: tuple[Ints, Floats], least: float) -> None:
        """Touches arcs of a program where its curves are too high without that.

        Args:
            program: The program.
            flow: Its solution.
            touching: (tangents,), arcs, never falling, and inputs in smallest units.
            least: What an output has to be too high by, units of the goal at the flow's prices. Where prices are not
                settled by it, less matters from then on.
        """
        arcs, at = touching
        self.arcs = arcs
        head = self._network.head[arcs]
        price = np.where(head == self._network.goal, 1.0, flow.price[head])
        # An output without a price could be worth anything.
        lows = np.where(price > 0, least / np.where(price > 0, price, 1.0), 0.0)
        new = self._says_more(arcs, at, self._mattering * lows)
        while not new.any() and self._mattering > _LEAST:
            self._mattering *= _FALLING
            new = self._says_more(arcs, at, self._mattering * lows)
        arcs, at = arcs[new], at[new]
        self._touched = _merged(self._touched, (arcs, at))
        names = self._named + np.arange(arcs.size)
        self._named += arcs.size
        self._rounds.append((arcs, at, names))
        program.touch(np.searchsorted(program.arcs, arcs), at, names)

    def load(self, program: Program) -> None:
        """Gives a program the tangents of its arcs."""
        for arcs, at, names in self._rounds:
            places = np.searchsorted(program.arcs, arcs)
            there = program.arcs[np.minimum(places, program.arcs.size - 1)] == arcs
            program.touch(places[there], at[there], names[there])

    def _says_more(self, arcs: Ints, at: Floats, least: Floats) -> Bools:
        """Whether the tangents on both sides of an input leave the output there too high, or one side has none."""
        known, touched = self._touched
        if not known.size:
            return np.ones(arcs.size, dtype=np.bool_)
        merged_arcs, merged_at = np.concatenate([known, arcs]), np.concatenate([touched, at])
        asked = np.arange(merged_arcs.size) >= known.size
        order = np.lexsort((asked, merged_at, merged_arcs))
        # This counts the known tangents before each place in that order.
        before = np.empty(arcs.size, dtype=np.int64)
        before[order[asked[order]] - known.size] = np.cumsum(~asked[order])[asked[order]]
        left, right = np.maximum(before - 1, 0), np.minimum(before, known.size - 1)
        inside = (before > 0) & (before < known.size) & (known[left] == arcs) & (known[right] == arcs)
        curves, edge = self._network.graph.curves, self._network.edge[arcs]
        high = np.minimum(_line(curves, edge, touched[left], at), _line(curves, edge, touched[right], at))
        more: Bools = ~inside | (high - curves.output(edge, at) > least)
        return more


def _line(curves: Curves, edge: Ints, touched: Floats, at: Floats) -> Floats:
    return curves.output(edge, touched) + curves.slope(edge, touched) * (at - touched)


def _merged(one: tuple[Ints, Floats], other: tuple[Ints, Floats]) -> tuple[Ints, Floats]:
    """Arcs and inputs of both, by arc and input."""
    arcs, at = np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])
    order = np.lexsort((at, arcs))
    return arcs[order], at[order]
