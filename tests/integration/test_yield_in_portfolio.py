"""A portfolio whose idle cash earns: an optimizer's share over Aave, priced, bounded and redeemed like any asset."""

import ape
import pytest
from eth_utils import keccak

from scripts._lib.venues.uniswap import sort_tokens
from tests.fixtures.markets import ERC4626
from tests.fixtures.portfolio import NO_LIMITS, USD, Universe, order
from tests.fixtures.protocol import DAY, WAD, YEAR
from tests.fixtures.yields import REPORT_INTERVAL, UNLOCK_TIME, dollars
from tests.reverts import reverts

GROWTH = WAD // 5 // YEAR
"""Twenty percent a year."""


@pytest.fixture
def aave_strategy(aave_market, usd, admin):
    """Over Aave's own contracts."""
    return admin.deploy(ape.project.AaveV3Strategy, aave_market[0].pool.address, usd, "Aave dollars", "aqUSD")


@pytest.fixture
def share(optimizer, aave_strategy, yield_factory, manager):
    """The optimizer, with Aave at up to 60%."""
    yield_factory.addStrategy(optimizer, aave_strategy, 6000, sender=manager)
    return optimizer


@pytest.fixture
def dollar_feed(oracle, usd):
    """The oracle's of the dollar."""
    return ape.project.MockFeed.at(oracle.feedOf(usd).aggregator)


@pytest.fixture
def share_feed(share, oracle, dollar_feed, admin):
    """Priced by the dollar's feed and the bounded rate."""
    feed = admin.deploy(ape.project.VaultFeed, share, dollar_feed, GROWTH, DAY, "qUSD / USD")
    oracle.setFeed(share, feed, YEAR, WAD // 2, 2 * WAD, sender=admin)
    oracle.setTradingWindow(share, (YEAR - 1, 0, 0, 0), sender=admin)
    return feed


@pytest.fixture
def wrapper(share, usd, aggregator, manager):
    """Wrapping into the share, and out of it, as a listed market; its key."""
    terms = (ERC4626, 0, str(share.address), 0, bytes(32), *sort_tokens(str(usd.address), str(share.address)))
    aggregator.listMarket(terms, sender=manager)
    return aggregator.marketKey(terms)


@pytest.fixture
def cash_universe(share, share_feed, covariance_models, create_quorum, manager, risk_signer):
    """The share alone."""
    name = keccak(text="cash that earns")
    covariance_models.createUniverse(name, [share], sender=manager)
    create_quorum(name, [risk_signer])
    return Universe(name, [share], [share_feed])


@pytest.fixture
def post_cash_model(post_model, cash_universe):
    """`post_cash_model()`: a share that hardly moves."""
    return lambda: post_model([10**10], where=cash_universe)


@pytest.fixture
def holder(share, cash_universe, create_portfolio, post_cash_model, deposit, investor):
    """A portfolio of a million dollars that may hold the share."""
    portfolio = create_portfolio(assets=[share], universe_id=cash_universe.id, limits=NO_LIMITS)
    deposit(portfolio, investor, 1_000_000)
    post_cash_model()
    return portfolio


@pytest.fixture
def earning(holder, share, wrapper, usd, signal_sender, plan_desk, aave_strategy, create_strategy):
    """80% of it in the share, of which half at Aave and a fifth in a vault of OpenZeppelin's."""
    signal_sender.rebalance(holder, [WAD // 5, WAD * 4 // 5], order(holder, usd, share, dollars(800_000), wrapper))
    vault = create_strategy(share, 3000)
    plan_desk.move(share, [(aave_strategy, 5000), (vault, 2000)])
    return holder


def test_portfolio__wraps_its_cash__nav_stays(earning, share):
    assert abs(earning.nav() - 1_000_000 * WAD) <= WAD // 1000
    assert share.balanceOf(earning) == 800_000 * 10**12


def test_portfolio__a_month_of_interest__is_in_its_nav_and_paid_out(
    earning, share, wrapper, usd, signal_sender, borrow, aave_strategy, keeper, pass_time, post_cash_model
):
    borrow(dollars(300_000))
    pass_time(30 * DAY)
    share.report(aave_strategy, sender=keeper)
    pass_time(UNLOCK_TIME)
    gain = share.totalAssets() - dollars(800_000)
    assert dollars(800) < gain < dollars(2000)
    assert earning.nav() == pytest.approx((1_000_000 * USD + gain) * WAD // USD, rel=1e-9)
    post_cash_model()
    out = share.balanceOf(earning) // 2
    signal_sender.rebalance(earning, [6 * WAD // 10, 4 * WAD // 10], order(earning, share, usd, out, wrapper))
    assert usd.balanceOf(earning) == pytest.approx(dollars(600_000) + gain // 2, abs=10)


def test_portfolio__somebody_donates_to_a_strategy__nav_does_not_move(earning, share, give_usd):
    before = earning.nav()
    give_usd(share.strategies()[1].vault, 1_000_000)
    assert earning.nav() <= before


def test_portfolio__a_strategy_lies_upwards_and_is_reported__nav_follows_the_bound(
    earning, share, keeper, pass_time, thief, share_feed
):
    """Two bounds in a row: what reports count unlocks over a week, and the feed lets no rate climb above its own."""
    liar = ape.project.MockStrategy.at(share.strategies()[1].vault)
    liar.setLie(dollars(10**9), sender=thief)
    base, since = share_feed.lastCheckpoint()
    before = earning.nav()
    for _ in range(7):
        pass_time(REPORT_INTERVAL)
        share.report(liar, sender=keeper)
    pass_time(UNLOCK_TIME)
    assert share_feed.liveRate() > share_feed.rate()
    now = ape.chain.blocks.head.timestamp
    assert share_feed.rate() == base + base * GROWTH * (now - since) // WAD
    assert earning.nav() - before <= 800_000 * WAD * (now - since) * GROWTH // WAD + WAD


def test_portfolio__a_strategy_loses__nav_falls_at_once(earning, share, investor):
    losing = ape.project.MockStrategy.at(share.strategies()[1].vault)
    losing.lose(dollars(100_000), sender=investor)
    assert earning.nav() == pytest.approx(900_000 * WAD, rel=1e-8)


def test_portfolio__investor_leaves_in_kind__with_the_share(earning, share, investor, usd):
    held = earning.balanceOf(investor)
    earning.redeemInKind(held, investor, investor, sender=investor)
    assert share.balanceOf(investor) == pytest.approx(800_000 * 10**12, rel=1e-9)
    share.redeemInKind(share.balanceOf(investor), investor, investor, sender=investor)
    assert usd.balanceOf(investor) == pytest.approx(dollars(200_000 + 240_000), rel=1e-9)


def test_portfolio__orders_cannot_wrap_into_a_closed_optimizer(
    holder, share, wrapper, usd, signal_sender, yield_factory, guardian
):
    yield_factory.emergencyExit(share, sender=guardian)
    with reverts(share.ERC4626ExceededMaxDeposit):
        signal_sender.rebalance(holder, [WAD // 5, WAD * 4 // 5], order(holder, usd, share, dollars(800_000), wrapper))
