"""The proxies of oracle, identities and rules: ADMIN alone upgrades them, nobody sets them up twice."""

import ape
import pytest

from tests.reverts import reverts

IMPLEMENTATION_SLOT = 0x360894A13BA1A3210667C828492DB98DCA3E2076CC3735A920A3CA505D382BBC
PROXIES = ("oracle", "identity_registry", "compliance_engine", "sanctions_list")


@pytest.fixture(params=PROXIES)
def proxy(request, oracle, identity_registry, compliance_engine, sanctions_list):
    there = (oracle, identity_registry, compliance_engine, sanctions_list)
    return dict(zip(PROXIES, there, strict=True))[request.param]


@pytest.fixture
def successor(proxy, admin, identity_registry, compliance_engine, sanctions_list):
    """Another implementation of the same contract."""
    made_with = {identity_registry.address: (sanctions_list,), compliance_engine.address: (identity_registry,)}
    arguments = made_with.get(proxy.address, ())
    return admin.deploy(getattr(ape.project, proxy.contract_type.name), *arguments)


@pytest.fixture
def implementation(proxy, chain):
    return lambda: "0x" + chain.provider.get_storage(proxy.address, IMPLEMENTATION_SLOT).hex()[-40:]


def test_upgrade__by_admin__done(proxy, successor, implementation, admin):
    proxy.upgradeToAndCall(successor, b"", sender=admin)
    assert implementation() == successor.address.lower()


def test_upgrade__by_admin__keeps_who_governs(proxy, successor, access_manager, admin):
    proxy.upgradeToAndCall(successor, b"", sender=admin)
    assert proxy.authority() == access_manager.address


@pytest.mark.parametrize("actor", ["guardian", "manager", "compliance_officer", "issuer", "thief"])
def test_upgrade__by_anyone_else__refused(proxy, successor, actors, actor):
    with reverts(proxy.AccessManagedUnauthorized, actors[actor]):
        proxy.upgradeToAndCall(successor, b"", sender=actors[actor])


def test_initialize__second_time__refused(proxy, thief):
    with reverts(proxy.InvalidInitialization):
        proxy.initialize(thief, sender=thief)


def test_initialize__implementation__refused(successor, thief):
    with reverts(successor.InvalidInitialization):
        successor.initialize(thief, sender=thief)


def test_upgrade__identities_stay(identity_registry, sanctions_list, register, admin, investor):
    register(investor)
    before = tuple(identity_registry.identityOf(investor))
    identity_registry.upgradeToAndCall(admin.deploy(ape.project.IdentityRegistry, sanctions_list), b"", sender=admin)
    assert tuple(identity_registry.identityOf(investor)) == before
