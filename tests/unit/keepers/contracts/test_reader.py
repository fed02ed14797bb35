from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from keepers.contracts.deployment import load
from keepers.contracts.known_pools import Known, agrees
from keepers.contracts.reader import Reader, _samples
from keepers.routing.crypto import CryptoPool
from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.pools import Pool, QuotedPool, V2Pool, V3Pool, quote
from keepers.routing.stable import StableKind, StablePool, told_by_first_pools
from keepers.routing.trades import Holding, TradeRules, plan_trades
from keepers.routing.vaults import VaultPool
from keepers.routing.weighted import WeightedPool
from keepers.rpc.errors import ChainError
from keepers.rpc.node import connect
from scripts._lib.artifacts import artifact, package_artifact
from scripts._lib.deployment.venues import Venue, market_record
from scripts._lib.transactions import deploy
from scripts._lib.venues.uniswap_v4 import UniswapV4, V4Key
from tests.fixtures.node import SYMBOLS, WAD, World
from tests.fixtures.venue_kinds import create, vault


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


# -- Markets beyond Uniswap V2 and V3


def listed(world: World, folder: Path, entries: Mapping[str, dict[str, Any]]) -> Reader:
    """Reads a world whose file names these markets only, each by the kind that the file says that it is."""
    assets = {name: world.tokens[name].address for name in ("USDC", "AAA")}
    pools = []
    for kind, entry in entries.items():
        venue: Any = TypeAdapter(Venue).validate_python(entry)
        market = venue.market(assets)
        world.call(world.contract("LiquidityAggregator").functions.listMarket(market.as_tuple()))
        pools.append(market_record(kind, market))
    path = folder / "beyond.json"
    path.write_text(json.dumps({**world.record, "pools": pools}))
    return Reader(connect(world.url, 31337), load(path))


def entry_of(world: World, kind: str) -> dict[str, Any]:
    """A new market of USDC and AAA, as a deployment's config has it."""
    names = {name: world.tokens[name] for name in ("USDC", "AAA")}
    return create(world.w3, world.owner, kind, names, {"USDC": 5_000_000 * 10**6, "AAA": 50_000 * 10**18})


def reading(world: World, folder: Path, kinds: Sequence[str]) -> Reader:
    """Reads a world that has a new market of each kind."""
    return listed(world, folder, {kind: entry_of(world, kind) for kind in kinds})


@pytest.fixture
def beyond(world: World, tmp_path: Path) -> Reader:
    """Two markets that the routing has no maths for."""
    return reading(world, tmp_path, ("curve-uint256", "curve-uint256-ng"))


EXACT = {
    "uniswap-v4": V3Pool,
    "balancer-weighted": WeightedPool,
    "balancer-stable": StablePool,
    "curve-int128": StablePool,
    "curve-int128-ng": StablePool,
}


@pytest.mark.parametrize("kind", EXACT)
def test_pools__venue_whose_maths_is_known__pays_what_it_says_to_the_wei(
    world: World, tmp_path: Path, kind: str
) -> None:
    tokens = [world.tokens[name] for name in ("USDC", "AAA")]
    for token in tokens:
        world.call(token.functions.approve(world.contract("LiquidityAggregator").address, 2**256 - 1))
    largest = {tokens[0].address: 200_000 * 10**6, tokens[1].address: 2_000 * 10**18}
    (pool,) = reading(world, tmp_path, [kind]).pools(list(largest), world.w3.eth.block_number, largest)
    assert isinstance(pool, EXACT[kind])
    for token, most in largest.items():
        for amount in (2 * most, most, most // 3, most // 77, most // 100_003):
            assert quote(pool, token, amount) == paid(world, pool, token, amount)


def largest_of(world: World) -> dict[str, int]:
    """Largest inputs of trades, with the aggregator approved for all of them."""
    usdc, aaa = (world.tokens[name] for name in ("USDC", "AAA"))
    for token in (usdc, aaa):
        world.call(token.functions.approve(world.contract("LiquidityAggregator").address, 2**256 - 1))
    return {usdc.address: 4_000_000 * 10**6, aaa.address: 40_000 * 10**18}


def v4_pool(world: World) -> tuple[UniswapV4, V4Key, dict[str, Any]]:
    """The venue, a pool of USDC and AAA with liquidity over the full range, and its entry in a config."""
    usdc, aaa = (world.tokens[name] for name in ("USDC", "AAA"))
    venue = UniswapV4(world.w3, world.owner).deploy()
    key = venue.create_pool(world.owner, {usdc.address: 5_000_000 * 10**6, aaa.address: 50_000 * 10**18})
    fields = {"manager": venue.manager.address, "fee": key.fee, "tick_spacing": key.tick_spacing}
    return venue, key, {"kind": "uniswap-v4", "tokens": ["USDC", "AAA"], **fields}


def test_pools__v4_with_positions_around_the_price__crosses_their_ticks(world: World, tmp_path: Path) -> None:
    venue, key, entry = v4_pool(world)
    largest, block = largest_of(world), world.w3.eth.block_number
    reader_ = listed(world, tmp_path, {"uniswap-v4": entry})
    (before,) = reader_.pools(list(largest), world.w3.eth.block_number, largest)
    assert isinstance(before, V3Pool) and block < world.w3.eth.block_number
    middle = before.tick // 60 * 60
    for below, above in ((600, 1200), (1800, 240), (6000, 9000)):
        venue.add_position(world.owner, key, (middle - below, middle + above), before.liquidity // 7)
    (pool,) = reader_.pools(list(largest), world.w3.eth.block_number, largest)
    assert isinstance(pool, V3Pool) and len(pool.ticks) == len(before.ticks) + 6
    for token, most in largest.items():
        for amount in (most, most // 5, most // 50):
            assert quote(pool, token, amount) == paid(world, pool, token, amount)


def test_pools__v4_with_a_protocol_fee__counts_it(world: World, tmp_path: Path) -> None:
    venue, key, entry = v4_pool(world)
    world.call(venue.manager.functions.setProtocolFeeController(world.owner))
    world.call(venue.manager.functions.setProtocolFee(key.as_tuple(), 700 | 700 << 12))
    largest = largest_of(world)
    (pool,) = listed(world, tmp_path, {"uniswap-v4": entry}).pools(list(largest), world.w3.eth.block_number, largest)
    assert isinstance(pool, V3Pool) and pool.fee_pips == 3000 + 700 - 2
    assert all(quote(pool, token, most) == paid(world, pool, token, most) for token, most in largest.items())


def test_pools__v4_whose_protocol_fee_differs_by_direction__is_sampled(world: World, tmp_path: Path) -> None:
    venue, key, entry = v4_pool(world)
    world.call(venue.manager.functions.setProtocolFeeController(world.owner))
    world.call(venue.manager.functions.setProtocolFee(key.as_tuple(), 700 | 300 << 12))
    largest = largest_of(world)
    (pool,) = listed(world, tmp_path, {"uniswap-v4": entry}).pools(list(largest), world.w3.eth.block_number, largest)
    assert isinstance(pool, QuotedPool)


def test_pools__other_venue_than_the_file_says__is_sampled(world: World, tmp_path: Path) -> None:
    wrong = {**entry_of(world, "balancer-stable"), "kind": "balancer-weighted"}
    largest = largest_of(world)
    found = listed(world, tmp_path, {"balancer-weighted": wrong}).pools(
        list(largest), world.w3.eth.block_number, largest
    )
    assert [type(pool) for pool in found] == [QuotedPool]


def test_agrees__one_amount_that_pays_otherwise__does_not() -> None:
    pool = V2Pool("0x1", "A", "B", 10**21, 10**21)
    asked = [(amount, quote(pool, "A", amount)) for amount in (10**15, 10**18, 10**20)]
    assert agrees(Known(pool), asked, [])
    amount, out = asked[1]
    assert not agrees(Known(pool), [asked[0], (amount, out + 1), asked[2]], [])


def test_agrees__chain_refuses_what_the_pool_would_pay__does_not() -> None:
    pool = V2Pool("0x1", "A", "B", 10**21, 10**21)
    asked = [(10**15, quote(pool, "A", 10**15)), (10**20, 0)]
    assert not agrees(Known(pool), asked, [])


def test_agrees__nothing_that_the_chain_pays_for__does_not() -> None:
    assert not agrees(Known(V2Pool("0x1", "A", "B", 10**21, 10**21)), [(1, 0)], [])


def test_pools__nothing_says_how_large_a_trade_may_be__known_maths_counts_no_more_than_samples(
    world: World, tmp_path: Path
) -> None:
    tokens = [world.tokens[name].address for name in ("USDC", "AAA")]
    assert reading(world, tmp_path, list(EXACT)).pools(tokens, world.w3.eth.block_number) == ()


def paid(world: World, pool: Pool, token_in: str, amount: int) -> int:
    """Amount that the aggregator gets there."""
    aggregator = world.contract("LiquidityAggregator")
    token_out = pool.token1 if token_in == pool.token0 else pool.token0
    path = (amount, [(pool.address, token_in == pool.token0)])
    order = (token_in, token_out, amount, 1, world.owner, 2**40 - 1, [path])
    return int(aggregator.functions.swap(order).call({"from": world.owner}))  # type: ignore[typeddict-item]


def test_pools__vault_whose_share_is_worth_more_than_an_asset__is_read_whole(world: World, tmp_path: Path) -> None:
    aaa = world.tokens["AAA"]
    share = vault(world.w3, world.owner, aaa)
    tokens = {"AAA": aaa.address, "vAAA": share.address}
    entry: Any = TypeAdapter(Venue).validate_python({"kind": "erc4626", "asset": "AAA", "share": "vAAA"})
    market = entry.market(tokens)
    aggregator = world.contract("LiquidityAggregator")
    world.call(aggregator.functions.listMarket(market.as_tuple()))
    for token in (aaa, share):
        world.call(token.functions.approve(aggregator.address, 2**256 - 1))
    path = tmp_path / "vault.json"
    path.write_text(json.dumps({**world.record, "pools": [market_record("erc4626", market)]}))
    largest = {token: 40_000 * WAD for token in tokens.values()}
    reader_ = Reader(connect(world.url, 31337), load(path))
    (pool,) = reader_.pools(list(largest), world.w3.eth.block_number, largest)
    assert isinstance(pool, VaultPool) and (pool.virtual_assets, pool.virtual_shares) == (1, 1)
    for token, most in largest.items():
        for amount in (3 * most, most // 3, most // 100_003, 7):
            assert quote(pool, token, amount) == paid(world, pool, token, amount)


def test_pools__stable_swap_of_3pools_age__pays_what_exchange_does(world: World, tmp_path: Path) -> None:
    """Its `get_dy` takes the fee from whole units of six decimals, its `exchange` from eighteen."""
    pair = [world.tokens[name] for name in ("USDC", "AAA")]
    old = artifact("MockStableSwap"), [token.address for token in pair], 200, 4 * 10**6, False, False
    made = deploy(world.w3, world.owner, *old)
    for token, amount in zip(pair, (5_000_000 * 10**6, 50_000 * WAD), strict=True):
        world.call(token.functions.transfer(made.address, amount))
    world.call(made.functions.gulp())
    entry = {"kind": "curve-int128", "tokens": ["USDC", "AAA"], "pool": made.address, "indices": [0, 1]}
    largest = largest_of(world)
    reader_ = listed(world, tmp_path, {"curve-int128": entry})
    (pool,) = reader_.pools(list(largest), world.w3.eth.block_number, largest)
    assert isinstance(pool, StablePool) and pool.kind is StableKind.CURVE
    aaa = world.tokens["AAA"].address
    amounts = range(10**18, 10**18 + 40 * 7919 * 10**9, 7919 * 10**9)
    told = [told_by_first_pools(pool, pool.token0 == aaa, amount) for amount in amounts]
    assert [quote(pool, aaa, amount) for amount in amounts] == [paid(world, pool, aaa, amount) for amount in amounts]
    assert any(view > quote(pool, aaa, amount) for view, amount in zip(told, amounts, strict=True))


@pytest.mark.parametrize("indices", [(0, 1), (1, 0)])
def test_pools__crypto_swap_of_the_first_generation__is_read_whole(
    world: World, tmp_path: Path, indices: tuple[int, int]
) -> None:
    names = [("USDC", "AAA")[index] for index in indices]
    pair = [world.tokens[name] for name in names]
    depths = {"USDC": 5_000_000 * 10**6, "AAA": 50_000 * WAD}
    price = WAD // 100 if names[0] == "AAA" else 100 * WAD
    terms = [400_000, 145 * 10**12, price, 26 * 10**6, 45 * 10**6, 230 * 10**12]
    made = deploy(world.w3, world.owner, artifact("MockNewtonCryptoSwap"), [token.address for token in pair], terms)
    for name, token in zip(names, pair, strict=True):
        world.call(token.functions.transfer(made.address, depths[name]))
    world.call(made.functions.gulp())
    entry = {"kind": "curve-uint256", "tokens": names, "pool": made.address, "indices": [0, 1]}
    largest = largest_of(world)
    reader_ = listed(world, tmp_path, {"curve-uint256": entry})
    (pool,) = reader_.pools(list(largest), world.w3.eth.block_number, largest)
    assert isinstance(pool, CryptoPool)
    for token, most in largest.items():
        for amount in (2 * most, most // 3, most // 777, most // 100_003):
            assert quote(pool, token, amount) == paid(world, pool, token, amount)


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
    assert _samples([(1, 0), (2, 5), (3, 6), (4, 5), (5, 9)]) == ((2, 5), (3, 6))
    assert _samples([(1, 3), (2, 0), (3, 9)]) == ((1, 3),)
    assert _samples([(1, 0), (2, 0)]) == ()
