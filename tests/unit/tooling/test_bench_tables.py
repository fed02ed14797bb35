"""The tables that `make bench` writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts._lib.artifacts import ROOT
from tests.bench.framework import (
    BEGIN,
    END,
    HEADLINES,
    Row,
    headlines,
    refreshed,
    refreshed_headlines,
    report,
    write_between_markers,
)


def row(group: str, name: str, ours: float, target: float | None = 100) -> Row:
    return Row(group, name, "gas", ours, target=target)


def test_headlines__a_row_over_its_target__says_that_it_is_missed() -> None:
    rows = [row(group, name, 101 if number == 3 else 100) for number, (group, name) in enumerate(HEADLINES)]
    met = [line.split("|")[-2].strip() for line in headlines(rows).splitlines()[2:]]
    assert met == ["no" if number == 3 else "yes" for number in range(len(HEADLINES))]


def test_headlines__a_row_is_missing__refused_with_its_name() -> None:
    rows = [row(group, name, 1) for group, name in HEADLINES[1:]]
    with pytest.raises(ValueError, match=", ".join(HEADLINES[0])):
        headlines(rows)


def test_headlines__a_row_without_a_target__refused() -> None:
    rows = [row(group, name, 1, None if number == 0 else 1) for number, (group, name) in enumerate(HEADLINES)]
    with pytest.raises(ValueError, match="no target"):
        headlines(rows)


def test_report__two_groups__a_heading_and_a_table_each() -> None:
    text = report([row("Swaps", "V2", 7), row("Risk", "check", 8), row("Swaps", "V3", 9)])
    assert [line for line in text.splitlines() if line.startswith("#")] == ["## Swaps", "## Risk"]
    assert text.index("| V2 |") < text.index("| V3 |") < text.index("## Risk")


def test_write_between_markers__text_around__is_kept(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    write_between_markers("new", page)
    assert page.read_text(encoding="utf-8") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"


def test_readme__its_table__agrees_with_the_benchmarks() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    benchmarks = (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
    for group, name in HEADLINES:
        (line,) = (line for line in readme.splitlines() if line.startswith(f"| {group}: {name} |"))
        section = benchmarks.split(f"## {group}\n")[1].split("\n## ")[0]
        assert line.replace(f"| {group}: ", "| ").rsplit("|", 2)[0] + "|\n" in section


OLD = [row("Risk", "check", 1), row("Swaps", "V2", 2), row("Swaps", "V3", 3), row("Yield", "report", 4)]


@pytest.mark.parametrize("group", ["Risk", "Swaps", "Yield"])
def test_refreshed__rows_of_one_group__replace_its_section_alone(group: str) -> None:
    def page(rows: list[Row]) -> str:
        return f"before\n{BEGIN}\n{report(rows)}\n{END}\nafter\n"

    now = [row(group, old.name, 9) for old in OLD if old.group == group] + [row(group, "another", 8)]
    merged = page([one for old in OLD for one in ([old] if old.group != group else now if old.name != "V3" else [])])
    assert refreshed(page(OLD), now) == merged


def test_refreshed__a_row_of_the_section_was_not_measured__refused_with_its_name() -> None:
    with pytest.raises(ValueError, match="Swaps: V3 was not measured"):
        refreshed(f"{report(OLD)}\n{END}\n", [row("Swaps", "V2", 9)])


@pytest.mark.parametrize("group", ["Keepers", "Signals", "Zeal"])
def test_refreshed__group_without_a_section__comes_where_the_alphabet_has_it(group: str) -> None:
    def page(rows: list[Row]) -> str:
        return f"# before\n{BEGIN}\n{report(rows)}\n{END}\n## after\n"

    new = row(group, "another", 8)
    assert refreshed(page(OLD), [new]) == page(sorted([*OLD, new], key=lambda one: one.group))


def test_refreshed_headlines__one_group__changes_its_row_alone() -> None:
    old = [row(group, name, 1) for group, name in HEADLINES]
    now = [row(*HEADLINES[2], 101)]
    found = refreshed_headlines(headlines(old) + "\n", now)
    assert found == headlines([*old[:2], *now, *old[3:]]) + "\n"
