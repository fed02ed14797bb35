"""ERC-3643 tools expect T-REX's own ABI, event by event and function by function, and its agents' semantics."""

import json

import ape
import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.fixtures.compliance import AML_TOPIC, FOREVER, KYC_TOPIC, TREX, Reason
from tests.fixtures.protocol import GERMANY, SWITZERLAND
from tests.reverts import reverts

NOBODY = "0x0000000000000000000000000000000000000000"
INTERFACES = {
    "token/IToken": "ComplianceAwareToken",
    "registry/interface/IIdentityRegistry": "IdentityRegistry",
    "registry/interface/IIdentityRegistryStorage": "IdentityRegistryStorage",
    "registry/interface/IClaimTopicsRegistry": "IdentityRegistry",
    "registry/interface/ITrustedIssuersRegistry": "IdentityRegistry",
    "compliance/modular/IModularCompliance": "TokenCompliance",
    "roles/AgentRole": "ComplianceAwareToken",
}
# These never happen here: the registry is one contract, and modules are data.
NEVER = {
    "ClaimTopicsRegistrySet",
    "IdentityStorageSet",
    "TrustedIssuersRegistrySet",
    "ModuleAdded",
    "ModuleInteraction",
    "ModuleRemoved",
    "OwnershipTransferred",
}
# The factory owns every token; see docs/compliance.md.
OWNERSHIP = {"transferOwnership(address)", "renounceOwnership()"}


def published(path):
    name = path.rsplit("/", 1)[1]
    return json.loads((TREX / f"contracts/{path}.sol/{name}.json").read_text(encoding="utf-8"))["abi"]


def signature(entry):
    return f"{entry['name']}({','.join(item['type'] for item in entry['inputs'])})"


def ours(name):
    return [abi.model_dump(by_alias=True) for abi in getattr(ape.project, name).contract_type.abi]


@pytest.mark.parametrize(("theirs", "name"), INTERFACES.items())
def test_abi__every_function__is_here(theirs, name):
    wanted = {signature(entry) for entry in published(theirs) if entry["type"] == "function"} - OWNERSHIP
    assert wanted <= {signature(entry) for entry in ours(name) if entry["type"] == "function"}


@pytest.mark.parametrize(("theirs", "name"), INTERFACES.items())
def test_abi__every_event__same_topic_and_indices(theirs, name):
    def shapes(entries):
        return {
            (signature(entry), tuple(bool(item.get("indexed")) for item in entry["inputs"]))
            for entry in entries
            if entry["type"] == "event" and entry["name"] not in NEVER
        }

    assert shapes(published(theirs)) <= shapes(ours(name))


# -- Agents


@pytest.fixture
def token(create_token, register, issuer, investor, counterparty):
    token = create_token(countries=[SWITZERLAND, GERMANY])
    register(investor)
    register(counterparty)
    token.mint(investor, 100, sender=issuer)
    return token


@pytest.fixture
def agent(token, compliance_officer, router):
    """An account that holds no role, agent of this token."""
    token.addAgent(router, sender=compliance_officer)
    return router


def test_agent__added_and_removed__says_so(token, compliance_officer, router):
    assert token.addAgent(router, sender=compliance_officer).events == [token.AgentAdded(router)]
    assert token.isAgent(router)
    assert token.removeAgent(router, sender=compliance_officer).events == [token.AgentRemoved(router)]
    with reverts(token.ComplianceAwareToken__Unauthorized):
        token.pause(sender=router)


def test_agent__twice_or_none__refused(token, agent, compliance_officer, thief):
    """T-REX refuses the same."""
    with reverts(token.ComplianceAwareToken__IsAgent, agent):
        token.addAgent(agent, sender=compliance_officer)
    with reverts(token.ComplianceAwareToken__NotAnAgent, thief):
        token.removeAgent(thief, sender=compliance_officer)
    with reverts(token.ComplianceAwareToken__NotAnAgent, NOBODY):
        token.addAgent(NOBODY, sender=compliance_officer)


def test_agent__of_one_token__stranger_to_another(token, agent, create_token, investor):
    with reverts(create_token().ComplianceAwareToken__Unauthorized):
        create_token().mint(investor, 1, sender=agent)


def test_agent__every_function__acts(token, agent, investor, counterparty):
    token.batchMint([investor, counterparty], [10, 20], sender=agent)
    token.batchFreezePartialTokens([investor, counterparty], [5, 5], sender=agent)
    token.batchUnfreezePartialTokens([investor, counterparty], [5, 4], sender=agent)
    token.batchForcedTransfer([investor, investor], [counterparty, counterparty], [5, 5], sender=agent)
    token.batchBurn([investor, counterparty], [100, 29], sender=agent)
    token.batchSetAddressFrozen([investor, counterparty], [True, False], sender=agent)
    token.pause(sender=agent)
    token.unpause(sender=agent)
    assert (token.balanceOf(investor), token.balanceOf(counterparty), token.totalSupply()) == (0, 1, 1)
    assert (token.isFrozen(investor), token.getFrozenTokens(counterparty)) == (True, 1)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("batchTransfer", ([NOBODY], [])),
        ("batchMint", ([NOBODY], [])),
        ("batchBurn", ([NOBODY], [])),
        ("batchForcedTransfer", ([NOBODY], [NOBODY], [])),
        ("batchForcedTransfer", ([NOBODY], [], [1])),
        ("batchSetAddressFrozen", ([NOBODY], [])),
        ("batchFreezePartialTokens", ([NOBODY], [])),
        ("batchUnfreezePartialTokens", ([NOBODY], [])),
    ],
)
def test_batch__lengths_differ__refused(token, agent, function, arguments):
    with reverts(token.ComplianceAwareToken__LengthMismatch):
        getattr(token, function)(*arguments, sender=agent)


def test_batch__257_legs__refused(token, investor, counterparty):
    with reverts(token.ComplianceAwareToken__TooManyLegs, 257, 256):
        token.batchTransfer([counterparty] * 257, [0] * 257, sender=investor)


# -- Freezing


def test_freeze_partial__some__the_rest_moves(token, compliance_officer, investor, counterparty):
    receipt = token.freezePartialTokens(investor, 60, sender=compliance_officer)
    assert receipt.events == [token.TokensFrozen(investor, 60), token.Frozen(investor, 60)]
    with reverts(token.ERC7943InsufficientUnfrozenBalance, investor, 41, 40):
        token.transfer(counterparty, 41, sender=investor)
    with reverts(token.ERC7943InsufficientUnfrozenBalance, investor, 41, 40):
        token.batchTransfer([counterparty, counterparty], [40, 1], sender=investor)
    token.transfer(counterparty, 40, sender=investor)
    assert (token.balanceOf(investor), token.getFrozenTokens(investor)) == (60, 60)


def test_freeze_partial__more_than_is_free__refused(token, compliance_officer, investor):
    token.freezePartialTokens(investor, 60, sender=compliance_officer)
    with reverts(token.ERC7943InsufficientUnfrozenBalance, investor, 41, 40):
        token.freezePartialTokens(investor, 41, sender=compliance_officer)
    with reverts(token.ERC20InsufficientBalance, investor, 100, 101):
        token.freezePartialTokens(investor, 101, sender=compliance_officer)


def test_unfreeze_partial__more_than_is_frozen__refused(token, compliance_officer, investor):
    token.freezePartialTokens(investor, 60, sender=compliance_officer)
    with reverts(token.ComplianceAwareToken__NotFrozen, investor, 60, 61):
        token.unfreezePartialTokens(investor, 61, sender=compliance_officer)


@pytest.mark.parametrize("who", ["sender", "receiver", "spender"])
def test_set_address_frozen__any_side__refused(
    token, compliance_officer, register, investor, counterparty, spender, who
):
    register(spender)
    token.approve(spender, 100, sender=investor)
    frozen = {"sender": investor, "receiver": counterparty, "spender": spender}[who]
    receipt = token.setAddressFrozen(frozen, True, sender=compliance_officer)
    assert receipt.events == [token.AddressFrozen(frozen, True, compliance_officer)]
    with reverts(token.ComplianceAwareToken__WalletFrozen, frozen):
        token.transferFrom(investor, counterparty, 1, sender=spender)
    token.setAddressFrozen(frozen, False, sender=compliance_officer)
    token.transferFrom(investor, counterparty, 1, sender=spender)


@pytest.mark.parametrize("way", ["mint", "batchMint", "forcedTransfer", "batchForcedTransfer"])
def test_set_address_frozen__receiver_of_an_agent__refused(
    token, compliance_officer, issuer, investor, counterparty, way
):
    token.setAddressFrozen(counterparty, True, sender=compliance_officer)
    call, sender = {
        "mint": ((token.mint, counterparty, 1), issuer),
        "batchMint": ((token.batchMint, [investor, counterparty], [1, 1]), issuer),
        "forcedTransfer": ((token.forcedTransfer, investor, counterparty, 1), compliance_officer),
        "batchForcedTransfer": ((token.batchForcedTransfer, [investor], [counterparty], [1]), compliance_officer),
    }[way]
    with reverts(token.ComplianceAwareToken__WalletFrozen, counterparty):
        call[0](*call[1:], sender=sender)


def test_burn__more_than_is_free__unfreezes_the_rest(token, compliance_officer, issuer, investor):
    token.freezePartialTokens(investor, 60, sender=compliance_officer)
    receipt = token.burn(investor, 70, sender=issuer)
    assert token.TokensUnfrozen(investor, 30) in receipt.events
    assert (token.balanceOf(investor), token.getFrozenTokens(investor)) == (30, 30)


# -- Forced transfers


def test_forced_transfer__more_than_is_free__unfreezes_the_rest(token, compliance_officer, investor, counterparty):
    token.freezePartialTokens(investor, 60, sender=compliance_officer)
    receipt = token.forcedTransfer(investor, counterparty, 70, sender=compliance_officer)
    assert receipt.return_value is True
    assert token.TokensUnfrozen(investor, 30) in receipt.events
    assert (token.balanceOf(investor), token.getFrozenTokens(investor)) == (30, 30)


def test_forced_transfer__to_oneself__unfreezes_nothing(token, compliance_officer, investor):
    token.freezePartialTokens(investor, 100, sender=compliance_officer)
    token.forcedTransfer(investor, investor, 100, sender=compliance_officer)
    assert (token.balanceOf(investor), token.getFrozenTokens(investor)) == (100, 100)
    with reverts(token.ERC20InsufficientBalance, investor, 100, 101):
        token.forcedTransfer(investor, investor, 101, sender=compliance_officer)


def test_forced_transfer__from_frozen_wallet__moved(token, freeze, compliance_officer, investor, counterparty):
    freeze(investor)
    token.setAddressFrozen(investor, True, sender=compliance_officer)
    token.forcedTransfer(investor, counterparty, 100, sender=compliance_officer)
    assert token.balanceOf(counterparty) == 100


@pytest.mark.parametrize("receiver", ["thief", "pool"])
def test_forced_transfer__to_refused__refused(
    token, compliance_officer, refused, admit_venue, actors, investor, receiver
):
    admit_venue(actors["pool"])
    reason = Reason.NOT_REGISTERED if receiver == "thief" else Reason.VENUE_ONLY_OPPOSITE_ELIGIBLE
    with refused(token, actors[receiver], reason):
        token.forcedTransfer(investor, actors[receiver], 1, sender=compliance_officer)
    with refused(token, actors[receiver], reason):
        token.batchForcedTransfer([investor], [actors[receiver]], [1], sender=compliance_officer)


@pytest.mark.parametrize("receiver", ["thief", "pool"])
def test_batch_transfer__one_refused__none_moved(token, refused, actors, admit_venue, investor, counterparty, receiver):
    admit_venue(actors["pool"])
    if receiver == "pool":
        token.batchTransfer([counterparty, actors["pool"]], [1, 1], sender=investor)
        return
    with refused(token, actors[receiver], Reason.NOT_REGISTERED):
        token.batchTransfer([counterparty, actors[receiver]], [1, 1], sender=investor)
    assert token.balanceOf(counterparty) == 0


@pytest.mark.parametrize("function", ["batchTransfer", "batchMint"])
def test_batch__one_receiver_in_several_legs__an_event_per_leg(token, issuer, investor, counterparty, function):
    call, sender = getattr(token, function), investor if function == "batchTransfer" else issuer
    receipt = call([counterparty, counterparty], [30, 10], sender=sender)
    source = investor if function == "batchTransfer" else NOBODY
    legs = [token.Transfer(source, counterparty, 30), token.Transfer(source, counterparty, 10)]
    assert [event for event in receipt.events if event.event_name == "Transfer"] == legs


def test_batch_transfer__with_oneself__stays(token, investor, counterparty):
    token.batchTransfer([investor, counterparty, investor], [30, 10, 60], sender=investor)
    assert (token.balanceOf(investor), token.balanceOf(counterparty)) == (90, 10)


def test_batch_transfer__sum_above_the_balance__refused(token, investor, counterparty):
    with reverts(token.ERC20InsufficientBalance, investor, 100, 101):
        token.batchTransfer([counterparty, counterparty], [100, 1], sender=investor)


@pytest.mark.parametrize("function", ["batchTransfer", "batchMint"])
def test_batch__to_zero_address__refused(token, issuer, investor, function):
    with reverts(token.ERC20InvalidReceiver, NOBODY):
        getattr(token, function)([NOBODY], [0], sender=issuer if function == "batchMint" else investor)


# -- Recovery


@pytest.fixture
def sole(create_sole_token, trust, issuer, investor, compliance_officer):
    """A token that is the only one of its registry; the investor holds 100."""
    token, registry = create_sole_token([SWITZERLAND])
    trust(registry)
    registry.registerIdentity(investor, SWITZERLAND, 1, FOREVER, sender=compliance_officer)
    token.mint(investor, 100, sender=issuer)
    return token


@pytest.fixture
def registry(sole):
    """The registry of that token."""
    return ape.project.IdentityRegistry.at(sole.identityRegistry())


@pytest.fixture
def lost(registry, sole, create_onchainid, claim, wallet, issuer, compliance_officer):
    """A wallet of an ONCHAINID that holds 50, of which 20 are frozen; and the ONCHAINID."""
    identity, account = create_onchainid(), wallet()
    claim(identity, KYC_TOPIC)
    claim(identity, AML_TOPIC)
    registry.registerIdentity(account, identity, SWITZERLAND, sender=compliance_officer)
    sole.mint(account, 50, sender=issuer)
    sole.freezePartialTokens(account, 20, sender=compliance_officer)
    return account, identity


@pytest.fixture
def owned(lost, wallet, admin):
    """A new wallet that is a management key of the lost one's ONCHAINID."""
    account = wallet()
    lost[1].addKey(keccak(encode(["address"], [account])), 1, 1, sender=admin)
    return account


def test_recovery__owned_wallet__takes_everything(sole, registry, compliance_engine, compliance_officer, lost, owned):
    account, identity = lost
    sole.setAddressFrozen(account, True, sender=compliance_officer)
    receipt = sole.recoveryAddress(account, owned, identity, sender=compliance_officer)
    assert sole.RecoverySuccess(account, owned, identity) in receipt.events
    assert (sole.balanceOf(account), sole.balanceOf(owned)) == (0, 50)
    assert (sole.getFrozenTokens(owned), sole.isFrozen(owned)) == (20, True)
    assert (registry.contains(account), registry.isVerified(owned)) == (False, True)
    assert compliance_engine.holdersOf(sole, SWITZERLAND) == (2, 2)


def test_recovery__wallet_without_key__refused(sole, compliance_officer, lost, wallet):
    account, identity = lost
    other = wallet()
    with reverts(sole.ComplianceAwareToken__NotTheSameInvestor, account, other, identity):
        sole.recoveryAddress(account, other, identity, sender=compliance_officer)


def test_recovery__another_onchainid__refused(sole, compliance_officer, lost, owned, create_onchainid, admin):
    """T-REX takes any ONCHAINID of which the new wallet holds a key."""
    other = create_onchainid()
    other.addKey(keccak(encode(["address"], [owned])), 1, 1, sender=admin)
    with reverts(sole.ComplianceAwareToken__NotTheSameInvestor, lost[0], owned, other):
        sole.recoveryAddress(lost[0], owned, other, sender=compliance_officer)


def test_recovery__nothing_there__refused(sole, compliance_officer, counterparty, owned, lost):
    with reverts(sole.ComplianceAwareToken__NothingToRecover, counterparty):
        sole.recoveryAddress(counterparty, owned, lost[1], sender=compliance_officer)


@pytest.mark.parametrize("flaw", ["frozen", "sanctioned", "revoked"])
def test_recovery__refused_holder__refused(
    sole, registry, sanctions_list, compliance_officer, claim_issuer, refused, lost, owned, flaw, thief
):
    account, identity = lost
    if flaw == "frozen":
        registry.setFrozen(account, True, sender=compliance_officer)
        expected = reverts(registry.IdentityRegistry__Restricted, account)
    elif flaw == "sanctioned":
        version = sanctions_list.version()
        sanctions_list.sanction(version, [account], bytes(32), sender=compliance_officer)
        expected = reverts(registry.IdentityRegistry__Restricted, account)
    else:
        registry.removeTrustedIssuer(claim_issuer, sender=compliance_officer)
        registry.refresh(account, sender=thief)
        expected = refused(sole, owned, Reason.NOT_VERIFIED)
    with expected:
        sole.recoveryAddress(account, owned, identity, sender=compliance_officer)


# -- Swaps


def test_set_identity_registry__another__decides_from_then_on(
    token, compliance_officer, deploy_proxy, sanctions_list, refused, investor, counterparty
):
    other = deploy_proxy(ape.project.IdentityRegistry, sanctions_list)
    receipt = token.setIdentityRegistry(other, sender=compliance_officer)
    assert token.IdentityRegistryAdded(other) in receipt.events
    assert token.identityRegistry() == other
    with refused(token, counterparty, Reason.NOT_REGISTERED):
        token.transfer(counterparty, 1, sender=investor)


def test_set_compliance__without_rules_there__refused(token, compliance_officer, create_token):
    other = create_token().compliance()
    with reverts(ape.project.TokenCompliance.at(other).TokenCompliance__OnlyToken, token):
        token.setCompliance(other, sender=compliance_officer)


def test_set_compliance__the_same__bound_again(token, compliance_officer):
    face = ape.project.TokenCompliance.at(token.compliance())
    receipt = token.setCompliance(face, sender=compliance_officer)
    assert token.ComplianceAdded(face) in receipt.events
    assert face.TokenBound(token) in receipt.events
    assert face.TokenUnbound(token) in receipt.events


# -- ICompliance


@pytest.fixture
def face(token):
    """The contract that `token.compliance()` names."""
    return ape.project.TokenCompliance.at(token.compliance())


def test_can_transfer__asked_by_anyone__the_engines_verdict(face, investor, counterparty, thief):
    assert face.canTransfer(investor, counterparty, 100, sender=thief)
    assert face.canTransfer(NOBODY, counterparty, 1)
    assert not face.canTransfer(investor, thief, 1)


def test_bound__this_token_alone(face, token, create_token):
    assert face.isTokenBound(token)
    assert not face.isTokenBound(create_token())
    assert not face.isTokenBound(NOBODY)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("bindToken", (NOBODY,)),
        ("unbindToken", (NOBODY,)),
        ("transferred", (NOBODY, NOBODY, 1)),
        ("created", (NOBODY, 1)),
        ("destroyed", (NOBODY, 1)),
    ],
)
def test_hooks__not_from_the_token__refused(face, thief, function, arguments):
    with reverts(face.TokenCompliance__OnlyToken, thief):
        getattr(face, function)(*arguments, sender=thief)


@pytest.mark.parametrize(
    ("function", "sides"), [("transferred", 2), ("created", 1), ("destroyed", 1)], ids=["transfer", "issue", "burn"]
)
def test_hooks__from_the_token__refuse_nobody_and_nothing(face, token, impersonated, investor, function, sides):
    hook, owner = getattr(face, function), impersonated(token)
    hook(*[investor] * sides, 1, sender=owner)
    for place in range(sides):
        named = [NOBODY if k == place else investor for k in range(sides)]
        with reverts(face.TokenCompliance__ZeroAddress):
            hook(*named, 1, sender=owner)
    with reverts(face.TokenCompliance__ZeroAmount):
        hook(*[investor] * sides, 0, sender=owner)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [("addModule", (NOBODY,)), ("removeModule", (NOBODY,)), ("callModuleFunction", (b"", NOBODY))],
)
def test_modules__any__refused(face, thief, function, arguments):
    with reverts(face.TokenCompliance__NoModules):
        getattr(face, function)(*arguments, sender=thief)
    assert list(face.getModules()) == []
    assert not face.isModuleBound(thief)
