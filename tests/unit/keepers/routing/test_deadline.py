"""The time that an effort leaves, and what the search does with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from keepers.routing import search
from keepers.routing.deadline import Deadline
from keepers.routing.graph import Graph
from keepers.routing.plans import Effort, Order
from keepers.routing.router import find_route
from tests.fixtures.routing_markets import random_market

E18 = 10**18


@pytest.fixture
def deadline_at() -> Callable[..., Deadline]:
    """`deadline_at(spent, **effort)`: a deadline so many seconds after its beginning."""

    def make(spent: float, **effort: object) -> Deadline:
        times = [spent, 0.0]
        return Deadline(Effort(clock=lambda: times.pop() if len(times) > 1 else times[0], **effort))  # type: ignore[arg-type]

    return make


def test_left__before_and_after_the_end__is_never_below_zero(deadline_at: Callable[..., Deadline]) -> None:
    assert deadline_at(0.5, seconds=2.0).left == 1.5
    assert deadline_at(3.0, seconds=2.0).left == 0.0


@pytest.mark.parametrize(
    ("seconds", "spent", "near"), [(0.2, 0.13, False), (0.2, 0.15, True), (2, 1.8, False), (2, 1.9, True)]
)
def test_is_near__what_finishing_needs__is_kept_of_any_time(
    deadline_at: Callable[..., Deadline], seconds: float, spent: float, near: bool
) -> None:
    assert deadline_at(spent, seconds=seconds).is_near() is near


def test_is_past__cancelled__whatever_time_is_left(deadline_at: Callable[..., Deadline]) -> None:
    cancelled = deadline_at(0.0, seconds=9.0, cancelled=lambda: True)
    assert cancelled.is_past() and cancelled.is_near() and cancelled.left == 9.0
    assert not deadline_at(0.0, seconds=9.0).is_past()


def test_find_route__time_is_up__the_plan_is_not_divided_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    market = random_market(3, 40, 8)
    order = Order(market.tokens[0], market.tokens[5], int(10**4 * E18 / market.values[0]))
    costs = market.costs(market.tokens[5], 1e9)
    rounds: list[int] = []
    plain = search.divided

    def counted(*given: object) -> object:
        rounds.append(1)
        return plain(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(search, "divided", counted)
    find_route(Graph(market.pools), order, costs, Effort(seconds=300.0))
    assert rounds
    rounds.clear()
    late = find_route(Graph(market.pools), order, costs, Effort(seconds=0.0))
    assert not rounds and late.bound >= late.amount_out_net_gas > 0
