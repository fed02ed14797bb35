"""The gate of Slither's findings: what is accepted, what is not, and what is stale."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
_SPEC = importlib.util.spec_from_file_location("slither_gate", ROOT / ".ci/slither.py")
assert _SPEC is not None and _SPEC.loader is not None
gate = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(gate)


def finding(check: str, where: str, *expressions: str) -> dict[str, Any]:
    contract, function = where.split(".")
    first = {"type": "function", "name": function, "type_specific_fields": {"parent": {"name": contract}}}
    return {"check": check, "elements": [first, *({"type": "node", "name": text} for text in expressions)]}


@pytest.fixture
def accepted() -> dict[str, Any]:
    """One accepted finding, and equalities with zero."""
    entry = {"detector": "tx-origin", "where": ["A.f"], "why": "it is right"}
    return {"incorrect-equality": {"accepted_operands": ["0", "type()(uint256).max"]}, "finding": [entry]}


def test_compare__accepted_and_found__nothing_to_say(accepted):
    assert gate.compare([finding("tx-origin", "A.f")], accepted) == (set(), set())


def test_compare__another_finding_of_the_function__is_unexplained(accepted):
    found = [finding("tx-origin", "A.f"), finding("reentrancy-eth", "A.f")]
    assert gate.compare(found, accepted) == ({("reentrancy-eth", "A.f")}, set())


def test_compare__accepted_and_no_longer_found__is_stale(accepted):
    assert gate.compare([], accepted) == (set(), {("tx-origin", "A.f")})


@pytest.mark.parametrize(
    "expression",
    [
        "a == 0",
        "a == 0 || f(b)",
        "x != 0 && (most == 0 || other < most)",
        "high == type()(uint256).max",
        "(a >> b) & 1 == 0",
    ],
)
def test_compare__equality_with_nothing__is_accepted(accepted, expression):
    found = [finding("tx-origin", "A.f"), finding("incorrect-equality", "B.g", expression)]
    assert gate.compare(found, accepted) == (set(), set())


@pytest.mark.parametrize("expression", ["a == b", "a == 0 || b == c", "a == 01", "balance == 10 ** 18", "same(a)"])
def test_compare__equality_with_anything_else__is_unexplained(accepted, expression):
    found = [finding("tx-origin", "A.f"), finding("incorrect-equality", "B.g", "a == 0", expression)]
    assert gate.compare(found, accepted) == ({("incorrect-equality", "B.g")}, set())


def test_accepted_findings__each_says_why():
    entries = tomllib.loads(gate.ACCEPTED.read_text())["finding"]
    assert all(entry["why"].endswith(".") and entry["where"] for entry in entries)


def test_contracts__suppress_nothing_inline():
    assert [str(file) for file in (ROOT / "contracts").rglob("*.sol") if "slither-disable" in file.read_text()] == []


class Slither:
    """Finds the same each time, and counts its runs."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self) -> list[dict[str, Any]]:
        self.runs += 1
        return [finding("tx-origin", "A.f")]


@pytest.fixture
def slither_project(tmp_path: Path) -> Path:
    """A project of one contract and the settings that a report depends on."""
    for name in ("contracts/core/A.sol", "interfaces/IA.sol", "foundry.toml", "package-lock.json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1")
    for name in ("slither.config.json", "requirements-tools.lock", "slither.py", "solc/lib/cached.js"):
        path = tmp_path / ".ci" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1")
    return tmp_path


def test_findings_of__same_files__are_read_again(slither_project: Path) -> None:
    slither = Slither()
    first, second = (gate.findings_of(slither_project, slither_project / "kept", slither) for _ in range(2))
    assert first == second == [finding("tx-origin", "A.f")] and slither.runs == 1


@pytest.mark.parametrize(
    "changed",
    [
        "contracts/core/A.sol",
        "contracts/core/B.sol",
        "interfaces/IA.sol",
        "foundry.toml",
        "package-lock.json",
        ".ci/slither.config.json",
        ".ci/requirements-tools.lock",
        ".ci/slither.py",
        ".ci/solc/lib/cached.js",
    ],
)
def test_findings_of__a_file_changed_or_came__are_found_anew(slither_project: Path, changed: str) -> None:
    slither = Slither()
    gate.findings_of(slither_project, slither_project / "kept", slither)
    (slither_project / changed).write_text("2")
    gate.findings_of(slither_project, slither_project / "kept", slither)
    assert slither.runs == 2


@pytest.mark.parametrize("content", ["", "[{"])
def test_findings_of__report_is_damaged__are_found_anew(slither_project: Path, content: str) -> None:
    slither = Slither()
    gate.findings_of(slither_project, slither_project / "kept", slither)
    (report,) = (slither_project / "kept").iterdir()
    report.write_text(content)
    assert (
        gate.findings_of(slither_project, slither_project / "kept", slither) == [finding("tx-origin", "A.f")]
        and slither.runs == 2
    )


def test_findings_of__no_folder__runs_every_time(slither_project: Path) -> None:
    slither = Slither()
    for _ in range(2):
        gate.findings_of(slither_project, None, slither)
    assert slither.runs == 2
