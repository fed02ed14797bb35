"""The structure of a report, which knows nothing of the files that it is written to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Unit = Literal["text", "count", "number", "fraction"]
Cell = str | int | float | None
ABSENT = "n/a"
"""Text of a number that is undefined."""


@dataclass(frozen=True)
class Origin:
    """Origin of the numbers of a table or a chart.

    Attributes:
        as_of: Last day of the data, ISO 8601.
        model: Model that computes the numbers.
        data: Hash of the data.
        command: Command that prints the same numbers again.
    """

    as_of: str
    model: str
    data: str
    command: str

    def line(self) -> str:
        """Returns the origin in one line."""
        return f"As of {self.as_of}; model: {self.model}; data {self.data}; reproduce with: {self.command}"


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: Heading.
        unit: Unit of the cells; a fraction is shown in percent.
        decimals: Digits after the point.
    """

    heading: str
    unit: Unit = "text"
    decimals: int = 2

    def shown(self, cell: Cell) -> str:
        """Returns a cell as text; an undefined number is `ABSENT`."""
        if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
            return ABSENT
        if isinstance(cell, str):
            return cell
        # A number that rounds to zero has no sign.
        digits = self.decimals + 2 * (self.unit == "fraction")
        rounded = round(cell, digits) + 0.0 if self.unit in ("fraction", "number") else cell
        if self.unit == "fraction":
            return f"{rounded:.{self.decimals}%}"
        return f"{rounded:,.{self.decimals}f}" if self.unit == "number" else f"{rounded:,}"


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        title: Title.
        columns: Columns.
        rows: Rows, each with one cell for each column.
        origin: Origin of the numbers; None for a table without any.

    Raises:
        ValueError: If a row has another number of cells than there are columns.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    origin: Origin | None = None

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row of {self.title!r} has {len(row)} cells for {len(self.columns)} columns")


@dataclass(frozen=True)
class Series:
    """A line of a chart, or the bars of one colour.

    Attributes:
        name: Name in the legend.
        values: One value for each label of the chart.
    """

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Chart:
    """A chart.

    Attributes:
        title: Title.
        kind: Kind: lines over time, or bars by category.
        labels: Labels of the horizontal axis.
        series: Lines or groups of bars.
        unit: Unit of the vertical axis.
        origin: Origin of the numbers.

    Raises:
        ValueError: If there is nothing to draw, a series has another length, or a value is not finite.
    """

    title: str
    kind: Literal["lines", "bars"]
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    unit: Unit
    origin: Origin

    def __post_init__(self) -> None:
        if not self.labels or not self.series:
            raise ValueError(f"chart {self.title!r} has nothing to draw")
        for one in self.series:
            if len(one.values) != len(self.labels) or not all(map(math.isfinite, one.values)):
                raise ValueError(f"series {one.name!r} of {self.title!r} is not {len(self.labels)} finite values")


@dataclass(frozen=True)
class Section:
    """A section of a report.

    Attributes:
        title: Title.
        text: Paragraphs before the tables.
        tables, charts: Tables and charts, in the order in which they are read.
    """

    title: str
    text: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True)
class Report:
    """A report.

    Attributes:
        title: Title.
        facts: Facts about the report as a whole, by name.
        sections: Sections in their order.
    """

    title: str
    facts: Mapping[str, str]
    sections: tuple[Section, ...] = field(default=())

    def as_object(self) -> dict[str, Any]:
        """Returns the report for programs; an undefined number is null."""
        found: dict[str, Any] = _defined(asdict(self))
        return found


def _defined(value: Any) -> Any:
    """Replaces numbers that are not finite, which JSON does not have, by None."""
    if isinstance(value, dict):
        return {key: _defined(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_defined(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
