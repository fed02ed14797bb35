"""Regulated tokens on public venues: pools, the aggregator and the position manager are venue accounts."""

from __future__ import annotations

import ape
import pytest

from tests.fixtures.venues import DEEP, FEE, TOKEN, V2, V3
from tests.reverts import reverts

NOT_REGISTERED = 3
AMOUNT = 100 * TOKEN


@pytest.fixture
def bond(create_token, register, issuer, trader, liquidity_provider):
    token = create_token("BOND")
    register(liquidity_provider)
    token.mint(liquidity_provider, 4 * DEEP, sender=issuer)
    register(trader)
    token.mint(trader, AMOUNT, sender=issuer)
    return token


@pytest.fixture
def cash(tokens, trader, liquidity_provider):
    tokens[0].mint(liquidity_provider, 4 * DEEP, sender=trader)
    tokens[0].mint(trader, AMOUNT, sender=trader)
    return tokens[0]


@pytest.fixture
def pair(bond, cash, uniswap_v2, list_pool, admit_venue, liquidity_provider):
    created = uniswap_v2.create_pool(bond.address, cash.address)
    admit_venue(created.address)
    uniswap_v2.add_liquidity(liquidity_provider.address, {bond.address: DEEP, cash.address: DEEP})
    return list_pool(created, V2)


@pytest.fixture
def v3_pool(bond, cash, uniswap_v3, list_pool, admit_venue, liquidity_provider):
    amounts = {bond.address: DEEP, cash.address: DEEP}
    created = uniswap_v3.create_pool(amounts, FEE)
    admit_venue(created.address)
    admit_venue(uniswap_v3.position_manager.address)
    uniswap_v3.add_liquidity(liquidity_provider.address, created, amounts)
    return list_pool(created, V3, FEE)


@pytest.fixture
def pools(pair, v3_pool):
    return {"v2": pair, "v3": v3_pool}


@pytest.fixture
def approved(aggregator, trader, bond, cash):
    for token in (bond, cash):
        token.approve(aggregator, AMOUNT, sender=trader)


@pytest.mark.parametrize("venue", ["v2", "v3"])
def test_swap__eligible_trader_sells__gets_cash(pools, aggregator, trader, bond, cash, approved, make_order, venue):
    aggregator.swap(make_order([bond, cash], (AMOUNT, pools[venue])), sender=trader)
    assert bond.balanceOf(trader) == 0
    assert cash.balanceOf(trader) > AMOUNT + AMOUNT * 99 // 100


@pytest.mark.parametrize("venue", ["v2", "v3"])
def test_swap__eligible_trader_buys__gets_the_token(pools, aggregator, trader, bond, cash, approved, make_order, venue):
    aggregator.swap(make_order([cash, bond], (AMOUNT, pools[venue])), sender=trader)
    assert bond.balanceOf(trader) > AMOUNT + AMOUNT * 99 // 100


def test_swap__seller_is_not_registered_any_more__the_tokens_reason(
    aggregator, compliance_engine, identity_registry, compliance_officer, trader, bond, cash, pair, approved, make_order
):
    identity_registry.deleteIdentity(trader, sender=compliance_officer)
    with reverts(compliance_engine.AutomatedComplianceEngine__Refused, bond.address, trader.address, NOT_REGISTERED):
        aggregator.swap(make_order([bond, cash], (AMOUNT, pair)), sender=trader)


@pytest.mark.parametrize("venue", ["v2", "v3"])
def test_swap__recipient_is_not_registered__refused(
    pools, aggregator, trader, thief, bond, cash, approved, make_order, venue
):
    order = make_order([cash, bond], (AMOUNT, pools[venue]), recipient=thief.address)
    # Uniswap answers in its own words when a token refuses.
    with ape.reverts("UniswapV2: TRANSFER_FAILED" if venue == "v2" else "TF"):
        aggregator.swap(order, sender=trader)


def test_swap__regulated_token_between_pools__refused(
    aggregator,
    trader,
    tokens,
    bond,
    cash,
    pair,
    uniswap_v2,
    list_pool,
    admit_venue,
    liquidity_provider,
    approved,
    make_order,
):
    other = tokens[1]
    other.mint(liquidity_provider, DEEP, sender=trader)
    onwards = uniswap_v2.create_pool(bond.address, other.address)
    admit_venue(onwards.address)
    uniswap_v2.add_liquidity(liquidity_provider.address, {bond.address: DEEP, other.address: DEEP})
    list_pool(onwards, V2)
    # A venue trades with eligible holders only, not with another venue: routes begin or end at regulated tokens.
    with ape.reverts("UniswapV2: TRANSFER_FAILED"):
        aggregator.swap(make_order([cash, bond, other], (AMOUNT, pair, onwards)), sender=trader)


def test_swap__aggregator_is_no_venue_account__the_tokens_reason(
    aggregator, compliance_engine, identity_registry, compliance_officer, trader, bond, cash, pair, approved, make_order
):
    identity_registry.setVenueAccount(aggregator, False, sender=compliance_officer)
    with reverts(
        compliance_engine.AutomatedComplianceEngine__Refused, bond.address, aggregator.address, NOT_REGISTERED
    ):
        aggregator.swap(make_order([bond, cash], (AMOUNT, pair)), sender=trader)
