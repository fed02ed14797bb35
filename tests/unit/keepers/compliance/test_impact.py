"""Holders who lose their eligibility through new rules."""

from __future__ import annotations

from dataclasses import replace

from keepers.compliance.impact import losses
from keepers.compliance.movement import Identity, Party, State
from keepers.compliance.rules import CLOSED, Reason, Rule
from keepers.compliance.transfer_terms import ClassRule, TransferTerms

NOW = 1_800_000_000
LATER = NOW + 1
SWISS = Identity(country=756, investor_class=2, kyc_expiry=LATER, aml_expiry=LATER, accreditation_expiry=LATER)
OPEN = Rule(classes=0b1110)
ALICE = Party("alice", SWISS, balance=100, counted_in=756)
RUTH = Party("ruth", replace(SWISS, investor_class=1), balance=100, counted_in=756)
HANS = Party("hans", replace(SWISS, country=276), balance=100, counted_in=276)
STATE = State(now=NOW, rules={756: OPEN, 276: OPEN})


def reasons(*holders: Party, state: State = STATE, wanted: dict[int, Rule]) -> dict[str, Reason]:
    return {loss.party.address: loss.finding.reason for loss in losses(holders, state, wanted)}


def test_losses__same_rules__are_none() -> None:
    assert reasons(ALICE, RUTH, HANS, wanted={756: OPEN, 276: OPEN}) == {}


def test_losses__fewer_classes__are_the_holders_of_the_others() -> None:
    found = reasons(ALICE, RUTH, wanted={756: replace(OPEN, classes=0b1100)})
    assert found == {"ruth": Reason.CLASS_NOT_ALLOWED}


def test_losses__country_that_is_no_longer_open__is_everybody_there() -> None:
    assert reasons(ALICE, HANS, wanted={756: OPEN}) == {"hans": Reason.COUNTRY_NOT_ALLOWED}
    assert reasons(HANS, wanted={276: CLOSED}) == {"hans": Reason.COUNTRY_NOT_ALLOWED}


def test_losses__document_that_is_asked_for__is_whoever_has_none_on_file() -> None:
    filed = replace(RUTH, identity=replace(RUTH.identity, documents=1))
    assert reasons(ALICE, filed, wanted={756: replace(OPEN, documents=1)}) == {"alice": Reason.DOCUMENT_MISSING}


def test_losses__minimum_above_the_holding__is_the_holder() -> None:
    found = reasons(ALICE, wanted={756: replace(OPEN, min_holding=101)})
    assert found == {"alice": Reason.BELOW_MINIMUM_HOLDING}


def test_losses__holder_who_fails_already__is_not_listed() -> None:
    frozen = replace(HANS, identity=replace(HANS.identity, frozen=True))
    assert reasons(frozen, wanted={}) == {}


def test_losses__lock_up_or_volume__cost_nobody_the_eligibility() -> None:
    assert reasons(ALICE, wanted={756: replace(OPEN, lockup=100, volume_limit=1, period=3)}) == {}


def test_losses__class_rule_that_the_holder_does_not_meet__is_the_holder() -> None:
    everywhere, retail = 65_535, 1 << 1
    for rule, reason in (
        (ClassRule(everywhere, retail, 0, True, 0, 0, 0), Reason.CLASS_NOT_ALLOWED),
        (ClassRule(everywhere, retail, 0, False, 1, 0, 0), Reason.DOCUMENT_MISSING),
        (ClassRule(everywhere, retail, 0, False, 0, 0, 99), Reason.ABOVE_MAXIMUM_HOLDING),
    ):
        found = losses([ALICE, RUTH], STATE, STATE.rules, [rule])
        assert [(loss.party.address, loss.finding.reason) for loss in found] == [("ruth", reason)]


def test_losses__lock_up_or_holders_of_a_class__cost_nobody_the_eligibility() -> None:
    rule = ClassRule(65_535, 1 << 1, 0, False, 0, 100, 100, 1)
    assert not losses([ALICE, RUTH], STATE, STATE.rules, [rule])


def test_losses__class_rules_on_chain__count_where_no_others_are_wanted() -> None:
    closed = ClassRule(65_535, 1 << 1, 0, True, 0, 0, 0)
    state = replace(STATE, terms=TransferTerms(class_rules=(closed,)))
    assert reasons(RUTH, state=state, wanted={}) == {}
    assert not losses([RUTH], state, STATE.rules, [])
