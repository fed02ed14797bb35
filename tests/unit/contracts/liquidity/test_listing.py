"""Which pools the aggregator admits, and who says so."""

from __future__ import annotations

import ape
import pytest

from tests.fixtures.venues import DEEP, FEE, V2, V3
from tests.reverts import reverts

NONE = 0


@pytest.fixture
def pair(create_v2_pool, tokens):
    return create_v2_pool({tokens[0]: DEEP, tokens[1]: DEEP}, listed=False)


@pytest.fixture
def v3_pool(create_v3_pool, tokens):
    return create_v3_pool({tokens[0]: DEEP, tokens[1]: DEEP}, listed=False)


def test_list_pool__v2_pair__kept_with_its_fee(aggregator, manager, pair):
    aggregator.listPool(pair.address, V2, 2500, sender=manager)
    assert tuple(aggregator.venueOf(pair.address)) == (V2, 2500)


def test_list_pool__v3_pool__kept_with_its_fee(aggregator, manager, v3_pool):
    aggregator.listPool(v3_pool.address, V3, FEE, sender=manager)
    assert tuple(aggregator.venueOf(v3_pool.address)) == (V3, FEE)


def test_list_pool__done__event_names_pool_kind_and_fee(aggregator, manager, pair):
    receipt = aggregator.listPool(pair.address, V2, FEE, sender=manager)
    (event,) = receipt.decode_logs(aggregator.PoolListed)
    assert (event.pool, event.kind, event.fee) == (pair.address, V2, FEE)


def test_list_pool__listed_already__fee_is_replaced(aggregator, manager, pair):
    aggregator.listPool(pair.address, V2, FEE, sender=manager)
    aggregator.listPool(pair.address, V2, 2000, sender=manager)
    assert aggregator.venueOf(pair.address).fee == 2000


def test_list_pool__by_thief__refused(aggregator, thief, pair):
    with reverts(aggregator.AccessManagedUnauthorized, thief.address):
        aggregator.listPool(pair.address, V2, FEE, sender=thief)


def test_list_pool__by_guardian__refused(aggregator, guardian, pair):
    with reverts(aggregator.AccessManagedUnauthorized, guardian.address):
        aggregator.listPool(pair.address, V2, FEE, sender=guardian)


def test_list_pool__account_without_code__refused(aggregator, manager, thief):
    with reverts(aggregator.LiquidityAggregator__InvalidVenue, thief.address, V2, FEE):
        aggregator.listPool(thief, V2, FEE, sender=manager)


def test_list_pool__contract_that_is_no_pool__refused(aggregator, manager, tokens):
    with reverts(aggregator.LiquidityAggregator__InvalidVenue, tokens[0].address, V3, FEE):
        aggregator.listPool(tokens[0], V3, FEE, sender=manager)


def test_list_pool__kind_none__refused(aggregator, manager, pair):
    with reverts(aggregator.LiquidityAggregator__InvalidVenue, pair.address, NONE, FEE):
        aggregator.listPool(pair.address, NONE, FEE, sender=manager)


def test_list_pool__v2_pair_as_v3__refused(aggregator, manager, pair):
    with reverts(aggregator.LiquidityAggregator__InvalidVenue, pair.address, V3, FEE):
        aggregator.listPool(pair.address, V3, FEE, sender=manager)


def test_list_pool__v3_pool_as_v2__refused(aggregator, manager, v3_pool):
    with reverts(aggregator.LiquidityAggregator__InvalidVenue, v3_pool.address, V2, FEE):
        aggregator.listPool(v3_pool.address, V2, FEE, sender=manager)


def test_list_pool__v3_fee_differs_from_the_pools__refused(aggregator, manager, v3_pool):
    with reverts(aggregator.LiquidityAggregator__InvalidVenue, v3_pool.address, V3, 500):
        aggregator.listPool(v3_pool.address, V3, 500, sender=manager)


def test_list_pool__v2_fee_of_everything__refused(aggregator, manager, pair):
    with reverts(aggregator.LiquidityAggregator__InvalidVenue, pair.address, V2, 10**6):
        aggregator.listPool(pair.address, V2, 10**6, sender=manager)


def test_list_pool__tokens_out_of_order__refused(aggregator, manager, admin, tokens):
    pool = admin.deploy(ape.project.HostilePool, tokens[1], tokens[0], FEE)
    with reverts(aggregator.LiquidityAggregator__InvalidVenue, pool.address, V2, FEE):
        aggregator.listPool(pool, V2, FEE, sender=manager)


def test_list_pool__one_token_twice__refused(aggregator, manager, admin, tokens):
    pool = admin.deploy(ape.project.HostilePool, tokens[0], tokens[0], FEE)
    with reverts(aggregator.LiquidityAggregator__InvalidVenue, pool.address, V2, FEE):
        aggregator.listPool(pool, V2, FEE, sender=manager)


def test_delist_pool__by_guardian__forgotten(aggregator, guardian, list_pool, pair):
    list_pool(pair, V2)
    aggregator.delistPool(pair.address, sender=guardian)
    assert tuple(aggregator.venueOf(pair.address)) == (NONE, 0)


def test_delist_pool__done__event_names_pool(aggregator, guardian, list_pool, pair):
    list_pool(pair, V2)
    receipt = aggregator.delistPool(pair.address, sender=guardian)
    (event,) = receipt.decode_logs(aggregator.PoolDelisted)
    assert event.pool == pair.address


def test_delist_pool__not_listed__refused(aggregator, guardian, pair):
    with reverts(aggregator.LiquidityAggregator__PoolNotListed, pair.address):
        aggregator.delistPool(pair.address, sender=guardian)


def test_delist_pool__by_manager__refused(aggregator, manager, list_pool, pair):
    list_pool(pair, V2)
    with reverts(aggregator.AccessManagedUnauthorized, manager.address):
        aggregator.delistPool(pair.address, sender=manager)
