"""Prints every risk number of a portfolio beside its limit, and how old what it rests on is; from the chain alone.

ape run risk_status 0x… --network ethereum:mainnet:node
"""

from __future__ import annotations

from typing import Any

import click
from ape.cli import ConnectedProviderCommand

from scripts._lib.status.risk import StatusError, report


@click.command(cls=ConnectedProviderCommand, short_help="Print a portfolio's risk beside its limits")
@click.argument("portfolio")
def cli(provider: Any, portfolio: str) -> None:
    """Prints every metric of PORTFOLIO, its limit, its headroom and the age of its inputs."""
    try:
        click.echo("\n".join(report(provider.web3, portfolio)))
    except StatusError as error:
        raise click.ClickException(str(error)) from None
