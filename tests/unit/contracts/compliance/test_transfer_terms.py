"""Terms by pairs of countries, dates and affiliates: who is stopped, on which path, and who may change them."""

from __future__ import annotations

import ape
import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.fixtures.compliance import ONCHAINID, Reason, trex
from tests.fixtures.protocol import DAY, GERMANY, SWITZERLAND, UNITED_STATES
from tests.reverts import reverts

ANY = 65_535
NEVER = 2**40 - 1
PUERTO_RICO = 630
NOBODY = "0x0000000000000000000000000000000000000000"


@pytest.fixture
def close(transfer_terms, compliance_officer):
    """`close(token, sender, receiver, start, end)`: closes the way between two countries."""

    def done(token, sender=ANY, receiver=UNITED_STATES, start=0, end=NEVER):
        transfer_terms.addPairRules(token, [(sender, receiver, start, end)], sender=compliance_officer)

    return done


@pytest.fixture
def black_out(transfer_terms, compliance_officer):
    """`black_out(token, start, end, affiliates_only)`."""

    def done(token, start=0, end=NEVER, affiliates_only=False):
        transfer_terms.addBlackouts(token, [(start, end, affiliates_only)], sender=compliance_officer)

    return done


@pytest.fixture
def american(register, actors):
    """Somebody registered in the United States, with one wallet."""
    return register(actors["trader"], UNITED_STATES)


# -- Pairs


def test_transfer__way_closed_to_the_country__refused(token, close, american, refused, investor):
    close(token)
    with refused(token, american, Reason.COUNTRY_PAIR_CLOSED):
        token.transfer(american, 1, sender=investor)


def test_transfer__other_way__passes(token, close, american, issuer, investor):
    close(token)
    token.mint(american, 10, sender=issuer)
    token.transfer(investor, 10, sender=american)
    assert token.balanceOf(american) == 0


def test_transfer__among_residents_of_the_closed_country__passes(
    token, close, american, register, actors, issuer, transfer_terms
):
    neighbour = register(actors["router"], UNITED_STATES)
    close(token)
    token.mint(american, 10, sender=issuer)
    token.transfer(neighbour, 10, sender=american)
    assert token.balanceOf(neighbour) == 10


def test_transfer__rule_of_two_other_countries__passes(token, close, american, investor):
    close(token, sender=GERMANY)
    token.transfer(american, 1, sender=investor)
    assert token.balanceOf(american) == 1


def test_transfer__from_a_country_to_every_other_one__refused_abroad_alone(
    token, close, american, refused, investor, counterparty
):
    close(token, sender=SWITZERLAND, receiver=ANY)
    token.transfer(counterparty, 1, sender=investor)
    with refused(token, american, Reason.COUNTRY_PAIR_CLOSED):
        token.transfer(american, 1, sender=investor)


def test_transfer__before_and_after_the_period__passes(token, close, american, refused, chain, investor):
    start = chain.pending_timestamp + DAY
    close(token, start=start, end=start + DAY)
    token.transfer(american, 1, sender=investor)
    chain.mine(timestamp=start)
    with refused(token, american, Reason.COUNTRY_PAIR_CLOSED):
        token.transfer(american, 1, sender=investor)
    chain.mine(timestamp=start + DAY)
    token.transfer(american, 1, sender=investor)
    assert token.balanceOf(american) == 2


def test_transfer__receiver_has_another_wallet_in_the_closed_country__refused(token, close, wallets, refused, investor):
    german, _ = wallets(GERMANY, UNITED_STATES)
    close(token)
    with refused(token, german, Reason.COUNTRY_PAIR_CLOSED):
        token.transfer(german, 1, sender=investor)


def test_transfer__sender_has_another_wallet_abroad__refused(token, close, wallets, american, refused, issuer):
    _, own = wallets(GERMANY, UNITED_STATES)
    close(token)
    token.mint(own, 10, sender=issuer)
    with refused(token, american, Reason.COUNTRY_PAIR_CLOSED):
        token.transfer(american, 1, sender=own)


def test_transfer__identity_abroad_was_deleted__still_refused(
    token, close, wallets, american, refused, trusted, compliance_officer, issuer
):
    german, _ = wallets(GERMANY, UNITED_STATES)
    close(token)
    token.mint(german, 10, sender=issuer)
    trusted.deleteIdentity(german, sender=compliance_officer)
    with refused(token, american, Reason.COUNTRY_PAIR_CLOSED):
        token.transfer(american, 1, sender=german)


def test_transfer__between_wallets_of_one_person__passes(token, close, wallets, issuer):
    german, own = wallets(GERMANY, UNITED_STATES)
    close(token)
    token.mint(german, 10, sender=issuer)
    token.transfer(own, 10, sender=german)
    assert token.balanceOf(own) == 10


def test_transfer__two_hops_through_own_wallet__refused_at_the_second(token, close, wallets, american, refused, issuer):
    german, own = wallets(GERMANY, UNITED_STATES)
    close(token)
    token.mint(german, 10, sender=issuer)
    token.transfer(own, 10, sender=german)
    with refused(token, american, Reason.COUNTRY_PAIR_CLOSED):
        token.transfer(american, 10, sender=own)


@pytest.mark.parametrize("territory", [16, 316, 580, 581, 630, 850])
def test_transfer__territory_of_the_country__counts_as_the_country(
    token, set_rule, close, register, american, refused, actors, investor, issuer, territory
):
    resident = register(actors["router"], territory)
    set_rule(token, territory)
    close(token)
    with refused(token, resident, Reason.COUNTRY_PAIR_CLOSED):
        token.transfer(resident, 1, sender=investor)
    token.mint(resident, 2, sender=issuer)
    token.transfer(american, 2, sender=resident)
    assert token.balanceOf(american) == 2


def test_transfer__spender__refused(token, close, american, refused, counterparty, investor):
    close(token)
    token.approve(counterparty, 1, sender=investor)
    with refused(token, american, Reason.COUNTRY_PAIR_CLOSED):
        token.transferFrom(investor, american, 1, sender=counterparty)


def test_batch_transfer__one_leg_on_a_closed_way__refused(token, close, american, refused, investor, counterparty):
    close(token)
    with refused(token, american, Reason.COUNTRY_PAIR_CLOSED):
        token.batchTransfer([counterparty, american], [1, 1], sender=investor)


def test_transfer__venue_into_the_closed_country__refused(
    token, close, american, admit_venue, pool, refused, investor, counterparty
):
    admit_venue(pool)
    close(token)
    token.transfer(pool, 10, sender=investor)
    token.transfer(counterparty, 1, sender=pool)
    with refused(token, american, Reason.COUNTRY_PAIR_CLOSED):
        token.transfer(american, 1, sender=pool)


def test_transfer__venue_where_one_way_into_the_country_is_closed__refused(
    token, close, american, admit_venue, pool, refused, investor
):
    """A pool is no way round: tokens that a German may not send to an American do not go through one either."""
    admit_venue(pool)
    close(token, sender=GERMANY)
    token.transfer(pool, 10, sender=investor)
    with refused(token, american, Reason.COUNTRY_PAIR_CLOSED):
        token.transfer(american, 1, sender=pool)


def test_transfer__to_a_venue_from_a_country_that_sends_nowhere_else__refused(
    token, close, admit_venue, pool, refused, investor
):
    admit_venue(pool)
    close(token, sender=SWITZERLAND, receiver=ANY)
    with refused(token, pool, Reason.COUNTRY_PAIR_CLOSED):
        token.transfer(pool, 1, sender=investor)


def test_forced_transfer__on_a_closed_way__refused(token, close, american, refused, compliance_officer, investor):
    close(token)
    with refused(token, american, Reason.COUNTRY_PAIR_CLOSED):
        token.forcedTransfer(investor, american, 1, sender=compliance_officer)


def test_mint__to_the_closed_country__passes(token, close, american, issuer):
    close(token)
    token.mint(american, 1, sender=issuer)
    assert token.balanceOf(american) == 1


def test_transfer__receiver_of_unstated_country__rule_names_it_by_zero(
    token, set_rule, close, register, actors, refused, investor
):
    drifter = register(actors["router"], 0)
    set_rule(token, 0)
    close(token, receiver=0)
    with refused(token, drifter, Reason.COUNTRY_PAIR_CLOSED):
        token.transfer(drifter, 1, sender=investor)


def test_transfer__another_token__unaffected(token, close, create_token, american, issuer, investor):
    other = create_token(symbol="OTHER", countries=[SWITZERLAND, UNITED_STATES])
    close(token)
    other.mint(investor, 1, sender=issuer)
    other.transfer(american, 1, sender=investor)
    assert other.balanceOf(american) == 1


def test_set_identity_registry__way_closed_before__still_closed(
    token, close, deploy_proxy, map_roles, sanctions_list, compliance_officer, refused, investor, actors
):
    close(token)
    other = deploy_proxy(ape.project.IdentityRegistry, sanctions_list)
    map_roles("IdentityRegistry", other)
    token.setIdentityRegistry(other, sender=compliance_officer)
    buyer = actors["trader"]
    other.registerIdentity(buyer, UNITED_STATES, 1, NEVER, sender=compliance_officer)
    with refused(token, buyer, Reason.COUNTRY_PAIR_CLOSED):
        token.transfer(buyer, 1, sender=investor)


def test_recovery__to_a_wallet_in_another_country__passes(
    token, close, wallets, trusted, issuer, compliance_officer, admin
):
    """Both wallets are one person's."""
    german, own = wallets(GERMANY, UNITED_STATES)
    close(token)
    token.mint(german, 10, sender=issuer)
    identity = trex(f"{ONCHAINID}/Identity.sol/Identity.json").at(trusted.identity(german))
    identity.addKey(keccak(encode(["address"], [str(own)])), 1, 1, sender=admin)
    token.recoveryAddress(german, own, identity, sender=compliance_officer)
    assert token.balanceOf(own) == 10


def test_check_transfer__closed_way__same_verdict(token, close, american, compliance_engine, investor):
    close(token)
    found = compliance_engine.checkTransfer(token, investor, investor, american, 1)
    assert tuple(found) == (american, Reason.COUNTRY_PAIR_CLOSED)


# -- Blackouts


def test_transfer__in_a_blackout__refused_until_it_ends(token, black_out, refused, chain, investor, counterparty):
    start = chain.pending_timestamp + DAY
    black_out(token, start, start + DAY)
    token.transfer(counterparty, 1, sender=investor)
    chain.mine(timestamp=start)
    with refused(token, investor, Reason.BLACKOUT_PERIOD):
        token.transfer(counterparty, 1, sender=investor)
    chain.mine(timestamp=start + DAY)
    token.transfer(counterparty, 1, sender=investor)
    assert token.balanceOf(counterparty) == 2


def test_transfer__blackout_of_affiliates__stops_these_alone(
    token, black_out, transfer_terms, compliance_officer, refused, issuer, investor, counterparty
):
    token.mint(counterparty, 1, sender=issuer)
    black_out(token, affiliates_only=True)
    transfer_terms.addAffiliates(token, [investor], sender=compliance_officer)
    with refused(token, investor, Reason.BLACKOUT_PERIOD):
        token.transfer(counterparty, 1, sender=investor)
    token.transfer(investor, 1, sender=counterparty)
    assert token.balanceOf(counterparty) == 0


def test_transfer_from__affiliate_sells_through_a_spender__refused(
    token, black_out, transfer_terms, compliance_officer, refused, investor, counterparty
):
    black_out(token, affiliates_only=True)
    transfer_terms.addAffiliates(token, [investor], sender=compliance_officer)
    token.approve(counterparty, 5, sender=investor)
    with refused(token, investor, Reason.BLACKOUT_PERIOD):
        token.transferFrom(investor, counterparty, 1, sender=counterparty)


def test_transfer__affiliate_buys_in_a_blackout__passes(
    token, black_out, transfer_terms, compliance_officer, investor, counterparty
):
    black_out(token, affiliates_only=True)
    transfer_terms.addAffiliates(token, [counterparty], sender=compliance_officer)
    token.transfer(counterparty, 1, sender=investor)
    assert token.balanceOf(counterparty) == 1


def test_transfer__affiliate_outside_blackouts__passes(
    token, transfer_terms, black_out, compliance_officer, investor, counterparty, chain
):
    black_out(token, end=chain.pending_timestamp + 1)
    transfer_terms.addAffiliates(token, [investor], sender=compliance_officer)
    chain.mine(timestamp=chain.pending_timestamp + DAY)
    token.transfer(counterparty, 1, sender=investor)
    assert token.balanceOf(counterparty) == 1


def test_transfer__other_wallet_of_an_affiliate__refused(
    token, black_out, wallets, transfer_terms, compliance_officer, refused, issuer, investor
):
    marked, other = wallets(GERMANY, SWITZERLAND)
    token.mint(other, 10, sender=issuer)
    transfer_terms.addAffiliates(token, [marked], sender=compliance_officer)
    black_out(token, affiliates_only=True)
    with refused(token, other, Reason.BLACKOUT_PERIOD):
        token.transfer(investor, 1, sender=other)


def test_transfer__affiliate_whose_wallet_was_deleted__refused(
    token, black_out, wallets, trusted, transfer_terms, compliance_officer, refused, issuer, investor
):
    (marked,) = wallets(GERMANY)
    token.mint(marked, 10, sender=issuer)
    transfer_terms.addAffiliates(token, [marked], sender=compliance_officer)
    black_out(token, affiliates_only=True)
    trusted.deleteIdentity(marked, sender=compliance_officer)
    with refused(token, marked, Reason.BLACKOUT_PERIOD):
        token.transfer(investor, 1, sender=marked)


def test_transfer__affiliate_with_another_identity__refused(
    token, black_out, wallets, trusted, transfer_terms, create_onchainid, claim, compliance_officer, refused, issuer,
    investor,
):  # fmt: skip
    (marked,) = wallets(GERMANY)
    token.mint(marked, 10, sender=issuer)
    transfer_terms.addAffiliates(token, [marked], sender=compliance_officer)
    black_out(token, affiliates_only=True)
    fresh = create_onchainid()
    claim(fresh, 1)
    claim(fresh, 2)
    trusted.updateIdentity(marked, fresh, sender=compliance_officer)
    with refused(token, marked, Reason.BLACKOUT_PERIOD):
        token.transfer(investor, 1, sender=marked)


def test_transfer__affiliate_to_its_own_wallet__passes(
    token, black_out, wallets, transfer_terms, compliance_officer, issuer
):
    marked, other = wallets(GERMANY, SWITZERLAND)
    token.mint(marked, 10, sender=issuer)
    transfer_terms.addAffiliates(token, [marked], sender=compliance_officer)
    black_out(token, affiliates_only=True)
    token.transfer(other, 10, sender=marked)
    assert token.balanceOf(other) == 10


def test_transfer__to_a_venue_in_a_blackout__refused(token, black_out, admit_venue, pool, refused, investor):
    admit_venue(pool)
    black_out(token)
    with refused(token, investor, Reason.BLACKOUT_PERIOD):
        token.transfer(pool, 1, sender=investor)


def test_transfer__from_a_venue_in_a_blackout__passes(token, black_out, admit_venue, pool, investor, counterparty):
    admit_venue(pool)
    token.transfer(pool, 1, sender=investor)
    black_out(token)
    token.transfer(counterparty, 1, sender=pool)
    assert token.balanceOf(counterparty) == 1


def test_batch_transfer__in_a_blackout__refused(token, black_out, refused, investor, counterparty):
    black_out(token)
    with refused(token, investor, Reason.BLACKOUT_PERIOD):
        token.batchTransfer([counterparty], [1], sender=investor)


def test_burn__in_a_blackout__passes(token, black_out, issuer, investor):
    black_out(token)
    token.burn(investor, 1000, sender=issuer)
    assert token.totalSupply() == 0


def test_forced_transfer__in_a_blackout__passes(token, black_out, compliance_officer, investor, counterparty):
    black_out(token)
    token.forcedTransfer(investor, counterparty, 1, sender=compliance_officer)
    assert token.balanceOf(counterparty) == 1


def test_can_send__in_a_blackout__agrees_with_transfers(token, black_out, admit_venue, pool, investor):
    admit_venue(pool)
    assert token.canSend(investor)
    black_out(token)
    assert not token.canSend(investor)
    assert token.canSend(pool)
    assert token.canReceive(investor)


def test_can_send__blackout_of_affiliates__stops_these(
    token, black_out, transfer_terms, compliance_officer, investor, counterparty
):
    black_out(token, affiliates_only=True)
    transfer_terms.addAffiliates(token, [investor], sender=compliance_officer)
    assert not token.canSend(investor)
    assert token.canSend(counterparty)


# -- Changing terms


def test_remove_pair_rules__way_opens(token, close, transfer_terms, american, compliance_officer, investor):
    close(token)
    close(token, sender=GERMANY)
    transfer_terms.removePairRules(token, [(ANY, UNITED_STATES, 0, NEVER)], sender=compliance_officer)
    token.transfer(american, 1, sender=investor)
    assert [tuple(rule) for rule in transfer_terms.pairRulesOf(token)] == [(GERMANY, UNITED_STATES, 0, NEVER)]


def test_remove_pair_rules__one_that_does_not_stand__passed_over(token, close, transfer_terms, compliance_officer):
    close(token)
    transfer_terms.removePairRules(token, [(ANY, UNITED_STATES, 0, NEVER - 1)], sender=compliance_officer)
    assert [tuple(rule) for rule in transfer_terms.pairRulesOf(token)] == [(ANY, UNITED_STATES, 0, NEVER)]


def test_add_pair_rules__the_same_twice__stands_once(token, close, transfer_terms):
    close(token)
    close(token)
    assert len(transfer_terms.pairRulesOf(token)) == 1


def test_add_pair_rules__ended_ones__make_room(token, close, transfer_terms, chain):
    end = chain.pending_timestamp + DAY
    close(token, end=end)
    chain.mine(timestamp=end)
    close(token, sender=0, end=end + DAY)
    assert [tuple(rule) for rule in transfer_terms.pairRulesOf(token)] == [(0, UNITED_STATES, 0, end + DAY)]


def test_add_pair_rules__too_many__refused(token, transfer_terms, compliance_officer):
    most = transfer_terms.mostTerms()
    rules = [(code, UNITED_STATES, 0, NEVER) for code in range(1, most + 2) if code != 16]
    rules.append((101, UNITED_STATES, 0, NEVER))
    with reverts(transfer_terms.TransferTerms__TooManyTerms, token, most):
        transfer_terms.addPairRules(token, rules, sender=compliance_officer)


@pytest.mark.parametrize("start,end", [(5, 5), (6, 5), (0, 0)])
def test_add_pair_rules__period_without_length__refused(token, transfer_terms, compliance_officer, start, end):
    with reverts(transfer_terms.TransferTerms__InvalidPeriod, start, end):
        transfer_terms.addPairRules(token, [(ANY, UNITED_STATES, start, end)], sender=compliance_officer)
    with reverts(transfer_terms.TransferTerms__InvalidPeriod, start, end):
        transfer_terms.addBlackouts(token, [(start, end, False)], sender=compliance_officer)


@pytest.mark.parametrize("pair", [(PUERTO_RICO, GERMANY), (GERMANY, PUERTO_RICO)])
def test_add_pair_rules__territory__refused(token, transfer_terms, compliance_officer, pair):
    with reverts(transfer_terms.TransferTerms__InvalidCountry, PUERTO_RICO):
        transfer_terms.addPairRules(token, [(*pair, 0, NEVER)], sender=compliance_officer)


def test_remove_blackouts__named_one__no_longer_stops(
    token, black_out, transfer_terms, compliance_officer, investor, counterparty
):
    black_out(token)
    transfer_terms.removeBlackouts(token, [(0, NEVER, False)], sender=compliance_officer)
    token.transfer(counterparty, 1, sender=investor)
    assert list(transfer_terms.blackoutsOf(token)) == []


def test_remove_affiliates__marked_by_another_wallet__mark_stays(token, wallets, transfer_terms, compliance_officer):
    marked, other = wallets(GERMANY, SWITZERLAND)
    transfer_terms.addAffiliates(token, [marked], sender=compliance_officer)
    assert transfer_terms.isAffiliate(token, other)
    transfer_terms.removeAffiliates(token, [other], sender=compliance_officer)
    assert transfer_terms.isAffiliate(token, other)
    transfer_terms.removeAffiliates(token, [marked], sender=compliance_officer)
    assert not transfer_terms.isAffiliate(token, other)


def test_is_affiliate__marked_before_it_had_an_identity__every_wallet_is(
    token, register, trusted, create_onchainid, claim, transfer_terms, compliance_officer, actors
):
    marked, other = register(actors["spender"], GERMANY), actors["router"]
    transfer_terms.addAffiliates(token, [marked], sender=compliance_officer)
    identity = create_onchainid()
    for topic in (1, 2):
        claim(identity, topic)
    trusted.updateIdentity(marked, identity, sender=compliance_officer)
    trusted.registerIdentity(other, identity, SWITZERLAND, sender=compliance_officer)
    assert transfer_terms.isAffiliate(token, other)


def test_is_affiliate__of_another_token__false(token, create_token, transfer_terms, compliance_officer, investor):
    other = create_token(symbol="OTHER", countries=[SWITZERLAND])
    transfer_terms.addAffiliates(other, [investor], sender=compliance_officer)
    assert not transfer_terms.isAffiliate(token, investor)


def test_has_terms__after_the_last_one_went__stays(token, black_out, transfer_terms, compliance_officer):
    assert not transfer_terms.hasTerms(token)
    black_out(token)
    transfer_terms.removeBlackouts(token, [(0, NEVER, False)], sender=compliance_officer)
    assert transfer_terms.hasTerms(token)


CHANGES = {
    "addPairRules": [(ANY, UNITED_STATES, 0, NEVER)],
    "removePairRules": [(ANY, UNITED_STATES, 0, NEVER)],
    "addBlackouts": [(0, NEVER, False)],
    "removeBlackouts": [(0, NEVER, False)],
    "addAffiliates": [NOBODY],
    "removeAffiliates": [NOBODY],
}


@pytest.mark.parametrize("change", CHANGES)
def test_change__by_an_agent_of_a_token__refused(token, transfer_terms, compliance_officer, thief, change):
    token.addAgent(thief, sender=compliance_officer)
    with ape.reverts():
        getattr(transfer_terms, change)(token, CHANGES[change], sender=thief)


@pytest.mark.parametrize("change", [name for name in CHANGES if name.startswith("add")])
def test_change__token_without_rules__refused(transfer_terms, compliance_engine, compliance_officer, wallet, change):
    stranger = wallet()
    with reverts(compliance_engine.AutomatedComplianceEngine__RulesNotSet, stranger):
        getattr(transfer_terms, change)(stranger, CHANGES[change], sender=compliance_officer)


def test_terms__called_by_themselves__refused(compliance_engine, admin, token):
    code = admin.deploy(ape.project.TransferTerms)
    with reverts(compliance_engine.AutomatedComplianceEngine__NotDelegated):
        code.addPairRules(token, CHANGES["addPairRules"], sender=admin)


def test_engine__selector_of_nobody__refused(compliance_engine, thief):
    with ape.reverts():
        thief.transfer(compliance_engine, value=0, data="0x12345678")


def test_views__token_without_rules__have_nothing(transfer_terms, investor, wallet):
    stranger = wallet()
    assert not transfer_terms.isAffiliate(stranger, investor)
    assert transfer_terms.maySell(stranger, investor)
    assert not transfer_terms.hasTerms(stranger)
    assert list(transfer_terms.pairRulesOf(stranger)) == []
