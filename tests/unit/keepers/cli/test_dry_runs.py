"""Every command of the compliance desk prints JSON, and each one that changes something has a dry run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from keepers.cli import main
from keepers.compliance.travel.exchange import ExchangeState
from keepers.operations.travel import TravelDesk
from keepers.store.travel import due
from tests.fixtures.desk import ADA, BEA, quantera
from tests.fixtures.travel import TXID, Pair, pair
from tests.unit.keepers.cli.test_cli import line_of

GROUPS = ("screen", "lists", "kyc", "cases", "evidence", "tax", "file", "travel")
READERS = {
    *("screen", "lists show", "lists delta", "lists lifts show", "kyc list", "kyc show", "kyc claims", "kyc lapses"),
    *("cases list", "cases show", "evidence get", "evidence verify", "tax rates", "file lint", "file status"),
    *("travel thresholds", "travel check", "travel list", "travel show"),
}
"""Commands that change nothing."""
SERVER = "travel serve"
"""It runs until it is stopped, and prints lines as they come."""


def options() -> dict[str, set[str]]:
    """The options of every command of the groups, by its words."""
    compliance = main.get_command(click.Context(main), "compliance")
    assert isinstance(compliance, click.Group)
    found: dict[str, set[str]] = {}
    for name in GROUPS:
        command = compliance.get_command(click.Context(compliance), name)
        assert command is not None
        found.update(_below(command, name))
    return found


def _below(command: click.Command, words: str) -> Iterator[tuple[str, set[str]]]:
    if not isinstance(command, click.Group):
        yield words, {option for parameter in command.params for option in parameter.opts}
        return
    for name, below in command.commands.items():
        yield from _below(below, f"{words} {name}")


def test_commands__each_but_the_server__has_json() -> None:
    assert {words for words, given in options().items() if "--json" not in given} == {SERVER}


def test_commands__those_that_change_something__have_a_dry_run() -> None:
    assert {words for words, given in options().items() if "--dry-run" not in given} == {SERVER, *READERS}


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[Pair]:
    with pair(tmp_path) as found:
        yield found


@pytest.mark.parametrize(
    ("act", "state"),
    [
        (lambda desk: desk.approve(1, BEA, dry_run=True), ExchangeState.APPROVED),
        (lambda desk: desk.reject(1, "policy", BEA, dry_run=True), ExchangeState.REJECTED),
    ],
)
def test_answer__dry_run__is_neither_stored_nor_told(
    desks: Pair, act: Callable[[TravelDesk], object], state: ExchangeState
) -> None:
    desks.ask()
    desks.deliver()
    before = desks.b.only()
    after = act(desks.b.desk)
    assert getattr(after, "state", None) is state
    assert desks.b.only() == before and due(desks.b.store, 1 << 40) == []


@pytest.mark.parametrize(
    ("act", "state"),
    [
        (lambda desk: desk.cancel(1, ADA, dry_run=True), ExchangeState.CANCELED),
        (lambda desk: desk.settle(1, TXID, dry_run=True), ExchangeState.SETTLED),
    ],
)
def test_end__dry_run__is_neither_stored_nor_told(
    desks: Pair, act: Callable[[TravelDesk], object], state: ExchangeState
) -> None:
    desks.approved()
    before = desks.a.only()
    after = act(desks.a.desk)
    assert getattr(after, "state", None) is state
    assert desks.a.only() == before and due(desks.a.store, 1 << 40) == []


def test_keys__dry_run__makes_no_file_and_refuses_one_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "travel.key"
    arguments = ("compliance", "travel", "keys", "--output", str(path), "--dry-run", "--json")
    told = quantera(*arguments)
    assert json.loads(told.stdout) == {"dry_run": True, "output": str(path)} and not path.exists()
    path.write_text("mine")
    assert line_of(quantera(*arguments), 1).startswith("quantera: travel.key: File exists; choose another file")
    assert path.read_text() == "mine"
