"""Depth that keepers sign and venues confirm."""

import ape
import pytest

from tests.fixtures.deployment import CONFIRMATION_BLOCKS
from tests.fixtures.portfolio import DE_RISK_ONLY, LIMITS, POOL_USD, USD, buy_more, signed
from tests.fixtures.protocol import DAY, WAD
from tests.reverts import reverts

UNKNOWN = 2**256 - 1
HOUR = 3600


@pytest.fixture
def post_depth(market_depth_registry, universe, market, keeper, risk_signer, chain):
    """`post_depth(k, field=value)`: five million dollars a day in stock k, by its own pool, until the report counts.
    `stands=False` leaves it in its first block."""

    def posted(k=0, signers=(), stands=True, **changes):
        now = chain.pending_timestamp
        asset = universe.stocks[k]
        fields = {
            "universe": universe.id,
            "asset": asset,
            "nonce": market_depth_registry.reportOf(universe.id, asset).nonce + 1,
            "as_of": now - 1,
            "expiry": now + DAY,
            "depth": 5_000_000 * WAD,
            "pools": [market[k]],
        }
        report = tuple({**fields, **changes}.values())
        signatures = signed(market_depth_registry.hashDepth(report), *(signers or [risk_signer]))
        receipt = market_depth_registry.postDepth(report, signatures, sender=keeper)
        if stands:
            chain.mine(CONFIRMATION_BLOCKS)
        return receipt

    return posted


def test_depth__signed_and_confirmed__counts(market_depth_registry, universe, post_depth):
    post_depth()
    assert market_depth_registry.depthOf(universe.id, universe.stocks[0]) == 5_000_000 * WAD


# -- Depth over time


def test_depth__first_report_in_its_block__counts_nothing(market_depth_registry, universe, post_depth, chain):
    post_depth(stands=False)
    assert market_depth_registry.depthOf(universe.id, universe.stocks[0]) == 0
    chain.mine(CONFIRMATION_BLOCKS - 1)
    assert market_depth_registry.depthOf(universe.id, universe.stocks[0]) == 0
    chain.mine()
    assert market_depth_registry.depthOf(universe.id, universe.stocks[0]) == 5_000_000 * WAD


@pytest.mark.parametrize(("second", "counts"), [(6_000_000, 5_000_000), (4_000_000, 4_000_000)])
def test_depth__second_report_in_its_block__the_lower_counts(
    market_depth_registry, universe, post_depth, second, counts
):
    post_depth()
    post_depth(depth=second * WAD, stands=False)
    assert market_depth_registry.depthOf(universe.id, universe.stocks[0]) == counts * WAD


def test_depth__second_report_stands__counts_alone(market_depth_registry, universe, post_depth):
    post_depth()
    post_depth(depth=6_000_000 * WAD)
    assert market_depth_registry.depthOf(universe.id, universe.stocks[0]) == 6_000_000 * WAD


def test_depth__reports_on_each_others_heels__what_stood_before_them_counts(
    market_depth_registry, universe, post_depth
):
    post_depth(depth=1_000_000 * WAD)
    for _ in range(CONFIRMATION_BLOCKS + 1):
        post_depth(depth=9_000_000 * WAD, stands=False)
    assert market_depth_registry.depthOf(universe.id, universe.stocks[0]) == 1_000_000 * WAD


def test_depth__report_before_it_expired__counts_nothing_in_its_block(
    market_depth_registry, universe, post_depth, chain
):
    post_depth()
    chain.mine(timestamp=chain.pending_timestamp + 2 * DAY)
    post_depth(stands=False)
    assert market_depth_registry.depthOf(universe.id, universe.stocks[0]) == 0


def test_depth__tokens_sent_to_a_v2_pair__count_nothing(
    market_depth_registry, universe, post_depth, market, usd, admin, liquidity_provider
):
    """They can be skimmed again in the same block."""
    post_depth(depth=POOL_USD * WAD)
    usd.mint(market[0], 10 * POOL_USD * USD, sender=admin)
    too_much = POOL_USD * WAD + 1
    with reverts(market_depth_registry.MarketDepthRegistry__Unconfirmed, universe.stocks[0], too_much, POOL_USD * WAD):
        post_depth(depth=too_much)


@pytest.mark.parametrize("stands", [False, True])
def test_rebalance__depth_posted_in_the_same_block__does_not_pass_the_limit(
    risk_engine, invested, post_depth, manager, signal_sender, market, usd, universe, stands
):
    """The stolen quorum confirms what is lent for a transaction; what stays is the market's own."""
    for k in range(3):
        post_depth(k, depth=100_000 * WAD)
    risk_engine.tightenLimits(invested, (*LIMITS[:12], 110, *LIMITS[13:]), sender=manager)
    for k in range(3):
        post_depth(k, depth=POOL_USD * WAD, stands=stands)
    if stands:
        buy_more(signal_sender, invested, universe, usd, market)
    else:
        with reverts(risk_engine.RiskEngine__LimitBreached):
            buy_more(signal_sender, invested, universe, usd, market)


def test_depth__more_than_the_pool_holds__reverts(market_depth_registry, universe, post_depth):
    too_much = POOL_USD * WAD + 1
    with reverts(market_depth_registry.MarketDepthRegistry__Unconfirmed, universe.stocks[0], too_much, POOL_USD * WAD):
        post_depth(depth=too_much)


def test_depth__pool_is_delisted_later__is_gone(
    market_depth_registry, universe, post_depth, market, aggregator, guardian
):
    post_depth()
    aggregator.delistPool(market[0], sender=guardian)
    assert market_depth_registry.depthOf(universe.id, universe.stocks[0]) == 0


def test_depth__expired__is_gone(market_depth_registry, universe, post_depth, chain):
    post_depth()
    chain.mine(timestamp=chain.pending_timestamp + DAY)
    assert market_depth_registry.depthOf(universe.id, universe.stocks[0]) == 0


def test_depth__stranger_signed__reverts(post_depth, signer_sets, universe, thief):
    with reverts(signer_sets.SignerSets__NotASigner, universe.id, thief):
        post_depth(signers=[thief])


def test_depth__old_nonce__reverts(post_depth, market_depth_registry):
    post_depth()
    with reverts(market_depth_registry.MarketDepthRegistry__WrongNonce, 1, 2):
        post_depth(nonce=1)


def test_depth__pool_twice__reverts(post_depth, market_depth_registry, market):
    with reverts(market_depth_registry.MarketDepthRegistry__UnorderedPools, market[0], market[0]):
        post_depth(pools=[market[0], market[0]])


def test_depth__pool_nobody_listed__reverts(post_depth, market_depth_registry, usd):
    with reverts(market_depth_registry.MarketDepthRegistry__PoolNotListed, usd):
        post_depth(pools=[usd])


def test_depth__pool_of_another_asset__reverts(post_depth, market_depth_registry, market, universe):
    with reverts(market_depth_registry.MarketDepthRegistry__PoolWithoutAsset, market[1], universe.stocks[0]):
        post_depth(pools=[market[1]])


def test_depth__lives_too_long__reverts(post_depth, market_depth_registry, chain):
    with reverts(market_depth_registry.MarketDepthRegistry__BadTimes):
        post_depth(expiry=chain.pending_timestamp + 11 * DAY)


def test_metrics__depth_of_every_stock__days_of_the_slowest(risk_engine, invested, post_depth):
    for k in range(3):
        post_depth(k)
    # A fifth of five million a day, for 200,000 dollars.
    assert risk_engine.metrics(invested).daysToLiquidate / WAD == pytest.approx(0.2, rel=0.01)
    assert risk_engine.metrics(invested).grade == 1


def test_metrics__one_stock_without_depth__unknown(risk_engine, invested, post_depth):
    post_depth(0)
    assert risk_engine.metrics(invested).daysToLiquidate == UNKNOWN


def test_trip__too_slow_to_sell__de_risk_only(risk_engine, invested, post_depth, manager, keeper):
    for k in range(3):
        post_depth(k, depth=100_000 * WAD)
    risk_engine.tightenLimits(invested, (*LIMITS[:12], 50, *LIMITS[13:]), sender=manager)
    risk_engine.trip(invested, sender=keeper)
    assert risk_engine.stateOf(invested) == DE_RISK_ONLY


# -- Pools and tokens that turned hostile after their depth was signed

BALANCE_REVERTS, BALANCE_BURNS_GAS, BALANCE_IS_HUGE = 5, 6, 7


@pytest.fixture
def broken_pool(universe, aggregator, create_feed, admin, manager):
    """A listed pool of stock 0 with a million dollars of a token that can break; the pool, and the token."""
    token = admin.deploy(ape.project.BrokenToken)
    create_feed(token, 1, heartbeat=HOUR)
    pair = sorted((str(universe.stocks[0].address), str(token.address)), key=lambda each: int(each, 16))
    pool = admin.deploy(ape.project.HostilePool, *pair, 3000)
    token.mint(pool, 1_000_000 * WAD, sender=admin)
    pool.sync(sender=admin)
    aggregator.listPool(pool, 1, 3000, sender=manager)
    return pool, token


@pytest.fixture
def both(broken_pool, market, post_depth):
    """Depth of stock 0, half a million more than its honest pool holds, in two pools; the broken one's token."""
    pool, token = broken_pool
    pools = sorted((str(pool.address), market[0]), key=lambda each: int(each, 16))
    post_depth(0, depth=(POOL_USD + 500_000) * WAD, pools=pools)
    return pool, token


def test_depth__two_pools__sum(market_depth_registry, universe, both):
    assert market_depth_registry.depthOf(universe.id, universe.stocks[0]) == (POOL_USD + 500_000) * WAD


@pytest.mark.parametrize("mode", [BALANCE_REVERTS, BALANCE_BURNS_GAS])
def test_depth__a_pools_token_breaks__the_other_pool_counts(market_depth_registry, universe, both, mode, admin):
    both[1].setMode(mode, sender=admin)
    assert market_depth_registry.depthOf(universe.id, universe.stocks[0]) == POOL_USD * WAD


def test_depth__a_pools_token_lies__counts_no_more_than_was_signed(market_depth_registry, universe, both, admin):
    both[1].setMode(BALANCE_IS_HUGE, sender=admin)
    assert market_depth_registry.depthOf(universe.id, universe.stocks[0]) == (POOL_USD + 500_000) * WAD
    days = market_depth_registry.daysToLiquidate(
        universe.id, [universe.stocks[1], universe.stocks[0]], [0, POOL_USD * WAD]
    )
    assert days / WAD == pytest.approx(POOL_USD / (0.2 * (POOL_USD + 500_000)), rel=1e-9)


def test_depth__a_pool_says_it_trades_something_else__counts_nothing(market_depth_registry, universe, both, usd, admin):
    both[0].pretend(usd, universe.stocks[1], sender=admin)
    assert market_depth_registry.depthOf(universe.id, universe.stocks[0]) == POOL_USD * WAD


def test_depth__a_pools_token_loses_its_price__the_other_pool_counts(market_depth_registry, universe, both, chain):
    chain.mine(timestamp=chain.pending_timestamp + 2 * HOUR)
    assert market_depth_registry.depthOf(universe.id, universe.stocks[0]) == POOL_USD * WAD
