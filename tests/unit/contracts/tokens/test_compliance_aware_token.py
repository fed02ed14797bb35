"""Every way a regulated token moves, who may mint, burn and pause, and permits."""

import ape
import pytest
from ape.contracts import ContractContainer
from ape.exceptions import VirtualMachineError
from eth_account import Account
from eth_account.messages import encode_typed_data
from ethpm_types import ContractType

from scripts._lib.deployment import roles
from tests.fixtures.compliance import rule
from tests.fixtures.protocol import ACCREDITED, DAY, SWITZERLAND
from tests.reverts import reverts

FROZEN, NOT_REGISTERED, KYC_EXPIRED, COUNTRY, CLASS, VENUE = 2, 3, 4, 5, 6, 7
MAX = 2**256 - 1
NOBODY = "0x0000000000000000000000000000000000000000"


@pytest.fixture
def token(create_token, register, issuer, investor, counterparty):
    """Open to Swiss; both are eligible, and the investor holds 100."""
    token = create_token()
    register(investor)
    register(counterparty)
    token.mint(investor, 100, sender=issuer)
    return token


@pytest.fixture
def refused(compliance_engine, token):
    """`refused(account, reason)`: expects the engine to refuse this account."""
    return lambda account, reason: reverts(compliance_engine.AutomatedComplianceEngine__Refused, token, account, reason)


@pytest.fixture
def approve(token):
    """`approve(owner, spender)`: for all of it."""
    return lambda owner, spender: token.approve(spender, MAX, sender=owner)


# -- Minting and burning


def test_mint__to_eligible__issued(token, issuer, counterparty):
    token.mint(counterparty, 7, sender=issuer)
    assert token.balanceOf(counterparty) == 7
    assert token.totalSupply() == 107


def test_mint__to_unregistered__refused(token, refused, issuer, thief):
    with refused(thief, NOT_REGISTERED):
        token.mint(thief, 1, sender=issuer)


def test_mint__to_venue__refused(token, refused, admit_venue, issuer, pool):
    admit_venue(pool)
    with refused(pool, VENUE):
        token.mint(pool, 1, sender=issuer)


def test_mint__to_zero_address__refused(token, issuer):
    with reverts(token.ERC20InvalidReceiver, NOBODY):
        token.mint(NOBODY, 1, sender=issuer)


def test_burn__from_holder__cancelled(token, issuer, investor):
    token.burn(investor, 40, sender=issuer)
    assert token.balanceOf(investor) == token.totalSupply() == 60


def test_burn__from_holder_no_longer_registered__cancelled(
    token, identity_registry, compliance_officer, issuer, investor
):
    identity_registry.deleteIdentity(investor, sender=compliance_officer)
    token.burn(investor, 100, sender=issuer)
    assert token.balanceOf(investor) == 0


def test_burn__from_frozen__refused(token, refused, freeze, issuer, investor):
    freeze(investor)
    with refused(investor, FROZEN):
        token.burn(investor, 1, sender=issuer)


def test_burn__more_than_held__refused(token, issuer, investor):
    with reverts(token.ERC20InsufficientBalance, investor, 100, 101):
        token.burn(investor, 101, sender=issuer)


# -- transfer


def test_transfer__between_eligible__moved(token, investor, counterparty):
    receipt = token.transfer(counterparty, 30, sender=investor)
    assert token.Transfer(investor, counterparty, 30) in receipt.events
    assert (token.balanceOf(investor), token.balanceOf(counterparty)) == (70, 30)


def test_transfer__to_unregistered__refused(token, refused, investor, thief):
    with refused(thief, NOT_REGISTERED):
        token.transfer(thief, 1, sender=investor)


def test_transfer__of_nothing_to_unregistered__refused(token, refused, investor, thief):
    with refused(thief, NOT_REGISTERED):
        token.transfer(thief, 0, sender=investor)


def test_transfer__frozen_sender__refused(token, refused, freeze, investor, counterparty):
    freeze(investor)
    with refused(investor, FROZEN):
        token.transfer(counterparty, 1, sender=investor)


def test_transfer__frozen_receiver__refused(token, refused, freeze, investor, counterparty):
    freeze(counterparty)
    with refused(counterparty, FROZEN):
        token.transfer(counterparty, 1, sender=investor)


def test_transfer__to_lapsed__refused(token, refused, register, chain, investor, counterparty):
    expiry = chain.pending_timestamp + 1_000
    register(counterparty, expiry=expiry)
    chain.mine(timestamp=expiry)
    with refused(counterparty, KYC_EXPIRED):
        token.transfer(counterparty, 1, sender=investor)


def test_transfer__from_lapsed__moved(token, register, chain, investor, counterparty):
    expiry = chain.pending_timestamp + 1_000
    register(investor, expiry=expiry)
    chain.mine(timestamp=expiry)
    token.transfer(counterparty, 100, sender=investor)
    assert token.balanceOf(counterparty) == 100


def test_transfer__to_blocked_country__refused(
    token, refused, compliance_engine, compliance_officer, investor, counterparty
):
    compliance_engine.blockCountries(token, [SWITZERLAND], sender=compliance_officer)
    with refused(counterparty, COUNTRY):
        token.transfer(counterparty, 1, sender=investor)


def test_transfer__to_blocked_class__refused(
    token, refused, compliance_engine, compliance_officer, investor, counterparty
):
    compliance_engine.setRules(token, [SWITZERLAND], [rule(1 << ACCREDITED)], sender=compliance_officer)
    with refused(counterparty, CLASS):
        token.transfer(counterparty, 1, sender=investor)


def test_transfer__to_oneself__balance_stays(token, investor):
    token.transfer(investor, 100, sender=investor)
    assert token.balanceOf(investor) == 100


def test_transfer__to_oneself_frozen__refused(token, refused, freeze, investor):
    freeze(investor)
    with refused(investor, FROZEN):
        token.transfer(investor, 1, sender=investor)


def test_transfer__into_and_out_of_venue__moved(token, admit_venue, investor, counterparty, pool):
    admit_venue(pool)
    token.transfer(pool, 50, sender=investor)
    token.transfer(counterparty, 50, sender=pool)
    assert token.balanceOf(counterparty) == 50


def test_transfer__out_of_venue_to_unregistered__refused(token, refused, admit_venue, investor, pool, thief):
    admit_venue(pool)
    token.transfer(pool, 50, sender=investor)
    with refused(thief, NOT_REGISTERED):
        token.transfer(thief, 1, sender=pool)


def test_transfer__between_venues__refused(token, refused, admit_venue, investor, pool, router):
    admit_venue(pool)
    admit_venue(router)
    token.transfer(pool, 50, sender=investor)
    with refused(router, VENUE):
        token.transfer(router, 1, sender=pool)


def test_transfer__no_longer_a_venue__cannot_receive(
    token, refused, admit_venue, identity_registry, compliance_officer, investor, pool
):
    admit_venue(pool)
    identity_registry.setVenueAccount(pool, False, sender=compliance_officer)
    with refused(pool, NOT_REGISTERED):
        token.transfer(pool, 1, sender=investor)


def test_transfer__warm__costs_less_than_68k(token, investor, counterparty, chain):
    token.transfer(counterparty, 1, sender=investor)
    chain.mine()
    assert token.transfer(counterparty, 1, sender=investor).gas_used < 68_000


# -- transferFrom


def test_transfer_from__eligible_spender__moved(token, register, approve, investor, counterparty, spender):
    register(spender)
    approve(investor, spender)
    token.transferFrom(investor, counterparty, 5, sender=spender)
    assert token.balanceOf(counterparty) == 5


def test_transfer_from__unregistered_spender__refused(token, refused, approve, investor, counterparty, thief):
    approve(investor, thief)
    with refused(thief, NOT_REGISTERED):
        token.transferFrom(investor, counterparty, 5, sender=thief)


def test_transfer_from__frozen_spender__refused(
    token, refused, register, freeze, approve, investor, counterparty, spender
):
    register(spender)
    freeze(spender)
    approve(investor, spender)
    with refused(spender, FROZEN):
        token.transferFrom(investor, counterparty, 5, sender=spender)


def test_transfer_from__frozen_owner__refused(
    token, refused, register, freeze, approve, investor, counterparty, spender
):
    register(spender)
    approve(investor, spender)
    freeze(investor)
    with refused(investor, FROZEN):
        token.transferFrom(investor, counterparty, 5, sender=spender)


def test_transfer_from__spender_sends_to_itself__receiver_refused(token, refused, approve, investor, thief):
    approve(investor, thief)
    with refused(thief, NOT_REGISTERED):
        token.transferFrom(investor, thief, 5, sender=thief)


def test_transfer_from__router_to_pool__moved(token, admit_venue, approve, investor, pool, router):
    admit_venue(pool)
    admit_venue(router)
    approve(investor, router)
    token.transferFrom(investor, pool, 5, sender=router)
    assert token.balanceOf(pool) == 5


def test_transfer_from__no_allowance__refused(token, register, investor, counterparty, spender):
    register(spender)
    with reverts(token.ERC20InsufficientAllowance, spender, 0, 5):
        token.transferFrom(investor, counterparty, 5, sender=spender)


# -- Allowances that grow and shrink


def test_increase_allowance__again__adds_up(token, investor, spender):
    token.increaseAllowance(spender, 5, sender=investor)
    receipt = token.increaseAllowance(spender, 2, sender=investor)
    assert receipt.events == [token.Approval(investor, spender, 7)]
    assert token.allowance(investor, spender) == 7


def test_increase_allowance__beyond_what_a_word_holds__refused(token, approve, investor, spender):
    approve(investor, spender)
    with pytest.raises(VirtualMachineError, match="Panic error 0x11"):
        token.increaseAllowance(spender, 1, sender=investor)


def test_decrease_allowance__a_part__the_rest_stays(token, investor, spender):
    token.approve(spender, 7, sender=investor)
    receipt = token.decreaseAllowance(spender, 3, sender=investor)
    assert receipt.events == [token.Approval(investor, spender, 4)]
    assert token.allowance(investor, spender) == 4


def test_decrease_allowance__more_than_there_is__refused(token, investor, spender):
    token.approve(spender, 7, sender=investor)
    with reverts(token.ERC20InsufficientAllowance, spender, 7, 8):
        token.decreaseAllowance(spender, 8, sender=investor)


def test_increase_allowance__unregistered_spender__still_refused(token, refused, investor, counterparty, thief):
    token.increaseAllowance(thief, 5, sender=investor)
    with refused(thief, NOT_REGISTERED):
        token.transferFrom(investor, counterparty, 5, sender=thief)


def test_increase_allowance__while_paused__allowed_like_approving(token, guardian, investor, spender):
    """An allowance moves nothing: what it lets move is judged when it moves."""
    token.pause(sender=guardian)
    token.approve(spender, 1, sender=investor)
    token.increaseAllowance(spender, 1, sender=investor)
    assert token.allowance(investor, spender) == 2


# -- permit


@pytest.fixture
def holder(token, register, issuer):
    """A key of its own that holds 10."""
    key = Account.from_key("0x" + "5e" * 32)
    register(key.address)
    token.mint(key.address, 10, sender=issuer)
    return key


@pytest.fixture
def permit(token, holder, chain):
    """`permit(spender, value, deadline, contract, chain_id, nonce)`: the arguments of a signed permit."""

    def signed(spender, value=10, deadline=None, contract=None, chain_id=None, nonce=0):
        deadline = chain.pending_timestamp + DAY if deadline is None else deadline
        names = ("owner:address", "spender:address", "value:uint256", "nonce:uint256", "deadline:uint256")
        domain = ("name:string", "version:string", "chainId:uint256", "verifyingContract:address")
        types = {"Permit": names, "EIP712Domain": domain}
        message = encode_typed_data(
            full_message={
                "primaryType": "Permit",
                "types": {
                    key: [dict(zip(("name", "type"), field.split(":"), strict=True)) for field in fields]
                    for key, fields in types.items()
                },
                "domain": {
                    "name": token.name(),
                    "version": "1",
                    "chainId": chain.chain_id if chain_id is None else chain_id,
                    "verifyingContract": (contract or token).address,
                },
                "message": {
                    "owner": holder.address,
                    "spender": spender.address,
                    "value": value,
                    "nonce": nonce,
                    "deadline": deadline,
                },
            }
        )
        signature = holder.sign_message(message)
        r, s = (part.to_bytes(32, "big") for part in (signature.r, signature.s))
        return (holder.address, spender, value, deadline, signature.v, r, s)

    return signed


def test_permit__signed__allows(token, permit, holder, spender, keeper):
    token.permit(*permit(spender), sender=keeper)
    assert token.allowance(holder.address, spender) == 10
    assert token.nonces(holder.address) == 1


def test_permit__spender_not_eligible__still_cannot_move(token, refused, permit, holder, counterparty, thief):
    token.permit(*permit(thief), sender=thief)
    with refused(thief, NOT_REGISTERED):
        token.transferFrom(holder.address, counterparty, 1, sender=thief)


def test_permit__second_time__refused(token, permit, spender, keeper):
    arguments = permit(spender)
    token.permit(*arguments, sender=keeper)
    with reverts(token.ERC2612InvalidSigner):
        token.permit(*arguments, sender=keeper)


def test_permit__after_its_deadline__refused(token, permit, spender, keeper, chain):
    deadline = chain.pending_timestamp + 1_000
    arguments = permit(spender, deadline=deadline)
    chain.mine(timestamp=deadline + 1)
    with reverts(token.ERC2612ExpiredSignature, deadline):
        token.permit(*arguments, sender=keeper)


def test_permit__for_another_token__refused(token, create_token, permit, spender, keeper):
    with reverts(token.ERC2612InvalidSigner):
        token.permit(*permit(spender, contract=create_token()), sender=keeper)


def test_permit__for_another_chain__refused(token, permit, spender, keeper):
    with reverts(token.ERC2612InvalidSigner):
        token.permit(*permit(spender, chain_id=1), sender=keeper)


def test_permit__other_value_than_signed__refused(token, permit, spender, keeper):
    owner, spender, _, *rest = permit(spender)
    with reverts(token.ERC2612InvalidSigner):
        token.permit(owner, spender, 11, *rest, sender=keeper)


# -- Pause


def test_pause__by_guardian__stops_every_transfer(token, guardian, register, approve, investor, counterparty, spender):
    register(spender)
    approve(investor, spender)
    token.pause(sender=guardian)
    assert token.paused()
    movements = [
        lambda: token.transfer(counterparty, 1, sender=investor),
        lambda: token.transferFrom(investor, counterparty, 1, sender=spender),
        lambda: token.batchTransfer([counterparty], [1], sender=investor),
    ]
    for movement in movements:
        with reverts(token.ComplianceAwareToken__Paused):
            movement()


def test_pause__by_guardian__lets_agents_act(token, guardian, issuer, compliance_officer, investor, counterparty):
    token.pause(sender=guardian)
    token.mint(investor, 5, sender=issuer)
    token.burn(investor, 5, sender=issuer)
    token.forcedTransfer(investor, counterparty, 1, sender=compliance_officer)
    assert token.balanceOf(counterparty) == 1


def test_unpause__by_issuer__lets_movements_go_on(token, guardian, issuer, investor, counterparty):
    token.pause(sender=guardian)
    token.unpause(sender=issuer)
    token.transfer(counterparty, 1, sender=investor)
    assert token.balanceOf(counterparty) == 1


def test_pause__twice__refused(token, guardian):
    token.pause(sender=guardian)
    with reverts(token.ComplianceAwareToken__Paused):
        token.pause(sender=guardian)


def test_unpause__not_paused__refused(token, issuer):
    with reverts(token.ComplianceAwareToken__NotPaused):
        token.unpause(sender=issuer)


def test_pause__one_token__leaves_the_others(token, create_token, guardian, issuer, investor):
    token.pause(sender=guardian)
    other = create_token()
    other.mint(investor, 1, sender=issuer)
    assert other.balanceOf(investor) == 1


# -- Roles

LIST, SUMS = ["0x" + "11" * 20], [1]
INFO = (0, 0, True, 0, "")
# Function -> its arguments, whose it is, and whether an agent may.
FUNCTIONS = {
    "mint": ((LIST[0], 1), "issuer", True),
    "burn": ((LIST[0], 1), "issuer", True),
    "batchMint": ((LIST, SUMS), "issuer", True),
    "batchBurn": ((LIST, SUMS), "issuer", True),
    "pause": ((), "guardian", True),
    "unpause": ((), "issuer", True),
    "forcedTransfer": ((LIST[0], LIST[0], 1), "compliance_officer", True),
    "batchForcedTransfer": ((LIST, LIST, SUMS), "compliance_officer", True),
    "recoveryAddress": ((LIST[0], LIST[0], LIST[0]), "compliance_officer", True),
    "setAddressFrozen": ((LIST[0], True), "compliance_officer", True),
    "batchSetAddressFrozen": ((LIST, [True]), "compliance_officer", True),
    "setFrozenTokens": ((LIST[0], 1), "compliance_officer", True),
    "freezePartialTokens": ((LIST[0], 1), "compliance_officer", True),
    "batchFreezePartialTokens": ((LIST, SUMS), "compliance_officer", True),
    "unfreezePartialTokens": ((LIST[0], 1), "compliance_officer", True),
    "batchUnfreezePartialTokens": ((LIST, SUMS), "compliance_officer", True),
    "setName": (("Name",), "issuer", False),
    "setSymbol": (("SYM",), "issuer", False),
    "setOnchainID": ((LIST[0],), "issuer", False),
    "setTokenInfo": ((INFO,), "issuer", False),
    "setDocument": ((b"name".ljust(32), "uri", b"".ljust(32)), "issuer", False),
    "removeDocument": ((b"name".ljust(32),), "issuer", False),
    "addAgent": ((LIST[0],), "compliance_officer", False),
    "removeAgent": ((LIST[0],), "compliance_officer", False),
    "setCompliance": ((LIST[0],), "compliance_officer", False),
    "setIdentityRegistry": ((LIST[0],), "compliance_officer", False),
}
STRANGERS = ("admin", "guardian", "issuer", "compliance_officer", "manager", "thief")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_privilege__wrong_role__refused(token, actors, admin, compliance_officer, function):
    arguments, allowed, agents = FUNCTIONS[function]
    call = getattr(token, function)
    selector = call.encode_input(*arguments)[:4]
    for actor in STRANGERS:
        if actor != allowed:
            with reverts(token.ComplianceAwareToken__Unauthorized, actors[actor], selector):
                call(*arguments, sender=actors[actor])
    if not agents:
        token.addAgent(actors["thief"], sender=compliance_officer)
        with reverts(token.ComplianceAwareToken__Unauthorized, actors["thief"], selector):
            call(*arguments, sender=actors["thief"])


def test_every_privilege__in_the_abi__is_in_this_table(token):
    free = {
        "approve",
        "batchTransfer",
        "decreaseAllowance",
        "increaseAllowance",
        "initialize",
        "permit",
        "transfer",
        "transferFrom",
        "tryTransfer",
        "tryTransferFrom",
    }
    assert {abi.name for abi in token.contract_type.mutable_methods} == FUNCTIONS.keys() | free


def test_mint__role_held_with_a_delay__refused(token, access_manager, admin, investor, thief):
    access_manager.grantRole(roles.ISSUER, thief, DAY, sender=admin)
    with reverts(token.ComplianceAwareToken__Unauthorized):
        token.mint(investor, 1, sender=thief)


def test_mint__factory_closed__refused(token, token_factory, access_manager, admin, issuer, investor):
    access_manager.setTargetClosed(token_factory, True, sender=admin)
    with reverts(token.ComplianceAwareToken__Unauthorized):
        token.mint(investor, 1, sender=issuer)


# -- Setting up

MINE = ("Mine", "MINE", 0, NOBODY, NOBODY, INFO, [])


def test_initialize__by_anyone_else__refused(token, thief):
    with reverts(token.InvalidInitialization):
        token.initialize(*MINE, sender=thief)


def test_initialize__fresh_clone_of_a_stranger__refused(token_factory, admin, thief):
    clone = admin.deploy(_cloning(token_factory.implementation()))
    fresh = ape.project.ComplianceAwareToken.at(clone.address)
    selector = fresh.initialize.encode_input(*MINE)[:4]
    with reverts(fresh.ComplianceAwareToken__Unauthorized, thief, selector):
        fresh.initialize(*MINE, sender=thief)


def test_initialize__implementation__refused(token_factory, thief):
    implementation = ape.project.ComplianceAwareToken.at(token_factory.implementation())
    with reverts(implementation.InvalidInitialization):
        implementation.initialize(*MINE, sender=thief)


def test_views__clone__knows_its_makers(token, token_factory, compliance_engine, access_manager):
    known = (token.factory(), token.owner(), token.engine(), token.authority())
    assert known == (token_factory, token_factory, compliance_engine, access_manager)
    face = ape.project.TokenCompliance.at(token.compliance())
    assert (face.engine(), face.getTokenBound()) == (compliance_engine, token)


def _cloning(implementation):
    """ERC-1167, as anyone can deploy it."""
    runtime = f"363d3d373d3d3d363d73{implementation[2:].lower()}5af43d82803e903d91602b57fd5bf3"
    bytecode = {"bytecode": "0x3d602d80600a3d3981f3" + runtime}
    return ContractContainer(
        ContractType.model_validate({"contractName": "Clone", "abi": [], "deploymentBytecode": bytecode})
    )
