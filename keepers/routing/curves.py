"""Outputs of markets as concave curves over arrays of markets: the solver's side of the venues.

A curve gives the output y(x) for an input x of one market in one direction, both in smallest units as floats. It is at
least what the contract pays, because the contracts round against the trader and the curve does not round. Three
families cover every venue:

- segments: y = L (p - r), x = L (1 / r - 1 / p) / gamma while the square root of the price falls from p to r, over
  stretches of constant liquidity L. A concentrated pool has one stretch between two initialised ticks (Adams et al.
  2021, "Uniswap v3 Core", 6.14 to 6.16); a constant product is a single stretch down to zero.
- weighted: y = R_out (1 - (R_in / (R_in + gamma x))^w), w = w_in / w_out (Martinelli and Mushegian 2019).
- lines: the concave hull of straight lines, for venues without a closed form.

`best` is the closed-form arbitrage of Angeris, Evans, Chitra and Boyd (2022), "Optimal routing for constant function
market makers", section 4: the input at which the marginal output equals a given price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_LOG_RANGE = 128.0
"""Logarithms of amounts and prices lie within plus and minus this."""
_NOTHING, _ALL = 1e-54, 1e200
"""Inputs that stand for none and for an infinite one, where a formula would divide by them or by their reciprocals."""


class Family(Protocol):
    """Curves of one kind, addressed by position."""

    @property
    def limit(self) -> Floats:
        """(curves,), most that each takes."""
        ...

    def best(self, at: Ints, price: Floats) -> tuple[Floats, Floats]:
        """Inputs that maximise y(x) - price x over x from zero to the limit, one per entry of `at`, and outputs."""
        ...

    def output(self, at: Ints, x: Floats) -> Floats:
        """Outputs y(x)."""
        ...

    def slope(self, at: Ints, x: Floats) -> Floats:
        """Marginal outputs y'(x), to the right."""
        ...

    def answer(self, at: Ints, price: Floats) -> tuple[Floats, Floats, Floats]:
        """`best`, and how fast inputs fall as logarithms of prices rise, -dx / d log(price), which is zero at kinks."""
        ...


class Steps:
    """Rows of variable length, each of falling numbers above zero, that many queries search at once.

    Row and logarithm share one float, so that one search over the whole finds positions in every row.
    """

    def __init__(self, starts: Ints, values: Floats) -> None:
        lengths = np.diff(np.append(starts, values.size))
        rows = np.repeat(np.arange(starts.size), lengths)
        self._keys = rows + self._fraction(values)
        self._starts = starts

    def count(self, row: Ints, value: Floats) -> Ints:
        """How many numbers of each row are above the given value."""
        found = self._keys.searchsorted(row + self._fraction(value), side="left") - self._starts[row]
        result: Ints = np.maximum(found, 0)
        return result

    @staticmethod
    def _fraction(values: Floats) -> Floats:
        """Numbers from 0 (large) to 1 (small), rising as the values fall."""
        logs = np.log(np.maximum(values, 1e-60))
        fraction: Floats = np.minimum(np.maximum((_LOG_RANGE - logs) / (2 * _LOG_RANGE), 1e-9), 1 - 1e-9)
        return fraction


class Segments:
    """Stretches of constant liquidity.

    Args:
        stretches: One array (stretches, 3) per curve: square root of the price (output per input) at the start, at the
            end, and liquidity; starts falling.
        fees: (curves,), part of the input.
    """

    def __init__(self, stretches: Sequence[Floats], fees: Floats) -> None:
        lengths = np.array([len(rows) for rows in stretches], dtype=np.int64)
        self._first: Ints = np.cumsum(lengths) - lengths
        self._last = self._first + lengths - 1
        table = np.concatenate(stretches) if len(stretches) else np.empty((0, 3))
        self._start, self._end, self._liquidity = table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy()
        self._kept = 1 - fees
        with np.errstate(divide="ignore"):
            size = self._liquidity * (1 / self._end - 1 / self._start)
        paid = self._liquidity * (self._start - self._end)
        # Sums before each stretch, counted from the first of its curve.
        self._x0, self._y0 = np.empty_like(size), np.empty_like(paid)
        for first, last in zip(self._first, self._last, strict=True):
            self._x0[first : last + 1] = np.concatenate([[0.0], np.cumsum(size[first:last])])
            self._y0[first : last + 1] = np.concatenate([[0.0], np.cumsum(paid[first:last])])
        self._prices = Steps(self._first, self._start)
        # Reciprocals fall as cumulative inputs rise; the first input of a row is zero and stands for the largest.
        with np.errstate(divide="ignore"):
            self._inputs = Steps(self._first, np.minimum(1 / self._x0, 1e55))
        self._limit = (self._x0 + size)[self._last] / self._kept if len(stretches) else np.empty(0)

    @property
    def limit(self) -> Floats:
        """See `Family`."""
        return self._limit

    def best(self, at: Ints, price: Floats) -> tuple[Floats, Floats]:
        """See `Family`."""
        return self._at_price(at, price)[:2]

    def answer(self, at: Ints, price: Floats) -> tuple[Floats, Floats, Floats]:
        """See `Family`."""
        x, y, position, root = self._at_price(at, price)
        between = (root < self._start[position]) & (root > self._end[position])
        depth = np.where(between, self._liquidity[position], 0.0)
        return x, y, depth / (2 * self._kept[at] * np.where(between, root, 1.0))

    def _at_price(self, at: Ints, price: Floats) -> tuple[Floats, Floats, Ints, Floats]:
        """Inputs and outputs up to a price, the stretches in which they end, and the square root of the price there."""
        first, kept = self._first[at], self._kept[at]
        root = np.sqrt(np.maximum(price, 0.0) / kept)
        position = first + self._prices.count(at, root) - 1
        inside = position >= first
        position = np.maximum(position, first)
        start, liquidity = self._start[position], self._liquidity[position]
        target = np.minimum(np.maximum(root, self._end[position]), start)
        with np.errstate(divide="ignore"):
            x = (self._x0[position] + liquidity * (1 / target - 1 / start)) / kept
        x = np.where(inside, np.minimum(x, self._limit[at]), 0.0)
        # The output follows from the input and not from the price, so that rounding moves both and bounds hold.
        y = self._paid(position, np.maximum(x * kept - self._x0[position], 0.0))
        return x, y, position, root

    def output(self, at: Ints, x: Floats) -> Floats:
        """See `Family`."""
        return self._paid(*self._locate(at, x))

    def slope(self, at: Ints, x: Floats) -> Floats:
        """See `Family`."""
        position, rest = self._locate(at, x)
        liquidity, start = self._liquidity[position], self._start[position]
        root = liquidity * start / (liquidity + start * rest)
        result: Floats = self._kept[at] * np.maximum(root, self._end[position]) ** 2
        return result

    def _paid(self, position: Ints, rest: Floats) -> Floats:
        """Outputs of inputs that end in a stretch, which takes the rest of them."""
        liquidity, start = self._liquidity[position], self._start[position]
        most = liquidity * (start - self._end[position])
        rest = np.minimum(rest, _ALL)
        paid = np.minimum(most, liquidity * start**2 * rest / (liquidity + start * rest))
        result: Floats = self._y0[position] + paid
        return result

    def _locate(self, at: Ints, x: Floats) -> tuple[Ints, Floats]:
        """The stretch in which an input ends, and what of it (less the fee) falls there."""
        net = x * self._kept[at]
        position = self._first[at] + np.maximum(self._inputs.count(at, 1 / np.maximum(net, _NOTHING)) - 1, 0)
        return position, np.maximum(net - self._x0[position], 0.0)


class Weighted:
    """Weighted products; (curves,) arrays: reserves, w_in / w_out, fee, and the largest input after the fee as a part
    of the reserve.
    """

    def __init__(self, reserve_in: Floats, reserve_out: Floats, power: Floats, fees: Floats, ratio: Floats) -> None:
        self._in, self._out, self._power, self._kept = reserve_in, reserve_out, power, 1 - fees
        self._limit = ratio * reserve_in / self._kept

    @property
    def limit(self) -> Floats:
        """See `Family`."""
        return self._limit

    def best(self, at: Ints, price: Floats) -> tuple[Floats, Floats]:
        """See `Family`."""
        reserve, kept, power = self._in[at], self._kept[at], self._power[at]
        with np.errstate(divide="ignore"):
            logs = np.log(self._out[at] * power * kept / (reserve * np.maximum(price, 0.0)))
            x = reserve * np.expm1(np.minimum(logs / (power + 1), 64.0)) / kept
        x = np.minimum(np.maximum(x, 0.0), self._limit[at])
        return x, self.output(at, x)

    def answer(self, at: Ints, price: Floats) -> tuple[Floats, Floats, Floats]:
        """See `Family`."""
        x, y = self.best(at, price)
        moving = (x > 0) & (x < self._limit[at])
        return x, y, np.where(moving, (self._in[at] / self._kept[at] + x) / (self._power[at] + 1), 0.0)

    def output(self, at: Ints, x: Floats) -> Floats:
        """See `Family`."""
        grown = np.log1p(self._kept[at] * x / self._in[at])
        result: Floats = -self._out[at] * np.expm1(-self._power[at] * grown)
        return result

    def slope(self, at: Ints, x: Floats) -> Floats:
        """See `Family`."""
        power, kept = self._power[at], self._kept[at]
        grown = np.log1p(kept * x / self._in[at])
        result: Floats = self._out[at] * power * kept / self._in[at] * np.exp(-(power + 1) * grown)
        return result


class Lines:
    """Concave chains of straight lines from the origin.

    Args:
        chains: One array (points, 2) per curve: inputs rising from above zero, outputs; slopes falling.
    """

    def __init__(self, chains: Sequence[Floats]) -> None:
        lengths = np.array([len(points) for points in chains], dtype=np.int64)
        self._first: Ints = np.cumsum(lengths) - lengths
        self._last = self._first + lengths - 1
        before = [np.vstack([[0.0, 0.0], points[:-1]]) for points in chains]
        ends = np.concatenate(chains) if len(chains) else np.empty((0, 2))
        begins = np.concatenate(before) if len(chains) else np.empty((0, 2))
        self._x0, self._y0 = begins[:, 0].copy(), begins[:, 1].copy()
        self._x1, self._y1 = ends[:, 0].copy(), ends[:, 1].copy()
        self._slope = (ends[:, 1] - self._y0) / (self._x1 - self._x0)
        self._slopes = Steps(self._first, np.maximum(self._slope, 1e-50))
        with np.errstate(divide="ignore"):
            self._inputs = Steps(self._first, np.minimum(1 / self._x0, 1e55))
        self._limit = self._x1[self._last] if len(chains) else np.empty(0)

    @property
    def limit(self) -> Floats:
        """See `Family`."""
        return self._limit

    def best(self, at: Ints, price: Floats) -> tuple[Floats, Floats]:
        """See `Family`."""
        position = self._first[at] + self._slopes.count(at, price) - 1
        inside, position = position >= self._first[at], np.maximum(position, 0)
        return np.where(inside, self._x1[position], 0.0), np.where(inside, self._y1[position], 0.0)

    def output(self, at: Ints, x: Floats) -> Floats:
        """See `Family`."""
        position = self._locate(at, x)
        rest = np.minimum(x, self._x1[position]) - self._x0[position]
        result: Floats = self._y0[position] + self._slope[position] * np.maximum(rest, 0.0)
        return result

    def slope(self, at: Ints, x: Floats) -> Floats:
        """See `Family`."""
        result: Floats = self._slope[self._locate(at, x)]
        return result

    def answer(self, at: Ints, price: Floats) -> tuple[Floats, Floats, Floats]:
        """See `Family`; inputs fall as on a smooth curve through the middles of the lines, which have steps only."""
        position = self._first[at] + self._slopes.count(at, price) - 1
        moving = (position >= self._first[at]) & (position < self._last[at])
        here = np.where(moving, position, self._first[at])
        after = np.where(moving, here + 1, here)
        width = (self._x1[after] - self._x0[here]) / 2
        logs = np.log(np.maximum(self._slope, 1e-300))
        fall = logs[here] - np.where(moving, logs[after], logs[here] - 1)
        return *self.best(at, price), np.where(moving, width / np.maximum(fall, 1e-12), 0.0)

    def _locate(self, at: Ints, x: Floats) -> Ints:
        before = self._inputs.count(at, 1 / np.maximum(x, _NOTHING)) - 1
        position: Ints = self._first[at] + np.maximum(before, 0)
        return position


@dataclass(frozen=True)
class Curves:
    """Curves of every family behind one numbering: segments first, then weighted products, then lines."""

    families: tuple[Segments, Weighted, Lines]

    @cached_property
    def limit(self) -> Floats:
        """(curves,), most that each takes, smallest units."""
        return np.concatenate([family.limit for family in self.families])

    def best(self, at: Ints, price: Floats, cap: Floats) -> tuple[Floats, Floats]:
        """Inputs up to `cap` that maximise y(x) - price x, and their outputs.

        Args:
            at: (queries,), positions of curves, rising.
            price: (queries,), value of a unit of input in units of output; where it is not above zero, all is sold.
            cap: (queries,), most that may go in.
        """
        x, y = np.empty(at.size), np.empty(at.size)
        for family, part, local in self._parts(at):
            x[part], y[part] = family.best(local, price[part])
        self._cap(at, x, y, cap)
        return x, y

    def answer(self, at: Ints, price: Floats, cap: Floats) -> tuple[Floats, Floats, Floats]:
        """`best`, and how fast inputs fall as logarithms of prices rise; not at all where the cap is what they take."""
        x, y, fall = np.empty(at.size), np.empty(at.size), np.empty(at.size)
        for family, part, local in self._parts(at):
            x[part], y[part], fall[part] = family.answer(local, price[part])
        fall[x >= cap] = 0.0
        self._cap(at, x, y, cap)
        return x, y, fall

    def _cap(self, at: Ints, x: Floats, y: Floats, cap: Floats) -> None:
        """Lowers inputs to caps, and their outputs with them."""
        over = np.flatnonzero(x > cap)
        if over.size:
            x[over] = cap[over]
            y[over] = self.output(at[over], x[over])

    def output(self, at: Ints, x: Floats) -> Floats:
        """Outputs y(x); `at` rising."""
        y = np.empty(at.size)
        for family, part, local in self._parts(at):
            y[part] = family.output(local, x[part])
        return y

    def slope(self, at: Ints, x: Floats) -> Floats:
        """Marginal outputs y'(x); `at` rising."""
        y = np.empty(at.size)
        for family, part, local in self._parts(at):
            y[part] = family.slope(local, x[part])
        return y

    def _parts(self, at: Ints) -> list[tuple[Family, slice, Ints]]:
        parts: list[tuple[Family, slice, Ints]] = []
        families: tuple[Family, ...] = self.families
        begin = 0
        for family, offset, end in zip(families, self._offsets, at.searchsorted(self._ends).tolist(), strict=True):
            if end > begin:
                parts.append((family, slice(begin, end), at[begin:end] - offset))
            begin = end
        return parts

    @cached_property
    def _ends(self) -> Ints:
        """(families,), numbers of the curves of each family and of those before it."""
        return np.cumsum([family.limit.size for family in self.families])

    @cached_property
    def _offsets(self) -> list[int]:
        return [0, *self._ends[:-1].tolist()]
