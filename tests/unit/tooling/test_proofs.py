"""Halmos runs in `make prove`, which takes minutes; that its proofs fit the contracts shows here, in seconds."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_proofs__against_todays_contracts__compile() -> None:
    """Types only: no bytecode is asked for."""
    remappings = tomllib.loads((ROOT / "foundry.toml").read_text(encoding="utf-8"))["profile"]["default"]["remappings"]
    proofs = sorted((ROOT / "tests/formal").rglob("*.sol"))
    assert proofs
    asked = {
        "language": "Solidity",
        "sources": {str(path.relative_to(ROOT)): {"content": path.read_text(encoding="utf-8")} for path in proofs},
        "settings": {"remappings": remappings, "outputSelection": {"*": {"*": ["abi"]}}},
    }
    command = [ROOT / ".ci/solc/solc-v0.8.37", "--standard-json", "--base-path", ROOT]
    answer = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=True, timeout=300)
    found = json.loads(answer.stdout)
    wrong = [error["formattedMessage"] for error in found.get("errors", []) if error["severity"] == "error"]
    assert not wrong, "\n".join(wrong)
    assert {str(path.relative_to(ROOT)) for path in proofs} <= found["contracts"].keys()
