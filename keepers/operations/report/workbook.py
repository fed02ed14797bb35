"""A report as a workbook, with numbers as numbers and charts that follow their cells."""

from __future__ import annotations

import io
import math
import re
from datetime import datetime
from typing import cast

from xlsxwriter import Workbook
from xlsxwriter.chart import Chart as Drawn
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from keepers.operations.report.document import ABSENT, Cell, Chart, Column, Report, Section, Table

_CREATED = datetime(2000, 1, 1)
"""Day in the file's properties: a constant, so that the same report gives the same bytes."""
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\']")
_LONGEST_NAME = 31
_CHART_ROWS = 18
_WIDTH = 18
_SAFE = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
"""Cells stay what they are: a symbol that looks like a formula is text."""


def xlsx_bytes(report: Report) -> bytes:
    """Writes a report as a workbook: a sheet with the facts, and one for each section.

    Args:
        report: Report.
    """
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True, **_SAFE}) as book:
        book.set_properties({"title": report.title, "created": _CREATED})
        bold = book.add_format({"bold": True})
        first = book.add_worksheet("Report")
        first.set_column(0, 0, _WIDTH)
        first.write_string(0, 0, report.title, bold)
        for row, (name, fact) in enumerate(report.facts.items(), 2):
            first.write_string(row, 0, name, bold)
            first.write_string(row, 1, fact)
        for number, section in enumerate(report.sections, 1):
            name = _NOT_IN_NAMES.sub(" ", f"{number} {section.title}")[:_LONGEST_NAME].strip()
            _Sheet(book, name, bold).write(section)
    return out.getvalue()


class _Sheet:
    """A sheet that is filled from top to bottom."""

    def __init__(self, book: Workbook, name: str, bold: Format) -> None:
        self._book, self._name, self._bold, self._row = book, name, bold, 0
        self._sheet: Worksheet = book.add_worksheet(name)
        self._sheet.set_column(0, 12, _WIDTH)

    def write(self, section: Section) -> None:
        """Writes a section."""
        self._line(section.title, self._bold)
        for text in section.text:
            self._line(text)
        for table in section.tables:
            self._table(table)
        for chart in section.charts:
            self._chart(chart)

    def _line(self, text: str, style: Format | None = None) -> None:
        self._sheet.write_string(self._row, 0, text, style)
        self._row += 1

    def _table(self, table: Table) -> None:
        self._row += 1
        self._line(table.title, self._bold)
        for column, heading in enumerate(table.columns):
            self._sheet.write_string(self._row, column, heading.heading, self._bold)
        self._row += 1
        styles = [self._style(column) for column in table.columns]
        for row in table.rows:
            for index, (cell, style) in enumerate(zip(row, styles, strict=True)):
                self._cell(index, cell, style)
            self._row += 1
        if table.origin:
            self._line(table.origin.line())

    def _chart(self, chart: Chart) -> None:
        """Writes the numbers of a chart as a table, and the chart beside them."""
        columns = (Column("label"), *(Column(one.name, chart.unit, 4) for one in chart.series))
        rows = tuple(zip(chart.labels, *(one.values for one in chart.series), strict=True))
        first = self._row + 3
        self._table(Table(chart.title, columns, rows, chart.origin))
        # It is None only for a type that does not exist.
        drawn = cast(Drawn, self._book.add_chart({"type": "line" if chart.kind == "lines" else "column"}))
        last = first + len(rows) - 1
        for number, one in enumerate(chart.series, 1):
            drawn.add_series(
                {
                    "name": one.name,
                    "categories": [self._name, first, 0, last, 0],
                    "values": [self._name, first, number, last, number],
                }
            )
        drawn.set_title({"name": chart.title})
        drawn.set_x_axis({"label_position": "low"})
        self._sheet.insert_chart(first, len(columns) + 1, drawn)
        self._row = max(self._row, first + _CHART_ROWS)

    def _cell(self, column: int, cell: Cell, style: Format) -> None:
        if isinstance(cell, str):
            self._sheet.write_string(self._row, column, cell, style)
        elif cell is None or not math.isfinite(cell):
            self._sheet.write_string(self._row, column, ABSENT)
        else:
            self._sheet.write_number(self._row, column, cell, style)

    def _style(self, column: Column) -> Format:
        digits = f"0.{'0' * column.decimals}" if column.decimals else "0"
        shown = {"fraction": digits + "%", "number": digits, "count": "#,##0", "text": "@"}[column.unit]
        return self._book.add_format({"num_format": shown})
