"""`quantera compliance kyc`: persons of the register, one open verification each, and every way in which that fails."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result

from keepers.compliance.kyc.claims import ECDSA, Claim
from keepers.compliance.kyc.verification import VerificationMove, VerificationState, step
from keepers.contracts.onchain_ids import ADD_CLAIM
from keepers.store import Store
from keepers.store import verifications as stored
from tests.unit.keepers.cli.test_cli import invoke, line_of

ADA, BEA = "Ada Example", "Bea Example"
ID, OTHER, ISSUER = "0x" + "1" * 40, "0x" + "2" * 40, "0x" + "3" * 40
LEVELS = {"standard": {"provider": "onfido", "workflow": "w", "topics": [{"topic": 1}]}}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    people = tmp_path / "people.jsonl"
    rows = [
        {"person": "P-1", "name": "Jan Kowalski", "kind": "person", "onchain_id": ID},
        {"person": "P-2", "name": "Anna Berg", "kind": "person"},
        {"person": "P-3", "name": "Max Muster", "kind": "person", "onchain_id": OTHER},
        {"person": "C-4", "name": "Example Ltd", "kind": "entity", "onchain_id": ISSUER},
    ]
    people.write_text("".join(json.dumps(row) + "\n" for row in rows))
    people.chmod(0o600)
    path = tmp_path / "officer.yaml"
    raw = {
        "rpc_url": "http://127.0.0.1:1",
        "chain_id": 31337,
        "deployment": "none.json",
        "store": "sqlite:///kyc.sqlite",
        "keys": {"sender": {"keystore": "none.json"}},
        "desk": {"people": "people.jsonl"},
        "kyc": {"issuer": ISSUER, "levels": LEVELS, "onfido": {"token_file": "token"}},
    }
    path.write_text(yaml.safe_dump(raw))
    return path


def kyc(config: Path, *arguments: str) -> Result:
    return invoke("compliance", "kyc", *arguments, "--config", str(config))


def told(config: Path, *arguments: str) -> Any:
    result = kyc(config, *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def asked(config: Path, *persons: str) -> Any:
    return told(config, "ask", *persons, "--level", "standard", "--by", ADA)


def moved(config: Path, number: int, *moves: VerificationMove, **changes: Any) -> None:
    """Takes a verification further, as the bot does."""
    from dataclasses import replace

    store = Store.open(f"sqlite:///{config.parent}/kyc.sqlite")
    try:
        for move in moves:
            (one,) = stored.by_id(store, [number])
            claims = [Claim(1, 1_900_000_000, b"data", b"s" * 65)] if move is VerificationMove.SIGN else []
            stored.move(store, one, replace(step(one, move, "by the test"), **changes), None, claims)
    finally:
        store.close()


def test_ask__persons__are_asked_for_with_the_registers_onchainid(config: Path) -> None:
    first, second = asked(config, "P-1", "P-3")
    assert (first["id"], first["person"], first["onchain_id"], first["state"]) == (1, "P-1", ID, "asked")
    assert second["onchain_id"] == OTHER and "link" not in first and "reference" not in first


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("P-9",), "person: is not in the register"),
        (("P-2",), "person P-2: has no ONCHAINID; give --identity, or add it to the register"),
        (("P-1", "--identity", OTHER), "person P-1: has another ONCHAINID in the register"),
        (("P-2", "--identity", "0x12"), "ONCHAINID"),
        (("P-1", "P-3", "--identity", OTHER), "--identity: goes with one person"),
        (("P-1", "P-1"), "has an open one of that level"),
    ],
)
def test_ask__person_that_cannot_be__is_one_line_and_nothing_is_asked(
    config: Path, arguments: tuple[str, ...], line: str
) -> None:
    assert line in line_of(kyc(config, "ask", *arguments, "--level", "standard", "--by", ADA), 1)
    assert told(config, "list", "--all") == []


def test_ask__unknown_level__names_the_known_ones(config: Path) -> None:
    assert "level fast: is not in kyc.levels; choose from: standard" in line_of(
        kyc(config, "ask", "P-1", "--level", "fast", "--by", ADA), 1
    )


def test_ask__identity_for_one_who_has_none__is_taken(config: Path) -> None:
    (one,) = told(config, "ask", "P-2", "--level", "standard", "--by", ADA, "--identity", ID)
    assert one["onchain_id"] == ID


def test_ask__open_already__is_refused_until_it_is_withdrawn(config: Path) -> None:
    asked(config, "P-1")
    again = ("ask", "P-1", "--level", "standard", "--by", ADA)
    assert "person P-1: has verification 1, which is asked; wait for it, or withdraw it" in line_of(
        kyc(config, *again), 1
    )
    assert kyc(config, "withdraw", "1", "--reason", "left", "--by", ADA).exit_code == 0
    assert asked(config, "P-1")[0]["id"] == 2


def test_ask__missing__asks_for_persons_with_an_onchainid_and_no_verification(config: Path) -> None:
    asked(config, "P-1")
    given = ("ask", "--missing", "--level", "standard", "--by", ADA)
    assert "Dry run." in kyc(config, *given, "--dry-run").stdout
    assert len(told(config, "list")) == 1
    assert [one["person"] for one in told(config, *given)] == ["P-3"]
    assert kyc(config, *given).stdout == "Nobody lacks one.\n"


@pytest.mark.parametrize("arguments", [(), ("P-1", "--missing")])
def test_ask__neither_or_both__is_a_wrong_command(config: Path, arguments: tuple[str, ...]) -> None:
    assert kyc(config, "ask", *arguments, "--level", "standard", "--by", ADA).exit_code == 2


def test_show__pending__has_the_link_and_later_it_has_not(config: Path) -> None:
    asked(config, "P-1")
    link = {"link": "https://eu.onfido.app/l/secret"}
    moved(config, 1, VerificationMove.BEGIN, VerificationMove.ACCEPT, **link)
    assert told(config, "show", "1")["link"] == link["link"]
    assert "link for the person: https://eu.onfido.app/l/secret" in kyc(config, "show", "1").stdout
    assert "secret" not in kyc(config, "list").stdout
    moved(config, 1, VerificationMove.DECLINE)
    assert told(config, "show", "1")["link"] == ""
    assert "verification 9: is not there" in line_of(kyc(config, "show", "9"), 1)


def test_decide__in_review__takes_two_officers_and_says_who(config: Path) -> None:
    asked(config, "P-1")
    given = ("decide", "1", "accept", "--reason", "married name", "--by", ADA, "--approved-by")
    assert "verification 1: is asked, not review" in line_of(kyc(config, *given, BEA), 1)
    moves = (VerificationMove.BEGIN, VerificationMove.ACCEPT, VerificationMove.REVIEW)
    moved(config, 1, *moves, expires=2_000_000_000)
    assert "was asked for by the same officer" in line_of(kyc(config, *given, "ADA  EXAMPLE"), 1)
    assert told(config, *given, BEA, "--dry-run")["state"] == "approved"
    assert told(config, "show", "1")["state"] == "review"
    assert told(config, *given, BEA)["state"] == "approved"
    last = told(config, "show", "1")["events"][-1]
    assert (last["officer"], last["words"]) == (ADA, f"married name (with {BEA})")


def test_claims__signed__are_the_calls_that_the_holder_makes(config: Path) -> None:
    asked(config, "P-1")
    assert "no claim is signed" in line_of(kyc(config, "claims", "1"), 1)
    moves = (VerificationMove.BEGIN, VerificationMove.ACCEPT, VerificationMove.APPROVE, VerificationMove.SIGN)
    moved(config, 1, *moves, expires=1_900_000_000)
    (call,) = told(config, "claims", "1")
    expected = ADD_CLAIM.encode(1, ECDSA, ISSUER, b"s" * 65, b"data", "")
    assert (call["to"], call["calldata"]) == (ID, "0x" + expected.hex())
    assert "purpose 3 (claims) or 1 (management)" in kyc(config, "claims", "1").stdout
    withdrawn = told(config, "withdraw", "1", "--reason", "left", "--by", ADA)
    assert "revoke its claims at the issuer" in withdrawn["reason"]


def test_lapses__claims_that_end__fail_a_check(config: Path) -> None:
    asked(config, "P-1")
    assert kyc(config, "lapses", "--check").stdout == "None lapses.\n"
    moves = ("BEGIN", "ACCEPT", "APPROVE", "SIGN", "CONFIRM")
    moved(config, 1, *(VerificationMove[name] for name in moves), expires=1_900_000_000)
    assert kyc(config, "lapses", "--days", "3650", "--check").exit_code == 1
    assert told(config, "lapses", "--days", "3650")[0]["state"] == VerificationState.CLAIMED


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"enabled": True}, "kyc.enabled needs keys.claim_issuer"),
        (
            {"levels": {"fast": {**LEVELS["standard"], "provider": "jumio"}}},
            "level fast is of jumio, which",
        ),
        ({"levels": {"Fast!": LEVELS["standard"]}}, "a level's name is small letters"),
        (
            {"levels": {"fast": {**LEVELS["standard"], "valid_days": 30}}},
            "is valid for no longer than reverify_days 30",
        ),
        ({"issuer": "0x" + "aB" * 20}, "is no address, or one that fails its checksum"),
        ({"issuer": "", "enabled": True}, "enabled without issuer and levels"),
        ({"webhooks": {"port": 1, "public_url": "http://x"}}, "not an https:// address"),
        ({"onfido": {"token_file": "t", "region": "mars"}}, "kyc.onfido.region"),
    ],
)
def test_config__kyc_that_cannot_work__is_refused_by_key(config: Path, change: dict[str, Any], line: str) -> None:
    raw = yaml.safe_load(config.read_text())
    raw["kyc"].update(change)
    config.write_text(yaml.safe_dump(raw))
    assert line in line_of(kyc(config, "list"), 2)


def test_kyc__without_the_screening_extra__looks_and_asks_for_it_in_one_line(config: Path) -> None:
    script = (
        "import sys\nsys.modules['anyascii'] = None\nimport keepers.bots.kyc\nfrom keepers.cli import main\n"
        "main(['compliance', 'kyc', *sys.argv[1:]])"
    )
    command = [sys.executable, "-c", script]
    where = ["--config", str(config)]
    done = subprocess.run([*command, "list", *where], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "There is none.\n"), done.stderr
    asking = [*command, "ask", "P-1", "--level", "standard", "--by", ADA, *where]
    done = subprocess.run(asking, capture_output=True, text=True)
    line = "quantera: the register of people: needs the package anyascii; install quantera with its extra `screening`\n"
    assert (done.returncode, done.stderr) == (1, line)
