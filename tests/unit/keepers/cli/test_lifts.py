"""`quantera compliance lists lifts`: two officers, one account, and every way in which that is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result

from keepers.compliance.lists.lifts import LiftState
from keepers.store import Store
from keepers.store.lifts import by_id
from tests.unit.keepers.cli.test_cli import invoke, line_of
from tests.unit.keepers.compliance.lists.reading import DATA, FIRST, OFAC_FILES, SECOND

A, B = "Ada Example", "Bea Example"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database in which OFAC removed the first account, and names the second."""
    found = f"sqlite:///{tmp_path}/keeper.sqlite"
    files = [str(DATA / name) for name in OFAC_FILES]
    whole = (*files, "--format", "ofac-csv", "--published", "2026-09-23")
    for given in (whole, (str(DATA / "delta.xml"), "--format", "ofac-delta", "--accept-findings")):
        result = invoke("compliance", "lists", "import", *given, "--store", found)
        assert result.exit_code == 0, result.stderr
    return found


def lifts(url: str, *arguments: str) -> Result:
    return invoke("compliance", "lists", "lifts", *arguments, "--store", url)


def asked(url: str, account: str = FIRST, *more: str) -> Result:
    return lifts(url, "ask", account, "--reason", "delisted", "--by", A, *more)


def state(url: str) -> LiftState:
    return by_id(Store.open(url), [1])[0].state


def test_ask_and_approve__by_two_officers__is_approved(url: str) -> None:
    assert asked(url).stdout.startswith(f"lifting 1 of {FIRST} of ofac-sdn, asked; asked for by {A} at 20")
    assert lifts(url, "approve", "1", "--by", B).exit_code == 0
    (found,) = json.loads(lifts(url, "show", "--json").stdout)["lifts"]
    assert (found["state"], found["asked_by"], found["approved_by"]) == ("approved", A, B)


def test_approve__by_the_officer_who_asked__is_refused(url: str) -> None:
    asked(url)
    line = line_of(lifts(url, "approve", "1", "--by", "ada  EXAMPLE"), 1)
    assert line == "quantera: lifting 1: was asked for by the same officer; have another officer approve it"
    assert state(url) is LiftState.ASKED


def test_ask__twice__is_refused(url: str) -> None:
    asked(url)
    assert "has been asked for already" in line_of(asked(url), 1)


def test_ask__an_account_that_is_listed__is_refused_and_leaves_nothing(url: str) -> None:
    listed = json.loads(invoke("compliance", "lists", "show", "--json", "--store", url).stdout)
    assert listed[0]["counts"]["wallets"] >= 1
    line = line_of(lifts(url, "ask", FIRST, SECOND, "--reason", "x", "--by", A), 1)
    assert line == f"quantera: account {SECOND}: is still on a list; wait until its publisher removes it"
    assert lifts(url, "show").stdout == "No lifting waits.\n"


def test_ask__an_account_that_no_list_named__is_refused(url: str) -> None:
    assert "was never on an accepted list" in line_of(asked(url, "0x" + "9" * 40), 1)


def test_ask__no_address__is_refused(url: str) -> None:
    assert line_of(asked(url, "0x12"), 1).startswith("quantera: account 0x12: is no address")


def test_ask__dry_run__changes_nothing(url: str) -> None:
    assert asked(url, FIRST, "--dry-run").stdout.endswith("Dry run.\n")
    assert lifts(url, "show").stdout == "No lifting waits.\n"


def test_approve__listed_again_meanwhile__is_refused(url: str, tmp_path: Path) -> None:
    asked(url)
    listing, mapping = tmp_path / "own.csv", tmp_path / "own.yaml"
    listing.write_text(f"id,name,account\n1,SOMEBODY,{FIRST}\n")
    mapping.write_text("list: own\nformat: csv\nfields: {uid: id, names: [name], remarks: [account]}\n")
    given = ("--format", "mapping", "--mapping", str(mapping), "--published", "2026-09-24", "--store", url)
    assert invoke("compliance", "lists", "import", str(listing), *given).exit_code == 0
    assert "is still on a list" in line_of(lifts(url, "approve", "1", "--by", B), 1)


def test_withdraw__an_approved_one__closes_it_and_it_may_be_asked_for_again(url: str) -> None:
    asked(url)
    lifts(url, "approve", "1", "--by", B)
    assert "withdrawn" in lifts(url, "withdraw", "1").stdout and state(url) is LiftState.WITHDRAWN
    assert asked(url).exit_code == 0


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (("approve", "9", "--by", B), "quantera: lifting 9: is not there; see `quantera compliance lists lifts show`"),
        (("withdraw", "9"), "quantera: lifting 9: is not there; see `quantera compliance lists lifts show`"),
    ],
)
def test_lifts__a_number_that_is_none__is_refused(url: str, command: tuple[str, ...], line: str) -> None:
    assert line_of(lifts(url, *command), 1) == line


def test_approve__one_that_was_withdrawn__is_refused(url: str) -> None:
    asked(url)
    lifts(url, "withdraw", "1")
    assert line_of(lifts(url, "approve", "1", "--by", B), 1) == (
        "quantera: lifting 1: is withdrawn, not asked; choose another"
    )
