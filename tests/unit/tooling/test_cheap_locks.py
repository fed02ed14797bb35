"""Only what a test makes in its own process has cheap locks."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from keepers.compliance.evidence.locks import COST, LEAST_COST
from keepers.documents.folder import DocumentFolder
from tests.fixtures.forks import run_forked

SECRET = "correct horse battery staple"


def test_open__in_a_test__asks_for_the_least_cost(tmp_path: Path) -> None:
    DocumentFolder.open(tmp_path, lambda _: SECRET, create=True)
    assert json.loads((tmp_path / "lock.json").read_text())["cost"] == LEAST_COST < COST


def test_evidence_put__as_a_command__asks_for_the_recommended_cost(tmp_path: Path) -> None:
    scan, secret, folder = tmp_path / "scan.pdf", tmp_path / "secret", tmp_path / "evidence"
    scan.write_bytes(b"%PDF a passport")
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    put = [sys.executable, "-m", "keepers", "compliance", "evidence", "put", "P-17", str(scan), "--by", "Ada Example"]
    done = run_forked([*put, "--folder", str(folder), "--passphrase-file", str(secret)])
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "lock.json").read_text())["cost"] == COST
