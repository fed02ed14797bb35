"""Implementation shortfall: the schedule that trades impact for risk (Almgren and Chriss 2000).

Almgren and Chriss, "Optimal execution of portfolio transactions", Journal of Risk 3(2), sections 2 and 3. Amounts are
in units of the sold token, prices in units of the bought token for one of the sold, times in seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite

import numpy as np

from keepers.execution.errors import ExecutionError
from keepers.execution.slices import Division, by_progress

MOST_DECAY = 700.0
"""Largest decay over one slot: exp(-700) of an order is less than one unit of any."""


@dataclass(frozen=True)
class Impact:
    """The market that an order meets.

    A slice of n units is paid `slope` n less for each unit than the price before it, and leaves the price lower by
    2 `slope` n, as pools do for small slices. Until the next slot the share `recovered` of that has come back. In the
    terms of Almgren and Chriss with slots of t seconds, eta is `slope` t, gamma is 2 `slope` (1 - `recovered`), and eta
    less gamma t / 2 is `slope` `recovered` t, which is never negative.

    Attributes:
        slope: Fall of the average price per unit of a slice, price per unit.
        recovered: Share of a slice's fall that has come back at the next slot, 0 to 1.
        volatility: Standard deviation of the price over one second, price per square root of a second.

    Raises:
        ExecutionError: If a number is out of range.
    """

    slope: float
    recovered: float
    volatility: float

    def __post_init__(self) -> None:
        for name in ("slope", "volatility"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise ExecutionError(f"{name} {getattr(self, name)}", "negative or not finite", "measure it again")
        if not 0 <= self.recovered <= 1:
            raise ExecutionError(f"recovered {self.recovered}", "not within 0 and 1", "give a share")


def shortfall(order: Division, impact: Impact, risk_aversion: float, slot_seconds: float) -> tuple[int, ...]:
    """Returns one amount per slot: the least expected cost plus risk aversion times its variance.

    What is held at time s of T is sinh(k (T - s)) / sinh(k T) of the order, where
    2 (cosh(k t) - 1) / t^2 = risk_aversion volatility^2 / (slope recovered t) for slots of t seconds. A slice is sold
    as its slot begins; what remains is held until the next. Risk aversion of zero is TWAP. Where waiting saves no
    impact and risk counts, the whole order is the first slice.

    Args:
        order: The order.
        impact: The market.
        risk_aversion: Cost that is worth one unit of variance, one over a unit of the bought token, zero or more.
        slot_seconds: Length of a slot, seconds, above zero.

    Raises:
        ExecutionError: If risk aversion is negative or not finite, or a slot has no length.
    """
    if not (isfinite(risk_aversion) and risk_aversion >= 0):
        raise ExecutionError(f"risk aversion {risk_aversion}", "negative or not finite", "give zero or more")
    if not (isfinite(slot_seconds) and slot_seconds > 0):
        raise ExecutionError(f"slots of {slot_seconds} seconds", "not above zero", "choose longer slots")
    decay = _decay(impact, risk_aversion, slot_seconds)
    if decay == 0:
        return by_progress(order, [Fraction(slot + 1, order.slots) for slot in range(order.slots)])
    left = np.arange(order.slots - 1, -1, -1.0)
    # sinh(a) / sinh(b) without the overflow of either.
    held = np.exp(decay * (left - order.slots)) * np.expm1(-2 * decay * left) / np.expm1(-2 * decay * order.slots)
    held = np.minimum.accumulate(np.clip(held, 0.0, 1.0))
    return by_progress(order, [1 - Fraction(part) for part in held.tolist()])


def _decay(impact: Impact, risk_aversion: float, slot_seconds: float) -> float:
    """k t, by which an order decays over a slot; MOST_DECAY where waiting saves nothing."""
    risk = risk_aversion * impact.volatility * impact.volatility * slot_seconds
    if risk == 0:
        return 0.0
    saved = 2 * impact.slope * impact.recovered
    ratio = risk / saved if saved > risk * 1e-300 else np.inf
    # arccosh(1 + ratio), exact for a small ratio.
    decay = np.log1p(ratio + np.sqrt(ratio) * np.sqrt(2 + ratio))
    return float(min(decay, MOST_DECAY))


def expected_cost(amounts: Sequence[float], impact: Impact, slot_seconds: float) -> tuple[float, float]:
    """Returns the expected shortfall of a schedule and its standard deviation, units of the bought token.

    Equations 4 to 6 of Almgren and Chriss: gamma X^2 / 2 + slope recovered sum n^2, and volatility^2 t sum x^2 with
    x what remains after each slice.

    Args:
        amounts: Units sold in each slot.
        impact: The market.
        slot_seconds: Length of a slot, seconds.
    """
    sold = np.asarray(amounts, dtype=float)
    total = float(sold.sum())
    remaining = total - np.cumsum(sold)
    lasting = impact.slope * (1 - impact.recovered) * total**2
    passing = impact.slope * impact.recovered * float(sold @ sold)
    deviation = impact.volatility * float(np.sqrt(slot_seconds * (remaining @ remaining)))
    return lasting + passing, deviation


def slope_of(sizes: Sequence[float], outputs: Sequence[float]) -> float:
    """Returns the fall of the average price per unit of a slice, from quotes: a straight line by least squares.

    Args:
        sizes: Inputs that were quoted, units of the sold token, above zero, two different ones at least.
        outputs: Output of each.

    Raises:
        ExecutionError: If there are fewer than two sizes, or numbers that are not finite or not above zero.
    """
    size, output = np.asarray(sizes, dtype=float), np.asarray(outputs, dtype=float)
    if size.shape != output.shape or np.unique(size).size < 2:
        raise ExecutionError(f"{size.size} sizes, {output.size} outputs", "no line", "quote two sizes at least")
    if not (np.isfinite(size).all() and np.isfinite(output).all() and (size > 0).all() and (output > 0).all()):
        raise ExecutionError("quotes", "not all above zero and finite", "quote again")
    off = size - size.mean()
    fall = -float(off @ (output / size)) / float(off @ off)
    return max(0.0, fall)


def recovered_after(seconds: float, ages: Sequence[float], remaining: Sequence[float]) -> float:
    """Returns the share of a fall that has come back after some time, as past falls did.

    Falls decay as exp(-r age); the rate r is the least squares fit over the observations, searched on a grid of
    rates that spans half-lives from a hundredth of the shortest age to a hundred times the longest.

    Args:
        seconds: Time after a slice, zero or more.
        ages: Seconds between a swap and an observation, above zero.
        remaining: Share of the swap's fall that was left then; above 1 if the price fell further.

    Raises:
        ExecutionError: If there is no observation, or a number is not finite, or an age is not above zero.
    """
    age, left = np.asarray(ages, dtype=float), np.asarray(remaining, dtype=float)
    if not age.size or age.shape != left.shape:
        raise ExecutionError(f"{age.size} ages, {left.size} shares", "no pairs", "observe swaps first")
    if not (np.isfinite(age).all() and np.isfinite(left).all() and (age > 0).all() and 0 <= seconds < np.inf):
        raise ExecutionError("recovery", "an age or a share is out of range", "observe swaps again")
    rates = np.log(2) / np.geomspace(age.min() / 100, age.max() * 100, 2_000)
    errors = [float(np.square(left - np.exp(-rate * age)).sum()) for rate in rates]
    return float(-np.expm1(-rates[int(np.argmin(errors))] * seconds))
