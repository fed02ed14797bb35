"""A pool pays what the keepers' routing says, to the wei."""

from __future__ import annotations

import random

import pytest

from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.pools import V2Pool, V3Pool, quote
from scripts._lib.venues.uniswap import TICK_SPACING
from tests.fixtures.venues import DEEP, TOKEN
from tests.reverts import reverts

ROUNDS = 20
SEED = 20240601


def sizes(largest: int):
    """ROUNDS amounts, each with a direction: by turns of any order of magnitude, and large."""
    dice = random.Random(SEED)
    for turn in range(ROUNDS):
        small = int(10 ** dice.uniform(3, len(str(largest)) - 1))
        yield dice.randrange(largest) if turn % 2 else small, dice.random() < 0.5


def v2_state(pair) -> V2Pool:
    reserve0, reserve1, _ = pair.functions.getReserves().call()
    token0, token1 = pair.functions.token0().call(), pair.functions.token1().call()
    return V2Pool(pair.address, token0, token1, reserve0, reserve1)


@pytest.fixture(autouse=True)
def rich_trader(fund_trader, tokens):
    for token in tokens[:2]:
        fund_trader(token, 10_000 * DEEP)


@pytest.fixture
def v3_state(uniswap_v3):
    """`v3_state(pool)`: as the routing wants it; what swaps do not change is read once."""
    fixed: dict[str, dict] = {}

    def read(pool) -> V3Pool:
        if pool.address not in fixed:
            fixed[pool.address] = {
                "address": pool.address,
                "token0": pool.functions.token0().call(),
                "token1": pool.functions.token1().call(),
                "fee_pips": pool.functions.fee().call(),
                "tick_spacing": pool.functions.tickSpacing().call(),
                "ticks": uniswap_v3.ticks(pool),
            }
        sqrt_price_x96, tick, *_ = pool.functions.slot0().call()
        liquidity = pool.functions.liquidity().call()
        return V3Pool(sqrt_price_x96=sqrt_price_x96, tick=tick, liquidity=liquidity, **fixed[pool.address])

    return read


@pytest.mark.parametrize("other_side", [DEEP, 37 * DEEP, DEEP // 10**12], ids=["par", "37", "six-decimals"])
def test_quote__v2_pair__is_what_comes_out(tokens, create_v2_pool, make_order, swap, other_side):
    pair = create_v2_pool({tokens[0]: DEEP, tokens[1]: other_side})
    for amount, up in sizes(DEEP):
        route = tokens[:2] if up else tokens[1::-1]
        state = v2_state(pair)
        expected = quote(state, route[0].address, amount)
        if expected == 0 or (not up and amount > 10 * other_side):
            continue  # the pair refuses to pay nothing; the test does not drain it
        assert swap(make_order(route, (amount, pair))) == expected


@pytest.mark.parametrize("fee", sorted(TICK_SPACING))
def test_quote__v3_pool_with_ranges__is_what_comes_out(tokens, create_v3_pool, v3_state, make_order, swap, fee):
    spacing = TICK_SPACING[fee]
    narrow, wide = (-4 * spacing, 5 * spacing), (-120 * spacing, 90 * spacing)
    aside = (7 * spacing, 300 * spacing)
    pool = create_v3_pool({tokens[0]: DEEP, tokens[1]: DEEP}, fee, [None, narrow, wide, aside])
    crossed = set()
    for amount, up in sizes(8 * DEEP):
        route = tokens[:2] if up else tokens[1::-1]
        state = v3_state(pool)
        crossed.add(state.liquidity)
        assert swap(make_order(route, (amount, pool))) == quote(state, route[0].address, amount)
    assert len(crossed) > 2, "the sizes never crossed a tick"


def test_quote__v3_pool_far_from_par__is_what_comes_out(tokens, create_v3_pool, v3_state, make_order, swap):
    pool = create_v3_pool({tokens[0]: 3 * TOKEN, tokens[1]: 70_000 * 10**6})
    for amount, up in sizes(10**9):
        route = tokens[:2] if up else tokens[1::-1]
        state = v3_state(pool)
        assert swap(make_order(route, (amount, pool))) == quote(state, route[0].address, amount)


def test_quote__v3_pool_without_so_much_liquidity__both_refuse(
    aggregator, trader, tokens, create_v3_pool, v3_state, make_order, fund_trader
):
    pool = create_v3_pool({tokens[0]: TOKEN, tokens[1]: TOKEN}, ranges=[(-600, 600)])
    with pytest.raises(InsufficientLiquidity):
        quote(v3_state(pool), tokens[0].address, 100 * TOKEN)
    fund_trader(tokens[0], 100 * TOKEN)
    with reverts(aggregator.LiquidityAggregator__PartialFill):
        aggregator.swap(make_order(tokens[:2], (100 * TOKEN, pool)), sender=trader)


def test_quote__two_hops_over_both_venues__is_what_comes_out(
    tokens, create_v2_pool, create_v3_pool, v3_state, make_order, swap
):
    pair = create_v2_pool({tokens[0]: DEEP, tokens[1]: 2 * DEEP})
    pool = create_v3_pool({tokens[1]: DEEP, tokens[2]: 3 * DEEP}, 500)
    between = quote(v2_state(pair), tokens[0].address, 777 * TOKEN)
    expected = quote(v3_state(pool), tokens[1].address, between)
    assert swap(make_order(tokens, (777 * TOKEN, pair, pool))) == expected
