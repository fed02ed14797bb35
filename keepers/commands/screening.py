"""`quantera compliance screen`: a name against lists."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keepers.commands.base import one_line_errors
from keepers.commands.store_options import opened_store, store_options

if TYPE_CHECKING:
    from keepers.compliance.lists.records import Kind

KINDS = ("person", "entity", "vessel", "aircraft", "unknown")
THRESHOLD = 0.75
"""The room's default; a test holds the two together, so that `--help` need not load the room."""


@click.command("screen")
@click.argument("name")
@click.option(
    "--list",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Listed parties, one JSON object per line; may be given several times.",
)
@click.option("--kind", type=click.Choice(KINDS), default="unknown", show_default=True, help="What the name names.")
@click.option("--birth-date", default="", metavar="DATE", help="YYYY-MM-DD, YYYY-MM or YYYY.")
@click.option("--country", "countries", multiple=True, metavar="CODE", help="Two letters; may be given several times.")
@click.option(
    "--threshold", type=float, default=THRESHOLD, show_default=True, help="Score from which a name is an alert."
)
@store_options
@one_line_errors
def screen_command(
    name: str,
    files: tuple[Path, ...],
    kind: Kind,
    birth_date: str,
    countries: tuple[str, ...],
    threshold: float,
    store_url: str | None,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Screen NAME against lists: every party that it may be, with a score and the rule that fired.

    The lists are those that `lists import` accepted (--config or --store), files (--list), or both. NAME may be in any
    script and order. Nothing is stored or logged.

    \b
    Example:
      quantera compliance screen "Ivan Petrov" --kind person --birth-date 1961-04-02 --config officer.yaml
    """
    if not (files or store_url or config_path):
        raise click.UsageError("give --config or --store, --list, or both")
    from keepers.compliance.screening.errors import ScreeningError

    try:
        from keepers.compliance.screening.screen import Subject
        from keepers.operations import screening
    except ModuleNotFoundError as error:
        reason = f"needs the package {error.name}"
        raise ScreeningError("screening", reason, "install quantera with its extra `screening`") from None
    with opened_store(store_url, config_path, optional=True) as store:
        parties = screening.listed(files, store)
        found: dict[str, Any] = screening.screen(Subject(name, kind, birth_date, countries), parties, threshold)
    click.echo(screening.as_json(found) if as_json else "\n".join(screening.lines(found)))
