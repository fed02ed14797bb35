"""The repository map lists every folder, and each folder of contracts has a README that names its files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs/architecture.md"
HOUSES = ("contracts", "keepers", "scripts", "tests")
_ROW = re.compile(r"^\| \[?`(\w+/\w+)`", re.MULTILINE)
_FILE = re.compile(r"`([\w/]+\.sol)`")
ROOMS = sorted(folder for folder in (ROOT / "contracts").iterdir() if list(folder.rglob("*.sol")))


def folders(root: Path = ROOT) -> set[str]:
    """Returns the folders right below HOUSES that hold a source: what Python leaves behind does not count."""
    below = (folder for house in HOUSES for folder in (root / house).iterdir() if folder.is_dir())
    return {
        f"{folder.parent.name}/{folder.name}"
        for folder in below
        if any(file.is_file() and "__pycache__" not in file.parts for file in folder.rglob("*"))
    }


def mapped(page: str) -> set[str]:
    """Returns the folders that the repository map lists."""
    return set(_ROW.findall(page.split("\n## Repository map\n")[1].split("\n## ")[0]))


def test_map__of_the_page__lists_every_folder_and_no_other() -> None:
    listed, found = mapped(PAGE.read_text(encoding="utf-8")), folders()
    assert not found - listed, f"docs/architecture.md, 'Repository map', lacks {sorted(found - listed)}"
    assert not listed - found, f"docs/architecture.md, 'Repository map', lists what is gone: {sorted(listed - found)}"


def test_mapped__rows_outside_the_map__do_not_count() -> None:
    rows = "| `c/d` | x |\n| [`e/f`](e.md) | x |\n| `g` | x |\n"
    page = f"| `a/b` | x |\n\n## Repository map\n\n{rows}\n## On\n\n| `h/i` | x |\n"
    assert mapped(page) == {"c/d", "e/f"}


def test_folders__that_hold_caches_alone__do_not_count(tmp_path: Path) -> None:
    for file in (
        "keepers/risk/var.py",
        "keepers/gone/__pycache__/var.pyc",
        "keepers/cli.py",
        "scripts/demo/a.yaml",
    ):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    for house in HOUSES:
        (tmp_path / house).mkdir(exist_ok=True)
    assert folders(tmp_path) == {"keepers/risk", "scripts/demo"}


def test_readmes__of_the_folders_of_contracts__name_their_files_and_no_other() -> None:
    faults = []
    for room in ROOMS:
        named = set(_FILE.findall((room / "README.md").read_text(encoding="utf-8")))
        found = {str(file.relative_to(room)) for file in room.rglob("*.sol")}
        faults += [f"contracts/{room.name}/README.md lacks {file}" for file in sorted(found - named)]
        faults += [f"contracts/{room.name}/README.md names {file}, which is gone" for file in sorted(named - found)]
    assert faults == []
    assert len(ROOMS) > 10


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_readme__of_a_folder_of_contracts__has_a_diagram_and_leads_on(room: Path) -> None:
    text = (room / "README.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {room.name}\n") and text.count("```") == 2
    assert "](../../docs/" in text
    if (ROOT / "interfaces" / room.name).exists():
        assert f"](../../interfaces/{room.name})" in text
