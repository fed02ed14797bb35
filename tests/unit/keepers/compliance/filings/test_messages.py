"""Messages of CARF and CRS: the same bytes, sums, corrections and refusals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from keepers.compliance.filings.carf import CarfMessage, added_up, write_carf
from keepers.compliance.filings.crs import CrsMessage, write_crs
from keepers.compliance.filings.errors import FilingError
from keepers.compliance.filings.lint import lint
from keepers.compliance.filings.parties import parsed
from tests.fixtures.filings import FIRM, HEADER, JEANNE, account, carf_message, crs_message, traded


def user(**changes: Any) -> dict[str, Any]:
    return {"individual": JEANNE, "transactions": [traded("fiat-in")], **changes}


def test_write__the_same_message__is_the_same_bytes() -> None:
    assert write_carf(carf_message()) == write_carf(carf_message())
    assert write_crs(crs_message()) == write_crs(crs_message())


def test_write_carf__transactions_in_another_order__are_the_same_sums() -> None:
    shuffled = [traded("fiat-out"), traded("fiat-in"), traded("fiat-out", units="1")]
    found = added_up(carf_message(users=[user(transactions=shuffled)]).users[0].transactions)
    assert [(one.kind, one.count, one.amount, one.units) for one in found] == [
        ("fiat-in", 1, Decimal("1250.00"), Decimal("10.5")),
        ("fiat-out", 2, Decimal("2500.00"), Decimal("11.5")),
    ]


def test_write_carf__another_message__has_other_references() -> None:
    first = write_carf(carf_message(users=[user()]))
    second = write_carf(carf_message(users=[user(transactions=[traded("fiat-in", units="1")])]))
    assert first.split(b"<carf:MessageRefId>")[1][:60] != second.split(b"<carf:MessageRefId>")[1][:60]


@pytest.mark.parametrize(("delete", "kind"), [(False, "OECD2"), (True, "OECD3")])
def test_write_carf__correction__is_a_message_of_corrections(delete: bool, kind: str) -> None:
    content = write_carf(carf_message(users=[user(correction={"record": "DE2026FR-1", "delete": delete})]))
    assert f"<stf:DocTypeIndic>{kind}<" in content.decode() and b"CARF702" in content
    assert lint(content) == []


def test_write_carf__nobody_to_report__is_a_message_without_data() -> None:
    content = write_carf(carf_message(users=[]))
    assert b"CARF703" in content and lint(content) == []


def test_write_carf__test_data__is_marked_in_every_record() -> None:
    content = write_carf(carf_message(header={**HEADER, "test": True}))
    assert b">OECD1<" not in content and b">OECD11<" in content and lint(content) == []


def test_write_carf__person_without_a_taxpayer_number__is_marked() -> None:
    content = write_carf(carf_message(users=[user(individual={**JEANNE, "tins": []})]))
    assert b'<carf:TIN unknown="true">NOTIN</carf:TIN>' in content and lint(content) == []


def test_write_carf__name_with_markup__is_escaped() -> None:
    assert b"Soci\xc3\xa9t\xc3\xa9 Exemple &amp; Fils" in write_carf(carf_message())


def test_write_crs__closed_account_and_no_data__have_no_fault() -> None:
    closed = write_crs(crs_message(accounts=[account(closed=True, balance="0.00")]))
    assert b'ClosedAccount="true"' in closed and lint(closed) == []
    assert lint(write_crs(crs_message(accounts=[]))) == []


def test_write_crs__correction__is_a_message_of_corrections() -> None:
    content = write_crs(crs_message(accounts=[account(correction={"record": "DE2026FR-1"})]))
    assert b"CRS702" in content and lint(content) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"users": [user(transactions=[traded("transfer-in")])]}, "a transfer-in needs a type"),
        ({"users": [user(transactions=[traded("fiat-in", type="CARF605")])]}, "the type is none of a fiat-in"),
        ({"users": [user(transactions=[traded("fiat-in", amount="1.005")])]}, "users.0.transactions.0.amount"),
        ({"users": [user(transactions=[traded("fiat-in", valuation="CARF1001")])]}, "no alternative valuation"),
        ({"users": [user(organisation=FIRM)]}, "an individual or an organisation"),
        ({"users": [user(), user(correction={"record": "a"})]}, "belong in two messages"),
        ({"header": {**HEADER, "timestamp": "2027-01-15T10:00:00"}}, "has no time zone"),
        ({"header": {**HEADER, "receiving": "Frankreich"}}, "header.receiving"),
    ],
)
def test_parsed__message_that_does_not_fit__is_refused_by_its_field_and_no_value(
    changes: dict[str, Any], field: str
) -> None:
    data = {**carf_message().model_dump(mode="json", exclude_none=True), **changes}
    with pytest.raises(FilingError) as caught:
        parsed(CarfMessage, data, "carf.yaml")
    assert field in str(caught.value)
    assert not any(value in str(caught.value) for value in ("Jeanne", "Frankreich", "1.005"))


@pytest.mark.parametrize(
    "changes",
    [
        {"holder_type": "CRS101"},
        {"organisation": FIRM, "individual": None},
        {"organisation": FIRM, "individual": None, "holder_type": "CRS101"},
        {"balance": "-1"},
    ],
)
def test_parsed__account_that_does_not_fit__is_refused(changes: dict[str, Any]) -> None:
    data = {"header": HEADER, "institution": FIRM, "accounts": [account(**changes)]}
    with pytest.raises(FilingError, match=r"accounts\.0"):
        parsed(CrsMessage, data, "crs.yaml")


def test_write_carf__text_with_a_control_character__is_refused_without_the_text() -> None:
    message = carf_message(users=[user(individual={**JEANNE, "last_name": "Ex\x00emple"})])
    with pytest.raises(FilingError, match="element LastName: has a character") as caught:
        write_carf(message)
    assert "emple" not in str(caught.value)
