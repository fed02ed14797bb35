"""Two replicas of a bot: one leads, and what one leaves the other does once."""

from __future__ import annotations

from pathlib import Path

import pytest

from keepers.errors import KeeperError
from keepers.store import Cursor, Store
from tests.fixtures.event_chain import EventChain, replica, steps


def test_two_replicas__one_leads__the_other_does_nothing(local_chain: EventChain, store: Store) -> None:
    first, second = replica(local_chain, store, seconds=600), replica(local_chain, store, seconds=600)
    steps(first, 1)
    local_chain.post(0)
    steps(second)
    assert local_chain.answers(1) == [0]
    steps(first)
    assert local_chain.answers(1) == [1]


def test_two_replicas__leader_sleeps_through_its_lease_before_signing__other_acts_once(
    local_chain: EventChain, tmp_path: Path
) -> None:
    now = [1000.0]
    store = Store.open(f"sqlite:///{tmp_path}/keeper.sqlite", lambda: now[0])
    first, second = replica(local_chain, store, seconds=30), replica(local_chain, store, seconds=30)
    local_chain.post(0)

    def sleep(_: int) -> None:
        now[0] += 31
        steps(second)

    first.bot.interrupt = sleep
    with pytest.raises(KeeperError, match="now held by"):
        first.runtime.step()
    assert local_chain.answers(1) == [1]
    store.close()


def test_lease__leader_gone__other_takes_over_when_it_expired(local_chain: EventChain, tmp_path: Path) -> None:
    now = [1000.0]
    store = Store.open(f"sqlite:///{tmp_path}/keeper.sqlite", lambda: now[0])
    first, second = replica(local_chain, store, seconds=30), replica(local_chain, store, seconds=30)
    steps(first, 1)
    local_chain.post(0)
    now[0] += 29
    steps(second)
    assert local_chain.answers(1) == [0]
    now[0] += 2
    steps(second)
    assert local_chain.answers(1) == [1]
    store.close()


def test_cursor__names__of_bots_that_begin_alike_are_kept_apart(local_chain: EventChain, store: Store) -> None:
    store.advance(Cursor("echo-2/notes", 900, "0x", 0))
    running = replica(local_chain, store)
    local_chain.mine(3)
    steps(running)
    local_chain.rpc("anvil_reorg", 1, [])
    steps(running)
    cursor = store.cursor("echo-2/notes")
    assert cursor is not None and cursor.block_number == 900


def test_two_replicas__leader_killed_between_receipt_and_decision__one_that_was_up_goes_on(
    local_chain: EventChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    store = Store.open(f"sqlite:///{tmp_path}/keeper.sqlite", lambda: now[0])
    first, second = replica(local_chain, store, seconds=30), replica(local_chain, store, seconds=30)
    steps(second, 1)
    now[0] += 31
    local_chain.post(0, 2)

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(first.decisions, "conclude", kill)
        with pytest.raises(KeyboardInterrupt):
            first.runtime.step()
    now[0] += 31
    steps(second)
    assert local_chain.answers(2) == [1, 1] and len(store.decisions("echo")) == 2
    store.close()
