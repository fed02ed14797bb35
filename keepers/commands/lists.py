"""`quantera compliance lists`: published sanctions lists, imported, looked at and compared with the chain."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import click

from keepers.commands.base import RUNTIME, USAGE, config_option, one_line_errors, progress_bar
from keepers.commands.cases import rescreened
from keepers.commands.group import Guessing
from keepers.commands.lifts import lifts
from keepers.commands.store_options import opened_store, store_options

FORMATS = ("ofac-csv", "ofac-advanced", "ofac-delta", "un", "eu-fsf", "uk-xml", "uk-csv", "mapping")
"""Names of the formats, written out because reading them from their room is slow; a test compares the two."""


@click.group(cls=Guessing)
def lists() -> None:
    """Import published sanctions lists, look at them, and compare them with the chain (docs/compliance-desk.md).

    \b
    Example:
      quantera compliance lists import sdn.csv add.csv alt.csv sdn_comments.csv --format ofac-csv \\
        --published 2026-09-23 --config officer.yaml
      quantera compliance lists show --config officer.yaml
      quantera compliance lists delta --config officer.yaml
    """


def _day(context: click.Context, _: click.Parameter, text: str | None) -> str:
    from datetime import date

    if text is None:
        return ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise click.BadParameter(f"{text} is no day; write it as 2026-09-23", context) from None


@lists.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--format", "name", required=True, type=click.Choice(FORMATS), help="Format of the files.")
@click.option(
    "--list", "list_id", default="", metavar="NAME", help="ofac-sdn or ofac-consolidated, for OFAC's formats."
)
@click.option("--published", callback=_day, metavar="DAY", help="Date of publication, where the files do not say it.")
@click.option(
    "--mapping", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Mapping of --format mapping."
)
@click.option("--accept-findings", is_flag=True, help="Accept the list in spite of what refuses it; it is recorded.")
@click.option("--dry-run", is_flag=True, help="Read and judge it; store nothing.")
@store_options
@one_line_errors
def lists_import(
    files: tuple[str, ...],
    name: str,
    list_id: str,
    published: str,
    mapping: Path | None,
    accept_findings: bool,
    dry_run: bool,
    **where: Any,
) -> None:
    """Read one list from its FILEs, or from https:// addresses, and accept it as the newest version.

    A list that is damaged, empty, older than the accepted one, or shrunken by more than 2% is refused. The same
    file again confirms that the accepted version is still the publisher's newest. Either way everybody in the register
    that desk.people of --config names is screened again.

    \b
    Examples:
      quantera compliance lists import consolidated.xml --format un --dry-run
      quantera compliance lists import UK-Sanctions-List.xml --format uk-xml --config officer.yaml
    """
    if (name == "mapping") != (mapping is not None):
        raise click.UsageError("--format mapping and --mapping FILE go together")
    from keepers.operations.list_files import size_of
    from keepers.operations.lists import Import, import_list

    wanted = Import(files, name, list_id, published, mapping, accept_findings, dry_run)
    as_json = where.pop("as_json")
    with opened_store(**where, optional=dry_run) as store, progress_bar("Reading", size_of(files)) as progress:
        done = import_list(store, wanted, int(time.time()), progress)
    # A file that only confirms its version too: a screening that failed the last time is caught up with.
    if not as_json:
        click.echo("\n".join(done.lines()))
    screened = None if dry_run else rescreened(**where)
    if as_json:
        told = {**done.as_json(), **({"cases": screened.as_json()} if screened else {})}
        click.echo(json.dumps(told, ensure_ascii=False))
    elif screened:
        click.echo("\n".join(screened.lines()))
    if dry_run and not accept_findings and any(finding.refuses for finding in done.draft.findings):
        sys.exit(RUNTIME)


@lists.command("show")
@click.argument("list_id", metavar="[LIST]", required=False)
@click.option("--check", is_flag=True, help="Exit with 1 if a list was not confirmed for 24 hours.")
@store_options
@one_line_errors
def lists_show(list_id: str | None, check: bool, **where: Any) -> None:
    """Show the newest version of every list, or every version of LIST; alarms go to standard error.

    \b
    Examples:
      quantera compliance lists show --config officer.yaml
      quantera compliance lists show ofac-sdn --json --config officer.yaml
    """
    from keepers.operations.lists import shown

    as_json = where.pop("as_json")
    with opened_store(**where) as store:
        assert store is not None
        found = shown(store, list_id, int(time.time()))
    alarms = [one["alarm"] for one in found if one["alarm"]]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        click.echo("\n".join(_line(one) for one in found) or "No list was accepted yet.")
    for alarm in alarms:
        click.echo(f"quantera: {alarm}", err=True)
    if check and (alarms or not found):
        sys.exit(RUNTIME)


def _line(one: dict[str, Any]) -> str:
    from datetime import UTC, datetime

    counts, checked = one["counts"], datetime.fromtimestamp(one["checked"], UTC)
    if one["retired"]:
        gone = datetime.fromtimestamp(one["retired"]["at"], UTC)
        return f"{one['list']} version {one['version']}, published {one['published']}, retired {gone:%Y-%m-%d}: " + (
            f"{one['retired']['reason']} ({one['retired']['officer']})"
        )
    return (
        f"{one['list']} version {one['version']}, published {one['published']}, "
        f"confirmed {checked:%Y-%m-%d %H:%M} UTC: "
        f"{counts['parties']:,} records, {counts['names']:,} aliases, {counts['wallets']:,} EVM addresses, "
        f"source {one['source_hash']}"
    )


@lists.command("retire")
@click.argument("list_id", metavar="LIST")
@click.option("--version", "number", type=click.IntRange(min=1), help="One version of it; the default is all of them.")
@click.option("--reason", required=True, help="Reason, for those who ask later; without names of persons.")
@click.option("--by", "officer", required=True, metavar="NAME", help="Officer who decides it.")
@click.option("--dry-run", is_flag=True, help="Show what it would do; change nothing.")
@store_options
@one_line_errors
def lists_retire(list_id: str, number: int | None, reason: str, officer: str, dry_run: bool, **where: Any) -> None:
    """Take LIST, or one version of it, out of use because it was imported by mistake.

    Its history stays and counts nowhere: neither for screening, nor for a delta, nor for what a publisher removed. An
    account that is on chain because of it alone stays there until a person lifts it. With the newest version gone the
    version before it counts again.

    \b
    Examples:
      quantera compliance lists retire au-dfat --reason "wrong mapping" --by "A. Officer" --config officer.yaml
      quantera compliance lists retire un --version 7 --reason "a test file" --by "A. Officer" --config officer.yaml
    """
    from keepers.compliance.lists.gate import Retirement
    from keepers.compliance.officers import officer_name
    from keepers.operations.lists import retire_list

    retirement = Retirement(int(time.time()), officer_name(officer), reason)
    as_json = where.pop("as_json")
    with opened_store(**where) as store:
        assert store is not None
        done = retire_list(store, list_id, number, retirement, dry_run=dry_run)
    click.echo(json.dumps(done.as_json()) if as_json else "\n".join(done.lines()))


@lists.command("delta")
@click.option("--max-gas", type=click.IntRange(min=1), default=8_000_000, show_default=True, help="Gas of a batch.")
@click.option("--send", is_flag=True, help="Send the additions with the key of --config; without it nothing is sent.")
@click.option("--yes", is_flag=True, help="Send without asking; for machines.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@config_option
@one_line_errors
def lists_delta(max_gas: int, send: bool, yes: bool, as_json: bool, config_path: Path) -> None:
    """Show what brings the chain's sanctions list to the accepted lists, in batches that fit a block.

    Nothing is sent without --send, and liftings are never: a second officer orders them with the commands shown.

    \b
    Examples:
      quantera compliance lists delta --config officer.yaml
      quantera compliance lists delta --send --yes --config officer.yaml
    """
    if send and not yes and not sys.stdin.isatty():
        click.echo("quantera: standard input: is no terminal to ask on; give --yes to send", err=True)
        sys.exit(USAGE)
    from keepers.operations import list_delta
    from keepers.operations.lists import delta_json, delta_lines

    with opened_store(None, config_path) as store:
        assert store is not None
        delta = list_delta.delta(store, config_path, max_gas)
    if not as_json:
        click.echo("\n".join(delta_lines(delta)))
    receipts: list[Any] = []
    if send:
        if not yes and delta.accounts("sanction"):
            click.confirm("Send the additions?", abort=True, err=True)
        done = list_delta.send(delta.batches, config_path, lambda _: True, lambda line: click.echo(line, err=True))
        receipts = [outcome.as_json() for outcome in done]
        if not as_json:
            click.echo("\n".join(line for outcome in done for line in outcome.sent_lines()))
    if as_json:
        click.echo(json.dumps({**delta_json(delta), "sent": receipts}))


lists.add_command(lifts)
