"""The kyc bot killed at every step: one applicant and one run, one result, each claim once, each webhook once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from keepers.bots.kyc_webhooks import hearing
from keepers.compliance.kyc import verification as pure
from keepers.documents.folder import DocumentFolder
from keepers.providers.onfido import OnfidoClient
from keepers.store import Store
from keepers.store import verifications as stored
from keepers.store.tables import verification_events, webhooks
from tests.fixtures.compliance import KYC_TOPIC
from tests.fixtures.kills import Killed, kill_after, kill_before
from tests.fixtures.kyc_office import JAN, SECRET, KycOffice, kyc_office
from tests.fixtures.node import SENDER, World
from tests.unit.keepers.bots.harness import later, started
from tests.unit.keepers.bots.test_kyc import claim_on
from tests.unit.keepers.bots.test_restart import STEPS as SENDING

_PERSONS = count()

STEPS = {
    f"{when} {what}": (owner, name, kill)
    for what, (owner, name) in {
        "beginning the check": (OnfidoClient, "start"),
        "asking for the result": (OnfidoClient, "result"),
        "putting the evidence": (DocumentFolder, "put"),
        "writing a step": (stored, "move"),
        "telling of the webhook": (stored, "settle"),
        "writing the webhook": (stored, "deliver"),
    }.items()
    for when, kill in (("before", kill_before), ("after", kill_after))
}


@pytest.fixture
def office(world: World) -> Iterator[KycOffice]:
    with kyc_office(world) as found:
        yield found


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds by which the machine's clock is ahead."""
    found, real = [0.0], time.time
    monkeypatch.setattr("time.time", lambda: real() + found[0])
    return found


def work(config: Path, office: KycOffice, ahead: list[float], rounds: int) -> None:
    """Runs the bot as often as that, with time between; the person finishes, and the provider calls, in between."""
    for _ in range(rounds):
        ahead[0] += pure.START_SECONDS + 60
        office.synchronise()
        later(office.world, 12)
        with started("kyc", config) as bot, hearing(bot.services) as port:
            bot.step(4)
            for run, about in list(office.onfido.runs.items()):
                if about["status"] == "awaiting_input":
                    office.onfido.finish(run, "approved")
                body, signature = office.onfido.webhook(run)
                headers = {"X-SHA2-Signature": signature}
                requests.post(f"http://127.0.0.1:{port}/onfido", data=body, headers=headers, timeout=20)
            bot.step(4)


def require_once(office: KycOffice, number: int, identity: Any) -> None:
    """Everything has happened, and nothing twice."""
    told = office.told("show", str(number))
    assert told["state"] == "claimed", told["reason"]
    assert len(office.onfido.runs) == 1
    assert claim_on(identity, office, KYC_TOPIC)[0] == KYC_TOPIC
    assert office.world.w3.eth.get_transaction_count(SENDER) == 2  # type: ignore[arg-type]
    folder = DocumentFolder.open(office.folder / "evidence", lambda _: SECRET)
    assert [one.address for one in folder.documents(told["person"])] == [told["evidence"]]
    kinds = [event["kind"] for event in told["events"]]
    assert [kinds.count(kind) for kind in ("asked", "accept", "approve", "sign", "confirm")] == [1] * 5


def undealt(office: KycOffice) -> int:
    """Number of webhooks that were written down and not told, or told more than once."""
    store = Store.open(f"sqlite:///{office.folder}/{office.store}")
    try:
        rows = store.all_rows(sa.select(webhooks))
        told = store.all_rows(sa.select(verification_events).where(verification_events.c.kind == "webhook"))
    finally:
        store.close()
    assert rows and all(row["state"] == stored.TOLD for row in rows)
    return len(rows) - len(told)


def asked(office: KycOffice) -> tuple[Any, Path, int]:
    """Asks for a person's verification; returns the ONCHAINID, the bot's config and the verification's number."""
    # The folder of evidence is the world's: each test has a person of its own in it.
    person = f"K-{next(_PERSONS)}"
    (identity,) = office.enrol({**JAN, "person": person})
    config = office.config()
    (number,) = office.ask(person)
    return identity, config, number


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("step", STEPS)
def test_kyc_bot__killed_at_a_step__does_everything_once(
    office: KycOffice, ahead: list[float], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    identity, config, number = asked(office)
    owner, name, kill = STEPS[step]
    for _ in range(3):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, kill(getattr(owner, name)))
            try:
                work(config, office, ahead, 1)
            except (Killed, requests.ConnectionError):
                continue
    work(config, office, ahead, 4)
    # A kill between Onfido's answer about the applicant and the run leaves an applicant, and begins nothing.
    require_once(office, number, identity)
    assert undealt(office) == 0


@pytest.mark.parametrize("step", SENDING)
def test_kyc_bot__killed_over_a_claim__adds_each_once(
    office: KycOffice, ahead: list[float], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    identity, config, number = asked(office)
    with started("kyc", config) as bot:
        bot.step()
    (run,) = office.onfido.runs
    office.onfido.finish(run, "approved")
    ahead[0] += 60
    owner, name, kill = SENDING[step]
    with started("kyc", config) as bot, monkeypatch.context() as patch:
        patch.setattr(owner, name, kill(getattr(owner, name)))
        with pytest.raises(Killed):
            bot.step(6)
    work(config, office, ahead, 2)
    require_once(office, number, identity)
