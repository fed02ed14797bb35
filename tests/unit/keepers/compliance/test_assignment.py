"""Laws' amounts and names as the engine's rules, by a token's terms."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from keepers.compliance.countries import TERRITORIES
from keepers.compliance.errors import RulebookError
from keepers.compliance.rulebook import load_rulebook
from keepers.compliance.rulebook.assignment import assign, holders_worldwide, with_class_counts
from keepers.compliance.rulebook.dated import NOTHING_DATED, DatedTerms
from keepers.compliance.rulebook.duration import DAY
from keepers.compliance.rulebook.terms import IssuerTerms
from keepers.compliance.rules import DOCUMENTS, IssueRule, Rule
from keepers.compliance.transfer_terms import EVERY_OTHER, ClassRule
from tests.fixtures.openings import everywhere, opening

RULEBOOK = load_rulebook()
UNIT = 10**18
ACCREDITED_AND_INSTITUTIONAL = 0b1100
EVERYBODY = 0b1110
WORTH = {"USD": 100, "EUR": 90, "CHF": 80}
CODES = {found.alpha2: code for code, found in RULEBOOK.jurisdictions.items()}


def rule(letters: str, regime: str | None = None, decimals: int = 18, **changes: Any) -> Rule:
    """The rule of one country that a token opens under one regime."""
    jurisdiction = RULEBOOK.jurisdictions[CODES[letters]]
    instrument = jurisdiction.regime(regime).instruments[0]
    given = {"instrument": instrument, "open": {letters: opening(jurisdiction, regime)}, "worth": WORTH, **changes}
    return assign(RULEBOOK, IssuerTerms.model_validate(given), decimals)[CODES[letters]].rule


@pytest.mark.parametrize("instrument", ["security", "fund-unit"])
def test_assign__opened_everywhere__gives_rules_that_the_engine_takes(instrument: Any) -> None:
    terms = everywhere(RULEBOOK, instrument)
    found = assign(RULEBOOK, terms, 18)
    assert {CODES[letters] for letters in terms.open} <= set(found)
    assert all(assignment.rule.is_valid for assignment in found.values())


def test_assign__default_regime_of_the_united_states__is_rule_144_and_reg_d() -> None:
    assert rule("US") == Rule(
        classes=ACCREDITED_AND_INSTITUTIONAL,
        documents=1 << DOCUMENTS.index("accreditation-evidence"),
        lockup=366 * DAY,
        travel_threshold=30 * UNIT,
        report_threshold=50 * UNIT,
    )


def test_assign__regime_chosen__is_taken() -> None:
    assert rule("DE", "under-150-persons") == Rule(classes=EVERYBODY, max_holders=149)


def test_assign__offering_limit_of_twelve_months__limits_what_holders_there_are_issued() -> None:
    terms = {"instrument": "security", "worth": WORTH, "open": {"US": opening(RULEBOOK.jurisdictions[840], "reg-cf")}}
    found = assign(RULEBOOK, IssuerTerms.model_validate(terms), 18)
    assert found[840].issues == IssueRule(issuance_limit=50_000 * UNIT, period=366 * DAY)
    assert str(found[840].sources["period_issuance"]).startswith("Regulation Crowdfunding, 17 CFR 227.100, (a)(1)")
    # The engine would count each territory apart, beside the country.
    assert not set(TERRITORIES[840]) & set(found)


def test_assign__every_field__has_its_source() -> None:
    for assignment in assign(RULEBOOK, everywhere(RULEBOOK), 18).values():
        fields = {
            name for name, value in zip(Rule.__dataclass_fields__, assignment.rule.struct(), strict=True) if value
        }
        assert fields <= set(assignment.sources)


def test_assign__minimum__is_rounded_up() -> None:
    # 100,000 / 90 = 1,111.1...
    assert rule("DE", "large-tickets", decimals=0).min_holding == 1112


def test_assign__minimum_of_many_digits__is_rounded_up_to_what_the_engine_keeps() -> None:
    assert rule("DE", "large-tickets").min_holding == 1_111_111_111_111_2 * 10**8


def test_assign__threshold__is_rounded_down() -> None:
    # 3,000 / 90 = 33.3...
    assert rule("US", decimals=0, worth={"USD": 90}).travel_threshold == 33


def test_assign__threshold_below_a_unit__is_one_unit_and_not_none() -> None:
    assert rule("US", decimals=0, worth={"USD": 10_000}).travel_threshold == 1


def test_assign__part_of_the_supply__is_counted_in_units() -> None:
    found = rule("US", "reg-d-506c-control", decimals=2, supply=50_000)
    assert (found.volume_limit, found.period) == (500 * 100, 92 * DAY)


def test_assign__country_closed_to_new_holders__lets_them_out() -> None:
    assert assign(RULEBOOK, IssuerTerms(instrument="security"), 18)[643].rule == Rule()


def test_assign__regulation_s__locks_up_everywhere_but_in_the_united_states() -> None:
    us = {"regime": "reg-s"}
    ch = opening(RULEBOOK.jurisdictions[756])
    terms = {"instrument": "security", "offering": "reg-s-category-2", "open": {"US": us, "CH": ch}, "worth": WORTH}
    found = assign(RULEBOOK, IssuerTerms.model_validate(terms), 18)
    assert found[756].rule.lockup == 40 * DAY
    assert found[756].sources["lockup"].section == "(b)(2)(ii)"
    assert found[840].rule == Rule()
    assert found[408].rule == Rule(outbound_blocked=True)


def test_assign__longer_lockup_of_the_regime__stands() -> None:
    assert rule("TW", offering="reg-s-category-2").lockup == 1096 * DAY


def test_assign__worth_of_another_token__is_not_taken() -> None:
    with pytest.raises(RulebookError, match=r"rules need worth\.USD \(for US travel_rule, US reporting\)"):
        rule("US", worth={})


# -- Territories


def opened_us(regime: str) -> dict[int, Any]:
    jurisdiction = RULEBOOK.jurisdictions[840]
    given = {"instrument": "security", "open": {"US": opening(jurisdiction, regime)}, "worth": WORTH}
    return dict(assign(RULEBOOK, IssuerTerms.model_validate(given), 18))


def test_assign__united_states_open__its_territories_have_its_rule() -> None:
    found = opened_us("reg-d-506c")
    assert len(TERRITORIES[840]) == 6
    assert all(found[code].rule == found[840].rule for code in TERRITORIES[840])


def test_assign__regime_counts_holders_of_the_country__its_territories_stay_closed() -> None:
    found = opened_us("reg-d-506c-foreign-issuer")
    assert found[840].rule.max_holders == 299 and not set(TERRITORIES[840]) & set(found)


# -- Holders worldwide


def test_holders_worldwide__nobody_asks__is_none() -> None:
    assert holders_worldwide(assign(RULEBOOK, IssuerTerms(instrument="security"), 18)) is None


def test_holders_worldwide__several_ask__is_the_lowest_with_its_law() -> None:
    us = opening(RULEBOOK.jurisdictions[840], "fund-3c7")
    im = opening(RULEBOOK.jurisdictions[833], "exempt-scheme")
    given = {"instrument": "fund-unit", "open": {"US": us, "IM": im}, "worth": WORTH}
    found = holders_worldwide(assign(RULEBOOK, IssuerTerms.model_validate(given), 18))
    assert found is not None and found[0] == 49 and "Schedule 3" in found[1].section


def test_assign__issuer_that_does_not_report__counts_holders_of_record_worldwide() -> None:
    found = opened_us("reg-d-506c")[840]
    assert (found.rule.max_holders, found.holders_worldwide) == (0, 1999)


def test_assign__tier_1_is_open_to_retail__stays_below_both_numbers_of_section_12g() -> None:
    found = opened_us("reg-a-tier-1")[840]
    assert (found.holders_worldwide, found.retail_worldwide) == (1999, 499)


# -- Retail investors worldwide


NON_ACCREDITED = ClassRule(EVERY_OTHER, 1 << 1, 0, False, 0, 0, 0, 499)


def test_with_class_counts__nobody_asks__leaves_the_terms() -> None:
    assert (
        with_class_counts(NOTHING_DATED, assign(RULEBOOK, IssuerTerms(instrument="security"), 18), []) == NOTHING_DATED
    )


def test_with_class_counts__left_to_the_officer__adds_to_what_stands() -> None:
    standing = ClassRule(EVERY_OTHER, 1 << 1, 0, False, 1, 0, 0)
    found = with_class_counts(NOTHING_DATED, opened_us("reg-d-506c"), [standing]).class_rules
    assert found is not None and list(found) == [standing, NON_ACCREDITED]
    assert "12(g)(1)(A)(ii)" in found[NON_ACCREDITED]


def test_with_class_counts__officer_allows_no_more__leaves_the_terms() -> None:
    stricter = replace(NON_ACCREDITED, max_holders=400)
    assert with_class_counts(NOTHING_DATED, opened_us("reg-d-506c"), [stricter]) == NOTHING_DATED


def test_with_class_counts__issuers_own_rules__stand_beside_it() -> None:
    own = ClassRule(EVERY_OTHER, 1 << 1, 0, True, 0, 0, 0)
    found = with_class_counts(DatedTerms(class_rules={own: "Policy"}), opened_us("reg-d-506c"), []).class_rules
    assert found is not None and list(found) == [own, NON_ACCREDITED]


def test_assign__every_law_that_is_checked_later__refuses_nothing() -> None:
    terms = everywhere(RULEBOOK)
    assert assign(RULEBOOK, terms, 18, date(2030, 1, 1)).keys() == assign(RULEBOOK, terms, 18).keys()
