"""`quantera compliance tax`: lots, gains and withholding from a ledger; data preparation and no tax advice."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from keepers.commands.base import one_line_errors, progress_bar
from keepers.commands.group import Guessing

if TYPE_CHECKING:
    from keepers.contracts.transfers import TransferReader
    from keepers.operations.tax import Books

F = TypeVar("F", bound=Callable[..., Any])
in_file = click.Path(path_type=Path, dir_okay=False)
dry_run_option = click.option("--dry-run", is_flag=True, help="Read and work out everything; write nothing.")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
output_option = click.option(
    "--output", type=in_file, metavar="FILE", help="Where to write it; it must not be there yet."
)


@click.group(cls=Guessing)
def tax() -> None:
    """Work out lots, gains and withholding from ledgers (docs/tax.md). It prepares data and is no tax advice.

    \b
    Example:
      quantera compliance tax ledger 0xToken --wallet 0xMine=cold --prices prices.csv --output ledger.csv \\
        --rpc http://127.0.0.1:8545 --chain-id 31337
      quantera compliance tax gains ledger.csv --assets assets.yaml --jurisdiction US --year 2026
      quantera compliance tax withhold payments.csv
    """


def books_options(command: F) -> F:
    """Adds LEDGER, --assets, --jurisdiction, --method and --timezone."""
    for option in (
        click.option("--timezone", default="UTC", show_default=True, help="Time zone of the taxpayer's days."),
        click.option("--method", metavar="NAME", help="fifo, lifo, hifo, specific, average or share-matching."),
        click.option("--jurisdiction", required=True, metavar="CODE", help="US, GB, DE, FR, CA or AU."),
        click.option("--assets", required=True, type=in_file, metavar="FILE", help="Assets of the ledger, YAML."),
        click.argument("ledger", type=in_file),
    ):
        command = option(command)
    return command


def books_of(where: dict[str, Any]) -> Books:
    """Reads what `books_options` names, and takes it out of the options."""
    from keepers.operations.tax import Books

    ledger, assets, jurisdiction = where.pop("ledger"), where.pop("assets"), where.pop("jurisdiction")
    return Books.read(ledger, assets, jurisdiction, where.pop("method"), where.pop("timezone"))


def told(content: bytes, more: dict[str, Any], output: Path | None, *, dry_run: bool, as_json: bool) -> None:
    """Writes a file to --output, or to standard output, and says what it is."""
    from keepers.operations.tax_files import described, save

    if output is not None and not dry_run:
        save(output, content)
    if output is None and not dry_run and not as_json:
        click.get_binary_stream("stdout").write(content)
        return
    written = output is not None and not dry_run
    found = described(content, **more, output=str(output) if written else None)
    if as_json and output is None and not dry_run and not content.startswith(b"%PDF"):
        found["content"] = content.decode()
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        click.echo(f"{found['bytes']:,} bytes, SHA-256 {found['sha256']}; {'written' if written else 'not written'}")


@tax.command("gains")
@books_options
@click.option("--year", required=True, type=click.IntRange(2000, 2100), help="Year in which the tax year begins.")
@click.option("--prices", type=in_file, metavar="FILE", help="Prices, for what is not realised yet.")
@dry_run_option
@json_option
@one_line_errors
def tax_gains(year: int, prices: Path | None, dry_run: bool, as_json: bool, **where: Any) -> None:
    """Show realised and unrealised gains of one tax year, by asset, from LEDGER.

    \b
    Example:
      quantera compliance tax gains ledger.csv --assets assets.yaml --jurisdiction US --year 2026 --method hifo
    """
    from keepers.operations.tax import gains_as_json, gains_lines

    books = books_of(where)
    with progress_bar("Matching", books.steps(year)) as advance:
        found = books.gains(year, prices, advance)
    if dry_run:
        counts = {"entries": len(books.entries), "disposals": len(found.disposals), "dry_run": True}
        words = f"{counts['entries']} entries, {counts['disposals']} disposals; nothing shown"
        click.echo(json.dumps(counts) if as_json else words)
        return
    click.echo(json.dumps(gains_as_json(books, found)) if as_json else "\n".join(gains_lines(books, found)))


def _day(context: click.Context, _: click.Parameter, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text} is no day; write it as 2026-12-31", context) from None


@tax.command("lots")
@books_options
@click.option("--on", "day", callback=_day, metavar="DAY", help="Last day that counts, instead of the ledger's last.")
@dry_run_option
@json_option
@one_line_errors
def tax_lots(day: date | None, dry_run: bool, as_json: bool, **where: Any) -> None:
    """List the lots that are held, with cost and days, from LEDGER; a lot is named by the line that acquired it.

    \b
    Example:
      quantera compliance tax lots ledger.csv --assets assets.yaml --jurisdiction US --on 2026-12-31
    """
    from keepers.operations.tax import lots_as_json

    books = books_of(where)
    with progress_bar("Matching", len(books.entries)) as advance:
        found = lots_as_json(books, books.held(day or date.max, advance))
    if dry_run:
        counts = {"entries": len(books.entries), "lots": len(found), "dry_run": True}
        words = f"{counts['entries']} entries, {counts['lots']} lots; nothing shown"
        click.echo(json.dumps(counts) if as_json else words)
    elif as_json:
        click.echo(json.dumps({"currency": books.profile.currency, "lots": found}))
    else:
        for one in found:
            click.echo(
                f"lot {one['lot']}: {one['quantity']} {one['asset']} in {one['wallet'] or 'all wallets'}, "
                f"cost {one['cost']} {books.profile.currency}, bought {one['bought']}, held from {one['held_from']}"
            )


@tax.command("ledger")
@click.argument("token")
@click.option(
    "--wallet", "wallets", multiple=True, required=True, metavar="ADDRESS[=NAME]", help="Own wallet; may be repeated."
)
@click.option("--asset", metavar="NAME", help="Asset in the ledger, instead of the token's symbol.")
@click.option("--prices", type=in_file, metavar="FILE", help="Prices: asset, day, price.")
@click.option("--timezone", default="UTC", show_default=True, help="Time zone in which a price's day is.")
@click.option("--from-block", type=click.IntRange(min=0), default=0, help="First block with transfers.")
@click.option("--config", "config_path", type=in_file, metavar="FILE", help="Officer's config; TOKEN may be a symbol.")
@click.option("--rpc", metavar="URL", help="Node to ask, instead of --config.")
@click.option("--chain-id", type=click.IntRange(min=1), help="Chain that it has to be on.")
@output_option
@dry_run_option
@json_option
@one_line_errors
def tax_ledger(
    token: str,
    wallets: tuple[str, ...],
    asset: str | None,
    prices: Path | None,
    timezone: str,
    from_block: int,
    output: Path | None,
    dry_run: bool,
    as_json: bool,
    **node: Any,
) -> None:
    """Make a ledger from the Transfer events of TOKEN that concern own wallets, at the prices of their days.

    The chain does not say what was paid: correct what was no purchase or sale before you use it.

    \b
    Example:
      quantera compliance tax ledger 0xToken --wallet 0xMine=cold --prices prices.csv --output ledger.csv \\
        --rpc http://127.0.0.1:8545 --chain-id 31337
    """
    from keepers.operations.tax import chain_ledger, zone_of
    from keepers.operations.tax_files import prices_of

    own, zone, table = _wallets(wallets), zone_of(timezone), prices_of(prices)
    reader = _reader(token, **node)
    with progress_bar("Reading", reader.steps(from_block)) as advance:
        content, rows = chain_ledger(reader, own, asset, table, zone, from_block, advance)
    told(content, {"rows": rows}, output, dry_run=dry_run, as_json=as_json)


@tax.command("withhold")
@click.argument("payments", type=in_file)
@output_option
@dry_run_option
@json_option
@one_line_errors
def tax_withhold(payments: Path, output: Path | None, dry_run: bool, as_json: bool) -> None:
    """Work out what the United States withhold on the distributions in PAYMENTS, with the rule behind each.

    \b
    Example:
      quantera compliance tax withhold payments.csv --output withheld.csv
    """
    from keepers.compliance.filings.tables import csv_bytes
    from keepers.operations.tax import WITHHELD, withheld, withheld_rows
    from keepers.operations.tax_files import text_of

    with progress_bar("Withholding", max(0, text_of(payments).count("\n") - 1)) as advance:
        rows = withheld_rows(withheld(payments, advance))
    told(csv_bytes(WITHHELD, rows), {"rows": len(rows)}, output, dry_run=dry_run, as_json=as_json)


@tax.command("rates")
@click.argument("country", required=False)
@json_option
@one_line_errors
def tax_rates(country: str | None, as_json: bool) -> None:
    """Show the table of treaty rates with article, source and day of checking, or the rows of COUNTRY.

    \b
    Example:
      quantera compliance tax rates DE
    """
    from keepers.operations.tax import rate_lines

    lines = rate_lines(country)
    click.echo(json.dumps({"rates": lines}) if as_json else "\n".join(lines))


def _wallets(texts: tuple[str, ...]) -> dict[str, str]:
    from keepers.compliance.arguments import account

    found: dict[str, str] = {}
    for text in texts:
        address, _, name = text.partition("=")
        found[account(address, "wallet")] = name or address
    if len(set(found.values())) < len(found):
        raise click.UsageError("two wallets have the same name")
    return found


def _reader(token: str, config_path: Path | None, rpc: str | None, chain_id: int | None) -> TransferReader:
    from keepers.contracts.transfers import TransferReader
    from keepers.rpc.node import connect

    if config_path is not None and rpc is None and chain_id is None:
        from keepers.operations.officers import looked_at

        known = looked_at(config_path, token)
        return TransferReader(known.node, known.token)
    if config_path is not None or rpc is None or chain_id is None:
        raise click.UsageError("give either --config, or --rpc and --chain-id")
    return TransferReader(connect(rpc, chain_id), token)
