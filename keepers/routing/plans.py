"""Orders to be routed, and the plans that answer them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from keepers.routing.errors import RoutingError, beyond_depth
from keepers.routing.swaps import Swap

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
        _check(self.token_in, self.token_out, self.amount_in, self.max_hops)


@dataclass(frozen=True)
class OutputOrder:
    """An exact output to be routed.

    Attributes:
        token_in, token_out: Addresses, distinct.
        amount_out: Smallest units that have to come out, above zero, below 2^128.
        max_hops: Maximum number of pools on a path, 1 to 6.
        excluded: Addresses of pools that may not be used.

    Raises:
        RoutingError: If a number is out of range or the tokens are the same.
    """

    token_in: str
    token_out: str
    amount_out: int
    max_hops: int = 3
    excluded: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        _check(self.token_in, self.token_out, self.amount_out, self.max_hops)

    def selling(self, amount_in: int) -> Order:
        """The exact input of so many smallest units between the same tokens, within the same limits.

        Raises:
            InsufficientLiquidity: If the input is 2^128 or more: no market takes it.
        """
        if amount_in >= MAX_AMOUNT:
            wanted = f"{self.amount_out} of {self.token_out} for {self.token_in}"
            raise beyond_depth(wanted, limited=False)
        return Order(self.token_in, self.token_out, amount_in, self.max_hops, self.excluded)


@dataclass(frozen=True)
class Effort:
    """How far the router goes.

    Attributes:
        gap_bps: Gap at which it stops, basis points.
        seconds: Time after which it returns the best plan, with the bound that it has; without a plan, it goes on.
        cancelled: Asked between steps; once it is true the router returns what it has.
        clock: Counts the seconds, those of the clock on the wall or of the processor.
    """

    gap_bps: float = 0.5
    seconds: float = 2.0
    cancelled: Callable[[], bool] = field(default=lambda: False)
    clock: Callable[[], float] = time.perf_counter


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


@dataclass(frozen=True)
class ExactOutputPlan:
    """A route to an exact output, and how far from the cheapest it can be.

    Attributes:
        swaps: Swaps in the order of execution, each pool once.
        amount_in: Smallest units; by the same division of the order, one unit less does not bring `wanted`.
        amount_out: Smallest units that come out, at least `wanted`. It is above `wanted` by what the last unit of the
            input brings, and by rounding.
        wanted: Smallest units that had to come out.
        gas_cost: Fixed costs of the pools used, smallest units of the input.
        bound: No plan over paths of at most the order's hops, with one pair of each source, takes less than this,
            fixed costs included; smallest units of the input.
        single_in_with_gas: Input of the best single path and its fixed costs, or None if none brings the amount.
        solve_time_ms: Milliseconds.
    """

    swaps: tuple[Swap, ...]
    amount_in: int
    amount_out: int
    wanted: int
    gas_cost: int
    bound: int
    single_in_with_gas: int | None
    solve_time_ms: float

    @property
    def amount_in_with_gas(self) -> int:
        """Input and fixed costs."""
        return self.amount_in + self.gas_cost

    @property
    def gap_bps(self) -> float:
        """Distance of input and fixed costs from the least possible, basis points of themselves; 0 to 10,000."""
        return BPS * max(0, self.amount_in_with_gas - self.bound) / self.amount_in_with_gas


def _check(token_in: str, token_out: str, amount: int, hops: int) -> None:
    """Raises RoutingError if a number of an order is out of range or its tokens are the same."""
    if token_in == token_out:
        raise RoutingError(token_in, "is input and output", "give two tokens")
    if not 0 < amount < MAX_AMOUNT:
        raise RoutingError(f"amount {amount}", "not within 1 to 2^128 - 1", "give smallest units")
    if not 1 <= hops <= MAX_HOPS:
        remedy = "give more" if hops < 1 else "give fewer"
        raise RoutingError(f"{hops} hops", f"not within 1 to {MAX_HOPS}", remedy)


def gap_bps(bound: int, net: int, gross: int) -> float:
    """Distance of a bound from a net output, basis points of the net, or of the gross where the net is not positive."""
    return BPS * max(0, bound - net) / max(1, net if net > 0 else gross)
