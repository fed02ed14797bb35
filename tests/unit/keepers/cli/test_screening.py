"""`quantera compliance screen`: alerts for people and machines, refusals in one line, and no name anywhere else."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path

import pytest

from keepers.commands.screening import KINDS, THRESHOLD
from keepers.compliance.lists.records import Kind, ListedName, ListedParty
from keepers.compliance.screening.score import DEFAULT_THRESHOLD
from keepers.store import Store
from keepers.store.lists import newest, parties
from tests.unit.keepers.cli.test_cli import invoke
from tests.unit.keepers.compliance.lists.reading import DATA, OFAC_FILES

PETROV = ListedParty(
    "made",
    "7",
    "person",
    (ListedName("PETROV, Ivan Sergeevich", "primary"), ListedName("Иван Петров", "strong")),
    birth_dates=("1961",),
    countries=("RU",),
)


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    """A database that has accepted OFAC's four files."""
    url = f"sqlite:///{tmp_path}/keeper.sqlite"
    files = [str(DATA / name) for name in OFAC_FILES]
    asked = ("--format", "ofac-csv", "--published", "2026-09-23", "--store", url)
    assert invoke("compliance", "lists", "import", *files, *asked).exit_code == 0
    return url


@pytest.fixture
def parties_file(tmp_path: Path) -> Path:
    path = tmp_path / "parties.jsonl"
    path.write_text(json.dumps(asdict(PETROV), ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def test_screen__name_on_the_list__names_party_and_rule(parties_file: Path) -> None:
    done = invoke("compliance", "screen", "Iwan Petrov", "--list", str(parties_file), "--kind", "person")
    assert done.exit_code == 0
    first, last = done.stdout.splitlines()
    assert first.startswith("0.95  sound") and "made 7  Иван Петров" in first
    assert last == "1 alerts among 2 listed names at 0.75"


def test_screen__json__is_one_object_with_everything(parties_file: Path) -> None:
    asked = ("--birth-date", "1961-04-02", "--country", "de", "--json")
    done = invoke("compliance", "screen", "Ivan Petrov", "--list", str(parties_file), *asked)
    said = json.loads(done.stdout)
    assert said["listed_names"] == 2
    (alert,) = said["alerts"]
    assert (alert["list_id"], alert["uid"], alert["score"]) == ("made", "7", 1.0)
    assert alert["rules"] == ["transliteration", "birth_date_agrees", "country_contradicts"]


def test_screen__somebody_else__exits_well_without_alerts(parties_file: Path) -> None:
    done = invoke("compliance", "screen", "Maria Rossi", "--list", str(parties_file), "--json")
    assert done.exit_code == 0 and json.loads(done.stdout)["alerts"] == []


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("  ",), "name: holds no letter and no digit; give a name as it is written"),
        (("Iv\x07an",), "name: holds the control character U+0007 at character 3; remove it"),
        (("a" * 10_000,), "name of 10000 characters: is too long; give at most 512"),
        (("Ivan", "--birth-date", "4 May"), "birth date: is no date; give YYYY-MM-DD, YYYY-MM or YYYY"),
        (("Ivan", "--country", "XX"), "country: is no code of ISO 3166-1; give two letters, such as DE"),
        (("Ivan", "--threshold", "0.2"), "threshold 0.2: is not between 0.56 and 1; give one such as 0.75"),
    ],
)
def test_screen__argument_that_cannot_be_screened__is_refused_in_one_line(
    parties_file: Path, arguments: tuple[str, ...], line: str
) -> None:
    done = invoke("compliance", "screen", *arguments, "--list", str(parties_file))
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [f"quantera: {line}"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "parties.jsonl: holds no party; name a file with one party per line"),
        (b"\xff\xfe", "parties.jsonl line 1: is no listed party"),
        (b'{"list_id": "made"}\n', "parties.jsonl line 1: is no listed party (uid: Field required)"),
        (b'{"list_id":"made","uid":"1","kind":"person","names":[]}\n', "parties.jsonl line 1: has no name"),
    ],
)
def test_screen__file_that_is_no_list__is_refused_in_one_line(parties_file: Path, content: bytes, line: str) -> None:
    parties_file.write_bytes(content)
    done = invoke("compliance", "screen", "Ivan", "--list", str(parties_file))
    assert done.exit_code == 1
    assert len(done.stderr.splitlines()) == 1 and line in done.stderr


def test_screen__file_with_a_broken_line__does_not_repeat_what_it_holds(parties_file: Path) -> None:
    parties_file.write_text('{"list_id":"made","uid":"1","kind":"Boris Makhlouf","names":[]}\n', encoding="utf-8")
    done = invoke("compliance", "screen", "Ivan", "--list", str(parties_file))
    assert done.exit_code == 1 and "Makhlouf" not in done.stderr


def test_screen__file_that_is_not_there__is_refused_in_one_line(tmp_path: Path) -> None:
    done = invoke("compliance", "screen", "Ivan", "--list", str(tmp_path / "none.jsonl"))
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        "quantera: none.jsonl: cannot be read (No such file or directory); name an existing file of listed parties"
    ]


def test_screen__names_and_dates__are_logged_nowhere(parties_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        invoke("compliance", "screen", "Ivan Petrov", "--list", str(parties_file), "--birth-date", "1961-04-02")
    assert "Petrov" not in caplog.text and "1961" not in caplog.text


def test_screen__its_defaults__are_those_of_the_room() -> None:
    assert THRESHOLD == DEFAULT_THRESHOLD
    assert set(KINDS) == set(Kind.__args__)  # type: ignore[attr-defined]


def test_screen__accepted_lists__name_the_party_as_its_list_does(store_url: str) -> None:
    store = Store.open(store_url)
    party = next(one for one in parties(store, newest(store)[0]) if one.kind == "person")
    store.close()
    done = invoke("compliance", "screen", party.names[0].text, "--kind", "person", "--store", store_url, "--json")
    assert done.exit_code == 0, done.stderr
    best = json.loads(done.stdout)["alerts"][0]
    assert (best["list_id"], best["uid"], best["rule"]) == ("ofac-sdn", party.uid, "exact")


def test_screen__accepted_lists_and_a_file__are_one_list(store_url: str, parties_file: Path) -> None:
    asked = ("compliance", "screen", "Ivan Petrov", "--json")
    alone = json.loads(invoke(*asked, "--list", str(parties_file)).stdout)
    both = json.loads(invoke(*asked, "--list", str(parties_file), "--store", store_url).stdout)
    assert both["listed_names"] > alone["listed_names"] and both["alerts"][0] == alone["alerts"][0]


def test_screen__database_without_lists__is_refused_in_one_line(tmp_path: Path) -> None:
    done = invoke("compliance", "screen", "Ivan", "--store", f"sqlite:///{tmp_path}/empty.sqlite")
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "has no list; import one: quantera compliance lists import" in done.stderr


def test_screen__neither_lists_nor_files__says_what_to_give() -> None:
    done = invoke("compliance", "screen", "Ivan")
    assert done.exit_code == 2 and "give --config or --store, --list, or both" in done.stderr
