"""`quantera compliance travel` on a chain: a transfer over a threshold waits for the other desk's answer."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result

from keepers.compliance.cases.people import read_people
from keepers.compliance.evidence.locks import LEAST_COST
from keepers.compliance.travel.exchange import ExchangeState
from keepers.compliance.travel.jose import new_keys, public_keys
from keepers.operations import travel_setup
from keepers.operations.evidence import EvidenceFolder
from keepers.operations.travel import Counterparty, TravelSettings, UnknownCallback
from keepers.operations.travel_post import serving
from keepers.store import Store
from scripts._lib.transactions import send
from tests.fixtures.desk import ADA, BEA, quantera
from tests.fixtures.forks import Forked
from tests.fixtures.kills import Killed, kill
from tests.fixtures.node import SENDER, World
from tests.fixtures.officers import ACCREDITED, SWITZERLAND, UNIT, Bureau
from tests.fixtures.travel import BENEFICIARY, PASSPHRASE, Bank
from tests.fixtures.waiting import GENEROUS, wait_until
from tests.unit.keepers.cli.test_cli import line_of

THRESHOLD = 50


def customer(person: str, name: str, wallet: str) -> str:
    """A line of a register."""
    return json.dumps({"person": person, "name": name, "kind": "person", "wallets": [wallet]})


class Branch:
    """Our desk by its commands, and a counterparty in this process; the key of the config holds 100 tokens."""

    def __init__(self, bureau: Bureau, folder: Path, other: Bank) -> None:
        self.bureau, self.folder, self.other = bureau, folder, other
        self.token = bureau.token(travel_threshold=THRESHOLD * UNIT)
        bureau.register_as(SENDER, SWITZERLAND, ACCREDITED)
        bureau.give(SENDER, self.token, amount=100)
        self.receiver = bureau.holder(self.token, amount=1)
        self.beneficiary = folder / "beneficiary.json"
        self.beneficiary.write_text(json.dumps(BENEFICIARY))
        people = folder / "people.jsonl"
        people.write_text(
            json.dumps({"person": "P-17", "name": "Zofia Example", "kind": "person", "wallets": [SENDER]})
        )
        secret, theirs = folder / "secret", folder / "bank-b.json"
        secret.write_text(PASSPHRASE + "\n")
        theirs.write_text(json.dumps(other.settings.keys.public.as_json()))
        for path in (people, secret):
            path.chmod(0o600)
        EvidenceFolder.open(folder / "evidence", lambda _: PASSPHRASE, create=True, cost=LEAST_COST)
        made = quantera("compliance", "travel", "keys", "--output", str(folder / "travel.key"))
        assert made.exit_code == 0, made.stderr
        self.public = public_keys(made.stdout, "keys")
        self.travel: dict[str, Any] = {
            "name": "bank-a",
            "legal_name": "Bank A AG",
            "lei": "529900T8BM49AURSDO55",
            "url": "http://127.0.0.1:1",
            "keys": str(folder / "travel.key"),
            "parties": {"bank-b": {"url": other.settings.url, "keys": str(theirs)}},
        }
        self.desk = {"people": str(people), "evidence": str(folder / "evidence"), "passphrase_file": str(secret)}
        self.write()
        people_b = read_people(
            [
                json.dumps(
                    {"person": "K-4", "name": "Amadeus Quillfeather", "kind": "person", "wallets": [self.receiver]}
                )
            ],
            "people.jsonl",
        )
        other.people = people_b
        self.know("http://127.0.0.1:1")

    def write(self) -> None:
        raw = yaml.safe_load(self.bureau.config.read_text())
        store = f"sqlite:///{self.folder}/keeper.sqlite"
        self.bureau.config.write_text(
            yaml.safe_dump({**raw, "store": store, "desk": {**self.desk, "travel": self.travel}})
        )

    def know(self, url: str) -> None:
        """The counterparty reaches us there."""
        party = Counterparty("bank-a", url, self.public)
        self.other.settings = replace(self.other.settings, parties={"bank-a": party})
        self.other.restart()

    def run(self, *arguments: str) -> Result:
        return quantera("compliance", "travel", *arguments, "--config", str(self.bureau.config))

    def done(self, *arguments: str) -> Any:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    def moves(self, amount: str = "60") -> tuple[str, ...]:
        return (self.token.address, SENDER, self.receiver, amount)

    def ask(self, *more: str) -> Any:
        where = ("--party", "bank-b", "--beneficiary", str(self.beneficiary), "--by", ADA)
        return self.done("ask", *self.moves(), *where, *more)

    def approve(self) -> None:
        """Our inquiry goes out, the counterparty's officer approves it, and the answer comes to our port."""
        assert self.done("deliver")["delivered"] == 1
        with (
            travel_setup.opened_desk(self.bureau.config) as desk,
            serving("127.0.0.1", 0, desk.receive, UnknownCallback, print) as port,
        ):
            # The inquiry told the address that the config had; the port is known only now.
            self.other.desk.approve(1, BEA)
            self.other.wire.send = rerouted(self.other, port)  # type: ignore[method-assign]
            assert self.other.desk.deliver()["delivered"] == 1

    def balance(self) -> int:
        return int(self.token.functions.balanceOf(self.receiver).call())


def rerouted(bank: Bank, port: int) -> Any:
    """Hands over to the port what is meant for our address."""
    original = type(bank.wire).send

    def sent(url: str, request: str, body: str) -> Any:
        return original(bank.wire, url.replace("http://127.0.0.1:1/", f"http://127.0.0.1:{port}/"), request, body)

    return sent


@pytest.fixture
def branch(world: World, tmp_path: Path) -> Iterator[Branch]:
    folder = tmp_path / "b"
    folder.mkdir()
    store = Store.open(f"sqlite:///{folder}/keeper.sqlite")
    settings = TravelSettings("bank-b", "Bank B AG", "", "", new_keys(), 86_400, {})
    bank = Bank(folder, store, settings, [], time.time)
    try:
        with serving(
            "127.0.0.1", 0, lambda *given: bank.desk.receive(*given), UnknownCallback, bank.said.append
        ) as port:
            bank.settings = replace(settings, url=f"http://127.0.0.1:{port}")
            yield Branch(Bureau(world), tmp_path, bank)
    finally:
        store.close()


def test_check__below_the_threshold__may_be_sent(branch: Branch) -> None:
    assert branch.run("check", *branch.moves("48")).stdout == "May be sent: no threshold is reached.\n"
    assert branch.done("check", *branch.moves("48")) == {"waits": False, "countries": [], "exchange": None}


def test_check__over_the_threshold_or_with_the_day_together__waits(branch: Branch) -> None:
    result = branch.run("check", *branch.moves("50"))
    assert (result.exit_code, result.stdout) == (
        1,
        "Waits: it reaches the threshold of CH, and no exchange about it is approved.\n",
    )
    send_from_sender(branch, 30)
    assert branch.run("check", *branch.moves("19")).exit_code == 1, "the receiver was issued one today"
    assert branch.run("check", *branch.moves("18")).exit_code == 0


def send_from_sender(branch: Branch, amount: int) -> None:
    """Moves tokens of the sender without an exchange, as somebody else's software would."""
    bureau = branch.bureau
    send(
        bureau.world.w3,
        bureau.world.owner,
        branch.token.functions.forcedTransfer(SENDER, branch.receiver, amount * UNIT),
    )


def test_transfer__asked_approved_and_sent__settles_both_sides(branch: Branch) -> None:
    asked = branch.ask()
    assert (asked["state"], asked["amount"], asked["person"]) == ("open", "60", "P-17")
    line = line_of(branch.run("transfer", "1", "--yes"), 1)
    assert line == "quantera: exchange 1: is open; wait for the counterparty's approval"
    branch.approve()
    assert branch.done("check", *branch.moves())["exchange"] == 1
    assert "send 60 NOTE from" in branch.run("transfer", "1", "--dry-run").stdout and branch.balance() == UNIT
    sent = branch.done("transfer", "1", "--yes")
    assert branch.balance() == 61 * UNIT
    shown = branch.done("show", "1")
    assert (shown["state"], shown["txid"]) == ("settled", sent["receipts"][0]["tx_hash"])
    assert branch.done("deliver")["delivered"] == 1
    found = branch.other.only()
    assert (found.state, found.txid) == (ExchangeState.SETTLED, shown["txid"])
    assert branch.done("transfer", "1", "--yes")["state"] == "sent" and branch.balance() == 61 * UNIT, "it is sent once"


def test_send__below_the_threshold__goes_at_once_and_not_twice(branch: Branch) -> None:
    small = branch.moves("5")
    assert branch.done("send", small[0], *small[2:], "--yes")["state"] == "sent"
    assert branch.balance() == 6 * UNIT
    assert "was sent before" in line_of(branch.run("send", small[0], *small[2:], "--yes"), 1)
    assert branch.done("send", small[0], *small[2:], "--reference", "b", "--yes")["state"] == "sent"
    assert branch.balance() == 11 * UNIT


def test_send__over_the_threshold__waits_for_the_approval_and_then_goes_once(branch: Branch) -> None:
    given = ("send", branch.token.address, branch.receiver, "60", "--yes")
    waits = "quantera: transfer of 60: reaches the threshold of CH, and no exchange about it is approved; ask with"
    assert line_of(branch.run(*given), 1).startswith(waits)
    branch.ask()
    assert line_of(branch.run(*given), 1).startswith(waits) and branch.balance() == UNIT
    branch.approve()
    assert branch.done(*given)["state"] == "sent" and branch.done("show", "1")["state"] == "settled"
    assert branch.balance() == 61 * UNIT
    assert line_of(branch.run(*given), 1).startswith(waits) and branch.balance() == 61 * UNIT


def test_send__split_below_the_threshold__waits_when_the_day_reaches_it(branch: Branch) -> None:
    given = ("send", branch.token.address, branch.receiver, "20", "--yes", "--reference")
    assert branch.done(*given, "a")["state"] == "sent" and branch.done(*given, "b")["state"] == "sent"
    assert "reaches the threshold of CH" in line_of(branch.run(*given, "c"), 1) and branch.balance() == 41 * UNIT


def test_transfer__killed_between_sending_and_settling__is_settled_by_the_next_run_and_sent_once(
    branch: Branch, monkeypatch: pytest.MonkeyPatch
) -> None:
    branch.ask()
    branch.approve()
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(travel_setup.TravelDesk, "settle", kill)
        branch.run("transfer", "1", "--yes")
    assert branch.balance() == 61 * UNIT and branch.done("show", "1")["state"] == "approved"
    assert branch.done("transfer", "1", "--yes")["state"] == "sent"
    assert branch.balance() == 61 * UNIT and branch.done("show", "1")["state"] == "settled"


def test_transfer__of_another_wallet_than_the_keys__is_refused(branch: Branch) -> None:
    people = Path(branch.desk["people"])
    wallet = branch.bureau.holder(branch.token, amount=100)
    people.write_text(customer("P-18", "Jan Example", wallet))
    where = ("--party", "bank-b", "--beneficiary", str(branch.beneficiary), "--by", ADA)
    branch.done("ask", branch.token.address, wallet, branch.receiver, "60", *where)
    branch.approve()
    line = line_of(branch.run("transfer", "1", "--yes"), 1)
    assert line.startswith(f"quantera: keys.sender: is {SENDER}'s, and the exchange is about {wallet}; send it with")
    assert branch.balance() == UNIT


def test_settle__with_the_transfer_of_somebody_elses_software__is_proved_on_chain(branch: Branch) -> None:
    branch.ask()
    branch.approve()
    wrong = "0x" + "5c" * 32
    assert f"transaction {wrong}: is not mined" in line_of(branch.run("settle", "1", wrong), 1)
    bureau = branch.bureau

    def forced(amount: int) -> str:
        call = branch.token.functions.forcedTransfer(SENDER, branch.receiver, amount * UNIT)
        return "0x" + bytes(send(bureau.world.w3, bureau.world.owner, call)["transactionHash"]).hex()

    assert "is not the transfer of exchange 1" in line_of(branch.run("settle", "1", forced(1)), 1)
    carried = forced(60)
    assert branch.done("settle", "1", carried, "--dry-run")["state"] == "settled"
    assert branch.done("show", "1")["state"] == "approved", "a dry run settles nothing"
    assert branch.done("settle", "1", carried)["state"] == "settled"


def test_ask__a_dry_run__checks_the_payload_and_stores_nothing(branch: Branch) -> None:
    assert branch.ask("--dry-run") == {"dry_run": True, "party": "bank-b", "person": "P-17", "payload": "valid"}
    assert branch.done("list", "--all") == []
    branch.beneficiary.write_text('{"naturalPerson": {"name": "Quillfeather"}}')
    where = ("--party", "bank-b", "--beneficiary", str(branch.beneficiary), "--by", ADA, "--dry-run")
    line = line_of(branch.run("ask", *branch.moves(), *where), 1)
    assert line.startswith("quantera: IVMS101 naturalPerson.name: is missing or does not fit") and "Quill" not in line


def test_cancel__a_dry_run__ends_and_tells_nothing(branch: Branch) -> None:
    branch.ask()
    dry = branch.done("cancel", "1", "--by", ADA, "--dry-run")
    assert (dry["dry_run"], dry["state"]) == (True, "canceled")
    assert branch.run("cancel", "1", "--by", ADA, "--dry-run").stdout.endswith("\nDry run.\n")
    assert branch.done("show", "1")["state"] == "open"


def test_deliver__a_dry_run__counts_what_is_due_and_hands_nothing_over(branch: Branch) -> None:
    branch.ask()
    assert branch.done("deliver", "--dry-run") == {"expired": 0, "due": 1}
    assert branch.done("deliver")["delivered"] == 1
    assert branch.done("deliver", "--dry-run") == {"expired": 0, "due": 0}


def test_list_show_and_cancel__an_exchange__say_what_it_is(branch: Branch) -> None:
    branch.ask()
    listed = branch.run("list").stdout
    assert listed.startswith("1  open  P-17 to bank-b: 60 of 0x") and "Zofia" not in listed
    assert "  inquiry: waiting, 0 attempts" in branch.run("show", "1").stdout
    payload = json.loads(branch.run("show", "1", "--payload").stdout)
    assert payload["originatingVASP"]["originatingVASP"]["legalPerson"]["nationalIdentification"]["nationalIdentifier"]
    assert branch.done("cancel", "1", "--by", ADA)["state"] == "canceled"
    assert branch.run("list").stdout == "No exchange waits.\n"
    assert "is about a transfer that our customer sends" in line_of(branch.run("approve", "1", "--by", ADA), 1)
    assert "is about a transfer that" in line_of(branch.run("reject", "1", "policy", "--by", ADA), 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"url": "http://bank-a.example"}, "desk.travel.url: is no https:// address"),
        ({"keys": "/nowhere"}, "desk.travel.keys: No such file or directory"),
        ({"parties": {"bank-b": {"url": "ftp://x", "keys": "x"}}}, "desk.travel.parties.bank-b.keys: No such file"),
        ({"parties": {"bank-a": {"url": "https://x", "keys": "x"}}}, "bank-a is both name and one of parties"),
    ],
)
def test_config__a_side_that_cannot_be_used__is_refused(branch: Branch, change: dict[str, Any], reason: str) -> None:
    branch.travel = {**branch.travel, **change}
    branch.write()
    result = branch.run("list")
    assert result.exit_code in (1, 2) and reason in result.stderr


def test_config__keys_that_others_can_read_or_none__is_refused(branch: Branch) -> None:
    (branch.folder / "travel.key").chmod(0o644)
    assert "desk.travel.keys: can be read by others; chmod 600 it" in line_of(branch.run("list"), 1)
    raw = yaml.safe_load(branch.bureau.config.read_text())
    raw["desk"].pop("travel")
    branch.bureau.config.write_text(yaml.safe_dump(raw))
    assert "desk.travel: is missing; add it as docs/travel-rule.md" in line_of(branch.run("list"), 1)


def test_keys__made_and_shown__are_the_same_and_never_overwritten(branch: Branch) -> None:
    path = str(branch.folder / "travel.key")
    shown = quantera("compliance", "travel", "keys", "--output", path, "--show")
    assert public_keys(shown.stdout, "keys") == branch.public and '"d"' not in shown.stdout
    assert oct((branch.folder / "travel.key").stat().st_mode)[-3:] == "600"
    again = quantera("compliance", "travel", "keys", "--output", path)
    assert line_of(again, 1) == "quantera: travel.key: File exists; choose another file"


def test_thresholds__of_the_rulebook__are_listed() -> None:
    result = quantera("compliance", "travel", "thresholds")
    assert "US  USD 3,000  reg-d-506c: 31 CFR 1010.410" in result.stdout and "SG  ask counsel" in result.stdout
    assert len(json.loads(quantera("compliance", "travel", "thresholds", "--json").stdout)) == 24


@contextmanager
def served(branch: Branch) -> Iterator[tuple[Forked, int]]:
    """Our desk as the process that a person starts, and the port that it told."""
    printed = branch.folder / "serve.printed"
    command = (sys.executable, "-m", "keepers", "compliance", "travel", "serve")
    options = ("--port", "0", "--every", "0.05", "--config", str(branch.bureau.config))
    with printed.open("wb") as output, Forked([*command, *options], stdout=output, stderr=output) as process:
        try:
            wait_until(lambda: printed.read_text().endswith("}\n"), why=printed.read_text)
            yield process, json.loads(printed.read_text())["listening"]
        finally:
            process.kill()


def test_serve__as_a_process_killed_and_stopped__hands_over_once_and_takes_the_answer_in(branch: Branch) -> None:
    branch.ask()
    with served(branch) as (process, _):
        wait_until(lambda: len(branch.other.desk.all()) == 1, why=lambda: str(branch.other.said))
        process.kill()
    branch.other.desk.approve(1, BEA)
    with served(branch) as (process, port):
        branch.other.wire.send = rerouted(branch.other, port)  # type: ignore[method-assign]
        assert branch.other.desk.deliver()["delivered"] == 1
        assert branch.done("show", "1")["state"] == "approved"
        process.terminate()
        assert process.wait(GENEROUS) == 0
    assert len(branch.other.desk.all()) == 1 and branch.other.said == []
