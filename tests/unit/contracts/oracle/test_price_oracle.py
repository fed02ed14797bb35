"""Answers and refusals of the oracle."""

import ape
import pytest

from tests.fixtures.protocol import DAY, WAD
from tests.reverts import reverts

HOUR = 3_600
NOBODY = "0x0000000000000000000000000000000000000000"


@pytest.fixture
def now(chain):
    return lambda: chain.blocks.head.timestamp


@pytest.fixture
def create_sequencer(admin, oracle, chain):
    """`create_sequencer(down, age, grace)`: an uptime feed that has said so for `age` seconds."""

    def created(down=0, age=2 * HOUR, grace=HOUR):
        sequencer = admin.deploy(ape.project.MockFeed, 0, "sequencer", down)
        since = chain.blocks.head.timestamp - age
        sequencer.setRound(1, down, since, since, 1, sender=admin)
        oracle.setSequencerFeed(sequencer, grace, sender=admin)
        return sequencer

    return created


# -- setFeed


def test_set_feed__valid__stores_terms_and_decimals(oracle, admin, create_settlement):
    token = create_settlement("T", 6)
    feed = admin.deploy(ape.project.MockFeed, 8, "T / USD", 10**8)
    oracle.setFeed(token, feed, 3_600, 1, 2, sender=admin)
    assert tuple(oracle.feedOf(token)) == (feed.address, 3_600, 8, 6, 1, 2)


def test_set_feed__valid__says_so(oracle, admin, token, feed):
    receipt = oracle.setFeed(token, feed, 60, 1, 2, sender=admin)
    assert receipt.events == [oracle.FeedSet(token, feed, 60, 1, 2)]


def test_set_feed__second_time__replaces(oracle, admin, token, feed):
    other = admin.deploy(ape.project.MockFeed, 18, "GOLD / USD", 70 * WAD)
    oracle.setFeed(token, other, DAY, 1, 100 * WAD, sender=admin)
    assert oracle.price(token) == 70 * WAD


def test_set_feed__aggregator_without_code__refused(oracle, admin, token, thief):
    with reverts(oracle.PriceOracle__InvalidFeed, token, thief):
        oracle.setFeed(token, thief, 60, 1, 2, sender=admin)


def test_set_feed__asset_without_code__refused(oracle, admin, feed):
    with reverts(oracle.PriceOracle__InvalidFeed, NOBODY, feed):
        oracle.setFeed(NOBODY, feed, 60, 1, 2, sender=admin)


def test_set_feed__zero_heartbeat__refused(oracle, admin, token, feed):
    with reverts(oracle.PriceOracle__ZeroHeartbeat, token):
        oracle.setFeed(token, feed, 0, 1, 2, sender=admin)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (2, 2), (3, 2)])
def test_set_feed__bounds_that_bound_nothing__refused(oracle, admin, token, feed, low, high):
    with reverts(oracle.PriceOracle__InvalidBounds, token, low, high):
        oracle.setFeed(token, feed, 60, low, high, sender=admin)


def test_set_feed__feed_of_37_decimals__refused(oracle, admin, token):
    feed = admin.deploy(ape.project.MockFeed, 37, "too fine", 1)
    with reverts(oracle.PriceOracle__UnsupportedDecimals, feed, 37):
        oracle.setFeed(token, feed, 60, 1, 2, sender=admin)


def test_set_feed__asset_of_37_decimals__refused(oracle, admin, feed, create_settlement):
    token = create_settlement("FINE", 37)
    with reverts(oracle.PriceOracle__UnsupportedDecimals, token, 37):
        oracle.setFeed(token, feed, 60, 1, 2, sender=admin)


@pytest.mark.parametrize("actor", ["guardian", "manager", "compliance_officer", "thief"])
def test_set_feed__without_admin__refused(oracle, actors, actor, token, feed):
    with reverts(oracle.AccessManagedUnauthorized, actors[actor]):
        oracle.setFeed(token, feed, 60, 1, 2, sender=actors[actor])


# -- price


def test_price__eight_decimals__is_wad(oracle, token, feed):
    assert oracle.price(token) == 100 * WAD


def test_price__no_feed__refused(oracle, thief):
    with reverts(oracle.PriceOracle__NoFeed, thief):
        oracle.price(thief)


@pytest.mark.parametrize("answer", [0, -1, -(2**255)])
def test_price__answer_not_positive__refused(oracle, admin, token, feed, answer):
    feed.setAnswer(answer, sender=admin)
    with reverts(oracle.PriceOracle__InvalidAnswer, token, answer):
        oracle.price(token)


def test_price__never_updated__refused(oracle, admin, token, feed):
    feed.setRound(7, 100 * 10**8, 0, 0, 7, sender=admin)
    with reverts(oracle.PriceOracle__IncompleteRound, token, 7, 7):
        oracle.price(token)


def test_price__answer_of_an_earlier_round__refused(oracle, admin, token, feed, now):
    feed.setRound(7, 100 * 10**8, now(), now(), 6, sender=admin)
    with reverts(oracle.PriceOracle__IncompleteRound, token, 7, 6):
        oracle.price(token)


def test_price__as_old_as_the_heartbeat__answered(oracle, token, feed, chain):
    updated_at = feed.latestRoundData()[3]
    chain.mine(timestamp=updated_at + DAY)
    assert oracle.price(token) == 100 * WAD


def test_price__older_than_the_heartbeat__refused(oracle, token, feed, chain):
    updated_at = feed.latestRoundData()[3]
    chain.mine(timestamp=updated_at + DAY + 1)
    with reverts(oracle.PriceOracle__StalePrice, token, updated_at, DAY):
        oracle.price(token)


def test_price__updated_in_the_future__refused(oracle, admin, token, feed, now):
    later = now() + HOUR
    feed.setRound(2, 100 * 10**8, later, later, 2, sender=admin)
    with reverts(oracle.PriceOracle__StalePrice, token, later, DAY):
        oracle.price(token)


@pytest.mark.parametrize("dollars", [50, 200])
def test_price__on_a_bound__answered(oracle, admin, token, feed, dollars):
    feed.setAnswer(dollars * 10**8, sender=admin)
    assert oracle.price(token) == dollars * WAD


@pytest.mark.parametrize("answer", [50 * 10**8 - 1, 200 * 10**8 + 1])
def test_price__beyond_a_bound__refused(oracle, admin, token, feed, answer):
    feed.setAnswer(answer, sender=admin)
    with reverts(oracle.PriceOracle__PriceOutOfBounds, token, answer * 10**10, 50 * WAD, 200 * WAD):
        oracle.price(token)


def test_price__answer_beyond_256_bits_of_wad__out_of_bounds(oracle, admin, token, feed):
    feed.setAnswer(2**255 - 1, sender=admin)
    with reverts(oracle.PriceOracle__PriceOutOfBounds, token, 2**256 - 1, 50 * WAD, 200 * WAD):
        oracle.price(token)


# -- prices and values


def test_prices__many__in_the_order_given(oracle, create_settlement, create_feed):
    tokens = [create_settlement(f"T{i}", i) for i in range(3)]
    for i, token in enumerate(tokens):
        create_feed(token, i + 1, decimals=6 * i)
    assert oracle.prices([tokens[2], tokens[0], tokens[1]]) == [3 * WAD, WAD, 2 * WAD]


def test_prices__none__empty(oracle):
    assert oracle.prices([]) == []


def test_prices__one_without_feed__refuses_all(oracle, token, feed, thief):
    with reverts(oracle.PriceOracle__NoFeed, thief):
        oracle.prices([token, thief])


def test_values__amounts__in_each_tokens_own_units(oracle, create_settlement, create_feed):
    dollar, gold = create_settlement("USDC", 6), create_settlement("GOLD", 18)
    create_feed(dollar, 1)
    create_feed(gold, 2_000)
    assert oracle.values([dollar, gold], [5 * 10**6, 10**17]) == [5 * WAD, 200 * WAD]


def test_values__remainder__rounded_down(oracle, create_settlement, create_feed):
    token = create_settlement("FINE", 36)
    create_feed(token, "1.5")
    assert oracle.values([token], [10**18 - 1]) == [1]


def test_values__lengths_differ__refused(oracle, token, feed):
    with reverts(oracle.PriceOracle__LengthMismatch, 1, 2):
        oracle.values([token], [1, 2])


# -- Sequencer


def test_set_sequencer_feed__valid__stored(oracle, create_sequencer):
    sequencer = create_sequencer(grace=HOUR)
    assert tuple(oracle.sequencerFeed()) == (sequencer.address, HOUR)


def test_set_sequencer_feed__valid__says_so(oracle, admin, feed):
    receipt = oracle.setSequencerFeed(feed, 60, sender=admin)
    assert receipt.events == [oracle.SequencerFeedSet(feed, 60)]


def test_set_sequencer_feed__without_code__refused(oracle, admin, thief):
    with reverts(oracle.PriceOracle__InvalidFeed, NOBODY, thief):
        oracle.setSequencerFeed(thief, 60, sender=admin)


def test_set_sequencer_feed__zero__takes_the_check_away(oracle, admin, token, feed, create_sequencer):
    create_sequencer(down=1)
    oracle.setSequencerFeed(NOBODY, 0, sender=admin)
    assert oracle.price(token) == 100 * WAD


@pytest.mark.parametrize("actor", ["guardian", "manager", "thief"])
def test_set_sequencer_feed__without_admin__refused(oracle, actors, actor):
    with reverts(oracle.AccessManagedUnauthorized, actors[actor]):
        oracle.setSequencerFeed(NOBODY, 0, sender=actors[actor])


def test_price__sequencer_up_for_long__answered(oracle, token, feed, create_sequencer):
    create_sequencer()
    assert oracle.price(token) == 100 * WAD


def test_price__sequencer_down__refused(oracle, token, feed, create_sequencer):
    since = create_sequencer(down=1).latestRoundData()[2]
    with reverts(oracle.PriceOracle__SequencerDown, since):
        oracle.price(token)


def test_price__uptime_feed_never_reported__refused(oracle, admin, token, feed, create_sequencer):
    create_sequencer().setRound(1, 0, 0, 0, 1, sender=admin)
    with reverts(oracle.PriceOracle__SequencerDown, 0):
        oracle.price(token)


def test_price__last_second_of_grace__refused(oracle, token, feed, create_sequencer, chain):
    since = create_sequencer(age=0).latestRoundData()[2]
    chain.mine(timestamp=since + HOUR)
    with reverts(oracle.PriceOracle__SequencerGracePeriod, since, HOUR):
        oracle.price(token)


def test_price__grace_over__answered(oracle, token, feed, create_sequencer, chain):
    since = create_sequencer(age=0).latestRoundData()[2]
    chain.mine(timestamp=since + HOUR + 1)
    assert oracle.price(token) == 100 * WAD


def test_price__sequencer_up_since_the_future__refused(oracle, token, feed, create_sequencer):
    since = create_sequencer(age=-10 * HOUR).latestRoundData()[2]
    with reverts(oracle.PriceOracle__SequencerGracePeriod, since, HOUR):
        oracle.price(token)


@pytest.mark.parametrize("batch", ["prices", "values"])
def test_batches__sequencer_down__refused(oracle, token, feed, create_sequencer, batch):
    create_sequencer(down=1)
    arguments = ([token],) if batch == "prices" else ([token], [1])
    with reverts(oracle.PriceOracle__SequencerDown):
        getattr(oracle, batch)(*arguments)


# -- The second feed


@pytest.fixture
def second(oracle, admin, token, feed):
    """Agrees with the first to one percent at most, good for an hour."""
    other = admin.deploy(ape.project.MockFeed, 18, "GOLD / USD, elsewhere", 100 * WAD)
    oracle.setSecondary(token, other, HOUR, 100, sender=admin)
    return other


def outage(feed, chain, admin, age):
    """The feed's last answer is this old."""
    answer = feed.latestRoundData()[1]
    then = chain.blocks.head.timestamp - age
    feed.setRound(2, answer, then, then, 2, sender=admin)


def test_set_secondary__valid__stored_and_said(oracle, admin, token, feed):
    other = admin.deploy(ape.project.MockFeed, 18, "GOLD / USD", 100 * WAD)
    receipt = oracle.setSecondary(token, other, HOUR, 100, sender=admin)
    assert receipt.events == [oracle.SecondarySet(token, other, HOUR, 100)]
    assert tuple(oracle.secondaryOf(token)) == (other.address, HOUR, 18, 100)


def test_set_secondary__without_a_first__refused(oracle, admin, create_settlement, feed):
    token = create_settlement("NEW", 18)
    with reverts(oracle.PriceOracle__NoFeed, token):
        oracle.setSecondary(token, feed, HOUR, 100, sender=admin)


def test_set_secondary__the_same_feed_twice__refused(oracle, admin, token, feed):
    with reverts(oracle.PriceOracle__InvalidFeed, token, feed):
        oracle.setSecondary(token, feed, HOUR, 100, sender=admin)


@pytest.mark.parametrize("deviation", [0, 5001])
def test_set_secondary__deviation_that_bounds_nothing__refused(oracle, admin, token, second, deviation):
    with reverts(oracle.PriceOracle__InvalidDeviation, token, deviation):
        oracle.setSecondary(token, second, HOUR, deviation, sender=admin)


@pytest.mark.parametrize("actor", ["guardian", "manager", "thief"])
def test_set_secondary__without_admin__refused(oracle, actors, actor, token, feed):
    with reverts(oracle.AccessManagedUnauthorized, actors[actor]):
        oracle.setSecondary(token, feed, HOUR, 100, sender=actors[actor])


def test_set_secondary__zero__takes_it_away(oracle, admin, token, second):
    second.setAnswer(200 * WAD, sender=admin)
    oracle.setSecondary(token, NOBODY, 0, 0, sender=admin)
    assert oracle.price(token) == 100 * WAD


def test_price__both_agree__is_the_first(oracle, admin, token, second):
    second.setAnswer(101 * WAD, sender=admin)
    assert oracle.price(token) == 100 * WAD


@pytest.mark.parametrize("other", [98, 102])
def test_price__both_answer_and_disagree__refused(oracle, admin, token, second, other):
    second.setAnswer(other * WAD, sender=admin)
    with reverts(oracle.PriceOracle__Deviation, token, 100 * WAD, other * WAD, 100):
        oracle.price(token)


def test_price__first_jumps_alone__refused(oracle, admin, token, feed, second):
    feed.setAnswer(150 * 10**8, sender=admin)
    with reverts(oracle.PriceOracle__Deviation, token, 150 * WAD, 100 * WAD, 100):
        oracle.price(token)


def test_price__first_stale__is_the_second(oracle, admin, token, feed, second, chain):
    second.setAnswer(120 * WAD, sender=admin)
    outage(feed, chain, admin, 2 * DAY)
    assert oracle.price(token) == 120 * WAD


def test_price__second_stale__is_the_first(oracle, admin, token, second, chain):
    outage(second, chain, admin, 2 * HOUR)
    assert oracle.price(token) == 100 * WAD


def test_price__both_stale__refused_with_the_firsts_reason(oracle, admin, token, feed, second, chain):
    outage(feed, chain, admin, 2 * DAY)
    outage(second, chain, admin, 2 * DAY)
    with reverts(oracle.PriceOracle__StalePrice, token, feed.latestRoundData()[3], DAY):
        oracle.price(token)


def test_price__first_out_of_bounds__is_the_second(oracle, admin, token, feed, second):
    feed.setAnswer(201 * 10**8, sender=admin)
    assert oracle.price(token) == 100 * WAD


def test_price__second_outside_the_bounds_of_the_first__does_not_count(oracle, admin, token, second):
    second.setAnswer(201 * WAD, sender=admin)
    assert oracle.price(token) == 100 * WAD


# -- Frozen prices


def test_freeze__live__keeps_the_price_for_exits_only(
    oracle, admin, guardian, token, feed, create_settlement, create_feed
):
    cash = create_settlement("CASH", 6)
    create_feed(cash, 1)
    oracle.freeze(token, sender=guardian)
    assert oracle.frozenOf(token)[0] == 100 * WAD
    assert oracle.exitPrices([cash, token]) == [WAD, 95 * WAD]
    with reverts(oracle.PriceOracle__Frozen, token, oracle.frozenOf(token)[1]):
        oracle.price(token)
    feed.setAnswer(60 * 10**8, sender=admin)
    assert oracle.exitPrices([cash, token])[1] == 95 * WAD


def test_exit_prices__nothing_frozen__are_live(oracle, token, feed):
    assert oracle.exitPrices([token, token]) == [100 * WAD] * 2


def test_exit_prices__what_is_paid_out_is_frozen__refused(oracle, guardian, token, feed):
    oracle.freeze(token, sender=guardian)
    with reverts(oracle.PriceOracle__Frozen, token, oracle.frozenOf(token)[1]):
        oracle.exitPrices([token])


def test_exit_prices__frozen_too_long__refused(oracle, guardian, token, feed, create_settlement, create_feed, chain):
    cash = create_settlement("CASH", 6)
    create_feed(cash, 1, heartbeat=30 * DAY)
    oracle.freeze(token, sender=guardian)
    since = oracle.frozenOf(token)[1]
    chain.mine(timestamp=since + 7 * DAY + 1)
    with reverts(oracle.PriceOracle__FrozenTooOld, token, since, 7 * DAY):
        oracle.exitPrices([cash, token])


def test_freeze__stale_for_two_days__takes_the_last_answer(oracle, admin, guardian, token, feed, chain):
    outage(feed, chain, admin, 2 * DAY)
    oracle.freeze(token, sender=guardian)
    assert oracle.frozenOf(token) == (100 * WAD, feed.latestRoundData()[3])


def test_freeze__stale_for_four_days__refused(oracle, admin, guardian, token, feed, chain):
    outage(feed, chain, admin, 4 * DAY)
    with reverts(oracle.PriceOracle__FrozenTooOld, token, feed.latestRoundData()[3], 3 * DAY):
        oracle.freeze(token, sender=guardian)


def test_freeze__out_of_bounds__refused(oracle, admin, guardian, token, feed):
    feed.setAnswer(201 * 10**8, sender=admin)
    with reverts(oracle.PriceOracle__PriceOutOfBounds, token, 201 * WAD, 50 * WAD, 200 * WAD):
        oracle.freeze(token, sender=guardian)


def test_freeze__twice__refused(oracle, guardian, token, feed):
    oracle.freeze(token, sender=guardian)
    with reverts(oracle.PriceOracle__Frozen, token, oracle.frozenOf(token)[1]):
        oracle.freeze(token, sender=guardian)


@pytest.mark.parametrize("actor", ["manager", "thief", "keeper"])
def test_freeze__without_guardian__refused(oracle, actors, actor, token, feed):
    with reverts(oracle.AccessManagedUnauthorized, actors[actor]):
        oracle.freeze(token, sender=actors[actor])


def test_unfreeze__admin__is_live_again(oracle, admin, guardian, token, feed):
    oracle.freeze(token, sender=guardian)
    oracle.unfreeze(token, sender=admin)
    assert oracle.price(token) == 100 * WAD


def test_unfreeze__guardian__refused(oracle, guardian, token, feed):
    """Whoever may only reduce risk may not end it."""
    oracle.freeze(token, sender=guardian)
    with reverts(oracle.AccessManagedUnauthorized, guardian):
        oracle.unfreeze(token, sender=guardian)


def test_unfreeze__not_frozen__refused(oracle, admin, token, feed):
    with reverts(oracle.PriceOracle__NotFrozen, token):
        oracle.unfreeze(token, sender=admin)
