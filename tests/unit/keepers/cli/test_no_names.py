"""No seeded personal name is in a log, an error, a metric, the database's free fields, or the name of a file.

Everything that the desk does is run with people whose names occur nowhere else, well and badly; then every word of
every name is looked for in whatever came out of it but what an officer asked to see.
"""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml
from click.testing import Result

from keepers.bots.sanctions import SanctionsBot
from keepers.compliance.evidence.locks import LEAST_COST
from keepers.compliance.travel.jose import public_keys
from keepers.config import load_config
from keepers.operations.evidence import EvidenceFolder
from keepers.operations.travel import Counterparty
from keepers.runtime.metrics import Metrics
from keepers.runtime.services import open_bot_services, open_runtime
from keepers.store import Store
from keepers.store.export import export
from tests.fixtures.desk import ADA, BEA, DeskFolder, quantera
from tests.fixtures.node import World
from tests.fixtures.officers import Bureau
from tests.fixtures.travel import pair as travel_pair

CUSTOMERS = ("Zbigniew Qwertyński", "Philomena Vandersloot", "Жанна Уникальнова")
LISTED = ("Zbigniew Kwertynski", "Barnaby Xylophonov")
COMPANY = "Quibblewick Holdings"
OFFICERS = ("Ottoline", "Percival")
BORN = "1953-11-27"
PASSPHRASE = "swordfishes in the moonlight"
DOCUMENT = "passport of Philomena Vandersloot, born 27 November 1953"

CUSTOMERS_WORDS = (*(word for name in (*CUSTOMERS, COMPANY) for word in name.split()), BORN, "swordfish")
"""Names that only the register says, and an officer's own question."""
LOGGED_WORDS = (*CUSTOMERS_WORDS, *(word for name in LISTED for word in name.split()), *OFFICERS)
"""Names that logs, metrics and errors may not say: the listed people's and the officers' names too."""


def spoken(text: str, words: tuple[str, ...]) -> list[str]:
    """Words of names that a text has, in any case, escaped as JSON escapes them or not."""
    low = text.casefold()
    return [word for word in words if word.casefold() in low or json.dumps(word)[1:-1].casefold() in low]


@dataclass
class Story:
    """Acts of the desk, and what it said besides what was asked for.

    Attributes:
        errors: Lines on standard error, and what exceptions say.
        answers: Standard output of commands that show no names.
        log: Lines of the bot.
        metrics: The bot's metrics.
        folder: Everything on disk.
        url: The database.
    """

    folder: Path
    url: str
    errors: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    log: str = ""
    metrics: str = ""

    def run(self, *arguments: str, code: int | None = None) -> Result:
        """Runs a command that shows no names."""
        result = quantera(*arguments)
        assert code is None or result.exit_code == code, (arguments, result.exit_code, result.stderr)
        self.errors.append(result.stderr)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            self.errors.append(repr(result.exception))
        self.answers.append(result.stdout)
        return result


@pytest.fixture
def story(world: World, tmp_path: Path) -> Iterator[Story]:
    """A day of the desk."""
    bureau = Bureau(world)
    raw = yaml.safe_load(bureau.config.read_text())
    desk, url = DeskFolder(tmp_path), f"sqlite:///{tmp_path}/keeper.sqlite"
    found = Story(tmp_path, url)
    secret = tmp_path / "secret"
    secret.write_text(PASSPHRASE + "\n")
    secret.chmod(0o600)
    files = {"people": str(desk.people), "ownership": str(desk.ownership), "chain": True}
    kept = {"evidence": str(tmp_path / "evidence"), "passphrase_file": str(secret)}
    config = world.folder / "desk.yaml"
    config.write_text(yaml.safe_dump({**raw, "store": url, "desk": {**files, **kept}, "sanctions": {"enabled": True}}))
    lists_and_cases(found, desk, config, bureau)
    evidence(found, str(config), tmp_path / "evidence")
    travel(found, config, bureau)
    with_the_bot(found, config)
    mistakes(found, desk, str(config))
    yield found


def lists_and_cases(found: Story, desk: DeskFolder, config: Path, bureau: Bureau) -> None:
    """A list names one customer and one customer's owner; two officers close a case."""
    token = bureau.token()
    holder = bureau.holder(token)
    desk.register(
        {"person": "P-1", "name": CUSTOMERS[0], "kind": "person", "birth_date": BORN, "wallets": [holder]},
        {"person": "P-2", "name": CUSTOMERS[1], "kind": "person"},
        {"person": "P-3", "name": CUSTOMERS[2], "kind": "person"},
        {"person": "C-4", "name": COMPANY, "kind": "entity"},
    )
    desk.owns("P-1,C-4,51")
    wallet = "0x" + "7" * 40
    result = desk.publish(f"1,{LISTED[0]},P,1953,", f"2,{LISTED[1]},P,,{wallet}", config=config)
    assert "2 cases opened" in result.stdout, result.stdout
    found.errors.append(result.stderr)
    found.answers.append(result.stdout)
    where = ("--config", str(config))
    cases = ("compliance", "cases")
    found.run(*cases, "screen", *where, code=0)
    found.run(*cases, "screen", "--json", *where, code=0)
    found.run(*cases, "note", "1", "passport asked for", "--by", OFFICERS[0], *where, code=0)
    decided = ("1", "false-positive")
    found.run(*cases, "decide", *decided, "--reason", "x", "--by", OFFICERS[0], "--json", *where, code=0)
    found.answers.pop()  # It names the officer to the officer.
    found.run(*cases, "approve", *decided, "--by", OFFICERS[0], *where, code=1)
    found.run(*cases, "approve", *decided, "--by", OFFICERS[1], *where, code=0)
    found.answers.pop()
    shown = quantera(*cases, "show", "1", *where).stdout
    assert LISTED[0] in shown and not spoken(shown, CUSTOMERS_WORDS[1:]), "the published name, and no customer's"
    found.run("compliance", "lists", "show", *where, code=0)


def evidence(found: Story, config: str, folder: Path) -> None:
    """A document is put, read, verified and erased."""
    EvidenceFolder.open(folder, lambda _: PASSPHRASE, create=True, cost=LEAST_COST)
    scan = found.folder / "Vandersloot.pdf"
    scan.write_text(DOCUMENT)
    command, where = ("compliance", "evidence"), ("--config", config)
    address = found.run(*command, "put", "P-2", str(scan), "--kind", "passport", "--by", OFFICERS[0], *where, code=0)
    found.run(*command, "get", "P-2", *where, code=0)
    assert quantera(*command, "get", "P-2", address.stdout.strip(), *where).stdout == DOCUMENT
    found.run(*command, "verify", *where, code=0)
    given = ("--reason", "asked", "--by", OFFICERS[0], "--approved-by")
    found.run(*command, "erase", "P-2", *given, OFFICERS[0], "--yes", *where, code=1)
    found.run(*command, "erase", "P-2", *given, OFFICERS[1], "--yes", *where, code=0)
    found.run(*command, "get", "P-2", *where, code=1)
    found.run(*command, "put", "Philomena Vandersloot", str(scan), "--by", ADA, *where, code=1)
    found.run(*command, "put", "P-3", str(found.folder / "Qwertynski.pdf"), "--by", ADA, *where, code=1)
    scan.unlink()


def travel(found: Story, config: Path, bureau: Bureau) -> None:
    """Identities are told to another desk, well and badly, and the other desk's are taken in."""
    raw = yaml.safe_load(config.read_text())
    wallet = json.loads((found.folder / "people.jsonl").read_text().splitlines()[0])["wallets"][0]
    (token,), receiver = bureau.tokens, bureau.stranger()
    where_to = ("--config", str(config))
    with travel_pair(found.folder) as desks:
        desks.time.now = time.time()
        own = found.folder / "own.key"
        made = found.run("compliance", "travel", "keys", "--output", str(own), code=0)
        theirs = found.folder / "theirs.json"
        theirs.write_text(json.dumps(desks.b.settings.keys.public.as_json()))
        rule = {"name": "bank-x", "legal_name": "Bank X", "url": "http://127.0.0.1:1", "keys": str(own)}
        party = {"bank-b": {"url": desks.b.settings.url, "keys": str(theirs)}}
        raw["desk"]["travel"] = {**rule, "parties": party}
        config.write_text(yaml.safe_dump(raw))
        known = Counterparty("bank-x", "http://127.0.0.1:1", public_keys(made.stdout, "keys"))
        desks.b.settings = replace(desks.b.settings, parties={"bank-x": known})
        desks.b.restart()
        person = found.folder / "beneficiary.json"
        where = ("--party", "bank-b", "--beneficiary", str(person), "--by", OFFICERS[0], "--config", str(config))
        asked = ("compliance", "travel", "ask", token.address, wallet, receiver, "5", *where)
        for bad in ({CUSTOMERS[1]: 1}, {"naturalPerson": CUSTOMERS[1]}, CUSTOMERS[1], [CUSTOMERS[1]]):
            person.write_text(json.dumps(bad))
            found.run(*asked, code=1)
        names = [{"primaryIdentifier": CUSTOMERS[1], "naturalPersonNameIdentifierType": "LEGL"}]
        person.write_text(json.dumps({"naturalPerson": {"name": {"nameIdentifier": names}}}))
        found.run(*asked, "--dry-run", code=0)
        found.run(*asked, "--json", code=0)
        for arguments in (("deliver",), ("list",), ("show", "1")):
            found.run("compliance", "travel", *arguments, *where_to, code=0)
        found.run("compliance", "travel", "send", token.address, receiver, "5", "--yes", *where_to, code=1)
        told = quantera("compliance", "travel", "show", "1", "--payload", *where_to).stdout
        assert "Qwerty" in told and CUSTOMERS[1] in told, "the officer who asks is told"
        assert CUSTOMERS[1] in json.dumps(desks.b.desk.payload(1)), "and the other desk's officer"
        found.errors += desks.b.said
        found.answers += [desks.b.written(), repr(desks.b.desk.all())]
        person.unlink()


def with_the_bot(found: Story, config_path: Path) -> None:
    """The bot adds what the list names, and says so."""
    output, metrics, stop = io.StringIO(), Metrics(), threading.Event()
    chain = [structlog.processors.add_log_level, structlog.processors.JSONRenderer()]
    log = structlog.wrap_logger(structlog.WriteLogger(output), processors=chain, bot="sanctions:testnet")
    services = open_bot_services(load_config(config_path), "sanctions:testnet", log, stop)
    runtime = open_runtime(SanctionsBot(services), services, lambda step: metrics.beat("sanctions:testnet", step))
    try:
        for _ in range(3):
            runtime.step()
    finally:
        services.leadership.resign()
        services.store.close()
    for line in output.getvalue().splitlines():
        metrics.watch(json.loads(line))
    found.log, found.metrics = output.getvalue(), metrics.exposition().decode()
    assert '"outcome": "done"' in found.log and 'outcome="done"' in found.metrics


def mistakes(found: Story, desk: DeskFolder, config: str) -> None:
    """Files that cannot be used, with a name wherever somebody could put one."""
    bad: list[Any] = [
        {"person": CUSTOMERS[0], "name": CUSTOMERS[0]},
        {"person": "Qwertynski", "name": CUSTOMERS[0].replace("ń", "n")},
        {"person": "P-1", "name": CUSTOMERS[0], CUSTOMERS[1]: 1},
        {"person": "P-1", "name": CUSTOMERS[0], "kind": CUSTOMERS[1]},
        {"person": "P-1", "name": CUSTOMERS[0], "birth_date": "27 November 1953"},
        {"person": "P-1", "name": CUSTOMERS[0], "wallets": [CUSTOMERS[1]]},
        {"person": "P-1", "name": CUSTOMERS[0] + "\x00"},
        CUSTOMERS[0],
    ]
    for one in bad:
        desk.register(one)
        found.run("compliance", "cases", "screen", "--config", config, code=1)
    desk.people.write_text(f'{{"person": "P-1", "name": "{CUSTOMERS[0]}')
    found.run("compliance", "cases", "screen", "--config", config, code=1)
    found.run("compliance", "cases", "show", "77", "--config", config, code=1)


def test_desk__errors__name_nobody(story: Story) -> None:
    assert sum(bool(text) for text in story.errors) >= 14
    assert [spoken(text, LOGGED_WORDS) for text in story.errors if spoken(text, LOGGED_WORDS)] == []


def test_desk__answers_that_were_not_asked_for_names__name_nobody(story: Story) -> None:
    assert sum(bool(text) for text in story.answers) >= 8
    assert [spoken(text, CUSTOMERS_WORDS) for text in story.answers if spoken(text, CUSTOMERS_WORDS)] == []


def test_desk__the_bots_log_and_metrics__name_nobody(story: Story) -> None:
    assert story.log and story.metrics
    assert spoken(story.log, LOGGED_WORDS) == [] == spoken(story.metrics, LOGGED_WORDS)


def test_desk__database__has_no_customer(story: Story) -> None:
    content = (story.folder / "keeper.sqlite").read_bytes()
    for path in story.folder.glob("keeper.sqlite-*"):
        content += path.read_bytes()
    text = content.decode("utf-8", errors="replace")
    words = tuple(word for word in CUSTOMERS_WORDS if not any(word in name for name in LISTED))
    assert LISTED[1] in text, "the published list is there"
    assert spoken(text, words) == []


def test_desk__exported_tables__leave_out_what_officers_say(story: Story, tmp_path: Path) -> None:
    store = Store.open(story.url)
    try:
        assert not {"cases", "case_events"} & set(export(store, tmp_path / "out"))
    finally:
        store.close()


def test_desk__files_of_evidence__say_nothing_in_name_or_content(story: Story) -> None:
    paths = [path for path in (story.folder / "evidence").rglob("*") if path.is_file()]
    assert len(paths) >= 5
    for path in paths:
        said = str(path.relative_to(story.folder)) + path.read_bytes().decode("utf-8", errors="replace")
        assert spoken(said, (*LOGGED_WORDS, ADA, BEA)) == []
