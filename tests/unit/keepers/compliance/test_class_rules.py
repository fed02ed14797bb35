"""Rules by class of investor: whom they bind, what an issuer asks for, and how the chain is brought to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_utils.crypto import keccak
from pydantic import ValidationError

from keepers.compliance.class_counts import miscounted
from keepers.compliance.diff import described
from keepers.compliance.errors import RulebookError
from keepers.compliance.moments import NEVER
from keepers.compliance.movement import Identity, Movement, Party, State
from keepers.compliance.plan import term_steps
from keepers.compliance.rulebook import load_rulebook
from keepers.compliance.rulebook.dated import DatedTerms
from keepers.compliance.rulebook.terms import IssuerTerms
from keepers.compliance.rules import Reason, Rule
from keepers.compliance.transfer_terms import EVERY_OTHER, ClassRule, TransferTerms
from keepers.compliance.verdict import judge, verdict

NOW = 1_800_000_000
HERE, THERE = 756, 840
RETAIL, ACCREDITED = 1, 2
SWISS = Identity(country=HERE, investor_class=RETAIL, kyc_expiry=NEVER, aml_expiry=NEVER, accreditation_expiry=NEVER)
STATE = State(now=NOW, rules={HERE: Rule(classes=0b1110), THERE: Rule(classes=0b1110)})
ALICE = Party("alice", SWISS, balance=100, counted_in=HERE)
BOB = Party("bob", SWISS, balance=10, counted_in=HERE)
CLOSED = ClassRule(EVERY_OTHER, 1 << RETAIL, 0, True, 0, 0, 0)
MOST = ClassRule(EVERY_OTHER, 1 << RETAIL, 0, False, 0, 0, 50)
PAPERS = ClassRule(EVERY_OTHER, 1 << RETAIL, 0, False, 0b11, 0, 0)
LAW = "Offering terms, section 6"
FEW = ClassRule(EVERY_OTHER, 1 << RETAIL, 0, False, 0, 0, 0, 2)
EXEMPT = [40, "QP"]
QUALIFIED = int.from_bytes(keccak(text="QP"))


def outcome(movement: Movement, *rules: ClassRule) -> tuple[str | None, Reason]:
    return verdict(judge(movement, replace(STATE, terms=TransferTerms(class_rules=rules))))


def terms(**fields: object) -> IssuerTerms:
    return IssuerTerms.model_validate({"instrument": "security", **fields})


@pytest.mark.parametrize(
    ("classes", "exempt", "shown", "bound"),
    [
        (0b0010, 0, (RETAIL, NEVER, 0), True),
        (0b0010, 0, (ACCREDITED, NEVER, 0), False),
        (0b0010, 0, (ACCREDITED, NOW, 0), True),
        (0b0010, 0, (ACCREDITED, NOW + 1, 0), False),
        (0b0010, 0, (0, NEVER, 0), True),
        (0b1110, 0b100, (ACCREDITED, NEVER, 0b100), False),
        (0b1110, 0b100, (ACCREDITED, NEVER, 0b011), True),
        (0b1110, 0b110, (ACCREDITED, NEVER, 0b100), True),
        (0b1110, 0b100, (ACCREDITED, NOW, 0b100), True),
    ],
)
def test_binds_shown__wallet__as_the_chain_says(
    classes: int, exempt: int, shown: tuple[int, int, int], bound: bool
) -> None:
    assert replace(CLOSED, classes=classes, exempt_topics=exempt).binds_shown(*shown, NOW) is bound


@pytest.mark.parametrize(
    ("country", "countries", "bound"),
    [(EVERY_OTHER, (HERE,), True), (THERE, (HERE,), False), (THERE, (HERE, THERE), True), (THERE, (630,), True)],
)
def test_binds_in__countries__as_the_chain_says(country: int, countries: tuple[int, ...], bound: bool) -> None:
    assert replace(CLOSED, country=country).binds_in(countries) is bound


@pytest.mark.parametrize(
    ("rule", "amount", "reason"),
    [
        (CLOSED, 1, Reason.CLASS_NOT_ALLOWED),
        (CLOSED, 0, Reason.NONE),
        (PAPERS, 1, Reason.DOCUMENT_MISSING),
        (MOST, 40, Reason.NONE),
        (MOST, 41, Reason.ABOVE_MAXIMUM_HOLDING),
        (replace(MOST, classes=1 << ACCREDITED), 41, Reason.NONE),
    ],
)
def test_judge__receiver_of_the_class__named(rule: ClassRule, amount: int, reason: Reason) -> None:
    named = None if reason == Reason.NONE else "bob"
    assert outcome(Movement(ALICE, BOB, amount), rule) == (named, reason)
    assert outcome(Movement(None, BOB, amount), rule) == (named, reason)


def test_judge__burn__is_not_bound() -> None:
    assert outcome(Movement(ALICE, None, 1), CLOSED)[1] == Reason.NONE


def test_judge__documents_on_file__passes() -> None:
    receiver = replace(BOB, identity=replace(SWISS, documents=0b11))
    assert outcome(Movement(ALICE, receiver, 1), PAPERS)[1] == Reason.NONE


def test_judge__wallets_of_one_person__allowed() -> None:
    sender, receiver = replace(ALICE, person="id"), replace(BOB, person="id")
    assert outcome(Movement(sender, receiver, 1), CLOSED)[1] == Reason.NONE


def test_judge__other_wallet_of_the_class__bound() -> None:
    receiver = replace(BOB, identity=replace(SWISS, investor_class=ACCREDITED))
    assert outcome(Movement(ALICE, receiver, 1), CLOSED)[1] == Reason.NONE
    linked = replace(receiver, other_identities=(SWISS,))
    assert outcome(Movement(ALICE, linked, 1), CLOSED) == ("bob", Reason.CLASS_NOT_ALLOWED)


def test_judge__what_other_wallets_hold__counts() -> None:
    receiver = replace(BOB, other_wallets={"carl": 30}, other_identities=(SWISS,))
    assert outcome(Movement(ALICE, receiver, 10), MOST)[1] == Reason.NONE
    assert outcome(Movement(ALICE, receiver, 11), MOST) == ("bob", Reason.ABOVE_MAXIMUM_HOLDING)


def test_judge__closed_class__is_said_in_words() -> None:
    rule = replace(CLOSED, country=THERE, exempt_topics=0b10100)
    receiver = replace(BOB, identity=replace(SWISS, country=THERE))
    state = replace(STATE, terms=TransferTerms(class_rules=(rule,)))
    texts = [finding.text for finding in judge(Movement(ALICE, receiver, 1), state) if not finding.passed]
    assert texts == ["rule of retail in US without the claims number 2, 4: nothing is received"]


@pytest.mark.parametrize(
    ("sender", "receiver", "state", "reason"),
    [
        (ALICE, BOB, {"class_holders": {FEW: 1}}, Reason.NONE),
        (ALICE, BOB, {"class_holders": {FEW: 2}}, Reason.TOO_MANY_HOLDERS),
        (ALICE, replace(BOB, counted_under=frozenset({FEW})), {"class_holders": {FEW: 3}}, Reason.NONE),
        (replace(ALICE, leaves_under=frozenset({FEW})), BOB, {"class_holders": {FEW: 2}}, Reason.NONE),
        (
            replace(ALICE, balance=101, leaves_under=frozenset({FEW})),
            BOB,
            {"class_holders": {FEW: 2}},
            Reason.TOO_MANY_HOLDERS,
        ),
        (ALICE, BOB, {"class_holders": {FEW: 1}, "holders": 3}, Reason.TOO_MANY_HOLDERS),
        (ALICE, BOB, {"class_holders": {FEW: 1}, "holders": 3, "census": 3}, Reason.NONE),
    ],
)
def test_judge__maximum_of_holders__as_the_chain_says(
    sender: Party, receiver: Party, state: dict[str, Any], reason: Reason
) -> None:
    found = replace(STATE, terms=TransferTerms(class_rules=(FEW,)), **state)
    named = None if reason == Reason.NONE else "bob"
    assert verdict(judge(Movement(sender, receiver, 100), found)) == (named, reason)


def test_judge__full_class__is_said_in_words() -> None:
    state = replace(STATE, terms=TransferTerms(class_rules=(FEW,)), class_holders={FEW: 2})
    texts = [finding.text for finding in judge(Movement(ALICE, BOB, 1), state) if not finding.passed]
    assert texts == ["would be 3 of 2, rule of retail: 2 of them hold at most"]
    texts = [
        finding.text
        for finding in judge(Movement(ALICE, BOB, 1), replace(state, holders=5, census=3))
        if not finding.passed
    ]
    assert texts == [
        "3 of 5 wallets of holders are counted, rule of retail: 2 of them hold at most; recount the others"
    ]


def test_miscounted__mark_that_no_longer_holds__named() -> None:
    state = replace(STATE, terms=TransferTerms(class_rules=(FEW, MOST)), holders=2, census=2)
    inside = replace(BOB, counted_under=frozenset({FEW}))
    former = replace(inside, address="carl", identity=replace(SWISS, investor_class=ACCREDITED))
    assert miscounted([inside, former, ALICE], state) == ["carl", "alice"]


def test_miscounted__wallets_missing_in_the_census__everybody() -> None:
    state = replace(STATE, terms=TransferTerms(class_rules=(FEW,)), holders=2, census=1)
    assert miscounted([replace(BOB, counted_under=frozenset({FEW}))], state) == ["bob"]
    assert not miscounted([BOB], replace(state, terms=TransferTerms(class_rules=(MOST,))))


def test_dated__classes__amounts_periods_and_masks() -> None:
    asked = terms(
        supply=10_000,
        classes=[
            {
                "country": "US",
                "classes": ["retail", "accredited"],
                "exempt_topics": [40, "QP"],
                "closed": True,
                "law": LAW,
            },
            {"classes": ["retail"], "percent": 1, "lockup": "30 days", "law": LAW},
            {"classes": ["retail"], "tokens": "0.5", "documents": ["investor-statement"], "law": LAW},
            {"classes": ["retail"], "holders": 499, "law": LAW},
        ],
    ).dated(load_rulebook(), 2, {40: 4, QUALIFIED: 0})
    assert asked.class_rules == {
        ClassRule(THERE, 0b0110, 1 << 4 | 1, True, 0, 0, 0): LAW,
        ClassRule(EVERY_OTHER, 0b0010, 0, False, 0, 30 * 86_400, 10_000): LAW,
        ClassRule(EVERY_OTHER, 0b0010, 0, False, 0b100, 0, 50): LAW,
        ClassRule(EVERY_OTHER, 0b0010, 0, False, 0, 0, 0, 499): LAW,
    }


@pytest.mark.parametrize("topic", [4, "PROFESSIONAL"])
def test_dated__topic_that_the_registry_lacks__one_line_with_the_remedy(topic: int | str) -> None:
    asked = terms(classes=[{"classes": ["retail"], "tokens": 1, "exempt_topics": [topic], "law": LAW}])
    with pytest.raises(RulebookError) as refused:
        asked.dated(load_rulebook(), 2, {40: 4})
    assert str(refused.value) == (
        f"exempt_topics: {topic}: is no claim topic of the token's registry (classes, for {LAW}); "
        "add it to the registry, or name one that it has: 40"
    )


@pytest.mark.parametrize(
    ("asks", "fault"), [({"percent": 1}, "classes need supply"), ({"tokens": "0.001"}, "class of 0.001 tokens cannot")]
)
def test_dated__maximum_that_cannot_be__refused(asks: dict[str, object], fault: str) -> None:
    with pytest.raises(RulebookError, match=fault):
        terms(classes=[{"classes": ["retail"], "law": LAW, **asks}]).dated(load_rulebook(), 2)


@pytest.mark.parametrize(
    "asks",
    [
        {},
        {"closed": True, "tokens": 1},
        {"tokens": 1, "percent": 1},
        {"tokens": 1, "exempt_topics": [-1]},
        {"tokens": 1, "exempt_topics": [2**256]},
        {"tokens": 1, "exempt_topics": [True]},
        {"tokens": 1, "exempt_topics": [""]},
        {"holders": 0},
        {"closed": True, "holders": 1},
        {"tokens": 1, "classes": []},
        {"tokens": 1, "country": "PR"},
        {"tokens": 0},
    ],
)
def test_terms__class_that_says_nothing_or_too_much__refused(asks: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        terms(classes=[{"classes": ["retail"], "law": LAW, **asks}])


def test_term_steps__classes__adds_at_once_and_removes_later() -> None:
    found = term_steps(TransferTerms(class_rules=(CLOSED, MOST)), DatedTerms(class_rules={MOST: LAW, PAPERS: LAW}), NOW)
    assert [(step.function, step.terms, step.loosens) for step in found] == [
        ("addClassRules", (PAPERS,), False),
        ("removeClassRules", (CLOSED,), True),
    ]
    assert not term_steps(TransferTerms(class_rules=(MOST,)), DatedTerms(), NOW)


def test_described__class_rules__with_their_law() -> None:
    wanted = DatedTerms(class_rules={replace(MOST, lockup=30 * 86_400): LAW})
    lines = described([], [], {}, 0, (), (term_steps(TransferTerms(), wanted, NOW), wanted))
    assert lines[:2] == [
        "  classes of investors",
        f"    tightens add at most 50 in all wallets of retail: locked up for 30 days; a maximum  ({LAW})",
    ]


def test_struct__rule__is_read_back() -> None:
    rule = ClassRule(THERE, 0b1110, 0b11, False, 0b101, 86_400, 10**18, 499)
    assert ClassRule.of(rule.struct()) == rule
