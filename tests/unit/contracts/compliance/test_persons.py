"""Rules bind a person: over all wallets and countries, after an identity is deleted or a registry is swapped."""

from __future__ import annotations

import ape
import pytest

from tests.fixtures.compliance import Reason
from tests.fixtures.protocol import DAY, GERMANY, SWITZERLAND, UNITED_STATES
from tests.reverts import reverts

QUARTER = 90 * DAY


# -- Several wallets, several countries


def test_mint__other_wallet_has_the_maximum_of_its_country__refused(token, wallets, set_rule, refused, issuer):
    american, german = wallets(UNITED_STATES, GERMANY)
    set_rule(token, UNITED_STATES, max_holding=100)
    token.mint(american, 100, sender=issuer)
    with refused(token, german, Reason.ABOVE_MAXIMUM_HOLDING):
        token.mint(german, 1, sender=issuer)


def test_mint__several_countries_with_a_maximum__lowest_counts(token, wallets, set_rule, refused, issuer):
    american, _ = wallets(UNITED_STATES, GERMANY)
    set_rule(token, UNITED_STATES, max_holding=500)
    set_rule(token, GERMANY, max_holding=100)
    token.mint(american, 100, sender=issuer)
    with refused(token, american, Reason.ABOVE_MAXIMUM_HOLDING):
        token.mint(american, 1, sender=issuer)


def test_issuable__maximum_abroad__what_is_left_of_it(token, wallets, set_rule, compliance_engine, issuer):
    american, german = wallets(UNITED_STATES, GERMANY)
    set_rule(token, UNITED_STATES, max_holding=100)
    token.mint(american, 60, sender=issuer)
    assert compliance_engine.issuable(token, german).most == 40


def test_volume__sent_by_another_wallet__counts(token, wallets, set_rule, refused, issuer, investor):
    american, german = wallets(UNITED_STATES, GERMANY)
    set_rule(token, UNITED_STATES, volume_limit=100, period=QUARTER)
    for account in (american, german):
        token.mint(account, 1000, sender=issuer)
    token.transfer(investor, 60, sender=german)
    with refused(token, american, Reason.VOLUME_EXCEEDED):
        token.transfer(investor, 41, sender=american)
    token.transfer(investor, 40, sender=american)
    with refused(token, german, Reason.VOLUME_EXCEEDED):
        token.transfer(investor, 1, sender=german)


def test_volume__shorter_period_abroad__longer_one_forgets_nothing(
    token, wallets, set_rule, refused, chain, issuer, investor
):
    american, german = wallets(UNITED_STATES, GERMANY)
    set_rule(token, UNITED_STATES, volume_limit=100, period=QUARTER)
    set_rule(token, GERMANY, volume_limit=1000, period=DAY)
    for account in (american, german):
        token.mint(account, 1000, sender=issuer)
    token.transfer(investor, 98, sender=american)
    for _ in range(4):
        chain.mine(timestamp=chain.pending_timestamp + 3 * DAY)
        with refused(token, american, Reason.VOLUME_EXCEEDED):
            token.transfer(investor, 98, sender=american)
    chain.mine(timestamp=chain.pending_timestamp + 3 * DAY)
    token.transfer(investor, 1, sender=german)
    with refused(token, american, Reason.VOLUME_EXCEEDED):
        token.transfer(investor, 98, sender=american)


def test_lockup__longer_one_abroad__longest_counts(token, wallets, set_rule, compliance_engine, chain, issuer):
    _, german = wallets(UNITED_STATES, GERMANY)
    set_rule(token, UNITED_STATES, lockup=360 * DAY)
    set_rule(token, GERMANY, lockup=30 * DAY)
    token.mint(german, 100, sender=issuer)
    end = chain.blocks.head.timestamp + 360 * DAY
    assert [tuple(tranche) for tranche in compliance_engine.tranchesOf(token, german)] == [(100, end)]


# -- Deleted identities


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"outbound_blocked": True}, Reason.OUTBOUND_BLOCKED),
        ({"resident_only": True}, Reason.RESIDENTS_ONLY),
        ({"volume_limit": 1, "period": DAY}, Reason.VOLUME_EXCEEDED),
        ({"min_holding": 50}, Reason.BELOW_MINIMUM_HOLDING),
    ],
)
def test_delete_identity__of_a_holder__its_rules_still_bind(
    token, set_rule, refused, register, identity_registry, compliance_officer, issuer, counterparty, wallet, fields,
    reason, actors,
):  # fmt: skip
    german = register(actors["trader"], GERMANY)
    token.mint(german, 100, sender=issuer)
    set_rule(token, GERMANY, **fields)
    identity_registry.deleteIdentity(german, sender=compliance_officer)
    with refused(token, german, reason):
        token.transfer(counterparty, 60, sender=german)


def test_delete_identity__everything_in_a_batch__every_leg_obeys(
    token, set_rule, refused, register, identity_registry, compliance_officer, issuer, actors, counterparty
):
    german, neighbour = register(actors["trader"], GERMANY), register(actors["spender"], GERMANY)
    token.mint(german, 100, sender=issuer)
    set_rule(token, GERMANY, resident_only=True)
    identity_registry.deleteIdentity(german, sender=compliance_officer)
    with refused(token, german, Reason.RESIDENTS_ONLY):
        token.batchTransfer([neighbour, counterparty], [50, 50], sender=german)


def test_delete_identity__wallet_of_a_person__volume_still_counts(
    token, wallets, trusted, set_rule, refused, compliance_officer, issuer, investor
):
    american, german = wallets(UNITED_STATES, GERMANY)
    set_rule(token, UNITED_STATES, volume_limit=100, period=QUARTER)
    for account in (american, german):
        token.mint(account, 1000, sender=issuer)
    token.transfer(investor, 100, sender=american)
    trusted.deleteIdentity(american, sender=compliance_officer)
    with refused(token, american, Reason.VOLUME_EXCEEDED):
        token.transfer(investor, 1, sender=american)


# -- Swapped registries and engines


@pytest.fixture
def other(deploy_proxy, map_roles, sanctions_list):
    """A registry that knows nobody."""
    registry = deploy_proxy(ape.project.IdentityRegistry, sanctions_list)
    map_roles("IdentityRegistry", registry)
    return registry


@pytest.mark.parametrize(("flaw", "reason"), [("sanctioned", Reason.SANCTIONED), ("frozen", Reason.ACCOUNT_FROZEN)])
def test_set_identity_registry__holder_stopped_in_the_former__still_stopped(
    token, other, sanctions_list, identity_registry, compliance_officer, refused, investor, counterparty, flaw, reason
):
    if flaw == "frozen":
        identity_registry.setFrozen(investor, True, sender=compliance_officer)
    else:
        sanctions_list.sanction(sanctions_list.version(), [investor], bytes(32), sender=compliance_officer)
    token.setIdentityRegistry(other, sender=compliance_officer)
    other.registerIdentity(counterparty, SWITZERLAND, 1, 2**40 - 1, sender=compliance_officer)
    with refused(token, investor, reason):
        token.transfer(counterparty, 1, sender=investor)


def test_set_identity_registry__frozen_again_in_the_new__both_have_to_let_go(
    token, other, identity_registry, compliance_officer, compliance_engine, investor
):
    identity_registry.setFrozen(investor, True, sender=compliance_officer)
    token.setIdentityRegistry(other, sender=compliance_officer)
    other.registerIdentity(investor, SWITZERLAND, 1, 2**40 - 1, sender=compliance_officer)
    assert compliance_engine.eligibility(token, investor) == Reason.ACCOUNT_FROZEN
    assert list(compliance_engine.formerRegistriesOf(token)) == [identity_registry]
    identity_registry.setFrozen(investor, False, sender=compliance_officer)
    assert compliance_engine.eligibility(token, investor) == Reason.NONE


def test_set_identity_registry__holder_not_registered_anew__obeys_where_it_is_counted(
    token, other, set_rule, compliance_officer, refused, investor, counterparty
):
    set_rule(token, SWITZERLAND, volume_limit=10, period=DAY)
    token.setIdentityRegistry(other, sender=compliance_officer)
    other.registerIdentity(counterparty, SWITZERLAND, 1, 2**40 - 1, sender=compliance_officer)
    with refused(token, investor, Reason.VOLUME_EXCEEDED):
        token.transfer(counterparty, 11, sender=investor)


def test_set_identity_registry__back_again__former_is_the_other(
    token, other, identity_registry, compliance_officer, compliance_engine
):
    token.setIdentityRegistry(other, sender=compliance_officer)
    token.setIdentityRegistry(identity_registry, sender=compliance_officer)
    assert list(compliance_engine.formerRegistriesOf(token)) == [other]


def test_set_identity_registry__nobody_holds__nothing_is_kept(
    create_token, other, compliance_officer, compliance_engine
):
    empty = create_token()
    empty.setIdentityRegistry(other, sender=compliance_officer)
    assert list(compliance_engine.formerRegistriesOf(empty)) == []


def test_set_identity_registry__fifth_while_held__refused(
    token, deploy_proxy, sanctions_list, compliance_officer, compliance_engine
):
    for _ in range(4):
        next_one = deploy_proxy(ape.project.IdentityRegistry, sanctions_list)
        token.setIdentityRegistry(next_one, sender=compliance_officer)
    last = deploy_proxy(ape.project.IdentityRegistry, sanctions_list)
    with reverts(compliance_engine.AutomatedComplianceEngine__TooManyRegistries, token, 4):
        token.setIdentityRegistry(last, sender=compliance_officer)


def test_set_compliance__another_engine_while_tokens_exist__refused(
    token, create_token, deploy_proxy, map_roles, identity_registry, compliance_engine, compliance_officer, admin,
    access_manager,
):  # fmt: skip
    """Another engine would know neither holders nor locks nor volumes."""
    from scripts._lib.deployment import roles
    from tests.fixtures.protocol import EVERY_CLASS

    parts = [
        admin.deploy(ape.project.RuleBook, identity_registry),
        admin.deploy(ape.project.HolderRecords),
        admin.deploy(ape.project.TransferTerms),
    ]
    engine = deploy_proxy(ape.project.AutomatedComplianceEngine, identity_registry, *parts)
    map_roles("AutomatedComplianceEngine", engine)
    access_manager.grantRole(roles.FACTORY, admin, 0, sender=admin)
    held, empty = token, create_token()
    for each in (held, empty):
        engine.openRules(each, [SWITZERLAND], EVERY_CLASS, sender=admin)
    # The token's own face, with the other engine as its argument.
    faces = [_face_of(each, compliance_engine, engine, admin) for each in (held, empty)]
    with reverts(held.ComplianceAwareToken__EngineInUse, compliance_engine):
        held.setCompliance(faces[0], sender=compliance_officer)
    empty.setCompliance(faces[1], sender=compliance_officer)
    assert empty.engine() == engine


def _face_of(token, old, new, deployer):
    """A clone of the token's TokenCompliance whose immutable argument is another engine."""
    from ape.contracts import ContractContainer
    from ethpm_types import ContractType

    code = bytes(ape.chain.provider.get_code(token.compliance()))
    code = code.replace(bytes.fromhex(old.address[2:]), bytes.fromhex(new.address[2:]))
    creation = b"\x61" + len(code).to_bytes(2, "big") + bytes.fromhex("80600a3d393df3") + code
    kind = ContractType.model_validate(
        {"contractName": "Face", "abi": [], "deploymentBytecode": {"bytecode": "0x" + creation.hex()}}
    )
    return deployer.deploy(ContractContainer(kind))


# -- Recovery where several tokens share a registry


@pytest.fixture
def lost(wallets, admin, trusted, wallet):
    """A lost wallet of an ONCHAINID, and a new one that is a management key of it."""
    from eth_abi import encode
    from eth_utils import keccak

    from tests.fixtures.compliance import trex

    (account,) = wallets(SWITZERLAND)
    identity = trex("@onchain-id/solidity/contracts/Identity.sol/Identity.json").at(trusted.identity(account))
    new = wallet()
    identity.addKey(keccak(encode(["address"], [new])), 1, 1, sender=admin)
    return account, new, identity


def test_recovery__registry_serves_other_tokens__new_wallet_has_to_be_registered(
    token, create_token, lost, trusted, issuer, compliance_officer
):
    account, new, identity = lost
    other = create_token()
    for each in (token, other):
        each.mint(account, 100, sender=issuer)
    with reverts(token.ComplianceAwareToken__NotRegistered, new):
        token.recoveryAddress(account, new, identity, sender=compliance_officer)
    trusted.registerIdentity(new, identity, SWITZERLAND, sender=compliance_officer)
    for each in (token, other):
        each.recoveryAddress(account, new, identity, sender=compliance_officer)
        assert each.balanceOf(new) == 100
    assert trusted.contains(account)


def test_replace_wallet__by_a_token_of_a_shared_registry__refused(token, create_token, identity_registry, chain, lost):
    create_token()
    account, new, _ = lost
    chain.provider.unlock_account(token.address)
    chain.set_balance(token.address, 10**18)
    with reverts(identity_registry.IdentityRegistry__ServesOtherTokens, token):
        identity_registry.replaceWallet(account, new, sender=ape.accounts[token.address])


# -- The log


def test_travel_rule__many_small_transfers_of_a_day__logged(token, set_rule, compliance_engine, investor, counterparty):
    set_rule(token, SWITZERLAND, travel_threshold=500)
    for _ in range(4):
        token.transfer(counterparty, 100, sender=investor)
    assert compliance_engine.logOf(token).entries == 0
    token.transfer(counterparty, 100, sender=investor)
    assert compliance_engine.logOf(token).entries == 1
    assert tuple(compliance_engine.movedInDay(token, investor)) == (500, 0)
    assert tuple(compliance_engine.movedInDay(token, counterparty)) == (0, 500)


def test_travel_rule__two_days_later__counts_anew(token, set_rule, compliance_engine, chain, investor, counterparty):
    set_rule(token, SWITZERLAND, travel_threshold=500)
    token.transfer(counterparty, 499, sender=investor)
    chain.mine(timestamp=chain.pending_timestamp + 2 * DAY)
    token.transfer(counterparty, 499, sender=investor)
    assert compliance_engine.logOf(token).entries == 0
