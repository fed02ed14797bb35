"""Forms of the IRS: boxes, columns and worked examples."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from keepers.compliance.filings import form1042s, form1099b, form8949
from keepers.compliance.filings.errors import FilingError
from keepers.compliance.filings.form1042s import Agent, Recipient
from keepers.compliance.filings.form8949 import Property, Reported
from keepers.compliance.filings.tables import csv_bytes
from keepers.compliance.tax.engine import Disposal, Scope, account
from keepers.compliance.tax.gains import long_term
from keepers.compliance.tax.ledger import Entry
from keepers.compliance.tax.lots import Method
from keepers.compliance.tax.profiles import profile
from keepers.compliance.tax.treaties import rates
from keepers.compliance.tax.withholding import Certificate, Chapter4, Payment, withhold
from tests.fixtures.ledgers import entry

STOCK = Property("sh. X stock", 0, digital=False, reported=Reported.BASIS, cusip="000000000")
LONG = long_term(profile("US"))
WASHED = [
    # IRS, VITA case study on wash sales: 100 shares for $1,000, sold for $750, 100 bought for $800 within 30 days.
    entry(1, "2025-01-02", "buy", 100, 100_000),
    entry(2, "2025-06-02", "sell", 100, 75_000),
    entry(3, "2025-06-20", "buy", 100, 80_000),
]


def disposals(*entries: Entry) -> list[Disposal]:
    return account(entries, Method.FIFO, Scope.WALLET, securities=["NOTE"]).disposals


def test_form_8949__irs_case_study_of_a_wash_sale__is_code_w_and_no_loss() -> None:
    (row,) = form8949.rows(disposals(*WASHED), {"NOTE": STOCK}, LONG)
    assert row == {
        "box": "A", "a": "100 sh. X stock", "b": "01/02/2025", "c": "06/02/2025", "d": "750.00", "e": "1000.00",
        "f": "W", "g": "250.00", "h": "0.00",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("reported", "digital", "boxes"),
    [
        (Reported.BASIS, False, "AD"),
        (Reported.PROCEEDS, False, "BE"),
        (Reported.NOTHING, False, "CF"),
        (Reported.BASIS, True, "GJ"),
        (Reported.PROCEEDS, True, "HK"),
        (Reported.NOTHING, True, "IL"),
    ],
)
def test_box__short_and_long_term__are_the_boxes_of_the_form(reported: Reported, digital: bool, boxes: str) -> None:
    sold = replace(STOCK, reported=reported, digital=digital)
    assert form8949.box(sold, False) + form8949.box(sold, True) == boxes


def test_form_8949__digital_asset__names_whole_tokens() -> None:
    found = disposals(
        entry(1, "2023-01-02", "buy", 3 * 10**18, 100_000), entry(2, "2025-06-02", "sell", 15 * 10**17, 9)
    )
    (row,) = form8949.rows(found, {"NOTE": Property("NOTE", 18)}, LONG)
    assert (row["box"], row["a"]) == ("L", "1.5 NOTE")


def test_totals__rows_of_two_boxes__add_up_by_box() -> None:
    found = disposals(
        entry(1, "2023-01-02", "buy", 30, 30_000),
        entry(2, "2025-06-02", "sell", 10, 11_050),
        entry(3, "2025-06-03", "sell", 10, 9_000),
        entry(4, "2025-09-02", "buy", 10, 10_000),
        entry(5, "2025-10-02", "sell", 20, 30_000),
    )
    assert form8949.totals(form8949.rows(found, {"NOTE": STOCK}, LONG)) == {
        "A": {"d": "150.00", "e": "100.00", "g": "0.00", "h": "50.00"},
        "D": {"d": "350.50", "e": "300.00", "g": "0.00", "h": "50.50"},
    }


def test_form_8949__csv__is_the_same_for_the_same_ledger() -> None:
    def made() -> bytes:
        return csv_bytes(form8949.COLUMNS, form8949.rows(disposals(*WASHED), {"NOTE": STOCK}, LONG))

    assert made() == made()
    assert made().decode().splitlines()[0] == "box,a,b,c,d,e,f,g,h"


def test_form_8949__asset_that_is_not_described__is_refused() -> None:
    with pytest.raises(FilingError, match="asset NOTE: is not described"):
        form8949.rows(disposals(*WASHED), {}, LONG)


@pytest.mark.parametrize("cell", ["=1+1", "@cmd", "+1", "-cmd", "a\nb"])
def test_csv_bytes__cell_that_a_spreadsheet_would_run__is_refused(cell: str) -> None:
    with pytest.raises(FilingError, match="row 1, a: begins like a formula"):
        csv_bytes(["a"], [{"a": cell}])


def test_form_1099b__covered_security__has_basis_and_the_loss_not_deductible() -> None:
    (row,) = form1099b.rows(disposals(*WASHED), {"NOTE": STOCK}, LONG, {"cold": "A-1"})
    assert row == {
        "account": "A-1", "cusip": "000000000", "8949_code": "A", "1a": "100 sh. X stock", "1b": "01/02/2025",
        "1c": "06/02/2025", "1d": "750.00", "1e": "1000.00", "1g": "250.00", "2": "short-term", "5": "", "6": "net",
        "12": "X",
    }  # fmt: skip


def test_form_1099b__noncovered_security__has_neither() -> None:
    (row,) = form1099b.rows(disposals(*WASHED), {"NOTE": replace(STOCK, covered=False)}, LONG, {"cold": "A-1"})
    assert row["5"] == "X" and row["8949_code"] == "B"
    assert not {"1b", "1e", "1g", "2", "12"} & set(row)


def test_form_1099b__wallet_without_an_account__is_refused_without_naming_it() -> None:
    with pytest.raises(FilingError, match="ledger line 2: has no account") as caught:
        form1099b.rows(disposals(*WASHED), {"NOTE": STOCK}, LONG, {})
    assert "cold" not in str(caught.value)


AGENT = Agent("12-3456789", "Issuer LLC")
JAN = Recipient("Jan Example", "DE", "Example Street 1", "10115 Berlin", foreign_tin="12345678903")


def paid(line: int, amount: int, **changes: Any) -> Payment:
    fields: dict[str, Any] = {
        "payee": "P-1", "income": "dividends", "country": "DE", "certificate": Certificate.W8BEN,
        "signed": date(2024, 3, 1), "has_tin": True, "claims_treaty": True, **changes,
    }  # fmt: skip
    return Payment(line, date(2026, 6, 1), amount=amount, **fields)


def forms(*payments: Payment) -> list[dict[str, str]]:
    return form1042s.rows([withhold(one, rates()) for one in payments], {"P-1": JAN}, AGENT)


def test_form_1042s__payments_of_one_kind__are_one_form_in_whole_dollars() -> None:
    (form,) = forms(paid(2, 100_033), paid(3, 50_017))
    # $1,500.50 is $1,501; the tax of $225.07 (15% of each payment) is $225.
    assert [form[box] for box in ("identifier", "1", "2", "3", "3a", "3b", "4a", "4b", "7a", "10")] == [
        "0000000001", "06", "1501", "3", "00", "15.00", "15", "00.00", "225", "225",
    ]  # fmt: skip
    assert form["13a"] == "Jan Example"


def test_form_1042s__amounts_of_the_instructions__round_as_they_say() -> None:
    # Instructions for Form 1042-S: $1.39 is $1 and $2.50 is $3, and amounts are added up with their cents.
    assert [form1042s.whole_dollars(cents) for cents in (139, 250)] == ["1", "3"]
    (form,) = forms(paid(2, 139), paid(3, 111))
    assert form["2"] == "3"


def test_form_1042s__exempt_interest_of_a_treaty__is_code_04() -> None:
    (form,) = forms(paid(2, 100_000, income="interest"))
    assert (form["1"], form["3a"], form["3b"], form["7a"]) == ("01", "04", "00.00", "0")


def test_form_1042s__chapter_4__fills_boxes_4a_and_4b() -> None:
    (form,) = forms(paid(2, 100_000, chapter_4=Chapter4.NONPARTICIPATING))
    assert (form["3"], form["3a"], form["3b"], form["4a"], form["4b"]) == ("4", "", "00.00", "00", "30.00")


def test_form_1042s__us_person__is_left_out() -> None:
    assert forms(paid(2, 100_000, certificate=Certificate.W9, country="US")) == []


def test_form_1042s__payee_who_is_no_recipient__is_refused_without_the_identifier() -> None:
    with pytest.raises(FilingError, match="form 1: has a payee who is no recipient") as caught:
        form1042s.rows([withhold(paid(2, 1, payee="P-9"), rates())], {}, AGENT)
    assert "P-9" not in str(caught.value)
