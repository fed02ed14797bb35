"""Schedules of even pace (TWAP) and of the market's volume (VWAP)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from keepers.execution.errors import ExecutionError
from keepers.execution.slices import Division, by_weights

HOUR = 3_600
HOURS = 24


def twap(order: Division) -> tuple[int, ...]:
    """Returns one amount per slot, all alike but for rounding: the time-weighted average price."""
    return by_weights(order, [1.0] * order.slots)


def vwap(order: Division, volumes: Sequence[float]) -> tuple[int, ...]:
    """Returns one amount per slot in proportion to expected volume: the volume-weighted average price.

    Args:
        order: The order.
        volumes: Volume that is expected in each slot, in any one unit.

    Raises:
        ExecutionError: If `by_weights` refuses the volumes.
    """
    return by_weights(order, volumes)


def hours_to_slots(by_hour: Sequence[float], start: int, seconds: int, slots: int) -> tuple[float, ...]:
    """Returns the volume that a daily profile expects in each slot.

    Volume is taken to be even within an hour, so that a slot has of each hour the part that it overlaps.

    Args:
        by_hour: Mean volume of each hour of a day in UTC, 24 numbers.
        start: Unix time of the first slot, seconds.
        seconds: Length of all slots together, at least one second per slot.
        slots: Number of slots of equal length.

    Raises:
        ExecutionError: If there are not 24 hours, or a slot is shorter than a second.
    """
    if len(by_hour) != HOURS:
        raise ExecutionError(f"{len(by_hour)} hourly volumes", f"a day has {HOURS}", "give one per hour, UTC")
    if slots < 1 or seconds < slots:
        raise ExecutionError(f"{seconds} seconds in {slots} slots", "slots below a second", "use fewer slots")
    edges = [start + seconds * slot / slots for slot in range(slots + 1)]
    return tuple(_until(by_hour, after) - _until(by_hour, before) for before, after in pairwise(edges))


def _until(by_hour: Sequence[float], moment: float) -> float:
    """The volume that a profile has had between the epoch and a moment."""
    days, rest = divmod(moment, HOUR * HOURS)
    hour, part = divmod(rest, HOUR)
    return days * sum(by_hour) + sum(by_hour[: int(hour)]) + by_hour[int(hour)] * part / HOUR
