"""Pools of the CryptoSwap invariant, to the wei: Curve's two- and three-coin pools of volatile tokens.

Source: Egorov (2021), "Automatic market-making with dynamic peg". With balances x in units of the first coin at the
pool's price scale, K0 = n^n prod(x) / D^n and K = A K0 gamma^2 / (gamma + 1 - K0)^2, the invariant D solves
K D^(n-1) sum(x) + prod(x) = K D^n + (D / n)^n. How the last balance is found, and how each step rounds, is what the
deployed contracts do: Newton's method in the first generation, a cubic equation in Tricrypto-NG.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isqrt

from keepers.routing.errors import InsufficientLiquidity, RoutingError

ONE = 10**18
A_UNIT = 10_000
"""Factor by which the contracts keep A n^n."""
FEE_UNIT = 10**10
_ITERATIONS = 255
_LEAST_PART, _MOST_PART = 10**16, 10**20
"""Balances are between a hundredth of D and a hundred times it, WAD; otherwise the contracts revert."""
_CUBE = 27
_WIDE = 115792089237316195423570985008687907853269
"""Arguments of the cube root from which it is scaled by less, so that 2^256 holds them."""


@dataclass(frozen=True)
class CryptoPool:
    """Two tokens of a CryptoSwap pool of two or three.

    The state after a swap depends on the pool's oracle and on whether it moves its price scale. So it quotes once.

    Attributes:
        address: The market's key.
        token0, token1: Addresses, checksummed.
        source: Reserves that it trades out of (`Market.source`): pairs of one pool share it.
        balances: Smallest units of every coin, above zero.
        precisions: Factors that bring each balance to 18 decimals.
        prices: WAD worth of every coin in the first one at the centre of liquidity (`price_scale`), 1e18 for the first.
        index0, index1: Positions of token0 and token1 among the balances.
        amplification: A n^n, times 10,000 (`A`).
        gamma: WAD.
        invariant: D, 18 decimals.
        fees: Fee at the centre and far from it, ten-billionths (`mid_fee`, `out_fee`).
        fee_gamma: WAD; how fast the fee goes from one to the other.
        cubic: True if balances come from the cubic equation (Tricrypto-NG), three coins only.
        is_spent: True after a swap.

    Raises:
        RoutingError: If any of that does not hold.
    """

    address: str
    token0: str
    token1: str
    source: str
    balances: tuple[int, ...]
    precisions: tuple[int, ...]
    prices: tuple[int, ...]
    index0: int
    index1: int
    amplification: int
    gamma: int
    invariant: int
    fees: tuple[int, int]
    fee_gamma: int
    cubic: bool = False
    is_spent: bool = False

    def __post_init__(self) -> None:
        count = len(self.balances)
        if self.token0 == self.token1 or self.index0 == self.index1:
            raise RoutingError(f"pool {self.address}", "has one token twice", "give two tokens")
        fits = len(self.precisions) == len(self.prices) == count and max(self.index0, self.index1) < count
        if not fits or min(self.index0, self.index1) < 0 or not (count == 3 or (count == 2 and not self.cubic)):
            raise RoutingError(f"{count} balances of {self.address}", "do not fit the rest", "read the pool again")
        numbers = *self.balances, *self.precisions, *self.prices, self.amplification, self.gamma, self.invariant
        if min(numbers) <= 0 or self.fee_gamma <= 0 or not 0 <= min(self.fees) <= max(self.fees) < FEE_UNIT:
            raise RoutingError(f"pool {self.address}", "has a number out of range", "leave out empty pools")

    def ends(self, zero_for_one: bool) -> tuple[int, int]:
        """Positions of the coin that goes in, and of the one that comes out."""
        return (self.index0, self.index1) if zero_for_one else (self.index1, self.index0)

    def scaled(self, balances: Sequence[int]) -> list[int]:
        """Balances in units of the first coin, 18 decimals."""
        return [b * p * price // ONE for b, p, price in zip(balances, self.precisions, self.prices, strict=True)]


def crypto_out(pool: CryptoPool, zero_for_one: bool, amount_in: int) -> int:
    """Returns the output for an exact input, at least zero: `get_dy` of the pool.

    Raises:
        InsufficientLiquidity: If the balances would be too far apart, where the contract reverts, or after a swap.
    """
    index_in, index_out = pool.ends(zero_for_one)
    held = list(pool.balances)
    held[index_in] += amount_in
    scaled = pool.scaled(held)
    left = balance_left(pool, scaled, index_out)
    paid = max(0, scaled[index_out] - left - 1) * ONE // (pool.prices[index_out] * pool.precisions[index_out])
    scaled[index_out] = left
    return paid - fee_at(pool, scaled) * paid // FEE_UNIT


def after_crypto(pool: CryptoPool, zero_for_one: bool, amount_in: int) -> tuple[int, CryptoPool]:
    """Returns the output for an exact input, and the pool afterwards, which takes nothing more.

    Raises:
        InsufficientLiquidity: As `crypto_out`.
    """
    return crypto_out(pool, zero_for_one, amount_in), replace(pool, is_spent=True)


def fee_at(pool: CryptoPool, scaled: Sequence[int]) -> int:
    """Fee at scaled balances, ten-billionths: f of the first, the rest of the second.

    f is g / (g + 1 - K0), with K0 as if D were the sum of the balances.
    """
    total, evenness = sum(scaled), ONE
    if len(scaled) == 2:
        evenness = 4 * ONE * scaled[0] // total * scaled[1] // total
    else:
        for balance in scaled:
            evenness = evenness * len(scaled) * balance // total
    near = pool.fee_gamma * ONE // (pool.fee_gamma + ONE - evenness)
    return (pool.fees[0] * near + pool.fees[1] * (ONE - near)) // ONE


def balance_left(pool: CryptoPool, scaled: Sequence[int], index: int) -> int:
    """The scaled balance at an index that keeps D beside the others.

    Raises:
        InsufficientLiquidity: As `crypto_out`.
    """
    if pool.is_spent:
        raise InsufficientLiquidity(f"pool {pool.address}", "takes nothing after a swap", "read it again")
    others = [balance for position, balance in enumerate(scaled) if position != index]
    for balance in others:
        _check_part(pool, balance)
    found = _by_cubic(pool, others) if pool.cubic else None
    left = _by_newton(pool, others) if found is None else found
    _check_part(pool, left)
    return left


def _check_part(pool: CryptoPool, balance: int) -> None:
    if not _LEAST_PART <= balance * ONE // pool.invariant <= _MOST_PART:
        raise InsufficientLiquidity(f"pool {pool.address}", "has its balances too far apart after it", "trade less")


# -- Newton's method


def _by_newton(pool: CryptoPool, others: Sequence[int]) -> int:
    """newton_y of the first generation's math."""
    count, invariant, gamma = len(others) + 1, pool.invariant, pool.gamma
    ordered = sorted(others, reverse=True)
    left = _start(ordered, invariant)
    share = ONE
    for balance in ordered:
        share = share * balance * count // invariant
    limit, total = max(ordered[0] // 10**14, invariant // 10**14, 100), sum(ordered)
    for _ in range(_ITERATIONS):
        before = left
        k0 = share * left * count // invariant
        span = abs(gamma + ONE - k0) + 1
        weight = ONE * invariant // gamma * span // gamma * span * A_UNIT // pool.amplification
        steepness = ONE + 2 * ONE * k0 // span
        rise = ONE * left + (total + left) * steepness + weight - invariant * steepness
        if rise < 0:
            left = before // 2
            continue
        slope = rise // left
        less = weight // slope
        more = (rise + ONE * invariant) // slope + less * ONE // k0
        less += ONE * (total + left) // slope
        left = more - less if more >= less else before // 2
        if abs(left - before) < max(limit, left // 10**14):
            return left
    raise InsufficientLiquidity(f"pool {pool.address}", "its invariant does not settle", "leave the pool out")


def _start(ordered: Sequence[int], invariant: int) -> int:
    """Balance at which the product alone keeps D."""
    if len(ordered) == 1:
        return invariant * invariant // (ordered[0] * 4)
    left = invariant // 3
    for balance in reversed(ordered):
        left = left * invariant // (balance * 3)
    return left


# -- Tricrypto-NG


def _by_cubic(pool: CryptoPool, others: Sequence[int]) -> int | None:
    """get_y of Tricrypto-NG's math: the cubic equation in K0 by Cardano's formula; None where that has no real root.

    The coefficients are scaled so that their products stay in 256 bits; every division is rounded towards zero.
    """
    one, other = others
    invariant, gamma, amplified = pool.invariant, pool.gamma, pool.amplification
    square = gamma * gamma
    a = ONE**2 // _CUBE
    b = ONE**2 // 9 + 2 * ONE * gamma // _CUBE
    b -= invariant**2 // one * square * amplified // _CUBE**2 // A_UNIT // other
    excess = _toward_zero(square * (one + other - invariant), invariant) * amplified
    c = ONE**2 // 9 + gamma * (gamma + 4 * ONE) // _CUBE + _toward_zero(_toward_zero(excess, _CUBE), A_UNIT)
    d = (ONE + gamma) ** 2 // _CUBE
    coefficients = _scaled((a, b, c, d), abs(_toward_zero(3 * a * c, b) - b))
    root = _cardano(*coefficients)
    if root is None:
        return None
    return invariant * invariant // _CUBE // other * invariant // one * root // coefficients[0]


def _scaled(coefficients: tuple[int, int, int, int], spread: int) -> tuple[int, int, int, int]:
    """Coefficients divided by what their spread allows, and by the ratio of the first two."""
    first, second = abs(coefficients[0]), abs(coefficients[1])
    powers = (30, 26, 22, 18, 14, 10, 6, 2)
    divider = next((10**power for power in powers if spread > 10 ** (power + 18)), 1)
    if first > second:
        a, b, c, d = (_toward_zero(value * (first // second), divider) for value in coefficients)
    else:
        a, b, c, d = (_toward_zero(_toward_zero(value, second // first), divider) for value in coefficients)
    return a, b, c, d


def _cardano(a: int, b: int, c: int, d: int) -> int | None:
    product = 3 * a * c
    delta0 = _toward_zero(product, b) - b
    delta1 = _toward_zero(3 * product, b) - 2 * b - _toward_zero(_toward_zero(27 * a * a, b) * d, b)
    under = delta1 * delta1 + _toward_zero(4 * delta0 * delta0, b) * delta0
    if under <= 0:
        return None
    root = isqrt(under)
    second = _cube_root((delta1 + root) // 2) if delta1 > 0 else -_cube_root((root - delta1) // 2)
    first = _cube_root(abs(b))
    scale = _toward_zero(first * first // ONE * second, ONE)
    return _toward_zero(b + _toward_zero(b * delta0, scale) - scale, 3)


def _cube_root(value: int) -> int:
    """WAD cube root of a WAD, from a good start by seven of Newton's steps."""
    wide = value >= _WIDE * ONE
    scaled = value if wide else value * ONE if value >= _WIDE else value * ONE**2
    bits = max(scaled.bit_length() - 1, 0)
    found: int = (1 << bits // 3) * 1260 ** (bits % 3) // 1000 ** (bits % 3)
    for _ in range(7):
        found = (2 * found + scaled // (found * found)) // 3
    return found * 10**12 if wide else found * 10**6 if value >= _WIDE else found


def _toward_zero(value: int, by: int) -> int:
    """Signed division as the EVM does it."""
    quotient = abs(value) // abs(by)
    return quotient if (value < 0) == (by < 0) else -quotient
