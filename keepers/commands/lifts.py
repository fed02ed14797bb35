"""`quantera compliance lists lifts`: accounts that leave the chain's sanctions list after two officers agreed."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

from keepers.commands.base import one_line_errors
from keepers.commands.group import Guessing
from keepers.commands.store_options import opened_store, store_options

if TYPE_CHECKING:
    from keepers.compliance.lists.lifts import Lift

_by = click.option("--by", "officer", required=True, metavar="NAME", help="Officer who decides it.")
_dry_run = click.option("--dry-run", is_flag=True, help="Show what it would do; change nothing.")
_numbers = click.argument("numbers", metavar="NUMBER...", nargs=-1, required=True, type=click.IntRange(min=1))


@click.group(cls=Guessing)
def lifts() -> None:
    """Lift accounts that their publisher removed: one officer asks, another approves, the bot carries it out.

    \b
    Example:
      quantera compliance lists lifts ask 0xAccount --reason "delisted" --by "A. Officer" --config officer.yaml
      quantera compliance lists lifts approve 1 --by "B. Officer" --config officer.yaml
      quantera run sanctions --config keeper.yaml
    """


@lifts.command("show")
@click.option("--all", "closed", is_flag=True, help="Show those that are closed too.")
@store_options
@one_line_errors
def lifts_show(closed: bool, **where: Any) -> None:
    """Show the liftings that wait, newest first.

    \b
    Example:
      quantera compliance lists lifts show --all --config officer.yaml
    """
    from keepers.operations.list_lifts import shown

    as_json = where.pop("as_json")
    with opened_store(**where) as store:
        assert store is not None
        found = shown(store, closed=closed)
    _tell(found, as_json, "No lifting waits.")


@lifts.command("ask")
@click.argument("accounts", metavar="ACCOUNT...", nargs=-1, required=True)
@click.option("--reason", required=True, help="Reason, for the officer who approves; without names of persons.")
@_by
@_dry_run
@store_options
@one_line_errors
def lifts_ask(accounts: tuple[str, ...], reason: str, officer: str, dry_run: bool, **where: Any) -> None:
    """Ask for ACCOUNTs to be lifted; their publisher has to have removed them, and no list may name them.

    \b
    Example:
      quantera compliance lists lifts ask 0xAccount --reason "delisted" --by "A. Officer" --config officer.yaml
    """
    from keepers.operations.list_lifts import ask

    as_json = where.pop("as_json")
    with opened_store(**where) as store:
        assert store is not None
        found = ask(store, accounts, reason, officer, int(time.time()), dry_run=dry_run)
    _tell(found, as_json, "", dry_run)


@lifts.command("approve")
@_numbers
@_by
@_dry_run
@store_options
@one_line_errors
def lifts_approve(numbers: tuple[int, ...], officer: str, dry_run: bool, **where: Any) -> None:
    """Approve liftings as another officer than the one who asked; the bot carries them out after its delay.

    \b
    Example:
      quantera compliance lists lifts approve 1 --by "B. Officer" --config officer.yaml
    """
    from keepers.operations.list_lifts import approve

    as_json = where.pop("as_json")
    with opened_store(**where) as store:
        assert store is not None
        found = approve(store, numbers, officer, int(time.time()), dry_run=dry_run)
    _tell(found, as_json, "", dry_run)


@lifts.command("withdraw")
@_numbers
@_dry_run
@store_options
@one_line_errors
def lifts_withdraw(numbers: tuple[int, ...], dry_run: bool, **where: Any) -> None:
    """Withdraw liftings that were not carried out yet; one officer is enough to keep an account on the list.

    \b
    Example:
      quantera compliance lists lifts withdraw 1 --config officer.yaml
    """
    from keepers.operations.list_lifts import withdraw

    as_json = where.pop("as_json")
    with opened_store(**where) as store:
        assert store is not None
        found = withdraw(store, numbers, dry_run=dry_run)
    _tell(found, as_json, "", dry_run)


def _tell(found: list[Lift], as_json: bool, otherwise: str, dry_run: bool = False) -> None:
    from keepers.operations import list_lifts

    if as_json:
        click.echo(json.dumps({"lifts": list_lifts.as_json(found), "dry_run": dry_run}))
        return
    said = list_lifts.lines(found) or [otherwise]
    click.echo("\n".join([*said, *(["Dry run."] if dry_run else [])]))
