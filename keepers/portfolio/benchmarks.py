"""Baselines: paths of the same assets without a keeper, limits, costs or cash."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def buy_and_hold(closes: Array) -> Array:
    """Equal money in each asset on the first day, and no trade after it.

    Args:
        closes: (days, assets).

    Returns:
        (days,), value of one unit that was invested on the first day.
    """
    value: Array = (closes / closes[0]).mean(axis=1)
    return value


def equal_weight(closes: Array) -> Array:
    """Equal weights again at every close; arguments and outcome as `buy_and_hold`."""
    growth = 1 + (closes[1:] / closes[:-1] - 1).mean(axis=1)
    value: Array = np.concatenate([[1.0], np.cumprod(growth)])
    return value
