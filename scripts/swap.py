"""Swaps an amount through the listed market that pays most for it.

    ape run swap --network ethereum:mainnet:node --account me USDC_ADDRESS WETH_ADDRESS 1000 \\
        --deployment deployments/mainnet.json --slippage-bps 30
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from ape.api import AccountAPI
from ape.cli import ConnectedProviderCommand, account_option
from web3.exceptions import ContractLogicError

from scripts.deploy import AccountSender
from scripts.orders import Desk


@click.command(cls=ConnectedProviderCommand, short_help="Swap an exact input through the best listed market")
@click.argument("token_in")
@click.argument("token_out")
@click.argument("amount")
@account_option()
@click.option(
    "--deployment",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("deployments/localnet.json"),
    show_default=True,
    help="Record of the deployment.",
)
@click.option("--slippage-bps", type=click.IntRange(0, 10_000), default=50, show_default=True)
def cli(
    account: AccountAPI,
    provider: Any,
    token_in: str,
    token_out: str,
    amount: str,
    deployment: Path,
    slippage_bps: int,
) -> None:
    """Approves what is missing, checks the order by simulating it, sends it, and prints what came out."""
    desk = Desk.open(provider.web3, deployment, token_in, token_out)
    amount_in, trader = desk.units(amount), str(account.address)
    best = desk.quotes(amount_in)[0]
    if best.amount_out == 0:
        raise click.ClickException(f"no market takes {amount}: the first refused with 0x{best.failure.hex()}")
    held = desk.token_in.functions.balanceOf(trader).call()
    if held < amount_in:
        raise click.ClickException(f"{trader} holds {held} of the {amount_in} smallest units; type less")
    sender = AccountSender(account, provider)
    aggregator = desk.aggregator
    if desk.token_in.functions.allowance(trader, aggregator.address).call() < amount_in:
        approve = desk.token_in.encode_abi("approve", [aggregator.address, amount_in])
        sender.send(desk.token_in.address, bytes.fromhex(approve[2:]))
    order = desk.order(best, amount_in, slippage_bps, trader)
    try:
        aggregator.functions.swap(order).call({"from": trader})
    except ContractLogicError as error:
        raise click.ClickException(f"the order would revert: {error}; quote again") from None
    before = desk.token_out.functions.balanceOf(trader).call()
    sender.send(aggregator.address, bytes.fromhex(aggregator.encode_abi("swap", [order])[2:]))
    received = desk.token_out.functions.balanceOf(trader).call() - before
    click.echo(f"{desk.shown(received)} received through {best.kind} {best.market}")
