"""Concentrated-liquidity arithmetic against values published with the contracts."""

from math import isqrt

import pytest

from keepers.routing.errors import RoutingError
from keepers.routing.v3_math import (
    MAX_SQRT_RATIO,
    MAX_TICK,
    MIN_SQRT_RATIO,
    MIN_TICK,
    Q96,
    amount0_between,
    amount1_between,
    price_after_input,
    sqrt_ratio_at_tick,
    swap_step,
    tick_at_sqrt_ratio,
)

E18 = 10**18


def price(amount1: int, amount0: int) -> int:
    return isqrt((amount1 << 192) // amount0)


@pytest.mark.parametrize(
    ("tick", "ratio"),
    [
        (0, Q96),
        (MIN_TICK, 4295128739),
        (MIN_TICK + 1, 4295343490),
        (MAX_TICK - 1, 1461373636630004318706518188784493106690254656249),
        (MAX_TICK, 1461446703485210103287273052203988822378723970342),
        (50, 79426470787362580746886972461),
        (-50, 79030349367926598376800521322),
    ],
)
def test_sqrt_ratio_at_tick__published_values__are_met(tick: int, ratio: int) -> None:
    assert sqrt_ratio_at_tick(tick) == ratio


@pytest.mark.parametrize("tick", [-700_000, -12_345, -1, 1, 60, 524_288, 887_271])
def test_sqrt_ratio_at_tick__some_tick__is_close_to_the_power(tick: int) -> None:
    assert sqrt_ratio_at_tick(tick) / Q96 == pytest.approx(1.0001 ** (tick / 2), rel=1e-9)


@pytest.mark.parametrize("tick", [MIN_TICK - 1, MAX_TICK + 1])
def test_sqrt_ratio_at_tick__out_of_range__is_refused(tick: int) -> None:
    with pytest.raises(RoutingError, match="out of range"):
        sqrt_ratio_at_tick(tick)


@pytest.mark.parametrize("tick", [MIN_TICK, -50, -1, 0, 1, 12345, MAX_TICK - 1])
def test_tick_at_sqrt_ratio__at_and_around_a_tick__is_the_greatest_below(tick: int) -> None:
    assert tick_at_sqrt_ratio(sqrt_ratio_at_tick(tick)) == tick
    assert tick_at_sqrt_ratio(sqrt_ratio_at_tick(tick + 1) - 1) == tick


@pytest.mark.parametrize("ratio", [MIN_SQRT_RATIO - 1, MAX_SQRT_RATIO])
def test_tick_at_sqrt_ratio__out_of_range__is_refused(ratio: int) -> None:
    with pytest.raises(RoutingError, match="out of range"):
        tick_at_sqrt_ratio(ratio)


def test_amounts__price_up_by_a_fifth__are_the_published_ones() -> None:
    upper = price(121, 100)
    assert amount0_between(Q96, upper, E18, round_up=True) == 90909090909090910
    assert amount0_between(Q96, upper, E18, round_up=False) == 90909090909090909
    assert amount1_between(Q96, upper, E18, round_up=True) == 100000000000000000
    assert amount1_between(Q96, upper, E18, round_up=False) == 99999999999999999


def test_price_after_input__a_tenth__is_the_published_one() -> None:
    assert price_after_input(Q96, E18, E18 // 10, zero_for_one=False) == 87150978765690771352898345369
    assert price_after_input(Q96, E18, E18 // 10, zero_for_one=True) == 72025602285694852357767227579


def test_price_after_input__product_beyond_256_bits__takes_the_coarser_formula() -> None:
    before, liquidity = (
        1025574284609383690408304870162715216695788925244,
        50015962439936049619261659728067971248,
    )
    after = price_after_input(before, liquidity, 406, zero_for_one=True)
    assert after == 1025574284609383582644711336373707553698163132913


def test_price_after_input__coarser_formula__differs_from_the_exact_one() -> None:
    before, liquidity, amount = 3 << 158, (1 << 120) + 12_345, (1 << 97) + 777
    shifted = liquidity << 96
    exact = -(-shifted * before // (shifted + amount * before))
    coarse = -(-shifted // (shifted // before + amount))
    assert price_after_input(before, liquidity, amount, zero_for_one=True) == coarse > exact


def test_swap_step__capped_at_the_target__is_the_published_one() -> None:
    step = swap_step(Q96, price(101, 100), 2 * E18, E18, 600)
    assert (step.amount_in, step.fee, step.amount_out) == (9975124224178055, 5988667735148, 9925619580021728)
    assert step.price == price(101, 100)


def test_swap_step__spent_before_the_target__is_the_published_one() -> None:
    step = swap_step(Q96, price(1000, 100), 2 * E18, E18, 600)
    assert (step.amount_in, step.fee) == (999400000000000000, 600000000000000)
    assert step.amount_out == 666399946655997866
    assert Q96 < step.price < price(1000, 100)


def test_swap_step__target_a_wei_away__takes_the_rest_as_fee() -> None:
    step = swap_step(2413, 79887613182836312, 1985041575832132834610021537970, 10, 1872)
    assert (step.amount_in, step.fee, step.amount_out, step.price) == (0, 10, 0, 2413)
