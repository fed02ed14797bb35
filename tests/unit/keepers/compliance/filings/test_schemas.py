"""The schemas of the package are the files that their README names."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import keepers.compliance.filings

FOLDER = Path(keepers.compliance.filings.__file__).with_name("schemas")


def test_schemas__of_the_package__are_unchanged() -> None:
    listed = dict(re.findall(r"^\| `([^`]+\.xsd)` \| `([0-9a-f]{64})` \|$", (FOLDER / "README.md").read_text(), re.M))
    found = {
        str(path.relative_to(FOLDER)): hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.rglob("*.xsd")
    }
    assert listed == found
