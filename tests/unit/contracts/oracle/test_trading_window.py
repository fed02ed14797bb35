"""When an asset may be traded."""

import ape
import pytest

from tests.fixtures.protocol import DAY, WAD
from tests.reverts import reverts

HOUR = 3_600
NEW_YORK = (23 * HOUR, 14 * 60 + 30, 20 * 60, 0b0011111)
"""Hours that it is open in summer and in winter, UTC, Monday to Friday; an age below a day's heartbeat."""
MONDAY = 1_767_571_200
"""5 January 2026, 00:00 UTC."""


@pytest.fixture
def at(chain, feed, admin):
    """`at(weekday, hour, minute)`: a fresh answer at that moment of the next week; Monday is weekday 0."""

    def moved(weekday, hour, minute=0):
        moment = MONDAY + weekday * DAY + hour * HOUR + minute * 60
        while moment <= chain.pending_timestamp:
            moment += 7 * DAY
        chain.mine(timestamp=moment)
        answer = feed.latestRoundData()[1]
        feed.setRound(2, answer, moment, moment, 2, sender=admin)
        chain.pending_timestamp = moment + 1

    return moved


@pytest.mark.parametrize("window", [(HOUR, 0, 0, 0), NEW_YORK, (HOUR, 0, 1440, 0x7F), (0, 0, 0, 0)])
def test_set_trading_window__valid__is_known(oracle, admin, token, feed, window):
    receipt = oracle.setTradingWindow(token, window, sender=admin)
    assert receipt.events == [oracle.TradingWindowSet(token, *window)]
    assert tuple(oracle.tradingWindowOf(token)) == window


@pytest.mark.parametrize("age", [DAY, DAY + 1])
def test_set_trading_window__age_no_tighter_than_the_heartbeat__refused(oracle, admin, token, feed, age):
    with reverts(oracle.PriceOracle__InvalidMaxAge, token, age, DAY):
        oracle.setTradingWindow(token, (age, 0, 0, 0), sender=admin)


def test_set_trading_window__hours_without_an_age__refused(oracle, admin, token, feed):
    with reverts(oracle.PriceOracle__InvalidMaxAge, token, 0, DAY):
        oracle.setTradingWindow(token, (0, *NEW_YORK[1:]), sender=admin)


@pytest.mark.parametrize(
    "hours", [(870, 870, 31), (870, 800, 31), (0, 1441, 31), (0, 600, 0), (0, 600, 128), (0, 0, 31)]
)
def test_set_trading_window__hours_that_are_none__refused(oracle, admin, token, feed, hours):
    with reverts(oracle.PriceOracle__InvalidHours, token, *hours):
        oracle.setTradingWindow(token, (HOUR, *hours), sender=admin)


def test_set_trading_window__no_feed__refused(oracle, admin, create_settlement):
    token = create_settlement("BARE", 18)
    with reverts(oracle.PriceOracle__NoFeed, token):
        oracle.setTradingWindow(token, (HOUR, 0, 0, 0), sender=admin)


def test_set_trading_window__stranger__refused(oracle, token, feed, thief):
    with reverts(oracle.AccessManagedUnauthorized):
        oracle.setTradingWindow(token, (HOUR, 0, 0, 0), sender=thief)


def test_require_tradable__no_window__refused(oracle, admin, token, feed):
    """Its price is good for everything else."""
    oracle.setTradingWindow(token, (0, 0, 0, 0), sender=admin)
    with reverts(oracle.PriceOracle__NoTradingWindow, token):
        oracle.requireTradable([token])
    assert oracle.price(token) == 100 * WAD


def test_set_feed__new_asset__is_not_tradable(oracle, admin, create_settlement, feed):
    token = create_settlement("NEW", 18)
    oracle.setFeed(token, feed, DAY, 50 * WAD, 200 * WAD, sender=admin)
    with reverts(oracle.PriceOracle__NoTradingWindow, token):
        oracle.requireTradable([token])


def test_require_tradable__answer_as_old_as_allowed__passes_and_a_second_later_not(oracle, admin, token, feed, chain):
    oracle.setTradingWindow(token, (HOUR, 0, 0, 0), sender=admin)
    updated = feed.latestRoundData()[3]
    chain.mine(timestamp=updated + HOUR)
    oracle.requireTradable([token])
    chain.mine(timestamp=updated + HOUR + 1)
    with reverts(oracle.PriceOracle__TooOldToTrade, token, updated, HOUR):
        oracle.requireTradable([token])
    assert oracle.price(token) == 100 * WAD


@pytest.mark.parametrize("age", [1, 2_699, 2_700, 2_701, DAY // 32, DAY - DAY // 32, DAY - 1])
def test_require_tradable__any_age_below_the_heartbeat__holds_to_the_second(oracle, admin, token, feed, chain, age):
    """A part of the heartbeat is kept beside the feed and decides most questions; the rest of the age has to count."""
    oracle.setTradingWindow(token, (age, 0, 0, 0), sender=admin)
    updated = feed.latestRoundData()[3]
    for allowed in {max(1, age - DAY // 32), age}:
        chain.mine(timestamp=max(updated + allowed, chain.pending_timestamp))
        oracle.requireTradable([token])
    chain.mine(timestamp=updated + age + 1)
    with reverts(oracle.PriceOracle__TooOldToTrade, token, updated, age):
        oracle.requireTradable([token])


@pytest.mark.parametrize("heartbeat", [HOUR, HOUR + 1, 2 * HOUR, 30 * DAY])
def test_set_feed__another_heartbeat__the_trading_age_is_the_same(oracle, admin, token, feed, chain, heartbeat):
    oracle.setTradingWindow(token, (HOUR, 0, 0, 0), sender=admin)
    oracle.setFeed(token, feed, heartbeat, 50 * WAD, 200 * WAD, sender=admin)
    updated = feed.latestRoundData()[3]
    chain.mine(timestamp=updated + HOUR)
    oracle.requireTradable([token])
    chain.mine(timestamp=updated + HOUR + 1)
    with reverts(oracle.PriceOracle__StalePrice if heartbeat == HOUR else oracle.PriceOracle__TooOldToTrade):
        oracle.requireTradable([token])


def test_set_trading_window__hours_after_an_age__count(oracle, admin, token, at):
    oracle.setTradingWindow(token, (23 * HOUR, 0, 0, 0), sender=admin)
    oracle.setTradingWindow(token, NEW_YORK, sender=admin)
    at(6, 12)
    with reverts(oracle.PriceOracle__MarketClosed):
        oracle.requireTradable([token])


def test_require_tradable__no_price__refused(oracle, admin, token, feed):
    oracle.setTradingWindow(token, (HOUR, 0, 0, 0), sender=admin)
    feed.setAnswer(0, sender=admin)
    with reverts(oracle.PriceOracle__InvalidAnswer, token, 0):
        oracle.requireTradable([token])


@pytest.mark.parametrize(("weekday", "hour", "minute"), [(0, 14, 30), (0, 19, 59), (4, 14, 30), (2, 17, 0)])
def test_require_tradable__inside_its_hours__passes(oracle, admin, token, at, weekday, hour, minute):
    oracle.setTradingWindow(token, NEW_YORK, sender=admin)
    at(weekday, hour, minute)
    oracle.requireTradable([token])


@pytest.mark.parametrize(
    ("weekday", "hour", "minute"), [(0, 14, 29), (0, 20, 0), (0, 0, 0), (5, 17, 0), (6, 17, 0), (4, 23, 59)]
)
def test_require_tradable__outside_its_hours__refused(oracle, admin, token, at, weekday, hour, minute):
    oracle.setTradingWindow(token, NEW_YORK, sender=admin)
    at(weekday, hour, minute)
    with reverts(oracle.PriceOracle__MarketClosed, token, *NEW_YORK[1:]):
        oracle.requireTradable([token])


def test_require_tradable__one_of_several_closed__refused(oracle, admin, token, at, create_settlement, create_feed):
    other = create_settlement("CASH", 6)
    create_feed(other, 1, heartbeat=14 * DAY)
    oracle.setTradingWindow(token, NEW_YORK, sender=admin)
    at(6, 12)
    oracle.requireTradable([other])
    with reverts(oracle.PriceOracle__MarketClosed):
        oracle.requireTradable([other, token])


@pytest.mark.parametrize("primary_answers", [True, False])
def test_require_tradable__two_feeds__the_age_of_the_one_that_counts(
    oracle, admin, token, feed, chain, primary_answers
):
    """A fresh second feed makes the first's answer no younger; it counts where the first is refused."""
    second = admin.deploy(ape.project.MockFeed, 8, "GOLD / USD, elsewhere", 100 * 10**8)
    oracle.setSecondary(token, second, DAY, 100, sender=admin)
    oracle.setTradingWindow(token, (HOUR, 0, 0, 0), sender=admin)
    chain.mine(timestamp=chain.pending_timestamp + (2 * HOUR if primary_answers else DAY + HOUR))
    second.setAnswer(100 * 10**8, sender=admin)
    if primary_answers:
        with reverts(oracle.PriceOracle__TooOldToTrade):
            oracle.requireTradable([token])
    else:
        oracle.requireTradable([token])
