"""Falls of the market that a history holds, found by a rule and not by their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from keepers.risk.errors import RiskError

Array = NDArray[np.float64]

DEPTH = 0.15
"""Minimum fall of an episode."""


@dataclass(frozen=True, eq=False)
class Episode:
    """A fall from a high to the lowest close before the next high.

    Attributes:
        high, low: Days of both; `high` is the day before the first return of the fall.
        depth: Fall of the market, fraction of its high.
        falls: (assets,), return of each asset from the high to the low.
    """

    high: date
    low: date
    depth: float
    falls: Array


def find_episodes(dates: Sequence[date], returns: Array, depth: float = DEPTH) -> list[Episode]:
    """All falls of at least `depth`, in order of time.

    The market is an equal weight of all assets, brought back to it every day. A fall begins at a high and ends with
    the next one, or with the data; its low is the lowest close between them.

    Args:
        dates: Day of each return.
        returns: (days, assets), simple daily returns, oldest first.
        depth: Minimum fall, a fraction.

    Raises:
        RiskError: If shapes differ, a return is not finite, or the depth is not between 0 and 1.
    """
    if returns.ndim != 2 or len(dates) != returns.shape[0] or not np.all(np.isfinite(returns)):
        raise RiskError(f"returns {returns.shape}, {len(dates)} days", "do not fit", "give a day for each row")
    if not 0 < depth < 1:
        raise RiskError(f"depth {depth}", "not between 0 and 1", "give 0.15 for 15%")
    market = np.concatenate([[1.0], np.cumprod(1 + returns.mean(axis=1))])
    highs = np.flatnonzero(market >= np.maximum.accumulate(market))
    found = []
    for start, end in zip(highs, np.append(highs[1:], market.size), strict=True):
        if end - start < 2:
            continue
        low = start + int(np.argmin(market[start:end]))
        fall = 1 - float(market[low] / market[start])
        if fall >= depth:
            moves = np.prod(1 + returns[start:low], axis=0) - 1
            found.append(Episode(dates[max(start - 1, 0)], dates[low - 1], fall, moves))
    return found


def episode_losses(episodes: Sequence[Episode], weights: Array) -> Array:
    """Loss of a portfolio that is held through each episode, fraction of NAV; a gain is negative.

    Raises:
        RiskError: If the weights are not one for each asset.
    """
    for episode in episodes:
        if weights.shape != episode.falls.shape:
            raise RiskError(f"weights {weights.shape}", f"not {episode.falls.shape}", "give one for each asset")
    return np.array([-float(weights @ episode.falls) for episode in episodes])
