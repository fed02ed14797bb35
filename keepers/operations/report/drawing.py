"""Charts as lines, boxes and labels, which any file format can draw."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from keepers.operations.report.document import Chart, Column

WIDTH, HEIGHT = 640.0, 260.0
COLOURS = ("#4e79a7", "#e15759", "#59a14f", "#f28e2b")
GREY, DARK = "#b0b0b0", "#404040"
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 12.0, 26.0, 34.0
_TICKS = 5
_MOST_LABELS = 8
_TEXT = 10.0


@dataclass(frozen=True)
class Stroke:
    """A line through points (x, y); y grows downwards from the top of the chart."""

    points: tuple[tuple[float, float], ...]
    colour: str
    width: float


@dataclass(frozen=True)
class Box:
    """A filled rectangle; x and y are its upper left corner."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True)
class Label:
    """Text; x and y are where its baseline begins, has its middle, or ends."""

    x: float
    y: float
    text: str
    anchor: Literal["start", "middle", "end"]
    size: float = _TEXT


Shape = Stroke | Box | Label


def ticks_of(low: float, high: float, count: int = _TICKS) -> tuple[float, ...]:
    """Round values from at most `low` to at least `high`: steps are 1, 2 or 5 times a power of ten.

    Source: Heckbert (1990), "Nice numbers for graph labels", Graphics Gems.

    Args:
        low, high: Range that is to be covered.
        count: Approximate number of steps.
    """
    span = high - low or abs(high) or 1.0
    # Smaller steps would fall between two numbers of this size, or could not be taken apart into a size and a power.
    rough = max(span / count, 4 * math.ulp(max(abs(low), abs(high))), sys.float_info.min)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= rough * (1 - 1e-9))
    first = math.floor(low / step + 1e-9)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    return tuple(number * step for number in range(first, last + 1))


def shapes_of(chart: Chart) -> tuple[Shape, ...]:
    """Returns a chart as shapes within `WIDTH` and `HEIGHT`."""
    values = [value for one in chart.series for value in one.values]
    bars = chart.kind == "bars"
    low, high = min(values), max(values)
    ticks = ticks_of(min(low, 0.0) if bars else low, max(high, 0.0) if bars else high)
    plot = _Plot(chart, ticks)
    drawn = [*plot.grid(), *(plot.boxes() if bars else plot.strokes()), *plot.labels(), *plot.legend()]
    return tuple(drawn)


class _Plot:
    """The axes of one chart."""

    def __init__(self, chart: Chart, ticks: tuple[float, ...]) -> None:
        self._chart, self._ticks = chart, ticks
        self._wide, self._high = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
        self._count = len(chart.labels)

    def _y(self, value: float) -> float:
        low, high = self._ticks[0], self._ticks[-1]
        return _TOP + self._high * (high - value) / (high - low)

    def _x(self, index: int) -> float:
        """Returns the middle of a label's place: lines go from edge to edge, bars stand in slots."""
        if self._chart.kind == "bars" or self._count == 1:
            return _LEFT + self._wide * (index + 0.5) / self._count
        return _LEFT + self._wide * index / (self._count - 1)

    def grid(self) -> Iterator[Shape]:
        """Yields a line and its number for each tick."""
        step = self._ticks[1] - self._ticks[0]
        fraction = self._chart.unit == "fraction"
        decimals = max(0, -math.floor(math.log10(step * (100 if fraction else 1)) + 1e-9))
        column = Column("", "fraction" if fraction else "number", decimals)
        for tick in self._ticks:
            y = self._y(tick)
            yield Stroke(((_LEFT, y), (WIDTH - _RIGHT, y)), DARK if tick == 0 else GREY, 0.5)
            yield Label(_LEFT - 5, y + _TEXT / 3, column.shown(float(tick)), "end")

    def strokes(self) -> Iterator[Shape]:
        """Yields a line for each series."""
        for number, one in enumerate(self._chart.series):
            points = tuple((self._x(index), self._y(value)) for index, value in enumerate(one.values))
            yield Stroke(points, COLOURS[number % len(COLOURS)], 1.0)

    def boxes(self) -> Iterator[Shape]:
        """Yields a bar for each value, from zero."""
        wide = self._wide / self._count * 0.8 / len(self._chart.series)
        for number, one in enumerate(self._chart.series):
            for index, value in enumerate(one.values):
                x = self._x(index) + (number - len(self._chart.series) / 2) * wide
                top, bottom = self._y(max(value, 0.0)), self._y(min(value, 0.0))
                yield Box(x, top, wide, bottom - top, COLOURS[number % len(COLOURS)])

    def labels(self) -> Iterator[Shape]:
        """Yields the names of the places below the chart."""
        every = -(-self._count // _MOST_LABELS)
        for index in range(0, self._count, every):
            if self._x(index) < WIDTH - _RIGHT - 2 * _TEXT:
                yield Label(self._x(index), HEIGHT - _BOTTOM + 16, self._chart.labels[index], "middle")

    def legend(self) -> Iterator[Shape]:
        """Yields the colour and the name of each series."""
        x = _LEFT
        for number, one in enumerate(self._chart.series):
            yield Box(x, 6, 9, 9, COLOURS[number % len(COLOURS)])
            yield Label(x + 13, 14, one.name, "start")
            x += 28 + 0.55 * _TEXT * len(one.name)
