"""`quantera risk`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from keepers.commands.base import config_option, one_line_errors
from keepers.commands.group import Guessing


@click.group(cls=Guessing)
def risk() -> None:
    """Look back at what the risk model said.

    \b
    Example:
      quantera risk exceedances stocks --config keeper.yaml
    """


@risk.command("exceedances")
@click.argument("portfolio")
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
def risk_exceedances(portfolio: str, config_path: Path, as_json: bool) -> None:
    """Compare value at risk with the losses that followed, from the keeper's records.

    Kupiec's test says whether losses exceed VaR 99% as often as promised, Christoffersen's whether an exceedance
    makes the next one likelier.

    \b
    Example:
      quantera risk exceedances stocks --config keeper.yaml
    """
    from dataclasses import asdict

    from keepers.config import load_config
    from keepers.operations.exceedances import lines, record

    found = record(load_config(config_path), portfolio)
    click.echo(json.dumps(asdict(found)) if as_json else "\n".join(lines(found)))
