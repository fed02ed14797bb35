"""Orders to be routed, and the plans that answer them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from keepers.routing.errors import RoutingError
from keepers.routing.execution import Swap

BPS = 10_000
MAX_AMOUNT = 1 << 128
MAX_HOPS = 6


@dataclass(frozen=True)
class Order:
    """An exact input to be routed.

    Attributes:
        token_in, token_out: Addresses, distinct.
        amount_in: Smallest units, above zero, below 2^128.
        max_hops: Maximum number of pools on a path, 1 to 6.
        excluded: Addresses of pools that may not be used.

    Raises:
        RoutingError: If a number is out of range or the tokens are the same.
    """

    token_in: str
    token_out: str
    amount_in: int
    max_hops: int = 3
    excluded: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.token_in == self.token_out:
            raise RoutingError(self.token_in, "is input and output", "give two tokens")
        if not 0 < self.amount_in < MAX_AMOUNT:
            raise RoutingError(f"amount {self.amount_in}", "not within 1 to 2^128 - 1", "give smallest units")
        if not 1 <= self.max_hops <= MAX_HOPS:
            raise RoutingError(f"{self.max_hops} hops", f"not within 1 to {MAX_HOPS}", "give fewer")


@dataclass(frozen=True)
class Effort:
    """How far the router goes.

    Attributes:
        gap_bps: Gap at which it stops, basis points.
        seconds: Time after which it returns the best plan, with the bound that it has; without a plan, it goes on.
        cancelled: Asked between steps; once it is true the router returns what it has.
    """

    gap_bps: float = 0.5
    seconds: float = 2.0
    cancelled: Callable[[], bool] = field(default=lambda: False)


@dataclass(frozen=True)
class RoutePlan:
    """A route, and how far from the best it can be.

    Attributes:
        swaps: Swaps in the order of execution, each pool once.
        amount_in, amount_out: Smallest units.
        gas_cost: Fixed costs of the pools used, smallest units of the output.
        bound: No plan over paths of at most the order's hops, with one pair of each source, pays more than this net of
            fixed costs; smallest units of the output.
        single_out_net_gas: Output of the best single path net of fixed costs, or None if none takes the amount.
        solve_time_ms: Milliseconds.
    """

    swaps: tuple[Swap, ...]
    amount_in: int
    amount_out: int
    gas_cost: int
    bound: int
    single_out_net_gas: int | None
    solve_time_ms: float

    @property
    def amount_out_net_gas(self) -> int:
        """Output less fixed costs; below zero where gas costs more than the order brings."""
        return self.amount_out - self.gas_cost

    @property
    def gap_bps(self) -> float:
        """How far the output net of gas can be below the best possible, basis points of itself; never negative.

        Where gas eats the whole output the gap is relative to the output before gas.
        """
        return gap_bps(self.bound, self.amount_out_net_gas, self.amount_out)


def gap_bps(bound: int, net: int, gross: int) -> float:
    """Distance of a bound from a net output, basis points of the net, or of the gross where the net is not positive."""
    return BPS * max(0, bound - net) / max(1, net if net > 0 else gross)
