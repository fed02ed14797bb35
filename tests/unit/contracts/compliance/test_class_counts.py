"""Class rules that limit how many persons hold: who is counted, when, and what keeps the count right."""

from __future__ import annotations

import ape
import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.fixtures.compliance import ACCREDITED_TOPIC, ONCHAINID, Reason, class_rule, trex
from tests.fixtures.protocol import ACCREDITED, DAY, EVERY_CLASS, GERMANY, RETAIL, SWITZERLAND, UNITED_STATES
from tests.reverts import reverts

WHO = class_rule(max_holders=1)
"""Retail investors of every country: how many may hold does not matter to a count."""


@pytest.fixture
def retail(register, wallet):
    """`retail(country)`: a new wallet of a retail investor, on the officer's word."""
    return lambda country=SWITZERLAND: register(wallet(), country, RETAIL)


@pytest.fixture
def limited(token, bind, transfer_terms, investor, thief):
    """`limited(most)`: at most so many retail investors hold the token; its one holder was counted."""

    def done(most):
        bind(token, max_holders=most)
        transfer_terms.recountHolders(token, [investor], sender=thief)
        return token

    return done


@pytest.fixture
def counted(transfer_terms, token):
    """`counted()`: retail investors who are counted."""
    return lambda: transfer_terms.classHoldersOf(token, WHO)


@pytest.fixture
def sole_person(token, bind, wallets, investor, issuer):
    """Wallets, in Germany and in Switzerland, of the one retail investor who may hold; the German one holds 10."""
    token.burn(investor, 1000, sender=issuer)
    german, swiss = wallets(GERMANY, SWITZERLAND)
    bind(token, max_holders=1)
    token.mint(german, 10, sender=issuer)
    return german, swiss


# -- Entry and exit


def test_transfer__one_retail_investor_too_many__refused(limited, refused, retail, investor):
    token = limited(2)
    token.transfer(retail(), 100, sender=investor)
    late = retail()
    with refused(token, late, Reason.TOO_MANY_HOLDERS):
        token.transfer(late, 100, sender=investor)


def test_transfer__full__accredited_investor_enters(limited, counted, accredited, investor):
    token = limited(1)
    token.transfer(accredited, 100, sender=investor)
    assert (token.balanceOf(accredited), counted()) == (100, 1)


def test_transfer__full__holder_buys_more(limited, retail, investor):
    token = limited(2)
    holder = retail()
    token.transfer(holder, 100, sender=investor)
    token.transfer(holder, 100, sender=investor)
    assert token.balanceOf(holder) == 200


def test_transfer__sender_leaves_with_it__makes_room(limited, counted, retail, investor):
    token = limited(1)
    heir = retail()
    token.transfer(heir, 1000, sender=investor)
    assert (token.balanceOf(heir), counted()) == (1000, 1)


def test_transfer__accredited_sender_leaves__makes_no_room(limited, refused, retail, accredited, investor):
    token = limited(1)
    token.transfer(accredited, 100, sender=investor)
    heir = retail()
    with refused(token, heir, Reason.TOO_MANY_HOLDERS):
        token.transfer(heir, 100, sender=accredited)


def test_burn__all_of_a_holder__makes_room(limited, counted, retail, issuer, investor):
    token = limited(1)
    token.burn(investor, 1000, sender=issuer)
    assert counted() == 0
    token.mint(retail(), 1, sender=issuer)
    assert counted() == 1


def test_burn__a_part__stays_counted(limited, counted, issuer, investor):
    limited(1).burn(investor, 999, sender=issuer)
    assert counted() == 1


def test_mint__one_too_many__refused(limited, refused, retail, issuer):
    token, late = limited(1), retail()
    with refused(token, late, Reason.TOO_MANY_HOLDERS):
        token.mint(late, 1, sender=issuer)


def test_forced_transfer__one_too_many__refused(limited, refused, retail, compliance_officer, investor):
    token, late = limited(1), retail()
    with refused(token, late, Reason.TOO_MANY_HOLDERS):
        token.forcedTransfer(investor, late, 1, sender=compliance_officer)


def test_batch_transfer__second_leg_too_many__refused(limited, refused, retail, investor):
    token, first, second = limited(2), retail(), retail()
    with refused(token, second, Reason.TOO_MANY_HOLDERS):
        token.batchTransfer([first, second], [1, 1], sender=investor)


def test_batch_transfer__starts_with_nothing_and_sender_leaves__counted(limited, counted, retail, investor):
    token, nobody, heir = limited(1), retail(), retail()
    token.batchTransfer([nobody, heir], [0, 1000], sender=investor)
    assert (token.balanceOf(heir), counted()) == (1000, 1)


def test_batch_transfer__starts_with_nothing_while_a_holder_is_not_counted__refused(
    token, bind, transfer_terms, refused, retail, issuer, investor, thief
):
    """The sender that leaves does not stand in for the holder who was never counted."""
    unknown = retail()
    token.mint(unknown, 1, sender=issuer)
    bind(token, max_holders=1)
    transfer_terms.recountHolders(token, [investor], sender=thief)
    nobody, heir = retail(), retail()
    with refused(token, heir, Reason.TOO_MANY_HOLDERS):
        token.batchTransfer([nobody, heir], [0, 1000], sender=investor)


def test_transfer__of_nothing_and_to_itself__counts_nobody(limited, counted, retail, investor):
    token = limited(1)
    token.transfer(retail(), 0, sender=investor)
    token.transfer(investor, 1000, sender=investor)
    assert counted() == 1


def test_transfer__venue_account__not_counted(limited, counted, admit_venue, actors, investor):
    token, pool = limited(1), admit_venue(actors["pool"])
    token.transfer(pool, 400, sender=investor)
    token.transfer(investor, 400, sender=pool)
    assert counted() == 1


def test_transfer__out_of_a_venue__judged(limited, refused, admit_venue, actors, retail, investor):
    token, pool, late = limited(1), admit_venue(actors["pool"]), retail()
    token.transfer(pool, 400, sender=investor)
    with refused(token, late, Reason.TOO_MANY_HOLDERS):
        token.transfer(late, 1, sender=pool)


def test_transfer__country_of_the_rule__counts_its_residents_alone(token, bind, refused, retail, issuer, investor):
    bind(token, country=GERMANY, max_holders=1)
    token.burn(investor, 1000, sender=issuer)
    for country in (SWITZERLAND, GERMANY):
        token.mint(retail(country), 10, sender=issuer)
    late = retail(GERMANY)
    with refused(token, late, Reason.TOO_MANY_HOLDERS):
        token.mint(late, 1, sender=issuer)


def test_transfer__exempting_claim__not_counted(token, bind, transfer_terms, identified, issuer, investor):
    bind(token, classes=EVERY_CLASS, exempt_topics=1 << 2, max_holders=5)
    rule = class_rule(EVERY_CLASS, exempt_topics=1 << 2, max_holders=5)
    token.burn(investor, 1000, sender=issuer)
    for topic in (ACCREDITED_TOPIC, None):
        token.mint(identified(topic)[1], 10, sender=issuer)
    assert transfer_terms.classHoldersOf(token, rule) == 1


# -- Persons


def test_mint__second_wallet_of_a_holder__enters(token, counted, sole_person, issuer):
    token.mint(sole_person[1], 10, sender=issuer)
    assert counted() == 1


def test_burn__one_of_two_wallets__person_stays_counted(token, bind, transfer_terms, wallets, investor, issuer):
    german, swiss = wallets(GERMANY, SWITZERLAND)
    bind(token, max_holders=2)
    transfer_terms.recountHolders(token, [investor], sender=investor)
    for account in (german, swiss):
        token.mint(account, 10, sender=issuer)
    token.burn(german, 10, sender=issuer)
    assert transfer_terms.classHoldersOf(token, WHO) == 2
    token.burn(swiss, 10, sender=issuer)
    assert transfer_terms.classHoldersOf(token, WHO) == 1


def test_transfer__one_of_two_wallets_leaves__makes_no_room(token, refused, sole_person, retail, issuer):
    german, swiss = sole_person
    token.mint(swiss, 10, sender=issuer)
    late = retail()
    with refused(token, late, Reason.TOO_MANY_HOLDERS):
        token.transfer(late, 10, sender=german)


def test_delete_identity__wallet_that_holds__person_stays_counted(
    token, counted, trusted, sole_person, compliance_officer, issuer
):
    """Otherwise a person would make room by a wallet that the registry forgets."""
    german, swiss = sole_person
    token.mint(swiss, 10, sender=issuer)
    trusted.deleteIdentity(german, sender=compliance_officer)
    token.burn(swiss, 10, sender=issuer)
    assert counted() == 1
    token.burn(german, 10, sender=issuer)
    assert counted() == 0


def test_transfer__between_wallets_of_one_person__counted_once(token, counted, sole_person):
    german, swiss = sole_person
    token.transfer(swiss, 4, sender=german)
    token.transfer(swiss, 6, sender=german)
    assert counted() == 1


def test_recovery__to_another_wallet__person_stays_counted(
    token, counted, transfer_terms, trusted, sole_person, compliance_officer, admin
):
    german, swiss = sole_person
    identity = trex(f"{ONCHAINID}/Identity.sol/Identity.json").at(trusted.identity(german))
    identity.addKey(keccak(encode(["address"], [str(swiss)])), 1, 1, sender=admin)
    token.recoveryAddress(german, swiss, identity, sender=compliance_officer)
    assert (token.balanceOf(swiss), counted()) == (10, 1)
    assert tuple(transfer_terms.censusOf(token)) == (1, 1)


def test_update_identity__another_person__counted_there_after_a_recount(
    token, bind, transfer_terms, trusted, identified, create_onchainid, claim, compliance_officer, investor, issuer
):
    _, account = identified()
    token.burn(investor, 1000, sender=issuer)
    bind(token, max_holders=1)
    token.mint(account, 10, sender=issuer)
    other = create_onchainid()
    for topic in (1, 2):
        claim(other, topic)
    trusted.updateIdentity(account, other, sender=compliance_officer)
    transfer_terms.recountHolders(token, [account], sender=investor)
    assert transfer_terms.isCountedUnder(token, account, WHO)
    assert transfer_terms.classHoldersOf(token, WHO) == 1


# -- Claims that lapse, are revoked or are given


def test_recount__accreditation_lapsed__counted_above_the_maximum(
    limited, counted, transfer_terms, identified, chain, investor, issuer, thief
):
    """A maximum stops whoever comes, never a fact."""
    token = limited(1)
    _, account = identified(ACCREDITED_TOPIC, expiry=chain.pending_timestamp + DAY)
    token.transfer(account, 10, sender=investor)
    chain.mine(timestamp=chain.pending_timestamp + DAY)
    assert counted() == 1
    transfer_terms.recountHolders(token, [account], sender=thief)
    assert counted() == 2
    token.transfer(account, 10, sender=investor)
    assert token.balanceOf(account) == 20
    token.burn(account, 20, sender=issuer)
    assert counted() == 1


def test_transfer__accreditation_lapsed_and_full__nothing_more_is_received(
    limited, refused, identified, chain, investor
):
    token = limited(1)
    _, account = identified(ACCREDITED_TOPIC, expiry=chain.pending_timestamp + DAY)
    token.transfer(account, 10, sender=investor)
    chain.mine(timestamp=chain.pending_timestamp + DAY)
    with refused(token, account, Reason.TOO_MANY_HOLDERS):
        token.transfer(account, 10, sender=investor)


def test_recount__claim_revoked_and_refreshed__counted(
    limited, counted, compliance_engine, trusted, identified, claim_issuer, admin, investor, thief
):
    token = limited(1)
    identity, account = identified(ACCREDITED_TOPIC)
    token.transfer(account, 10, sender=investor)
    identity.removeClaim(keccak(encode(["address", "uint256"], [claim_issuer.address, ACCREDITED_TOPIC])), sender=admin)
    trusted.refresh(account, sender=thief)
    compliance_engine.recount(token, account, sender=thief)
    assert counted() == 2


def test_recount__accredited_meanwhile__makes_room(limited, counted, transfer_terms, register, retail, investor, thief):
    token = limited(1)
    register(investor, SWITZERLAND, ACCREDITED)
    transfer_terms.recountHolders(token, [investor], sender=thief)
    assert counted() == 0
    token.transfer(retail(), 10, sender=investor)
    assert counted() == 1


def test_transfer__sender_accredited_meanwhile__counted_anew_by_its_sale(
    limited, counted, register, accredited, investor
):
    token = limited(1)
    register(investor, SWITZERLAND, ACCREDITED)
    token.transfer(accredited, 1, sender=investor)
    assert counted() == 0


# -- Censuses


def test_add_class_rules__holders_before_it__nobody_enters_until_all_are_counted(
    token, bind, transfer_terms, refused, retail, issuer, investor, thief
):
    holder, late = retail(), retail()
    token.mint(holder, 10, sender=issuer)
    bind(token, max_holders=10)
    assert tuple(transfer_terms.censusOf(token)) == (0, 2)
    transfer_terms.recountHolders(token, [investor], sender=thief)
    with refused(token, late, Reason.TOO_MANY_HOLDERS):
        token.transfer(late, 1, sender=investor)
    transfer_terms.recountHolders(token, [holder], sender=thief)
    assert tuple(transfer_terms.censusOf(token)) == (2, 2)
    token.transfer(late, 1, sender=investor)
    assert transfer_terms.classHoldersOf(token, WHO) == 3


def test_add_class_rules__not_all_are_counted__accredited_enter_and_holders_leave(
    token, bind, accredited, investor, counterparty, transfer_terms
):
    bind(token, max_holders=10)
    token.transfer(accredited, 1000, sender=investor)
    assert tuple(transfer_terms.censusOf(token)) == (1, 1)


def test_add_class_rules__lower_maximum__counts_go_on(limited, bind, counted, refused, retail, investor):
    token = limited(10)
    token.transfer(retail(), 1, sender=investor)
    bind(token, max_holders=2)
    late = retail()
    assert counted() == 2
    with refused(token, late, Reason.TOO_MANY_HOLDERS):
        token.transfer(late, 1, sender=investor)


def test_add_class_rules__other_persons__counted_from_zero(limited, bind, counted, transfer_terms):
    token = limited(10)
    bind(token, classes=1 << ACCREDITED, max_holders=10)
    assert (counted(), tuple(transfer_terms.censusOf(token))) == (0, (0, 1))


def test_remove_class_rules__limit_of_holders__counts_go_on_for_when_it_returns(
    limited, bind, counted, transfer_terms, compliance_officer, retail, issuer
):
    token = limited(1)
    transfer_terms.removeClassRules(token, [WHO], sender=compliance_officer)
    token.mint(retail(), 1, sender=issuer)
    assert counted() == 2
    bind(token, max_holders=1)
    assert (counted(), tuple(transfer_terms.censusOf(token))) == (2, (2, 2))


def test_recount_holders__venue_no_holder_and_stranger__nobody_counted(
    limited, counted, transfer_terms, admit_venue, actors, retail, wallet, investor, thief
):
    token, pool = limited(1), admit_venue(actors["pool"])
    token.transfer(pool, 400, sender=investor)
    transfer_terms.recountHolders(token, [pool, retail(), wallet(), investor, investor], sender=thief)
    assert (counted(), tuple(transfer_terms.censusOf(token))) == (1, (1, 1))


def test_recount_holders__holder_that_became_a_venue__no_longer_counted(
    limited, counted, transfer_terms, identity_registry, compliance_officer, thief, investor
):
    token = limited(1)
    identity_registry.deleteIdentity(investor, sender=compliance_officer)
    identity_registry.setVenueAccount(investor, True, sender=compliance_officer)
    transfer_terms.recountHolders(token, [investor], sender=thief)
    assert (counted(), tuple(transfer_terms.censusOf(token))) == (0, (0, 0))


def test_recount_holders__moved_abroad__counted_under_the_rule_of_its_country(
    token, bind, transfer_terms, identity_registry, compliance_officer, thief, investor
):
    rule = class_rule(country=UNITED_STATES, max_holders=5)
    bind(token, country=UNITED_STATES, max_holders=5)
    identity_registry.updateCountry(investor, UNITED_STATES, sender=compliance_officer)
    transfer_terms.recountHolders(token, [investor], sender=thief)
    assert transfer_terms.classHoldersOf(token, rule) == 1
    assert transfer_terms.isCountedUnder(token, investor, rule)


def test_recount_holders__token_without_rules__refused(transfer_terms, compliance_engine, wallet, thief):
    stranger = wallet()
    with reverts(compliance_engine.AutomatedComplianceEngine__RulesNotSet, stranger):
        transfer_terms.recountHolders(stranger, [thief], sender=thief)


def test_set_identity_registry__holders_registered_anew__counted_there_by_a_recount(
    limited,
    counted,
    transfer_terms,
    deploy_proxy,
    map_roles,
    sanctions_list,
    compliance_officer,
    refused,
    investor,
    wallet,
):
    token = limited(1)
    other = deploy_proxy(ape.project.IdentityRegistry, sanctions_list)
    map_roles("IdentityRegistry", other)
    token.setIdentityRegistry(other, sender=compliance_officer)
    late = wallet()
    other.registerIdentity(late, SWITZERLAND, RETAIL, 2**40 - 1, sender=compliance_officer)
    with refused(token, late, Reason.TOO_MANY_HOLDERS):
        token.transfer(late, 1, sender=investor)
    other.registerIdentity(investor, SWITZERLAND, ACCREDITED, 2**40 - 1, sender=compliance_officer)
    transfer_terms.recountHolders(token, [investor], sender=investor)
    assert counted() == 0
    token.transfer(late, 1, sender=investor)


# -- Reading


def test_issuable__full__nothing_for_who_is_bound(limited, compliance_engine, retail, accredited, investor):
    token = limited(1)
    assert tuple(compliance_engine.issuable(token, retail())) == (0, 0)
    assert compliance_engine.issuable(token, accredited).most == 2**256 - 1
    assert compliance_engine.issuable(token, investor).most == 2**256 - 1


def test_check_transfer__full__same_verdict(limited, compliance_engine, retail, investor):
    token, late = limited(1), retail()
    assert tuple(compliance_engine.checkTransfer(token, investor, investor, late, 1)) == (late, Reason.TOO_MANY_HOLDERS)
    assert token.detectTransferRestriction(investor, late, 1) == Reason.TOO_MANY_HOLDERS
    assert token.detectTransferRestriction(investor, late, 1000) == Reason.NONE


def test_leaves_under__last_wallet_of_a_person__true(limited, transfer_terms, accredited, investor):
    token = limited(1)
    token.transfer(accredited, 1, sender=investor)
    assert transfer_terms.leavesUnder(token, investor, WHO)
    assert not transfer_terms.leavesUnder(token, accredited, WHO)


def test_class_holders_of__rule_that_nobody_counts__zero(limited, transfer_terms, investor):
    token, other = limited(1), class_rule(country=GERMANY)
    assert transfer_terms.classHoldersOf(token, other) == 0
    assert not transfer_terms.isCountedUnder(token, investor, other)
    assert not transfer_terms.leavesUnder(token, investor, other)
