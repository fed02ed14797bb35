"""`quantera compliance kyc`: identity checks at providers, and the claims that follow."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keepers.commands.base import RUNTIME, config_option, one_line_errors, progress_bar
from keepers.commands.group import Guessing
from keepers.commands.store_options import opened_store, store_options

if TYPE_CHECKING:
    from keepers.compliance.kyc.verification import Verification

_number = click.argument("number", type=click.IntRange(min=1))
_by = click.option("--by", "officer", required=True, metavar="NAME", help="Officer who does it.")
_reason = click.option("--reason", required=True, help="Reason, for those who ask later; without names of persons.")
_dry_run = click.option("--dry-run", is_flag=True, help="Show what it would do; change nothing.")
_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.group(cls=Guessing)
def kyc() -> None:
    """Have persons verified at identity providers, and look after the claims that follow (docs/kyc.md).

    `quantera run kyc` does what is asked for here, and renews claims before they lapse.

    \b
    Example:
      quantera compliance kyc ask P-17 --level standard --by "A. Officer" --config officer.yaml
      quantera compliance kyc show 1 --config officer.yaml
      quantera compliance kyc lapses --check --config officer.yaml
    """


@kyc.command("ask")
@click.argument("persons", metavar="[PERSON]...", nargs=-1)
@click.option("--level", required=True, metavar="NAME", help="Level of kyc.levels.")
@click.option("--missing", is_flag=True, help="Ask for everybody with an ONCHAINID who has no verification of it.")
@click.option("--identity", default="", metavar="ONCHAINID", help="ONCHAINID of the one PERSON, if not registered.")
@_by
@_dry_run
@_json
@config_option
@one_line_errors
def kyc_ask(
    persons: tuple[str, ...],
    level: str,
    missing: bool,
    identity: str,
    officer: str,
    dry_run: bool,
    as_json: bool,
    config_path: Path,
) -> None:
    """Ask for a verification of each PERSON, an identifier of the register; the bot begins it at the provider.

    \b
    Examples:
      quantera compliance kyc ask P-17 --level standard --by "A. Officer" --config officer.yaml
      quantera compliance kyc ask --missing --level standard --by "A. Officer" --dry-run --config officer.yaml
    """
    if missing == bool(persons):
        raise click.UsageError("give either PERSON or --missing")
    from keepers.config import load_config
    from keepers.operations.kyc import Order, ask, register

    config = load_config(config_path, officer=True)
    order = Order(persons, level, identity, officer, dry_run)
    steps = len(register(config)) if missing else len(persons)
    with opened_store(None, config_path) as store, progress_bar("Asking", steps) as progress:
        assert store is not None
        found = ask(store, config, order, int(time.time()), progress)
    _tell_all(found, as_json, "Nobody lacks one.", dry_run=dry_run)


@kyc.command("list")
@click.option("--all", "closed", is_flag=True, help="Show those that are over, too.")
@click.option("--person", default="", metavar="ID", help="Only of this person.")
@store_options
@one_line_errors
def kyc_list(closed: bool, person: str, **where: Any) -> None:
    """List the verifications that something follows for, and those whose claims are on chain, oldest first.

    \b
    Example:
      quantera compliance kyc list --config officer.yaml
    """
    from keepers.compliance.kyc.verification import OPEN, VerificationState
    from keepers.store.verifications import listed

    as_json = where.pop("as_json")
    states = tuple(VerificationState) if closed else (*OPEN, VerificationState.CLAIMED)
    with opened_store(**where) as store:
        assert store is not None
        found = listed(store, states, person)
    _tell_all(found, as_json, "There is none.")


@kyc.command("show")
@_number
@store_options
@one_line_errors
def kyc_show(number: int, **where: Any) -> None:
    """Show verification NUMBER: its steps, its claims, and the link for the person while it works.

    Everybody who has the link can act as the person: give it to nobody else.

    \b
    Example:
      quantera compliance kyc show 1 --config officer.yaml
    """
    from keepers.operations import kyc as operations

    as_json = where.pop("as_json")
    with opened_store(**where) as store:
        assert store is not None
        found, one = operations.told(store, number), operations.verification(store, number)
    click.echo(json.dumps(found) if as_json else "\n".join(operations.lines(found, one)))


@kyc.command("claims")
@_number
@_json
@config_option
@one_line_errors
def kyc_claims(number: int, as_json: bool, config_path: Path) -> None:
    """Show the calls with which the claims of verification NUMBER come on chain, for the holder to make.

    The bot makes them itself where its key has purpose 3 at the ONCHAINID.

    \b
    Example:
      quantera compliance kyc claims 1 --config officer.yaml
    """
    from keepers.config import load_config
    from keepers.operations import kyc as operations

    issuer = load_config(config_path, officer=True).kyc.issuer
    with opened_store(None, config_path) as store:
        assert store is not None
        found = operations.calls(store, issuer, number)
    click.echo(json.dumps(found) if as_json else "\n".join(operations.call_lines(found)))


@kyc.command("decide")
@_number
@click.argument("decision", type=click.Choice(["accept", "decline"]))
@_reason
@_by
@click.option("--approved-by", "second", required=True, metavar="NAME", help="Another officer, who agrees.")
@_dry_run
@store_options
@one_line_errors
def kyc_decide(number: int, decision: str, reason: str, officer: str, second: str, dry_run: bool, **where: Any) -> None:
    """Decide about verification NUMBER, which is in review, as two officers who have read its evidence.

    \b
    Example:
      quantera compliance kyc decide 1 accept --reason "married name" --by "A. Officer" \\
        --approved-by "B. Officer" --config officer.yaml
    """
    from keepers.operations import kyc as operations

    as_json, officers = where.pop("as_json"), (officer, second)
    with opened_store(**where) as store:
        assert store is not None
        found = operations.decide(
            store, number, officers, reason, int(time.time()), accepted=decision == "accept", dry_run=dry_run
        )
    _tell(found, as_json, dry_run=dry_run)


@kyc.command("withdraw")
@_number
@_reason
@_by
@_dry_run
@store_options
@one_line_errors
def kyc_withdraw(number: int, reason: str, officer: str, dry_run: bool, **where: Any) -> None:
    """Withdraw verification NUMBER, as long as its claims are not on chain.

    \b
    Example:
      quantera compliance kyc withdraw 1 --reason "left" --by "A. Officer" --config officer.yaml
    """
    from keepers.operations import kyc as operations

    as_json = where.pop("as_json")
    with opened_store(**where) as store:
        assert store is not None
        found = operations.withdraw(store, number, officer, reason, int(time.time()), dry_run=dry_run)
    _tell(found, as_json, dry_run=dry_run)


@kyc.command("lapses")
@click.option("--days", type=click.IntRange(min=0, max=3650), default=30, show_default=True, help="Days from now.")
@click.option("--check", is_flag=True, help="Exit with 1 if there are any.")
@store_options
@one_line_errors
def kyc_lapses(days: int, check: bool, **where: Any) -> None:
    """List the verifications whose claims lapse within --days and that nothing renews yet.

    \b
    Example:
      quantera compliance kyc lapses --days 7 --check --config officer.yaml
    """
    from keepers.operations.kyc import lapses

    as_json = where.pop("as_json")
    with opened_store(**where) as store:
        assert store is not None
        found = lapses(store, int(time.time()), days)
    _tell_all(found, as_json, "None lapses.")
    if check and found:
        sys.exit(RUNTIME)


def _tell(found: Verification, as_json: bool, *, dry_run: bool) -> None:
    from keepers.operations import kyc as operations

    told = {**operations.as_json(found), "dry_run": dry_run}
    click.echo(json.dumps(told) if as_json else operations.line(found) + ("\nDry run." if dry_run else ""))


def _tell_all(found: list[Verification], as_json: bool, nothing: str, *, dry_run: bool = False) -> None:
    from keepers.operations import kyc as operations

    if as_json:
        click.echo(json.dumps([operations.as_json(one) for one in found]))
        return
    click.echo("\n".join([*map(operations.line, found), *(["Dry run."] if dry_run and found else [])]) or nothing)
