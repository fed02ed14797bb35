"""Venues whose own ledger anyone can hold: strangers would own a token's value through it (I4)."""

from __future__ import annotations

import ape
import pytest
from web3.exceptions import Web3Exception

from scripts._lib.venues.balancer import BalancerV2
from scripts._lib.venues.uniswap_v4 import UniswapV4
from tests.fixtures.compliance import Reason
from tests.fixtures.protocol import SWITZERLAND
from tests.reverts import reverts

FOREVER_BUSY = bytes.fromhex("5b600056")
"""A loop without an end: JUMPDEST, PUSH1 0, JUMP."""


@pytest.fixture
def token(create_token, register, issuer, investor):
    """Open to Swiss; the investor holds 1000."""
    token = create_token(countries=[SWITZERLAND])
    register(investor)
    token.mint(investor, 1000, sender=issuer)
    return token


@pytest.fixture
def ledgers(chain, admin, uniswap_v2, token):
    """Contracts of the venues' own packages, by their kind."""
    w3, deployer = chain.provider.web3, str(admin.address)
    return {
        "uniswap-v4": UniswapV4(w3, deployer).deploy().manager.address,
        "balancer-v2": BalancerV2(w3, deployer).deploy(uniswap_v2.weth.address).vault.address,
        "erc4626": admin.deploy(ape.project.MockVault, token).address,
    }


@pytest.mark.parametrize("kind", ["uniswap-v4", "balancer-v2", "erc4626"])
def test_set_venue_account__ledger_that_anyone_can_hold__refused(ledgers, identity_registry, compliance_officer, kind):
    with reverts(identity_registry.IdentityRegistry__KeepsSharedLedger, ledgers[kind]):
        identity_registry.setVenueAccount(ledgers[kind], True, sender=compliance_officer)


@pytest.mark.parametrize("kind", ["balancer-v2", "erc4626"])
def test_set_venue_account__ledger_and_little_gas__never_taken_for_a_pool(
    ledgers, identity_registry, compliance_officer, chain, kind
):
    """A probe that is starved of gas admits no ledger as a venue that keeps none."""
    w3 = chain.provider.web3
    data = identity_registry.setVenueAccount.encode_input(ledgers[kind], True)
    call = {"from": str(compliance_officer), "to": identity_registry.address, "data": data}
    passed = []
    for gas in range(60_000, 400_000, 5_000):
        try:
            w3.eth.call({**call, "gas": gas})
            passed.append(gas)
        except Web3Exception:
            pass
    assert not passed


def test_transfer__venue_that_burns_its_gas__is_not_asked(
    token, identity_registry, compliance_officer, chain, wallet, investor
):
    """The probe asks when a venue is marked; a transfer does not."""
    venue = wallet()
    chain.provider.set_code(venue, FOREVER_BUSY)
    identity_registry.setVenueAccount(venue, True, sender=compliance_officer)
    receipt = token.transfer(venue, 100, sender=investor)
    assert token.balanceOf(venue) == 100
    assert receipt.gas_used < 150_000


def test_set_venue_account__pools_and_routers__admitted(
    token, create_settlement, create_v2_pool, create_v3_pool, uniswap_v2, uniswap_v3, identity_registry,
    compliance_officer,
):  # fmt: skip
    one, other = create_settlement("ONE", 6), create_settlement("TWO", 6)
    pools = [
        create_v2_pool({one: 10**9, other: 10**9}).address,
        create_v3_pool({one: 10**9, other: 10**9}).address,
        uniswap_v2.router.address,
        uniswap_v3.position_manager.address,
    ]
    for account in pools:
        identity_registry.setVenueAccount(account, True, sender=compliance_officer)
        assert identity_registry.identityOf(account).venue


@pytest.fixture
def ledger(identity_registry, compliance_officer, pool):
    """A venue account that is marked as such a ledger."""
    identity_registry.setSharedLedger(pool, sender=compliance_officer)
    return pool


def test_transfer__to_a_ledger_that_the_token_does_not_admit__refused(token, ledger, refused, investor, spender):
    with refused(token, ledger, Reason.VENUE_NOT_ADMITTED):
        token.transfer(ledger, 1, sender=investor)
    assert token.detectTransferRestriction(investor, ledger, 1) == Reason.VENUE_NOT_ADMITTED
    assert not token.canReceive(ledger)


def test_transfer__to_a_ledger_that_the_token_admits__moved_until_it_is_dropped(
    token, ledger, compliance_engine, compliance_officer, refused, investor
):
    compliance_engine.admitSharedLedger(token, ledger, sender=compliance_officer)
    token.transfer(ledger, 100, sender=investor)
    compliance_engine.dropSharedLedger(token, ledger, sender=compliance_officer)
    with refused(token, ledger, Reason.VENUE_NOT_ADMITTED):
        token.transfer(ledger, 1, sender=investor)
    # Tokens that the venue holds can leave.
    token.transfer(investor, 100, sender=ledger)
    assert token.balanceOf(investor) == 1000


def test_transfer__admitted_by_one_token__not_by_another(
    token, create_token, ledger, compliance_engine, compliance_officer, issuer, refused, investor
):
    other = create_token(symbol="OTHER", countries=[SWITZERLAND])
    other.mint(investor, 10, sender=issuer)
    compliance_engine.admitSharedLedger(token, ledger, sender=compliance_officer)
    with refused(other, ledger, Reason.VENUE_NOT_ADMITTED):
        other.transfer(ledger, 1, sender=investor)


@pytest.mark.parametrize("change", ["admitSharedLedger", "dropSharedLedger"])
def test_shared_ledger__by_a_stranger__refused(token, compliance_engine, pool, thief, change):
    with ape.reverts():
        getattr(compliance_engine, change)(token, pool, sender=thief)


def test_rules_and_records__called_by_themselves__refused(compliance_engine, chain, admin, identity_registry, token):
    """The parts of the engine's code act in its account alone."""
    rule_book = admin.deploy(ape.project.RuleBook, identity_registry)
    records = admin.deploy(ape.project.HolderRecords)
    with reverts(compliance_engine.AutomatedComplianceEngine__NotDelegated):
        rule_book.setRegistry(identity_registry, sender=admin)
    with reverts(compliance_engine.AutomatedComplianceEngine__NotDelegated):
        records.recount(token, admin, sender=admin)
