from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from keepers.store import Decision, LeaseLost, Point, SeenBlock, Store
from keepers.store.store import Cursor
from keepers.transactions.errors import AlreadyOpen, SpendingLimit
from keepers.transactions.journal import Attempt, Status, Transaction, Wanted
from tests.fixtures.waiting import join

WANTED = Wanted("key", 7, 31337, "0xAA", 100, trace="abc")


def attempt(number: int, fee: int = 2**90) -> Attempt:
    return Attempt(f"0x{number:02x}", "0xff", fee, 7)


def reserved(store: Store, wanted: Wanted = WANTED, nonce: int = 5, number: int | None = None) -> Transaction:
    mark = number if number is not None else abs(hash(wanted)) % 10**6
    return store.journal("bot").reserve(wanted, lambda: nonce, lambda _: attempt(mark))


def test_reserve__first_of_an_account__takes_the_chains_nonce(store_url: str) -> None:
    store = Store.open(store_url)
    made = reserved(store, number=1)
    assert (made.nonce, made.status, made.cost, made.source, made.trace) == (5, Status.OPEN, 100, 7, "abc")
    assert made.attempts == (attempt(1),)
    assert list(store.journal("bot").active()) == [made]
    assert store.journal("other").active() == []


def test_reserve__chain_lags_behind__takes_the_next_after_the_journals(store_url: str) -> None:
    store = Store.open(store_url)
    nonces = [reserved(store, replace(WANTED, key=f"key {number}"), 5).nonce for number in range(3)]
    assert nonces == [5, 6, 7]


def test_reserve__other_account_or_chain__counts_for_itself(store_url: str) -> None:
    store = Store.open(store_url)
    reserved(store)
    assert reserved(store, replace(WANTED, key="b", sender="0xBB"), 2).nonce == 2
    assert reserved(store, replace(WANTED, key="c", chain_id=1), 3).nonce == 3


@pytest.mark.parametrize("status", [Status.OPEN, Status.ORPHANED, Status.MINED, Status.FINAL])
def test_reserve__key_not_closed__is_refused(store_url: str, status: Status) -> None:
    store = Store.open(store_url)
    store.journal("bot").move(reserved(store), status)
    with pytest.raises(AlreadyOpen, match="has nonce 5"):
        reserved(store, number=2)


@pytest.mark.parametrize("status", [Status.REVERTED, Status.LOST, Status.CANCELLED])
def test_reserve__key_closed_without_effect__may_be_signed_again(store_url: str, status: Status) -> None:
    store = Store.open(store_url)
    store.journal("bot").move(reserved(store), status)
    assert reserved(store, nonce=9, number=2).nonce == 9


def test_reserve__signing_fails__takes_no_nonce(store_url: str) -> None:
    store = Store.open(store_url)

    def fail(_: int) -> Attempt:
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        store.journal("bot").reserve(WANTED, lambda: 5, fail)
    assert store.journal("bot").active() == []


def test_reserve__many_at_once__each_has_a_nonce_of_its_own(store_url: str) -> None:
    store, faults = Store.open(store_url), list[BaseException]()
    nonces: list[int] = []

    def work(number: int) -> None:
        try:
            nonces.append(reserved(store, replace(WANTED, key=f"key {number}"), 5, number).nonce)
        except BaseException as error:
            faults.append(error)

    together([lambda number=number: work(number) for number in range(8)])  # type: ignore[misc]
    assert faults == [] and sorted(nonces) == list(range(5, 13))


def test_reserve__same_key_at_once__one_is_signed(store_url: str) -> None:
    store, refused = Store.open(store_url), list[BaseException]()

    def work(number: int) -> None:
        try:
            reserved(store, number=number)
        except AlreadyOpen as error:
            refused.append(error)

    together([lambda number=number: work(number) for number in range(4)])  # type: ignore[misc]
    assert len(refused) == 3 and len(store.journal("bot").active()) == 1


def test_reserve__above_the_daily_limit__is_refused_until_a_day_has_passed(store_url: str) -> None:
    now = [10_000.0]
    store = Store.open(store_url, lambda: now[0])
    limited = replace(WANTED, daily_limit=250)
    reserved(store, limited)
    reserved(store, replace(limited, key="b"))
    with pytest.raises(SpendingLimit, match="200 of 250 wei a day are spent"):
        reserved(store, replace(limited, key="c"))
    assert store.spent(31337, "0xAA") == 200
    now[0] += 86_400
    assert reserved(store, replace(limited, key="c")).status is Status.OPEN


def test_mined__cost_known__counts_what_it_did_cost(store_url: str) -> None:
    store = Store.open(store_url)
    made = reserved(store)
    store.journal("bot").mined(made, "0x01", 9, "0xbb", 30)
    (found,) = store.journal("bot").active()
    assert (found.status, found.tx_hash, found.block_number, found.cost) == (Status.MINED, "0x01", 9, 30)
    assert store.spent(31337, "0xAA") == 30
    store.journal("bot").move(found, Status.OPEN)
    (found,) = store.journal("bot").active()
    assert (found.tx_hash, found.block_number, found.block_hash) == (None, None, None)


def test_add__another_attempt__keeps_their_order(store_url: str) -> None:
    store = Store.open(store_url)
    made = store.journal("bot").add(reserved(store, number=2), attempt(1, 2**91))
    assert [item.tx_hash for item in made.attempts] == ["0x02", "0x01"]
    assert made.attempts[1].max_fee == 2**91


def test_beneath__of_whoever__gives_lower_nonces_of_the_account(store_url: str) -> None:
    store = Store.open(store_url)
    first = store.journal("other").reserve(WANTED, lambda: 3, lambda _: attempt(1))
    lost = reserved(store, replace(WANTED, key="lost"), number=2)
    store.journal("bot").move(lost, Status.LOST)
    last = reserved(store, replace(WANTED, key="last"), nonce=8, number=3)
    assert list(store.journal("bot").beneath(last, 0)) == [first]
    assert list(store.journal("bot").beneath(last, 4)) == []


# -- Leases


def test_take_lease__free__is_held_until_it_expires(store_url: str) -> None:
    now = [100.0]
    store = Store.open(store_url, lambda: now[0])
    first = store.take_lease("bot:a", "me", 30)
    assert first is not None and (first.epoch, first.expires) == (1, 130.0)
    assert store.take_lease("bot:a", "you", 30) is None
    now[0] = 120
    renewed = store.take_lease("bot:a", "me", 30)
    assert renewed is not None and (renewed.epoch, renewed.expires) == (1, 150.0)
    now[0] = 151
    taken = store.take_lease("bot:a", "you", 30)
    assert taken is not None and taken.epoch == 2
    assert store.take_lease("bot:a", "me", 30) is None


def test_take_lease__given_up__is_free_at_once(store_url: str) -> None:
    store = Store.open(store_url)
    first = store.take_lease("bot:a", "me", 600)
    assert first is not None
    store.give_up_lease(first)
    assert store.take_lease("bot:a", "you", 600) is not None


def test_take_lease__many_at_once__one_has_it(store_url: str) -> None:
    store, holders = Store.open(store_url), list[str]()

    def work(name: str) -> None:
        if store.take_lease("bot:a", name, 600) is not None:
            holders.append(name)

    together([lambda name=name: work(name) for name in "abcdef"])  # type: ignore[misc]
    assert len(holders) == 1


def test_reserve__lease_expired_or_taken__is_refused(store_url: str) -> None:
    now = [100.0]
    store = Store.open(store_url, lambda: now[0])
    lease = store.take_lease("bot:bot", "me", 30)
    journal = store.journal("bot", lambda: lease)
    made = journal.reserve(WANTED, lambda: 5, lambda _: attempt(1))
    now[0] = 131
    with pytest.raises(LeaseLost, match="expired"):
        journal.add(made, attempt(2))
    store.take_lease("bot:bot", "you", 30)
    with pytest.raises(LeaseLost, match="now held by you"):
        journal.reserve(replace(WANTED, key="b"), lambda: 5, lambda _: attempt(3))
    with pytest.raises(LeaseLost, match="not held"):
        store.journal("bot", lambda: None).add(made, attempt(4))


# -- What was derived


def seen(*numbers: int) -> list[SeenBlock]:
    return [SeenBlock(number, f"0x{number:02x}", 12 * number) for number in numbers]


def test_see__more_than_is_kept__forgets_the_oldest(store_url: str) -> None:
    store = Store.open(store_url)
    store.see("bot", seen(1, 2, 3), keep=3)
    store.see("bot", seen(4, 5), keep=3)
    assert store.seen("bot") == seen(5, 4, 3)
    assert store.cursor("bot") == Cursor("bot", 5, "0x05", 60)


def test_roll_back__to_an_ancestor__takes_back_what_came_after(store_url: str) -> None:
    store = Store.open(store_url)
    store.see("bot", seen(1, 2, 3), keep=10)
    store.advance(Cursor("bot/a", 3, "0x03", 36), Cursor("bot/b", 1, "0x01", 12), Cursor("bot@c", 99, "", 36))
    store.observe("bot", [Point("nav", 24, 2, 1.0), Point("nav", 36, 3, 2.0)])
    for number in (2, 3):
        store.decide(Decision("bot", f"at {number}", number, "done", "because", None, 12))
    reserved(store, replace(WANTED, key="at 2", source=2), number=1)
    reserved(store, replace(WANTED, key="at 3", source=3), number=2)
    (ancestor,) = seen(2)
    assert store.roll_back("bot", ancestor) == ["at 3"]
    assert store.seen("bot") == seen(2, 1)
    assert [store.cursor(name) for name in ("bot", "bot/a", "bot/b", "bot@c")] == [
        Cursor("bot", 2, "0x02", 24),
        Cursor("bot/a", 2, "0x02", 24),
        Cursor("bot/b", 1, "0x01", 12),
        Cursor("bot@c", 99, "", 36),
    ]
    assert store.measured("bot", "nav") == [Point("nav", 24, 2, 1.0)]
    assert [item.key for item in store.decisions("bot")] == ["at 2"]
    assert [item.status for item in store.journal("bot").active()] == [Status.OPEN, Status.ORPHANED]


def served_at(store: Store, head: int, first: int, last: int) -> None:
    """A page of events from `first` to `last`, dealt with when `head` was the newest block."""
    store.serve(Cursor("bot/a", last, f"0x{last:02x}", 12 * last), head, first)


def place(store: Store) -> int:
    cursor = store.cursor("bot/a")
    assert cursor is not None
    return cursor.block_number


def test_roll_back__old_events_dealt_with_from_blocks_that_went__reads_them_again(store_url: str) -> None:
    store = Store.open(store_url)
    store.see("bot", seen(18, 19, 20), keep=10)
    served_at(store, head=18, first=3, last=6)
    served_at(store, head=20, first=9, last=12)
    served_at(store, head=20, first=14, last=15)
    (ancestor,) = seen(19)
    store.roll_back("bot", ancestor)
    assert place(store) == 8
    store.roll_back("bot", ancestor)
    assert place(store) == 8
    (ancestor,) = seen(17)
    store.roll_back("bot", ancestor)
    assert place(store) == 2


def test_roll_back__old_events_dealt_with_from_a_block_that_is_final__stay(store_url: str) -> None:
    store = Store.open(store_url)
    store.see("bot", seen(20), keep=2)
    served_at(store, head=20, first=9, last=12)
    store.see("bot", seen(21, 22), keep=2)
    (ancestor,) = seen(19)
    store.roll_back("bot", ancestor)
    assert place(store) == 12


def test_reconsider__sent_from_a_block_that_is_final_by_now__reads_its_events_again(store_url: str) -> None:
    store = Store.open(store_url)
    store.see("bot", seen(20), keep=2)
    reserved(store, replace(WANTED, key="old", source=20), number=1)
    served_at(store, head=20, first=9, last=12)
    store.see("bot", seen(21, 22, 23, 24), keep=2)
    store.reconsider("bot", "old", 20)
    assert place(store) == 8


def test_reconsider__a_key__rewinds_to_before_its_source(store_url: str) -> None:
    store = Store.open(store_url)
    store.see("bot", seen(1, 2, 3), keep=10)
    store.advance(Cursor("bot/a", 3, "0x03", 36))
    for key in ("one", "two"):
        store.decide(Decision("bot", key, 3, "done", "because", None, 36))
    store.reconsider("bot", "one", 3)
    assert store.cursor("bot/a") == Cursor("bot/a", 2, "0x02", 24)
    assert [item.key for item in store.decisions("bot")] == ["two"]


def test_decide_all__some_known__records_the_others(store_url: str) -> None:
    store = Store.open(store_url)
    made = [Decision("bot", key, 3, "done", "because", None, 36) for key in "abc"]
    store.decide(made[1])
    assert store.decide_all(made, Cursor("bot/a", 3, "0x03", 36)) == 2
    assert len(store.decisions("bot")) == 3


def test_observe__same_second_again__replaces_it(store_url: str) -> None:
    store = Store.open(store_url)
    store.observe("bot", [Point("nav", 24, 2, 1.0), Point("nav", 36, 3, 2.0)])
    store.observe("bot", [Point("nav", 36, 3, 5.0), Point("var", 36, 3, 9.0)])
    assert store.measured("bot", "nav") == [Point("nav", 24, 2, 1.0), Point("nav", 36, 3, 5.0)]
    assert store.measured("bot", "nav", since=30) == [Point("nav", 36, 3, 5.0)]
    assert store.measured("bot", "nav", until=30) == [Point("nav", 24, 2, 1.0)]


def together(work: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=item) for item in work]
    for thread in threads:
        thread.start()
    join(threads)
