"""A route as a Sankey diagram: one HTML page that needs no other file and no network."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from keepers.operations.route import Routed, lines
from keepers.routing.swaps import Swap

WIDTH, HEIGHT = 900.0, 420.0
_MARGIN, _TOP, _NODE, _GAP = 90.0, 16.0, 14.0, 28.0
_COLOURS = ("#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#76b7b2", "#e15759", "#9c755f", "#edc948")
_GAPS = 0.4
"""The most of the height that the gaps between tokens side by side take."""
_THINNEST = 1.0
_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
svg { width: 100%; height: auto; } svg text { font-size: 14px; fill: currentColor; }
path { fill-opacity: .55; } path:hover { fill-opacity: .85; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .25rem .75rem .25rem 0; }
td.number { text-align: right; font-variant-numeric: tabular-nums; } pre { white-space: pre-wrap; }
"""


@dataclass(frozen=True)
class Band:
    """A swap as the diagram shows it.

    Attributes:
        swap: The swap.
        part: Part of the order that goes through it, above 0 to 1.
    """

    swap: Swap
    part: float


def bands_of(swaps: Sequence[Swap], token_in: str) -> tuple[Band, ...]:
    """Returns the part of an order that goes through each swap.

    Args:
        swaps: In the order of execution: every token is bought in full before it is sold.
        token_in: Address of the token that the order sells.
    """
    there: dict[str, float] = defaultdict(float, {token_in: 1.0})
    found = []
    for swap in swaps:
        part = there[swap.token_in] * swap.share
        there[swap.token_out] += part
        found.append(Band(swap, part))
    return tuple(found)


def page(found: Routed) -> str:
    """Returns the page: the diagram, the swaps as a table, and what `quantera route` prints."""
    bands = bands_of(found.plan.swaps, found.token_in.address)
    title = f"{found.token_in.symbol} to {found.token_out.symbol} at block {found.block}"
    rows = "".join(_row(found, band) for band in bands)
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n<h1>{escape(title)}</h1>\n{_svg(found, bands)}\n"
        "<table><thead><tr><th>Market</th><th>From</th><th>To</th><th>Part of the order</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>\n<pre>{escape(chr(10).join(lines(found)))}</pre>\n</html>\n"
    )


def _row(found: Routed, band: Band) -> str:
    swap, symbols = band.swap, found.symbols
    cells = (swap.pool, symbols[swap.token_in], symbols[swap.token_out])
    return (
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + f'<td class="number">{band.part:.2%}</td></tr>'
    )


@dataclass
class _Node:
    column: int
    top: float
    height: float
    left: float = 0.0
    right: float = 0.0
    """Heights of the bands that are drawn already, on either side."""


def _svg(found: Routed, bands: Sequence[Band]) -> str:
    nodes = _nodes(found, bands)
    last = max(node.column for node in nodes.values())
    scale = nodes[found.token_in.address].height

    def x(node: _Node) -> float:
        return _MARGIN + (WIDTH - 2 * _MARGIN - _NODE) * node.column / last

    drawn = []
    for number, band in enumerate(bands):
        source, target = nodes[band.swap.token_in], nodes[band.swap.token_out]
        thick = max(band.part * scale, _THINNEST)
        shape = _band(x(source) + _NODE, source.top + source.right, x(target), target.top + target.left, thick)
        source.right += band.part * scale
        target.left += band.part * scale
        ends = f"{found.symbols[band.swap.token_in]} to {found.symbols[band.swap.token_out]}"
        told = escape(f"{ends} through {band.swap.pool}: {band.part:.2%} of the order")
        drawn.append(f'<path d="{shape}" fill="{_COLOURS[number % len(_COLOURS)]}"><title>{told}</title></path>')
    for address, node in nodes.items():
        end = node.column == last
        place, anchor = (x(node) + _NODE + 6, "start") if end else (x(node) - 6, "end")
        drawn.append(
            f'<rect x="{x(node):.1f}" y="{node.top:.1f}" width="{_NODE}" height="{node.height:.1f}" '
            f'fill="currentColor"/><text x="{place:.1f}" y="{node.top + node.height / 2:.1f}" '
            f'text-anchor="{anchor}" dominant-baseline="middle">{escape(found.symbols[address])}</text>'
        )
    return f'<svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img">' + "".join(drawn) + "</svg>"


def _nodes(found: Routed, bands: Sequence[Band]) -> dict[str, _Node]:
    """Returns a place for each token: its column is the number of swaps on the longest way to it."""
    columns = {found.token_in.address: 0}
    flow: dict[str, float] = defaultdict(float, {found.token_in.address: 1.0})
    for band in bands:
        columns[band.swap.token_out] = max(columns.get(band.swap.token_out, 0), columns[band.swap.token_in] + 1)
        flow[band.swap.token_out] += band.part
    columns[found.token_out.address] = max(columns.values())
    crowd = max(list(columns.values()).count(column) for column in columns.values())
    room = HEIGHT - 2 * _TOP
    gap = min(_GAP, room * _GAPS / max(crowd - 1, 1))
    scale = room - gap * (crowd - 1)
    nodes: dict[str, _Node] = {}
    for column in range(max(columns.values()) + 1):
        here = [address for address in columns if columns[address] == column]
        total = sum(flow[address] for address in here) * scale + gap * (len(here) - 1)
        top = (HEIGHT - total) / 2
        for address in here:
            nodes[address] = _Node(column, top, flow[address] * scale)
            top += flow[address] * scale + gap
    return nodes


def _band(x: float, y: float, to_x: float, to_y: float, thick: float) -> str:
    """Returns a band of equal thickness between two points, as an SVG path."""
    middle = (x + to_x) / 2
    return (
        f"M{x:.1f} {y:.1f}C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
        f"V{to_y + thick:.1f}C{middle:.1f} {to_y + thick:.1f} {middle:.1f} {y + thick:.1f} {x:.1f} {y + thick:.1f}Z"
    )
