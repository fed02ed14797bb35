"""Orders that several threads route at once over markets that are read for all of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from keepers.contracts.deployment import load
from keepers.contracts.reader import Reader
from keepers.operations.route import Routed, RouteDesk, RouteLimits
from keepers.rpc.errors import NodeUnreachable
from keepers.rpc.node import connect
from tests.fixtures.node import World
from tests.fixtures.waiting import wait_until
from tests.unit.keepers.bots.harness import ready

ORDERS = [(*ends, amount) for amount in ("10", "100", "1000") for ends in (("USDC", "AAA"), ("AAA", "USDC"))]


@pytest.fixture
def config(world: World) -> Path:
    return ready(world)


@pytest.fixture
def market_readings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Heights at which markets were read."""
    found: list[int] = []
    read = Reader.pools

    def counted(self: Reader, tokens: Any, block: int, *given: Any) -> Any:
        found.append(block)
        return read(self, tokens, block, *given)

    monkeypatch.setattr(Reader, "pools", counted)
    return found


def desk(world: World, shared: bool) -> RouteDesk:
    return RouteDesk(connect(world.url, 31337), load(world.folder / "testnet.json"), shared)


def at_once(routes: RouteDesk, orders: list[tuple[str, str, str]]) -> list[Routed]:
    """Routes of orders that threads ask for together."""
    together = Barrier(len(orders))

    def route(order: tuple[str, str, str]) -> Routed:
        together.wait()
        return routes.routed(*order, RouteLimits())

    with ThreadPoolExecutor(len(orders)) as pool:
        return list(pool.map(route, orders))


def test_routed__several_at_once__are_those_of_one_after_another(world: World, config: Path) -> None:
    alone = desk(world, shared=False)
    wanted = [alone.routed(*order, RouteLimits()) for order in ORDERS]
    found = at_once(desk(world, shared=True), ORDERS)
    assert [(one.block, one.plan.swaps, one.plan.amount_out) for one in found] == [
        (one.block, one.plan.swaps, one.plan.amount_out) for one in wanted
    ]


def test_routed__several_at_once__share_what_is_read(
    world: World, config: Path, market_readings: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    routes, counted = desk(world, shared=True), Reader.pools
    for order in ORDERS[:2]:
        routes.routed(*order, RouteLimits())
    market_readings.clear()
    world.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]

    def after_all_wait(self: Reader, *given: Any) -> Any:
        if not market_readings:
            wait_until(lambda: len(routes._waiting) == len(ORDERS), why=lambda: str(routes._waiting))
        return counted(self, *given)

    monkeypatch.setattr(Reader, "pools", after_all_wait)
    at_once(routes, ORDERS)
    # Orders that came while one was read for are served by the next reading.
    assert set(market_readings) == {world.w3.eth.block_number} and len(market_readings) <= 2


def test_routed__same_order_in_a_later_block__reads_anew(
    world: World, config: Path, market_readings: list[int]
) -> None:
    routes = desk(world, shared=True)
    for _ in range(2):
        routes.routed(*ORDERS[0], RouteLimits())
    world.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]
    newest = routes.routed(*ORDERS[0], RouteLimits()).block
    assert market_readings == [newest - 1, newest]


def test_routed__given_height__is_read_for_itself(world: World, config: Path, market_readings: list[int]) -> None:
    routes, height = desk(world, shared=True), world.w3.eth.block_number
    for _ in range(2):
        assert routes.routed(*ORDERS[0], RouteLimits(block=height)).block == height
    assert market_readings == [height, height]


def test_routed__amounts_far_apart_at_once__are_not_read_together(
    world: World, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Samples from one to the other would be as many as somebody likes."""
    routes, read, asked = desk(world, shared=True), Reader.pools, []
    orders = [("USDC", "AAA", "0.01"), ("USDC", "AAA", "100"), ("USDC", "AAA", "250000")]

    def noted(self: Reader, tokens: Any, block: int, most: Any, least: Any) -> Any:
        wait_until(lambda: bool(asked) or len(routes._waiting) == len(orders), why=lambda: str(routes._waiting))
        asked.append((most, least))
        return read(self, tokens, block, most, least)

    routes.routed(*orders[0], RouteLimits())
    world.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]
    monkeypatch.setattr(Reader, "pools", noted)
    assert len(at_once(routes, orders)) == len(orders)
    assert all(most[token] <= 2**14 * least[token] for most, least in asked for token in most)


def test_routed__far_larger_amount__is_not_served_by_what_was_read_for_a_small_one(
    world: World, config: Path, market_readings: list[int]
) -> None:
    routes = desk(world, shared=True)
    for amount in ("0.01", "10000"):
        routes.routed("USDC", "AAA", amount, RouteLimits())
    assert len(market_readings) == 2


def test_routed__reading_that_fails__is_tried_again_for_the_next_one(
    world: World, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes, read, failing = desk(world, shared=True), Reader.pools, [True]

    def fails_once(self: Reader, *given: Any) -> Any:
        if failing.pop() if failing else False:
            raise NodeUnreachable("node", "is gone", "wait")
        return read(self, *given)

    monkeypatch.setattr(Reader, "pools", fails_once)
    with pytest.raises(NodeUnreachable):
        routes.routed(*ORDERS[0], RouteLimits())
    assert routes.routed(*ORDERS[0], RouteLimits()).plan.amount_out > 0
    assert routes._waiting == []
