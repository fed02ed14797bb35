"""Rules by class of investor: whom they bind, on which path, what they lock, and who may change them."""

from __future__ import annotations

import ape
import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.fixtures.compliance import (
    ACCREDITED_TOPIC,
    AML_TOPIC,
    ANYWHERE,
    KYC_TOPIC,
    ONCHAINID,
    Reason,
    class_rule,
    trex,
)
from tests.fixtures.protocol import ACCREDITED, DAY, EVERY_CLASS, GERMANY, RETAIL, SWITZERLAND, UNITED_STATES
from tests.reverts import reverts

PUERTO_RICO = 630
ACCREDITED_CLAIM = 1 << 2
"""Bit of the third topic that the fixture `trust` adds."""


# -- Whom a rule binds


def test_transfer__above_the_maximum_of_the_class__refused_to_that_class_alone(
    token, bind, refused, accredited, investor, counterparty
):
    bind(token, max_holding=100)
    token.transfer(counterparty, 100, sender=investor)
    with refused(token, counterparty, Reason.ABOVE_MAXIMUM_HOLDING):
        token.transfer(counterparty, 1, sender=investor)
    token.transfer(accredited, 500, sender=investor)
    assert token.balanceOf(accredited) == 500


def test_transfer__class_closed__refused_to_that_class_alone(token, bind, refused, accredited, investor, counterparty):
    bind(token, closed=True)
    with refused(token, counterparty, Reason.CLASS_NOT_ALLOWED):
        token.transfer(counterparty, 1, sender=investor)
    token.transfer(accredited, 1, sender=investor)
    assert token.balanceOf(accredited) == 1


def test_transfer__class_closed_in_another_country__passes(token, bind, investor, counterparty):
    bind(token, closed=True, country=GERMANY)
    token.transfer(counterparty, 1, sender=investor)
    assert token.balanceOf(counterparty) == 1


def test_transfer__documents_of_the_class__needed_by_that_class_alone(
    token, bind, refused, accredited, identity_registry, compliance_officer, investor, counterparty
):
    bind(token, documents=2)
    token.transfer(accredited, 1, sender=investor)
    with refused(token, counterparty, Reason.DOCUMENT_MISSING):
        token.transfer(counterparty, 1, sender=investor)
    identity_registry.setDocuments(counterparty, 2, sender=compliance_officer)
    token.transfer(counterparty, 1, sender=investor)
    assert token.balanceOf(counterparty) == 1


def test_transfer__qualified_by_a_claim__not_bound(token, bind, refused, identified, investor):
    """The United States are closed to everybody but whom a claim exempts, whatever the class: section 3(c)(7)."""
    bind(token, classes=EVERY_CLASS, country=UNITED_STATES, exempt_topics=ACCREDITED_CLAIM, closed=True)
    _, qualified = identified(ACCREDITED_TOPIC, UNITED_STATES)
    _, other = identified(None, UNITED_STATES)
    token.transfer(qualified, 1, sender=investor)
    with refused(token, other, Reason.CLASS_NOT_ALLOWED):
        token.transfer(other, 1, sender=investor)


def test_transfer__one_of_two_exempting_claims__bound(token, bind, refused, identified, investor):
    bind(token, classes=EVERY_CLASS, exempt_topics=ACCREDITED_CLAIM | 1 << 3, closed=True)
    _, account = identified(ACCREDITED_TOPIC)
    with refused(token, account, Reason.CLASS_NOT_ALLOWED):
        token.transfer(account, 1, sender=investor)


@pytest.mark.parametrize("exempt_topics", [0, ACCREDITED_CLAIM])
def test_transfer__accreditation_lapses__bound_without_a_refresh(
    token, bind, refused, identified, chain, investor, exempt_topics
):
    bind(token, classes=EVERY_CLASS if exempt_topics else 1 << RETAIL, exempt_topics=exempt_topics, max_holding=10)
    _, account = identified(ACCREDITED_TOPIC, expiry=chain.pending_timestamp + DAY)
    token.transfer(account, 11, sender=investor)
    chain.mine(timestamp=chain.pending_timestamp + DAY)
    with refused(token, account, Reason.ABOVE_MAXIMUM_HOLDING):
        token.transfer(account, 1, sender=investor)


def test_transfer__claim_revoked_and_refreshed__bound(
    token, bind, refused, identified, trusted, claim_issuer, admin, investor
):
    bind(token, classes=EVERY_CLASS, exempt_topics=ACCREDITED_CLAIM, closed=True)
    identity, account = identified(ACCREDITED_TOPIC)
    token.transfer(account, 1, sender=investor)
    claim_id = keccak(encode(["address", "uint256"], [claim_issuer.address, ACCREDITED_TOPIC]))
    identity.removeClaim(claim_id, sender=admin)
    trusted.refresh(account, sender=investor)
    with refused(token, account, Reason.CLASS_NOT_ALLOWED):
        token.transfer(account, 1, sender=investor)


def test_transfer__territory_of_the_country__bound(token, set_rule, bind, refused, identified, investor):
    set_rule(token, PUERTO_RICO)
    bind(token, country=UNITED_STATES, closed=True)
    _, account = identified(None, PUERTO_RICO)
    with refused(token, account, Reason.CLASS_NOT_ALLOWED):
        token.transfer(account, 1, sender=investor)


# -- Who may hold at all


def test_eligibility__class_closed__as_a_transfer_says(token, bind, compliance_engine, accredited, counterparty):
    bind(token, closed=True)
    assert compliance_engine.eligibility(token, counterparty) == Reason.CLASS_NOT_ALLOWED
    assert compliance_engine.eligibility(token, accredited) == Reason.NONE


def test_eligibility__document_of_the_class_missing__as_a_transfer_says(
    token, bind, compliance_engine, identity_registry, compliance_officer, counterparty
):
    bind(token, documents=2)
    assert compliance_engine.eligibility(token, counterparty) == Reason.DOCUMENT_MISSING
    identity_registry.setDocuments(counterparty, 2, sender=compliance_officer)
    assert compliance_engine.eligibility(token, counterparty) == Reason.NONE


def test_eligibility__another_wallet_in_the_closed_country__bound(token, bind, compliance_engine, wallets):
    german, swiss = wallets(GERMANY, SWITZERLAND)
    bind(token, country=GERMANY, closed=True)
    assert compliance_engine.eligibility(token, german) == Reason.CLASS_NOT_ALLOWED
    assert compliance_engine.eligibility(token, swiss) == Reason.CLASS_NOT_ALLOWED


def test_eligibility__refused_by_country_and_class__names_the_country(
    token, bind, compliance_engine, compliance_officer, counterparty
):
    bind(token, documents=2)
    compliance_engine.blockCountries(token, [SWITZERLAND], sender=compliance_officer)
    assert compliance_engine.eligibility(token, counterparty) == Reason.COUNTRY_NOT_ALLOWED


def test_eligibility__class_full__judges_no_number_of_holders(token, bind, compliance_engine, counterparty):
    bind(token, max_holders=1)
    assert compliance_engine.eligibility(token, counterparty) == Reason.NONE


# -- Persons


def test_transfer__wallets_of_one_person__hold_the_maximum_together(token, bind, wallets, refused, investor):
    german, swiss = wallets(GERMANY, SWITZERLAND)
    bind(token, max_holding=100)
    token.transfer(german, 60, sender=investor)
    with refused(token, swiss, Reason.ABOVE_MAXIMUM_HOLDING):
        token.transfer(swiss, 41, sender=investor)
    token.transfer(swiss, 40, sender=investor)
    assert token.balanceOf(swiss) == 40


def test_transfer__other_wallet_in_the_country__bound(token, bind, wallets, refused, investor):
    _, swiss = wallets(GERMANY, SWITZERLAND)
    bind(token, country=GERMANY, closed=True)
    with refused(token, swiss, Reason.CLASS_NOT_ALLOWED):
        token.transfer(swiss, 1, sender=investor)


def test_transfer__other_wallet_shows_the_claim_no_longer__bound(
    token, bind, refused, identified, trusted, claim_issuer, compliance_officer, wallet, admin, investor
):
    """A wallet whose verdict is older does not free the person."""
    bind(token, classes=EVERY_CLASS, exempt_topics=ACCREDITED_CLAIM, closed=True)
    identity, account = identified(ACCREDITED_TOPIC)
    claim_id = keccak(encode(["address", "uint256"], [claim_issuer.address, ACCREDITED_TOPIC]))
    identity.removeClaim(claim_id, sender=admin)
    trusted.registerIdentity(wallet(), identity, SWITZERLAND, sender=compliance_officer)
    with refused(token, account, Reason.CLASS_NOT_ALLOWED):
        token.transfer(account, 1, sender=investor)


def test_transfer__between_wallets_of_one_person__passes(token, bind, wallets, issuer):
    german, swiss = wallets(GERMANY, SWITZERLAND)
    token.mint(german, 1000, sender=issuer)
    bind(token, closed=True)
    bind(token, max_holding=10)
    token.transfer(swiss, 1000, sender=german)
    assert token.balanceOf(swiss) == 1000


def test_recovery__of_a_person_above_the_maximum__passes(
    token, bind, wallets, trusted, issuer, compliance_officer, admin
):
    german, swiss = wallets(GERMANY, SWITZERLAND)
    token.mint(german, 1000, sender=issuer)
    bind(token, max_holding=10)
    identity = trex(f"{ONCHAINID}/Identity.sol/Identity.json").at(trusted.identity(german))
    identity.addKey(keccak(encode(["address"], [str(swiss)])), 1, 1, sender=admin)
    token.recoveryAddress(german, swiss, identity, sender=compliance_officer)
    assert token.balanceOf(swiss) == 1000


def test_recovery__to_a_new_wallet_in_a_registry_of_its_own__passes(
    create_sole_token, trust, create_onchainid, claim, wallet, bind, issuer, compliance_officer, admin
):
    """The registry forgets the lost wallet before the tokens move."""
    sole, registry = create_sole_token([SWITZERLAND])
    trust(registry)
    identity, lost, new = create_onchainid(), wallet(), wallet()
    for topic in (KYC_TOPIC, AML_TOPIC):
        claim(identity, topic)
    registry.registerIdentity(lost, identity, SWITZERLAND, sender=compliance_officer)
    sole.mint(lost, 50, sender=issuer)
    bind(sole, max_holding=10)
    identity.addKey(keccak(encode(["address"], [str(new)])), 1, 1, sender=admin)
    sole.recoveryAddress(lost, new, identity, sender=compliance_officer)
    assert (sole.balanceOf(lost), sole.balanceOf(new)) == (0, 50)


# -- Paths


def test_mint__to_a_closed_class__refused(token, bind, refused, issuer, accredited, counterparty):
    bind(token, closed=True)
    token.mint(accredited, 1, sender=issuer)
    with refused(token, counterparty, Reason.CLASS_NOT_ALLOWED):
        token.mint(counterparty, 1, sender=issuer)


def test_forced_transfer__to_a_closed_class__refused(token, bind, refused, compliance_officer, investor, counterparty):
    bind(token, closed=True)
    with refused(token, counterparty, Reason.CLASS_NOT_ALLOWED):
        token.forcedTransfer(investor, counterparty, 1, sender=compliance_officer)


def test_transfer_from__to_a_closed_class__refused(token, bind, refused, accredited, investor, counterparty):
    bind(token, closed=True)
    token.approve(accredited, 1, sender=investor)
    with refused(token, counterparty, Reason.CLASS_NOT_ALLOWED):
        token.transferFrom(investor, counterparty, 1, sender=accredited)


def test_batch_transfer__one_leg_above_the_maximum__refused(token, bind, refused, accredited, investor, counterparty):
    bind(token, max_holding=100)
    with refused(token, counterparty, Reason.ABOVE_MAXIMUM_HOLDING):
        token.batchTransfer([accredited, counterparty], [500, 101], sender=investor)


def test_transfer__out_of_a_venue__judged(token, bind, refused, admit_venue, actors, investor, counterparty):
    pool = admit_venue(actors["pool"])
    bind(token, closed=True)
    token.transfer(pool, 100, sender=investor)
    with refused(token, counterparty, Reason.CLASS_NOT_ALLOWED):
        token.transfer(counterparty, 1, sender=pool)


def test_transfer__to_itself_or_nothing__passes(token, bind, investor, counterparty):
    bind(token, closed=True)
    token.transfer(investor, 5, sender=investor)
    token.transfer(counterparty, 0, sender=investor)
    assert (token.balanceOf(investor), token.balanceOf(counterparty)) == (1000, 0)


def test_burn__of_a_closed_class__passes(token, bind, issuer, investor):
    bind(token, closed=True)
    token.burn(investor, 1000, sender=issuer)
    assert token.balanceOf(investor) == 0


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"closed": True}, Reason.CLASS_NOT_ALLOWED),
        ({"documents": 1}, Reason.DOCUMENT_MISSING),
        ({"max_holding": 10}, Reason.ABOVE_MAXIMUM_HOLDING),
    ],
)
def test_check_transfer__bound__same_verdict(token, bind, compliance_engine, investor, counterparty, fields, reason):
    bind(token, **fields)
    found = compliance_engine.checkTransfer(token, investor, investor, counterparty, 11)
    assert tuple(found) == (counterparty, reason)
    assert token.detectTransferRestriction(investor, counterparty, 11) == reason


@pytest.mark.parametrize("fields", [{"closed": True}, {"documents": 1}])
def test_can_receive__class_gets_nothing__false(token, bind, accredited, counterparty, fields):
    bind(token, **fields)
    assert not token.canReceive(counterparty)
    assert token.canReceive(accredited) and token.canSend(counterparty)


@pytest.mark.parametrize(("fields", "most"), [({"closed": True}, 0), ({"documents": 1}, 0), ({"max_holding": 30}, 20)])
def test_issuable__bound__is_what_may_still_be_issued(
    token, bind, compliance_engine, issuer, accredited, investor, counterparty, fields, most
):
    token.transfer(counterparty, 10, sender=investor)
    bind(token, **fields)
    assert tuple(compliance_engine.issuable(token, counterparty)) == (0, most)
    assert compliance_engine.issuable(token, accredited).most == 2**256 - 1
    if most:
        token.mint(counterparty, most, sender=issuer)
    with ape.reverts():
        token.mint(counterparty, 1, sender=issuer)


# -- Lock-ups


def test_mint__lockup_of_the_class__locks_that_class_alone(
    token, bind, refused, chain, issuer, accredited, investor, counterparty
):
    bind(token, lockup=30 * DAY)
    for account in (accredited, counterparty):
        token.mint(account, 100, sender=issuer)
    token.transfer(investor, 100, sender=accredited)
    with refused(token, counterparty, Reason.LOCKED_UP):
        token.transfer(investor, 1, sender=counterparty)
    chain.mine(timestamp=chain.pending_timestamp + 30 * DAY)
    token.transfer(investor, 100, sender=counterparty)
    assert token.balanceOf(investor) == 1200


def test_mint__lockups_of_country_and_class__the_longer_one_locks(
    token, set_rule, bind, compliance_engine, issuer, counterparty
):
    set_rule(token, SWITZERLAND, lockup=10 * DAY)
    bind(token, lockup=30 * DAY)
    receipt = token.mint(counterparty, 100, sender=issuer)
    tranches = [tuple(found) for found in compliance_engine.tranchesOf(token, counterparty)]
    assert tranches == [(100, receipt.timestamp + 30 * DAY)]


def test_mint__accredited_later__the_lock_keeps_its_end(token, bind, refused, register, issuer, investor, counterparty):
    bind(token, lockup=30 * DAY)
    token.mint(counterparty, 100, sender=issuer)
    register(counterparty, SWITZERLAND, ACCREDITED)
    with refused(token, counterparty, Reason.LOCKED_UP):
        token.transfer(investor, 1, sender=counterparty)


def test_transfer__from_a_treasury__locks_the_class(
    token, bind, refused, compliance_engine, compliance_officer, investor, counterparty
):
    bind(token, lockup=30 * DAY)
    compliance_engine.addTreasury(token, investor, sender=compliance_officer)
    token.transfer(counterparty, 100, sender=investor)
    with refused(token, counterparty, Reason.LOCKED_UP):
        token.transfer(investor, 1, sender=counterparty)


def test_transfer__between_holders__starts_no_lock(token, bind, investor, counterparty):
    bind(token, lockup=30 * DAY)
    token.transfer(counterparty, 100, sender=investor)
    token.transfer(investor, 100, sender=counterparty)
    assert token.balanceOf(investor) == 1000


# -- Changes


def test_add_class_rules__twice__stands_once(token, bind, transfer_terms):
    bind(token, max_holding=100)
    bind(token, max_holding=100)
    assert [tuple(found) for found in transfer_terms.classRulesOf(token)] == [class_rule(max_holding=100)]


def test_add_class_rules__every_field__is_read_back(token, bind, transfer_terms, counterparty, accredited):
    most = 2**128 - 1
    fields = {
        "country": SWITZERLAND,
        "documents": 0xFFFF,
        "lockup": 2**32 - 1,
        "max_holding": most,
        "max_holders": 2**32 - 1,
    }
    bind(token, exempt_topics=0xFFFF, classes=EVERY_CLASS, **fields)
    wanted = class_rule(EVERY_CLASS, exempt_topics=0xFFFF, **fields)
    assert [tuple(found) for found in transfer_terms.classRulesOf(token)] == [wanted]


def test_class_rules_on__account__are_those_that_bind_it(
    token, bind, transfer_terms, admit_venue, actors, accredited, counterparty
):
    pool = admit_venue(actors["pool"])
    bind(token, max_holding=100)
    bind(token, country=GERMANY, closed=True)
    assert [tuple(found) for found in transfer_terms.classRulesOn(token, counterparty)] == [class_rule(max_holding=100)]
    assert not transfer_terms.classRulesOn(token, accredited)
    assert not transfer_terms.classRulesOn(token, pool)


def test_remove_class_rules__equal_one__is_gone_and_others_stay(
    token, bind, transfer_terms, compliance_officer, investor, counterparty
):
    bind(token, max_holding=10)
    bind(token, max_holding=20)
    gone = [class_rule(max_holding=10), class_rule(max_holding=15)]
    transfer_terms.removeClassRules(token, gone, sender=compliance_officer)
    token.transfer(counterparty, 20, sender=investor)
    with ape.reverts():
        token.transfer(counterparty, 1, sender=investor)


@pytest.mark.parametrize(
    "fields",
    [
        {"classes": 0, "closed": True},
        {"classes": 1, "closed": True},
        {"classes": 16, "closed": True},
        {},
        {"closed": True, "max_holding": 1},
        {"closed": True, "max_holders": 1},
    ],
)
def test_add_class_rules__that_says_nothing__refused(token, bind, transfer_terms, fields):
    with reverts(transfer_terms.TransferTerms__InvalidClassRule, ANYWHERE, fields.get("classes", 1 << RETAIL)):
        bind(token, **fields)


def test_add_class_rules__territory__refused(token, bind, transfer_terms):
    with reverts(transfer_terms.TransferTerms__InvalidCountry, PUERTO_RICO):
        bind(token, country=PUERTO_RICO, closed=True)


def test_add_class_rules__too_many__refused(token, bind, transfer_terms):
    most = transfer_terms.mostClassRules()
    for place in range(most):
        bind(token, max_holding=1 + place)
    with reverts(transfer_terms.TransferTerms__TooManyTerms, token, most):
        bind(token, max_holding=100)


@pytest.mark.parametrize("change", ["addClassRules", "removeClassRules"])
def test_class_rules__by_an_agent__refused(token, transfer_terms, compliance_officer, thief, change):
    token.addAgent(thief, sender=compliance_officer)
    with ape.reverts():
        getattr(transfer_terms, change)(token, [class_rule(closed=True)], sender=thief)


def test_add_class_rules__token_without_rules__refused(transfer_terms, compliance_engine, compliance_officer, wallet):
    stranger = wallet()
    with reverts(compliance_engine.AutomatedComplianceEngine__RulesNotSet, stranger):
        transfer_terms.addClassRules(stranger, [class_rule(closed=True)], sender=compliance_officer)


def test_set_identity_registry__class_closed_before__still_closed(
    token, bind, deploy_proxy, map_roles, sanctions_list, compliance_officer, refused, investor, actors
):
    bind(token, closed=True)
    other = deploy_proxy(ape.project.IdentityRegistry, sanctions_list)
    map_roles("IdentityRegistry", other)
    token.setIdentityRegistry(other, sender=compliance_officer)
    buyer = actors["trader"]
    other.registerIdentity(buyer, UNITED_STATES, RETAIL, 2**40 - 1, sender=compliance_officer)
    with refused(token, buyer, Reason.CLASS_NOT_ALLOWED):
        token.transfer(buyer, 1, sender=investor)


def test_transfer__token_without_class_rules__as_before(token, create_token, bind, register, issuer, actors, investor):
    other = create_token(symbol="OTHER")
    bind(other, closed=True)
    token.transfer(register(actors["router"]), 1, sender=investor)
    assert token.balanceOf(actors["router"]) == 1
