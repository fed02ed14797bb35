"""`python -m tests.authorities [--write]`: the table of worked examples in docs/tax.md, made from their file.

A test works every example out and holds it against what its text states.
"""

from __future__ import annotations

from pathlib import Path

import click

from tests.authorities.examples import examples

PAGE = Path(__file__).resolve().parents[2] / "docs/tax.md"
BEGIN, END = "<!-- authorities:begin -->", "<!-- authorities:end -->"


def table() -> str:
    """Returns what the page says between its marks."""
    found = examples()
    names = list(dict.fromkeys(one.authority for one in found))
    counts = ", ".join(f"{name} {sum(one.authority == name for one in found)}" for name in names)
    rows = [f"| {one.authority} | {one.source} | {one.shows} | {one.read} |" for one in found]
    head = ["| Authority | Text | Shows | Read in |", "|---|---|---|---|"]
    return "\n".join([f"{len(found)} worked examples: {counts}.", "", *head, *rows])


def page(text: str) -> str:
    """Returns the page with the table as it is now."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


@click.command()
@click.option("--write", is_flag=True, help="write the table to docs/tax.md")
def main(write: bool) -> None:
    """Shows the table, or writes it."""
    if write:
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        click.echo(table())


if __name__ == "__main__":
    main()
