"""A small report as paper, workbook and page: what is shown, what is refused, and the same bytes."""

from __future__ import annotations

import base64
import io
import math
import re
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keepers.errors import KeeperError
from keepers.operations.report.document import Chart, Column, Origin, Report, Section, Series, Table
from keepers.operations.report.drawing import HEIGHT, WIDTH, Box, Label, shapes_of, ticks_of
from keepers.operations.report.files import ReportError, prepare, save_all
from keepers.operations.report.page import html_bytes
from keepers.operations.report.paper import pdf_bytes
from keepers.operations.report.workbook import xlsx_bytes

ORIGIN = Origin("2022-12-28", "ewma student", "sha256:abc", "quantera risk var --json")


def chart(kind: str = "lines", values: tuple[float, ...] = (0.01, -0.02, 0.03)) -> Chart:
    labels = tuple(f"day {index}" for index in range(len(values)))
    return Chart("Returns", "bars" if kind == "bars" else "lines", labels, (Series("a", values),), "fraction", ORIGIN)


def report(symbol: str = "AAPL", value: float = 0.02345) -> Report:
    columns = (Column("asset"), Column("VaR", "fraction", 3), Column("days", "count"))
    table = Table("Numbers", columns, ((symbol, value, 1234), ("none", float("nan"), 1)), ORIGIN)
    sections = (Section("Tails", ("A paragraph.",), (table,), (chart(), chart("bars"))),)
    return Report("Risk report: demo", {"As of": "2022-12-28"}, sections)


def text_of_pdf(content: bytes) -> str:
    """Every string that a PDF shows, in the order of its pages."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
        page = zlib.decompress(base64.a85decode(b"<~" + stream.strip(), adobe=True))
        found += re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", page)
    return " ".join(one.decode("latin-1") for one in found)


def sheets(content: bytes) -> dict[str, str]:
    """Parts of a workbook by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return {name: book.read(name).decode() for name in book.namelist()}


@pytest.mark.parametrize("writer", [pdf_bytes, xlsx_bytes, html_bytes])
def test_writer__same_report__same_bytes(writer) -> None:
    assert writer(report()) == writer(report()) != writer(report(value=0.02346))


def test_pdf_bytes__any__shows_numbers_and_origin() -> None:
    text = text_of_pdf(pdf_bytes(report()))
    assert "2.345%" in text and "1,234" in text and "n/a" in text and "page 1" in text
    assert "quantera risk var --json" in text and "sha256:abc" in text


def test_html_bytes__any__loads_nothing_and_runs_nothing() -> None:
    page = html_bytes(report("<script>alert(1)</script>")).decode()
    assert "2.345%" in page and "&lt;script&gt;" in page and "<svg" in page
    assert "default-src 'none'" in page
    assert not re.search(r"<script|<link|<img|<iframe|\ssrc=|\shref=|url\(|@import|https?:", page)


def test_xlsx_bytes__any__has_numbers_as_numbers_and_charts() -> None:
    parts = sheets(xlsx_bytes(report()))
    assert "<v>0.02345</v>" in parts["xl/worksheets/sheet2.xml"]
    assert "xl/charts/chart2.xml" in parts
    # The line of the first chart refers to three cells, of which the first has its first value.
    (place,) = re.findall(r"<c:val>.*?<c:f>(.*?)</c:f>", parts["xl/charts/chart1.xml"])
    first, last = re.fullmatch(r"'1 Tails'!\$B\$(\d+):\$B\$(\d+)", place).groups()
    assert int(last) - int(first) == 2
    assert re.search(rf'<c r="B{first}"[^>]*><v>0.01</v>', parts["xl/worksheets/sheet2.xml"])


def test_xlsx_bytes__symbol_like_a_formula__stays_text() -> None:
    parts = sheets(xlsx_bytes(report("=1+1")))
    assert "<f>" not in parts["xl/worksheets/sheet2.xml"] and "=1+1" in parts["xl/sharedStrings.xml"]


@pytest.mark.parametrize(
    ("cell", "column", "shown"),
    [
        (-0.00001, Column("a", "fraction"), "0.00%"),
        (0.12345, Column("a", "fraction", 1), "12.3%"),
        (1234.5, Column("a", "number", 1), "1,234.5"),
        (1234, Column("a", "count"), "1,234"),
        (float("inf"), Column("a", "number"), "n/a"),
        (None, Column("a"), "n/a"),
    ],
)
def test_shown__cell__is_text(cell: float | None, column: Column, shown: str) -> None:
    assert column.shown(cell) == shown


def test_as_object__undefined_number__is_null() -> None:
    table = report().as_object()["sections"][0]["tables"][0]
    assert table["rows"][1][1] is None and table["origin"]["command"] == "quantera risk var --json"


def test_table__row_of_another_length__is_refused() -> None:
    with pytest.raises(ValueError, match="has 1 cells for 2 columns"):
        Table("t", (Column("a"), Column("b")), (("x",),))


@pytest.mark.parametrize("values", [(), (1.0, float("nan"))])
def test_chart__nothing_to_draw__is_refused(values: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"nothing to draw|finite"):
        chart(values=values)


@given(low=st.floats(-1e6, 1e6), span=st.floats(0, 1e6))
@example(low=0.0, span=5e-324)
@example(low=1.0, span=3e-16)
@example(low=1e6, span=1.2e-10)
def test_ticks_of__any_range__covers_it_in_few_even_steps(low: float, span: float) -> None:
    ticks = ticks_of(low, low + span)
    step = ticks[1] - ticks[0]
    rounding = max(1e-6 * step, math.ulp(max(abs(low), abs(low + span))))
    assert step > 0 and ticks[0] <= low + rounding and ticks[-1] >= low + span - rounding
    assert 2 <= len(ticks) <= 8


@given(values=st.lists(st.floats(-10, 10), min_size=1, max_size=30), kind=st.sampled_from(["lines", "bars"]))
def test_shapes_of__any_values__stay_inside(values: list[float], kind: str) -> None:
    for shape in shapes_of(chart(kind, tuple(values))):
        points = [(shape.x, shape.y)] if isinstance(shape, Box | Label) else shape.points
        assert all(0 <= x <= WIDTH and -1e-6 <= y <= HEIGHT for x, y in points)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((None, None), "no file is named"),
        (("new", "new"), "is named twice"),
        (("old", None), "is there already"),
        (("none/new", None), "is no folder"),
    ],
)
def test_prepare__file_that_cannot_be_written__is_refused(
    tmp_path: Path, names: tuple[str | None, ...], said: str
) -> None:
    (tmp_path / "old").write_text("")
    paths = {kind: None if name is None else tmp_path / name for kind, name in zip(("pdf", "xlsx"), names, strict=True)}
    with pytest.raises(ReportError, match=said):
        prepare(paths, needed=True)


def test_save_all__second_file_fails__none_is_left(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(KeeperError):
        save_all(report(), {tmp_path / "first": html_bytes, tmp_path / "taken": html_bytes})
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
    assert (tmp_path / "taken").read_text() == "mine"
