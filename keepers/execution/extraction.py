"""Sandwiches, back-runs and just-in-time liquidity around one swap of a landed block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from keepers.execution.errors import ExecutionError

BPS = 10_000
SIZE_TOLERANCE_BPS = 2_000
"""Largest difference between what a sandwich buys and what it sells, basis points of the former."""


class Kind(Enum):
    """The ways in which others earn from a swap within its block."""

    SANDWICH = "sandwich"
    BACK_RUN = "back-run"
    JUST_IN_TIME = "just-in-time liquidity"


@dataclass(frozen=True)
class Swap:
    """A swap of one pool, decoded.

    Attributes:
        position: Index of the transaction in the block, and of the log in the block.
        origin: Account that sent the transaction.
        pool: Address of the pool.
        sells_token0: True if token0 went into the pool.
        amount_in, amount_out: Smallest units, above zero.
    """

    position: tuple[int, int]
    origin: str
    pool: str
    sells_token0: bool
    amount_in: int
    amount_out: int


@dataclass(frozen=True)
class LiquidityChange:
    """Liquidity that was added to a pool, or taken out of it, decoded.

    Attributes:
        position: Index of the transaction in the block, and of the log in the block.
        origin: Account that sent the transaction.
        pool: Address of the pool.
        ticks: Lowest and highest tick of the position; both zero for a pool without ranges.
        liquidity: Liquidity that was added; negative if it was taken out.
    """

    position: tuple[int, int]
    origin: str
    pool: str
    ticks: tuple[int, int]
    liquidity: int


Event = Swap | LiquidityChange


@dataclass(frozen=True)
class Finding:
    """One way in which somebody earned from a swap.

    Attributes:
        kind: The way.
        origin: Account that earned.
        events: Its events, in the order of the block.
    """

    kind: Kind
    origin: str
    events: tuple[Event, ...]


def findings_around(ours: Swap, block: Sequence[Event]) -> tuple[Finding, ...]:
    """Returns what others did around one swap: sandwiches first, then back-runs, then just-in-time liquidity.

    Only events of the same pool and of other transactions and accounts count. An account that sends its first and its
    last transaction from different addresses is not seen to be one.

    Args:
        ours: The swap.
        block: Events of the block that it landed in, in any order, `ours` among them.

    Raises:
        ExecutionError: If the block does not have the swap.
    """
    if ours not in block:
        raise ExecutionError(f"swap at {ours.position}", "not in the block", "read the block that it landed in")
    others = [event for event in block if event.pool == ours.pool and event.origin != ours.origin]
    before = sorted((event for event in others if event.position[0] < ours.position[0]), key=_place)
    after = sorted((event for event in others if event.position[0] > ours.position[0]), key=_place)
    sandwiches = tuple(_sandwiches(ours, before, after))
    taken = {event for found in sandwiches for event in found.events}
    back_runs = tuple(_back_runs(ours, [event for event in after if event not in taken]))
    return sandwiches + back_runs + tuple(_just_in_time(before, after))


def _place(event: Event) -> tuple[int, int]:
    return event.position


def _sandwiches(ours: Swap, before: Sequence[Event], after: Sequence[Event]) -> Iterator[Finding]:
    """A swap the same way before, and one by the same account that sells about what it bought after."""
    used: set[Event] = set()
    for first in before:
        if not isinstance(first, Swap) or first.sells_token0 != ours.sells_token0:
            continue
        for last in after:
            if not isinstance(last, Swap) or last.origin != first.origin or last in used:
                continue
            difference = abs(last.amount_in - first.amount_out)
            if last.sells_token0 != ours.sells_token0 and difference * BPS <= first.amount_out * SIZE_TOLERANCE_BPS:
                used.add(last)
                yield Finding(Kind.SANDWICH, first.origin, (first, last))
                break


def _back_runs(ours: Swap, after: Sequence[Event]) -> Iterator[Finding]:
    """The first swap of the pool after ours, if it goes the other way."""
    swaps = [event for event in after if isinstance(event, Swap)]
    if swaps and swaps[0].sells_token0 != ours.sells_token0:
        yield Finding(Kind.BACK_RUN, swaps[0].origin, (swaps[0],))


def _just_in_time(before: Sequence[Event], after: Sequence[Event]) -> Iterator[Finding]:
    """Liquidity that an account adds before and takes out of the same range after."""
    used: set[Event] = set()
    for added in before:
        if not isinstance(added, LiquidityChange) or added.liquidity <= 0:
            continue
        for removed in after:
            if not isinstance(removed, LiquidityChange) or removed in used:
                continue
            same = (removed.origin, removed.ticks) == (added.origin, added.ticks)
            if same and removed.liquidity == -added.liquidity:
                used.add(removed)
                yield Finding(Kind.JUST_IN_TIME, added.origin, (added, removed))
                break
