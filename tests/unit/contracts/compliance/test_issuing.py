"""Limits on what is issued, and lock-ups that run from the issue."""

import pytest

from tests.fixtures.compliance import Reason
from tests.fixtures.protocol import DAY, GERMANY, UNITED_STATES, YEAR
from tests.reverts import reverts

EVERYWHERE = 65_535
NO_LIMIT = (0, 0, 0)
LOCKUP = 180 * DAY


@pytest.fixture
def limit(compliance_engine, token, compliance_officer):
    """`limit(country, cap, most, period)`: sets the token's rule for issuing."""

    def limited(country=EVERYWHERE, cap=0, most=0, period=0):
        compliance_engine.setIssueRule(token, country, (cap, most, period), sender=compliance_officer)

    return limited


@pytest.fixture
def german(register, spender):
    """An investor who holds nothing."""
    return register(spender, GERMANY)


@pytest.fixture
def american(register, pool):
    """An investor who holds nothing."""
    return register(pool, UNITED_STATES)


# -- The supply cap


def test_mint__above_the_supply_cap__refused(token, limit, refused, issuer, investor, counterparty):
    limit(cap=1_100)
    with refused(token, counterparty, Reason.SUPPLY_CAP_EXCEEDED):
        token.mint(counterparty, 101, sender=issuer)
    token.mint(counterparty, 100, sender=issuer)
    with refused(token, investor, Reason.SUPPLY_CAP_EXCEEDED):
        token.mint(investor, 1, sender=issuer)


def test_batch_mint__above_the_supply_cap_in_all__refused(token, limit, refused, issuer, german, counterparty):
    limit(cap=1_100)
    with refused(token, counterparty, Reason.SUPPLY_CAP_EXCEEDED):
        token.batchMint([counterparty, german], [60, 41], sender=issuer)
    token.batchMint([counterparty, german], [60, 40], sender=issuer)


def test_burn__under_a_supply_cap__makes_room(token, limit, issuer, investor, counterparty):
    limit(cap=1_000)
    token.burn(investor, 100, sender=issuer)
    token.mint(counterparty, 100, sender=issuer)
    assert token.totalSupply() == 1_000


def test_transfer__supply_above_its_cap__moves(token, limit, investor, counterparty):
    limit(cap=500)
    token.transfer(counterparty, 100, sender=investor)
    assert token.balanceOf(counterparty) == 100


# -- Issuance limits


def test_mint__above_the_periods_limit__refused_until_it_is_over(token, limit, refused, chain, issuer, counterparty):
    limit(most=100, period=30 * DAY)
    token.mint(counterparty, 60, sender=issuer)
    with refused(token, counterparty, Reason.ISSUANCE_EXCEEDED):
        token.mint(counterparty, 41, sender=issuer)
    token.mint(counterparty, 40, sender=issuer)
    issued = chain.blocks.head.timestamp
    chain.mine(timestamp=issued + 30 * DAY - 1)
    with refused(token, counterparty, Reason.ISSUANCE_EXCEEDED):
        token.mint(counterparty, 1, sender=issuer)
    chain.mine(timestamp=issued + 40 * DAY)
    token.mint(counterparty, 100, sender=issuer)


def test_mint__limit_of_a_country__counts_its_holders_alone(token, limit, refused, issuer, german, counterparty):
    limit(country=GERMANY, most=100, period=YEAR)
    token.mint(counterparty, 1_000, sender=issuer)
    token.mint(german, 100, sender=issuer)
    with refused(token, german, Reason.ISSUANCE_EXCEEDED):
        token.mint(german, 1, sender=issuer)


def test_batch_mint__limit_in_all__counts_every_leg(token, limit, refused, issuer, german, counterparty):
    limit(most=100, period=YEAR)
    with refused(token, german, Reason.ISSUANCE_EXCEEDED):
        token.batchMint([counterparty, german], [60, 41], sender=issuer)
    token.batchMint([counterparty, german], [60, 40], sender=issuer)


def test_mint__burned_in_between__makes_no_room(token, limit, refused, issuer, counterparty):
    limit(most=100, period=YEAR)
    token.mint(counterparty, 100, sender=issuer)
    token.burn(counterparty, 100, sender=issuer)
    with refused(token, counterparty, Reason.ISSUANCE_EXCEEDED):
        token.mint(counterparty, 1, sender=issuer)


def test_transfer__between_holders__is_no_issue(token, limit, compliance_engine, investor, counterparty):
    limit(most=100, period=YEAR)
    token.transfer(counterparty, 500, sender=investor)
    assert compliance_engine.issuedIn(token, EVERYWHERE) == 0


def test_treasury__sells__is_an_issue_and_what_it_receives_is_none(
    token, limit, compliance_engine, compliance_officer, refused, issuer, investor, german
):
    limit(country=GERMANY, most=100, period=YEAR)
    limit(most=150, period=YEAR)
    compliance_engine.addTreasury(token, investor, sender=compliance_officer)
    token.mint(investor, 5_000, sender=issuer)
    assert compliance_engine.issuedIn(token, EVERYWHERE) == 0
    token.transfer(german, 100, sender=investor)
    with refused(token, german, Reason.ISSUANCE_EXCEEDED):
        token.transfer(german, 1, sender=investor)
    assert compliance_engine.issuedIn(token, EVERYWHERE) == compliance_engine.issuedIn(token, GERMANY) == 100


def test_issuable__limits__is_what_may_still_be_issued(token, limit, compliance_engine, issuer, counterparty, german):
    limit(cap=1_500, most=400, period=YEAR)
    assert compliance_engine.issuable(token, counterparty).most == 400
    token.mint(german, 300, sender=issuer)
    assert compliance_engine.issuable(token, counterparty).most == 100
    limit(cap=1_350, most=400, period=YEAR)
    assert compliance_engine.issuable(token, counterparty).most == 50


def test_check_transfer__mint_above_a_limit__says_what_the_mint_would(
    token, limit, compliance_engine, issuer, counterparty
):
    nobody = "0x" + "00" * 20
    limit(cap=1_100)
    checked = compliance_engine.checkTransfer(token, issuer, nobody, counterparty, 101)
    assert tuple(checked) == (counterparty.address, Reason.SUPPLY_CAP_EXCEEDED)
    assert compliance_engine.checkTransfer(token, issuer, nobody, counterparty, 100).reason == Reason.NONE


# -- Setting


def test_set_issue_rule__set__is_read_back_and_told(token, compliance_engine, compliance_officer):
    wanted = (5 * 10**24, 10**24, YEAR)
    receipt = compliance_engine.setIssueRule(token, EVERYWHERE, wanted, sender=compliance_officer)
    (event,) = receipt.events
    assert (event.country, tuple(event.rule)) == (EVERYWHERE, wanted)
    assert tuple(compliance_engine.issueRuleOf(token, EVERYWHERE)) == wanted
    assert tuple(compliance_engine.issueRuleOf(token, 0)) == NO_LIMIT


@pytest.mark.parametrize(
    ("country", "wrong"),
    [(GERMANY, (1, 0, 0)), (EVERYWHERE, (0, 1, 0)), (EVERYWHERE, (0, 0, YEAR)), (GERMANY, (0, 1, 2))],
)
def test_set_issue_rule__nonsense__refused(token, compliance_engine, compliance_officer, country, wrong):
    with reverts(compliance_engine.AutomatedComplianceEngine__InvalidRule, country):
        compliance_engine.setIssueRule(token, country, wrong, sender=compliance_officer)


def test_set_issue_rule__inexact_amount__refused(token, compliance_engine, compliance_officer):
    with reverts(compliance_engine.AutomatedComplianceEngine__InexactAmount, 10**15 + 1):
        compliance_engine.setIssueRule(token, EVERYWHERE, (10**15 + 1, 0, 0), sender=compliance_officer)


def test_set_issue_rule__token_without_rules__refused(compliance_engine, compliance_officer, thief):
    with reverts(compliance_engine.AutomatedComplianceEngine__RulesNotSet, thief):
        compliance_engine.setIssueRule(thief, EVERYWHERE, (1, 0, 0), sender=compliance_officer)


@pytest.mark.parametrize("change", ["setIssueRule", "tightenIssueRule"])
def test_issue_rule__by_a_stranger__refused(token, compliance_engine, thief, change):
    with reverts(compliance_engine.AccessManagedUnauthorized, thief):
        getattr(compliance_engine, change)(token, EVERYWHERE, (1, 0, 0), sender=thief)


def test_tighten_issue_rule__tighter__acts(token, compliance_engine, compliance_officer):
    for wanted in ((2_000, 0, 0), (1_500, 100, DAY), (1_500, 90, 2 * DAY)):
        compliance_engine.tightenIssueRule(token, EVERYWHERE, wanted, sender=compliance_officer)
        assert tuple(compliance_engine.issueRuleOf(token, EVERYWHERE)) == wanted


@pytest.mark.parametrize("looser", [(0, 100, YEAR), (501, 100, YEAR), (500, 0, 0), (500, 101, YEAR), (500, 100, DAY)])
def test_tighten_issue_rule__looser__refused(token, limit, compliance_engine, compliance_officer, looser):
    limit(cap=500, most=100, period=YEAR)
    with reverts(compliance_engine.AutomatedComplianceEngine__NotTighter, token, EVERYWHERE):
        compliance_engine.tightenIssueRule(token, EVERYWHERE, looser, sender=compliance_officer)


# -- Lock-ups that run from the issue: nobody named a treasury


def test_lockup__bought_from_who_was_just_issued__runs_from_the_issue(
    token, compliance_engine, set_rule, refused, chain, issuer, counterparty, american
):
    set_rule(token, UNITED_STATES, lockup=LOCKUP)
    token.mint(counterparty, 1_000, sender=issuer)
    issued = chain.blocks.head.timestamp
    assert compliance_engine.freeIssueOf(token, counterparty) == issued
    chain.mine(timestamp=issued + 30 * DAY)
    token.transfer(american, 100, sender=counterparty)
    assert tuple(compliance_engine.holderOf(token, american))[1:] == (100, issued + LOCKUP)
    with refused(token, american, Reason.LOCKED_UP):
        token.transfer(counterparty, 1, sender=american)
    chain.mine(timestamp=issued + LOCKUP)
    token.transfer(counterparty, 100, sender=american)


def test_lockup__bought_long_after_the_issue__is_free(
    token, compliance_engine, set_rule, chain, issuer, counterparty, american
):
    set_rule(token, UNITED_STATES, lockup=LOCKUP)
    token.mint(counterparty, 1_000, sender=issuer)
    chain.mine(timestamp=chain.blocks.head.timestamp + LOCKUP)
    token.transfer(american, 100, sender=counterparty)
    assert compliance_engine.holderOf(token, american).locked == 0


def test_lockup__between_countries_without_one__is_free(
    token, compliance_engine, set_rule, issuer, counterparty, german
):
    set_rule(token, UNITED_STATES, lockup=LOCKUP)
    token.mint(counterparty, 1_000, sender=issuer)
    token.transfer(german, 100, sender=counterparty)
    assert compliance_engine.holderOf(token, german).locked == 0


def test_lockup__none_in_any_country__issues_leave_nothing(token, compliance_engine, issuer, counterparty):
    token.mint(counterparty, 1_000, sender=issuer)
    assert compliance_engine.freeIssueOf(token, counterparty) == 0


def test_lockup__sent_by_who_was_never_issued__is_free(
    token, compliance_engine, set_rule, investor, counterparty, american
):
    """A stranger's dust locks nobody: the investor was issued its tokens before there was a lock-up."""
    set_rule(token, UNITED_STATES, lockup=LOCKUP)
    token.transfer(american, 100, sender=investor)
    assert compliance_engine.holderOf(token, american).locked == 0


def test_lockup__treasury_sells_late__runs_from_the_sale(
    token, compliance_engine, compliance_officer, set_rule, chain, issuer, counterparty, american
):
    """A treasury's own holding does not season what it sells."""
    set_rule(token, UNITED_STATES, lockup=LOCKUP)
    token.mint(counterparty, 1_000, sender=issuer)
    compliance_engine.addTreasury(token, counterparty, sender=compliance_officer)
    chain.mine(timestamp=chain.blocks.head.timestamp + LOCKUP - DAY)
    token.transfer(american, 100, sender=counterparty)
    assert compliance_engine.holderOf(token, american).unlocksAt == chain.blocks.head.timestamp + LOCKUP
