"""IVMS 101.2023: each constraint has a payload that breaks it alone, and no refusal says a value."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from keepers.compliance.travel.errors import TravelError
from keepers.compliance.travel.ivms import payload_of, person_of

TODAY = date(2026, 11, 25)
LEI = "529900T8BM49AURSDO55"
ADDRESS = {
    "addressType": "HOME",
    "streetName": "Xylophongasse",
    "buildingNumber": "12",
    "townName": "Wien",
    "country": "AT",
}
NATURAL: dict[str, Any] = {
    "naturalPerson": {
        "name": {
            "nameIdentifier": [
                {
                    "primaryIdentifier": "Quillfeather",
                    "secondaryIdentifier": "Amadeus",
                    "naturalPersonNameIdentifierType": "LEGL",
                }
            ]
        },
        "geographicAddress": [ADDRESS],
        "customerIdentification": "P-17",
    },
    "accountNumber": ["0x" + "a" * 40],
}
LEGAL: dict[str, Any] = {
    "legalPerson": {
        "name": {"nameIdentifier": [{"legalPersonName": "Quibblewick AG", "legalPersonNameIdentifierType": "LEGL"}]},
        "nationalIdentification": {"nationalIdentifier": LEI, "nationalIdentifierType": "LEIX"},
        "countryOfRegistration": "CH",
    }
}
PAYLOAD: dict[str, Any] = {
    "originator": {"originatorPerson": [NATURAL]},
    "beneficiary": {"beneficiaryPerson": [LEGAL]},
    "originatingVASP": {"originatingVASP": LEGAL},
    "beneficiaryVASP": {"beneficiaryVASP": LEGAL},
    "transferPath": {"transferPath": [{"intermediaryVASP": LEGAL, "sequence": 0}]},
    "payloadMetadata": {"transliterationMethod": ["cyrl"], "payloadVersion": "101.2023"},
}


def changed(change: Callable[[dict[str, Any], dict[str, Any], dict[str, Any]], object]) -> dict[str, Any]:
    """A payload after a change to it, its natural originator or its legal beneficiary."""
    found = copy.deepcopy(PAYLOAD)
    natural = found["originator"]["originatorPerson"][0]["naturalPerson"]
    change(found, natural, found["beneficiary"]["beneficiaryPerson"][0]["legalPerson"])
    return found


def test_payload_of__a_complete_payload__comes_back_word_for_word() -> None:
    assert payload_of(PAYLOAD, TODAY).as_json() == PAYLOAD
    assert json.loads(json.dumps(payload_of(PAYLOAD, TODAY).as_json())) == PAYLOAD


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        (lambda _, n, __: (n.pop("geographicAddress"), n.pop("customerIdentification")), "C1 Originator"),
        (
            lambda _, n, __: n.update(dateAndPlaceOfBirth={"dateOfBirth": "2026-11-25", "placeOfBirth": "x"}),
            "C2 DateIn",
        ),
        (
            lambda _, n, __: n.update(dateAndPlaceOfBirth={"dateOfBirth": "1953-02-30", "placeOfBirth": "x"}),
            "C2 DateIn",
        ),
        (lambda _, n, __: n.update(countryOfResidence="ZZ"), "C3 Country"),
        (lambda _, n, __: n["geographicAddress"][0].update(country="AA"), "C3 Country"),
        (lambda _, __, e: e.update(countryOfRegistration="UK"), "C3 Country"),
        (
            lambda _, n, __: n.update(
                nationalIdentification={
                    "nationalIdentifier": "X1",
                    "nationalIdentifierType": "CCPT",
                    "countryOfIssue": "EU",
                }
            ),
            "C3 Country",
        ),
        (
            lambda p, _, e: (
                e.pop("nationalIdentification"),
                p["originator"].update(originatorPerson=[{"legalPerson": e}]),
            ),
            "C4 Originator",
        ),
        (lambda _, __, e: e["name"]["nameIdentifier"][0].update(legalPersonNameIdentifierType="TRAD"), "C5 LegalName"),
        (
            lambda _, n, __: n["name"]["nameIdentifier"][0].update(naturalPersonNameIdentifierType="BIRT"),
            "C6 LegalName",
        ),
        (lambda _, __, e: e["nationalIdentification"].update(nationalIdentifierType="CCPT"), "C7 ValidNational"),
        (lambda _, n, __: n["geographicAddress"][0].pop("buildingNumber"), "C8 ValidAddress"),
        (lambda _, n, __: n["geographicAddress"][0].pop("streetName"), "C8 ValidAddress"),
        (lambda _, __, e: e["nationalIdentification"].update(countryOfIssue="CH"), "C9 CompleteNational"),
        (lambda _, __, e: e["nationalIdentification"].update(registrationAuthority="RA000099"), "C9 CompleteNational"),
        (lambda _, __, e: e["nationalIdentification"].update(nationalIdentifierType="RAID"), "C9 CompleteNational"),
        (lambda _, __, e: e["nationalIdentification"].update(nationalIdentifier=LEI[:-1] + "6"), "C11 ValidLEI"),
        (lambda p, _, __: p["transferPath"]["transferPath"][0].update(sequence=1), "C12 Sequential"),
        (lambda p, _, __: p["transferPath"]["transferPath"].append({"intermediaryVASP": LEGAL, "sequence": 2}), "C12"),
        (
            lambda p, _, __: p["originator"]["originatorPerson"][0].update(legalPerson=LEGAL["legalPerson"]),
            "its structure",
        ),
        (lambda p, _, __: p["beneficiary"]["beneficiaryPerson"][0].pop("legalPerson"), "its structure"),
    ],
)
def test_payload_of__one_constraint_broken__is_named(change: Any, constraint: str) -> None:
    with pytest.raises(TravelError, match=rf"^IVMS101 .*: breaks {constraint}") as caught:
        payload_of(changed(change), TODAY)
    assert not any(word in str(caught.value) for word in ("Quillfeather", "Quibblewick", "Xylophon", "1953", LEI))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda p, _, __: p.pop("originator"), "originator: is missing"),
        (lambda p, _, __: p.pop("payloadMetadata"), "payloadMetadata: is missing"),
        (
            lambda p, _, __: p["payloadMetadata"].update(payloadVersion="101"),
            "payloadMetadata.payloadVersion: is missing or",
        ),
        (
            lambda p, _, __: p["originator"].update(originatorPerson=[]),
            "originator.originatorPerson: is missing or does",
        ),
        (lambda p, _, __: p.update(Quillfeather=1), "payload: has an element that is not known"),
        (
            lambda _, n, __: n["name"]["nameIdentifier"][0].update(primaryIdentifier="Ж"),
            "primaryIdentifier: is missing or",
        ),
        (
            lambda _, n, __: n["name"]["nameIdentifier"][0].update(primaryIdentifier="Quillfeather\n"),
            "primaryIdentifier",
        ),
        (
            lambda _, n, __: n["name"]["nameIdentifier"][0].update(primaryIdentifier="x" * 101),
            "primaryIdentifier: is miss",
        ),
        (
            lambda _, n, __: n["name"]["nameIdentifier"][0].update(primaryIdentifier=""),
            "primaryIdentifier: is missing or",
        ),
        (lambda _, n, __: n["geographicAddress"][0].update(postCode="1" * 17), "postCode: is missing or does not fit"),
        (lambda _, n, __: n["geographicAddress"][0].update(addressType="WORK"), "addressType: is missing or does not"),
        (
            lambda _, n, __: n["geographicAddress"][0].update(addressLine=["x"] * 8),
            "addressLine: is missing or does not",
        ),
        (lambda _, n, __: n.update(customerIdentification=17), "customerIdentification: is missing or does not fit"),
        (
            lambda _, __, e: e["nationalIdentification"].update(registrationAuthority="RA99"),
            "registrationAuthority: is",
        ),
    ],
)
def test_payload_of__an_element_that_does_not_fit__is_named_without_its_value(change: Any, place: str) -> None:
    with pytest.raises(TravelError) as caught:
        payload_of(changed(change), TODAY)
    assert place in str(caught.value) and "Quillfeather" not in str(caught.value)


@pytest.mark.parametrize("kind", ["RAID", "MISC", "TXID"])
def test_payload_of__an_identifier_of_an_authority__needs_its_authority(kind: str) -> None:
    def change(_: Any, __: Any, legal: dict[str, Any]) -> None:
        legal["nationalIdentification"] = {
            "nationalIdentifier": "HRB 1",
            "nationalIdentifierType": kind,
            "registrationAuthority": "RA000242",
        }

    assert payload_of(changed(change), TODAY)


@pytest.mark.parametrize("kind", ["ARNU", "CCPT", "DRLC", "FIIN", "TXID", "SOCS", "IDCD", "MISC"])
def test_payload_of__each_identifier_of_a_natural_person__is_taken(kind: str) -> None:
    found = {"nationalIdentifier": "X 1", "nationalIdentifierType": kind, "countryOfIssue": "XX"}
    assert payload_of(changed(lambda _, n, __: n.update(nationalIdentification=found)), TODAY)


@pytest.mark.parametrize("kind", ["GEOG", "HOME", "BIZZ"])
def test_payload_of__an_address_of_each_kind__is_enough_for_a_natural_originator(kind: str) -> None:
    def change(_: Any, natural: dict[str, Any], __: Any) -> None:
        natural.pop("customerIdentification")
        natural["geographicAddress"][0]["addressType"] = kind

    assert payload_of(changed(change), TODAY)


@pytest.mark.parametrize("kind", ["ALIA", "BIRT", "MAID", "MISC"])
def test_payload_of__further_names_of_each_kind__are_taken(kind: str) -> None:
    name = {"primaryIdentifier": "Q", "naturalPersonNameIdentifierType": kind}
    local = {"primaryIdentifier": "Жанна", "nameIdentifierType": kind}

    def change(_: Any, natural: dict[str, Any], __: Any) -> None:
        natural["name"]["nameIdentifier"].append(name)
        natural["name"]["localNameIdentifier"] = [local]
        natural["name"]["phoneticNameIdentifier"] = [local]

    assert payload_of(changed(change), TODAY)


@pytest.mark.parametrize("given", [None, [], "x", 1, {"originator": None}])
def test_payload_of__no_object__is_refused(given: Any) -> None:
    with pytest.raises(TravelError, match=r"^IVMS101 "):
        payload_of(given, TODAY)


def test_person_of__a_beneficiary__needs_a_name_and_no_more() -> None:
    bare = {"naturalPerson": {"name": NATURAL["naturalPerson"]["name"]}}
    assert person_of(bare, TODAY).naturalPerson is not None
    with pytest.raises(TravelError, match="person: breaks its structure"):
        person_of({}, TODAY)
