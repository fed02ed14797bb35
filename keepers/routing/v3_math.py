"""Concentrated-liquidity arithmetic of Uniswap V3, to the wei.

Prices are sqrt(token1 / token0) with 96 fractional bits; `liquidity` is the L of the whitepaper. The formulas
are those of Adams, Zinsmeister, Salem, Keefer and Robinson (2021), "Uniswap v3 Core", section 6; which way
each of them rounds, always in favour of the pool, is what the deployed contracts do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import isqrt

from keepers.routing.errors import RoutingError

MIN_TICK = -887272
MAX_TICK = 887272
MIN_SQRT_RATIO = 4295128739
MAX_SQRT_RATIO = 1461446703485210103287273052203988822378723970342
Q96 = 1 << 96
MAX_UINT256 = (1 << 256) - 1
PIPS = 1_000_000


def ceil_div(numerator: int, denominator: int) -> int:
    """Quotient of two non-negative integers, rounded up."""
    return -(-numerator // denominator)


def _ratios() -> tuple[int, ...]:
    """1.0001^(-2^i / 2) for i = 0..19 with 128 fractional bits, to the nearest: the contracts' constants.

    Each is the square of the one before, carried with 512 bits.
    """
    ratio = isqrt((10_000 << 1024) // 10_001)
    ratios = []
    for _ in range(20):
        ratios.append((ratio + (1 << 383)) >> 384)
        ratio = ratio * ratio >> 512
    return tuple(ratios)


_RATIOS = _ratios()


@lru_cache(maxsize=65536)
def sqrt_ratio_at_tick(tick: int) -> int:
    """sqrt(1.0001^tick) with 96 fractional bits (whitepaper 6.1), rounded as TickMath rounds.

    Raises:
        RoutingError: If the tick is outside -887272 to 887272.
    """
    if not MIN_TICK <= tick <= MAX_TICK:
        raise RoutingError(f"tick {tick}", "out of range", f"give {MIN_TICK} to {MAX_TICK}")
    ratio = 1 << 128
    for bit, factor in enumerate(_RATIOS):
        if abs(tick) >> bit & 1:
            ratio = ratio * factor >> 128
    if tick > 0:
        ratio = MAX_UINT256 // ratio
    return ceil_div(ratio, 1 << 32)


def tick_at_sqrt_ratio(sqrt_ratio: int) -> int:
    """The greatest tick whose ratio is at most `sqrt_ratio`.

    Raises:
        RoutingError: If the ratio is below the lowest tick's, or not below the highest's.
    """
    if not MIN_SQRT_RATIO <= sqrt_ratio < MAX_SQRT_RATIO:
        raise RoutingError(f"sqrt price {sqrt_ratio}", "out of range", "read the pool again")
    low, high = MIN_TICK, MAX_TICK
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if sqrt_ratio_at_tick(middle) <= sqrt_ratio else (low, middle)
    return low


def amount0_between(lower: int, upper: int, liquidity: int, round_up: bool) -> int:
    """Token0 that moves the price between two square roots, L (1 / lower - 1 / upper) (whitepaper 6.16)."""
    numerator = (liquidity << 96) * (upper - lower)
    if round_up:
        return ceil_div(ceil_div(numerator, upper), lower)
    return numerator // upper // lower


def amount1_between(lower: int, upper: int, liquidity: int, round_up: bool) -> int:
    """Token1 that moves the price between two square roots, L (upper - lower) (whitepaper 6.14)."""
    product = liquidity * (upper - lower)
    return ceil_div(product, Q96) if round_up else product // Q96


def price_after_input(price: int, liquidity: int, amount: int, zero_for_one: bool) -> int:
    """Square root of the price after `amount` went in, rounded against the trader (whitepaper 6.13, 6.15).

    Where the exact product leaves 256 bits the contracts use a coarser formula, and so does this.
    """
    if not zero_for_one:
        return price + (amount << 96) // liquidity
    numerator = liquidity << 96
    denominator = numerator + amount * price
    if denominator <= MAX_UINT256:
        return ceil_div(numerator * price, denominator)
    return ceil_div(numerator, numerator // price + amount)


@dataclass(frozen=True)
class Step:
    """One swap step inside constant liquidity.

    Attributes:
        price: Square root of the price afterwards, 96 fractional bits.
        amount_in: Smallest units taken, without the fee.
        amount_out: Smallest units given.
        fee: Smallest units of the input taken as fee.
    """

    price: int
    amount_in: int
    amount_out: int
    fee: int


def swap_step(price: int, target: int, liquidity: int, remaining: int, fee_pips: int) -> Step:
    """Swaps up to `remaining` of an exact input, no further than `target` (SwapMath.computeSwapStep).

    Args:
        price: Square root of the price now, 96 fractional bits.
        target: Square root of the price to stop at; below `price` token0 goes in, otherwise token1.
        liquidity: L between the two.
        remaining: Smallest units of input left, fee included.
        fee_pips: Hundredths of a basis point.
    """
    zero_for_one = price >= target
    less_fee = remaining * (PIPS - fee_pips) // PIPS
    to_target = _input(price, target, liquidity, zero_for_one)
    capped = less_fee >= to_target
    after = target if capped else price_after_input(price, liquidity, less_fee, zero_for_one)
    if after == target:
        amount_in = to_target
        fee = ceil_div(amount_in * fee_pips, PIPS - fee_pips)
    else:
        amount_in = _input(price, after, liquidity, zero_for_one)
        fee = remaining - amount_in
    return Step(after, amount_in, _output(price, after, liquidity, zero_for_one), fee)


def _input(price: int, after: int, liquidity: int, zero_for_one: bool) -> int:
    if zero_for_one:
        return amount0_between(after, price, liquidity, round_up=True)
    return amount1_between(price, after, liquidity, round_up=True)


def _output(price: int, after: int, liquidity: int, zero_for_one: bool) -> int:
    if zero_for_one:
        return amount1_between(after, price, liquidity, round_up=False)
    return amount0_between(price, after, liquidity, round_up=False)
