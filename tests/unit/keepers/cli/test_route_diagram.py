"""The page that `quantera route --html` draws."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from keepers.operations.route import Routed, Token
from keepers.operations.route_diagram import HEIGHT, WIDTH, bands_of, page
from keepers.routing.plans import RoutePlan
from keepers.routing.swaps import Swap

CASH, STOCK, NOTE, BOND = (f"0x{digit * 40}" for digit in "1234")
SYMBOLS = {CASH: "USDC", STOCK: "AAA", NOTE: "<b>N", BOND: "CCC"}


def swap(token_in: str, token_out: str, share: float, pool: str = "0xpool") -> Swap:
    return Swap(pool, token_in, token_out, 10, 10, share)


def routed(*swaps: Swap) -> Routed:
    plan = RoutePlan(swaps, 1_000_000, 2 * 10**18, 0, 2 * 10**18, None, 1.0)
    return Routed(7, Token("USDC", CASH, 6), Token("AAA", STOCK, 18), plan, 1.0, SYMBOLS)


TWO_WAYS = (
    swap(CASH, STOCK, 0.25, "0xdirect"),
    swap(CASH, NOTE, 0.75, "0xfirst"),
    swap(NOTE, STOCK, 0.4, "0xsecond"),
    swap(NOTE, STOCK, 0.6, "0xthird"),
)


class Tags(HTMLParser):
    """Every tag with its attributes, and whether each that was opened was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, {name: value or "" for name, value in attrs}))

    def named(self, name: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.seen if tag == name]


def tags(found: Routed) -> Tags:
    parser = Tags()
    parser.feed(page(found))
    return parser


def test_bands_of__two_ways__are_parts_of_the_order() -> None:
    parts = [band.part for band in bands_of(TWO_WAYS, CASH)]
    assert parts == pytest.approx([0.25, 0.75, 0.3, 0.45])
    assert parts[0] + parts[2] + parts[3] == pytest.approx(1), "everything arrives"


def test_page__two_ways__has_a_band_for_each_swap_and_a_bar_for_each_token() -> None:
    found = tags(routed(*TWO_WAYS))
    assert len(found.named("path")) == 4 and len(found.named("rect")) == 3


def test_page__two_ways__columns_follow_the_swaps() -> None:
    bars = [float(bar["x"]) for bar in tags(routed(*TWO_WAYS)).named("rect")]
    assert bars[0] < bars[1] < bars[2] or bars[0] < bars[2] < bars[1]
    assert len(set(bars)) == 3, "the token in between has a column of its own"


def test_page__bars__are_as_high_as_their_part_of_the_order() -> None:
    heights = sorted(float(bar["height"]) for bar in tags(routed(*TWO_WAYS)).named("rect"))
    assert heights[0] / heights[2] == pytest.approx(0.75, abs=0.01) and heights[1] == pytest.approx(heights[2], abs=0.1)


def test_page__many_tokens_side_by_side__stays_inside_the_picture() -> None:
    others = [f"0x{number:040x}" for number in range(10, 40)]
    swaps = [swap(CASH, other, 1 / len(others)) for other in others] + [swap(other, STOCK, 1.0) for other in others]
    found = routed(*swaps)
    found.symbols.update(dict.fromkeys(others, "X"))
    for bar in tags(found).named("rect"):
        top, height = float(bar["y"]), float(bar["height"])
        assert top >= 0 and height > 0 and top + height <= HEIGHT
        assert 0 <= float(bar["x"]) <= WIDTH


def test_page__symbol_with_markup__is_text() -> None:
    text = page(routed(*TWO_WAYS))
    assert "<b>" not in text and "&lt;b&gt;N" in text


def test_page__itself__loads_nothing() -> None:
    assert not re.search(r"https?:|src=|href=|<script", page(routed(*TWO_WAYS)))
