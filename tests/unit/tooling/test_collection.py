"""No folder of tests drops out of the run unseen, as one named "build" did, which pytest passes over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.count import ROOT, by_folder, collected_by_pytest, fallen, recorded


@pytest.fixture(scope="module")
def collected(request: pytest.FixtureRequest) -> dict[str, int]:
    """Cases of a plain `pytest`: this run's own if it is one, for collecting them takes long."""
    config, session = request.config, request.session
    asked = {Path(argument).resolve() for argument in config.args}
    is_plain = asked == {ROOT / folder for folder in config.getini("testpaths")}
    if is_plain and not config.option.keyword and not config.option.markexpr:
        return by_folder(str(item.path.relative_to(ROOT)) for item in session.items)
    return collected_by_pytest()


def test_collected__every_recorded_folder__has_all_its_cases(collected: dict[str, int]) -> None:
    assert fallen(collected, recorded(forge=False)) == []


def test_collected__every_test_file__has_cases(collected: dict[str, int]) -> None:
    folders = {str(file.parent.relative_to(ROOT)) for file in (ROOT / "tests").rglob("test_*.py")}
    assert folders == set(collected)


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        ({"a": 2, "b": 1}, []),
        ({"a": 3, "b": 1}, []),
        ({"a": 1, "b": 1}, ["a: 1 cases are collected, 2 are recorded"]),
        ({"b": 1}, ["a: 0 cases are collected, 2 are recorded"]),
        ({"a": 2, "b": 1, "c": 5}, ["c: 5 cases are not recorded"]),
    ],
)
def test_fallen__fewer_or_unknown__is_said(found: dict[str, int], lines: list[str]) -> None:
    assert fallen(found, {"a": 2, "b": 1}) == lines


def test_collected_by_pytest__a_folder_outside_testpaths__is_missing(tmp_path: Path) -> None:
    for folder in ("in", "out"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "test_x.py").write_text("def test_x(): pass\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = in\n")
    assert collected_by_pytest(tmp_path) == {"in": 1}
