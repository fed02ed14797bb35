"""Slices that the execution bot's account commits to before anybody sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

from keepers.config import load_config
from keepers.contracts.deployment import load
from keepers.contracts.order_commitments import OrderCommitments
from keepers.execution.orders import OrderState
from keepers.operations.execution import slices, tell
from keepers.rpc.node import connect
from keepers.store import execution as stored
from scripts._lib.transactions import send
from tests.fixtures.node import SENDER, World
from tests.unit.keepers.bots.harness import Running, later, sent, started
from tests.unit.keepers.bots.test_execution import BOT, HOUR, config_of, made, sold, states
from tests.unit.keepers.bots.test_restart import STEPS, die

SLICE = 25_000 * 10**6


@pytest.fixture
def config(world: World) -> Path:
    return config_of(world, commit_reveal=True)


def run(world: World) -> list[int]:
    """Amounts that were sold through commitments, oldest first."""
    events = world.contract("LiquidityAggregator").events.Swapped().get_logs(from_block=0)
    own = world.contract("OrderCommitments").address
    return [e["args"]["amountIn"] for e in events if (e["args"]["caller"], e["args"]["recipient"]) == (own, SENDER)]


def committed(world: World) -> int:
    return len(world.contract("OrderCommitments").events.Committed().get_logs(from_block=0))


def allow(world: World) -> None:
    """The sender lets the contract take its dollars, so that its next transaction is a commitment."""
    spender = world.contract("OrderCommitments").address
    world.w3.provider.make_request("anvil_impersonateAccount", [SENDER])  # type: ignore[arg-type]
    send(world.w3, SENDER, world.tokens["USDC"].functions.approve(spender, 10**12))
    world.w3.provider.make_request("anvil_stopImpersonatingAccount", [SENDER])  # type: ignore[arg-type]


def looks(world: World, bot: Running, count: int = 8) -> None:
    """Looks of the bot, a block each."""
    for _ in range(count):
        bot.step(1)
        later(world, 1)


def test_execution_bot__commit_reveal__commits_first_and_runs_every_slice_once(world: World, config: Path) -> None:
    order = made(config)
    with started("execution", config) as bot:
        bot.step(1)
        later(world, 1)
        bot.step(1)
        assert (committed(world), run(world)) == (1, [])
        for _ in range(4):
            looks(world, bot)
            later(world, HOUR)
        looks(world, bot, 2)
        assert run(world) == [SLICE] * 4 and committed(world) == 4
        assert sold(bot, order) == order.amount and stored.open_reveal(bot.services.store, order.id) is None
        assert world.w3.eth.get_balance(world.contract("OrderCommitments").address) == 0


def test_commit__a_swap__is_the_contracts_own_hash_and_shows_nothing_of_it(world: World, config: Path) -> None:
    order = made(config)
    with started("execution", config) as bot:
        bot.step(1)
        reveal = stored.open_reveal(bot.services.store, order.id)
    assert reveal is not None
    loaded = load_config(config)
    ours = OrderCommitments(connect(world.url, 31337), load(loaded.at(loaded.deployment)), SENDER)
    _, args = world.contract("OrderCommitments").decode_function_input(ours.reveal(reveal.swap, reveal.salt))
    wanted = world.contract("OrderCommitments").functions.commitmentOf(
        *(SENDER, tuple(args["order"].values()), tuple(args["terms"].values()), args["salt"])
    )
    assert ours.commit(reveal.swap, reveal.salt)[4:] == wanted.call()


@pytest.mark.parametrize("what", ["commitment", "reveal"])
@pytest.mark.parametrize("step", STEPS)
def test_execution_bot__killed_at_a_step_of_a_committed_slice__commits_and_sells_once(
    world: World, config: Path, monkeypatch: pytest.MonkeyPatch, step: str, what: str
) -> None:
    allow(world)
    order = made(config)
    with started("execution", config) as bot:
        bot.step(1)
        later(world, 1)
        if what == "reveal":
            bot.step(1)
            later(world, 5)
            later(world, 5)
    die("execution", config, step, monkeypatch)
    with started("execution", config) as bot:
        looks(world, bot)
        assert (run(world), committed(world)) == ([SLICE], 1) and sold(bot, order) == SLICE
        assert sent(world, bot) == 3 and bot.services.store.open_transactions(BOT) == 0


def test_execution_bot__price_moves_after_the_commitment__runs_nothing_and_says_that_the_bond_is_lost(
    world: World, config: Path
) -> None:
    order = made(config)
    with started("execution", config) as bot:
        looks(world, bot, 2)
        assert committed(world) == 1
        aggregator, usdc = world.contract("LiquidityAggregator"), world.tokens["USDC"]
        world.call(usdc.functions.approve(aggregator.address, 10**13))
        for pool in world.record["pools"][:2]:
            aaa = world.tokens["AAA"].address
            world.call(aggregator.functions.swapSingle(pool["address"], usdc.address, aaa, 3 * 10**11, 0, 2**39))
        looks(world, bot)
        assert run(world) == [] and stored.open_reveal(bot.services.store, order.id) is not None
        later(world, HOUR)
        bot.step(1)
        assert "its bond is lost" in slices(bot.services.store, BOT, order)[0].reason
        assert stored.open_reveal(bot.services.store, order.id) is None
        looks(world, bot)
        # Slots go on, with a plan of the new prices.
        assert run(world) == [2 * SLICE] and states(bot, order)[:2] == ["refused", "sold"]


def test_execution_bot__cancelled_after_the_commitment__reveals_nothing(world: World, config: Path) -> None:
    order = made(config)
    with started("execution", config) as bot:
        looks(world, bot, 2)
        tell(bot.services.store, order.id, OrderState.CANCELLED, "desk")
        looks(world, bot)
        assert (committed(world), run(world)) == (1, [])
        assert stored.by_id(bot.services.store, order.id).state is OrderState.CLOSED


def test_execution_bot__commitment_is_taken_back__is_made_again_and_the_slice_sold_once(
    world: World, config: Path
) -> None:
    allow(world)
    order = made(config)
    with started("execution", config) as bot:
        bot.step(1)
        snapshot = world.w3.provider.make_request("evm_snapshot", [])["result"]  # type: ignore[arg-type]
        later(world, 1)
        bot.step(1)
        assert committed(world) == 1
        world.w3.provider.make_request("evm_revert", [snapshot])  # type: ignore[arg-type]
        world.quote()
        looks(world, bot)
        assert (run(world), committed(world)) == ([SLICE], 1) and sold(bot, order) == SLICE
