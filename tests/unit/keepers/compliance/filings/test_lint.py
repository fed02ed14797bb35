"""The linter: files that are right, and files that each break one thing."""

from __future__ import annotations

import pytest

from keepers.compliance.filings.carf import write_carf
from keepers.compliance.filings.crs import write_crs
from keepers.compliance.filings.crs_rules import is_iban, is_isin
from keepers.compliance.filings.fatca import write_fatca
from keepers.compliance.filings.lint import lint, rules
from keepers.compliance.filings.reading import MOST_FINDINGS
from tests.fixtures.filings import (
    BROKEN,
    CARF_RULES,
    CRS_RULES,
    FATCA_RULES,
    JEANNE,
    broken,
    carf_message,
    corpus,
    crs_message,
    fatca_message,
    structural,
    swapped,
    traded,
)

CARF, CRS, FATCA = write_carf(carf_message()), write_crs(crs_message()), write_fatca(fatca_message())


def found(content: bytes) -> set[str]:
    return {one.rule for one in lint(content, without_schema=True)}


@pytest.mark.parametrize("content", [CARF, CRS, FATCA], ids=["carf", "crs", "fatca"])
def test_lint__message_without_a_fault__finds_nothing(content: bytes) -> None:
    assert lint(content, without_schema=True) == []


def test_lint__corpus_of_broken_files__finds_a_rule_in_every_one() -> None:
    files = corpus()
    assert len(files) >= 200 and len({content for _, content in files}) == len(files)
    missed = [name for name, content in files if not lint(content, without_schema=True)]
    assert not missed, missed


def test_lint__corpus_of_broken_files__names_a_rule_a_text_and_a_source_and_no_value() -> None:
    for _, content in corpus():
        for one in lint(content, without_schema=True):
            assert one.rule and one.text and one.source and one.where
            assert not any(
                value in str(one) for value in ("Jeanne", "Exemple", "0123456789012", "1970", "Paris", "078051120")
            )


@pytest.mark.parametrize(("rule", "old", "new"), CARF_RULES)
def test_lint__carf_rule_that_is_broken__is_named(rule: str, old: str, new: str) -> None:
    assert rule in found(broken(CARF, rule, old, new))


@pytest.mark.parametrize(("rule", "old", "new"), CRS_RULES)
def test_lint__crs_rule_that_is_broken__is_named(rule: str, old: str, new: str) -> None:
    assert rule in found(broken(CRS, rule, old, new))


@pytest.mark.parametrize(("rule", "old", "new"), FATCA_RULES)
def test_lint__fatca_rule_that_is_broken__is_named(rule: str, old: str, new: str) -> None:
    assert rule in found(broken(FATCA, rule, old, new))


def test_lint__corpus_of_broken_fatca_files__has_200_that_are_found_without_the_schema() -> None:
    files = [content for _, content in structural(FATCA)]
    files += [broken(FATCA, *one) for one in FATCA_RULES]
    assert len(set(files)) == len(files) >= 200
    assert all(found(content) for content in files)


def test_lint__fatca_report_without_the_schema__says_so() -> None:
    assert [one.rule for one in lint(FATCA)] == ["FATCA-35"]


@pytest.mark.parametrize(("rule", "content"), BROKEN)
def test_lint__file_that_is_no_message__is_one_finding(rule: str, content: bytes) -> None:
    assert [one.rule for one in lint(content)] == [rule]


def test_lint__file_with_many_faults__stops_at_the_maximum() -> None:
    many = carf_message(
        users=[{"individual": {**JEANNE, "residence": ["ES"]}, "transactions": [traded("retail")]}] * 1_200
    )
    assert len(lint(write_carf(many))) == MOST_FINDINGS


def test_rules__every_one__is_broken_by_a_file_of_the_corpus() -> None:
    seen = {rule for rule, _, _ in CARF_RULES + CRS_RULES + FATCA_RULES} | {"FATCA-35"}
    assert {code for known in rules().values() for code in known} == seen


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
