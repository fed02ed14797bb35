"""Markets whose maths may be known, held against what the chain says that they pay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.pools import Pool, is_zero_for_one, quote

Asked = Sequence[tuple[int, int]]
"""(input, what the chain said it pays, or 0 where it refused), smallest units."""


@dataclass(frozen=True)
class Known:
    """A market's state under one reading of it.

    Attributes:
        pool: State.
        told: Answer of the lens for an input of token0 (True) or token1, smallest units; None where it is what the
            pool pays.
    """

    pool: Pool
    told: Callable[[bool, int], int] | None = None


def agrees(known: Known, up: Asked, down: Asked) -> bool:
    """Returns True if a market says what the chain quoted, in either direction that the chain pays for.

    Where the market cannot say what it pays it agrees with anything; where the chain refuses it has to pay nothing.
    """
    matches = 0
    pool = known.pool
    for token, asked in ((pool.token0, up), (pool.token1, down)):
        for amount, paid in asked:
            try:
                said = _told(known, token, amount)
            except InsufficientLiquidity:
                continue
            if said != paid:
                return False
            matches += paid > 0
    return matches > 0


def _told(known: Known, token: str, amount: int) -> int:
    if known.told is None:
        return quote(known.pool, token, amount)
    return known.told(is_zero_for_one(known.pool, token), amount)
