"""docs/compliance-officer.md: its commands as they stand there, but for the port and the folder."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from web3 import Web3
from web3.contract import Contract

from keepers.abi import load
from scripts._lib.artifacts import ROOT, build
from scripts._lib.ports import free_port
from tests.fixtures.forks import APE, QUANTERA, shell_functions
from tests.fixtures.waiting import GENEROUS, wait_until

PAGE = ROOT / "docs/compliance-officer.md"
MINUTES = 10
ANNA = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
BEN = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
CARL = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"


class Officer:
    """A new officer, who follows the page block by block in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._port, self.folder = str(free_port()), folder
        self.blocks = re.findall(r"```bash\n(.*?)```", PAGE.read_text(), re.DOTALL)

    def script(self, block: str) -> list[str]:
        text = block.replace("8545", self._port).replace("build/officer", str(self.folder))
        return ["bash", "-euo", "pipefail", "-c", text]

    @property
    def chain(self) -> Web3:
        return Web3(Web3.HTTPProvider(f"http://127.0.0.1:{self._port}"))

    @contextmanager
    def node(self, block: str) -> Iterator[None]:
        """The first terminal's chain, until the block ends."""
        source, command = block.strip().splitlines()
        running = subprocess.Popen(self.script(f"{source}\nexec {command}"), cwd=ROOT)
        try:
            wait_until(self.chain.is_connected)
            yield
            running.send_signal(signal.SIGTERM)
            running.wait(GENEROUS)
        finally:
            running.kill()
            running.wait()

    def follow(self, block: str) -> str:
        environment = {**os.environ, **shell_functions(APE, QUANTERA)}
        script = self.script(block)
        done = subprocess.run(script, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=GENEROUS)
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
        return done.stdout


@dataclass(frozen=True)
class Deployed:
    """A chain with the protocol and a token that nobody may hold.

    Attributes:
        since: Second at which the officer began, `time.monotonic`.
        output: Output of the deployment.
        rest: Blocks that follow on the page.
    """

    officer: Officer
    since: float
    output: str
    rest: list[str]


@dataclass(frozen=True)
class Step:
    """The page up to one more of its blocks.

    Attributes:
        output: What the block printed.
        rest: Blocks that follow on the page.
    """

    deployed: Deployed
    output: str
    rest: list[str]

    def next(self) -> Step:
        """The page up to the block after this one."""
        block, *rest = self.rest
        return Step(self.deployed, self.deployed.officer.follow(block), rest)


# A fixture for each long block, so that no step of the page holds a run of all tests up for long.


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Officer, float]]:
    """The page up to the officer's key, and the second at which it began."""
    build()
    officer, started = Officer(tmp_path_factory.mktemp("page") / "officer"), time.monotonic()
    with officer.node(officer.blocks[0]):
        officer.follow(officer.blocks[1])
        yield officer, started


@pytest.fixture(scope="module")
def deployed(keyed: tuple[Officer, float]) -> Deployed:
    """The page up to its deployment."""
    officer, started = keyed
    _, _, deploy, *rest = officer.blocks
    return Deployed(officer, started, officer.follow(deploy), rest)


@pytest.fixture(scope="module")
def opened(deployed: Deployed) -> Step:
    """The page up to its rules: the token, which three countries may hold."""
    config, terms, rules, *rest = deployed.rest
    _, _, told = [deployed.officer.follow(block) for block in (config, terms, rules)]
    return Step(deployed, told, rest)


@pytest.fixture(scope="module")
def registered(opened: Step) -> Step:
    """The page up to persons who may hold the token."""
    return opened.next()


@pytest.fixture(scope="module")
def issued(registered: Step) -> Step:
    """The page up to its first holders."""
    return registered.next()


@pytest.fixture(scope="module")
def moved(issued: Step) -> Step:
    """The page up to its first transfer."""
    return issued.next()


@pytest.fixture(scope="module")
def frozen(moved: Step) -> Step:
    """The page up to a freeze."""
    return moved.next()


def note_of(deployed: Deployed) -> Contract:
    address = re.search(r"NOTE +(0x\w{40})", deployed.output)
    assert address is not None
    abi = list(load("ComplianceAwareToken"))
    return deployed.officer.chain.eth.contract(Web3.to_checksum_address(address[1]), abi=abi)


def countries_of(deployed: Deployed) -> list[int]:
    """Countries whose holders the token is open to."""
    note, abi = note_of(deployed), list(load("AutomatedComplianceEngine"))
    engine = deployed.officer.chain.eth.contract(note.functions.engine().call(), abi=abi)
    return [code for code in range(1, 1000) if engine.functions.isCountryAllowed(note.address, code).call()]


def test_key__of_the_page__is_encrypted_and_has_an_address(keyed: tuple[Officer, float]) -> None:
    folder = keyed[0].folder
    assert Web3.is_address((folder / "address").read_text().strip())
    assert "crypto" in (folder / "key.json").read_text().lower()


def test_deployment__of_the_page__has_a_token(deployed: Deployed) -> None:
    assert note_of(deployed).functions.symbol().call() == "NOTE"


def test_rules__of_the_page__open_three_countries(opened: Step) -> None:
    assert countries_of(opened.deployed) == [276, 756, 840]
    assert "jurisdictions change" in opened.output and opened.output.endswith("Sent.\n")


def test_persons__of_the_page__become_eligible(registered: Step) -> None:
    assert registered.output.count("Sent.") == 4 and "becomes eligible" in registered.output


def test_holders__of_the_page__hold_tokens(issued: Step) -> None:
    assert issued.output.count("Sent.") == 3
    note = note_of(issued.deployed)
    assert [note.functions.balanceOf(who).call() / 10**18 for who in (ANNA, BEN, CARL)] == [100, 50, 12.5]


def test_transfer__of_the_page__moves_tokens(moved: Step) -> None:
    assert "Allowed." in moved.output and moved.output.endswith("moved\n")


def test_freeze__of_the_page__stops_a_holder(frozen: Step) -> None:
    assert f"becomes ineligible: {BEN}  DE (276), accredited, holds 60 NOTE" in frozen.output
    assert "Refused, code 24: wallet frozen" in frozen.output


def test_page__to_its_end__sanctions_within_ten_minutes(frozen: Step) -> None:
    deployed, note = frozen.deployed, note_of(frozen.deployed)
    end = frozen.next()
    sanctioned = end.output
    assert end.rest == []
    assert time.monotonic() - deployed.since < MINUTES * 60
    assert f"becomes ineligible: {CARL}  US (840), accredited, holds 12.5 NOTE; sanctioned" in sanctioned
    assert "nothing is scheduled" in sanctioned
    assert [note.functions.balanceOf(who).call() / 10**18 for who in (ANNA, BEN, CARL)] == [102.5, 60, 0]
