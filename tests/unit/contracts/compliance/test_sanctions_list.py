"""Sanctions: the list that wallets ask, its chain of hashes, and what it stops within the same block."""

import pytest
from eth_abi import encode
from eth_utils import keccak

from scripts._lib.deployment import roles
from tests.fixtures.compliance import AML_TOPIC, KYC_TOPIC, Reason
from tests.fixtures.protocol import SWITZERLAND
from tests.reverts import reverts

SOURCE = keccak(text="the published list")


@pytest.fixture
def sanction(sanctions_list, compliance_officer):
    """`sanction(*accounts)`: one batch."""
    return lambda *accounts: sanctions_list.sanction(
        sanctions_list.version(), accounts, SOURCE, sender=compliance_officer
    )


@pytest.fixture
def lift(sanctions_list, compliance_officer):
    """`lift(*accounts)`: one batch."""
    return lambda *accounts: sanctions_list.lift(sanctions_list.version(), accounts, SOURCE, sender=compliance_officer)


@pytest.fixture
def token(create_token, register, issuer, investor, counterparty):
    token = create_token()
    register(investor)
    register(counterparty)
    token.mint(investor, 100, sender=issuer)
    return token


def test_sanction__batch__listed_and_chained(sanctions_list, sanction, lift, thief, spender):
    version, before = sanctions_list.version(), bytes(sanctions_list.head())
    sanction(thief, spender)
    assert sanctions_list.isSanctioned(thief)
    assert sanctions_list.isSanctioned(spender)
    kinds = ("bytes32", "uint64", "address[]", "address[]", "bytes32")
    head = keccak(encode(kinds, (before, version + 1, [thief.address, spender.address], [], SOURCE)))
    assert (bytes(sanctions_list.head()), sanctions_list.version()) == (head, version + 1)
    lift(thief)
    assert not sanctions_list.isSanctioned(thief)
    head = keccak(encode(kinds, (head, version + 2, [], [thief.address], SOURCE)))
    assert bytes(sanctions_list.head()) == head


@pytest.mark.parametrize("way", ["send", "receive"])
def test_sanction__another_wallet_of_the_person__stopped(
    token, sanction, refused, trusted, create_onchainid, claim, issuer, compliance_officer, spender, counterparty,
    wallet, way
):  # fmt: skip
    person = create_onchainid()
    for topic in (KYC_TOPIC, AML_TOPIC):
        claim(person, topic)
    listed = wallet()
    for account in (listed, spender):
        trusted.registerIdentity(account, person, SWITZERLAND, sender=compliance_officer)
    token.mint(spender, 10, sender=issuer)
    sanction(listed)
    sender, receiver = (spender, counterparty) if way == "send" else (issuer, spender)
    with refused(token, spender, Reason.SANCTIONED):
        if way == "send":
            token.transfer(receiver, 1, sender=sender)
        else:
            token.mint(receiver, 1, sender=sender)


@pytest.mark.parametrize("way", ["send", "receive", "mint", "burn", "spend", "forced in"])
def test_sanction__holder__stopped_everywhere_at_once(
    token, sanction, refused, register, issuer, compliance_officer, investor, counterparty, spender, way
):
    register(spender)
    token.approve(spender, 100, sender=investor)
    guilty = {"receive": counterparty, "forced in": counterparty, "spend": spender}.get(way, investor)
    sanction(guilty)
    with refused(token, guilty, Reason.SANCTIONED):
        match way:
            case "send" | "receive":
                token.transfer(counterparty, 1, sender=investor)
            case "mint":
                token.mint(investor, 1, sender=issuer)
            case "burn":
                token.burn(investor, 1, sender=issuer)
            case "spend":
                token.transferFrom(investor, counterparty, 1, sender=spender)
            case _:
                token.forcedTransfer(investor, counterparty, 1, sender=compliance_officer)


def test_sanction__venue_account__takes_nothing(token, sanction, refused, admit_venue, investor, pool):
    admit_venue(pool)
    sanction(pool)
    with refused(token, pool, Reason.SANCTIONED):
        token.transfer(pool, 1, sender=investor)


def test_sanction__in_the_same_block__stops_the_next_transaction(
    token, chain, sanctions_list, sanction, compliance_officer, investor, counterparty
):
    provider = chain.provider
    provider.auto_mine = False
    try:
        version = sanctions_list.version()
        first = sanctions_list.sanction(
            version,
            [counterparty],
            SOURCE,
            sender=compliance_officer,
            gas=1_000_000,
            required_confirmations=0,
            max_fee=2 * 10**10,
            priority_fee=2 * 10**9,
        )
        second = token.transfer(
            counterparty,
            1,
            sender=investor,
            gas=1_000_000,
            required_confirmations=0,
            max_fee=10**10,
            priority_fee=10**9,
            raise_on_revert=False,
        )
        chain.mine()
    finally:
        provider.auto_mine = True
    receipts = [provider.get_receipt(receipt.txn_hash) for receipt in (first, second)]
    assert receipts[0].block_number == receipts[1].block_number
    assert [receipt.failed for receipt in receipts] == [False, True]
    assert token.balanceOf(counterparty) == 0


def test_sanction__forgotten_holder__still_cannot_send(
    token, identity_registry, sanction, refused, compliance_officer, investor, counterparty
):
    identity_registry.deleteIdentity(investor, sender=compliance_officer)
    sanction(investor)
    with refused(token, investor, Reason.SANCTIONED):
        token.transfer(counterparty, 1, sender=investor)


def test_register__sanctioned_before_the_registry_was_told__marked(
    sanctions_list, compliance_officer, token_factory, issuer, wallet
):
    account = wallet()
    sanctions_list.sanction(sanctions_list.version(), [account], SOURCE, sender=compliance_officer)
    registry = own_registry(token_factory, issuer)
    registry.registerIdentity(account, SWITZERLAND, 1, 2**40 - 1, sender=compliance_officer)
    assert registry.identityOf(account).sanctioned
    assert not registry.isVerified(account)


def test_sanction__registry_of_its_own__told_too(sanctions_list, sanction, token_factory, issuer, wallet):
    registry = own_registry(token_factory, issuer)
    account = wallet()
    sanction(account)
    assert registry.identityOf(account).sanctioned


def test_lift__afterwards__moves_again(token, sanction, lift, investor, counterparty):
    sanction(investor)
    lift(investor)
    token.transfer(counterparty, 1, sender=investor)


def own_registry(token_factory, issuer):
    """The registry of a new token."""
    import ape

    from tests.fixtures.compliance import rule

    salt = keccak(text="own registry")
    nobody = "0x" + "00" * 20
    terms = (True, nobody, (0, 0), [rule()], (0, 0, True, 0, ""), nobody, [])
    token_factory.issueToken(("Own", "OWN", 18, [SWITZERLAND], 0, salt), terms, sender=issuer)
    token = ape.project.ComplianceAwareToken.at(token_factory.addressOf(salt))
    return ape.project.IdentityRegistry.at(token.identityRegistry())


# -- Refused


def test_sanction__made_from_another_version__refused(sanctions_list, compliance_officer, thief):
    version = sanctions_list.version()
    with reverts(sanctions_list.SanctionsList__WrongVersion, version + 1, version):
        sanctions_list.sanction(version + 1, [thief], SOURCE, sender=compliance_officer)


def test_sanction__twice_in_a_batch__refused(sanctions_list, sanction, thief):
    with reverts(sanctions_list.SanctionsList__AlreadyListed, thief):
        sanction(thief, thief)


def test_lift__not_listed__refused(sanctions_list, lift, thief):
    with reverts(sanctions_list.SanctionsList__NotListed, thief):
        lift(thief)


@pytest.mark.parametrize(
    ("listed", "error"), [([], "SanctionsList__EmptyBatch"), (["0x" + "00" * 20], "SanctionsList__ZeroAccount")]
)
def test_sanction__nonsense__refused(sanctions_list, sanction, listed, error):
    with reverts(getattr(sanctions_list, error)):
        sanction(*listed)


@pytest.mark.parametrize("actor", ["admin", "guardian", "issuer", "manager", "thief"])
def test_every_change__wrong_role__refused(sanctions_list, actors, actor, identity_registry):
    sender = actors[actor]
    for call, arguments in (
        (sanctions_list.sanction, (0, [sender], SOURCE)),
        (sanctions_list.lift, (0, [sender], SOURCE)),
        (sanctions_list.addRegistry, (sender,)),
    ):
        with reverts(sanctions_list.AccessManagedUnauthorized, sender):
            call(*arguments, sender=sender)


def test_remove_registry__by_admin__no_longer_told(sanctions_list, identity_registry, admin, thief):
    sanctions_list.removeRegistry(identity_registry, sender=admin)
    assert identity_registry.address not in sanctions_list.registries()
    with reverts(sanctions_list.SanctionsList__UnknownRegistry, identity_registry):
        sanctions_list.removeRegistry(identity_registry, sender=admin)
    with reverts(sanctions_list.AccessManagedUnauthorized, thief):
        sanctions_list.removeRegistry(identity_registry, sender=thief)


@pytest.fixture
def list_keeper(access_manager, admin):
    """The admin, who holds FACTORY too."""
    access_manager.grantRole(roles.FACTORY, admin, 0, sender=admin)
    return admin


def test_add_registry__again_with_nothing_missed__told(
    sanctions_list, sanction, identity_registry, admin, list_keeper, thief
):
    sanctions_list.removeRegistry(identity_registry, sender=admin)
    sanctions_list.addRegistry(identity_registry, sender=list_keeper)
    sanction(thief)
    assert identity_registry.identityOf(thief).sanctioned


def test_add_registry__again_after_it_missed_a_sanction__refused(
    sanctions_list, sanction, identity_registry, admin, list_keeper, thief
):
    sanctions_list.removeRegistry(identity_registry, sender=admin)
    sanction(thief)
    with reverts(sanctions_list.SanctionsList__MissedChanges, identity_registry):
        sanctions_list.addRegistry(identity_registry, sender=list_keeper)


def test_on_sanctions__not_from_the_list__refused(identity_registry, compliance_officer, investor):
    with reverts(identity_registry.IdentityRegistry__OnlySanctionsList, compliance_officer):
        identity_registry.onSanctions([investor], True, sender=compliance_officer)
