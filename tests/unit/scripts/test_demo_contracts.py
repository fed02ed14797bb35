from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from scripts._lib.demo.contracts import contract_folders

ROOT = Path(__file__).resolve().parents[3]
LEFT_OUT = frozenset(path.stem for path in (ROOT / "contracts/mocks").glob("*.sol"))
"""Contracts that `make demo` does not compile. Tests have them all, so no run of the demo in a test misses one."""


def named_in(folder: str, suffix: str) -> set[str]:
    """Words of a folder's files that are names of contracts which are left out."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / folder).rglob(f"*{suffix}"))]
    assert texts, folder
    return {word for text in texts for word in re.findall(r"\w+", text)} & LEFT_OUT


def test_contract_folders__protocol_and_market__hold_every_contract_but_what_only_tests_deploy() -> None:
    held = {path for folder in contract_folders() for path in (ROOT / folder).rglob("*.sol")}
    left_out = set((ROOT / "contracts").rglob("*.sol")) - held
    assert left_out == set((ROOT / "contracts/mocks").glob("*.sol")) and len(left_out) > 20


def test_contract_folders__demo_and_its_market__name_none_that_is_left_out() -> None:
    for folder, suffix in (("scripts/_lib/demo", ".py"), ("scripts/_lib/deployment", ".py")):
        assert named_in(folder, suffix) == set()
    assert named_in("contracts/mocks/market", ".sol") == set()


def test_contract_folders__as_a_program__runs_before_anything_is_installed() -> None:
    command = [sys.executable, "-I", "-S", str(ROOT / "scripts/_lib/demo/contracts.py")]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.split() == contract_folders()
