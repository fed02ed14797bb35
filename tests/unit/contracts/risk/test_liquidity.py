"""Depth that keepers sign and venues confirm."""

import pytest

from tests.fixtures.portfolio import DE_RISK_ONLY, LIMITS, POOL_USD, signed
from tests.fixtures.protocol import DAY, WAD
from tests.reverts import reverts

UNKNOWN = 2**256 - 1


@pytest.fixture
def post_depth(liquidity_book, universe, market, keeper, risk_signer, chain):
    """`post_depth(k, field=value)`: five million dollars a day in stock k, by its own pool."""

    def posted(k=0, signers=(), **changes):
        now = chain.pending_timestamp
        asset = universe.stocks[k]
        fields = {
            "universe": universe.id,
            "asset": asset,
            "nonce": liquidity_book.reportOf(universe.id, asset).nonce + 1,
            "as_of": now - 1,
            "expiry": now + DAY,
            "depth": 5_000_000 * WAD,
            "pools": [market[k]],
        }
        report = tuple({**fields, **changes}.values())
        signatures = signed(liquidity_book.hashDepth(report), *(signers or [risk_signer]))
        return liquidity_book.postDepth(report, signatures, sender=keeper)

    return posted


def test_depth__signed_and_confirmed__counts(liquidity_book, universe, post_depth):
    post_depth()
    assert liquidity_book.depthOf(universe.id, universe.stocks[0]) == 5_000_000 * WAD


def test_depth__more_than_the_pool_holds__reverts(liquidity_book, universe, post_depth):
    too_much = POOL_USD * WAD + 1
    with reverts(liquidity_book.LiquidityBook__Unconfirmed, universe.stocks[0], too_much, POOL_USD * WAD):
        post_depth(depth=too_much)


def test_depth__pool_is_delisted_later__is_gone(liquidity_book, universe, post_depth, market, aggregator, guardian):
    post_depth()
    aggregator.delistPool(market[0], sender=guardian)
    assert liquidity_book.depthOf(universe.id, universe.stocks[0]) == 0


def test_depth__expired__is_gone(liquidity_book, universe, post_depth, chain):
    post_depth()
    chain.mine(timestamp=chain.pending_timestamp + DAY)
    assert liquidity_book.depthOf(universe.id, universe.stocks[0]) == 0


def test_depth__stranger_signed__reverts(post_depth, signer_sets, universe, thief):
    with reverts(signer_sets.SignerSets__NotASigner, universe.id, thief):
        post_depth(signers=[thief])


def test_depth__old_nonce__reverts(post_depth, liquidity_book):
    post_depth()
    with reverts(liquidity_book.LiquidityBook__WrongNonce, 1, 2):
        post_depth(nonce=1)


def test_depth__pool_twice__reverts(post_depth, liquidity_book, market):
    with reverts(liquidity_book.LiquidityBook__UnorderedPools, market[0], market[0]):
        post_depth(pools=[market[0], market[0]])


def test_depth__pool_nobody_listed__reverts(post_depth, liquidity_book, usd):
    with reverts(liquidity_book.LiquidityBook__PoolNotListed, usd):
        post_depth(pools=[usd])


def test_depth__pool_of_another_asset__reverts(post_depth, liquidity_book, market, universe):
    with reverts(liquidity_book.LiquidityBook__PoolWithoutAsset, market[1], universe.stocks[0]):
        post_depth(pools=[market[1]])


def test_depth__lives_too_long__reverts(post_depth, liquidity_book, chain):
    with reverts(liquidity_book.LiquidityBook__BadTimes):
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


def test_trip__too_slow_to_sell__de_risk_only(risk_engine, invested, post_depth, manager, thief):
    for k in range(3):
        post_depth(k, depth=100_000 * WAD)
    risk_engine.tightenLimits(invested, (*LIMITS[:12], 50, *LIMITS[13:]), sender=manager)
    risk_engine.trip(invested, sender=thief)
    assert risk_engine.stateOf(invested) == DE_RISK_ONLY
