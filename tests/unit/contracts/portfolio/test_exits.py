"""I5: exits in kind, in every state and past every broken asset."""

import ape
import pytest

from tests.fixtures.portfolio import USD
from tests.fixtures.protocol import WAD, YEAR
from tests.reverts import reverts

MILLION = 1_000_000 * 10**12


def test_redeem_in_kind__part__of_every_asset(invested, register, universe, usd, investor):
    register(investor)
    held = [token.balanceOf(invested) for token in (usd, *universe.stocks)]
    invested.redeemInKind(MILLION // 4, investor, investor, sender=investor)
    for token, before in zip((usd, *universe.stocks), held, strict=True):
        assert token.balanceOf(investor) == pytest.approx(before / 4, rel=1e-9)


def test_redeem_in_kind__share_price_of_the_others__does_not_fall(invested, register, deposit, investor, counterparty):
    register(investor)
    deposit(invested, counterparty, 500_000)
    before = invested.sharePrice()
    invested.redeemInKind(MILLION // 3, investor, investor, sender=investor)
    assert invested.sharePrice() >= before


def test_redeem_in_kind__paused_stock__is_set_aside(invested, register, universe, usd, investor, guardian):
    register(investor)
    paused = universe.stocks[1]
    paused.pause(sender=guardian)
    owed = paused.balanceOf(invested) // 2
    invested.redeemInKind(MILLION // 2, investor, investor, sender=investor)
    assert usd.balanceOf(investor) > 0
    assert universe.stocks[0].balanceOf(investor) > 0
    assert invested.claimable(paused, investor) == pytest.approx(owed, rel=1e-9)
    assert invested.totalClaimable(paused) == invested.claimable(paused, investor)


def test_redeem_in_kind__receiver_not_eligible__stocks_are_set_aside(invested, universe, usd, investor):
    """I4: regulated tokens do not reach whom their rules refuse, by redemption either."""
    invested.redeemInKind(MILLION // 2, investor, investor, sender=investor)
    assert usd.balanceOf(investor) > 0
    for stock in universe.stocks:
        assert stock.balanceOf(investor) == 0
        assert invested.claimable(stock, investor) > 0


def test_set_aside__is_no_part_of_nav(invested, universe, investor):
    nav = invested.nav()
    invested.redeemInKind(MILLION // 2, investor, investor, sender=investor)
    assert invested.nav() == pytest.approx(nav / 2, rel=1e-9)


def test_set_aside__later_exits_do_not_touch_it(invested, universe, register, deposit, investor, counterparty):
    invested.redeemInKind(MILLION // 2, investor, investor, sender=investor)
    owed = invested.claimable(universe.stocks[0], investor)
    register(investor)
    invested.redeemInKind(invested.balanceOf(investor), investor, investor, sender=investor)
    assert universe.stocks[0].balanceOf(invested) >= owed


def test_claim__once_eligible__pays(invested, universe, register, investor):
    invested.redeemInKind(MILLION // 2, investor, investor, sender=investor)
    stock = universe.stocks[0]
    owed = invested.claimable(stock, investor)
    register(investor)
    invested.claim(stock, investor, sender=investor)
    assert stock.balanceOf(investor) == owed
    assert invested.totalClaimable(stock) == 0


def test_claim__twice__reverts(invested, universe, register, investor):
    invested.redeemInKind(MILLION // 2, investor, investor, sender=investor)
    register(investor)
    invested.claim(universe.stocks[0], investor, sender=investor)
    with reverts(invested.Portfolio__NothingToClaim, universe.stocks[0], investor):
        invested.claim(universe.stocks[0], investor, sender=investor)


def test_claim__somebody_elses__reverts(invested, universe, register, investor, thief):
    invested.redeemInKind(MILLION // 2, investor, investor, sender=investor)
    register(thief)
    with reverts(invested.Portfolio__NothingToClaim, universe.stocks[0], thief):
        invested.claim(universe.stocks[0], thief, sender=thief)


def test_redeem_in_kind__shut_down__passes(invested, register, risk_engine, guardian, investor, usd):
    register(investor)
    risk_engine.shutdown(invested, sender=guardian)
    invested.redeemInKind(MILLION, investor, investor, sender=investor)
    assert usd.balanceOf(investor) > 399_000 * USD


def test_redeem_in_kind__prices_stale__passes(invested, register, chain, investor, usd):
    register(investor, expiry=chain.pending_timestamp + 9 * YEAR)
    chain.mine(timestamp=chain.pending_timestamp + 2 * YEAR)
    invested.redeemInKind(MILLION, investor, investor, sender=investor)
    assert usd.balanceOf(investor) > 399_000 * USD


def test_redeem_in_kind__zero_shares__reverts(invested, investor):
    with reverts(invested.Portfolio__ZeroShares):
        invested.redeemInKind(0, investor, investor, sender=investor)


def test_redeem_in_kind__without_allowance__reverts(invested, investor, thief):
    with reverts(invested.ERC20InsufficientAllowance, thief, 0, MILLION):
        invested.redeemInKind(MILLION, thief, investor, sender=thief)


def test_redeem_in_kind__more_than_held__reverts(invested, investor):
    with reverts(invested.ERC20InsufficientBalance):
        invested.redeemInKind(MILLION + 1, investor, investor, sender=investor)


# -- Tokens that turn on the portfolio


@pytest.fixture
def with_broken(
    create_universe, create_portfolio, create_feed, covariance_models, manager, usd, deposit, investor, admin
):
    """`with_broken(mode)`: cash and a token that breaks in this way after it was listed."""

    def made(mode):
        token = admin.deploy(ape.project.BrokenToken)
        create_feed(token, 1, heartbeat=YEAR)
        key = bytes.fromhex(f"{mode + 1:064x}")
        covariance_models.createUniverse(key, [token], sender=manager)
        portfolio = create_portfolio(assets=[token], universe_id=key)
        deposit(portfolio, investor, 1000)
        token.mint(portfolio, 500 * WAD, sender=admin)
        token.setMode(mode, sender=admin)
        return portfolio, token

    return made


REVERTS, RETURNS_FALSE, BURNS_GAS, RETURNS_MEGABYTES = 1, 2, 3, 4
BALANCE_REVERTS, BALANCE_BURNS_GAS, BALANCE_IS_HUGE = 5, 6, 7


@pytest.mark.parametrize("mode", [REVERTS, RETURNS_FALSE, BURNS_GAS, RETURNS_MEGABYTES])
def test_redeem_in_kind__transfer_broken__cash_leaves_the_leg_is_set_aside(with_broken, usd, investor, mode):
    portfolio, token = with_broken(mode)
    portfolio.redeemInKind(portfolio.balanceOf(investor), investor, investor, sender=investor)
    assert usd.balanceOf(investor) >= 999 * USD
    assert portfolio.claimable(token, investor) > 499 * WAD


@pytest.mark.parametrize("mode", [BALANCE_REVERTS, BALANCE_BURNS_GAS, BALANCE_IS_HUGE])
def test_redeem_in_kind__balance_unreadable__cash_leaves(with_broken, usd, investor, mode):
    portfolio, token = with_broken(mode)
    receipt = portfolio.redeemInKind(portfolio.balanceOf(investor), investor, investor, sender=investor)
    assert usd.balanceOf(investor) >= 999 * USD
    assert portfolio.claimable(token, investor) == 0
    assert len(receipt.decode_logs(portfolio.InKindUnreadable)) == 1
