"""Identities whose verdict comes from ONCHAINID claims: real identities and issuers of the ONCHAINID package."""

import ape
import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.fixtures.compliance import (
    ACCREDITED_TOPIC,
    AML_TOPIC,
    INSTITUTION_TOPIC,
    KYC_TOPIC,
    ONCHAINID,
    signed_claim,
    trex,
)
from tests.fixtures.protocol import ACCREDITED, DAY, GERMANY, INSTITUTIONAL, RETAIL, SWITZERLAND, YEAR
from tests.reverts import reverts

NOBODY = "0x0000000000000000000000000000000000000000"
TRANSACTION_GAS = 2**24
"""The maximum that EIP-7825 grants a transaction."""
SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture
def admit(trusted, compliance_officer, wallet):
    """`admit(identity, country)`: registers a new wallet of an identity."""

    def admitted(identity, country=SWITZERLAND):
        account = wallet()
        trusted.registerIdentity(account, identity, country, sender=compliance_officer)
        return account

    return admitted


@pytest.fixture
def known(create_onchainid, claim):
    """An identity with valid KYC and AML claims."""
    identity = create_onchainid()
    claim(identity, KYC_TOPIC)
    claim(identity, AML_TOPIC)
    return identity


# -- Verdicts


def test_register__required_claims__verified_as_retail(trusted, admit, known):
    account = admit(known)
    found = trusted.identityOf(account)
    assert (found.country, found.investorClass) == (SWITZERLAND, RETAIL)
    assert trusted.isVerified(account)
    assert (trusted.identity(account), trusted.investorCountry(account)) == (known.address, SWITZERLAND)


def test_register__required_claim_missing__registered_but_not_verified(trusted, admit, create_onchainid, claim):
    identity = create_onchainid()
    claim(identity, KYC_TOPIC)
    account = admit(identity)
    assert trusted.contains(account)
    assert not trusted.isVerified(account)
    claim(identity, AML_TOPIC)
    trusted.refresh(account, sender=ape.accounts.test_accounts[9])
    assert trusted.isVerified(account)


@pytest.mark.parametrize(("topic", "granted"), [(ACCREDITED_TOPIC, ACCREDITED), (INSTITUTION_TOPIC, INSTITUTIONAL)])
def test_register__claim_that_grants_more__that_class(trusted, admit, known, claim, topic, granted):
    claim(known, topic)
    found = trusted.identityOf(admit(known))
    assert found.investorClass == granted
    assert found.topics >> trusted.topicTerms(topic).index & 1


def test_register__accreditation_alone__not_verified(trusted, admit, create_onchainid, claim):
    identity = create_onchainid()
    claim(identity, ACCREDITED_TOPIC)
    assert not trusted.isVerified(admit(identity))


def test_register__dated_claims__lapse_on_their_day(trusted, admit, create_onchainid, claim, chain):
    identity = create_onchainid()
    now = chain.pending_timestamp
    claim(identity, KYC_TOPIC, now + 90 * DAY)
    claim(identity, AML_TOPIC, now + 30 * DAY)
    account = admit(identity)
    found = trusted.identityOf(account)
    assert (found.kycExpiry, found.amlExpiry) == (now + 90 * DAY, now + 30 * DAY)
    chain.mine(timestamp=now + 30 * DAY)
    assert not trusted.isVerified(account)


def test_register__claim_dated_far_off__counts_for_its_validity_only(trusted, admit, known, chain):
    account = admit(known)
    assert trusted.identityOf(account).kycExpiry == chain.blocks.head.timestamp + YEAR


def test_register__lapsed_claim__not_verified(trusted, admit, create_onchainid, claim, chain):
    identity = create_onchainid()
    claim(identity, KYC_TOPIC, chain.pending_timestamp - 1)
    claim(identity, AML_TOPIC)
    assert not trusted.isVerified(admit(identity))


def test_refresh__revoked_claim__no_longer_verified(
    trusted, admit, create_onchainid, claim, claim_issuer, admin, thief
):
    identity = create_onchainid()
    signature = claim(identity, KYC_TOPIC)
    claim(identity, AML_TOPIC)
    account = admit(identity)
    claim_issuer.revokeClaimBySignature(signature, sender=admin)
    assert trusted.isVerified(account)
    trusted.refresh(account, sender=thief)
    assert not trusted.isVerified(account)


@pytest.mark.parametrize("encoding", ["v of 0 or 1", "the other s", "64 bytes", "66 bytes"])
def test_refresh__revoked_claim_in_another_encoding__no_longer_verified(
    trusted, admit, create_onchainid, claim, claim_issuer, admin, thief, encoding
):
    identity = create_onchainid()
    signature = claim(identity, KYC_TOPIC)
    claim(identity, AML_TOPIC)
    account = admit(identity)
    claim_issuer.revokeClaimBySignature(signature, sender=admin)
    body, s, v = signature[:64], int.from_bytes(signature[32:64], "big"), signature[64]
    twin = {
        "v of 0 or 1": body + bytes([v - 27]),
        "the other s": signature[:32] + (SECP256K1_ORDER - s).to_bytes(32, "big") + bytes([55 - v]),
        "64 bytes": signature[:32] + (s | (v - 27) << 255).to_bytes(32, "big"),
        "66 bytes": signature + bytes(1),
    }[encoding]
    _, data = signed_claim(identity.address, KYC_TOPIC)
    lenient = encoding in ("v of 0 or 1", "the other s")
    assert claim_issuer.isClaimValid(identity, KYC_TOPIC, twin, data) == lenient
    if lenient:
        identity.addClaim(KYC_TOPIC, 1, claim_issuer, twin, data, "", sender=admin)
    trusted.refresh(account, sender=thief)
    assert not trusted.isVerified(account)


def test_refresh__revoked_by_claim_id_on_a_two_faced_identity__needs_revocation_by_signature(
    trusted, admit, admin, claim_issuer, thief
):
    identity = thief.deploy(ape.project.TwoFacedIdentity)
    for topic in (KYC_TOPIC, AML_TOPIC):
        signature, data = signed_claim(identity.address, topic)
        identity.setClaim((topic, claim_issuer, signature, data), sender=thief)
    signature, _ = signed_claim(identity.address, KYC_TOPIC)
    account = admit(identity)
    assert trusted.isVerified(account)
    identity.setDecoy(claim_issuer, bytes(65), sender=thief)
    claim_id = keccak(encode(["address", "uint256"], [claim_issuer.address, KYC_TOPIC]))
    claim_issuer.revokeClaim(claim_id, identity, sender=admin)
    trusted.refresh(account, sender=thief)
    assert trusted.isVerified(account)
    claim_issuer.revokeClaimBySignature(signature, sender=admin)
    trusted.refresh(account, sender=thief)
    assert not trusted.isVerified(account)


def test_refresh__issuer_no_longer_trusted__no_longer_verified(
    trusted, admit, known, claim_issuer, compliance_officer, thief
):
    account = admit(known)
    trusted.removeTrustedIssuer(claim_issuer, sender=compliance_officer)
    trusted.refresh(account, sender=thief)
    assert not trusted.isVerified(account)


def test_refresh__frozen_and_documents__stay(trusted, admit, known, compliance_officer, thief):
    account = admit(known)
    trusted.setFrozen(account, True, sender=compliance_officer)
    trusted.setDocuments(account, 5, sender=compliance_officer)
    trusted.refresh(account, sender=thief)
    found = trusted.identityOf(account)
    assert (found.frozen, found.documents) == (True, 5)


def test_refresh__officers_word__nothing_to_refresh(trusted, register, investor, thief):
    register(investor)
    with reverts(trusted.IdentityRegistry__NoClaims, investor):
        trusted.refresh(investor, sender=thief)


def test_register__no_topics_at_all__not_verified(identity_registry, create_onchainid, wallet, compliance_officer):
    account = wallet()
    identity_registry.registerIdentity(account, create_onchainid(), SWITZERLAND, sender=compliance_officer)
    assert not identity_registry.isVerified(account)


# -- Attacks


def test_register__claim_of_an_issuer_nobody_trusts__not_verified(trusted, admit, create_onchainid, claim, admin):
    stranger = admin.deploy(trex(f"{ONCHAINID}/ClaimIssuer.sol/ClaimIssuer.json"), admin)
    identity = create_onchainid()
    for topic in (KYC_TOPIC, AML_TOPIC):
        with ape.reverts():
            claim(identity, topic, issuer=stranger)
    assert not trusted.isVerified(admit(identity))


def test_register__identity_that_lies_about_its_issuer__not_verified(trusted, admit, admin):
    """T-REX asks the issuer that the identity names: this one names itself, and finds itself valid."""
    liar = admin.deploy(ape.project.LyingIdentity)
    assert not trusted.isVerified(admit(liar))


@pytest.mark.parametrize("trick", ["BurnGas", "ReturnMegabytes", "ReturnNonsense", "Revert"])
def test_refresh__identity_that_turns_hostile__loses_its_verdict(
    trusted, admit, known, compliance_officer, admin, thief, trick
):
    """A holder cannot keep a verdict by making its refresh revert."""
    liar = admin.deploy(ape.project.LyingIdentity)
    account = admit(known)
    trusted.updateIdentity(account, liar, sender=compliance_officer)
    liar.setTrick(["None", "BurnGas", "ReturnMegabytes", "ReturnNonsense", "Revert"].index(trick), sender=admin)
    trusted.refresh(account, sender=thief)
    assert not trusted.isVerified(account)


def test_refresh__every_pair_and_an_identity_that_burns_gas__fits_a_transaction(
    identity_registry, admin, wallet, compliance_officer, thief
):
    identity, account = admin.deploy(ape.project.LyingIdentity), wallet()
    topics = list(range(1, 13))
    for topic in topics:
        identity_registry.setTopicTerms(topic, (topic == 1, True, 1, RETAIL, YEAR), sender=compliance_officer)
    for issuer in (identity.address, wallet(), wallet(), wallet()):
        identity_registry.addTrustedIssuer(issuer, topics, sender=compliance_officer)
    identity_registry.registerIdentity(account, identity, SWITZERLAND, sender=compliance_officer)
    assert identity_registry.isVerified(account)
    identity.setTrick(1, sender=admin)
    receipt = identity_registry.refresh(account, sender=thief, gas_limit=TRANSACTION_GAS)
    assert receipt.gas_limit == TRANSACTION_GAS
    assert not identity_registry.isVerified(account)


def test_refresh__with_little_gas__refused_instead_of_spoiling(trusted, admit, known, thief):
    account = admit(known)
    with reverts(trusted.IdentityRegistry__NotEnoughGas):
        trusted.refresh(account, sender=thief, gas=200_000)
    assert trusted.isVerified(account)


# -- Registering, updating, replacing


def test_register__twice__refused(trusted, admit, known, compliance_officer):
    account = admit(known)
    with reverts(trusted.IdentityRegistry__AlreadyRegistered, account):
        trusted.registerIdentity(account, known, SWITZERLAND, sender=compliance_officer)


def test_register__officers_word_over_claims__refused(trusted, admit, known, register):
    account = admit(known)
    with reverts(trusted.IdentityRegistry__AlreadyRegistered, account):
        register(account)


def test_register__zero_identity__refused(trusted, wallet, compliance_officer):
    with reverts(trusted.IdentityRegistry__ZeroIdentity):
        trusted.registerIdentity(wallet(), NOBODY, SWITZERLAND, sender=compliance_officer)


def test_register__venue__refused(trusted, known, admit_venue, pool, compliance_officer):
    admit_venue(pool)
    with reverts(trusted.IdentityRegistry__IsVenue, pool):
        trusted.registerIdentity(pool, known, SWITZERLAND, sender=compliance_officer)


def test_set_venue_account__registered_but_not_verified__refused(trusted, admit, create_onchainid, compliance_officer):
    account = admit(create_onchainid())
    with reverts(trusted.IdentityRegistry__IsInvestor, account):
        trusted.setVenueAccount(account, True, sender=compliance_officer)


def test_batch_register__three__as_one_by_one(trusted, known, create_onchainid, wallet, compliance_officer):
    accounts = [wallet() for _ in range(3)]
    identities = [known, create_onchainid(), known]
    trusted.batchRegisterIdentity(accounts, identities, [SWITZERLAND, GERMANY, GERMANY], sender=compliance_officer)
    assert [trusted.isVerified(account) for account in accounts] == [True, False, True]
    assert list(trusted.walletsOf(known)) == [accounts[0], accounts[2]]


def test_batch_register__lengths_differ__refused(trusted, known, wallet, compliance_officer):
    with reverts(trusted.IdentityRegistry__LengthMismatch):
        trusted.batchRegisterIdentity([wallet()], [known], [], sender=compliance_officer)


def test_wallets__second_and_gone_again__linked_and_not(trusted, admit, known, compliance_officer):
    first, second, third = admit(known), admit(known), admit(known)
    assert all(trusted.identityOf(account).linked for account in (first, second, third))
    trusted.deleteIdentity(first, sender=compliance_officer)
    assert list(trusted.walletsOf(known)) == [third, second]
    trusted.deleteIdentity(third, sender=compliance_officer)
    assert list(trusted.walletsOf(known)) == [second]
    assert not trusted.identityOf(second).linked
    trusted.deleteIdentity(second, sender=compliance_officer)
    assert list(trusted.walletsOf(known)) == []


def test_max_wallets__changed__counts_from_then_on(trusted, admit, known, wallet, compliance_officer):
    assert trusted.maxWallets() == 8
    receipt = trusted.setMaxWallets(2, sender=compliance_officer)
    assert receipt.events == [trusted.MaxWalletsSet(2)]
    first, second = admit(known), admit(known)
    with reverts(trusted.IdentityRegistry__TooManyWallets, known, 2):
        trusted.registerIdentity(wallet(), known, SWITZERLAND, sender=compliance_officer)
    trusted.setMaxWallets(1, sender=compliance_officer)
    assert list(trusted.walletsOf(known)) == [first, second]
    with reverts(trusted.IdentityRegistry__TooManyWallets, known, 1):
        trusted.registerIdentity(wallet(), known, SWITZERLAND, sender=compliance_officer)


@pytest.mark.parametrize("most", [0, 33])
def test_max_wallets__out_of_bounds__refused(trusted, compliance_officer, most):
    with reverts(trusted.IdentityRegistry__InvalidMaxWallets, most):
        trusted.setMaxWallets(most, sender=compliance_officer)


def test_wallets__ninth__refused(trusted, admit, known, wallet, compliance_officer):
    for _ in range(8):
        admit(known)
    with reverts(trusted.IdentityRegistry__TooManyWallets, known, 8):
        trusted.registerIdentity(wallet(), known, SWITZERLAND, sender=compliance_officer)


def test_update_identity__other_claims__other_verdict(trusted, admit, known, create_onchainid, compliance_officer):
    account, other = admit(known), create_onchainid()
    receipt = trusted.updateIdentity(account, other, sender=compliance_officer)
    assert trusted.IdentityUpdated(known, other) in receipt.events
    assert not trusted.isVerified(account)
    assert list(trusted.walletsOf(known)) == []


def test_update_identity__another_person__documents_are_no_longer_on_file(
    trusted, admit, known, create_onchainid, compliance_officer
):
    account, other = admit(known), create_onchainid()
    trusted.setDocuments(account, 3, sender=compliance_officer)
    receipt = trusted.updateIdentity(account, other, sender=compliance_officer)
    assert trusted.DocumentsSet(account, 0) in receipt.events
    assert trusted.identityOf(account).documents == 0


@pytest.mark.parametrize("change", ["frozen", "sanctioned"])
def test_update_identity__restricted__refused(
    trusted, admit, known, create_onchainid, restrict, compliance_officer, change
):
    account, other = admit(known), create_onchainid()
    restrict(account, change)
    with reverts(trusted.IdentityRegistry__Restricted, account):
        trusted.updateIdentity(account, other, sender=compliance_officer)


def test_update_country__registered__there(trusted, admit, known, compliance_officer):
    account = admit(known)
    receipt = trusted.updateCountry(account, GERMANY, sender=compliance_officer)
    assert receipt.events == [trusted.CountryUpdated(account, GERMANY)]
    assert trusted.investorCountry(account) == GERMANY


@pytest.mark.parametrize(
    ("function", "arguments"),
    [("updateCountry", (GERMANY,)), ("updateIdentity", ("0x" + "11" * 20,)), ("setDocuments", (1,))],
)
def test_update__unknown__refused(trusted, thief, compliance_officer, function, arguments):
    with reverts(trusted.IdentityRegistry__NotRegistered, thief):
        getattr(trusted, function)(thief, *arguments, sender=compliance_officer)


def test_replace_wallet__lost__the_new_one_takes_its_place(trusted, admit, known, wallet, compliance_officer):
    lost, new = admit(known), wallet()
    trusted.setDocuments(lost, 3, sender=compliance_officer)
    before = tuple(trusted.identityOf(lost))
    trusted.replaceWallet(lost, new, sender=compliance_officer)
    assert tuple(trusted.identityOf(new)) == before
    assert not trusted.contains(lost)
    assert list(trusted.walletsOf(known)) == [new]


def test_replace_wallet__frozen__refused(trusted, admit, known, wallet, compliance_officer):
    lost = admit(known)
    trusted.setFrozen(lost, True, sender=compliance_officer)
    with reverts(trusted.IdentityRegistry__Restricted, lost):
        trusted.replaceWallet(lost, wallet(), sender=compliance_officer)


def test_replace_wallet__anothers_wallet__refused(trusted, admit, known, create_onchainid, compliance_officer):
    lost, others = admit(known), admit(create_onchainid())
    with reverts(trusted.IdentityRegistry__AlreadyRegistered, others):
        trusted.replaceWallet(lost, others, sender=compliance_officer)


# -- A freeze and a sanction bind the person


@pytest.fixture
def restrict(trusted, sanctions_list, compliance_officer):
    """`restrict(account, "frozen" or "sanctioned", on)`: returns the receipt."""

    def restricted(account, change, on=True):
        if change == "frozen":
            return trusted.setFrozen(account, on, sender=compliance_officer)
        act = sanctions_list.sanction if on else sanctions_list.lift
        return act(sanctions_list.version(), [account], bytes(32), sender=compliance_officer)

    return restricted


changes = pytest.mark.parametrize("change", ["frozen", "sanctioned"])


@changes
def test_restriction__one_wallet__binds_the_others(trusted, admit, known, restrict, change):
    first, second, third = admit(known), admit(known), admit(known)
    receipt = restrict(second, change)
    assert all(getattr(trusted.identityOf(account), change) for account in (first, second, third))
    event = trusted.AccountFrozen if change == "frozen" else trusted.AccountSanctioned
    assert all(event(account, True) in receipt.events for account in (first, second, third))
    restrict(second, change, on=False)
    assert not any(getattr(trusted.identityOf(account), change) for account in (first, second, third))


@changes
def test_restriction__of_a_person__binds_a_wallet_that_is_registered_later(trusted, admit, known, restrict, change):
    first = admit(known)
    restrict(first, change)
    later = admit(known)
    assert getattr(trusted.identityOf(later), change)
    assert not trusted.isVerified(later)


@changes
def test_restriction__of_a_wallet__binds_the_person_who_links_it(
    trusted, admit, known, wallet, restrict, compliance_officer, change
):
    first, second = admit(known), wallet()
    restrict(second, change)
    trusted.registerIdentity(second, known, SWITZERLAND, sender=compliance_officer)
    assert getattr(trusted.identityOf(first), change)


@changes
def test_restriction__forgotten_wallet__still_binds_the_person(
    trusted, admit, known, restrict, compliance_officer, change
):
    first, second = admit(known), admit(known)
    restrict(first, change)
    trusted.deleteIdentity(first, sender=compliance_officer)
    assert getattr(trusted.identityOf(second), change)
    assert getattr(trusted.identityOf(admit(known)), change)


@changes
def test_restriction__after_a_wallet_was_forgotten__binds_the_person(
    trusted, admit, known, restrict, compliance_officer, change
):
    first, second = admit(known), admit(known)
    trusted.deleteIdentity(first, sender=compliance_officer)
    restrict(first, change)
    assert getattr(trusted.identityOf(second), change)


@changes
def test_restriction__of_a_person__binds_a_former_wallet_on_the_officers_word(
    trusted, admit, known, restrict, register, compliance_officer, change
):
    first, second = admit(known), admit(known)
    trusted.deleteIdentity(first, sender=compliance_officer)
    restrict(second, change)
    register(first)
    assert getattr(trusted.identityOf(first), change)


@changes
def test_restriction__former_wallet__not_given_to_another_person(
    trusted, admit, known, create_onchainid, restrict, compliance_officer, change
):
    account = admit(known)
    restrict(account, change)
    trusted.deleteIdentity(account, sender=compliance_officer)
    with reverts(trusted.IdentityRegistry__Restricted, account):
        trusted.registerIdentity(account, create_onchainid(), SWITZERLAND, sender=compliance_officer)
    trusted.registerIdentity(account, known, SWITZERLAND, sender=compliance_officer)
    assert getattr(trusted.identityOf(account), change)


def test_restriction__former_wallet_without_any__may_become_another_persons(
    trusted, admit, known, create_onchainid, restrict, compliance_officer
):
    account, other = admit(known), admit(known)
    trusted.deleteIdentity(account, sender=compliance_officer)
    trusted.registerIdentity(account, create_onchainid(), SWITZERLAND, sender=compliance_officer)
    restrict(account, "sanctioned")
    assert not trusted.identityOf(other).sanctioned


def test_sanction__two_wallets_of_a_person__lifted_with_the_last(trusted, admit, known, restrict):
    first, second, third = admit(known), admit(known), admit(known)
    restrict(first, "sanctioned")
    restrict(second, "sanctioned")
    restrict(first, "sanctioned", on=False)
    found = trusted.identityOf(first)
    assert (found.sanctioned, found.listed) == (True, False)
    assert trusted.identityOf(third).sanctioned
    restrict(second, "sanctioned", on=False)
    assert not any(trusted.identityOf(account).sanctioned for account in (first, second, third))


def test_sync_sanctions__wallet_forgotten_before_its_person_was_sanctioned__marked(
    trusted, admit, known, restrict, compliance_officer, thief
):
    first, second = admit(known), admit(known)
    trusted.deleteIdentity(first, sender=compliance_officer)
    restrict(second, "sanctioned")
    assert not trusted.identityOf(first).sanctioned
    trusted.syncSanctions([first], sender=thief)
    assert trusted.identityOf(first).sanctioned
    restrict(second, "sanctioned", on=False)
    trusted.syncSanctions([first], sender=thief)
    assert not trusted.identityOf(first).sanctioned


def test_sync_sanctions__nothing_changed__says_nothing(trusted, admit, known, thief):
    assert trusted.syncSanctions([admit(known), thief], sender=thief).events == []


# -- Agents


def test_agent__added__registers_and_no_more(trusted, known, compliance_officer, wallet, spender):
    trusted.addAgent(spender, sender=compliance_officer)
    assert trusted.isAgent(spender)
    with reverts(trusted.IdentityRegistry__IsAgent, spender):
        trusted.addAgent(spender, sender=compliance_officer)
    trusted.registerIdentity(wallet(), known, SWITZERLAND, sender=spender)
    with reverts(trusted.AccessManagedUnauthorized, spender):
        trusted.setFrozen(spender, True, sender=spender)
    trusted.removeAgent(spender, sender=compliance_officer)
    with reverts(trusted.IdentityRegistry__NotAnAgent, spender):
        trusted.removeAgent(spender, sender=compliance_officer)
    with reverts(trusted.AccessManagedUnauthorized, spender):
        trusted.registerIdentity(wallet(), known, SWITZERLAND, sender=spender)
