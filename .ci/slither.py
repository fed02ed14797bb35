"""slither.py: runs Slither and holds what it finds against slither.accepted.toml.

Fails for a medium or high finding that is not accepted there, and for an accepted one that is not found. What Slither
found in the same sources, with the same settings and tools, is kept beside what the compiler made of them, and read
again. It uses the standard library only.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ACCEPTED = ROOT / ".ci/slither.accepted.toml"
READ = ("contracts/**/*.sol", "interfaces/**/*.sol", "foundry.toml", "package-lock.json", ".ci/slither.config.json")
"""Files that a report depends on; the libraries' sources are those of the lock."""
TOOLS = (".ci/requirements-tools.lock", ".ci/solc/**/*", ".ci/slither.py")
_EQUALITY = re.compile(r"(?<![<>=!])==\s*(type\(\)\(\w+\)\.max|\w+\([^)]*\)|[^\s&|)]+)")

Finding = tuple[str, str]
"""A detector, and the Contract.function or Contract.variable that it found."""


def main() -> int:
    """Returns zero if what is found is what is accepted."""
    accepted = tomllib.loads(ACCEPTED.read_text())
    cache = os.environ.get("QUANTERA_SOLC_CACHE", str(ROOT / "build/solc"))
    unexplained, stale = compare(findings_of(ROOT, Path(cache) / "slither" if cache else None, _run), accepted)
    for detector, where in sorted(unexplained):
        print(f"{detector} in {where}: not accepted; mend the code, or say in {ACCEPTED.name} why it is right")
    for detector, where in sorted(stale):
        print(f"{detector} in {where}: accepted in {ACCEPTED.name} but not found; remove the entry")
    return 1 if unexplained or stale else 0


def compare(findings: list[dict[str, Any]], accepted: dict[str, Any]) -> tuple[set[Finding], set[Finding]]:
    """Returns what was found but not accepted, and what was accepted but not found."""
    operands = set(accepted["incorrect-equality"]["accepted_operands"])
    found = {
        (finding["check"], _where(finding))
        for finding in findings
        if finding["check"] != "incorrect-equality" or not _equal_only(finding, operands)
    }
    known = {(entry["detector"], where) for entry in accepted["finding"] for where in entry["where"]}
    return found - known, known - found


def findings_of(root: Path, kept: Path | None, run: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Returns what Slither finds, or what it found before in files that are the same to the byte.

    Args:
        root: The project.
        kept: Folder of earlier reports; None to run in any case.
        run: Runs Slither.
    """
    if kept is None:
        return run()
    report = kept / f"{_digest(root)}.json"
    try:
        return list(json.loads(report.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        found = run()
    kept.mkdir(parents=True, exist_ok=True)
    unfinished = report.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(found), encoding="utf-8")
    unfinished.replace(report)
    return found


def _digest(root: Path) -> str:
    """SHA-256 of the names and contents of everything that a report depends on."""
    digest = hashlib.sha256()
    files = {path for pattern in (*READ, *TOOLS) for path in root.glob(pattern) if path.is_file()}
    for path in sorted(files):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _run() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "slither.json"
        command = [ROOT / ".venv-tools/bin/slither", ".", "--config-file", ".ci/slither.config.json", "--json", report]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if not report.exists():
            sys.exit(f"slither wrote no report:\n{done.stdout}{done.stderr}")
        told = json.loads(report.read_text())
    if not told["success"]:
        sys.exit(f"slither failed: {told['error']}")
    return list(told["results"].get("detectors", []))


def _where(finding: dict[str, Any]) -> str:
    first = finding["elements"][0]
    return f"{first['type_specific_fields']['parent']['name']}.{first['name']}"


def _equal_only(finding: dict[str, Any], operands: set[str]) -> bool:
    """True if every equality that the finding names is with one of the operands."""
    expressions = [element["name"] for element in finding["elements"] if element["type"] == "node"]
    return bool(expressions) and all(set(_operands(expression)) <= operands for expression in expressions)


def _operands(expression: str) -> Iterator[str]:
    """The right sides of the equalities of an expression; one without any counts as its own."""
    found = _EQUALITY.findall(expression)
    yield from found or [expression]


if __name__ == "__main__":
    sys.exit(main())
