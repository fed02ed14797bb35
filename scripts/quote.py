"""What every listed market pays for an amount, in one call.

ape run quote --network ethereum:mainnet:node USDC_ADDRESS WETH_ADDRESS 1000 --deployment deployments/mainnet.json
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from ape.cli import ConnectedProviderCommand

from scripts.orders import Desk


@click.command(cls=ConnectedProviderCommand, short_help="Quote an exact input over every listed market")
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
def cli(provider: Any, token_in: str, token_out: str, amount: str, deployment: Path) -> None:
    """Prints a line a market, the best first; AMOUNT is in whole tokens of TOKEN_IN."""
    desk = Desk.open(provider.web3, deployment, token_in, token_out)
    for quoted in desk.quotes(desk.units(amount)):
        told = desk.shown(quoted.amount_out) if quoted.amount_out else f"refused: 0x{quoted.failure.hex()[:72]}"
        click.echo(f"{quoted.market}  {quoted.kind:<15} {told}")
