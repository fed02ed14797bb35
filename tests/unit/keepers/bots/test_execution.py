"""The execution bot: slices in their slots, within their limits, and each at most once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from keepers.config import load_config
from keepers.execution.errors import ExecutionError
from keepers.execution.orders import OrderState, SlicedOrder, progress
from keepers.execution.participation import Caps
from keepers.operations.execution import Terms, create, slices, tell
from keepers.operations.route_schedule import Pace
from keepers.routing.errors import RoutingError
from keepers.runtime.decision_log import RETRY_SECONDS
from keepers.store import Store, StoreError
from keepers.store import execution as stored
from keepers.store.database import Database
from keepers.store.tables import transactions
from keepers.transactions.journal import Status
from scripts._lib.transactions import send
from tests.fixtures.kills import Killed
from tests.fixtures.node import SENDER, World
from tests.fixtures.relay import PrivateRelay, private_relay
from tests.unit.keepers.bots.harness import Running, later, sent, started
from tests.unit.keepers.bots.test_restart import STEPS, die

HOUR = 3600
BOT = "execution:testnet"


def config_of(world: World, **changes: Any) -> Path:
    """The config of a bot that sells orders, with an account that has a million dollars."""
    usdc = world.tokens["USDC"]
    missing = 10**12 - usdc.functions.balanceOf(SENDER).call()
    world.call(usdc.functions.transfer(SENDER, missing))
    world.quote()
    terms = {"enabled": True, "slice_lifetime_seconds": HOUR, "commit_reveal": changes.pop("commit_reveal", False)}
    return world.write_config(execution=terms, **changes)


def pace(slots: int = 4, **changes: Any) -> Pace:
    terms: dict[str, Any] = {"slot_seconds": HOUR, "least": "0", "by_hour": (), "start": None}
    market = {"risk_aversion": 0.0, "volatility": 0.0, "recovered": 1.0}
    return Pace(algorithm="twap", slots=slots, **{**terms, **market, **changes})


def made(config_path: Path, slots: int = 4, limit: str = "", amount: str = "100000", **changes: Any) -> SlicedOrder:
    """An order to sell dollars for AAA, from the newest block on."""
    config = load_config(config_path)
    store = Store.open(config.store_url)
    try:
        return create(config, store, SENDER, ("USDC", "AAA"), amount, Terms(pace(slots, **changes), 50, limit))
    finally:
        store.close()


def swapped(world: World) -> list[int]:
    """Amounts that the sender sold through the aggregator, oldest first."""
    events = world.contract("LiquidityAggregator").events.Swapped().get_logs(from_block=0)
    return [event["args"]["amountIn"] for event in events if event["args"]["caller"] == SENDER]


def allow(world: World) -> None:
    """The sender lets the aggregator take its dollars, so that its next transaction is a slice."""
    aggregator = world.contract("LiquidityAggregator").address
    world.w3.provider.make_request("anvil_impersonateAccount", [SENDER])  # type: ignore[arg-type]
    send(world.w3, SENDER, world.tokens["USDC"].functions.approve(aggregator, 10**12))
    world.w3.provider.make_request("anvil_stopImpersonatingAccount", [SENDER])  # type: ignore[arg-type]


def states(bot: Running, order: SlicedOrder) -> list[str]:
    return [one.state for one in slices(bot.services.store, BOT, order)]


def sold(bot: Running, order: SlicedOrder) -> int:
    return progress(stored.fills(bot.services.store, BOT, order.id)).sold


def test_execution_bot__every_slot__sells_its_slice_once_and_closes(world: World) -> None:
    config = config_of(world, finality_blocks=1)
    order = made(config)
    with started("execution", config) as bot:
        for _ in range(5):
            bot.step(2)
            later(world, HOUR)
        bot.step()
        assert swapped(world) == [25_000 * 10**6] * 4
        found = progress(stored.fills(bot.services.store, BOT, order.id))
        assert found.bought == world.tokens["AAA"].functions.balanceOf(SENDER).call() > 980 * 10**18
        closed = stored.by_id(bot.services.store, order.id)
        assert (closed.state, closed.reason) == (OrderState.CLOSED, "sold")
        usdc = world.tokens["USDC"]
        assert usdc.functions.allowance(SENDER, world.contract("LiquidityAggregator").address).call() == 0


def test_execution_bot__away_for_two_slots__catches_up_with_two_slices_at_most(world: World) -> None:
    config = config_of(world)
    order = made(config)
    later(world, 3 * HOUR)
    with started("execution", config) as bot:
        bot.step()
        assert swapped(world) == [50_000 * 10**6] and states(bot, order) == ["planned"] * 3 + ["sold"]


def test_execution_bot__price_below_the_limit__waits_and_sends_nothing(world: World) -> None:
    config = config_of(world)
    order = made(config, limit="0.0096")
    aaa = world.tokens["AAA"].address
    dear = world.contract("LiquidityAggregator").functions
    world.call(world.tokens["USDC"].functions.approve(dear.address, 10**13))
    deadline, pools = 2**39, [p["address"] for p in world.record["pools"][:2]]
    for pool in pools:
        single = dear.swapSingle(pool, world.tokens["USDC"].address, aaa, 300_000 * 10**6, 0, deadline)
        world.call(single)
    with started("execution", config) as bot:
        bot.step()
        assert swapped(world) == [] and states(bot, order)[0] == "refused"
        assert "below the price limit" in slices(bot.services.store, BOT, order)[0].reason


def test_execution_bot__paused__sells_nothing_until_it_is_resumed(world: World) -> None:
    config = config_of(world)
    order = made(config)
    with started("execution", config) as bot:
        tell(bot.services.store, order.id, OrderState.PAUSED, "news")
        bot.step()
        assert swapped(world) == []
        tell(bot.services.store, order.id, OrderState.RUNNING, "")
        later(world, 1)
        bot.step()
        assert swapped(world) == [25_000 * 10**6]


def test_execution_bot__cancelled__sells_nothing_more_and_closes(world: World) -> None:
    config = config_of(world)
    order = made(config)
    with started("execution", config) as bot:
        tell(bot.services.store, order.id, OrderState.CANCELLED, "desk")
        bot.step()
        assert swapped(world) == [] and stored.by_id(bot.services.store, order.id).state is OrderState.CLOSED


def test_execution_bot__account_has_too_little__refuses_in_one_line(world: World) -> None:
    config = config_of(world)
    order = made(config, amount="8000000")
    with started("execution", config) as bot:
        bot.step()
        assert swapped(world) == []
        assert "below the slice of 2000000000000" in slices(bot.services.store, BOT, order)[0].reason


def test_execution_bot__order_of_another_account__is_left_alone(world: World) -> None:
    config = config_of(world)
    with started("execution", config) as bot:
        terms = Terms(pace(), 50, "")
        create(load_config(config), bot.services.store, world.owner, ("USDC", "AAA"), "1000", terms)
        bot.step()
        assert swapped(world) == [] and bot.services.store.decisions(BOT) == []


def test_execution_bot__market_delisted_between_plan_and_send__sends_nothing_and_goes_elsewhere_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(world)
    order = made(config)
    with started("execution", config) as bot:
        require = bot.bot._require_current

        def delist(snapshot: Any) -> None:
            require(snapshot)
            world.call(world.contract("LiquidityAggregator").functions.delistPool(world.record["pools"][0]["address"]))

        with monkeypatch.context() as patch:
            patch.setattr(bot.bot, "_require_current", delist)
            bot.step(1)
        assert swapped(world) == [] and "PoolNotListed" in slices(bot.services.store, BOT, order)[0].reason
        later(world, RETRY_SECONDS)
        bot.step()
        assert swapped(world) == [25_000 * 10**6] and states(bot, order)[0] == "sold"


def test_execution_bot__plan_is_too_old_when_it_is_sent__sends_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(world)
    order = made(config)
    with started("execution", config) as bot:
        plan = bot.bot._plan

        def slowly(*arguments: Any) -> Any:
            found = plan(*arguments)
            for _ in range(4):
                later(world, 1)
            return found

        monkeypatch.setattr(bot.bot, "_plan", slowly)
        bot.step(1)
        assert swapped(world) == []
        assert "4 blocks old, above 3" in slices(bot.services.store, BOT, order)[0].reason


def test_execution_bot__chain_moved_between_plan_and_send__sends_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(world)
    order = made(config)
    with started("execution", config) as bot:
        plan = bot.bot._plan
        before = world.w3.provider.make_request("evm_snapshot", [])["result"]  # type: ignore[arg-type]
        later(world, 1)

        def reorganised(*arguments: Any) -> Any:
            found = plan(*arguments)
            world.w3.provider.make_request("evm_revert", [before])  # type: ignore[arg-type]
            for _ in range(3):
                later(world, 2)
            return found

        monkeypatch.setattr(bot.bot, "_allow", lambda *_: None)
        monkeypatch.setattr(bot.bot, "_plan", reorganised)
        bot.step(1)
        assert swapped(world) == []
        assert "no longer on the chain" in slices(bot.services.store, BOT, order)[0].reason


def test_execution_bot__block_taken_back__sells_the_slice_once(world: World) -> None:
    config = config_of(world)
    order = made(config)
    snapshot = world.w3.provider.make_request("evm_snapshot", [])["result"]  # type: ignore[arg-type]
    with started("execution", config) as bot:
        bot.step()
        assert sold(bot, order) == 25_000 * 10**6
        world.w3.provider.make_request("evm_revert", [snapshot])  # type: ignore[arg-type]
        assert swapped(world) == []
        world.quote()
        bot.step(5)
        assert swapped(world) == [25_000 * 10**6] and sold(bot, order) == 25_000 * 10**6


def test_execution_bot__slice_moved_to_another_block__counts_what_it_brought_there(world: World) -> None:
    config = config_of(world)
    order = made(config)
    with started("execution", config) as bot:
        bot.step()
        (fill,) = stored.fills(bot.services.store, BOT, order.id)
        stored.record(bot.services.store, order.id, type(fill)(**{**vars(fill), "block_hash": "0x00", "amount_in": 1}))
        assert sold(bot, order) == 0 and not stored.is_settled(bot.services.store, BOT, order.id)
        later(world, HOUR)
        bot.step()
        assert swapped(world) == [25_000 * 10**6] * 2 and sold(bot, order) == 50_000 * 10**6


@pytest.mark.parametrize("what", ["slice", "allowance"])
@pytest.mark.parametrize("step", STEPS)
def test_execution_bot__killed_at_a_step__sells_the_slice_once(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str, what: str
) -> None:
    config = config_of(world)
    if what == "slice":
        allow(world)
    order = made(config)
    die("execution", config, step, monkeypatch)
    with started("execution", config) as bot:
        bot.step(5)
        assert swapped(world) == [25_000 * 10**6] and sold(bot, order) == 25_000 * 10**6
        assert sent(world, bot) == 2 and bot.services.store.open_transactions(BOT) == 0


@pytest.mark.parametrize("name", ["record", "move"])
def test_execution_bot__killed_over_what_it_writes__sells_the_slice_once(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    config = config_of(world, finality_blocks=1)
    order = made(config, slots=1)
    with started("execution", config) as bot, monkeypatch.context() as patch:

        def end(*_: Any) -> None:
            raise Killed

        patch.setattr(stored, name, end)
        with pytest.raises(Killed):
            for _ in range(4):
                bot.step(1)
                later(world, 1)
    with started("execution", config) as bot:
        for _ in range(4):
            bot.step(1)
            later(world, 1)
        assert swapped(world) == [100_000 * 10**6]
        assert stored.by_id(bot.services.store, order.id).state is OrderState.CLOSED


@pytest.mark.parametrize("write", range(8))
def test_execution_bot__database_cut_at_a_write__sells_the_slice_once(
    world: World, monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    config = config_of(world)
    allow(world)
    order = made(config)
    with started("execution", config) as bot:
        with monkeypatch.context() as patch:
            original, writes = Database.transaction, count()

            def cut(self: Database, durable: bool = False) -> Any:
                if next(writes) >= write:
                    raise StoreError("store", "the server went away", "check disk and server")
                return original(self, durable)

            patch.setattr(Database, "transaction", cut)
            with pytest.raises(StoreError):
                bot.step(4)
        bot.step(5)
        assert swapped(world) == [25_000 * 10**6] and sold(bot, order) == 25_000 * 10**6
        assert sent(world, bot) == 2


def test_execution_bot__slice_displaced_by_another_transaction__is_sold_once_with_a_new_nonce(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(world)
    allow(world)
    order = made(config)
    die("execution", config, "after journalling", monkeypatch)
    allow(world)  # Uses the slice's nonce.
    with started("execution", config) as bot:
        bot.services.sender._policy = replace(bot.services.sender._policy, lost_after=0.05)
        bot.step(5)
        assert '"displaced"' in bot.output.getvalue()
        assert swapped(world) == [25_000 * 10**6] and sold(bot, order) == 25_000 * 10**6
        assert sent(world, bot) == 3


def test_execution_bot__lost_slice_is_on_the_chain_after_all__sells_nothing_more(world: World) -> None:
    config = config_of(world)
    order = made(config)
    with started("execution", config) as bot:
        bot.step()
        with bot.services.store.transaction() as connection:
            mine = transactions.c.key == stored.slice_key(order.id, 0)
            connection.execute(sa.update(transactions).where(mine).values(status=Status.LOST.value))
        later(world, HOUR)
        bot.step()
        assert swapped(world) == [25_000 * 10**6]
        assert "counted as lost, and is on the chain" in slices(bot.services.store, BOT, order)[1].reason


def trade(world: World, dollars: int) -> None:
    """Somebody else buys AAA through its first pool."""
    aggregator, aaa = world.contract("LiquidityAggregator"), world.tokens["AAA"].address
    usdc = world.tokens["USDC"]
    world.call(usdc.functions.approve(aggregator.address, dollars * 10**6))
    single = (world.record["pools"][0]["address"], usdc.address, aaa, dollars * 10**6, 0, 2**39)
    world.call(aggregator.functions.swapSingle(*single))


def capped(config: Path, **changes: Any) -> SlicedOrder:
    """An order that sells at most a tenth of the volume, of which 600,000 dollars an hour are expected."""
    return made(config, by_hour=(600_000.0,) * 24, caps=Caps(volume_bps=1_000), **changes)


def test_execution_bot__volume_below_the_expected__sells_its_part_and_carries_over(world: World) -> None:
    config = config_of(world)
    order = capped(config)
    later(world, HOUR)
    trade(world, 100_000)
    with started("execution", config) as bot:
        bot.step(2)
        assert swapped(world) == [10_000 * 10**6]
        for _ in range(2):
            later(world, HOUR)
            trade(world, 400_000)
            bot.step(2)
        # The bot's own sales are no volume; at most two slices are caught up with.
        assert swapped(world) == [10_000 * 10**6, 40_000 * 10**6, 40_000 * 10**6]
        assert states(bot, order) == ["planned", "sold", "sold", "sold"]


def test_execution_bot__no_volume__sells_nothing_and_says_what_will_stay_unsold(world: World) -> None:
    config = config_of(world)
    order = capped(config, slots=2)
    later(world, HOUR + 60)
    with started("execution", config) as bot:
        bot.step()
        assert swapped(world) == []
        reason = slices(bot.services.store, BOT, order)[1].reason
        assert "its caps allow 0, and 100000000000 would stay unsold" in reason and "carried over" in reason
        later(world, HOUR)
        bot.step()
        assert stored.by_id(bot.services.store, order.id).reason == "expired, 100000000000 unsold"


def test_execution_bot__volume_comes_within_the_slot__sells_after_a_rest(world: World) -> None:
    config = config_of(world)
    order = capped(config)
    with started("execution", config) as bot:
        bot.step()
        assert states(bot, order)[0] == "refused"
        later(world, RETRY_SECONDS)
        trade(world, 100_000)
        bot.step(2)
        assert swapped(world) == [10_000 * 10**6] and states(bot, order)[0] == "sold"


def test_execution_bot__its_own_slices__are_neither_volume_nor_forgotten(world: World) -> None:
    config = config_of(world)
    capped(config, slots=40, slot_seconds=600)
    later(world, 300)
    trade(world, 20_000)
    with started("execution", config) as bot:
        bot.step(2)
        later(world, 320)  # The next slot, and the last one's volume is less than a slot ago.
        bot.step(2)
        assert swapped(world) == [2_000 * 10**6]


def test_execution_bot__depth_cap__sells_no_more_than_its_part_of_the_depth(world: World) -> None:
    config = config_of(world)
    order = made(config, caps=Caps(depth_bps=100))
    with started("execution", config) as bot:
        bot.step(2)
        (first,) = swapped(world)
        assert first == order.most[0] < 25_000 * 10**6 and states(bot, order)[0] == "sold"
        assert 0 < order.undone == order.amount - 4 * first


def test_create__cap_without_an_expected_volume__asks_for_it(world: World) -> None:
    with pytest.raises(ExecutionError, match="give --hours or --profile pools"):
        made(config_of(world), caps=Caps(volume_bps=100))


def test_create__caps_that_leave_no_slice__are_refused(world: World) -> None:
    with pytest.raises(ExecutionError, match="no slot may sell"):
        capped(config_of(world), least="100000")


@contextmanager
def relay_of(world: World) -> Iterator[PrivateRelay]:
    """A private relay in front of the world's node."""

    def rpc(method: str, *params: Any) -> Any:
        answer = world.w3.provider.make_request(method, list(params))  # type: ignore[arg-type]
        assert "error" not in answer, answer
        return answer["result"]

    with private_relay(SimpleNamespace(w3=world.w3, rpc=rpc)) as relay:  # type: ignore[arg-type]
        yield relay


def test_execution_bot__private_relay__sends_every_slice_through_it(world: World) -> None:
    with relay_of(world) as relay:
        config = config_of(world, private_relay={"url": relay.url, "fallback": "cancel"})
        made(config)
        with started("execution", config) as bot:
            bot.step()
        assert swapped(world) == [25_000 * 10**6]
        assert [method for method, _ in relay.requests] == ["eth_sendPrivateTransaction"] * 2


def test_execution_bot__private_relay_gives_up__refuses_the_slice_and_sells_nothing(world: World) -> None:
    with relay_of(world) as relay:
        relay.includes = False
        config = config_of(world, private_relay={"url": relay.url, "fallback": "cancel", "blocks": 1})
        allow(world)
        order = made(config)
        world.w3.provider.make_request("evm_setIntervalMining", [1])  # type: ignore[arg-type]
        try:
            with started("execution", config) as bot:
                bot.step(1)
                assert swapped(world) == [] and states(bot, order)[0] == "refused"
                assert "did not have it mined" in slices(bot.services.store, BOT, order)[0].reason
        finally:
            world.w3.provider.make_request("evm_setIntervalMining", [0])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"amount": "0"}, RoutingError, "not within 1 to"),
        ({"amount": "0.000003"}, ExecutionError, "the order has 3 smallest units"),
        ({"start": 1}, ExecutionError, "the chain is at"),
        ({"limit": "0.02"}, ExecutionError, "the markets pay"),
        ({"limit": "nan"}, ExecutionError, "not above zero"),
        ({"limit": "1e99"}, ExecutionError, "more than any token has"),
        ({"limit": "cheap"}, ExecutionError, "not a number"),
    ],
)
def test_create__a_number_that_makes_no_sense__is_refused_and_nothing_stored(
    world: World, changes: dict[str, Any], error: type[Exception], words: str
) -> None:
    config = config_of(world)
    with pytest.raises(error, match=words):
        made(config, **changes)
    store = Store.open(load_config(config).store_url)
    assert stored.listed(store) == []
    store.close()
