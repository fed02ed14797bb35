"""`python -m scripts.simulation_table`: writes the proof of controlled sampling into docs/risk-models.md."""

from __future__ import annotations

import click


@click.command(short_help="Write the proof of controlled sampling into docs/risk-models.md")
def cli() -> None:
    """Simulate with a thousand seeds per model, and write how often intervals hold the truth."""
    # `ape run` imports every script before it runs one; SciPy would be a third of its start.
    from keepers.commands.base import progress_bar
    from keepers.operations.generated_part import around, replace_part
    from keepers.operations.risk_proof import PART, REPLICATIONS, cases, markdown, proved
    from scripts._lib.artifacts import ROOT

    page = ROOT / "docs/risk-models.md"
    around(page, PART)
    chosen = cases()
    with progress_bar("Simulating", len(chosen) * REPLICATIONS) as advance:
        replace_part(page, PART, markdown(proved(chosen, progress=advance)))


if __name__ == "__main__":
    cli()
