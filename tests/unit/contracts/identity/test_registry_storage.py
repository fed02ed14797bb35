"""The registry as ERC-3643's storage of identities, and registries of other suites that keep theirs in it."""

from __future__ import annotations

import ape
import pytest
from web3.exceptions import ContractLogicError

from tests.fixtures.compliance import ZERO, trex
from tests.fixtures.protocol import GERMANY, SWITZERLAND
from tests.reverts import reverts

REGISTRIES = "contracts/registry/implementation"
MOST = 32


@pytest.fixture
def face():
    """`face(registry)`: a registry, seen as storage."""
    return lambda registry: ape.project.IdentityRegistryStorage.at(registry.address)


@pytest.fixture
def storage(face, identity_registry):
    """The shared registry, seen as storage."""
    return face(identity_registry)


@pytest.fixture
def agent(identity_registry, compliance_officer, router):
    """An agent of the shared registry."""
    identity_registry.addAgent(router, sender=compliance_officer)
    return router


@pytest.fixture
def stored(storage, create_onchainid, agent, investor):
    """The ONCHAINID under which an agent stored the investor, a Swiss."""
    identity = create_onchainid()
    storage.addIdentityToStorage(investor, identity, SWITZERLAND, sender=agent)
    return identity


# -- Reading


def test_identity_storage__of_the_registry__is_the_registry(identity_registry, storage):
    assert identity_registry.identityStorage() == identity_registry
    assert list(storage.linkedIdentityRegistries()) == [identity_registry]


@pytest.mark.parametrize("country", [0, SWITZERLAND, 1000, 65534])
def test_stored_investor_country__registered_by_an_officer__as_registered(storage, register, investor, country):
    register(investor, country)
    assert storage.storedInvestorCountry(investor) == country
    assert storage.storedIdentity(investor) == ZERO


def test_stored_identity__unknown__none(storage, thief):
    assert (storage.storedIdentity(thief), storage.storedInvestorCountry(thief)) == (ZERO, 0)


def test_unknown_function__of_the_registry__refused(identity_registry, chain):
    with pytest.raises(ContractLogicError):
        chain.provider.web3.eth.call({"to": identity_registry.address, "data": "0x12345678"})


# -- Writing


def test_add_identity_to_storage__by_an_agent__registers(storage, identity_registry, create_onchainid, agent, investor):
    identity = create_onchainid()
    receipt = storage.addIdentityToStorage(investor, identity, SWITZERLAND, sender=agent)
    assert storage.IdentityStored(investor, identity) in receipt.events
    assert identity_registry.identity(investor) == storage.storedIdentity(investor) == identity
    assert identity_registry.investorCountry(investor) == SWITZERLAND


def test_add_identity_to_storage__by_the_officer__registers(
    storage, identity_registry, create_onchainid, compliance_officer, investor
):
    storage.addIdentityToStorage(investor, create_onchainid(), SWITZERLAND, sender=compliance_officer)
    assert identity_registry.contains(investor)


def test_add_identity_to_storage__claims_in_place__verified(
    storage, trusted, create_onchainid, claim, compliance_officer, agent, investor
):
    """The storage judges an identity as the registry does."""
    identity = create_onchainid()
    for topic in (1, 2):
        claim(identity, topic)
    storage.addIdentityToStorage(investor, identity, SWITZERLAND, sender=agent)
    assert trusted.isVerified(investor)


def test_add_identity_to_storage__person_is_frozen__frozen(
    storage, identity_registry, stored, compliance_officer, agent, investor, counterparty
):
    identity_registry.setFrozen(investor, True, sender=compliance_officer)
    storage.addIdentityToStorage(counterparty, stored, SWITZERLAND, sender=agent)
    assert identity_registry.identityOf(counterparty).frozen


def test_modify_stored_investor_country__stored__changed(storage, stored, agent, investor):
    receipt = storage.modifyStoredInvestorCountry(investor, GERMANY, sender=agent)
    assert storage.CountryModified(investor, GERMANY) in receipt.events
    assert storage.storedInvestorCountry(investor) == GERMANY


def test_modify_stored_identity__stored__changed(storage, stored, create_onchainid, agent, investor):
    other = create_onchainid()
    receipt = storage.modifyStoredIdentity(investor, other, sender=agent)
    assert storage.IdentityModified(stored, other) in receipt.events
    assert storage.storedIdentity(investor) == other


def test_remove_identity_from_storage__stored__forgotten(storage, identity_registry, stored, agent, investor):
    receipt = storage.removeIdentityFromStorage(investor, sender=agent)
    assert storage.IdentityUnstored(investor, stored) in receipt.events
    assert not identity_registry.contains(investor)


@pytest.mark.parametrize("actor", ["issuer", "manager", "thief"])
@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("addIdentityToStorage", (ZERO, SWITZERLAND)),
        ("removeIdentityFromStorage", ()),
        ("modifyStoredInvestorCountry", (SWITZERLAND,)),
        ("modifyStoredIdentity", (ZERO,)),
        ("bindIdentityRegistry", ()),
        ("unbindIdentityRegistry", ()),
    ],
)
def test_every_write__neither_agent_nor_officer__refused(storage, actors, actor, function, arguments):
    with reverts(storage.AccessManagedUnauthorized, actors[actor]):
        getattr(storage, function)(actors["investor"], *arguments, sender=actors[actor])


def test_every_write__without_the_registry__refused(admin, investor):
    """The code is a part, and no storage of its own."""
    part = admin.deploy(ape.project.IdentityRegistryStorage)
    with reverts(part.IdentityRegistryStorage__NotDelegated):
        part.removeIdentityFromStorage(investor, sender=admin)
    with reverts(part.IdentityRegistryStorage__NotDelegated):
        part.bindIdentityRegistry(investor, sender=admin)


# -- Registries of other suites


def test_bind_identity_registry__by_the_officer__becomes_an_agent(storage, identity_registry, compliance_officer, pool):
    receipt = storage.bindIdentityRegistry(pool, sender=compliance_officer)
    assert storage.IdentityRegistryBound(pool) in receipt.events
    assert identity_registry.AgentAdded(pool) in receipt.events
    assert list(storage.linkedIdentityRegistries()) == [identity_registry, pool]
    assert identity_registry.isAgent(pool)


def test_bind_identity_registry__is_an_agent__refused(storage, identity_registry, agent, compliance_officer):
    with reverts(identity_registry.IdentityRegistry__IsAgent, agent):
        storage.bindIdentityRegistry(agent, sender=compliance_officer)


def test_bind_identity_registry__address_zero__refused(storage, identity_registry, compliance_officer):
    with reverts(identity_registry.IdentityRegistry__ZeroAccount):
        storage.bindIdentityRegistry(ZERO, sender=compliance_officer)


def test_bind_identity_registry__as_many_as_there_may_be__refused_until_an_agent_is_removed(
    storage, identity_registry, wallet, compliance_officer, pool
):
    bound = [wallet() for _ in range(MOST)]
    for registry in bound:
        storage.bindIdentityRegistry(registry, sender=compliance_officer)
    with reverts(storage.IdentityRegistryStorage__TooManyRegistries, MOST):
        storage.bindIdentityRegistry(pool, sender=compliance_officer)
    identity_registry.removeAgent(bound[3], sender=compliance_officer)
    storage.bindIdentityRegistry(pool, sender=compliance_officer)
    expected = {identity_registry.address, pool.address, *bound} - {bound[3]}
    assert set(storage.linkedIdentityRegistries()) == expected


def test_unbind_identity_registry__bound__is_no_agent_any_more(
    storage, identity_registry, compliance_officer, pool, router
):
    for registry in (pool, router):
        storage.bindIdentityRegistry(registry, sender=compliance_officer)
    receipt = storage.unbindIdentityRegistry(pool, sender=compliance_officer)
    assert storage.IdentityRegistryUnbound(pool) in receipt.events
    assert identity_registry.AgentRemoved(pool) in receipt.events
    assert list(storage.linkedIdentityRegistries()) == [identity_registry, router]
    assert not identity_registry.isAgent(pool)


def test_unbind_identity_registry__agent_that_was_not_bound__refused(storage, agent, compliance_officer):
    with reverts(storage.IdentityRegistryStorage__NotBound, agent):
        storage.unbindIdentityRegistry(agent, sender=compliance_officer)


def test_unbind_identity_registry__removed_as_an_agent_before__taken_off_the_list(
    storage, identity_registry, compliance_officer, pool
):
    storage.bindIdentityRegistry(pool, sender=compliance_officer)
    identity_registry.removeAgent(pool, sender=compliance_officer)
    assert list(storage.linkedIdentityRegistries()) == [identity_registry]
    receipt = storage.unbindIdentityRegistry(pool, sender=compliance_officer)
    assert identity_registry.AgentRemoved(pool) not in receipt.events
    with reverts(storage.IdentityRegistryStorage__NotBound, pool):
        storage.unbindIdentityRegistry(pool, sender=compliance_officer)


def test_bind_identity_registry__of_a_token_of_its_own__through_the_factory(
    face, create_sole_token, token_factory, compliance_officer, thief, pool
):
    """A clone obeys the shared registry's roles, and its factory for delayed ones."""
    _, registry = create_sole_token([SWITZERLAND])
    storage = face(registry)
    with reverts(storage.AccessManagedUnauthorized, thief):
        storage.bindIdentityRegistry(pool, sender=thief)
    data = storage.bindIdentityRegistry.encode_input(pool)
    token_factory.govern(registry, data, sender=compliance_officer)
    assert list(storage.linkedIdentityRegistries()) == [registry, pool]


def test_trex_registry__bound__keeps_its_identities_here(
    storage, identity_registry, create_onchainid, compliance_officer, admin, agent, investor
):
    """T-REX's own registry writes and reads through IIdentityRegistryStorage."""
    topics, issuers, theirs = (
        admin.deploy(trex(f"{REGISTRIES}/{name}.sol/{name}.json"))
        for name in ("ClaimTopicsRegistry", "TrustedIssuersRegistry", "IdentityRegistry")
    )
    topics.init(sender=admin)
    issuers.init(sender=admin)
    theirs.init(issuers, topics, storage, sender=admin)
    theirs.addAgent(agent, sender=admin)
    storage.bindIdentityRegistry(theirs, sender=compliance_officer)
    identity = create_onchainid()
    theirs.registerIdentity(investor, identity, SWITZERLAND, sender=agent)
    assert theirs.contains(investor) and identity_registry.contains(investor)
    theirs.updateCountry(investor, GERMANY, sender=agent)
    assert theirs.investorCountry(investor) == identity_registry.investorCountry(investor) == GERMANY
    theirs.deleteIdentity(investor, sender=agent)
    assert not identity_registry.contains(investor)
