"""The Aave strategy over Aave's own contracts: interest, rounding, limits, donations; alone and under an optimizer."""

import ape
import pytest

from scripts._lib.transactions import send
from tests.fixtures.aave import MAX_UINT256, RAY
from tests.fixtures.protocol import DAY, YEAR
from tests.fixtures.yields import COOL_DOWN, LISTED, UNLOCK_TIME, debt_of, dollars
from tests.reverts import reverts

MILLION = dollars(1_000_000)


@pytest.fixture
def aave(aave_market):
    """Aave's."""
    return aave_market[0]


@pytest.fixture
def strategy(aave, usd, admin):
    """Empty."""
    return admin.deploy(ape.project.AaveV3Strategy, aave.pool.address, usd, "Aave dollars", "aqUSD")


@pytest.fixture
def a_token(aave, usd):
    """Aave's token of the dollar."""
    return aave.a_token(str(usd.address))


@pytest.fixture
def stocked(strategy, deposit, investor):
    """A million dollars of the investor's."""
    deposit(strategy, investor, 1_000_000)
    return strategy


def index_of(aave, usd):
    """The reserve's normalized income at the last block, ray."""
    return aave.pool.functions.getReserveNormalizedIncome(str(usd.address)).call()


# -- Alone


def test_deploy__no_such_reserve__reverts(aave, create_settlement, strategy, admin):
    other = create_settlement("EUR")
    with reverts(strategy.AaveV3Strategy__NoReserve, aave.pool.address, other):
        admin.deploy(ape.project.AaveV3Strategy, aave.pool.address, other, "x", "x")


def test_deposit__is_supplied(stocked, usd, a_token, aave, investor):
    assert stocked.totalAssets() == MILLION
    assert stocked.scaledAssets() == a_token.functions.scaledBalanceOf(stocked.address).call()
    assert usd.balanceOf(stocked) == usd.allowance(stocked, aave.pool.address) == 0
    assert usd.balanceOf(stocked.aToken()) == MILLION
    assert MILLION - stocked.maxWithdraw(investor) <= 2


def test_interest__a_year__is_the_holders(stocked, borrow, aave, usd, a_token, pass_time):
    borrow(dollars(800_000))
    pass_time(YEAR)
    grown = stocked.totalAssets()
    assert grown == stocked.scaledAssets() * index_of(aave, usd) // RAY
    assert grown == pytest.approx(a_token.functions.balanceOf(stocked.address).call(), abs=1)
    # 80% lent at the curve's kink: 4% simple on what is lent is 3.2% on what was supplied, compounded by borrowers.
    assert dollars(1_030_000) < grown < dollars(1_035_000)


def test_donation__of_a_tokens_or_assets__counts_nothing(stocked, aave, usd, give_usd, thief, a_token):
    give_usd(thief, 20_000)
    usd.approve(aave.pool.address, MAX_UINT256, sender=thief)
    account = str(thief.address)
    send(aave.w3, account, aave.pool.functions.supply(str(usd.address), dollars(10_000), account, 0))
    send(aave.w3, account, a_token.functions.transfer(stocked.address, dollars(10_000)))
    usd.transfer(stocked, dollars(10_000), sender=thief)
    assert stocked.totalAssets() == MILLION
    assert a_token.functions.balanceOf(stocked.address).call() == dollars(1_010_000)


def test_inflation_attack__first_depositor__loses(strategy, deposit, aave, usd, give_usd, thief, investor, a_token):
    give_usd(thief, 10_000)
    usd.approve(strategy, 100, sender=thief)
    strategy.deposit(100, thief, sender=thief)
    usd.approve(aave.pool.address, MAX_UINT256, sender=thief)
    account = str(thief.address)
    supply = aave.pool.functions.supply(str(usd.address), dollars(9000), strategy.address, 0)
    send(aave.w3, account, supply)
    deposit(strategy, investor, 9000)
    assert dollars(9000) - strategy.previewRedeem(strategy.balanceOf(investor)) <= 100


def test_withdraw__cash_is_lent_out__as_far_as_it_reaches(stocked, borrow, investor, usd):
    borrow(dollars(700_000))
    assert stocked.maxWithdraw(investor) == dollars(300_000)
    with reverts(stocked.ERC4626ExceededMaxWithdraw):
        stocked.withdraw(dollars(300_001), investor, investor, sender=investor)
    stocked.withdraw(stocked.maxWithdraw(investor), investor, investor, sender=investor)
    assert usd.balanceOf(investor) == dollars(300_000)
    assert stocked.maxRedeem(investor) == 0


def test_redeem__cash_is_lent_out__maximum_passes(stocked, borrow, investor, usd, pass_time, stop_clock):
    borrow(dollars(700_000))
    pass_time(30 * DAY)
    stop_clock()
    stocked.redeem(stocked.maxRedeem(investor), investor, investor, sender=investor)
    assert dollars(300_000) - usd.balanceOf(investor) <= 3


def test_redeem__everything_after_a_year__leaves_dust(
    stocked, borrow, aave_market, usd, give_usd, pass_time, investor, counterparty
):
    aave, _ = aave_market
    borrow(dollars(500_000))
    pass_time(YEAR)
    give_usd(counterparty, 100_000)
    usd.approve(aave.pool.address, MAX_UINT256, sender=counterparty)
    account = str(counterparty.address)
    send(aave.w3, account, aave.pool.functions.repay(str(usd.address), MAX_UINT256, 2, account))
    previewed = stocked.previewRedeem(stocked.balanceOf(investor))
    stocked.redeem(stocked.balanceOf(investor), investor, investor, sender=investor)
    assert usd.balanceOf(investor) >= previewed > dollars(1_010_000)
    assert stocked.totalAssets() <= 3


def test_deposit__supply_cap__as_far_as_it_lets(stocked, aave, usd, borrow, pass_time, give_usd, investor):
    aave.govern("setSupplyCap", str(usd.address), 1_200_000)
    borrow(dollars(500_000))
    pass_time(90 * DAY)
    give_usd(investor, 1_000_000)
    usd.approve(stocked, MAX_UINT256, sender=investor)
    most = stocked.maxDeposit(investor)
    assert dollars(190_000) < most < dollars(200_000)
    with reverts(stocked.ERC4626ExceededMaxDeposit):
        stocked.deposit(most + dollars(1), investor, sender=investor)
    # Interest of the seconds until the transaction counts too.
    stocked.deposit(stocked.maxDeposit(investor) - dollars(1), investor, sender=investor)
    assert stocked.maxDeposit(investor) < dollars(2)


@pytest.mark.parametrize("state", ["setReserveFreeze", "setReservePause"])
def test_deposit__frozen_or_paused__refused(stocked, aave, usd, investor, state):
    aave.govern(state, str(usd.address), True)
    assert stocked.maxDeposit(investor) == stocked.maxMint(investor) == 0
    paused = state == "setReservePause"
    assert (stocked.maxWithdraw(investor) == 0) == paused
    assert (stocked.maxRedeem(investor) == 0) == paused


def test_moves__of_nothing__revert(stocked, investor):
    with reverts(stocked.AaveV3Strategy__ZeroShares):
        stocked.mint(0, investor, sender=investor)
    with reverts(stocked.AaveV3Strategy__ZeroAssets):
        stocked.withdraw(0, investor, investor, sender=investor)
    with reverts(stocked.AaveV3Strategy__ZeroAssets):
        stocked.redeem(0, investor, investor, sender=investor)


def test_rounding__any_amount_at_any_index__nobody_else_pays(
    stocked, borrow, usd, give_usd, pass_time, thief, investor
):
    """In and out, a few units or many: what the others have never falls, whichever way Aave rounds."""
    borrow(dollars(900_000))
    give_usd(thief, 1_000_000)
    usd.approve(stocked, MAX_UINT256, sender=thief)
    for amount in (3, 4, 7, 10**3 + 1, 10**6 + 3, 10**9 + 7, 10**11 + 9):
        pass_time(17 * DAY)
        before = stocked.convertToAssets(stocked.balanceOf(investor))
        stocked.deposit(amount, thief, sender=thief)
        assert stocked.convertToAssets(stocked.balanceOf(investor)) >= before
        before = stocked.convertToAssets(stocked.balanceOf(investor))
        if assets := stocked.maxWithdraw(thief):
            stocked.withdraw(assets, thief, thief, sender=thief)
        assert stocked.convertToAssets(stocked.balanceOf(investor)) >= before
    assert usd.balanceOf(thief) <= MILLION


def test_stand_in__is_arithmetic_of_aave(stocked, borrow, aave, usd, a_token, admin, investor, give_usd, pass_time):
    """The mock that Foundry's properties run on does what Aave does, to the scaled unit."""
    pool = admin.deploy(ape.project.MockAavePool, usd, False)
    twin = admin.deploy(ape.project.AaveV3Strategy, pool, usd, "twin", "twin")
    give_usd(investor, 10_000_000)
    for vault in (stocked, twin):
        usd.approve(vault, MAX_UINT256, sender=investor)
    borrow(dollars(900_000))
    scaled = stocked.scaledAssets()
    for amount in (5, 12_345, 10**6 + 1, 10**10 + 3):
        pass_time(40 * DAY)
        stocked.deposit(amount, investor, sender=investor)
        pool.setIndex(index_of(aave, usd), sender=admin)
        twin.deposit(amount, investor, sender=investor)
        assert stocked.scaledAssets() - scaled == twin.scaledAssets()
        assert a_token.functions.scaledBalanceOf(stocked.address).call() == stocked.scaledAssets()
        pass_time(3 * DAY)
        stocked.withdraw(amount // 2, investor, investor, sender=investor)
        pool.setIndex(index_of(aave, usd), sender=admin)
        twin.withdraw(amount // 2, investor, investor, sender=investor)
        assert stocked.scaledAssets() - scaled == twin.scaledAssets()
        # The same scaled units on both sides from here on.
        scaled = stocked.scaledAssets() - twin.scaledAssets()


# -- Since version 3.5, which rounds in the pool's favour and counts its cash itself


@pytest.fixture
def later(usd, admin):
    """The pool of version 3.5, at an index of 1.7, and a strategy over it."""
    pool = admin.deploy(ape.project.MockAavePool, usd, True)
    pool.setIndex(17 * RAY // 10, sender=admin)
    return pool, admin.deploy(ape.project.AaveV3Strategy, pool, usd, "Aave dollars", "aqUSD")


def test_max_withdraw__assets_sent_to_the_atoken__are_not_for_withdrawing(later, deposit, give_usd, investor, admin):
    pool, strategy = later
    deposit(strategy, investor, 1000)
    pool.lend(admin, dollars(900), sender=admin)
    give_usd(pool, 500)
    assert strategy.maxWithdraw(investor) == dollars(100)
    strategy.withdraw(dollars(100), investor, investor, sender=investor)
    assert strategy.maxWithdraw(investor) == strategy.maxRedeem(investor) == 0


@pytest.mark.parametrize("index", [RAY, RAY + 1, 17 * RAY // 10, 2 * RAY, 3 * RAY - 1, 7 * RAY // 2])
def test_rounding__in_the_pools_favour__nobody_else_pays(later, give_usd, usd, admin, investor, thief, index):
    pool, strategy = later
    pool.setIndex(index, sender=admin)
    give_usd(investor, 1001)
    give_usd(thief, 1_000_000)
    for holder in (investor, thief):
        usd.approve(strategy, MAX_UINT256, sender=holder)
    strategy.deposit(10**9 + 1, investor, sender=investor)
    for amount in (9, 14, 16, 10**3 + 1, 10**6 + 3, 10**11 + 9):
        before = strategy.convertToAssets(strategy.balanceOf(investor))
        strategy.deposit(amount, thief, sender=thief)
        assert strategy.convertToAssets(strategy.balanceOf(investor)) >= before
        before = strategy.convertToAssets(strategy.balanceOf(investor))
        if assets := strategy.maxWithdraw(thief):
            strategy.withdraw(assets, thief, thief, sender=thief)
        assert strategy.convertToAssets(strategy.balanceOf(investor)) >= before
    assert usd.balanceOf(thief) <= MILLION
    assert pool.scaledBalanceOf(strategy) == strategy.scaledAssets()


def test_redeem__all_of_the_last_holder__passes(later, deposit, investor, usd):
    _, strategy = later
    deposit(strategy, investor, 1000)
    strategy.redeem(strategy.maxRedeem(investor), investor, investor, sender=investor)
    assert dollars(1000) - usd.balanceOf(investor) <= 6


# -- Under an optimizer


@pytest.fixture
def earning(optimizer, strategy, yield_factory, deposit, plan_desk, manager, investor, create_strategy):
    """A million dollars: 60% at Aave, 20% in an OpenZeppelin vault."""
    yield_factory.addStrategy(optimizer, strategy, 6000, sender=manager)
    vault = create_strategy(optimizer)
    deposit(optimizer, investor, 1_000_000)
    plan_desk.move(optimizer, [(strategy, 6000), (vault, 2000)])
    return optimizer


def test_optimizer__moves_in__costs_a_unit_or_two(earning, strategy):
    assert dollars(600_000) - debt_of(earning, strategy) <= 2
    assert MILLION - earning.totalAssets() <= 2


def test_optimizer__interest__is_reported_unlocked_and_paid(
    earning, strategy, borrow, keeper, pass_time, stop_clock, investor, usd
):
    borrow(dollars(400_000))
    pass_time(30 * DAY)
    earning.report(strategy, sender=keeper)
    gain = debt_of(earning, strategy) - dollars(600_000)
    assert dollars(1000) < gain < dollars(2000)
    assert abs(earning.totalAssets() - MILLION) <= 2
    pass_time(UNLOCK_TIME)
    assert abs(earning.totalAssets() - MILLION - gain) <= 2
    before = usd.balanceOf(investor)
    stop_clock()
    earning.redeem(earning.maxRedeem(investor), investor, investor, sender=investor)
    # The cash that borrowers hold stays for the next.
    assert usd.balanceOf(investor) - before >= dollars(600_000) - 5


def test_optimizer__a_quiet_year_of_reports__loses_nothing_to_rounding(earning, strategy, borrow, keeper, pass_time):
    borrow(dollars(300_000))
    for _ in range(12):
        pass_time(30 * DAY)
        earning.report(strategy, sender=keeper)
    assert earning.strategyOf(strategy).status == LISTED
    pass_time(UNLOCK_TIME)
    worth = strategy.previewRedeem(earning.strategyOf(strategy).shares)
    assert worth >= debt_of(earning, strategy) > dollars(600_000)


def test_optimizer__plan_calls_back_more_than_there_is__gets_what_there_is(
    earning, strategy, borrow, plan_desk, pass_time
):
    borrow(dollars(500_000))
    pass_time(COOL_DOWN)
    plan_desk.move(earning, [(strategy, 0)])
    assert dollars(299_990) < earning.idle() <= dollars(300_001)
    assert debt_of(earning, strategy) > dollars(499_990)


def test_optimizer__reserve_paused__exits_in_kind_only_for_its_part(earning, strategy, aave, usd, investor):
    aave.govern("setReservePause", str(usd.address), True)
    assert abs(earning.maxWithdraw(investor) - dollars(400_000)) <= 2
    earning.redeemInKind(earning.balanceOf(investor), investor, investor, sender=investor)
    assert strategy.balanceOf(investor) > 0
    aave.govern("setReservePause", str(usd.address), False)
    strategy.redeem(strategy.balanceOf(investor), investor, investor, sender=investor)
    assert usd.balanceOf(investor) > dollars(799_999)
