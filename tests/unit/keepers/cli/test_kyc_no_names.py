"""No seeded personal name, date or link is in a log, an error, a metric, the database or on chain, only in evidence.

Persons whose names occur nowhere else are verified at both providers, well and badly; then every word of every name is
looked for in whatever came out of it.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from keepers.bots.kyc_webhooks import hearing
from keepers.compliance.kyc import verification as pure
from keepers.runtime.metrics import Metrics
from keepers.store import Store
from keepers.store.export import export
from tests.fixtures.identity_providers import API_TOKEN, CALLBACK_SECRET, CLIENT_SECRET, WEBHOOK_TOKEN, signed
from tests.fixtures.kyc_office import ADA, KycOffice, kyc_office
from tests.fixtures.node import SENDER, World
from tests.fixtures.services import Answer
from tests.unit.keepers.bots.harness import later, started
from tests.unit.keepers.cli.test_no_names import spoken

PEOPLE = [
    {"person": "PERSON-1", "name": "Zbigniew Qwertyński", "kind": "person", "birth_date": "1953-11-27"},
    {"person": "PERSON-2", "name": "Philomena Vandersloot", "kind": "person", "birth_date": "1961-02-03"},
    {"person": "PERSON-3", "name": "Жанна Уникальнова", "kind": "person"},
    {"person": "PERSON-4", "name": "Barnaby; Xylophonov", "kind": "person"},
]
DOCUMENT = {
    "firstName": "PHILOMENA",
    "lastName": "VANDERSLOOT",
    "dateOfBirth": "1961-02-03",
    "documentNumber": "QX7788Z",
}
WORDS = (
    *(word.strip(";") for one in PEOPLE for word in one["name"].split()),
    *(one["birth_date"] for one in PEOPLE if "birth_date" in one),
    DOCUMENT["documentNumber"],
)
SECRETS = (API_TOKEN, WEBHOOK_TOKEN, CLIENT_SECRET, CALLBACK_SECRET)


@dataclass
class KycStory:
    """A day of the office, and everything that it said.

    Attributes:
        office: The office.
        said: Lines of commands, standard error and answers of the webhooks' port.
        log: Lines of the bot.
        links: Links of the persons.
    """

    office: KycOffice
    said: list[str] = field(default_factory=list)
    log: str = ""
    links: list[str] = field(default_factory=list)

    def run(self, *arguments: str) -> None:
        """Runs a command that shows no names and no links."""
        result = self.office.run(*arguments)
        self.said += [result.stdout, result.stderr]
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            self.said.append(repr(result.exception))


@pytest.fixture
def kyc_story(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[KycStory]:
    ahead, real = [0.0], time.time
    monkeypatch.setattr("time.time", lambda: real() + ahead[0])
    with kyc_office(world) as office:
        office.enrol(*PEOPLE)
        found = KycStory(office)
        with started("kyc", office.config()) as bot, hearing(bot.services) as port:

            def passes(seconds: float = 120.0) -> None:
                ahead[0] += seconds
                office.synchronise()
                later(world, 12)
                bot.step(6)

            ask_and_fail(found, passes)
            call(found, f"http://127.0.0.1:{port}")
            passes()
            break_a_reader(found, passes, monkeypatch)
            passes(600)
            commands(found)
            found.log = bot.output.getvalue()
        yield found


def ask_and_fail(found: KycStory, passes: Any) -> None:
    """Checks begin; the providers refuse some with errors that quote the person."""
    office, name = found.office, PEOPLE[0]["name"]
    quoting = {"type": "validation_error", "message": f"{name} is invalid", "fields": {"first_name": [name]}}
    office.onfido.faults = [Answer(422, {"error": quoting}), Answer(500, {"error": {**quoting, "type": name}})]
    office.ask("PERSON-1", "PERSON-3", "PERSON-4")
    office.ask("PERSON-2", "PERSON-1", level="jumio")
    passes()
    passes(400)
    found.run("ask", "PERSON-1", "--level", "onfido", "--by", ADA)
    for run in list(office.onfido.runs):
        office.onfido.finish(run, "approved", full_name=PEOPLE[2]["name"], note=name)
    for execution in office.jumio.executions:
        office.jumio.finish(execution, "PASSED", **DOCUMENT)
    office.onfido.faults = [Answer(404, {"error": quoting}), Answer(200, {"name": name}), Answer(200, name.encode())]
    passes(400)


def call(found: KycStory, place: str) -> None:
    """Webhooks with names in every part of them."""
    name = PEOPLE[1]["name"].encode()
    body = json.dumps({"payload": {"resource_type": "workflow_run", "object": {"id": name.decode()}}}).encode()
    for path, content, signature in (
        ("/onfido", body, signed(body)),
        ("/onfido", body, "wrong"),
        ("/onfido", name, signed(name)),
        (f"/jumio/{name.decode()}", body, ""),
        (f"/{name.decode()}", body, name.decode()),
    ):
        answer = requests.post(place + path, data=content, headers={"X-SHA2-Signature": signature}, timeout=20)
        found.said += [str(answer.status_code), answer.text, str(answer.headers)]
    found.said.append(requests.get(f"{place}/{name.decode()}", timeout=20).text)


def break_a_reader(found: KycStory, passes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours whose words are a person's."""
    office = found.office
    office.run("withdraw", "1", "--reason", "anew", "--by", ADA)
    office.ask("PERSON-2")
    with monkeypatch.context() as patch:
        patch.setattr(pure, "judge", lambda *_: {}[PEOPLE[1]["name"]])
        for _ in range(3):
            passes(400)


def commands(found: KycStory) -> None:
    """Commands of officers, well and badly."""
    numbers = [str(one["id"]) for one in found.office.told("list", "--all")]
    for number in [*numbers, "99"]:
        for command in ("show", "claims"):
            result = found.office.run(command, number, "--json")
            told = json.loads(result.stdout) if result.stdout else {}
            if isinstance(told, dict) and told.get("link"):
                found.links.append(told.pop("link"))
            found.said += [json.dumps(told, ensure_ascii=False), result.stderr]
    for arguments in (
        ("list",),
        ("list", "--all", "--json"),
        ("lapses", "--days", "3650"),
        ("ask", PEOPLE[1]["name"], "--level", "onfido", "--by", ADA),
        ("ask", "PERSON-2", "--level", PEOPLE[1]["name"].split()[0].lower(), "--by", ADA),
    ):
        if arguments[2:3] == ("--level",) and arguments[3] != "onfido":
            continue  # A level is the officer's own word.
        found.run(*arguments)
    register = found.office.folder / "people.jsonl"
    whole = register.read_text()
    register.write_text(whole.replace('"kind": "person"', '"kind": "Vandersloot"'))
    found.run("ask", "--missing", "--level", "jumio", "--by", ADA)
    register.write_text(whole)


def test_kyc__seeded_names__are_in_the_requests_and_the_evidence(kyc_story: KycStory) -> None:
    asked = json.dumps([one.body for one in kyc_story.office.onfido.requests], ensure_ascii=False)
    assert len(spoken(asked, WORDS)) >= 6, "Onfido asks for names"
    asked = json.dumps([one.body for one in kyc_story.office.jumio.requests], ensure_ascii=False)
    assert spoken(asked, WORDS) == [], "Jumio does not"
    states = {one["state"] for one in kyc_story.office.told("list", "--all")}
    assert {"failed", "claimed"} <= states and states & {"review"}, states
    assert "KeyError" in kyc_story.log and '"webhook refused"' in kyc_story.log


def test_kyc__log_and_metrics__name_nobody_and_hold_no_secret(kyc_story: KycStory) -> None:
    metrics = Metrics()
    for line in kyc_story.log.splitlines():
        metrics.watch(json.loads(line))
    shown = metrics.exposition().decode()
    assert 'event="stuck"' in shown and len(kyc_story.log) > 2000
    for text in (kyc_story.log, shown):
        assert spoken(text, WORDS) == [] and not [one for one in (*SECRETS, *kyc_story.links) if one in text]


def test_kyc__commands_errors_and_answers__name_nobody(kyc_story: KycStory) -> None:
    assert len(kyc_story.said) > 30 and any(kyc_story.links)
    assert [spoken(text, WORDS) for text in kyc_story.said if spoken(text, WORDS)] == []
    assert not [text for text in kyc_story.said for secret in (*SECRETS, *kyc_story.links) if secret in text]


def test_kyc__database__has_nobody_and_no_secret(kyc_story: KycStory) -> None:
    folder = kyc_story.office.folder
    paths = [path for path in folder.glob("kyc.sqlite*") if path.is_file()]
    text = b"".join(path.read_bytes() for path in paths).decode("utf-8", errors="replace")
    assert "PERSON-2" in text and spoken(text, WORDS) == [] and not [one for one in SECRETS if one in text]


def test_kyc__exported_tables__leave_verifications_out(kyc_story: KycStory, tmp_path: Any) -> None:
    store = Store.open(f"sqlite:///{kyc_story.office.folder}/kyc.sqlite")
    try:
        tables = set(export(store, tmp_path / "out"))
    finally:
        store.close()
    assert not {"verifications", "verification_events", "verification_claims", "webhooks"} & tables


def test_kyc__chain__has_nobody(kyc_story: KycStory) -> None:
    w3 = kyc_story.office.world.w3
    said = io.StringIO()
    mine = 0
    for number in range(w3.eth.block_number + 1):
        for transaction in w3.eth.get_block(number, full_transactions=True)["transactions"]:
            if transaction["from"] == SENDER:  # type: ignore[index]
                mine += 1
                data = bytes(transaction["input"])  # type: ignore[index]
                said.write(data.decode("utf-8", errors="replace") + data.hex())
    coded = tuple(word.encode().hex() for word in WORDS)
    assert mine >= 2 and spoken(said.getvalue(), WORDS) == []
    assert not [word for word in coded if word in said.getvalue()]


def test_kyc__files_of_evidence__say_nothing_in_name_or_content(kyc_story: KycStory) -> None:
    folder = kyc_story.office.folder
    paths = [path for path in (folder / "evidence").rglob("*") if path.is_file()]
    assert len(paths) >= 4
    for path in paths:
        said = str(path.relative_to(folder)) + path.read_bytes().decode("utf-8", errors="replace")
        assert spoken(said, (*WORDS, "PERSON-1", "PERSON-2")) == []
