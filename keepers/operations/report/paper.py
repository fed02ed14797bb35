"""A report as PDF."""

from __future__ import annotations

import io
from collections.abc import Iterator
from xml.sax.saxutils import escape

from reportlab.graphics.shapes import Drawing, PolyLine, Rect, String
from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from keepers.operations.report.document import Chart, Column, Report, Section, Table
from keepers.operations.report.drawing import HEIGHT, WIDTH, Box, Shape, Stroke, shapes_of

_MARGIN = 48.0
_ROOM = A4[0] - 2 * _MARGIN - 12
"""Width between the margins and the frame's padding, points."""
_RULES = [
    ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.lightgrey),
    ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("TOPPADDING", (0, 0), (-1, -1), 1.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
    ("LEFTPADDING", (0, 0), (-1, -1), 3),
    ("RIGHTPADDING", (0, 0), (-1, -1), 3),
]
_SHEET = getSampleStyleSheet()
_BODY = ParagraphStyle("body", parent=_SHEET["BodyText"], fontSize=9, leading=11.5)
_CAPTION = ParagraphStyle("caption", parent=_BODY, keepWithNext=1)
_CELL = ParagraphStyle("cell", parent=_BODY, fontSize=7.5, leading=9, splitLongWords=True)
_NUMBER = ParagraphStyle("figure", parent=_CELL, alignment=TA_RIGHT)
_ORIGIN = ParagraphStyle("origin", parent=_CELL, fontSize=6, leading=7.2, textColor=colors.dimgrey)
_WIDEST = 38
"""Characters from which on a text column grows no wider."""


def pdf_bytes(report: Report) -> bytes:
    """Writes a report on A4, with page numbers; the same report gives the same bytes.

    Args:
        report: Report.
    """
    story: list[Flowable] = [Paragraph(escape(report.title), _SHEET["Title"])]
    facts = [
        [Paragraph(f"<b>{escape(name)}</b>", _CELL), Paragraph(escape(fact), _CELL)]
        for name, fact in report.facts.items()
    ]
    story += [Grid(facts, colWidths=[0.22 * _ROOM, 0.78 * _ROOM], style=_RULES), Spacer(1, 8)]
    for number, section in enumerate(report.sections, 1):
        story += _section(number, section)

    def footer(canvas: Canvas, _: object) -> None:
        """Draws the title and the page's number at the foot of a page."""
        canvas.saveState()
        canvas.setFont("Helvetica", 7)
        canvas.drawString(_MARGIN + 6, 28, report.title)
        canvas.drawRightString(A4[0] - _MARGIN - 6, 28, f"page {canvas.getPageNumber()}")
        canvas.restoreState()

    out = io.BytesIO()
    # `invariant` leaves the day and a random identifier out of the file.
    document = SimpleDocTemplate(
        out, pagesize=A4, title=report.title, invariant=1, leftMargin=_MARGIN, rightMargin=_MARGIN, bottomMargin=_MARGIN
    )
    document.build(story, onFirstPage=footer, onLaterPages=footer)
    return out.getvalue()


def _section(number: int, section: Section) -> Iterator[Flowable]:
    heading = Paragraph(f"{number}. {escape(section.title)}", _SHEET["Heading2"])
    paragraphs = [Paragraph(escape(text), _BODY) for text in section.text]
    yield KeepTogether([heading, *paragraphs[:1]])
    yield from paragraphs[1:]
    for table in section.tables:
        yield from _table(table)
    for chart in section.charts:
        yield _chart(chart)


def _table(table: Table) -> Iterator[Flowable]:
    styles = [_CELL if column.unit == "text" else _NUMBER for column in table.columns]
    cells = [
        [
            Paragraph(f"<b>{escape(column.heading)}</b>", style)
            for column, style in zip(table.columns, styles, strict=True)
        ]
    ]
    cells += [
        [
            Paragraph(escape(column.shown(cell)), style)
            for column, cell, style in zip(table.columns, row, styles, strict=True)
        ]
        for row in table.rows
    ]
    yield Paragraph(f"<b>{escape(table.title)}</b>", _CAPTION)
    yield Grid(cells, colWidths=_widths(table), repeatRows=1, style=_RULES)
    if table.origin:
        yield Paragraph(escape(table.origin.line()), _ORIGIN)
    yield Spacer(1, 6)


def _widths(table: Table) -> list[float]:
    """Widths in proportion to the longest text of each column, within bounds."""

    def longest(index: int, column: Column) -> int:
        return max([len(column.heading), *(len(column.shown(row[index])) for row in table.rows)])

    sizes = [min(max(longest(index, column), 6), _WIDEST) + 2 for index, column in enumerate(table.columns)]
    return [_ROOM * size / sum(sizes) for size in sizes]


def _chart(chart: Chart) -> Flowable:
    scale = _ROOM / WIDTH
    drawing = Drawing(_ROOM, HEIGHT * scale)
    drawing.scale(scale, scale)
    for shape in shapes_of(chart):
        drawing.add(_drawn(shape))
    title, origin = Paragraph(f"<b>{escape(chart.title)}</b>", _BODY), Paragraph(escape(chart.origin.line()), _ORIGIN)
    return KeepTogether([title, drawing, origin, Spacer(1, 6)])


def _drawn(shape: Shape) -> PolyLine | Rect | String:
    """Returns a shape in the coordinates of PDF, whose y grows upwards."""
    if isinstance(shape, Stroke):
        points = [value for x, y in shape.points for value in (round(x, 2), round(HEIGHT - y, 2))]
        return PolyLine(points, strokeColor=colors.HexColor(shape.colour), strokeWidth=shape.width)
    if isinstance(shape, Box):
        colour = colors.HexColor(shape.colour)
        y = HEIGHT - shape.y - shape.height
        return Rect(shape.x, y, shape.width, shape.height, fillColor=colour, strokeColor=None)
    y = HEIGHT - shape.y
    return String(shape.x, y, shape.text, textAnchor=shape.anchor, fontSize=shape.size, fontName="Helvetica")
