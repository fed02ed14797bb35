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
