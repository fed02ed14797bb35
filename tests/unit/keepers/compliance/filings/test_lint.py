"""The linter: files that are right, and files that each break one thing."""

from __future__ import annotations

import pytest

from keepers.compliance.filings.carf import write_carf
from keepers.compliance.filings.crs import write_crs
from keepers.compliance.filings.crs_rules import is_iban, is_isin
from keepers.compliance.filings.lint import lint, rules
from keepers.compliance.filings.reading import MOST_FINDINGS
from tests.fixtures.filings import (
    BROKEN,
    CARF_RULES,
    CRS_RULES,
    JEANNE,
    carf_message,
    corpus,
    crs_message,
    swapped,
    traded,
)

CARF, CRS = write_carf(carf_message()), write_crs(crs_message())


def found(content: bytes) -> set[str]:
    return {one.rule for one in lint(content)}


@pytest.mark.parametrize("content", [CARF, CRS], ids=["carf", "crs"])
def test_lint__message_without_a_fault__finds_nothing(content: bytes) -> None:
    assert lint(content) == []


def test_lint__corpus_of_broken_files__finds_a_rule_in_every_one() -> None:
    files = corpus()
    assert len(files) >= 200 and len({content for _, content in files}) == len(files)
    missed = [name for name, content in files if not lint(content)]
    assert not missed, missed


def test_lint__corpus_of_broken_files__names_a_rule_a_text_and_a_source_and_no_value() -> None:
    for _, content in corpus():
        for one in lint(content):
            assert one.rule and one.text and one.source and one.where
            assert not any(value in str(one) for value in ("Jeanne", "Exemple", "0123456789012", "1970", "Paris"))


@pytest.mark.parametrize(("rule", "old", "new"), CARF_RULES)
def test_lint__carf_rule_that_is_broken__is_named(rule: str, old: str, new: str) -> None:
    assert rule in found(swapped(CARF, old, new, 2 if rule == "CARF-12" else 1))


@pytest.mark.parametrize(("rule", "old", "new"), CRS_RULES)
def test_lint__crs_rule_that_is_broken__is_named(rule: str, old: str, new: str) -> None:
    assert rule in found(swapped(CRS, old, new, 2 if rule == "80011" else 1))


@pytest.mark.parametrize(("rule", "content"), BROKEN)
def test_lint__file_that_is_no_message__is_one_finding(rule: str, content: bytes) -> None:
    assert [one.rule for one in lint(content)] == [rule]


def test_lint__file_with_many_faults__stops_at_the_maximum() -> None:
    many = carf_message(
        users=[{"individual": {**JEANNE, "residence": ["ES"]}, "transactions": [traded("retail")]}] * 1_200
    )
    assert len(lint(write_carf(many))) == MOST_FINDINGS


def test_rules__every_one__is_broken_by_a_file_of_the_corpus() -> None:
    broken = {rule for rule, _, _ in CARF_RULES + CRS_RULES}
    assert set(rules()["CARF"]) | set(rules()["CRS"]) == broken


def test_lint__fault_of_the_schema__cites_the_recommendation_and_the_element() -> None:
    (one,) = lint(swapped(CARF, "CARF901", "CARF999"))
    assert (one.rule, one.where) == ("cvc-enumeration-valid", "CARF_OECD/CARFBody/RCASP/Nexus")


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("DE89370400440532013000", True),
        ("GB82WEST12345698765432", True),
        ("DE89370400440532013001", False),
        ("DE", False),
    ],
)
def test_is_iban__check_digits__decide(text: str, valid: bool) -> None:
    assert is_iban(text) is valid


@pytest.mark.parametrize(
    ("text", "valid"), [("US0378331005", True), ("AU0000XVGZA3", True), ("US0378331004", False), ("US037833100", False)]
)
def test_is_isin__check_digit__decides(text: str, valid: bool) -> None:
    assert is_isin(text) is valid
