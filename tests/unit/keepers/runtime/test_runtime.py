from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from websockets.sync.connection import Connection

from keepers.errors import KeeperError, Waiting
from keepers.rpc.errors import NoCommonBlock, Reverted
from keepers.rpc.events import Event
from keepers.rpc.heads import HeadStream
from keepers.rpc.node import Block
from keepers.runtime.cron import CronSchedule
from keepers.runtime.invocation import Invocation
from keepers.runtime.runtime import CircuitOpen
from keepers.runtime.triggers import OnBlock, OnChange, OnEvents, OnThreshold, OnTime
from keepers.store import Point, Store
from keepers.transactions.errors import GasTooExpensive
from scripts._lib.artifacts import artifact, contract_at
from scripts._lib.ports import free_port
from tests.fixtures.chaos import Chain
from tests.fixtures.event_chain import POLICY, EventChain, Replica, event_chain, replica, steps
from tests.fixtures.waiting import GENEROUS, join, wait_until

# -- Events


def test_events__posted__are_answered_once_each(local_chain: EventChain, store: Store) -> None:
    running = replica(local_chain, store)
    local_chain.post(0, 3)
    steps(running)
    local_chain.post(3, 2)
    steps(running)
    assert local_chain.answers(5) == [1] * 5


def test_events__posted_while_nobody_watched__are_answered_by_the_next(local_chain: EventChain, store: Store) -> None:
    local_chain.post(0)
    steps(replica(local_chain, store))
    for note in range(1, 4):
        local_chain.post(note)
    steps(replica(local_chain, store))
    assert local_chain.answers(4) == [1] * 4


def test_events__same_page_again__is_not_answered_again(local_chain: EventChain, store: Store) -> None:
    local_chain.post(0, 2)
    steps(replica(local_chain, store))
    cursor = store.cursor("echo/notes")
    assert cursor is not None
    store.advance(replace(cursor, block_number=0))
    steps(replica(local_chain, store))
    assert local_chain.answers(2) == [1, 1]


def test_events__handler_fails__cursor_stays_and_the_page_comes_again(local_chain: EventChain, store: Store) -> None:
    running = replica(local_chain, store)
    local_chain.post(0, 2)

    def fail(note: int) -> None:
        if note == 1:
            raise KeeperError("note 1", "unreadable", "read it")

    running.bot.interrupt = fail
    with pytest.raises(KeeperError, match="note 1"):
        running.runtime.step()
    assert store.cursor("echo/notes") is None and local_chain.answers(2) == [1, 0]
    running.bot.interrupt = lambda _: None
    steps(running)
    assert local_chain.answers(2) == [1, 1]


def test_events__too_fresh__wait_for_their_confirmations(local_chain: EventChain, store: Store) -> None:
    running = replica(local_chain, store, policy=replace(POLICY, confirmations=3))
    local_chain.post(0)
    steps(running)
    assert local_chain.answers(1) == [0]
    local_chain.mine(3)
    steps(running)
    assert local_chain.answers(1) == [1]


def test_events__small_pages__all_come_in_order(local_chain: EventChain, store: Store) -> None:
    for note in range(12):
        local_chain.post(2 * note, 2)
    running = replica(local_chain, store, policy=replace(POLICY, page=5))
    found: list[int] = []
    bot = running.bot
    bot.triggers = (
        OnEvents(
            "notes",
            local_chain.posted,
            (local_chain.contract.address,),
            lambda page, _: found.extend(int(note.args["id"]) for note in page),
        ),
    )
    steps(running, 1)
    assert found == list(range(24))


def test_events__one_topic_wanted__others_do_not_come(local_chain: EventChain, store: Store) -> None:
    local_chain.post(0, 5)
    running = replica(local_chain, store)
    found: list[Event] = []
    topics = ("0x" + (3).to_bytes(32, "big").hex(),)
    running.bot.triggers = (
        OnEvents(
            "three",
            local_chain.posted,
            (local_chain.contract.address,),
            lambda page, _: found.extend(page),
            topics=topics,
        ),
    )
    steps(running, 1)
    assert [note.args["id"] for note in found] == [3]


# -- Reorganisations


def test_reorganisation__note_and_answer_gone__note_posted_again_is_answered_once(
    local_chain: EventChain, store: Store
) -> None:
    running = replica(local_chain, store)
    local_chain.mine(5)
    steps(running)
    raw = local_chain.w3.eth.get_raw_transaction(local_chain.post(7)["transactionHash"])  # type: ignore[arg-type]
    steps(running)
    assert local_chain.answers(1, 7) == [1]
    local_chain.rpc("anvil_reorg", 3, [])
    assert local_chain.answers(1, 7) == [0]
    local_chain.send_again(raw)
    steps(running, 4)
    assert local_chain.answers(1, 7) == [1]
    assert "reorganisation" in running.output.getvalue() and running.bot.forgot > 0


def test_reorganisation__only_the_answer_gone__the_same_bytes_are_sent_again(
    local_chain: EventChain, store: Store
) -> None:
    running = replica(local_chain, store)
    local_chain.post(7)
    local_chain.mine(5)
    steps(running)
    first = store.decisions("echo")[0].tx_hash
    local_chain.rpc("anvil_reorg", 1, [])
    assert local_chain.answers(1, 7) == [0]
    steps(running)
    assert local_chain.answers(1, 7) == [1]
    assert local_chain.rpc("eth_getTransactionReceipt", first) is not None


def replace_blocks(local_chain: EventChain, number: int) -> None:
    """By as many others: `anvil_reorg` makes empty ones again as they were."""
    local_chain.rpc("anvil_rollback", number)
    local_chain.rpc("evm_increaseTime", 100)
    local_chain.mine(number)


def decides_from_the_head(running: Replica) -> None:
    """Makes the echo bot decide about a note from the newest block's state, as the rebalance bot does about a model."""

    def on_notes(notes: Sequence[Event], invocation: Invocation) -> None:
        for note in notes:
            if not running.bot.decisions.decided(f"note:{note.id}"):
                reason = f"as of block {invocation.block.number}"
                running.bot.decisions.decide(invocation, f"note:{note.id}", "nothing", reason)

    running.bot.triggers = (OnEvents("notes", running.bot.chain.posted, (), on_notes),)


def test_reorganisation__above_a_note_that_was_read_late__it_is_decided_again(
    local_chain: EventChain, store: Store
) -> None:
    running = replica(local_chain, store)
    decides_from_the_head(running)
    local_chain.post(7)
    local_chain.mine(5)
    head = local_chain.w3.eth.block_number
    steps(running, 1)
    replace_blocks(local_chain, 2)
    steps(running, 1)
    assert "retracted" in running.output.getvalue()
    local_chain.mine()
    steps(running, 2)
    (decision,) = store.decisions("echo")
    assert decision.block >= head and decision.reason == f"as of block {decision.block}"


def test_reorganisation__note_read_late_by_a_process_that_died__it_is_decided_again(
    local_chain: EventChain, store: Store
) -> None:
    first = replica(local_chain, store)
    decides_from_the_head(first)
    local_chain.post(7)
    local_chain.mine(5)
    steps(first, 1)
    replace_blocks(local_chain, 2)
    second = replica(local_chain, store)
    decides_from_the_head(second)
    steps(second, 2)
    assert "retracted" in second.output.getvalue()
    assert len(store.decisions("echo")) == 1


def test_reorganisation__note_never_comes_back__its_answer_is_used_up(local_chain: EventChain, store: Store) -> None:
    running = replica(local_chain, store)
    local_chain.mine(5)
    steps(running)
    local_chain.post(7)
    steps(running)
    local_chain.rpc("anvil_reorg", 3, [])
    steps(running)
    local_chain.mine(5)
    steps(running)
    assert local_chain.answers(1, 7) == [0] and store.decisions("echo") == []
    local_chain.post(8)
    steps(running)
    assert local_chain.answers(1, 8) == [1]


def test_reorganisation__derived_measurements_and_cursors__go_back(local_chain: EventChain, store: Store) -> None:
    running = replica(local_chain, store)

    def observe(invocation: Invocation) -> None:
        block = invocation.block
        store.observe("echo", [Point("h", block.timestamp, block.number, block.number)])

    running.bot.triggers = (
        OnBlock("height", observe),
        OnEvents("notes", local_chain.posted, (), lambda *_: None),
    )
    for _ in range(6):
        local_chain.rpc("evm_increaseTime", 12)
        local_chain.mine()
        steps(running, 1)
    head = local_chain.w3.eth.block_number
    local_chain.rpc("anvil_rollback", 3)
    local_chain.rpc("evm_increaseTime", 100)
    local_chain.mine()
    steps(running, 1)
    heights = [point.block for point in store.measured("echo", "h")]
    assert heights == [*range(head - 5, head - 2), head - 2]
    assert store.cursor("echo/notes") is not None
    assert store.cursor("echo/notes").block_number == head - 2  # type: ignore[union-attr]


def test_reorganisation__deeper_than_what_is_remembered__stops(local_chain: EventChain, store: Store) -> None:
    for note in range(12):
        local_chain.post(note)
    running = replica(local_chain, store, policy=replace(POLICY, finality=4))
    running.bot.triggers = ()
    steps(running)
    local_chain.rpc("anvil_reorg", 10, [])
    with pytest.raises(NoCommonBlock, match="none of the 5 blocks"):
        running.runtime.step()


def test_node_behind__contradicts_nothing__bot_waits(local_chain: EventChain, store: Store) -> None:
    running = replica(local_chain, store, policy=replace(POLICY, patience=60))
    local_chain.mine(5)
    steps(running)
    local_chain.rpc("anvil_rollback", 2)
    steps(running)
    assert "reorganisation" not in running.output.getvalue()
    local_chain.rpc("evm_increaseTime", 100)
    local_chain.mine(4)
    steps(running)
    assert "reorganisation" in running.output.getvalue()


# -- Other triggers


def test_on_block__same_block__comes_once(local_chain: EventChain, store: Store) -> None:
    running, found = replica(local_chain, store), list[int]()
    running.bot.triggers = (OnBlock("block", lambda call: found.append(call.block.number)),)
    steps(running)
    local_chain.mine(2)
    steps(running)
    head = local_chain.w3.eth.block_number
    assert found == [head - 2, head]


def test_on_change__value_changes__comes_without_a_block_too(local_chain: EventChain, store: Store) -> None:
    running, value, found = replica(local_chain, store), ["a"], list[str]()
    running.bot.triggers = (OnChange("value", lambda _: value[0], lambda _: found.append(value[0])),)
    steps(running)
    value[0] = "b"
    steps(running)
    assert found == ["a", "b"]


def test_on_change__handler_fails__comes_again(local_chain: EventChain, store: Store) -> None:
    running, found = replica(local_chain, store), list[int]()

    def handler(_: Invocation) -> None:
        found.append(1)
        if len(found) == 1:
            raise KeeperError("it", "failed", "again")

    running.bot.triggers = (OnChange("value", lambda _: 1, handler),)
    with pytest.raises(KeeperError):
        running.runtime.step()
    steps(running)
    assert len(found) == 2


def test_on_threshold__crossed__comes_once_a_crossing(local_chain: EventChain, store: Store) -> None:
    running, found = replica(local_chain, store), list[float]()
    values = iter([1.0, 5.0, 6.0, 2.5, 5.0, 1.0, 7.0])

    def handler(value: float, _: Invocation) -> bool:
        found.append(value)
        return True

    running.bot.triggers = (OnThreshold("value", lambda _: next(values), 3.0, handler, rearm=2.0),)
    for _ in range(7):
        local_chain.mine()
        steps(running, 1)
    assert found == [5.0, 7.0]


def test_on_threshold__not_dealt_with__comes_with_the_next_block(local_chain: EventChain, store: Store) -> None:
    running, found = replica(local_chain, store), list[float]()

    def handler(value: float, _: Invocation) -> bool:
        found.append(value)
        return len(found) > 1

    running.bot.triggers = (OnThreshold("value", lambda _: 5.0, 3.0, handler),)
    for _ in range(4):
        local_chain.mine()
        steps(running, 2)
    assert len(found) == 2


def test_on_time__due_while_away__comes_once_for_the_last_time(local_chain: EventChain, store: Store) -> None:
    found: list[int] = []
    schedule = CronSchedule.parse("0 * * * *")

    def started() -> Replica:
        running = replica(local_chain, store)
        running.bot.triggers = (OnTime("hourly", schedule, lambda due, _: found.append(due)),)
        return running

    steps(started())
    assert found == []
    local_chain.rpc("evm_increaseTime", 5 * 3600)
    local_chain.mine()
    running = started()
    steps(running)
    now = local_chain.w3.eth.get_block("latest")["timestamp"]
    assert found == [now - now % 3600]
    steps(started())
    assert len(found) == 1


def test_triggers__one_fails__others_are_served_and_the_failure_counts(local_chain: EventChain, store: Store) -> None:
    running, found = replica(local_chain, store), list[int]()

    def fail(_: Invocation) -> None:
        raise KeeperError("it", "failed", "again")

    running.bot.triggers = (OnBlock("bad", fail), OnBlock("good", lambda call: found.append(call.block.number)))
    for _ in range(2):
        with pytest.raises(KeeperError):
            running.runtime.step()
    assert len(found) == 1


# -- Running


def test_run__failing_on_and_on__opens_the_circuit(local_chain: EventChain, store: Store) -> None:
    running = replica(local_chain, store, policy=replace(POLICY, max_failures=3, max_backoff=0.01))

    def fail(_: Invocation) -> None:
        raise KeeperError("something", "wrong", "mend it")

    running.bot.triggers = (OnBlock("bad", fail),)
    with pytest.raises(CircuitOpen, match="3 failures in a row, the last: something: wrong"):
        running.runtime.run()
    assert running.output.getvalue().count('"event": "failure"') == 3


def test_step__something_has_to_come_first__is_no_failure_and_comes_again(
    local_chain: EventChain, store: Store
) -> None:
    told: list[bool] = []
    running = replica(local_chain, store, beat=lambda step: told.append(step.waits))
    local_chain.post(0)
    early = True

    def interrupt(note: int) -> None:
        if early:
            raise Waiting(f"note {note}", "not yet", "wait")

    running.bot.interrupt = interrupt
    for _ in range(3):
        running.runtime.step()
        local_chain.mine()
    assert local_chain.answers(1) == [0] and told == [True] * 3
    early = False
    running.runtime.step()
    assert local_chain.answers(1) == [1] and told[-1] is False
    log = running.output.getvalue()
    assert (log.count('"event": "waits"'), log.count('"event": "waits no more"')) == (1, 1)
    assert '"event": "failure"' not in log


def test_step__one_trigger_waits__the_others_are_served(local_chain: EventChain, store: Store) -> None:
    running = replica(local_chain, store)
    served: list[int] = []

    def wait(_: Invocation) -> None:
        raise Waiting("something", "not yet", "wait")

    running.bot.triggers = (OnBlock("waits", wait), OnBlock("works", lambda call: served.append(call.block.number)))
    running.runtime.step()
    assert len(served) == 1


def test_step__chain_refuses__is_a_wait_until_the_next_block(local_chain: EventChain, store: Store) -> None:
    waits: list[bool] = []
    running = replica(local_chain, store, beat=lambda step: waits.append(step.waits))
    looks: list[int] = []

    def refuse(invocation: Invocation) -> None:
        looks.append(invocation.block.number)
        if len(looks) < 3:
            raise Reverted("eth_call", b"", "EnforcedPause")

    running.bot.triggers = (OnChange("change", lambda _: 1, refuse),)
    for _ in range(4):
        steps(running, 2)
        local_chain.mine()
    assert len(looks) == 3 and waits == [True] * 4 + [False] * 4
    assert "EnforcedPause" in running.output.getvalue() and '"event": "failure"' not in running.output.getvalue()


def test_step__what_was_sent_cannot_be_settled_yet__nothing_else_begins(
    local_chain: EventChain, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[bool] = []
    running = replica(local_chain, store, beat=lambda step: waits.append(step.waits))
    local_chain.post(0)

    def too_expensive(_: Block) -> bool:
        raise GasTooExpensive("gas at 9 gwei", "above the bound of 1", "raise max_fee_gwei")

    with monkeypatch.context() as patch:
        patch.setattr(running.decisions, "settle", too_expensive)
        steps(running)
    assert waits == [True] * 3 and local_chain.answers(1) == [0]
    steps(running)
    assert waits[-1] is False and local_chain.answers(1) == [1]


def test_run__node_gone_and_back__goes_on(store: Store, tmp_path: Path) -> None:
    beats: list[int] = []
    chain = Chain(tmp_path / "state.json", free_port(), seed=1)
    chain.start()
    try:
        nowhere = contract_at(chain.w3, "0x" + "01" * 20, artifact("NoteBoard").abi)
        policy = replace(POLICY, max_failures=1_000_000)
        on_chain = EventChain(chain.w3, chain.url, nowhere, "")
        running = replica(on_chain, store, policy=policy, beat=lambda step: beats.append(step.head.number))
        thread = threading.Thread(target=running.runtime.run, daemon=True)
        thread.start()
        wait_until(lambda: bool(beats))
        with chain.away():
            wait_until(lambda: '"event": "failure"' in running.output.getvalue())
            last = beats[-1]
        wait_until(lambda: beats[-1] > last)
        running.stop.set()
        join([thread])
    finally:
        chain.close()


def test_run__asked_to_stop__gives_the_lease_up(local_chain: EventChain, store: Store) -> None:
    running = replica(local_chain, store, seconds=600)
    thread = threading.Thread(target=running.runtime.run, daemon=True)
    thread.start()
    wait_until(lambda: (lease := store.lease("bot:echo")) is not None and lease.expires > 0)
    running.stop.set()
    join([thread])
    other = replica(local_chain, store, seconds=600)
    local_chain.post(0)
    steps(other)
    assert local_chain.answers(1) == [1]


def test_run__websocket__hears_of_a_block_before_the_next_poll(local_chain: EventChain, store: Store) -> None:
    wake, beats = threading.Event(), list[int]()
    policy = replace(POLICY, poll_seconds=10 * GENEROUS)
    running = replica(local_chain, store, policy=policy, wake=wake, beat=lambda step: beats.append(step.head.number))
    heads = HeadStream([local_chain.url.replace("http", "ws")], wake, running.decisions.log)
    running.runtime._heads = heads
    thread = threading.Thread(target=running.runtime.run, daemon=True)
    thread.start()
    wait_until(lambda: heads.live and bool(beats))
    local_chain.post(0)
    wait_until(lambda: local_chain.answers(1) == [1])
    running.stop.set()
    join([thread])
    assert not heads.live


@pytest.mark.parametrize("answers_pings", [True, False])
def test_heads__silent__stay_if_the_other_side_is_there(
    store: Store, local_chain: EventChain, answers_pings: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keepers.rpc.heads._PONG_SECONDS", GENEROUS if answers_pings else 0.0)
    running, pings = replica(local_chain, store), list[float]()
    heads = HeadStream([local_chain.url.replace("http", "ws")], threading.Event(), running.decisions.log, silence=0.01)
    ping = Connection.ping
    monkeypatch.setattr(Connection, "ping", lambda self: pings.append(0) or ping(self))
    heads.start()
    wait_until(lambda: len(pings) >= 5)
    heads.close()
    assert ("websocket down" in running.output.getvalue()) is not answers_pings


def test_heads__nobody_there_then_somebody__connects(store: Store) -> None:
    port, wake = free_port(), threading.Event()
    with event_chain() as local_chain:
        running = replica(local_chain, store)
        real = local_chain.url.replace("http", "ws")
        heads = HeadStream([f"ws://127.0.0.1:{port}", real], wake, running.decisions.log)
        heads.start()
        wait_until(lambda: heads.live)
        assert "websocket down" in running.output.getvalue()
    wait_until(lambda: not heads.live)
    heads.close()
