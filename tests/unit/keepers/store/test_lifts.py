"""Liftings on both databases: an account is asked for once, and a step is taken on the state that it was made for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keepers.compliance.lists.lifts import Lift, LiftState
from keepers.store import Decision, Store, StoreError
from keepers.store.lifts import OPEN, ask, assign, by_id, carried_out, listed, move, under_way
from keepers.transactions.journal import Attempt, Wanted
from tests.unit.keepers.store.filled import RAW

BOT, KEY = "sanctions:testnet", "lift:7:ab"


def lift(digit: str = "1") -> Lift:
    return Lift(0, f"0x{digit * 40}", "un", "delisted", "Ada", 1000)


def approved(store: Store) -> Lift:
    (made,) = ask(store, [lift()])
    move(store, [made], LiftState.APPROVED, approved_by="Bea", approved=2000)
    return by_id(store, [made.id])[0]


def test_ask__liftings__are_read_back_with_their_numbers(store_url: str) -> None:
    store = Store.open(store_url)
    made = ask(store, [lift("1"), lift("2")])
    assert made == [replace(lift("1"), id=1), replace(lift("2"), id=2)]
    assert listed(store, OPEN) == made[::-1]


def test_ask__an_account_that_waits__is_refused_and_nothing_of_the_order_stays(store_url: str) -> None:
    store = Store.open(store_url)
    ask(store, [lift("1")])
    with pytest.raises(StoreError, match="has been asked for already"):
        ask(store, [lift("2"), lift("1")])
    assert [one.account for one in listed(store)] == [lift("1").account]


@pytest.mark.parametrize("state", [LiftState.LIFTED, LiftState.WITHDRAWN, LiftState.OVERTAKEN])
def test_ask__an_account_whose_lifting_is_closed__may_be_asked_for_again(store_url: str, state: LiftState) -> None:
    store = Store.open(store_url)
    move(store, ask(store, [lift()]), state)
    assert ask(store, [lift()])[0].id == 2


def test_move__a_state_that_is_gone__is_refused_and_changes_nothing(store_url: str) -> None:
    store = Store.open(store_url)
    one, two = ask(store, [lift("1"), lift("2")])
    move(store, [two], LiftState.WITHDRAWN)
    with pytest.raises(StoreError, match="lifting 2: was changed meanwhile"):
        move(store, [one, two], LiftState.APPROVED, approved_by="Bea", approved=2000)
    assert [item.state for item in by_id(store, [1, 2])] == [LiftState.ASKED, LiftState.WITHDRAWN]


def test_assign__a_batch__is_written_to_approved_ones_only(store_url: str) -> None:
    store = Store.open(store_url)
    one = approved(store)
    assign(store, [one], 7, "aa" * 32, KEY)
    (found,) = by_id(store, [1])
    assert (found.batch_version, found.batch_source, found.batch_key) == (7, "aa" * 32, KEY)
    move(store, [found], LiftState.WITHDRAWN)
    with pytest.raises(StoreError, match="a lifting: was changed meanwhile"):
        assign(store, [found], 8, "bb" * 32, "lift:8:cd")


def test_carried_out__a_batch__follows_the_decision_and_a_reorganisation(store_url: str) -> None:
    store = Store.open(store_url)
    assign(store, [approved(store)], 7, "aa" * 32, KEY)
    found = by_id(store, [1])
    store.decide(Decision(BOT, KEY, 12, "failed", "reverted", None, 1))
    assert carried_out(store, found) == {}
    store.decide(Decision(BOT, KEY, 13, "done", "lifted", "0x1", 1))
    assert carried_out(store, found) == {1: 13}
    store.reconsider(BOT, KEY, 13)
    assert carried_out(store, found) == {}


def test_under_way__a_signed_transaction__is_seen_before_it_is_mined(store_url: str) -> None:
    store = Store.open(store_url)
    assign(store, [approved(store)], 7, "aa" * 32, KEY)
    found = by_id(store, [1])
    assert under_way(store, found) == set()
    wanted = Wanted(KEY, 7, 31337, "0x" + "01" * 20, 10**20)
    store.journal(BOT).reserve(wanted, lambda: 5, lambda _: Attempt("0xff", RAW, 2**90, 7))
    assert under_way(store, found) == {1}
