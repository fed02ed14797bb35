"""Filings made from files: forms, messages, reports, and the linter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepers.compliance.filings import form1042s, form1099b, form8949, mifir, thresholds
from keepers.compliance.filings.carf import CarfMessage, write_carf
from keepers.compliance.filings.crs import CrsMessage, write_crs
from keepers.compliance.filings.errors import FilingError
from keepers.compliance.filings.fatca import FatcaMessage, write_fatca
from keepers.compliance.filings.form8949 import Property, Reported
from keepers.compliance.filings.parties import parsed
from keepers.compliance.filings.tables import csv_bytes, json_bytes
from keepers.compliance.tax.gains import long_term
from keepers.compliance.tax.money import scaled, written_units
from keepers.compliance.tax.sources import AssetsFile, table
from keepers.operations.tax import Books, withheld
from keepers.operations.tax_files import content_of, personal, text_of

if TYPE_CHECKING:
    from keepers.compliance.filings.reading import Finding, Schema

Progress = Callable[[int], None]
HOLDINGS = ("holder", "before", "after")
NOTE = "Data prepared for a filing; no tax or legal advice."


def properties(assets: AssetsFile) -> dict[str, Property]:
    """The assets as forms name them."""
    return {
        name: Property(row.name, row.decimals, row.digital, Reported(row.reported), row.cusip, row.covered)
        for name, row in assets.assets.items()
    }


def form_8949(books: Books, year: int, advance: Progress) -> tuple[bytes, dict[str, Any]]:
    """Makes Form 8949 as CSV; returns it with the totals by box."""
    found = books.gains(year, None, advance)
    rows = form8949.rows(found.disposals, properties(books.assets), long_term(books.profile))
    return csv_bytes(form8949.COLUMNS, rows), {"rows": len(rows), "totals": form8949.totals(rows)}


def form_1099b(books: Books, year: int, advance: Progress) -> tuple[bytes, dict[str, Any]]:
    """Makes the data of Form 1099-B as CSV."""
    found = books.gains(year, None, advance)
    accounts = books.assets.accounts
    rows = form1099b.rows(found.disposals, properties(books.assets), long_term(books.profile), accounts)
    return csv_bytes(form1099b.COLUMNS, rows), {"rows": len(rows)}


def form_1042s(
    payments: Path, recipients: Path, year: int, first: int, advance: Progress
) -> tuple[bytes, dict[str, Any]]:
    """Makes the data of Form 1042-S as CSV.

    Raises:
        KeeperError: If a file does not fit, or a payment is of another year.
    """
    data = personal(recipients)
    try:
        agent = form1042s.Agent(**data["agent"])
        known = {name: form1042s.Recipient(**row) for name, row in data["recipients"].items()}
    except (KeyError, TypeError, AttributeError):
        remedy = "give agent and recipients as docs/filings.md shows them"
        raise FilingError(recipients.name, "is no file of recipients", remedy) from None
    filled: list[form1042s.Agent | form1042s.Recipient] = [agent, *known.values()]
    if not all(isinstance(value, str) for one in filled for value in _values(one)):
        raise FilingError(recipients.name, "has a value that is no text", "put numbers in quotation marks")
    found = withheld(payments, advance)
    other = next((one.payment.line for one in found if one.payment.paid.year != year), None)
    if other is not None:
        raise FilingError(f"{payments.name}, line {other}", "was paid in another year", "give the payments of one year")
    rows = form1042s.rows(found, known, agent, first)
    return csv_bytes(form1042s.COLUMNS, rows), {"rows": len(rows)}


def _values(one: form1042s.Agent | form1042s.Recipient) -> list[Any]:
    return [getattr(one, name) for name in one.__slots__]


def carf_file(path: Path) -> tuple[bytes, dict[str, Any]]:
    """Makes a message of CARF, which has no fault that the linter knows."""
    message = parsed(CarfMessage, personal(path), path.name)
    return _without_faults(write_carf(message)), {"records": len(message.users)}


def crs_file(path: Path) -> tuple[bytes, dict[str, Any]]:
    """Makes a message of CRS, which has no fault that the linter knows."""
    message = parsed(CrsMessage, personal(path), path.name)
    return _without_faults(write_crs(message)), {"records": len(message.accounts)}


def fatca_file(path: Path, folder: Path | None, without: bool) -> tuple[bytes, dict[str, Any]]:
    """Makes a report of FATCA, which has no fault that the linter knows.

    Args:
        path: The report in YAML or JSON.
        folder: Folder with the IRS's schema.
        without: True to leave the schema out, which the result then says.

    Raises:
        FilingError: If neither is given, or the report has a fault.
    """
    schema = schema_in(folder, without)
    message = parsed(FatcaMessage, personal(path), path.name)
    content = _without_faults(write_fatca(message), schema, without_schema=without)
    records = len(message.accounts) + len(message.pools)
    return content, {"records": records, "schema": None if schema is None else schema.sha256}


def schema_in(folder: Path | None, without: bool) -> Schema | None:
    """The IRS's schema, which somebody has to name or to leave out.

    Raises:
        FilingError: If it is neither named nor left out, or the folder has none.
    """
    if folder is None and without:
        return None
    try:
        from keepers.compliance.filings.reading import FATCA_PAGE, fatca_schema
    except ImportError:
        raise FilingError("lxml", "is not installed", _INSTALL) from None
    if folder is None:
        remedy = f"unpack the archive from {FATCA_PAGE} and name its folder with --schema, or give --no-schema"
        raise FilingError("schema of FATCA", "is not part of this program and not given", remedy)
    return fatca_schema(folder)


def linted(path: Path, folder: Path | None = None, without: bool = False) -> tuple[list[dict[str, Any]], bool]:
    """The findings about a file, and whether its format's schema was left out.

    Args:
        path: The file.
        folder: Folder with the IRS's schema, for reports of FATCA.
        without: True if a report of FATCA without the schema is no finding.
    """
    content = content_of(path)
    schema = None if folder is None else schema_in(folder, without)
    rows = [
        {"rule": one.rule, "line": one.line, "where": one.where, "text": one.text, "source": one.source}
        for one in _findings(content, schema, without_schema=without)
    ]
    from keepers.compliance.filings.lint import is_held_against_nothing

    return rows, schema is None and is_held_against_nothing(content)


def status_of(path: Path, message: Path | None) -> dict[str, Any]:
    """The answer of an authority, with the records of the message that it is about, if that is given.

    Raises:
        KeeperError: If a file cannot be read, or is not what it should be.
    """
    try:
        from keepers.compliance.filings.status import read_status
    except ImportError:
        raise FilingError("lxml", "is not installed", _INSTALL) from None
    found = read_status(content_of(path), None if message is None else content_of(message))
    errors = [{**asdict(one), "places": [f"line {line} {place}" for place, line in one.places]} for one in found.errors]
    return {"kind": found.kind, "message": found.original, "accepted": found.accepted, "errors": errors}


def mifir_file(path: Path, form: str) -> tuple[bytes, dict[str, Any]]:
    """Makes transaction reports as CSV or JSON from lines whose columns are field numbers.

    Raises:
        KeeperError: If a report has a fault.
    """
    numbers = tuple(str(number) for number in mifir.fields())
    reports = [
        {int(number): text for number, text in row.items() if text}
        for _, row in table(text_of(path), path.name, numbers, 1)
    ]
    rows = mifir.rows(reports)
    content = csv_bytes(mifir.columns(), rows) if form == "csv" else json_bytes(rows)
    return content, {"rows": len(rows)}


def threshold_report(path: Path, jurisdiction: str, supply: tuple[str, str], form: str) -> tuple[bytes, dict[str, Any]]:
    """Makes a threshold report as JSON, CSV or PDF from lines with a holder's quantities before and after."""
    known = thresholds.thresholds_of(jurisdiction)
    rows = list(table(text_of(path), path.name, HOLDINGS, 3))
    holders = [row["holder"] for _, row in rows]
    if len(set(holders)) < len(holders):
        raise FilingError(path.name, "names a holder twice", "add the holder's wallets up")
    before = {row["holder"]: _quantity(row["before"], f"{path.name}, line {line}") for line, row in rows}
    after = {row["holder"]: _quantity(row["after"], f"{path.name}, line {line}") for line, row in rows}
    whole = (_quantity(supply[0], "supply before"), _quantity(supply[1], "supply after"))
    found = [_whole_tokens(thresholds.as_row(one)) for one in thresholds.crossings(known, before, after, whole)]
    source = {"jurisdiction": known.name, "source": known.source, "recorded": known.recorded.isoformat()}
    if form == "json":
        content = json_bytes({**source, "crossings": found})
    elif form == "csv":
        content = csv_bytes(thresholds.COLUMNS, found)
    else:
        try:
            from keepers.compliance.filings.pdf import pdf_bytes
        except ImportError:
            raise FilingError("reportlab", "is not installed", _INSTALL) from None
        lines = [f"{known.name}: {known.source}, recorded {known.recorded}.", NOTE]
        content = pdf_bytes("Threshold report", lines, thresholds.COLUMNS, found)
    return content, {"rows": len(found), **source}


_DECIMALS = 18
_INSTALL = "install quantera[filings]"


def _quantity(text: str, where: str) -> int:
    return scaled(text, _DECIMALS, where, "a quantity", "decimal places")


def _whole_tokens(row: Mapping[str, str]) -> dict[str, str]:
    return {**row, **{name: written_units(int(row[name]), _DECIMALS) for name in ("before", "after")}}


def _findings(content: bytes, schema: Schema | None = None, *, without_schema: bool = False) -> list[Finding]:
    try:
        from keepers.compliance.filings.lint import lint
    except ImportError:
        raise FilingError("lxml", "is not installed", _INSTALL) from None
    return lint(content, schema, without_schema=without_schema)


def _without_faults(content: bytes, schema: Schema | None = None, *, without_schema: bool = False) -> bytes:
    found = _findings(content, schema, without_schema=without_schema)
    if found:
        one = found[0]
        raise FilingError(f"{one.where}, rule {one.rule}", f"is broken: {one.text}", f"see {one.source}")
    return content
