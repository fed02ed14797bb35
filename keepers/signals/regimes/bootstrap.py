"""Intervals of means over days that depend on each other: the stationary bootstrap."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from keepers.signals.errors import SignalError

Array = NDArray[np.float64]

_AT_ONCE = 2_000_000


def resampled_means(values: Array, block: float, resamples: int, seed: int) -> Array:
    """Means of resamples of days, the same days for all columns.

    A resample is made of stretches of the days, which begin anywhere with equal chance, have lengths of a geometric
    distribution, and go on from the last day to the first. Source: Politis and Romano (1994), "The stationary
    bootstrap", J. of the American Statistical Association 89(428).

    Args:
        values: (days, columns).
        block: Mean length of a stretch, days.
        resamples: Number of resamples.
        seed: The same seed gives the same resamples.

    Returns:
        (resamples, columns).

    Raises:
        SignalError: If there is no day, or the block or the number makes none.
    """
    if values.ndim != 2 or not values.shape[0]:
        raise SignalError(f"values of shape {values.shape}", "not (days, columns)", "give at least one day")
    if block < 1 or resamples < 1:
        raise SignalError(f"{resamples} resamples in blocks of {block}", "none", "give 1 or more of each")
    # Each day counts as often as it was drawn, so that a resample is one product of counts and values.
    parts = [counts @ values / values.shape[0] for counts in _counts(values.shape[0], block, resamples, seed)]
    return np.concatenate(parts)


def interval(means: Array, confidence: float = 0.95) -> tuple[Array, Array]:
    """Lower and upper ends of the percentile interval of each column."""
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return low, high


def _counts(days: int, block: float, resamples: int, seed: int) -> Iterator[Array]:
    rng = np.random.default_rng(seed)
    step = max(1, _AT_ONCE // days)
    for begin in range(0, resamples, step):
        size = min(step, resamples - begin)
        jumps = rng.random((size, days)) < 1 / block
        jumps[:, 0] = True
        starts = rng.integers(0, days, (size, days))
        place = np.arange(days)
        began = np.maximum.accumulate(np.where(jumps, place, 0), axis=1)
        drawn = (np.take_along_axis(starts, began, axis=1) + place - began) % days
        flat = drawn + days * np.arange(size)[:, None]
        yield np.bincount(flat.ravel(), minlength=size * days).reshape(size, days).astype(np.float64)
