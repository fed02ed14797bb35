from __future__ import annotations

import pytest

from keepers.chain.deployment import load
from keepers.chain.errors import ChainError
from keepers.chain.node import connect
from keepers.chain.state import Reader
from keepers.routing.pools import V2Pool, V3Pool, quote
from scripts.artifacts import package_artifact
from tests.fixtures.node import SYMBOLS, World


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
    assert state.risk.why_not.startswith("CovarianceModels__NoModel(universe=0x")
    assert (state.loss_level, state.loss_capacity) == (0, 10**16)
    assert state.risk.limits.max_var99_bps == 300 and state.risk.state == "Normal"


def test_universe_assets__unknown__says_so(world: World) -> None:
    with pytest.raises(ChainError, match="unknown to the risk engine"):
        reader(world).universe_assets(b"\1" * 32)
