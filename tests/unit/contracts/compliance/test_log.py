"""The token's log: what is in it, and that its running hash proves it complete and unaltered."""

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.fixtures.compliance import Reason
from tests.fixtures.protocol import GERMANY, SWITZERLAND

TRAVEL_RULE, REPORTING, REFUSAL = 1, 2, 3
EMPTY = bytes(32)
NOBODY = "0x" + "00" * 20
FIELDS = (
    "bytes32",
    "address",
    "uint64",
    "uint8",
    "uint8",
    "address",
    "address",
    "address",
    "address",
    "uint256",
    "uint256",
)


@pytest.fixture
def token(create_token, register, issuer, investor, counterparty):
    token = create_token(countries=[SWITZERLAND, GERMANY])
    register(investor)
    register(counterparty)
    token.mint(investor, 1000, sender=issuer)
    return token


def chained(before, token, index, kind, reason, account, operator, sender, receiver, amount, time):
    """The specification's formula."""
    values = (before, token.address, index, kind, reason, account, operator, sender, receiver, amount, time)
    return keccak(encode(FIELDS, values))


def test_transfer__at_a_threshold__logged(token, compliance_engine, set_rule, chain, investor, counterparty):
    set_rule(token, SWITZERLAND, report_threshold=500)
    receipt = token.transfer(counterparty, 500, sender=investor)
    parties = (investor.address, investor.address, counterparty.address, 500)
    head = chained(EMPTY, token, 0, REPORTING, 0, NOBODY, *parties, receipt.timestamp)
    assert compliance_engine.ThresholdCrossed(token, 0, REPORTING, *parties, head) in receipt.events
    assert tuple(compliance_engine.logOf(token)) == (head, 1)


def test_transfer__below_its_thresholds__not_logged(token, compliance_engine, set_rule, investor, counterparty):
    set_rule(token, SWITZERLAND, travel_threshold=500, report_threshold=500)
    token.transfer(counterparty, 499, sender=investor)
    assert tuple(compliance_engine.logOf(token)) == (EMPTY, 0)


def test_transfer__at_both_thresholds__two_entries(token, compliance_engine, set_rule, investor, counterparty):
    set_rule(token, SWITZERLAND, travel_threshold=300, report_threshold=400)
    token.transfer(counterparty, 400, sender=investor)
    assert compliance_engine.logOf(token).entries == 2


def test_transfer__threshold_of_the_receivers_country__logged(
    token, compliance_engine, set_rule, register, wallet, investor
):
    set_rule(token, GERMANY, travel_threshold=100)
    token.transfer(register(wallet(), GERMANY), 100, sender=investor)
    assert compliance_engine.logOf(token).entries == 1


@pytest.mark.parametrize("way", ["mint", "burn", "forced"])
def test_agents_movement__at_a_threshold__logged(
    token, compliance_engine, set_rule, issuer, compliance_officer, investor, counterparty, way
):
    set_rule(token, SWITZERLAND, report_threshold=500)
    if way == "mint":
        token.mint(counterparty, 500, sender=issuer)
    elif way == "burn":
        token.burn(investor, 500, sender=issuer)
    else:
        token.forcedTransfer(investor, counterparty, 500, sender=compliance_officer)
    assert compliance_engine.logOf(token).entries == 1


# -- Refusals


def test_try_transfer__allowed__moved_and_not_logged(token, compliance_engine, investor, counterparty):
    receipt = token.tryTransfer(counterparty, 10, sender=investor)
    assert receipt.return_value == Reason.NONE
    assert token.balanceOf(counterparty) == 10
    assert compliance_engine.logOf(token).entries == 0


def test_try_transfer__refused__logged_and_nothing_moved(token, compliance_engine, investor, thief):
    receipt = token.tryTransfer(thief, 10, sender=investor)
    assert receipt.return_value == Reason.NOT_REGISTERED
    parties = (investor.address, investor.address, thief.address, 10)
    head = chained(EMPTY, token, 0, REFUSAL, Reason.NOT_REGISTERED, thief.address, *parties, receipt.timestamp)
    event = compliance_engine.MovementRefused(token, 0, Reason.NOT_REGISTERED, thief.address, *parties, head)
    assert event in receipt.events
    assert token.balanceOf(thief) == 0


def test_try_transfer_from__allowed__moved_from_the_allowance(token, register, investor, counterparty, spender):
    register(spender)
    token.approve(spender, 15, sender=investor)
    token.tryTransferFrom(investor, counterparty, 10, sender=spender)
    assert (token.balanceOf(counterparty), token.allowance(investor, spender)) == (10, 5)


def test_try_transfer_from__refused__allowance_stays(token, compliance_engine, investor, counterparty, thief):
    token.approve(thief, 15, sender=investor)
    receipt = token.tryTransferFrom(investor, counterparty, 10, sender=thief)
    assert receipt.return_value == Reason.NOT_REGISTERED
    assert (token.balanceOf(counterparty), token.allowance(investor, thief)) == (0, 15)
    assert compliance_engine.logOf(token).entries == 1


def test_try_transfer_from__without_allowance__reverts(token, investor, counterparty, thief):
    from tests.reverts import reverts

    with reverts(token.ERC20InsufficientAllowance, thief, 0, 1):
        token.tryTransferFrom(investor, counterparty, 1, sender=thief)


def test_try_transfer_from__nothing_without_allowance__leaves_no_entry(
    token, compliance_engine, sanctions_list, compliance_officer, investor, counterparty, thief
):
    from tests.reverts import reverts

    sanctions_list.sanction(sanctions_list.version(), [counterparty], bytes(32), sender=compliance_officer)
    with reverts(token.ERC20InsufficientAllowance, thief, 0, 0):
        token.tryTransferFrom(investor, counterparty, 0, sender=thief)
    assert compliance_engine.logOf(token).entries == 0


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("paused", Reason.TOKEN_PAUSED),
        ("wallet", Reason.WALLET_FROZEN),
        ("poor", Reason.INSUFFICIENT_BALANCE),
        ("partly", Reason.AMOUNT_FROZEN),
    ],
)
def test_try_transfer__tokens_own_reasons__logged(
    token, compliance_engine, guardian, compliance_officer, investor, counterparty, case, reason
):
    amount = 10
    if case == "paused":
        token.pause(sender=guardian)
    elif case == "wallet":
        token.setAddressFrozen(counterparty, True, sender=compliance_officer)
    elif case == "poor":
        amount = 1001
    else:
        token.freezePartialTokens(investor, 995, sender=compliance_officer)
    assert token.detectTransferRestriction(investor, counterparty, amount) == reason
    assert token.tryTransfer(counterparty, amount, sender=investor).return_value == reason
    assert compliance_engine.logOf(token).entries == 1


# -- The chain of hashes


def test_log__many_entries__recomputed_from_events(token, compliance_engine, set_rule, investor, counterparty, thief):
    set_rule(token, SWITZERLAND, travel_threshold=100, report_threshold=200)
    receipts = [
        token.transfer(counterparty, 100, sender=investor),
        token.tryTransfer(thief, 7, sender=investor),
        token.transfer(counterparty, 200, sender=investor),
    ]
    head, index = EMPTY, 0
    for receipt in receipts:
        for log in receipt.events:
            if log.event_name not in ("ThresholdCrossed", "MovementRefused"):
                continue
            refused = log.event_name == "MovementRefused"
            kind = REFUSAL if refused else log.kind
            what = (kind, log.reason, log.account) if refused else (kind, 0, NOBODY)
            parties = (log.operator, getattr(log, "from"), log.to, log.amount)
            head = chained(head, token, index, *what, *parties, receipt.timestamp)
            assert (bytes(log.head), log.index) == (head, index)
            index += 1
    assert tuple(compliance_engine.logOf(token)) == (head, index) == (head, 4)


def test_log__another_tokens__untouched(token, create_token, compliance_engine, set_rule, investor, counterparty):
    other = create_token()
    set_rule(token, SWITZERLAND, report_threshold=1)
    token.transfer(counterparty, 1, sender=investor)
    assert tuple(compliance_engine.logOf(other)) == (EMPTY, 0)
