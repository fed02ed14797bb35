from __future__ import annotations

import json
from typing import Any

import pytest

from keepers.compliance.cases.errors import CaseError
from keepers.compliance.cases.people import persons, read_people

NAME = "Zygmunt Przykładowy"
ONE, TWO, THREE, IDENTITY = (f"0x{digit * 40}" for digit in "1234")


def row(person: str = "P-1", name: str = NAME, **fields: Any) -> str:
    return json.dumps({"person": person, "name": name, "kind": "person", **fields})


def test_read_people__a_line__is_a_row_that_does_not_show_its_name() -> None:
    (found,) = read_people([row(birth_date="1970", countries=["pl"], wallets=[ONE], onchain_id=IDENTITY)], "people")
    assert (found.person, found.wallets, found.onchain_id) == ("P-1", (ONE,), IDENTITY)
    assert (found.subject.name, found.subject.countries) == (NAME, ("PL",))
    assert "Zygmunt" not in repr(found) and "1970" not in repr(found)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "people line 1: is no JSON object"),
        ("[]", "people line 1: .*is missing or of another type"),
        (row(name=""), "people line 1: holds what cannot be screened"),
        (row(birth_date="1970-13"), "people line 1: holds what cannot be screened"),
        (row(person="Zygmunt-1"), "people line 1: person holds a part of the name"),
        (row(person="przykladowy.7", name="Zygmunt Przykladowy"), "people line 1: person holds a part of the name"),
        (row(person="a b"), "people line 1: person is no identifier"),
        (row(wallets=["0x12"]), "people line 1: wallets holds no address"),
        (row(wallets=[7]), r"people line 1: wallets\.0 is missing or of another type"),
        (json.dumps({"person": "P-1", "name": NAME, NAME: "x"}), "people line 1: a key is not known"),
    ],
)
def test_read_people__a_line_that_is_none__is_refused_without_anything_personal(line: str, reason: str) -> None:
    with pytest.raises(CaseError, match=reason) as caught:
        read_people([line], "people")
    said = str(caught.value)
    assert not any(part in said for part in (*NAME.split(), "Zygmunt-1", "1970", "przykladowy"))


def test_read_people__an_empty_file__is_refused() -> None:
    with pytest.raises(CaseError, match="people: holds nobody"):
        read_people(["", " "], "people")


def test_persons__shared_identifier_wallet_or_onchainid__is_one_person() -> None:
    rows = read_people(
        [
            row("P-1", wallets=[ONE]),
            row("P-1", "Another Name"),
            row("P-2", wallets=[ONE, TWO]),
            row("P-3", onchain_id=IDENTITY),
            row("P-4", onchain_id=IDENTITY),
            row("P-5"),
        ],
        "people",
    )
    found = persons(rows)
    assert [(one.id, len(one.subjects)) for one in found] == [("P-1", 2), ("P-3", 1), ("P-5", 1)]
    assert found[0].wallets == (ONE, TWO) and found[0].ids == {"P-1", "P-2"}
    assert found[1].ids == {"P-3", "P-4", IDENTITY} and "Zygmunt" not in repr(found)


def test_persons__wallets_that_the_chain_joins__are_one_person() -> None:
    rows = read_people([row("P-1", wallets=[ONE]), row("P-2", wallets=[TWO])], "people")
    (found,) = persons(rows, {ONE: IDENTITY, TWO: IDENTITY, THREE: IDENTITY})
    assert (found.id, found.wallets) == ("P-1", (ONE, TWO, THREE)) and IDENTITY in found.ids


def test_persons__links_of_strangers__change_nothing() -> None:
    rows = read_people([row("P-1", wallets=[ONE])], "people")
    (found,) = persons(rows, {TWO: IDENTITY, THREE: IDENTITY})
    assert found.wallets == (ONE,)
