"""A cap on the part of the market's volume that an order takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keepers.execution.errors import ExecutionError

BPS = 10_000


@dataclass(frozen=True)
class Capped:
    """A schedule under a cap.

    Attributes:
        amounts: Smallest units sold in each slot; zero or no less than the least slice.
        undone: Smallest units that the cap left over at the end.
    """

    amounts: tuple[int, ...]
    undone: int


def allowed(waiting: int, volume: int, cap_bps: int, least: int) -> int:
    """Returns what may be sold in a slot, smallest units: zero, or no less than `least`.

    Args:
        waiting: Amount that is due, what earlier slots carried over included.
        volume: Volume of the market in the slot, smallest units of the same token.
        cap_bps: Largest part of the volume, basis points, 1 to 10,000.
        least: Smallest slice that is worth its gas.

    Raises:
        ExecutionError: If a number is out of range.
    """
    if not 1 <= cap_bps <= BPS:
        raise ExecutionError(f"participation cap {cap_bps} bps", f"not within 1 and {BPS}", "give basis points")
    if waiting < 0 or volume < 0 or least < 1:
        numbers = f"waiting {waiting}, volume {volume}, least {least}"
        raise ExecutionError(numbers, "negative, or a least slice below 1", "measure the volume again")
    amount = min(waiting, volume * cap_bps // BPS)
    return amount if amount >= least else 0


def capped(amounts: Sequence[int], volumes: Sequence[int], cap_bps: int, least: int = 1) -> Capped:
    """Returns a schedule that carries over what the cap does not allow.

    Args:
        amounts: Planned amounts, one per slot.
        volumes: Volume of the market in each slot, smallest units of the same token.
        cap_bps: Largest part of the volume, basis points.
        least: Smallest slice that is worth its gas.

    Raises:
        ExecutionError: If there is another number of volumes than of slots, or `allowed` refuses a number.
    """
    if len(amounts) != len(volumes):
        raise ExecutionError(f"{len(volumes)} volumes", f"the schedule has {len(amounts)} slots", "give one per slot")
    sold, waiting = [], 0
    for planned, volume in zip(amounts, volumes, strict=True):
        waiting += planned
        sold.append(allowed(waiting, volume, cap_bps, least))
        waiting -= sold[-1]
    return Capped(tuple(sold), waiting)
