"""The built wheel in an empty environment, against a deployment, without the repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts._lib.artifacts import ROOT, build
from scripts._lib.ports import free_port
from tests.fixtures.waiting import GENEROUS, wait_until

SOURCES = ("pyproject.toml", "README.md", "keepers")


class Machine:
    """A folder whose environment has the wheel and what it requires, and nothing of the repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "venv/bin"
        self._environment = {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}

    def run(self, *command: str, code: int = 0) -> str:
        """The output of a command that ends with that exit code."""
        done = subprocess.run(
            command, cwd=self.folder, env=self._environment, capture_output=True, text=True, timeout=GENEROUS
        )
        assert done.returncode == code, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout


def build_wheel(folder: Path) -> Path:
    """Builds from a copy of the sources, because setuptools leaves folders beside them."""
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    backend = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
    command = [sys.executable, "-c", backend, str(folder)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=GENEROUS)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(source)
    return folder / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """With the versions that are locked, for a test that passed goes on passing."""
    folder = tmp_path_factory.mktemp("machine")
    wheel = build_wheel(folder)
    pins = re.findall(r"^[\w.-]+==[^\s;\\]+", (ROOT / ".ci/requirements.lock").read_text(), re.MULTILINE)
    (folder / "constraints.txt").write_text("\n".join(pins))
    install = f"""
        source .ci/uv.sh
        uv venv --python {sys.executable} --no-project {folder}/venv
        wanted="--python {folder}/venv --constraint {folder}/constraints.txt {wheel}"
        uv pip install --offline $wanted || uv pip install $wanted"""
    # The installation's own Python knows pip's settings, such as a mirror; what it has fetched is in uv's cache.
    environment = {**os.environ, "PYTHON": f"{sys.base_prefix}/bin/python3"}
    done = subprocess.run(
        ["bash", "-ec", install], cwd=ROOT, capture_output=True, text=True, timeout=GENEROUS, env=environment
    )
    assert done.returncode == 0, done.stderr
    return Machine(folder)


@pytest.fixture(scope="module")
def localnet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A node's address, and the folder with the deployment's file, prices and keys."""
    build()
    folder, port = tmp_path_factory.mktemp("chain") / "localnet", free_port()
    command = [sys.executable, "-m", "scripts.localnet", "--folder", str(folder), "--port", str(port)]
    log = folder.parent / "localnet.log"
    with log.open("wb") as output:
        chain = subprocess.Popen([*command, "--day-seconds", "0"], cwd=ROOT, stdout=output, stderr=output)
    try:
        wait_until(lambda: "has closed" in log.read_text() or chain.poll() is not None, why=log.read_text)
        assert chain.poll() is None, log.read_text()
        yield f"http://127.0.0.1:{port}", folder
    finally:
        chain.send_signal(signal.SIGTERM)
        chain.wait(GENEROUS)


def test_wheel__empty_environment__has_the_data_that_it_needs(machine):
    assert machine.run("quantera", "--version").startswith("quantera")
    where = machine.run("python", "-c", "import keepers; print(keepers.__file__)")
    assert where.startswith(str(machine.folder))
    packaged = "import importlib, pkgutil, keepers as k\n" + (
        "for found in pkgutil.walk_packages(k.__path__, 'keepers.'):\n"
        "    if 'migrations' not in found.name and not found.name.endswith('__main__'):\n"
        "        try:\n"
        "            importlib.import_module(found.name)\n"
        "        except ModuleNotFoundError as error:\n"
        "            print(found.name, error.name)\n"
    )
    lacking = [line.split() for line in machine.run("python", "-c", packaged).splitlines()]
    # Names and the register of people need the extra `screening`, filings the extra `filings`, and a committee's report
    # the extra `reports`; their commands say so.
    extras = {"anyascii", "rapidfuzz", "lxml", "reportlab", "xlsxwriter"}
    assert {module.partition(".")[0] for _, module in lacking} == extras
    assert all(re.search("screen|people|travel|filings|report", name) for name, _ in lacking)
    refused = machine.run("quantera", "compliance", "screen", "Ivan", "--list", "none.jsonl", code=1)
    assert refused == ""


@pytest.fixture(scope="module")
def keeper_config(machine: Machine, localnet: tuple[str, Path]) -> Path:
    """The config that `quantera init` writes."""
    url, chain = localnet
    config = machine.folder / "keeper/keeper.yaml"
    keys = chain / "keys"
    made = machine.run(
        "quantera", "init", str(config),
        "--rpc-url", url, "--deployment", str(chain / "deployments/demo.json"), "--portfolio", "stocks",
        "--prices", str(chain / "prices.csv"), "--sender", str(keys / "keeper-sender.json"),
        "--signer", str(keys / "keeper-signer-1.json"), "--signer", str(keys / "keeper-signer-2.json"),
        "--passphrase-file", str(keys / "passphrase"),
    )  # fmt: skip
    assert "Next: quantera doctor" in made
    return config


def test_doctor__wheel_and_no_repository__finds_nothing_wrong(machine: Machine, keeper_config: Path) -> None:
    assert "fail" not in machine.run("quantera", "doctor", "--config", str(keeper_config))


def test_run__wheel_and_no_repository__rehearses(machine: Machine, keeper_config: Path) -> None:
    assert "would send" in machine.run("quantera", "run", "risk", "--dry-run", "--config", str(keeper_config))


def test_run__wheel_and_no_repository__posts_and_status_knows(machine: Machine, keeper_config: Path) -> None:
    machine.run("quantera", "run", "risk", "--once", "--config", str(keeper_config))
    status = json.loads(machine.run("quantera", "status", "--json", "--config", str(keeper_config)))
    assert status["portfolio"]["name"] == "stocks"
