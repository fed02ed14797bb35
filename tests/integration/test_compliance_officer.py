"""docs/compliance-officer.md: its commands as they stand there, but for the port and the folder."""

from __future__ import annotations

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
from tests.fixtures.waiting import GENEROUS, wait_until

PAGE = ROOT / "docs/compliance-officer.md"
MINUTES = 10
ANNA = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
BEN = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
CARL = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"


class Officer:
    """A new officer, who follows the page block by block in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._port, self._folder = str(free_port()), folder
        self.blocks = re.findall(r"```bash\n(.*?)```", PAGE.read_text(), re.DOTALL)

    def script(self, block: str) -> list[str]:
        text = block.replace("8545", self._port).replace("build/officer", str(self._folder))
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
        done = subprocess.run(self.script(block), cwd=ROOT, capture_output=True, text=True, timeout=GENEROUS)
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
        return done.stdout


@dataclass(frozen=True)
class Opened:
    """A chain with the protocol and a token that three countries may hold.

    Attributes:
        since: Second at which the officer began, `time.monotonic`.
        deployed, rules: Output of the deployment, and of the rulebook.
        rest: Blocks that follow on the page.
    """

    officer: Officer
    since: float
    deployed: str
    rules: str
    rest: list[str]


@dataclass(frozen=True)
class Held:
    """The token with its first holders.

    Attributes:
        holders, checked: Output of registering and issuing, and of a check with a transfer.
        rest: Blocks that follow on the page.
    """

    opened: Opened
    holders: str
    checked: str
    rest: list[str]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """The page up to its rules."""
    build()
    officer, started = Officer(tmp_path_factory.mktemp("page") / "officer"), time.monotonic()
    first, key, deploy, config, terms, rules, *rest = officer.blocks
    with officer.node(first):
        _, deployed, _, _, told = [officer.follow(block) for block in (key, deploy, config, terms, rules)]
        yield Opened(officer, started, deployed, told, rest)


@pytest.fixture(scope="module")
def held(opened: Opened) -> Held:
    """The page up to its first transfer."""
    register, check, *rest = opened.rest
    return Held(opened, opened.officer.follow(register), opened.officer.follow(check), rest)


def note_of(opened: Opened) -> Contract:
    address = re.search(r"NOTE +(0x\w{40})", opened.deployed)
    assert address is not None
    abi = list(load("ComplianceAwareToken"))
    return opened.officer.chain.eth.contract(Web3.to_checksum_address(address[1]), abi=abi)


def test_rules__of_the_page__open_three_countries(opened: Opened) -> None:
    note = note_of(opened)
    engine_abi = list(load("AutomatedComplianceEngine"))
    engine = opened.officer.chain.eth.contract(note.functions.engine().call(), abi=engine_abi)
    countries = [code for code in range(1, 1000) if engine.functions.isCountryAllowed(note.address, code).call()]
    assert countries == [276, 756, 840]
    assert "jurisdictions change" in opened.rules and opened.rules.endswith("Sent.\n")


def test_holders__of_the_page__hold_and_move_tokens(held: Held) -> None:
    assert held.holders.count("Sent.") == 7 and "becomes eligible" in held.holders
    assert "Allowed." in held.checked and held.checked.endswith("moved\n")


def test_page__to_its_end__freezes_and_sanctions_within_ten_minutes(held: Held) -> None:
    officer, note = held.opened.officer, note_of(held.opened)
    frozen, sanctioned = [officer.follow(block) for block in held.rest]
    assert time.monotonic() - held.opened.since < MINUTES * 60
    assert f"becomes ineligible: {BEN}  DE (276), accredited, holds 60 NOTE" in frozen
    assert "Refused, code 24: wallet frozen" in frozen
    assert f"becomes ineligible: {CARL}  US (840), accredited, holds 12.5 NOTE; sanctioned" in sanctioned
    assert "nothing is scheduled" in sanctioned
    assert [note.functions.balanceOf(who).call() / 10**18 for who in (ANNA, BEN, CARL)] == [102.5, 60, 0]
