"""Floods of small redemption requests, and a settlement token that calls the queue back."""

import ape
import pytest

from tests.fixtures.portfolio import USD, WINDOW
from tests.fixtures.protocol import WAD, YEAR
from tests.reverts import reverts

SHARE = 10**12
"""A share's smallest units, with a settlement token of six decimals."""
MAX = 2**256 - 1


# -- Floods


def test_fulfil__flood_of_small_requests__work_is_bounded(
    invested, redemption_queue, ask, deposit, usd, investor, thief, keeper
):
    deposit(invested, thief, 1000)
    smallest = invested.previewWithdraw(10 * USD)
    kept = [ask(invested, thief, smallest) for _ in range(20)]
    for request in [ask(invested, thief, smallest) for _ in range(10)]:
        redemption_queue.cancelRedeemRequest(request, sender=thief)
    ask(invested, investor, 1000 * SHARE)
    gas = [redemption_queue.fulfil(invested, 10, sender=keeper).gas_used for _ in range(3)]
    assert max(gas) < 16_777_216 // 4
    assert all(redemption_queue.pendingRedeemRequest(request, thief) == 0 for request in kept)
    redemption_queue.fulfil(invested, 10, sender=keeper)
    assert invested.claimable(usd, investor) > 0


# -- Reentrancy


@pytest.fixture
def hooked(create_portfolio, create_feed, investor, admin):
    """A portfolio whose settlement token calls back, half of it requested."""
    token = admin.deploy(ape.project.HookedToken)
    create_feed(token, 1, heartbeat=YEAR)
    portfolio = create_portfolio(settlement=token, assets=[], budget=(200, WINDOW))
    token.mint(investor, 3000 * WAD, sender=admin)
    token.approve(portfolio, MAX, sender=investor)
    portfolio.deposit(2000 * WAD, investor, sender=investor)
    return portfolio, token


@pytest.mark.parametrize("function", ["fulfil", "requestRedeem", "cancelRedeemRequest"])
def test_queue__called_back_by_the_token__reverts(hooked, redemption_queue, ask, investor, function):
    portfolio, token = hooked
    request = ask(portfolio, investor, portfolio.balanceOf(investor) // 2)
    # The token acts for the investor: the worst that a hook could do.
    redemption_queue.setOperator(token, True, sender=investor)
    arguments = {
        "fulfil": (portfolio, 1),
        "requestRedeem": (portfolio, portfolio.balanceOf(investor) // 4, investor, investor),
        "cancelRedeemRequest": (request,),
    }[function]
    token.setHook(redemption_queue, getattr(redemption_queue, function).encode_input(*arguments), sender=investor)
    with reverts(portfolio.ReentrancyGuardReentrantCall):
        portfolio.deposit(1000 * WAD, investor, sender=investor)


def test_claim__called_back_by_the_token__pays_once(hooked, redemption_queue, ask, investor, keeper):
    portfolio, token = hooked
    ask(portfolio, investor, portfolio.balanceOf(investor) // 2)
    redemption_queue.fulfil(portfolio, 1, sender=keeper)
    token.setHook(portfolio, portfolio.claim.encode_input(token, investor), sender=investor)
    with reverts(portfolio.ReentrancyGuardReentrantCall):
        portfolio.claim(token, investor, sender=investor)
