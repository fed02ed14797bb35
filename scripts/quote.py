"""Prints what every listed market pays, or asks for, an amount.

ape run quote --network ethereum:mainnet:node USDC ETH 1000 --deployment deployments/mainnet.json
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from ape.cli import ConnectedProviderCommand

from scripts._lib.orders import SwapSession


@click.command(cls=ConnectedProviderCommand, short_help="Quote an amount over every listed market of a pair")
@click.argument("token_in")
@click.argument("token_out")
@click.argument("amount")
@click.option(
    "--deployment",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("deployments/localnet.json"),
    show_default=True,
    help="Record of the deployment.",
)
@click.option("--exact-out", is_flag=True, help="AMOUNT is what shall come out.")
def cli(provider: Any, token_in: str, token_out: str, amount: str, deployment: Path, exact_out: bool) -> None:
    """Prints a line a market, the best first.

    Tokens are addresses, symbols of the deployment's record, or ETH for the chain's own coin; AMOUNT is in whole
    tokens, of TOKEN_IN unless --exact-out.
    """
    session = SwapSession.open(provider.web3, deployment, token_in, token_out)
    for quoted in session.quotes(session.units(amount, exact_out), exact_out):
        told = (
            session.shown(quoted.amount, int(not exact_out))
            if quoted.amount
            else f"refused: {session.explained(quoted)}"
        )
        click.echo(f"{quoted.market}  {quoted.kind:<15} {told}")
