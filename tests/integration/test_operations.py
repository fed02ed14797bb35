"""docs/operations.md, "Five minutes on a local chain": its commands as they stand there, but for ports and folders."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts._lib.artifacts import ROOT, build
from scripts._lib.ports import free_port
from tests.fixtures.forks import QUANTERA, shell_functions
from tests.fixtures.waiting import GENEROUS, wait_until

PAGE = ROOT / "docs/operations.md"
MINUTES = 5


def blocks() -> list[list[str]]:
    """Commands of each bash block of the section; a line that ends with a backslash goes on."""
    section = PAGE.read_text().split("## Five minutes on a local chain")[1].split("\n## ")[0]
    found = re.findall(r"```bash\n(.*?)```", section, re.DOTALL)
    return [block.replace("\\\n", " ").strip().splitlines() for block in found]


class Terminal:
    """Where a person types the page's commands."""

    def __init__(self, folder: Path) -> None:
        self._node, self._metrics, self._folder = str(free_port()), str(free_port()), folder

    def command(self, line: str) -> list[str]:
        """A bash command that sets up the terminal and runs a line of the page."""
        for was, now in (("8545", self._node), ("9464", self._metrics), ("build/", f"{self._folder}/")):
            line = line.replace(was, now)
        if line.endswith("python -m scripts.localnet"):
            line += f" --folder {self._folder}/localnet --port {self._node}"
        return ["bash", "-c", f"source .ci/env.sh && {line}"]

    def run(self, line: str) -> str:
        command, environment = self.command(line), {**os.environ, **shell_functions(QUANTERA)}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=GENEROUS)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def stays(self, line: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
        """A command that runs until it is told to stop, then ends well."""
        with log.open("wb") as output:
            running = subprocess.Popen(self.command(f"exec {line}"), cwd=ROOT, stdout=output, stderr=output)
        try:
            yield running
            running.send_signal(signal.SIGTERM)
            assert running.wait(GENEROUS) == 0, log.read_text()
        finally:
            running.kill()
            running.wait()


def shows(log: Path, running: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Arguments of wait_until: waiting ends when the command has ended, and a failure shows what it wrote."""

    def require_running() -> None:
        assert running.poll() is None, log.read_text()[-3000:]

    return {"meanwhile": require_running, "why": lambda: log.read_text()[-3000:]}


def decided(log: Path, bot: str) -> bool:
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{") and line.endswith("}")]
    return any(line["event"] == "decision" and line["bot"] == bot and line["outcome"] == "done" for line in lines)


@dataclass(frozen=True)
class Localnet:
    """A chain as the page's first terminal leaves it.

    Attributes:
        folder: Folder in the place of build/.
        since: When its command started, `time.monotonic`.
    """

    terminal: Terminal
    folder: Path
    since: float
    log: Path


@dataclass(frozen=True)
class Running:
    """Bots as the page's second terminal leaves them.

    Attributes:
        outputs: Printed by the commands before `quantera run`.
    """

    outputs: list[str]
    bots: subprocess.Popen[bytes]
    log: Path


@pytest.fixture(scope="module")
def localnet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Localnet]:
    """The page's first commands, until a first day has closed."""
    build()
    (source, command), *_ = blocks()
    assert source == "source .ci/env.sh"
    folder = tmp_path_factory.mktemp("page")
    terminal, log = Terminal(folder), folder / "localnet.log"
    started = time.monotonic()
    with terminal.stays(command, log) as chain:
        wait_until(lambda: "has closed" in log.read_text(), **shows(log, chain))
        yield Localnet(terminal, folder, started, log)


@pytest.fixture
def running(localnet: Localnet) -> Iterator[Running]:
    """The page's commands up to the first rebalance."""
    _, (_, *set_up, run), *_ = blocks()
    assert run.startswith("quantera run all")
    terminal, log = localnet.terminal, localnet.folder / "bots.log"
    outputs = [terminal.run(line) for line in set_up]
    with terminal.stays(run, log) as bots:
        wait_until(lambda: decided(log, "rebalance:stocks"), **shows(log, bots))
        yield Running(outputs, bots, log)


def test_localnet__first_day__closes_after_the_portfolio_is_funded(localnet: Localnet) -> None:
    ready, closed, *_ = localnet.log.read_text().splitlines()
    assert "portfolio stocks of 10,000,000 USD" in ready and closed.endswith("has closed")
    assert (localnet.folder / "localnet/deployments/demo.json").is_file()


def test_operations__commands_of_the_page__go_from_init_to_a_rebalance_in_minutes(
    localnet: Localnet, running: Running
) -> None:
    *_, (_, *look), (_, *explain) = blocks()
    terminal, outputs = localnet.terminal, running.outputs
    assert "Next: quantera doctor" in outputs[0] and "signers of rebalances: 2 of 3, 2 needed" in outputs[1]
    # Ready is who has looked through once: the risk bot reports and measures depth after its model.
    wait_until(lambda: json.loads(terminal.run(look[1]))["ok"], **shows(running.log, running.bots))
    assert time.monotonic() - localnet.since < MINUTES * 60
    status, ready, metrics, paused, unpaused, _, _ = [terminal.run(line) for line in look]
    counts, facts = [terminal.run(line) for line in explain]
    assert "equal-weight" in counts and json.loads(facts)["portfolio"]["name"] == "stocks"
    assert "VaR 99%" in status and "rebalance:stocks: " in status
    assert json.loads(ready)["ok"] and 'quantera_decisions_total{bot="risk:stocks",outcome="done"}' in metrics
    assert (paused, unpaused) == ("rebalance:stocks paused\n", "rebalance:stocks goes on\n")
    made = {path.name for path in (localnet.folder / "keeper").rglob("*") if path.is_file()}
    assert {"first.backup", "decisions.parquet", "keeper.yaml", "keeper.sqlite"} <= made
