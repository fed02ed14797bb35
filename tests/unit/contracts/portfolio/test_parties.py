"""Restricted shares: whoever pays, acts or is paid is asked too, not the holder alone (I4)."""

from __future__ import annotations

import pytest

from tests.fixtures.compliance import Reason
from tests.fixtures.portfolio import USD
from tests.fixtures.protocol import SWITZERLAND


@pytest.fixture
def restricted(create_portfolio, register, deposit, investor, counterparty):
    """Shares for Swiss holders; the investor has a thousand dollars in it."""
    portfolio = create_portfolio(countries=[SWITZERLAND])
    register(investor)
    register(counterparty)
    deposit(portfolio, investor, 1_000)
    return portfolio


@pytest.fixture
def sanctioned(sanctions_list, compliance_officer, thief):
    """An account on the sanctions list."""
    sanctions_list.sanction(sanctions_list.version(), [thief], bytes(32), sender=compliance_officer)
    return thief


@pytest.fixture
def stopped(restricted, refused, sanctioned):
    """Expects the refusal of that account."""
    return lambda: refused(restricted, sanctioned, Reason.SANCTIONED)


def test_deposit__sanctioned_payer__refused(restricted, sanctioned, stopped, give_usd, usd, counterparty):
    give_usd(sanctioned, 100)
    usd.approve(restricted, 100 * USD, sender=sanctioned)
    with stopped():
        restricted.deposit(100 * USD, counterparty, sender=sanctioned)
    with stopped():
        restricted.mint(10**12, counterparty, sender=sanctioned)


def test_redeem__sanctioned_spender__refused(restricted, sanctioned, stopped, investor):
    shares = restricted.balanceOf(investor)
    restricted.approve(sanctioned, shares, sender=investor)
    with stopped():
        restricted.redeem(shares // 2, investor, investor, sender=sanctioned)
    with stopped():
        restricted.withdraw(USD, investor, investor, sender=sanctioned)
    with stopped():
        restricted.redeemInKind(shares // 2, investor, investor, sender=sanctioned)


def test_redeem__sanctioned_receiver__refused(restricted, sanctioned, stopped, investor):
    shares = restricted.balanceOf(investor)
    with stopped():
        restricted.redeem(shares // 2, sanctioned, investor, sender=investor)
    with stopped():
        restricted.redeemInKind(shares // 2, sanctioned, investor, sender=investor)


def test_redeem__stranger_who_is_not_stopped__paid(restricted, usd, investor, spender):
    shares = restricted.balanceOf(investor)
    restricted.approve(spender, shares, sender=investor)
    restricted.redeem(shares // 2, spender, investor, sender=spender)
    assert usd.balanceOf(spender) == 500 * USD


def test_claim__sanctioned_since__refused(
    restricted, redemption_queue, refused, sanctions_list, compliance_officer, usd, investor, counterparty, keeper
):
    redemption_queue.requestRedeem(restricted, restricted.balanceOf(investor), investor, investor, sender=investor)
    redemption_queue.fulfil(restricted, 1, sender=keeper)
    assert restricted.claimable(usd, investor) > 0
    sanctions_list.sanction(sanctions_list.version(), [investor], bytes(32), sender=compliance_officer)
    with refused(restricted, investor, Reason.SANCTIONED):
        restricted.claim(usd, counterparty, sender=investor)
    with refused(restricted, investor, Reason.SANCTIONED):
        restricted.claimPart(usd, counterparty, 1, sender=investor)


def test_claim__sanctioned_receiver__refused(restricted, redemption_queue, sanctioned, stopped, usd, investor, keeper):
    redemption_queue.requestRedeem(restricted, restricted.balanceOf(investor), investor, investor, sender=investor)
    redemption_queue.fulfil(restricted, 1, sender=keeper)
    with stopped():
        restricted.claim(usd, sanctioned, sender=investor)


def test_fulfil__sanctioned_controller__request_returned(
    restricted, redemption_queue, sanctioned, usd, investor, keeper
):
    shares = restricted.balanceOf(investor)
    redemption_queue.requestRedeem(restricted, shares, sanctioned, investor, sender=investor)
    redemption_queue.fulfil(restricted, 1, sender=keeper)
    assert (restricted.claimable(usd, sanctioned), restricted.queuedShares(investor)) == (0, 0)
    assert restricted.balanceOf(investor) == shares


@pytest.fixture
def vault(restricted, portfolio_factory):
    """The portfolio's ERC-7540 vault."""
    import ape

    return ape.project.AsyncVault.at(portfolio_factory.vaultOf(restricted))


def test_async_deposit__sanctioned_payer__refused(vault, sanctioned, stopped, give_usd, usd, counterparty):
    give_usd(sanctioned, 100)
    usd.approve(vault, 100 * USD, sender=sanctioned)
    with stopped():
        vault.deposit(100 * USD, counterparty, sender=sanctioned)


def test_async_redeem__sanctioned_controller__refused(
    restricted, vault, redemption_queue, sanctioned, stopped, investor, counterparty, keeper
):
    shares = restricted.balanceOf(investor)
    vault.requestRedeem(shares, sanctioned, investor, sender=investor)
    redemption_queue.fulfil(restricted, 1, sender=keeper)
    with stopped():
        vault.redeem(shares, counterparty, sanctioned, sender=sanctioned)
