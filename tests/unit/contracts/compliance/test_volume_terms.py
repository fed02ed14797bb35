"""Limits on what a person sends in several periods: whom they bind, what counts, and who may change them."""

from __future__ import annotations

import ape
import pytest

from tests.fixtures.compliance import Reason
from tests.fixtures.protocol import DAY, GERMANY, SWITZERLAND, UNITED_STATES
from tests.reverts import reverts

ANY = 65_535
PUERTO_RICO = 630


@pytest.fixture
def limit(transfer_terms, compliance_officer):
    """`limit(token, most, period, country, affiliates_only)`: bounds what persons send."""

    def done(token, most=100, period=DAY, country=ANY, affiliates_only=False):
        transfer_terms.addVolumeLimits(token, [(country, affiliates_only, period, most)], sender=compliance_officer)

    return done


def test_transfer__two_periods__both_bind(token, limit, refused, chain, investor, counterparty):
    limit(token, 100, DAY)
    limit(token, 150, 30 * DAY)
    token.transfer(counterparty, 100, sender=investor)
    with refused(token, investor, Reason.VOLUME_EXCEEDED):
        token.transfer(counterparty, 1, sender=investor)
    chain.mine(timestamp=chain.pending_timestamp + 2 * DAY)
    token.transfer(counterparty, 50, sender=investor)
    with refused(token, investor, Reason.VOLUME_EXCEEDED):
        token.transfer(counterparty, 1, sender=investor)


def test_transfer__four_periods_beside_the_rule__each_binds(token, set_rule, limit, refused, investor, counterparty):
    """The number that T-REX has."""
    for most, days in ((50, 1), (60, 7), (70, 30), (80, 90)):
        limit(token, most, days * DAY, SWITZERLAND)
    set_rule(token, SWITZERLAND, volume_limit=40, period=DAY)
    token.transfer(counterparty, 40, sender=investor)
    with refused(token, investor, Reason.VOLUME_EXCEEDED):
        token.transfer(counterparty, 1, sender=investor)


def test_transfer__in_another_country__unbound(token, limit, investor, counterparty):
    limit(token, 1, country=GERMANY)
    token.transfer(counterparty, 1000, sender=investor)
    assert token.balanceOf(counterparty) == 1000


def test_transfer__wallets_of_one_person_in_two_countries__count_together(
    token, limit, wallets, refused, issuer, investor
):
    german, swiss = wallets(GERMANY, SWITZERLAND)
    limit(token, country=GERMANY)
    for account in (german, swiss):
        token.mint(account, 1000, sender=issuer)
    token.transfer(investor, 60, sender=swiss)
    with refused(token, german, Reason.VOLUME_EXCEEDED):
        token.transfer(investor, 41, sender=german)
    token.transfer(investor, 40, sender=german)
    with refused(token, swiss, Reason.VOLUME_EXCEEDED):
        token.transfer(investor, 1, sender=swiss)


def test_transfer__between_wallets_of_one_person__does_not_count(
    token, limit, wallets, transfer_terms, issuer, investor
):
    german, swiss = wallets(GERMANY, SWITZERLAND)
    limit(token)
    token.mint(german, 1000, sender=issuer)
    token.transfer(swiss, 1000, sender=german)
    assert transfer_terms.sentUnder(token, german, (ANY, False, DAY, 100)) == 0


def test_batch_transfer__own_wallet_first__others_still_count(token, limit, wallets, refused, issuer, investor):
    german, swiss = wallets(GERMANY, SWITZERLAND)
    limit(token)
    token.mint(german, 1000, sender=issuer)
    with refused(token, german, Reason.VOLUME_EXCEEDED):
        token.batchTransfer([swiss, investor], [1, 101], sender=german)


def test_batch_transfer__legs__count_in_sum(token, limit, register, actors, refused, investor, counterparty):
    neighbour = register(actors["router"], GERMANY)
    limit(token)
    with refused(token, investor, Reason.VOLUME_EXCEEDED):
        token.batchTransfer([counterparty, neighbour], [60, 41], sender=investor)
    token.batchTransfer([counterparty, neighbour], [60, 40], sender=investor)
    assert token.balanceOf(neighbour) == 40


def test_transfer__through_spenders_in_one_block__counts(token, limit, refused, investor, counterparty):
    limit(token)
    token.approve(counterparty, 101, sender=investor)
    token.transferFrom(investor, counterparty, 100, sender=counterparty)
    with refused(token, investor, Reason.VOLUME_EXCEEDED):
        token.transferFrom(investor, counterparty, 1, sender=counterparty)


def test_transfer__to_a_venue__counts(token, limit, admit_venue, pool, refused, investor, counterparty):
    admit_venue(pool)
    limit(token)
    token.transfer(pool, 100, sender=investor)
    with refused(token, investor, Reason.VOLUME_EXCEEDED):
        token.transfer(pool, 1, sender=investor)
    token.transfer(counterparty, 100, sender=pool)


def test_transfer__affiliate__bound_alone(
    token, limit, transfer_terms, compliance_officer, refused, issuer, investor, counterparty
):
    limit(token, affiliates_only=True)
    transfer_terms.addAffiliates(token, [investor], sender=compliance_officer)
    with refused(token, investor, Reason.VOLUME_EXCEEDED):
        token.transfer(counterparty, 101, sender=investor)
    token.mint(counterparty, 1000, sender=issuer)
    token.transfer(investor, 1000, sender=counterparty)


def test_transfer__resident_of_a_territory__bound_by_the_country(
    token, set_rule, limit, register, actors, refused, issuer, investor
):
    resident = register(actors["router"], PUERTO_RICO)
    set_rule(token, PUERTO_RICO)
    limit(token, country=UNITED_STATES)
    token.mint(resident, 1000, sender=issuer)
    with refused(token, resident, Reason.VOLUME_EXCEEDED):
        token.transfer(investor, 101, sender=resident)


def test_forced_transfer_and_burn__do_not_count(
    token, limit, transfer_terms, compliance_officer, issuer, investor, counterparty
):
    limit(token)
    token.forcedTransfer(investor, counterparty, 500, sender=compliance_officer)
    token.burn(investor, 500, sender=issuer)
    assert transfer_terms.sentUnder(token, investor, (ANY, False, DAY, 100)) == 0


def test_sent_under__after_transfers__what_still_counts(token, limit, transfer_terms, chain, investor, counterparty):
    limit(token)
    token.transfer(counterparty, 70, sender=investor)
    assert transfer_terms.sentUnder(token, investor, (ANY, False, DAY, 100)) == 70
    chain.mine(timestamp=chain.pending_timestamp + 2 * DAY)
    assert transfer_terms.sentUnder(token, investor, (ANY, False, DAY, 100)) == 0


def test_check_transfer__above_a_limit__same_verdict(token, limit, compliance_engine, investor, counterparty):
    limit(token)
    found = compliance_engine.checkTransfer(token, investor, investor, counterparty, 101)
    assert tuple(found) == (investor, Reason.VOLUME_EXCEEDED)


def test_add_volume_limits__lower_one__stands_with_what_was_sent(
    token, limit, transfer_terms, refused, investor, counterparty
):
    limit(token, 100)
    token.transfer(counterparty, 60, sender=investor)
    limit(token, 50)
    assert [tuple(found) for found in transfer_terms.volumeLimitsOf(token)] == [(ANY, False, DAY, 50)]
    with refused(token, investor, Reason.VOLUME_EXCEEDED):
        token.transfer(counterparty, 1, sender=investor)


def test_add_volume_limits__higher_one__lower_one_stands(token, limit, transfer_terms):
    limit(token, 100)
    limit(token, 200)
    assert [tuple(found) for found in transfer_terms.volumeLimitsOf(token)] == [(ANY, False, DAY, 100)]


def test_remove_volume_limits__and_added_again__what_was_sent_stays(
    token, limit, transfer_terms, compliance_officer, refused, investor, counterparty
):
    limit(token)
    token.transfer(counterparty, 100, sender=investor)
    transfer_terms.removeVolumeLimits(token, [(ANY, False, DAY, 100)], sender=compliance_officer)
    token.transfer(counterparty, 1, sender=investor)
    limit(token)
    with refused(token, investor, Reason.VOLUME_EXCEEDED):
        token.transfer(counterparty, 1, sender=investor)


@pytest.mark.parametrize(("most", "period"), [(0, DAY), (2**112, DAY), (1, 2), (1, 0)])
def test_add_volume_limits__that_limits_nothing__refused(token, limit, transfer_terms, most, period):
    with reverts(transfer_terms.TransferTerms__InvalidLimit, most, period):
        limit(token, most, period)


def test_add_volume_limits__territory__refused(token, limit, transfer_terms):
    with reverts(transfer_terms.TransferTerms__InvalidCountry, PUERTO_RICO):
        limit(token, country=PUERTO_RICO)


def test_add_volume_limits__too_many__refused(token, limit, transfer_terms):
    most = transfer_terms.mostVolumeLimits()
    for place in range(most):
        limit(token, 100, DAY + place)
    with reverts(transfer_terms.TransferTerms__TooManyTerms, token, most):
        limit(token, 100, 2 * DAY)


@pytest.mark.parametrize("change", ["addVolumeLimits", "removeVolumeLimits"])
def test_volume_limits__by_an_agent__refused(token, transfer_terms, compliance_officer, thief, change):
    token.addAgent(thief, sender=compliance_officer)
    with ape.reverts():
        getattr(transfer_terms, change)(token, [(ANY, False, DAY, 100)], sender=thief)


def test_add_volume_limits__token_without_rules__refused(transfer_terms, compliance_engine, compliance_officer, wallet):
    stranger = wallet()
    with reverts(compliance_engine.AutomatedComplianceEngine__RulesNotSet, stranger):
        transfer_terms.addVolumeLimits(stranger, [(ANY, False, DAY, 100)], sender=compliance_officer)
