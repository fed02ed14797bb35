"""Threshold reports: what crosses, and the same paper."""

from __future__ import annotations

import pytest

from keepers.compliance.filings.errors import FilingError
from keepers.compliance.filings.pdf import pdf_bytes
from keepers.compliance.filings.thresholds import COLUMNS, as_row, crossings, tables, thresholds_of

EU = thresholds_of("EU")


def crossed(before: int, after: int, code: str = "EU", supply: tuple[int, int] = (300, 300)) -> list[tuple[str, str]]:
    found = crossings(thresholds_of(code), {"P-1": before}, {"P-1": after}, supply)
    return [(one.threshold, one.direction) for one in found]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (14, 15, [("5", "up")]),
        (15, 14, [("5", "down")]),
        (15, 16, []),
        (0, 46, [("5", "up"), ("10", "up"), ("15", "up")]),
        (46, 0, [("5", "down"), ("10", "down"), ("15", "down")]),
    ],
)
def test_crossings__exactly_at_a_threshold__has_reached_it(
    before: int, after: int, expected: list[tuple[str, str]]
) -> None:
    assert crossed(before, after) == expected


def test_crossings__third_of_an_issue__is_exact() -> None:
    assert crossed(99, 100, "FR") == [("100/3", "up")]
    assert crossed(98, 99, "FR") == []


def test_crossings__each_percent_of_the_united_kingdom__counts() -> None:
    assert crossed(9, 12, "GB") == [("4", "up")]
    assert crossed(6, 9, "GB") == [("3", "up")]


def test_crossings__supply_that_shrinks__crosses_without_a_trade() -> None:
    assert crossed(14, 14, supply=(300, 280)) == [("5", "up")]


def test_crossings__more_than_the_supply__is_refused() -> None:
    with pytest.raises(FilingError, match="holdings: are more than the supply"):
        crossings(EU, {}, {"P-1": 301}, (300, 300))


def test_thresholds_of__unknown_jurisdiction__is_refused() -> None:
    with pytest.raises(FilingError, match="jurisdiction XX: has no thresholds here"):
        thresholds_of("XX")


def test_tables__every_one__has_a_source() -> None:
    assert len(tables()) >= 7 and all(one.source for one in tables().values())


def test_pdf_bytes__the_same_report__is_the_same_bytes() -> None:
    rows = [as_row(one) for one in crossings(EU, {}, {"P-<1>": 200}, (300, 300))]

    def made() -> bytes:
        return pdf_bytes("Thresholds", ["A line & another"], COLUMNS, rows)

    assert made() == made() and made().startswith(b"%PDF")
    assert made() != pdf_bytes("Thresholds", ["A line"], COLUMNS, rows)
