"""A report on paper: a title, lines of text and a table, as the same PDF for the same input."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

_STYLE = TableStyle(
    [
        ("GRID", (0, 0), (-1, -1), 0.25, colors.grey),
        ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
)


def pdf_bytes(title: str, lines: Sequence[str], columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> bytes:
    """Writes a report on A4, with the heading of the table on each page.

    Args:
        title: Title.
        lines: Paragraphs before the table.
        columns: Headings.
        rows: Cells by heading.
    """
    styles = getSampleStyleSheet()
    cells = [[Paragraph(escape(column), styles["Heading6"]) for column in columns]]
    cells += [[Paragraph(escape(row.get(column, "")), styles["BodyText"]) for column in columns] for row in rows]
    story = [Paragraph(escape(title), styles["Title"])]
    story += [Paragraph(escape(line), styles["BodyText"]) for line in lines]
    story += [Spacer(1, 12), Table(cells, repeatRows=1, style=_STYLE)]
    out = io.BytesIO()
    # `invariant` leaves the day and a random identifier out of the file.
    SimpleDocTemplate(out, pagesize=landscape(A4), title=title, invariant=1).build(story)
    return out.getvalue()
