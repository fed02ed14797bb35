"""Whole amounts per slot, which sum exactly to the order and of which none is dust."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from math import isfinite

from keepers.execution.errors import ExecutionError

MAX_SLOTS = 100_000
HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Division:
    """The order that a schedule divides.

    Attributes:
        amount: Smallest units of the token to sell, above zero.
        slots: Number of slots of equal length, 1 to MAX_SLOTS.
        least: Smallest slice that is worth its gas, smallest units, 1 to `amount`.

    Raises:
        ExecutionError: If a number is out of range.
    """

    amount: int
    slots: int
    least: int = 1

    def __post_init__(self) -> None:
        if self.amount <= 0:
            raise ExecutionError(f"amount {self.amount}", "not above zero", "name what is to be sold")
        if not 1 <= self.slots <= MAX_SLOTS:
            raise ExecutionError(f"slots {self.slots}", f"not within 1 to {MAX_SLOTS}", "choose longer slots")
        if not 1 <= self.least <= self.amount:
            reason = f"not within 1 and the order, {self.amount}"
            raise ExecutionError(f"least slice {self.least}", reason, "lower it, or trade at once")


def by_weights(order: Division, weights: Sequence[float]) -> tuple[int, ...]:
    """Returns amounts in proportion to weights, one per slot; a slot without a slice has zero.

    Args:
        order: The order.
        weights: One weight per slot in any one unit, none negative, one above zero.

    Raises:
        ExecutionError: If there is another number of weights, or one is negative or not finite, or all are zero.
    """
    if len(weights) != order.slots:
        raise ExecutionError(f"{len(weights)} weights", f"the order has {order.slots} slots", "give one per slot")
    for weight in weights:
        if not (isfinite(weight) and weight >= 0):
            raise ExecutionError(f"weight {weight}", "negative or not finite", "measure the volumes again")
    sums = list(accumulate(Fraction(weight) for weight in weights))
    if not sums[-1]:
        raise ExecutionError("weights", "all zero", "use a profile with volume in the order's hours")
    return by_progress(order, [part / sums[-1] for part in sums])


def by_progress(order: Division, progress: Sequence[Fraction]) -> tuple[int, ...]:
    """Returns amounts that follow a cumulative share of the order.

    The sold amount is rounded to the nearest unit at the end of each slot. What is less
    than `least` waits for a later slot; what is left at the end joins the last slice, so that no slice is dust.

    Args:
        order: The order.
        progress: Share of the order that is sold at the end of each slot, never falling, 1 at the last.
    """
    goals = [0, *(int(order.amount * share + HALF) for share in progress)]
    amounts, waiting = [], 0
    for before, after in pairwise(goals):
        waiting += after - before
        ready = waiting if waiting >= order.least else 0
        amounts.append(ready)
        waiting -= ready
    if waiting:
        last = max(slot for slot, amount in enumerate(amounts) if amount)
        amounts[last] += waiting
    return tuple(amounts)
