"""The lock of bought shares: no quick way out, no way round, no way to prolong another's."""

import pytest

from tests.fixtures.portfolio import USD
from tests.fixtures.protocol import DAY, YEAR
from tests.reverts import reverts

MAX = 2**256 - 1
SHARE = 10**12
HOUR = 3600


@pytest.fixture
def locking(create_portfolio):
    """Shares stay for an hour."""
    return create_portfolio(policy=(HOUR, 10_000, 0))


@pytest.fixture
def deposit_for(usd, give_usd):
    """`deposit_for(portfolio, caller, receiver, dollars)`."""

    def deposited(portfolio, caller, receiver, dollars):
        give_usd(caller, dollars)
        usd.approve(portfolio, dollars * USD, sender=caller)
        return portfolio.deposit(dollars * USD, receiver, sender=caller)

    return deposited


def wait(chain, seconds):
    chain.mine(timestamp=chain.pending_timestamp + seconds)


def test_locked__neither_cash_nor_kind_nor_transfer(locking, fee_manager, deposit, investor, spender):
    shares = deposit(locking, investor, 1000)
    until = fee_manager.lockedShares(locking, investor).until
    assert fee_manager.lockedShares(locking, investor).shares == shares
    assert locking.maxRedeem(investor) == locking.maxWithdraw(investor) == 0
    with reverts(fee_manager.FeeManager__SharesLocked, investor, shares, until):
        locking.redeem(shares, investor, investor, sender=investor)
    with reverts(fee_manager.FeeManager__SharesLocked, investor, shares, until):
        locking.withdraw(1, investor, investor, sender=investor)
    with reverts(fee_manager.FeeManager__SharesLocked, investor, shares, until):
        locking.redeemInKind(1, investor, investor, sender=investor)
    with reverts(fee_manager.FeeManager__SharesLocked, investor, shares, until):
        locking.transfer(spender, 1, sender=investor)


def test_lock__over__everything_moves(locking, fee_manager, deposit, chain, investor, spender):
    shares = deposit(locking, investor, 1000)
    wait(chain, HOUR + 1)
    assert fee_manager.lockedShares(locking, investor).shares == 0
    locking.transfer(spender, shares // 2, sender=investor)
    locking.redeem(locking.maxRedeem(investor), investor, investor, sender=investor)
    assert locking.balanceOf(investor) == 0


def test_lock__later_deposit__older_free_shares_stay_free(locking, deposit, chain, investor, spender):
    old = deposit(locking, investor, 1000)
    wait(chain, HOUR + 1)
    deposit(locking, investor, 50)
    assert locking.maxRedeem(investor) == old
    locking.transfer(spender, old, sender=investor)
    assert locking.maxRedeem(investor) == 0


def test_lock__own_deposit__renews_the_whole_lot(locking, fee_manager, deposit, chain, investor):
    old = deposit(locking, investor, 1000)
    wait(chain, HOUR // 2)
    new = deposit(locking, investor, 1)
    lot = fee_manager.lockedShares(locking, investor)
    assert lot.shares == old + new
    assert lot.until == chain.blocks.head.timestamp + HOUR


def test_lock__deposit_for_another__locks_them_there(locking, fee_manager, deposit_for, thief, spender):
    """A second account is no way round: what it receives by a deposit is locked too."""
    deposit_for(locking, thief, spender, 1000)
    assert fee_manager.lockedShares(locking, spender).shares == locking.balanceOf(spender)
    with reverts(fee_manager.FeeManager__SharesLocked):
        locking.transfer(thief, 1, sender=spender)


def test_lock__mint__locks_as_a_deposit_does(locking, fee_manager, usd, give_usd, investor):
    give_usd(investor, 10)
    usd.approve(locking, MAX, sender=investor)
    locking.mint(SHARE, investor, sender=investor)
    assert fee_manager.lockedShares(locking, investor).shares == SHARE


def test_lock__spender_with_allowance__cannot_move_them_either(locking, fee_manager, deposit, investor, spender):
    deposit(locking, investor, 1000)
    locking.approve(spender, MAX, sender=investor)
    with reverts(fee_manager.FeeManager__SharesLocked):
        locking.transferFrom(investor, spender, 1, sender=spender)
    with reverts(fee_manager.FeeManager__SharesLocked):
        locking.redeemInKind(1, spender, investor, sender=spender)


# -- Griefing


def test_lock__a_strangers_dust__prolongs_nothing(
    locking, fee_manager, deposit, deposit_for, usd, give_usd, thief, investor
):
    deposit(locking, investor, 1000)
    until = fee_manager.lockedShares(locking, investor).until
    give_usd(thief, 1)
    usd.approve(locking, MAX, sender=thief)
    with reverts(fee_manager.FeeManager__ReceiverLocked, investor, thief, until):
        locking.deposit(1, investor, sender=thief)
    with reverts(fee_manager.FeeManager__ReceiverLocked, investor, thief, until):
        locking.mint(1, investor, sender=thief)
    assert fee_manager.lockedShares(locking, investor).until == until


def test_lock__a_strangers_dust_on_free_shares__locks_the_dust_only(
    locking, deposit, deposit_for, chain, thief, investor
):
    free = deposit(locking, investor, 1000)
    wait(chain, HOUR + 1)
    deposit_for(locking, thief, investor, 1)
    assert locking.maxRedeem(investor) == free
    locking.redeem(free, investor, investor, sender=investor)


def test_set_depositor__named__may_add_and_renew(locking, fee_manager, deposit, deposit_for, investor, spender):
    deposit(locking, investor, 1000)
    fee_manager.setDepositor(locking, spender, True, sender=investor)
    deposit_for(locking, spender, investor, 10)
    assert fee_manager.lockedShares(locking, investor).shares == locking.balanceOf(investor)
    fee_manager.setDepositor(locking, spender, False, sender=investor)
    with reverts(fee_manager.FeeManager__ReceiverLocked):
        deposit_for(locking, spender, investor, 10)


def test_lock__a_named_depositor_for_ever__no_share_stays_longer_than_two_locks(
    locking, fee_manager, deposit, deposit_for, chain, investor, spender, thief
):
    """An allocator that anyone can call deposits a dollar for the holder, as often as a stranger wants it."""
    started = chain.blocks.head.timestamp
    bought = [(started, deposit(locking, investor, 1000))]
    fee_manager.setDepositor(locking, spender, True, sender=investor)
    for _ in range(8):
        wait(chain, 2 * HOUR // 5)
        shares = deposit_for(locking, spender, investor, 1).return_value
        now = chain.blocks.head.timestamp
        bought.append((now, shares))
        freed = sum(amount for time, amount in bought if now - time >= 2 * HOUR)
        held = sum(amount for time, amount in bought if now - time < HOUR)
        locked = fee_manager.lockedShares(locking, investor).shares
        assert held <= locked <= locking.balanceOf(investor) - freed
    assert locking.maxRedeem(investor) >= bought[0][1]


def test_lock__two_lots__the_older_one_is_free_first(locking, fee_manager, deposit, chain, investor):
    old = deposit(locking, investor, 1000)
    wait(chain, HOUR // 2)
    old += deposit(locking, investor, 1000)
    wait(chain, 3 * HOUR // 4)
    new = deposit(locking, investor, 1000)
    assert fee_manager.lockedShares(locking, investor).shares == old + new
    wait(chain, HOUR // 2)
    assert fee_manager.lockedShares(locking, investor).shares == new
    wait(chain, HOUR)
    assert fee_manager.lockedShares(locking, investor).shares == 0


# -- What it is for


def test_sandwich__around_a_price_update__has_to_hold_through_it(
    locking, deposit, universe, issuer, admin, chain, investor, thief
):
    """The thief sees a rise coming, buys before it and cannot sell after it until the market has had an hour."""
    deposit(locking, investor, 100_000)
    universe.stocks[0].mint(locking, 2000 * 10**18, sender=issuer)
    deposit(locking, thief, 1_000_000)
    universe.feeds[0].setAnswer(universe.feeds[0].latestRoundData()[1] * 12 // 10, sender=admin)
    assert locking.maxRedeem(thief) == 0


# -- Setting it


def test_policy__beyond_the_protocols_bounds__reverts(create_portfolio, fee_manager):
    for policy in [(7 * DAY + 1, 100, 0), (0, 99, 0), (0, 10_001, 0)]:
        with reverts(fee_manager.FeeManager__InvalidPolicy, *policy[:2]):
            create_portfolio(policy=policy)


def test_tighten_policy__manager__at_once(create_portfolio, fee_manager, manager):
    portfolio = create_portfolio(policy=(HOUR, 2000, 0))
    fee_manager.tightenPolicy(portfolio, (2 * HOUR, 1000, 5 * USD), sender=manager)
    assert tuple(fee_manager.policyOf(portfolio)) == (2 * HOUR, 1000, 5 * USD)


@pytest.mark.parametrize("looser", [(HOUR - 1, 2000, 100), (HOUR, 2001, 100), (HOUR, 2000, 101), (HOUR, 2000, 0)])
def test_tighten_policy__anything_looser__reverts(create_portfolio, fee_manager, manager, looser):
    portfolio = create_portfolio(policy=(HOUR, 2000, 100))
    with reverts(fee_manager.FeeManager__NotTighter):
        fee_manager.tightenPolicy(portfolio, looser, sender=manager)


@pytest.mark.parametrize("what", ["setPolicy", "tightenPolicy"])
def test_policy__thief__reverts(locking, fee_manager, thief, what):
    with reverts(fee_manager.AccessManagedUnauthorized, thief):
        getattr(fee_manager, what)(locking, (0, 100, 0), sender=thief)


def test_set_policy__no_lock__what_is_locked_stays_until_its_time(locking, fee_manager, deposit, manager, investor):
    shares = deposit(locking, investor, 1000)
    fee_manager.setPolicy(locking, (0, 10_000, 0), sender=manager)
    assert fee_manager.lockedShares(locking, investor).shares == shares


def test_set_policy__shorter__a_deposit_does_not_shorten_the_lot(locking, fee_manager, deposit, manager, investor):
    """Or a dollar's deposit would free a million's."""
    deposit(locking, investor, 1000)
    until = fee_manager.lockedShares(locking, investor).until
    fee_manager.setPolicy(locking, (1, 10_000, 0), sender=manager)
    deposit(locking, investor, 1)
    assert fee_manager.lockedShares(locking, investor).until == until


# -- Deposit cap


def test_cap__reached__no_more(create_portfolio, deposit, usd, give_usd, investor):
    portfolio = create_portfolio(policy=(0, 10_000, 1000 * USD))
    deposit(portfolio, investor, 900)
    assert portfolio.maxDeposit(investor) == 100 * USD
    give_usd(investor, 1000)
    usd.approve(portfolio, MAX, sender=investor)
    with reverts(portfolio.ERC4626ExceededMaxDeposit, investor, 100 * USD + 1, 100 * USD):
        portfolio.deposit(100 * USD + 1, investor, sender=investor)
    most = portfolio.maxMint(investor)
    with reverts(portfolio.ERC4626ExceededMaxMint, investor, most + 1, most):
        portfolio.mint(most + 1, investor, sender=investor)
    portfolio.mint(most, investor, sender=investor)
    assert portfolio.totalAssets() == 1000 * USD
    assert portfolio.maxDeposit(investor) == portfolio.maxMint(investor) == 0


def test_cap__below_what_is_there__exits_go_on(create_portfolio, fee_manager, deposit, manager, investor):
    portfolio = create_portfolio()
    deposit(portfolio, investor, 1000)
    fee_manager.tightenPolicy(portfolio, (0, 10_000, 1), sender=manager)
    assert portfolio.maxDeposit(investor) == 0
    portfolio.redeem(SHARE, investor, investor, sender=investor)


def test_lower_deposit_cap__guardian__at_once_and_nothing_else(
    create_portfolio, fee_manager, deposit, guardian, investor
):
    portfolio = create_portfolio(policy=(HOUR, 2000, 0))
    deposit(portfolio, investor, 1000)
    fee_manager.lowerDepositCap(portfolio, 1500 * USD, sender=guardian)
    assert tuple(fee_manager.policyOf(portfolio)) == (HOUR, 2000, 1500 * USD)
    assert portfolio.maxDeposit(investor) == 500 * USD
    fee_manager.lowerDepositCap(portfolio, 1, sender=guardian)
    assert portfolio.maxDeposit(investor) == 0


@pytest.mark.parametrize("cap", [0, 1001 * USD, 2**104 - 1])
def test_lower_deposit_cap__higher_or_none__reverts(create_portfolio, fee_manager, guardian, cap):
    portfolio = create_portfolio(policy=(HOUR, 2000, 1000 * USD))
    with reverts(fee_manager.FeeManager__NotTighter, (HOUR, 2000, 1000 * USD), (HOUR, 2000, cap)):
        fee_manager.lowerDepositCap(portfolio, cap, sender=guardian)


def test_lower_deposit_cap__none_where_there_is_none__stays_so(create_portfolio, fee_manager, guardian):
    portfolio = create_portfolio(policy=(HOUR, 2000, 0))
    fee_manager.lowerDepositCap(portfolio, 0, sender=guardian)
    assert tuple(fee_manager.policyOf(portfolio)) == (HOUR, 2000, 0)


def test_lower_deposit_cap__no_portfolio__reverts(fee_manager, guardian, thief):
    with reverts(fee_manager.FeeManager__NotAPortfolio, thief):
        fee_manager.lowerDepositCap(thief, 1, sender=guardian)


def test_lower_deposit_cap__thief__reverts(create_portfolio, fee_manager, thief):
    with reverts(fee_manager.AccessManagedUnauthorized, thief):
        fee_manager.lowerDepositCap(create_portfolio(), 1, sender=thief)


def test_lower_deposit_cap__guardian_with_the_other_settings__reverts(create_portfolio, fee_manager, guardian):
    """A cap is all that the guardian sets: a longer lock would keep later depositors in."""
    portfolio = create_portfolio(policy=(0, 10_000, 0))
    for function in ("setPolicy", "tightenPolicy"):
        with reverts(fee_manager.AccessManagedUnauthorized, guardian):
            getattr(fee_manager, function)(portfolio, (7 * DAY, 100, 1), sender=guardian)


def test_lower_deposit_cap__one_unit__keeps_nobody_in(
    create_portfolio, fee_manager, deposit, guardian, investor, counterparty, redemption_queue, usd
):
    """Cash, a request and its claim, a transfer and an exit in kind: none asks for the cap."""
    portfolio = create_portfolio()
    deposit(portfolio, investor, 1000)
    fee_manager.lowerDepositCap(portfolio, 1, sender=guardian)
    portfolio.redeem(100 * SHARE, investor, investor, sender=investor)
    portfolio.withdraw(100 * USD, investor, investor, sender=investor)
    redemption_queue.requestRedeem(portfolio, 100 * SHARE, investor, investor, sender=investor)
    redemption_queue.fulfil(portfolio, 1, sender=counterparty)
    portfolio.claim(usd, investor, sender=investor)
    portfolio.transfer(counterparty, 100 * SHARE, sender=investor)
    portfolio.redeemInKind(100 * SHARE, counterparty, counterparty, sender=counterparty)
    portfolio.redeemInKind(portfolio.balanceOf(investor), investor, investor, sender=investor)
    assert portfolio.totalSupply() == 0
    assert usd.balanceOf(investor) + usd.balanceOf(counterparty) >= 1000 * USD - 3


def test_lock__kyc_and_lock_together__after_the_lock_in_kind_passes(locking, deposit, chain, investor):
    """I5 after the lock: no price needed."""
    deposit(locking, investor, 1000)
    wait(chain, 2 * YEAR)
    locking.redeemInKind(locking.balanceOf(investor), investor, investor, sender=investor)
    assert locking.balanceOf(investor) == 0
