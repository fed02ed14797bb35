"""Futures that did not happen: the ways in which an audit changes rows after a decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Kind = Literal["truncated", "noise", "raised", "lowered", "missing"]
KINDS: tuple[Kind, ...] = ("truncated", "noise", "raised", "lowered", "missing")
"""Rows are dropped; each cell moves on its own; all cells move up, or down, together; cells are not there."""

LEVEL = 7.0
"""Factor of raised and lowered rows: beyond every maximum, minimum and quantile of most histories."""
_NOISE = 0.5


@dataclass(frozen=True)
class Change:
    """A change of the rows after one and up to another.

    Attributes:
        kind: Way in which they change.
        after: The last row that stays as it was.
        until: The last row that changes; a truncation drops all rows after `after`.
        inputs: Columns that change; all for None.
    """

    kind: Kind
    after: int
    until: int
    inputs: tuple[str, ...] | None = None

    def touches(self, name: str) -> bool:
        """True if a column changes."""
        return self.inputs is None or name in self.inputs


def moved(values: Array, kind: Kind, column: int, seed: int) -> Array:
    """A whole column as it would look if every row were changed; a caller takes the rows that a change names.

    The change of a row does not depend on which other rows change, so that a search can bisect. Columns
    without a zero or a change of sign are multiplied, so that prices stay prices; others are shifted by multiples of
    their spread.

    Args:
        values: (rows,) or (rows, assets), may have NaN.
        kind: Any but `truncated`.
        column: Number of the column, so that columns move independently of each other.
        seed: The same seed gives the same numbers.
    """
    if kind == "missing":
        return np.full_like(values, np.nan)
    if kind == "noise":
        shock = _NOISE * np.random.default_rng([seed, column]).standard_normal(values.shape)
        # No cell stays nearly as it was.
        shock += np.where(shock < 0, -0.1, 0.1)
    else:
        shock = np.full(values.shape, np.log(LEVEL) if kind == "raised" else -np.log(LEVEL))
    finite = values[np.isfinite(values)]
    one_sign = finite.size > 0 and bool(np.all(finite > 0) or np.all(finite < 0))
    if one_sign:
        return np.asarray(values * np.exp(shock), dtype=np.float64)
    spread = float(np.abs(finite).max()) if finite.size else 0.0
    return np.asarray(values + (spread or 1.0) * shock * LEVEL, dtype=np.float64)
