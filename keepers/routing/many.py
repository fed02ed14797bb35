"""Quotes of one pool for many amounts at once, equal to `pools.quote` for each of them.

What does not depend on the amount is computed once: the fee and the reserves of a constant product, the steps of a pool
of concentrated liquidity. The rest are the contracts' own integer divisions, which need up to 256 bits; Python's whole
numbers have them, and numpy's do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keepers.routing.errors import InsufficientLiquidity, RoutingError
from keepers.routing.pools import MAX_INT256, MAX_UINT112, Pool, V2Pool, V3Pool, is_zero_for_one, quote
from keepers.routing.v3_math import PIPS


def quotes(pool: Pool, token_in: str, amounts: Sequence[int]) -> list[int | None]:
    """Returns the pool's output for each exact input, every time from the same state.

    Args:
        pool: State before each swap.
        token_in: One of its tokens.
        amounts: Smallest units, each above zero, fee included.

    Returns:
        Smallest units of the other token; None where the pool cannot take all of the amount.

    Raises:
        RoutingError: If an amount is not above zero, or the token not the pool's.
    """
    zero_for_one = is_zero_for_one(pool, token_in)
    for amount in (min(amounts, default=1), max(amounts, default=1)):
        if not 0 < amount <= MAX_INT256:
            raise RoutingError(f"amount {amount}", "not above zero, or beyond int256", "give smallest units")
    if isinstance(pool, V2Pool):
        return _constant_product(pool, zero_for_one, amounts)
    if isinstance(pool, V3Pool):
        return _each(pool.ladder(zero_for_one).out, amounts)
    return _each(lambda amount: quote(pool, token_in, amount), amounts)


def _constant_product(pool: V2Pool, zero_for_one: bool, amounts: Sequence[int]) -> list[int | None]:
    held, paid = (pool.reserve0, pool.reserve1) if zero_for_one else (pool.reserve1, pool.reserve0)
    kept, room = PIPS - pool.fee_pips, MAX_UINT112 - held
    most, whole = kept * paid, held * PIPS
    if max(amounts, default=0) <= room:
        return [amount * most // (whole + amount * kept) for amount in amounts]
    return [amount * most // (whole + amount * kept) if amount <= room else None for amount in amounts]


def _each(out: Callable[[int], int], amounts: Sequence[int]) -> list[int | None]:
    """Outputs one by one; exceptions cost nothing where none is raised."""
    found: list[int | None] = []
    for amount in amounts:
        try:
            found.append(out(amount))
        except InsufficientLiquidity:
            found.append(None)
    return found
