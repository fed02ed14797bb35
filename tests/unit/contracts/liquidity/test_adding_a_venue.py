"""docs/liquidity.md, "Adding a venue", step by step; and what a listing refuses."""

from __future__ import annotations

import ape
import pytest
from eth_utils import keccak

from keepers.routing.errors import RoutingError
from keepers.routing.markets import Market, VenueKind
from tests.fixtures.markets import ADAPTER, BALANCER, CURVE_INT128, CURVE_UINT256, ERC4626, NONE, V4, order_over
from tests.fixtures.venues import TOKEN
from tests.isolation import isolated
from tests.reverts import reverts

NO_ID = bytes(32)


@pytest.fixture
def adapter(admin, tokens, liquidity_provider):
    """Step 2: a venue that the aggregator does not know."""
    contract = admin.deploy(ape.project.FixedRateAdapter, tokens[0], tokens[1])
    tokens[1].mint(contract, 100 * TOKEN, sender=liquidity_provider)
    return contract


def refusal(name):
    """An error of what checks listings for the aggregator."""
    (found,) = (
        error for error in ape.project.ListingValidator.contract_type.errors if error.name.endswith(f"__{name}")
    )
    return found


def of_adapter(adapter, tokens):
    return (ADAPTER, 0, adapter.address, 0, NO_ID, tokens[0].address, tokens[1].address)


def test_adapter__listed__trades_and_is_quoted(
    aggregator, lens, manager, trader, tokens, adapter, make_order, fund_trader
):
    market = of_adapter(adapter, tokens)
    aggregator.listMarket(market, sender=manager)
    key = aggregator.marketKey(market)
    assert aggregator.marketOf(key).kind == ADAPTER
    assert key in aggregator.markets()
    fund_trader(tokens[0], TOKEN)
    order = make_order(tokens[:2], paths=[(TOKEN, [(key, True)])], amountIn=TOKEN)
    assert lens.quoteOrder.call(order)[0] == TOKEN
    aggregator.swap(order, sender=trader)
    assert tokens[1].balanceOf(trader) == TOKEN


def test_adapter__delisted_by_the_guardian__at_once(
    aggregator, manager, guardian, trader, tokens, adapter, make_order, fund_trader
):
    market = of_adapter(adapter, tokens)
    aggregator.listMarket(market, sender=manager)
    key = aggregator.marketKey(market)
    aggregator.delistPool(key, sender=guardian)
    fund_trader(tokens[0], TOKEN)
    order = make_order(tokens[:2], paths=[(TOKEN, [(key, True)])], amountIn=TOKEN)
    with reverts(aggregator.LiquidityAggregator__PoolNotListed, key):
        aggregator.swap(order, sender=trader)
    assert aggregator.venueOf(key).kind == NONE


def test_list_market__by_guardian__refused(aggregator, guardian, tokens, adapter):
    with reverts(aggregator.AccessManagedUnauthorized, guardian.address):
        aggregator.listMarket(of_adapter(adapter, tokens), sender=guardian)


@pytest.mark.parametrize("change", ["tokens swapped", "other tokens", "a fee", "kind none", "no contract", "a param"])
def test_list_market__not_what_the_venue_says__refused(aggregator, manager, thief, tokens, adapter, change):
    kind, fee, target, param, id_, token0, token1 = of_adapter(adapter, tokens)
    if change == "tokens swapped":
        token0, token1 = token1, token0
    elif change == "other tokens":
        token1 = tokens[2].address
    elif change == "a fee":
        fee = 1
    elif change == "kind none":
        kind = NONE
    elif change == "no contract":
        target = thief.address
    else:
        param = 1
    with reverts(aggregator.LiquidityAggregator__InvalidVenue, target, kind, fee):
        aggregator.listMarket((kind, fee, target, param, id_, token0, token1), sender=manager)


def test_list_market__vault_of_another_asset__refused(aggregator, manager, admin, tokens):
    vault = admin.deploy(ape.project.MockVault, tokens[0])
    ends = sorted((vault.address, tokens[1].address), key=lambda token: int(token, 16))
    with reverts(aggregator.LiquidityAggregator__InvalidVenue, vault.address, ERC4626, 0):
        aggregator.listMarket((ERC4626, 0, vault.address, 0, NO_ID, *ends), sender=manager)


def test_list_market__curve_indices_of_other_coins__refused(aggregator, manager, market_listing, create_market):
    market = create_market("curve-int128")
    kind, fee, target, param, id_, token0, token1 = aggregator.marketOf(market.key)
    swapped = param >> 8 | (param & 0xFF) << 8
    with reverts(aggregator.LiquidityAggregator__InvalidVenue, target, CURVE_INT128, 0):
        aggregator.listMarket((kind, fee, target, swapped, id_, token0, token1), sender=manager)


def test_list_market__curve_pool_of_the_other_kind__refused(aggregator, manager, create_market):
    """Its get_dy takes indices of another type; it would be listed, and no order would ever pass."""
    market = create_market("curve-int128")
    _, fee, target, param, id_, token0, token1 = aggregator.marketOf(market.key)
    selector = keccak(text="get_dy(uint256,uint256,uint256)")[:4]
    with reverts(refusal("NoAnswer"), target, selector):
        aggregator.listMarket((CURVE_UINT256, fee, target, param, id_, token0, token1), sender=manager)


def test_list_market__curve_pool_that_has_no_coins_by_uint256__refused(aggregator, manager, admin, tokens):
    """The oldest pools are asked by int128."""
    no_pool = admin.deploy(ape.project.MockVault, tokens[0])
    selector = keccak(text="coins(uint256)")[:4]
    with reverts(refusal("NoAnswer"), no_pool.address, selector):
        market = (CURVE_INT128, 0, no_pool.address, 1 << 8, NO_ID, tokens[0].address, tokens[1].address)
        aggregator.listMarket(market, sender=manager)


def test_list_market__empty_curve_pool__refused(aggregator, manager, market_listing, tokens):
    pool = market_listing.stable_swap({token.address: 0 for token in tokens[:2]})
    selector = keccak(text="get_dy(int128,int128,uint256)")[:4]
    with reverts(refusal("NoAnswer"), pool.address, selector):
        market = (CURVE_INT128, 0, pool.address, 1 << 8, NO_ID, tokens[0].address, tokens[1].address)
        aggregator.listMarket(market, sender=manager)


def test_list_market__pool_of_the_chains_own_coin__refused(aggregator, manager, tokens, create_market):
    coin = "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE"
    *_, target, _, _, _, _ = aggregator.marketOf(create_market("curve-int128").key)
    with reverts(refusal("NoToken"), coin):
        market = (CURVE_INT128, 0, target, 1 << 8, NO_ID, tokens[0].address, coin)
        aggregator.listMarket(market, sender=manager)


def test_list_market__v4_pool_that_was_never_made__refused(aggregator, manager, create_market):
    market = create_market("uniswap-v4")
    kind, fee, target, param, id_, token0, token1 = aggregator.marketOf(market.key)
    with reverts(aggregator.LiquidityAggregator__InvalidVenue, target, V4, fee + 1):
        aggregator.listMarket((kind, fee + 1, target, param, id_, token0, token1), sender=manager)


def test_list_market__balancer_token_of_no_pool__refused(aggregator, manager, create_market, tokens):
    market = create_market("balancer-weighted")
    kind, fee, target, param, id_, token0, _ = aggregator.marketOf(market.key)
    ends = sorted((token0, tokens[0].address), key=lambda token: int(token, 16))
    with pytest.raises(Exception, match="BAL#521"):
        aggregator.listMarket((kind, fee, target, param, id_, *ends), sender=manager)
    assert kind == BALANCER


# -- The lens over many markets


def test_quote_pair__several_venues__each_as_executed(
    aggregator, lens, chain, trader, tokens, create_v2_pool, create_v3_pool, fund_trader
):
    deep = 10**6 * TOKEN
    pools = [create_v2_pool({tokens[0]: deep, tokens[1]: deep})]
    pools.append(create_v3_pool({tokens[0]: deep, tokens[1]: deep}, 500, [None, (-100, 200)]))
    create_v2_pool({tokens[1]: deep, tokens[2]: deep})
    fund_trader(tokens[0], 9 * TOKEN)
    found = lens.quotePair.call(tokens[0], tokens[1], [TOKEN, 5 * TOKEN], 1)
    assert {quote.market for quote in found} == {pool.address for pool in pools}
    by_market = {quote.market: quote for quote in found}
    reserves = pools[0].functions.getReserves().call()[:2]
    assert list(by_market[pools[0].address].state) == list(reserves)
    price, _, liquidity = by_market[pools[1].address].state
    assert price == pools[1].functions.slot0().call()[0]
    assert liquidity == pools[1].functions.liquidity().call()
    ticks = {tick.index: tick.liquidityNet for tick in by_market[pools[1].address].ticks}
    assert ticks == {tick: pools[1].functions.ticks(tick).call()[1] for tick in (-100, 200)}
    for quote in found:
        for amount, promised in zip((TOKEN, 5 * TOKEN), quote.amountsOut, strict=True):
            with isolated(chain):
                path = (amount, [(quote.market, True)])
                order = (tokens[0].address, tokens[1].address, amount, 0, trader.address, 2**40 - 1, [path])
                aggregator.swap(order, sender=trader)
                assert tokens[1].balanceOf(trader) == promised


def test_quote_pair__a_market_reverts__named_and_the_others_answer(
    lens, tokens, create_v2_pool, create_hostile_pool, thief
):
    deep = 10**6 * TOKEN
    pair = create_v2_pool({tokens[0]: deep, tokens[1]: deep})
    hostile = create_hostile_pool(tokens[0], tokens[1])
    hostile.plan(10, b"\x00", sender=thief)
    found = {quote.market: quote for quote in lens.quotePair.call(tokens[0], tokens[1], [TOKEN], 0)}
    assert found[pair.address].amountsOut[0] > 0
    assert found[pair.address].failure == b""
    assert found[hostile.address].amountsOut[0] == 0
    assert found[hostile.address].failure != b""


def test_quote_order__market_twice__refused(lens, tokens, create_market, trader):
    market = create_market("adapter")
    order = list(order_over(market, True, TOKEN, trader))
    order[6] = [order[6][0], order[6][0]]
    order[2] = 2 * TOKEN
    with reverts(lens.LiquidityLens__MarketTwice, market.key):
        lens.quoteOrder.call(tuple(order))


# -- What keepers call it


@pytest.mark.parametrize("venue", ["uniswap-v3", "uniswap-v4-hook", "balancer-stable", "curve-uint256", "erc4626"])
def test_market__as_keepers_name_it__has_the_key_of_the_chain(aggregator, create_market, venue):
    key = create_market(venue).key
    kind, fee, target, param, id_, token0, token1 = aggregator.marketOf(key)
    market = Market(VenueKind(kind), target, token0, token1, fee, param, bytes(id_))
    assert market.key == key


def test_market__tokens_out_of_order__one_line():
    with pytest.raises(RoutingError, match="not rising"):
        Market(VenueKind.ADAPTER, "0x" + "11" * 20, "0x" + "22" * 20, "0x" + "21" * 20)
