"""Terms by pairs and dates: what they close, what an issuer asks for, and how the chain is brought to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from pydantic import ValidationError

from keepers.compliance.diff import described
from keepers.compliance.errors import RulebookError
from keepers.compliance.moments import NEVER
from keepers.compliance.movement import Identity, Movement, Party, State
from keepers.compliance.plan import TermStep, term_steps
from keepers.compliance.rulebook import load_rulebook
from keepers.compliance.rulebook.dated import NOTHING_DATED, DatedTerms, midnight
from keepers.compliance.rulebook.schema import Offering
from keepers.compliance.rulebook.terms import IssuerTerms
from keepers.compliance.rules import Reason, Rule
from keepers.compliance.transfer_terms import EVERY_OTHER, Blackout, PairRule, TransferTerms, VolumeLimit
from keepers.compliance.verdict import judge, verdict

NOW = 1_800_000_000
HERE, THERE = 756, 840
SWISS = Identity(country=HERE, investor_class=1, kyc_expiry=NEVER, aml_expiry=NEVER, accreditation_expiry=NEVER)
STATE = State(now=NOW, rules={HERE: Rule(classes=0b1110), THERE: Rule(classes=0b1110)})
ALICE = Party("alice", SWISS, balance=100, counted_in=HERE)
CARL = Party("carl", replace(SWISS, country=THERE))
POOL = Party("pool", Identity(venue=True), balance=100)
INTO = PairRule(EVERY_OTHER, THERE, NOW - 1, NOW + 1)
RULEBOOK = load_rulebook()


def outcome(movement: Movement, **terms: object) -> tuple[str | None, Reason]:
    return verdict(judge(movement, replace(STATE, terms=TransferTerms(**terms))))  # type: ignore[arg-type]


# -- Ways


@pytest.mark.parametrize(
    ("rule", "sender", "receiver", "closed"),
    [
        ((HERE, THERE), HERE, THERE, True),
        ((HERE, THERE), THERE, HERE, False),
        ((HERE, THERE), 276, THERE, False),
        ((HERE, THERE), 0, THERE, True),
        ((HERE, THERE), HERE, 0, False),
        ((EVERY_OTHER, THERE), 276, THERE, True),
        ((EVERY_OTHER, THERE), THERE, THERE, False),
        ((EVERY_OTHER, THERE), 630, THERE, False),
        ((EVERY_OTHER, THERE), 276, 630, True),
        ((EVERY_OTHER, THERE), 0, THERE, True),
        ((HERE, EVERY_OTHER), HERE, HERE, False),
        ((HERE, EVERY_OTHER), HERE, 0, True),
        ((HERE, EVERY_OTHER), 0, THERE, False),
        ((EVERY_OTHER, EVERY_OTHER), HERE, THERE, True),
        ((EVERY_OTHER, EVERY_OTHER), HERE, HERE, False),
        ((0, THERE), 65_535, THERE, True),
        ((EVERY_OTHER, 0), HERE, 65_535, True),
    ],
)
def test_closes__two_countries__as_the_chain_says(
    rule: tuple[int, int], sender: int, receiver: int, closed: bool
) -> None:
    assert PairRule(*rule, 0, NEVER).closes(sender, receiver) is closed


def test_judge__closed_way__receiver_is_named() -> None:
    assert outcome(Movement(ALICE, CARL, 1), pair_rules=(INTO,)) == ("carl", Reason.COUNTRY_PAIR_CLOSED)


@pytest.mark.parametrize("ended", [(NOW - 2, NOW), (NOW + 1, NOW + 2)])
def test_judge__outside_the_period__allowed(ended: tuple[int, int]) -> None:
    rule = PairRule(EVERY_OTHER, THERE, *ended)
    assert outcome(Movement(ALICE, CARL, 1), pair_rules=(rule,))[1] == Reason.NONE


def test_judge__other_wallet_in_the_country__closed() -> None:
    receiver = replace(ALICE, address="bob", other_countries=(THERE,))
    assert outcome(Movement(ALICE, receiver, 1), pair_rules=(INTO,)) == ("bob", Reason.COUNTRY_PAIR_CLOSED)


def test_judge__wallets_of_one_person__allowed() -> None:
    sender, receiver = replace(ALICE, person="id"), replace(CARL, person="id")
    terms = {"pair_rules": (INTO,), "blackouts": (Blackout(0, NEVER, False),)}
    assert outcome(Movement(sender, receiver, 1), **terms)[1] == Reason.NONE


def test_judge__from_a_venue__closed() -> None:
    assert outcome(Movement(POOL, CARL, 1), pair_rules=(INTO,)) == ("carl", Reason.COUNTRY_PAIR_CLOSED)


def test_judge__closed_way__is_said_in_words() -> None:
    state = replace(STATE, terms=TransferTerms((replace(INTO, start=0, end=1_800_003_600),)))
    texts = [finding.text for finding in judge(Movement(ALICE, CARL, 1), state) if not finding.passed]
    assert texts == ["closed from every other country to US, until 2027-01-15 09:00 UTC"]


# -- Blackouts


def test_judge__blackout__sender_is_named() -> None:
    everybody = (Blackout(0, NEVER, False),)
    assert outcome(Movement(ALICE, CARL, 1), blackouts=everybody) == ("alice", Reason.BLACKOUT_PERIOD)
    assert outcome(Movement(POOL, CARL, 1), blackouts=everybody)[1] == Reason.NONE
    assert outcome(Movement(None, CARL, 1), blackouts=everybody)[1] == Reason.NONE
    assert outcome(Movement(ALICE, None, 1), blackouts=everybody)[1] == Reason.NONE


@pytest.mark.parametrize(("affiliate", "reason"), [(True, Reason.BLACKOUT_PERIOD), (False, Reason.NONE)])
def test_judge__blackout_of_affiliates__stops_these(affiliate: bool, reason: Reason) -> None:
    sender = replace(ALICE, affiliate=affiliate)
    assert outcome(Movement(sender, CARL, 1), blackouts=(Blackout(0, NEVER, True),))[1] == reason


# -- Volumes


@pytest.mark.parametrize(
    ("limit", "countries", "affiliate", "bound"),
    [
        ((EVERY_OTHER, False), (HERE,), False, True),
        ((THERE, False), (HERE,), False, False),
        ((THERE, False), (HERE, THERE), False, True),
        ((THERE, False), (630,), False, True),
        ((0, False), (65_535,), False, True),
        ((EVERY_OTHER, True), (HERE,), False, False),
        ((EVERY_OTHER, True), (HERE,), True, True),
    ],
)
def test_binds__person__as_the_chain_says(
    limit: tuple[int, bool], countries: tuple[int, ...], affiliate: bool, bound: bool
) -> None:
    assert VolumeLimit(*limit, 10, 1).binds(countries, affiliate) is bound


@pytest.mark.parametrize(("amount", "reason"), [(40, Reason.NONE), (41, Reason.VOLUME_EXCEEDED)])
def test_judge__volume_limit__counts_what_was_sent(amount: int, reason: Reason) -> None:
    limit = VolumeLimit(EVERY_OTHER, False, 86_400, 100)
    sender = replace(ALICE, sent_under={limit: 60})
    assert outcome(Movement(sender, CARL, amount), volume_limits=(limit,))[1] == reason


def test_dated__volumes__tokens_or_a_part_of_the_supply() -> None:
    asked = terms(
        supply=50_000,
        volumes=[
            {"country": "US", "tokens": 10, "period": "7 days", "law": "Contract, section 5"},
            {"affiliates_only": True, "percent": 1, "period": "90 days", "law": "Rule 144(e)"},
        ],
    ).dated(RULEBOOK, 2)
    assert asked.volume_limits == {
        VolumeLimit(THERE, False, 7 * 86_400, 1_000): "Contract, section 5",
        VolumeLimit(EVERY_OTHER, True, 90 * 86_400, 50_000): "Rule 144(e)",
    }


@pytest.mark.parametrize(
    ("volume", "fault"),
    [({"percent": 1}, "volumes need supply"), ({"tokens": "0.001"}, "cannot be limited")],
)
def test_dated__volume_that_cannot_be__refused(volume: dict[str, object], fault: str) -> None:
    asked = terms(volumes=[{"period": "7 days", "law": "Contract, section 5", **volume}])
    with pytest.raises(RulebookError, match=fault):
        asked.dated(RULEBOOK, 2)


@pytest.mark.parametrize("volume", [{}, {"tokens": 1, "percent": 1}, {"tokens": 0}, {"tokens": "NaN"}])
def test_terms__volume_without_one_amount__refused(volume: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        terms(volumes=[{"period": "7 days", "law": "Contract, section 5", **volume}])


def test_term_steps__volumes__lower_at_once_and_higher_when_the_old_one_is_gone() -> None:
    week, month = (VolumeLimit(EVERY_OTHER, False, days * 86_400, 100) for days in (7, 30))
    asked = {replace(week, limit=50): "Law, 1", replace(month, limit=200): "Law, 1"}
    found = term_steps(TransferTerms(volume_limits=(week, month)), DatedTerms(volume_limits=asked), NOW)
    assert [(step.function, step.terms) for step in found] == [
        ("addVolumeLimits", (replace(week, limit=50),)),
        ("removeVolumeLimits", (month,)),
    ]
    after = term_steps(TransferTerms(volume_limits=(replace(week, limit=50),)), DatedTerms(volume_limits=asked), NOW)
    assert [(step.function, step.terms) for step in after] == [("addVolumeLimits", (replace(month, limit=200),))]


# -- What an issuer asks for


def terms(**fields: object) -> IssuerTerms:
    return IssuerTerms.model_validate({"instrument": "security", **fields})


def test_dated__ways_and_blackouts__days_are_midnights() -> None:
    asked = terms(
        ways=[{"sender": "every-other", "receiver": "US", "until": "2027-01-10", "law": "Contract, section 4"}],
        blackouts=[{"from": "2027-01-01", "until": "2027-02-01", "affiliates_only": True, "law": "Insider policy"}],
    ).dated(RULEBOOK, 18)
    start, end = midnight(date(2027, 1, 1)), midnight(date(2027, 2, 1))
    assert asked == DatedTerms(
        {PairRule(EVERY_OTHER, THERE, 0, midnight(date(2027, 1, 10))): "Contract, section 4"},
        {Blackout(start, end, True): "Insider policy"},
    )


def test_dated__nothing_said__left_to_the_officer() -> None:
    assert terms().dated(RULEBOOK, 18) == NOTHING_DATED
    assert terms(ways=[]).dated(RULEBOOK, 18).pair_rules == {}


@pytest.mark.parametrize(("closing", "end"), [(None, NEVER), ("2026-12-01", midnight(date(2027, 1, 10)))])
def test_dated__regulation_s_for_us_persons__until_the_period_after_the_closing(closing: str | None, end: int) -> None:
    asked = terms(offering="reg-s-category-2-us-persons", closing=closing).dated(RULEBOOK, 18).pair_rules
    assert asked is not None and list(asked) == [PairRule(EVERY_OTHER, THERE, 0, end)]
    assert "17 CFR 230.903, (b)(2)(ii) (checked 2025-01-01)" in next(iter(asked.values()))


@pytest.mark.parametrize(
    ("way", "fault"),
    [
        ({"sender": "PR", "receiver": "DE", "law": "Law, 1"}, "PR belongs to US; name US, which includes it"),
        ({"sender": False, "receiver": "DE", "law": "Law, 1"}, "write 'NO' in quotes"),
        ({"sender": "XX", "receiver": "DE", "law": "Law, 1"}, "'XX' is no ISO 3166-1 code"),
        ({"sender": "FR", "receiver": "DE"}, "law"),
        (
            {"sender": "FR", "receiver": "DE", "from": "2027-01-02", "until": "2027-01-02", "law": "Law, 1"},
            "correct one of the days",
        ),
    ],
)
def test_terms__way_that_is_wrong__refused(way: dict[str, object], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        terms(ways=[way])


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({}, "it asks for nothing"),
        (
            {
                "keeps_out": {
                    "value": {"countries": [630], "period": "40 days"},
                    "law": "Law of 1933",
                    "section": "1",
                    "checked": "2026-01-01",
                }
            },
            "630 belongs to 840",
        ),
    ],
)
def test_offering__that_is_wrong__refused(fields: dict[str, object], fault: str) -> None:
    confidence = {"level": "high", "reason": "Compared."}
    with pytest.raises(ValidationError, match=fault):
        Offering.model_validate({"title": "An offering", "confidence": confidence, **fields})


# -- Bringing the chain to it

OLD, QUIET = PairRule(HERE, THERE, 0, NOW), Blackout(0, NEVER, True)


def test_term_steps__missing_and_too_many__added_before_removed() -> None:
    other = PairRule(HERE, 276, 0, NEVER)
    found = term_steps(TransferTerms((INTO, OLD), (QUIET,)), DatedTerms({other: "Law, 1"}, {}), NOW)
    assert [(step.function, step.terms, step.loosens) for step in found] == [
        ("addPairRules", (other,), False),
        ("removePairRules", (INTO,), True),
        ("removeBlackouts", (QUIET,), True),
    ]


def test_term_steps__as_wanted_or_left_to_the_officer__nothing() -> None:
    there = TransferTerms((INTO,), (QUIET,))
    assert term_steps(there, DatedTerms({INTO: "Law, 1"}, {QUIET: "Law, 1"}), NOW) == []
    assert term_steps(there, NOTHING_DATED, NOW) == []


def test_described__terms__say_the_source() -> None:
    steps = [TermStep("addPairRules", (INTO,)), TermStep("removeBlackouts", (QUIET,))]
    lines = described([], [], {}, 18, [], (steps, DatedTerms({INTO: "Contract, section 4"}, {})))
    assert lines == [
        "  ways between countries",
        "    tightens add from every other country to US, from 2027-01-15 07:59 UTC until 2027-01-15 08:00 UTC"
        "  (Contract, section 4)",
        "  blackouts",
        "    loosens  remove of affiliates, without an end  (no longer asked for)",
        "0 jurisdictions change: 1 transactions tighten at once, 1 loosen after the officer's delay.",
    ]
