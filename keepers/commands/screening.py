"""`quantera compliance screen`: a name against lists."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keepers.commands.base import one_line_errors

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
    required=True,
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Listed parties, one JSON object a line; may be given several times.",
)
@click.option("--kind", type=click.Choice(KINDS), default="unknown", show_default=True, help="What the name names.")
@click.option("--birth-date", default="", metavar="DATE", help="YYYY-MM-DD, YYYY-MM or YYYY.")
@click.option("--country", "countries", multiple=True, metavar="CODE", help="Two letters; may be given several times.")
@click.option(
    "--threshold", type=float, default=THRESHOLD, show_default=True, help="Score from which a name is an alert."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
def screen_command(
    name: str,
    files: tuple[Path, ...],
    kind: Kind,
    birth_date: str,
    countries: tuple[str, ...],
    threshold: float,
    as_json: bool,
) -> None:
    """Screen NAME against lists: every party that it may be, with a score and the rule that fired.

    NAME may be in any script and order. Nothing is stored or logged.

    \b
    Example:
      quantera compliance screen "Ivan Petrov" --kind person --birth-date 1961-04-02 --list parties.jsonl
    """
    from keepers.compliance.screening.errors import ScreeningError

    try:
        from keepers.compliance.screening.screen import Subject
        from keepers.operations import screening
    except ModuleNotFoundError as error:
        reason = f"needs the package {error.name}"
        raise ScreeningError("screening", reason, "install quantera with its extra `screening`") from None
    found: dict[str, Any] = screening.screen(Subject(name, kind, birth_date, countries), files, threshold)
    click.echo(screening.as_json(found) if as_json else "\n".join(screening.lines(found)))
