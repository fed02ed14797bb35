from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from keepers.compliance.travel.errors import TravelError
from keepers.compliance.travel.ivms import payload_of
from keepers.compliance.travel.trp import (
    LIFETIME,
    SKEW,
    Confirmation,
    Envelope,
    Inquiry,
    Resolution,
    is_version,
    travel_address,
    url_of,
)
from tests.unit.keepers.compliance.travel.test_ivms import PAYLOAD, TODAY

WALLET, TOKEN = "0x" + "a" * 40, "0x" + "7" * 40
INQUIRY = Inquiry(1, TOKEN, Decimal("12.5"), "https://a.example/x", payload_of(PAYLOAD, TODAY))
ENVELOPE = Envelope(
    "inquiry",
    "bank-a",
    "bank-b",
    "https://b.example/travel/inquiry",
    "0c6c1a84-2b6f-4c3a-9d60-3b0f9c6f2f11",
    "1d7c1a84-2b6f-4c3a-9d60-3b0f9c6f2f12",
    {"txid": None},
)


def test_travel_address__trisas_example__is_theirs() -> None:
    address = "ta2W2HPKfHxgSgrzY178knqXHg1H3jfeQrwQ9JrKBs9wv"
    assert travel_address("https://beneficiary.com/x/12345") == address
    assert url_of(address) == "https://beneficiary.com/x/12345"


@pytest.mark.parametrize(
    "text",
    ["", "ta", "ta2W2HPKfHxgSgrzY178knqXHg1H3jfeQrwQ9JrKBs9ww", "2W2HPKfHx", "ta0OIl", "ta" + "1" * 3000, "lnurl1x"],
)
def test_url_of__no_travel_address__is_refused(text: str) -> None:
    with pytest.raises(TravelError, match="travel address: is none, or its checksum fails"):
        url_of(text)


@pytest.mark.parametrize("url", ["http://a.example", "https://a.example/x?y=1", "https:///x", "a.example"])
def test_travel_address__no_https_url__is_refused(url: str) -> None:
    with pytest.raises(TravelError, match="has no travel address"):
        travel_address(url)


def test_inquiry__written_and_read__is_the_same() -> None:
    assert Inquiry.of_json(INQUIRY.as_json(), TODAY) == INQUIRY
    assert INQUIRY.as_json()["asset"] == {"caip19": f"eip155:1/erc20:{TOKEN}"} and INQUIRY.as_json()["amount"] == "12.5"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"asset": None}, "is not named by a CAIP-19"),
        ({"asset": {"caip19": "eip155:1/slip44:60"}}, "is not named by a CAIP-19"),
        ({"asset": {"dti": "4H95J0R2X"}}, "is not named by a CAIP-19"),
        ({"amount": "0"}, "is no positive number"),
        ({"amount": "-1"}, "is no positive number"),
        ({"amount": "NaN"}, "is no positive number"),
        ({"amount": "1e99"}, "is no positive number"),
        ({"amount": None}, "is no positive number"),
        ({"callback": None}, "callback: is missing"),
        ({"callback": "x" * 3000}, "callback: is missing"),
        ({"IVMS101": {}}, "IVMS101 originator: is missing"),
    ],
)
def test_inquiry__with_a_part_that_cannot_be_used__is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(TravelError, match=reason):
        Inquiry.of_json({**INQUIRY.as_json(), **change}, date(2026, 11, 25))


@pytest.mark.parametrize("found", [Resolution(WALLET, "https://b.example/y"), Resolution(rejected="sanctions")])
def test_resolution__written_and_read__is_the_same(found: Resolution) -> None:
    assert Resolution.of_json(found.as_json()) == found


def test_resolution__a_comment_in_free_text__is_not_kept() -> None:
    assert Resolution.of_json({"rejected": "Mr Quillfeather is on a list"}) == Resolution(rejected="policy")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"approved": {}, "rejected": "policy"},
        {"approved": {"address": "x", "callback": "y"}},
        {"approved": [WALLET]},
    ],
)
def test_resolution__neither_or_both__is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(TravelError):
        Resolution.of_json(given)


@pytest.mark.parametrize("found", [Confirmation("0x" + "5c" * 32), Confirmation("")])
def test_confirmation__written_and_read__is_the_same(found: Confirmation) -> None:
    assert Confirmation.of_json(found.as_json()) == found


@pytest.mark.parametrize("given", [{}, {"txid": "0x5c"}, {"txid": 5}, {"txid": "0x" + "5c" * 32, "canceled": "x"}])
def test_confirmation__neither_or_both__is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(TravelError):
        Confirmation.of_json(given)


def test_envelope__written_and_read__is_the_same_whenever_it_is_sent() -> None:
    first, second = (Envelope.of_claims(ENVELOPE.claims(now), now) for now in (1000, 9000))
    assert first == ENVELOPE == second and first.digest == second.digest


@pytest.mark.parametrize(("now", "late"), [(1000 - SKEW, 0), (1000 + LIFETIME + SKEW, 0), (939, 1), (1361, 1)])
def test_envelope__outside_of_its_life__is_refused(now: int, late: int) -> None:
    claims = ENVELOPE.claims(1000)
    if late:
        with pytest.raises(TravelError, match="message: is late or early"):
            Envelope.of_claims(claims, now)
    else:
        assert Envelope.of_claims(claims, now)


def test_envelope__that_claims_a_long_life__counts_no_longer_than_others() -> None:
    claims = {**ENVELOPE.claims(1000), "exp": 10**12}
    with pytest.raises(TravelError, match="is late or early"):
        Envelope.of_claims(claims, 1000 + LIFETIME + SKEW + 1)


@pytest.mark.parametrize(
    "change",
    [{"iat": "1000"}, {"iat": True}, {"exp": None}, {"message": []}, {"jti": "x"}, {"request": None}, {"url": 5}],
)
def test_envelope__with_a_claim_that_cannot_be_used__is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(TravelError):
        Envelope.of_claims({**ENVELOPE.claims(1000), **change}, 1000)


@pytest.mark.parametrize(
    ("text", "known"), [("3.1.0", True), ("3.2.1", True), ("2.1.0", False), ("3", False), ("", False)]
)
def test_is_version__three_and_no_other__is_understood(text: str, known: bool) -> None:
    assert is_version(text) is known
