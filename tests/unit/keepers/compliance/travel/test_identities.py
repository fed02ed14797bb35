from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from anyascii import anyascii

from keepers.compliance.cases.people import read_people
from keepers.compliance.movement import Movement
from keepers.compliance.rulebook import load_rulebook
from keepers.compliance.travel.errors import TravelError
from keepers.compliance.travel.identities import identity_of, service_of
from keepers.compliance.travel.ivms import person_of
from keepers.compliance.travel.thresholds import in_rulebook, reached
from tests.unit.keepers.compliance.test_verdict import ALICE, BOB, EVERYBODY, GERMAN, STATE

WALLET = "0x" + "1" * 40


def told(*rows: dict[str, Any]) -> dict[str, Any]:
    people = read_people([json.dumps(row) for row in rows], "people.jsonl")
    found = identity_of(people, WALLET, anyascii)
    person_of(found.model_dump(exclude_none=True), date(2026, 1, 1))
    return found.model_dump(exclude_none=True)


def test_identity_of__a_person_with_an_alias__has_a_legal_name_and_the_alias() -> None:
    found = told(
        {"person": "P-1", "name": "Jan Example", "kind": "person"},
        {"person": "P-1", "name": "Жанна Пример", "kind": "person"},
    )
    assert found["accountNumber"] == [WALLET]
    natural = found["naturalPerson"]
    assert natural["customerIdentification"] == "P-1"
    assert [one["naturalPersonNameIdentifierType"] for one in natural["name"]["nameIdentifier"]] == ["LEGL", "ALIA"]
    assert natural["name"]["nameIdentifier"][1]["primaryIdentifier"] == "Zhanna Primer"
    assert natural["name"]["localNameIdentifier"][0]["primaryIdentifier"] == "Жанна Пример"


def test_identity_of__an_entity__has_a_legal_and_a_trading_name() -> None:
    names = told(
        {"person": "C-1", "name": "Example AG", "kind": "entity"}, {"person": "C-1", "name": "Ex", "kind": "entity"}
    )["legalPerson"]["name"]["nameIdentifier"]
    assert [one["legalPersonNameIdentifierType"] for one in names] == ["LEGL", "TRAD"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"person": "P-1", "name": "Jan Example"}, "is neither a person nor an entity"),
        ({"person": "P-1", "name": "Quillfeather " * 9, "kind": "person"}, "has a name that does not fit 100 Latin"),
    ],
)
def test_identity_of__what_ivms_cannot_say__is_refused_without_the_name(row: dict[str, str], reason: str) -> None:
    with pytest.raises(TravelError, match=f"person P-1: {reason}") as caught:
        told(row)
    assert "Quillfeather" not in str(caught.value) and "Jan" not in str(caught.value)


def test_service_of__with_and_without_an_lei__follows_the_standard() -> None:
    for lei in ("529900T8BM49AURSDO55", ""):
        person_of(service_of("Bank A AG", lei).model_dump(exclude_none=True), date(2026, 1, 1))


def test_in_rulebook__every_threshold_and_question__is_listed_with_its_source() -> None:
    found = in_rulebook(load_rulebook().jurisdictions.values())
    american = [one for one in found if one.country == "US"]
    assert american and all(one.amount == "USD 3,000" and "31 CFR 1010.410" in one.source for one in american)
    asked = {one.country for one in found if one.amount == "ask counsel"}
    assert {"SG", "GB", "CH", "HK", "AU"} <= asked


@pytest.mark.parametrize(
    ("before", "amount", "countries"),
    [((0, 0), 99, []), ((0, 0), 100, [276, 756]), ((90, 0), 10, [756]), ((0, 90), 10, [276]), ((99, 99), 0, [])],
)
def test_reached__by_the_sum_of_a_day_on_either_side__names_the_country(
    before: tuple[int, int], amount: int, countries: list[int]
) -> None:
    limited = replace(EVERYBODY, travel_threshold=100)
    sender = replace(ALICE, sent_in_day=before[0], balance=1000)
    receiver = replace(BOB, identity=GERMAN, received_in_day=before[1])
    state = replace(STATE, rules={756: limited, 276: limited})
    assert reached(Movement(sender, receiver, amount), state) == countries


def test_reached__a_reporting_threshold__asks_for_no_exchange() -> None:
    state = replace(STATE, rules={756: replace(EVERYBODY, report_threshold=1), 276: EVERYBODY})
    assert reached(Movement(ALICE, BOB, 10), state) == []
