"""The documentation's table from T-REX modules to rule fields has a row for each module of the package."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[4]
MODULES = ROOT / "node_modules/@tokenysolutions/t-rex/contracts/compliance/modular/modules"


def test_migration_table__every_module_of_the_package__has_a_row() -> None:
    text = (ROOT / "docs/compliance.md").read_text(encoding="utf-8")
    section = text.split("### From T-REX modules to rule fields", 1)[1].split("\n## ", 1)[0]
    first_cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    named = {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)}
    assert named == {path.stem for path in MODULES.glob("*.sol")}


def test_migration_table__module_without_equivalent__has_its_reason() -> None:
    text = (ROOT / "docs/compliance.md").read_text(encoding="utf-8")
    section = text.split("### From T-REX modules to rule fields", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    missing = [name for row in rows if row[2].strip() == "none" for name in re.findall(r"`(\w+)`", row[1])]
    assert missing
    reasons = section.split("What has no equivalent, and why:", 1)[1]
    assert all(name in reasons or (name == "SupplyLimitModule" and "supply limit" in reasons) for name in missing)
