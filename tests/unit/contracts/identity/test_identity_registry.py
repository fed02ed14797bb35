"""Accounts that are registered, frozen or venues, and the roles that may say so."""

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.fixtures.protocol import ACCREDITED, GERMANY, INSTITUTIONAL, RETAIL, SWITZERLAND, YEAR
from tests.reverts import reverts

NOBODY = "0x0000000000000000000000000000000000000000"
UNKNOWN = (0, 0, False, False, 0)
ALL_TOPICS = 0xFFFF


@pytest.fixture
def expiry(chain):
    return chain.pending_timestamp + YEAR


def identity(registry, account):
    """Country, class, frozen, venue, KYC expiry."""
    return tuple(registry.identityOf(account))[:5]


# -- registerIdentity


def test_register_identity__new__stored(identity_registry, register, investor, expiry):
    register(investor, SWITZERLAND, ACCREDITED, expiry)
    assert identity(identity_registry, investor) == (SWITZERLAND, ACCREDITED, False, False, expiry)


def test_register_identity__new__says_so(identity_registry, compliance_officer, investor, expiry):
    receipt = identity_registry.registerIdentity(investor, 999, RETAIL, expiry, sender=compliance_officer)
    assert receipt.events == [
        identity_registry.IdentityRegistered(investor, NOBODY),
        identity_registry.IdentityVerified(investor, 999, RETAIL, expiry, expiry, expiry, ALL_TOPICS),
    ]


def test_register_identity__again__refreshes(identity_registry, register, investor, expiry):
    register(investor, SWITZERLAND, RETAIL)
    register(investor, GERMANY, INSTITUTIONAL, expiry)
    assert identity(identity_registry, investor) == (GERMANY, INSTITUTIONAL, False, False, expiry)


def test_register_identity__frozen__stays_frozen(identity_registry, register, freeze, investor, expiry):
    freeze(investor)
    register(investor, SWITZERLAND, RETAIL, expiry)
    assert identity(identity_registry, investor) == (SWITZERLAND, RETAIL, True, False, expiry)


def test_register_identity__reserved_country__refused(identity_registry, register, investor):
    with reverts(identity_registry.IdentityRegistry__InvalidCountry, 65535):
        register(investor, 65535)


@pytest.mark.parametrize("country", [0, 1000, 65534])
def test_register_identity__country_without_an_iso_number__registered(
    identity_registry, register, create_token, set_rule, issuer, investor, country
):
    """T-REX takes any number, and 0 for a country that is not stated."""
    register(investor, country)
    assert identity_registry.contains(investor)
    assert identity_registry.investorCountry(investor) == country
    token = create_token(countries=[country])
    token.mint(investor, 10, sender=issuer)
    assert token.balanceOf(investor) == 10


def test_register_identity__no_class__refused(identity_registry, register, investor):
    with reverts(identity_registry.IdentityRegistry__InvalidClass):
        register(investor, investor_class=0)


def test_register_identity__zero_account__refused(identity_registry, register):
    with reverts(identity_registry.IdentityRegistry__ZeroAccount):
        register(NOBODY)


def test_register_identity__already_expired__refused(identity_registry, register, investor, chain):
    past = chain.blocks.head.timestamp
    with reverts(identity_registry.IdentityRegistry__AlreadyExpired, past):
        register(investor, expiry=past)


def test_register_identity__venue__refused(identity_registry, register, admit_venue, pool):
    admit_venue(pool)
    with reverts(identity_registry.IdentityRegistry__IsVenue, pool):
        register(pool)


# -- deleteIdentity


def test_delete_identity__registered__forgotten(identity_registry, register, compliance_officer, investor):
    register(investor)
    receipt = identity_registry.deleteIdentity(investor, sender=compliance_officer)
    assert receipt.events == [identity_registry.IdentityRemoved(investor, NOBODY)]
    assert identity(identity_registry, investor) == UNKNOWN


def test_delete_identity__frozen__stays_frozen(identity_registry, register, freeze, compliance_officer, investor):
    register(investor)
    freeze(investor)
    identity_registry.deleteIdentity(investor, sender=compliance_officer)
    assert identity(identity_registry, investor) == (0, 0, True, False, 0)


def test_delete_identity__unknown__refused(identity_registry, compliance_officer, investor):
    with reverts(identity_registry.IdentityRegistry__NotRegistered, investor):
        identity_registry.deleteIdentity(investor, sender=compliance_officer)


def test_delete_identity__venue__refused(identity_registry, admit_venue, compliance_officer, pool):
    admit_venue(pool)
    with reverts(identity_registry.IdentityRegistry__NotRegistered, pool):
        identity_registry.deleteIdentity(pool, sender=compliance_officer)


def test_delete_identity__zero_account__refused(identity_registry, compliance_officer):
    with reverts(identity_registry.IdentityRegistry__NotRegistered, NOBODY):
        identity_registry.deleteIdentity(NOBODY, sender=compliance_officer)


# -- setFrozen


@pytest.mark.parametrize("frozen", [True, False])
def test_set_frozen__unregistered__set(identity_registry, compliance_officer, thief, frozen):
    receipt = identity_registry.setFrozen(thief, frozen, sender=compliance_officer)
    assert receipt.events == [identity_registry.AccountFrozen(thief, frozen)]
    assert identity(identity_registry, thief) == (0, 0, frozen, False, 0)


def test_set_frozen__unfreezing__leaves_the_rest(
    identity_registry, register, freeze, compliance_officer, investor, expiry
):
    register(investor, SWITZERLAND, RETAIL, expiry)
    freeze(investor)
    identity_registry.setFrozen(investor, False, sender=compliance_officer)
    assert identity(identity_registry, investor) == (SWITZERLAND, RETAIL, False, False, expiry)


def test_set_frozen__zero_account__refused(identity_registry, compliance_officer):
    with reverts(identity_registry.IdentityRegistry__ZeroAccount):
        identity_registry.setFrozen(NOBODY, True, sender=compliance_officer)


# -- setVenueAccount


@pytest.mark.parametrize("venue", [True, False])
def test_set_venue_account__unregistered__set(identity_registry, compliance_officer, pool, venue):
    receipt = identity_registry.setVenueAccount(pool, venue, sender=compliance_officer)
    assert receipt.events == [identity_registry.VenueAccountSet(pool, venue)]
    assert identity(identity_registry, pool) == (0, 0, False, venue, 0)


@pytest.mark.parametrize("venue", [True, False])
def test_set_venue_account__investor__refused(identity_registry, register, compliance_officer, investor, venue):
    register(investor)
    with reverts(identity_registry.IdentityRegistry__IsInvestor, investor):
        identity_registry.setVenueAccount(investor, venue, sender=compliance_officer)


def test_set_venue_account__zero_account__refused(identity_registry, compliance_officer):
    with reverts(identity_registry.IdentityRegistry__ZeroAccount):
        identity_registry.setVenueAccount(NOBODY, True, sender=compliance_officer)


# -- Roles and storage


@pytest.mark.parametrize("actor", ["admin", "guardian", "issuer", "manager", "thief"])
@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("registerIdentity", (SWITZERLAND, RETAIL, 2**40 - 1)),
        ("deleteIdentity", ()),
        ("setFrozen", (True,)),
        ("setVenueAccount", (True,)),
    ],
)
def test_every_write__without_compliance_officer__refused(identity_registry, actors, actor, function, arguments):
    with reverts(identity_registry.AccessManagedUnauthorized, actors[actor]):
        getattr(identity_registry, function)(actors["investor"], *arguments, sender=actors[actor])


@pytest.fixture
def stored(chain, identity_registry):
    """The holder's word, read where ERC-7201 puts `quantera.storage.IdentityRegistry`."""

    def word(account):
        seed = int.from_bytes(keccak(text="quantera.storage.IdentityRegistry")) - 1
        base = keccak(seed.to_bytes(32))[:31] + b"\x00"
        slot = int.from_bytes(keccak(encode(["address", "bytes32"], [account.address, base])))
        return int.from_bytes(chain.provider.get_storage(identity_registry.address, slot))

    return word


def test_packed_identity_of__investor__is_the_stored_word(
    identity_registry, register, freeze, stored, investor, expiry
):
    register(investor, SWITZERLAND, INSTITUTIONAL, expiry)
    freeze(investor)
    word = SWITZERLAND | INSTITUTIONAL << 16 | 1 << 24 | expiry << 40 | expiry << 80 | expiry << 120 | ALL_TOPICS << 160
    assert stored(investor) == identity_registry.packedIdentityOf(investor) == word


def test_counterparties__two__in_the_order_given(identity_registry, register, admit_venue, stored, investor, pool):
    register(investor)
    admit_venue(pool)
    assert tuple(identity_registry.counterparties(pool, investor)) == (1 << 32, stored(investor))
