"""Weighted pools of Balancer V2, to the wei: the Vault's scaling, the pool's fee, and its fixed-point power.

Source: Martinelli and Mushegian (2019), "Balancer whitepaper", out given in; which way each step rounds, always in
favour of the pool, is what the deployed contracts do (FixedPoint, LogExpMath, WeightedMath of Balancer V2).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext

from keepers.routing.errors import InsufficientLiquidity, RoutingError

ONE = 10**18
MAX_RATIO = 3 * 10**17
"""The Vault's weighted pools take at most this part of a balance in one swap (WAD), and give at most as much."""

_ONE_20, _ONE_36 = 10**20, 10**36
_LN_36_LOWER, _LN_36_UPPER = ONE - 10**17, ONE + 10**17
_POWER_ERROR = 10_000
"""The contracts' own bound on the relative error of a power, in units of 1e-18."""


def _exponentials() -> tuple[tuple[int, int], ...]:
    """(x, e^x) for x = 128, 64 (18 decimals; e^x whole) and 32 down to 1/16 (20 decimals), e^x to 21 digits."""
    with localcontext() as context:
        context.prec = 60
        pairs = []
        for power in range(7, -5, -1):
            x = Decimal(2) ** power
            value = x.exp()
            digits = Decimal(10) ** (value.adjusted() - 20)
            rounded = (value / digits).to_integral_value() * digits
            scale = 18 if power >= 6 else 20
            pairs.append((int(x * 10**scale), int(rounded if power >= 6 else rounded * _ONE_20)))
    return tuple(pairs)


_EXPONENTIALS = _exponentials()


@dataclass(frozen=True)
class WeightedPool:
    """Two tokens of a weighted pool, which may hold more of them.

    Attributes:
        address: The market's key.
        token0, token1: Addresses, checksummed.
        source: Reserves that it trades out of (`Market.source`): pairs of one pool share it.
        balance0, balance1: Smallest units, above zero.
        weight0, weight1: WAD, as the pool normalises them.
        fee: WAD part of the input.
        decimals0, decimals1: Decimals of the tokens, 0 to 18.

    Raises:
        RoutingError: If any of that does not hold.
    """

    address: str
    token0: str
    token1: str
    source: str
    balance0: int
    balance1: int
    weight0: int
    weight1: int
    fee: int
    decimals0: int = 18
    decimals1: int = 18

    def __post_init__(self) -> None:
        if self.token0 == self.token1:
            raise RoutingError(f"pool {self.address}", "has one token twice", "give two tokens")
        if min(self.balance0, self.balance1) <= 0 or not (0 < self.weight0 < ONE and 0 < self.weight1 < ONE):
            given = f"balances {self.balance0}, {self.balance1}, weights {self.weight0}, {self.weight1}"
            raise RoutingError(f"{given} of {self.address}", "out of range", "leave out empty pools")
        if not (0 <= self.fee < ONE and 0 <= self.decimals0 <= 18 and 0 <= self.decimals1 <= 18):
            given = f"fee {self.fee}, decimals {self.decimals0}, {self.decimals1} of {self.address}"
            raise RoutingError(given, "out of range", "read the pool again")


def weighted_out(pool: WeightedPool, zero_for_one: bool, amount_in: int) -> int:
    """Returns the output for an exact input: the Vault's `swap` with `GIVEN_IN`.

    Raises:
        InsufficientLiquidity: If it is above 30% of the pool's balance of the input.
    """
    ends = (pool.balance0, pool.weight0, pool.decimals0), (pool.balance1, pool.weight1, pool.decimals1)
    (balance_in, weight_in, decimals_in), (balance_out, weight_out, decimals_out) = ends if zero_for_one else ends[::-1]
    up_in, up_out = 10 ** (18 - decimals_in), 10 ** (18 - decimals_out)
    amount = (amount_in - mul_up(amount_in, pool.fee)) * up_in
    balance_in, balance_out = balance_in * up_in, balance_out * up_out
    if amount > balance_in * MAX_RATIO // ONE:
        raise InsufficientLiquidity(amount_in, f"is above 30% of the balance of {pool.address}", "trade less")
    base = div_up(balance_in, balance_in + amount)
    power = pow_up(base, weight_in * ONE // weight_out)
    paid: int = balance_out * max(0, ONE - power) // ONE // up_out
    return paid


def mul_up(one: int, other: int) -> int:
    """Product of two WAD numbers, rounded up."""
    return -(-one * other // ONE)


def div_up(numerator: int, denominator: int) -> int:
    """Quotient of two WAD numbers, rounded up."""
    return -(-numerator * ONE // denominator)


def pow_up(base: int, exponent: int) -> int:
    """`base` to the power of `exponent`, both WAD, at least the true value: FixedPoint.powUp."""
    if exponent == ONE:
        return base
    if exponent == 2 * ONE:
        return mul_up(base, base)
    if exponent == 4 * ONE:
        square = mul_up(base, base)
        return mul_up(square, square)
    raw = _pow(base, exponent)
    return raw + mul_up(raw, _POWER_ERROR) + 1


def _pow(base: int, exponent: int) -> int:
    """LogExpMath.pow: e^(exponent ln base), with 36 decimals of the logarithm near one."""
    if exponent == 0:
        return ONE
    if base == 0:
        return 0
    if _LN_36_LOWER < base < _LN_36_UPPER:
        ln = _ln_36(base)
        # Solidity truncates towards zero, and so do both divisions here.
        whole, part = _trunc(ln, ONE), ln - _trunc(ln, ONE) * ONE
        product = whole * exponent + _trunc(part * exponent, ONE)
    else:
        product = _ln(base) * exponent
    return _exp(_trunc(product, ONE))


def _trunc(numerator: int, denominator: int) -> int:
    return numerator // denominator if numerator >= 0 else -(-numerator // denominator)


def _exp(x: int) -> int:
    """e^x for a WAD x: factors of two at a time, then twelve terms of Taylor's series."""
    if x < 0:
        return ONE * ONE // _exp(-x)
    first = 1
    for step, power in _EXPONENTIALS[:2]:
        if x >= step:
            x, first = x - step, power
            break
    x *= 100
    product = _ONE_20
    for step, power in _EXPONENTIALS[2:10]:
        if x >= step:
            x -= step
            product = product * power // _ONE_20
    series = term = _ONE_20
    for n in range(1, 13):
        term = term * x // _ONE_20 // n
        series += term
    return product * series // _ONE_20 * first // 100


def _ln(a: int) -> int:
    """Natural logarithm of a WAD number, WAD."""
    if a < ONE:
        return -_ln(ONE * ONE // a)
    total = 0
    for step, power in _EXPONENTIALS[:2]:
        if a >= power * ONE:
            a //= power
            total += step
    total *= 100
    a *= 100
    for step, power in _EXPONENTIALS[2:]:
        if a >= power:
            a = a * _ONE_20 // power
            total += step
    z = (a - _ONE_20) * _ONE_20 // (a + _ONE_20)
    return (total + _atanh_series(z, _ONE_20, 11)) // 100


def _ln_36(x: int) -> int:
    """Natural logarithm of a WAD number near one, 36 decimals."""
    x *= ONE
    z = _trunc((x - _ONE_36) * _ONE_36, x + _ONE_36)
    return _atanh_series(z, _ONE_36, 15)


def _atanh_series(z: int, one: int, last: int) -> int:
    """2 (z + z^3/3 + ... + z^last/last), each term truncated."""
    squared = _trunc(z * z, one)
    term = series = z
    for n in range(3, last + 1, 2):
        term = _trunc(term * squared, one)
        series += _trunc(term, n)
    return 2 * series
