"""A rebalance whose sales meet its purchases in a pool of both, from the bot's plan to the chain's receipt."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from eth_typing import HexStr
from web3.contract import Contract
from web3.logs import DISCARD

from keepers.store import Decision
from scripts._lib.venues.uniswap import UniswapV2
from tests.fixtures.node import World
from tests.unit.keepers.bots.harness import ready, started
from tests.unit.keepers.bots.test_rebalance import day, decided

V2 = 1
DEPTH = 20_000_000
"""Dollars on each side of the pool of two assets: more than those of each against cash."""


@pytest.fixture
def crossing(world: World) -> Contract:
    """A pool of AAA and BBB in the deployment, beside a portfolio with cash."""
    amounts: dict[str, int] = {
        world.tokens["AAA"].address: DEPTH // 100 * 10**18,
        world.tokens["BBB"].address: DEPTH // 40 * 10**18,
    }
    pair = UniswapV2(world.w3, world.owner).deploy().add_liquidity(world.owner, amounts)
    world.call(world.contract("LiquidityAggregator").functions.listPool(pair.address, V2, 3000))
    record = {**world.record, "pools": [*world.record["pools"], {**world.record["pools"][0], "address": pair.address}]}
    (world.folder / "crossing.json").write_text(json.dumps(record))
    ready(world)
    return pair


@dataclass(frozen=True)
class Rebalanced:
    """A rebalance that was executed.

    Attributes:
        decision: The bot's.
        nav: WAD before and after.
        trades: (asset out, asset in) -> (amount out, amount in), assets by symbol.
        changes: Change of the portfolio's own balances, by symbol.
    """

    decision: Decision
    nav: tuple[int, int]
    trades: dict[tuple[str, str], tuple[int, int]]
    changes: dict[str, int]


def drifted(world: World, seconds: float) -> Rebalanced:
    """Invests, is given AAA worth a tenth of the portfolio, and rebalances with that time for a basket."""
    rebalance = {"schedule": {"every_n_days": 5, "drift_bps": 100}, "turnover_cost": 0.0, "basket_seconds": seconds}
    config = world.write_config(deployment="crossing.json", rebalance=rebalance)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        bot.step()
        assert decided(world, bot, 1).outcome == "done"
        world.call(world.tokens["AAA"].functions.transfer(world.portfolio.address, 100 * 10**18))
        found = day(world, risk, bot, 208)
    assert found.outcome == "done", found.reason
    receipt = world.w3.eth.get_transaction_receipt(HexStr(str(found.tx_hash)))
    (executed,) = world.portfolio.events.Executed().process_receipt(receipt, DISCARD)
    symbols = {token.address: symbol for symbol, token in world.tokens.items()}
    assets = [symbols[address] for address in world.portfolio.functions.assets().call()]
    trades = {
        (assets[word & 0xFF], assets[word >> 8 & 0xFF]): (word >> 32 & 2**112 - 1, word >> 144)
        for word in executed["args"]["trades"]
    }
    block = receipt["blockNumber"]
    paid = sum(e["args"]["amount"] for e in world.portfolio.events.ExecutorPaid().process_receipt(receipt, DISCARD))
    changes = {}
    for symbol, token in world.tokens.items():
        held = [
            token.functions.balanceOf(world.portfolio.address).call(block_identifier=at) for at in (block - 1, block)
        ]
        changes[symbol] = held[1] - held[0] + (paid if symbol == "USDC" else 0)
    return Rebalanced(found, (executed["args"]["navBefore"], executed["args"]["navAfter"]), trades, changes)


def test_rebalance__pool_of_a_sale_and_a_purchase__is_traded_on_without_cash_between(
    world: World, crossing: Contract
) -> None:
    done = drifted(world, 5.0)
    assert ("AAA", "BBB") in done.trades
    sold, bought = done.trades["AAA", "BBB"]
    (swap,) = crossing.events.Swap().get_logs(from_block=0)
    assert (sold, bought) == (
        swap["args"]["amount0In"] + swap["args"]["amount1In"],
        swap["args"]["amount0Out"] + swap["args"]["amount1Out"],
    )
    assert "as one basket" in done.decision.reason


def test_rebalance__a_basket__moves_what_its_orders_say_and_no_more(world: World, crossing: Contract) -> None:
    done = drifted(world, 5.0)
    expected = dict.fromkeys(world.tokens, 0)
    for (out, into), (sold, bought) in done.trades.items():
        expected[out] -= sold
        expected[into] += bought
    assert done.changes == expected
    assert done.changes["AAA"] < 0 < min(done.changes["BBB"], done.changes["CCC"])


def test_rebalance__the_same_as_a_basket__costs_less_than_one_order_after_another(
    world: World, crossing: Contract
) -> None:
    with world.scratch():
        apart = drifted(world, 0.0)
    together = drifted(world, 5.0)
    assert ("AAA", "BBB") not in apart.trades and "basket" not in apart.decision.reason
    assert together.nav[0] == pytest.approx(apart.nav[0], rel=1e-9)
    costs = [done.nav[0] - done.nav[1] for done in (together, apart)]
    # One fee instead of two on what is sold for BBB, which is a half of the sale.
    assert costs[0] < 0.9 * costs[1]
    for symbol in ("AAA", "BBB", "CCC"):
        assert together.changes[symbol] == pytest.approx(apart.changes[symbol], rel=0.01)
