"""`quantera compliance cases`: everybody screened with each list, alerts reviewed by two officers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from keepers.store import Store
from keepers.store.cases import all_cases, case_of, events
from tests.fixtures.claim_issuer import ClaimIssuer
from tests.fixtures.desk import ADA, BEA, DeskFolder
from tests.fixtures.node import World
from tests.fixtures.officers import Bureau
from tests.unit.keepers.cli.test_cli import line_of

LISTED, OTHER, COMPANY = "Zygmunt Przykładowy", "Heinrich Mustermann", "Orion Wzorcowa Trading"
WALLET = "0x" + "7" * 40
PERSON = {"person": "P-1", "name": "Zygmunt Przykladowy", "kind": "person"}
ROW = f"1,{LISTED},P,1970,"


@pytest.fixture
def desk(tmp_path: Path) -> DeskFolder:
    found = DeskFolder(tmp_path)
    found.publish(ROW, f"2,{OTHER},P,,{WALLET}")
    found.register(PERSON, {"person": "P-2", "name": "Ingrid Unbeteiligt", "kind": "person"})
    return found


def test_screen__an_alert__opens_one_case_without_the_persons_name(desk: DeskFolder) -> None:
    found = desk.screen()
    assert (found["persons"], found["opened"]) == (2, [1])
    assert (desk.screen()["opened"], desk.screen()["kept"]) == ([], 1)
    (case,) = all_cases(Store.open(desk.url))
    assert (case.person, case.list_id, case.uid, case.version) == ("P-1", "own", "1", 1)
    assert "Zygmunt" not in repr(case)


def test_screen__dry_run__opens_nothing(desk: DeskFolder) -> None:
    assert desk.screen("--dry-run")["to_open"] == 1
    assert all_cases(Store.open(desk.url)) == []


def test_screen__a_wallet_on_a_list__is_an_alert_whatever_the_name(desk: DeskFolder) -> None:
    desk.register({"person": "P-3", "name": "Quite Different", "wallets": [WALLET]})
    desk.screen()
    (case,) = all_cases(Store.open(desk.url))
    assert (case.uid, case.rules, case.score) == ("2", ("listed_wallet",), 1.0)


def test_screen__rows_that_share_a_wallet__are_one_person_with_one_case(desk: DeskFolder) -> None:
    mine = "0x" + "8" * 40
    desk.register({**PERSON, "wallets": [mine]}, {**PERSON, "person": "P-9", "wallets": [mine]})
    found = desk.screen()
    assert (found["persons"], found["opened"]) == (1, [1])


def test_memory__a_false_positive__is_not_opened_again_until_the_record_changes(desk: DeskFolder) -> None:
    desk.screen()
    desk.close(1)
    desk.publish(ROW, f"2,{OTHER},P,1950,")
    assert (desk.screen()["held_by_memory"], desk.screen()["opened"]) == (1, [])
    desk.publish(f"1,{LISTED},P,1970,alias added", f"2,{OTHER},P,1950,")
    assert desk.screen()["opened"] == [2]
    case = case_of(Store.open(desk.url), 2)
    assert case is not None and case.follows == 1 and case.version == 3


def test_memory__somebody_joined_to_a_cleared_person__is_judged(desk: DeskFolder) -> None:
    mine = "0x" + "8" * 40
    desk.register({**PERSON, "wallets": [mine]})
    desk.screen()
    desk.close(1)
    desk.register({**PERSON, "wallets": [mine]}, {**PERSON, "person": "P-9", "wallets": [mine]})
    assert desk.screen()["opened"] == [2]


def test_memory__a_case_under_review__begins_anew_when_the_record_changes(desk: DeskFolder) -> None:
    desk.screen()
    desk.run("decide", "1", "false-positive", "--reason", "another birth date", "--by", ADA)
    desk.publish(f"1,{LISTED},P,1971,", f"2,{OTHER},P,,{WALLET}")
    assert desk.screen()["changed"] == [1]
    assert line_of(desk.run("approve", "1", "false-positive", "--by", BEA), 1) == (
        "quantera: case 1: is open, not decided; see `quantera compliance cases show`"
    )


def test_ownership__half_in_aggregate_through_a_chain__opens_a_case_until_the_owners_are_cleared(
    desk: DeskFolder,
) -> None:
    company = {"person": "C-7", "name": COMPANY, "kind": "entity"}
    between = {"person": "H-1", "name": "Lunaria Nominees", "kind": "entity"}
    desk.register(PERSON, {"person": "P-2", "name": OTHER, "kind": "person"}, company, between)
    desk.owns("P-1,H-1,50", "H-1,C-7,30", "P-2,C-7,20")
    assert len(desk.screen("--ownership", str(desk.ownership))["opened"]) == 4
    cases = {case.person: case.rules for case in all_cases(Store.open(desk.url)) if case.list_id == "ownership"}
    assert cases == {
        "C-7": ("owned_50_percent", "H-1 owns 30%", "P-2 owns 20%"),
        "H-1": ("owned_50_percent", "P-1 owns 50%"),
    }
    for case in all_cases(Store.open(desk.url)):
        desk.close(case.id)
    assert desk.screen("--ownership", str(desk.ownership))["alerts"] == 2, "both owners are cleared"


def test_review__two_officers__close_a_case_and_every_step_is_kept(desk: DeskFolder) -> None:
    desk.screen()
    assert desk.run("note", "1", "passport asked for", "--by", ADA).exit_code == 0
    desk.close(1, "match")
    told = json.loads(desk.run("show", "1", "--json").stdout)
    assert (told["state"], told["verdict"], told["decided_by"], told["approved_by"]) == ("closed", "match", ADA, BEA)
    assert [one["kind"] for one in told["events"]] == ["opened", "note", "decided", "approved"]
    assert told["listed"]["names"] == LISTED and "P-1" in desk.run("show", "1").stdout
    assert desk.run("list").stdout == "No case waits.\n"
    assert "match by Ada Example, approved by Bea Example" in desk.run("list", "--all").stdout


def test_review__the_same_officer__may_not_approve(desk: DeskFolder) -> None:
    desk.screen()
    desk.run("decide", "1", "false-positive", "--reason", "x", "--by", ADA)
    line = line_of(desk.run("approve", "1", "false-positive", "--by", "ada example"), 1)
    assert line == "quantera: case 1: was asked for by the same officer; have another officer approve it"
    assert [one.kind for one in events(Store.open(desk.url), 1)] == ["opened", "decided"]


def test_review__a_refusal__sends_it_back(desk: DeskFolder) -> None:
    desk.screen()
    desk.run("decide", "1", "false-positive", "--reason", "x", "--by", ADA)
    assert "open" in desk.run("approve", "1", "false-positive", "--by", BEA, "--refuse", "look again").stdout
    assert events(Store.open(desk.url), 1)[-1].words == "look again"


@pytest.mark.parametrize(
    ("step", "state"),
    [
        (("note", "1", "passport asked for", "--by", ADA), "decided"),
        (("approve", "1", "match", "--by", BEA), "closed"),
        (("approve", "1", "match", "--by", BEA, "--refuse", "look again"), "open"),
    ],
)
def test_review__dry_run__says_what_the_step_would_do_and_stores_nothing(
    desk: DeskFolder, step: tuple[str, ...], state: str
) -> None:
    desk.screen()
    dry = json.loads(desk.run("decide", "1", "match", "--reason", "x", "--by", ADA, "--dry-run", "--json").stdout)
    assert (dry["dry_run"], dry["state"], len(events(Store.open(desk.url), 1))) == (True, "decided", 1)
    desk.run("decide", "1", "match", "--reason", "x", "--by", ADA)
    before = (case_of(Store.open(desk.url), 1), events(Store.open(desk.url), 1))
    dry = json.loads(desk.run(*step, "--dry-run", "--json").stdout)
    assert (dry["dry_run"], dry["state"]) == (True, state)
    assert (case_of(Store.open(desk.url), 1), events(Store.open(desk.url), 1)) == before
    assert desk.run(*step, "--dry-run").stdout.endswith("\nDry run.\n")


def test_review__dry_run_by_the_same_officer__is_refused_as_the_step_is(desk: DeskFolder) -> None:
    desk.screen()
    desk.run("decide", "1", "match", "--reason", "x", "--by", ADA)
    line = line_of(desk.run("approve", "1", "match", "--by", ADA, "--dry-run"), 1)
    assert line == "quantera: case 1: was asked for by the same officer; have another officer approve it"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("show", "9"), "quantera: case 9: is not there; see `quantera compliance cases list --all`"),
        (("note", "1", " ", "--by", ADA), "quantera: note: says nothing; give a reason in words"),
        (("approve", "1", "match", "--by", BEA), "quantera: case 1: is open, not decided; see `quantera compliance "),
        (("screen", "--people", "nowhere.jsonl"), "quantera: nowhere.jsonl: No such file or directory; name an exi"),
    ],
)
def test_cases__what_cannot_be_done__is_refused_in_one_line(
    desk: DeskFolder, arguments: tuple[str, ...], line: str
) -> None:
    desk.screen()
    assert line_of(desk.run(*arguments), 1).startswith(line)


def test_screen__a_register_that_everybody_can_read__is_refused(desk: DeskFolder) -> None:
    desk.people.chmod(0o644)
    line = line_of(desk.run("screen", "--people", str(desk.people)), 1)
    assert line == "quantera: people.jsonl: can be read by everybody on this machine; chmod 600 it"


def test_screen__without_a_list__is_refused(tmp_path: Path) -> None:
    empty = DeskFolder(tmp_path)
    empty.register(PERSON)
    assert "has no list in use" in line_of(empty.run("screen", "--people", str(empty.people)), 1)


def test_import__with_a_register_in_the_config__screens_everybody_and_joins_wallets_by_the_chain(
    world: World, tmp_path: Path
) -> None:
    bureau, issuer = Bureau(world), ClaimIssuer(world)
    token = bureau.token()
    identity, wallet = issuer.admit()
    second = issuer.register(identity)
    bureau.give(wallet, token)
    stranger = bureau.holder(token)
    desk = DeskFolder(tmp_path)
    desk.register({**PERSON, "wallets": [second]})
    raw = yaml.safe_load(bureau.config.read_text())
    bureau.config.write_text(yaml.safe_dump({**raw, "desk": {"people": str(desk.people)}}))
    output = desk.publish(f"2,{OTHER},P,,{wallet}", config=bureau.config).stdout
    assert "1 persons, 1 alerts: 1 cases opened" in output, "the listed wallet is of the same ONCHAINID"
    assert f"holder {stranger} is nobody of the register" in output and f"holder {wallet}" not in output
    again = desk.publish(f"2,{OTHER},P,,{wallet}", f"3,{LISTED},P,1970,", config=bureau.config).stdout
    assert "2 alerts: 1 cases opened, 0 changed, 1 open already" in again
