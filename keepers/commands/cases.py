"""`quantera compliance cases`: alerts about holders, reviewed by two officers."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keepers.commands.base import one_line_errors, progress_bar
from keepers.commands.group import Guessing
from keepers.commands.screening import THRESHOLD
from keepers.commands.store_options import opened_store, store_options

if TYPE_CHECKING:
    from keepers.compliance.cases.cases import Case

VERDICTS = ("match", "false-positive")
_by = click.option("--by", "officer", required=True, metavar="NAME", help="Officer who decides it.")
_number = click.argument("number", type=click.IntRange(min=1))
_verdict = click.argument("verdict", type=click.Choice(VERDICTS))
_dry_run = click.option("--dry-run", is_flag=True, help="Check, and show what it would do; change nothing.")
_file = click.Path(path_type=Path, dir_okay=False)


@click.group(cls=Guessing)
def cases() -> None:
    """Screen everybody, and review the alerts: one officer decides, another approves (docs/compliance-desk.md).

    \b
    Example:
      quantera compliance cases screen --people people.jsonl --config officer.yaml
      quantera compliance cases list --config officer.yaml
      quantera compliance cases decide 1 match --reason "same passport" --by "A. Officer" --config officer.yaml
      quantera compliance cases approve 1 match --by "B. Officer" --config officer.yaml
    """


@cases.command("screen")
@click.option("--people", type=_file, metavar="FILE", help="Register of people, if not desk.people of --config.")
@click.option("--ownership", type=_file, metavar="FILE", help="CSV of owner,owned,percent, if not desk.ownership.")
@click.option("--threshold", type=float, default=THRESHOLD, show_default=True, help="Score from which it is an alert.")
@click.option("--no-chain", is_flag=True, help="Do not read holders and ONCHAINIDs from the chain of --config.")
@click.option("--dry-run", is_flag=True, help="Screen and count; open no case.")
@store_options
@one_line_errors
def cases_screen(
    people: Path | None,
    ownership: Path | None,
    threshold: float,
    no_chain: bool,
    dry_run: bool,
    store_url: str | None,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Screen every person of the register against every accepted list, and open a case for each new alert.

    `lists import` does the same whenever a config names desk.people.

    \b
    Example:
      quantera compliance cases screen --config officer.yaml --dry-run
    """
    found = rescreened(store_url, config_path, (people, ownership), threshold, chain=not no_chain, dry_run=dry_run)
    if found is None:
        raise click.UsageError("give --people, or a --config with desk.people")
    click.echo(json.dumps(found.as_json()) if as_json else "\n".join(found.lines()))


def rescreened(
    store_url: str | None,
    config_path: Path | None,
    files: tuple[Path | None, Path | None] = (None, None),
    threshold: float = THRESHOLD,
    *,
    chain: bool = True,
    dry_run: bool = False,
) -> Any:
    """Screens everybody; None if neither the files nor the config name a register."""
    people, ownership = files
    if config_path is not None:
        from keepers.config import load_config

        config = load_config(config_path, officer=True)
        desk = config.desk
        chain = chain and desk.chain
        people = people or (desk.people and config.at(desk.people))
        ownership = ownership or (desk.ownership and config.at(desk.ownership))
    if people is None:
        return None
    from keepers.compliance.screening.errors import ScreeningError

    try:
        from keepers.operations.rescreen import Wanted, rescreen
    except ModuleNotFoundError as error:
        reason = f"needs the package {error.name}"
        raise ScreeningError("screening", reason, "install quantera with its extra `screening`") from None
    wanted = Wanted(people, ownership, threshold, config_path if chain else None, dry_run)
    with opened_store(store_url, config_path) as store, progress_bar("Screening", _lines_of(people)) as progress:
        assert store is not None
        return rescreen(store, wanted, int(time.time()), progress)


def _lines_of(path: Path) -> int:
    """Returns the number of lines of a file, for a progress bar; 0 if it cannot be read, which is refused later."""
    try:
        with path.open("rb") as file:
            return sum(1 for _ in file)
    except OSError:
        return 0


@cases.command("list")
@click.option("--all", "closed", is_flag=True, help="Show closed ones too.")
@click.option("--person", default="", metavar="ID", help="Only of this person.")
@store_options
@one_line_errors
def cases_list(closed: bool, person: str, **where: Any) -> None:
    """List the cases that wait for an officer, oldest first.

    \b
    Example:
      quantera compliance cases list --config officer.yaml
    """
    from keepers.compliance.cases.cases import CaseState
    from keepers.operations import cases as operations
    from keepers.store.cases import all_cases

    as_json = where.pop("as_json")
    states = tuple(CaseState) if closed else (CaseState.OPEN, CaseState.DECIDED)
    with opened_store(**where) as store:
        assert store is not None
        found = all_cases(store, states, person)
    if as_json:
        click.echo(json.dumps([operations.as_json(one) for one in found]))
    else:
        click.echo("\n".join(map(operations.line, found)) or "No case waits.")


@cases.command("show")
@_number
@store_options
@one_line_errors
def cases_show(number: int, **where: Any) -> None:
    """Show case NUMBER: what was found, the published record, and every step and note.

    \b
    Example:
      quantera compliance cases show 1 --config officer.yaml
    """
    from keepers.operations import cases as operations

    as_json = where.pop("as_json")
    with opened_store(**where) as store:
        assert store is not None
        told = operations.shown(store, number)
        found = operations.case(store, number)
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else "\n".join(operations.lines(told, found)))


@cases.command("note")
@_number
@click.argument("words", metavar="TEXT")
@_by
@_dry_run
@store_options
@one_line_errors
def cases_note(number: int, words: str, officer: str, dry_run: bool, **where: Any) -> None:
    """Add the note TEXT to case NUMBER; it names no person, and documents belong into evidence.

    \b
    Example:
      quantera compliance cases note 1 "passport asked for" --by "A. Officer" --config officer.yaml
    """
    from keepers.operations import cases as operations

    as_json = where.pop("as_json")
    with opened_store(**where) as store:
        assert store is not None
        found = operations.note(store, number, words, officer, int(time.time()), dry_run=dry_run)
        _tell(found, as_json, dry_run=dry_run)


@cases.command("decide")
@_number
@_verdict
@click.option("--reason", required=True, help="Reason, for the officer who approves; without names of persons.")
@_by
@_dry_run
@store_options
@one_line_errors
def cases_decide(number: int, verdict: str, reason: str, officer: str, dry_run: bool, **where: Any) -> None:
    """Decide that case NUMBER is a match or a false positive; it counts once another officer approves it.

    \b
    Example:
      quantera compliance cases decide 1 match --reason "same passport" --by "A. Officer" --config officer.yaml
    """
    from keepers.compliance.cases.cases import Verdict
    from keepers.operations import cases as operations

    as_json = where.pop("as_json")
    with opened_store(**where) as store:
        assert store is not None
        now = int(time.time())
        found = operations.decide(store, number, Verdict(verdict), reason, officer, now, dry_run=dry_run)
        _tell(found, as_json, dry_run=dry_run)


@cases.command("approve")
@_number
@_verdict
@click.option("--refuse", "refusal", metavar="REASON", help="Send it back for this reason, instead of approving it.")
@_by
@_dry_run
@store_options
@one_line_errors
def cases_approve(number: int, verdict: str, refusal: str | None, officer: str, dry_run: bool, **where: Any) -> None:
    """Approve the decision VERDICT about case NUMBER as another officer, or send it back.

    \b
    Example:
      quantera compliance cases approve 1 match --by "B. Officer" --config officer.yaml
    """
    from keepers.compliance.cases.cases import Verdict
    from keepers.operations import cases as operations

    as_json, now = where.pop("as_json"), int(time.time())
    with opened_store(**where) as store:
        assert store is not None
        if refusal is not None:
            found = operations.refuse(store, number, refusal, officer, now, dry_run=dry_run)
        else:
            found = operations.approve(store, number, Verdict(verdict), officer, now, dry_run=dry_run)
        _tell(found, as_json, dry_run=dry_run)


def _tell(found: Case, as_json: bool, *, dry_run: bool) -> None:
    from keepers.operations import cases as operations

    told = {**operations.as_json(found), "dry_run": dry_run}
    click.echo(json.dumps(told) if as_json else operations.line(found) + ("\nDry run." if dry_run else ""))
