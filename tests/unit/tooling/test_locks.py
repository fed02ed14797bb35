"""The installation follows the locks: every file is checked by its hash, whichever registry the machine is set to."""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[3]
LARGE = ("ai", "ray", "dask")
"""Extras that only the second lock has."""
PYTHON_LOCKS = ("requirements.lock", "requirements-ai.lock", "requirements-tools.lock", "requirements-uv.lock")
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
NPM: dict[str, dict[str, Any]] = json.loads((ROOT / "package-lock.json").read_text())["packages"]


@dataclass(frozen=True)
class Pin:
    """A requirement of a Python lock."""

    requirement: Requirement
    sha256: tuple[str, ...]

    @property
    def version(self) -> str:
        (only,) = self.requirement.specifier
        assert only.operator == "==", self.requirement
        return only.version

    @property
    def hashed(self) -> bool:
        return bool(self.sha256) and all(re.fullmatch("[0-9a-f]{64}", digest) for digest in self.sha256)


def pins(text: str) -> dict[str, Pin]:
    """By name; a line that continues is one line, and comments are left out."""
    found: dict[str, Pin] = {}
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.startswith("#"):
            name, *digests = line.split(" --hash=sha256:")
            requirement = Requirement(name)
            key = canonicalize_name(requirement.name)
            assert key not in found, f"{key} has two versions"
            found[key] = Pin(requirement, tuple(digest.strip() for digest in digests))
    return found


def unmet(wanted: list[str], locked: dict[str, Pin]) -> list[str]:
    """The requirements that a lock has no version for, or one that does not satisfy them."""
    missing = []
    for requirement in map(Requirement, wanted):
        pin = locked.get(canonicalize_name(requirement.name))
        if pin is None or not requirement.specifier.contains(pin.version, prereleases=True):
            missing.append(str(requirement))
    return missing


def wanted_of(lock: str) -> list[str]:
    """The direct requirements that a lock is made from; torch and clusters have one of their own, as they are large."""
    groups = PYPROJECT["dependency-groups"]
    extras = PYPROJECT["project"]["optional-dependencies"]
    if lock == "requirements-ai.lock":
        large = [requirement for extra in LARGE for requirement in extras[extra]]
        return [*PYPROJECT["project"]["dependencies"], *large]
    if lock != "requirements.lock":
        return list(groups[lock.removeprefix("requirements-").removesuffix(".lock")])
    optional = [requirement for extra, listed in extras.items() if extra not in LARGE for requirement in listed]
    return [*PYPROJECT["project"]["dependencies"], *groups["dev"], *optional]


@pytest.mark.parametrize("lock", PYTHON_LOCKS)
def test_python_lock__every_requirement__has_one_version_and_its_hashes(lock: str) -> None:
    locked = pins((ROOT / ".ci" / lock).read_text())
    assert locked and [name for name, pin in locked.items() if not (pin.version and pin.hashed)] == []


def test_pins__hash_left_out_or_short__is_seen() -> None:
    digest = "0" * 64
    text = f"# comment\na==1 ; sys_platform == 'linux' \\\n    --hash=sha256:{digest} \\\n    --hash=sha256:{digest}\n"
    assert [pin.hashed for pin in pins(text).values()] == [True]
    for incomplete in ("a==1\n", f"a==1 --hash=sha256:{digest} --hash=sha256:00\n"):
        assert [pin.hashed for pin in pins(incomplete).values()] == [False]


@pytest.mark.parametrize("lock", PYTHON_LOCKS)
def test_python_lock__every_direct_requirement__is_met(lock: str) -> None:
    assert unmet(wanted_of(lock), pins((ROOT / ".ci" / lock).read_text())) == []


def test_unmet__version_too_old_or_package_missing__is_named() -> None:
    locked = pins("a==1.5\n")
    assert unmet(["a>=2", "b"], locked) == ["a>=2", "b"] and unmet(["A[extra]>=1,<2"], locked) == []


def test_ai_lock__what_the_first_lock_has_too__is_the_same_version() -> None:
    first, training = (
        pins((ROOT / ".ci" / lock).read_text()) for lock in ("requirements.lock", "requirements-ai.lock")
    )
    both = first.keys() & training.keys()
    assert "numpy" in both and {name for name in both if first[name].version != training[name].version} == set()


def test_first_lock__for_keepers_and_the_demo__has_no_torch() -> None:
    first = pins((ROOT / ".ci/requirements.lock").read_text())
    assert "onnxruntime" in first and first.keys() & {"torch", "onnx", "triton"} == set()


@pytest.mark.parametrize("lock", PYTHON_LOCKS)
def test_python_lock__wherever_it_was_made__names_no_host_and_no_index(lock: str) -> None:
    text = (ROOT / ".ci" / lock).read_text()
    assert "://" not in text and not any(line.startswith("-") for line in text.splitlines())


def test_package_lock__every_package__has_a_hash_and_no_host() -> None:
    assert [path for path, entry in NPM.items() if path and not entry.get("integrity", "").startswith("sha512-")] == []
    assert [path for path, entry in NPM.items() if "resolved" in entry or entry.get("link")] == []


def test_npm_integrity__hash_missing_for_this_platform__refuses(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    script = shutil.copy(ROOT / ".ci/npm-integrity.mjs", tmp_path / ".ci")
    here = {"os": [platform.system().lower()], "version": "1.0.0"}
    elsewhere = {"os": ["win32"], "version": "1.0.0"}
    outcomes = []
    for entry in (elsewhere, here, {**here, "integrity": "sha512-AA=="}):
        (tmp_path / "package-lock.json").write_text(json.dumps({"packages": {"node_modules/@a/b": entry}}))
        run = subprocess.run(["node", script, "check"], capture_output=True, text=True)
        outcomes.append((run.returncode, "@a/b@1.0.0" in run.stderr))
    assert outcomes == [(0, False), (1, True), (0, False)]
