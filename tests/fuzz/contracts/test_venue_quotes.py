"""Quotes of the keepers' routing beside what the lens is told by real pools, many amounts in state after state.

A quick run compares two thousand amounts per kind of pool, a deep one (QUANTERA_FUZZ=deep) twenty thousand, with swaps
that are mined between them. `test_swap_batches.py` has a million in states that nothing mines.
"""

from __future__ import annotations

import os
import random

import pytest

from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.pools import V2Pool, V3Pool, quote
from scripts._lib.venues.uniswap import TICK_SPACING
from tests.fixtures.venues import DEEP

AMOUNTS = 20_000 if os.environ.get("QUANTERA_FUZZ") == "deep" else 2_000
A_CALL = 20
"""The lens divides a call's gas among the amounts: of many more, one that crosses ticks runs out."""
SEED = 20261126
WORDS = 2
"""Words of the tick bitmap that a quote reads on each side; the pools' ranges end within them."""


@pytest.fixture(autouse=True)
def rich_trader(fund_trader, tokens):
    for token in tokens[:2]:
        fund_trader(token, 10_000 * DEEP)


@pytest.fixture
def compare(tokens, lens, make_order, swap):
    """`compare(pool, fee, amounts)`: quotes random amounts that the pool takes both ways, and swaps between the calls.

    Returns the number of amounts for which something came out.
    """

    def compared(pool, fee: int, amounts: int) -> int:
        dice, paid = random.Random(SEED + fee), 0
        for _ in range(amounts // A_CALL):
            ends = tokens[:2] if dice.random() < 0.5 else tokens[1::-1]
            (state,) = lens.quotePair.call(*ends, [], WORDS)
            model = _model(state, tokens, fee)
            most = _most(model, ends[0].address)
            asked = [_size(dice, most) for _ in range(A_CALL)]
            (answer,) = lens.quotePair.call(*ends, asked, WORDS)
            for amount, out in zip(asked, answer.amountsOut, strict=True):
                assert quote(model, ends[0].address, amount) == out, (model, ends[0].address, amount)
                paid += out > 0
            # Small moves, so that the price stays among the ranges.
            swap(make_order(ends, (dice.randrange(most // 1000, most // 8), pool)))
        return paid

    return compared


def _size(dice: random.Random, most: int) -> int:
    """By turns of any order of magnitude, and large."""
    return dice.randrange(1, most) if dice.random() < 0.5 else int(10 ** dice.uniform(0, len(str(most)) - 1))


def _model(answer, tokens, fee: int) -> V2Pool | V3Pool:
    ends = sorted((token.address for token in tokens[:2]), key=lambda address: int(address, 16))
    if len(answer.state) == 2:
        return V2Pool(answer.market, *ends, *answer.state)
    price, tick, liquidity = answer.state
    tick -= (1 << 256) if tick >> 255 else 0
    ticks = tuple(sorted((one.index, one.liquidityNet) for one in answer.ticks))
    return V3Pool(answer.market, *ends, price, tick, liquidity, fee, TICK_SPACING[fee], ticks)


def _most(model: V2Pool | V3Pool, token_in: str) -> int:
    """Largest amount of the input that the pool is asked for: what its known ticks take, or 8 DEEP."""
    low, high = 1, 8 * DEEP
    while high - low > 1:
        middle = (low + high) // 2
        try:
            quote(model, token_in, middle)
        except InsufficientLiquidity:
            high = middle
        else:
            low = middle
    return low


def test_quote__v2_pair__is_what_the_lens_says(tokens, create_v2_pool, compare):
    pair = create_v2_pool({tokens[0]: DEEP, tokens[1]: 37 * DEEP})
    assert compare(pair, 3000, AMOUNTS) > 0.9 * AMOUNTS


@pytest.mark.parametrize("fee", sorted(TICK_SPACING))
def test_quote__v3_pool_with_ranges__is_what_the_lens_says(tokens, create_v3_pool, compare, fee):
    spacing = TICK_SPACING[fee]
    ranges = [(-4 * spacing, 5 * spacing), (-120 * spacing, 90 * spacing), (7 * spacing, 200 * spacing)]
    pool = create_v3_pool({tokens[0]: DEEP, tokens[1]: DEEP}, fee, [*ranges, (-250 * spacing, 250 * spacing)])
    amounts = AMOUNTS // len(TICK_SPACING)
    assert compare(pool, fee, amounts) > 0.9 * (amounts // A_CALL * A_CALL)
