"""Pools of the StableSwap invariant, to the wei: Balancer's stable pools and Curve's plain pools.

Source: Egorov (2019), "StableSwap: efficient mechanism for stablecoin liquidity". The invariant D solves
A n^n sum(x) + D = A n^n D + D^(n+1) / (n^n prod(x)); how each iteration rounds is what the deployed contracts do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from keepers.routing.errors import InsufficientLiquidity, RoutingError

ONE = 10**18
_ITERATIONS = 255


class StableKind(Enum):
    """Contracts that compute the same invariant, with their own rounding and order of fees."""

    BALANCER = "balancer"
    """Balancer V2: the fee is taken from the input, WAD."""
    CURVE = "curve"
    """Curve's plain pools: the fee is taken from the output before it is scaled to the token's decimals."""
    CURVE_3POOL = "curve-3pool"
    """Curve's first pools (3pool): as the plain ones, with an amplification of whole numbers."""
    CURVE_NG = "curve-ng"
    """StableSwap-NG: the fee grows as the two balances part, and the product for D is divided once at its end."""


_AMP_PRECISION = {
    StableKind.BALANCER: 1000,
    StableKind.CURVE: 100,
    StableKind.CURVE_3POOL: 1,
    StableKind.CURVE_NG: 100,
}
_FEE_GRAIN = 10**8
"""WAD of the unit in which StableSwap-NG rounds its fee, a ten-billionth."""


@dataclass(frozen=True)
class StablePool:
    """Two tokens of a stable pool, which may hold more of them.

    Attributes:
        address: The market's key.
        token0, token1: Addresses, checksummed.
        source: Reserves that it trades out of (`Market.source`): pairs of one pool share it.
        kind: Contract whose rounding counts.
        balances: Smallest units of every token of the pool, above zero.
        rates: WAD factors that bring each balance to 18 decimals (1e18 for a token of 18 decimals, 1e30 for one of 6).
        index0, index1: Positions of token0 and token1 among the balances.
        amplification: A n^(n-1), times the precision of the kind (1000 Balancer, 100 Curve, 1 Curve's first pools).
        fee: WAD part.
        off_peg: WAD multiple of the fee where the balances are far apart; StableSwap-NG only, 1e18 or less for none.
        admin_fee: WAD part of the fee that leaves the pool's balances; Curve only.

    Raises:
        RoutingError: If any of that does not hold.
    """

    address: str
    token0: str
    token1: str
    source: str
    kind: StableKind
    balances: tuple[int, ...]
    rates: tuple[int, ...]
    index0: int
    index1: int
    amplification: int
    fee: int
    off_peg: int = 0
    admin_fee: int = 0

    def __post_init__(self) -> None:
        count = len(self.balances)
        if self.token0 == self.token1 or self.index0 == self.index1:
            raise RoutingError(f"pool {self.address}", "has one token twice", "give two tokens")
        if len(self.rates) != count or not (0 <= self.index0 < count and 0 <= self.index1 < count):
            given = f"{len(self.rates)} rates, indices {self.index0}, {self.index1}"
            raise RoutingError(f"{given} of {self.address}", f"do not fit {count} balances", "read the pool again")
        if min(self.balances) <= 0 or min(self.rates) <= 0 or self.amplification <= 0 or not 0 <= self.fee < ONE:
            raise RoutingError(f"pool {self.address}", "has a number out of range", "leave out empty pools")


def stable_out(pool: StablePool, zero_for_one: bool, amount_in: int) -> int:
    """Returns the output for an exact input, at least zero: what `onSwap` of Balancer and `exchange` of Curve pay.

    Raises:
        InsufficientLiquidity: If the iteration does not settle, as the contract would revert.
    """
    return _traded(pool, zero_for_one, amount_in)[0]


def told_by_first_pools(pool: StablePool, zero_for_one: bool, amount_in: int) -> int:
    """Returns the answer of `get_dy` of Curve's first pools (3pool), which is not what their `exchange` pays.

    There the output is scaled to the token's decimals first and the fee taken from whole units, so that the answer may
    be a unit above the payment.

    Raises:
        InsufficientLiquidity: If the iteration does not settle.
    """
    rate_out = pool.rates[pool.index1 if zero_for_one else pool.index0]
    whole = _before_fee(pool, zero_for_one, amount_in)[0] * ONE // rate_out
    return whole - whole * pool.fee // ONE


def precision_of(kind: StableKind) -> int:
    """Factor by which the contracts of a kind keep their amplification."""
    return _AMP_PRECISION[kind]


def scaled_invariant(pool: StablePool) -> int:
    """D of the pool's balances, 18 decimals.

    Raises:
        InsufficientLiquidity: If the iteration does not settle.
    """
    return _invariant(pool, [balance * rate // ONE for balance, rate in zip(pool.balances, pool.rates, strict=True)])


def after_swap(pool: StablePool, zero_for_one: bool, amount_in: int) -> tuple[int, StablePool]:
    """Returns the output for an exact input, and the pool with the input added and what left it taken off.

    Raises:
        InsufficientLiquidity: If the iteration does not settle.
    """
    paid, taken = _traded(pool, zero_for_one, amount_in)
    balances = list(pool.balances)
    index_in, index_out = (pool.index0, pool.index1) if zero_for_one else (pool.index1, pool.index0)
    balances[index_in] += amount_in
    balances[index_out] -= paid + taken
    return paid, replace(pool, balances=tuple(balances))


def _traded(pool: StablePool, zero_for_one: bool, amount_in: int) -> tuple[int, int]:
    """Output, and the part of the fee that leaves the balances with it; smallest units of the token out."""
    rate_out = pool.rates[pool.index1 if zero_for_one else pool.index0]
    paid, fee = _before_fee(pool, zero_for_one, amount_in)
    if pool.kind is StableKind.BALANCER:
        return paid * ONE // rate_out, 0
    charged = paid * fee // ONE
    return (paid - charged) * ONE // rate_out, charged * pool.admin_fee // ONE * ONE // rate_out


def _before_fee(pool: StablePool, zero_for_one: bool, amount_in: int) -> tuple[int, int]:
    """Output before a fee that is taken from it, 18 decimals, and that fee (WAD)."""
    index_in, index_out = (pool.index0, pool.index1) if zero_for_one else (pool.index1, pool.index0)
    scaled = [balance * rate // ONE for balance, rate in zip(pool.balances, pool.rates, strict=True)]
    rate_in, before = pool.rates[index_in], tuple(scaled)
    invariant = _invariant(pool, scaled)
    if pool.kind is StableKind.BALANCER:
        scaled[index_in] += (amount_in - -(-amount_in * pool.fee // ONE)) * rate_in // ONE
        left = _balancer_balance(pool, scaled, invariant, index_out)
        return max(0, scaled[index_out] - left - 1), 0
    scaled[index_in] += amount_in * rate_in // ONE
    left = _curve_balance(pool, scaled, invariant, index_out)
    halfway = (before[index_in] + scaled[index_in]) // 2, (before[index_out] + left) // 2
    return max(0, scaled[index_out] - left - 1), _fee(pool, *halfway)


def _fee(pool: StablePool, one: int, other: int) -> int:
    """WAD fee at two balances of 18 decimals: StableSwap-NG's _dynamic_fee, rounded in ten-billionths as there."""
    if pool.kind is not StableKind.CURVE_NG or pool.off_peg <= ONE:
        return pool.fee
    unit, most, least = ONE // _FEE_GRAIN, pool.off_peg // _FEE_GRAIN, pool.fee // _FEE_GRAIN
    return most * least // ((most - unit) * 4 * one * other // (one + other) ** 2 + unit) * _FEE_GRAIN


def _invariant(pool: StablePool, balances: Sequence[int]) -> int:
    """D by Newton's method: StableMath.calculateInvariant of Balancer and get_D of Curve's older pools round alike."""
    total, count, precision = sum(balances), len(balances), _AMP_PRECISION[pool.kind]
    amplified = pool.amplification * count
    invariant = total
    share, rest = (1, count**count) if pool.kind is StableKind.CURVE_NG else (count, 1)
    for _ in range(_ITERATIONS):
        product = invariant
        for balance in balances:
            product = product * invariant // (balance * share)
        product //= rest
        before = invariant
        upper = (amplified * total // precision + product * count) * invariant
        lower = (amplified - precision) * invariant // precision + (count + 1) * product
        invariant = upper // lower
        if abs(invariant - before) <= 1:
            return invariant
    raise _unsettled(pool)


def _balancer_balance(pool: StablePool, balances: Sequence[int], invariant: int, index: int) -> int:
    """The balance that keeps D, rounded up: StableMath's getTokenBalanceGivenInvariantAndAllOtherBalances."""
    count, precision = len(balances), _AMP_PRECISION[pool.kind]
    amplified = pool.amplification * count
    product = balances[0] * count
    for balance in balances[1:]:
        product = product * balance * count // invariant
    others = sum(balances) - balances[index]
    square = invariant * invariant
    c = -(-square // (amplified * product)) * precision * balances[index]
    b = others + invariant // amplified * precision
    found = -(-(square + c) // (invariant + b))
    for _ in range(_ITERATIONS):
        before = found
        found = -(-(found * found + c) // (2 * found + b - invariant))
        if abs(found - before) <= 1:
            return found
    raise _unsettled(pool)


def _curve_balance(pool: StablePool, balances: Sequence[int], invariant: int, index: int) -> int:
    """The balance that keeps D: the pool's get_y."""
    count, precision = len(balances), _AMP_PRECISION[pool.kind]
    amplified = pool.amplification * count
    c, others = invariant, 0
    for position, balance in enumerate(balances):
        if position != index:
            others += balance
            c = c * invariant // (balance * count)
    c = c * invariant * precision // (amplified * count)
    b = others + invariant * precision // amplified
    found = invariant
    for _ in range(_ITERATIONS):
        before = found
        found = (found * found + c) // (2 * found + b - invariant)
        if abs(found - before) <= 1:
            return found
    raise _unsettled(pool)


def _unsettled(pool: StablePool) -> InsufficientLiquidity:
    return InsufficientLiquidity(f"pool {pool.address}", "its invariant does not settle", "leave the pool out")
