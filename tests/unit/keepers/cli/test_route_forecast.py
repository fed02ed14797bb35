"""`quantera route forecast` on trades of real pool contracts of Uniswap V2 and V3."""

from __future__ import annotations

import json
from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from keepers.config import load_config
from keepers.contracts import pool_states
from keepers.contracts.deployment import Deployment, PoolRecord, load
from keepers.contracts.pool_states import heights_at, states_of
from keepers.rpc.node import Node, connect
from scripts._lib.venues.uniswap import UniswapV3
from tests.fixtures.node import World
from tests.unit.keepers.bots.harness import later, ready
from tests.unit.keepers.cli.test_cli import invoke, line_of

ORDER = ("route", "forecast", "USDC", "AAA", "10000")
V2, V3 = 0, 1
"""Positions of the pools of AAA in the deployment."""
SHORT = ("--horizon", "10m", "--history", "4d")


@pytest.fixture
def config(world: World) -> Path:
    return ready(world)


def trade(world: World, pool: int, dollars: int, buys: bool = True) -> None:
    """The owner swaps dollars through a pool of AAA, or assets worth them."""
    aggregator = world.contract("LiquidityAggregator")
    sold, bought = (world.tokens[symbol] for symbol in (("USDC", "AAA") if buys else ("AAA", "USDC")))
    amount = dollars * 10**6 if buys else dollars * 10**18 // 100
    world.call(sold.functions.approve(aggregator.address, amount))
    single = (world.record["pools"][pool]["address"], sold.address, bought.address, amount, 0, 2**39)
    world.call(aggregator.functions.swapSingle(*single))


def traded(world: World, days: float = 4.0, rounds: int = 16) -> None:
    """Trades there and back through both pools over some days."""
    for number in range(rounds):
        trade(world, V2, 20_000 + 1_000 * number)
        trade(world, V3, 15_000 + 1_000 * number)
        later(world, int(days * 86_400 / rounds / 2))
        trade(world, V2, 18_000 + 1_000 * number, buys=False)
        trade(world, V3, 14_000 + 1_000 * number, buys=False)
        later(world, int(days * 86_400 / rounds / 2))


def told(config: Path, *options: str) -> dict[str, Any]:
    result = invoke(*ORDER, *options, "--json", "--config", str(config))
    assert result.exit_code == 0, result.output + result.stderr
    found: dict[str, Any] = json.loads(result.output)
    return found


def reserve(world: World) -> float:
    """Dollars of both pools' reserves, as the contracts have them now: V2's own, and L sqrt(P) or L / sqrt(P) of V3."""
    v2, v3 = (world.record["pools"][pool]["address"] for pool in (V2, V3))
    first = int(world.tokens["USDC"].address, 16) < int(world.tokens["AAA"].address, 16)
    names = ("getReserves", "uint112 uint112 uint32"), ("slot0", "uint160 int24"), ("liquidity", "uint128")
    read = {
        name: world.w3.eth.contract(
            abi=[
                {
                    "type": "function",
                    "name": name,
                    "inputs": [],
                    "stateMutability": "view",
                    "outputs": [{"name": "", "type": kind} for kind in kinds.split()],
                }
            ]
        )
        for name, kinds in names
    }
    of_v2 = read["getReserves"](v2).functions.getReserves().call()[0 if first else 1]
    root = read["slot0"](v3).functions.slot0().call()[0] / 2**96
    liquidity = read["liquidity"](v3).functions.liquidity().call()
    of_v3 = liquidity / root if first else liquidity * root
    return float((of_v2 + of_v3) / 10**6)


def test_forecast__trades_of_both_kinds_of_pool__begins_at_the_contracts_depth(world: World, config: Path) -> None:
    traded(world)
    found = told(config, *SHORT)
    assert found["pools"] == 2 and found["changes"] >= 60 and found["steps"] > 500
    assert found["depth_now"] == pytest.approx(reserve(world) * (1 / sqrt(0.99) - 1), rel=1e-9)
    for name in ("depth", "impact_bps", "slippage_bps"):
        assert found[name]["low"] <= found[name]["value"] <= found[name]["high"]
    impact = 10_000 / (found["depth"]["value"] / (1 / sqrt(0.99) - 1))
    assert found["impact_bps"]["value"] == pytest.approx(10_000 * impact * 0.997, rel=0.01)
    # Both pools take 30 basis points.
    assert found["slippage_bps"]["value"] == pytest.approx(30 + found["impact_bps"]["value"], abs=0.2)


def test_forecast__for_people__says_what_the_history_was_and_how_the_model_did(world: World, config: Path) -> None:
    traded(world)
    head, read, titles, depth, impact, slippage, model, *past = invoke(
        *ORDER, *SHORT, "--config", str(config)
    ).output.splitlines()
    assert head.startswith("10,000.000000 USDC for AAA 10 m after block") and "changes of 2 pools" in read
    assert titles.split()[:1] == ["expected"] and depth.split()[:2] == ["depth,", "USDC"]
    assert impact.split()[:2] == ["impact,", "bps"] and slippage.split()[:2] == ["slippage,", "bps"]
    assert "the choice of this history" in model and all("outcomes inside their intervals" in line for line in past)


def test_states_of__a_node_that_keeps_no_past_state__follows_the_same_events(
    world: World, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, deployment = connected(world, config)
    first = node.latest().number
    traded(world, rounds=2)
    pools, last = deployment.pools[:2], node.latest().number
    whole = states_of(node, pools, first, last, 7)
    monkeypatch.setattr(pool_states, "_asked", lambda *_: {})
    events = states_of(node, pools, first, last, 1_000)
    assert [state for state in whole if state.block > first] == events and len(whole) == len(events) + 2


def test_states_of__pool_that_nobody_traded_in__is_as_it_is_now(
    world: World, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its past state is not kept either."""
    node, deployment = connected(world, config)
    first = node.latest().number
    trade(world, V2, 1_000)
    asked = pool_states._asked
    monkeypatch.setattr(pool_states, "_asked", lambda *given: asked(*given) if given[2] != first else {})
    found = states_of(node, deployment.pools[:2], first, node.latest().number, 1_000)
    assert [state.block for state in found if state.pool == deployment.pools[V3].address] == [first]


def test_states_of__liquidity_comes_within_and_beyond_the_range__reserves_are_the_contracts(
    world: World, config: Path
) -> None:
    node, _ = connected(world, config)
    venue = UniswapV3(world.w3, world.owner).deploy()
    amounts = {world.tokens[symbol].address: 10**units for symbol, units in (("BBB", 21), ("CCC", 21))}
    pool = venue.create_pool(amounts, 3000)
    venue.add_liquidity(world.owner, pool, amounts)
    first = node.latest().number
    venue.add_liquidity(world.owner, pool, amounts, (-600, 600))
    venue.add_liquidity(world.owner, pool, amounts, (600, 1200))
    world.call(world.tokens["BBB"].functions.approve(venue.router.address, 10**19))
    venue.swap(world.owner, pool, world.tokens["BBB"].address, 10**19)
    record = PoolRecord(pool.address, "uniswap-v3", 3000)
    found = states_of(node, [record], first, node.latest().number, 1_000)
    state = venue.state(pool)
    root = state.sqrt_price_x96 / 2**96
    begun, narrow, beyond, after = (one.reserves for one in found)
    assert after == (state.liquidity / root, state.liquidity * root)
    # The swap stays in the range, so that liquidity before it is that after it.
    assert narrow == beyond == pytest.approx((state.liquidity, state.liquidity)) and narrow[0] > 10 * begun[0]


def connected(world: World, config: Path) -> tuple[Node, Deployment]:
    loaded = load_config(config)
    return connect(world.url, loaded.chain_id), load(loaded.at(loaded.deployment))


def test_heights_at__times_between_blocks__are_the_blocks_before(world: World, config: Path) -> None:
    node, _ = connected(world, config)
    first = node.latest()
    later(world, 1_000)
    later(world, 500)
    newest, begin = node.latest(), first.timestamp
    times = [begin, begin + 999, newest.timestamp - 500, newest.timestamp - 1, newest.timestamp]
    expected = [0, 0, 1, 1, 2]
    assert [height - first.number for height in heights_at(node, times, first.number, newest)] == expected


def test_forecast__no_trade_in_the_history__is_one_clear_line(world: World, config: Path) -> None:
    later(world, 5 * 86_400)
    assert "no trade in 4 d" in line_of(invoke(*ORDER, *SHORT, "--config", str(config)), 1)


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        (("USDC", "AAA", "1", "--horizon", "0h"), "no length of time above zero", 2),
        (("USDC", "AAA", "1", "--horizon", "nan"), "no length of time above zero", 2),
        (("USDC", "AAA", "1", "--history", "-1d"), "no length of time above zero", 2),
        (("USDC", "AAA", "1", "--horizon", "90m"), "not in whole hours", 1),
        (("USDC", "AAA", "1", "--history", "2d"), "history of 49 steps", 1),
        (("USDC", "AAA", "1", "--history", "9999999d"), "more than 20000 steps", 1),
        (("USDC", "AAA", "nan", "--history", "4d", "--horizon", "10m"), "not finite", 1),
        (("USDC", "AAA", "0", "--history", "4d", "--horizon", "10m"), "not above zero", 1),
        (("USDC", "NONE", "1", "--history", "4d", "--horizon", "10m"), "token NONE", 1),
        (("AAA", "BBB", "1", "--history", "4d", "--horizon", "10m"), "no Uniswap pool of the deployment", 1),
        (("AAA", "AAA", "1", "--history", "4d", "--horizon", "10m"), "no Uniswap pool of the deployment", 1),
    ],
)
def test_forecast__input_that_makes_no_sense__is_one_clear_line(
    config: Path, arguments: tuple[str, ...], words: str, code: int
) -> None:
    result = invoke("route", "forecast", *arguments, "--config", str(config))
    assert words in (result.stderr if code == 2 else line_of(result, code)) and result.exit_code == code
