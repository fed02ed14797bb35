"""Decisions of issuers: files that are refused, and where a token is open."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from keepers.compliance.errors import RulebookError
from keepers.compliance.rulebook import load_rulebook
from keepers.compliance.rulebook.assignment import assign
from keepers.compliance.rulebook.terms import IssuerTerms, load_terms, opened
from tests.fixtures.openings import GIVEN, opening

RULEBOOK = load_rulebook()
ROOT = Path(__file__).parents[4]
SHIPPED = ROOT / "scripts/_config/rulebook.yaml"
TODAY = date(2026, 11, 24)
ANSWER = {"says": "No travel rule applies.", "by": "Test Counsel LLP", "given": GIVEN}


def terms(**changes: Any) -> IssuerTerms:
    return IssuerTerms.model_validate(
        {"instrument": "security", "worth": {"USD": 100, "EUR": 90, "CHF": 80}, **changes}
    )


def opens(**changes: Any) -> set[str]:
    """Letters of the countries in which somebody may hold."""
    found = assign(RULEBOOK, terms(**changes), 18, TODAY)
    return {one.jurisdiction.alpha2 for one in found.values() if one.rule.classes}


def refusal(**changes: Any) -> str:
    with pytest.raises(RulebookError) as error:
        assign(RULEBOOK, terms(**changes), 18, TODAY)
    assert "\n" not in str(error.value)
    return str(error.value)


# -- Closed by default


def test_assign__no_country_opened__nobody_may_hold_anywhere() -> None:
    assert opens() == set()


def test_assign__four_countries_opened__opens_these_and_no_other() -> None:
    four = {letters: {} for letters in ("DE", "FR", "US", "SG")}
    four["SG"] = {"answers": {"travel_rule": ANSWER}}
    assert opens(open=four) == {"DE", "FR", "US", "SG"}


def test_assign__country_whose_file_closes_it__stays_closed_without_being_named() -> None:
    found = assign(RULEBOOK, terms(), 18, TODAY)
    assert found[408].rule.outbound_blocked and not found[408].rule.classes


def test_assign__country_whose_file_closes_it__cannot_be_opened_by_its_name() -> None:
    assert "jurisdiction KP: its regime blocked lets nobody hold; do not open it" in refusal(open={"KP": {}})


def test_assign__group__opens_its_members_and_no_other() -> None:
    members = {RULEBOOK.jurisdictions[code].alpha2 for code in RULEBOOK.groups()["EEA"]}
    assert opens(open={"EEA": {}}) == members and len(members) == 30


def test_opened__member_named_beside_its_group__has_its_own_conditions() -> None:
    found = opened(RULEBOOK, terms(open={"DE": {"regime": "large-tickets"}, "EEA": {}}))
    assert (found[276].regime, found[250].regime) == ("large-tickets", None)


def test_opened__member_excluded__is_left_out_of_its_group() -> None:
    assert 352 not in opened(RULEBOOK, terms(open={"EEA": {}}, excluded=["IS"]))


# -- Questions to counsel


def test_assign__question_without_answer__is_refused_with_its_text() -> None:
    complaint = refusal(open={"SG": {}})
    assert "open questions to counsel: SG travel_rule; the first one: MAS Notice PSN02" in complaint
    assert complaint.endswith("answer each in the terms (open.XX.answers), or do not open the country")


def test_assign__every_question_answered__is_open() -> None:
    assert opens(open={"SG": {"answers": {"travel_rule": ANSWER}}}) == {"SG"}


def test_assign__answer_with_a_value__is_a_rule_with_the_answer_as_its_source() -> None:
    answer = {**ANSWER, "value": {"amount": 900, "currency": "EUR"}}
    found = assign(RULEBOOK, terms(open={"GB": {"answers": {"travel_rule": answer}}}), 0, TODAY)[826]
    assert found.rule.travel_threshold == 10
    assert str(found.sources["travel_threshold"]) == (
        "Answer of Test Counsel LLP to the issuer, Given on 2026-11-01 (checked 2026-11-01)"
    )


def test_assign__answer_that_closes__closes() -> None:
    blocked = {**ANSWER, "value": "blocked"}
    answers = {"inbound": blocked, "lockup": ANSWER}
    found = assign(RULEBOOK, terms(open={"KR": {"answers": answers}}), 18, TODAY)[410]
    assert not found.rule.classes and found.sources["classes"].law == "Answer of Test Counsel LLP to the issuer"


def test_assign__answers_of_a_group__serve_the_members_that_ask() -> None:
    conditions = {"regime": "under-12-million", "answers": {"inbound": ANSWER}}
    assert len(opens(open={"EEA": conditions})) == 30


def test_assign__answer_to_no_question__is_refused() -> None:
    complaint = refusal(open={"DE": {"answers": {"lockup": ANSWER}}})
    assert "answer to DE lockup: regime qualified-investors leaves no such question open" in complaint


def test_assign__answer_of_a_day_to_come__is_refused() -> None:
    answer = {**ANSWER, "given": date(2026, 11, 25)}
    assert "was given on 2026-11-25, which is to come" in refusal(open={"SG": {"answers": {"travel_rule": answer}}})


# -- Instruments and days


def test_assign__fund_unit_under_a_regime_for_securities__is_refused_with_those_that_serve_it() -> None:
    complaint = refusal(instrument="fund-unit", open={"CH": {}})
    assert complaint == (
        "regime professional-clients of CH: is not for a fund-unit; choose from: fund-qualified-investors"
    )


def test_assign__fund_unit_where_no_regime_serves_it__is_refused() -> None:
    assert "do not open it" in refusal(instrument="fund-unit", open={"IN": {}})


def test_assign__security_under_a_regime_for_funds__is_refused() -> None:
    assert "is not for a security" in refusal(open={"US": {"regime": "fund-3c7"}})


def test_assign__regime_of_a_day_to_come__is_refused_until_then() -> None:
    korea = opening(RULEBOOK.jurisdictions[410], "registered-tokens")
    assert "is in force from 2027-02-04" in refusal(open={"KR": korea})
    assert assign(RULEBOOK, terms(open={"KR": korea}), 18, date(2027, 2, 4))[410].rule.classes


# -- Names that are not there


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"offering": "reg-x"}, "offering reg-x: not in the rulebook; choose from: reg-s-category-2"),
        ({"open": {"US": {"regime": "reg-z"}}}, "regime reg-z of US: not in the rulebook; choose from: reg-d-506c"),
        ({"open": {"TV": {}}}, "jurisdiction TV: not in the rulebook"),
        ({"open": {"GCC": {}}}, "group GCC: not in the rulebook; name countries, or one of: EEA"),
        ({"excluded": ["IN"]}, "jurisdiction IN: is excluded and in no open group"),
        ({"open": {"US": {}}, "excluded": ["US"]}, "jurisdiction US: is open and excluded"),
        ({"open": {"US": {}}, "worth": {}}, "rules need worth.USD (for US travel_rule, US reporting)"),
        ({"open": {"US": {"regime": "reg-d-506c-control"}}}, "rules need supply (for US period_volume)"),
    ],
)
def test_assign__terms_that_do_not_fit__are_refused(changes: dict[str, Any], complaint: str) -> None:
    assert complaint in refusal(**changes)


# -- Files


def test_load_terms__shipped__opens_no_token() -> None:
    assert load_terms(SHIPPED).tokens == {}


def example_of_the_file() -> str:
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    return "\n".join(line.removeprefix("#   ") for line in lines if line.startswith("#   "))


def example_of_the_docs() -> str:
    text = (ROOT / "docs/compliance.md").read_text(encoding="utf-8")
    return text.split("```yaml\n", 1)[1].split("```", 1)[0]


@pytest.mark.parametrize("example", [example_of_the_file(), example_of_the_docs()], ids=["file", "docs"])
def test_load_terms__example__opens_what_it_says(written: Any, example: str) -> None:
    found = load_terms(written(example)).of("NOTE")
    assert found is not None
    rules = {code: one.rule for code, one in assign(RULEBOOK, found, 18, TODAY).items()}
    assert 352 not in rules and rules[276].classes == 0b1100 and rules[250].min_holding
    assert rules[702].classes and {0, 299} >= {rules[840].max_holders}


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def write(text: str) -> Path:
        path = tmp_path / "terms.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_of__token_without_terms__has_none(written: Any) -> None:
    assert load_terms(written("tokens: {NOTE: {instrument: security}}")).of("BOND", "0x" + "11" * 20) is None


def test_of__terms_by_address__come_before_those_of_the_symbol(written: Any) -> None:
    address = "0x" + "Ab" * 20
    path = written(f"tokens: {{NOTE: {{instrument: security}}, '{address}': {{instrument: fund-unit}}}}")
    found = load_terms(path).of("NOTE", "0x" + "aB" * 20)
    assert found is not None and found.instrument == "fund-unit"


def test_load_terms__country_without_conditions__is_open_under_its_default_regime(written: Any) -> None:
    found = load_terms(written("tokens: {NOTE: {instrument: security, open: {CH: , 'NO': }}}")).of("NOTE")
    assert found is not None and set(found.open) == {"CH", "NO"} and found.open["CH"].regime is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("default: {worth: {USD: 1}}", "unknown key 'default'"),
        ("tokens: {A: {}}", "missing key 'tokens.A.instrument'"),
        ("tokens: {A: {instrument: security, wroth: {USD: 1}}}", "unknown key 'tokens.A.wroth'"),
        ("tokens: {A: {instrument: share}}", "tokens.A.instrument"),
        ("tokens: {A: {instrument: security, worth: {USD: 0}}}", "tokens.A.worth.USD"),
        ("tokens: {A: {instrument: security, worth: {dollars: 1}}}", "tokens.A.worth.dollars"),
        ("tokens: {A: {instrument: security, excluded: [XX]}}", "'XX' is no ISO 3166-1 code"),
        ("tokens: {A: {instrument: security, open: {XX: }}}", "'XX' is no ISO 3166-1 code"),
        ("tokens: {A: {instrument: security, open: {NO: }}}", "YAML reads NO as false; write 'NO' in quotes"),
        ("tokens: {A: {instrument: security, open: {PR: }}}", "PR belongs to US; name US, which includes it"),
        ("tokens: {A: {instrument: security, supply: -1}}", "tokens.A.supply"),
        (
            "tokens: {A: {instrument: security, open: {SG: {answers: "
            "{tax: {says: none, by: counsel, given: 2026-01-01}}}}}}",
            "answers: no rule field ['tax']",
        ),
        (
            "tokens: {A: {instrument: security, open: {SG: {answers: "
            "{lockup: {says: long, by: counsel, given: 2026-01-01, value: soon}}}}}}",
            "answers.lockup.value: Value error, 'soon' is no period",
        ),
        ("[]", "holds no keys"),
    ],
)
def test_load_terms__file_that_is_none__is_refused(written: Any, text: str, complaint: str) -> None:
    with pytest.raises(RulebookError) as error:
        load_terms(written(text))
    assert complaint in str(error.value) and "\n" not in str(error.value)


def test_load_terms__no_file__is_refused(tmp_path: Path) -> None:
    with pytest.raises(RulebookError, match="cannot be read"):
        load_terms(tmp_path / "none.yaml")
