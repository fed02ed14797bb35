from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from keepers.contracts.deployment import load
from keepers.contracts.reader import Reader, _samples
from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.pools import QuotedPool, V2Pool, V3Pool, quote
from keepers.routing.trades import Holding, TradeRules, plan_trades
from keepers.rpc.errors import ChainError, NodeRefused
from keepers.rpc.node import connect
from scripts._lib.artifacts import package_artifact
from scripts._lib.deployment.venues import Venue, market_record
from tests.fixtures.node import SYMBOLS, WAD, World
from tests.fixtures.venue_kinds import create


def reader(world: World) -> Reader:
    return Reader(connect(world.url, 31337), load(world.folder / "testnet.json"))


def test_pools__of_every_token__are_what_the_chain_has(world: World) -> None:
    block = world.w3.eth.block_number
    tokens = [token.address for token in world.tokens.values()]
    pools = reader(world).pools(tokens, block)
    assert len(pools) == 2 * len(SYMBOLS)
    v2 = [pool for pool in pools if isinstance(pool, V2Pool)]
    v3 = [pool for pool in pools if isinstance(pool, V3Pool)]
    pair_abi = package_artifact("@uniswap/v2-core/build/UniswapV2Pair.json").abi
    pair = world.w3.eth.contract(address=v2[0].address, abi=pair_abi)  # type: ignore[call-overload]
    assert (v2[0].reserve0, v2[0].reserve1) == tuple(pair.functions.getReserves().call()[:2])
    assert all(pool.liquidity > 0 and pool.tick_spacing == 60 for pool in v3)


def test_pools__quoted_with_the_ticks_that_were_read__pay_what_the_chain_pays(world: World) -> None:
    usdc = world.tokens["USDC"]
    (pool,) = [
        pool
        for pool in reader(world).pools([usdc.address, world.tokens["AAA"].address], world.w3.eth.block_number)
        if isinstance(pool, V3Pool)
    ]
    amount = 100_000 * 10**6
    out = quote(pool, usdc.address, amount)
    aggregator = world.contract("LiquidityAggregator")
    world.call(usdc.functions.approve(aggregator.address, amount))
    zero_for_one = pool.token0 == usdc.address
    order = (
        usdc.address,
        world.tokens["AAA"].address,
        amount,
        1,
        world.owner,
        2**40 - 1,
        [(amount, [(pool.address, zero_for_one)])],
    )
    paid = aggregator.functions.swap(order).call({"from": world.owner})  # type: ignore[typeddict-item]
    assert paid == out


def test_pools__of_other_tokens__are_left_out(world: World) -> None:
    assert reader(world).pools([world.tokens["AAA"].address], world.w3.eth.block_number) == ()


def test_portfolio__with_cash_only__has_its_numbers_and_no_model(world: World) -> None:
    world.deposit(1000)
    state = reader(world).portfolio("demo", world.w3.eth.block_number)
    assert state.assets == tuple(world.tokens[symbol].address for symbol in ("USDC", *SYMBOLS))
    assert state.balances == (1000 * 10**6, 0, 0, 0)
    assert state.decimals == (6, 18, 18, 18)
    assert state.nav == 1000 * 10**18
    assert state.prices[1] == 100 * 10**18
    assert state.covariance is None and state.risk.metrics is None
    assert state.risk.unavailable_reason.startswith("CovarianceModels__NoModel(universe=0x")
    assert (state.loss_level, state.loss_capacity) == (0, 10**16)
    assert state.risk.limits.max_var99_bps == 300 and state.risk.state == "Normal"


def test_universe_assets__unknown__says_so(world: World) -> None:
    with pytest.raises(ChainError, match="unknown to the risk engine"):
        reader(world).universe_assets(b"\1" * 32)


# -- Markets that the routing has no maths for


@pytest.fixture
def beyond(world: World, tmp_path: Path) -> Reader:
    """Reads a world that has a V4 pool and a Balancer pool of USDC and AAA, too, the only ones that its file names."""
    names = {name: world.tokens[name] for name in ("USDC", "AAA")}
    amounts = {"USDC": 5_000_000 * 10**6, "AAA": 50_000 * 10**18}
    assets = {name: token.address for name, token in names.items()}
    pools = []
    for kind in ("uniswap-v4", "balancer-weighted"):
        entry = create(world.w3, world.owner, kind, names, amounts)
        venue: Any = TypeAdapter(Venue).validate_python(entry)
        market = venue.market(assets)
        world.call(world.contract("LiquidityAggregator").functions.listMarket(market.as_tuple()))
        pools.append(market_record(kind, market))
    path = tmp_path / "beyond.json"
    path.write_text(json.dumps({**world.record, "pools": pools}))
    return Reader(connect(world.url, 31337), load(path))


def paid(world: World, pool: QuotedPool, token_in: str, amount: int) -> int:
    """Amount that the aggregator gets there."""
    aggregator = world.contract("LiquidityAggregator")
    token_out = pool.token1 if token_in == pool.token0 else pool.token0
    path = (amount, [(pool.address, token_in == pool.token0)])
    order = (token_in, token_out, amount, 1, world.owner, 2**40 - 1, [path])
    return int(aggregator.functions.swap(order).call({"from": world.owner}))  # type: ignore[typeddict-item]


def test_pools__quoted_by_the_lens__pay_at_least_what_the_samples_say(world: World, beyond: Reader) -> None:
    usdc, aaa = (world.tokens[name] for name in ("USDC", "AAA"))
    for token in (usdc, aaa):
        world.call(token.functions.approve(world.contract("LiquidityAggregator").address, 2**256 - 1))
    largest = {usdc.address: 200_000 * 10**6, aaa.address: 2_000 * 10**18}
    pools = beyond.pools(list(largest), world.w3.eth.block_number, largest)
    assert len(pools) == 2
    for pool in pools:
        assert isinstance(pool, QuotedPool)
        for token, most in largest.items():
            for amount in (most, most // 3, most // 77, most // 100_000):
                promised, got = quote(pool, token, amount), paid(world, pool, token, amount)
                assert got * 9_990 // 10_000 <= promised <= got
            with pytest.raises(InsufficientLiquidity):
                quote(pool, token, most + 1)


def test_pools__largest_not_given__is_what_the_portfolio_is_worth(world: World, beyond: Reader) -> None:
    tokens = [world.tokens[name].address for name in ("USDC", "AAA")]
    block = world.w3.eth.block_number
    assert beyond.pools(tokens, block) == (), "nothing says how much a trade may be of"
    world.deposit(1000)
    block = world.w3.eth.block_number
    beyond.portfolio("demo", block)
    usdc, aaa = tokens
    for pool in beyond.pools(tokens, block):
        assert quote(pool, usdc, 1000 * 10**6) > 0 and quote(pool, aaa, 10 * 10**18) > 0
        with pytest.raises(InsufficientLiquidity):
            quote(pool, usdc, 1100 * 10**6)


def test_pools__delisted_meanwhile__is_left_out(world: World, beyond: Reader) -> None:
    largest = {world.tokens[name].address: 10**9 for name in ("USDC", "AAA")}
    first, second = beyond.pools(list(largest), world.w3.eth.block_number, largest)
    world.call(world.contract("LiquidityAggregator").functions.delistPool(first.address))
    found = beyond.pools(list(largest), world.w3.eth.block_number, largest)
    assert [pool.address for pool in found] == [second.address]


def test_plan_trades__over_quoted_markets__runs_on_the_chain(world: World, beyond: Reader) -> None:
    usdc, aaa = (world.tokens[name] for name in ("USDC", "AAA"))
    cash = 150_000 * 10**6
    pools = beyond.pools([usdc.address, aaa.address], world.w3.eth.block_number, {usdc.address: cash})
    holdings = (Holding(usdc.address, cash, WAD, 6), Holding(aaa.address, 0, 100 * WAD, 18))
    (trade,) = plan_trades(holdings, (0, WAD), pools, TradeRules(50, WAD))
    assert {hop.pool for path in trade.paths for hop in path.hops} == {pool.address for pool in pools}
    aggregator = world.contract("LiquidityAggregator")
    world.call(usdc.functions.approve(aggregator.address, cash))
    paths = [(path.amount_in, [tuple(hop) for hop in path.hops]) for path in trade.paths]
    order = (usdc.address, aaa.address, cash, trade.min_amount_out, world.owner, 2**40 - 1, paths)
    before = aaa.functions.balanceOf(world.owner).call()
    world.call(aggregator.functions.swap(order))
    got = aaa.functions.balanceOf(world.owner).call() - before
    assert trade.quoted_out <= got <= trade.quoted_out * 10_010 // 10_000


def test_pools__venue_that_burns_all_gas__is_left_out_and_stops_nobody(world: World, beyond: Reader) -> None:
    first, second = beyond.pools(*_asked(world))
    vault = world.contract("LiquidityAggregator").functions.marketOf(second.address).call()[2]
    invalid = "0xfe"
    world.w3.provider.make_request("anvil_setCode", [vault, invalid])  # type: ignore[arg-type]
    assert [pool.address for pool in beyond.pools(*_asked(world))] == [first.address]


def _asked(world: World) -> tuple[list[str], int, dict[str, int]]:
    largest = {world.tokens[name].address: 10**9 for name in ("USDC", "AAA")}
    return list(largest), world.w3.eth.block_number, largest


def test_samples__venue_whose_quotes_fall_or_stop__count_up_to_there() -> None:
    refused = NodeRefused("eth_call", "out of gas", "ask for less")
    assert _samples([(1, refused), (2, (5, [])), (3, (6, [])), (4, (5, [])), (5, (9, []))]) == ((2, 5), (3, 6))
    assert _samples([(1, (3, [])), (2, refused), (3, (9, []))]) == ((1, 3),)
    assert _samples([(1, (0, [])), (2, refused)]) == ()
