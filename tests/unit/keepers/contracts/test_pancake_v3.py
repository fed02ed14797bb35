"""A pool of PancakeSwap V3: a fork of Uniswap V3 whose `slot0` and `Swap` are laid out otherwise."""

from __future__ import annotations

import dataclasses

import pytest

from keepers.contracts.deployment import Deployment, PoolRecord, load
from keepers.contracts.pool_states import states_of
from keepers.contracts.pool_trades import trades_of
from keepers.contracts.reader import Reader
from keepers.operations.landed_swaps import _landed
from keepers.operations.market_profile import _priced
from keepers.routing.pools import V3Pool, quote
from keepers.rpc.node import Node, connect
from scripts._lib.venues.forks import PancakeV3
from tests.fixtures.node import WAD, World

FEE = 2500
SOLD = 10_000 * 10**6


@pytest.fixture
def node(world: World) -> Node:
    return connect(world.url, 31337)


@pytest.fixture
def pancake_market(world: World) -> tuple[Deployment, PoolRecord]:
    """A deployment whose only market is a pool of USDC and AAA."""
    venue = PancakeV3(world.w3, world.owner).deploy()
    amounts = {world.tokens["USDC"].address: 5_000_000 * 10**6, world.tokens["AAA"].address: 50_000 * WAD}
    pool = venue.create_pool(amounts, FEE)
    venue.add_liquidity(world.owner, pool, amounts)
    world.call(world.contract("LiquidityAggregator").functions.listPool(pool.address, 2, FEE))
    record = PoolRecord(pool.address, "pancake-v3", FEE)
    return dataclasses.replace(load(world.folder / "testnet.json"), pools=(record,)), record


@pytest.fixture
def pancake_swap(world: World, pancake_market: tuple[Deployment, PoolRecord], node: Node) -> tuple[int, int]:
    """Block before a swap of `SOLD`, and what came out."""
    usdc, aaa = (world.tokens[name] for name in ("USDC", "AAA"))
    aggregator, before = world.contract("LiquidityAggregator"), node.latest().number
    held = aaa.functions.balanceOf(world.owner).call()
    world.call(usdc.functions.approve(aggregator.address, SOLD))
    world.call(aggregator.functions.swapSingle(pancake_market[1].address, usdc.address, aaa.address, SOLD, 0, 2**39))
    return before, aaa.functions.balanceOf(world.owner).call() - held


def test_pools__are_read_whole_and_pay_what_the_pool_pays(
    world: World, node: Node, pancake_market: tuple[Deployment, PoolRecord], pancake_swap: tuple[int, int]
) -> None:
    before, out = pancake_swap
    usdc, aaa = (world.tokens[name].address for name in ("USDC", "AAA"))
    (pool,) = Reader(node, pancake_market[0]).pools([usdc, aaa], before)
    assert isinstance(pool, V3Pool) and quote(pool, usdc, SOLD) == out


def test_trades_of__a_swap__is_one(
    world: World, node: Node, pancake_market: tuple[Deployment, PoolRecord], pancake_swap: tuple[int, int]
) -> None:
    before, last = pancake_swap[0] + 1, node.latest().number
    side = Reader(node, pancake_market[0]).pool_ends()[pancake_market[1].address].index(world.tokens["USDC"].address)
    assert [trade.amount for trade in trades_of(node, {pancake_market[1]: side}, before, last, 100)] == [SOLD]


def test_states_of__a_swap__moves_the_reserves(
    node: Node, pancake_market: tuple[Deployment, PoolRecord], pancake_swap: tuple[int, int]
) -> None:
    last = node.latest().number
    begun, *followed = states_of(node, [pancake_market[1]], pancake_swap[0], last, 100)
    assert [state.block for state in followed] == [last] and followed[0].reserves != begun.reserves


def test_priced__a_swap__has_its_price(
    node: Node, pancake_market: tuple[Deployment, PoolRecord], pancake_swap: tuple[int, int]
) -> None:
    ((seen,),) = _priced(node, (pancake_market[1],), (pancake_swap[0] + 1, node.latest().number, 100))
    assert seen[0] == node.latest().number and seen[1] > 0


def test_landed__a_swap__is_found_in_its_block(
    node: Node, pancake_market: tuple[Deployment, PoolRecord], pancake_swap: tuple[int, int]
) -> None:
    ((event, _),) = _landed(node, pancake_market[0], node.latest().number)
    assert getattr(event, "amount_in", None) == SOLD
