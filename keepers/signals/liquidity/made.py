"""Histories of liquidity that are made, with what is known about them: nothing here comes from a chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from keepers.signals.liquidity.curve import depth_of
from keepers.signals.liquidity.history import HOUR, History

Array = NDArray[np.float64]

FEE = 0.003
"""Fraction of the input that the made pools keep."""
TIMES = 90 * 24
"""Hours of a made history."""
_START = 1_700_000_000 // HOUR * HOUR
_DEPTH = 50_000.0
_BACK = 0.95
"""Part of a distance to the mean that is left after an hour."""
_SEASON = 0.25
_NOISE = 0.04
_PULL, _RETURN = 1 / 240, 1 / 24
"""Probability per hour that liquidity is pulled, and that it comes back."""
_TRADES, _SIZE = 8.0, 0.002
"""Trades per hour, and their median size over the reserve."""


def season(times: int) -> Array:
    """(times,), what the hour of the day adds to the logarithm of depth."""
    hours = (_START // HOUR + np.arange(times)) % 24
    found: Array = _SEASON * np.sin(2 * np.pi * hours / 24)
    return found


def seasonal(random: np.random.Generator, times: int = TIMES) -> History:
    """Depth that returns to the mean of its hour."""
    return _history(np.log(_DEPTH) + season(times) + _returning(random, times), _price(random, times))


def walking(random: np.random.Generator, times: int = TIMES) -> History:
    """Depth whose logarithm is a random walk: no forecast is better than the last value."""
    return _history(np.log(_DEPTH) + np.cumsum(random.normal(0, _NOISE, times)), _price(random, times))


def pulled(random: np.random.Generator, times: int = TIMES) -> History:
    """Seasonal depth of which half to nine tenths are pulled now and then, for a day in the mean."""
    gone, level = np.empty(times), 0.0
    for hour in range(times):
        if level == 0.0 and random.random() < _PULL:
            level = float(np.log(1 - random.uniform(0.5, 0.9)))
        elif level < 0.0 and random.random() < _RETURN:
            level = 0.0
        gone[hour] = level
    return _history(np.log(_DEPTH) + season(times) + _returning(random, times) + gone, _price(random, times))


def traded(random: np.random.Generator, times: int = TIMES) -> History:
    """Reserves of a constant product under trades, arbitrage up to the fee, and providers who come and go.

    Trades move the price; arbitrage brings it back to within the fee of an outside price that is a random walk.
    """
    outside = np.exp(_price(random, times))
    liquidity, shares = np.exp(_returning(random, times)), season(times)
    reserve_in, reserve_out = _DEPTH, _DEPTH * outside[0]
    depth, price = np.empty(times), np.empty(times)
    before = liquidity[0]
    for hour in range(times):
        grown, before = liquidity[hour] / before, liquidity[hour]
        reserve_in, reserve_out = reserve_in * grown, reserve_out * grown
        for _ in range(int(random.poisson(_TRADES * np.exp(shares[hour])))):
            moved = float(np.exp(_SIZE * random.lognormal(0, 1) * random.choice((-1, 1))))
            reserve_in, reserve_out = reserve_in * moved, reserve_out / moved
        off = np.log(reserve_out / reserve_in / outside[hour])
        back = np.exp(np.sign(off) * max(0.0, abs(off) - FEE) / 2)
        reserve_in, reserve_out = reserve_in * back, reserve_out / back
        depth[hour], price[hour] = depth_of(np.array(reserve_in)), reserve_out / reserve_in
    return History(_START, HOUR, depth, price)


def resting(random: np.random.Generator, times: int = TIMES) -> History:
    """Depth that never changes, at a price that does."""
    return _history(np.full(times, np.log(_DEPTH)), _price(random, times))


KINDS: Mapping[str, Callable[[np.random.Generator], History]] = {
    "seasonal": seasonal,
    "random walk": walking,
    "pulled": pulled,
    "traded": traded,
    "at rest": resting,
}
"""Makers of histories by name."""


def _returning(random: np.random.Generator, times: int) -> Array:
    """(times,), an autoregression about zero that begins at zero."""
    found, level = np.empty(times), 0.0
    for hour, shock in enumerate(random.normal(0, _NOISE, times)):
        level = _BACK * level + float(shock)
        found[hour] = level
    return found


def _price(random: np.random.Generator, times: int) -> Array:
    """(times,), logarithm of a price whose volatility comes in clusters."""
    found, level, calm = np.empty(times), 0.0, 0.0
    shocks = random.normal(0, 1, (2, times))
    for hour in range(times):
        calm = 0.97 * calm + 0.1 * float(shocks[0, hour])
        level += 0.005 * float(np.exp(calm) * shocks[1, hour])
        found[hour] = level
    return found


def _history(logarithm: Array, price: Array) -> History:
    return History(_START, HOUR, np.exp(logarithm), np.exp(price))
