"""`python -m tests.extraction [--write]`: how good the detection around a landed swap is, for docs/execution.md."""

from __future__ import annotations

import click

from keepers.operations.generated_part import replace_part
from scripts._lib.artifacts import ROOT
from tests.extraction.table import PART, judged, markdown


@click.command()
@click.option("--write", is_flag=True, help="Write the tables into docs/execution.md.")
def main(write: bool) -> None:
    """Judge what is found around the swaps of labelled blocks."""
    text = markdown(judged())
    if write:
        replace_part(ROOT / "docs/execution.md", PART, text)
    else:
        click.echo(text)


if __name__ == "__main__":
    main()
