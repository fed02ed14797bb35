"""Rules about amounts: holdings, holders, volume, lock-ups, residence, documents. Sums count, not legs."""

import ape
import pytest

from tests.fixtures.compliance import Reason
from tests.fixtures.protocol import ACCREDITED, DAY, GERMANY, RETAIL, SWITZERLAND, UNITED_STATES, YEAR

PERIOD = 30 * DAY


@pytest.fixture
def holder(token, register, wallet, issuer):
    """`holder(country, amount)`: a new registered wallet."""

    def made(country=SWITZERLAND, amount=0):
        account = register(wallet(), country)
        if amount:
            token.mint(account, amount, sender=issuer)
        return account

    return made


# -- Holdings


def test_transfer__receiver_below_its_minimum__refused(token, set_rule, refused, investor, counterparty):
    set_rule(token, SWITZERLAND, min_holding=100)
    with refused(token, counterparty, Reason.BELOW_MINIMUM_HOLDING):
        token.transfer(counterparty, 99, sender=investor)
    token.transfer(counterparty, 100, sender=investor)
    token.transfer(counterparty, 1, sender=investor)


def test_transfer__sender_keeps_less_than_the_minimum__refused(token, set_rule, refused, investor, counterparty):
    set_rule(token, SWITZERLAND, min_holding=100)
    with refused(token, investor, Reason.BELOW_MINIMUM_HOLDING):
        token.transfer(counterparty, 901, sender=investor)
    token.transfer(counterparty, 1000, sender=investor)


def test_transfer__receiver_above_its_maximum__refused(token, set_rule, refused, investor, counterparty):
    set_rule(token, SWITZERLAND, max_holding=500)
    with refused(token, counterparty, Reason.ABOVE_MAXIMUM_HOLDING):
        token.transfer(counterparty, 501, sender=investor)
    token.transfer(counterparty, 500, sender=investor)
    with refused(token, counterparty, Reason.ABOVE_MAXIMUM_HOLDING):
        token.transfer(counterparty, 1, sender=investor)


def test_mint__above_the_maximum__refused(token, set_rule, refused, issuer, counterparty):
    set_rule(token, SWITZERLAND, max_holding=500)
    with refused(token, counterparty, Reason.ABOVE_MAXIMUM_HOLDING):
        token.mint(counterparty, 501, sender=issuer)


def test_forced_transfer__above_the_maximum__refused(
    token, set_rule, refused, compliance_officer, investor, counterparty
):
    set_rule(token, SWITZERLAND, max_holding=500)
    with refused(token, counterparty, Reason.ABOVE_MAXIMUM_HOLDING):
        token.forcedTransfer(investor, counterparty, 501, sender=compliance_officer)


def test_transfer__to_oneself_above_a_later_maximum__moved(token, set_rule, investor):
    set_rule(token, SWITZERLAND, max_holding=500)
    token.transfer(investor, 1000, sender=investor)
    assert token.balanceOf(investor) == 1000


def test_transfer__second_wallet_of_one_investor__counts_to_the_same_maximum(
    trusted, create_onchainid, claim, token, set_rule, refused, wallet, compliance_officer, investor
):
    set_rule(token, SWITZERLAND, max_holding=500)
    identity = create_onchainid()
    claim(identity, 1)
    claim(identity, 2)
    first, second = wallet(), wallet()
    for account in (first, second):
        trusted.registerIdentity(account, identity, SWITZERLAND, sender=compliance_officer)
    token.transfer(first, 300, sender=investor)
    with refused(token, second, Reason.ABOVE_MAXIMUM_HOLDING):
        token.transfer(second, 201, sender=investor)
    token.transfer(second, 200, sender=investor)


# -- Sums, not legs


def test_batch_transfer__same_receiver_twice__the_sum_counts(token, set_rule, refused, investor, counterparty):
    set_rule(token, SWITZERLAND, max_holding=500)
    with refused(token, counterparty, Reason.ABOVE_MAXIMUM_HOLDING):
        token.batchTransfer([counterparty, counterparty], [300, 300], sender=investor)


def test_batch_transfer__legs_below_the_minimum_that_sum_up__moved(token, set_rule, investor, counterparty):
    set_rule(token, SWITZERLAND, min_holding=100)
    token.batchTransfer([counterparty] * 3, [40, 30, 30], sender=investor)
    assert token.balanceOf(counterparty) == 100


def test_batch_transfer__all_of_it_in_legs__sender_may_leave(token, set_rule, holder, investor):
    set_rule(token, SWITZERLAND, min_holding=100)
    # After the first leg the sender would hold 50, less than the minimum, if legs counted.
    token.batchTransfer([holder(amount=100), holder(amount=100)], [950, 50], sender=investor)
    assert token.balanceOf(investor) == 0


def test_batch_transfer__volume_in_legs__the_sum_counts(token, set_rule, refused, holder, investor):
    set_rule(token, SWITZERLAND, volume_limit=500, period=PERIOD)
    with refused(token, investor, Reason.VOLUME_EXCEEDED):
        token.batchTransfer([holder(), holder()], [250, 251], sender=investor)
    token.batchTransfer([holder(), holder()], [250, 250], sender=investor)


def test_batch_transfer__leaving_makes_room_for_one__not_for_two(
    token, compliance_engine, compliance_officer, refused, holder, investor
):
    first, second = holder(), holder()
    compliance_engine.setTokenRule(token, (0, 1), sender=compliance_officer)
    with refused(token, second, Reason.TOO_MANY_HOLDERS):
        token.batchTransfer([first, second], [500, 500], sender=investor)
    token.batchTransfer([first, first], [500, 500], sender=investor)
    assert compliance_engine.holdersOf(token, SWITZERLAND) == (1, 1)


def test_batch_mint__same_receiver_twice__the_sum_counts(token, set_rule, refused, issuer, counterparty):
    set_rule(token, SWITZERLAND, max_holding=500)
    with refused(token, counterparty, Reason.ABOVE_MAXIMUM_HOLDING):
        token.batchMint([counterparty, counterparty], [300, 300], sender=issuer)
    token.batchMint([counterparty, counterparty], [300, 200], sender=issuer)


def test_batch_transfer__legs_below_a_threshold__reported_by_their_sum(
    token, compliance_engine, set_rule, holder, investor
):
    set_rule(token, SWITZERLAND, report_threshold=500)
    token.batchTransfer([holder(), holder()], [250, 250], sender=investor)
    assert compliance_engine.logOf(token).entries == 2


# -- Holders


def test_holders__come_and_go__counted(token, compliance_engine, holder, investor, issuer, compliance_officer):
    counted = compliance_engine.holdersOf
    german = holder(GERMANY)
    assert (counted(token, SWITZERLAND), counted(token, GERMANY)) == ((1, 1), (1, 0))
    token.transfer(german, 400, sender=investor)
    assert (counted(token, SWITZERLAND), counted(token, GERMANY)) == ((2, 1), (2, 1))
    token.transfer(german, 100, sender=investor)
    token.forcedTransfer(investor, german, 500, sender=compliance_officer)
    assert (counted(token, SWITZERLAND), counted(token, GERMANY)) == ((1, 0), (1, 1))
    token.burn(german, 1000, sender=issuer)
    assert counted(token, GERMANY) == (0, 0)


def test_holders__moves_of_nothing_and_to_oneself__not_counted(token, compliance_engine, investor, counterparty):
    token.transfer(counterparty, 0, sender=investor)
    token.transfer(investor, 1000, sender=investor)
    token.batchTransfer([investor, investor], [500, 500], sender=investor)
    assert compliance_engine.holdersOf(token, SWITZERLAND) == (1, 1)


def test_holders__venue_account__not_counted(token, compliance_engine, admit_venue, investor, pool):
    admit_venue(pool)
    token.transfer(pool, 100, sender=investor)
    assert compliance_engine.holdersOf(token, SWITZERLAND) == (1, 1)
    assert compliance_engine.holderOf(token, pool).country == 0


def test_holders__one_too_many__refused(
    token, compliance_engine, compliance_officer, refused, issuer, investor, counterparty
):
    compliance_engine.setTokenRule(token, (0, 1), sender=compliance_officer)
    with refused(token, counterparty, Reason.TOO_MANY_HOLDERS):
        token.transfer(counterparty, 999, sender=investor)
    with refused(token, counterparty, Reason.TOO_MANY_HOLDERS):
        token.mint(counterparty, 1, sender=issuer)
    token.transfer(counterparty, 1000, sender=investor)


def test_holders__one_too_many_in_a_country__refused(token, set_rule, refused, holder, investor):
    set_rule(token, GERMANY, max_holders=1)
    first, second = holder(GERMANY), holder(GERMANY)
    token.transfer(first, 10, sender=investor)
    with refused(token, second, Reason.TOO_MANY_HOLDERS_IN_COUNTRY):
        token.transfer(second, 10, sender=investor)


@pytest.fixture
def one_holder(compliance_engine, token, compliance_officer):
    """One holder is all that the token may have."""
    compliance_engine.setTokenRule(token, (0, 1), sender=compliance_officer)


@pytest.fixture
def invested_venue(token, admit_venue, register, identity_registry, compliance_officer, investor, pool):
    """A venue account that holds 50 and became an investor afterwards."""
    admit_venue(pool)
    token.transfer(pool, 50, sender=investor)
    identity_registry.setVenueAccount(pool, False, sender=compliance_officer)
    return register(pool)


def test_holders__venue_that_became_an_investor__has_to_fit_before_it_receives(
    token, compliance_engine, invested_venue, one_holder, refused, investor, issuer
):
    with refused(token, invested_venue, Reason.TOO_MANY_HOLDERS):
        token.transfer(invested_venue, 10, sender=investor)
    with refused(token, invested_venue, Reason.TOO_MANY_HOLDERS):
        token.mint(invested_venue, 10, sender=issuer)
    assert compliance_engine.issuable(token, invested_venue) == (0, 0)


def test_holders__venue_that_became_an_investor__is_counted_when_it_moves(
    token, compliance_engine, compliance_officer, invested_venue, investor
):
    compliance_engine.setTokenRule(token, (0, 5), sender=compliance_officer)
    token.transfer(investor, 10, sender=invested_venue)
    assert compliance_engine.holderOf(token, invested_venue).country == SWITZERLAND
    assert compliance_engine.holdersOf(token, SWITZERLAND) == (2, 2)


def test_holders__holder_that_became_a_venue__is_not_counted_once_it_moves(
    token, compliance_engine, compliance_officer, identity_registry, admit_venue, holder, investor
):
    compliance_engine.setTokenRule(token, (0, 5), sender=compliance_officer)
    other = holder(amount=10)
    identity_registry.deleteIdentity(other, sender=compliance_officer)
    admit_venue(other)
    token.transfer(other, 10, sender=investor)
    assert compliance_engine.holderOf(token, other).country == 0
    assert compliance_engine.holdersOf(token, SWITZERLAND) == (1, 1)


def test_holders__moved_to_a_full_country__receives_nothing_more_there(
    token, compliance_engine, set_rule, identity_registry, compliance_officer, refused, holder, investor
):
    set_rule(token, GERMANY, max_holders=1)
    holder(GERMANY, 10)
    identity_registry.updateCountry(investor, GERMANY, sender=compliance_officer)
    mover = holder(amount=0)
    with refused(token, investor, Reason.TOO_MANY_HOLDERS_IN_COUNTRY):
        token.forcedTransfer(holder(amount=10), investor, 5, sender=compliance_officer)
    token.transfer(mover, 10, sender=investor)
    assert compliance_engine.holdersOf(token, GERMANY)[1] == 2
    token.transfer(mover, 10, sender=investor)


def test_holders__moved_abroad__leaves_where_it_was_counted(
    token, compliance_engine, identity_registry, compliance_officer, holder, investor
):
    mover = holder(GERMANY, 10)
    identity_registry.updateCountry(mover, SWITZERLAND, sender=compliance_officer)
    assert compliance_engine.holdersOf(token, GERMANY) == (2, 1)
    token.forcedTransfer(mover, investor, 10, sender=compliance_officer)
    assert compliance_engine.holdersOf(token, GERMANY) == (1, 0)


def test_recount__moved_abroad__counted_where_it_is(
    token, compliance_engine, identity_registry, compliance_officer, holder, thief
):
    mover = holder(GERMANY, 10)
    identity_registry.updateCountry(mover, SWITZERLAND, sender=compliance_officer)
    compliance_engine.recount(token, mover, sender=thief)
    compliance_engine.recount(token, mover, sender=thief)
    assert compliance_engine.holdersOf(token, SWITZERLAND) == (2, 2)
    assert compliance_engine.holdersOf(token, GERMANY) == (2, 0)


def test_recount__venue_that_became_an_investor__counted(
    token, compliance_engine, admit_venue, identity_registry, compliance_officer, register, investor, pool, thief
):
    admit_venue(pool)
    token.transfer(pool, 100, sender=investor)
    identity_registry.setVenueAccount(pool, False, sender=compliance_officer)
    register(pool)
    compliance_engine.recount(token, pool, sender=thief)
    assert compliance_engine.holdersOf(token, SWITZERLAND) == (2, 2)


def test_recount__holder_that_became_a_venue__not_counted(
    token, compliance_engine, admit_venue, identity_registry, compliance_officer, investor, thief
):
    identity_registry.deleteIdentity(investor, sender=compliance_officer)
    admit_venue(investor)
    compliance_engine.recount(token, investor, sender=thief)
    assert compliance_engine.holdersOf(token, SWITZERLAND) == (0, 0)


def test_recount__holder_that_was_forgotten__stays_counted(
    token, compliance_engine, identity_registry, compliance_officer, investor, thief
):
    identity_registry.deleteIdentity(investor, sender=compliance_officer)
    compliance_engine.recount(token, investor, sender=thief)
    assert compliance_engine.holdersOf(token, SWITZERLAND) == (1, 1)


@pytest.mark.parametrize("stranger", ["counterparty", "thief"])
def test_recount__no_holder__nothing(token, compliance_engine, actors, stranger, thief):
    compliance_engine.recount(token, actors[stranger], sender=thief)
    assert compliance_engine.holdersOf(token, SWITZERLAND) == (1, 1)


def test_holders__batch_that_starts_with_nothing__sender_leaves(token, compliance_engine, holder, investor):
    """Found by the model: the first receiver got nothing, and the sender stayed counted."""
    token.batchTransfer([holder(), holder()], [0, 1000], sender=investor)
    assert compliance_engine.holderOf(token, investor).country == 0
    assert compliance_engine.holdersOf(token, SWITZERLAND) == (1, 1)


# -- Directions


def test_transfer__country_lets_nothing_out__refused(token, set_rule, refused, issuer, investor, counterparty):
    set_rule(token, SWITZERLAND, outbound_blocked=True)
    with refused(token, investor, Reason.OUTBOUND_BLOCKED):
        token.transfer(counterparty, 1, sender=investor)
    token.burn(investor, 10, sender=issuer)


def test_transfer__country_lets_nothing_in__refused(token, set_rule, refused, holder, investor, issuer):
    german = holder(GERMANY)
    set_rule(token, GERMANY, inbound_blocked=True)
    with refused(token, german, Reason.INBOUND_BLOCKED):
        token.transfer(german, 1, sender=investor)
    with refused(token, german, Reason.INBOUND_BLOCKED):
        token.mint(german, 1, sender=issuer)


def test_transfer__residents_only__both_ways_refused(token, set_rule, refused, holder, admit_venue, investor, pool):
    german, other = holder(GERMANY, 10), holder(UNITED_STATES)
    set_rule(token, SWITZERLAND, resident_only=True)
    with refused(token, investor, Reason.RESIDENTS_ONLY):
        token.transfer(german, 1, sender=investor)
    admit_venue(pool)
    with refused(token, investor, Reason.RESIDENTS_ONLY):
        token.transfer(pool, 1, sender=investor)
    set_rule(token, SWITZERLAND)
    set_rule(token, UNITED_STATES, resident_only=True)
    with refused(token, other, Reason.RESIDENTS_ONLY):
        token.transfer(other, 1, sender=investor)


def test_transfer__residents_among_themselves__moved(token, set_rule, issuer, investor, counterparty):
    set_rule(token, SWITZERLAND, resident_only=True)
    token.transfer(counterparty, 1, sender=investor)
    token.mint(counterparty, 1, sender=issuer)
    assert token.balanceOf(counterparty) == 2


# -- Volume


def test_volume__limit_reached__refused_until_a_period_later(
    token, compliance_engine, set_rule, refused, chain, investor, counterparty
):
    set_rule(token, SWITZERLAND, volume_limit=100, period=PERIOD)
    token.transfer(counterparty, 60, sender=investor)
    assert compliance_engine.volumeOf(token, investor, SWITZERLAND) == 60
    with refused(token, investor, Reason.VOLUME_EXCEEDED):
        token.transfer(counterparty, 41, sender=investor)
    token.transfer(counterparty, 40, sender=investor)
    chain.mine(timestamp=chain.pending_timestamp + PERIOD - 10)
    with refused(token, investor, Reason.VOLUME_EXCEEDED):
        token.transfer(counterparty, 1, sender=investor)
    chain.mine(timestamp=chain.pending_timestamp + PERIOD // 3 + 20)
    token.transfer(counterparty, 100, sender=investor)


def test_volume__shorter_period__what_counted_still_counts(
    token, compliance_engine, set_rule, refused, investor, counterparty
):
    set_rule(token, SWITZERLAND, volume_limit=100, period=PERIOD)
    token.transfer(counterparty, 100, sender=investor)
    set_rule(token, SWITZERLAND, volume_limit=100, period=DAY)
    with refused(token, investor, Reason.VOLUME_EXCEEDED):
        token.transfer(counterparty, 1, sender=investor)
    assert compliance_engine.volumeOf(token, investor, SWITZERLAND) == 100


def test_volume__issues_and_forced_transfers__do_not_count(
    token, compliance_engine, set_rule, issuer, compliance_officer, investor, counterparty
):
    set_rule(token, SWITZERLAND, volume_limit=100, period=PERIOD)
    token.mint(investor, 500, sender=issuer)
    token.forcedTransfer(investor, counterparty, 500, sender=compliance_officer)
    token.burn(investor, 500, sender=issuer)
    assert compliance_engine.volumeOf(token, investor, SWITZERLAND) == 0


# -- Lock-ups


def test_lockup__issued_under_it__moves_when_it_is_over(
    token, compliance_engine, set_rule, refused, chain, issuer, investor, counterparty
):
    set_rule(token, SWITZERLAND, lockup=180 * DAY)
    token.mint(investor, 500, sender=issuer)
    assert compliance_engine.holderOf(token, investor).locked == 500
    token.transfer(counterparty, 1000, sender=investor)
    with refused(token, investor, Reason.LOCKED_UP):
        token.transfer(counterparty, 1, sender=investor)
    chain.mine(timestamp=compliance_engine.holderOf(token, investor).unlocksAt)
    token.transfer(counterparty, 500, sender=investor)


def test_lockup__what_a_holder_is_sent__is_free(token, set_rule, issuer, investor, counterparty):
    token.transfer(counterparty, 10, sender=investor)
    set_rule(token, SWITZERLAND, lockup=180 * DAY)
    token.mint(counterparty, 500, sender=issuer)
    # Dust from a stranger restarts nobody's lock.
    token.transfer(counterparty, 1, sender=investor)
    token.transfer(investor, 11, sender=counterparty)


def test_lockup__monthly_issues__each_is_free_a_year_later(
    token, compliance_engine, register, set_rule, refused, chain, issuer, investor, counterparty
):
    for account in (investor, counterparty):
        register(account, expiry=2**40 - 1)
    set_rule(token, SWITZERLAND, lockup=360 * DAY)
    for _ in range(36):
        token.mint(counterparty, 100, sender=issuer)
        chain.mine(timestamp=chain.pending_timestamp + 30 * DAY)
    assert compliance_engine.holderOf(token, counterparty).locked == 1_100
    with refused(token, counterparty, Reason.LOCKED_UP):
        token.transfer(investor, 2_501, sender=counterparty)
    token.transfer(investor, 2_500, sender=counterparty)


def test_lockup__issues_of_one_day__share_a_tranche_and_the_later_end(
    token, compliance_engine, set_rule, chain, issuer, counterparty
):
    set_rule(token, SWITZERLAND, lockup=180 * DAY)
    midnight = (chain.pending_timestamp // DAY + 1) * DAY
    chain.mine(timestamp=midnight)
    token.mint(counterparty, 500, sender=issuer)
    chain.mine(timestamp=midnight + DAY // 2)
    token.mint(counterparty, 100, sender=issuer)
    end = chain.blocks.head.timestamp + 180 * DAY
    assert [tuple(tranche) for tranche in compliance_engine.tranchesOf(token, counterparty)] == [(600, end)]


def test_lockup__more_days_than_tranches__closest_ones_are_joined_and_nothing_is_free_early(
    token, compliance_engine, set_rule, chain, issuer, counterparty
):
    set_rule(token, SWITZERLAND, lockup=360 * DAY)
    ends = []
    for day in range(67):
        token.mint(counterparty, 1, sender=issuer)
        ends.append(chain.blocks.head.timestamp + 360 * DAY)
        chain.mine(timestamp=chain.pending_timestamp + (2 if day % 20 == 19 else 3) * DAY)
    tranches = [tuple(tranche) for tranche in compliance_engine.tranchesOf(token, counterparty)]
    assert (len(tranches), sum(amount for amount, _ in tranches)) == (64, 67)
    for end in ends:
        assert sum(amount for amount, until in tranches if until <= end) <= sum(other <= end for other in ends)


def test_lockup__forced_out__what_is_free_first_goes_first(
    token, compliance_engine, set_rule, chain, issuer, compliance_officer, investor, counterparty
):
    set_rule(token, SWITZERLAND, lockup=180 * DAY)
    token.mint(counterparty, 500, sender=issuer)
    first = chain.blocks.head.timestamp + 180 * DAY
    chain.mine(timestamp=chain.pending_timestamp + 10 * DAY)
    token.mint(counterparty, 100, sender=issuer)
    second = chain.blocks.head.timestamp + 180 * DAY
    token.forcedTransfer(counterparty, investor, 520, sender=compliance_officer)
    assert [tuple(t) for t in compliance_engine.tranchesOf(token, investor)] == [(500, first), (20, second)]
    assert [tuple(t) for t in compliance_engine.tranchesOf(token, counterparty)] == [(80, second)]


def test_lockup__bought_from_a_treasury__starts(
    token, compliance_engine, compliance_officer, set_rule, refused, investor, counterparty
):
    set_rule(token, SWITZERLAND, lockup=180 * DAY)
    token.transfer(counterparty, 10, sender=investor)
    compliance_engine.addTreasury(token, investor, sender=compliance_officer)
    token.transfer(counterparty, 100, sender=investor)
    with refused(token, counterparty, Reason.LOCKED_UP):
        token.transfer(investor, 11, sender=counterparty)
    token.transfer(investor, 10, sender=counterparty)
    compliance_engine.removeTreasury(token, investor, sender=compliance_officer)
    token.transfer(counterparty, 10, sender=investor)
    assert compliance_engine.holderOf(token, counterparty).locked == 100


@pytest.mark.parametrize("change", ["addTreasury", "removeTreasury"])
def test_treasury__by_a_stranger__refused(token, compliance_engine, thief, change):
    with ape.reverts():
        getattr(compliance_engine, change)(token, thief, sender=thief)


def test_lockup__issue_of_nothing__restarts_nothing(token, compliance_engine, set_rule, chain, issuer, counterparty):
    """Found by the model."""
    set_rule(token, SWITZERLAND, lockup=180 * DAY)
    token.mint(counterparty, 500, sender=issuer)
    before = tuple(compliance_engine.holderOf(token, counterparty))
    chain.mine(timestamp=chain.pending_timestamp + DAY)
    token.mint(counterparty, 0, sender=issuer)
    assert tuple(compliance_engine.holderOf(token, counterparty)) == before


def test_lockup__forced_out__travels_with_the_tokens(
    token, compliance_engine, set_rule, refused, issuer, compliance_officer, investor, counterparty
):
    set_rule(token, SWITZERLAND, lockup=180 * DAY)
    token.mint(investor, 500, sender=issuer)
    token.forcedTransfer(investor, counterparty, 1200, sender=compliance_officer)
    assert compliance_engine.holderOf(token, investor).locked == 300
    assert compliance_engine.holderOf(token, counterparty).locked == 200
    with refused(token, counterparty, Reason.LOCKED_UP):
        token.transfer(investor, 1001, sender=counterparty)


def test_lockup__burned__gone(token, compliance_engine, set_rule, issuer, investor):
    set_rule(token, SWITZERLAND, lockup=180 * DAY)
    token.mint(investor, 500, sender=issuer)
    token.burn(investor, 1400, sender=issuer)
    assert compliance_engine.holderOf(token, investor).locked == 100


# -- Topics, documents, accreditation


def test_transfer__document_missing__refused_until_filed(
    token, identity_registry, compliance_officer, set_rule, refused, investor, counterparty
):
    set_rule(token, SWITZERLAND, documents=0b101)
    identity_registry.setDocuments(counterparty, 0b001, sender=compliance_officer)
    with refused(token, counterparty, Reason.DOCUMENT_MISSING):
        token.transfer(counterparty, 1, sender=investor)
    identity_registry.setDocuments(counterparty, 0b111, sender=compliance_officer)
    token.transfer(counterparty, 1, sender=investor)


def test_transfer__topic_that_the_token_needs_is_missing__refused(
    trusted, create_onchainid, claim, token, compliance_engine, compliance_officer, refused, wallet, investor
):
    identity = create_onchainid()
    claim(identity, 1)
    claim(identity, 2)
    account = wallet()
    trusted.registerIdentity(account, identity, SWITZERLAND, sender=compliance_officer)
    needed = 1 << trusted.topicTerms(3).index
    compliance_engine.tightenTokenRule(token, (needed, 0), sender=compliance_officer)
    with refused(token, account, Reason.CLAIM_MISSING):
        token.transfer(account, 1, sender=investor)
    claim(identity, 3)
    trusted.refresh(account, sender=investor)
    token.transfer(account, 1, sender=investor)


def test_transfer__accreditation_lapsed__counts_as_retail(
    trusted,
    create_onchainid,
    claim,
    token,
    compliance_engine,
    compliance_officer,
    set_rule,
    refused,
    chain,
    wallet,
    investor,
):
    identity, account = create_onchainid(), wallet()
    lapse = chain.pending_timestamp + 1_000
    claim(identity, 1)
    claim(identity, 2)
    claim(identity, 3, lapse)
    trusted.registerIdentity(account, identity, SWITZERLAND, sender=compliance_officer)
    set_rule(token, SWITZERLAND, classes=1 << ACCREDITED)
    assert compliance_engine.eligibility(token, account) == Reason.NONE
    chain.mine(timestamp=lapse)
    with refused(token, account, Reason.ACCREDITATION_EXPIRED):
        token.transfer(account, 1, sender=investor)
    set_rule(token, SWITZERLAND, classes=1 << RETAIL)
    token.transfer(account, 1, sender=investor)


def test_every_rule__burn__passes(token, set_rule, issuer, investor):
    set_rule(
        token,
        SWITZERLAND,
        outbound_blocked=True,
        inbound_blocked=True,
        resident_only=True,
        documents=0xFFFF,
        lockup=YEAR,
        min_holding=10_000,
        volume_limit=1,
        period=DAY,
    )
    token.burn(investor, 999, sender=issuer)
    assert token.balanceOf(investor) == 1
