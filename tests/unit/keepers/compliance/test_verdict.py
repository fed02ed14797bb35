"""Verdicts that the model gives, one behaviour a test; that the engine gives the same is tested on chain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keepers.compliance.explain import describe_rule, explain
from keepers.compliance.movement import Identity, Movement, Party, State
from keepers.compliance.rulebook import load_rulebook
from keepers.compliance.rulebook.assignment import Assignment, assign
from keepers.compliance.rulebook.terms import IssuerTerms
from keepers.compliance.rules import CLOSED, IssueRule, Reason, Rule, document_names, whole
from keepers.compliance.verdict import crosses, judge, judge_token, verdict
from tests.fixtures.openings import opening

NOW = 1_800_000_000
LATER = NOW + 1
RETAIL = Identity(country=756, investor_class=1, kyc_expiry=LATER, aml_expiry=LATER, accreditation_expiry=LATER)
ACCREDITED = replace(RETAIL, investor_class=2)
GERMAN = replace(RETAIL, country=276)
VENUE = Identity(venue=True)
EVERYBODY = Rule(classes=0b1110)
STATE = State(now=NOW, rules={756: EVERYBODY, 276: EVERYBODY})

ALICE = Party("alice", RETAIL, balance=100, counted_in=756)
BOB = Party("bob", RETAIL)
POOL = Party("pool", VENUE, balance=100)


def with_rule(**fields: int | bool) -> State:
    return replace(STATE, rules={756: replace(EVERYBODY, **fields), 276: EVERYBODY})  # type: ignore[arg-type]


def outcome(movement: Movement, state: State = STATE) -> tuple[str | None, Reason]:
    return verdict(judge(movement, state))


ALLOWED = (None, Reason.NONE)


def test_judge__eligible_both__allowed() -> None:
    assert outcome(Movement(ALICE, BOB, 10)) == ALLOWED


def test_judge__rules_not_open__refused() -> None:
    assert outcome(Movement(ALICE, BOB, 10), replace(STATE, open=False)) == ("bob", Reason.RULES_NOT_SET)


@pytest.mark.parametrize(
    ("listed", "text"),
    [(True, "on the sanctions list"), (False, "another wallet of the person is on the sanctions list")],
)
def test_judge__sanctioned__says_whose_wallet_is_listed(listed: bool, text: str) -> None:
    sender = replace(ALICE, identity=replace(RETAIL, sanctioned=True, listed=listed))
    (failed, *_) = [finding for finding in judge(Movement(sender, BOB, 10), STATE) if not finding.passed]
    assert (failed.reason, failed.text) == (Reason.SANCTIONED, text)


@pytest.mark.parametrize(
    ("identity", "reason"),
    [
        (Identity(), Reason.NOT_REGISTERED),
        (replace(RETAIL, sanctioned=True, frozen=True), Reason.SANCTIONED),
        (replace(RETAIL, frozen=True), Reason.ACCOUNT_FROZEN),
        (replace(RETAIL, investor_class=0), Reason.NOT_VERIFIED),
        (replace(RETAIL, kyc_expiry=NOW), Reason.KYC_EXPIRED),
        (replace(RETAIL, aml_expiry=NOW), Reason.AML_EXPIRED),
        (replace(RETAIL, country=250), Reason.COUNTRY_NOT_ALLOWED),
        (VENUE, Reason.NONE),
    ],
)
def test_judge__receiver__each_flaw_has_its_reason(identity: Identity, reason: Reason) -> None:
    assert outcome(Movement(ALICE, replace(BOB, identity=identity), 10))[1] == reason


def test_judge__venue_to_venue__refused() -> None:
    movement = Movement(POOL, replace(POOL, address="pool 2"), 10)
    assert outcome(movement) == ("pool 2", Reason.VENUE_ONLY_OPPOSITE_ELIGIBLE)


def test_judge__accreditation_lapsed__counts_as_retail() -> None:
    lapsed = replace(BOB, identity=replace(ACCREDITED, accreditation_expiry=NOW))
    assert outcome(Movement(ALICE, lapsed, 10)) == ALLOWED
    assert outcome(Movement(ALICE, lapsed, 10), with_rule(classes=0b0100)) == ("bob", Reason.ACCREDITATION_EXPIRED)
    assert outcome(Movement(ALICE, BOB, 10), with_rule(classes=0b0100)) == ("bob", Reason.CLASS_NOT_ALLOWED)


def test_judge__lapsed_sender__may_leave() -> None:
    lapsed = replace(ALICE, identity=replace(RETAIL, kyc_expiry=NOW))
    assert outcome(Movement(lapsed, BOB, 10)) == ALLOWED
    assert outcome(Movement(lapsed, None, 10)) == ALLOWED
    assert outcome(Movement(lapsed, POOL, 10)) == ("alice", Reason.KYC_EXPIRED)


def test_judge__spender_that_is_not_eligible__refused() -> None:
    assert outcome(Movement(ALICE, BOB, 10, Party("thief"))) == ("thief", Reason.NOT_REGISTERED)
    assert outcome(Movement(ALICE, BOB, 10, POOL)) == ALLOWED


def test_judge__lock_up__what_is_not_locked_may_go() -> None:
    locked = replace(ALICE, locked=40, unlocks_at=LATER)
    assert outcome(Movement(locked, BOB, 60)) == ALLOWED
    assert outcome(Movement(locked, BOB, 61)) == ("alice", Reason.LOCKED_UP)
    assert outcome(Movement(replace(locked, unlocks_at=NOW), BOB, 61)) == ALLOWED


def test_judge__volume__counts_what_was_sent_before() -> None:
    state = with_rule(volume_limit=50, period=10)
    sender = replace(ALICE, sent={756: 40})
    assert outcome(Movement(sender, BOB, 10), state) == ALLOWED
    assert outcome(Movement(sender, BOB, 11), state) == ("alice", Reason.VOLUME_EXCEEDED)


def test_judge__volume_of_another_wallets_country__counts_too() -> None:
    state = with_rule(volume_limit=50, period=10)
    german = replace(ALICE, identity=replace(GERMAN, linked=True), sent={756: 50}, other_countries=(756,))
    assert outcome(Movement(german, BOB, 1), state) == ("alice", Reason.VOLUME_EXCEEDED)


def test_judge__maximum_of_another_wallets_country__counts_too() -> None:
    state = with_rule(max_holding=50)
    german = replace(BOB, identity=replace(GERMAN, linked=True), other_wallets={"bob 2": 50}, other_countries=(756,))
    assert outcome(Movement(ALICE, german, 1), state) == ("bob", Reason.ABOVE_MAXIMUM_HOLDING)


def test_judge__forgotten_holder__obeys_where_it_is_counted() -> None:
    forgotten = replace(ALICE, identity=Identity())
    assert outcome(Movement(forgotten, BOB, 1)) == ALLOWED
    assert outcome(Movement(forgotten, BOB, 1), with_rule(outbound_blocked=True)) == ("alice", Reason.OUTBOUND_BLOCKED)


def test_crosses__travel_rule__counts_the_day() -> None:
    state = with_rule(travel_threshold=100)
    assert crosses(Movement(replace(ALICE, sent_in_day=89), BOB, 10), state) == []
    assert crosses(Movement(replace(ALICE, sent_in_day=90), BOB, 10), state) == [("travel_threshold", 756)]


def test_judge__minimum__nothing_left_is_allowed_and_crumbs_are_not() -> None:
    state = with_rule(min_holding=30)
    assert outcome(Movement(ALICE, BOB, 100), state) == ALLOWED
    assert outcome(Movement(ALICE, BOB, 71), state) == ("alice", Reason.BELOW_MINIMUM_HOLDING)
    assert outcome(Movement(None, BOB, 29), state) == ("bob", Reason.BELOW_MINIMUM_HOLDING)


def test_judge__maximum__is_over_all_wallets_and_the_senders_counts_after() -> None:
    state = with_rule(max_holding=120)
    linked = replace(BOB, other_wallets={"carol": 50})
    assert outcome(Movement(ALICE, linked, 70), state) == ALLOWED
    assert outcome(Movement(ALICE, linked, 71), state) == ("bob", Reason.ABOVE_MAXIMUM_HOLDING)
    own = replace(BOB, other_wallets={"alice": 100})
    assert outcome(Movement(ALICE, own, 100), state) == ALLOWED


def test_judge__holders__one_that_leaves_makes_room() -> None:
    state = replace(with_rule(max_holders=1), holders_in={756: 1}, holders=1, max_holders=1)
    assert outcome(Movement(ALICE, BOB, 100), state) == ALLOWED
    assert outcome(Movement(ALICE, BOB, 99), state) == ("bob", Reason.TOO_MANY_HOLDERS)
    in_all = replace(state, max_holders=0)
    assert outcome(Movement(ALICE, BOB, 99), in_all) == ("bob", Reason.TOO_MANY_HOLDERS_IN_COUNTRY)


def test_judge__holder_that_is_not_counted_where_it_is__has_to_fit() -> None:
    state = replace(with_rule(max_holders=1), holders_in={756: 1}, holders=1, max_holders=1)
    uncounted, moved = replace(BOB, balance=50), replace(BOB, balance=50, counted_in=276)
    assert outcome(Movement(ALICE, uncounted, 10), state) == ("bob", Reason.TOO_MANY_HOLDERS)
    assert outcome(Movement(ALICE, moved, 10), state) == ("bob", Reason.TOO_MANY_HOLDERS_IN_COUNTRY)
    assert outcome(Movement(ALICE, replace(moved, counted_in=756), 10), state) == ALLOWED


def test_judge__supply_cap__binds_issues_alone() -> None:
    state = replace(STATE, supply=90, issue_rules={0: IssueRule(supply_cap=100)})
    assert outcome(Movement(None, BOB, 10), state) == ALLOWED
    assert outcome(Movement(None, BOB, 11), state) == ("bob", Reason.SUPPLY_CAP_EXCEEDED)
    assert outcome(Movement(ALICE, BOB, 11), state) == ALLOWED


@pytest.mark.parametrize("country", [0, 756])
def test_judge__issuance_limit__binds_issues_and_a_treasurys_sales(country: int) -> None:
    limit = IssueRule(issuance_limit=100, period=10)
    state = replace(STATE, issue_rules={country: limit}, issued_in={country: 90})
    treasury, refused = replace(ALICE, treasury=True), ("bob", Reason.ISSUANCE_EXCEEDED)
    assert outcome(Movement(None, BOB, 10), state) == outcome(Movement(treasury, BOB, 10), state) == ALLOWED
    assert outcome(Movement(None, BOB, 11), state) == outcome(Movement(treasury, BOB, 11), state) == refused
    assert outcome(Movement(ALICE, BOB, 11), state) == ALLOWED
    assert outcome(Movement(None, replace(BOB, treasury=True), 11), state) == ALLOWED


def test_judge__residents_only__binds_both_sides_and_not_issuance() -> None:
    state = with_rule(resident_only=True)
    hans = Party("hans", GERMAN, balance=10, counted_in=276)
    assert outcome(Movement(ALICE, hans, 10), state) == ("alice", Reason.RESIDENTS_ONLY)
    assert outcome(Movement(hans, BOB, 10), state) == ("bob", Reason.RESIDENTS_ONLY)
    assert outcome(Movement(ALICE, BOB, 10), state) == ALLOWED
    assert outcome(Movement(None, BOB, 10), state) == ALLOWED


def test_judge__blocked__both_ways() -> None:
    assert outcome(Movement(ALICE, BOB, 10), with_rule(outbound_blocked=True)) == ("alice", Reason.OUTBOUND_BLOCKED)
    assert outcome(Movement(None, BOB, 10), with_rule(inbound_blocked=True)) == ("bob", Reason.INBOUND_BLOCKED)
    assert outcome(Movement(ALICE, None, 10), with_rule(outbound_blocked=True)) == ALLOWED


def test_judge__several_flaws__all_are_found_and_the_first_decides() -> None:
    state = with_rule(outbound_blocked=True, min_holding=30)
    failed = [finding.reason for finding in judge(Movement(ALICE, BOB, 71), state) if not finding.passed]
    assert failed == [Reason.OUTBOUND_BLOCKED, Reason.BELOW_MINIMUM_HOLDING]


@pytest.mark.parametrize(
    ("movement", "state", "reason"),
    [
        (Movement(ALICE, BOB, 100), STATE, Reason.NONE),
        (Movement(ALICE, BOB, 101), STATE, Reason.INSUFFICIENT_BALANCE),
        (Movement(replace(ALICE, frozen=1), BOB, 100), STATE, Reason.AMOUNT_FROZEN),
        (Movement(replace(ALICE, wallet_frozen=True), BOB, 1), STATE, Reason.WALLET_FROZEN),
        (Movement(ALICE, replace(BOB, wallet_frozen=True), 1), STATE, Reason.WALLET_FROZEN),
        (Movement(ALICE, BOB, 1, replace(POOL, wallet_frozen=True)), STATE, Reason.WALLET_FROZEN),
        (Movement(ALICE, BOB, 1), replace(STATE, paused=True), Reason.TOKEN_PAUSED),
    ],
)
def test_judge_token__what_the_token_refuses__has_its_reason(movement: Movement, state: State, reason: Reason) -> None:
    assert verdict(judge_token(movement, state))[1] == reason


def test_crosses__threshold_of_either_side__is_said_with_its_country() -> None:
    state = with_rule(travel_threshold=10, report_threshold=20)
    hans = Party("hans", GERMAN, balance=10)
    assert crosses(Movement(ALICE, hans, 9), state) == []
    assert crosses(Movement(hans, BOB, 10), state) == [("travel_threshold", 756)]


# -- For people


def swiss_terms() -> dict[int, Assignment]:
    rulebook = load_rulebook()
    open_in = {"CH": opening(rulebook.jurisdictions[756])}
    return assign(rulebook, IssuerTerms.model_validate({"instrument": "security", "open": open_in}), 0)


def test_explain__refused__names_the_law_that_refuses() -> None:
    assignments = swiss_terms()
    rule = assignments[756].rule
    state = replace(STATE, rules={756: rule})
    movement = Movement(replace(ALICE, identity=ACCREDITED), BOB, 10)
    text = "\n".join(explain(judge(movement, state), movement, state, assignments))
    assert "NO  receiver  class        retail, of accredited, institutional" in text
    assert "Financial Services Act (FinSA, SR 950.1), Article 36(1)(a) (checked 2026-11-24)" in text


def test_explain__rule_that_the_rulebook_does_not_have__says_so() -> None:
    movement = Movement(ALICE, BOB, 10)
    text = "\n".join(explain(judge(movement, STATE), movement, STATE, swiss_terms()))
    assert "the compliance officer set it" in text


def test_explain__token_without_terms__says_so() -> None:
    movement = Movement(ALICE, BOB, 10)
    text = "\n".join(explain(judge(movement, STATE), movement, STATE, None))
    assert "CH the compliance officer's: the issuer's terms do not name this token" in text


def test_explain__country_that_is_not_open__says_so() -> None:
    hans = Party("hans", GERMAN)
    state = replace(STATE, rules={756: swiss_terms()[756].rule})
    movement = Movement(None, hans, 10)
    text = "\n".join(explain(judge(movement, state), movement, state, swiss_terms()))
    assert "DE closed: the issuer has not opened it" in text


def test_explain__holder_in_a_territory_of_a_country_that_counts__says_how_to_register_it() -> None:
    rulebook = load_rulebook()
    us = opening(rulebook.jurisdictions[840], "reg-d-506c-foreign-issuer")
    terms = IssuerTerms.model_validate({"instrument": "security", "open": {"US": us}, "worth": {"USD": 1}})
    maria = Party("maria", replace(ACCREDITED, country=630))
    movement, state = Movement(None, maria, 10), replace(STATE, rules={630: CLOSED})
    text = "\n".join(explain(judge(movement, state), movement, state, assign(rulebook, terms, 0)))
    assert "PR belongs to US, whose holders are counted: register it as 840" in text


def texts(movement: Movement, **fields: int | bool) -> str:
    """Findings on a token of 18 decimals, as a person reads them."""
    state = replace(with_rule(**fields), decimals=18)
    return "\n".join(found.text for found in [*judge_token(movement, state), *judge(movement, state)])


UNIT = 10**18


def test_judge__amounts__are_in_tokens_and_not_in_units() -> None:
    rich = replace(
        ALICE, balance=2_500 * UNIT, locked=1_000 * UNIT, unlocks_at=LATER, sent={756: 3 * UNIT}, frozen=UNIT // 2
    )
    holder = replace(BOB, other_wallets={"carol": 20 * UNIT})
    movement = Movement(rich, holder, 1_500 * UNIT)
    fields = {"volume_limit": 1_000 * UNIT, "period": 3, "min_holding": 10 * UNIT, "max_holding": 1_200 * UNIT}
    said = texts(movement, **fields)
    for wanted in (
        "has 2,500, sends 1,500",
        "0.5 frozen, 2,499.5 free",
        "1,000 locked until",
        "keeps 1,000",
        "sent 3 in the period and 1,500 now, of 1,000",
        "would have 1,000, at least 10",
        "would have 1,520 in all its wallets, of 1,200",
    ):
        assert wanted in said
    assert str(UNIT)[:10] not in said


def test_judge__documents_missing__are_named() -> None:
    said = texts(Movement(ALICE, BOB, 10), documents=0b1001)
    assert "accreditation evidence, qualified purchaser evidence not on file" in said


def test_judge__topics_missing__are_numbered_in_words() -> None:
    state = replace(STATE, required_topics=0b101)
    said = "\n".join(found.text for found in judge(Movement(ALICE, BOB, 10), state))
    assert "no valid claim for claim topics number 0, 2 of the registry" in said


def test_document_names__bit_without_a_name__is_numbered() -> None:
    assert document_names(0b1000000000000010) == ["risk acknowledgement", "document kind 15"]


def test_describe_rule__documents__are_named() -> None:
    assert describe_rule(Rule(classes=2, documents=4), 18)["documents"] == "investor statement"


@pytest.mark.parametrize(
    ("units", "text"),
    [(0, "0"), (10**18, "1"), (15 * 10**17, "1.5"), (1, "0." + "0" * 17 + "1"), (10**24, "1,000,000")],
)
def test_whole__units__as_people_write_them(units: int, text: str) -> None:
    assert whole(units, 18) == text
