"""The kyc bot whose evidence is at a node of IPFS, under keys that AWS KMS wraps: nobody types a passphrase."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests

from keepers.bots.kyc_webhooks import hearing
from keepers.compliance.kyc import verification as pure
from keepers.config import load_config
from keepers.documents.folder import DocumentFolder
from keepers.documents.kubo import KuboNode
from keepers.documents.setup import open_folder
from keepers.errors import KeeperError
from keepers.store import verifications as stored
from tests.fixtures.compliance import KYC_TOPIC
from tests.fixtures.kills import Killed, kill_after, kill_before
from tests.fixtures.kms import REGION, MockKms
from tests.fixtures.kubo import between
from tests.fixtures.kyc_office import JAN, KycOffice, kyc_office
from tests.fixtures.node import SENDER, World
from tests.unit.keepers.bots.harness import Running, later, started
from tests.unit.keepers.bots.test_kyc import claim_on

_FOLDERS = count()
STEPS = {
    f"{when} {what}": (owner, name, kill)
    for what, (owner, name) in {
        "adding to the node": (KuboNode, "add"),
        "putting the evidence": (DocumentFolder, "put"),
        "writing a step": (stored, "move"),
    }.items()
    for when, kill in (("before", kill_before), ("after", kill_after))
}


class Custody:
    """An office whose evidence is at a node, wrapped by a service; one applicant is asked for."""

    def __init__(self, office: KycOffice, service: MockKms, url: str, ahead: list[float]) -> None:
        self.office, self.service, self.ahead = office, service, ahead
        self.evidence = f"custody-{next(_FOLDERS)}"
        (self.identity,) = office.enrol({**JAN, "person": "C-1"})
        self.config = self.write(url)
        (self.number,) = office.ask("C-1")

    def write(self, url: str) -> Path:
        """Writes a config whose objects go to a node."""
        key = {"key_id": self.service.key_id, "region": REGION, "endpoint_url": self.service.url}
        desk: dict[str, Any] = {"people": "people.jsonl", "evidence": self.evidence, "wrapping": {"kms": key}}
        self.config = self.office.config(more={"desk": {**desk, "ipfs": {"url": url, "timeout_seconds": 10}}})
        return self.config

    def pass_on(self) -> None:
        """Lets as much time pass as a bot waits that was killed or found something down."""
        self.ahead[0] += pure.START_SECONDS + 60
        self.office.synchronise()
        later(self.office.world, 12)

    def applied(self, bot: Running) -> None:
        """The applicant finishes, and the provider calls the bot's webhook."""
        with hearing(bot.services) as port:
            for run, about in list(self.office.onfido.runs.items()):
                if about["status"] == "awaiting_input":
                    self.office.onfido.finish(run, "approved")
                body, signature = self.office.onfido.webhook(run)
                headers = {"X-SHA2-Signature": signature}
                answer = requests.post(f"http://127.0.0.1:{port}/onfido", data=body, headers=headers, timeout=20)
                assert answer.status_code < 300

    def work(self, rounds: int) -> None:
        """Starts the bot as often as that, with time between."""
        for _ in range(rounds):
            self.pass_on()
            with started("kyc", self.config) as bot:
                bot.step(4)
                self.applied(bot)
                bot.step(6)

    def require_once(self, url: str) -> None:
        """Everything has happened once: the document is at the node as ciphertext, and on chain is its address."""
        told = self.office.told("show", str(self.number))
        assert told["state"] == "claimed", told["reason"]
        (run,) = self.office.onfido.runs
        folder = open_folder(load_config(self.config), self.office.folder / self.evidence)
        (document,) = folder.documents("C-1")
        assert document.address == told["evidence"]
        assert json.loads(folder.get("C-1", document.address)[1])["id"] == run
        place = self.office.folder / self.evidence / "objects" / document.address[:2]
        assert not (place / document.address).exists(), "the folder has the pointer alone"
        pointer = place / f"{document.address}.cid"
        kept = requests.post(f"{url}/api/v0/cat", params={"arg": pointer.read_text()}, timeout=60).content
        assert kept and run.encode() not in kept and b"onfido" not in kept
        assert claim_on(self.identity, self.office, KYC_TOPIC)[0] == KYC_TOPIC
        assert self.office.world.w3.eth.get_transaction_count(SENDER) == 2  # type: ignore[arg-type]
        assert self.service.asked.count("Encrypt") == 1, "the folder was locked once"


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds by which the machine's clock is ahead."""
    found, real = [0.0], time.time
    monkeypatch.setattr("time.time", lambda: real() + found[0])
    return found


@pytest.fixture
def custody(world: World, key_service: MockKms, kubo_url: str, ahead: list[float]) -> Iterator[Custody]:
    with kyc_office(world) as office:
        yield Custody(office, key_service, kubo_url, ahead)


def test_kyc_bot__evidence_at_a_node_under_a_wrapped_key__is_on_chain_by_its_address(
    custody: Custody, kubo_url: str
) -> None:
    custody.work(2)
    custody.require_once(kubo_url)
    assert set(custody.service.asked) == {"Encrypt", "Decrypt"}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("step", STEPS)
def test_kyc_bot__killed_between_node_and_store__keeps_one_document(
    custody: Custody, kubo_url: str, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    owner, name, kill = STEPS[step]
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, kill(getattr(owner, name)))
            try:
                custody.work(1)
            except Killed:
                continue
    custody.work(4)
    custody.require_once(kubo_url)


def test_kyc_bot__node_that_refuses__work_waits_and_goes_on_when_it_answers(custody: Custody, kubo_url: str) -> None:
    broken = [True]

    def meddle(command: str, status: int, body: bytes) -> tuple[int, bytes]:
        return (500, b'{"Message": "no space left on device"}') if broken and command == "add" else (status, body)

    with between(kubo_url, meddle) as url:
        custody.write(url)
        with started("kyc", custody.config) as bot:
            bot.step(4)
            custody.pass_on()
            custody.applied(bot)
            bot.step(6)
            assert custody.office.state(custody.number) == "pending"
            assert "answered 500: no space left on device" in custody.office.reason(custody.number)
            broken.clear()
            for _ in range(2):
                custody.pass_on()
                bot.step(6)
        custody.require_once(kubo_url)


def test_kyc_bot__node_that_is_not_there__work_waits_for_it(custody: Custody, kubo_url: str) -> None:
    with between(kubo_url, lambda _, status, body: (status, body)) as gone:
        pass
    custody.write(gone)
    custody.work(3)
    assert custody.office.state(custody.number) == "pending"
    assert "does not answer" in custody.office.reason(custody.number)
    custody.write(kubo_url)
    custody.work(2)
    custody.require_once(kubo_url)


def test_kyc_bot__key_service_that_refuses__does_not_start_and_loses_nothing(custody: Custody, kubo_url: str) -> None:
    custody.work(1)
    custody.service.disabled = True
    with pytest.raises(KeeperError, match="Disabled"), started("kyc", custody.config):
        pass
    custody.service.disabled = False
    custody.work(2)
    custody.require_once(kubo_url)
