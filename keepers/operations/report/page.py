"""A report as one page of HTML, which loads nothing from elsewhere and runs no script."""

from __future__ import annotations

from html import escape

from keepers.operations.report.document import Chart, Report, Section, Table
from keepers.operations.report.drawing import HEIGHT, WIDTH, Box, Shape, Stroke, shapes_of

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #202020; }
svg { width: 100%; height: auto; } svg text { font-family: system-ui, sans-serif; fill: #404040; }
table { border-collapse: collapse; width: 100%; margin: .25rem 0; } caption { text-align: left; font-weight: 600; }
th, td { text-align: left; padding: .15rem .6rem .15rem 0; border-bottom: 1px solid #ddd; vertical-align: top; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.origin { font-size: .75rem; color: #606060; overflow-wrap: anywhere; } figure { margin: 1rem 0; }
@media print { section { break-inside: avoid-page; } }
"""


def html_bytes(report: Report) -> bytes:
    """Writes a report as a page; the same report gives the same bytes."""
    facts = "".join(f"<tr><th>{escape(name)}</th><td>{escape(fact)}</td></tr>" for name, fact in report.facts.items())
    sections = "\n".join(_section(number, section) for number, section in enumerate(report.sections, 1))
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{escape(report.title)}</title>\n<style>{_STYLE}</style>\n"
        f"<h1>{escape(report.title)}</h1>\n<table>{facts}</table>\n{sections}\n</html>\n"
    ).encode()


def _section(number: int, section: Section) -> str:
    parts = [f"<h2>{number}. {escape(section.title)}</h2>", *(f"<p>{escape(text)}</p>" for text in section.text)]
    parts += [*map(_table, section.tables), *map(_chart, section.charts)]
    return "<section>" + "\n".join(parts) + "</section>"


def _table(table: Table) -> str:
    kinds = ["" if column.unit == "text" else ' class="number"' for column in table.columns]
    head = "".join(
        f"<th{kind}>{escape(column.heading)}</th>" for kind, column in zip(kinds, table.columns, strict=True)
    )
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td{kind}>{escape(column.shown(cell))}</td>"
            for kind, column, cell in zip(kinds, table.columns, row, strict=True)
        )
        + "</tr>\n"
        for row in table.rows
    )
    origin = f'<p class="origin">{escape(table.origin.line())}</p>' if table.origin else ""
    return (
        f"<table><caption>{escape(table.title)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>{origin}"
    )


def _chart(chart: Chart) -> str:
    drawn = "".join(map(_svg, shapes_of(chart)))
    return (
        f'<figure><figcaption><b>{escape(chart.title)}</b></figcaption><svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" '
        f'role="img" aria-label="{escape(chart.title)}">{drawn}</svg>'
        f'<p class="origin">{escape(chart.origin.line())}</p></figure>'
    )


def _svg(shape: Shape) -> str:
    if isinstance(shape, Stroke):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
        return f'<polyline points="{points}" fill="none" stroke="{shape.colour}" stroke-width="{shape.width}"/>'
    if isinstance(shape, Box):
        size = f'width="{shape.width:.1f}" height="{shape.height:.1f}"'
        return f'<rect x="{shape.x:.1f}" y="{shape.y:.1f}" {size} fill="{shape.colour}"/>'
    return (
        f'<text x="{shape.x:.1f}" y="{shape.y:.1f}" font-size="{shape.size:.0f}" text-anchor="{shape.anchor}">'
        f"{escape(shape.text)}</text>"
    )
