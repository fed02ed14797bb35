"""Pools as they were at one block, and what they pay."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import isqrt
from typing import TypeAlias

from keepers.routing.crypto import CryptoPool, after_crypto, crypto_out
from keepers.routing.errors import InsufficientLiquidity, RoutingError
from keepers.routing.stable import StablePool, after_swap, stable_out
from keepers.routing.v3_ladder import Ladder, State, next_boundary
from keepers.routing.v3_math import (
    MAX_SQRT_RATIO,
    MAX_TICK,
    MIN_SQRT_RATIO,
    MIN_TICK,
    PIPS,
    amount0_between,
    amount1_between,
    sqrt_ratio_at_tick,
)
from keepers.routing.vaults import VaultPool, after_vault, vault_out
from keepers.routing.weighted import WeightedPool, weighted_out

MAX_UINT112 = (1 << 112) - 1
MAX_UINT128 = (1 << 128) - 1
_ONE = 10**18
MAX_INT256 = (1 << 255) - 1


@dataclass(frozen=True)
class V2Pool:
    """A constant-product pool (Uniswap V2 and its forks).

    Attributes:
        address: Address of the pair.
        token0, token1: Addresses, written alike everywhere (checksummed): they are compared as they are.
        reserve0, reserve1: Smallest units, above zero, below 2^112.
        fee_pips: Hundredths of a basis point of the input (3000 = 0.3%).

    Raises:
        RoutingError: If any of that does not hold.
    """

    address: str
    token0: str
    token1: str
    reserve0: int
    reserve1: int
    fee_pips: int = 3000

    def __post_init__(self) -> None:
        _check_common(self.address, self.token0, self.token1, self.fee_pips)
        if not (0 < self.reserve0 <= MAX_UINT112 and 0 < self.reserve1 <= MAX_UINT112):
            reserves = f"reserves {self.reserve0}, {self.reserve1} of {self.address}"
            raise RoutingError(reserves, "not within 1 to 2^112 - 1", "leave out empty pools")


@dataclass(frozen=True)
class V3Pool:
    """A concentrated-liquidity pool (Uniswap V3).

    Attributes:
        address: Address of the pool.
        token0, token1: Addresses, written alike everywhere (checksummed): they are compared as they are.
        sqrt_price_x96: Square root of the price in slot0, 96 fractional bits.
        tick: Tick in slot0.
        liquidity: Liquidity in range, L of the whitepaper.
        fee_pips: Hundredths of a basis point of the input.
        tick_spacing: Distance between ticks that can be initialised.
        ticks: (tick, liquidityNet) of every initialised tick in a stretch around the price, rising. Beyond
            the first and the last of them nothing is known, and quotes do not go there.

    Raises:
        RoutingError: If a number is out of range, the price does not belong to the tick, or ticks are not
            rising multiples of the spacing.
    """

    address: str
    token0: str
    token1: str
    sqrt_price_x96: int
    tick: int
    liquidity: int
    fee_pips: int
    tick_spacing: int
    ticks: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        _check_common(self.address, self.token0, self.token1, self.fee_pips)
        if not 0 <= self.liquidity <= MAX_UINT128:
            raise RoutingError(f"liquidity {self.liquidity} of {self.address}", "not uint128", "read the pool again")
        self._check_price()
        self._check_ticks()

    def ladder(self, zero_for_one: bool) -> Ladder:
        """Steps of swaps that sell token0, or token1; they are kept, so that many quotes share them."""
        return self._falling if zero_for_one else self._rising

    @cached_property
    def _falling(self) -> Ladder:
        return self._steps(zero_for_one=True)

    @cached_property
    def _rising(self) -> Ladder:
        return self._steps(zero_for_one=False)

    def _steps(self, *, zero_for_one: bool) -> Ladder:
        start = State(self.sqrt_price_x96, self.tick, self.liquidity)
        spacing, fee = self.tick_spacing, self.fee_pips
        return Ladder(self.address, start, self.ticks, spacing, fee, zero_for_one=zero_for_one)

    def _check_price(self) -> None:
        fits = MIN_TICK - 1 <= self.tick < MAX_TICK and MIN_SQRT_RATIO <= self.sqrt_price_x96 < MAX_SQRT_RATIO
        # After a swap that ends on a tick going down, the price is that tick's and the tick is the one below.
        lower = sqrt_ratio_at_tick(max(self.tick, MIN_TICK)) if fits else 0
        if not (fits and lower <= self.sqrt_price_x96 <= sqrt_ratio_at_tick(self.tick + 1)):
            state = f"sqrt price {self.sqrt_price_x96}, tick {self.tick} of {self.address}"
            raise RoutingError(state, "do not belong together", "read both in one call")

    def _check_ticks(self) -> None:
        if self.tick_spacing <= 0:
            raise RoutingError(f"tick spacing {self.tick_spacing}", "not above zero", "read the pool again")
        indices = [index for index, _ in self.ticks]
        for index in indices:
            if index % self.tick_spacing or not MIN_TICK <= index <= MAX_TICK:
                where = f"tick {index} of {self.address}"
                raise RoutingError(where, f"no multiple of {self.tick_spacing} in range", "read the ticks again")
        for lower, upper in pairwise(indices):
            if upper <= lower:
                raise RoutingError(f"tick {upper} of {self.address}", f"comes after {lower}", "sort, each once")


Samples: TypeAlias = tuple[tuple[int, int], ...]
"""(input, output) in smallest units, inputs rising, outputs above zero and never falling."""


@dataclass(frozen=True)
class QuotedPool:
    """A market whose maths is not here: what it pays for some amounts, as the chain said.

    Between two samples, and from nothing to the first, the straight line counts, less one unit: no more than a venue
    pays whose outputs are concave in its inputs, as they are where nobody's code says otherwise. A venue may keep that
    unit of every swap, as Curve's pools do against rounding: its outputs then begin below zero. Beyond the last nothing
    is known, nor is the state after a swap: it quotes once.

    Attributes:
        address: The market's key.
        token0, token1: Addresses, checksummed.
        source: Reserves that it trades out of (`Market.source`): markets of one source share its depth.
        up, down: Samples with token0 as input, and with token1; an empty tuple means that it takes nothing.

    Raises:
        RoutingError: If samples are not as Samples says.
    """

    address: str
    token0: str
    token1: str
    source: str
    up: Samples
    down: Samples

    def __post_init__(self) -> None:
        _check_common(self.address, self.token0, self.token1, 0)
        for samples in (self.up, self.down):
            for (amount, out), (more, more_out) in pairwise(((0, 0), *samples)):
                if more <= amount or more_out < max(out, 1):
                    where = f"sample ({more}, {more_out}) of {self.address}"
                    raise RoutingError(where, f"comes after ({amount}, {out})", "quote it again")


Pool: TypeAlias = V2Pool | V3Pool | QuotedPool | WeightedPool | StablePool | CryptoPool | VaultPool


def source_of(pool: Pool) -> str:
    """Returns the reserves that a pool trades out of: its own address, unless its venue keeps them elsewhere."""
    return pool.address if isinstance(pool, V2Pool | V3Pool) else pool.source


def is_zero_for_one(pool: Pool, token_in: str) -> bool:
    """Returns True if `token_in` is the pool's token0.

    Raises:
        RoutingError: If it is neither of the pool's tokens.
    """
    if token_in not in (pool.token0, pool.token1):
        raise RoutingError(token_in, f"no token of pool {pool.address}", f"give {pool.token0} or {pool.token1}")
    return token_in == pool.token0


def other_token(pool: Pool, token: str) -> str:
    """The token that comes out where `token` goes in.

    Raises:
        RoutingError: If it is neither of the pool's tokens.
    """
    return pool.token1 if is_zero_for_one(pool, token) else pool.token0


def quote(pool: Pool, token_in: str, amount_in: int) -> int:
    """Returns the output of the pool for an exact input, to the wei.

    V2: UniswapV2Library.getAmountOut (Adams, Zinsmeister and Robinson 2020, "Uniswap v2 Core"), with any fee.
    V3: the loop of UniswapV3Pool.swap, stopping as it does at every initialised tick and at every end of a
    word of 256 spacings, because the contract rounds there.
    Weighted, stable and crypto pools, vaults: `weighted_out`, `stable_out`, `crypto_out`, `vault_out`.
    Quoted markets: not to the wei, but from below, see `QuotedPool`.

    Args:
        pool: State before the swap.
        token_in: One of its tokens.
        amount_in: Smallest units, above zero, fee included.

    Returns:
        Smallest units of the other token; may be zero for tiny amounts, for which a V2 pair reverts.

    Raises:
        InsufficientLiquidity: If the pool cannot take all of it.
        RoutingError: If the amount is not above zero, or the token not the pool's.
    """
    zero_for_one = is_zero_for_one(pool, token_in)
    _check_amount(amount_in)
    if isinstance(pool, V2Pool):
        return _v2_out(pool, zero_for_one, amount_in)
    if isinstance(pool, QuotedPool):
        return _between_samples(pool, zero_for_one, amount_in)
    if isinstance(pool, WeightedPool):
        return weighted_out(pool, zero_for_one, amount_in)
    if isinstance(pool, StablePool):
        return stable_out(pool, zero_for_one, amount_in)
    if isinstance(pool, CryptoPool):
        return crypto_out(pool, zero_for_one, amount_in)
    if isinstance(pool, VaultPool):
        return vault_out(pool, zero_for_one, amount_in)
    return pool.ladder(zero_for_one).out(amount_in)


def swap(pool: Pool, token_in: str, amount_in: int) -> tuple[int, Pool]:
    """Returns the output of the pool, as `quote`, and its state after the swap; a quoted market then takes nothing.

    Raises:
        InsufficientLiquidity: If the pool cannot take all of it.
        RoutingError: If the amount is not above zero, or the token not the pool's.
    """
    zero_for_one = is_zero_for_one(pool, token_in)
    _check_amount(amount_in)
    if isinstance(pool, V3Pool):
        return _walk(pool, zero_for_one, amount_in)
    if isinstance(pool, QuotedPool):
        return _between_samples(pool, zero_for_one, amount_in), spent(pool)
    if isinstance(pool, StablePool):
        return after_swap(pool, zero_for_one, amount_in)
    if isinstance(pool, CryptoPool):
        return after_crypto(pool, zero_for_one, amount_in)
    if isinstance(pool, VaultPool):
        return after_vault(pool, zero_for_one, amount_in)
    out = quote(pool, token_in, amount_in)
    change0, change1 = (amount_in, -out) if zero_for_one else (-out, amount_in)
    if isinstance(pool, WeightedPool):
        return out, replace(pool, balance0=pool.balance0 + change0, balance1=pool.balance1 + change1)
    return out, replace(pool, reserve0=pool.reserve0 + change0, reserve1=pool.reserve1 + change1)


def spent(pool: QuotedPool) -> QuotedPool:
    """The market, after something that shares its depth was traded: it takes nothing."""
    return replace(pool, up=(), down=())


def _between_samples(pool: QuotedPool, zero_for_one: bool, amount_in: int) -> int:
    samples = pool.up if zero_for_one else pool.down
    position = bisect_left(samples, amount_in, key=lambda sample: sample[0])
    if position == len(samples):
        raise InsufficientLiquidity(amount_in, f"is beyond what {pool.address} was quoted for", "trade less")
    lower, least = samples[position - 1] if position else (0, 0)
    upper, most = samples[position]
    if amount_in == upper:
        return most
    return max(least, least + (most - least) * (amount_in - lower) // (upper - lower) - 1)


def proceeds(pool: V2Pool | V3Pool, token_in: str, fall_bps: int) -> int:
    """Returns the total output of the pool for sales of `token_in` that lower its price there by `fall_bps`.

    Constant product: with x y = k and the price y / x, selling until it has fallen by f pays y (1 - sqrt(1 - f)); fees
    are left out. In a V3 pool the same stretch by stretch of constant liquidity (whitepaper 6.14, 6.16), up to the last
    known tick.

    Args:
        pool: State before the sales.
        token_in: One of its tokens.
        fall_bps: Basis points, 1 to 9,999.

    Returns:
        Smallest units of the other token.

    Raises:
        RoutingError: If the token is not the pool's, or the fall out of range.
    """
    zero_for_one = is_zero_for_one(pool, token_in)
    if not 0 < fall_bps < 10_000:
        raise RoutingError(f"a fall of {fall_bps} bps", "not within 1 to 9,999", "200 is 2%")
    root = isqrt((10_000 - fall_bps) * _ONE * _ONE // 10_000)
    if isinstance(pool, V2Pool):
        reserve = pool.reserve1 if zero_for_one else pool.reserve0
        return reserve * (_ONE - root) // _ONE
    price = pool.sqrt_price_x96
    end = price * root // _ONE if zero_for_one else price * _ONE // root
    return _fall(pool, zero_for_one, min(max(end, MIN_SQRT_RATIO + 1), MAX_SQRT_RATIO - 1))


def _fall(pool: V3Pool, zero_for_one: bool, end: int) -> int:
    """Returns the output between the pool's price and `end`."""
    price, tick, liquidity, out = pool.sqrt_price_x96, pool.tick, pool.liquidity, 0
    while price != end:
        try:
            boundary, net = next_boundary(pool.ticks, pool.tick_spacing, tick, zero_for_one=zero_for_one)
        except IndexError:
            return out
        at_boundary = sqrt_ratio_at_tick(boundary)
        target = max(at_boundary, end) if zero_for_one else min(at_boundary, end)
        between = amount1_between if zero_for_one else amount0_between
        out += between(min(price, target), max(price, target), liquidity, round_up=False)
        if target == at_boundary:
            liquidity += -net if zero_for_one else net
            tick = boundary - 1 if zero_for_one else boundary
        price = target
    return out


def _v2_out(pool: V2Pool, zero_for_one: bool, amount_in: int) -> int:
    reserves = pool.reserve0, pool.reserve1
    reserve_in, reserve_out = reserves if zero_for_one else reserves[::-1]
    if reserve_in + amount_in > MAX_UINT112:
        raise InsufficientLiquidity(amount_in, f"overflows the reserve of {pool.address}", "trade less")
    less_fee = amount_in * (PIPS - pool.fee_pips)
    return less_fee * reserve_out // (reserve_in * PIPS + less_fee)


def _walk(pool: V3Pool, zero_for_one: bool, amount_in: int) -> tuple[int, V3Pool]:
    out, end = pool.ladder(zero_for_one).end(amount_in)
    return out, replace(pool, sqrt_price_x96=end.price, tick=end.tick, liquidity=end.liquidity)


def _check_amount(amount_in: int) -> None:
    if not 0 < amount_in <= MAX_INT256:
        raise RoutingError(f"amount {amount_in}", "not above zero, or beyond int256", "give smallest units")


def _check_common(address: str, token0: str, token1: str, fee_pips: int) -> None:
    if token0 == token1:
        raise RoutingError(f"pool {address}", "has one token twice", "give two tokens")
    if not 0 <= fee_pips < PIPS:
        raise RoutingError(f"fee {fee_pips} of {address}", "not within 0 to 999,999 pips", "3000 is 0.3%")
