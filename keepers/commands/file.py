"""`quantera compliance file`: data files for tax authorities and regulators, and the linter."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from keepers.commands.base import RUNTIME, one_line_errors, progress_bar
from keepers.commands.group import Guessing
from keepers.commands.tax import books_of, dry_run_option, in_file, json_option, output_option, told

_year = click.option("--year", required=True, type=click.IntRange(2000, 2100), help="Tax year.")


@click.group("file", cls=Guessing)
def file_group() -> None:
    """Make data files for tax authorities and regulators, and check messages (docs/filings.md). No advice, no sending.

    \b
    Example:
      quantera compliance file form8949 ledger.csv --assets assets.yaml --year 2026 --output 8949.csv
      quantera compliance file carf message.yaml --output carf.xml
      quantera compliance file lint carf.xml
    """


def _ledger_options(command: Any) -> Any:
    for option in (
        click.option("--timezone", default="America/New_York", show_default=True, help="Time zone of the days."),
        click.option("--method", metavar="NAME", help="fifo, lifo, hifo or specific."),
        click.option("--assets", required=True, type=in_file, metavar="FILE", help="Assets of the ledger, YAML."),
        _year,
        output_option,
        dry_run_option,
        json_option,
        click.argument("ledger", type=in_file),
    ):
        command = option(command)
    return command


def _schema_options(command: Any) -> Any:
    """Adds --schema and --no-schema."""
    folder = click.Path(path_type=Path, file_okay=False)
    for option in (
        click.option("--no-schema", "without", is_flag=True, help="Do without the IRS's schema; the result says so."),
        click.option("--schema", "folder", type=folder, metavar="FOLDER", help="Folder with FatcaXML_v2.0.xsd."),
    ):
        command = option(command)
    return command


def _schema_is_one(folder: Path | None, without: bool) -> None:
    if folder is not None and without:
        raise click.UsageError("--schema and --no-schema exclude each other")


def _message_options(command: Any) -> Any:
    """Adds MESSAGE, --output, --dry-run and --json."""
    message = click.argument("message", type=in_file)
    for option in (one_line_errors, json_option, dry_run_option, output_option, message):
        command = option(command)
    return command


def _write(
    make: Callable[[Path], tuple[bytes, dict[str, Any]]], message: Path, output: Path | None, **how: bool
) -> None:
    with progress_bar("Writing", 1) as advance:
        content, more = make(message)
        advance(1)
    told(content, more, output, **how)


@file_group.command("form8949")
@_ledger_options
@one_line_errors
def file_form8949(year: int, output: Path | None, dry_run: bool, as_json: bool, **where: Any) -> None:
    """Make Form 8949 of the United States from LEDGER as CSV: a row for each lot, boxes A to L.

    \b
    Example:
      quantera compliance file form8949 ledger.csv --assets assets.yaml --year 2026 --output 8949.csv
    """
    from keepers.operations.filings import form_8949

    books = books_of({**where, "jurisdiction": "US"})
    with progress_bar("Matching", books.steps(year)) as advance:
        content, more = form_8949(books, year, advance)
    told(content, more, output, dry_run=dry_run, as_json=as_json)


@file_group.command("form1099b")
@_ledger_options
@one_line_errors
def file_form1099b(year: int, output: Path | None, dry_run: bool, as_json: bool, **where: Any) -> None:
    """Make the data of Form 1099-B from LEDGER as CSV, by box; wallets stand as the accounts of --assets.

    \b
    Example:
      quantera compliance file form1099b ledger.csv --assets assets.yaml --year 2026 --output 1099b.csv
    """
    from keepers.operations.filings import form_1099b

    books = books_of({**where, "jurisdiction": "US"})
    with progress_bar("Matching", books.steps(year)) as advance:
        content, more = form_1099b(books, year, advance)
    told(content, more, output, dry_run=dry_run, as_json=as_json)


@file_group.command("form1042s")
@click.argument("payments", type=in_file)
@click.option("--recipients", required=True, type=in_file, metavar="FILE", help="Agent and recipients, mode 600.")
@_year
@click.option("--first", type=click.IntRange(1, 9_999_999_999), default=1, help="First unique form identifier.")
@output_option
@dry_run_option
@json_option
@one_line_errors
def file_form1042s(
    payments: Path, recipients: Path, year: int, first: int, output: Path | None, dry_run: bool, as_json: bool
) -> None:
    """Make the data of Form 1042-S from the distributions in PAYMENTS as CSV, by box.

    \b
    Example:
      quantera compliance file form1042s payments.csv --recipients recipients.yaml --year 2026 --output 1042s.csv
    """
    from keepers.operations.filings import form_1042s
    from keepers.operations.tax_files import text_of

    with progress_bar("Withholding", max(0, text_of(payments).count("\n") - 1)) as advance:
        content, more = form_1042s(payments, recipients, year, first, advance)
    told(content, more, output, dry_run=dry_run, as_json=as_json)


@file_group.command("carf")
@_message_options
def file_carf(message: Path, output: Path | None, dry_run: bool, as_json: bool) -> None:
    """Make a message of CARF 1.5, as DAC8 uses it, from MESSAGE in YAML; it is held against schema and rules.

    \b
    Example:
      quantera compliance file carf message.yaml --output carf.xml
    """
    from keepers.operations.filings import carf_file

    _write(carf_file, message, output, dry_run=dry_run, as_json=as_json)


@file_group.command("crs")
@_message_options
def file_crs(message: Path, output: Path | None, dry_run: bool, as_json: bool) -> None:
    """Make a message of CRS 3.0 from MESSAGE in YAML; it is held against schema and rules.

    \b
    Example:
      quantera compliance file crs message.yaml --output crs.xml
    """
    from keepers.operations.filings import crs_file

    _write(crs_file, message, output, dry_run=dry_run, as_json=as_json)


@file_group.command("fatca")
@_message_options
@_schema_options
def file_fatca(
    message: Path, folder: Path | None, without: bool, output: Path | None, dry_run: bool, as_json: bool
) -> None:
    """Make a report of FATCA 2.0 (Form 8966) from MESSAGE in YAML; it is held against the IRS's schema and rules.

    The schema is not part of this program: unpack the IRS's archive and name its folder with --schema.

    \b
    Example:
      quantera compliance file fatca message.yaml --schema fatcaxml_v2.0 --output fatca.xml
    """
    from keepers.operations.filings import fatca_file

    _schema_is_one(folder, without)

    def make(path: Path) -> tuple[bytes, dict[str, Any]]:
        return fatca_file(path, folder, without)

    _write(make, message, output, dry_run=dry_run, as_json=as_json)
    if without:
        click.echo("not held against the IRS's schema", err=True)


@file_group.command("mifir")
@click.argument("reports", type=in_file)
@click.option("--as", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True, help="Form.")
@output_option
@dry_run_option
@json_option
@one_line_errors
def file_mifir(reports: Path, form: str, output: Path | None, dry_run: bool, as_json: bool) -> None:
    """Make transaction reports of MiFIR from REPORTS, whose columns are field numbers of RTS 22, 1 to 65.

    \b
    Example:
      quantera compliance file mifir trades.csv --as json --output reports.json
    """
    from keepers.operations.filings import mifir_file

    with progress_bar("Checking", 1) as advance:
        content, more = mifir_file(reports, form)
        advance(1)
    told(content, more, output, dry_run=dry_run, as_json=as_json)


@file_group.command("thresholds")
@click.argument("holdings", type=in_file)
@click.option("--jurisdiction", required=True, metavar="CODE", help="EU, GB, DE, FR, US, CH or HK.")
@click.option("--supply-before", required=True, metavar="QUANTITY", help="Whole supply before.")
@click.option("--supply-after", required=True, metavar="QUANTITY", help="Whole supply after.")
@click.option(
    "--as", "form", type=click.Choice(["json", "csv", "pdf"]), default="json", show_default=True, help="Form."
)
@output_option
@dry_run_option
@json_option
@one_line_errors
def file_thresholds(
    holdings: Path,
    jurisdiction: str,
    supply_before: str,
    supply_after: str,
    form: str,
    output: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Report which holders in HOLDINGS (holder, before, after) crossed a notifiable part of the issue.

    \b
    Example:
      quantera compliance file thresholds holdings.csv --jurisdiction EU --supply-before 1000 --supply-after 1000 \\
        --as pdf --output thresholds.pdf
    """
    if form == "pdf" and output is None and not dry_run and not as_json and sys.stdout.isatty():
        raise click.UsageError("a PDF needs --output, or a pipe")
    from keepers.operations.filings import threshold_report

    with progress_bar("Comparing", 1) as advance:
        content, more = threshold_report(holdings, jurisdiction, (supply_before, supply_after), form)
        advance(1)
    told(content, more, output, dry_run=dry_run, as_json=as_json)


@file_group.command("lint")
@click.argument("files", type=in_file, nargs=-1, required=True)
@_schema_options
@json_option
@one_line_errors
def file_lint(files: tuple[Path, ...], folder: Path | None, without: bool, as_json: bool) -> None:
    """Check messages of CARF 1.5, CRS 3.0 and FATCA 2.0 against schema and rules; exits with 1 if one has a fault.

    A finding names the rule, where it stands, and the element that breaks it, and never a value.

    \b
    Example:
      quantera compliance file lint carf.xml crs.xml
      quantera compliance file lint fatca.xml --schema fatcaxml_v2.0
    """
    from keepers.operations.filings import linted

    _schema_is_one(folder, without)
    found: dict[str, list[dict[str, Any]]] = {}
    unheld: list[str] = []
    with progress_bar("Checking", len(files)) as advance:
        for path in files:
            found[str(path)], no_schema = linted(path, folder, without)
            unheld += [str(path)] * no_schema
            advance(1)
    if as_json:
        click.echo(json.dumps({"files": found, "without_schema": unheld}))
    else:
        for name, findings in found.items():
            note = "; not held against the IRS's schema" if name in unheld else ""
            click.echo(f"{Path(name).name}: {len(findings)} findings{note}")
            for one in findings:
                click.echo(f"  line {one['line']} {one['where']}: {one['rule']}: {one['text']} ({one['source']})")
    if any(found.values()):
        sys.exit(RUNTIME)


@file_group.command("status")
@click.argument("status", type=in_file)
@click.option("--message", type=in_file, metavar="FILE", help="The message as sent, to say where the records are.")
@json_option
@one_line_errors
def file_status(status: Path, message: Path | None, as_json: bool) -> None:
    """Read what an authority answered about a message of CRS or CARF; exits with 1 if it found an error.

    STATUS is a CRS status message 2.0 or a CARF status message 1.1. The authority's free words are left out: they may
    name persons.

    \b
    Example:
      quantera compliance file status status.xml --message carf.xml
    """
    from keepers.operations.filings import status_of

    found = status_of(status, message)
    if as_json:
        click.echo(json.dumps(found))
    else:
        taken = "accepted" if found["accepted"] else "rejected"
        click.echo(f"{found['kind']} {found['message'] or 'message'}: {taken}, {len(found['errors'])} errors")
        for one in found["errors"]:
            source = f" ({one['source']})" if one["source"] else ""
            click.echo(f"  {one['about']} error {one['code']}: {one['text']}{source}")
            for record in one["places"] or one["records"]:
                click.echo(f"    {record}")
            for path in one["fields"]:
                click.echo(f"    field {path}")
    if found["errors"] or not found["accepted"]:
        sys.exit(RUNTIME)
