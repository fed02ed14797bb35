"""Caps on the part of the market that an order takes: of what pools traded, and of what they would take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keepers.execution.errors import ExecutionError

BPS = 10_000


@dataclass(frozen=True)
class Caps:
    """Largest parts of the market that a slot may sell.

    Attributes:
        volume_bps: Part of what the pools of the pair traded in the length of a slot, basis points; zero for no cap.
        depth_bps: Part of the depth of the pools of the pair, basis points; zero for no cap.

    Raises:
        ExecutionError: If a cap is not within 0 and BPS.
    """

    volume_bps: int = 0
    depth_bps: int = 0

    def __post_init__(self) -> None:
        for name, cap in (("volume", self.volume_bps), ("depth", self.depth_bps)):
            if not 0 <= cap <= BPS:
                raise ExecutionError(f"{name} cap {cap} bps", f"not within 1 and {BPS}", "give basis points")

    def __bool__(self) -> bool:
        """True if there is a cap."""
        return bool(self.volume_bps or self.depth_bps)

    def most(self, volume: int, depth: int, sold: int = 0) -> int:
        """Returns the largest amount of a slice, smallest units of the input.

        Args:
            volume: Volume of the pair in the length of a slot, smallest units; ignored without a cap on it.
            depth: Depth of the pair, smallest units; ignored without a cap on it.
            sold: Smallest units that the order sold itself while the pair had that volume.

        Raises:
            ExecutionError: If there is no cap, or a number is negative.
        """
        if not self or min(volume, depth, sold) < 0:
            numbers = f"volume {volume}, depth {depth}, sold {sold}"
            raise ExecutionError(numbers, "negative, or no cap is set", "measure them again")
        parts = []
        if self.volume_bps:
            parts.append(max(0, volume * self.volume_bps // BPS - sold))
        if self.depth_bps:
            parts.append(depth * self.depth_bps // BPS)
        return min(parts)


@dataclass(frozen=True)
class Capped:
    """A schedule under a cap.

    Attributes:
        amounts: Smallest units sold in each slot; zero or no less than the least slice.
        undone: Smallest units that the cap left over at the end.
    """

    amounts: tuple[int, ...]
    undone: int


def allowed(waiting: int, most: int, least: int) -> int:
    """Returns what may be sold in a slot, smallest units: zero, or no less than `least`.

    Args:
        waiting: Amount that is due, what earlier slots carried over included.
        most: Largest amount of the slot.
        least: Smallest slice that is worth its gas.

    Raises:
        ExecutionError: If a number is out of range.
    """
    if waiting < 0 or most < 0 or least < 1:
        numbers = f"waiting {waiting}, at most {most}, least {least}"
        raise ExecutionError(numbers, "negative, or a least slice below 1", "measure the market again")
    amount = min(waiting, most)
    return amount if amount >= least else 0


def capped(amounts: Sequence[int], most: Sequence[int], least: int = 1) -> Capped:
    """Returns a schedule that carries over what does not fit.

    Args:
        amounts: Planned amounts, one per slot.
        most: Largest amount of each slot.
        least: Smallest slice that is worth its gas.

    Raises:
        ExecutionError: If there is another number of largest amounts than of slots, or `allowed` refuses a number.
    """
    if len(amounts) != len(most):
        raise ExecutionError(f"{len(most)} largest amounts", f"the schedule has {len(amounts)} slots", "one per slot")
    sold, waiting = [], 0
    for planned, largest in zip(amounts, most, strict=True):
        waiting += planned
        sold.append(allowed(waiting, largest, least))
        waiting -= sold[-1]
    return Capped(tuple(sold), waiting)
