"""ERC-4626: nothing surprising."""

import ape
import pytest

from tests.fixtures.portfolio import USD
from tests.fixtures.protocol import SWITZERLAND, WAD, YEAR
from tests.reverts import reverts

MAX = 2**256 - 1


def test_decimals__six_more_than_the_settlement_token(portfolio, usd):
    assert portfolio.decimals() == usd.decimals() + 6


def test_deposit__first__one_share_a_dollar(portfolio, deposit, investor):
    assert deposit(portfolio, investor, 1000) == 1000 * 10**12
    assert portfolio.sharePrice() == WAD
    assert portfolio.totalAssets() == 1000 * USD


def test_deposit__as_previewed(portfolio, deposit, investor, invested):
    previewed = invested.previewDeposit(777 * USD)
    assert deposit(invested, investor, 777) == previewed


def test_deposit__zero__reverts(portfolio, investor):
    with reverts(portfolio.Portfolio__ZeroShares):
        portfolio.deposit(0, investor, sender=investor)


def test_mint__as_previewed(invested, usd, give_usd, investor):
    give_usd(investor, 10_000)
    usd.approve(invested, MAX, sender=investor)
    before = usd.balanceOf(investor)
    cost = invested.previewMint(5 * 10**12)
    invested.mint(5 * 10**12, investor, sender=investor)
    assert before - usd.balanceOf(investor) == cost


def test_mint__zero__reverts(portfolio, investor):
    with reverts(portfolio.Portfolio__ZeroShares):
        portfolio.mint(0, investor, sender=investor)


def test_withdraw__as_previewed(invested, usd, investor):
    shares = invested.previewWithdraw(1000 * USD)
    before = invested.balanceOf(investor)
    invested.withdraw(1000 * USD, investor, investor, sender=investor)
    assert before - invested.balanceOf(investor) == shares
    assert usd.balanceOf(investor) == 1000 * USD


def test_max_redeem__shares_that_are_worth_nothing__is_zero(invested, investor, spender):
    invested.transfer(spender, 1, sender=investor)
    assert invested.maxRedeem(spender) == 0
    with reverts(invested.ERC4626ExceededMaxRedeem, spender, 1, 0):
        invested.redeem(1, spender, spender, sender=spender)


def test_redeem__as_previewed(invested, usd, investor):
    assets = invested.previewRedeem(1000 * 10**12)
    invested.redeem(1000 * 10**12, investor, investor, sender=investor)
    assert usd.balanceOf(investor) == assets


def test_withdraw__zero__reverts(invested, investor):
    with reverts(invested.Portfolio__ZeroAssets):
        invested.withdraw(0, investor, investor, sender=investor)


def test_redeem__shares_worth_nothing__reverts(invested, investor):
    with reverts(invested.Portfolio__ZeroAssets):
        invested.redeem(1, investor, investor, sender=investor)


def test_withdraw__more_than_cash__reverts(invested, usd, investor):
    cash = usd.balanceOf(invested)
    assert invested.maxWithdraw(investor) == cash
    with reverts(invested.ERC4626ExceededMaxWithdraw, investor, cash + 1, cash):
        invested.withdraw(cash + 1, investor, investor, sender=investor)


def test_withdraw__maximum__passes(invested, usd, investor):
    most = invested.maxWithdraw(investor)
    invested.withdraw(most, investor, investor, sender=investor)
    assert usd.balanceOf(investor) == most


def test_redeem__maximum__passes(invested, usd, investor):
    most = invested.maxRedeem(investor)
    invested.redeem(most, investor, investor, sender=investor)
    assert usd.balanceOf(invested) <= 2


def test_redeem__maximum_of_an_all_cash_portfolio__is_everything(portfolio, deposit, investor):
    deposit(portfolio, investor, 1000)
    assert portfolio.maxRedeem(investor) == portfolio.balanceOf(investor)
    portfolio.redeem(portfolio.balanceOf(investor), investor, investor, sender=investor)
    assert portfolio.totalSupply() == 0


def test_redeem__with_allowance__spends_it(invested, investor, spender, usd):
    invested.approve(spender, 10**12, sender=investor)
    invested.redeem(10**12, spender, investor, sender=spender)
    assert usd.balanceOf(spender) > 0
    assert invested.allowance(investor, spender) == 0


def test_redeem__without_allowance__reverts(invested, investor, thief):
    with reverts(invested.ERC20InsufficientAllowance, thief, 0, 10**12):
        invested.redeem(10**12, thief, investor, sender=thief)


def test_round_trip__never_gains(invested, deposit, counterparty, usd):
    shares = deposit(invested, counterparty, 12_345)
    invested.redeem(shares, counterparty, counterparty, sender=counterparty)
    assert usd.balanceOf(counterparty) <= 12_345 * USD


# -- First depositor


def test_inflation_attack__costs_more_than_it_takes(portfolio, usd, give_usd, deposit, thief, investor):
    """A thief deposits one unit and donates as much as the victim will bring."""
    give_usd(thief, 20_000)
    spent = usd.balanceOf(thief)
    usd.approve(portfolio, 1, sender=thief)
    portfolio.deposit(1, thief, sender=thief)
    usd.transfer(portfolio, 10_000 * USD, sender=thief)
    deposit(portfolio, investor, 10_000)
    portfolio.redeem(portfolio.balanceOf(thief), thief, thief, sender=thief)
    lost_by_thief = spent - usd.balanceOf(thief)
    lost_by_victim = 10_000 * USD - portfolio.convertToAssets(portfolio.balanceOf(investor))
    assert lost_by_thief >= 4_999 * USD
    assert lost_by_victim < 2 * USD


def test_inflation_attack__through_exits_in_kind__costs_the_same(portfolio, usd, give_usd, deposit, thief, investor):
    give_usd(thief, 20_000)
    spent = usd.balanceOf(thief)
    usd.approve(portfolio, 1, sender=thief)
    portfolio.deposit(1, thief, sender=thief)
    usd.transfer(portfolio, 10_000 * USD, sender=thief)
    deposit(portfolio, investor, 10_000)
    portfolio.redeemInKind(portfolio.balanceOf(thief), thief, thief, sender=thief)
    assert spent - usd.balanceOf(thief) >= 4_999 * USD


# -- Prices and states


def test_deposit__stale_price__reverts(invested, usd, oracle, create_feed, investor, universe, admin):
    feed = universe.feeds[0]
    _, answer, _, updated_at, _ = feed.latestRoundData()
    feed.setRound(99, answer, updated_at - 2 * YEAR, updated_at - 2 * YEAR, 99, sender=admin)
    with reverts(oracle.PriceOracle__StalePrice):
        invested.deposit(USD, investor, sender=investor)
    assert invested.maxDeposit(investor) == 0
    assert invested.maxMint(investor) == 0
    assert invested.maxWithdraw(investor) == 0
    assert invested.maxRedeem(investor) == 0


def test_max_deposit__priced__unlimited(invested, investor):
    assert invested.maxDeposit(investor) == MAX
    assert invested.maxMint(investor) == MAX


def test_deposit__shut_down__reverts(invested, usd, give_usd, risk_engine, guardian, investor):
    risk_engine.shutdown(invested, sender=guardian)
    assert invested.maxDeposit(investor) == 0
    with reverts(invested.ERC4626ExceededMaxDeposit, investor, USD, 0):
        invested.deposit(USD, investor, sender=investor)
    with reverts(invested.ERC4626ExceededMaxMint, investor, USD, 0):
        invested.mint(USD, investor, sender=investor)


def test_withdraw__shut_down__only_in_kind(invested, risk_engine, guardian, investor):
    risk_engine.shutdown(invested, sender=guardian)
    with reverts(invested.ERC4626ExceededMaxWithdraw, investor, USD, 0):
        invested.withdraw(USD, investor, investor, sender=investor)
    with reverts(invested.ERC4626ExceededMaxRedeem, investor, USD, 0):
        invested.redeem(USD, investor, investor, sender=investor)


def test_deposit__token_takes_a_fee__reverts(create_portfolio, create_feed, investor, admin):
    token = admin.deploy(ape.project.FeeOnTransferToken, False)
    create_feed(token, 1, heartbeat=YEAR)
    portfolio = create_portfolio(settlement=token, assets=[])
    token.mint(investor, 1000 * WAD, sender=admin)
    token.approve(portfolio, MAX, sender=investor)
    with reverts(portfolio.Portfolio__TransferMismatch):
        portfolio.deposit(100 * WAD, investor, sender=investor)


def test_initialize__again__reverts(portfolio, usd, thief):
    with reverts(portfolio.InvalidInitialization):
        portfolio.initialize(("x", "x", usd, [], usd, 1, 1), sender=thief)


# -- Shares under rules


@pytest.fixture
def restricted(create_portfolio):
    return create_portfolio(countries=[SWITZERLAND])


def test_deposit__country_refused__reverts(restricted, give_usd, usd, compliance_engine, register, investor):
    register(investor, 840)
    give_usd(investor, 10)
    usd.approve(restricted, MAX, sender=investor)
    with reverts(compliance_engine.AutomatedComplianceEngine__Refused, restricted, investor, 5):
        restricted.deposit(USD, investor, sender=investor)


def test_deposit__allowed__holds_shares(restricted, deposit, register, investor):
    register(investor)
    assert deposit(restricted, investor, 10) > 0


def test_transfer_shares__to_a_stranger__reverts(restricted, deposit, register, investor, thief, compliance_engine):
    register(investor)
    deposit(restricted, investor, 10)
    with reverts(compliance_engine.AutomatedComplianceEngine__Refused, restricted, thief, 3):
        restricted.transfer(thief, 1, sender=investor)


def test_redeem__kyc_lapsed__still_lets_out(restricted, deposit, register, investor, chain, usd):
    register(investor, expiry=chain.pending_timestamp + 100)
    deposit(restricted, investor, 10)
    chain.mine(timestamp=chain.pending_timestamp + 200)
    restricted.redeem(restricted.balanceOf(investor), investor, investor, sender=investor)
    assert usd.balanceOf(investor) == 10 * USD


def test_redeem__frozen__reverts(restricted, deposit, register, freeze, investor, compliance_engine):
    register(investor)
    deposit(restricted, investor, 10)
    freeze(investor)
    with reverts(compliance_engine.AutomatedComplianceEngine__Refused, restricted, investor, 2):
        restricted.redeem(10**12, investor, investor, sender=investor)
