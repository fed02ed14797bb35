"""Laws' amounts and names as the engine's rules, by a token's terms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from keepers.compliance.errors import RulebookError
from keepers.compliance.rulebook import load_rulebook
from keepers.compliance.rulebook.duration import DAY
from keepers.compliance.rulebook.schema import DOCUMENTS
from keepers.compliance.rulebook.terms import Terms, assign, load_terms
from keepers.compliance.rules import Rule

RULEBOOK = load_rulebook()
SHIPPED = Path(__file__).parents[4] / "scripts/config/rulebook.yaml"
UNIT = 10**18
ACCREDITED_AND_INSTITUTIONAL = 0b1100
EVERYBODY = 0b1110


def terms(**changes: Any) -> Terms:
    return Terms.model_validate({"worth": {"USD": 100, "EUR": 90, "CHF": 80}, **changes})


def rule(letters: str, decimals: int = 18, **changes: Any) -> Rule:
    found = assign(RULEBOOK, terms(only=[letters], **changes), decimals)
    assert len(found) == 1
    return next(iter(found.values())).rule


def test_assign__shipped_terms__gives_every_jurisdiction_a_rule_that_the_engine_takes() -> None:
    found = assign(RULEBOOK, load_terms(SHIPPED).of("ANY"), 18)
    assert set(found) == set(RULEBOOK.jurisdictions)
    assert all(assignment.rule.is_valid for assignment in found.values())


def test_assign__default_regime_of_the_united_states__is_rule_144_and_reg_d() -> None:
    assert rule("US") == Rule(
        classes=ACCREDITED_AND_INSTITUTIONAL,
        documents=1 << DOCUMENTS.index("accreditation-evidence"),
        lockup=366 * DAY,
        max_holders=1999,
        travel_threshold=30 * UNIT,
        report_threshold=50 * UNIT,
    )


def test_assign__regime_chosen__is_taken() -> None:
    assert rule("DE", regimes={"DE": "under-150-persons"}) == Rule(classes=EVERYBODY, max_holders=149)


def test_assign__every_field__has_its_source() -> None:
    for assignment in assign(RULEBOOK, terms(), 18).values():
        fields = {
            name for name, value in zip(Rule.__dataclass_fields__, assignment.rule.struct(), strict=True) if value
        }
        assert fields <= set(assignment.sources)


def test_assign__minimum__is_rounded_up() -> None:
    # 100,000 / 90 = 1,111.1...
    assert rule("DE", decimals=0, regimes={"DE": "large-tickets"}).min_holding == 1112


def test_assign__minimum_of_many_digits__is_rounded_up_to_what_the_engine_keeps() -> None:
    assert rule("DE", regimes={"DE": "large-tickets"}).min_holding == 1_111_111_111_111_2 * 10**8


def test_assign__threshold__is_rounded_down() -> None:
    # 1,000 / 90 = 11.1...
    assert rule("GB", decimals=0).travel_threshold == 11


def test_assign__threshold_below_a_unit__is_one_unit_and_not_none() -> None:
    assert rule("GB", decimals=0, worth={"EUR": 10_000}).travel_threshold == 1


def test_assign__part_of_the_supply__is_counted_in_units() -> None:
    found = rule("US", decimals=2, regimes={"US": "reg-d-506c-control"}, supply=50_000)
    assert (found.volume_limit, found.period) == (500 * 100, 92 * DAY)


def test_assign__sanctioned_country__is_closed_and_lets_nothing_out() -> None:
    assert rule("KP") == Rule(outbound_blocked=True)


def test_assign__country_closed_to_new_holders__lets_them_out() -> None:
    assert rule("RU") == Rule()


def test_assign__regulation_s__locks_up_everywhere_but_in_the_united_states() -> None:
    found = assign(RULEBOOK, terms(offering="reg-s-category-2", regimes={"US": "reg-s"}), 18)
    assert found[756].rule.lockup == 40 * DAY
    assert found[756].sources["lockup"].section == "(b)(2)(ii)"
    assert found[840].rule == Rule()
    assert found[408].rule == Rule(outbound_blocked=True)


def test_assign__longer_lockup_of_the_regime__stands() -> None:
    assert rule("TW", offering="reg-s-category-2").lockup == 1096 * DAY


def test_assign__excluded__has_no_rule() -> None:
    assert 356 not in assign(RULEBOOK, terms(excluded=["IN"]), 18)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"offering": "reg-x"}, "offering reg-x: not in the rulebook; choose from: reg-s-category-2"),
        ({"regimes": {"US": "reg-z"}}, "regime reg-z of US: not in the rulebook; choose from: reg-d-506c"),
        ({"regimes": {"US": "reg-s"}, "excluded": ["US"]}, "the token is not offered there"),
        ({"regimes": {"TV": "any"}}, "jurisdiction TV: not in the rulebook"),
        ({"only": ["TV"]}, "jurisdiction TV: not in the rulebook"),
        ({"worth": {"USD": 1}}, "rules need worth.EUR (for GB travel_rule)"),
        ({"regimes": {"US": "reg-d-506c-control"}}, "rules need supply (for US period_volume)"),
    ],
)
def test_assign__terms_that_do_not_fit__are_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(RulebookError) as error:
        assign(RULEBOOK, terms(**changes), 18)
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("default: {wroth: {USD: 1}}", "unknown key 'default.wroth'"),
        ("tokens: {}", "missing key 'default'"),
        ("default: {worth: {USD: 0}}", "default.worth.USD"),
        ("default: {worth: {dollars: 1}}", "default.worth.dollars"),
        ("default: {excluded: [XX]}", "'XX' is no ISO 3166-1 code"),
        ("default: {supply: -1}", "default.supply"),
        ("[]", "holds no keys"),
    ],
)
def test_load_terms__file_that_is_none__is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "terms.yaml"
    path.write_text(text)
    with pytest.raises(RulebookError) as error:
        load_terms(path)
    assert complaint in str(error.value)


def test_load_terms__no_file__is_refused(tmp_path: Path) -> None:
    with pytest.raises(RulebookError, match="cannot be read"):
        load_terms(tmp_path / "none.yaml")
