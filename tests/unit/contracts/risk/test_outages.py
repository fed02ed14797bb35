"""Feeds that stop, freeze or jump, against everything that reads a price."""

import ape
import pytest

from tests.fixtures.portfolio import USD, sell_some
from tests.fixtures.protocol import DAY, WAD, YEAR
from tests.reverts import reverts


@pytest.fixture
def holder(invested, register, investor, chain):
    """Holds every share, registered to receive stock."""
    register(investor, expiry=chain.pending_timestamp + 9 * YEAR)
    return investor


def silence(feed, chain, admin):
    """The feed's last answer is two years old."""
    then = chain.blocks.head.timestamp - 2 * YEAR
    feed.setRound(9, feed.latestRoundData()[1], then, then, 9, sender=admin)


@pytest.fixture
def second(oracle, universe, admin):
    """A second feed for every stock, at its price; they may differ by two percent."""
    feeds = []
    for stock, first in zip(universe.stocks, universe.feeds, strict=True):
        other = admin.deploy(ape.project.MockFeed, 8, "elsewhere", first.latestRoundData()[1])
        oracle.setSecondary(stock, other, YEAR, 200, sender=admin)
        feeds.append(other)
    return feeds


@pytest.fixture
def actions(invested, holder, risk_engine, signal_sender, universe, usd, market, give_usd, thief, keeper):
    """Everything that reads a price, by name."""

    def deposit():
        give_usd(holder, 1000)
        usd.approve(invested, 1000 * USD, sender=holder)
        invested.deposit(1000 * USD, holder, sender=holder)

    return {
        "deposit": deposit,
        "withdraw": lambda: invested.withdraw(1000 * USD, holder, holder, sender=holder),
        "rebalance": lambda: sell_some(signal_sender, invested, universe, usd, market),
        "trip": lambda: risk_engine.trip(invested, sender=keeper),
        "checkpoint": lambda: risk_engine.checkpoint(invested, sender=thief),
    }


def since(oracle, asset):
    """When the price that was frozen was answered."""
    return oracle.frozenOf(asset)[1]


READERS = ("deposit", "withdraw", "rebalance", "trip", "checkpoint")


def leave_in_kind(portfolio, holder):
    """I5."""
    return portfolio.redeemInKind(portfolio.balanceOf(holder) // 10, holder, holder, sender=holder)


@pytest.mark.parametrize("name", READERS)
def test_outage__of_one_feed__stops_it_and_names_the_asset(
    actions, oracle, universe, chain, admin, invested, holder, name
):
    silence(universe.feeds[1], chain, admin)
    updated_at = universe.feeds[1].latestRoundData()[3]
    with reverts(oracle.PriceOracle__StalePrice, universe.stocks[1], updated_at, YEAR):
        actions[name]()
    leave_in_kind(invested, holder)


@pytest.mark.parametrize("name", ["deposit", "withdraw", "rebalance", "checkpoint"])
def test_outage__with_a_second_feed__goes_on(actions, universe, second, chain, admin, name):
    for feed in universe.feeds:
        silence(feed, chain, admin)
    actions[name]()


@pytest.mark.parametrize("name", READERS)
def test_jump__of_one_feed_alone__stops_it(actions, oracle, universe, second, admin, invested, holder, name):
    """A thief who moves one feed by half neither buys shares low, nor leaves high, nor trips anybody."""
    feed = universe.feeds[0]
    feed.setAnswer(feed.latestRoundData()[1] * 3 // 2, sender=admin)
    with reverts(oracle.PriceOracle__Deviation, universe.stocks[0], 75 * WAD, 50 * WAD, 200):
        actions[name]()
    leave_in_kind(invested, holder)


@pytest.mark.parametrize("name", ["deposit", "rebalance", "trip", "checkpoint"])
def test_frozen__one_stock__stops_all_but_exits(actions, oracle, universe, guardian, invested, holder, name):
    oracle.freeze(universe.stocks[2], sender=guardian)
    with reverts(oracle.PriceOracle__Frozen, universe.stocks[2], since(oracle, universe.stocks[2])):
        actions[name]()
    leave_in_kind(invested, holder)


def test_frozen__cash_exit__pays_the_discounted_price(oracle, universe, guardian, invested, holder, usd):
    """A fifth of NAV is in the frozen stock: whoever leaves pays 5% of that fifth to those who stay."""
    shares = invested.balanceOf(holder) // 10
    fair = invested.previewRedeem(shares)
    oracle.freeze(universe.stocks[2], sender=guardian)
    assert invested.previewRedeem(shares) / fair == pytest.approx(0.99, rel=1e-3)
    before = usd.balanceOf(holder)
    invested.redeem(shares, holder, holder, sender=holder)
    assert usd.balanceOf(holder) - before == pytest.approx(fair * 0.99, rel=1e-3)


def test_frozen__max_functions__deposit_nothing_exit_something(oracle, universe, guardian, invested, holder):
    oracle.freeze(universe.stocks[2], sender=guardian)
    assert invested.maxDeposit(holder) == invested.maxMint(holder) == 0
    assert invested.maxWithdraw(holder) > 0
    assert invested.maxRedeem(holder) > 0


def test_frozen__settlement__exits_in_kind_only(oracle, guardian, invested, holder, usd):
    oracle.freeze(usd, sender=guardian)
    assert invested.maxWithdraw(holder) == 0
    with reverts(oracle.PriceOracle__Frozen, usd, since(oracle, usd)):
        invested.redeem(WAD, holder, holder, sender=holder)
    leave_in_kind(invested, holder)


def test_frozen__for_more_than_a_week__exits_in_kind_only(oracle, universe, guardian, invested, holder, chain):
    oracle.freeze(universe.stocks[2], sender=guardian)
    chain.mine(timestamp=chain.pending_timestamp + 8 * DAY)
    with reverts(oracle.PriceOracle__FrozenTooOld, universe.stocks[2], since(oracle, universe.stocks[2]), 7 * DAY):
        invested.redeem(WAD, holder, holder, sender=holder)
    assert invested.maxRedeem(holder) == 0
    leave_in_kind(invested, holder)
