"""Initialised ticks around a pool's price, out of the words of its bitmap (Uniswap V3 and V4)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from keepers.routing.v3_math import MAX_TICK, MIN_TICK

_AROUND = 2
"""Words of 256 tick spacings read on each side of a pool's price; quotes do not go further."""


@dataclass(frozen=True)
class TickWords:
    """Words of a pool's bitmap that are read.

    Attributes:
        tick: Tick of the pool's price.
        spacing: Distance between ticks that can be initialised.
    """

    tick: int
    spacing: int

    @property
    def words(self) -> range:
        """Positions of the words."""
        middle = self.tick // self.spacing >> 8
        lowest, highest = MIN_TICK // self.spacing >> 8, MAX_TICK // self.spacing >> 8
        return range(max(middle - _AROUND, lowest), min(middle + _AROUND, highest) + 1)

    def initialised(self, bitmaps: Iterable[tuple[int, int]]) -> Iterator[int]:
        """Ticks whose bits are set, from (position, word) of the bitmap."""
        for word, bitmap in bitmaps:
            for bit in range(256):
                if bitmap >> bit & 1:
                    yield (word * 256 + bit) * self.spacing

    def complete(self, nets: Mapping[int, int]) -> tuple[tuple[int, int], ...]:
        """(tick, liquidityNet), rising, with the ends of what was read even where nothing is initialised there."""
        lowest, highest = math.ceil(MIN_TICK / self.spacing), MAX_TICK // self.spacing
        first = max(self.words[0] * 256, lowest) * self.spacing
        last = min(self.words[-1] * 256 + 255, highest) * self.spacing
        return tuple(sorted({first: 0, last: 0, **nets}.items()))
