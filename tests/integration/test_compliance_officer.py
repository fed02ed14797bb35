"""docs/compliance-officer.md: its commands as they stand there, but for the port and the folder."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from web3 import Web3

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


@pytest.fixture
def officer(tmp_path: Path) -> Officer:
    build()
    return Officer(tmp_path / "officer")


def test_compliance_officer__commands_of_the_page__open_a_token_in_three_countries(officer: Officer) -> None:
    first, *rest = officer.blocks
    started = time.monotonic()
    with officer.node(first):
        outputs = [officer.follow(block) for block in rest]
        assert time.monotonic() - started < MINUTES * 60
        _, deployed, _, _, rules, holders, checked, frozen, sanctioned = outputs
        address = re.search(r"NOTE +(0x\w{40})", deployed)
        assert address is not None
        note = officer.chain.eth.contract(Web3.to_checksum_address(address[1]), abi=list(load("ComplianceAwareToken")))
        engine_address = note.functions.engine().call()
        engine = officer.chain.eth.contract(engine_address, abi=list(load("AutomatedComplianceEngine")))
        opened = [code for code in range(1, 1000) if engine.functions.isCountryAllowed(note.address, code).call()]
        held = [note.functions.balanceOf(account).call() / 10**18 for account in (ANNA, BEN, CARL)]
    assert opened == [276, 756, 840]
    assert "jurisdictions change" in rules and rules.endswith("Sent.\n")
    assert holders.count("Sent.") == 7 and "becomes eligible" in holders
    assert "Allowed." in checked and checked.endswith("moved\n")
    assert f"becomes ineligible: {BEN}  DE (276), accredited, holds 60 NOTE" in frozen
    assert "Refused, code 24: wallet frozen" in frozen
    assert f"becomes ineligible: {CARL}  US (840), accredited, holds 12.5 NOTE; sanctioned" in sanctioned
    assert "nothing is scheduled" in sanctioned and held == [102.5, 60, 0]
