"""Past winners go on winning for a while: a signal with two numbers to choose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keepers.signals.errors import SignalError

Array = NDArray[np.float64]


def momentum(closes: Array, scale: float, *, lookback_days: int = 252, skip_days: int = 21) -> Array:
    """Expected daily returns from each asset's return over the last twelve months but the latest.

    Source: Jegadeesh and Titman (1993), "Returns to buying winners and selling losers", J. Finance 48(1),
    section I; the latest month is left out because returns reverse over a month (Jegadeesh 1990, J. Finance
    45(3)). The past returns are standardised across assets (mean 0, population standard deviation 1) and
    multiplied by `scale`; they are all zero where the assets cannot be told apart.

    Args:
        closes: (days, assets), positive, oldest first; the last row is what is known now.
        scale: Expected daily return, a fraction, of an asset one standard deviation above the mean.
        lookback_days: Trading days back to the start of the window.
        skip_days: Trading days back to its end.

    Returns:
        (assets,), fractions a day; they sum to zero.

    Raises:
        SignalError: If there are too few days, the window is empty, or a close is not positive and finite.
    """
    _check(closes, lookback_days, skip_days)
    past = closes[-1 - skip_days] / closes[-1 - lookback_days] - 1.0
    excess = past - past.mean()
    spread = float(excess.std())
    if spread <= 1e-12 * max(1.0, float(np.abs(past).max())):
        return np.zeros_like(past)
    expected: Array = scale * excess / spread
    return expected


def _check(closes: Array, lookback_days: int, skip_days: int) -> None:
    if not 0 <= skip_days < lookback_days:
        raise SignalError(f"window {lookback_days} to {skip_days} days ago", "empty", "look back further than you skip")
    if closes.ndim != 2 or closes.shape[1] == 0:
        raise SignalError(f"closes of shape {closes.shape}", "not (days, assets)", "give a column an asset")
    if closes.shape[0] <= lookback_days:
        raise SignalError(f"{closes.shape[0]} days", f"{lookback_days + 1} are needed", "give a longer history")
    if not np.all(np.isfinite(closes) & (closes > 0)):
        raise SignalError("closes", "not all positive and finite", "clean the prices")
