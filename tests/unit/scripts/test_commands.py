"""`ape run` lists commands only: what is no command is where Ape does not look."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from ape_run._cli import ScriptCommand

ROOT = Path(__file__).parents[3]
COMMANDS = {
    "check",
    "contract_sizes",
    "demo",
    "deploy",
    "execute",
    "export_abi",
    "hours_table",
    "localnet",
    "model_hash",
    "quote",
    "risk_status",
    "risk_tables",
    "rulebook",
    "simulation_table",
    "swap",
    "verify_log",
}


@pytest.fixture(scope="module")
def listed() -> dict[str, click.Command]:
    """Commands that Ape lists, without folders left over from another version and hold nothing but bytecode."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        found: dict[str, click.Command] = ScriptCommand(name="run").commands
    left_over = {name for name, command in found.items() if isinstance(command, click.Group) and _is_empty(name)}
    return {name: command for name, command in found.items() if name not in left_over}


def _is_empty(folder: str) -> bool:
    files = [path for path in (ROOT / "scripts" / folder).rglob("*") if path.is_file()]
    return (ROOT / "scripts" / folder).is_dir() and all(path.suffix == ".pyc" for path in files)


def test_ape_run__listing__is_the_set_of_commands(listed: dict[str, click.Command]) -> None:
    assert set(listed) == COMMANDS


def test_ape_run__each_command__says_what_it_does(listed: dict[str, click.Command]) -> None:
    for name, command in listed.items():
        told = command.get_short_help_str(limit=200)
        # Ape's words for a file that it would only import.
        assert told and not told.startswith("Run '"), name
        assert not isinstance(command, click.Group) or command.commands, name


def test_ape_run__each_command__explains_its_use(listed: dict[str, click.Command]) -> None:
    for name, command in listed.items():
        context = click.Context(command, info_name=name)
        assert command.get_help(context).startswith("Usage: "), name
