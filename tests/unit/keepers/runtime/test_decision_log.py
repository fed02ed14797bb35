from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import structlog

from keepers.rpc.node import Block
from keepers.runtime.decision_log import DecisionLog
from keepers.store import Decision, Store
from keepers.transactions.journal import Attempt, Status, Transaction, Wanted
from keepers.transactions.sender import Settled

HEAD = Block(9, "0x09", 1_000, None)


def sent(store: Store, number: int, outcome: str | None, source: int = 5) -> Transaction:
    """A transaction that is mined, and decided where there is an outcome."""
    key, journal = f"key {number}", store.journal("bot")
    wanted = Wanted(key, source, 31337, "0xAA", 100)
    journal.move(journal.reserve(wanted, lambda: 0, lambda _: Attempt(f"0x{number:02x}", "0xff", 1, 7)), Status.MINED)
    if outcome is not None:
        store.decide(Decision("bot", key, source, outcome, "at once", f"0x{number:02x}", 900))
    return next(one for one in journal.active() if one.key == key)


def settled_by(store: Store, *ends: tuple[Transaction, Status]) -> DecisionLog:
    """A bot whose sender says how its transactions ended."""

    def settle() -> Iterator[Settled]:
        for transaction, status in ends:
            yield Settled(transaction, status, None)

    sender = SimpleNamespace(settle=settle)
    return DecisionLog("bot", None, store, sender, structlog.get_logger())  # type: ignore[arg-type]


def test_concluded__decided_refused_final_or_anothers__names_what_is_decided_and_mined(store: Store) -> None:
    sent(store, 1, "done")
    sent(store, 2, "failed")
    sent(store, 3, None)
    store.journal("bot").move(sent(store, 4, "done"), Status.FINAL)
    store.decide(Decision("other", "key 1", 5, "done", "of another bot", None, 900))
    assert store.concluded("bot") == {"key 1"}
    assert store.concluded("other") == frozenset()


def test_settle__many_are_mined_and_decided__asks_the_store_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    log = settled_by(store, *((sent(store, number, "done"), Status.MINED) for number in range(20)))
    asked: list[str] = []
    monkeypatch.setattr(store, "decision", lambda _bot, key: asked.append(key))
    assert not log.settle(HEAD)
    assert asked == []


@pytest.mark.parametrize("status", [Status.MINED, Status.FINAL])
def test_settle__mined_and_never_decided__decides_from_where_it_was_sent(store: Store, status: Status) -> None:
    decided, undecided = sent(store, 1, "done"), sent(store, 2, None, source=6)
    assert not settled_by(store, (decided, Status.MINED), (undecided, status)).settle(HEAD)
    made = store.decision("bot", "key 2")
    assert made is not None and (made.outcome, made.block) == ("done", 6)
    assert made.reason == "finished after an interruption"
    kept = store.decision("bot", "key 1")
    assert kept is not None and kept.reason == "at once"


def test_settle__one_is_lost__takes_its_decision_back_and_no_others(store: Store) -> None:
    first, lost, later = (sent(store, number, "done", source=4 + number) for number in (1, 2, 3))
    log = settled_by(store, (first, Status.MINED), (later, Status.MINED), (lost, Status.LOST))
    assert log.settle(HEAD)
    assert [store.decision("bot", f"key {number}") is None for number in (1, 2, 3)] == [False, True, False]
