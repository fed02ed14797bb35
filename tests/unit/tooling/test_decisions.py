"""Records of docs/decisions have one form, and their index lists them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests import decisions
from tests.decisions import BESIDE, FOLDER, INDEX, ROOT, Malformed, index, main, parse, records

RECORD = """# 7. Locks have two lots

Rooms: portfolio, math.

**Question.** How many?

**Options.** One, or many.

**Decision.** An account has two lots, `a` and b. The rest follows.

**Consequences.** None.
"""


def test_index__of_the_repository__lists_every_record() -> None:
    page = (FOLDER / INDEX).read_text(encoding="utf-8")
    assert page == index(records()), "python -m tests.decisions --write"
    assert page.count("](0") == len(list(FOLDER.glob("0*.md"))) > 40


def test_rooms__of_every_record__are_folders() -> None:
    known = {folder.name for folder in (ROOT / "contracts").iterdir()} | set(BESIDE)
    for record in records():
        assert set(record.rooms) <= known, record.file


def test_superseded__by_a_record__is_superseded_by_one_that_exists() -> None:
    numbers = {record.number for record in records()}
    replaced = {record.number: record.replaced_by for record in records() if record.replaced_by}
    assert replaced and all(by in numbers and by > number for number, by in replaced.items())


def test_parse__whole_record__takes_the_first_sentence_of_the_decision() -> None:
    record = parse("0007-lots.md", RECORD)
    assert record.row == (
        "| 7 | [Locks have two lots](0007-lots.md) | An account has two lots, `a` and b. | portfolio, math |"
    )


def test_parse__superseded_in_part__says_so_in_the_index() -> None:
    text = RECORD.replace("math.\n", "math.\n\nSuperseded in part by [decision 9](0009-lots.md).\n")
    assert "*Superseded in part by 9.*" in parse("0007-lots.md", text).row


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("# 7. Locks", "# 0007 Locks", "the first line"),
        ("two lots\n\nRooms", "two lots.\n\nRooms", "the first line"),
        ("# 7.", "# 8.", "the number 8"),
        ("Rooms: portfolio, math.\n\n", "", "Rooms"),
        ("**Question.**", "**Aim.**", "lead-ins are Options"),
        ("**Consequences.**", "**Costs.**", "lead-ins"),
        ("**Question.**", "**Decision.**", "lead-ins are Decision"),
    ],
)
def test_parse__part_missing__names_file_and_part(old: str, new: str, fault: str) -> None:
    with pytest.raises(Malformed, match=rf"0007-lots\.md: .*{fault}"):
        parse("0007-lots.md", RECORD.replace(old, new))


def test_records__two_of_one_number__are_refused(tmp_path: Path) -> None:
    for name in ("0007-lots.md", "0007-locks.md"):
        (tmp_path / name).write_text(RECORD, encoding="utf-8")
    with pytest.raises(Malformed, match="number 7"):
        records(tmp_path)


def test_main__stale_index__fails_until_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "FOLDER", tmp_path)
    monkeypatch.setattr(decisions.records, "__defaults__", (tmp_path,))
    (tmp_path / "0007-lots.md").write_text(RECORD, encoding="utf-8")
    stale = CliRunner().invoke(main)
    assert stale.exit_code == 1 and "is stale" in stale.output
    assert CliRunner().invoke(main, ["--write"]).exit_code == 0
    assert CliRunner().invoke(main).exit_code == 0
