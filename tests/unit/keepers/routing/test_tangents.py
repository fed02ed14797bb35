"""Tests which tangents a program gets, and that a later one begins with them."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.routing.graph import Graph
from keepers.routing.network import network_of
from keepers.routing.plans import Order
from keepers.routing.pools import V2Pool
from keepers.routing.program import Flow, Program
from keepers.routing.tangents import Tangents

E21 = 10**21
GRAPH = Graph((V2Pool("0x1", "A", "B", E21, E21), V2Pool("0x2", "A", "B", 2 * E21, E21)))
NETWORK = network_of(GRAPH, Order("A", "B", E21))
ARCS = np.arange(NETWORK.edge.size)
FREE = np.zeros(NETWORK.edge.size)


FLOW = Flow(1.0, FREE, np.ones(NETWORK.nodes), np.ones(NETWORK.nodes) > 0, NETWORK.edge, FREE, FREE, 0.0)
PART = float(E21)


class CountingProgram(Program):
    """A program that remembers how many tangents each call added."""

    def __init__(self) -> None:
        self.added: list[int] = []
        super().__init__(NETWORK, ARCS, FREE)
        self.added.clear()

    def touch(self, places: np.ndarray, at: np.ndarray, names: np.ndarray | None = None) -> None:  # type: ignore[type-arg]
        self.added.append(places.size)
        super().touch(places, at, names)


def added(tangents: Tangents, program: CountingProgram, *at: float, least: float = 1e-3 * PART, arc: int = 0) -> int:
    tangents.add(program, FLOW, (np.full(len(at), arc), np.array(at) * PART), least)
    return program.added[-1]


def test_add__between_tangents_that_are_near__adds_only_what_is_not() -> None:
    program, tangents = CountingProgram(), Tangents(NETWORK)
    assert added(tangents, program, 0.1, 0.12) == 2
    assert added(tangents, program, 0.11, 0.5) == 1


def test_add__nothing_says_more__less_matters_from_then_on() -> None:
    program, tangents = CountingProgram(), Tangents(NETWORK)
    added(tangents, program, 0.1, 0.12)
    assert added(tangents, program, 0.11) == 1
    assert added(tangents, program, 0.105, 0.115) == 2
    assert added(tangents, program, 0.11) == 0


def test_add__between_tangents_that_are_far__adds_one() -> None:
    program, tangents = CountingProgram(), Tangents(NETWORK)
    assert added(tangents, program, 0.1, 0.5) == 2
    # At 0.3 both are more than a hundredth above 0.3 / 1.3.
    assert added(tangents, program, 0.3) == 1
    assert added(tangents, program, 0.3) == 0


def test_add__less_matters__adds_what_was_too_near_before() -> None:
    program, tangents = CountingProgram(), Tangents(NETWORK)
    added(tangents, program, 0.1, 0.12)
    assert added(tangents, program, 0.11, least=1e-6 * PART) == 1


@pytest.mark.parametrize(("at", "arc"), [(0.05, 0), (0.2, 0), (0.11, 1)], ids=["before", "beyond", "other arc"])
def test_add__no_tangent_on_one_side__adds_one(at: float, arc: int) -> None:
    program, tangents = CountingProgram(), Tangents(NETWORK)
    added(tangents, program, 0.1, 0.12)
    assert added(tangents, program, at, arc=arc) == 1


@pytest.mark.parametrize(("forgotten", "count"), [(False, 1), (True, 0)], ids=["kept", "forgotten"])
def test_load__later_program__has_the_tangents_that_were_not_forgotten(forgotten: bool, count: int) -> None:
    tangents, program = Tangents(NETWORK), CountingProgram()
    added(tangents, program, 0.1)
    if forgotten:
        tangents.forget()
    later = CountingProgram()
    tangents.load(later)
    assert sum(later.added) == count
