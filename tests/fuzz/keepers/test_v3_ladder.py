"""A ladder of steps against the contract's loop, which takes them one after another for each amount."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.pools import V3Pool, swap
from keepers.routing.v3_ladder import State, next_boundary
from keepers.routing.v3_math import MAX_SQRT_RATIO, MIN_SQRT_RATIO, sqrt_ratio_at_tick, swap_step, tick_at_sqrt_ratio
from tests.fuzz.keepers.test_routing import AMOUNTS, v3_pools


def walk(pool: V3Pool, zero_for_one: bool, amount_in: int) -> tuple[int, State] | None:
    """The loop of UniswapV3Pool.swap for an exact input; None where the known ticks end before it."""
    state, remaining, out = State(pool.sqrt_price_x96, pool.tick, pool.liquidity), amount_in, 0
    limit = MIN_SQRT_RATIO + 1 if zero_for_one else MAX_SQRT_RATIO - 1
    while remaining:
        try:
            boundary, net = next_boundary(pool.ticks, pool.tick_spacing, state.tick, zero_for_one=zero_for_one)
        except IndexError:
            return None
        at_boundary = sqrt_ratio_at_tick(boundary)
        target = max(at_boundary, limit) if zero_for_one else min(at_boundary, limit)
        step = swap_step(state.price, target, state.liquidity, remaining, pool.fee_pips)
        remaining -= step.amount_in + step.fee
        out += step.amount_out
        tick, liquidity = state.tick, state.liquidity
        if step.price == at_boundary:
            liquidity += -net if zero_for_one else net
            tick = boundary - 1 if zero_for_one else boundary
        elif step.price != state.price:
            tick = tick_at_sqrt_ratio(step.price)
        state = State(step.price, tick, liquidity)
    return out, state


@given(v3_pools(), st.booleans(), st.lists(AMOUNTS, min_size=1, max_size=8))
def test_ladder__amounts_in_any_order__end_where_the_loop_ends(pool: V3Pool, down: bool, amounts: list[int]) -> None:
    for amount in amounts:
        expected = walk(pool, down, amount)
        try:
            found = pool.ladder(down).end(amount)
        except InsufficientLiquidity:
            assert expected is None
            continue
        assert found == expected
        assert pool.ladder(down).out(amount) == found[0]


@given(v3_pools(), st.booleans(), AMOUNTS, st.integers(-1, 1))
def test_ladder__at_and_beside_a_boundary__ends_where_the_loop_ends(
    pool: V3Pool, down: bool, amount: int, beside: int
) -> None:
    ladder = pool.ladder(down)
    with suppress(InsufficientLiquidity):
        ladder.out(amount)
    for taken in ladder.boundaries()[:20]:
        if taken + beside > 0:
            expected = walk(pool, down, taken + beside)
            if expected is not None:
                assert ladder.end(taken + beside) == expected


@given(v3_pools(), st.booleans(), AMOUNTS, AMOUNTS)
def test_swap__in_two_parts__goes_on_where_it_ended(pool: V3Pool, down: bool, first: int, second: int) -> None:
    token = pool.token0 if down else pool.token1
    try:
        _, after = swap(pool, token, first)
        assert isinstance(after, V3Pool)
        _, last = swap(after, token, second)
    except InsufficientLiquidity:
        return
    assert isinstance(last, V3Pool)
    assert walk(after, down, second) == (
        swap(after, token, second)[0],
        State(last.sqrt_price_x96, last.tick, last.liquidity),
    )
