"""Steps of a Uniswap V3 swap in one direction, each computed once.

What a step takes and gives when a swap passes it does not depend on the swap's amount: the contract crosses a boundary
exactly if what is left covers the input to it and its fee, both rounded up (`v3_math.swap_step`). So sums up to every
boundary say where a swap of any amount ends, and only its last step is left to compute.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from keepers.routing.errors import InsufficientLiquidity, RoutingError
from keepers.routing.v3_math import (
    MAX_SQRT_RATIO,
    MAX_TICK,
    MIN_SQRT_RATIO,
    MIN_TICK,
    PIPS,
    amount0_between,
    amount1_between,
    price_after_input,
    sqrt_ratio_at_tick,
    swap_step,
    tick_at_sqrt_ratio,
)

_MAX_UINT128 = (1 << 128) - 1
_ALL = 1 << 256
"""More than any amount: a step that may take so much ends at its boundary."""

Ticks = Sequence[tuple[int, int]]


class State(NamedTuple):
    """A pool between two steps.

    Attributes:
        price: Square root of the price, 96 fractional bits.
        tick: Tick that slot0 holds there.
        liquidity: L in range.
    """

    price: int
    tick: int
    liquidity: int


class _Climbed(NamedTuple):
    """Boundaries that have been computed, from the pool's price outwards.

    Attributes:
        taken: Input with fees from the pool's price to each boundary, never falling.
        given: Output to each boundary.
        states: State before each step, and at its index plus one the state after it.
    """

    taken: list[int]
    given: list[int]
    states: list[State]


class Ladder:
    """One direction of a pool, lengthened where an amount asks for more than was climbed before.

    Args:
        address: Address of the pool, for errors.
        start: The pool before the swap.
        ticks: (tick, liquidityNet) of every initialised tick that is known, rising.
        spacing: Distance between ticks that can be initialised.
        fee_pips: Hundredths of a basis point of the input.
        zero_for_one: True if token0 goes in, so that the price falls.
    """

    def __init__(
        self, address: str, start: State, ticks: Ticks, spacing: int, fee_pips: int, *, zero_for_one: bool
    ) -> None:
        self._address = address
        self._ticks = ticks
        self._spacing = spacing
        self._fee_pips = fee_pips
        self._zero_for_one = zero_for_one
        self._climbed = _Climbed([], [], [start])

    def out(self, amount_in: int) -> int:
        """Returns the output for an exact input above zero, to the wei.

        Raises:
            InsufficientLiquidity: If the known ticks do not take all of it.
            RoutingError: If the liquidity of the ticks does not add up.
        """
        taken, given, states = self._reach(amount_in)
        index = bisect_left(taken, amount_in)
        if taken[index] == amount_in:
            return given[index]
        before_in, before_out = (taken[index - 1], given[index - 1]) if index else (0, 0)
        price, _, liquidity = states[index]
        zero_for_one = self._zero_for_one
        less_fee = (amount_in - before_in) * (PIPS - self._fee_pips) // PIPS
        after = price_after_input(price, liquidity, less_fee, zero_for_one)
        if zero_for_one:
            return before_out + amount1_between(after, price, liquidity, round_up=False)
        return before_out + amount0_between(price, after, liquidity, round_up=False)

    def end(self, amount_in: int) -> tuple[int, State]:
        """Returns the output as `out` does, and the pool after the swap."""
        taken, given, states = self._reach(amount_in)
        index = bisect_left(taken, amount_in)
        if taken[index] == amount_in:
            return given[index], states[index + 1]
        before_in, before_out = (taken[index - 1], given[index - 1]) if index else (0, 0)
        price, tick, liquidity = states[index]
        target, *_ = self._target(states[index])
        step = swap_step(price, target, liquidity, amount_in - before_in, self._fee_pips)
        if step.price != price:
            tick = tick_at_sqrt_ratio(step.price)
        return before_out + step.amount_out, State(step.price, tick, liquidity)

    def boundaries(self) -> list[int]:
        """Returns the inputs, fees included, at which the steps end that have been computed so far."""
        return [*self._climbed.taken]

    def _reach(self, amount_in: int) -> _Climbed:
        """The boundaries up to the first that no less than `amount_in` reaches."""
        climbed = self._climbed
        if climbed.taken and climbed.taken[-1] >= amount_in:
            return climbed
        # Another thread may climb too: each has lists of its own, and the last to put them in place wins.
        further = _Climbed([*climbed.taken], [*climbed.given], [*climbed.states])
        taken = further.taken[-1] if further.taken else 0
        try:
            while taken < amount_in:
                taken = self._climb(further, amount_in)
        finally:
            self._climbed = further
        return further

    def _climb(self, climbed: _Climbed, amount_in: int) -> int:
        """Adds one step; the input to its end."""
        state = climbed.states[-1]
        limit = MIN_SQRT_RATIO + 1 if self._zero_for_one else MAX_SQRT_RATIO - 1
        if state.price == limit:
            raise InsufficientLiquidity(amount_in, f"moves {self._address} to the end of its prices", "trade less")
        try:
            target, boundary, net = self._target(state)
        except IndexError:
            beyond = f"goes beyond the known ticks of {self._address}"
            raise InsufficientLiquidity(amount_in, beyond, "trade less") from None
        step = swap_step(state.price, target, state.liquidity, _ALL, self._fee_pips)
        tick, liquidity = state.tick, state.liquidity
        if target == sqrt_ratio_at_tick(boundary):
            liquidity += -net if self._zero_for_one else net
            tick = boundary - 1 if self._zero_for_one else boundary
        else:
            tick = tick_at_sqrt_ratio(target)
        if not 0 <= liquidity <= _MAX_UINT128:
            raise RoutingError(f"tick {boundary} of {self._address}", "its liquidity does not add up", "read it again")
        taken, given = (climbed.taken[-1], climbed.given[-1]) if climbed.taken else (0, 0)
        climbed.taken.append(taken + step.amount_in + step.fee)
        climbed.given.append(given + step.amount_out)
        climbed.states.append(State(target, tick, liquidity))
        return climbed.taken[-1]

    def _target(self, state: State) -> tuple[int, int, int]:
        """Price at which the next step ends at the latest, the tick there, and its net liquidity."""
        boundary, net = next_boundary(self._ticks, self._spacing, state.tick, zero_for_one=self._zero_for_one)
        at_boundary = sqrt_ratio_at_tick(boundary)
        if self._zero_for_one:
            return max(at_boundary, MIN_SQRT_RATIO + 1), boundary, net
        return min(at_boundary, MAX_SQRT_RATIO - 1), boundary, net


def next_boundary(ticks: Ticks, spacing: int, tick: int, *, zero_for_one: bool) -> tuple[int, int]:
    """Returns where the contract's next step ends: (tick, net liquidity there, which is zero at the end of a word).

    Raises:
        IndexError: If no tick is known there.
    """
    position = bisect_right(ticks, tick, key=lambda entry: entry[0]) - (1 if zero_for_one else 0)
    if position < 0:
        raise IndexError(position)
    initialised, net = ticks[position]
    if zero_for_one:
        word_end = (tick // spacing >> 8 << 8) * spacing
        boundary = max(initialised, word_end)
    else:
        word_end = ((tick // spacing + 1 >> 8 << 8) + 255) * spacing
        boundary = min(initialised, word_end)
    return min(max(boundary, MIN_TICK), MAX_TICK), net if boundary == initialised else 0
