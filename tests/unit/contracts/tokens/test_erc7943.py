"""ERC-7943 (uRWA): what any protocol may ask a regulated token, by the ERC's own text."""

from __future__ import annotations

import ape
import pytest
from eth_utils import keccak

from tests.fixtures.protocol import GERMANY, SWITZERLAND
from tests.reverts import reverts

NOBODY = "0x0000000000000000000000000000000000000000"
SIGNATURES = (
    "forcedTransfer(address,address,uint256)",
    "setFrozenTokens(address,uint256)",
    "canSend(address)",
    "canReceive(address)",
    "getFrozenTokens(address)",
    "canTransfer(address,address,uint256)",
)


@pytest.fixture
def token(create_token, register, issuer, investor, counterparty):
    """Open to Swiss and Germans; investor and counterparty are Swiss, the investor holds 100."""
    token = create_token(countries=[SWITZERLAND, GERMANY])
    register(investor)
    register(counterparty)
    token.mint(investor, 100, sender=issuer)
    return token


def test_supports_interface__ids_of_the_ercs__true(token):
    identifier = 0
    for signature in SIGNATURES:
        identifier ^= int.from_bytes(keccak(text=signature)[:4], "big")
    assert identifier == 0x3EDBB4C4
    assert token.supportsInterface(identifier.to_bytes(4, "big"))
    assert token.supportsInterface(bytes.fromhex("01ffc9a7"))
    assert not token.supportsInterface(bytes.fromhex("ffffffff"))


def test_can_send__anybody_who_is_not_stopped__true(token, investor, thief):
    assert token.canSend(investor)
    assert token.canSend(thief)


def test_can_receive__eligible_accounts_and_venues__true(token, admit_venue, counterparty, pool, thief):
    admit_venue(pool)
    assert token.canReceive(counterparty)
    assert token.canReceive(pool)
    assert not token.canReceive(thief)
    assert not token.canReceive(NOBODY)


@pytest.mark.parametrize("how", ["frozen", "wallet", "sanctioned"])
def test_can_send_and_receive__stopped__false(
    token, freeze, sanctions_list, compliance_officer, investor, counterparty, how
):
    if how == "frozen":
        freeze(investor)
    elif how == "wallet":
        token.setAddressFrozen(investor, True, sender=compliance_officer)
    else:
        sanctions_list.sanction(sanctions_list.version(), [investor], bytes(32), sender=compliance_officer)
    assert not token.canSend(investor)
    assert not token.canReceive(investor)
    assert not token.canTransfer(investor, counterparty, 1)


def test_can_send__country_lets_nothing_out__false(token, set_rule, investor):
    set_rule(token, SWITZERLAND, outbound_blocked=True)
    assert not token.canSend(investor)
    assert token.canReceive(investor)


def test_can_receive__country_lets_nothing_in__false(token, set_rule, investor):
    set_rule(token, SWITZERLAND, inbound_blocked=True)
    assert token.canSend(investor)
    assert not token.canReceive(investor)


def test_can_transfer__more_than_the_balance__is_not_judged(token, investor, counterparty):
    assert token.canTransfer(investor, counterparty, 101)
    assert token.canTransfer(investor, counterparty, 2**256 - 1)


def test_can_transfer__more_than_is_unfrozen__false(token, compliance_officer, investor, counterparty):
    token.setFrozenTokens(investor, 40, sender=compliance_officer)
    assert token.canTransfer(investor, counterparty, 60)
    assert not token.canTransfer(investor, counterparty, 61)
    assert not token.canTransfer(investor, counterparty, 2**256 - 1)


def test_can_transfer__paused_or_refused__false(token, guardian, investor, counterparty, thief):
    assert not token.canTransfer(investor, thief, 1)
    assert not token.canTransfer(investor, NOBODY, 1)
    token.pause(sender=guardian)
    assert not token.canTransfer(investor, counterparty, 1)


def test_set_frozen_tokens__overwrites_and_tells_both_standards(token, compliance_officer, investor):
    receipt = token.setFrozenTokens(investor, 40, sender=compliance_officer)
    assert receipt.events == [token.TokensFrozen(investor, 40), token.Frozen(investor, 40)]
    receipt = token.setFrozenTokens(investor, 10, sender=compliance_officer)
    assert receipt.events == [token.TokensUnfrozen(investor, 30), token.Frozen(investor, 10)]
    assert token.getFrozenTokens(investor) == 10


def test_set_frozen_tokens__more_than_held__later_receipts_are_frozen_too(
    token, compliance_officer, issuer, investor, counterparty
):
    token.setFrozenTokens(investor, 150, sender=compliance_officer)
    token.mint(investor, 60, sender=issuer)
    with reverts(token.ERC7943InsufficientUnfrozenBalance, investor, 11, 10):
        token.transfer(counterparty, 11, sender=investor)
    token.transfer(counterparty, 10, sender=investor)


def test_set_frozen_tokens__more_than_fits__refused(token, compliance_officer, investor):
    with reverts(token.ComplianceAwareToken__SupplyTooLarge, 2**120):
        token.setFrozenTokens(investor, 2**120, sender=compliance_officer)


def test_transfer__more_than_the_balance__base_standards_error(token, compliance_officer, investor, counterparty):
    token.setFrozenTokens(investor, 40, sender=compliance_officer)
    with reverts(token.ERC20InsufficientBalance, investor, 100, 101):
        token.transfer(counterparty, 101, sender=investor)


def test_forced_transfer__frozen_ones__unfrozen_before_they_move(token, compliance_officer, investor, counterparty):
    token.setFrozenTokens(investor, 150, sender=compliance_officer)
    receipt = token.forcedTransfer(investor, counterparty, 30, sender=compliance_officer)
    names = [event.event_name for event in receipt.events if event.contract_address == token.address]
    assert names == ["TokensUnfrozen", "Frozen", "Transfer", "ForcedTransfer"]
    assert token.getFrozenTokens(investor) == 120


def test_burn__frozen_ones__unfrozen_before_they_go(token, compliance_officer, issuer, investor):
    token.setFrozenTokens(investor, 90, sender=compliance_officer)
    receipt = token.burn(investor, 30, sender=issuer)
    names = [event.event_name for event in receipt.events if event.contract_address == token.address]
    assert names == ["TokensUnfrozen", "Frozen", "Transfer"]
    assert token.getFrozenTokens(investor) == 70


def test_transfer__whatever_the_views_say__agrees(
    token, admit_venue, register, set_rule, freeze, investor, counterparty, pool, spender, thief
):
    admit_venue(pool)
    register(spender, GERMANY)
    set_rule(token, GERMANY, inbound_blocked=True)
    for receiver in (counterparty, pool, spender, thief):
        allowed = token.canTransfer(investor, receiver, 1)
        assert allowed == token.canReceive(receiver)
        if allowed:
            token.transfer(receiver, 1, sender=investor)
        else:
            with ape.reverts():
                token.transfer(receiver, 1, sender=investor)
