"""The queue of verifications on both databases: each step once, each webhook once."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from keepers.compliance.kyc.claims import Claim
from keepers.compliance.kyc.verification import OPEN, Verification, VerificationMove, VerificationState, step, wake
from keepers.compliance.kyc.webhooks import Hint
from keepers.store import Store, StoreError
from keepers.store import verifications as stored
from keepers.store.verifications import DESK, Overtaken, VerificationEvent

State = VerificationState
HINT = Hint("onfido", "ab" * 32, "workflow_run.completed", "check-1")
EVENT = VerificationEvent(1000, DESK, "webhook", "workflow_run.completed")


def verification(number: int = 1, **changes: Any) -> Verification:
    fields: dict[str, Any] = {
        "id": 0,
        "reference": f"{number:032x}",
        "person": f"P-{number}",
        "level": "standard",
        "provider": "onfido",
        "workflow": "w",
        "onchain_id": "0x" + "1" * 40,
        "asked_by": "Ada Example",
        "asked": 1000,
        "check": f"check-{number}",
    }
    return Verification(**{**fields, **changes})


@pytest.fixture
def queue(store_url: str) -> Store:
    return Store.open(store_url)


def asked(store: Store, *wanted: Verification) -> list[Verification]:
    return stored.ask(store, wanted, "level standard")


def test_ask__verifications__are_read_back_with_their_numbers(queue: Store) -> None:
    made = asked(queue, verification(1), verification(2, state=State.PENDING, link="https://x", next_try=7))
    assert made == [replace(verification(1), id=1), replace(made[1], id=2)] and made[1].link == "https://x"
    assert stored.listed(queue, OPEN) == made and stored.events(queue, 1)[0].kind == "asked"
    assert stored.newest_of(queue, "P-2", "standard") == made[1]


def test_ask__person_with_an_open_one__is_refused_and_nothing_of_the_order_stays(queue: Store) -> None:
    asked(queue, verification(1))
    with pytest.raises(StoreError, match="has an open one of that level"):
        asked(queue, verification(2), verification(3, person="P-1"))
    assert [one.person for one in stored.listed(queue)] == ["P-1"]


@pytest.mark.parametrize("state", [one for one in State if one not in OPEN])
def test_ask__person_whose_last_is_over__may_have_another(queue: Store, state: State) -> None:
    asked(queue, verification(1, state=state))
    assert asked(queue, verification(2, person="P-1"))[0].id == 2


def test_move__state_that_is_gone__is_overtaken_and_writes_nothing(queue: Store) -> None:
    (before,) = asked(queue, verification(1))
    after = step(before, VerificationMove.WITHDRAW, "left")
    stored.move(queue, before, after)
    with pytest.raises(Overtaken, match="verification 1: was changed meanwhile"):
        stored.move(queue, before, step(before, VerificationMove.BEGIN, "x"), EVENT, [Claim(1, 2, b"d", b"s")])
    assert stored.by_id(queue, [1]) == [after]
    assert stored.claims_of(queue, 1) == [] and len(stored.events(queue, 1)) == 1


def test_move__with_claims__keeps_topics_of_any_size(queue: Store) -> None:
    (before,) = asked(queue, verification(1, state=State.APPROVED))
    claims = [Claim(2**256 - 1, 9, b"\1", b"\2" * 65), Claim(3, 9, b"\3", b"\4" * 65)]
    stored.move(queue, before, step(before, VerificationMove.SIGN, "signed"), EVENT, claims)
    assert stored.claims_of(queue, 1) == claims[::-1]


def test_due__times_that_have_come__without_those_of_a_provider_that_rests(queue: Store) -> None:
    asked(
        queue,
        verification(1, next_try=20),
        verification(2, next_try=10),
        verification(3, next_try=99),
        verification(4, next_try=5, provider="jumio"),
        verification(5, state=State.DECLINED),
    )
    assert [one.id for one in stored.due(queue, OPEN, 20, 10)] == [4, 2, 1]
    assert [one.id for one in stored.due(queue, OPEN, 20, 1, ("jumio",))] == [2]


def test_lapsing__claims_that_end__unless_something_renews_them(queue: Store) -> None:
    asked(queue, verification(1, state=State.CLAIMED, expires=50), verification(2, state=State.CLAIMED, expires=60))
    asked(queue, verification(3, state=State.CLAIMED, expires=40), verification(4, person="P-3", follows=3))
    assert [one.id for one in stored.lapsing(queue, 60)] == [1, 2]
    assert [one.id for one in stored.lapsing(queue, 59)] == [1]


def test_pulse__anything_to_do__changes_it(queue: Store) -> None:
    seen = [stored.pulse(queue, OPEN, 10)]
    (one,) = asked(queue, verification(1, next_try=20))
    seen.append(stored.pulse(queue, OPEN, 10))
    seen.append(stored.pulse(queue, OPEN, 20))
    stored.deliver(queue, HINT, 10)
    seen.append(stored.pulse(queue, OPEN, 20))
    stored.move(queue, one, wake(one, 20))
    seen.append(stored.pulse(queue, OPEN, 20))
    assert len(set(seen)) == len(seen)


def test_deliver__same_webhook_again__is_one_row(queue: Store) -> None:
    assert [stored.deliver(queue, HINT, now) for now in (1, 2, 3)] == [True, False, False]
    assert stored.deliver(queue, replace(HINT, provider="jumio"), 4)
    assert [one.received for one in stored.undelivered(queue, 9, 10)] == [1, 4]


def test_deliver__same_webhook_from_many_at_once__is_one_row(queue: Store) -> None:
    stored.undelivered(queue, 9, 1)
    results: list[bool] = []
    threads = [threading.Thread(target=lambda: results.append(stored.deliver(queue, HINT, 1))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 7 + [True]


def test_undelivered__many_about_nothing_of_ours__keep_no_other_out(queue: Store) -> None:
    for number in range(20):
        stored.deliver(queue, replace(HINT, digest=f"{number:064x}", check="another's"), 100)
    stored.deliver(queue, replace(HINT, digest="f" * 64), 101)
    assert stored.undelivered(queue, 100, 5) == []
    asked(queue, verification(1))
    assert [one.received for one in stored.undelivered(queue, 100, 5)] == [101]
    assert len(stored.undelivered(queue, 102, 99)) == 21


def test_settle__webhook__tells_its_verification_once(queue: Store) -> None:
    (one,) = asked(queue, verification(1, state=State.PENDING, next_try=999))
    stored.deliver(queue, HINT, 1)
    (delivery,) = stored.undelivered(queue, 9, 10)
    assert stored.about(queue, HINT) == one
    assert stored.settle(queue, delivery, one, wake(one, 5), EVENT)
    assert not stored.settle(queue, delivery, one, wake(one, 5), EVENT)
    assert stored.undelivered(queue, 9, 10) == [] and stored.by_id(queue, [1])[0].next_try == 5
    assert [event.kind for event in stored.events(queue, 1)] == ["asked", "webhook"]


def test_settle__verification_that_moved__leaves_the_webhook_waiting(queue: Store) -> None:
    (one,) = asked(queue, verification(1, state=State.PENDING))
    stored.deliver(queue, HINT, 1)
    (delivery,) = stored.undelivered(queue, 9, 10)
    stored.move(queue, one, wake(one, 5))
    with pytest.raises(Overtaken):
        stored.settle(queue, delivery, one, wake(one, 6), EVENT)
    assert len(stored.undelivered(queue, 9, 10)) == 1 and len(stored.events(queue, 1)) == 1


def test_about__reference_or_check__is_of_the_same_provider(queue: Store) -> None:
    asked(queue, verification(1))
    by_reference = Hint("onfido", "x", "", "another", f"{1:032x}")
    assert [one is not None for one in (stored.about(queue, HINT), stored.about(queue, by_reference))] == [True, True]
    for hint in (replace(HINT, check=""), replace(HINT, provider="jumio"), replace(HINT, reference="f" * 32)):
        assert stored.about(queue, hint) is None
