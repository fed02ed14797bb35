"""Depth that a risk bot signs: from the pools, when it is due, and no more than they hold."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak

from keepers import abi
from keepers.bots.depth import RISE_SECONDS
from keepers.contracts.messages import DepthReport
from keepers.risk.report import WAD
from keepers.rpc.errors import Reverted
from keepers.runtime.decision_log import RETRY_SECONDS
from keepers.signers.signing import sign_quorum
from scripts._lib.artifacts import artifact
from tests.fixtures.node import PRICES, SYMBOLS, World
from tests.unit.keepers.bots.harness import Running, later, ready, sent, started

HOUR = 3600
UNKNOWN = 2**256 - 1


def book(world: World, symbol: str = "AAA") -> tuple[int, int, int]:
    """Nonce, expiry and depth, whole dollars, of an asset."""
    functions, asset = world.contract("MarketDepthRegistry").functions, world.tokens[symbol].address
    _, expiry, nonce = functions.reportOf(world.universe, asset).call()
    return nonce, expiry, functions.depthOf(world.universe, asset).call() // WAD


def days_to_liquidate(world: World) -> int:
    return int(world.contract("RiskEngine").functions.metrics(world.portfolio.address).call()[13])


def dump(world: World, symbol: str, part: int) -> None:
    """Sells so much of the V2 pair's own reserve into it: deeper in stock, shallower in dollars."""
    record = next(pool for pool in world.record["pools"] if pool["kind"] == "uniswap-v2" and holds(world, pool, symbol))
    token, usdc = world.tokens[symbol], world.tokens["USDC"]
    pair = world.w3.eth.contract(address=record["address"], abi=artifact("IUniswapV2Pair").abi)
    stock, cash = (asset.functions.balanceOf(pair.address).call() for asset in (token, usdc))
    sold = stock // part
    paid = sold * 997 * cash // (stock * 1000 + sold * 997)
    world.call(token.functions.transfer(pair.address, sold))
    first = int(token.address, 16) < int(usdc.address, 16)
    out = (0, paid) if first else (paid, 0)
    world.call(pair.functions.swap(*out, world.owner, b""))


def holds(world: World, pool: dict[str, object], symbol: str) -> bool:
    return world.tokens[symbol].functions.balanceOf(pool["address"]).call() > 0


def test_depth__pools_of_the_world__are_signed_confirmed_and_known_to_the_engine(world: World) -> None:
    with started("risk", ready(world)) as bot:
        world.call(world.tokens["AAA"].functions.transfer(world.portfolio.address, 300 * 10**18))
        bot.step()
        for symbol in SYMBOLS:
            nonce, _, depth = book(world, symbol)
            # A V2 pair and a V3 pool over all prices pay 1 - sqrt(0.98) of five million dollars each.
            assert nonce == 1 and depth == pytest.approx(2 * 5_000_000 * (1 - 0.98**0.5), rel=1e-3)
        # A fifth of that a day, for thirty thousand dollars.
        expected = 300 * PRICES["AAA"] / (0.2 * book(world)[2])
        assert days_to_liquidate(world) / WAD == pytest.approx(expected, rel=1e-6)
        (decision,) = [
            item for item in bot.services.store.decisions(bot.bot.name) if world.tokens["AAA"].address in item.key
        ]
        assert decision.reason.startswith("AAA 100,5") and decision.reason.endswith("in 2 pools; the first")


def test_depth__before_any_is_posted__is_unknown(world: World) -> None:
    ready(world)
    with started("risk", world.write_config(risk={"depth": {"enabled": False}})) as bot:
        world.call(world.tokens["AAA"].functions.transfer(world.portfolio.address, 300 * 10**18))
        bot.step()
        assert days_to_liquidate(world) == UNKNOWN


def test_depth__nothing_changes__is_posted_once_until_it_is_about_to_expire(world: World) -> None:
    with started("risk", ready(world)) as bot:
        bot.step()
        for hours in (1, 46):
            later(world, hours * HOUR)
            bot.step()
            assert book(world)[0] == 1
        later(world, 2 * HOUR)
        bot.step()
        assert [book(world, symbol)[0] for symbol in SYMBOLS] == [2, 2, 2]


def test_depth__pool_is_drained__falls_at_once_for_that_asset_alone(world: World) -> None:
    with started("risk", ready(world)) as bot:
        bot.step()
        before = book(world)[2]
        dump(world, "AAA", 1)
        later(world, 11 * 60)
        bot.step()
        nonce, _, depth = book(world)
        # Half of the pair's dollars are gone, and with them a quarter of what both pools paid.
        assert nonce == 2 and depth == pytest.approx(0.75 * before, rel=0.01)
        assert book(world, "BBB")[0] == book(world, "CCC")[0] == 1


def test_depth__market_deepens__rises_only_after_a_while(world: World) -> None:
    config = ready(world)
    with started("risk", config) as bot:
        bot.step()
        dump(world, "AAA", 1)
        later(world, 11 * 60)
        bot.step()
        low = book(world)[2]
        usdc = world.tokens["USDC"]
        record = next(p for p in world.record["pools"] if p["kind"] == "uniswap-v2" and holds(world, p, "AAA"))
        world.call(usdc.functions.transfer(record["address"], 5_000_000 * 10**6))
        sync = {"from": world.owner, "to": record["address"], "data": keccak(text="sync()")[:4]}
        world.w3.eth.wait_for_transaction_receipt(world.w3.eth.send_transaction(sync))  # type: ignore[arg-type]
        later(world, 11 * 60)
        bot.step()
        assert book(world)[0] == 2 and book(world)[2] == low
        later(world, RISE_SECONDS)
        bot.step()
        assert book(world)[0] == 3
        later(world, 1)
        assert book(world)[2] > 1.2 * low


def test_depth__restarted__posts_nothing_again(world: World) -> None:
    config = ready(world)
    with started("risk", config) as bot:
        bot.step()
        before = sent(world, bot)
    later(world, HOUR)
    with started("risk", config) as bot:
        bot.step()
        assert sent(world, bot) == before and book(world)[0] == 1


def test_depth__pool_is_delisted__is_no_longer_named(world: World) -> None:
    with started("risk", ready(world)) as bot:
        bot.step()
        before = book(world)[2]
        record = next(p for p in world.record["pools"] if p["kind"] == "uniswap-v2" and holds(world, p, "AAA"))
        world.call(world.contract("LiquidityAggregator").functions.delistPool(record["address"]))
        later(world, 11 * 60)
        bot.step()
        # Though the deployment file still has it.
        assert book(world)[0] == 2 and book(world)[2] == pytest.approx(before / 2, rel=1e-3)


def test_depth__refused__rests(world: World) -> None:
    ready(world)
    with started("risk", world.write_config(risk={"depth": {"lifetime_hours": 241, "look_minutes": 0.01}})) as bot:
        bot.step()
        refused = [item for item in bot.services.store.decisions(bot.bot.name) if item.key.startswith("depth:")]
        assert len(refused) == 3 and all("MarketDepthRegistry__BadTimes" in item.reason for item in refused)
        later(world, 60)
        bot.step()
        key = refused[0].key
        assert bot.services.store.decision(bot.bot.name, key) == refused[0]
        later(world, RETRY_SECONDS)
        bot.step()
        again = bot.services.store.decision(bot.bot.name, key)
        assert again is not None and again.created > refused[0].created


def test_depth__limit_is_on__slow_portfolio_is_tripped(world: World) -> None:
    with started("risk", ready(world)) as bot:
        world.call(world.tokens["AAA"].functions.transfer(world.portfolio.address, 300 * 10**18))
        bot.step()
        engine = world.contract("RiskEngine").functions
        limits = list(engine.limitsOf(world.portfolio.address).call())
        limits[12] = 10  # A day, in tenths.
        world.call(engine.tightenLimits(world.portfolio.address, limits))
        later(world, 60)
        bot.step()
        assert engine.stateOf(world.portfolio.address).call() == 2


def test_depth__thief_overstates__is_refused_by_what_pools_hold(world: World) -> None:
    """The whole quorum signs that the market is ten times what its pools hold."""
    with started("risk", ready(world)) as bot:
        bot.step()
        held = 10_000_000 * WAD
        for depth, refused in ((held // 2, None), (10 * held, "MarketDepthRegistry__Unconfirmed")):
            data = forged(bot, world, depth)
            if refused is None:
                bot.services.sender.simulate(bot.services.deployment.address("MarketDepthRegistry"), data)
            else:
                with pytest.raises(Reverted, match=refused):
                    bot.services.sender.simulate(bot.services.deployment.address("MarketDepthRegistry"), data)


def forged(bot: Running, world: World, depth: int) -> bytes:
    services, asset = bot.services, world.tokens["AAA"].address
    now = services.node.latest().timestamp
    nonce = services.reader.depths(world.universe, [asset])[0].nonce + 1
    pools = sorted((p["address"] for p in world.record["pools"] if holds(world, p, "AAA")), key=lambda p: int(p, 16))
    report = DepthReport(world.universe, asset, nonce, now, now + HOUR, depth, tuple(pools))
    contract = services.deployment.address("MarketDepthRegistry")
    signatures = sign_quorum(report.message(services.node.chain_id, contract), services.signers)
    return abi.function("MarketDepthRegistry", "postDepth").encode(report.as_tuple(), signatures)
