"""Transaction reports: 65 fields, their formats and what one asks of another."""

from __future__ import annotations

import pytest

from keepers.compliance.filings.errors import FilingError
from keepers.compliance.filings.mifir import columns, faults, fields, fits, is_lei, rows

FIRM, VENUE_FIRM = "529900T8BM49AURSDO55", "5493001KJTIIGC8Y1R12"


def report(**changes: str | None) -> dict[int, str]:
    """A sale by a firm to a natural person over the counter."""
    found: dict[int, str | None] = {
        1: "NEWT", 2: "TX1", 4: FIRM, 5: "true", 6: FIRM, 7: "FR19700501JEANNEXEMPL", 9: "JEANNE", 10: "EXEMPLE",
        11: "1970-05-01", 16: FIRM, 25: "false", 28: "2026-06-01T09:30:00.123456Z", 29: "DEAL", 30: "10.5",
        33: "101.25", 34: "EUR", 36: "XOFF", 41: "US0378331005", 57: "ALGO1", 59: "ALGO1", 65: "false",
    }  # fmt: skip
    found |= {int(name.removeprefix("f")): text for name, text in changes.items()}
    return {number: text for number, text in found.items() if text is not None}


def test_fields__of_rts_22__are_65_in_order() -> None:
    assert list(fields()) == list(range(1, 66))
    assert columns()[0] == "1 Report status"
    assert columns()[64] == "65 Securities financing transaction indicator"


def test_faults__report_that_is_right__are_none() -> None:
    assert faults(report()) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"f1": "NEW"}, 1),
        ({"f2": None}, 2),
        ({"f2": "X" * 53}, 2),
        ({"f3": "V1"}, 3),
        ({"f36": "XPAR"}, 3),
        ({"f4": "529900T8BM49AURSDO56"}, 4),
        ({"f8": "XX"}, 8),
        ({"f9": "Jeanne"}, 9),
        ({"f10": None}, 10),
        ({"f11": "1970-13-01"}, 11),
        ({"f18": "JEANNE"}, 18),
        ({"f16": "FR19700501JEANNEXEMPL", "f18": "A", "f19": "B", "f20": "1970-05-01"}, 16),
        ({"f26": FIRM}, 25),
        ({"f28": "2026-06-01 09:30:00"}, 28),
        ({"f28": "2026-06-31T09:30:00Z"}, 28),
        ({"f30": "10,5"}, 30),
        ({"f30": "0.123456789012345678"}, 30),
        ({"f33": "1e3"}, 33),
        ({"f33": "PENDING"}, 33),
        ({"f33": "0.123456789012345678"}, 33),
        ({"f12": "INTC"}, 12),
        ({"f21": "XPAR"}, 21),
        ({"f51": "NOAP"}, 51),
        ({"f38": "10"}, 39),
        ({"f41": "US0378331006"}, 41),
        ({"f41": None}, 41),
        ({"f59": None}, 59),
        ({"f66": "x"}, 66),
    ],
)
def test_faults__field_that_is_wrong__is_named(changes: dict[str, str | None], field: int) -> None:
    assert field in [number for number, _ in faults(report(**changes))]


@pytest.mark.parametrize(
    "changes",
    [
        {"f33": "PNDG", "f34": None},
        {"f33": "NOAP", "f34": None},
        {"f33": "-0.0123456789"},
        {"f33": "1.12345678901234567"},
        {"f51": "PNDG"},
        {"f12": FIRM},
    ],
)
def test_faults__formats_of_table_2__are_taken(changes: dict[str, str | None]) -> None:
    assert faults(report(**changes)) == []


def test_fields__of_decision_makers__are_named_as_in_table_2() -> None:
    names = [fields()[number].name for number in (12, 13, 21, 24)]
    assert names == [
        "Buyer decision maker code",
        "Buy decision maker - first name(s)",
        "Seller decision maker code",
        "Sell decision maker - date of birth",
    ]


def test_faults__cancellation__has_four_fields() -> None:
    cancelled = {1: "CANC", 2: "TX1", 4: FIRM, 6: FIRM}
    assert faults(cancelled) == []
    assert faults({**cancelled, 30: "1"}) == [(30, "is not in a cancellation")]


def test_rows__report_with_a_fault__is_refused_by_number_and_no_value() -> None:
    with pytest.raises(FilingError, match="report 2, field 9: is not NAME") as caught:
        rows([report(), report(f9="Jeanne")])
    assert "Jeanne" not in str(caught.value)


def test_rows__reports__have_every_column() -> None:
    (row,) = rows([report()])
    assert list(row) == columns() and row["2 Transaction Reference Number"] == "TX1"


@pytest.mark.parametrize(("text", "valid"), [(FIRM, True), (VENUE_FIRM, True), (FIRM[:-1] + "6", False), ("", False)])
def test_is_lei__check_digits__decide(text: str, valid: bool) -> None:
    assert is_lei(text) is valid


@pytest.mark.parametrize(("form", "text"), [("TERM", "3MNTH"), ("CFI", "ESVUFR"), ("PARTY", "INTC"), ("PARTY", "XPAR")])
def test_fits__formats_of_table_1__are_known(form: str, text: str) -> None:
    assert fits(form, text)
