"""Depth, impact and slippage of a constant product, which every pool's liquidity is for small trades.

Sources: Adams, Zinsmeister and Robinson (2020), "Uniswap v2 Core", for the reserves; Adams et al. (2021), "Uniswap v3
Core", equations 2.1 and 2.2, for the virtual reserves L / sqrt(P) and L sqrt(P) of a range.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FALL = 0.01
"""Fall of the marginal price that the depth is measured up to."""
REACH = float(1 / np.sqrt(1 - FALL) - 1)
"""Depth over the input's reserve: (1 + REACH)^-2 is 1 - FALL."""


def depth_of(reserve: Array) -> Array:
    """Input net of the fee that moves the marginal price by `FALL`, in the unit of the reserve.

    Args:
        reserve: Reserve of the input, or its virtual reserve; the sum over pools for an order that is divided among
            pools of one price as their reserves are.
    """
    found: Array = reserve * REACH
    return found


def impact_of(amount: Array | float, depth: Array, fee: float) -> Array:
    """Logarithm of the marginal price over the average price of an order, the fee left out: ln(1 + x / R).

    Args:
        amount: Input, in the unit of the depth.
        depth: See `depth_of`.
        fee: Fraction of the input.
    """
    found: Array = np.log1p(amount * (1 - fee) * REACH / depth)
    return found


def slippage_of(amount: Array | float, depth: Array, fee: float, drift: Array | float) -> Array:
    """Logarithm of what the order was worth at the quoted marginal price over what it brings: impact, fee and drift.

    Args:
        amount, depth, fee: See `impact_of`; the depth is that of the fill.
        drift: Logarithm of the marginal price at the fill over that of the quote, output per input.
    """
    found: Array = impact_of(amount, depth, fee) - np.log1p(-fee) - drift
    return found


def share_of(logarithm: Array | float) -> Array:
    """The fraction of an output that is missed, for a logarithm of `impact_of` or `slippage_of`."""
    found: Array = -np.expm1(-np.asarray(logarithm, dtype=np.float64))
    return found
