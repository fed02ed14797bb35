"""`python -m scripts.hours_table`: writes the record of alerts within hours into docs/risk-models.md."""

from __future__ import annotations

import click


@click.command(short_help="Write the record of alerts within hours into docs/risk-models.md")
def cli() -> None:
    """Forecast falls of two indices within hours, with the package arch, and write what became of the forecasts."""
    # `ape run` imports every script before it runs one; pandas would be a third of its start.
    from keepers.commands.base import progress_bar
    from keepers.operations.generated_part import around, replace_part
    from keepers.operations.risk_hours_table import FALLS, HORIZONS, PART, markdown, rows_of, shares
    from scripts._lib.artifacts import ROOT
    from scripts._lib.index_bars import index_bars

    page = ROOT / "docs/risk-models.md"
    around(page, PART)
    bars = index_bars()
    with progress_bar("Forecasting", len(bars) * len(FALLS) * len(HORIZONS)) as advance:
        rows = [row for index, one in bars.items() for row in rows_of(index, one, advance)]
    replace_part(page, PART, markdown({index: shares(one) for index, one in bars.items()}, rows))


if __name__ == "__main__":
    cli()
