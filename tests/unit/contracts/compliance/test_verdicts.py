"""Every verdict on every path: mint, transfer, transferFrom, self-transfer, venue in and out, burn."""

import pytest

from tests.fixtures.compliance import Reason, rule
from tests.fixtures.protocol import ACCREDITED, GERMANY, RETAIL, SWITZERLAND, YEAR
from tests.reverts import reverts

NOBODY = "0x0000000000000000000000000000000000000000"


ALLOWED = (NOBODY, Reason.NONE)

# Each flaw makes an account ineligible, and a reason names it.
FLAWS = {
    "unregistered": Reason.NOT_REGISTERED,
    "frozen": Reason.ACCOUNT_FROZEN,
    "lapsed": Reason.KYC_EXPIRED,
    "foreign": Reason.COUNTRY_NOT_ALLOWED,
    "wrong_class": Reason.CLASS_NOT_ALLOWED,
}
LAPSE = 1_000


@pytest.fixture
def token(create_token):
    """Open to Swiss retail."""
    return create_token(countries=[SWITZERLAND], classes=1 << RETAIL)


@pytest.fixture
def become(register, freeze, admit_venue, chain):
    """`become(account, state)`: eligible, venue, frozen_venue, or one of FLAWS. Lapsing takes time: do it last."""

    def changed(account, state):
        if state in ("eligible", "frozen"):
            register(account, SWITZERLAND, RETAIL, chain.pending_timestamp + YEAR)
        elif state == "foreign":
            register(account, GERMANY, RETAIL)
        elif state == "wrong_class":
            register(account, SWITZERLAND, ACCREDITED)
        elif state == "lapsed":
            expiry = chain.pending_timestamp + LAPSE
            register(account, SWITZERLAND, RETAIL, expiry)
            chain.mine(timestamp=expiry)
        if state in ("venue", "frozen_venue"):
            admit_venue(account)
        if state in ("frozen", "frozen_venue"):
            freeze(account)
        return account

    return changed


@pytest.fixture
def verdict(compliance_engine, token):
    """`verdict(operator, sender, receiver)`."""

    def asked(operator, sender, receiver):
        account, reason = compliance_engine.checkTransfer(token, operator, sender, receiver, 1)
        return str(account), Reason(reason)

    return asked


# -- eligibility


def test_eligibility__eligible__none(compliance_engine, token, become, investor):
    assert compliance_engine.eligibility(token, become(investor, "eligible")) == Reason.NONE


@pytest.mark.parametrize(("flaw", "reason"), FLAWS.items())
def test_eligibility__flawed__named(compliance_engine, token, become, investor, flaw, reason):
    assert compliance_engine.eligibility(token, become(investor, flaw)) == reason


def test_eligibility__venue__never(compliance_engine, token, become, pool):
    reason = compliance_engine.eligibility(token, become(pool, "venue"))
    assert reason == Reason.VENUE_ONLY_OPPOSITE_ELIGIBLE


def test_eligibility__frozen_venue__frozen(compliance_engine, token, become, pool):
    assert compliance_engine.eligibility(token, become(pool, "frozen_venue")) == Reason.ACCOUNT_FROZEN


def test_eligibility__rules_not_open__comes_first(compliance_engine, become, thief, investor):
    assert compliance_engine.eligibility(thief, become(investor, "frozen")) == Reason.RULES_NOT_SET


def test_eligibility__last_second_of_kyc__none(compliance_engine, token, register, chain, investor):
    expiry = chain.pending_timestamp + LAPSE
    register(investor, expiry=expiry)
    chain.mine(timestamp=expiry - 1)
    assert compliance_engine.eligibility(token, investor) == Reason.NONE


def test_eligibility__country_blocked__named(compliance_engine, token, become, compliance_officer, investor):
    become(investor, "eligible")
    compliance_engine.blockCountries(token, [SWITZERLAND], sender=compliance_officer)
    assert compliance_engine.eligibility(token, investor) == Reason.COUNTRY_NOT_ALLOWED


def test_eligibility__class_blocked__named(compliance_engine, token, become, compliance_officer, investor):
    become(investor, "eligible")
    compliance_engine.setRules(token, [SWITZERLAND], [rule(1 << ACCREDITED)], sender=compliance_officer)
    assert compliance_engine.eligibility(token, investor) == Reason.CLASS_NOT_ALLOWED


# -- Minting


def test_mint__to_eligible__allowed(verdict, become, issuer, investor):
    assert verdict(issuer, NOBODY, become(investor, "eligible")) == ALLOWED


@pytest.mark.parametrize(("flaw", "reason"), FLAWS.items())
def test_mint__to_flawed__receiver_refused(verdict, become, issuer, investor, flaw, reason):
    assert verdict(issuer, NOBODY, become(investor, flaw)) == (investor.address, reason)


def test_mint__to_venue__refused(verdict, become, issuer, pool):
    become(pool, "venue")
    assert verdict(issuer, NOBODY, pool) == (pool.address, Reason.VENUE_ONLY_OPPOSITE_ELIGIBLE)


def test_mint__to_nobody__refused(verdict, issuer):
    assert verdict(issuer, NOBODY, NOBODY) == (NOBODY, Reason.NOT_REGISTERED)


def test_mint__rules_not_open__refused(compliance_engine, become, issuer, thief, investor):
    become(investor, "eligible")
    answer = compliance_engine.checkTransfer(thief, issuer, NOBODY, investor, 1)
    assert tuple(answer) == (investor.address, Reason.RULES_NOT_SET)


# -- Burning


@pytest.mark.parametrize("state", ["eligible", "unregistered", "lapsed", "foreign", "wrong_class", "venue"])
def test_burn__from_anyone_not_frozen__allowed(verdict, become, issuer, investor, state):
    assert verdict(issuer, become(investor, state), NOBODY) == ALLOWED


@pytest.mark.parametrize("state", ["frozen", "frozen_venue"])
def test_burn__from_frozen__refused(verdict, become, issuer, investor, state):
    assert verdict(issuer, become(investor, state), NOBODY) == (investor.address, Reason.ACCOUNT_FROZEN)


# -- Transfers between investors


@pytest.mark.parametrize("state", ["eligible", "unregistered", "foreign", "wrong_class", "lapsed"])
def test_transfer__from_anyone_not_frozen_to_eligible__allowed(verdict, become, investor, counterparty, state):
    become(counterparty, "eligible")
    become(investor, state)
    assert verdict(investor, investor, counterparty) == ALLOWED


def test_transfer__from_frozen__sender_refused(verdict, become, investor, counterparty):
    become(counterparty, "eligible")
    become(investor, "frozen")
    assert verdict(investor, investor, counterparty) == (investor.address, Reason.ACCOUNT_FROZEN)


@pytest.mark.parametrize(("flaw", "reason"), FLAWS.items())
def test_transfer__to_flawed__receiver_refused(verdict, become, investor, counterparty, flaw, reason):
    become(investor, "eligible")
    become(counterparty, flaw)
    assert verdict(investor, investor, counterparty) == (counterparty.address, reason)


def test_transfer__rules_not_open__receiver_refused(compliance_engine, become, thief, investor, counterparty):
    become(investor, "eligible")
    become(counterparty, "eligible")
    answer = compliance_engine.checkTransfer(thief, investor, investor, counterparty, 1)
    assert tuple(answer) == (counterparty.address, Reason.RULES_NOT_SET)


# -- Transfers to oneself


def test_self_transfer__eligible__allowed(verdict, become, investor):
    become(investor, "eligible")
    assert verdict(investor, investor, investor) == ALLOWED


@pytest.mark.parametrize(("flaw", "reason"), FLAWS.items())
def test_self_transfer__flawed__refused(verdict, become, investor, flaw, reason):
    become(investor, flaw)
    assert verdict(investor, investor, investor) == (investor.address, reason)


def test_self_transfer__venue__refused(verdict, become, pool):
    become(pool, "venue")
    assert verdict(pool, pool, pool) == (pool.address, Reason.VENUE_ONLY_OPPOSITE_ELIGIBLE)


# -- Venues


def test_transfer__eligible_to_venue__allowed(verdict, become, investor, pool):
    become(investor, "eligible")
    become(pool, "venue")
    assert verdict(investor, investor, pool) == ALLOWED


@pytest.mark.parametrize(("flaw", "reason"), FLAWS.items())
def test_transfer__flawed_to_venue__sender_refused(verdict, become, investor, pool, flaw, reason):
    become(pool, "venue")
    become(investor, flaw)
    assert verdict(investor, investor, pool) == (investor.address, reason)


def test_transfer__to_frozen_venue__receiver_refused(verdict, become, investor, pool):
    become(investor, "eligible")
    become(pool, "frozen_venue")
    assert verdict(investor, investor, pool) == (pool.address, Reason.ACCOUNT_FROZEN)


def test_transfer__to_venue_rules_not_open__receiver_refused(compliance_engine, become, thief, investor, pool):
    become(investor, "eligible")
    become(pool, "venue")
    answer = compliance_engine.checkTransfer(thief, investor, investor, pool, 1)
    assert tuple(answer) == (pool.address, Reason.RULES_NOT_SET)


def test_transfer__venue_to_eligible__allowed(verdict, become, investor, pool):
    become(investor, "eligible")
    become(pool, "venue")
    assert verdict(pool, pool, investor) == ALLOWED


@pytest.mark.parametrize(("flaw", "reason"), FLAWS.items())
def test_transfer__venue_to_flawed__receiver_refused(verdict, become, investor, pool, flaw, reason):
    become(pool, "venue")
    become(investor, flaw)
    assert verdict(pool, pool, investor) == (investor.address, reason)


def test_transfer__frozen_venue_to_eligible__sender_refused(verdict, become, investor, pool):
    become(investor, "eligible")
    become(pool, "frozen_venue")
    assert verdict(pool, pool, investor) == (pool.address, Reason.ACCOUNT_FROZEN)


def test_transfer__venue_to_venue__receiver_refused(verdict, become, pool, router):
    become(pool, "venue")
    become(router, "venue")
    assert verdict(pool, pool, router) == (router.address, Reason.VENUE_ONLY_OPPOSITE_ELIGIBLE)


def test_transfer__through_router_to_venue__allowed(verdict, become, investor, pool, router):
    become(investor, "eligible")
    become(pool, "venue")
    become(router, "venue")
    assert verdict(router, investor, pool) == ALLOWED


# -- Spenders


@pytest.mark.parametrize("state", ["eligible", "venue"])
def test_transfer_from__good_spender__allowed(verdict, become, investor, counterparty, spender, state):
    become(investor, "eligible")
    become(counterparty, "eligible")
    become(spender, state)
    assert verdict(spender, investor, counterparty) == ALLOWED


@pytest.mark.parametrize(("flaw", "reason"), [*FLAWS.items(), ("frozen_venue", Reason.ACCOUNT_FROZEN)])
def test_transfer_from__flawed_spender__spender_refused(verdict, become, investor, counterparty, spender, flaw, reason):
    become(investor, "eligible")
    become(counterparty, "eligible")
    become(spender, flaw)
    assert verdict(spender, investor, counterparty) == (spender.address, reason)


@pytest.mark.parametrize("state", ["eligible", "venue"])
def test_transfer_from__receiver_pulls__allowed(verdict, become, investor, counterparty, state):
    become(investor, "eligible")
    become(counterparty, state)
    assert verdict(counterparty, investor, counterparty) == ALLOWED


@pytest.mark.parametrize(("flaw", "reason"), FLAWS.items())
def test_transfer_from__flawed_receiver_pulls__refused(verdict, become, investor, counterparty, flaw, reason):
    become(investor, "eligible")
    become(counterparty, flaw)
    assert verdict(counterparty, investor, counterparty) == (counterparty.address, reason)


def test_transfer_from__flawed_spender_and_receiver__receiver_named_first(
    verdict, become, investor, counterparty, spender
):
    become(investor, "eligible")
    assert verdict(spender, investor, counterparty) == (counterparty.address, Reason.NOT_REGISTERED)


def test_transfer_from__flawed_spender_to_oneself__spender_refused(verdict, become, investor, spender):
    become(investor, "eligible")
    assert verdict(spender, investor, investor) == (spender.address, Reason.NOT_REGISTERED)


# -- admitTransfer


def test_admit_transfer__allowed__passes(compliance_engine, become, token, investor, counterparty):
    become(counterparty, "eligible")
    compliance_engine.admitTransfer.call(investor, investor, counterparty, 1, 5, 1, sender=token)


def test_admit_transfer__refused__names_token_account_and_reason(compliance_engine, token, investor, counterparty):
    error = compliance_engine.AutomatedComplianceEngine__Refused
    with reverts(error, token, counterparty, Reason.NOT_REGISTERED):
        compliance_engine.admitTransfer.call(investor, investor, counterparty, 1, 5, 1, sender=token)


def test_admit_transfer__caller_without_rules__refused(compliance_engine, become, thief, investor):
    become(investor, "eligible")
    error = compliance_engine.AutomatedComplianceEngine__Refused
    with reverts(error, thief, investor, Reason.RULES_NOT_SET):
        compliance_engine.admitTransfer(investor, investor, investor, 1, 5, 5, sender=thief)
