"""Reports of FATCA: the same bytes, sums, changes of earlier records, sponsors, and refusals."""

from __future__ import annotations

from typing import Any

import pytest

from keepers.compliance.filings.errors import FilingError
from keepers.compliance.filings.fatca import FatcaMessage, write_fatca
from keepers.compliance.filings.lint import lint
from keepers.compliance.filings.parties import parsed
from tests.fixtures.filings import AUSTIN, GIIN, HEADER, JANE, PROVIDER, TRUST, fatca_message, us_account

SPONSOR = {"organisation": TRUST, "giin": "127BM7.00001.SP.276", "category": "FATCA607"}


def faults(content: bytes) -> list[str]:
    return [one.rule for one in lint(content, without_schema=True)]


def changed(kind: str, record: str = "2") -> dict[str, str]:
    return {"kind": kind, "message": "DE2026US-1", "record": f"{GIIN}.1-00000{record}"}


def filer(**changes: Any) -> dict[str, Any]:
    return {"organisation": PROVIDER, "giin": GIIN, "category": "FATCA604", **changes}


def test_write_fatca__the_same_report__is_the_same_bytes() -> None:
    assert write_fatca(fatca_message()) == write_fatca(fatca_message())


def test_write_fatca__another_report__has_other_references() -> None:
    first, second = write_fatca(fatca_message()), write_fatca(fatca_message(pools=[]))
    assert first.split(b"<ftc:DocRefId>")[1][:60] != second.split(b"<ftc:DocRefId>")[1][:60]


def test_write_fatca__payments_of_a_type__are_added_up() -> None:
    paid = [{"type": kind, "amount": "1.25", "currency": "USD"} for kind in ("interest", "other", "interest")]
    text = write_fatca(fatca_message(accounts=[us_account(payments=paid)])).decode()
    assert text.count("<ftc:Payment>") == 2
    assert '<ftc:PaymentAmnt currCode="USD">2.50<' in text and '<ftc:PaymentAmnt currCode="USD">1.25<' in text
    assert faults(text.encode()) == []


@pytest.mark.parametrize(("kind", "code"), [("correct", "FATCA2"), ("void", "FATCA3"), ("amend", "FATCA4")])
def test_write_fatca__change_of_a_record__names_the_earlier_message_and_record(kind: str, code: str) -> None:
    message = fatca_message(
        institution=filer(change=changed(kind, "1")), accounts=[us_account(change=changed(kind))], pools=[]
    )
    text = write_fatca(message).decode()
    assert text.count(f">{code}<") == 2 and text.count("CorrMessageRefId>DE2026US-1<") == 3
    assert f"<ftc:CorrDocRefId>{GIIN}.1-000002<" in text
    assert faults(text.encode()) == []


def test_write_fatca__nothing_to_report__is_a_nil_report() -> None:
    content = write_fatca(fatca_message(accounts=[], pools=[]))
    assert b"<ftc:NoAccountToReport>yes<" in content and faults(content) == []


def test_write_fatca__nil_report_that_is_voided__names_the_earlier_one() -> None:
    void = changed("void")
    content = write_fatca(
        fatca_message(accounts=[], pools=[], change=void, institution=filer(change=changed("void", "1")))
    )
    assert content.count(b">FATCA3<") == 2 and faults(content) == []


def test_write_fatca__sponsor__has_the_category() -> None:
    content = write_fatca(fatca_message(sponsor=SPONSOR, institution=filer(category="")))
    assert b"<ftc:Sponsor>" in content and faults(content) == []


def test_write_fatca__category_of_both__is_found() -> None:
    assert set(faults(write_fatca(fatca_message(sponsor=SPONSOR)))) == {"FATCA-26"}


def test_write_fatca__test_data__is_marked_in_every_record() -> None:
    content = write_fatca(fatca_message(header={**HEADER, "receiving": "US", "sender": GIIN, "test": True}))
    assert b">FATCA1<" not in content and b">FATCA11<" in content and faults(content) == []


def test_write_fatca__owner_that_is_an_entity__is_written() -> None:
    firm = {**TRUST, "address": AUSTIN, "tins": [{"number": "12-3456789", "issued_by": "US"}]}
    entity = {"individual": None, "organisation": TRUST, "holder_type": "FATCA101", "owners": [{"organisation": firm}]}
    content = write_fatca(fatca_message(accounts=[us_account(**entity)]))
    assert b">12-3456789<" in content and faults(content) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"institution": filer(giin="S519K4.99999.SL.27")}, "institution.giin"),
        ({"institution": filer(giin="SO19K4.99999.SL.276")}, "institution.giin"),
        ({"institution": filer(category="FATCA612")}, "institution.category"),
        ({"accounts": [us_account(balance="-1")]}, "accounts.0.balance"),
        ({"accounts": [us_account(holder_type="FATCA104")]}, "holder_type stands with an organisation"),
        ({"accounts": [us_account(owners=[{"individual": JANE}])]}, "owners stand with holder_type"),
        ({"accounts": [us_account(organisation=TRUST)]}, "an individual or an organisation"),
        ({"accounts": [us_account(change=changed("void"))]}, "is new or changed in the same way"),
        ({"change": changed("void")}, "only if there are none"),
        ({"pools": [{"type": "dormant", "accounts": 0, "balance": "1", "currency": "USD"}]}, "pools.0.accounts"),
    ],
)
def test_parsed__report_that_does_not_fit__is_refused_by_its_field_and_no_value(
    changes: dict[str, Any], field: str
) -> None:
    data = {**fatca_message().model_dump(mode="json", exclude_none=True), **changes}
    with pytest.raises(FilingError) as caught:
        parsed(FatcaMessage, data, "fatca.yaml")
    assert field in str(caught.value)
    assert not any(value in str(caught.value) for value in ("Jane", "Beispiel", "SO19K4", "FATCA612"))
