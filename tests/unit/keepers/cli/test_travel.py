"""The travel rule between two desks on loopback: repeated, late, forged and reordered messages, kills and outages."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from keepers.compliance.evidence.errors import EvidenceError
from keepers.compliance.travel import jose
from keepers.compliance.travel.errors import TravelError
from keepers.compliance.travel.exchange import Exchange, ExchangeState
from keepers.compliance.travel.jose import new_keys, opened, sealed
from keepers.compliance.travel.trp import Envelope
from keepers.operations import travel as operations
from keepers.operations.travel import INQUIRY_PATH, Counterparty, TravelDesk, UnknownCallback
from keepers.operations.travel_post import Delivered
from keepers.runtime.receiver import MOST_AT_ONCE
from keepers.store import travel as stored
from keepers.store.travel import MessageState, messages
from tests.fixtures.desk import ADA, BEA
from tests.fixtures.kills import Killed
from tests.fixtures.travel import ALICE, BENEFICIARY, BOB, NOBODY, TRANSFER, TXID, Bank, Pair, pair
from tests.fixtures.waiting import join

NAMES = ("Zofia", "Wróblewska", "Wroblewska", "Quillfeather", "Amadeus")
"""Names that nothing but evidence and an officer's own question may say."""


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[Pair]:
    with pair(tmp_path) as found:
        yield found


def states(desks: Pair) -> tuple[ExchangeState, ExchangeState]:
    return desks.a.only().state, desks.b.only().state


def post(url: str, body: str, request: str, **headers: str) -> requests.Response:
    """Posts as somebody who is no desk."""
    given = {"api-version": "3.1.0", "request-identifier": request, "content-type": "application/jose", **headers}
    return requests.post(url, data=body.encode(), headers=given, timeout=10)


# -- The way that it goes


def test_exchange__asked_approved_and_settled__ends_on_both_sides(desks: Pair) -> None:
    asked = desks.ask()
    assert desks.a.desk.approved(TRANSFER) is None
    desks.deliver()
    incoming = desks.b.only()
    assert (incoming.direction, incoming.person, incoming.amount) == ("in", "K-4", Decimal("25000.5"))
    assert (incoming.token, incoming.sender, incoming.receiver) == (TRANSFER.token, ALICE, BOB)
    told = desks.b.desk.payload(incoming.id)
    names = told["originator"]["originatorPerson"][0]["naturalPerson"]["name"]
    assert names["localNameIdentifier"][0]["primaryIdentifier"] == "Zofia Wróblewska"
    desks.b.desk.approve(incoming.id, BEA)
    desks.deliver()
    found = desks.a.desk.approved(TRANSFER)
    assert found is not None and found.id == asked.id
    desks.a.desk.settle(asked.id, TXID)
    desks.deliver()
    assert states(desks) == (ExchangeState.SETTLED, ExchangeState.SETTLED) and desks.b.only().txid == TXID
    assert desks.a.said == [] == desks.b.said


def test_exchange__rejected__says_the_reason_and_lets_nothing_go(desks: Pair) -> None:
    desks.ask()
    desks.deliver()
    desks.b.desk.reject(1, "name-mismatch", BEA)
    desks.deliver()
    assert states(desks) == (ExchangeState.REJECTED, ExchangeState.REJECTED)
    assert desks.a.only().reason == "name-mismatch" and desks.a.desk.approved(TRANSFER) is None
    with pytest.raises(TravelError, match="is rejected, so that it cannot settle"):
        desks.a.desk.settle(1, TXID)


def test_exchange__canceled_after_the_approval__is_told(desks: Pair) -> None:
    desks.approved()
    desks.a.desk.cancel(1, ADA)
    desks.deliver()
    assert states(desks) == (ExchangeState.CANCELED, ExchangeState.CANCELED)
    assert desks.a.desk.approved(TRANSFER) is None


def test_exchange__canceled_while_the_transfer_was_on_its_way__ends_settled(desks: Pair) -> None:
    desks.approved()
    desks.a.desk.cancel(1, ADA)
    desks.deliver()
    desks.a.desk.settle(1, TXID)
    desks.deliver()
    assert states(desks) == (ExchangeState.SETTLED, ExchangeState.SETTLED)


def test_approved__another_amount_receiver_or_token__is_not_let_go(desks: Pair) -> None:
    desks.approved()
    others = [{"amount": Decimal("25000.6")}, {"receiver": NOBODY}, {"sender": NOBODY}, {"token": BOB}, {"chain_id": 1}]
    assert desks.a.desk.approved(replace(TRANSFER, amount=Decimal("25000.50"))) is not None
    for change in others:
        assert desks.a.desk.approved(replace(TRANSFER, **change)) is None  # type: ignore[arg-type]


def test_approved__used_once__lets_no_second_transfer_go(desks: Pair) -> None:
    desks.approved()
    desks.a.desk.settle(1, TXID)
    assert desks.a.desk.approved(TRANSFER) is None
    assert desks.a.desk.settle(1, TXID).txid == TXID
    with pytest.raises(TravelError, match="is settled, so that it cannot settle"):
        desks.a.desk.settle(1, "0x" + "6d" * 32)


def test_ask__the_same_transfer_while_one_is_live__is_refused(desks: Pair) -> None:
    desks.ask()
    with pytest.raises(TravelError, match="exchange 1: is about the same transfer and open"):
        desks.ask()
    desks.a.desk.cancel(1, ADA)
    assert desks.ask().id == 2


@pytest.mark.parametrize(
    ("change", "party", "beneficiary", "reason"),
    [
        ({"sender": NOBODY}, "bank-b", BENEFICIARY, "is nobody's wallet in the register"),
        ({}, "bank-z", BENEFICIARY, "party bank-z: is not known"),
        ({}, "bank-b", {}, "IVMS101 person: breaks its structure"),
        ({}, "bank-b", {"naturalPerson": "Quillfeather"}, "IVMS101 naturalPerson: is missing or does not fit"),
    ],
)
def test_ask__what_cannot_be_used__is_refused_without_a_name(
    desks: Pair, change: dict[str, str], party: str, beneficiary: Any, reason: str
) -> None:
    with pytest.raises(TravelError, match=reason) as caught:
        desks.a.desk.ask(replace(TRANSFER, **change), party, beneficiary, ADA)  # type: ignore[arg-type]
    assert "Quillfeather" not in str(caught.value) and desks.a.desk.all() == []


def test_plan__a_dry_run__writes_nothing(desks: Pair) -> None:
    person, payload = desks.a.desk.plan(TRANSFER, "bank-b", BENEFICIARY)
    assert person == "P-17" and payload.payloadMetadata.payloadVersion == "101.2023"
    assert desks.a.desk.all() == [] and not (desks.a.folder / "evidence" / "journal.jsonl").exists()


def test_ask__evidence_of_the_kind_ivms101__is_told_instead_of_the_register(desks: Pair) -> None:
    person = {
        "naturalPerson": {
            "name": {
                "nameIdentifier": [
                    {
                        "primaryIdentifier": "Wroblewska",
                        "secondaryIdentifier": "Zofia",
                        "naturalPersonNameIdentifierType": "LEGL",
                    }
                ]
            },
            "dateAndPlaceOfBirth": {"dateOfBirth": "1953-11-27", "placeOfBirth": "Gdansk"},
        }
    }
    desks.a.evidence().put("P-17", operations.IDENTITY, "", json.dumps(person).encode(), ADA, 1)
    desks.ask()
    desks.deliver()
    found = desks.b.desk.payload(1)["originator"]["originatorPerson"][0]
    assert found == {**person, "accountNumber": [ALICE]}


def test_approve__a_wallet_that_is_nobodys__is_refused_and_its_payload_has_a_key_of_its_own(desks: Pair) -> None:
    desks.ask(replace(TRANSFER, receiver=NOBODY))
    desks.deliver()
    found = desks.b.only()
    assert found.person == "" and found.holder == f"travel-{found.request}"
    with pytest.raises(TravelError, match="is for a wallet that is nobody's in the register"):
        desks.b.desk.approve(1, BEA)
    desks.b.desk.reject(1, "unknown-beneficiary", BEA)
    desks.deliver()
    assert desks.a.only().reason == "unknown-beneficiary"


def test_approve__of_our_own_question__is_refused(desks: Pair) -> None:
    desks.approved()
    for act in (desks.a.desk.approve, desks.b.desk.cancel):
        with pytest.raises(TravelError, match="is about a transfer that"):
            act(1, ADA)
    with pytest.raises(TravelError, match="exchange 9: is not there"):
        desks.a.desk.exchange(9)


# -- Outages and kills


def test_deliver__the_counterparty_is_down__waits_longer_each_time_and_loses_nothing(desks: Pair) -> None:
    desks.ask()
    desks.a.wire.cut = True
    pauses = []
    for _ in range(6):
        assert desks.a.desk.deliver()["waiting"] == 1
        (one,) = messages(desks.a.store, 1)
        assert one.fault == "does not answer (ConnectionError)"
        pauses.append(one.next_at - int(desks.time.now))
        assert sum(desks.a.desk.deliver().values()) == 0, "it is not due yet"
        desks.time.now += pauses[-1]
    assert pauses == [15, 30, 60, 120, 240, 480]
    desks.a.wire.cut = False
    assert desks.a.desk.deliver()["delivered"] == 1 and desks.b.only().state is ExchangeState.OPEN


def test_deliver__the_receipt_is_lost__hands_over_again_and_the_other_side_does_nothing_twice(desks: Pair) -> None:
    desks.ask()
    desks.a.wire.after = lambda found: Delivered(0, fault="does not answer (ReadTimeout)")
    for _ in range(3):
        assert desks.a.desk.deliver()["waiting"] == 1
        desks.time.now += 3600
    desks.a.wire.after = lambda found: found
    assert desks.a.desk.deliver()["delivered"] == 1
    assert len(desks.a.wire.sent) == 4 and len(desks.b.desk.all()) == 1
    assert len(desks.b.evidence().documents("K-4")) == 1


@pytest.mark.parametrize(
    "forge",
    [
        lambda desks, body: "",
        lambda desks, body: body[:-2] + "AA",
        lambda desks, body: sealed({"kind": "receipt"}, new_keys(), desks.a.settings.keys.public),
        lambda desks, body: sealed(
            {
                **opened(body, desks.a.settings.keys, desks.b.settings.keys.public),
                "jti": "0" * 8 + "-0000" * 3 + "-" + "0" * 12,
            },
            desks.b.settings.keys,
            desks.a.settings.keys.public,
        ),
        lambda desks, body: sealed(
            {**opened(body, desks.a.settings.keys, desks.b.settings.keys.public), "kind": "resolution"},
            desks.b.settings.keys,
            desks.a.settings.keys.public,
        ),
    ],
)
def test_deliver__a_receipt_that_is_forged__does_not_count(desks: Pair, forge: Any) -> None:
    desks.ask()
    desks.a.wire.after = lambda found: replace(found, body=forge(desks, found.body))
    assert desks.a.desk.deliver()["waiting"] == 1
    assert messages(desks.a.store, 1)[0].fault.startswith("gave a receipt")


def kill_every_second_call(monkeypatch: pytest.MonkeyPatch, owner: Any, step: str) -> None:
    """Lets a function raise Killed at its first call, and at every second one after it."""
    act, calls = getattr(owner, step), [0]

    def killing(*given: Any, **named: Any) -> Any:
        calls[0] += 1
        if calls[0] % 2:
            raise Killed
        return act(*given, **named)

    monkeypatch.setattr(owner, step, killing)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # The port's threads are killed.
@pytest.mark.parametrize("step", ["digest_of", "begin", "advance", "attempted", "put", "_receipt"])
def test_exchange__either_side_killed_once_at_each_step__ends_the_same(
    desks: Pair, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    owner: Any = operations
    if step == "put":
        owner = operations.EvidenceFolder
    elif step == "_receipt":
        owner = TravelDesk
    kill_every_second_call(monkeypatch, owner, step)

    def patiently(what: Any) -> None:
        for _ in range(8):
            try:
                what()
                return
            except (Killed, TravelError):
                desks.a.restart()
                desks.b.restart()
        raise AssertionError("it never went through")

    def exchange_of(bank: Bank, state: ExchangeState) -> bool:
        return any(one.state is state for one in bank.desk.all())

    def until(bank: Bank, state: ExchangeState) -> None:
        for _ in range(12):
            for one in (desks.a, desks.b):
                try:
                    one.desk.deliver()
                except Killed:
                    one.restart()
            if exchange_of(bank, state):
                return
            desks.time.now += 120
        raise AssertionError(f"{bank.settings.name} never saw it {state}")

    patiently(lambda: desks.a.desk.all() or desks.ask())
    until(desks.b, ExchangeState.OPEN)
    patiently(lambda: exchange_of(desks.b, ExchangeState.APPROVED) or desks.b.desk.approve(1, BEA))
    until(desks.a, ExchangeState.APPROVED)
    patiently(lambda: desks.a.desk.settle(1, TXID))
    until(desks.b, ExchangeState.SETTLED)
    assert states(desks) == (ExchangeState.SETTLED, ExchangeState.SETTLED)
    assert len(desks.a.desk.all()) == 1 == len(desks.b.desk.all())


def test_deliver__by_two_processes_at_once__hands_over_once(desks: Pair) -> None:
    desks.ask()
    other = Bank(desks.a.folder, desks.a.store, desks.a.settings, desks.a.people, desks.a.clock)
    threads = [threading.Thread(target=one.desk.deliver) for one in (desks.a, other)]
    for thread in threads:
        thread.start()
    join(threads)
    assert len(desks.a.wire.sent) + len(other.wire.sent) == 1 and len(desks.b.desk.all()) == 1


def test_receive__the_same_message_by_many_at_once__has_one_effect(desks: Pair) -> None:
    asked = desks.ask()
    desks.a.wire.cut = True
    desks.a.desk.deliver()
    url, request, body = desks.a.wire.sent[0]
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(post(url, body, request).status_code)) for _ in range(6)]
    for thread in threads:
        thread.start()
    join(threads)
    assert answers == [200] * 6 and desks.b.only().request == asked.request
    assert len(desks.b.evidence().documents("K-4")) == 1


# -- Messages that are not what they should be


def inquiry_of(desks: Pair) -> tuple[str, str, str]:
    """Address, request and message of an inquiry that did not arrive."""
    desks.ask()
    desks.a.wire.cut = True
    desks.a.desk.deliver()
    desks.a.wire.cut = False
    return desks.a.wire.sent.pop()


def altered(desks: Pair, body: str, **changes: Any) -> str:
    """A message of the first desk with other claims, signed with its own key."""
    claims = opened(body, desks.b.settings.keys, desks.a.settings.keys.public)
    return sealed({**claims, **changes}, desks.a.settings.keys, desks.b.settings.keys.public)


@pytest.mark.parametrize(
    "forge",
    [
        lambda desks, body: body[:40] + ("A" if body[40] != "A" else "B") + body[41:],
        lambda desks, body: "garbage",
        lambda desks, body: sealed(
            opened(body, desks.b.settings.keys, desks.a.settings.keys.public), new_keys(), desks.b.settings.keys.public
        ),
        lambda desks, body: altered(desks, body, iss="bank-z"),
        lambda desks, body: altered(desks, body, aud="bank-z"),
        lambda desks, body: altered(desks, body, url="http://127.0.0.1:1/travel/inquiry"),
        lambda desks, body: altered(desks, body, request="0c6c1a84-2b6f-4c3a-9d60-3b0f9c6f2f11"),
        lambda desks, body: altered(desks, body, kind="resolution"),
        lambda desks, body: altered(desks, body, message={}),
        lambda desks, body: altered(desks, body, iat=1),
        lambda desks, body: altered(desks, body, jti="x"),
    ],
)
def test_receive__a_forged_inquiry__changes_nothing_and_learns_nothing(desks: Pair, forge: Any) -> None:
    url, request, body = inquiry_of(desks)
    answer = post(url, forge(desks, body), request)
    assert (answer.status_code, answer.text) in ((400, "bad request\n"), (404, "not found\n"))
    assert desks.b.desk.all() == [] and len(desks.b.said) == 1
    assert post(url, body, request).status_code == 200, "the true one is taken"


def test_receive__a_late_message__is_refused_until_it_is_signed_anew(desks: Pair) -> None:
    url, request, body = inquiry_of(desks)
    desks.time.now += 3600
    assert post(url, body, request).status_code == 400 and "is late or early" in desks.b.said[0]
    assert desks.a.desk.deliver()["delivered"] == 1


def test_receive__a_message_number_with_other_content__is_refused(desks: Pair) -> None:
    url, request, body = inquiry_of(desks)
    assert post(url, body, request).status_code == 200
    message = opened(body, desks.b.settings.keys, desks.a.settings.keys.public)["message"]
    other = altered(desks, body, message={**message, "amount": "1"})
    assert post(url, other, request).status_code == 400
    assert "repeats the number of another one" in desks.b.said[0] and desks.b.only().amount == TRANSFER.amount


def test_receive__a_second_inquiry_about_one_transfer__leaves_no_second_document(desks: Pair) -> None:
    url, request, body = inquiry_of(desks)
    assert post(url, body, request).status_code == 200
    again = altered(desks, body, jti="0c6c1a84-2b6f-4c3a-9d60-3b0f9c6f2f11")
    assert post(url, again, request).status_code == 400
    assert len(desks.b.desk.all()) == 1 and len(desks.b.evidence().documents("K-4")) == 1


@pytest.mark.parametrize(
    "callback", ["https://evil.example/x", "http://127.0.0.1:1/x", "{a}.evil.example/", "{a}/../x", "{a}@evil.example/"]
)
def test_receive__a_callback_that_leads_elsewhere__is_refused(desks: Pair, callback: str) -> None:
    url, request, body = inquiry_of(desks)
    message = opened(body, desks.b.settings.keys, desks.a.settings.keys.public)["message"]
    other = {**message, "callback": callback.format(a=desks.a.settings.url)}
    assert post(url, altered(desks, body, message=other), request).status_code == 400
    assert "is not below the counterparty's address" in desks.b.said[0] and desks.b.desk.all() == []


def resolution_of(desks: Pair, claims: dict[str, Any], bank: Bank | None = None) -> requests.Response:
    """Posts a resolution to the callback of the first desk's exchange, as the second desk would."""
    exchange = desks.a.only()
    sender = bank or desks.b
    url = f"{desks.a.settings.url}/travel/callback/{exchange.secret}"
    number = "0c6c1a84-2b6f-4c3a-9d60-3b0f9c6f2f11"
    made = Envelope("resolution", sender.settings.name, "bank-a", url, exchange.request, number, {})
    told = {**made.claims(int(desks.time.now)), **claims}
    return post(url, sealed(told, sender.settings.keys, desks.a.settings.keys.public), exchange.request)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"approved": {"address": NOBODY, "callback": "{b}/x"}}, "is another wallet than was asked about"),
        (
            {"approved": {"address": BOB, "callback": "https://evil.example/x"}},
            "is not below the counterparty's address",
        ),
        ({"approved": {"address": BOB}}, "callback: is missing"),
        ({"approved": True, "rejected": "policy"}, "is neither approved nor rejected"),
        ({"txid": TXID}, "is neither approved nor rejected"),
    ],
)
def test_receive__a_resolution_that_cannot_be__approves_nothing(desks: Pair, message: Any, said: str) -> None:
    desks.ask()
    desks.deliver()
    filled = json.loads(json.dumps(message).replace("{b}", desks.b.settings.url))
    assert resolution_of(desks, {"message": filled}).status_code == 400
    assert said in desks.a.said[0] and desks.a.only().state is ExchangeState.OPEN


def test_receive__a_resolution_of_another_party_that_we_trust__approves_nothing(desks: Pair) -> None:
    desks.ask()
    desks.deliver()
    third = replace(desks.b.settings, name="bank-c", keys=new_keys())
    known = Counterparty("bank-c", desks.b.settings.url, third.keys.public)
    desks.a.settings = replace(desks.a.settings, parties={**desks.a.settings.parties, "bank-c": known})
    desks.a.restart()
    stranger = Bank(desks.b.folder, desks.b.store, third, [], desks.b.clock)
    told = {"message": {"approved": {"address": BOB, "callback": f"{desks.b.settings.url}/x"}}}
    assert resolution_of(desks, told, stranger).status_code == 404
    assert desks.a.only().state is ExchangeState.OPEN


def test_receive__reordered__a_confirmation_before_the_approval_and_an_answer_after_another_one(desks: Pair) -> None:
    desks.ask()
    desks.deliver()
    early = {"kind": "confirmation", "message": {"txid": TXID}}
    assert resolution_of(desks, early).status_code == 400
    good = {"message": {"approved": {"address": BOB, "callback": f"{desks.b.settings.url}/x"}}}
    assert resolution_of(desks, good).status_code == 200
    number = {"jti": "1d7c1a84-2b6f-4c3a-9d60-3b0f9c6f2f12"}
    assert resolution_of(desks, {**number, "message": {"rejected": "policy"}}).status_code == 404
    assert resolution_of(desks, good).status_code == 200, "a repetition is told that it has had its effect"
    assert desks.a.only().state is ExchangeState.APPROVED


def test_receive__an_answer_after_its_end__is_not_found(desks: Pair) -> None:
    desks.ask()
    desks.deliver()
    desks.b.desk.approve(1, BEA)
    desks.time.now += 86_400
    assert desks.a.desk.expire() == 1
    assert desks.b.desk.deliver()["refused"] == 1
    assert messages(desks.b.store, 1)[0].fault == "is not known there, or has expired"
    assert desks.a.only().state is ExchangeState.EXPIRED and desks.a.desk.approved(TRANSFER) is None


def test_expire__what_was_asked_and_never_answered__is_asked_no_more(desks: Pair) -> None:
    desks.ask()
    desks.a.wire.cut = True
    desks.a.desk.deliver()
    desks.time.now += 86_400
    assert desks.a.desk.expire() == 1 and desks.a.desk.expire() == 0
    assert messages(desks.a.store, 1)[0].state is MessageState.DROPPED and sum(desks.a.desk.deliver().values()) == 0


def test_expire__approved_and_sent_in_time__is_settled_late_on_both_sides(desks: Pair) -> None:
    desks.approved()
    desks.time.now += 86_400
    assert desks.a.desk.expire() == 1 == desks.b.desk.expire()
    desks.a.desk.settle(1, TXID)
    desks.deliver()
    assert states(desks) == (ExchangeState.SETTLED, ExchangeState.SETTLED)


def test_deliver__a_person_who_was_erased_meanwhile__is_told_no_more(desks: Pair) -> None:
    desks.ask()
    desks.a.evidence().erase("P-17", (ADA, BEA), "a request", 1)
    desks.a.restart()
    assert desks.a.desk.deliver()["dropped"] == 1 and desks.a.wire.sent == []
    with pytest.raises(EvidenceError, match="was erased"):
        desks.a.desk.payload(1)


# -- The port


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"api-version": "2.1.0"}, 400), ({"api-version": ""}, 400), ({"request-identifier": "x"}, 400)],
)
def test_port__another_version_or_request__is_refused(desks: Pair, headers: dict[str, str], status: int) -> None:
    url, request, body = inquiry_of(desks)
    assert post(url, body, request, **headers).status_code == status and desks.b.desk.all() == []


def test_port__a_body_without_or_with_too_great_a_length__is_not_read(desks: Pair) -> None:
    url = f"{desks.b.settings.url}{INQUIRY_PATH}"
    headers = {"api-version": "3.1.0", "content-length": str(jose.MOST + 1)}
    assert requests.post(url, data=b"", headers=headers, timeout=10).status_code == 413
    assert requests.get(url, timeout=10).status_code == 405


def test_port__idle_callers__do_not_take_more_places_than_there_are(desks: Pair) -> None:
    place = ("127.0.0.1", urlsplit(desks.b.settings.url).port)
    with ExitStack() as open_:
        for _ in range(MOST_AT_ONCE + 8):
            open_.enter_context(socket.create_connection(place, timeout=10))
        late = open_.enter_context(socket.create_connection(place, timeout=10))
        assert late.recv(1) == b"", "closed at once, while the first ones keep their places"


def test_port__a_path_that_is_nobodys__is_not_found(desks: Pair) -> None:
    url, request, body = inquiry_of(desks)
    for path in ("/travel/callback/" + "0" * 32, "/travel/callback/", "/", "/x"):
        there = desks.b.settings.url + path
        assert post(there, altered(desks, body, url=there), request).status_code in (404, 400)
    with pytest.raises(UnknownCallback):
        desks.b.desk.receive("/x", request, altered(desks, body, url=f"{desks.b.settings.url}/x"))
    assert url and desks.b.desk.all() == []


# -- Names


def test_names__after_everything__are_nowhere_but_under_a_persons_key(desks: Pair) -> None:
    desks.approved()
    desks.a.desk.settle(1, TXID)
    desks.deliver()
    url, request, body = desks.a.wire.sent[0]
    post(url, body[:-3], request)
    post(url, altered(desks, body, message={"IVMS101": {"Quillfeather": 1}}, jti="1" * 8 + body[:0]), request)
    everything = desks.a.written() + desks.b.written() + "".join((*desks.a.said, *desks.b.said))
    everything += "".join(str(part) for bank in (desks.a, desks.b) for part in bank.wire.sent)
    everything += "".join(map(repr, (*desks.a.desk.all(), *desks.b.desk.all())))
    low = everything.casefold()
    found = [name for name in NAMES if name.casefold() in low or json.dumps(name)[1:-1].casefold() in low]
    assert found == [] and len(everything) > 10_000
    assert "Zofia" in json.dumps(desks.a.desk.payload(1)), "an officer who asks is told"


def test_names__erased_on_our_side__are_gone_there(desks: Pair) -> None:
    desks.approved()
    desks.b.evidence().erase("K-4", (ADA, BEA), "a request", 1)
    desks.b.restart()
    with pytest.raises(EvidenceError, match="was erased"):
        desks.b.desk.payload(1)
    assert desks.b.only().state is ExchangeState.APPROVED


def test_exchange__repr_and_row__have_no_field_for_a_name() -> None:
    assert not [name for name in Exchange.__dataclass_fields__ if re.search("name|birth|address", name)]
    assert stored.travel_exchanges.c.keys() == list(Exchange.__dataclass_fields__)
