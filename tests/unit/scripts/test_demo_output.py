"""The folder that a demo writes into."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts._lib.demo.errors import DemoError
from scripts.demo import _empty


def test_empty__cannot_be_made__one_line_with_the_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(DemoError, match=r"file/demo: Not a directory; choose another --output"):
        _empty(file / "demo")


def test_empty__holds_something_else__is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DemoError, match="holds something else; choose another --output"):
        _empty(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_empty__an_earlier_demos__is_made_anew(tmp_path: Path) -> None:
    _empty(tmp_path / "demo")
    (tmp_path / "demo/report.html").touch()
    _empty(tmp_path / "demo")
    assert not (tmp_path / "demo/report.html").exists()
