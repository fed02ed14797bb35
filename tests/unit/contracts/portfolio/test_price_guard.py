"""A share price that jumps pauses what is priced, not exits in kind; nobody can walk it, and it heals."""

import pytest

from tests.fixtures.portfolio import PENDING, USD, sell_some
from tests.fixtures.protocol import DAY, WAD, YEAR
from tests.reverts import reverts

MAX = 2**256 - 1
SHARE = 10**12
RAY = 10**27
BOUND_BPS = 1000
BOUND = 0.1


@pytest.fixture
def guarded(create_portfolio, deposit, universe, issuer, investor):
    """Half of two million dollars in the first stock, the price remembered."""
    portfolio = create_portfolio(policy=(0, BOUND_BPS, 0))
    deposit(portfolio, investor, 1_000_000)
    return portfolio


@pytest.fixture
def price(usd, admin):
    """`price(portfolio, factor)`: brings the assets, and so the share price, to this multiple of what it is."""

    def moved(portfolio, factor):
        total = portfolio.totalAssets()
        more = int(total * factor) - total
        assert more >= 0, "a fall needs a feed"
        usd.mint(portfolio, more, sender=admin)

    return moved


@pytest.fixture
def of_stock(create_portfolio, deposit, universe, issuer, investor):
    """Nearly all in the first stock, whose feed moves its price; the price remembered."""
    portfolio = create_portfolio(policy=(0, BOUND_BPS, 0))
    deposit(portfolio, investor, 500)
    universe.stocks[0].mint(portfolio, 20_000 * WAD, sender=issuer)
    deposit(portfolio, investor, 10_000)
    return portfolio


def band(fee_manager, portfolio):
    """(price, low, high)."""
    told = fee_manager.quote(portfolio, portfolio.totalAssets(), portfolio.totalSupply())
    return told.price_, told.low, told.high


def wait(chain, seconds):
    chain.mine(timestamp=chain.pending_timestamp + seconds)


def test_first_deposit__no_price_before__works(guarded):
    assert guarded.sharePrice() == WAD


def test_within_the_bound__nothing_pauses(guarded, price, deposit, investor, spender):
    price(guarded, 1.099)
    deposit(guarded, spender, 10)
    guarded.redeem(SHARE, investor, investor, sender=investor)


def test_jump__up__deposits_and_cash_exits_pause_in_kind_goes_on(guarded, fee_manager, price, usd, give_usd, investor):
    price(guarded, 1.15)
    give_usd(investor, 10)
    usd.approve(guarded, MAX, sender=investor)
    for call, amount in (
        (guarded.deposit, (USD, investor)),
        (guarded.mint, (SHARE, investor)),
        (guarded.withdraw, (USD, investor, investor)),
        (guarded.redeem, (SHARE, investor, investor)),
    ):
        with reverts(fee_manager.FeeManager__PriceJumped):
            call(*amount, sender=investor)
    assert guarded.maxDeposit(investor) == guarded.maxMint(investor) == 0
    assert guarded.maxWithdraw(investor) == guarded.maxRedeem(investor) == 0
    assert guarded.totalAssets() == pytest.approx(1_150_000 * USD, rel=1e-9)
    guarded.redeemInKind(SHARE, investor, investor, sender=investor)


def test_jump__trades_pause(invested, fee_manager, manager, signal_sender, universe, usd, market, admin):
    fee_manager.tightenPolicy(invested, (0, BOUND_BPS, 0), sender=manager)
    sell_some(signal_sender, invested, universe, usd, market)
    usd.mint(invested, 150_000 * USD, sender=admin)
    with reverts(fee_manager.FeeManager__PriceJumped):
        sell_some(signal_sender, invested, universe, usd, market)


def test_jump__down__pauses(of_stock, fee_manager, universe, admin, investor):
    universe.feeds[0].setAnswer(universe.feeds[0].latestRoundData()[1] * 85 // 100, sender=admin)
    assert of_stock.maxRedeem(investor) == 0
    with reverts(fee_manager.FeeManager__PriceJumped):
        of_stock.redeem(SHARE, investor, investor, sender=investor)
    of_stock.redeemInKind(SHARE, investor, investor, sender=investor)


def test_jump__heals__as_the_band_widens(guarded, fee_manager, price, chain, investor):
    """15% pass after half a day: 10%, and 10% per day."""
    price(guarded, 1.15)
    wait(chain, DAY // 2 - 600)
    assert guarded.maxRedeem(investor) == 0
    wait(chain, 1200)
    assert guarded.maxRedeem(investor) > 0
    guarded.redeem(SHARE, investor, investor, sender=investor)


# -- Nobody walks it


def test_walk__many_small_steps__get_no_farther_than_one_large(guarded, fee_manager, price, chain, deposit, spender):
    """A thief who donates and deals in turn: each step is inside the band, and so is their sum."""
    steps = 0
    for _ in range(40):
        now, _, high = band(fee_manager, guarded)
        if now * 1.01 > high:
            break
        price(guarded, 1.01)
        deposit(guarded, spender, 1)
        steps += 1
    reached, _, high = band(fee_manager, guarded)
    assert 8 <= steps <= 10
    assert reached <= RAY * (1 + BOUND * (1 + 1 / 24))
    assert high <= RAY * (1 + BOUND * (1 + 1 / 24))


def test_walk__a_day_of_steps__is_bounded_by_the_bound_and_a_days_more(
    guarded, fee_manager, price, chain, deposit, spender
):
    for _ in range(24):
        wait(chain, DAY // 24)
        now, _, high = band(fee_manager, guarded)
        price(guarded, high * 0.9999 / now)
        deposit(guarded, spender, 1)
    reached, _, _ = band(fee_manager, guarded)
    # Each hour's widening is of that hour's price: compounded, e^0.1 instead of 1.1.
    assert 1.2 * RAY < reached <= 1.1 * 1.1053 * RAY


def test_walk__there_and_back__is_no_new_room(guarded, fee_manager, price, deposit, spender):
    """A step up takes room away above and gives it below."""
    price(guarded, 1.05)
    deposit(guarded, spender, 1)
    _, low, high = band(fee_manager, guarded)
    assert high == pytest.approx(1.1 * RAY, rel=1e-3)
    assert low == pytest.approx(1.05 * 0.9 * RAY, rel=1e-3)


def test_dust__dealing_all_the_time__takes_no_room(guarded, fee_manager, chain, deposit, spender):
    for _ in range(10):
        deposit(guarded, spender, 1)
    _, low, high = band(fee_manager, guarded)
    assert high >= 1.0999 * RAY
    assert low <= 0.9001 * RAY


# -- Donations


def test_donation__freezes_cash_exits_for_what_it_costs_only(guarded, price, chain, investor):
    """30% of the assets, given to its holders, stop cash exits for two days; exits in kind never."""
    price(guarded, 1.3)
    guarded.redeemInKind(SHARE, investor, investor, sender=investor)
    assert guarded.maxRedeem(investor) == 0
    wait(chain, 2 * DAY + 60)
    assert guarded.maxRedeem(investor) > 0


def test_donation__to_a_thiefs_single_unit__does_not_stop_the_first_deposit(
    create_portfolio, usd, give_usd, deposit, thief, investor
):
    """A portfolio of one unit and a hundred dollars' donation: without a threshold it would be shut for years."""
    portfolio = create_portfolio(policy=(0, BOUND_BPS, 0))
    give_usd(thief, 101)
    usd.approve(portfolio, MAX, sender=thief)
    portfolio.deposit(1, thief, sender=thief)
    usd.transfer(portfolio, 100 * USD, sender=thief)
    assert portfolio.maxDeposit(investor) == MAX
    assert deposit(portfolio, investor, 100_000) > 0


def test_all_gone__the_next_deposit_works_at_any_price(guarded, deposit, usd, admin, investor):
    guarded.redeem(guarded.balanceOf(investor), investor, investor, sender=investor)
    usd.mint(guarded, 500 * USD, sender=admin)
    assert deposit(guarded, investor, 100_000) > 0


# -- Accepting a price


def test_accept_price__manager__goes_on_from_it(guarded, fee_manager, price, manager, investor):
    price(guarded, 1.5)
    fee_manager.acceptPrice(guarded, 149 * RAY // 100, 151 * RAY // 100, sender=manager)
    guarded.redeem(SHARE, investor, investor, sender=investor)


def test_accept_price__another_than_meant__reverts(guarded, fee_manager, price, manager):
    """A schedule of days accepts the price that was looked at, not whatever there is when they are over."""
    price(guarded, 2)
    with reverts(fee_manager.FeeManager__PriceJumped):
        fee_manager.acceptPrice(guarded, 149 * RAY // 100, 151 * RAY // 100, sender=manager)


def test_accept_price__thief__reverts(guarded, fee_manager, thief):
    with reverts(fee_manager.AccessManagedUnauthorized, thief):
        fee_manager.acceptPrice(guarded, 0, MAX, sender=thief)


# -- With fees


def test_crystallise__price_jumped__reverts(create_portfolio, fee_manager, deposit, price, chain, investor, spender):
    """A wrong price makes no fee."""
    portfolio = create_portfolio(policy=(0, BOUND_BPS, 0), fees=(0, 2000, DAY, spender))
    deposit(portfolio, investor, 1_000_000)
    wait(chain, DAY)
    price(portfolio, 2)
    with reverts(fee_manager.FeeManager__PriceJumped):
        fee_manager.crystallise(portfolio, sender=spender)


def test_in_kind__price_jumped__pays_the_fee_of_the_last_price(
    create_portfolio, fee_manager, deposit, price, usd, investor, spender
):
    portfolio = create_portfolio(policy=(0, BOUND_BPS, 0), fees=(0, 2000, DAY, spender))
    deposit(portfolio, investor, 1_000_000)
    price(portfolio, 2)
    portfolio.redeemInKind(500_000 * SHARE, investor, investor, sender=investor)
    assert usd.balanceOf(investor) == pytest.approx(1_000_000 * USD, rel=1e-9)
    assert fee_manager.feeState(portfolio).owed == 0


def test_in_kind__price_crashed__pays_no_fee_on_what_is_gone(
    create_portfolio, fee_manager, deposit, universe, issuer, usd, chain, admin, investor, spender
):
    """The last price knew of a gain; the crash left the band, and took it."""
    portfolio = create_portfolio(policy=(0, BOUND_BPS, 0), fees=(0, 2000, DAY, spender))
    feed = universe.feeds[0]
    answer = feed.latestRoundData()[1]
    deposit(portfolio, investor, 900)
    universe.stocks[0].mint(portfolio, 10 * WAD, sender=issuer)
    wait(chain, DAY)
    fee_manager.crystallise(portfolio, sender=spender)
    feed.setAnswer(answer * 12 // 10, sender=admin)
    deposit(portfolio, investor, 1)
    assert fee_manager.quote(portfolio, portfolio.totalAssets(), portfolio.totalSupply()).q[PENDING] > 0
    feed.setAnswer(answer // 10, sender=admin)
    assert portfolio.maxRedeem(investor) == 0
    owed, held = fee_manager.feeState(portfolio).owed, usd.balanceOf(portfolio)
    shares = portfolio.balanceOf(investor) // 2
    supply = portfolio.totalSupply() + 10**6 + owed
    portfolio.redeemInKind(shares, investor, investor, sender=investor)
    assert usd.balanceOf(investor) == held * shares // supply
    assert fee_manager.feeState(portfolio).owed == owed


def test_crystallisation__is_no_jump(create_portfolio, fee_manager, deposit, price, chain, investor, spender):
    """The guarded price is net of fees, so that charging them moves nothing."""
    portfolio = create_portfolio(policy=(0, 100, 0), fees=(0, 3000, DAY, spender))
    deposit(portfolio, investor, 1_000_000)
    wait(chain, 30 * DAY)
    price(portfolio, 1.3)
    fee_manager.crystallise(portfolio, sender=spender)
    portfolio.redeem(SHARE, investor, investor, sender=investor)


def test_guard__years_of_silence__is_no_obstacle(guarded, fee_manager, price, chain, create_feed, usd, investor):
    """Whatever the price did meanwhile, the band has widened past it."""
    wait(chain, YEAR // 2)
    price(guarded, 5)
    guarded.redeem(SHARE, investor, investor, sender=investor)
