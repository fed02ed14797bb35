"""Worked examples of tax authorities: what their texts state is what the code works out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.authorities.__main__ import PAGE, page
from tests.authorities.examples import CENTS, Example, by_sale, examples, figures, outcome

ROOT = Path(__file__).resolve().parents[5]
LEDGERS = [one for one in examples() if one.is_ledger]


def given(name: str) -> list[Example]:
    """Ledgers whose texts state something."""
    return [one for one in LEDGERS if name in one.row["gives"]]


def near(found: Mapping[str, int], stated: Mapping[str, int], slack: int) -> bool:
    """Says whether figures in cents are those that a text states in whole units of money."""
    return all(abs(found[name] - amount * CENTS) <= slack for name, amount in stated.items())


@pytest.mark.parametrize("example", given("sales"), ids=lambda one: one.source)
def test_example__disposals__cost_and_gain_are_those_of_the_text(example: Example) -> None:
    found = [figures(pieces) for pieces in by_sale(outcome(example))]
    stated = example.row["gives"]["sales"]
    assert len(found) == len(stated)
    assert all(near(one, figure, example.slack) for one, figure in zip(found, stated, strict=True)), found


@pytest.mark.parametrize("example", given("pieces"), ids=lambda one: one.source)
def test_example__parts_of_a_disposal__gain_is_that_of_the_text(example: Example) -> None:
    found = [figures([one]) for one in outcome(example).disposals]
    stated = example.row["gives"]["pieces"]
    assert len(found) == len(stated)
    assert all(near(one, figure, example.slack) for one, figure in zip(found, stated, strict=True)), found


@pytest.mark.parametrize("example", given("matched"), ids=lambda one: one.source)
def test_example__rules__match_as_many_units_as_the_text_says(example: Example) -> None:
    found = [[one.matched, one.units] for one in outcome(example).disposals]
    assert found == example.row["gives"]["matched"]


@pytest.mark.parametrize("example", given("lots"), ids=lambda one: one.source)
def test_example__units_that_are_sold__are_those_of_the_text(example: Example) -> None:
    assert [[one.lot, one.units] for one in outcome(example).disposals] == example.row["gives"]["lots"]


@pytest.mark.parametrize("example", given("held"), ids=lambda one: one.source)
def test_example__what_is_left__has_units_and_cost_of_the_text(example: Example) -> None:
    held, stated = outcome(example).held, example.row["gives"]["held"]
    assert [lot.units for lot in held] == [units for units, _ in stated]
    for lot, (_, cost) in zip(held, stated, strict=True):
        assert abs(lot.cost - cost * CENTS) <= example.slack


@pytest.mark.parametrize("example", given("units"), ids=lambda one: one.source)
def test_example__units_that_are_left__are_as_many_as_the_text_says(example: Example) -> None:
    assert sum(lot.units for lot in outcome(example).held) == example.row["gives"]["units"]


@pytest.mark.parametrize("example", given("held_from"), ids=lambda one: one.source)
def test_example__holding_period__takes_in_what_the_text_says(example: Example) -> None:
    assert [lot.held_from for lot in outcome(example).held] == example.row["gives"]["held_from"]


def test_examples__every_ledger__states_something_that_a_test_reads() -> None:
    read = {"sales", "pieces", "matched", "lots", "held", "units", "held_from"}
    assert all(one.row["gives"] and set(one.row["gives"]) <= read for one in LEDGERS)


def test_examples__without_a_ledger__name_a_test_that_is_there() -> None:
    for one in (found for found in examples() if not found.is_ledger):
        file, name = one.row["test"].split("::")
        assert re.search(rf"^def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), one.source


def test_examples__are_20_of_four_authorities_or_more() -> None:
    found = examples()
    assert len(found) >= 20 and len({one.authority for one in found}) >= 4
    assert len({(one.authority, one.source) for one in found}) == len(found)


def test_table__of_the_page__is_made_from_the_examples() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text, "write it with python -m tests.authorities --write"
