"""Redemption requests of a portfolio that charges fees, locks what is bought and guards its price."""

import pytest

from tests.fixtures.portfolio import USD
from tests.fixtures.protocol import DAY
from tests.reverts import reverts

SHARE = 10**12
HOUR = 3600
MONTH = 30 * DAY


@pytest.fixture
def funded(create_portfolio, deposit, investor):
    """`funded(fees=..., policy=...)`: a portfolio of a million dollars of cash of the investor's."""

    def made(**terms):
        portfolio = create_portfolio(**terms)
        deposit(portfolio, investor, 1_000_000)
        return portfolio

    return made


@pytest.fixture
def gain(usd, admin):
    """`gain(portfolio, dollars)`: cash from nowhere."""
    return lambda portfolio, dollars: usd.mint(portfolio, dollars * USD, sender=admin)


def test_request__locked_shares__reverts_until_they_are_free(funded, redemption_queue, fee_manager, chain, investor):
    portfolio = funded(policy=(HOUR, 10_000, 0))
    shares, until = fee_manager.lockedShares(portfolio, investor)
    with reverts(fee_manager.FeeManager__SharesLocked, investor, shares, until):
        redemption_queue.requestRedeem(portfolio, 1000 * SHARE, investor, investor, sender=investor)
    chain.mine(timestamp=until)
    redemption_queue.requestRedeem(portfolio, 1000 * SHARE, investor, investor, sender=investor)
    assert portfolio.queuedShares(investor) == 1000 * SHARE


def test_transfer__bound_and_locked__are_not_the_same_shares(
    funded, fee_manager, ask, deposit, chain, investor, counterparty
):
    portfolio = funded(policy=(HOUR, 10_000, 0))
    chain.mine(timestamp=fee_manager.lockedShares(portfolio, investor)[1])
    ask(portfolio, investor, 400_000 * SHARE)
    bought = deposit(portfolio, investor, 100_000)
    portfolio.transfer(counterparty, 600_000 * SHARE, sender=investor)
    with reverts(fee_manager.FeeManager__SharesLocked):
        portfolio.transfer(counterparty, 1, sender=investor)
    assert portfolio.balanceOf(investor) == 400_000 * SHARE + bought
    assert portfolio.maxRedeem(investor) == 0


def test_redeem_in_kind__only_bound_shares_are_not_locked__ends_the_requests(
    funded, redemption_queue, fee_manager, ask, deposit, chain, usd, investor
):
    """I5: what waits never holds an exit in kind up."""
    portfolio = funded(policy=(HOUR, 10_000, 0))
    chain.mine(timestamp=fee_manager.lockedShares(portfolio, investor)[1])
    request = ask(portfolio, investor, 400_000 * SHARE)
    bought = deposit(portfolio, investor, 100_000)
    portfolio.redeemInKind(portfolio.balanceOf(investor) - bought, investor, investor, sender=investor)
    assert portfolio.balanceOf(investor) == bought
    assert portfolio.queuedShares(investor) == portfolio.totalQueuedShares() == 0
    assert redemption_queue.pendingRedeemRequest(request, investor) == 0


def test_fulfil__pending_performance_fee__is_paid_by_who_leaves(
    funded, redemption_queue, fee_manager, ask, gain, investor, counterparty, keeper
):
    portfolio = funded(fees=(0, 2000, MONTH, counterparty))
    gain(portfolio, 100_000)
    ask(portfolio, investor, 500_000 * SHARE)
    owed = redemption_queue.fulfil(portfolio, 1, sender=keeper).return_value[1]
    # 10% of half a million, less a fifth of the gain.
    assert owed == pytest.approx(540_000 * USD, rel=1e-9)
    # At the gross price: what is pending on them the recipient owes to himself.
    assert fee_manager.feeState(portfolio).owed == pytest.approx(10_000 * SHARE / 1.1, rel=1e-9)
    assert portfolio.convertToAssets(500_000 * SHARE) == pytest.approx(540_000 * USD, rel=1e-9)


def test_fulfil__same_price_as_redeem__to_the_unit(funded, redemption_queue, ask, gain, chain, investor, counterparty):
    portfolio = funded(fees=(200, 2000, MONTH, counterparty))
    gain(portfolio, 12_345)
    chain.mine(timestamp=chain.pending_timestamp + 17 * DAY)
    ask(portfolio, investor, 300_000 * SHARE)
    later = chain.pending_timestamp + 100
    snapshot = chain.snapshot()
    chain.pending_timestamp = later
    owed = redemption_queue.fulfil(portfolio, 1, sender=investor).return_value[1]
    chain.restore(snapshot)
    chain.pending_timestamp = later
    assert portfolio.redeem(300_000 * SHARE, investor, investor, sender=investor).return_value == owed


def test_fulfil__price_out_of_its_band__requests_wait(
    funded, redemption_queue, fee_manager, ask, gain, chain, investor, keeper
):
    portfolio = funded(policy=(0, 500, 0))
    request = ask(portfolio, investor, 1000 * SHARE)
    gain(portfolio, 100_000)
    with reverts(redemption_queue.RedemptionQueue__PriceJumped, portfolio):
        redemption_queue.fulfil(portfolio, 1, sender=keeper)
    assert redemption_queue.pendingRedeemRequest(request, investor) == 1000 * SHARE
    chain.mine(timestamp=chain.pending_timestamp + 2 * DAY)
    assert redemption_queue.fulfil(portfolio, 1, sender=keeper).return_value[0] == 1
