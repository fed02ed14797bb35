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
    """Curve, most pools: the fee is taken from the output before it is scaled to the token's decimals."""
    CURVE_3POOL = "curve-3pool"
    """Curve's first pools: the output is scaled first, then the fee taken."""


_AMP_PRECISION = {StableKind.BALANCER: 1000, StableKind.CURVE: 100, StableKind.CURVE_3POOL: 1}


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
    """Returns the output for an exact input, at least zero.

    Raises:
        InsufficientLiquidity: If the iteration does not settle, as the contract would revert.
    """
    index_in, index_out = (pool.index0, pool.index1) if zero_for_one else (pool.index1, pool.index0)
    scaled = [balance * rate // ONE for balance, rate in zip(pool.balances, pool.rates, strict=True)]
    rate_in, rate_out = pool.rates[index_in], pool.rates[index_out]
    if pool.kind is StableKind.BALANCER:
        amount = (amount_in - -(-amount_in * pool.fee // ONE)) * rate_in // ONE
        invariant = _invariant(pool, scaled)
        scaled[index_in] += amount
        left = _balancer_balance(pool, scaled, invariant, index_out)
        return max(0, scaled[index_out] - left - 1) * ONE // rate_out
    invariant = _invariant(pool, scaled)
    scaled[index_in] += amount_in * rate_in // ONE
    paid = max(0, scaled[index_out] - _curve_balance(pool, scaled, invariant, index_out) - 1)
    if pool.kind is StableKind.CURVE_3POOL:
        paid = paid * ONE // rate_out
        return paid - paid * pool.fee // ONE
    return (paid - paid * pool.fee // ONE) * ONE // rate_out


def precision_of(kind: StableKind) -> int:
    """Factor by which the contracts of a kind keep their amplification."""
    return _AMP_PRECISION[kind]


def scaled_invariant(pool: StablePool) -> int:
    """D of the pool's balances, 18 decimals.

    Raises:
        InsufficientLiquidity: If the iteration does not settle.
    """
    return _invariant(pool, [balance * rate // ONE for balance, rate in zip(pool.balances, pool.rates, strict=True)])


def after_swap(pool: StablePool, zero_for_one: bool, amount_in: int, amount_out: int) -> StablePool:
    """The pool with an input added to its balances and an output taken off."""
    balances = list(pool.balances)
    index_in, index_out = (pool.index0, pool.index1) if zero_for_one else (pool.index1, pool.index0)
    balances[index_in] += amount_in
    balances[index_out] -= amount_out
    return replace(pool, balances=tuple(balances))


def _invariant(pool: StablePool, balances: Sequence[int]) -> int:
    """D by Newton's method: StableMath.calculateInvariant of Balancer and get_D of Curve round alike."""
    total, count, precision = sum(balances), len(balances), _AMP_PRECISION[pool.kind]
    amplified = pool.amplification * count
    invariant = total
    for _ in range(_ITERATIONS):
        product = invariant
        for balance in balances:
            product = product * invariant // (balance * count)
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
