"""Assets that left the list but not the portfolio: out of NAV, never lost, no windfall for whoever comes late."""

import ape
import pytest
from eth_utils import keccak

from tests.fixtures.portfolio import USD, order, weights_of
from tests.fixtures.protocol import WAD, YEAR
from tests.reverts import reverts

SHARE = 10**12
MILLION = 1_000_000 * SHARE
MAX = 2**256 - 1
NONE, LISTED, RETIRED = range(3)


@pytest.fixture
def retire(portfolio_factory, manager):
    """`retire(portfolio, asset)`."""
    return lambda portfolio, asset: portfolio_factory.retireAsset(portfolio, asset, sender=manager)


@pytest.fixture
def relist(portfolio_factory, manager):
    """`relist(portfolio, asset)`."""
    return lambda portfolio, asset: portfolio_factory.listAsset(portfolio, asset, sender=manager)


# -- Retiring


def test_retire__held__leaves_nav_and_stays_in_the_portfolio(invested, universe, retire):
    stock = universe.stocks[0]
    nav, held, value = invested.nav(), stock.balanceOf(invested), invested.positions().values[1]
    retire(invested, stock)
    assert invested.nav() == nav - value
    assert stock.balanceOf(invested) == held
    assert not invested.isAsset(stock)
    assert stock.address not in invested.assets()
    assert invested.allAssets()[len(invested.assets()) :] == [stock.address]


def test_retire__risk__counts_the_others_only(invested, universe, retire, risk_engine):
    retire(invested, universe.stocks[1])
    values = invested.positions().values
    metrics = risk_engine.metrics(invested)
    assert len(values) == 3
    assert metrics.nav == sum(values)
    assert metrics.leverage == pytest.approx(sum(values[1:]) * WAD / sum(values), rel=1e-9)


def test_retire__trades__pass_without_it_and_not_in_it(invested, universe, retire, signal_sender, usd, market):
    retired, other = universe.stocks[0], universe.stocks[1]
    retire(invested, retired)
    place = invested.allAssets().index(retired.address)
    head, *route = order(invested, retired, usd, WAD, market[0])
    with reverts(invested.Portfolio__NoSuchAsset, place, place):
        signal_sender.rebalance(invested, weights_of(invested), [head & ~0xFF | place, *route], band=500)
    weights = weights_of(invested)
    index = invested.assets().index(other.address)
    step = 10_000 * USD * WAD // invested.totalAssets()
    targets = [w + (-step if k == 0 else step if k == index else 0) for k, w in enumerate(weights)]
    signal_sender.rebalance(invested, targets, order(invested, usd, other, 10_000 * USD, market[1]), band=500)


def test_retire__settlement__reverts(portfolio, usd, retire):
    with reverts(portfolio.Portfolio__AssetNotListed, usd):
        retire(portfolio, usd)


def test_retire__not_listed__reverts(invested, create_token, retire):
    token = create_token("OTHER")
    with reverts(invested.Portfolio__AssetNotListed, token):
        retire(invested, token)


def test_retire__twice__reverts(invested, universe, retire):
    retire(invested, universe.stocks[0])
    with reverts(invested.Portfolio__AssetNotListed, universe.stocks[0]):
        retire(invested, universe.stocks[0])


def test_retire__thief__reverts(portfolio_factory, invested, universe, thief):
    with reverts(portfolio_factory.AccessManagedUnauthorized, thief):
        portfolio_factory.retireAsset(invested, universe.stocks[0], sender=thief)


def test_retire__price_gone__portfolio_is_priced_again(invested, universe, retire, oracle, admin):
    """One dead feed stops deposits, trades and exits in cash; retiring its asset ends that."""
    stock, feed = universe.stocks[0], universe.feeds[0]
    _, answer, _, updated_at, _ = feed.latestRoundData()
    feed.setRound(99, answer, updated_at - 2 * YEAR, updated_at - 2 * YEAR, 99, sender=admin)
    with reverts(oracle.PriceOracle__StalePrice):
        invested.totalAssets()
    retire(invested, stock)
    assert invested.totalAssets() > 700_000 * USD


@pytest.mark.parametrize("mode", [5, 6, 7], ids=["reverts", "burns gas", "is huge"])
def test_retire__balance_unreadable__portfolio_lives_on(
    create_portfolio, create_feed, covariance_models, retire, deposit, manager, investor, usd, admin, mode
):
    token = admin.deploy(ape.project.BrokenToken)
    create_feed(token, 1, heartbeat=YEAR)
    key = keccak(text=f"broken {mode}")
    covariance_models.createUniverse(key, [token], sender=manager)
    portfolio = create_portfolio(assets=[token], universe_id=key)
    deposit(portfolio, investor, 1000)
    token.mint(portfolio, 500 * WAD, sender=admin)
    token.setMode(mode, sender=admin)
    retire(portfolio, token)
    assert portfolio.totalAssets() == 1000 * USD
    # An exit in kind would pay nothing of it, so nobody enters for it.
    assert portfolio.maxDeposit(investor) == MAX
    token.setMode(0, sender=admin)
    assert portfolio.maxDeposit(investor) == 0
    portfolio.redeemInKind(500 * SHARE, investor, investor, sender=investor)
    assert token.balanceOf(investor) == pytest.approx(250 * WAD, rel=1e-6)


# -- Never lost


def test_redeem_in_kind__retired__pays_its_part(invested, register, universe, retire, investor):
    register(investor)
    stock = universe.stocks[0]
    held = stock.balanceOf(invested)
    retire(invested, stock)
    receipt = invested.redeemInKind(MILLION // 4, investor, investor, sender=investor)
    assert stock.balanceOf(investor) == pytest.approx(held / 4, rel=1e-9)
    by_asset = dict(zip(invested.allAssets(), receipt.return_value, strict=True))
    assert by_asset[stock.address] == stock.balanceOf(investor)


def test_redeem_in_kind__retired_and_refused__is_set_aside_and_claimed(
    invested, register, universe, retire, relist, investor
):
    stock = universe.stocks[0]
    retire(invested, stock)
    invested.redeemInKind(MILLION // 2, investor, investor, sender=investor)
    owed = invested.claimable(stock, investor)
    assert owed > 0
    relist(invested, stock)
    values = invested.positions()
    kept = values.balances[values.assets_.index(stock.address)]
    assert kept == stock.balanceOf(invested) - owed
    register(investor)
    invested.claim(stock, investor, sender=investor)
    assert stock.balanceOf(investor) == owed


def test_unlist__retired_and_held__reverts(portfolio_factory, invested, universe, retire, manager):
    stock = universe.stocks[0]
    retire(invested, stock)
    with reverts(portfolio_factory.PortfolioFactory__AssetHeld, stock, stock.balanceOf(invested)):
        portfolio_factory.unlistAsset(invested, stock, sender=manager)


def test_unlist__retired_and_empty__drops_it(portfolio_factory, portfolio, universe, retire, manager):
    retire(portfolio, universe.stocks[0])
    portfolio_factory.unlistAsset(portfolio, universe.stocks[0], sender=manager)
    assert universe.stocks[0].address not in portfolio.allAssets()
    portfolio_factory.listAsset(portfolio, universe.stocks[0], sender=manager)


def test_unlist__donated_wei__blocks_it_but_not_retiring(
    portfolio_factory,
    invested,
    universe,
    deposit,
    signal_sender,
    register,
    retire,
    market,
    usd,
    investor,
    issuer,
    manager,
):
    """One wei keeps an asset from being dropped; retired it costs nothing, and entry stays open."""
    stock = universe.stocks[2]
    portfolio = invested
    weights = weights_of(portfolio)
    sold = order(portfolio, stock, usd, stock.balanceOf(portfolio), market[2])
    signal_sender.rebalance(portfolio, [weights[0] + weights[3], weights[1], weights[2], 0], sold, band=500)
    stock.mint(portfolio, 1, sender=issuer)
    with reverts(portfolio_factory.PortfolioFactory__AssetHeld, stock, 1):
        portfolio_factory.unlistAsset(portfolio, stock, sender=manager)
    retire(portfolio, stock)
    assert portfolio.maxDeposit(investor) == MAX
    assert portfolio_factory.heldRetiredAt(portfolio) == 0


def test_retire__and_list__at_most_32_in_all(
    portfolio_factory, create_portfolio, create_universe, retire, manager, usd
):
    many = create_universe([10] * 32)
    portfolio = create_portfolio(assets=many.stocks[:31], universe_id=many.id)
    with reverts(portfolio.Portfolio__TooManyAssets, 33, 32):
        portfolio_factory.listAsset(portfolio, many.stocks[31], sender=manager)
    retire(portfolio, many.stocks[7])
    with reverts(portfolio.Portfolio__TooManyAssets, 33, 32):
        portfolio_factory.listAsset(portfolio, many.stocks[31], sender=manager)
    portfolio_factory.unlistAsset(portfolio, many.stocks[7], sender=manager)
    portfolio_factory.listAsset(portfolio, many.stocks[31], sender=manager)
    assert len(portfolio.assets()) == 32


# -- Listed again


def test_relist__nav__is_what_it_was(invested, universe, retire, relist, investor):
    nav = invested.nav()
    for stock in universe.stocks[:2]:
        retire(invested, stock)
    for stock in universe.stocks[:2]:
        relist(invested, stock)
    assert invested.nav() == nav
    assert invested.maxDeposit(investor) == MAX
    assert invested.allAssets() == invested.assets()


def test_relist__without_a_price__reverts(invested, universe, retire, relist, oracle, admin):
    feed = universe.feeds[0]
    retire(invested, universe.stocks[0])
    _, answer, _, updated_at, _ = feed.latestRoundData()
    feed.setRound(99, answer, updated_at - 2 * YEAR, updated_at - 2 * YEAR, 99, sender=admin)
    with reverts(oracle.PriceOracle__StalePrice):
        relist(invested, universe.stocks[0])


# -- Windfalls


def test_windfall__deposit_before_relisting__entry_is_closed(invested, universe, retire, relist, give_usd, usd, thief):
    """Bought at a NAV without the asset, a share would jump when it is listed again."""
    retire(invested, universe.stocks[0])
    give_usd(thief, 1_000_000)
    usd.approve(invested, MAX, sender=thief)
    assert invested.maxDeposit(thief) == invested.maxMint(thief) == 0
    with reverts(invested.ERC4626ExceededMaxDeposit, thief, 1_000_000 * USD, 0):
        invested.deposit(1_000_000 * USD, thief, sender=thief)
    with reverts(invested.ERC4626ExceededMaxMint, thief, SHARE, 0):
        invested.mint(SHARE, thief, sender=thief)
    relist(invested, universe.stocks[0])
    invested.deposit(1_000_000 * USD, thief, sender=thief)
    assert invested.convertToAssets(invested.balanceOf(thief)) <= 1_000_000 * USD


def test_windfall__dust__is_at_most_a_basis_point(
    portfolio_factory, invested, universe, retire, relist, register, deposit, thief, issuer, signal_sender, usd, market
):
    """Entry stays open for a holding worth up to a basis point of NAV: that is what a depositor may gain."""
    stock = universe.stocks[2]
    weights = weights_of(invested)
    sold = order(invested, stock, usd, stock.balanceOf(invested), market[2])
    signal_sender.rebalance(invested, [weights[0] + weights[3], weights[1], weights[2], 0], sold, band=500)
    nav = invested.nav()
    dust = nav // 10_000 * WAD // (150 * WAD)
    stock.mint(invested, dust, sender=issuer)
    retire(invested, stock)
    assert portfolio_factory.dustOf(invested, stock) >= dust
    deposit(invested, thief, 1_000_000)
    relist(invested, stock)
    gained = invested.convertToAssets(invested.balanceOf(thief)) - 1_000_000 * USD
    assert 0 < gained <= invested.totalAssets() // 10_000


def test_windfall__more_than_dust_comes_in__entry_closes(
    portfolio_factory, portfolio, universe, retire, deposit, investor, issuer
):
    deposit(portfolio, investor, 1_000_000)
    stock = universe.stocks[0]
    retire(portfolio, stock)
    dust = portfolio_factory.dustOf(portfolio, stock)
    assert dust == 100 * WAD // 50
    stock.mint(portfolio, dust, sender=issuer)
    assert portfolio.maxDeposit(investor) == MAX
    stock.mint(portfolio, 1, sender=issuer)
    assert portfolio.maxDeposit(investor) == 0


def test_windfall__a_wei_of_what_has_no_price__entry_stays_open(
    portfolio_factory, portfolio, universe, retire, deposit, investor, issuer, admin
):
    """Otherwise a stranger closes entry for a wei, until the asset has a price again."""
    deposit(portfolio, investor, 1_000_000)
    stock = universe.stocks[0]
    stock.mint(portfolio, 1, sender=issuer)
    universe.feeds[0].setAnswer(0, sender=admin)
    retire(portfolio, stock)
    # The feed's bound is a thousand times the first price of 50 dollars.
    dust = portfolio_factory.dustOf(portfolio, stock)
    assert dust == 100 * WAD // 50_000
    assert portfolio.maxDeposit(investor) == MAX
    deposit(portfolio, investor, 1)
    stock.mint(portfolio, dust, sender=issuer)
    assert portfolio.maxDeposit(investor) == 0


def test_fulfil__request_from_before_a_retirement__is_returned(
    invested, universe, retire, redemption_queue, ask, usd, chain, investor, keeper
):
    """Nobody leaves without a part of what was retired after asking; who agrees asks again."""
    request = ask(invested, investor, 1000 * SHARE)
    retire(invested, universe.stocks[0])
    receipt = redemption_queue.fulfil(invested, 1, sender=keeper)
    (log,) = receipt.decode_logs(redemption_queue.RequestReturned)
    since = keccak(text=redemption_queue.RedemptionQueue__RetiredSince.abi.selector)[:4]
    assert (log.requestId, bytes(log.reason)) == (request, since)
    assert invested.queuedShares(investor) == 0
    chain.mine(timestamp=chain.pending_timestamp + 1)
    ask(invested, investor, 1000 * SHARE)
    assert redemption_queue.fulfil(invested, 1, sender=keeper).return_value[0] == 1
    # The part that the leaver forgoes stays with the others: the price without the asset, by feed.
    assert invested.claimable(usd, investor) < 850 * USD


def test_fulfil__request_from_before_an_empty_retirement__is_paid(
    invested,
    portfolio_factory,
    create_token,
    universe,
    retire,
    create_portfolio,
    redemption_queue,
    ask,
    deposit,
    usd,
    investor,
    keeper,
):
    portfolio = create_portfolio()
    deposit(portfolio, investor, 1000)
    ask(portfolio, investor, 100 * SHARE)
    retire(portfolio, universe.stocks[0])
    redemption_queue.fulfil(portfolio, 1, sender=keeper)
    assert portfolio.claimable(usd, investor) == 100 * USD
