"""`python -m scripts.risk_tables`: writes the tables of docs/risk-models.md from the packaged closes.

Everything between the file's markers is replaced; what stands outside them stays.
"""

from __future__ import annotations

import click


@click.command(short_help="Write the tables of docs/risk-models.md")
def cli() -> None:
    """Backtest the risk models over the packaged closes, and write the tables of docs/risk-models.md."""
    # `ape run` imports every script before it runs one; SciPy and pandas would be a third of its start.
    from scripts._lib.risk_page import update

    update()


if __name__ == "__main__":
    cli()
