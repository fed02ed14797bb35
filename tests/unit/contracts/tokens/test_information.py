"""A token's own information: names, ERC-1404, ERC-1643, token information; and the factory's full issue."""

import ape
import pytest
from eth_utils import keccak

from scripts._lib.deployment import roles
from tests.fixtures.compliance import Reason, rule
from tests.fixtures.protocol import DAY, EVERY_CLASS, GERMANY, SWITZERLAND
from tests.reverts import reverts

NOBODY = "0x0000000000000000000000000000000000000000"
FUND = (3, SWITZERLAND, True, 100, "CISA")
NAME = keccak(text="prospectus")
SALT = keccak(text="issue")


@pytest.fixture
def issue(token_factory, issuer):
    """`issue(**changes)`: a token with terms of its own."""

    def issued(
        own_registry=False,
        registry=NOBODY,
        token_rule=(0, 0),
        rules=None,
        info=FUND,
        agents=(),
        decimals=18,
        classes=0,
        countries=(SWITZERLAND, GERMANY),
    ):
        rules = [rule() for _ in countries] if rules is None else rules
        params = ("Fund", "FND", decimals, list(countries), classes, SALT)
        terms = (own_registry, registry, token_rule, rules, info, NOBODY, list(agents))
        token_factory.issueToken(params, terms, sender=issuer)
        return ape.project.ComplianceAwareToken.at(token_factory.addressOf(SALT))

    return issued


# -- ERC-1404


def test_message__every_code__has_its_own(create_token):
    token = create_token()
    texts = [token.messageForTransferRestriction(code) for code in Reason]
    assert len(set(texts)) == len(Reason)
    assert texts[Reason.KYC_EXPIRED] == "The KYC has lapsed"
    assert token.messageForTransferRestriction(len(Reason)) == "Unknown code"


def test_detect__allowed_and_refused__codes(create_token, register, issuer, investor, counterparty, thief):
    token = create_token()
    register(investor)
    register(counterparty)
    token.mint(investor, 10, sender=issuer)
    ask = token.detectTransferRestriction
    assert ask(investor, counterparty, 10) == Reason.NONE
    assert ask(investor, thief, 10) == Reason.NOT_REGISTERED
    assert ask(investor, NOBODY, 10) == Reason.NOT_REGISTERED
    assert ask(investor, counterparty, 11) == Reason.INSUFFICIENT_BALANCE


# -- Names


def test_set_name__new__shown_and_signed_for(create_token, issuer):
    token = create_token("BND", "Bond", 6)
    receipt = token.setName("Note", sender=issuer)
    token.setSymbol("NTE", sender=issuer)
    assert (token.name(), token.symbol(), token.eip712Domain().name) == ("Note", "NTE", "Note")
    (event,) = receipt.events
    assert event.event_name == "UpdatedTokenInformation"
    assert (event.newDecimals, event.newVersion) == (6, token.version())


@pytest.mark.parametrize("function", ["setName", "setSymbol"])
def test_set_name__empty__refused(create_token, issuer, function):
    token = create_token()
    with reverts(token.ComplianceAwareToken__EmptyName):
        getattr(token, function)("", sender=issuer)


def test_set_onchainid__new__shown(create_token, issuer, thief):
    token = create_token()
    token.setOnchainID(thief, sender=issuer)
    assert token.onchainID() == thief


# -- ERC-1643


def test_documents__set_changed_removed(create_token, issuer, chain):
    token = create_token()
    names = [keccak(text=str(number)) for number in range(3)]
    for name in names:
        token.setDocument(name, "ipfs://first", NAME, sender=issuer)
    token.setDocument(names[0], "ipfs://second", SALT, sender=issuer)
    found = token.getDocument(names[0])
    assert (found[0], bytes(found[1]), found[2]) == ("ipfs://second", SALT, chain.blocks.head.timestamp)
    receipt = token.removeDocument(names[0], sender=issuer)
    assert receipt.events == [token.DocumentRemoved(names[0], "ipfs://second", SALT)]
    assert [bytes(name) for name in token.getAllDocuments()] == [names[2], names[1]]
    token.removeDocument(names[2], sender=issuer)
    assert [bytes(name) for name in token.getAllDocuments()] == [names[1]]
    assert token.getDocument(names[0])[2] == 0


def test_documents__unknown_or_empty__refused(create_token, issuer):
    token = create_token()
    with reverts(token.ComplianceAwareToken__UnknownDocument, NAME):
        token.removeDocument(NAME, sender=issuer)
    with reverts(token.ComplianceAwareToken__EmptyDocument):
        token.setDocument(NAME, "", NAME, sender=issuer)
    with reverts(token.ComplianceAwareToken__EmptyDocument):
        token.setDocument(bytes(32), "ipfs://", NAME, sender=issuer)


# -- Information


def test_info__minimum_investment__least_that_an_issue_leaves(issue, register, issuer, investor):
    token = issue()
    register(investor)
    with reverts(token.ComplianceAwareToken__BelowMinimumInvestment, 99, 100):
        token.mint(investor, 99, sender=issuer)
    with reverts(token.ComplianceAwareToken__BelowMinimumInvestment, 99, 100):
        token.batchMint([investor, investor], [50, 49], sender=issuer)
    token.batchMint([investor, investor], [50, 50], sender=issuer)
    token.mint(investor, 1, sender=issuer)


def test_can_transfer__issue_below_the_minimum_investment__false(issue, register, issuer, investor):
    token = issue()
    register(investor)
    face = ape.project.TokenCompliance.at(token.compliance())
    assert not face.canTransfer(NOBODY, investor, 99)
    assert face.canTransfer(NOBODY, investor, 100)
    token.mint(investor, 100, sender=issuer)
    assert face.canTransfer(NOBODY, investor, 1)


def test_info__not_fractional_with_decimals__refused(issue):
    with reverts(ape.project.ComplianceAwareToken.ComplianceAwareToken__InvalidInfo):
        issue(info=(3, SWITZERLAND, False, 0, ""))
    token = issue(info=(3, SWITZERLAND, False, 0, ""), decimals=0)
    assert not token.tokenInfo().fractional


def test_info__no_such_jurisdiction__refused(issue, issuer):
    token = issue()
    assert tuple(token.tokenInfo()) == FUND
    with reverts(token.ComplianceAwareToken__InvalidInfo):
        token.setTokenInfo((0, 1000, True, 0, ""), sender=issuer)


# -- Issuing with terms


def test_issue__shared_registry__rules_and_agents_as_asked(issue, compliance_engine, identity_registry, router):
    wanted = [rule(max_holding=10**18), rule(1 << 3, lockup=DAY)]
    token = issue(rules=wanted, token_rule=(0, 99), agents=[router])
    assert token.identityRegistry() == identity_registry
    assert tuple(compliance_engine.ruleOf(token, SWITZERLAND)) == wanted[0]
    assert tuple(compliance_engine.ruleOf(token, GERMANY)) == wanted[1]
    assert compliance_engine.tokenRuleOf(token).maxHolders == 99
    assert token.isAgent(router)
    assert identity_registry.isAgent(token)


def test_issue__own_registry__governed_by_the_same_roles(
    issue, token_factory, identity_registry, sanctions_list, compliance_officer, thief, investor
):
    token = issue(own_registry=True)
    registry = ape.project.IdentityRegistry.at(token.identityRegistry())
    assert registry != identity_registry
    assert token_factory.isRegistry(registry)
    assert registry.address in sanctions_list.registries()
    registry.registerIdentity(investor, SWITZERLAND, 1, 2**40 - 1, sender=compliance_officer)
    assert registry.isVerified(investor)
    assert not identity_registry.isVerified(investor)
    with reverts(registry.AccessManagedUnauthorized, thief):
        registry.setFrozen(investor, True, sender=thief)
    with reverts(registry.InvalidInitialization):
        registry.initialize(thief, sender=thief)
    with reverts(registry.InvalidInitialization):
        registry.initializeClone(thief, thief, sender=thief)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"own_registry": True, "registry": "0x" + "11" * 20}, "TokenFactory__BothRegistries"),
        ({"classes": EVERY_CLASS}, "TokenFactory__BothRules"),
        ({"decimals": 37}, "TokenFactory__UnsupportedDecimals"),
    ],
)
def test_issue__contradiction__refused(issue, token_factory, changes, error):
    with reverts(getattr(token_factory, error)):
        issue(**changes)


def test_issue__fewer_rules_than_countries__refused(issue, compliance_engine):
    with reverts(compliance_engine.AutomatedComplianceEngine__LengthMismatch):
        issue(rules=[rule()])


# -- Governing


def test_govern__delayed_role__after_its_delay(
    issue, token_factory, access_manager, admin, compliance_officer, chain, router
):
    token = issue()
    access_manager.grantRole(roles.COMPLIANCE_OFFICER_DELAYED, compliance_officer, DAY, sender=admin)
    act = token.addAgent.encode_input(router)
    with reverts(token.ComplianceAwareToken__Unauthorized):
        token.addAgent(router, sender=compliance_officer)
    call = token_factory.govern.encode_input(token, act)
    operation = access_manager.hashOperation(compliance_officer, token_factory, call)
    with reverts(access_manager.AccessManagerNotScheduled, operation):
        token_factory.govern(token, act, sender=compliance_officer)
    access_manager.schedule(token_factory, call, 0, sender=compliance_officer)
    chain.mine(timestamp=chain.pending_timestamp + DAY)
    token_factory.govern(token, act, sender=compliance_officer)
    assert token.isAgent(router)


def test_govern__own_registry__trusted_issuer_added(issue, token_factory, compliance_officer, router):
    token = issue(own_registry=True)
    registry = ape.project.IdentityRegistry.at(token.identityRegistry())
    act = registry.addTrustedIssuer.encode_input(router, [1])
    token_factory.govern(registry, act, sender=compliance_officer)
    assert registry.isTrustedIssuer(router)


def test_govern__what_agents_do__refused(issue, token_factory, compliance_officer, register, investor):
    """The governor is no agent: a compliance officer cannot issue through it."""
    token = issue()
    register(investor)
    act = token.mint.encode_input(investor, 100)
    with reverts(token.ComplianceAwareToken__Unauthorized, token_factory, act[:4]):
        token_factory.govern(token, act, sender=compliance_officer)


def test_govern__anything_else__refused(token_factory, compliance_officer, access_manager, thief):
    with reverts(token_factory.TokenFactory__NotOurs, access_manager):
        token_factory.govern(access_manager, b"", sender=compliance_officer)
    with reverts(token_factory.AccessManagedUnauthorized, thief):
        token_factory.govern(thief, b"", sender=thief)
