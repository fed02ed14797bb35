"""The invariants table names contracts, functions and tests that are there."""

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]
_ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (_ROOT / "docs/invariants.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| [A-Z]+\d+[a-z]? \|", line)
]
_SOURCES = {
    path.stem: path.read_text(encoding="utf-8")
    for folder in ("contracts", "interfaces")
    for path in (_ROOT / folder).rglob("*.sol")
}
_TESTS = {path.name for path in (_ROOT / "tests").rglob("*") if path.suffix in (".py", ".sol")}


def _named(column: int) -> list[tuple[str, str]]:
    return sorted({(row[0], name) for row in _ROWS for name in re.findall(r"`([^`]+)`", row[column])})


def _bases(contract: str) -> set[str]:
    declared = re.search(rf"\bcontract {contract} is ([^{{]+)\{{", _SOURCES[contract])
    direct = set(re.findall(r"\w+", declared[1])) & set(_SOURCES) if declared else set()
    return direct.union(*map(_bases, direct))


def _defines(source: str, function: str) -> bool:
    return bool(re.search(rf"\b(function|modifier) {re.escape(function)}\b", source))


@pytest.mark.parametrize(("row", "name"), [(row, name) for row, name in _named(2) if re.fullmatch(r"[A-Z]\w+", name)])
def test_invariants__contract_that_enforces__is_there(row, name):
    assert name in _SOURCES or any(re.search(rf"\b(library|error|struct) {name}\b", text) for text in _SOURCES.values())


@pytest.mark.parametrize(
    ("row", "name"), [(row, name) for row, name in _named(2) if re.fullmatch(r"[A-Z]\w+\.\w+", name)]
)
def test_invariants__function_of_a_contract__is_there(row, name):
    contract, function = name.split(".")
    assert any(_defines(_SOURCES[each], function) for each in {contract, *_bases(contract)})


@pytest.mark.parametrize(("row", "name"), [(row, name) for row, name in _named(2) if re.fullmatch(r"_?[a-z]\w+", name)])
def test_invariants__name_that_enforces__is_in_a_contract(row, name):
    assert any(re.search(rf"\b{name}\b", text) for text in _SOURCES.values())


@pytest.mark.parametrize(("row", "name"), [(row, name) for row, name in _named(3) if re.search(r"\.(py|sol)$", name)])
def test_invariants__test_that_attacks__is_there(row, name):
    assert name.rsplit("/", 1)[-1] in _TESTS


def test_invariants__rows__are_read():
    assert {"I1", "I2", "I3", "I4", "I5", "I6", "I7", "C1", "R1", "F1", "Y1"} <= {row[0] for row in _ROWS}
