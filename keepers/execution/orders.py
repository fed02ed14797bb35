"""An order that is sold slice by slice: its part that is due at a time, and the minimum output of a slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from keepers.execution.errors import ExecutionError
from keepers.execution.participation import Caps, capped

BPS = 10_000
MOST_CAUGHT_UP = 2
"""Largest slice, as a multiple of the largest planned one: missed slots do not come back in one block."""


class OrderState(StrEnum):
    """State that a person gave an order; it is CLOSED once nothing of it can change any more."""

    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    CLOSED = "closed"


STEPS = {
    OrderState.PAUSED: (OrderState.RUNNING,),
    OrderState.RUNNING: (OrderState.PAUSED,),
    OrderState.CANCELLED: (OrderState.RUNNING, OrderState.PAUSED),
    OrderState.CLOSED: (OrderState.RUNNING, OrderState.PAUSED, OrderState.CANCELLED),
}
"""States from which a person or the bot may move an order to another."""


@dataclass(frozen=True)
class SlicedOrder:
    """An order with its schedule.

    Attributes:
        id: Number in the store; zero before it is stored.
        chain_id: Chain that it trades on.
        trader: Account that sells, signs and receives, checksummed.
        token_in, token_out: Addresses, checksummed.
        symbols: Names of both tokens.
        decimals: Decimals of both tokens.
        amount: Smallest units of the input.
        algorithm: Name of the schedule.
        planned: Smallest units of the input in each slot. They sum to `amount`, or to less where caps leave some over.
        begins: Unix seconds of the first slot, by the chain's clock.
        slot_seconds: Length of a slot.
        least: Smallest slice, smallest units of the input.
        limit_out: Smallest units of the output that the whole amount has to bring at the order's price limit; zero for
            no limit. A slice has to bring its part of it.
        slippage_bps: Fall from the quote to a slice's minimum output, basis points.
        state: What a person told it to do.
        created: Unix seconds of the chain when it was stored.
        reason: Words of the person who moved it last.
        caps: Largest parts of the market that a slot may sell.
        most: What the caps are expected to allow in each slot, smallest units of the input; empty without caps.

    Raises:
        ExecutionError: If a number is out of range.
    """

    id: int
    chain_id: int
    trader: str
    token_in: str
    token_out: str
    symbols: tuple[str, str]
    decimals: tuple[int, int]
    amount: int
    algorithm: str
    planned: tuple[int, ...]
    begins: int
    slot_seconds: int
    least: int
    limit_out: int
    slippage_bps: int
    state: OrderState
    created: int
    reason: str = ""
    caps: Caps = field(default_factory=Caps)
    most: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.amount <= 0 or min(self.planned) < 0 or (self.undone and not self.caps) or self.undone < 0:
            raise ExecutionError(f"order of {self.amount}", "its slices do not sum to it", "make its schedule anew")
        if not any(self.planned):
            raise ExecutionError(
                f"order of {self.amount}", "the caps leave no slice", "raise them, or use longer slots"
            )
        if len(self.most) != (len(self.planned) if self.caps else 0):
            raise ExecutionError(f"{len(self.most)} largest slices", "not one per slot", "make its schedule anew")
        if self.slot_seconds < 1 or not 0 <= self.slippage_bps < BPS or self.limit_out < 0 or self.least < 1:
            numbers = f"slots of {self.slot_seconds} s, slippage {self.slippage_bps} bps, least {self.least}"
            raise ExecutionError(numbers, "out of range", "give slots of a second or more, and slippage below 10000")

    @property
    def ends(self) -> int:
        """Unix seconds at which the last slot ends; nothing is sent from then on."""
        return self.begins + self.slot_seconds * len(self.planned)

    @property
    def undone(self) -> int:
        """Smallest units of the input that the plan leaves over, because its caps allow no more."""
        return self.amount - sum(self.planned)

    @property
    def largest(self) -> int:
        """Smallest units of the input that one slot may sell at most."""
        return MOST_CAUGHT_UP * max(self.planned)

    def slot_at(self, now: int) -> int | None:
        """Returns the number of the slot at a time, from zero; None before the first and after the last."""
        if not self.begins <= now < self.ends:
            return None
        return (now - self.begins) // self.slot_seconds

    def due(self, slot: int, sold: int) -> int:
        """Returns what may be sold in a slot, smallest units: zero, or no less than `least`.

        What earlier slots left over is due as well, up to MOST_CAUGHT_UP times the largest planned slice. What the plan
        leaves over is due in every slot: a market that trades more than was expected may take it.

        Args:
            slot: Number of the slot.
            sold: Smallest units that earlier slots sold.
        """
        amount = min(self._waiting(slot, sold), self.largest)
        return amount if amount >= self.least else 0

    def left_over(self, slot: int, sold: int) -> int:
        """Returns what stays unsold at the end if the market trades as the plan expects, smallest units.

        Args:
            slot: Number of the slot that is over; -1 before the first.
            sold: Smallest units that were sold up to its end.
        """
        waiting, rest = self._waiting(slot, sold), self.planned[slot + 1 :]
        if not rest:
            return waiting
        most = [min(one, self.largest) for one in self.most[slot + 1 :]] or [self.largest] * len(rest)
        return capped((waiting + rest[0], *rest[1:]), most, self.least).undone

    def _waiting(self, slot: int, sold: int) -> int:
        return max(0, sum(self.planned[: slot + 1]) + self.undone - sold)

    def least_output(self, amount: int, quoted: int) -> int:
        """Returns the minimum output of a slice, smallest units: the quote less slippage, and the price limit.

        Args:
            amount: Smallest units of the input.
            quoted: Smallest units of the output that are expected.

        Raises:
            ExecutionError: If the quote is below the price limit.
        """
        limit = -(-self.limit_out * amount // self.amount)
        if quoted < limit:
            reason = f"below the price limit, which asks for {limit}"
            raise ExecutionError(f"quote of {quoted} for {amount}", reason, "wait, or cancel the order")
        return max(quoted * (BPS - self.slippage_bps) // BPS, limit, 1)


@dataclass(frozen=True)
class Fill:
    """A slice that the chain has taken.

    Attributes:
        slot: Number of the slot.
        tx_hash: Transaction.
        block_number, block_hash: Block that it is in.
        amount_in, amount_out: Smallest units that were paid and received.
    """

    slot: int
    tx_hash: str
    block_number: int
    block_hash: str
    amount_in: int
    amount_out: int


@dataclass(frozen=True)
class Reveal:
    """A swap that an account commits to before it is seen.

    Attributes:
        slot: Number of the slot.
        swap: Calldata of the aggregator's `swap`.
        salt: 32 bytes that hide it in the commitment.
        deadline: Unix seconds of the last block that may take it.
    """

    slot: int
    swap: bytes
    salt: bytes
    deadline: int


@dataclass(frozen=True)
class Progress:
    """How far an order has come.

    Attributes:
        sold, bought: Smallest units of the input and of the output.
        slices: Number of slices that were taken.
    """

    sold: int
    bought: int
    slices: int


def progress(fills: Sequence[Fill]) -> Progress:
    """Returns the sums over the fills of an order."""
    return Progress(sum(fill.amount_in for fill in fills), sum(fill.amount_out for fill in fills), len(fills))
