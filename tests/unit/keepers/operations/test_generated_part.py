"""A command replaces its part of a page and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from keepers.operations.generated_part import PageError, around, markers, replace_part

BEGIN, END = markers("mine")


def test_replace_part__page_with_markers__keeps_what_stands_outside(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# A\n\n{BEGIN}\nold\n{END}\n\nB\n", encoding="utf-8")
    replace_part(page, "mine", "new")
    assert page.read_text(encoding="utf-8") == f"# A\n\n{BEGIN}\nnew\n{END}\n\nB\n"


@pytest.mark.parametrize("content", ["# A\n", f"{BEGIN}\n", f"{END}\n{BEGIN}\n"])
def test_replace_part__page_without_both_markers__is_refused_and_kept(tmp_path: Path, content: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(content, encoding="utf-8")
    with pytest.raises(PageError, match="no markers"):
        replace_part(page, "mine", "new")
    assert page.read_text(encoding="utf-8") == content


def test_around__no_such_page__is_refused(tmp_path: Path) -> None:
    with pytest.raises(PageError, match="No such file"):
        around(tmp_path / "page.md", "mine")


def test_around__not_text__is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PageError, match="not text"):
        around(page, "mine")
