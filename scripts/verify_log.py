"""Proves that a token's log of threshold crossings and refusals, or a report made from it, is complete and unaltered.

ape run verify_log NOTE                        # events against the chain's running hash
ape run verify_log NOTE --write report.jsonl   # writes the log as a report, one JSON object a line
ape run verify_log NOTE --report report.jsonl  # a filed report against the chain's running hash
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click
from ape.cli import ConnectedProviderCommand

from keepers.compliance.report_log import Entry, LogKind, parse_report, verify
from keepers.contracts.compliance import ComplianceReader
from scripts._lib.rules.options import deployment_option, node_of, one_line, token_address

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(cls=ConnectedProviderCommand, short_help="Prove a token's log or a report complete and unaltered")
@click.argument("token")
@click.option("--report", type=_FILE, help="A filed report to prove, instead of the chain's own events.")
@click.option("--write", type=_FILE, help="Where to write the log as a report.")
@click.option("--from-block", type=click.IntRange(min=0), default=0, show_default=True, help="First block with events.")
@deployment_option()
def cli(provider: Any, token: str, report: Path | None, write: Path | None, from_block: int, deployment: Path) -> None:
    """Recomputes TOKEN's running hash from its events, or from a filed report, and compares it with the chain's."""
    if report is not None and write is not None:
        raise click.UsageError("--report and --write: give one of them")
    with one_line():
        reader = ComplianceReader(node_of(provider), token_address(token, deployment))
        head, count = reader.log_head()
        entries = reader.log_entries(from_block) if report is None else parse_report(_read(report))
        verify(reader.token, entries, head, count)
    kinds = Counter(LogKind(entry.kind).name.lower().replace("_", " ") for entry in entries)
    told = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items())) or "no entries"
    subject = report.name if report is not None else "log"
    if write is not None:
        _write(write, entries)
        subject = f"{subject}, written to {write},"
    click.echo(f"{reader.symbol} {reader.token}: the {subject} is complete and unaltered: {told}.")
    click.echo(f"Running hash 0x{head.hex()} at block {reader.block.number}.")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{path}: cannot be read ({type(error).__name__}); name a report") from None


def _write(path: Path, entries: list[Entry]) -> None:
    try:
        path.write_text("".join(entry.line() + "\n" for entry in entries), encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{path}: cannot be written ({error.strerror}); name another file") from None
